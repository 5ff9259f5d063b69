package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/review"
)

// Change is what one assessment says of one host, as far as it differs from the one before.
type Change struct {
	Host     Host      // as it is after the check-in
	Measured time.Time // see [review.MeasuredAt]
	Received time.Time
	Bundle   assessment.BundleRef
	Results  []assessment.Result // new ones and those that differ
	Removed  []string            // controls the host is no longer judged by
}

// Observe writes the current results that changed and moves the host's findings: it opens, closes and reopens
// them as package review says. Failing findings that the change does not name failed once more.
func (t *Tx) Observe(c Change) error {
	found, err := t.findingsOf(c)
	if err != nil {
		return fmt.Errorf("read findings: %w", err)
	}
	byControl := make(map[string]*Finding, len(found))
	for i := range found {
		byControl[found[i].Control] = &found[i]
	}
	// "control > ''" lets SQLite walk the host's findings; without it, it walks every open one.
	if _, err := t.exec(`UPDATE findings SET fails = fails + 1, last_fail_ms = ?, measured_ms = ?
		WHERE host_id = ? AND control > '' AND state = ? AND status = ? AND measured_ms < ?`,
		MS(c.Measured), MS(c.Measured), c.Host.ID, string(review.Open), string(assessment.Fail), MS(c.Measured)); err != nil {
		return fmt.Errorf("count failing findings: %w", err)
	}
	before, err := t.resultsBefore(c)
	if err != nil {
		return fmt.Errorf("read results: %w", err)
	}
	for i := range c.Results {
		if err := t.observeResult(c, &c.Results[i], byControl[c.Results[i].Control]); err != nil {
			return fmt.Errorf("observe %s: %w", c.Results[i].Control, err)
		}
	}
	for _, control := range c.Removed {
		if err := t.DropResult(c.Host.ID, control); err != nil {
			return err
		}
		if f := byControl[control]; f != nil {
			if err := t.move(c, f, review.Observation{ControlRevision: f.ControlRevision, Measured: c.Measured}); err != nil {
				return fmt.Errorf("observe removed %s: %w", control, err)
			}
		}
	}
	return t.noteHistory(c, before)
}

// resultsBefore reads the results that a change names, as they are before it.
func (t *Tx) resultsBefore(c Change) (map[string]Result, error) {
	var list []Result
	var err error
	switch n := len(c.Results); {
	case n == 0:
		return nil, nil
	case n > few:
		list, err = t.Results(c.Host.ID)
	default:
		args := []any{c.Host.ID}
		for i := range c.Results {
			args = append(args, c.Results[i].Control)
		}
		list, err = many(t, scanResult, `SELECT `+resultColumns+` FROM results WHERE host_id = ? AND control IN (?`+strings.Repeat(", ?", n-1)+`)`, args...)
	}
	before := make(map[string]Result, len(list))
	for _, r := range list {
		before[r.Control] = r
	}
	return before, err
}

// few is how many controls are asked for by name; a change of more reads all findings of the host.
const few = 40

// findingsOf reads the findings of the controls that a change names.
func (t *Tx) findingsOf(c Change) ([]Finding, error) {
	n := len(c.Results) + len(c.Removed)
	switch {
	case n == 0:
		return nil, nil
	case n > few:
		return t.HostFindings(c.Host.ID)
	}
	args := []any{c.Host.ID}
	for i := range c.Results {
		args = append(args, c.Results[i].Control)
	}
	for _, control := range c.Removed {
		args = append(args, control)
	}
	return many(t, scanFinding, `SELECT `+findingColumns+` FROM findings WHERE host_id = ? AND control IN (?`+strings.Repeat(", ?", n-1)+`)`, args...)
}

func (t *Tx) observeResult(c Change, r *assessment.Result, f *Finding) error {
	row, err := resultOf(c, r)
	if err != nil {
		return err
	}
	if err := t.PutResult(row); err != nil {
		return err
	}
	if f == nil {
		if r.Status != assessment.Fail {
			return nil
		}
		f = &Finding{ID: NewID("f"), HostID: c.Host.ID, RecipientID: c.Host.RecipientID, Control: r.Control}
	}
	f.SiteID, f.Live, f.Persisted = c.Host.SiteID, r.Verdicts[assessment.Live], r.Verdicts[assessment.Persisted]
	f.Family, f.Capability, f.Severity = r.Family, r.Capability, r.Severity
	f.BundleName, f.BundleRevision = c.Bundle.Name, c.Bundle.Revision
	if r.Status == assessment.Fail {
		f.Target = row.Target
	}
	return t.move(c, f, review.Observation{Status: r.Status, ReasonID: r.ReasonID, ControlRevision: r.Revision, Measured: c.Measured})
}

// resultOf is a result of a change as the store keeps it.
func resultOf(c Change, r *assessment.Result) (Result, error) {
	target := ""
	if !r.Target.IsZero() {
		b, err := json.Marshal(r.Target)
		if err != nil {
			return Result{}, err
		}
		target = string(b)
	}
	return Result{
		HostID: c.Host.ID, Control: r.Control, Status: r.Status, Live: r.Verdicts[assessment.Live], Persisted: r.Verdicts[assessment.Persisted],
		Severity: r.Severity, Capability: r.Capability, ReasonID: r.ReasonID, Target: target, Since: c.Measured,
	}, nil
}

// move applies one observation to a finding and writes it with its event.
func (t *Tx) move(c Change, f *Finding, o review.Observation) error {
	var event review.Event
	f.Record, event = review.Observe(f.Record, o)
	if event == review.Opened || event == review.Reopened {
		f.Due = review.Due(f.Severity, c.Measured)
	}
	if err := t.PutFinding(*f); err != nil {
		return err
	}
	if event == "" {
		return nil
	}
	return t.AddFindingEvent(FindingEvent{ID: NewID("e"), FindingID: f.ID, At: c.Received, Actor: "host:" + c.Host.ID, Event: string(event)})
}

// DecideFinding applies an assessor's decision to a finding, with its event and its line in the audit trail, and
// returns the finding as it is then. Until matters for a waiver only. The errors are those of [review.Decide]
// and [ErrNotFound]. Whether by may decide at all is the caller's to know.
func (t *Tx) DecideFinding(id string, d review.Decision, reason, by string, until, now time.Time) (Finding, error) {
	f, err := t.LockFinding(id)
	if err != nil {
		return f, err
	}
	if f.Record, err = review.Decide(f.Record, d, reason, by, until, now); err != nil {
		return f, err
	}
	detail, err := json.Marshal(struct {
		Decision review.Decision `json:"decision"`
		Reason   string          `json:"reason,omitempty"`
		Until    *time.Time      `json:"until,omitempty"`
		Control  string          `json:"control"`
		Host     string          `json:"host"`
	}{d, f.Reason, nonZero(f.AcceptedUntil), f.Control, f.HostID})
	if err != nil {
		return f, err
	}
	return f, errors.Join(
		t.PutFinding(f),
		t.AddFindingEvent(FindingEvent{ID: NewID("e"), FindingID: id, At: now, Actor: by, Event: "decided", Detail: string(detail)}),
		t.Audit(Entry{At: now, Actor: by, Action: "finding.decide", Object: "finding:" + id, RecipientID: f.RecipientID, Detail: string(detail)}))
}

func nonZero(v time.Time) *time.Time {
	if v.IsZero() {
		return nil
	}
	return &v
}

// AssignFinding gives a finding to a user ("" takes it back), with its event and its line in the audit trail.
func (t *Tx) AssignFinding(id, user, by string, now time.Time) (Finding, error) {
	f, err := t.LockFinding(id)
	if err != nil {
		return f, err
	}
	f.Assignee = user
	detail, err := json.Marshal(map[string]string{"assignee": user})
	if err != nil {
		return f, err
	}
	return f, errors.Join(
		t.PutFinding(f),
		t.AddFindingEvent(FindingEvent{ID: NewID("e"), FindingID: id, At: now, Actor: by, Event: "assigned", Detail: string(detail)}),
		t.Audit(Entry{At: now, Actor: by, Action: "finding.assign", Object: "finding:" + id, RecipientID: f.RecipientID, Detail: string(detail)}))
}

// ExpireWaivers ends at most limit waivers whose date has come and returns how many it ended.
func (t *Tx) ExpireWaivers(now time.Time, limit int) (int, error) {
	ended, err := t.EndedWaivers(now, limit)
	if err != nil {
		return 0, err
	}
	for _, f := range ended {
		var event review.Event
		if f.Record, event = review.Expire(f.Record, now); event == "" {
			continue
		}
		if err := errors.Join(
			t.PutFinding(f),
			t.AddFindingEvent(FindingEvent{ID: NewID("e"), FindingID: f.ID, At: now, Actor: "server", Event: string(event)}),
			t.Audit(Entry{At: now, Actor: "server", Action: "finding.waiver_ended", Object: "finding:" + f.ID, RecipientID: f.RecipientID, Detail: "{}"}),
		); err != nil {
			return 0, err
		}
	}
	return len(ended), nil
}
