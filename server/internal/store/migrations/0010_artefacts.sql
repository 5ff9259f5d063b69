CREATE TABLE artefacts (
	kind         TEXT NOT NULL,
	name         TEXT NOT NULL,
	revision     BIGINT NOT NULL,
	digest       BLOB NOT NULL,
	size         BIGINT NOT NULL,
	content      BLOB NOT NULL,
	expires_ms   BIGINT NOT NULL,
	published_ms BIGINT NOT NULL,
	published_by TEXT NOT NULL,
	PRIMARY KEY (kind, name, revision)
);

CREATE TABLE offers (
	kind         TEXT NOT NULL,
	slot         TEXT NOT NULL,
	recipient_id TEXT NOT NULL,
	name         TEXT NOT NULL,
	revision     BIGINT NOT NULL,
	PRIMARY KEY (kind, slot, recipient_id)
);

CREATE TABLE directives (
	scope      TEXT PRIMARY KEY,
	interval_s BIGINT NOT NULL,
	withhold   TEXT NOT NULL,
	asked_ms   BIGINT NOT NULL,
	set_ms     BIGINT NOT NULL,
	set_by     TEXT NOT NULL
);
