package server_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// simulated is an agent of which only the reporting is real: it speaks the wire format by the agent's own client, keeps an outbox on a
// disk that is simulated, and can be killed at any moment of a check-in. What it measured is remembered apart from that disk.
type simulated struct {
	number   int
	server   string
	protocol wire.Protocol
	rnd      *rand.Rand

	open func(*wire.ClientOptions) // changes those of each connection; nil: nothing

	id       string
	cert     tls.Certificate
	roots    []*x509.Certificate
	sessions tls.ClientSessionCache // of the running program: gone when it is killed

	// The disk: what is here survives a kill.
	last    uint64 // sequence given last
	waiting []*vymirv1.Item
	base    *vymirv1.Assessment // acknowledged last
	baseSeq uint64

	fullFrom uint64              // items from here on go in full; gone when it is killed
	now      *vymirv1.Assessment // what holds on the host
	measured map[uint64]truth    // every assessment by its sequence
}

// truth is what an assessment was when it was measured.
type truth struct {
	digest []byte
	ms     int64
}

// tally counts what happened to a fleet. Its fields may be changed by many at once.
type tally struct{ measured, deltas, calls, failed, killed, unheard, needFull, putOff atomic.Int64 }

func newSimulated(number int, server string, p wire.Protocol, seed uint64) *simulated {
	a := &simulated{number: number, server: server, protocol: p, rnd: rand.New(rand.NewPCG(seed, uint64(number))), measured: map[uint64]truth{}}
	a.forget()
	return a
}

// forget is what a kill does to the program's memory.
func (a *simulated) forget() { a.sessions, a.fullFrom = tls.NewLRUClientSessionCache(2), 0 }

// options are those of one connection, from an address of this agent's own: limits count by it.
func (a *simulated) options() wire.ClientOptions {
	o := wire.ClientOptions{Server: a.server, Protocol: a.protocol, HandshakeTimeout: 30 * time.Second, IdleTimeout: 5 * time.Second}
	from := net.UDPAddr{IP: net.IPv4(127, byte(1+a.number>>16), byte(a.number>>8), byte(1+a.number%250))}
	o.PacketConn = func(string) (net.PacketConn, error) { return net.ListenUDP("udp4", &from) }
	if a.open != nil {
		a.open(&o)
	}
	return o
}

// enrol trades a token for a certificate.
func (a *simulated) enrol(ctx context.Context, text string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		return err
	}
	csr, err := x509.CreateCertificateRequest(crand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return err
	}
	token, err := wire.ParseToken(text)
	if err != nil {
		return err
	}
	o := a.options()
	o.Pin = token.Pin
	c, err := wire.NewClient(o)
	if err != nil {
		return err
	}
	defer c.Close()
	r, err := c.Enrol(ctx, connect.NewRequest(&vymirv1.EnrolRequest{Token: text, Csr: csr, WireVersion: wire.Version}))
	if err != nil {
		return err
	}
	a.id, a.cert = r.Msg.HostId, tls.Certificate{Certificate: append([][]byte{r.Msg.Certificate}, r.Msg.Chain...), PrivateKey: key}
	for _, der := range r.Msg.Roots {
		root, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		a.roots = append(a.roots, root)
	}
	return nil
}

// measure assesses the host anew, a few controls changed, and writes that to the outbox.
func (a *simulated) measure(count *tally) error {
	own := policies.BuiltIn()
	digest, _ := hex.DecodeString(own.Digest)
	next := &vymirv1.Assessment{BundleName: own.Name, BundleRevision: own.Revision, BundleDigest: digest, DurationMs: 300, Baselines: []*vymirv1.Baseline{{Name: "base", Revision: 1}}, Host: &vymirv1.HostLine{Os: "debian 12", Role: "server"}}
	if a.now == nil {
		for n := range uint32(160) {
			if c, ok := own.ByNumber(n + 1); ok {
				next.Results = append(next.Results, result(c, a.rnd.IntN(5) == 0))
			}
		}
	} else {
		next.Results = slices.Clone(a.now.Results) // results are never changed, only replaced
		for range a.rnd.IntN(6) {
			i := a.rnd.IntN(len(next.Results))
			c, _ := own.ByNumber(next.Results[i].Control)
			next.Results[i] = result(c, next.Results[i].Status != vymirv1.Status_STATUS_FAIL)
		}
	}
	at := time.Now().UnixMilli()
	if a.now != nil {
		at = max(at, a.now.MeasuredMs+1)
	}
	next.MeasuredMs, next.JudgedMs = at, at
	is, err := wire.Digest(next)
	if err != nil {
		return err
	}
	a.now = next
	a.last++
	a.measured[a.last] = truth{is, at}
	a.waiting = append(a.waiting, &vymirv1.Item{Sequence: a.last, CreatedMs: at, Body: &vymirv1.Item_Assessment{Assessment: next}})
	count.measured.Add(1)
	return nil
}

// result is a pass or a fail of a control, in the halves that it declares.
func result(c *policies.Control, fails bool) *vymirv1.Result {
	status := vymirv1.Status_STATUS_PASS
	r := &vymirv1.Result{Control: c.Number}
	if fails {
		status, r.Reason = vymirv1.Status_STATUS_FAIL, 1
	}
	r.Status = status
	for _, h := range c.Halves {
		switch h {
		case assessment.Live:
			r.Live = status
		case assessment.Persisted:
			r.Persisted = status
		}
	}
	return r
}

// request is what waits, as deltas where a base is at hand.
func (a *simulated) request(count *tally) *vymirv1.CheckInRequest {
	req := &vymirv1.CheckInRequest{WireVersion: wire.Version, NowMs: time.Now().UnixMilli(), AgentVersion: "soak", HostId: a.id}
	base, baseSeq := a.base, a.baseSeq
	for _, it := range a.waiting[:min(len(a.waiting), 32)] {
		next := it.GetAssessment()
		sent := &vymirv1.Item{Sequence: it.Sequence, CreatedMs: it.CreatedMs, Body: it.Body}
		if a.fullFrom == 0 || it.Sequence > a.fullFrom {
			if d, ok := wire.Diff(base, next, baseSeq); ok {
				sent.Body = &vymirv1.Item_Delta{Delta: d}
				count.deltas.Add(1)
			}
		}
		base, baseSeq = next, it.Sequence
		req.Items = append(req.Items, sent)
	}
	return req
}

var errPutOff = errors.New("the server asked to come later")

// checkIn makes one call on a new connection and takes the answer. With a chance of kill the program dies at a random moment: before
// the request is out, while the server works, or when the answer has come and nothing of it was written down.
func (a *simulated) checkIn(ctx context.Context, kill float64, count *tally) error {
	dies, unheard := a.rnd.Float64() < kill, a.rnd.Float64() < kill/2
	o := a.options()
	o.Roots, o.Certificate, o.Sessions = a.roots, &a.cert, a.sessions
	c, err := wire.NewClient(o)
	if err != nil {
		return err
	}
	defer c.Close()
	if dies {
		var cancel context.CancelFunc
		// From 0.1 to 60 ms, as many below 2.4 ms as above: some of them within a call, however quick the machine is.
		ctx, cancel = context.WithTimeout(ctx, time.Duration(float64(100*time.Microsecond)*math.Pow(600, a.rnd.Float64())))
		defer cancel()
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Minute)
		defer cancel()
	}
	count.calls.Add(1)
	r, err := c.CheckIn(ctx, connect.NewRequest(a.request(count)))
	switch {
	case err != nil && dies:
		count.killed.Add(1)
		a.forget()
		return err
	case connect.CodeOf(err) == connect.CodeResourceExhausted:
		count.putOff.Add(1)
		return errPutOff
	case err != nil:
		count.failed.Add(1)
		return err
	case unheard:
		count.unheard.Add(1)
		a.forget()
		return errors.New("killed with the answer unread")
	}
	return a.take(r.Msg, count)
}

func (a *simulated) take(r *vymirv1.CheckInResponse, count *tally) error {
	if len(r.Refused) > 0 {
		return fmt.Errorf("host %s: refused: %v", a.id, r.Refused)
	}
	if r.Acknowledged > a.last {
		return fmt.Errorf("host %s: %d was acknowledged of %d", a.id, r.Acknowledged, a.last)
	}
	for len(a.waiting) > 0 && a.waiting[0].Sequence <= r.Acknowledged {
		a.base, a.baseSeq, a.waiting = a.waiting[0].GetAssessment(), a.waiting[0].Sequence, a.waiting[1:]
	}
	if a.fullFrom = r.NeedFullFrom; a.fullFrom > 0 {
		count.needFull.Add(1)
		a.base, a.baseSeq = nil, 0
	}
	if r.RetryAfterS > 0 {
		count.putOff.Add(1)
		return errPutOff
	}
	return nil
}

// compare holds what a fleet measured against what the store has: every assessment is there once, as it was measured, and what holds
// of each host is what it measured last.
func compare(t *testing.T, st *store.Store, fleet []*simulated) (stored int) {
	t.Helper()
	if err := st.Check(t.Context()); err != nil {
		t.Error(err)
	}
	wrong := 0
	for _, a := range fleet {
		if err := st.View(t.Context(), func(tx *store.Tx) error {
			h, err := tx.Host(a.id)
			if err != nil {
				return err
			}
			if h.Conflicts != 0 || h.LastSequence != a.last || a.now == nil || h.Summary.Fail != fails(a.now) {
				return fmt.Errorf("%d conflicts, sequence %d of %d, %d fail", h.Conflicts, h.LastSequence, a.last, h.Summary.Fail)
			}
			all, err := tx.Assessments(a.id, 0, len(a.measured)+10)
			if err != nil {
				return err
			}
			stored += len(all)
			if len(all) != len(a.measured) {
				return fmt.Errorf("%d assessments were measured and %d are stored", len(a.measured), len(all))
			}
			for _, kept := range all {
				m := a.measured[kept.Sequence]
				if !bytes.Equal(kept.StateDigest, m.digest) || kept.Created.UnixMilli() != m.ms {
					return fmt.Errorf("sequence %d is not what was measured", kept.Sequence)
				}
			}
			results, err := tx.Results(a.id)
			if err != nil || len(results) != len(a.now.Results) {
				return fmt.Errorf("%d results hold of %d: %w", len(results), len(a.now.Results), err)
			}
			found, err := tx.HostFindings(a.id)
			open := 0
			for _, f := range found {
				if f.State == review.Open {
					open++
				}
			}
			if err != nil || open != fails(a.now) {
				return fmt.Errorf("%d findings are open, %d controls fail: %w", open, fails(a.now), err)
			}
			return nil
		}); err != nil {
			if wrong++; wrong <= 10 {
				t.Errorf("agent %d, host %s: %v", a.number, a.id, err)
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d hosts are not as measured", wrong, len(fleet))
	}
	return stored
}

func fails(m *vymirv1.Assessment) (n int) {
	for _, r := range m.Results {
		if r.Status == vymirv1.Status_STATUS_FAIL {
			n++
		}
	}
	return n
}
