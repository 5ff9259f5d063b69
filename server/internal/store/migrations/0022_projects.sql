CREATE TABLE need_shapes (
	recipient_id TEXT NOT NULL REFERENCES recipients (id),
	version      BIGINT NOT NULL,
	body         TEXT NOT NULL,
	at_ms        BIGINT NOT NULL,
	by_whom      TEXT NOT NULL,
	PRIMARY KEY (recipient_id, version)
);

CREATE TABLE projects (
	id           TEXT PRIMARY KEY,
	recipient_id TEXT NOT NULL REFERENCES recipients (id),
	version      BIGINT NOT NULL,
	body         TEXT NOT NULL,
	code_digest  TEXT NOT NULL UNIQUE,
	created_ms   BIGINT NOT NULL,
	created_by   TEXT NOT NULL,
	closed_ms    BIGINT NOT NULL
);

CREATE TABLE project_versions (
	project_id TEXT NOT NULL REFERENCES projects (id),
	version    BIGINT NOT NULL,
	body       TEXT NOT NULL,
	at_ms      BIGINT NOT NULL,
	by_whom    TEXT NOT NULL,
	PRIMARY KEY (project_id, version)
);

CREATE TABLE project_parts (
	project_id   TEXT NOT NULL REFERENCES projects (id),
	recipient_id TEXT NOT NULL REFERENCES recipients (id),
	release_id   TEXT NOT NULL,
	joined_ms    BIGINT NOT NULL,
	joined_by    TEXT NOT NULL,
	PRIMARY KEY (project_id, recipient_id)
);
CREATE INDEX project_parts_recipient ON project_parts (recipient_id, joined_ms);

CREATE TABLE release_versions (
	release_id TEXT NOT NULL REFERENCES releases (id),
	version    BIGINT NOT NULL,
	text       TEXT NOT NULL,
	digest     TEXT NOT NULL,
	at_ms      BIGINT NOT NULL,
	by_whom    TEXT NOT NULL,
	PRIMARY KEY (release_id, version)
);
