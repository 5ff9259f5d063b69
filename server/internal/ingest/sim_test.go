package ingest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	"github.com/quic-go/quic-go/testutils/simnet"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/ingest"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// air carries datagrams between simulated addresses with a delay, and counts them at the IP layer.
type air struct {
	delay time.Duration
	fate  func(up bool, size int) (delay time.Duration, lost bool) // in place of delay; it is called with mu held

	mu    sync.Mutex
	nodes map[string]simnet.PacketReceiver
	last  map[string]time.Time // when the last datagram to an address arrives: they keep their order
	bytes uint64
	count uint64
}

func (a *air) AddNode(addr net.Addr, r simnet.PacketReceiver) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.nodes == nil {
		a.nodes, a.last = map[string]simnet.PacketReceiver{}, map[string]time.Time{}
	}
	a.nodes[addr.String()] = r
}

func (a *air) SendPacket(p simnet.Packet) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bytes += uint64(len(p.Data)) + 28
	a.count++
	delay := a.delay
	if a.fate != nil {
		var lost bool
		if delay, lost = a.fate(p.To.String() == "192.0.2.1:7443", len(p.Data)+28); lost {
			return nil
		}
	}
	to := a.nodes[p.To.String()]
	if to != nil {
		at := time.Now().Add(delay)
		if next := a.last[p.To.String()].Add(10 * time.Microsecond); at.Before(next) {
			at = next
		}
		a.last[p.To.String()] = at
		time.AfterFunc(time.Until(at), func() { to.RecvPacket(p) })
	}
	return nil
}

// TestMonthOfCheckIns counts, in simulated time, every datagram of hourly check-ins over a line with 50 ms there and back: two days,
// of which each night brings a full day's news, and as many on which nothing is new; and one every three hours, as on a metered link. It
// holds the budgets of a month: 5 MB, and 2 MB on a metered link.
func TestMonthOfCheckIns(t *testing.T) {
	warm(t)
	for name, c := range map[string]struct {
		changes int // something is new at each of so many check-ins
		every   time.Duration
		budget  float64
	}{"usual": {24, time.Hour, 5e6}, "something-new-each-time": {1, time.Hour, 5e6}, "metered": {8, 3 * time.Hour, 2e6}} {
		t.Run(name, func(t *testing.T) {
			changes, every, budget, month := c.changes, c.every, c.budget, float64(30*24*time.Hour/c.every)
			inBubble(t, func(t *testing.T) {
				s, a, line := simulated(t, 25*time.Millisecond)
				sessions := tls.NewLRUClientSessionCache(4)
				const hours = 48
				states := []*vymirv1.Assessment{sample(5, time.Now()), sample(5, time.Now())}
				for _, n := range []int{3, 70, 100} {
					states[1].Results[n].Reason = 1
				}
				sequence := uint64(0)
				var told wire.Usage
				for hour := range hours + 1 {
					if hour == 1 { // the first one is no usual one
						line.mu.Lock()
						line.bytes, line.count = 0, 0
						line.mu.Unlock()
						told = wire.Usage{}
					}
					req := &vymirv1.CheckInRequest{WireVersion: wire.Version, NowMs: time.Now().UnixMilli(), AgentVersion: "v1.0.0", BundleRevision: 1,
						Meter: &vymirv1.Meter{SentBytesMonth: 1 << 20, ReceivedBytesMonth: 1 << 20}}
					if hour == 0 {
						sequence++
						req.Items = []*vymirv1.Item{full(sequence, states[1])}
					} else if hour%changes == 0 {
						sequence++
						req.Items = []*vymirv1.Item{delta(t, sequence, sequence-1, states[(sequence+1)%2], states[sequence%2])}
					}
					c, err := wire.NewClient(wire.ClientOptions{Server: s.Addr(), Protocol: wire.QUIC, Roots: a.roots, Certificate: &a.cert, Sessions: sessions, PacketConn: line.socket(uint16(2000 + hour))})
					if err != nil {
						t.Fatal(err)
					}
					r, err := c.CheckIn(t.Context(), connect.NewRequest(req))
					if err != nil || r.Msg.Acknowledged != sequence {
						t.Fatal(err, r)
					}
					c.Close()
					u := c.Usage()
					told.SentBytes, told.ReceivedBytes = told.SentBytes+u.SentBytes, told.ReceivedBytes+u.ReceivedBytes
					time.Sleep(every)
				}
				line.mu.Lock()
				defer line.mu.Unlock()
				each := float64(line.bytes) / hours
				t.Logf("%s: %.0f bytes in %.1f packets a check-in at the IP layer, %.2f MB a month of %.0f; the meter says %.0f a check-in",
					name, each, float64(line.count)/hours, each*month/1e6, month, float64(told.SentBytes+told.ReceivedBytes)/hours)
				if each*month > budget {
					t.Errorf("more than %.0f MB a month", budget/1e6)
				}
				if n := s.Stats.Resumed.Load(); n != hours {
					t.Errorf("%d sessions were resumed of %d", n, hours)
				}
			})
		})
	}
}

// TestLinksStoreOnce has a host report to the real service and store over bad lines, in simulated time, sending again what was not
// answered: every assessment is stored, once, as it was measured, whichever of its answers got lost.
func TestLinksStoreOnce(t *testing.T) {
	warm(t)
	for name, lay := range map[string]func(begin time.Time, rnd *rand.Rand) func(bool, int) (time.Duration, bool){
		"low-orbit": func(begin time.Time, rnd *rand.Rand) func(bool, int) (time.Duration, bool) {
			return func(bool, int) (time.Duration, bool) {
				burst := (time.Since(begin)+3*time.Second)%(15*time.Second) < 150*time.Millisecond
				return 25 * time.Millisecond, burst && rnd.IntN(2) == 0 || rnd.IntN(100) == 0
			}
		},
		"bad-low-orbit": func(begin time.Time, rnd *rand.Rand) func(bool, int) (time.Duration, bool) {
			return func(bool, int) (time.Duration, bool) {
				since := time.Since(begin)
				burst := (since+3*time.Second)%(15*time.Second) < 500*time.Millisecond
				return 40*time.Millisecond + time.Duration(rnd.IntN(30))*time.Millisecond, since%time.Minute < 5*time.Second || burst && rnd.IntN(2) == 0 || rnd.IntN(100) < 5
			}
		},
		"answers-lost": func(time.Time, *rand.Rand) func(bool, int) (time.Duration, bool) {
			small := 0
			return func(up bool, size int) (time.Duration, bool) { // the line dies from the host's side on, in every second minute, once its report is out
				if up && size < 1000 {
					small++
				}
				return 25 * time.Millisecond, !up && size < 1000 && small%60 > 30
			}
		},
		"64-kbit": func(time.Time, *rand.Rand) func(bool, int) (time.Duration, bool) {
			free := map[bool]time.Time{}
			return func(up bool, size int) (time.Duration, bool) {
				start := time.Now()
				if free[up].After(start) {
					start = free[up]
				}
				free[up] = start.Add(time.Duration(size) * 8 * time.Second / 64_000)
				return time.Until(free[up]) + 50*time.Millisecond, false
			}
		},
		"mtu-1280": func(time.Time, *rand.Rand) func(bool, int) (time.Duration, bool) {
			return func(_ bool, size int) (time.Duration, bool) { return 25 * time.Millisecond, size > 1280 }
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s, a, line := simulated(t, 25*time.Millisecond)
				line.mu.Lock()
				line.fate = lay(time.Now(), rand.New(rand.NewPCG(5, 5)))
				line.mu.Unlock()
				sessions := tls.NewLRUClientSessionCache(4)
				want := map[uint64][]byte{}
				var last *vymirv1.Assessment
				failed, port := 0, uint16(2000)
				for sequence := uint64(1); sequence <= 24; sequence++ {
					next := sample(5, time.Now())
					next.Results[sequence].Reason = 1
					digest, err := wire.Digest(next)
					if err != nil {
						t.Fatal(err)
					}
					it := full(sequence, next)
					if last != nil && sequence%6 != 0 {
						it = delta(t, sequence, sequence-1, last, next)
					}
					for try := 0; ; try++ {
						port++
						c, err := wire.NewClient(wire.ClientOptions{Server: s.Addr(), Protocol: wire.QUIC, Roots: a.roots, Certificate: &a.cert, Sessions: sessions, PacketConn: line.socket(port)})
						if err != nil {
							t.Fatal(err)
						}
						ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
						r, err := c.CheckIn(ctx, connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version, NowMs: time.Now().UnixMilli(), Items: []*vymirv1.Item{it}}))
						cancel()
						c.Close()
						if err == nil {
							if r.Msg.Acknowledged != sequence || r.Msg.NeedFullFrom != 0 || len(r.Msg.Refused) > 0 {
								t.Fatal(r.Msg)
							}
							break
						}
						if failed++; try == 40 {
							t.Fatalf("not delivered: %v", err)
						}
						time.Sleep(time.Duration(40+7*try) * time.Second)
					}
					want[sequence], last = digest, next
					time.Sleep(13 * time.Minute)
				}
				if err := s.st.View(t.Context(), func(tx *store.Tx) error {
					all, err := tx.Assessments(a.id, 0, 100)
					if err != nil {
						return err
					}
					h, err := tx.Host(a.id)
					if err != nil || h.Conflicts != 0 || len(all) != len(want) {
						return fmt.Errorf("%d are stored of %d, %d conflicts: %w", len(all), len(want), h.Conflicts, err)
					}
					for _, kept := range all {
						if !bytes.Equal(kept.StateDigest, want[kept.Sequence]) {
							return fmt.Errorf("sequence %d is not what was measured", kept.Sequence)
						}
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
				t.Logf("%s: %d stored once, %d calls failed, %d items came again", name, len(want), failed, s.Stats.Repeated.Load())
			})
		})
	}
}

// socket gives the client's sockets on the line.
func (a *air) socket(port uint16) func(string) (net.PacketConn, error) {
	return func(string) (net.PacketConn, error) {
		return simnet.NewSimConn(&net.UDPAddr{IP: net.IPv4(192, 0, 2, 7), Port: int(port)}, a), nil
	}
}

// warm makes what the process makes once (compressors) outside of any bubble: their channels belong to nobody's then.
func warm(t *testing.T) {
	t.Helper()
	s := start(t, storetest.New(t), nil)
	a := s.enrol(t, wire.QUIC)
	now := time.Now()
	a.send(t, full(1, sample(5, now)))
	a.send(t, delta(t, 2, 1, sample(5, now), sample(4, now)))
}

// inBubble runs f in simulated time. Compressors that wait in pools belong to the bubble they were made in: two collections
// empty the pools, before and after.
func inBubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	empty := func() { runtime.GC(); runtime.GC() }
	empty()
	defer empty()
	synctest.Test(t, f)
}

// simulated is a server and an enrolled host on a line of their own. It is called inside a bubble of synctest.
func simulated(t *testing.T, delay time.Duration) (*server, *agent, *air) {
	t.Helper()
	line := &air{delay: delay}
	st := storetest.New(t)
	now := time.Now()
	ca, err := enrol.OpenCA(filepath.Join(t.TempDir(), "ca"), now)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Tx(t.Context(), func(tx *store.Tx) error {
		return errors.Join(
			tx.PutRecipient(store.Recipient{ID: "r-1", NameUK: "Лікарня", Created: now}), tx.PutSite(store.Site{ID: "s-1", RecipientID: "r-1", NameUK: "Корпус", Created: now}),
			controls.Accept(tx, catalogue(t), nil, "server", now))
	}); err != nil {
		t.Fatal(err)
	}
	revoked := enrol.NewRevocations(st, nil)
	s := &server{st: st, ca: ca, enroller: enrol.New(st, ca, revoked, nil)}
	where := simnet.NewSimConn(&net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 7443}, line)
	if s.Server, err = ingest.Listen(ingest.Options{PacketConn: where, Names: []string{"192.0.2.1"}, Store: st, CA: ca, Enroller: s.enroller, Revoked: revoked, Book: &controls.Book{}}); err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := errors.Join(s.Shutdown(ctx), <-served); err != nil {
			t.Error(err)
		}
	})
	return s, s.enrolBy(t, wire.ClientOptions{Protocol: wire.QUIC, PacketConn: line.socket(1999)}), line
}
