package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

func result(control string, s assessment.Status) assessment.Result {
	return assessment.Result{Control: control, Family: "ssh", Capability: "identity", Severity: assessment.High, Status: s,
		ReasonID: "why", Verdicts: map[assessment.Half]assessment.Status{assessment.Live: s}, Revision: 1}
}

// TestObserveLife follows one finding from opening to closing, reopening and leaving the baseline.
func TestObserveLife(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		seed(t, st)
		for i, step := range []struct {
			results []assessment.Result
			removed []string
			state   review.State
			fails   int
			reopens int
			events  int
		}{
			{results: []assessment.Result{result("ssh.a", assessment.Fail), result("ssh.b", assessment.Pass)}, state: review.Open, fails: 1, events: 1},
			{state: review.Open, fails: 2, events: 1}, // unchanged: failing once more
			{results: []assessment.Result{result("ssh.a", assessment.Unmeasured)}, state: review.Open, fails: 2, events: 1},
			{state: review.Open, fails: 2, events: 1}, // still unmeasured: not failing once more
			{results: []assessment.Result{result("ssh.a", assessment.Pass)}, state: review.Closed, fails: 2, events: 2},
			{results: []assessment.Result{result("ssh.a", assessment.Fail)}, state: review.Open, fails: 3, reopens: 1, events: 3},
			{removed: []string{"ssh.a"}, state: review.Moot, fails: 3, reopens: 1, events: 4},
		} {
			at := now.Add(time.Duration(i) * time.Hour)
			tx(t, st, func(tx *store.Tx) error {
				return tx.Observe(store.Change{Host: host, Measured: at, Received: at, Bundle: assessment.BundleRef{Name: "vymir", Revision: 1}, Results: step.results, Removed: step.removed})
			})
			tx(t, st, func(tx *store.Tx) error {
				all, err := tx.HostFindings("h-1")
				if err != nil || len(all) != 1 {
					t.Fatalf("step %d: %d findings, %v", i, len(all), err)
				}
				f := all[0]
				events, err := tx.FindingEvents(f.ID)
				if f.State != step.state || f.Fails != step.fails || f.Reopens != step.reopens || len(events) != step.events {
					t.Errorf("step %d: %s, %d fails, %d reopenings, %d events; want %+v", i, f.State, f.Fails, f.Reopens, len(events), step)
				}
				return err
			})
		}
	})
}

func TestWaiverLife(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		seed(t, st)
		tx(t, st, func(tx *store.Tx) error {
			return tx.Observe(store.Change{Host: host, Measured: now, Received: now, Results: []assessment.Result{result("ssh.a", assessment.Fail)}})
		})
		var f store.Finding
		tx(t, st, func(tx *store.Tx) error {
			all, err := tx.HostFindings("h-1")
			f = all[0]
			return err
		})
		err := st.Tx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.DecideFinding(f.ID, review.Accepted, "", "user:u-1", now.AddDate(0, 1, 0), now)
			return err
		})
		if !errors.Is(err, review.ErrReasonMissing) {
			t.Errorf("waiver without a reason: %v", err)
		}
		tx(t, st, func(tx *store.Tx) error {
			_, err := tx.DecideFinding(f.ID, review.Accepted, "replaced in May", "user:u-1", now.AddDate(0, 1, 0), now)
			return err
		})
		for _, c := range []struct {
			at   time.Time
			want int
		}{{now.AddDate(0, 0, 20), 0}, {now.AddDate(0, 1, 0), 1}, {now.AddDate(0, 1, 1), 0}} {
			tx(t, st, func(tx *store.Tx) error {
				n, err := tx.ExpireWaivers(c.at, 100)
				if n != c.want {
					t.Errorf("at %v: %d waivers ended, want %d", c.at, n, c.want)
				}
				return err
			})
		}
		tx(t, st, func(tx *store.Tx) error {
			got, err := tx.Finding(f.ID)
			if got.Decision != review.Unreviewed || got.State != review.Open {
				t.Errorf("after the waiver: %q, %q", got.Decision, got.State)
			}
			if n, _, err := tx.VerifyAudit(); err != nil || n != 2 {
				t.Errorf("audit: %d entries, %v", n, err)
			}
			return err
		})
	})
}
