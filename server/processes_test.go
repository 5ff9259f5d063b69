package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// front is the one address that several server processes answer behind: what a load balancer is. It sends each caller's datagrams, and
// each TCP connection, to one of the processes in turn.
type front struct {
	addr string
	udp  *net.UDPConn
	tcp  net.Listener

	mu    sync.Mutex
	to    []string // processes that take new callers
	turn  int
	flows map[string]*net.UDPConn
	wg    sync.WaitGroup
}

func newFront(t *testing.T) *front {
	t.Helper()
	f := &front{addr: freeAddress(t), flows: map[string]*net.UDPConn{}}
	at, err := net.ResolveUDPAddr("udp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	if f.udp, err = net.ListenUDP("udp", at); err != nil {
		t.Fatal(err)
	}
	if f.tcp, err = net.Listen("tcp", f.addr); err != nil {
		t.Fatal(err)
	}
	f.wg.Go(f.datagrams)
	f.wg.Go(f.connections)
	t.Cleanup(func() {
		f.udp.Close()
		f.tcp.Close()
		f.mu.Lock()
		for _, c := range f.flows {
			c.Close()
		}
		f.mu.Unlock()
		f.wg.Wait()
	})
	return f
}

// set says which processes take new callers.
func (f *front) set(to ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.to = to
}

// next picks a process. It is called with mu held.
func (f *front) next() string {
	f.turn++
	return f.to[f.turn%len(f.to)]
}

func (f *front) datagrams() {
	b := make([]byte, 2048)
	for {
		n, from, err := f.udp.ReadFromUDP(b)
		if err != nil {
			return
		}
		f.mu.Lock()
		flow := f.flows[from.String()]
		if flow == nil {
			to, err := net.ResolveUDPAddr("udp", f.next())
			if err == nil {
				flow, err = net.DialUDP("udp", nil, to)
			}
			if err != nil {
				f.mu.Unlock()
				continue
			}
			f.flows[from.String()] = flow
			f.wg.Go(func() { f.answers(flow, from) })
		}
		f.mu.Unlock()
		flow.Write(b[:n]) //nolint:errcheck // a datagram that is lost
	}
}

func (f *front) answers(flow *net.UDPConn, to *net.UDPAddr) {
	b := make([]byte, 2048)
	for {
		n, err := flow.Read(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			f.udp.WriteToUDP(b[:n], to) //nolint:errcheck // a datagram that is lost
		}
	}
}

func (f *front) connections() {
	for {
		c, err := f.tcp.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		to := f.next()
		f.mu.Unlock()
		d, err := net.Dial("tcp", to)
		if err != nil {
			c.Close()
			continue
		}
		f.wg.Go(func() { io.Copy(d, c); d.Close() }) //nolint:errcheck // either end may go
		f.wg.Go(func() { io.Copy(c, d); c.Close() }) //nolint:errcheck // as above
	}
}

// behind makes an installation on PostgreSQL with two processes behind one address.
func behind(t *testing.T) (n *installation, f *front, addrs [2]string, ps [2]*process) {
	t.Helper()
	dsn := os.Getenv("VYMIR_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("needs PostgreSQL: set VYMIR_TEST_POSTGRES to the DSN of a database")
	}
	f = newFront(t)
	n = install(t, f.addr, storetest.Schema(t, dsn))
	for i := range addrs {
		addrs[i] = freeAddress(t)
		ps[i] = n.serve(addrs[i])
	}
	f.set(addrs[:]...)
	return n, f, addrs, ps
}

// TestRollingRestart replaces both processes behind one address, one after the other, twice, while agents report without a pause: no
// assessment is lost or there twice, each process drains and ends well, and sessions are taken up by whichever process answers.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	n, f, addrs, ps := behind(t)
	fleet := n.enrolled(16, 7)
	var count tally
	var failure sync.Map
	over, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		each(fleet, len(fleet), func(a *simulated) {
			for over.Err() == nil && a.last < 28 { // a host may call 30 times in a row
				if err := a.measure(&count); err != nil {
					failure.Store(a.number, err)
					return
				}
				a.checkIn(t.Context(), 0, &count) //nolint:errcheck // what failed comes again
				select {
				case <-over.Done():
				case <-time.After(time.Duration(a.rnd.Int64N(int64(400 * time.Millisecond)))):
				}
			}
		})
	}()
	for range 2 {
		for i, p := range ps {
			f.set(addrs[1-i])
			p.stop(syscall.SIGTERM)
			if code := p.cmd.ProcessState.ExitCode(); code != 0 {
				t.Errorf("a process that was asked to end ended with %d: %s", code, n.log())
			}
			ps[i] = n.serve(addrs[i])
			f.set(addrs[:]...)
		}
	}
	stop()
	<-done
	each(fleet, len(fleet), func(a *simulated) {
		var err error
		for try := 0; len(a.waiting) > 0 && try < 100; try++ {
			if err = a.checkIn(t.Context(), 0, &count); err != nil {
				time.Sleep(100 * time.Millisecond)
			}
		}
		if len(a.waiting) > 0 {
			failure.Store(a.number, err)
		}
	})
	failure.Range(func(k, v any) bool { t.Errorf("agent %v: %v", k, v); return true })
	stored := compare(t, n.open(), fleet)
	t.Logf("4 restarts under %d agents: %d measured, %d stored, %d calls of which %d failed and came again", len(fleet), count.measured.Load(), stored, count.calls.Load(), count.failed.Load())
}

// TestRevokedEverywhere has a host connected to two processes. A third process revokes it: within five seconds of it neither lets it in
// any more, not on the open connection, not by a resumed session, not by a new one.
func TestRevokedEverywhere(t *testing.T) {
	t.Parallel()
	n, _, addrs, _ := behind(t)
	fleet := n.enrolled(2, 8)
	bad, good := fleet[0], fleet[1]
	client := func(a *simulated, addr string, p wire.Protocol, sessions tls.ClientSessionCache) *wire.Client {
		t.Helper()
		o := a.options()
		o.Server, o.Protocol, o.Roots, o.Certificate, o.Sessions = addr, p, a.roots, &a.cert, sessions
		c, err := wire.NewClient(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	call := func(c *wire.Client) error {
		_, err := c.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version}))
		return err
	}
	// Each way in is tried until the moment counts: what a process remembers of the host is fresh then.
	ways := map[string]func() error{}
	for i, addr := range addrs {
		for _, p := range []wire.Protocol{wire.QUIC, wire.TCP} {
			name := []string{"first", "second"}[i] + " process, " + string(p)
			sessions := &sessions{ClientSessionCache: tls.NewLRUClientSessionCache(1)}
			open := client(bad, addr, p, nil)
			ways[name+", open connection"] = func() error { return call(open) }
			ways[name+", new connection"] = func() error { return call(client(bad, addr, p, nil)) }
			ways[name+", resumed session"] = func() error {
				taken := sessions.taken
				c := client(bad, addr, p, sessions)
				defer c.Close()
				err := call(c)
				if err == nil {
					return nil
				}
				if sessions.taken == taken {
					t.Errorf("%s: no session was at hand to be resumed", name)
				}
				return err
			}
		}
	}
	for name, try := range ways {
		if err := try(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	n.run("hosts", "revoke", bad.id, "--reason", "stolen")
	time.Sleep(5 * time.Second) // what is promised
	for name, try := range ways {
		if err := try(); !wire.IdentityRefused(err) {
			t.Errorf("%s: five seconds after it was revoked: %v", name, err)
		}
	}
	for _, addr := range addrs {
		if err := call(client(good, addr, wire.QUIC, nil)); err != nil {
			t.Errorf("another host suffers: %v", err)
		}
	}
}

// sessions counts the TLS sessions that were taken out to be resumed.
type sessions struct {
	tls.ClientSessionCache
	taken int
}

// Get implements [tls.ClientSessionCache].
func (s *sessions) Get(key string) (*tls.ClientSessionState, bool) {
	cs, ok := s.ClientSessionCache.Get(key)
	if ok {
		s.taken++
	}
	return cs, ok
}
