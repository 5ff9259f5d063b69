package store

import (
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
)

// scoped is a condition that narrows a column to ids; an id "" in it is every one. It is put together anew instead of
// being written as (? = ” OR column = ?), which no index answers.
func scoped(column string, ids ...string) (cond string, args []any) {
	if len(ids) == 0 {
		return "1 = 0", nil
	}
	for _, id := range ids {
		if id == "" {
			return "1 = 1", nil
		}
		args = append(args, id)
	}
	if len(ids) == 1 {
		return column + " = ?", args
	}
	return column + " IN (?" + strings.Repeat(", ?", len(ids)-1) + ")", args
}

// HostTotals is a summary of hosts that are not revoked.
type HostTotals struct {
	Hosts, Failing, Stale int
	Sum                   assessment.Summary // of their current results; CoveragePercent is left out
	LastMeasured          time.Time          // of any; zero: never
}

// HostTotals sums up the hosts of recipients ("" in it: of all). Stale are those not seen since a time.
func (t *Tx) HostTotals(recipients []string, since time.Time) (HostTotals, error) {
	cond, args := scoped("recipient_id", recipients...)
	return one(t, func(r scanner) (v HostTotals, err error) {
		s := &v.Sum
		err = r.Scan(&v.Hosts, &v.Failing, &v.Stale, &s.Pass, &s.Fail, &s.Unmeasured, &s.NotApplicable, &s.Error, moment{&v.LastMeasured})
		return v, err
	}, `SELECT count(*), COALESCE(CAST(sum(CASE WHEN failed > 0 THEN 1 ELSE 0 END) AS BIGINT), 0),
		COALESCE(CAST(sum(CASE WHEN last_seen_ms < ? THEN 1 ELSE 0 END) AS BIGINT), 0),
		COALESCE(CAST(sum(passed) AS BIGINT), 0), COALESCE(CAST(sum(failed) AS BIGINT), 0), COALESCE(CAST(sum(unmeasured) AS BIGINT), 0),
		COALESCE(CAST(sum(not_applicable) AS BIGINT), 0), COALESCE(CAST(sum(errors) AS BIGINT), 0), COALESCE(max(measured_ms), 0)
		FROM hosts WHERE revoked_ms = 0 AND `+cond, append([]any{MS(since)}, args...)...)
}

// HostPage lists hosts by id: those of recipients ("" in it: of all) behind an id, at most limit, revoked ones too
// when live is false.
func (t *Tx) HostPage(recipients []string, live bool, after string, limit int) ([]Host, error) {
	cond, args := scoped("recipient_id", recipients...)
	if live {
		cond += " AND revoked_ms = 0"
	}
	return many(t, scanHost, `SELECT `+hostColumns+` FROM hosts WHERE `+cond+` AND id > ? ORDER BY id LIMIT ?`, append(args, after, limit)...)
}

// HostSystems lists the different operating systems of hosts that are not revoked.
func (t *Tx) HostSystems(recipients []string) ([]string, error) {
	cond, args := scoped("recipient_id", recipients...)
	return many(t, scalar[string], `SELECT DISTINCT os FROM hosts WHERE revoked_ms = 0 AND `+cond+` ORDER BY os`, args...)
}

// ControlOpen is one control with how much of it is open and counts (see review.Record.Counts).
type ControlOpen struct {
	Control  string
	Severity assessment.Severity // highest among the findings
	Hosts    int
	Since    time.Time // oldest opening
}

// counting is the condition of findings that count at a time; its argument is the time.
const counting = `state = 'open' AND review <> 'false_positive' AND (review <> 'accepted' OR accepted_until_ms <= ?)
	AND host_id NOT IN (SELECT id FROM hosts WHERE revoked_ms > 0)`

// OpenByControl gathers the findings of recipients ("" in it: of all) that count at now by control: the severest first,
// among them those on the most hosts, then the oldest.
func (t *Tx) OpenByControl(recipients []string, now time.Time) ([]ControlOpen, error) {
	cond, args := scoped("recipient_id", recipients...)
	return many(t, func(r scanner) (v ControlOpen, err error) {
		var sev int
		err = r.Scan(&v.Control, &sev, &v.Hosts, moment{&v.Since})
		v.Severity = severity(sev)
		return v, err
	}, `SELECT control, max(severity), count(*), min(opened_ms) FROM findings`+t.dialect.via("findings_tasks")+` WHERE `+cond+` AND `+counting+`
		GROUP BY control ORDER BY max(severity) DESC, count(*) DESC, min(opened_ms), control`, append(args, MS(now))...)
}

// OpenOf lists findings of one control that count at now, at most limit.
func (t *Tx) OpenOf(recipients []string, control string, now time.Time, limit int) ([]Finding, error) {
	cond, args := scoped("recipient_id", recipients...)
	return many(t, scanFinding, `SELECT `+findingColumns+` FROM findings WHERE control = ? AND `+cond+` AND `+counting+` LIMIT ?`,
		append(append([]any{control}, args...), MS(now), limit)...)
}

// FindingsOf lists findings like [Tx.Findings], of several recipients ("" in it: of all) in one order.
func (t *Tx) FindingsOf(recipients []string, f FindingFilter) ([]Finding, error) {
	f.Recipient = ""
	cond, args := scoped("recipient_id", recipients...)
	return t.findings(f, !slices.Contains(recipients, ""), cond, args)
}
