package server_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/server/internal/store"
)

const (
	lineServer = "10.203.78.1"
	lineHost   = "10.203.78.2"
)

// fate says of a packet how long it takes and whether it is lost.
type fate func(l *line, up bool, ip []byte) (delay time.Duration, lost bool)

// line is a wire between two network namespaces that leads through this process: each end is a TUN device. It counts packets as they are
// sent, lost ones included.
type line struct {
	ends [2]*os.File // of the server, of the host

	mu    sync.Mutex
	fate  fate
	begin time.Time
	rnd   *rand.Rand
	free  [2]time.Time // when each direction of a slow line is free again
	shift uint16       // of the ports that a carrier's NAT gives the host
	nat   map[uint16]bool
	bytes int
	last  time.Time
}

// inNamespace calls f on a thread that is in a network namespace meanwhile; what f opens stays there. The thread goes back afterwards
// and does not end: programs that it started would be killed with it (see launch).
func inNamespace(name string, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	ns, err := os.Open(filepath.Join("/run/netns", name))
	if err != nil {
		return err
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return err
	}
	defer func() {
		if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
			panic("the thread is lost in another network namespace: " + err.Error())
		}
	}()
	return f()
}

// newLine lays a line between the two namespaces of a world.
func newLine(t *testing.T, w *world) *line {
	t.Helper()
	l := &line{rnd: rand.New(rand.NewPCG(5, 5)), begin: time.Now(), nat: map[uint16]bool{}}
	for i, ns := range []string{w.serverNS, w.hostNS} {
		if err := inNamespace(ns, func() error {
			fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
			if err != nil {
				return err
			}
			r, err := unix.NewIfreq("t0")
			if err != nil {
				return err
			}
			r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, r); err != nil {
				return err
			}
			l.ends[i] = os.NewFile(uintptr(fd), "tun")
			return nil
		}); err != nil {
			t.Skipf("needs TUN devices: %v", err)
		}
		w.must("ip", "-n", ns, "addr", "add", []string{lineServer, lineHost}[i]+"/24", "dev", "t0")
		w.must("ip", "-n", ns, "link", "set", "t0", "up", "mtu", "1500")
	}
	go l.carry(l.ends[1], l.ends[0], true)
	go l.carry(l.ends[0], l.ends[1], false)
	t.Cleanup(func() { l.ends[0].Close(); l.ends[1].Close() })
	return l
}

func (l *line) carry(from, to *os.File, up bool) {
	type parcel struct {
		at time.Time
		ip []byte
	}
	queue := make(chan parcel, 1<<14)
	defer close(queue)
	go func() {
		for p := range queue {
			time.Sleep(time.Until(p.at))
			to.Write(p.ip) //nolint:errcheck // the end is closed
		}
	}()
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if ip := bytes.Clone(buf[:n]); n > 20 && ip[0]>>4 == 4 {
			if delay, lost := l.pass(ip, up); !lost {
				queue <- parcel{time.Now().Add(delay), ip}
			}
		}
	}
}

func (l *line) pass(ip []byte, up bool) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes += len(ip)
	l.last = time.Now()
	delay, lost := l.fate(l, up, ip)
	return delay, lost || !l.translate(ip, up)
}

// translate gives the host's packets the ports of a carrier's NAT, and takes back those that came to one it has now.
func (l *line) translate(ip []byte, up bool) bool {
	body, sum := ip[int(ip[0]&15)*4:], 6
	switch {
	case l.shift == 0:
		return true
	case ip[9] == syscall.IPPROTO_TCP:
		sum = 16
	case ip[9] != syscall.IPPROTO_UDP:
		return true
	}
	at, by := 0, l.shift
	if !up {
		at, by = 2, -l.shift
	}
	if len(body) < sum+2 {
		return false
	}
	old := binary.BigEndian.Uint16(body[at:])
	port := old + by
	if up {
		l.nat[port] = true
	} else if !l.nat[old] {
		return false
	}
	binary.BigEndian.PutUint16(body[at:], port)
	c := uint32(^binary.BigEndian.Uint16(body[sum:])) + uint32(^old) + uint32(port) // RFC 1624
	c = c&0xffff + c>>16
	c = c&0xffff + c>>16
	binary.BigEndian.PutUint16(body[sum:], ^uint16(c))
	return true
}

// set puts the line into a state, so many seconds into its first minute.
func (l *line) set(f fate, phase time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fate, l.begin = f, time.Now().Add(-phase)
}

// rebind has the NAT forget what it knew.
func (l *line) rebind() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shift += 7
	clear(l.nat)
}

// quiet waits until nothing was sent for a while and gives what was sent since the last time.
func (l *line) quiet() int {
	for {
		l.mu.Lock()
		idle, sum := time.Since(l.last), l.bytes
		if idle > 400*time.Millisecond {
			l.bytes = 0
			l.mu.Unlock()
			return sum
		}
		l.mu.Unlock()
		time.Sleep(50 * time.Millisecond)
	}
}

func steady(delay time.Duration) fate {
	return func(*line, bool, []byte) (time.Duration, bool) { return delay, false }
}

func within(l *line, after, part, period time.Duration) bool {
	return (time.Since(l.begin)+after)%period < part
}

// badLines are the lines of the table, in its order.
var badLines = []struct {
	name   string
	fate   fate
	tries  int
	small  bool // larger packets are dropped silently: TCP of usual segments cannot do it
	rebind bool // the NAT forgets in the middle of each exchange
}{
	{"50 ms there and back", steady(25 * time.Millisecond), 3, false, false},
	{"low orbit", func(l *line, _ bool, _ []byte) (time.Duration, bool) {
		burst := within(l, 3*time.Second, 150*time.Millisecond, 15*time.Second)
		return 25*time.Millisecond + time.Duration(l.rnd.IntN(7))*time.Millisecond, burst && l.rnd.IntN(2) == 0 || l.rnd.IntN(100) == 0
	}, 12, false, false},
	{"bad low orbit", func(l *line, _ bool, _ []byte) (time.Duration, bool) {
		out := within(l, 0, 5*time.Second, time.Minute)
		burst := within(l, 3*time.Second, 500*time.Millisecond, 15*time.Second)
		return 40*time.Millisecond + time.Duration(l.rnd.IntN(30))*time.Millisecond, out || burst && l.rnd.IntN(2) == 0 || l.rnd.IntN(100) < 5
	}, 12, false, false},
	{"64 kbit/s", func(l *line, up bool, ip []byte) (time.Duration, bool) {
		i := 0
		if up {
			i = 1
		}
		start := time.Now()
		if l.free[i].After(start) {
			start = l.free[i]
		}
		l.free[i] = start.Add(time.Duration(len(ip)) * 8 * time.Second / 64_000)
		return time.Until(l.free[i]) + 50*time.Millisecond, false
	}, 3, false, false},
	{"1,280 bytes at most", func(_ *line, _ bool, ip []byte) (time.Duration, bool) {
		return 25 * time.Millisecond, len(ip) > 1280
	}, 3, true, false},
	{"1,200 bytes at most", func(_ *line, _ bool, ip []byte) (time.Duration, bool) {
		return 25 * time.Millisecond, len(ip) > 1200
	}, 3, true, false},
	{"NAT rebinds in each exchange", steady(25 * time.Millisecond), 3, false, true},
	{"UDP blocked", func(_ *line, _ bool, ip []byte) (time.Duration, bool) {
		return 25 * time.Millisecond, ip[9] == syscall.IPPROTO_UDP
	}, 3, false, false},
}

// until repeats a call until it is answered, as an agent does (which would wait longer between two), and gives how long that took.
func (l *line) until(t *testing.T, name string, rebind bool, call func(context.Context) error) time.Duration {
	t.Helper()
	begin := time.Now()
	for try := 0; ; try++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if rebind && try == 0 {
			time.AfterFunc(130*time.Millisecond, l.rebind)
		}
		err := call(ctx)
		cancel()
		if err == nil {
			return time.Since(begin)
		}
		if try == 10 {
			t.Fatalf("%s: not delivered: %v", name, err)
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// TestBytesOnBadLines sends the same reports by the two over lines that delay, lose, shrink and forget: ours to a real server process, and
// JSON by gzip over HTTPS, both by this machine's own UDP and TCP, and counts what is sent either way at the IP layer, repeats and what gets
// lost included. At the end every assessment is stored exactly once.
//
// It runs when VYMIR_WIRE is set (make bench-lines); some minutes.
func TestBytesOnBadLines(t *testing.T) {
	if os.Getenv("VYMIR_WIRE") == "" {
		t.Skip("set VYMIR_WIRE")
	}
	w := newWorld(t)
	l := newLine(t, w)
	l.set(steady(time.Millisecond), 0)
	w.write(w.serverConf, fmt.Sprintf("state: %s/server\nagents: {listen: '%s:%s'}\nweb: {listen: '127.0.0.1:8443'}\n", w.dir, lineServer, port))
	p := w.serve()
	lean, whole := bothForms(t)
	var listener net.Listener
	if err := inNamespace(w.serverNS, func() (err error) {
		listener, err = net.Listen("tcp4", lineServer+":9443")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	json := jsonServer(t, listener, net.ParseIP(lineServer))
	dial := func(control func(string, string, syscall.RawConn) error) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, _, addr string) (c net.Conn, err error) {
			err = inNamespace(w.hostNS, func() (err error) {
				c, err = (&net.Dialer{Control: control}).DialContext(ctx, "tcp4", addr)
				return err
			})
			return c, err
		}
	}
	var fleet []*simulated
	var table strings.Builder
	row := func(cells ...string) { table.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	kb := func(bytes, n int) string { return fmt.Sprintf("%.1f KB", float64(bytes)/float64(n)/1000) }
	for _, line := range badLines {
		protocol := wire.Auto
		cells := []string{line.name}
		var tookOurs, tookTheirs []time.Duration
		for _, c := range []struct {
			changes       int
			full, resumed bool
			body          any
		}{{0, true, false, whole}, {3, false, true, whole}, {-1, false, true, nothing("h-1234567890123")}} {
			l.set(steady(time.Millisecond), 0)
			a := newSimulated(len(fleet), net.JoinHostPort(lineServer, port), protocol, 7) // another each time: what one may send is limited
			a.open = func(o *wire.ClientOptions) {
				o.Dial, o.HandshakeTimeout, o.IdleTimeout = dial(wire.SmallSegments), 5*time.Second, 30*time.Second
				o.PacketConn = func(string) (p net.PacketConn, err error) {
					err = inNamespace(w.hostNS, func() (err error) { p, err = net.ListenPacket("udp4", lineHost+":0"); return err })
					return p, err
				}
			}
			if err := a.enrol(t.Context(), w.token()); err != nil {
				t.Fatal(err)
			}
			fleet = append(fleet, a)
			r := &reporter{agent: a, lean: lean, base: lean}
			ours := func(changes int, full bool, phase time.Duration, f fate, rebind bool) {
				req := r.next(t, changes, full)
				l.set(f, phase)
				tookOurs = append(tookOurs, l.until(t, line.name, rebind, func(ctx context.Context) error {
					_, used, err := r.call(ctx, req, c.resumed)
					if err == nil && used == wire.TCP {
						protocol, a.protocol = wire.TCP, wire.TCP // remembered for this network
					}
					return err
				}))
			}
			theirs := func(phase time.Duration, f fate, rebind bool) {
				sessions := json.fresh()
				if c.resumed {
					sessions = json.again
				}
				control := ethernet
				if line.small {
					control = wire.SmallSegments
				}
				l.set(f, phase)
				tookTheirs = append(tookTheirs, l.until(t, line.name+", JSON", rebind, func(ctx context.Context) error {
					return post(ctx, dial(control), listener.Addr().String(), sessions, c.body)
				}))
			}
			if c.resumed { // the session that is taken up
				ours(0, true, 0, steady(time.Millisecond), false)
				theirs(0, steady(time.Millisecond), false)
				tookOurs, tookTheirs = nil, nil
			}
			l.quiet()
			for n := range line.tries {
				ours(c.changes, c.full, time.Duration(n)*time.Minute/time.Duration(line.tries), line.fate, line.rebind)
			}
			mine := l.quiet()
			for n := range line.tries {
				theirs(time.Duration(n)*time.Minute/time.Duration(line.tries), line.fate, line.rebind)
			}
			other := l.quiet()
			cells = append(cells, fmt.Sprintf("%s / %s", kb(mine, line.tries), kb(other, line.tries)))
		}
		slices.Sort(tookOurs)
		slices.Sort(tookTheirs)
		cells = append(cells, fmt.Sprintf("%s / %s", tookOurs[len(tookOurs)/2].Round(10*time.Millisecond), tookTheirs[len(tookTheirs)/2].Round(10*time.Millisecond)),
			fmt.Sprintf("%s / %s", tookOurs[len(tookOurs)-1].Round(10*time.Millisecond), tookTheirs[len(tookTheirs)-1].Round(10*time.Millisecond)))
		if line.small {
			l.set(line.fate, 0)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			err := post(ctx, dial(ethernet), listener.Addr().String(), json.fresh(), whole)
			cancel()
			cells[0] += " (JSON with small segments"
			if errors.Is(err, context.DeadlineExceeded) {
				cells[0] += "; with usual ones it does not get through"
			}
			cells[0] += ")"
			l.quiet()
		}
		row(cells...)
		t.Logf("\n%s", table.String())
	}

	// A month of assessments that waited, by the hour.
	l.set(steady(time.Millisecond), 0)
	r := &reporter{agent: fleet[1], lean: lean, base: fleet[1].now}
	waiting := 0
	l.quiet()
	for waiting < 30*24 {
		req := r.next(t, 3, false)
		for len(req.Items) < 32 && waiting+len(req.Items) < 30*24 {
			req.Items = append(req.Items, r.next(t, 3, false).Items...)
		}
		waiting += len(req.Items)
		l.until(t, "a month", false, func(ctx context.Context) error { _, _, err := r.call(ctx, req, true); return err })
	}
	mine := l.quiet()
	l.until(t, "a month, JSON", false, func(ctx context.Context) error {
		return posts(ctx, dial(ethernet), listener.Addr().String(), json.again, whole, waiting)
	})
	row("720 assessments at once, after 30 days", fmt.Sprintf("%d KB / %d KB", mine/1000, l.quiet()/1000), "", "", "", "")
	p.stop(syscall.SIGTERM)
	st, err := store.Open(t.Context(), filepath.Join(w.dir, "server", "vymir.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	stored := compare(t, st, fleet)
	t.Logf("ours / JSON and gzip over HTTPS, at the IP layer, both ways; %d assessments, each stored once\n| line | first report | night, 3 of %d changed | nothing new | time, median | time, most |\n|---|---|---|---|---|---|\n%s",
		stored, len(lean.Results), table.String())
}
