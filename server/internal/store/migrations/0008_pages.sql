DROP INDEX findings_control;
CREATE INDEX findings_control ON findings (control, severity DESC, opened_ms, id);
CREATE INDEX findings_page ON findings (recipient_id, severity DESC, opened_ms, id);
