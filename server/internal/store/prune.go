package store

import (
	"fmt"
	"time"
)

// Retention says how long the record is kept. A zero duration keeps for ever. What holds now (hosts, current results,
// findings, decisions), what people did (the audit trail, decisions, comments) and the consent loop are never pruned.
type Retention struct {
	Items   time.Duration // items as they arrived; the newest of each host always stays
	History time.Duration // how far back a past date can be read, with the events of findings by measurement
}

// Pruned counts the rows that went.
type Pruned struct {
	Items, History, Events, Months, SignIns int64
}

// Total adds them up.
func (p Pruned) Total() int64 { return p.Items + p.History + p.Events + p.Months + p.SignIns }

// Prune removes at most limit rows of each kind that are older than r keeps them. Reading a past date within
// r.History gives the same answer before and after. Call it again until it removes nothing.
func (t *Tx) Prune(r Retention, now time.Time, limit int) (p Pruned, err error) {
	remove := func(n *int64, what, query string, args ...any) {
		if err != nil {
			return
		}
		if *n, err = t.exec(query, append(args, limit)...); err != nil {
			err = fmt.Errorf("prune %s: %w", what, err)
		}
	}
	if r.Items > 0 {
		remove(&p.Items, "items", `DELETE FROM assessments WHERE (host_id, sequence) IN (SELECT a.host_id, a.sequence FROM assessments a
			JOIN hosts h ON h.id = a.host_id WHERE a.received_ms < ? AND a.sequence < h.last_sequence ORDER BY a.received_ms LIMIT ?)`, MS(now.Add(-r.Items)))
	}
	if r.History > 0 {
		from := now.Add(-r.History)
		remove(&p.History, "history", `DELETE FROM host_history WHERE (host_id, n) IN (SELECT x.host_id, x.n FROM host_history x WHERE x.at_ms < ?
			AND x.n < (SELECT MAX(w.n) FROM host_history w WHERE w.host_id = x.host_id AND w.whole = 1 AND w.at_ms <= ?) LIMIT ?)`, MS(from), MS(from))
		remove(&p.Events, "finding events", `DELETE FROM finding_events WHERE id IN (SELECT e.id FROM finding_events e WHERE e.at_ms < ?
			AND e.event IN ('opened', 'closed', 'reopened', 'moot') AND EXISTS (SELECT 1 FROM finding_events l WHERE l.finding_id = e.finding_id
			AND l.at_ms > e.at_ms AND l.at_ms < ? AND l.event IN ('opened', 'closed', 'reopened', 'moot')) LIMIT ?)`, MS(from), MS(from))
		remove(&p.Months, "measured days", `DELETE FROM host_months WHERE (host_id, month) IN (SELECT m.host_id, m.month FROM host_months m WHERE m.month < ?
			AND m.month < (SELECT MAX(l.month) FROM host_months l WHERE l.host_id = m.host_id) LIMIT ?)`, monthOf(from.UTC()))
	}
	remove(&p.SignIns, "sign-in links", `DELETE FROM signin_links WHERE hash IN (SELECT hash FROM signin_links WHERE expires_ms < ? LIMIT ?)`, MS(now.AddDate(0, 0, -30)))
	return p, err
}
