package store

import (
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
)

// Result is what one control says of one host now. Texts are rendered by the catalogue.
type Result struct {
	HostID     string
	Control    string
	Status     assessment.Status
	Live       assessment.Status // "": half not declared
	Persisted  assessment.Status // "": half not declared
	Severity   assessment.Severity
	Capability string
	ReasonID   string
	Target     string    // JSON of [assessment.Target]; "": none or withheld
	Since      time.Time // when the status became what it is, as measured
}

const resultColumns = `host_id, control, status, live, persisted, severity, capability, reason_id, target, since_ms`

func scanResult(r scanner) (v Result, err error) {
	var sev int
	err = r.Scan(&v.HostID, &v.Control, &v.Status, &v.Live, &v.Persisted, &sev, &v.Capability, &v.ReasonID, &v.Target, moment{&v.Since})
	v.Severity = severity(sev)
	return v, err
}

var severities = []assessment.Severity{assessment.Info, assessment.Low, assessment.Medium, assessment.High, assessment.Critical}

func severity(rank int) assessment.Severity {
	if rank < 0 || rank >= len(severities) {
		return ""
	}
	return severities[rank]
}

// PutResult writes one current result, keeping Since when the status did not change.
func (t *Tx) PutResult(v Result) error {
	_, err := t.exec(`INSERT INTO results (`+resultColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (host_id, control) DO UPDATE SET
		since_ms = CASE WHEN results.status = excluded.status THEN results.since_ms ELSE excluded.since_ms END,
		status = excluded.status, live = excluded.live, persisted = excluded.persisted, severity = excluded.severity,
		capability = excluded.capability, reason_id = excluded.reason_id, target = excluded.target`,
		v.HostID, v.Control, v.Status, v.Live, v.Persisted, v.Severity.Rank(), v.Capability, v.ReasonID, v.Target, MS(v.Since))
	return err
}

// DropResult removes a control that the host is no longer judged by.
func (t *Tx) DropResult(host, control string) error {
	_, err := t.exec(`DELETE FROM results WHERE host_id = ? AND control = ?`, host, control)
	return err
}

// Results lists the current results of a host by control.
func (t *Tx) Results(host string) ([]Result, error) {
	return many(t, scanResult, `SELECT `+resultColumns+` FROM results WHERE host_id = ? ORDER BY control`, host)
}

// RecipientResults lists the current results of every host of a recipient that is not revoked, by host and
// control; recipient "" reads all.
func (t *Tx) RecipientResults(recipient string) ([]Result, error) {
	cond, args := scoped("h.recipient_id", recipient)
	return many(t, scanResult, `SELECT r.host_id, r.control, r.status, r.live, r.persisted, r.severity, r.capability, r.reason_id, r.target, r.since_ms
		FROM results r JOIN hosts h ON h.id = r.host_id WHERE h.revoked_ms = 0 AND `+cond+`
		ORDER BY r.host_id, r.control`, args...)
}
