package ingest_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/ingest"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

const controlCount = 150

var bundleDigest = strings.Repeat("ab", 32)

// catalogue is a bundle of controlCount controls, numbered from 1.
func catalogue(t testing.TB) *policies.Catalogue {
	t.Helper()
	c := &policies.Catalogue{Schema: policies.CatalogueSchema, Name: "test", Revision: 1, Digest: bundleDigest}
	for i := 1; i <= controlCount; i++ {
		c.Controls = append(c.Controls, policies.Control{
			ID: fmt.Sprintf("family%d.control%d", i%9, i), Number: uint32(i), Revision: 1, Family: fmt.Sprintf("family%d", i%9), Capability: "identity",
			Severity: assessment.High, Halves: []assessment.Half{assessment.Live, assessment.Persisted},
			Reasons: []policies.Reason{{ID: "wrong", Text: policies.Text{"en": "wrong {value}", "uk": "хибно {value}"}}},
		})
	}
	return c
}

// sample is an assessment in which every nth control fails.
func sample(nth int, at time.Time) *vymirv1.Assessment {
	digest, _ := hex.DecodeString(bundleDigest)
	m := &vymirv1.Assessment{
		BundleName: "test", BundleRevision: 1, BundleDigest: digest, MeasuredMs: at.UnixMilli(), JudgedMs: at.UnixMilli(), DurationMs: 400,
		Baselines: []*vymirv1.Baseline{{Name: "base", Revision: 1}},
		Host:      &vymirv1.HostLine{Name: "mail", Os: "debian 12", Role: "server", Kernel: "6.1.0-28-amd64", Exposure: "open"},
	}
	for i := 1; i <= controlCount; i++ {
		r := &vymirv1.Result{Control: uint32(i), Status: vymirv1.Status_STATUS_PASS, Live: vymirv1.Status_STATUS_PASS, Persisted: vymirv1.Status_STATUS_PASS}
		if i%nth == 0 {
			r.Status, r.Live, r.Reason = vymirv1.Status_STATUS_FAIL, vymirv1.Status_STATUS_FAIL, 1
			r.Target = []byte(`{"params":{"value":"yes"},"evidence":{"path":"/etc/ssh/sshd_config"}}`)
		}
		m.Results = append(m.Results, r)
	}
	return m
}

// server is a running ingest with what tests look into.
type server struct {
	*ingest.Server
	st       *store.Store
	ca       *enrol.CA
	enroller *enrol.Enroller
	o        ingest.Options
}

func start(t testing.TB, st *store.Store, change func(*ingest.Options)) *server {
	t.Helper()
	now := time.Now()
	ca, err := enrol.OpenCA(filepath.Join(t.TempDir(), "ca"), now)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Tx(t.Context(), func(tx *store.Tx) error {
		return errors.Join(
			tx.PutRecipient(store.Recipient{ID: "r-1", NameUK: "Лікарня", Created: now}), tx.PutSite(store.Site{ID: "s-1", RecipientID: "r-1", NameUK: "Корпус", Created: now}),
			controls.Accept(tx, catalogue(t), nil, "server", now))
	}); err != nil {
		t.Fatal(err)
	}
	revoked := enrol.NewRevocations(st, nil)
	s := &server{st: st, ca: ca, enroller: enrol.New(st, ca, revoked, nil)}
	o := ingest.Options{Addr: "127.0.0.1:0", Names: []string{"127.0.0.1"}, Store: st, CA: ca, Enroller: s.enroller, Revoked: revoked, Book: &controls.Book{}}
	if change != nil {
		change(&o)
	}
	s.o = o
	s.run(t, o)
	return s
}

// beside is a second server process on the same store and CA.
func (s *server) beside(t testing.TB) *server {
	t.Helper()
	other := &server{st: s.st, ca: s.ca, enroller: s.enroller}
	o := s.o
	o.Revoked, o.Book = enrol.NewRevocations(s.st, nil), &controls.Book{}
	other.run(t, o)
	return other
}

func (s *server) run(t testing.TB, o ingest.Options) {
	t.Helper()
	var err error
	if s.Server, err = ingest.Listen(o); err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	stop := s.Server
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := stop.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// agent is an enrolled host.
type agent struct {
	*wire.Client
	id    string
	key   *ecdsa.PrivateKey
	cert  tls.Certificate
	roots []*x509.Certificate
	csr   []byte
}

func (s *server) client(t testing.TB, o wire.ClientOptions) *wire.Client {
	t.Helper()
	o.Server = s.Addr()
	if o.Protocol == wire.QUIC { // nothing else is tried then, and a busy machine may take its time
		o.HandshakeTimeout = cmp.Or(o.HandshakeTimeout, time.Minute)
	}
	if len(o.Roots) == 0 {
		o.Pin = s.ca.Pin()
	}
	c, err := wire.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (s *server) enrol(t testing.TB, p wire.Protocol) *agent {
	t.Helper()
	return s.enrolBy(t, wire.ClientOptions{Protocol: p})
}

func (s *server) enrolBy(t testing.TB, o wire.ClientOptions) *agent {
	t.Helper()
	text, _, err := s.enroller.CreateToken(t.Context(), enrol.NewToken{Recipient: "r-1", Server: s.Addr(), By: "test"})
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{}
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if a.csr, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, a.key); err != nil {
		t.Fatal(err)
	}
	stranger := s.client(t, o)
	r, err := stranger.Enrol(t.Context(), connect.NewRequest(&vymirv1.EnrolRequest{Token: text, Csr: a.csr, WireVersion: wire.Version}))
	if err != nil {
		t.Fatal(err)
	}
	stranger.Close()
	a.id = r.Msg.HostId
	a.cert = tls.Certificate{Certificate: append([][]byte{r.Msg.Certificate}, r.Msg.Chain...), PrivateKey: a.key}
	for _, der := range r.Msg.Roots {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		a.roots = append(a.roots, c)
	}
	o.Roots, o.Certificate = a.roots, &a.cert
	a.Client = s.client(t, o)
	return a
}

func full(sequence uint64, m *vymirv1.Assessment) *vymirv1.Item {
	return &vymirv1.Item{Sequence: sequence, CreatedMs: m.MeasuredMs, Body: &vymirv1.Item_Assessment{Assessment: m}}
}

func delta(t testing.TB, sequence, baseSequence uint64, base, next *vymirv1.Assessment) *vymirv1.Item {
	t.Helper()
	d, ok := wire.Diff(base, next, baseSequence)
	if !ok {
		t.Fatal("no delta")
	}
	return &vymirv1.Item{Sequence: sequence, CreatedMs: next.MeasuredMs, Body: &vymirv1.Item_Delta{Delta: d}}
}

func (a *agent) send(t testing.TB, items ...*vymirv1.Item) *vymirv1.CheckInResponse {
	t.Helper()
	r, err := a.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version, Items: items, NowMs: time.Now().UnixMilli()}))
	if err != nil {
		t.Fatal(err)
	}
	return r.Msg
}

func (s *server) findings(t testing.TB, host string, state review.State) int {
	t.Helper()
	n := 0
	if err := s.st.View(t.Context(), func(tx *store.Tx) error {
		f, err := tx.Findings(store.FindingFilter{Host: host, State: state})
		n = len(f)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDelivery(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		for _, p := range []wire.Protocol{wire.QUIC, wire.TCP} {
			t.Run(string(p), func(t *testing.T) {
				s := start(t, st, nil)
				a := s.enrol(t, p)
				t0 := time.Now().Add(-3 * time.Hour)
				first, second := sample(5, t0), sample(5, t0.Add(time.Hour))
				second.Results[4].Status, second.Results[4].Live, second.Results[4].Reason, second.Results[4].Target = 1, 1, 0, nil
				if r := a.send(t, full(1, first)); r.Acknowledged != 1 || len(r.Refused) != 0 {
					t.Fatalf("first: %v", r)
				}
				if n := s.findings(t, a.id, review.Open); n != 30 {
					t.Errorf("%d findings are open, want 30", n)
				}
				if r := a.send(t, delta(t, 2, 1, first, second)); r.Acknowledged != 2 || r.NeedFullFrom != 0 {
					t.Fatalf("delta: %v", r)
				}
				if open, closed := s.findings(t, a.id, review.Open), s.findings(t, a.id, review.Closed); open != 29 || closed != 1 {
					t.Errorf("%d open, %d closed; want 29, 1", open, closed)
				}
				// The answer was lost: the same item comes again and changes nothing.
				if r := a.send(t, delta(t, 2, 1, first, second)); r.Acknowledged != 2 || len(r.Refused) != 0 {
					t.Errorf("repeat: %v", r)
				}
				// A base that is not there asks for the whole.
				if r := a.send(t, delta(t, 3, 1, first, second)); r.Acknowledged != 2 || r.NeedFullFrom != 3 {
					t.Errorf("lost base: %v", r)
				}
				wrong := delta(t, 3, 2, first, second)
				if r := a.send(t, wrong); r.Acknowledged != 2 || r.NeedFullFrom != 3 {
					t.Errorf("wrong base: %v", r)
				}
				third := sample(3, t0.Add(2*time.Hour))
				if r := a.send(t, full(3, third), delta(t, 4, 3, third, sample(3, t0.Add(150*time.Minute)))); r.Acknowledged != 4 {
					t.Errorf("full and delta in one check-in: %v", r)
				}
				if n := s.findings(t, a.id, review.Open); n != 50 {
					t.Errorf("%d findings are open, want 50", n)
				}
				// Other content under a sequence that was stored.
				if r := a.send(t, full(4, sample(2, t0))); len(r.Refused) != 1 || r.Refused[0].Code != wire.RefusedStale {
					t.Errorf("conflict: %v", r)
				}
				if err := st.View(t.Context(), func(tx *store.Tx) error {
					h, err := tx.Host(a.id)
					if h.LastSequence != 4 || h.Summary.Fail != 50 || h.Conflicts != 1 || h.Name != "mail" || h.Exposure != "open" || h.Protocol != string(p) {
						t.Errorf("host is %+v", h)
					}
					all, err2 := tx.Assessments(a.id, 0, 0)
					if len(all) != 4 {
						t.Errorf("%d assessments are stored", len(all))
					}
					return errors.Join(err, err2)
				}); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

// TestClonedDisk has two machines report with one identity and one outbox from the same moment on, by deltas, as a
// copied disk makes them: the second is told that its number is taken, nothing of it is swallowed, and it shows.
func TestClonedDisk(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := start(t, st, nil)
		a := s.enrol(t, wire.QUIC)
		t0 := time.Now().Add(-time.Hour)
		base := sample(5, t0)
		a.send(t, full(1, base))
		mine, clone := sample(5, t0.Add(10*time.Minute)), sample(5, t0.Add(11*time.Minute))
		mine.Results[0].Reason, clone.Results[1].Reason = 1, 1
		if r := a.send(t, delta(t, 2, 1, base, mine)); r.Acknowledged != 2 || len(r.Refused) != 0 {
			t.Fatalf("the one: %v", r)
		}
		r := a.send(t, delta(t, 2, 1, base, clone))
		if len(r.Refused) != 1 || r.Refused[0].Code != wire.RefusedStale || r.Acknowledged != 2 {
			t.Fatalf("the other: %v", r)
		}
		if r := a.send(t, full(3, clone)); r.Acknowledged != 3 || len(r.Refused) != 0 {
			t.Errorf("the other, under a new number: %v", r)
		}
		// The one's answer was lost and it sends again, by then from another base: no conflict.
		again := delta(t, 2, 1, base, mine)
		again.GetDelta().BaseSequence = 3
		if r := a.send(t, again); len(r.Refused) != 0 {
			t.Errorf("a repeat counts as a conflict: %v", r)
		}
		if err := st.View(t.Context(), func(tx *store.Tx) error {
			h, err := tx.Host(a.id)
			trail, err2 := tx.AuditEntries("r-1", 0, 100)
			told := 0
			for _, e := range trail {
				if e.Action == "host.conflict" {
					told++
				}
			}
			if h.Conflicts != 1 || told != 1 {
				t.Errorf("%d conflicts are counted and %d told, want 1 and 1", h.Conflicts, told)
			}
			return errors.Join(err, err2)
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRefusedItems(t *testing.T) {
	s := start(t, storetest.New(t), nil)
	a := s.enrol(t, wire.QUIC)
	now := time.Now()
	with := func(change func(*vymirv1.Assessment)) *vymirv1.Assessment {
		m := sample(5, now)
		change(m)
		return m
	}
	for i, c := range []struct {
		name      string
		item      *vymirv1.Item
		code      string
		permanent bool
	}{
		{"no-body", &vymirv1.Item{}, wire.RefusedMalformed, true},
		{"too-large", &vymirv1.Item{Body: &vymirv1.Item_Facts{Facts: make([]byte, wire.MaxItemBytes+1)}}, wire.RefusedTooLarge, true},
		{"unsorted", full(0, with(func(m *vymirv1.Assessment) { m.Results[3].Control = 1 })), wire.RefusedMalformed, true},
		{"no-such-control", full(0, with(func(m *vymirv1.Assessment) { m.Results[149].Control = 9999 })), wire.RefusedMalformed, true},
		{"target-no-json", full(0, with(func(m *vymirv1.Assessment) { m.Results[0].Target = []byte("{") })), wire.RefusedMalformed, true},
		{"bundle-control-characters", full(0, with(func(m *vymirv1.Assessment) { m.BundleName = "x\x00" })), wire.RefusedMalformed, true},
		{"facts-without-judge", &vymirv1.Item{Body: &vymirv1.Item_Facts{Facts: []byte("x")}}, wire.RefusedMalformed, true},
		{"unknown-bundle", full(0, with(func(m *vymirv1.Assessment) { m.BundleRevision = 99 })), wire.RefusedUnknownBundle, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.item.Sequence = uint64(10 + i)
			r := a.send(t, c.item)
			if len(r.Refused) != 1 || r.Refused[0].Code != c.code || r.Refused[0].Permanent != c.permanent {
				t.Fatalf("refused: %v", r.Refused)
			}
			if got := r.Acknowledged == c.item.Sequence; got != c.permanent {
				t.Errorf("acknowledged %d of %d", r.Acknowledged, c.item.Sequence)
			}
		})
	}
	if r := a.send(t, full(99, sample(5, now))); r.Acknowledged != 99 || len(r.Refused) != 0 {
		t.Errorf("a good item after the bad ones: %v", r)
	}
}

func TestRefusedCalls(t *testing.T) {
	s := start(t, storetest.New(t), nil)
	a, other := s.enrol(t, wire.QUIC), s.enrol(t, wire.TCP)
	stranger := s.client(t, wire.ClientOptions{})
	for _, c := range []struct {
		name   string
		client *wire.Client
		req    *vymirv1.CheckInRequest
		code   connect.Code
		text   string
	}{
		{"no-certificate", stranger, &vymirv1.CheckInRequest{WireVersion: wire.Version}, connect.CodeUnauthenticated, "certificate"},
		{"other-host", a.Client, &vymirv1.CheckInRequest{WireVersion: wire.Version, HostId: other.id}, connect.CodePermissionDenied, wire.RefusedForeignHost},
		{"newer-version", a.Client, &vymirv1.CheckInRequest{WireVersion: wire.Version + 1}, connect.CodeFailedPrecondition, wire.RefusedUnknownVersion},
		{"no-version", a.Client, &vymirv1.CheckInRequest{}, connect.CodeFailedPrecondition, wire.RefusedUnknownVersion},
		{"descending", other.Client, &vymirv1.CheckInRequest{WireVersion: wire.Version, Items: []*vymirv1.Item{{Sequence: 2}, {Sequence: 1}}}, connect.CodeInvalidArgument, "sequence"},
		{"sequence-too-high", other.Client, &vymirv1.CheckInRequest{WireVersion: wire.Version, Items: []*vymirv1.Item{{Sequence: 1 << 60}}}, connect.CodeInvalidArgument, "sequence"},
		{"too-many", other.Client, &vymirv1.CheckInRequest{WireVersion: wire.Version, Items: make([]*vymirv1.Item, wire.MaxItems+1)}, connect.CodeInvalidArgument, "items"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.client.CheckIn(t.Context(), connect.NewRequest(c.req))
			if connect.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v", err)
			}
		})
	}
	if err := s.st.View(t.Context(), func(tx *store.Tx) error {
		h, err := tx.Host(other.id)
		if h.LastSequence != 0 {
			t.Error("another host's record changed")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestRevokedHost has a connection open when the host is revoked, and tries again by a resumed session.
func TestRevokedHost(t *testing.T) {
	for _, p := range []wire.Protocol{wire.QUIC, wire.TCP} {
		t.Run(string(p), func(t *testing.T) {
			s := start(t, storetest.New(t), nil)
			a := s.enrol(t, p)
			sessions := tls.NewLRUClientSessionCache(4)
			before := s.client(t, wire.ClientOptions{Protocol: p, Roots: a.roots, Certificate: &a.cert, Sessions: sessions})
			req := &vymirv1.CheckInRequest{WireVersion: wire.Version, Items: []*vymirv1.Item{full(1, sample(5, time.Now()))}}
			if _, err := before.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version})); err != nil {
				t.Fatal(err)
			}
			if err := s.enroller.Revoke(t.Context(), a.id, "stolen", "test"); err != nil {
				t.Fatal(err)
			}
			if _, err := before.CheckIn(t.Context(), connect.NewRequest(req)); connect.CodeOf(err) != connect.CodePermissionDenied {
				t.Errorf("on the open connection: %v", err)
			}
			before.Close()
			again := s.client(t, wire.ClientOptions{Protocol: p, Roots: a.roots, Certificate: &a.cert, Sessions: sessions})
			if _, err := again.CheckIn(t.Context(), connect.NewRequest(req)); err == nil {
				t.Error("on a new connection it was let in")
			}
			if n := s.findings(t, a.id, ""); n != 0 || s.Stats.Stored.Load() != 0 {
				t.Errorf("%d findings, %d items of a revoked host", n, s.Stats.Stored.Load())
			}
		})
	}
}

// TestForeignCA has a host of another server knock here, and ours knock there.
func TestForeignCA(t *testing.T) {
	s, other := start(t, storetest.New(t), nil), start(t, storetest.New(t), nil)
	a := s.enrol(t, wire.QUIC)
	there := other.client(t, wire.ClientOptions{Roots: a.roots, Certificate: &a.cert})
	if _, err := there.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version})); !errors.Is(err, wire.ErrServerIdentity) {
		t.Errorf("the host trusted a foreign server: %v", err)
	}
	b := other.enrol(t, wire.QUIC)
	liar := s.client(t, wire.ClientOptions{Certificate: &b.cert})
	if _, err := liar.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version})); err == nil {
		t.Error("a foreign certificate was let in")
	}
}

func TestPerHostLimit(t *testing.T) {
	s := start(t, storetest.New(t), func(o *ingest.Options) { o.Limits = ingest.Limits{PerHost: 3, HostEvery: time.Hour} })
	a, b := s.enrol(t, wire.QUIC), s.enrol(t, wire.QUIC)
	for i := range 3 {
		a.send(t, full(uint64(i+1), sample(5, time.Now())))
	}
	_, err := a.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version}))
	var e *connect.Error
	if !errors.As(err, &e) || e.Code() != connect.CodeResourceExhausted || e.Meta().Get("Retry-After") == "" {
		t.Errorf("fourth check-in: %v", err)
	}
	b.send(t, full(1, sample(5, time.Now()))) // another host does not suffer
}

// TestTimes has a host whose clock is four years ahead, then right again.
func TestTimes(t *testing.T) {
	s := start(t, storetest.New(t), nil)
	a := s.enrol(t, wire.QUIC)
	ahead := time.Now().AddDate(4, 0, 0)
	if _, err := a.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version, NowMs: ahead.UnixMilli(),
		Items: []*vymirv1.Item{full(1, sample(1, ahead.Add(-time.Minute)))}})); err != nil {
		t.Fatal(err)
	}
	a.send(t, full(2, sample(controlCount+1, time.Now())))
	if n := s.findings(t, a.id, review.Closed); n != controlCount {
		t.Errorf("%d findings were closed, want %d", n, controlCount)
	}
}

// TestClockSetBackWhileOffline: a host measured by a right clock, then its clock fell back by years (a dead battery), all of it before it came
// through again with a right clock. The order is that of its sequence: what failed and then passed is closed, not open.
func TestClockSetBackWhileOffline(t *testing.T) {
	st := storetest.New(t)
	s := start(t, st, nil)
	a := s.enrol(t, wire.QUIC)
	now := time.Now()
	a.send(t, full(1, sample(1, now.Add(-time.Hour))), full(2, sample(controlCount+1, now.AddDate(-9, 0, 0))))
	if n := s.findings(t, a.id, review.Closed); n != controlCount {
		t.Errorf("%d findings were closed, want %d", n, controlCount)
	}
	a.send(t, full(3, sample(controlCount+1, now)))
	if err := st.View(t.Context(), func(tx *store.Tx) error {
		all, err := tx.Assessments(a.id, 0, 0)
		for i := range len(all) - 1 {
			if !all[i].Measured.After(all[i+1].Measured) {
				t.Errorf("number %d was measured %s, number %d %s", all[i].Sequence, all[i].Measured, all[i+1].Sequence, all[i+1].Measured)
			}
		}
		if d := now.Sub(all[0].Measured); d < -time.Minute || d > time.Minute {
			t.Errorf("after the clock was set right again the newest was measured %v ago", d)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestLossesAreTold: what a host's outbox lost stands at the server, and a check-in that says nothing says zero.
func TestLossesAreTold(t *testing.T) {
	st := storetest.New(t)
	s := start(t, st, nil)
	a := s.enrol(t, wire.QUIC)
	for _, want := range [][2]uint64{{0, 0}, {3, 1}, {4, 1}} {
		req := &vymirv1.CheckInRequest{WireVersion: wire.Version, NowMs: time.Now().UnixMilli(), DroppedItems: want[0], DamagedItems: want[1]}
		if _, err := a.CheckIn(t.Context(), connect.NewRequest(req)); err != nil {
			t.Fatal(err)
		}
		if err := st.View(t.Context(), func(tx *store.Tx) error {
			h, err := tx.Host(a.id)
			if got := [2]uint64{h.DroppedItems, h.DamagedItems}; got != want {
				t.Errorf("the server knows %v dropped and damaged, want %v", got, want)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// judge answers every facts document with the same assessment.
type judge struct{ a *assessment.Assessment }

func (j judge) Judge(_ context.Context, factsJSON []byte, _ time.Time) (*assessment.Assessment, error) {
	if !json.Valid(factsJSON) {
		return nil, errors.New("no JSON")
	}
	return j.a, nil
}

func TestFactsOfThinAgents(t *testing.T) {
	decoded, err := wire.Decode(sample(5, time.Now()), controls.Lookup(parsed(t)))
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, storetest.New(t), func(o *ingest.Options) { o.Judge = judge{decoded} })
	a := s.enrol(t, wire.QUIC)
	facts := func(text string) []byte {
		b, err := wire.Compress([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	r := a.send(t,
		&vymirv1.Item{Sequence: 1, Body: &vymirv1.Item_Facts{Facts: facts("{")}},
		&vymirv1.Item{Sequence: 2, Body: &vymirv1.Item_Facts{Facts: []byte("no zstd")}},
		&vymirv1.Item{Sequence: 3, Body: &vymirv1.Item_Facts{Facts: facts(`{"schema":"vymir.facts/1"}`)}})
	if r.Acknowledged != 3 || len(r.Refused) != 2 {
		t.Errorf("got %v", r)
	}
	if n := s.findings(t, a.id, review.Open); n != 30 {
		t.Errorf("%d findings are open, want 30", n)
	}
}

func parsed(t testing.TB) *policies.Catalogue {
	t.Helper()
	b, err := json.Marshal(catalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	c, err := policies.ParseCatalogue(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestResumption checks in three times; the second and the third take the session up again. It logs what each costs
// at the IP layer: on a quiet machine 13.4, then 6.4 KB both ways.
func TestResumption(t *testing.T) {
	s := start(t, storetest.New(t), nil)
	a := s.enrol(t, wire.QUIC)
	sessions := tls.NewLRUClientSessionCache(4)
	t0 := time.Now().Add(-time.Hour)
	first, second := sample(5, t0), sample(5, t0.Add(30*time.Minute))
	second.Results[6] = &vymirv1.Result{Control: 7, Status: vymirv1.Status_STATUS_FAIL, Live: vymirv1.Status_STATUS_FAIL, Persisted: vymirv1.Status_STATUS_PASS, Reason: 1}
	var cost [3]wire.Usage
	for i, it := range []*vymirv1.Item{full(1, first), delta(t, 2, 1, first, second), delta(t, 3, 2, second, first)} {
		c := s.client(t, wire.ClientOptions{Protocol: wire.QUIC, Roots: a.roots, Certificate: &a.cert, Sessions: sessions})
		r, err := c.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version, Items: []*vymirv1.Item{it}}))
		if err != nil || r.Msg.Acknowledged != it.Sequence {
			t.Fatal(r, err)
		}
		c.Close()
		cost[i] = c.Usage()
	}
	t.Logf("full handshake and full report: %+v; resumed, delta: %+v, %+v", cost[0], cost[1], cost[2])
	if n := s.Stats.Resumed.Load(); n != 2 {
		t.Errorf("%d sessions were resumed, want 2", n)
	}
}

// TestSessionOfAnotherProcess has a host take its session up with another process on the store, and with one that was started anew.
func TestSessionOfAnotherProcess(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		one := start(t, st, nil)
		a := one.enrol(t, wire.QUIC)
		sessions := oneSession{tls.NewLRUClientSessionCache(1)}
		for i, s := range []*server{one, one.beside(t), one.beside(t)} {
			c := s.client(t, wire.ClientOptions{Protocol: wire.QUIC, Roots: a.roots, Certificate: &a.cert, Sessions: sessions})
			if _, err := c.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version})); err != nil {
				t.Fatal(err)
			}
			c.Close()
			if want := min(i, 1); int(s.Stats.Resumed.Load()) != want {
				t.Errorf("process %d resumed %d sessions, want %d", i, s.Stats.Resumed.Load(), want)
			}
		}
	})
}

// oneSession is a cache that takes all addresses for one.
type oneSession struct{ tls.ClientSessionCache }

func (c oneSession) Get(string) (*tls.ClientSessionState, bool) { return c.ClientSessionCache.Get("") }
func (c oneSession) Put(_ string, cs *tls.ClientSessionState)   { c.ClientSessionCache.Put("", cs) }

// TestTwoProcesses has one host report to two server processes on one store, also at the same moment, and kills one.
func TestTwoProcesses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		one := start(t, st, nil)
		two := one.beside(t)
		a := one.enrol(t, wire.QUIC)
		other := *a
		other.Client = two.client(t, wire.ClientOptions{Protocol: wire.QUIC, Roots: a.roots, Certificate: &a.cert})
		t0 := time.Now().Add(-time.Hour)
		states := []*vymirv1.Assessment{sample(5, t0), sample(3, t0.Add(time.Minute))}
		a.send(t, full(1, states[0]))
		for i := uint64(2); i < 12; i++ {
			it := delta(t, i, i-1, states[i%2], states[(i+1)%2])
			var wg sync.WaitGroup
			for _, c := range []*agent{a, &other} {
				wg.Go(func() {
					r, err := c.CheckIn(context.Background(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version, Items: []*vymirv1.Item{it}}))
					if err != nil || r.Msg.Acknowledged != i || r.Msg.NeedFullFrom != 0 {
						t.Errorf("sequence %d: %v, %v", i, r, err)
					}
				})
			}
			wg.Wait()
		}
		if stored, repeated := one.Stats.Stored.Load()+two.Stats.Stored.Load(), one.Stats.Repeated.Load()+two.Stats.Repeated.Load(); stored != 11 || repeated != 10 {
			t.Errorf("%d stored, %d repeated; want 11, 10", stored, repeated)
		}
		dead, cancel := context.WithCancel(t.Context())
		cancel()
		two.Shutdown(dead) //nolint:errcheck // it is killed
		if r := a.send(t, full(12, states[0])); r.Acknowledged != 12 {
			t.Errorf("after one process died: %v", r)
		}
	})
}

// TestBrokenBodies sends what is no message, cut, or too long; the server answers and goes on.
func TestBrokenBodies(t *testing.T) {
	s := start(t, storetest.New(t), nil)
	a := s.enrol(t, wire.TCP)
	pool := x509.NewCertPool()
	for _, r := range a.roots {
		pool.AddCert(r)
	}
	raw := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{a.cert}}}}
	defer raw.CloseIdleConnections()
	good, err := proto.Marshal(&vymirv1.CheckInRequest{WireVersion: wire.Version, Items: []*vymirv1.Item{full(1, sample(5, time.Now()))}})
	if err != nil {
		t.Fatal(err)
	}
	zeros, err := wire.Compress(make([]byte, wire.MaxMessageBytes+1))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, call, encoding string
		body                 []byte
	}{
		{"cut", "CheckIn", "", good[:len(good)-5]},
		{"nonsense", "CheckIn", "", []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")},
		{"too-long", "CheckIn", "", make([]byte, wire.MaxCompressedBytes+1)},
		{"unfolds-too-far", "CheckIn", "zstd", zeros},
		{"no-zstd", "CheckIn", "zstd", good},
		{"enrol-too-long", "Enrol", "", make([]byte, 20<<10)},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+s.Addr()+"/vymir.v1.AgentService/"+c.call, bytes.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/proto")
			if c.encoding != "" {
				req.Header.Set("Content-Encoding", c.encoding)
			}
			resp, err := raw.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode < 400 || resp.StatusCode >= 500 {
				t.Errorf("status %d", resp.StatusCode)
			}
		})
	}
	if r := a.send(t, full(1, sample(5, time.Now()))); r.Acknowledged != 1 {
		t.Errorf("after the broken ones: %v", r)
	}
}

// TestFetch reads a published artefact in parts, by both engines.
func TestFetch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := start(t, st, nil)
		a := s.enrol(t, wire.QUIC)
		file := make([]byte, wire.MaxFetchBytes+1000)
		rand.Read(file)
		digest := sha256.Sum256(file)
		if err := st.Tx(t.Context(), func(tx *store.Tx) error {
			return errors.Join(
				tx.AddArtefact(store.Artefact{Kind: wire.KindVulns, Name: "Debian:12", Revision: 4, Digest: digest[:], Content: file, Published: time.Now()}),
				tx.PutOffer(wire.KindVulns, "Debian:12", 4, ""))
		}); err != nil {
			t.Fatal(err)
		}
		r := a.send(t, full(1, sample(5, time.Now())))
		if o := r.Directives.Offers; len(o) != 1 || o[0].Name != "Debian:12" || o[0].Size != uint64(len(file)) || !bytes.Equal(o[0].Digest, digest[:]) {
			t.Fatalf("offers are %v", o)
		}
		fetch := func(kind, name string, revision, offset uint64, limit uint32) (*vymirv1.FetchResponse, error) {
			r, err := a.Fetch(t.Context(), connect.NewRequest(&vymirv1.FetchRequest{Kind: kind, Name: name, Revision: revision, Offset: offset, Limit: limit}))
			if err != nil {
				return nil, err
			}
			return r.Msg, nil
		}
		var got []byte
		for uint64(len(got)) < uint64(len(file)) {
			r, err := fetch(wire.KindVulns, "Debian:12", 4, uint64(len(got)), 1<<31)
			if err != nil || len(r.Data) == 0 || r.Total != uint64(len(file)) || !bytes.Equal(r.Digest, digest[:]) {
				t.Fatal(err, r.GetTotal(), len(r.GetData()))
			}
			got = append(got, r.Data...)
		}
		if !bytes.Equal(got, file) {
			t.Error("what came is not what was published")
		}
		delta := file[:wire.MaxFetchBytes+9]
		digest = sha256.Sum256(delta)
		if err := st.Tx(t.Context(), func(tx *store.Tx) error {
			return tx.ReplaceDeltas(wire.KindVulns, "Debian:12", []store.Delta{{Revision: 4, Base: 3, Digest: digest[:], Content: delta}})
		}); err != nil {
			t.Fatal(err)
		}
		part := func(base, offset uint64) (*vymirv1.FetchResponse, error) {
			r, err := a.Fetch(t.Context(), connect.NewRequest(&vymirv1.FetchRequest{Kind: wire.KindVulns, Name: "Debian:12", Revision: 4, DeltaFrom: base, Offset: offset, Limit: 1 << 31}))
			if err != nil {
				return nil, err
			}
			return r.Msg, nil
		}
		begin, err := part(3, 0)
		if err != nil {
			t.Fatal(err)
		}
		end, err := part(3, wire.MaxFetchBytes)
		if err != nil || begin.Total != uint64(len(delta)) || !bytes.Equal(begin.Digest, digest[:]) || !bytes.Equal(append(begin.Data, end.Data...), delta) {
			t.Error("what came is not the delta", err)
		}
		for _, base := range []uint64{2, 4, 1 << 63} {
			if _, err := part(base, 0); connect.CodeOf(err) != connect.CodeNotFound {
				t.Errorf("a delta from %d: %v", base, err)
			}
		}
		if r, err := fetch(wire.KindVulns, "Debian:12", 4, 1<<60, 10); err != nil || len(r.Data) != 0 {
			t.Errorf("behind the end: %v", err)
		}
		for _, c := range []struct {
			kind, name string
			revision   uint64
		}{{wire.KindBundle, "debian 12", 4}, {wire.KindVulns, "debian 13", 4}, {wire.KindVulns, "Debian:12", 5}, {"program", "debian 12", 4}, {wire.KindVulns, "a\x00b", 1}} {
			if _, err := fetch(c.kind, c.name, c.revision, 0, 10); connect.CodeOf(err) != connect.CodeNotFound {
				t.Errorf("%v: %v", c, err)
			}
		}
	})
}

// TestStoreFails takes the store away: nothing is acknowledged, and the host is told to come again.
func TestStoreFails(t *testing.T) {
	s := start(t, storetest.New(t), nil)
	a := s.enrol(t, wire.QUIC)
	a.send(t)
	s.st.Close()
	_, err := a.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version, Items: []*vymirv1.Item{full(1, sample(5, time.Now()))}}))
	if connect.CodeOf(err) != connect.CodeUnavailable || strings.Contains(err.Error(), "sql") {
		t.Errorf("got %v", err)
	}
}
