CREATE TABLE users (
	id            TEXT PRIMARY KEY,
	login         TEXT NOT NULL UNIQUE,
	name          TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	created_ms    BIGINT NOT NULL,
	disabled_ms   BIGINT NOT NULL
);

CREATE TABLE user_grants (
	user_id      TEXT NOT NULL REFERENCES users (id),
	role         TEXT NOT NULL,
	recipient_id TEXT NOT NULL,
	donor_id     TEXT NOT NULL,
	PRIMARY KEY (user_id, role, recipient_id, donor_id)
);

CREATE TABLE signin_links (
	hash       TEXT PRIMARY KEY,
	user_id    TEXT NOT NULL REFERENCES users (id),
	created_ms BIGINT NOT NULL,
	expires_ms BIGINT NOT NULL,
	used_ms    BIGINT NOT NULL
);
CREATE INDEX signin_links_user ON signin_links (user_id);

CREATE TABLE sessions (
	hash       TEXT PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,
	user_id    TEXT NOT NULL REFERENCES users (id),
	address    TEXT NOT NULL,
	agent      TEXT NOT NULL,
	created_ms BIGINT NOT NULL,
	seen_ms    BIGINT NOT NULL,
	expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_ms);

CREATE TABLE api_tokens (
	hash       TEXT PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,
	user_id    TEXT NOT NULL REFERENCES users (id),
	name       TEXT NOT NULL,
	scopes     TEXT NOT NULL,
	created_ms BIGINT NOT NULL,
	expires_ms BIGINT NOT NULL,
	revoked_ms BIGINT NOT NULL
);
CREATE INDEX api_tokens_user ON api_tokens (user_id, created_ms);
