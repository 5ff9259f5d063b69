package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// TestPast reads what was so after each step of a host's life, once all of them are over.
func TestPast(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		seed(t, st)
		steps := []struct {
			results []assessment.Result
			removed []string
			want    map[string]assessment.Status
			open    []string
		}{
			{results: []assessment.Result{result("ssh.a", assessment.Fail), result("ssh.b", assessment.Pass)},
				want: map[string]assessment.Status{"ssh.a": assessment.Fail, "ssh.b": assessment.Pass}, open: []string{"ssh.a"}},
			{want: map[string]assessment.Status{"ssh.a": assessment.Fail, "ssh.b": assessment.Pass}, open: []string{"ssh.a"}},
			{results: []assessment.Result{result("ssh.a", assessment.Pass)},
				want: map[string]assessment.Status{"ssh.a": assessment.Pass, "ssh.b": assessment.Pass}, open: []string{}},
			{results: []assessment.Result{result("ssh.a", assessment.Fail)}, removed: []string{"ssh.b"},
				want: map[string]assessment.Status{"ssh.a": assessment.Fail}, open: []string{"ssh.a"}},
			// More than wholeEvery later: the next change is written whole.
			{results: []assessment.Result{result("ssh.c", assessment.Unmeasured)},
				want: map[string]assessment.Status{"ssh.a": assessment.Fail, "ssh.c": assessment.Unmeasured}, open: []string{"ssh.a"}},
		}
		at := func(i int) time.Time { return now.AddDate(0, 0, 30*i) }
		for i, s := range steps {
			tx(t, st, func(tx *store.Tx) error {
				return tx.Observe(store.Change{Host: host, Measured: at(i), Received: at(i), Results: s.results, Removed: s.removed})
			})
		}
		for i, s := range steps {
			tx(t, st, func(tx *store.Tx) error {
				got := map[string]assessment.Status{}
				seen := 0
				err := tx.EachHostAt("r-1", at(i).Add(time.Hour), func(h store.Host, list []store.Result) error {
					seen++
					for _, r := range list {
						got[r.Control] = r.Status
					}
					if day := h.Measured.Truncate(24 * time.Hour); !day.Equal(at(i).Truncate(24 * time.Hour)) {
						t.Errorf("step %d: measured %v, want the day of %v", i, h.Measured, at(i))
					}
					return nil
				})
				if diff := cmp.Diff(s.want, got); diff != "" || seen != 1 {
					t.Errorf("step %d, %d hosts (-want +got):\n%s", i, seen, diff)
				}
				if err != nil {
					return err
				}
				findings, err := tx.FindingsAt("", at(i).Add(time.Hour))
				open := []string{}
				for _, f := range findings {
					open = append(open, f.Control)
				}
				if diff := cmp.Diff(s.open, open); diff != "" {
					t.Errorf("step %d, open findings (-want +got):\n%s", i, diff)
				}
				return err
			})
		}
		tx(t, st, func(tx *store.Tx) error {
			before, err := tx.ResultsAt("h-1", now.Add(-time.Hour))
			if len(before) != 0 {
				t.Errorf("before the first check-in: %d results", len(before))
			}
			if err != nil {
				return err
			}
			last, err := tx.ResultsAt("h-1", at(9))
			if err != nil {
				return err
			}
			current, err := tx.Results("h-1")
			for i := range current {
				current[i].Target = ""
			}
			if diff := cmp.Diff(current, last); diff != "" {
				t.Errorf("the newest past is not the present (-present +past):\n%s", diff)
			}
			return err
		})
	})
}

// TestPastReview asks for a finding's review at past moments.
func TestPastReview(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		seed(t, st)
		var id string
		tx(t, st, func(tx *store.Tx) error {
			if err := tx.Observe(store.Change{Host: host, Measured: now, Received: now, Results: []assessment.Result{result("ssh.a", assessment.Fail)}}); err != nil {
				return err
			}
			list, err := tx.HostFindings("h-1")
			id = list[0].ID
			return err
		})
		day := func(n int) time.Time { return now.AddDate(0, 0, n) }
		tx(t, st, func(tx *store.Tx) error {
			_, err := tx.DecideFinding(id, review.Accepted, "replaced in May", "user:u-1", day(20), day(10))
			return err
		})
		tx(t, st, func(tx *store.Tx) error { _, err := tx.ExpireWaivers(day(21), 10); return err })
		for n, counts := range map[int]bool{5: true, 15: false, 25: true} {
			tx(t, st, func(tx *store.Tx) error {
				list, err := tx.FindingsAt("r-1", day(n))
				if len(list) != 1 || list[0].Counts(day(n)) != counts {
					t.Errorf("day %d: counts %v, want %v", n, !counts, counts)
				}
				return err
			})
		}
	})
}
