CREATE TABLE vuln_records (
	id          TEXT PRIMARY KEY,
	digest      BLOB NOT NULL,
	modified_ms BIGINT NOT NULL,
	payload     BLOB NOT NULL
);

CREATE TABLE vuln_releases (
	release   TEXT NOT NULL,
	record_id TEXT NOT NULL REFERENCES vuln_records (id),
	PRIMARY KEY (release, record_id)
);
CREATE INDEX vuln_releases_record ON vuln_releases (record_id);

CREATE TABLE vuln_archives (
	digest      TEXT PRIMARY KEY,
	name        TEXT NOT NULL,
	records     BIGINT NOT NULL,
	imported_ms BIGINT NOT NULL
);

CREATE TABLE vuln_feeds (
	kind        TEXT PRIMARY KEY,
	as_of_ms    BIGINT NOT NULL,
	entries     BIGINT NOT NULL,
	content     BLOB NOT NULL,
	imported_ms BIGINT NOT NULL,
	imported_by TEXT NOT NULL
);

CREATE TABLE vuln_builds (
	release  TEXT PRIMARY KEY,
	revision BIGINT NOT NULL,
	inputs   BLOB NOT NULL,
	built_ms BIGINT NOT NULL
);
