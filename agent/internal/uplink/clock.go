package uplink

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Anchor is a moment by the clock that nobody sets: how long this host has been up, sleep included, and since which boot.
type Anchor struct {
	Boot string        `json:"boot"` // the kernel's id of the boot; empty: not known
	Up   time.Duration `json:"up"`
}

// BootClock gives the moment now; its zero value asks the kernel.
type BootClock func() Anchor

func (b BootClock) anchor() Anchor {
	if b != nil {
		return b()
	}
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	var t unix.Timespec
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return Anchor{}
	}
	return Anchor{Boot: strings.TrimSpace(string(id)), Up: time.Duration(t.Nano())}
}

// elapsed says how long ago the last check-in was; ok is false after a reboot, when nothing but the clock could tell.
func (s *State) elapsed(b BootClock) (d time.Duration, ok bool) {
	now := b.anchor()
	if s.LastCheckIn.IsZero() || now.Boot == "" || now.Boot != s.Anchor.Boot || now.Up < s.Anchor.Up {
		return 0, false
	}
	return now.Up - s.Anchor.Up, true
}

// Skew says by how much this host's clock, which shows host now, is ahead of the server's (behind: negative), also when it was set or
// jumped after the last check-in. ok is false when there was none since the host booted.
func (s *State) Skew(host time.Time, b BootClock) (ahead time.Duration, ok bool) {
	d, ok := s.elapsed(b)
	if !ok {
		return 0, false
	}
	return bounded(host.Sub(s.LastCheckIn.Add(d))), true
}

// bounded keeps a skew within what seconds in a double tell apart; a clock can be off by more than a time.Duration holds.
func bounded(d time.Duration) time.Duration {
	const most = 100 * 365 * 24 * time.Hour
	return max(-most, min(most, d))
}

// BestNow gives the best known time: the server's at the last check-in and what passed since by the kernel's own count, so that a clock
// that jumps in between decides nothing. After a reboot it is [State.Now].
func (s *State) BestNow(host time.Time, b BootClock) time.Time {
	if d, ok := s.elapsed(b); ok {
		if t := s.LastCheckIn.Add(d); !t.Before(s.ServerTime) {
			return t.UTC()
		}
		return s.ServerTime
	}
	return s.Now(host)
}

// LastCheckInBy gives when the last check-in was, by this host's clock as it stands now: what is judged by that clock must not take a clock
// that is years off for silence. Without one since the boot it is the server's time of it.
func (s *State) LastCheckInBy(host time.Time, b BootClock) time.Time {
	if d, ok := s.elapsed(b); ok {
		return host.Add(-d).UTC()
	}
	return s.LastCheckIn
}
