package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// TestPrune lets a host live for three years and prunes: what the policy keeps reads as before.
func TestPrune(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		seed(t, st)
		day := func(n int) time.Time { return now.AddDate(0, 0, n) }
		const days, step = 1095, 15
		for n, i := 0, uint64(1); n <= days; n, i = n+step, i+1 {
			h := host
			h.LastSequence = i
			status := assessment.Fail
			if i%2 == 0 {
				status = assessment.Pass
			}
			tx(t, st, func(tx *store.Tx) error {
				if err := tx.Observe(store.Change{Host: h, Measured: day(n), Received: day(n), Results: []assessment.Result{result("ssh.a", status)}}); err != nil {
					return err
				}
				if err := tx.AddAssessment(store.Assessment{HostID: h.ID, Sequence: i, Kind: store.KindFull, Received: day(n)}); err != nil {
					return err
				}
				return tx.SaveCheckIn(h)
			})
		}
		type past struct {
			Results  []store.Result
			Findings int
		}
		read := func() map[int]past {
			out := map[int]past{}
			for n := days - 365; n <= days; n += 7 {
				tx(t, st, func(tx *store.Tx) error {
					list, err := tx.ResultsAt("h-1", day(n))
					if err != nil {
						return err
					}
					open, err := tx.FindingsAt("", day(n))
					out[n] = past{list, len(open)}
					return err
				})
			}
			return out
		}
		before := read()
		var total store.Pruned
		for {
			var p store.Pruned
			tx(t, st, func(tx *store.Tx) (err error) {
				p, err = tx.Prune(store.Retention{Items: 35 * 24 * time.Hour, History: 365 * 24 * time.Hour}, day(days), 20)
				return err
			})
			if p.Total() == 0 {
				break
			}
			total.Items, total.History, total.Events = total.Items+p.Items, total.History+p.History, total.Events+p.Events
		}
		if diff := cmp.Diff(before, read()); diff != "" {
			t.Errorf("the past changed (-before +after):\n%s", diff)
		}
		if total.Items != 71 || total.History < 40 || total.Events < 40 {
			t.Errorf("pruned %+v", total)
		}
		tx(t, st, func(tx *store.Tx) error {
			left, err := tx.Assessments("h-1", 0, 0)
			if len(left) != 3 {
				t.Errorf("%d items left, want 3", len(left))
			}
			return err
		})
		// A host that went silent keeps its newest item, however old.
		tx(t, st, func(tx *store.Tx) error {
			_, err := tx.Prune(store.Retention{Items: time.Hour}, day(9*365), 100)
			if err != nil {
				return err
			}
			left, err := tx.Assessments("h-1", 0, 0)
			if len(left) != 1 {
				t.Errorf("%d items left, want the newest", len(left))
			}
			return err
		})
	})
}
