package store

import (
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/review"
)

// Finding is a failing control on a host as the server follows it over time. There is one per host and
// control, for ever: closing and reopening move it, nothing deletes it.
type Finding struct {
	ID          string
	HostID      string
	RecipientID string
	SiteID      string
	Control     string
	Family      string
	Capability  string
	Severity    assessment.Severity
	Live        assessment.Status // of the newest measurement; "": half not declared
	Persisted   assessment.Status
	Target      string // JSON of [assessment.Target] of the last failing measurement; "": none or withheld
	Assignee    string // user id; "": nobody
	Due         time.Time

	BundleName     string // whose catalogue renders the texts
	BundleRevision uint64

	review.Record
}

const findingColumns = `id, host_id, recipient_id, site_id, control, family, capability, severity, live, persisted, target, assignee, due_ms,
	bundle_name, bundle_revision, state, status, control_revision, reason_id, opened_ms, closed_ms, reopened_ms, reopened, fails,
	last_fail_ms, last_pass_ms, measured_ms, review, review_reason, reviewed_by, reviewed_ms, accepted_until_ms`

func scanFinding(r scanner) (v Finding, err error) {
	var sev int
	k := &v.Record
	err = r.Scan(&v.ID, &v.HostID, &v.RecipientID, &v.SiteID, &v.Control, &v.Family, &v.Capability, &sev, &v.Live, &v.Persisted,
		&v.Target, &v.Assignee, moment{&v.Due}, &v.BundleName, &v.BundleRevision, &k.State, &k.Status, &k.ControlRevision, &k.ReasonID,
		moment{&k.Opened}, moment{&k.Closed}, moment{&k.Reopened}, &k.Reopens, &k.Fails, moment{&k.LastFail}, moment{&k.LastPass},
		moment{&k.Measured}, &k.Decision, &k.Reason, &k.DecidedBy, moment{&k.Decided}, moment{&k.AcceptedUntil})
	v.Severity = severity(sev)
	return v, err
}

// PutFinding creates a finding or changes all of it but its identity.
func (t *Tx) PutFinding(v Finding) error {
	k := v.Record
	_, err := t.exec(`INSERT INTO findings (`+findingColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET site_id = excluded.site_id, family = excluded.family, capability = excluded.capability,
		severity = excluded.severity, live = excluded.live, persisted = excluded.persisted, target = excluded.target,
		assignee = excluded.assignee, due_ms = excluded.due_ms, bundle_name = excluded.bundle_name, bundle_revision = excluded.bundle_revision,
		state = excluded.state, status = excluded.status, control_revision = excluded.control_revision, reason_id = excluded.reason_id,
		opened_ms = excluded.opened_ms, closed_ms = excluded.closed_ms, reopened_ms = excluded.reopened_ms, reopened = excluded.reopened,
		fails = excluded.fails, last_fail_ms = excluded.last_fail_ms, last_pass_ms = excluded.last_pass_ms, measured_ms = excluded.measured_ms,
		review = excluded.review, review_reason = excluded.review_reason, reviewed_by = excluded.reviewed_by,
		reviewed_ms = excluded.reviewed_ms, accepted_until_ms = excluded.accepted_until_ms`,
		v.ID, v.HostID, v.RecipientID, v.SiteID, v.Control, v.Family, v.Capability, v.Severity.Rank(), v.Live, v.Persisted,
		v.Target, v.Assignee, MS(v.Due), v.BundleName, v.BundleRevision, k.State, k.Status, k.ControlRevision, k.ReasonID,
		MS(k.Opened), MS(k.Closed), MS(k.Reopened), k.Reopens, k.Fails, MS(k.LastFail), MS(k.LastPass), MS(k.Measured),
		k.Decision, k.Reason, k.DecidedBy, MS(k.Decided), MS(k.AcceptedUntil))
	return err
}

// Finding reads one finding.
func (t *Tx) Finding(id string) (Finding, error) {
	return one(t, scanFinding, `SELECT `+findingColumns+` FROM findings WHERE id = ?`, id)
}

// LockFinding reads one finding and holds it until commit.
func (t *Tx) LockFinding(id string) (Finding, error) {
	return one(t, scanFinding, `SELECT `+findingColumns+` FROM findings WHERE id = ?`+t.dialect.lockRow(), id)
}

// HostFindings lists all findings of a host by control, whatever their state.
func (t *Tx) HostFindings(host string) ([]Finding, error) {
	return many(t, scanFinding, `SELECT `+findingColumns+` FROM findings WHERE host_id = ? ORDER BY control`, host)
}

// FindingFilter selects findings; a zero field selects all.
type FindingFilter struct {
	Recipient   string
	Site        string
	Host        string
	Control     string
	Capability  string
	State       review.State
	Decision    *review.Decision
	MinSeverity assessment.Severity
	Assignee    string
	After       *FindingCursor // continue behind it
	Limit       int            // 0: all
}

// FindingCursor is a place in the order of [Tx.Findings]: the last finding of a page.
type FindingCursor struct {
	Severity assessment.Severity
	Opened   time.Time
	ID       string
}

// Findings lists findings, the severest first, among them the oldest first. Findings of revoked hosts are left out.
func (t *Tx) Findings(f FindingFilter) ([]Finding, error) {
	return t.findings(f, f.Recipient != "", "1 = 1", nil)
}

// findings narrows further by a condition with its arguments; narrow: to few recipients, all in all.
func (t *Tx) findings(f FindingFilter, narrow bool, cond string, more []any) ([]Finding, error) {
	where, args := []string{"host_id NOT IN (SELECT id FROM hosts WHERE revoked_ms > 0)", cond}, more
	add := func(cond string, v ...any) { where, args = append(where, cond), append(args, v...) }
	text := func(column, v string) {
		if v != "" {
			add(column+" = ?", v)
		}
	}
	text("recipient_id", f.Recipient)
	text("site_id", f.Site)
	text("host_id", f.Host)
	text("control", f.Control)
	text("capability", f.Capability)
	text("state", string(f.State))
	text("assignee", f.Assignee)
	if f.Decision != nil {
		add("review = ?", string(*f.Decision))
	}
	if f.MinSeverity != "" {
		add("severity >= ?", f.MinSeverity.Rank())
	}
	if c := f.After; c != nil {
		rank, opened := c.Severity.Rank(), MS(c.Opened)
		add("severity <= ?", rank) // lets the index begin there
		add("(severity < ? OR (severity = ? AND (opened_ms > ? OR (opened_ms = ? AND id > ?))))", rank, rank, opened, opened, c.ID)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 1 << 30
	}
	args = append(args, limit)
	via := ""
	if f.Control != "" && f.Host == "" && narrow {
		via = t.dialect.via("findings_tasks")
	}
	return many(t, scanFinding, `SELECT `+findingColumns+` FROM findings`+via+` WHERE `+strings.Join(where, " AND ")+
		` ORDER BY severity DESC, opened_ms, id LIMIT ?`, args...)
}

// EndedWaivers lists findings whose waiver has ended by now and was not yet taken back, at most limit.
func (t *Tx) EndedWaivers(now time.Time, limit int) ([]Finding, error) {
	return many(t, scanFinding, `SELECT `+findingColumns+` FROM findings WHERE review = ? AND accepted_until_ms <= ?
		ORDER BY accepted_until_ms, id LIMIT ?`, string(review.Accepted), MS(now), limit)
}

// FindingEvent is one thing that happened to a finding: by measurement, by decision, or a comment.
type FindingEvent struct {
	ID        string
	FindingID string
	At        time.Time
	Actor     string // "host:ID" for measurements, else as in the audit trail
	Event     string // a [review.Event], "decided", "assigned" or "comment"
	Detail    string // JSON or, for a comment, its text
}

// AddFindingEvent appends to a finding's history and announces it to the recipient's webhooks.
func (t *Tx) AddFindingEvent(v FindingEvent) error {
	_, err := t.exec(`INSERT INTO finding_events (id, finding_id, at_ms, actor, event, detail) VALUES (?, ?, ?, ?, ?, ?)`,
		v.ID, v.FindingID, MS(v.At), v.Actor, v.Event, v.Detail)
	if err != nil {
		return err
	}
	return t.announce(v.Event, v.FindingID, v.At)
}

// FindingEvents lists a finding's history, oldest first.
func (t *Tx) FindingEvents(finding string) ([]FindingEvent, error) {
	return many(t, scanFindingEvent, `SELECT id, finding_id, at_ms, actor, event, detail FROM finding_events WHERE finding_id = ? ORDER BY at_ms, id`, finding)
}

func scanFindingEvent(r scanner) (v FindingEvent, err error) {
	err = r.Scan(&v.ID, &v.FindingID, moment{&v.At}, &v.Actor, &v.Event, &v.Detail)
	return v, err
}
