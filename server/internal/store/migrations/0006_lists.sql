DROP INDEX findings_recipient;
DROP INDEX findings_queue;
DROP INDEX findings_control;
CREATE INDEX findings_recipient ON findings (recipient_id, state, severity DESC, opened_ms, id);
CREATE INDEX findings_queue ON findings (state, severity DESC, opened_ms, id);
CREATE INDEX findings_order ON findings (severity DESC, opened_ms, id);
CREATE INDEX findings_tasks ON findings (recipient_id, state, control, severity, opened_ms, review, accepted_until_ms, host_id);
CREATE INDEX findings_control ON findings (control, recipient_id, state);
CREATE INDEX hosts_totals ON hosts (recipient_id, revoked_ms, last_seen_ms, measured_ms, passed, failed, unmeasured, not_applicable, errors);
