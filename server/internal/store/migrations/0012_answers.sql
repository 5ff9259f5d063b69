CREATE TABLE answers (
	host_id         TEXT PRIMARY KEY REFERENCES hosts (id),
	recipient       TEXT NOT NULL,
	bundle_revision BIGINT NOT NULL,
	vulns_revision  BIGINT NOT NULL,
	refused         BLOB NOT NULL,
	number          BIGINT NOT NULL
);
