package ingest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"golang.org/x/net/http2"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1/vymirv1connect"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/dispatch"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/limit"
	"github.com/vymir-project/vymir/server/internal/seal"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Options say what a [Server] listens on and works with. Addr, Store, CA, Enroller, Revoked and Book are needed.
type Options struct {
	Addr     string   // host:port, for UDP and TCP alike; port 0 takes a free one
	Names    []string // what hosts call this server; stands in its certificate
	Store    *store.Store
	CA       *enrol.CA
	Enroller *enrol.Enroller
	Revoked  *enrol.Revocations
	Book     *controls.Book
	Judge    Judge     // nil: facts of thin agents are refused
	Seal     *seal.Key // of small secrets in the store, the same for all processes; nil: a key derived from the CA's
	Limits   Limits
	Log      *slog.Logger     // nil: silent
	Now      func() time.Time // nil: the system's clock

	// PacketConn is a simulated network, for tests: QUIC is answered on it and TCP nowhere. Nil: sockets at Addr.
	PacketConn net.PacketConn
}

const (
	handshakeTime = 5 * time.Second // between two packets of a handshake over QUIC, which may take twice that in all
	idleTimeout   = 30 * time.Second
)

// Server is an open listener. It is closed by [Server.Shutdown].
type Server struct {
	Stats *Stats

	addr  string
	tcp   net.Listener
	udp   net.PacketConn
	quic  *quic.Transport
	ln    *quic.Listener
	h3    *http3.Server
	h2    *http.Server
	done  chan error
	start atomic.Bool
}

// Listen opens the UDP and the TCP socket; nothing is answered before [Server.Serve].
func Listen(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Limits.fill()
	s := &Server{Stats: &Stats{}, done: make(chan error, 2)}
	h := newHandler(o, s.Stats)
	mux := http.NewServeMux()
	mux.Handle(vymirv1connect.NewAgentServiceHandler(h, append(wire.HandlerOptions(), connect.WithRecover(h.recovered), connect.WithInterceptors(connect.UnaryInterceptorFunc(worked)))...))
	conf, err := tlsConfig(o, s.Stats)
	if err != nil {
		return nil, err
	}
	if s.udp = o.PacketConn; s.udp != nil {
		s.tcp = nowhere{closed: make(chan struct{})}
	} else if s.tcp, s.udp, err = sockets(o.Addr); err != nil {
		return nil, err
	}
	s.addr = s.udp.LocalAddr().String()
	resetKey, err := o.CA.Secret("stateless reset")
	if err != nil {
		return nil, err
	}
	tokenKey, err := o.CA.Secret("address token")
	if err != nil {
		return nil, err
	}
	reset, token := quic.StatelessResetKey(resetKey), quic.TokenGeneratorKey(tokenKey)
	handshakes := limit.New(o.Limits.HandshakesEvery, o.Limits.Handshakes, 1)
	door := &door{most: o.Limits.Connections, stats: s.Stats}
	porch := &porch{most: o.Limits.Arriving, stats: s.Stats}
	s.quic = &quic.Transport{
		Conn: s.udp, StatelessResetKey: &reset, TokenGeneratorKey: &token,
		ConnContext: porch.quic,
		VerifySourceAddress: func(net.Addr) bool {
			ok, _ := handshakes.Allow("", o.Now())
			if ok = ok && !porch.crowded(); !ok {
				s.Stats.Retried.Add(1)
			}
			return !ok
		},
	}
	// Listen, not ListenEarly: a connection is handed over after its handshake, so that no 0-RTT data is ever read.
	s.ln, err = s.quic.Listen(http3.ConfigureTLSConfig(conf), &quic.Config{
		HandshakeIdleTimeout: handshakeTime, MaxIdleTimeout: idleTimeout,
		// Packets that fit 1,280 bytes with either IP header, to which handshakes are padded, and no probes for larger ones: those cost a
		// host more than they would save it. Smaller ones would not hold the server's first answer.
		InitialPacketSize: 1232, DisablePathMTUDiscovery: true,
		MaxIncomingStreams: 16, MaxIncomingUniStreams: 8,
		InitialStreamReceiveWindow: 64 << 10, MaxStreamReceiveWindow: 1 << 20,
		InitialConnectionReceiveWindow: 128 << 10, MaxConnectionReceiveWindow: 2 << 20,
	})
	if err != nil {
		s.tcp.Close()
		s.udp.Close()
		return nil, fmt.Errorf("listen for QUIC on %s: %w", s.addr, err)
	}
	gated := h.gate(mux)
	s.h3 = &http3.Server{Handler: gated, ConnContext: door.quic, MaxHeaderBytes: 16 << 10} // idle ones are the door's
	s.h2 = &http.Server{
		Handler: gated, TLSConfig: conf.Clone(), MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: 2 * handshakeTime, ReadTimeout: callTime, WriteTimeout: callTime, IdleTimeout: idleTimeout,
		ConnState: door.tcp(porch),
		ErrorLog:  log.New(io.Discard, "", 0), // strangers' broken handshakes are not our log's matter
	}
	return s, nil
}

// nowhere is a listener that nobody reaches.
type nowhere struct{ closed chan struct{} }

// Accept implements [net.Listener].
func (n nowhere) Accept() (net.Conn, error) { <-n.closed; return nil, net.ErrClosed }

// Addr implements [net.Listener].
func (nowhere) Addr() net.Addr { return &net.TCPAddr{} }

// Close implements [net.Listener]; it is called once or twice.
func (n nowhere) Close() error {
	select {
	case <-n.closed:
	default:
		close(n.closed)
	}
	return nil
}

func newHandler(o Options, stats *Stats) *handler {
	l := o.Limits
	return &handler{
		receiver: receiver{store: o.Store, book: o.Book, judge: o.Judge, stats: stats, volume: limit.New(time.Second, 32<<10, 200_000), board: &dispatch.Board{}, ca: o.CA},
		enroller: o.Enroller, log: o.Log, now: o.Now,
		slots:   make(chan struct{}, l.Concurrent),
		inside:  &inside{mostCalls: l.Calls, mostBodies: l.BodyBytes, stats: stats},
		calls:   limit.New(l.HostEvery, l.PerHost, 200_000),
		fetches: limit.New(100*time.Millisecond, 300, 200_000),
	}
}

func tlsConfig(o Options, stats *Stats) (*tls.Config, error) {
	if o.Seal == nil {
		key, err := o.CA.Secret("session ticket keys")
		if err != nil {
			return nil, err
		}
		if o.Seal, err = seal.New(key[:]); err != nil {
			return nil, fmt.Errorf("make key of session ticket keys: %w", err)
		}
	}
	sessions := &tickets{store: o.Store, issuers: o.CA.Issuers, resumed: &stats.Resumed, keys: &ticketKeys{store: o.Store, seal: o.Seal, now: o.Now, log: o.Log}}
	conf := &tls.Config{
		MinVersion:       tls.VersionTLS13, // key exchange: Go's default order, X25519MLKEM768 first
		GetCertificate:   func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return o.CA.Server(o.Now(), o.Names...) },
		ClientAuth:       tls.VerifyClientCertIfGiven, // enrolment has none yet; every other call asks for it
		ClientCAs:        o.CA.Clients(),
		VerifyConnection: o.Revoked.VerifyConnection, // also when a session is resumed
		WrapSession:      sessions.wrap,
		UnwrapSession:    sessions.unwrap,
		Time:             o.Now,
	}
	base, newest := conf.Clone(), atomic.Pointer[tls.Config]{}
	base.NextProtos = []string{http2.NextProtoTLS} // of TCP; HTTP/3 puts its own there
	conf.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		c := newest.Load()
		if pool := o.CA.Clients(); c == nil || c.ClientCAs != pool { // the CA is being replaced
			c = base.Clone()
			c.ClientCAs = pool
			newest.Store(c)
		}
		return c, nil
	}
	return conf, nil
}

// sockets opens TCP and UDP on one port number.
func sockets(addr string) (net.Listener, net.PacketConn, error) {
	for try := 0; ; try++ {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, nil, fmt.Errorf("listen on %s: %w", addr, err)
		}
		p, err := net.ListenPacket("udp", l.Addr().String())
		if err == nil {
			return l, p, nil
		}
		l.Close()
		if _, port, _ := net.SplitHostPort(addr); port != "0" || try == 20 {
			return nil, nil, fmt.Errorf("listen on %s: %w", addr, err)
		}
	}
}

// Addr is host:port as it is listened on.
func (s *Server) Addr() string { return s.addr }

// Serve answers until [Server.Shutdown], and then returns nil. It is called once.
func (s *Server) Serve() error {
	s.start.Store(true)
	go func() { s.done <- s.h3.ServeListener(s.ln) }()
	go func() { s.done <- s.h2.ServeTLS(s.tcp, "", "") }()
	err := <-s.done
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, quic.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Shutdown stops taking connections, lets calls that are being answered finish until ctx ends, and closes the
// sockets.
func (s *Server) Shutdown(ctx context.Context) error {
	var err error
	if s.start.Load() {
		err = errors.Join(s.h2.Shutdown(ctx), s.h3.Shutdown(ctx))
	}
	s.h3.Close()
	s.h2.Close()
	s.ln.Close()
	s.quic.Close()
	s.tcp.Close()
	s.udp.Close()
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("drain agents' calls: %w", err)
	}
	return nil
}

func (h *handler) recovered(_ context.Context, spec connect.Spec, _ http.Header, p any) error {
	h.log.Error("panic in a call", "call", spec.Procedure, "panic", fmt.Sprint(p))
	return connect.NewError(connect.CodeInternal, errors.New("the server made a mistake"))
}
