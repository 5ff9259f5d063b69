// Package schedule says when: how long to wait before the next assessment and the next check-in.
//
// Its functions are pure: the caller brings what happened and a source of chance, and waits by a monotonic timer, so that
// a clock set wrong neither stops nor hurries the agent. Jitter spreads hosts over the whole interval wherever many of
// them may act at once: at start, after an outage, and when a server asks to come later.
package schedule

import (
	"math/rand/v2"
	"time"
)

// Limits of what a configuration or a server's directive may ask for.
const (
	Shortest = 5 * time.Minute
	Longest  = 24 * time.Hour
)

// Clamp brings an interval within the limits; zero or less stays "not set".
func Clamp(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return min(max(d, Shortest), Longest)
}

// CheckIn is what is known when the next check-in is planned.
type CheckIn struct {
	Interval   time.Duration // usual distance of two check-ins
	Started    bool          // nothing was tried since the program started
	Never      bool          // this host has never checked in: it was just enrolled, and someone waits for it
	Urgent     bool          // something waits that must not
	Failures   int           // attempts that failed since the last success
	RetryAfter time.Duration // the server's wish in its last answer; 0: none
	OverBudget bool          // the month's bytes are used up: only urgent items and one check-in a day
}

// backoff is the first wait after a failure; it doubles up to the interval.
const backoff = time.Minute

// Wait gives the time until the next check-in.
func (c CheckIn) Wait(rnd *rand.Rand) time.Duration {
	interval := c.Interval
	if c.OverBudget {
		interval = max(interval, Longest)
	}
	switch {
	case c.RetryAfter > 0:
		// Not before it, and not all at once after it.
		return c.RetryAfter + upTo(rnd, max(c.RetryAfter, interval/2))
	case c.Failures > 0:
		step := interval
		if c.Failures < 20 {
			step = min(interval, backoff<<(c.Failures-1))
		}
		if c.Urgent {
			step = min(step, 10*time.Minute)
		}
		return step/4 + upTo(rnd, step*3/4)
	case c.Urgent || c.Never:
		return upTo(rnd, 2*time.Second)
	case c.Started:
		return upTo(rnd, interval)
	}
	return interval*9/10 + upTo(rnd, interval/5)
}

// Assess gives the time until the next assessment: at once when the program starts and has none, later with a tenth of jitter.
func Assess(rnd *rand.Rand, interval time.Duration, last bool) time.Duration {
	if !last {
		return 0
	}
	return interval*9/10 + upTo(rnd, interval/5)
}

func upTo(rnd *rand.Rand, d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(rnd.Int64N(int64(d) + 1))
}
