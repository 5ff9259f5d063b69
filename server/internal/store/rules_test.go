package store_test

import (
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// TestReviewRules holds the rules of docs/spec/review.md against what both engines keep.
func TestReviewRules(t *testing.T) {
	day := func(n int) time.Time { return now.AddDate(0, 0, n) }
	// step is a measurement (status set), a decision, or the calendar (neither).
	type step struct {
		status   assessment.Status
		measured int // day of measuring
		received int // day of arrival; 0: the same
		revision uint32
		decide   review.Decision
		until    int
	}
	fail := func(d int) step { return step{status: assessment.Fail, measured: d} }
	pass := func(d int) step { return step{status: assessment.Pass, measured: d} }
	cases := []struct {
		name     string
		steps    []step
		state    review.State
		decision review.Decision
		counts   bool // on day 20
	}{
		{"a_decision_does_not_fix", []step{fail(1), {decide: review.Confirmed}}, review.Open, review.Confirmed, true},
		{"an_unmeasured_night_does_not_fix", []step{fail(1), {status: assessment.Unmeasured, measured: 2}}, review.Open, "", true},
		{"a_newer_pass_fixes", []step{fail(1), pass(2)}, review.Closed, "", false},
		{"a_pass_of_the_same_moment_does_not", []step{fail(2), pass(2)}, review.Open, "", true},
		{"an_old_pass_by_stick_does_not", []step{fail(5), {status: assessment.Pass, measured: 3, received: 9}}, review.Open, "", true},
		{"an_old_failure_by_stick_does_not_reopen", []step{fail(1), pass(5), {status: assessment.Fail, measured: 3, received: 9}}, review.Closed, "", false},
		{"a_new_failure_reopens", []step{fail(1), pass(5), fail(6)}, review.Open, "", true},
		{"reopening_ends_a_confirmation", []step{fail(1), {decide: review.Confirmed}, pass(5), fail(6)}, review.Open, "", true},
		{"a_waiver_holds", []step{fail(1), {decide: review.Accepted, until: 30}, {measured: 20}}, review.Open, review.Accepted, false},
		{"a_waiver_ends", []step{fail(1), {decide: review.Accepted, until: 10}, {measured: 10}}, review.Open, "", true},
		{"a_waiver_that_ends_on_a_fixed_one_opens_nothing", []step{fail(1), {decide: review.Accepted, until: 10}, pass(5), {measured: 10}}, review.Closed, "", false},
		{"a_waiver_outlives_reopening", []step{fail(1), {decide: review.Accepted, until: 30}, pass(5), fail(6)}, review.Open, review.Accepted, false},
		{"false_positive_holds_for_its_revision", []step{{status: assessment.Fail, measured: 1, revision: 1}, {decide: review.FalsePositive}, {status: assessment.Fail, measured: 2, revision: 1}}, review.Open, review.FalsePositive, false},
		{"false_positive_ends_with_it", []step{{status: assessment.Fail, measured: 1, revision: 1}, {decide: review.FalsePositive}, {status: assessment.Fail, measured: 2, revision: 2}}, review.Open, "", true},
		{"a_waiver_outlives_a_revision", []step{{status: assessment.Fail, measured: 1, revision: 1}, {decide: review.Accepted, until: 30}, {status: assessment.Fail, measured: 2, revision: 2}}, review.Open, review.Accepted, false},
		{"not_applicable_is_moot", []step{fail(1), {status: assessment.NotApplicable, measured: 2}}, review.Moot, "", false},
	}
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		seed(t, st)
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) {
				control, f := "ssh."+tc.name, store.Finding{}
				for _, s := range tc.steps {
					tx(t, st, func(tx *store.Tx) error {
						switch {
						case s.decide != "":
							_, err := tx.DecideFinding(f.ID, s.decide, "because", "user:u-1", day(s.until), now)
							return err
						case s.status == "":
							_, err := tx.ExpireWaivers(day(s.measured), 10)
							return err
						}
						r := result(control, s.status)
						r.Revision = s.revision
						return tx.Observe(store.Change{Host: host, Measured: day(s.measured), Received: day(max(s.measured, s.received)), Results: []assessment.Result{r}})
					})
					tx(t, st, func(tx *store.Tx) error {
						all, err := tx.Findings(store.FindingFilter{Host: "h-1", Control: control})
						if len(all) == 1 {
							f = all[0]
						}
						return err
					})
				}
				if f.State != tc.state || f.Decision != tc.decision || f.Counts(day(20)) != tc.counts {
					t.Errorf("%q, decision %q, counts %v; want %q, %q, %v", f.State, f.Decision, f.Counts(day(20)), tc.state, tc.decision, tc.counts)
				}
			})
		}
		tx(t, st, func(tx *store.Tx) error { _, _, err := tx.VerifyAudit(); return err })
	})
}
