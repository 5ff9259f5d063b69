package store

import (
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
)

// RecipientTotals sums up the hosts of one recipient that are not revoked. Stale ones were not seen since a time;
// Unmeasured ones have no measurement yet.
type RecipientTotals struct {
	RecipientID string
	HostTotals
	Unmeasured int
	Oldest     time.Time // the oldest of the hosts' newest measurements; zero: none was measured
}

// TotalsByRecipient sums up per recipient, by id; recipients without a host are left out.
func (t *Tx) TotalsByRecipient(recipients []string, since time.Time) ([]RecipientTotals, error) {
	cond, args := scoped("recipient_id", recipients...)
	return many(t, func(r scanner) (v RecipientTotals, err error) {
		s := &v.Sum
		err = r.Scan(&v.RecipientID, &v.Hosts, &v.Failing, &v.Stale, &v.Unmeasured, &s.Pass, &s.Fail, &s.Unmeasured, &s.NotApplicable, &s.Error,
			moment{&v.LastMeasured}, moment{&v.Oldest})
		return v, err
	}, `SELECT recipient_id, count(*), CAST(sum(CASE WHEN failed > 0 THEN 1 ELSE 0 END) AS BIGINT),
		CAST(sum(CASE WHEN last_seen_ms < ? THEN 1 ELSE 0 END) AS BIGINT), CAST(sum(CASE WHEN measured_ms = 0 THEN 1 ELSE 0 END) AS BIGINT),
		CAST(sum(passed) AS BIGINT), CAST(sum(failed) AS BIGINT), CAST(sum(unmeasured) AS BIGINT),
		CAST(sum(not_applicable) AS BIGINT), CAST(sum(errors) AS BIGINT), max(measured_ms),
		COALESCE(min(CASE WHEN measured_ms > 0 THEN measured_ms END), 0)
		FROM hosts WHERE revoked_ms = 0 AND `+cond+` GROUP BY recipient_id ORDER BY recipient_id`, append([]any{MS(since)}, args...)...)
}

// OpenReview is one control at one recipient with its findings that count (see [Tx.OpenByControl]): what an assessor takes
// up as one.
type OpenReview struct {
	RecipientID, Control string
	Severity             assessment.Severity // highest among the findings
	Hosts                int
	Unreviewed           int
	Since                time.Time // oldest opening
}

// OpenReviews lists them by recipient and control.
func (t *Tx) OpenReviews(recipients []string, now time.Time) ([]OpenReview, error) {
	cond, args := scoped("recipient_id", recipients...)
	return many(t, func(r scanner) (v OpenReview, err error) {
		var sev int
		err = r.Scan(&v.RecipientID, &v.Control, &sev, &v.Hosts, &v.Unreviewed, moment{&v.Since})
		v.Severity = severity(sev)
		return v, err
	}, `SELECT recipient_id, control, max(severity), count(*), CAST(sum(CASE WHEN review = '' THEN 1 ELSE 0 END) AS BIGINT), min(opened_ms)
		FROM findings`+t.dialect.via("findings_tasks")+` WHERE `+cond+` AND `+counting+` GROUP BY recipient_id, control ORDER BY recipient_id, control`, append(args, MS(now))...)
}

// WaiversEnding lists findings whose waiver ends after now and before a time, the soonest first.
func (t *Tx) WaiversEnding(recipients []string, now, before time.Time, limit int) ([]Finding, error) {
	cond, args := scoped("recipient_id", recipients...)
	return many(t, scanFinding, `SELECT `+findingColumns+` FROM findings WHERE review = 'accepted' AND state = 'open' AND accepted_until_ms > ?
		AND accepted_until_ms <= ? AND `+cond+` ORDER BY accepted_until_ms, id LIMIT ?`, append(append([]any{MS(now), MS(before)}, args...), limit)...)
}

// SilentHosts lists hosts that were not seen since a time and are not revoked, the longest silent first.
func (t *Tx) SilentHosts(recipients []string, since time.Time, limit int) ([]Host, error) {
	cond, args := scoped("recipient_id", recipients...)
	return many(t, scanHost, `SELECT `+hostColumns+` FROM hosts WHERE revoked_ms = 0 AND last_seen_ms < ? AND `+cond+`
		ORDER BY last_seen_ms, id LIMIT ?`, append(append([]any{MS(since)}, args...), limit)...)
}

// AssignedTo counts the findings that count and are assigned to a person, and of them those that are overdue.
func (t *Tx) AssignedTo(recipients []string, user string, now time.Time) (open, overdue int, err error) {
	cond, args := scoped("recipient_id", recipients...)
	type pair struct{ open, overdue int }
	v, err := one(t, func(r scanner) (v pair, err error) { err = r.Scan(&v.open, &v.overdue); return v, err },
		`SELECT count(*), COALESCE(CAST(sum(CASE WHEN due_ms > 0 AND due_ms < ? THEN 1 ELSE 0 END) AS BIGINT), 0)
		FROM findings WHERE assignee = ? AND `+cond+` AND `+counting, append(append([]any{MS(now), user}, args...), MS(now))...)
	return v.open, v.overdue, err
}

// Standing counts the results of one control on the hosts of one recipient that are not revoked.
type Standing struct {
	RecipientID, Control string
	Status               assessment.Status
	Hosts                int
}

// Standings lists them by recipient, control and status.
func (t *Tx) Standings(recipients []string) ([]Standing, error) {
	cond, args := scoped("h.recipient_id", recipients...)
	return many(t, func(r scanner) (v Standing, err error) {
		err = r.Scan(&v.RecipientID, &v.Control, &v.Status, &v.Hosts)
		return v, err
	}, `SELECT h.recipient_id, r.control, r.status, count(*) FROM hosts h JOIN results r ON r.host_id = h.id
		WHERE h.revoked_ms = 0 AND `+cond+` GROUP BY h.recipient_id, r.control, r.status ORDER BY h.recipient_id, r.control, r.status`, args...)
}

// Target is the share of decided results that a recipient wants met in one function of NIST CSF 2.0.
type Target struct {
	RecipientID string
	Function    string // GV, ID, PR, DE, RS or RC
	Percent     int    // 1 to 100
	Set         time.Time
	SetBy       string // actor
}

// PutTarget sets a target.
func (t *Tx) PutTarget(v Target) error {
	_, err := t.exec(`INSERT INTO targets (recipient_id, csf_function, percent, set_ms, set_by) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (recipient_id, csf_function) DO UPDATE SET percent = excluded.percent, set_ms = excluded.set_ms, set_by = excluded.set_by`,
		v.RecipientID, v.Function, v.Percent, MS(v.Set), v.SetBy)
	return err
}

// DropTarget takes one back; none is no error.
func (t *Tx) DropTarget(recipient, function string) error {
	_, err := t.exec(`DELETE FROM targets WHERE recipient_id = ? AND csf_function = ?`, recipient, function)
	return err
}

// Targets lists those of a recipient.
func (t *Tx) Targets(recipient string) ([]Target, error) {
	return many(t, func(r scanner) (v Target, err error) {
		err = r.Scan(&v.RecipientID, &v.Function, &v.Percent, moment{&v.Set}, &v.SetBy)
		return v, err
	}, `SELECT recipient_id, csf_function, percent, set_ms, set_by FROM targets WHERE recipient_id = ? ORDER BY csf_function`, recipient)
}

// HostDetail says how much of what was seen on a host has come here.
type HostDetail struct {
	HostID                  string
	Results, Detailed, Left int // all; those with values seen on the host; those its administrator left out
}

// HostDetails counts them for hosts by id.
func (t *Tx) HostDetails(hosts []string) (map[string]HostDetail, error) {
	cond, args := scoped("host_id", hosts...)
	list, err := many(t, func(r scanner) (v HostDetail, err error) {
		err = r.Scan(&v.HostID, &v.Results, &v.Detailed, &v.Left)
		return v, err
	}, `SELECT host_id, count(*), CAST(sum(CASE WHEN target <> '' THEN 1 ELSE 0 END) AS BIGINT),
		CAST(sum(CASE WHEN status = 'not_applicable' AND reason_id IN ('`+assessment.ReasonScoped+`', '`+assessment.ReasonScopedUntil+`') THEN 1 ELSE 0 END) AS BIGINT)
		FROM results WHERE `+cond+` GROUP BY host_id`, args...)
	out := map[string]HostDetail{}
	for _, v := range list {
		out[v.HostID] = v
	}
	return out, err
}

// SearchHosts lists hosts that are not revoked and whose name, id or system holds a text in lower case, by name.
func (t *Tx) SearchHosts(recipients []string, low string, limit int) ([]Host, error) {
	cond, args := scoped("recipient_id", recipients...)
	like := "%" + strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(low) + "%"
	return many(t, scanHost, `SELECT `+hostColumns+` FROM hosts WHERE revoked_ms = 0 AND `+cond+` AND (lower(name) LIKE ? ESCAPE '!' OR id LIKE ? ESCAPE '!'
		OR lower(os) LIKE ? ESCAPE '!') ORDER BY name, id LIMIT ?`, append(args, like, like, like, limit)...)
}
