package uplink

import (
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/wire"
)

// air carries datagrams between simulated addresses; fate says of each how long it takes and whether it is lost.
type air struct {
	fate func(a *air, p simnet.Packet) (delay time.Duration, lost bool)
	nat  func(since time.Duration) int // port shift that the carrier's NAT gives the host at that time; nil: none

	mu    sync.Mutex
	begin time.Time
	rnd   *rand.Rand
	nodes map[string]simnet.PacketReceiver
	last  map[string]time.Time // when the last datagram to an address arrives: they keep their order
	bytes uint64
}

func newAir() *air {
	return &air{begin: time.Now(), rnd: rand.New(rand.NewPCG(5, 5)), nodes: map[string]simnet.PacketReceiver{}, last: map[string]time.Time{}}
}

func (a *air) since() time.Duration { return time.Since(a.begin) }

func (a *air) AddNode(addr net.Addr, r simnet.PacketReceiver) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.nodes[addr.String()] = r
}

var serverAddr = &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 7443}

func (a *air) SendPacket(p simnet.Packet) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bytes += uint64(len(p.Data)) + 28
	delay, lost := a.fate(a, p)
	if lost {
		return nil
	}
	if a.nat != nil {
		p = a.translate(p)
	}
	to := a.nodes[p.To.String()]
	if to == nil {
		return nil
	}
	at := time.Now().Add(delay)
	if next := a.last[p.To.String()].Add(10 * time.Microsecond); at.Before(next) {
		at = next
	}
	a.last[p.To.String()] = at
	time.AfterFunc(time.Until(at), func() { to.RecvPacket(p) })
	return nil
}

// translate gives the host another port towards the server from time to time; what comes to an old one is lost.
func (a *air) translate(p simnet.Packet) simnet.Packet {
	shift := a.nat(a.since())
	if p.To.String() == serverAddr.String() {
		from := *p.From.(*net.UDPAddr)
		from.Port += shift
		p.From = &from
	} else {
		to := *p.To.(*net.UDPAddr)
		to.Port -= shift
		p.To = &to
	}
	return p
}

// within reports whether since lies in the first part of each period.
func within(since, part, period time.Duration) bool { return since%period < part }

// TestSimulatedLinks has a host report for six hours over bad links, in simulated time: whatever the link does, every assessment is
// stored once, in order. What each link costs is logged.
func TestSimulatedLinks(t *testing.T) {
	slow := func(bitsPerSecond int) func(*air, simnet.Packet) (time.Duration, bool) {
		free := map[bool]time.Time{} // when each direction is free again
		return func(_ *air, p simnet.Packet) (time.Duration, bool) {
			up := p.To.String() == serverAddr.String()
			start := time.Now()
			if free[up].After(start) {
				start = free[up]
			}
			free[up] = start.Add(time.Duration(len(p.Data)+28) * 8 * time.Second / time.Duration(bitsPerSecond))
			return time.Until(free[up]) + 50*time.Millisecond, false
		}
	}
	for name, c := range map[string]struct {
		fate func(*air, simnet.Packet) (time.Duration, bool)
		nat  func(time.Duration) int
	}{
		"clean": {fate: func(*air, simnet.Packet) (time.Duration, bool) { return 25 * time.Millisecond, false }},
		"leo": {fate: func(a *air, _ simnet.Packet) (time.Duration, bool) {
			burst := within(a.since()+3*time.Second, 150*time.Millisecond, 15*time.Second) // another satellite every 15 s
			return 25*time.Millisecond + time.Duration(a.rnd.IntN(7))*time.Millisecond, burst && a.rnd.IntN(2) == 0 || a.rnd.IntN(100) == 0
		}},
		"leo-bad": {fate: func(a *air, _ simnet.Packet) (time.Duration, bool) {
			out := within(a.since(), 5*time.Second, time.Minute)
			burst := within(a.since()+3*time.Second, 500*time.Millisecond, 15*time.Second)
			return 40*time.Millisecond + time.Duration(a.rnd.IntN(30))*time.Millisecond, out || burst && a.rnd.IntN(2) == 0 || a.rnd.IntN(100) < 5
		}},
		"64-kbit": {fate: slow(64_000)},
		"mtu-1280": {fate: func(_ *air, p simnet.Packet) (time.Duration, bool) {
			return 25 * time.Millisecond, len(p.Data)+28 > 1280
		}},
		"nat-rebinds": {
			fate: func(*air, simnet.Packet) (time.Duration, bool) { return 25 * time.Millisecond, false },
			nat:  func(since time.Duration) int { return int(since / (170 * time.Millisecond) % 500) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				line := newAir()
				line.fate = func(*air, simnet.Packet) (time.Duration, bool) { return 25 * time.Millisecond, false }
				b := simulated(t, line)
				line.mu.Lock()
				line.fate, line.nat, line.bytes = c.fate, c.nat, 0
				line.mu.Unlock()
				var want []uint64
				var took []time.Duration
				failed := 0
				for hour := range 6 {
					for range hour%3 + 1 {
						want = append(want, b.assess(uint32(hour+1)))
					}
					begin := time.Now()
					for try := 0; ; try++ {
						if _, err := b.up.CheckIn(t.Context(), false); err == nil {
							break
						} else if try == 20 {
							t.Fatalf("not delivered in %s: %v", time.Since(begin), err)
						}
						failed++
						time.Sleep(time.Minute)
					}
					took = append(took, time.Since(begin))
					time.Sleep(time.Hour + 7*time.Second)
				}
				b.wantStored(want...)
				slices.Sort(took)
				line.mu.Lock()
				t.Logf("%s: a check-in takes %s at the median, %s at most; %d failed and were repeated; %d bytes each", name,
					took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), failed, line.bytes/uint64(len(took)))
				line.mu.Unlock()
			})
		})
	}
}

// TestThirtyDaysOffline: a month of assessments waits and goes in a few exchanges once there is a line, each once.
func TestThirtyDaysOffline(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		line := newAir()
		line.fate = func(*air, simnet.Packet) (time.Duration, bool) { return 25 * time.Millisecond, false }
		b := simulated(t, line)
		line.mu.Lock()
		line.fate = func(*air, simnet.Packet) (time.Duration, bool) { return 0, true }
		line.mu.Unlock()
		var want []uint64
		for hour := range 30 * 24 {
			want = append(want, b.assess(uint32(hour%40+1)))
			if hour%100 == 0 {
				if _, err := b.up.CheckIn(t.Context(), false); err == nil {
					t.Fatal("delivered without a line")
				}
			}
			time.Sleep(time.Hour)
		}
		line.mu.Lock()
		line.fate, line.bytes = func(*air, simnet.Packet) (time.Duration, bool) { return 25 * time.Millisecond, false }, 0
		line.mu.Unlock()
		b.checkIn()
		b.wantStored(want...)
		line.mu.Lock()
		t.Logf("%d assessments of 30 days in %d bytes", len(want), line.bytes)
		line.mu.Unlock()
	})
}

// inBubble runs f in simulated time. Compressors that wait in pools belong to the bubble they were made in: two collections
// empty the pools, before and after.
func inBubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	if _, err := wire.DecompressMessage(wire.CompressMessage([]byte("made outside of bubbles"))); err != nil {
		t.Fatal(err)
	}
	empty := func() { runtime.GC(); runtime.GC() }
	empty()
	defer empty()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))) // bubbles begin in 2000, before the fake CA
		f(t)
	})
}

// simulated is a host with its server on a line. It is called inside a bubble.
func simulated(t *testing.T, line *air) *bench {
	t.Helper()
	port := 2000
	socket := func(string) (net.PacketConn, error) {
		port += 1000
		return simnet.NewSimConn(&net.UDPAddr{IP: net.IPv4(192, 0, 2, 7), Port: port}, line), nil
	}
	b := &bench{t: t, server: fakeserver.Start(t, fakeserver.Options{PacketConn: simnet.NewSimConn(serverAddr, line)}), dir: t.TempDir(), now: time.Now()}
	var err error
	if b.id, _, err = identity.Enrol(t.Context(), b.dir, identity.EnrolOptions{Token: b.server.Token(t), Protocol: wire.QUIC, PacketConn: socket}); err != nil {
		t.Fatal(err)
	}
	b.openOutbox()
	b.up = New(Options{StateDir: b.dir, Identity: b.id, Outbox: b.outbox, Version: "test", Protocol: wire.QUIC, PacketConn: socket})
	return b
}
