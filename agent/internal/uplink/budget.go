package uplink

import (
	"math"
	"time"
)

// Budget is what may go over the host's link this month, both ways, at the IP layer. The zero Budget has no bounds.
type Budget struct {
	Metered string        `json:"metered,omitempty"` // who says that the link costs by the byte; empty: it does not
	Limit   uint64        `json:"limit_bytes"`       // 0: none
	Spent   uint64        `json:"spent_bytes"`
	Each    uint64        `json:"check_in_bytes"` // what a check-in cost lately; 0: not known
	Rest    time.Duration `json:"-"`              // of the month
}

// longest is the distance of check-ins that no budget stretches beyond: a host that is silent for longer counts as lost.
const longest = 24 * time.Hour

// tight budgets are pulled in: from here on nothing goes that can wait.
const tight = 0.85

// Exhausted reports whether only what is urgent may still go.
func (b Budget) Exhausted() bool { return b.Limit > 0 && b.Spent >= b.Limit }

// Short reports whether the budget runs out: full states are not sent again then, unless something in them is urgent.
func (b Budget) Short() bool { return b.Limit > 0 && float64(b.Spent) >= tight*float64(b.Limit) }

// Left is what may still go; without a limit everything.
func (b Budget) Left() uint64 {
	switch {
	case b.Limit == 0:
		return math.MaxUint64
	case b.Spent >= b.Limit:
		return 0
	}
	return b.Limit - b.Spent
}

// Artefact is the size of the largest signed artefact that may be fetched: half of what is left, so that reports go on.
func (b Budget) Artefact() uint64 {
	if b.Limit == 0 {
		return math.MaxUint64
	}
	return b.Left() / 2
}

// Interval stretches the wanted distance of check-ins as far as what is left must last for the rest of the month, by what a check-in
// cost lately.
func (b Budget) Interval(wanted time.Duration) time.Duration {
	if b.Limit == 0 || wanted >= longest {
		return wanted
	}
	if need := float64(b.Rest) * float64(b.Each) / float64(max(b.Left(), 1)); need > float64(wanted) {
		wanted = time.Duration(min(need, float64(longest)))
	}
	return wanted
}

// BudgetOf reckons the budget at now, by the best known time. metered says who calls the link metered; monthly bounds all links
// together, perMetered the metered ones alone (0: none). What leaves less counts.
func (s *State) BudgetOf(now time.Time, metered string, monthly, perMetered uint64) Budget {
	now = now.UTC()
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	rest := first.AddDate(0, 1, 0).Sub(now)
	spent := func(m Month) uint64 {
		if m.Name != now.Format("2006-01") {
			return 0
		}
		return m.SentBytes + m.ReceivedBytes
	}
	b := Budget{Metered: metered, Limit: monthly, Spent: spent(s.Month), Each: s.UsualBytes, Rest: rest}
	if metered != "" && perMetered > 0 {
		if m := (Budget{Metered: metered, Limit: perMetered, Spent: spent(s.MeteredMonth), Each: s.UsualBytes, Rest: rest}); m.Left() < b.Left() {
			return m
		}
	}
	return b
}
