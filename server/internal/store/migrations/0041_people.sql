ALTER TABLE users ADD COLUMN totp TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN totp_pending TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0;

CREATE TABLE recovery_codes (
	hash       TEXT PRIMARY KEY,
	user_id    TEXT NOT NULL REFERENCES users (id),
	created_ms BIGINT NOT NULL
);
CREATE INDEX recovery_codes_user ON recovery_codes (user_id);

CREATE TABLE passkeys (
	id         TEXT PRIMARY KEY,
	user_id    TEXT NOT NULL REFERENCES users (id),
	name       TEXT NOT NULL,
	body       TEXT NOT NULL,
	created_ms BIGINT NOT NULL,
	used_ms    BIGINT NOT NULL
);
CREATE INDEX passkeys_user ON passkeys (user_id);

CREATE TABLE identities (
	issuer     TEXT NOT NULL,
	subject    TEXT NOT NULL,
	user_id    TEXT NOT NULL REFERENCES users (id),
	created_ms BIGINT NOT NULL,
	PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);

CREATE TABLE ceremonies (
	hash       TEXT PRIMARY KEY,
	kind       TEXT NOT NULL,
	user_id    TEXT NOT NULL,
	body       TEXT NOT NULL,
	tries      BIGINT NOT NULL,
	expires_ms BIGINT NOT NULL
);
CREATE INDEX ceremonies_expires ON ceremonies (expires_ms);

CREATE TABLE attempts (
	key       TEXT PRIMARY KEY,
	failures  BIGINT NOT NULL,
	resets_ms BIGINT NOT NULL
);
CREATE INDEX attempts_resets ON attempts (resets_ms);
CREATE INDEX user_grants_recipient ON user_grants (recipient_id);
