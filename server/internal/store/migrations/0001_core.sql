CREATE TABLE recipients (
	id         TEXT PRIMARY KEY,
	name_uk    TEXT NOT NULL,
	name_en    TEXT NOT NULL,
	sector     TEXT NOT NULL,
	size_band  TEXT NOT NULL,
	region     TEXT NOT NULL,
	created_ms BIGINT NOT NULL
);

CREATE TABLE sites (
	id           TEXT PRIMARY KEY,
	recipient_id TEXT NOT NULL REFERENCES recipients (id),
	name_uk      TEXT NOT NULL,
	name_en      TEXT NOT NULL,
	region       TEXT NOT NULL,
	connectivity TEXT NOT NULL,
	power        TEXT NOT NULL,
	created_ms   BIGINT NOT NULL
);
CREATE INDEX sites_recipient ON sites (recipient_id);

CREATE TABLE tokens (
	id           TEXT PRIMARY KEY,
	secret_hash  BLOB NOT NULL UNIQUE,
	recipient_id TEXT NOT NULL REFERENCES recipients (id),
	site_id      TEXT NOT NULL REFERENCES sites (id),
	uses_max     BIGINT NOT NULL,
	uses         BIGINT NOT NULL,
	created_ms   BIGINT NOT NULL,
	expires_ms   BIGINT NOT NULL,
	revoked_ms   BIGINT NOT NULL,
	created_by   TEXT NOT NULL
);
CREATE INDEX tokens_recipient ON tokens (recipient_id, created_ms);

CREATE TABLE hosts (
	id              TEXT PRIMARY KEY,
	recipient_id    TEXT NOT NULL REFERENCES recipients (id),
	site_id         TEXT NOT NULL REFERENCES sites (id),
	token_id        TEXT NOT NULL,
	name            TEXT NOT NULL,
	os              TEXT NOT NULL,
	role            TEXT NOT NULL,
	kernel          TEXT NOT NULL,
	agent_version   TEXT NOT NULL,
	spki            BLOB NOT NULL,
	machine_digest  BLOB NOT NULL,
	cert_serial     TEXT NOT NULL,
	cert_expires_ms BIGINT NOT NULL,
	enrolled_ms     BIGINT NOT NULL,
	last_seen_ms    BIGINT NOT NULL,
	last_sequence   BIGINT NOT NULL,
	measured_ms     BIGINT NOT NULL,
	skew_ms         BIGINT NOT NULL,
	dropped_items   BIGINT NOT NULL,
	conflicts       BIGINT NOT NULL,
	sent_bytes      BIGINT NOT NULL,
	received_bytes  BIGINT NOT NULL,
	bundle_name     TEXT NOT NULL,
	bundle_revision BIGINT NOT NULL,
	passed          BIGINT NOT NULL,
	failed          BIGINT NOT NULL,
	unmeasured      BIGINT NOT NULL,
	not_applicable  BIGINT NOT NULL,
	errors          BIGINT NOT NULL,
	revoked_ms      BIGINT NOT NULL,
	revoked_reason  TEXT NOT NULL
);
CREATE INDEX hosts_recipient ON hosts (recipient_id, id);
CREATE INDEX hosts_site ON hosts (site_id);
CREATE INDEX hosts_machine ON hosts (machine_digest);
CREATE INDEX hosts_revoked ON hosts (revoked_ms);

CREATE TABLE certificates (
	serial        TEXT PRIMARY KEY,
	host_id       TEXT NOT NULL REFERENCES hosts (id),
	not_before_ms BIGINT NOT NULL,
	not_after_ms  BIGINT NOT NULL,
	how           TEXT NOT NULL
);
CREATE INDEX certificates_host ON certificates (host_id, not_before_ms);

CREATE TABLE assessments (
	host_id         TEXT NOT NULL REFERENCES hosts (id),
	sequence        BIGINT NOT NULL,
	kind            TEXT NOT NULL,
	created_ms      BIGINT NOT NULL,
	measured_ms     BIGINT NOT NULL,
	received_ms     BIGINT NOT NULL,
	bundle_name     TEXT NOT NULL,
	bundle_revision BIGINT NOT NULL,
	base_sequence   BIGINT NOT NULL,
	item_digest     BLOB NOT NULL,
	state_digest    BLOB NOT NULL,
	payload         BLOB NOT NULL,
	PRIMARY KEY (host_id, sequence)
);
CREATE INDEX assessments_received ON assessments (received_ms);

CREATE TABLE host_states (
	host_id  TEXT PRIMARY KEY REFERENCES hosts (id),
	sequence BIGINT NOT NULL,
	digest   BLOB NOT NULL,
	payload  BLOB NOT NULL
);

CREATE TABLE results (
	host_id      TEXT NOT NULL REFERENCES hosts (id),
	control      TEXT NOT NULL,
	status       TEXT NOT NULL,
	live         TEXT NOT NULL,
	persisted    TEXT NOT NULL,
	severity     SMALLINT NOT NULL,
	capability   TEXT NOT NULL,
	reason_id    TEXT NOT NULL,
	target       TEXT NOT NULL,
	since_ms     BIGINT NOT NULL,
	PRIMARY KEY (host_id, control)
);
CREATE INDEX results_control ON results (control, status);

CREATE TABLE findings (
	id               TEXT PRIMARY KEY,
	host_id          TEXT NOT NULL REFERENCES hosts (id),
	recipient_id     TEXT NOT NULL REFERENCES recipients (id),
	site_id          TEXT NOT NULL,
	control          TEXT NOT NULL,
	family           TEXT NOT NULL,
	capability       TEXT NOT NULL,
	severity         SMALLINT NOT NULL,
	state            TEXT NOT NULL,
	review           TEXT NOT NULL,
	review_reason    TEXT NOT NULL,
	reviewed_by      TEXT NOT NULL,
	reviewed_ms      BIGINT NOT NULL,
	accepted_until_ms BIGINT NOT NULL,
	assignee         TEXT NOT NULL,
	due_ms           BIGINT NOT NULL,
	opened_ms        BIGINT NOT NULL,
	closed_ms        BIGINT NOT NULL,
	reopened_ms      BIGINT NOT NULL,
	reopened         BIGINT NOT NULL,
	fails            BIGINT NOT NULL,
	last_fail_ms     BIGINT NOT NULL,
	last_pass_ms     BIGINT NOT NULL,
	measured_ms      BIGINT NOT NULL,
	status           TEXT NOT NULL,
	live             TEXT NOT NULL,
	persisted        TEXT NOT NULL,
	reason_id        TEXT NOT NULL,
	target           TEXT NOT NULL,
	bundle_name      TEXT NOT NULL,
	bundle_revision  BIGINT NOT NULL,
	control_revision BIGINT NOT NULL,
	UNIQUE (host_id, control)
);
CREATE INDEX findings_recipient ON findings (recipient_id, state, severity, id);
CREATE INDEX findings_queue ON findings (state, severity, opened_ms, id);
CREATE INDEX findings_control ON findings (control, state);
CREATE INDEX findings_waivers ON findings (review, accepted_until_ms);

CREATE TABLE finding_events (
	id         TEXT PRIMARY KEY,
	finding_id TEXT NOT NULL REFERENCES findings (id),
	at_ms      BIGINT NOT NULL,
	actor      TEXT NOT NULL,
	event      TEXT NOT NULL,
	detail     TEXT NOT NULL
);
CREATE INDEX finding_events_finding ON finding_events (finding_id, at_ms);

CREATE TABLE bundles (
	name        TEXT NOT NULL,
	revision    BIGINT NOT NULL,
	digest      BLOB NOT NULL,
	content     BLOB NOT NULL,
	catalogue   TEXT NOT NULL,
	accepted_ms BIGINT NOT NULL,
	accepted_by TEXT NOT NULL,
	PRIMARY KEY (name, revision, digest)
);

CREATE TABLE audit (
	sequence     BIGINT PRIMARY KEY,
	at_ms        BIGINT NOT NULL,
	actor        TEXT NOT NULL,
	action       TEXT NOT NULL,
	object       TEXT NOT NULL,
	recipient_id TEXT NOT NULL,
	detail       TEXT NOT NULL,
	previous     BLOB NOT NULL,
	hash         BLOB NOT NULL
);
CREATE INDEX audit_recipient ON audit (recipient_id, sequence);
CREATE INDEX audit_object ON audit (object, sequence);

CREATE TABLE audit_head (
	one      SMALLINT PRIMARY KEY,
	sequence BIGINT NOT NULL,
	hash     BLOB NOT NULL
);
INSERT INTO audit_head (one, sequence, hash) VALUES (1, 0, '');

CREATE TABLE leases (
	name     TEXT PRIMARY KEY,
	owner    TEXT NOT NULL,
	until_ms BIGINT NOT NULL
);

CREATE TABLE settings (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
);
