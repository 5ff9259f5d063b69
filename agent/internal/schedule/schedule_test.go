package schedule

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestCheckInWait(t *testing.T) {
	h := time.Hour
	for name, tc := range map[string]struct {
		c        CheckIn
		min, max time.Duration
		spread   time.Duration // at least this between the extremes of 2,000 hosts
	}{
		"usual":              {CheckIn{Interval: h}, 54 * time.Minute, 66 * time.Minute, 11 * time.Minute},
		"just-started":       {CheckIn{Interval: h, Started: true}, 0, h, 58 * time.Minute},
		"just-enrolled":      {CheckIn{Interval: h, Started: true, Never: true}, 0, 2 * time.Second, 0},
		"urgent":             {CheckIn{Interval: h, Urgent: true}, 0, 2 * time.Second, 0},
		"first-failure":      {CheckIn{Interval: h, Failures: 1}, 15 * time.Second, time.Minute, 40 * time.Second},
		"long-outage":        {CheckIn{Interval: h, Failures: 12}, 15 * time.Minute, h, 44 * time.Minute},
		"month-long-outage":  {CheckIn{Interval: h, Failures: 5000}, 15 * time.Minute, h, 44 * time.Minute},
		"urgent-in-outage":   {CheckIn{Interval: h, Failures: 12, Urgent: true}, 150 * time.Second, 10 * time.Minute, 7 * time.Minute},
		"urgent-but-asked":   {CheckIn{Interval: h, Urgent: true, RetryAfter: 20 * time.Minute}, 20 * time.Minute, 50 * time.Minute, 29 * time.Minute},
		"retry-after":        {CheckIn{Interval: h, RetryAfter: 2 * h}, 2 * h, 4 * h, 118 * time.Minute},
		"over-budget":        {CheckIn{Interval: h, OverBudget: true}, 21 * h, 27 * h, 4 * h},
		"over-budget-urgent": {CheckIn{Interval: h, OverBudget: true, Urgent: true}, 0, 2 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 2))
			lo, hi := time.Duration(1<<62), time.Duration(0)
			for range 2000 {
				d := tc.c.Wait(rnd)
				lo, hi = min(lo, d), max(hi, d)
			}
			if lo < tc.min || hi > tc.max || hi-lo < tc.spread {
				t.Errorf("2,000 hosts wait %s to %s, want %s to %s spread over %s", lo, hi, tc.min, tc.max, tc.spread)
			}
		})
	}
}

func TestAssessAndClamp(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	if d := Assess(rnd, time.Hour, false); d != 0 {
		t.Errorf("first assessment waits %s", d)
	}
	if d := Assess(rnd, time.Hour, true); d < 54*time.Minute || d > 66*time.Minute {
		t.Errorf("next assessment waits %s", d)
	}
	for in, want := range map[time.Duration]time.Duration{0: 0, -1: 0, time.Second: Shortest, 48 * time.Hour: Longest, time.Hour: time.Hour} {
		if got := Clamp(in); got != want {
			t.Errorf("Clamp(%s) is %s, want %s", in, got, want)
		}
	}
}
