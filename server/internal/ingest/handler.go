package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/agent/wire/vymirv1/vymirv1connect"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/limit"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Stats counts since the process started, and what is under way. Fields may be read at any time.
type Stats struct {
	CheckIns atomic.Uint64 // answered
	Stored   atomic.Uint64 // items stored
	Repeated atomic.Uint64 // items that had come before
	Refused  atomic.Uint64 // items refused
	NeedFull atomic.Uint64 // deltas whose base was not there
	Limited  atomic.Uint64 // calls and connections turned away by a limit
	Retried  atomic.Uint64 // first packets of handshakes that were answered by a Retry
	Resumed  atomic.Uint64 // TLS sessions taken up again
	Enrolled atomic.Uint64 // enrolments answered with a certificate
	Bytes    atomic.Uint64 // of request bodies as they travelled

	Arriving atomic.Int64 // connections whose handshake is not over, now
	Open     atomic.Int64 // connections past it, now
	Calls    atomic.Int64 // calls under way, now
	Bodies   atomic.Int64 // bytes that their bodies hold, now
}

// Limits of one server process. A zero field takes the default.
type Limits struct {
	Concurrent int           // calls decoded and worked on at once; 64
	PerHost    int           // check-ins a host may make at once; then one per HostEvery; 30
	HostEvery  time.Duration // 10 s

	Calls       int   // under way at once, from their header to their answer; 2,048
	BodyBytes   int64 // of bodies that travel or wait for their turn, three quarters of it of large ones; 128 MiB
	Connections int   // open at once, over QUIC and TCP; 8,192
	Arriving    int   // connections whose handshake is not over; 2,048, an eighth of them from one address

	Handshakes      int           // over QUIC that may begin at once; then one per HandshakesEvery; beyond that callers prove their address first (Retry); 400
	HandshakesEvery time.Duration // 5 ms
}

func (l *Limits) fill() {
	for _, d := range []struct {
		field *int
		value int
	}{{&l.Concurrent, 64}, {&l.PerHost, 30}, {&l.Calls, 2048}, {&l.Connections, 8192}, {&l.Arriving, 2048}, {&l.Handshakes, 400}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if l.BodyBytes <= 0 {
		l.BodyBytes = 128 << 20
	}
	if l.HostEvery <= 0 {
		l.HostEvery = 10 * time.Second
	}
	if l.HandshakesEvery <= 0 {
		l.HandshakesEvery = 5 * time.Millisecond
	}
}

// handler is the service that agents call.
type handler struct {
	receiver
	enroller *enrol.Enroller
	log      *slog.Logger
	now      func() time.Time
	slots    chan struct{} // calls that are decoded and worked on
	inside   *inside       // calls that are under way, from their header to their answer
	calls    *limit.Keyed  // check-ins and renewals per host
	fetches  *limit.Keyed  // fetches per host
}

var _ vymirv1connect.AgentServiceHandler = (*handler)(nil)

// Enrol implements the service.
func (h *handler) Enrol(ctx context.Context, req *connect.Request[vymirv1.EnrolRequest]) (*connect.Response[vymirv1.EnrolResponse], error) {
	if err := checkVersion(req.Msg.WireVersion); err != nil {
		return nil, err
	}
	c, _ := ctx.Value(callerKey{}).(caller)
	resp, err := h.enroller.Enrol(ctx, req.Msg, c.address)
	if err != nil {
		h.log.Info("enrolment refused", "from", c.address, "err", err)
		return nil, h.code("enrol", err)
	}
	h.stats.Enrolled.Add(1)
	h.log.Info("host enrolled", "host", resp.HostId, "from", c.address)
	return connect.NewResponse(resp), nil
}

// Renew implements the service.
func (h *handler) Renew(ctx context.Context, req *connect.Request[vymirv1.RenewRequest]) (*connect.Response[vymirv1.RenewResponse], error) {
	host, err := h.host(ctx, h.calls)
	if err != nil {
		return nil, err
	}
	resp, err := h.enroller.Renew(ctx, host, req.Msg)
	if err != nil {
		h.log.Info("renewal refused", "host", host, "err", err)
		return nil, h.code("renew", err)
	}
	return connect.NewResponse(resp), nil
}

// Recover implements the service.
func (h *handler) Recover(ctx context.Context, req *connect.Request[vymirv1.RecoverRequest]) (*connect.Response[vymirv1.RecoverResponse], error) {
	c, _ := ctx.Value(callerKey{}).(caller)
	if len(req.Msg.HostId) > 64 || enrol.Clean(req.Msg.HostId) != req.Msg.HostId {
		return nil, h.code("recover", enrol.ErrHostUnknown)
	}
	resp, err := h.enroller.Recover(ctx, req.Msg, c.address)
	if err != nil {
		h.log.Info("recovery refused", "host", req.Msg.HostId, "from", c.address, "err", err)
		return nil, h.code("recover", err)
	}
	h.log.Info("host recovered", "host", req.Msg.HostId, "from", c.address)
	return connect.NewResponse(resp), nil
}

// CheckIn implements the service.
func (h *handler) CheckIn(ctx context.Context, req *connect.Request[vymirv1.CheckInRequest]) (*connect.Response[vymirv1.CheckInResponse], error) {
	host, err := h.host(ctx, h.calls)
	if err != nil {
		return nil, err
	}
	if err := checkVersion(req.Msg.WireVersion); err != nil {
		return nil, err
	}
	if req.Msg.HostId != "" && req.Msg.HostId != host {
		h.log.Warn("a host claimed to be another", "host", host, "claimed", enrol.Clean(req.Msg.HostId))
		return nil, connect.NewError(connect.CodePermissionDenied, errors.New(wire.RefusedForeignHost+": the certificate belongs to another host than the report claims"))
	}
	items, err := prepare(req.Msg)
	if err != nil {
		return nil, h.code("check in", err)
	}
	c, _ := ctx.Value(callerKey{}).(caller)
	now := h.now()
	judged := h.judgeFacts(ctx, items, now)
	var resp *vymirv1.CheckInResponse
	if err := h.store.Tx(ctx, func(tx *store.Tx) (err error) {
		resp, err = h.receive(tx, host, string(c.protocol), req.Msg, items, judged, now)
		return err
	}); err != nil {
		return nil, h.code("check in", err)
	}
	h.stats.CheckIns.Add(1)
	return connect.NewResponse(resp), nil
}

// Fetch implements the service: it reads a range of a signed artefact that was published here.
func (h *handler) Fetch(ctx context.Context, req *connect.Request[vymirv1.FetchRequest]) (*connect.Response[vymirv1.FetchResponse], error) {
	host, err := h.host(ctx, h.fetches)
	if err != nil {
		return nil, err
	}
	m := req.Msg
	if wire.MaxArtefactBytes(m.Kind) == 0 || enrol.Clean(m.Name) != m.Name {
		return nil, connect.NewError(connect.CodeNotFound, errors.New("nothing of this kind and name is here"))
	}
	resp := &vymirv1.FetchResponse{}
	if err := h.store.View(ctx, func(tx *store.Tx) error {
		k, err := tx.Host(host)
		if err != nil {
			return err
		}
		if !k.Revoked.IsZero() {
			return enrol.ErrHostRevoked
		}
		if m.DeltaFrom > 0 {
			d, err := tx.Delta(m.Kind, m.Name, min(m.Revision, maxSequence), min(m.DeltaFrom, maxSequence))
			if err != nil {
				return err
			}
			resp.Total, resp.Digest = d.Size, d.Digest
			resp.Data, err = tx.DeltaPart(d, min(m.Offset, d.Size), uint64(min(max(m.Limit, 1), wire.MaxFetchBytes)))
			return err
		}
		a, err := tx.Artefact(m.Kind, m.Name, min(m.Revision, maxSequence))
		if err != nil {
			return err
		}
		resp.Total, resp.Digest = a.Size, a.Digest
		resp.Data, err = tx.ArtefactPart(a.Kind, a.Name, a.Revision, min(m.Offset, a.Size), uint64(min(max(m.Limit, 1), wire.MaxFetchBytes)))
		return err
	}); err != nil {
		return nil, h.code("fetch", err)
	}
	return connect.NewResponse(resp), nil
}

// host names the calling host and counts the call against it.
func (h *handler) host(ctx context.Context, l *limit.Keyed) (string, error) {
	c, _ := ctx.Value(callerKey{}).(caller)
	if c.certificate == nil {
		return "", connect.NewError(connect.CodeUnauthenticated, errors.New("a client certificate is needed: enrol first"))
	}
	id := c.certificate.Subject.CommonName
	if ok, wait := l.Allow(id, h.now()); !ok {
		h.stats.Limited.Add(1)
		return "", busy(wait)
	}
	return id, nil
}

func checkVersion(v uint32) error {
	if v < wire.OldestVersion || v > wire.Version {
		return connect.NewError(connect.CodeFailedPrecondition, fmt.Errorf("%s: wire version %d; this server takes %d to %d", wire.RefusedUnknownVersion, v, wire.OldestVersion, wire.Version))
	}
	return nil
}

func busy(wait time.Duration) *connect.Error {
	e := connect.NewError(connect.CodeResourceExhausted, enrol.ErrTooOften)
	e.Meta().Set("Retry-After", fmt.Sprint(int(wait/time.Second)+1))
	return e
}

// codes says how each refusal travels; what is not among them is our own failure and told to nobody in detail.
var codes = []struct {
	err  error
	code connect.Code
}{
	{enrol.ErrTokenUnknown, connect.CodeUnauthenticated},
	{enrol.ErrTokenMalformed, connect.CodeInvalidArgument},
	{enrol.ErrTokenForeign, connect.CodeFailedPrecondition},
	{enrol.ErrTokenExpired, connect.CodeFailedPrecondition},
	{enrol.ErrTokenUsed, connect.CodeFailedPrecondition},
	{enrol.ErrTokenRevoked, connect.CodeFailedPrecondition},
	{enrol.ErrRequest, connect.CodeInvalidArgument},
	{enrol.ErrKeyTaken, connect.CodeAlreadyExists},
	{enrol.ErrHostRevoked, connect.CodePermissionDenied},
	{enrol.ErrHostUnknown, connect.CodePermissionDenied},
	{enrol.ErrTooOften, connect.CodeResourceExhausted},
	{wire.ErrTooLarge, connect.CodeInvalidArgument},
	{wire.ErrMalformed, connect.CodeInvalidArgument},
	{store.ErrNotFound, connect.CodeNotFound},
	{context.Canceled, connect.CodeCanceled},
	{context.DeadlineExceeded, connect.CodeDeadlineExceeded},
}

func (h *handler) code(what string, err error) error {
	for _, c := range codes {
		if errors.Is(err, c.err) {
			if errors.Is(err, wire.ErrMalformed) || errors.Is(err, wire.ErrTooLarge) {
				return connect.NewError(c.code, err)
			}
			return connect.NewError(c.code, c.err)
		}
	}
	h.log.Error(what, "err", err)
	return connect.NewError(connect.CodeUnavailable, errors.New("the server could not store this now: try again later"))
}
