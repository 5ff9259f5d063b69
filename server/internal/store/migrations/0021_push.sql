CREATE TABLE pushed_entries (
	donor_id  TEXT NOT NULL REFERENCES donors (id),
	ref       TEXT NOT NULL,
	digest    TEXT NOT NULL,
	pushed_ms BIGINT NOT NULL,
	PRIMARY KEY (donor_id, ref)
);
