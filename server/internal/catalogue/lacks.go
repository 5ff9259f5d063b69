package catalogue

import (
	"slices"
	"time"
)

// Lack is something that a donor would have to ask for before it could commit to an entry.
type Lack string

// What an entry can lack. What the recipient's consent or the size of its group withholds is no lack, but for its name.
const (
	LacksName     Lack = "name"     // the recipient is not named: whoever wants to fund it asks through the coordinator
	LacksPurpose  Lack = "purpose"  // the recipient says nothing of what it is for
	LacksSchedule Lack = "schedule" // not said by when
	LacksPrice    Lack = "price"    // every price is an estimate
	LacksEffect   Lack = "effect"   // no agent can measure the effect: it must be agreed how it is confirmed
	LacksTime     Lack = "time"     // the consent ends within soonEnds
)

const soonEnds = 30 * 24 * time.Hour

// Lacks says what of an entry is not there yet, in the order of the constants; none when a donor could commit to it now.
func Lacks(n *DonorNeed, now time.Time) []Lack {
	withheld := func(field string) bool {
		return slices.ContainsFunc(n.Withheld, func(w Withheld) bool { return w.Field == field })
	}
	var out []Lack
	add := func(lacks bool, l Lack) {
		if lacks {
			out = append(out, l)
		}
	}
	add(len(n.Recipient) == 0, LacksName)
	add(len(n.Purpose) == 0 && !withheld("purpose"), LacksPurpose)
	add(n.Schedule == nil && !withheld("schedule"), LacksSchedule)
	add(!slices.ContainsFunc(n.Items, func(i DonorItem) bool { return i.CostSource != "estimate" }), LacksPrice)
	add(!slices.ContainsFunc(n.Items, func(i DonorItem) bool { return i.Verifiable }), LacksEffect)
	until, err := time.Parse(time.DateOnly, n.Until)
	add(err == nil && until.Before(now.Add(soonEnds)), LacksTime)
	return out
}
