package uplink

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

func TestBudgetOf(t *testing.T) {
	at := time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC) // half of the month
	s := State{
		Month:        Month{Name: "2026-11", SentBytes: 6_000_000, ReceivedBytes: 1_000_000},
		MeteredMonth: Month{Name: "2026-11", SentBytes: 1_000_000, ReceivedBytes: 900_000},
	}
	for name, c := range map[string]struct {
		metered            string
		monthly, perLink   uint64
		now                time.Time
		left               uint64
		exhausted, isShort bool
	}{
		"no-bounds":           {"", 0, 2_000_000, at, math.MaxUint64, false, false},
		"all-links":           {"", 8_000_000, 2_000_000, at, 1_000_000, false, true},
		"metered":             {"x", 0, 2_000_000, at, 100_000, false, true},
		"the-tighter-counts":  {"x", 7_050_000, 2_000_000, at, 50_000, false, true},
		"used-up":             {"x", 0, 1_900_000, at, 0, true, true},
		"of-last-month":       {"x", 0, 2_000_000, at.AddDate(0, 1, 0), 2_000_000, false, false},
		"metered-and-no-half": {"x", 0, 0, at, math.MaxUint64, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.BudgetOf(c.now, c.metered, c.monthly, c.perLink)
			if b.Left() != c.left || b.Exhausted() != c.exhausted || b.Short() != c.isShort {
				t.Errorf("%+v: left %d, exhausted %v, short %v", b, b.Left(), b.Exhausted(), b.Short())
			}
		})
	}
}

// TestBudgetLastsTheMonth plays a month of check-ins whose cost nobody knows beforehand: the budget holds, and the host is never silent for
// more than a day.
func TestBudgetLastsTheMonth(t *testing.T) {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for name, cost := range map[string]uint64{"usual": 6_600, "dear": 20_000, "very-dear": 60_000, "resent-ten-times": 66_000} {
		t.Run(name, func(t *testing.T) {
			var s State
			last, most := start, time.Duration(0)
			for now := start; now.Before(start.AddDate(0, 1, 0)); {
				s.count(wire.Usage{SentBytes: cost}, true, now)
				s.learnCost(wire.Usage{SentBytes: cost})
				b := s.BudgetOf(now, "x", 0, 2_000_000)
				wait := b.Interval(3 * time.Hour)
				if b.Exhausted() {
					wait = longest
				}
				most = max(most, now.Sub(last))
				last, now = now, now.Add(wait)
			}
			if got := s.MeteredMonth.SentBytes; got > 2_000_000+2*cost || got < 1_400_000 {
				t.Errorf("the month cost %d bytes", got)
			}
			if most > longest {
				t.Errorf("silent for %v", most)
			}
		})
	}
}

// budgeted gives the bench a budget.
func (b *bench) budgeted(f func() Budget) {
	b.up = New(Options{StateDir: b.dir, Identity: b.id, Outbox: b.outbox, Now: func() time.Time { return b.now }, Protocol: wire.TCP,
		Kinds: []string{wire.KindBundle}, Budget: f})
}

// TestShortBudget: what is lost on the way is not sent in full again while the budget is short, unless something urgent waits behind it; a
// delta goes, a large artefact waits.
func TestShortBudget(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	now := Budget{Metered: "x", Limit: 1_000_000, Spent: 900_000}
	b.budgeted(func() Budget { return now })
	b.assess()
	b.checkIn() // the first one is full: it waits
	if b.outbox.Stats().Items != 1 {
		t.Fatal("a full assessment went although the budget is short")
	}
	now.Spent = 0
	b.checkIn()
	b.wantStored(1)
	if s := LoadState(b.dir); s.MeteredMonth.SentBytes == 0 || s.MeteredMonth.CheckIns != 2 || s.UsualBytes == 0 {
		t.Errorf("the metered link's meter is %+v", s.MeteredMonth)
	}
	now.Spent = 900_000
	b.assess(3)
	b.checkIn() // a delta
	b.wantStored(1, 2)

	b.outbox.ForgetBase()
	b.assess(3, 4)
	b.checkIn()
	if b.outbox.Stats().Items != 1 {
		t.Error("a full resynchronisation went although the budget is short")
	}
	it, err := b.outbox.Read(3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.outbox.Append(spool.Item{Kind: spool.State, Created: b.now, Urgent: true, Payload: it.Payload}); err != nil {
		t.Fatal(err)
	}
	now.Spent = now.Limit
	if _, err := b.up.CheckIn(t.Context(), now.Exhausted()); err != nil {
		t.Fatal(err)
	}
	b.wantStored(1, 2, 3, 4)

	file := make([]byte, 80_000)
	b.server.Mu.Lock()
	b.server.Respond = func(_ *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse) error {
		resp.Directives = &vymirv1.Directives{Offers: []*vymirv1.Offer{fakeserver.Offer(wire.KindBundle, "vymir", 9, file)}}
		return nil
	}
	b.server.Mu.Unlock()
	now.Spent = 900_000
	if out := b.checkIn(); !slices.Equal(out.Postponed, []string{wire.KindBundle}) || out.FetchError != nil {
		t.Errorf("of an artefact of 80 kB with 100 kB left: %+v", out)
	}
}
