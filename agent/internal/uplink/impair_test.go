package uplink

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// TestBadLinks delivers over links that lose, pause, shrink and die: whatever happens, every assessment is stored exactly
// once, in order.
func TestBadLinks(t *testing.T) {
	for name, tc := range map[string]struct {
		drop func() func([]byte, bool) bool
		want wire.Protocol
	}{
		"clean":          {func() func([]byte, bool) bool { return func([]byte, bool) bool { return false } }, wire.QUIC},
		"loses-5-in-100": {lose(0.05), wire.QUIC},
		"pauses":         {pause(200*time.Millisecond, time.Second), wire.QUIC},
		"mtu-1200":       {func() func([]byte, bool) bool { return func(p []byte, _ bool) bool { return len(p) > 1200-28 } }, wire.TCP},
		"udp-one-way":    {func() func([]byte, bool) bool { return func(_ []byte, in bool) bool { return !in } }, wire.TCP},
		"dies-in-mid-exchange": {func() func([]byte, bool) bool {
			var n atomic.Int64
			return func([]byte, bool) bool { return n.Add(1) > 12 }
		}, wire.TCP},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setUp(t, fakeserver.Options{DropUDP: tc.drop()})
			b.up.o.HandshakeTimeout, b.up.o.IdleTimeout = time.Minute, 10*time.Second
			if tc.want == wire.TCP { // by UDP nothing comes through, however long it is tried
				b.up.o.HandshakeTimeout, b.up.o.IdleTimeout = time.Second, 2*time.Second
			}
			var want []uint64
			used := map[wire.Protocol]int{}
			for i := range 6 {
				for range i%3 + 1 {
					want = append(want, b.assess(uint32(i)))
				}
				for try := 0; ; try++ {
					out, err := b.up.CheckIn(t.Context(), false)
					used[out.Protocol]++
					if err == nil {
						break
					}
					if try > 20 {
						t.Fatalf("not delivered after 20 attempts: %v", err)
					}
				}
			}
			b.wantStored(want...)
			if used[tc.want] == 0 {
				t.Errorf("protocols used: %v, want %s among them", used, tc.want)
			}
		})
	}
}

func lose(share float64) func() func([]byte, bool) bool {
	return func() func([]byte, bool) bool {
		var mu sync.Mutex
		rnd := rand.New(rand.NewPCG(7, 7))
		return func([]byte, bool) bool {
			mu.Lock()
			defer mu.Unlock()
			return rnd.Float64() < share
		}
	}
}

func pause(length, every time.Duration) func() func([]byte, bool) bool {
	return func() func([]byte, bool) bool {
		start := time.Now()
		return func([]byte, bool) bool { return time.Since(start)%every < length }
	}
}

// TestServerDiesAtEachStep: the server answers nothing, something else, or stores and forgets to say so, in turn.
func TestServerDiesAtEachStep(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	rnd := rand.New(rand.NewPCG(3, 3))
	b.server.Respond = func(_ *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse) error {
		switch rnd.IntN(4) {
		case 0:
			panic("killed") // the connection breaks after storing
		case 1:
			resp.Acknowledged = 0 // an answer from before
		case 2:
			resp.Acknowledged = resp.Acknowledged / 2
		}
		return nil
	}
	var want []uint64
	for i := range 40 {
		want = append(want, b.assess(uint32(i%7)))
		b.up.CheckIn(t.Context(), false) //nolint:errcheck // it may fail; what counts is the end
		if i%9 == 0 {
			b.restart()
		}
	}
	b.server.Respond = nil
	b.checkIn()
	b.wantStored(want...)
}
