package ingest

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1/vymirv1connect"
)

// Bounds of calls that are under way at once, beside those of the whole process ([Limits]). What is under way holds at most its body as
// it travels; it is unfolded and decoded only in one of the slots.
const (
	callTime        = 2 * time.Minute // one call from its header to its answer: the slowest line we serve takes 35 s for a part of an artefact
	insidePerHost   = 4
	insideStrangers = 64
	smallBody       = 32 << 10 // reports usually have 0.1 to 3 KB
)

// unauthenticated are the calls made without a client certificate, with the most bytes they may have.
var unauthenticated = map[string]int64{
	vymirv1connect.AgentServiceEnrolProcedure:   16 << 10,
	vymirv1connect.AgentServiceRecoverProcedure: 16 << 10,
}

type callerKey struct{}

// caller is who calls, as far as TLS proved it.
type caller struct {
	certificate *x509.Certificate // nil: none was shown
	address     string            // without port
	protocol    wire.Protocol     // how the call came
	done        func()            // gives the slot back
}

// inside counts calls under way by host, and what their bodies take. Safe for concurrent use.
type inside struct {
	mostCalls  int
	mostBodies int64
	stats      *Stats

	mu     sync.Mutex
	by     map[string]int
	total  int
	bodies int64
}

// enter counts a call of a host ("": a stranger) and reports whether there is room for it; if so it must leave.
func (i *inside) enter(host string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	most := insidePerHost
	if host == "" {
		most = insideStrangers
	}
	if i.by == nil {
		i.by = map[string]int{}
	}
	if i.total >= i.mostCalls || i.by[host] >= most {
		return false
	}
	i.total++
	i.stats.Calls.Add(1)
	i.by[host]++
	return true
}

func (i *inside) leave(host string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.total--
	i.stats.Calls.Add(-1)
	if i.by[host]--; i.by[host] == 0 {
		delete(i.by, host)
	}
}

// hold takes room for a body that grows from one size to another, or gives it back where it shrinks. What is larger than a usual report
// leaves a quarter of the room to those.
func (i *inside) hold(from, to int) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	most := i.mostBodies
	if to > smallBody {
		most -= most / 4
	}
	n := int64(to - from)
	if n > 0 && i.bodies+n > most {
		return false
	}
	i.bodies += n
	i.stats.Bodies.Add(n)
	return true
}

// gate is the first thing every request meets. It refuses what is no call of ours, a call without certificate before its body is
// read, and one too many of a host; takes in the body, bounded in bytes and time; and lets so many at once through to be
// decoded. Who trickles a body, or never reads the answer, holds up himself.
func (h *handler) gate(next http.Handler) http.Handler {
	deny := connect.NewErrorWriter(wire.HandlerOptions()...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse := func(e *connect.Error) {
			if err := deny.Write(w, r, e); err != nil {
				h.log.Debug("answer refusal", "err", err)
			}
		}
		v, _ := r.Context().Value(visitKey{}).(*visit)
		defer v.call()()
		// Other encodings than the binary one are of no use here, and decoding them could not be bounded as well.
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/proto" {
			http.Error(w, "POST application/proto", http.StatusUnsupportedMediaType)
			return
		}
		c, host := caller{protocol: wire.TCP}, ""
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			c.certificate = r.TLS.PeerCertificates[0]
			host = c.certificate.Subject.CommonName
		}
		c.address, _, _ = net.SplitHostPort(r.RemoteAddr)
		if r.ProtoMajor == 3 {
			c.protocol = wire.QUIC
		}
		limit, open := unauthenticated[r.URL.Path]
		if !open {
			limit = wire.MaxCompressedBytes
			if c.certificate == nil && strings.HasPrefix(r.URL.Path, "/"+vymirv1connect.AgentServiceName+"/") {
				refuse(connect.NewError(connect.CodeUnauthenticated, errors.New("a client certificate is needed: enrol first")))
				return
			}
		}
		if !h.inside.enter(host) {
			h.stats.Limited.Add(1)
			refuse(busy(30 * time.Second))
			return
		}
		defer h.inside.leave(host)
		control := http.NewResponseController(w)
		until := time.Now().Add(callTime)
		if err := errors.Join(control.SetReadDeadline(until), control.SetWriteDeadline(until)); err != nil {
			h.log.Debug("bound a call", "err", err)
		}
		body, err := h.body(w, r, limit)
		h.stats.Bytes.Add(uint64(len(body)))
		defer h.inside.hold(cap(body), 0)
		if err != nil {
			refuse(err)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if c.done, err = h.slot(r.Context()); err != nil {
			h.stats.Limited.Add(1)
			refuse(err)
			return
		}
		defer c.done()
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// body takes in a body as it travels. What it returns was held.
func (h *handler) body(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *connect.Error) {
	from := http.MaxBytesReader(w, r.Body, limit)
	b := make([]byte, 0, 512)
	if !h.inside.hold(0, cap(b)) {
		return nil, busy(30 * time.Second)
	}
	for {
		n, err := from.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
			return b, connect.NewError(connect.CodeInvalidArgument, errors.New("the message is larger than the limit"))
		}
		if err != nil {
			return b, connect.NewError(connect.CodeDeadlineExceeded, errors.New("the message did not come whole"))
		}
		if len(b) == cap(b) {
			if !h.inside.hold(cap(b), 4*cap(b)) {
				return b, busy(30 * time.Second)
			}
			b = append(make([]byte, 0, 4*cap(b)), b...)
		}
	}
}

// slot waits for leave to work on a call; done gives it back and may be called more than once.
func (h *handler) slot(ctx context.Context) (done func(), refused *connect.Error) {
	wait := time.NewTimer(5 * time.Second)
	defer wait.Stop()
	select {
	case h.slots <- struct{}{}:
		return sync.OnceFunc(func() { <-h.slots }), nil
	case <-wait.C:
		return nil, busy(30 * time.Second)
	case <-ctx.Done():
		return nil, connect.NewError(connect.CodeCanceled, ctx.Err())
	}
}

// worked gives a call's slot back before its answer travels.
func worked(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		if c, ok := ctx.Value(callerKey{}).(caller); ok && c.done != nil {
			defer c.done()
		}
		return next(ctx, r)
	}
}
