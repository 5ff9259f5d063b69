// Package starlink asks a Starlink dish on the local network how it and its link are. It asks and never tells: no request that changes
// anything is sent, and neither the dish's id nor where it stands is asked for or kept.
//
// The dish answers gRPC in clear text, without a credential. The few kinds of frame that takes are spoken with the standard library's
// HTTP/2 and protobuf's wire format; gRPC's own library would add four megabytes to the agent. Field numbers are those of firmware of
// 2026, as the dish's own reflection gives them; what a firmware calls otherwise is not known rather than wrong.
package starlink

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/vymir-project/vymir/collector/facts"
)

// Preset is where every dish answers, whatever network is behind it.
var Preset = netip.MustParseAddrPort("192.168.100.1:9200")

// Errors of asking. Every other error says that the dish, if there is one, could not be asked.
var (
	ErrNone     = errors.New("no dish answers here")                // known: there is no way to the address, or nothing there listens
	ErrNotAsked = errors.New("not asked")                           // nothing was sent, for the way there may leave the site
	ErrAnswer   = errors.New("the answer is not one of a dish")     // something listens there and speaks otherwise
	ErrTooMuch  = errors.New("the answer is larger than the limit") // more than a dish has to say
)

// Limits of one asking: on a local network it takes some milliseconds and two kilobytes.
const (
	maxMessage    = 64 << 10  // bytes of one answer
	maxConnection = 256 << 10 // bytes of one connection, whatever they are
	dialTime      = time.Second
	wholeTime     = 3 * time.Second

	// hops is how far a packet to Preset may travel: through the site's own router and Starlink's. Behind another provider it dies at
	// that one's first router.
	hops = 3
)

// Requests, by their field in the dish's Request.
const (
	getStatus      = 1004
	getDiagnostics = 6000
)

// Codes of gRPC that say more than "it failed".
const (
	codeDenied          = 7
	codeUnimplemented   = 12
	codeUnauthenticated = 16
)

// refusal is the dish's own word that it does not answer a request.
type refusal struct {
	code    int
	message string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("the dish answers with code %d: %s", r.code, r.message)
}

// Dish is where to ask.
type Dish struct {
	Address netip.AddrPort // zero: Preset, and only where the way to it is one to a dish
	limit   time.Duration  // of the whole; 0: wholeTime
}

// Ask asks once, within three seconds. A dish that answers nothing but that it will not is present all the same.
func (d Dish) Ask(ctx context.Context) (*facts.Starlink, error) {
	if d.limit == 0 {
		d.limit = wholeTime
	}
	ctx, cancel := context.WithTimeout(ctx, d.limit)
	defer cancel()
	dialer, address := net.Dialer{Timeout: dialTime}, d.Address
	if !address.IsValid() {
		address = Preset
		if err := leadsToDish(address); err != nil {
			return nil, err
		}
		dialer.Control = func(_, _ string, c syscall.RawConn) error {
			var err error
			if outer := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TTL, hops) }); outer != nil {
				return outer
			}
			return err
		}
	}
	conn, err := dialer.DialContext(ctx, "tcp", address.String())
	if err != nil {
		return nil, dialError(err)
	}
	defer conn.Close()
	out := &facts.Starlink{Present: true}
	if i := interfaceOf(conn.LocalAddr()); i != nil {
		out.Interface = i.Name
	}
	return out, ask(ctx, &bounded{Conn: conn, left: maxConnection}, out)
}

// dialError tells what is known from what is not.
func dialError(err error) error {
	for _, known := range []error{unix.ECONNREFUSED, unix.ENETUNREACH, unix.EHOSTUNREACH} {
		if errors.Is(err, known) {
			return fmt.Errorf("%w: %w", ErrNone, known)
		}
	}
	return fmt.Errorf("reach the dish: %w", plain(err))
}

// plain leaves addresses and operations out of an error of package net.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	if errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		return context.DeadlineExceeded
	}
	return err
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// ask asks for the status, and for the diagnostics where the dish does not give the status to everybody.
func ask(ctx context.Context, conn net.Conn, out *facts.Starlink) error {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	used := false
	transport := &http.Transport{
		Protocols: &protocols, DisableCompression: true, MaxResponseHeaderBytes: 16 << 10,
		HTTP2: &http.HTTP2Config{MaxReadFrameSize: 16 << 10, MaxReceiveBufferPerStream: maxMessage, MaxReceiveBufferPerConnection: maxMessage},
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			if used {
				return nil, errors.New("the dish closed the connection")
			}
			used = true
			return conn, nil
		},
	}
	defer transport.CloseIdleConnections()
	answer, err := call(ctx, transport, getStatus)
	if err == nil {
		out.LANRead = ptr(true)
		return readStatus(answer, out)
	}
	var said *refusal
	if !errors.As(err, &said) || said.code != codeDenied && said.code != codeUnimplemented && said.code != codeUnauthenticated {
		return err
	}
	answer, err = call(ctx, transport, getDiagnostics)
	if err == nil {
		out.LANRead = ptr(true)
		return readDiagnostics(answer, out)
	}
	if said.code != codeUnimplemented && errors.As(err, &said) && said.code != codeUnimplemented {
		out.LANRead, out.LANControl = ptr(false), ptr(false) // whoever may not even ask may not control
		return nil
	}
	return err
}

// call sends one request, an empty message in field n, and gives the answer's message.
func call(ctx context.Context, rt http.RoundTripper, n protowire.Number) ([]byte, error) {
	message := protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), nil)
	body := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))) //nolint:gosec // three bytes
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://dish/SpaceX.API.Device.Device/Handle", bytes.NewReader(append(body, message...)))
	if err != nil {
		return nil, fmt.Errorf("ask the dish: %w", err)
	}
	req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "User-Agent": {"vymir-agent"}}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("ask the dish: %w", plain(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask the dish: HTTP status %d: %w", resp.StatusCode, ErrAnswer)
	}
	framed, err := io.ReadAll(io.LimitReader(resp.Body, maxMessage+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the dish's answer: %w", plain(err))
	case len(framed) > maxMessage:
		return nil, fmt.Errorf("read the dish's answer: %w", ErrTooMuch)
	}
	if err := grpcStatus(resp); err != nil {
		return nil, err
	}
	return unframe(framed)
}

// grpcStatus reads the status that ends every answer, in the trailers or, when there is nothing else, in the headers.
func grpcStatus(resp *http.Response) error {
	end := resp.Trailer
	if end.Get("Grpc-Status") == "" {
		end = resp.Header
	}
	code, err := strconv.ParseUint(end.Get("Grpc-Status"), 10, 8)
	if err != nil {
		return fmt.Errorf("read the dish's answer: no status at its end: %w", ErrAnswer)
	}
	if code != 0 {
		return &refusal{int(code), text([]byte(end.Get("Grpc-Message")))}
	}
	return nil
}

// unframe takes the one message out of a gRPC body.
func unframe(b []byte) ([]byte, error) {
	if len(b) < 5 || b[0] != 0 || uint64(binary.BigEndian.Uint32(b[1:])) != uint64(len(b)-5) {
		return nil, fmt.Errorf("read the dish's answer: not one whole message: %w", ErrAnswer)
	}
	return b[5:], nil
}

// bounded ends a connection that says too much.
type bounded struct {
	net.Conn
	left int
}

// Read is that of the connection, until its bytes are used up.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrTooMuch
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func ptr[T any](v T) *T { return &v }
