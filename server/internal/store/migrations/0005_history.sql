CREATE TABLE host_history (
	host_id TEXT NOT NULL REFERENCES hosts (id),
	n       BIGINT NOT NULL,
	at_ms   BIGINT NOT NULL,
	whole   SMALLINT NOT NULL,
	body    BLOB NOT NULL,
	PRIMARY KEY (host_id, n)
);

CREATE TABLE host_months (
	host_id TEXT NOT NULL REFERENCES hosts (id),
	month   BIGINT NOT NULL,
	days    BIGINT NOT NULL,
	PRIMARY KEY (host_id, month)
);
