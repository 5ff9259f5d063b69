package probe

import (
	"net"
	"net/netip"
	"os"
	osexec "os/exec"
	"sync"
	"testing"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/exec"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
	"github.com/vymir-project/vymir/collector/internal/probe/tcp"
	"github.com/vymir-project/vymir/collector/internal/probe/udp"
)

// stallFor says how long the test below stalls the reader; make bench-probes says 10s.
const stallFor = "VYMIR_STALL"

// perSecond is how many datagrams are sent a second while the reader stands still.
const perSecond = 50_000

// While the reader of the ring stands still, 50,000 datagrams a second are sent, connections made and programs run, and
// all of them are to be told. Each finds room in the ring or is counted as lost to it, and none is missing in the facts.
func TestStalledReaderMissesNothing(t *testing.T) {
	hooktest.NeedRoot(t)
	d := 200 * time.Millisecond
	if long := os.Getenv(stallFor); long != "" {
		var err error
		if d, err = time.ParseDuration(long); err != nil {
			t.Fatal(err)
		}
	}
	s := openSet(t, Options{})
	needProven(t, s)
	w := &watcher{events: make(chan Event, 2*hook.RingSize/hook.HeaderSize), gone: make(chan struct{})}
	resume := s.ring.Stall()
	if err := s.join(w); err != nil {
		t.Fatal(err)
	}
	defer s.leave(w)
	before := losses(s)
	c := causeStorm(t, d)
	resume()

	told := map[string]uint64{}
	for event, caused := range c.caused {
		lost := func(cause string) uint64 { return losses(s)[event][cause] - before[event][cause] }
		counted, missed := c.countedIn(s.Snapshot(time.Now()))[event], lost(hook.LostRecursion)
		if counted > caused || counted+missed < caused {
			t.Errorf("%s: %d counted and %d missed of %d", event, counted, missed, caused)
		}
		share := uint64(1)
		if other(event) != "" {
			share = 2
		}
		if !hooktest.Await(t, func() bool {
			s.flush()
			for len(w.events) > 0 {
				if kind := c.kindOf(<-w.events); kind != "" {
					told[kind]++
				}
			}
			return told[event]+told[other(event)]+share*missed+lost(hook.LostRingFull) >= share*caused
		}) {
			t.Errorf("%s: %d told and %d without room in the ring of %d", event, told[event], lost(hook.LostRingFull), caused)
		}
		t.Logf("%s: %d caused, %.0f a second; %d counted, %d told, %d without room in the ring, %d missed by the kernel", event,
			caused, float64(caused)/c.took.Seconds(), counted, told[event], lost(hook.LostRingFull), missed)
	}
}

// storm is what a test caused, by the names of events in facts.
type storm struct {
	caused         map[string]uint64
	took           time.Duration
	program        string // that was run
	server, listen uint16 // the ports that datagrams went to, and connections
}

// causeStorm sends datagrams at their rate, and beside it runs programs and makes connections, for so long.
func causeStorm(t *testing.T, d time.Duration) *storm {
	t.Helper()
	c := &storm{caused: map[string]uint64{}, program: copyTrue(t)}
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c.server = portOf(server.LocalAddr())
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c.listen = portOf(l.Addr())

	began := time.Now()
	var runs, connections uint64
	var beside sync.WaitGroup
	beside.Go(func() {
		for ; time.Since(began) < d; runs++ {
			if err := osexec.Command(c.program).Run(); err != nil {
				t.Error(err)
				return
			}
		}
	})
	beside.Go(func() {
		for ; time.Since(began) < d; connections++ {
			client, err := net.Dial("tcp4", l.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			accepted, err := l.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			_ = client.(*net.TCPConn).SetLinger(0)
			client.Close()
			accepted.Close()
		}
	})
	all := uint64(perSecond * d / time.Second)
	for sent := uint64(0); sent < all; {
		for due := min(all, uint64(perSecond*time.Since(began)/time.Second)); sent < due; sent++ {
			if _, err := server.WriteTo([]byte("x"), server.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(time.Millisecond)
	}
	c.took = time.Since(began)
	beside.Wait()
	c.caused[udp.Event], c.caused[exec.Event] = all, runs
	c.caused[tcp.Connect], c.caused[tcp.Accept] = connections, connections
	return c
}

// countedIn finds what was caused in the facts, by the names of events.
func (c *storm) countedIn(r *facts.Runtime) map[string]uint64 {
	n := map[string]uint64{}
	for _, p := range r.Programs {
		if p.Path == c.program {
			n[exec.Event] += p.Count
		}
	}
	for _, f := range r.Connections {
		switch {
		case f.Port != c.listen:
		case f.Direction == "out":
			n[tcp.Connect] += f.Count
		default:
			n[tcp.Accept] += f.Count
		}
	}
	for _, f := range r.Datagrams {
		if f.Port == c.server {
			n[udp.Event] += f.Count
		}
	}
	return n
}

// kindOf names an event as facts name its kind; "": it was somebody else's.
func (c *storm) kindOf(e Event) string {
	if e.Program == c.program {
		return exec.Event
	}
	if peer, err := netip.ParseAddrPort(e.Peer); err == nil && (peer.Port() == c.server || peer.Port() == c.listen) {
		return e.Kind
	}
	return ""
}

// other is the event that an event shares its losses with; "": none.
func other(event string) string {
	switch event {
	case tcp.Connect:
		return tcp.Accept
	case tcp.Accept:
		return tcp.Connect
	}
	return ""
}

// losses are those of every hook, by event and cause.
func losses(s *Set) map[string]map[string]uint64 {
	all := map[string]map[string]uint64{}
	for _, h := range s.Hooks() {
		all[h.Event] = h.Losses
	}
	return all
}

func portOf(a net.Addr) uint16 {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return 0
	}
	return p.Port()
}
