package ingest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/agent/wire/vymirv1/vymirv1connect"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// raw is a connection of an enrolled host whose administrator speaks HTTP/3 by hand.
type raw struct {
	*http3.ClientConn
	conn *quic.Conn
}

func (s *server) raw(t testing.TB, a *agent) raw {
	t.Helper()
	pool := x509.NewCertPool()
	for _, r := range a.roots {
		pool.AddCert(r)
	}
	conf := &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", Certificates: []tls.Certificate{a.cert}, NextProtos: []string{http3.NextProtoH3}}
	c, err := quic.DialAddr(t.Context(), s.Addr(), conf, &quic.Config{MaxIncomingStreams: -1, KeepAlivePeriod: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseWithError(0, "") })
	return raw{(&http3.Transport{}).NewClientConn(c), c}
}

// post begins a check-in; the body may be one that never ends.
func (c raw) post(ctx context.Context, encoding string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://127.0.0.1"+vymirv1connect.AgentServiceCheckInProcedure, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/proto")
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	return c.RoundTrip(r)
}

// fine checks that another host still gets through, and what the heap holds.
func (s *server) fine(t *testing.T, other *agent, sequence uint64, what string) {
	t.Helper()
	if r := other.send(t, full(sequence, sample(5, time.Now()))); r.Acknowledged != sequence {
		t.Errorf("%s: another host's report: %v", what, r)
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapAlloc > 200<<20 {
		t.Errorf("%s: the heap holds %d MB", what, m.HeapAlloc>>20)
	}
	t.Logf("%s: heap %d MB, %d goroutines, %d calls and connections turned away", what, m.HeapAlloc>>20, runtime.NumGoroutine(), s.Stats.Limited.Load())
}

// TestHostileHost has an enrolled host try what can be tried; another host reports throughout and notices nothing.
func TestHostileHost(t *testing.T) {
	s := start(t, storetest.New(t), nil)
	bad, other := s.enrol(t, wire.QUIC), s.enrol(t, wire.QUIC)
	sequence := uint64(0)
	fine := func(what string) { sequence++; s.fine(t, other, sequence, what) }
	fine("before")

	t.Run("bodies-that-never-end", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		refused := make(chan int, 100)
		for range 3 {
			c := s.raw(t, bad)
			for range 16 { // as many streams as a connection has
				body, end := io.Pipe()
				wg.Go(func() {
					resp, err := c.post(ctx, "", body)
					if err == nil {
						refused <- resp.StatusCode
						resp.Body.Close()
					}
					body.Close()
				})
				wg.Go(func() { end.Write([]byte{0x08}); <-ctx.Done(); end.Close() }) //nolint:errcheck // a byte, and no more
			}
		}
		for range 40 { // all but those that may be under way
			if code := <-refused; code != http.StatusTooManyRequests {
				t.Errorf("status %d", code)
			}
		}
		fine("40 streams that trickle")
		cancel()
		wg.Wait()
	})
	t.Run("10,000-streams", func(t *testing.T) {
		c := s.raw(t, bad)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		opened := 0
		for range 10_000 { // opened and given up at once
			str, err := c.conn.OpenStreamSync(ctx)
			if err != nil {
				break // the server ended it
			}
			opened++
			str.Write([]byte{0x01, 0x40}) //nolint:errcheck // half a frame
			str.CancelWrite(0)
			str.CancelRead(0)
		}
		fine("streams opened and reset")
		t.Logf("%d streams were opened", opened)
	})
	t.Run("giant-frames", func(t *testing.T) {
		c := s.raw(t, bad)
		for _, frame := range [][]byte{
			{0x01, 0xbf, 0xff, 0xff, 0xff},                               // headers of a gigabyte
			{0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},       // data before headers, without end
			{0x21, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0}, // a kind of frame that nobody knows
		} {
			str, err := c.conn.OpenStreamSync(t.Context())
			if err != nil {
				c = s.raw(t, bad)
				continue
			}
			str.Write(append(frame, make([]byte, 64<<10)...)) //nolint:errcheck // the server may have ended it
		}
		c = s.raw(t, bad)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://127.0.0.1"+vymirv1connect.AgentServiceCheckInProcedure, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Long", string(bytes.Repeat([]byte{'x'}, 1<<20)))
		if resp, err := c.RoundTrip(r); err == nil {
			if resp.StatusCode < 400 {
				t.Errorf("a header of 1 MiB: status %d", resp.StatusCode)
			}
			resp.Body.Close()
		}
		fine("giant frames")
	})
	t.Run("bombs", func(t *testing.T) {
		bombs := map[string][]byte{
			"zeros":         make([]byte, wire.MaxMessageBytes),                               // 4 MiB that are malformed
			"larger":        make([]byte, wire.MaxMessageBytes+1),                             // more than unfolds
			"empty-items":   bytes.Repeat([]byte{0x12, 0}, wire.MaxMessageBytes/2),            // two million items of nothing
			"empty-results": nested(bytes.Repeat([]byte{0x4a, 0}, wire.MaxMessageBytes/2-32)), // the same within an assessment
		}
		var before, after runtime.MemStats
		for name, b := range bombs {
			packed, err := wire.Compress(b)
			if err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&before)
			for range 3 {
				resp, err := s.raw(t, bad).post(t.Context(), "zstd", bytes.NewReader(packed))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode < 400 || resp.StatusCode >= 500 {
					t.Errorf("%s: status %d", name, resp.StatusCode)
				}
			}
			runtime.ReadMemStats(&after)
			if took := (after.TotalAlloc - before.TotalAlloc) / 3; took > 64<<20 {
				t.Errorf("%s: %d bytes made the server take %d MB", name, len(packed), took>>20)
			}
		}
		fine("bombs")
	})
	t.Run("other-encodings", func(t *testing.T) {
		for _, kind := range []string{"application/json", "application/grpc", "application/grpc-web+proto", "application/connect+proto", ""} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://127.0.0.1"+vymirv1connect.AgentServiceCheckInProcedure, bytes.NewReader([]byte("{}")))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", kind)
			resp, err := s.raw(t, bad).RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusUnsupportedMediaType {
				t.Errorf("%q: status %d", kind, resp.StatusCode)
			}
		}
	})
	t.Run("many-connections", func(t *testing.T) {
		var open []raw
		for range 40 {
			open = append(open, s.raw(t, bad))
		}
		// The end of the older ones may still be on its way.
		for _, c := range open[:len(open)-6] {
			select {
			case <-c.conn.Context().Done():
			case <-time.After(time.Minute):
				t.Fatal("a host holds more connections than it may")
			}
		}
		var e *quic.ApplicationError
		if err := context.Cause(open[0].conn.Context()); !errors.As(err, &e) || !e.Remote {
			t.Errorf("the first ended by %v", err)
		}
		fine("40 connections")
	})
	t.Run("many-connections-by-tcp", func(t *testing.T) {
		conf := &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{bad.cert}, NextProtos: []string{"h2"}}
		var open []*tls.Conn
		for range 10 {
			c, err := tls.Dial("tcp", s.Addr(), conf)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Read(make([]byte, 1)); err != nil { // the server's settings: it counts the connection by now
				t.Fatal(err)
			}
			open = append(open, c)
		}
		for i, c := range open[:4] {
			c.SetReadDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // then the read fails
			if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("connection %d of 10 is still open", i)
			}
		}
		fine("10 connections by TCP")
	})
	t.Run("calls-without-end", func(t *testing.T) {
		limited := 0
		for range 200 {
			if _, err := bad.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version})); connect.CodeOf(err) == connect.CodeResourceExhausted {
				limited++
			}
		}
		if limited < 100 {
			t.Errorf("%d of 200 calls in a row were put off", limited)
		}
		fine("200 calls")
	})
}

// nested puts the bytes of an assessment into an item into a check-in.
func nested(inside []byte) []byte {
	wrap := func(tag byte, b []byte) []byte {
		n, out := len(b), []byte{tag}
		for ; n >= 0x80; n >>= 7 {
			out = append(out, byte(n)|0x80)
		}
		return append(append(out, byte(n)), b...)
	}
	return wrap(0x12, wrap(0x1a, inside))
}
