package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/review"
)

// The methods of this file say what was so at a past moment: by the time of measuring for hosts and results, by the
// server's clock for what people decided. History begins with the first check-in that this version took, and ends
// where it was pruned (see [Retention]); before that nothing is known, which is not the same as nothing wrong.

type historyRow struct {
	host  string
	at    time.Time
	whole bool
	body  []byte
}

func scanHistory(r scanner) (v historyRow, err error) {
	var whole int
	err = r.Scan(&v.host, moment{&v.at}, &whole, &v.body)
	v.whole = whole != 0
	return v, err
}

// historyAt selects, in order, the rows that make up the state of hosts at a time; its arguments are the time, then
// the time again.
const historyAt = `SELECT x.host_id, x.at_ms, x.whole, x.body FROM host_history x JOIN hosts h ON h.id = x.host_id
	WHERE x.at_ms <= ? AND x.n >= (SELECT MAX(w.n) FROM host_history w WHERE w.host_id = x.host_id AND w.whole = 1 AND w.at_ms <= ?)`

// ResultsAt lists a host's results as they were at a time, by control, without their evidence. None is an empty
// slice: the host had not been measured, or the history of that time was pruned.
func (t *Tx) ResultsAt(host string, at time.Time) ([]Result, error) {
	rows, err := many(t, scanHistory, historyAt+` AND x.host_id = ? ORDER BY x.n`, MS(at), MS(at), host)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return replay(rows)
}

func replay(rows []historyRow) ([]Result, error) {
	now := map[string]Result{}
	for _, r := range rows {
		body, err := unpackHistory(r.body)
		if err != nil {
			return nil, err
		}
		if err := readHistory(r.host, body, r.whole, r.at, now); err != nil {
			return nil, err
		}
	}
	out := make([]Result, 0, len(now))
	for _, r := range now {
		out = append(out, r)
	}
	slices.SortFunc(out, func(x, y Result) int { return strings.Compare(x.Control, y.Control) })
	return out, nil
}

// HostsAt lists the hosts of a recipient ("" for all) that had enrolled and were not revoked at a time, by id. Measured
// is the beginning of the last day before then on which the host was measured, zero when it was not; the rest is as it
// is now.
func (t *Tx) HostsAt(recipient string, at time.Time) ([]Host, error) {
	cond, args := scoped("recipient_id", recipient)
	hosts, err := many(t, scanHost, `SELECT `+hostColumns+` FROM hosts WHERE `+cond+`
		AND enrolled_ms <= ? AND (revoked_ms = 0 OR revoked_ms > ?) ORDER BY id`, append(args, MS(at), MS(at))...)
	if err != nil {
		return nil, fmt.Errorf("read hosts: %w", err)
	}
	measured, err := t.measuredBy(recipient, at)
	if err != nil {
		return nil, fmt.Errorf("read measured days: %w", err)
	}
	for i := range hosts {
		hosts[i].Measured = measured[hosts[i].ID]
	}
	return hosts, nil
}

// EachHostAt calls f for every host of a recipient ("" for all) that had enrolled and was not revoked at a time, by
// id, with its results as they were then (see [Tx.ResultsAt]). The host's Measured is that of then, to the day where
// nothing changed since; its Summary is that of the results; the rest of it is as it is now.
func (t *Tx) EachHostAt(recipient string, at time.Time, f func(Host, []Result) error) error {
	hosts, err := t.HostsAt(recipient, at)
	if err != nil {
		return err
	}
	cond, args := scoped("h.recipient_id", recipient)
	rows, err := many(t, scanHistory, historyAt+` AND `+cond+` ORDER BY x.host_id, x.n`, append([]any{MS(at), MS(at)}, args...)...)
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	byHost := map[string][]historyRow{}
	for _, r := range rows {
		byHost[r.host] = append(byHost[r.host], r)
	}
	for _, h := range hosts {
		own := byHost[h.ID]
		results, err := replay(own)
		if err != nil {
			return fmt.Errorf("host %s: %w", h.ID, err)
		}
		if n := len(own); n > 0 && own[n-1].at.After(h.Measured) {
			h.Measured = own[n-1].at
		}
		h.Summary = assessment.Summary{}
		for _, r := range results {
			h.count(r.Status)
		}
		h.cover()
		if err := f(h, results); err != nil {
			return err
		}
	}
	return nil
}

func (h *Host) count(s assessment.Status) {
	switch s {
	case assessment.Pass:
		h.Summary.Pass++
	case assessment.Fail:
		h.Summary.Fail++
	case assessment.Unmeasured:
		h.Summary.Unmeasured++
	case assessment.NotApplicable:
		h.Summary.NotApplicable++
	default:
		h.Summary.Error++
	}
}

// measuredBy says when each host was last measured before a time: that day's beginning.
func (t *Tx) measuredBy(recipient string, at time.Time) (map[string]time.Time, error) {
	type line struct {
		host        string
		month, days int64
	}
	at = at.UTC()
	cond, args := scoped("h.recipient_id", recipient)
	rows, err := many(t, func(r scanner) (v line, err error) { err = r.Scan(&v.host, &v.month, &v.days); return v, err },
		`SELECT m.host_id, m.month, m.days FROM host_months m JOIN hosts h ON h.id = m.host_id
		WHERE `+cond+` AND m.month <= ? ORDER BY m.host_id, m.month`, append(args, monthOf(at))...)
	out := map[string]time.Time{}
	for _, r := range rows {
		days := r.days
		if r.month == monthOf(at) {
			days &= int64(1)<<at.Day() - 1
		}
		for d := 31; d >= 1; d-- {
			if days&(int64(1)<<(d-1)) != 0 {
				out[r.host] = time.Date(int(r.month/12), time.Month(r.month%12+1), d, 0, 0, 0, 0, time.UTC)
				break
			}
		}
	}
	return out, err
}

// FindingsAt lists the findings of a recipient ("" for all) that were open at a time by what the server knew then,
// with the review of then: decisions are replayed from their history, so one that a control's new revision voided
// counts as holding until the next event. Evidence, assignee and counters are those of now.
func (t *Tx) FindingsAt(recipient string, at time.Time) ([]Finding, error) {
	list, err := t.FindingsOver(recipient, []time.Time{at})
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// FindingsOver is [Tx.FindingsAt] for several times, ascending and at least one, in one reading.
func (t *Tx) FindingsOver(recipient string, at []time.Time) ([][]Finding, error) {
	last := at[len(at)-1]
	cond, args := scoped("recipient_id", recipient)
	all, err := many(t, scanFinding, `SELECT `+findingColumns+` FROM findings WHERE `+cond+` AND opened_ms <= ?
		ORDER BY severity DESC, opened_ms, id`, append(args, MS(last))...)
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	cond, args = scoped("f.recipient_id", recipient)
	events, err := many(t, scanFindingEvent, `SELECT e.id, e.finding_id, e.at_ms, e.actor, e.event, e.detail FROM finding_events e
		JOIN findings f ON f.id = e.finding_id WHERE `+cond+` AND e.at_ms <= ?
		AND e.event NOT IN ('comment', 'assigned') ORDER BY e.finding_id, e.at_ms, e.id`, append(args, MS(last))...)
	if err != nil {
		return nil, fmt.Errorf("read finding events: %w", err)
	}
	byFinding := map[string][]FindingEvent{}
	for _, e := range events {
		byFinding[e.FindingID] = append(byFinding[e.FindingID], e)
	}
	out := make([][]Finding, len(at))
	for i, when := range at {
		out[i] = []Finding{}
		for _, f := range all {
			if f.Opened.After(when) {
				continue
			}
			known := byFinding[f.ID]
			for len(known) > 0 && known[len(known)-1].At.After(when) {
				known = known[:len(known)-1]
			}
			if f.Record = past(f.Record, known); f.State == review.Open {
				out[i] = append(out[i], f)
			}
		}
	}
	return out, nil
}

// past takes a record back to what its events up to some moment made of it.
func past(now review.Record, events []FindingEvent) review.Record {
	r := review.Record{Opened: now.Opened, ReasonID: now.ReasonID, ControlRevision: now.ControlRevision, Status: assessment.Fail}
	for _, e := range events {
		switch review.Event(e.Event) {
		case review.Opened:
			r.State = review.Open
		case review.Reopened:
			r.State, r.Reopened, r.Closed = review.Open, e.At, time.Time{}
			r.Reopens++
			if r.Decision == review.Confirmed {
				r.Decision = review.Unreviewed
			}
		case review.ClosedEvent:
			r.State, r.Closed = review.Closed, e.At
		case review.MootEvent:
			r.State, r.Closed = review.Moot, e.At
		case review.WaiverEnded:
			r.Decision, r.AcceptedUntil = review.Unreviewed, time.Time{}
		case "decided":
			var d struct {
				Decision review.Decision `json:"decision"`
				Reason   string          `json:"reason"`
				Until    time.Time       `json:"until"`
			}
			if json.Unmarshal([]byte(e.Detail), &d) == nil {
				r.Decision, r.Reason, r.AcceptedUntil, r.Decided, r.DecidedBy = d.Decision, d.Reason, d.Until, e.At, e.Actor
			}
		}
	}
	return r
}

// ResultChange is one control whose status became different on a host; Before "" is a control judged for the first time
// in the time looked at, After "" one that is judged no more.
type ResultChange struct {
	At            time.Time
	Control       string
	Before, After assessment.Status
}

// ChangesOf lists what became different on a host after a time, oldest first, at most limit of the newest.
func (t *Tx) ChangesOf(host string, since time.Time, limit int) ([]ResultChange, error) {
	rows, err := many(t, scanHistory, `SELECT host_id, at_ms, whole, body FROM host_history WHERE host_id = ? AND n >=
		(SELECT COALESCE(MAX(n), 0) FROM host_history WHERE host_id = ? AND whole = 1 AND at_ms <= ?) ORDER BY n`, host, host, MS(since))
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	state, out := map[string]Result{}, []ResultChange{}
	for i, r := range rows {
		body, err := unpackHistory(r.body)
		if err != nil {
			return nil, err
		}
		before := maps.Clone(state)
		if err := readHistory(r.host, body, r.whole, r.at, state); err != nil {
			return nil, err
		}
		if i > 0 && r.at.After(since) {
			out = append(out, differences(r.at.UTC(), before, state)...)
		}
	}
	return out[max(0, len(out)-limit):], nil
}

func differences(at time.Time, before, after map[string]Result) (out []ResultChange) {
	for control, r := range after {
		if old, ok := before[control]; !ok || old.Status != r.Status {
			out = append(out, ResultChange{at, control, old.Status, r.Status})
		}
	}
	for control, r := range before {
		if _, ok := after[control]; !ok {
			out = append(out, ResultChange{At: at, Control: control, Before: r.Status})
		}
	}
	slices.SortFunc(out, func(x, y ResultChange) int { return strings.Compare(x.Control, y.Control) })
	return out
}

// MeasuredDays tells for each of the last n days up to at, oldest first, whether a host was measured on it (UTC).
func (t *Tx) MeasuredDays(host string, at time.Time, n int) ([]bool, error) {
	type line struct{ month, days int64 }
	at = at.UTC()
	rows, err := many(t, func(r scanner) (v line, err error) { err = r.Scan(&v.month, &v.days); return v, err },
		`SELECT month, days FROM host_months WHERE host_id = ? AND month >= ?`, host, monthOf(at.AddDate(0, 0, 1-n)))
	if err != nil {
		return nil, fmt.Errorf("read measured days: %w", err)
	}
	months := map[int64]int64{}
	for _, r := range rows {
		months[r.month] = r.days
	}
	out := make([]bool, n)
	for i := range out {
		day := at.AddDate(0, 0, i+1-n)
		out[i] = months[monthOf(day)]&(int64(1)<<(day.Day()-1)) != 0
	}
	return out, nil
}
