package uplink

import (
	"testing"
	"time"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/wire"
)

// TestClockYearsOffAndJumping checks in by a clock that is right, years ahead or years behind, then lets it jump while nothing is sent: what
// is known of the true time follows the kernel's count, not the clock, and the skew is that of now.
func TestClockYearsOffAndJumping(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for name, c := range map[string]struct{ first, jump time.Duration }{
		"right-then-forward":   {0, 20 * year},
		"right-then-back":      {0, -20 * year},
		"ahead-then-right":     {11 * year, -11 * year},
		"behind-then-right":    {-50 * year, 50 * year},
		"behind-then-ahead":    {-7 * year, 30 * year},
		"ahead-and-stays":      {5 * year, 0},
		"jumps-by-two-minutes": {0, -2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t, fakeserver.Options{})
			up := 1000 * time.Hour
			boot := BootClock(func() Anchor { return Anchor{Boot: "one", Up: up} })
			b.now = time.Now().Add(c.first)
			b.up = New(Options{StateDir: b.dir, Identity: b.id, Outbox: b.outbox, Now: func() time.Time { return b.now }, Boot: boot, Protocol: wire.TCP})
			b.assess()
			b.checkIn()
			b.wantStored(1)
			const slept = 90 * time.Minute
			up += slept
			b.now = b.now.Add(slept + c.jump)
			s := LoadState(b.dir)
			skew, ok := s.Skew(b.now, boot)
			if d := skew - bounded(c.first+c.jump); !ok || d < -time.Minute || d > time.Minute {
				t.Errorf("skew is %v (%v), want %v", skew, ok, c.first+c.jump)
			}
			if d := time.Until(s.BestNow(b.now, boot)) - slept; d < -time.Minute || d > time.Minute {
				t.Errorf("the best known time is %v off", d)
			}
			if d := b.now.Sub(s.LastCheckInBy(b.now, boot)); d != slept {
				t.Errorf("the last check-in was %v ago by this clock, want %v", d, slept)
			}
			// Rebooted: nothing but the clock could say how long it was off, and it is not believed about itself.
			again := BootClock(func() Anchor { return Anchor{Boot: "two", Up: time.Minute} })
			if skew, ok := s.Skew(b.now, again); ok {
				t.Errorf("after a reboot the skew is said to be %v", skew)
			}
			if s.BestNow(b.now, again).Before(s.ServerTime) {
				t.Error("after a reboot the time is before what the server told")
			}
			// And reports go on, in order, whatever the clock says.
			b.assess()
			b.checkIn()
			b.wantStored(1, 2)
		})
	}
}

// TestKernelCounts asks the real kernel.
func TestKernelCounts(t *testing.T) {
	a := BootClock(nil).anchor()
	if a.Boot == "" || a.Up <= 0 {
		t.Fatalf("anchor is %+v", a)
	}
	s := State{LastCheckIn: time.Now(), Anchor: a}
	if skew, ok := s.Skew(time.Now(), nil); !ok || skew < -time.Minute || skew > time.Minute {
		t.Errorf("skew is %v (%v)", skew, ok)
	}
}
