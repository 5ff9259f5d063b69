CREATE TABLE targets (
	recipient_id TEXT NOT NULL REFERENCES recipients (id),
	csf_function TEXT NOT NULL,
	percent      BIGINT NOT NULL,
	set_ms       BIGINT NOT NULL,
	set_by       TEXT NOT NULL,
	PRIMARY KEY (recipient_id, csf_function)
);
CREATE INDEX findings_assignee ON findings (assignee, state);
