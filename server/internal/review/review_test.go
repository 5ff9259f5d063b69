package review

import (
	"errors"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
)

var day0 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func day(n int) time.Time { return day0.AddDate(0, 0, n) }

// step is one thing that happens to a finding: a measurement unless decide is set.
type step struct {
	status   assessment.Status
	measured int // day
	reason   string
	revision uint32
	decide   Decision
	until    int // day a waiver ends
	expire   bool
	want     Event
}

func TestTransitions(t *testing.T) {
	const (
		pass, fail, un, na = assessment.Pass, assessment.Fail, assessment.Unmeasured, assessment.NotApplicable
	)
	for _, c := range []struct {
		name     string
		steps    []step
		state    State
		decision Decision
		reopens  int
	}{
		{"passing is no finding", []step{{status: pass}, {status: un, measured: 1}}, "", "", 0},
		{"failing opens", []step{{status: fail, want: Opened}}, Open, "", 0},
		{"newer pass closes", []step{{status: fail, want: Opened}, {status: pass, measured: 1, want: ClosedEvent}}, Closed, "", 0},
		{"older pass does not close", []step{{status: fail, measured: 2, want: Opened}, {status: pass, measured: 1}}, Open, "", 0},
		{"pass of the same moment does not close", []step{{status: fail, measured: 2, want: Opened}, {status: pass, measured: 2}}, Open, "", 0},
		{"unmeasured does not close", []step{{status: fail, want: Opened}, {status: un, measured: 1}, {status: assessment.Error, measured: 2}}, Open, "", 0},
		{"fails again after closing", []step{{status: fail, want: Opened}, {status: pass, measured: 1, want: ClosedEvent}, {status: fail, measured: 2, want: Reopened}}, Open, "", 1},
		{"old failure by USB does not reopen", []step{{status: fail, want: Opened}, {status: pass, measured: 5, want: ClosedEvent}, {status: fail, measured: 3}}, Closed, "", 0},
		{"pass after an old failure by USB stays closed", []step{{status: fail, want: Opened}, {status: pass, measured: 5, want: ClosedEvent}, {status: fail, measured: 3}, {status: pass, measured: 6}}, Closed, "", 0},
		{"no longer applicable is moot, not fixed", []step{{status: fail, want: Opened}, {status: na, measured: 1, want: MootEvent}}, Moot, "", 0},
		{"left the baseline is moot", []step{{status: fail, want: Opened}, {status: "", measured: 1, want: MootEvent}}, Moot, "", 0},
		{"moot and failing again", []step{{status: fail, want: Opened}, {status: na, measured: 1, want: MootEvent}, {status: fail, measured: 2, want: Reopened}}, Open, "", 1},
		{"confirmation ends with reopening", []step{{status: fail, want: Opened}, {decide: Confirmed}, {status: pass, measured: 1, want: ClosedEvent}, {status: fail, measured: 2, want: Reopened}}, Open, Unreviewed, 1},
		{"confirmation survives failing on", []step{{status: fail, want: Opened}, {decide: Confirmed}, {status: fail, measured: 2}}, Open, Confirmed, 0},
		{"waiver survives reopening", []step{{status: fail, want: Opened}, {decide: Accepted, until: 9}, {status: pass, measured: 1, want: ClosedEvent}, {status: fail, measured: 2, want: Reopened}}, Open, Accepted, 1},
		{"waiver ends", []step{{status: fail, want: Opened}, {decide: Accepted, until: 9}, {expire: true, measured: 8}, {expire: true, measured: 9, want: WaiverEnded}}, Open, Unreviewed, 0},
		{"a waived finding is closed by passing", []step{{status: fail, want: Opened}, {decide: Accepted, until: 9}, {status: pass, measured: 1, want: ClosedEvent}}, Closed, Accepted, 0},
		{"false positive holds", []step{{status: fail, reason: "a", revision: 1, want: Opened}, {decide: FalsePositive}, {status: fail, reason: "a", revision: 1, measured: 2}}, Open, FalsePositive, 0},
		{"false positive ends with another reason", []step{{status: fail, reason: "a", revision: 1, want: Opened}, {decide: FalsePositive}, {status: fail, reason: "b", revision: 1, measured: 2}}, Open, Unreviewed, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r Record
			for i, s := range c.steps {
				var got Event
				var err error
				switch {
				case s.decide != "":
					r, err = Decide(r, s.decide, "because", "user:u-1", day(s.until), day(0))
				case s.expire:
					r, got = Expire(r, day(s.measured))
				default:
					r, got = Observe(r, Observation{Status: s.status, ReasonID: s.reason, ControlRevision: s.revision, Measured: day(s.measured)})
				}
				if err != nil || got != s.want {
					t.Fatalf("step %d: event %q, error %v; want event %q", i, got, err, s.want)
				}
			}
			if r.State != c.state || r.Decision != c.decision || r.Reopens != c.reopens {
				t.Errorf("got %q %q, %d reopenings; want %q %q, %d", r.State, r.Decision, r.Reopens, c.state, c.decision, c.reopens)
			}
		})
	}
}

func TestFalsePositiveEndsWithRevision(t *testing.T) {
	r, _ := Observe(Record{}, Observation{Status: assessment.Fail, ReasonID: "a", ControlRevision: 1, Measured: day(0)})
	r, err := Decide(r, FalsePositive, "lab host", "user:u-1", time.Time{}, day(0))
	if err != nil {
		t.Fatal(err)
	}
	r, _ = Observe(r, Observation{Status: assessment.Fail, ReasonID: "a", ControlRevision: 2, Measured: day(1)})
	if r.Decision != Unreviewed {
		t.Errorf("decision %q outlived the control's revision", r.Decision)
	}
}

func TestDecideRefuses(t *testing.T) {
	open, _ := Observe(Record{}, Observation{Status: assessment.Fail, Measured: day(0)})
	closed, _ := Observe(open, Observation{Status: assessment.Pass, Measured: day(1)})
	for _, c := range []struct {
		name   string
		r      Record
		d      Decision
		reason string
		until  time.Time
		want   error
	}{
		{"waiver without reason", open, Accepted, " ", day(5), ErrReasonMissing},
		{"waiver without end", open, Accepted, "x", time.Time{}, ErrUntilMissing},
		{"waiver in the past", open, Accepted, "x", day(-1), ErrUntilRange},
		{"waiver for ever", open, Accepted, "x", day(5000), ErrUntilRange},
		{"false positive without reason", open, FalsePositive, "", time.Time{}, ErrReasonMissing},
		{"closed", closed, Confirmed, "", time.Time{}, ErrClosed},
		{"unknown", open, "fixed", "x", time.Time{}, ErrUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Decide(c.r, c.d, c.reason, "user:u-1", c.until, day(0)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestCounts(t *testing.T) {
	r, _ := Observe(Record{}, Observation{Status: assessment.Fail, Measured: day(0)})
	w, err := Decide(r, Accepted, "x", "user:u-1", day(9), day(0))
	if err != nil {
		t.Fatal(err)
	}
	if !r.Counts(day(1)) || w.Counts(day(8)) || !w.Counts(day(9)) {
		t.Errorf("counts: open %v, waived %v, waiver over %v", r.Counts(day(1)), w.Counts(day(8)), w.Counts(day(9)))
	}
}

// TestClockAhead shows that a clock that once ran four years ahead delays closing only until the next round.
func TestClockAhead(t *testing.T) {
	r, _ := Observe(Record{}, Observation{Status: assessment.Fail, Measured: MeasuredAt(day(1500), day(0), 0)})
	r, got := Observe(r, Observation{Status: assessment.Pass, Measured: MeasuredAt(day(1), day(1), 0)})
	if got != ClosedEvent {
		t.Errorf("got %q at %v, last failure %v", got, r.Measured, r.LastFail)
	}
}
