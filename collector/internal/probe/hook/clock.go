package hook

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Clock turns the kernel's monotonic time stamps into times of day. A wall clock that is set later moves only what
// is read later: each Clock is one reading of both clocks.
type Clock struct {
	wall time.Time
	mono uint64
}

// Now reads both clocks.
func Now() Clock { return Clock{wall: time.Now().UTC().Round(0), mono: Monotonic()} }

// Monotonic is the kernel's time in ns as its programs see it: CLOCK_MONOTONIC, which stands still while suspended.
func Monotonic() uint64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0
	}
	return uint64(ts.Nano())
}

// Time gives the time of day of a kernel time stamp.
func (c Clock) Time(ns uint64) time.Time { return c.wall.Add(time.Duration(int64(ns - c.mono))) }

// Wall is the time of day at which the clock was read.
func (c Clock) Wall() time.Time { return c.wall }

// Before says whether the clock was read before a kernel time stamp was taken; the zero clock never was read.
func (c Clock) Before(ns uint64) bool { return c.mono < ns || c.mono == 0 }

// Every calls f again and again with a pause between, in a goroutine of its own, until stop is called, which waits for it.
func Every(pause time.Duration, f func()) (stop func()) {
	gone := make(chan struct{})
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		defer done.Done()
		t := time.NewTicker(pause)
		defer t.Stop()
		for {
			select {
			case <-gone:
				return
			case <-t.C:
				f()
			}
		}
	}()
	return func() {
		close(gone)
		done.Wait()
	}
}
