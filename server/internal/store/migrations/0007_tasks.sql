DROP INDEX findings_tasks;
CREATE INDEX findings_tasks ON findings (recipient_id, control, state, severity, opened_ms, review, accepted_until_ms, host_id);
