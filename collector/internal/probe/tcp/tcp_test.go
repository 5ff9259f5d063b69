package tcp

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/flow"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

var bpfKinds = []string{hook.TracingBTF, hook.Raw, hook.Tracepoint}

func open(t *testing.T, kind string, o hook.Options) *Probe {
	t.Helper()
	hooktest.NeedRoot(t)
	p := Open(t.Context(), Options{Options: o, Kinds: []string{kind}})
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	for _, h := range p.Hooks() {
		hooktest.NeedProven(t, kind, h)
	}
	return p
}

// flows gives what was seen since the last time at one port, by direction.
func flows(t *testing.T, p *Probe, port uint16) map[flow.Direction]flow.Seen {
	t.Helper()
	all := map[flow.Direction]flow.Seen{}
	err := p.Drain(hook.Now(), func(s flow.Seen) {
		if s.Port == port || s.Port == 0 && !s.Peer.IsValid() { // a full map tells no ports that are given out at random
			have := all[s.Direction]
			s.Count += have.Count
			s.Sent += have.Sent
			s.Received += have.Received
			s.Failed += have.Failed
			all[s.Direction] = s
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func portOf(l net.Listener) uint16 { return l.Addr().(*net.TCPAddr).AddrPort().Port() }

// talk connects, sends 5 bytes, gets 3 back, and closes both ends.
func talk(t *testing.T, l net.Listener) {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(s, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte("bye")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).SetLinger(0)
	c.Close()
	s.Close()
}

func TestConnectionsAreSeenByEveryKind(t *testing.T) {
	for _, kind := range bpfKinds {
		for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
			t.Run(kind+"/"+strings.Trim(address, ":0[]"), func(t *testing.T) {
				p := open(t, kind, hook.Options{Ring: hooktest.Ring(t)})
				l := listen(t, "tcp", address)
				peer := netip.MustParseAddrPort(l.Addr().String()).Addr()
				talk(t, l)
				talk(t, l)
				got := flows(t, p, portOf(l))
				for _, d := range []flow.Direction{flow.Out, flow.In} {
					s := got[d]
					if s.Count != 2 || s.Peer != peer || s.UID != 0 || s.Program == "" {
						t.Errorf("%s: %+v, want 2 with %s", d, s, peer)
					}
					if kind == hook.TracingBTF && s.Program != hook.Command() {
						t.Errorf("%s: program %q, want %q", d, s.Program, hook.Command())
					}
				}
				if kind == hook.Tracepoint {
					return // it cannot tell bytes
				}
				if s := got[flow.Out]; s.Sent != 10 || s.Received != 6 {
					t.Errorf("out: %d bytes sent, %d received, want 10 and 6", s.Sent, s.Received)
				}
				if s := got[flow.In]; s.Sent != 6 || s.Received != 10 {
					t.Errorf("in: %d bytes sent, %d received, want 6 and 10", s.Sent, s.Received)
				}
			})
		}
	}
}

func TestRefusedConnectionIsAFailure(t *testing.T) {
	for _, kind := range bpfKinds {
		t.Run(kind, func(t *testing.T) {
			p := open(t, kind, hook.Options{Ring: hooktest.Ring(t)})
			l := listen(t, "tcp4", "127.0.0.1:0")
			port := portOf(l)
			l.Close()
			if _, err := net.Dial("tcp4", l.Addr().String()); !errors.Is(err, unix.ECONNREFUSED) {
				t.Fatalf("dial: %v, want refused", err)
			}
			if s := flows(t, p, port)[flow.Out]; s.Count != 0 || s.Failed != 1 {
				t.Errorf("%+v, want one failure and no connection", s)
			}
		})
	}
}

// Who listened before the probe came is found in procfs.
func TestEarlierListenerIsKnown(t *testing.T) {
	hooktest.NeedRoot(t)
	l := listen(t, "tcp4", "127.0.0.1:0")
	p := open(t, hook.TracingBTF, hook.Options{Ring: hooktest.Ring(t)})
	talk(t, l)
	if s := flows(t, p, portOf(l))[flow.In]; s.Program != hook.Command() || s.Count != 1 {
		t.Errorf("%+v, want one accepted by %s", s, hook.Command())
	}
}

// When there is no room for more peers, connections are counted without them, and none is lost.
func TestFullMapCountsWithoutPeers(t *testing.T) {
	for _, kind := range bpfKinds {
		t.Run(kind, func(t *testing.T) {
			p := open(t, kind, hook.Options{Ring: hooktest.Ring(t), MaxEntries: map[string]uint32{"flows": 4}})
			l := listen(t, "tcp4", "0.0.0.0:0")
			_, port, _ := net.SplitHostPort(l.Addr().String())
			const peers = 12
			for i := range peers {
				address := netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)}).String()
				c, err := net.Dial("tcp4", net.JoinHostPort(address, port))
				if err != nil {
					t.Fatal(err)
				}
				s, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				_ = c.(*net.TCPConn).SetLinger(0)
				c.Close()
				s.Close()
			}
			var out, in, without uint64
			err := p.Drain(hook.Now(), func(s flow.Seen) {
				if s.Port != portOf(l) && (s.Port != 0 || s.Peer.IsValid() || s.Class != "loopback") {
					return
				}
				if s.Direction == flow.Out {
					out += s.Count
				} else {
					in += s.Count
				}
				if !s.Peer.IsValid() {
					without += s.Count
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if out != peers || in != peers || without < peers-4 {
				t.Errorf("%d out, %d in, %d without peer; want %d, %d, at least %d", out, in, without, peers, peers, peers-4)
			}
			if !p.Coarse() {
				t.Error("the probe does not say that peers are missing")
			}
		})
	}
}

func TestParseSockets(t *testing.T) {
	b, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		t.Skip("needs /proc/net/tcp")
	}
	if _, err := parseSockets(strings.NewReader(string(b))); err != nil {
		t.Error(err)
	}
	const line = "   0: 0100007F:1F90 0200007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 20 4 30 10 -1"
	s, ok := parseSocket(line)
	want := socket{
		local: netip.MustParseAddrPort("127.0.0.1:8080"), remote: netip.MustParseAddrPort("127.0.0.2:54321"),
		state: stateEstablished, uid: 1000, inode: 4711,
	}
	if !ok || s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
	const six = "   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1"
	if s, ok = parseSocket(six); !ok || s.local != netip.MustParseAddrPort("[::1]:80") || s.state != stateListen {
		t.Errorf("got %+v", s)
	}
}

func FuzzParseSocket(f *testing.F) {
	f.Add("0: 0100007F:1F90 0200007F:D431 01 0:0 0:0 0 1000 0 4711")
	f.Add("0: 00000000000000000000000001000000:0050 ::0 0A")
	f.Fuzz(func(t *testing.T, line string) { parseSocket(line) })
}

// The poller proves itself with an open connection, since one that ends at once is just what it cannot see.
func TestPollProvesItself(t *testing.T) {
	p := Open(t.Context(), Options{Kinds: []string{hook.Poll}})
	defer p.Close()
	for _, h := range p.Hooks() {
		if h.State != hook.Proven || h.Kind != hook.Poll || h.Reason == "" {
			t.Errorf("hook %+v, want proven poll with what it misses", h)
		}
	}
}

// 50,000 events while nobody reads: each is told, or counted as lost to the ring, and all are in the map.
func TestStalledReaderLeavesNothingUncounted(t *testing.T) {
	if testing.Short() {
		t.Skip("needs some seconds")
	}
	p := open(t, hook.TracingBTF, hook.Options{Ring: hooktest.Ring(t)})
	if err := p.Watch(true); err != nil {
		t.Fatal(err)
	}
	before, err := p.choice.Source.Counters()
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t, "tcp4", "127.0.0.1:0")
	const connections = 25000
	for range connections {
		c, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		s, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
		s.Close()
	}
	after, err := p.choice.Source.Counters()
	if err != nil {
		t.Fatal(err)
	}
	seen := after.Seen + after.SeenIn - before.Seen - before.SeenIn
	told, lost := after.Told-before.Told, after.Losses[hook.LostRingFull]-before.Losses[hook.LostRingFull]
	missed := after.Losses[hook.LostRecursion] - before.Losses[hook.LostRecursion]
	if seen != told+lost || lost == 0 {
		t.Errorf("%d seen, %d told, %d lost", seen, told, lost)
	}
	got := flows(t, p, portOf(l))
	counted := got[flow.Out].Count + got[flow.In].Count
	if counted+missed < 2*connections {
		t.Errorf("%d counted and %d missed of %d", counted, missed, 2*connections)
	}
	t.Logf("%d seen, %d told, %d lost to the ring, %d counted, %d missed", seen, told, lost, counted, missed)
}

func TestListeningIsKnownWhileItLasts(t *testing.T) {
	for _, kind := range bpfKinds {
		t.Run(kind, func(t *testing.T) {
			p := open(t, kind, hook.Options{Ring: hooktest.Ring(t)})
			l := listen(t, "tcp4", "127.0.0.1:0")
			port := l.Addr().(*net.TCPAddr).AddrPort().Port()
			find := func() (found []Listening) {
				if err := p.Listening(hook.Now(), func(l Listening) {
					if l.Port == port {
						found = append(found, l)
					}
				}); err != nil {
					t.Fatal(err)
				}
				return found
			}
			got := find()
			if len(got) != 1 || got[0].Program == "" || int(got[0].UID) != os.Getuid() || got[0].Since.IsZero() {
				t.Errorf("listening: %+v", got)
			}
			l.Close()
			if got := find(); len(got) != 0 {
				t.Errorf("listening after its end: %+v", got)
			}
		})
	}
}
