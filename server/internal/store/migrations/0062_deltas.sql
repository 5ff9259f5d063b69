CREATE TABLE artefact_deltas (
	kind     TEXT NOT NULL,
	name     TEXT NOT NULL,
	revision BIGINT NOT NULL,
	base     BIGINT NOT NULL,
	digest   BLOB NOT NULL,
	size     BIGINT NOT NULL,
	content  BLOB NOT NULL,
	PRIMARY KEY (kind, name, revision, base)
);
