package ingest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/ingest"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// tap is a UDP socket that looks at what comes and may let it get lost.
type tap struct {
	net.PacketConn
	deaf      bool // only a Retry gets through
	retries   atomic.Int64
	sent, got atomic.Int64 // bytes
	heard     chan struct{}
	once      sync.Once
}

// listen opens a tap on an address of the loopback.
func listen(t testing.TB, ip string, deaf bool) *tap {
	t.Helper()
	pc, err := net.ListenPacket("udp4", net.JoinHostPort(ip, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	return &tap{PacketConn: pc, deaf: deaf, heard: make(chan struct{})}
}

func (p *tap) socket(string) (net.PacketConn, error) { return p, nil }

func (p *tap) WriteTo(b []byte, to net.Addr) (int, error) {
	p.sent.Add(int64(len(b)))
	return p.PacketConn.WriteTo(b, to)
}

func (p *tap) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := p.PacketConn.ReadFrom(b)
		if err != nil {
			return n, from, err
		}
		p.got.Add(int64(n))
		retry := n > 0 && b[0]&0xf0 == 0xf0 // a long header of that type: RFC 9000, 17.2.5
		if retry {
			p.retries.Add(1)
		}
		p.once.Do(func() { close(p.heard) })
		if retry || !p.deaf {
			return n, from, nil
		}
	}
}

// knock begins a handshake by hand, as a stranger. It goes on until ctx ends; the channel gives how it ended.
func (s *server) knock(ctx context.Context, p net.PacketConn) <-chan error {
	ended := make(chan error, 1)
	tr := &quic.Transport{Conn: p}
	to, err := net.ResolveUDPAddr("udp4", s.Addr())
	if err != nil {
		ended <- err
		return ended
	}
	go func() {
		c, err := tr.Dial(ctx, to, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{http3.NextProtoH3}}, &quic.Config{HandshakeIdleTimeout: time.Minute})
		if err == nil {
			c.CloseWithError(0, "") //nolint:errcheck // it is over either way
		}
		ended <- err
		tr.Close()
	}()
	return ended
}

// until waits for something that the server does in its own time.
func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !f(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("did not happen within a minute: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// another is a further client of the same host, from an address of the loopback.
func (s *server) another(t testing.TB, a *agent, p wire.Protocol, from *tap) *wire.Client {
	t.Helper()
	o := wire.ClientOptions{Protocol: p, Roots: a.roots, Certificate: &a.cert}
	if from != nil {
		o.PacketConn = from.socket
	}
	return s.client(t, o)
}

func report(t testing.TB, c *wire.Client, sequence uint64) {
	t.Helper()
	r, err := c.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version, Items: []*vymirv1.Item{full(sequence, sample(5, time.Now()))}, NowMs: time.Now().UnixMilli()}))
	if err != nil || r.Msg.Acknowledged != sequence {
		t.Errorf("report %d: %v, %v", sequence, r, err)
	}
}

// TestAddressIsProvenUnderLoad: within the bound handshakes begin at once; beyond it the server answers a Retry that is smaller than what
// came, and keeps nothing. Hosts get through by one round trip more.
func TestAddressIsProvenUnderLoad(t *testing.T) {
	const free = 8
	s := start(t, storetest.New(t), func(o *ingest.Options) {
		o.Limits = ingest.Limits{Handshakes: free, HandshakesEvery: time.Hour}
	})
	a := s.enrol(t, wire.QUIC) // the first handshake
	quiet := listen(t, "127.0.0.1", false)
	report(t, s.another(t, a, wire.QUIC, quiet), 1) // the second
	if quiet.retries.Load() != 0 || s.Stats.Retried.Load() != 0 {
		t.Errorf("a Retry without load: %d, %d", quiet.retries.Load(), s.Stats.Retried.Load())
	}

	// A flood whose sender hears nothing, as with false addresses: each socket has told only the sizes of what came.
	const flood = 200
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked, answered := 0, 0
	for range flood {
		p := listen(t, "127.0.0.1", false)
		deaf := &first{tap: p}
		one, stop := context.WithCancel(ctx)
		ended := s.knock(one, deaf)
		select {
		case <-p.heard:
		case <-time.After(time.Minute):
			t.Fatal("the server says nothing")
		}
		stop()
		<-ended
		if p.retries.Load() > 0 {
			asked++
			if got, sent := p.got.Load(), p.sent.Load(); got > sent/3 {
				t.Errorf("%d bytes were answered to %d of an address that is not proven", got, sent)
			}
		} else {
			answered++
		}
	}
	if answered > free-2 || asked < flood-free {
		t.Errorf("%d of %d were answered at once, %d were asked to prove their address", answered, flood, asked)
	}
	if n := s.Stats.Arriving.Load(); n > free {
		t.Errorf("%d handshakes are under way", n)
	}
	if n := s.Stats.Retried.Load(); n < uint64(asked) {
		t.Errorf("%d Retries are counted, %d came", n, asked)
	}

	again := listen(t, "127.0.0.1", false)
	report(t, s.another(t, a, wire.QUIC, again), 2)
	if again.retries.Load() == 0 {
		t.Error("a host was let in under load without proving its address")
	}
	s.enrolBy(t, wire.ClientOptions{Protocol: wire.QUIC, PacketConn: listen(t, "127.0.0.1", false).socket})
	t.Logf("%d handshakes: %d answered at once, %d asked to prove their address, nothing kept of those", flood, answered, asked)
}

// first lets nothing through to its reader, but what comes is seen.
type first struct{ *tap }

func (p *first) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		if n, from, err := p.tap.ReadFrom(b); err != nil {
			return n, from, err
		}
	}
}

// TestHandshakesThatNeverEnd: who proved his address and falls silent has little room, by QUIC and by TCP, and takes nothing from a host
// with another address.
func TestHandshakesThatNeverEnd(t *testing.T) {
	const room, each = 64, 64 / 8
	s := start(t, storetest.New(t), func(o *ingest.Options) {
		o.Limits = ingest.Limits{Arriving: room, Handshakes: 4, HandshakesEvery: time.Hour}
	})
	a := s.enrolBy(t, wire.ClientOptions{Protocol: wire.QUIC, PacketConn: listen(t, "127.0.0.2", false).socket})
	sequence := uint64(0)
	fine := func(what string) {
		sequence++
		p := wire.QUIC
		for range 2 {
			report(t, s.another(t, a, p, listen(t, "127.0.0.2", false)), sequence)
			p = wire.TCP
		}
		if n := s.Stats.Arriving.Load(); n > room {
			t.Errorf("%s: %d handshakes are under way", what, n)
		}
	}
	fine("before")

	t.Run("quic", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		before := s.Stats.Limited.Load()
		var ended []<-chan error
		for range 5 * each {
			ended = append(ended, s.knock(ctx, listen(t, "127.0.0.9", true)))
		}
		until(t, "the room of one address is full", func() bool { return s.Stats.Limited.Load() >= before+3*each })
		fine("silent handshakes")
		// Who is refused hears so at once, and does not take it for a network without UDP. The silent ones are given up after some
		// seconds, so that each try has company of its own.
		until(t, "one is refused", func() bool {
			ended = append(ended, s.knock(ctx, listen(t, "127.0.0.9", true)))
			_, err := s.another(t, a, wire.Auto, listen(t, "127.0.0.9", false)).CheckIn(ctx, connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version}))
			if e := (*quic.TransportError)(nil); errors.As(err, &e) && e.Remote && e.ErrorCode == quic.ConnectionRefused {
				return true
			}
			return false
		})
		cancel()
		for _, e := range ended {
			<-e
		}
	})
	t.Run("tcp", func(t *testing.T) {
		var open []net.Conn
		for range 5 * each {
			c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}).DialContext(t.Context(), "tcp", s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			open = append(open, c)
		}
		closed := make(chan struct{}, len(open))
		for _, c := range open {
			go func() { io.Copy(io.Discard, c); closed <- struct{}{} }() //nolint:errcheck // its end counts
		}
		for range 4 * each {
			select {
			case <-closed:
			case <-time.After(time.Minute):
				t.Fatal("one address holds more silent connections than it may")
			}
		}
		fine("silent connections")
	})
	until(t, "the silent ones are given up", func() bool { return s.Stats.Arriving.Load() == 0 })
	fine("after")
}

// TestFullHouse: beyond the bound of all connections whoever has most of them makes room; a usual host gets in.
func TestFullHouse(t *testing.T) {
	const most = 9
	s := start(t, storetest.New(t), func(o *ingest.Options) { o.Limits = ingest.Limits{Connections: most} })
	a, b, other := s.enrol(t, wire.QUIC), s.enrol(t, wire.QUIC), s.enrol(t, wire.QUIC)
	for _, e := range []*agent{a, b, other} {
		e.Close()
	}
	until(t, "the first connections are gone", func() bool { return s.Stats.Open.Load() == 0 })
	var held []raw
	for range 5 {
		held = append(held, s.raw(t, a))
	}
	for range 4 {
		held = append(held, s.raw(t, b))
	}
	until(t, "the house is full", func() bool { return s.Stats.Open.Load() == most })
	// Each call is on a connection of its own, which stays.
	for n, p := range []wire.Protocol{wire.QUIC, wire.TCP, wire.QUIC} {
		report(t, s.another(t, other, p, nil), uint64(n+1))
		if open := s.Stats.Open.Load(); open > most {
			t.Errorf("%d connections are open", open)
		}
	}
	gone := 0
	until(t, "three made room", func() bool {
		gone = 0
		for _, c := range held {
			if c.conn.Context().Err() != nil {
				gone++
			}
		}
		return gone >= 3
	})
	if gone != 3 || held[0].conn.Context().Err() == nil {
		t.Errorf("%d of those who have many made room; the oldest of the one with most: %v", gone, context.Cause(held[0].conn.Context()))
	}
	var e *quic.ApplicationError
	if err := context.Cause(held[0].conn.Context()); !errors.As(err, &e) || !e.Remote || e.ErrorCode != quic.ApplicationErrorCode(http3.ErrCodeExcessiveLoad) {
		t.Errorf("it ended by %v", err)
	}
}

// TestBoundsOfTheProcess: calls and bodies under way are bounded for all hosts together; who is put off is told for how long, and usual
// reports get through beside large ones.
func TestBoundsOfTheProcess(t *testing.T) {
	const calls, room = 6, 1600 << 10
	s := start(t, storetest.New(t), func(o *ingest.Options) { o.Limits = ingest.Limits{Calls: calls, BodyBytes: room} })
	a, b, c, other := s.enrol(t, wire.QUIC), s.enrol(t, wire.QUIC), s.enrol(t, wire.QUIC), s.enrol(t, wire.QUIC)

	// trickle holds n calls of a host under way whose bodies begin with so many bytes; stop ends them.
	refused := make(chan *http.Response, 100)
	trickle := func(t *testing.T, e *agent, n, size int) (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		conn := s.raw(t, e)
		var wg sync.WaitGroup
		for range n {
			body, end := io.Pipe()
			wg.Go(func() {
				resp, err := conn.post(ctx, "", body)
				if err == nil {
					refused <- resp
					resp.Body.Close()
				}
				body.Close()
			})
			wg.Go(func() { end.Write(make([]byte, size)); <-ctx.Done(); end.Close() }) //nolint:errcheck // and no more
		}
		return func() { cancel(); wg.Wait() }
	}
	wantPutOff := func(t *testing.T, e *agent) {
		t.Helper()
		_, err := e.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version}))
		var ce *connect.Error
		if !errors.As(err, &ce) || ce.Code() != connect.CodeResourceExhausted {
			t.Fatalf("one call too many: %v", err)
		}
		if s, err := strconv.Atoi(ce.Meta().Get("Retry-After")); err != nil || s < 1 || s > 120 {
			t.Errorf("Retry-After: %q", ce.Meta().Get("Retry-After"))
		}
	}
	t.Run("calls", func(t *testing.T) {
		stopA, stopB := trickle(t, a, 3, 1), trickle(t, b, 3, 1)
		until(t, "all calls are taken", func() bool { return s.Stats.Calls.Load() == calls })
		wantPutOff(t, other)
		stopA()
		until(t, "calls that were given up are gone", func() bool { return s.Stats.Calls.Load() == 3 })
		report(t, other.Client, 1)
		stopB()
		until(t, "nothing is under way", func() bool { return s.Stats.Calls.Load() == 0 })
	})
	t.Run("bodies", func(t *testing.T) {
		const size = 200 << 10 // for which 512 KiB are held
		stopA, stopB := trickle(t, a, 3, size), trickle(t, b, 2, size)
		for range 3 { // 1,200 KiB are for large ones
			select {
			case r := <-refused:
				if s, err := strconv.Atoi(r.Header.Get("Retry-After")); r.StatusCode != http.StatusTooManyRequests || err != nil || s < 1 {
					t.Errorf("a body for which there is no room: status %d, Retry-After %q", r.StatusCode, r.Header.Get("Retry-After"))
				}
			case <-time.After(time.Minute):
				t.Fatal("more bodies are held than there is room for")
			}
		}
		until(t, "two are held", func() bool { return s.Stats.Bodies.Load() == 2*512<<10 })
		report(t, other.Client, 2) // a usual report has room of its own
		resp, err := s.raw(t, c).post(t.Context(), "", bytes.NewReader(make([]byte, size)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusTooManyRequests {
			t.Errorf("one large body more: status %d", resp.StatusCode)
		}
		if n := s.Stats.Bodies.Load(); n > room {
			t.Errorf("bodies hold %d bytes", n)
		}
		stopA()
		stopB()
		until(t, "nothing is held", func() bool { return s.Stats.Bodies.Load() == 0 && s.Stats.Calls.Load() == 0 })
	})
}

// TestManyStrangersLeaveNoMemory has strangers come and go, each as far as a stranger can: once they are gone, nothing of them is kept.
func TestManyStrangersLeaveNoMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of handshakes: left out by -short")
	}
	s := start(t, storetest.New(t), func(o *ingest.Options) {
		o.Limits = ingest.Limits{Handshakes: 16, HandshakesEvery: time.Hour, Connections: 64}
	})
	a := s.enrol(t, wire.QUIC)
	pool := x509.NewCertPool()
	for _, r := range a.roots {
		pool.AddCert(r)
	}
	wave := func(n int) uint64 {
		var wg sync.WaitGroup
		slots := make(chan struct{}, 16)
		for range n {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				c, err := quic.DialAddr(t.Context(), s.Addr(), &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", NextProtos: []string{http3.NextProtoH3}}, nil)
				if err != nil {
					return // no room: as it should be
				}
				c.CloseWithError(0, "") //nolint:errcheck // it is over either way
			})
		}
		wg.Wait()
		until(t, "the strangers are gone", func() bool { return s.Stats.Open.Load() <= 1 && s.Stats.Arriving.Load() == 0 })
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	first := wave(60)
	after := wave(240)
	t.Logf("heap %d KB after 60 strangers, %d KB after 300", first>>10, after>>10)
	if after > first+4<<20 {
		t.Errorf("the heap grew from %d to %d KB", first>>10, after>>10)
	}
	report(t, a.Client, 1)
}
