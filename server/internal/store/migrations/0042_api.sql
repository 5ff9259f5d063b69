CREATE TABLE idempotency (
	scope      TEXT NOT NULL,
	key        TEXT NOT NULL,
	digest     TEXT NOT NULL,
	status     BIGINT NOT NULL,
	answer     TEXT NOT NULL,
	created_ms BIGINT NOT NULL,
	PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_created ON idempotency (created_ms);

CREATE TABLE webhooks (
	id           TEXT PRIMARY KEY,
	recipient_id TEXT NOT NULL REFERENCES recipients (id),
	url          TEXT NOT NULL,
	secret       TEXT NOT NULL,
	created_ms   BIGINT NOT NULL,
	created_by   TEXT NOT NULL,
	failing_ms   BIGINT NOT NULL,
	disabled_ms  BIGINT NOT NULL
);
CREATE INDEX webhooks_recipient ON webhooks (recipient_id, created_ms);

CREATE TABLE webhook_queue (
	id         TEXT PRIMARY KEY,
	webhook_id TEXT NOT NULL REFERENCES webhooks (id),
	type       TEXT NOT NULL,
	object     TEXT NOT NULL,
	at_ms      BIGINT NOT NULL,
	tries      BIGINT NOT NULL,
	next_ms    BIGINT NOT NULL
);
CREATE INDEX webhook_queue_next ON webhook_queue (next_ms);
CREATE INDEX webhook_queue_webhook ON webhook_queue (webhook_id);

CREATE TABLE attachments (
	id           TEXT PRIMARY KEY,
	finding_id   TEXT NOT NULL REFERENCES findings (id),
	recipient_id TEXT NOT NULL,
	name         TEXT NOT NULL,
	kind         TEXT NOT NULL,
	size         BIGINT NOT NULL,
	digest       BLOB NOT NULL,
	content      BLOB NOT NULL,
	created_ms   BIGINT NOT NULL,
	created_by   TEXT NOT NULL,
	removed_ms   BIGINT NOT NULL
);
CREATE INDEX attachments_finding ON attachments (finding_id, created_ms);
CREATE INDEX attachments_recipient ON attachments (recipient_id, removed_ms);

CREATE TABLE saved_filters (
	user_id    TEXT NOT NULL REFERENCES users (id),
	name       TEXT NOT NULL,
	query      TEXT NOT NULL,
	created_ms BIGINT NOT NULL,
	PRIMARY KEY (user_id, name)
);

CREATE TABLE foreign_reports (
	id           TEXT PRIMARY KEY,
	recipient_id TEXT NOT NULL REFERENCES recipients (id),
	host_id      TEXT NOT NULL,
	tool         TEXT NOT NULL,
	version      TEXT NOT NULL,
	target       TEXT NOT NULL,
	made_ms      BIGINT NOT NULL,
	imported_ms  BIGINT NOT NULL,
	imported_by  TEXT NOT NULL,
	digest       TEXT NOT NULL,
	body         BLOB NOT NULL
);
CREATE UNIQUE INDEX foreign_reports_digest ON foreign_reports (recipient_id, host_id, digest);
CREATE INDEX foreign_reports_host ON foreign_reports (host_id, made_ms);
