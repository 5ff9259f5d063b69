package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"connectrpc.com/connect"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"golang.org/x/net/http2"

	"github.com/vymir-project/vymir/agent/wire/vymirv1/vymirv1connect"
)

// Protocol names how a client reaches its server.
type Protocol string

// Auto tries QUIC and falls back to TCP when UDP does not get through; the choice then holds for the client's life.
const (
	Auto Protocol = ""
	QUIC Protocol = "h3" // HTTP/3
	TCP  Protocol = "h2" // HTTP/2 over TLS
)

// ClientOptions say whom to call and how. Server and one of Pin and Roots are needed.
type ClientOptions struct {
	Server      string              // host:port; UDP and TCP have the same number
	Pin         [32]byte            // SHA-256 of the CA's SPKI; used when Roots is empty, to enrol
	Roots       []*x509.Certificate // what the server's chain must end in
	TimeFloor   time.Time           // latest time a server of this identity told; its certificate must reach it
	Certificate *tls.Certificate    // this host's; nil for Enrol and Recover
	Protocol    Protocol
	// HandshakeTimeout bounds the QUIC attempt, after which Auto takes TCP; 0: 5 s.
	HandshakeTimeout time.Duration
	// IdleTimeout ends a QUIC connection on which nothing came for so long; 0: 30 s. Satellite links pause for some seconds.
	IdleTimeout time.Duration
	Sessions    tls.ClientSessionCache // nil: no resumption
	// PacketConn gives the UDP socket, for tests and for binding to an address; nil: any. The client closes it.
	PacketConn func(network string) (net.PacketConn, error)
	// Dial gives the TCP connection, for tests and for binding to an address; nil: any, whose segments fit a path of 1,200 bytes.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Client calls one server. It holds at most one connection, opened by the first call and closed by Close. Safe for
// concurrent use.
type Client struct {
	vymirv1connect.AgentServiceClient
	o     ClientOptions
	tls   *tls.Config
	tcp   *http2.Transport
	meter tcpMeter
	alert atomic.Pointer[error] // the TLS alert that the last TCP connection ended with, nil while it holds

	mu    sync.Mutex
	conn  *quic.Conn
	h3    *http3.ClientConn
	quic  *quic.Transport
	done  Usage    // of connections that are closed
	used  Protocol // what the last call went by; Auto: none yet
	noUDP error    // why QUIC was given up, with Auto
}

// Usage counts bytes at the IP layer, headers included. For QUIC they are exact, but for IP options; for TCP the headers are reckoned.
type Usage struct {
	SentBytes     uint64
	ReceivedBytes uint64
}

// NewClient makes a client; nothing is sent before the first call.
func NewClient(o ClientOptions) (*Client, error) {
	if err := CheckAddress(o.Server); err != nil {
		return nil, err
	}
	if o.HandshakeTimeout <= 0 {
		o.HandshakeTimeout = 5 * time.Second
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = 30 * time.Second
	}
	if len(o.Roots) == 0 && o.Pin == [32]byte{} {
		return nil, errors.New("make client: neither roots nor a pin say which server to trust")
	}
	c := &Client{o: o, tls: trust{pin: o.Pin, roots: o.Roots, floor: o.TimeFloor}.config(o.Server, o.Certificate, o.Sessions)}
	c.tcp = &http2.Transport{
		DisableCompression: true,
		TLSClientConfig:    c.tls,
		DialTLSContext:     c.dialTCP,
		ReadIdleTimeout:    20 * time.Second,
		PingTimeout:        10 * time.Second,
	}
	c.AgentServiceClient = vymirv1connect.NewAgentServiceClient(&http.Client{Transport: c}, "https://"+o.Server, clientOptions()...)
	return c, nil
}

// Protocol says how the last call travelled (QUIC or TCP), Auto before any did; reason is why QUIC was given up.
func (c *Client) Protocol() (p Protocol, reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used, c.noUDP
}

// Usage counts what this client sent and received so far.
func (c *Client) Usage() Usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.done
	u.add(c.quicUsage())
	u.add(c.meter.usage())
	return u
}

func (u *Usage) add(v Usage) {
	u.SentBytes += v.SentBytes
	u.ReceivedBytes += v.ReceivedBytes
}

// Close ends the connection and gives the sockets back. Calls after it open a new one.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeQUIC()
	c.tcp.CloseIdleConnections()
	return nil
}

// RoundTrip carries one HTTP request; it is what makes a Client an http.RoundTripper.
func (c *Client) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.o.Protocol != TCP {
		h3, err := c.dialQUIC(r.Context())
		if err == nil {
			return h3.RoundTrip(r)
		}
		if c.o.Protocol == QUIC || !udpBlocked(r.Context(), err) {
			closeBody(r)
			return nil, err
		}
	}
	resp, err := c.tcp.RoundTrip(r)
	if err != nil {
		if alert := c.alert.Load(); alert != nil && !strings.Contains(err.Error(), remoteAlert) {
			err = fmt.Errorf("%w: %w", *alert, err)
		}
		return nil, err
	}
	c.mu.Lock()
	c.used = TCP
	c.mu.Unlock()
	return resp, nil
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close() //nolint:errcheck // the request failed already
	}
}

// udpBlocked reports whether err may come from a network that lets no (or only small) UDP datagrams through, so that TCP
// is worth a try. An answer of the other end, and a caller who gave up, are not.
func udpBlocked(ctx context.Context, err error) bool {
	if ctx.Err() != nil || errors.Is(err, ErrServerIdentity) {
		return false
	}
	var t *quic.TransportError
	if errors.As(err, &t) && (t.ErrorCode.IsCryptoError() || t.Remote && t.ErrorCode == quic.ConnectionRefused) { // refused: the server has too much to do
		return false
	}
	var a *quic.ApplicationError
	return !errors.As(err, &a)
}

// dialQUIC gives the open connection or makes one. It waits for the handshake: nothing is ever sent as 0-RTT data.
func (c *Client) dialQUIC(ctx context.Context) (*http3.ClientConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil && c.conn.Context().Err() == nil {
		return c.h3, nil
	}
	c.closeQUIC()
	if c.noUDP != nil {
		return nil, c.noUDP
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.HandshakeTimeout)
	defer cancel()
	err := c.openQUIC(ctx)
	if err != nil {
		c.closeQUIC()
		err = fmt.Errorf("connect to %s by QUIC: %w", c.o.Server, err)
		if c.o.Protocol == Auto && udpBlocked(context.WithoutCancel(ctx), err) && !errors.Is(context.Cause(ctx), context.Canceled) {
			c.noUDP = err
		}
		return nil, err
	}
	c.used = QUIC
	return c.h3, nil
}

func (c *Client) openQUIC(ctx context.Context) error {
	addr, err := resolve(ctx, c.o.Server)
	if err != nil {
		return err
	}
	network := "udp4"
	if addr.IP.To4() == nil {
		network = "udp6"
	}
	listen := c.o.PacketConn
	if listen == nil {
		listen = func(network string) (net.PacketConn, error) { return net.ListenPacket(network, ":0") }
	}
	pc, err := listen(network)
	if err != nil {
		return fmt.Errorf("open UDP socket: %w", err)
	}
	c.quic = &quic.Transport{Conn: pc}
	conf := c.tls.Clone()
	conf.NextProtos = []string{http3.NextProtoH3}
	conn, err := c.quic.Dial(ctx, addr, conf, &quic.Config{
		HandshakeIdleTimeout: c.o.HandshakeTimeout, MaxIdleTimeout: c.o.IdleTimeout, MaxIncomingStreams: -1,
		// Packets that fit 1,280 bytes with either IP header, to which handshakes are padded, and no probes for larger ones: those cost a
		// host more than they would save it. Smaller ones would not hold the server's first answer.
		InitialPacketSize: 1232, DisablePathMTUDiscovery: true,
	})
	if err != nil {
		pc.Close() //nolint:errcheck // nothing was sent by it that matters
		return err
	}
	c.conn = conn
	c.h3 = (&http3.Transport{DisableCompression: true, MaxResponseHeaderBytes: 16 << 10}).NewClientConn(conn)
	return nil
}

func resolve(ctx context.Context, server string) (*net.UDPAddr, error) {
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		return nil, err
	}
	n, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return nil, err
	}
	best := ips[0]
	for _, ip := range ips {
		if ip.IP.To4() != nil {
			best = ip
			break
		}
	}
	return &net.UDPAddr{IP: best.IP, Port: n, Zone: best.Zone}, nil
}

// closeQUIC is called with mu held.
func (c *Client) closeQUIC() {
	if c.conn != nil {
		c.conn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "") //nolint:errcheck // the connection is over either way
		c.done.add(c.quicUsage())
	}
	if c.quic != nil {
		c.quic.Close()      //nolint:errcheck // as above
		c.quic.Conn.Close() //nolint:errcheck // as above
	}
	c.conn, c.h3, c.quic = nil, nil, nil
}

// quicUsage is called with mu held.
func (c *Client) quicUsage() Usage {
	if c.conn == nil {
		return Usage{}
	}
	header := uint64(20 + 8) // IPv4 and UDP
	if a, ok := c.conn.RemoteAddr().(*net.UDPAddr); ok && a.IP.To4() == nil {
		header = 40 + 8
	}
	s := c.conn.ConnectionStats()
	return Usage{SentBytes: s.BytesSent + header*s.PacketsSent, ReceivedBytes: s.BytesReceived + header*s.PacketsReceived}
}

// SmallSegments makes a TCP socket send, and ask for, segments that fit a path of 1,200 bytes; see [net.Dialer]. Where larger
// packets are dropped silently, which is one reason why QUIC did not get through, TCP would wait for ever by Linux's defaults. It costs a
// check-in one or two headers.
func SmallSegments(_, _ string, c syscall.RawConn) error {
	var err error
	return errors.Join(c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 1200-20-20)
	}), err)
}

func (c *Client) dialTCP(ctx context.Context, network, addr string, conf *tls.Config) (net.Conn, error) {
	dial := c.o.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 15 * time.Second, Control: SmallSegments}).DialContext
	}
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	conf = conf.Clone()
	conf.NextProtos = []string{http2.NextProtoTLS}
	t := tls.Client(&meteredConn{Conn: conn, m: &c.meter}, conf)
	if err := t.HandshakeContext(ctx); err != nil {
		conn.Close() //nolint:errcheck // the handshake's error counts
		return nil, err
	}
	c.alert.Store(nil)
	return alertConn{t, &c.alert}, nil
}

const remoteAlert = "remote error: tls: "

// alertConn keeps the server's TLS alert, if one has come: a server that refuses our certificate says so and closes at once, and
// HTTP/2 would only see that the pipe broke, or that the connection was gone before the first request.
type alertConn struct {
	*tls.Conn
	alert *atomic.Pointer[error]
}

func (c alertConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && strings.Contains(err.Error(), remoteAlert) {
		c.alert.Store(&err)
	}
	return n, err
}

func (c alertConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.SetReadDeadline(time.Now().Add(500 * time.Millisecond)) //nolint:errcheck // the connection is over
		c.Read(make([]byte, 1))                                   //nolint:errcheck // only the alert counts
	}
	return n, err
}

// tcpMeter reckons IP-layer bytes of TCP: each segment of up to 1,148 bytes carries 52 bytes of headers and draws an
// acknowledgement of 52 the other way for every second one; opening and closing cost three segments each way.
type tcpMeter struct{ conns, sent, received, sentSegments, receivedSegments atomic.Uint64 }

func (m *tcpMeter) usage() Usage {
	const header, handshake = 52, 3 * 52
	up, down := m.sentSegments.Load(), m.receivedSegments.Load()
	return Usage{
		SentBytes:     m.sent.Load() + header*(up+(down+1)/2) + handshake*m.conns.Load(),
		ReceivedBytes: m.received.Load() + header*(down+(up+1)/2) + handshake*m.conns.Load(),
	}
}

type meteredConn struct {
	net.Conn
	m    *tcpMeter
	once sync.Once
}

func (c *meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.count(&c.m.received, &c.m.receivedSegments, n)
	return n, err
}

func (c *meteredConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.count(&c.m.sent, &c.m.sentSegments, n)
	return n, err
}

const segment = 1200 - 20 - 20 - 12 // of data, beside the headers with a time stamp

func (c *meteredConn) count(bytes, segments *atomic.Uint64, n int) {
	c.once.Do(func() { c.m.conns.Add(1) })
	bytes.Add(uint64(n))
	segments.Add(uint64(n+segment-1) / segment)
}

// IdentityRefused reports whether err says that the server does not take this host's certificate (any more): revoked,
// ended, or of another CA. On TLS 1.3 that shows on the first call, not on connecting.
func IdentityRefused(err error) bool {
	switch connect.CodeOf(err) {
	case connect.CodeUnauthenticated, connect.CodePermissionDenied:
		return true
	default:
	}
	var t *quic.TransportError
	if errors.As(err, &t) && t.Remote && t.ErrorCode.IsCryptoError() {
		return true
	}
	return err != nil && strings.Contains(err.Error(), remoteAlert)
}
