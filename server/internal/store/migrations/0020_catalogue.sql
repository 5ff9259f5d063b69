CREATE TABLE recipient_profiles (
	recipient_id TEXT PRIMARY KEY REFERENCES recipients (id),
	criticality  TEXT NOT NULL,
	users        BIGINT NOT NULL,
	admins       BIGINT NOT NULL,
	changed_ms   BIGINT NOT NULL,
	changed_by   TEXT NOT NULL
);

CREATE TABLE donors (
	id         TEXT PRIMARY KEY,
	name_uk    TEXT NOT NULL,
	name_en    TEXT NOT NULL,
	member     SMALLINT NOT NULL,
	show_name  SMALLINT NOT NULL,
	created_ms BIGINT NOT NULL
);

CREATE TABLE stated_needs (
	id           TEXT PRIMARY KEY,
	recipient_id TEXT NOT NULL REFERENCES recipients (id),
	body         TEXT NOT NULL,
	created_ms   BIGINT NOT NULL,
	created_by   TEXT NOT NULL,
	closed_ms    BIGINT NOT NULL
);
CREATE INDEX stated_needs_recipient ON stated_needs (recipient_id, created_ms);

CREATE TABLE releases (
	id           TEXT PRIMARY KEY,
	recipient_id TEXT NOT NULL REFERENCES recipients (id),
	state        TEXT NOT NULL,
	level        SMALLINT NOT NULL,
	origin       TEXT NOT NULL,
	needs        TEXT NOT NULL,
	audience     TEXT NOT NULL,
	until_ms     BIGINT NOT NULL,
	text         TEXT NOT NULL,
	digest       TEXT NOT NULL,
	basis        TEXT NOT NULL,
	run          TEXT NOT NULL,
	created_ms   BIGINT NOT NULL,
	created_by   TEXT NOT NULL,
	published_ms BIGINT NOT NULL,
	ended_ms     BIGINT NOT NULL,
	ended_by     TEXT NOT NULL,
	end_reason   TEXT NOT NULL
);
CREATE INDEX releases_recipient ON releases (recipient_id, created_ms);
CREATE INDEX releases_state ON releases (state, published_ms);

CREATE TABLE release_approvals (
	release_id TEXT NOT NULL REFERENCES releases (id),
	user_id    TEXT NOT NULL,
	digest     TEXT NOT NULL,
	at_ms      BIGINT NOT NULL,
	void_ms    BIGINT NOT NULL,
	PRIMARY KEY (release_id, user_id, digest)
);

CREATE TABLE release_reads (
	release_id TEXT NOT NULL REFERENCES releases (id),
	donor_id   TEXT NOT NULL,
	user_id    TEXT NOT NULL,
	channel    TEXT NOT NULL,
	day        TEXT NOT NULL,
	times      BIGINT NOT NULL,
	first_ms   BIGINT NOT NULL,
	last_ms    BIGINT NOT NULL,
	PRIMARY KEY (release_id, donor_id, user_id, channel, day)
);

CREATE TABLE pledges (
	id           TEXT PRIMARY KEY,
	release_id   TEXT NOT NULL REFERENCES releases (id),
	recipient_id TEXT NOT NULL REFERENCES recipients (id),
	donor_id     TEXT NOT NULL REFERENCES donors (id),
	state        TEXT NOT NULL,
	quantity     BIGINT NOT NULL,
	amount_eur   DOUBLE PRECISION NOT NULL,
	delivered    BIGINT NOT NULL,
	fingerprint  TEXT NOT NULL,
	baseline     TEXT NOT NULL,
	created_ms   BIGINT NOT NULL,
	created_by   TEXT NOT NULL,
	changed_ms   BIGINT NOT NULL,
	committed_ms BIGINT NOT NULL,
	commissioned_ms BIGINT NOT NULL,
	verified_ms  BIGINT NOT NULL
);
CREATE INDEX pledges_release ON pledges (release_id, created_ms);
CREATE INDEX pledges_donor ON pledges (donor_id, created_ms);
CREATE INDEX pledges_recipient ON pledges (recipient_id, created_ms);

CREATE TABLE pledge_events (
	id        TEXT PRIMARY KEY,
	pledge_id TEXT NOT NULL REFERENCES pledges (id),
	at_ms     BIGINT NOT NULL,
	actor     TEXT NOT NULL,
	event     TEXT NOT NULL,
	detail    TEXT NOT NULL
);
CREATE INDEX pledge_events_pledge ON pledge_events (pledge_id, at_ms);

CREATE TABLE effect_measurements (
	pledge_id TEXT NOT NULL REFERENCES pledges (id),
	day       TEXT NOT NULL,
	at_ms     BIGINT NOT NULL,
	body      TEXT NOT NULL,
	PRIMARY KEY (pledge_id, day)
);

CREATE TABLE totals (
	id         TEXT PRIMARY KEY,
	frozen_ms  BIGINT NOT NULL,
	frozen_by  TEXT NOT NULL,
	body       TEXT NOT NULL,
	basis      TEXT NOT NULL
);
CREATE INDEX totals_frozen ON totals (frozen_ms);
