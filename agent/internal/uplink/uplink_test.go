package uplink

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// bench is one host with its server.
type bench struct {
	t      *testing.T
	server *fakeserver.Server
	dir    string
	outbox *spool.Spool
	id     *identity.Identity
	now    time.Time
	up     *Uplink
	day    int
}

func setUp(t *testing.T, o fakeserver.Options) *bench {
	t.Helper()
	b := &bench{t: t, server: fakeserver.Start(t, o), dir: t.TempDir(), now: time.Now()}
	id, _, err := identity.Enrol(t.Context(), b.dir, identity.EnrolOptions{Token: b.server.Token(t), Protocol: wire.TCP})
	if err != nil {
		t.Fatal(err)
	}
	b.id = id
	b.openOutbox()
	b.restart()
	return b
}

func (b *bench) openOutbox() {
	b.t.Helper()
	s, err := spool.Open(b.dir+"/outbox", spool.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { s.Close() }) //nolint:errcheck // a test's outbox
	b.outbox = s
}

func (b *bench) restart() {
	b.up = New(Options{
		StateDir: b.dir, Identity: b.id, Outbox: b.outbox, Version: "test", Now: func() time.Time { return b.now },
		HandshakeTimeout: 300 * time.Millisecond,
	})
}

// assess puts an assessment of 40 controls into the outbox, of which those named fail.
func (b *bench) assess(failing ...uint32) uint64 {
	b.t.Helper()
	b.day++
	m := &vymirv1.Assessment{
		BundleName: "vymir", BundleRevision: 1, BundleDigest: []byte{1}, MeasuredMs: int64(b.day) * 86_400_000,
		Baselines: []*vymirv1.Baseline{{Name: "essential", Revision: 1}}, Host: &vymirv1.HostLine{Os: "debian 12"},
	}
	for n := uint32(1); n <= 40; n++ {
		r := &vymirv1.Result{Control: n, Status: vymirv1.Status_STATUS_PASS, Persisted: vymirv1.Status_STATUS_PASS}
		for _, f := range failing {
			if f == n {
				r.Status, r.Persisted, r.Reason = vymirv1.Status_STATUS_FAIL, vymirv1.Status_STATUS_FAIL, 1
			}
		}
		m.Results = append(m.Results, r)
	}
	payload, err := wire.Marshal(&vymirv1.Item{Body: &vymirv1.Item_Assessment{Assessment: m}})
	if err != nil {
		b.t.Fatal(err)
	}
	seq, err := b.outbox.Append(spool.Item{Kind: spool.State, Created: b.now, Payload: payload})
	if err != nil {
		b.t.Fatal(err)
	}
	return seq
}

func (b *bench) checkIn() Outcome {
	b.t.Helper()
	out, err := b.up.CheckIn(b.t.Context(), false)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// wantStored wants exactly these sequences at the server, each once, and nothing waiting.
func (b *bench) wantStored(want ...uint64) {
	b.t.Helper()
	_, h := b.server.Host(b.t)
	b.server.Mu.Lock()
	defer b.server.Mu.Unlock()
	if fmt.Sprint(h.Order) != fmt.Sprint(want) {
		b.t.Errorf("server stored %v, want %v", h.Order, want)
	}
	if st := b.outbox.Stats(); st.Items != 0 {
		b.t.Errorf("still waiting: %+v", st)
	}
}

func (b *bench) sent(i int) *vymirv1.CheckInRequest {
	b.server.Mu.Lock()
	defer b.server.Mu.Unlock()
	return b.server.CheckIns[i]
}

func TestDeliversDeltasAgainstWhatWasAcknowledged(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	b.assess(3)
	b.assess(3, 4)
	out := b.checkIn()
	if out.Delivered != 2 || out.Protocol != wire.QUIC || out.Usage.SentBytes == 0 {
		t.Errorf("outcome is %+v", out)
	}
	if items := b.sent(0).Items; items[0].GetAssessment() == nil || items[1].GetDelta() == nil {
		t.Errorf("first check-in sent %v", items)
	}
	b.restart() // the base is on disk
	b.assess(4)
	b.checkIn()
	d := b.sent(1).Items[0].GetDelta()
	if d == nil || d.BaseSequence != 2 || len(d.Changed.Results) != 1 {
		t.Fatalf("second check-in sent %v", b.sent(1).Items)
	}
	b.wantStored(1, 2, 3)
	_, h := b.server.Host(t)
	if got := h.Stored[3].Results[2].Status; got != vymirv1.Status_STATUS_PASS {
		t.Errorf("control 3 is %v at the server", got)
	}
}

func TestServerLostTheBase(t *testing.T) {
	for name, lose := range map[string]func(*fakeserver.Host){
		"forgot":  func(h *fakeserver.Host) { h.Base, h.BaseSequence = nil, 0 },
		"differs": func(h *fakeserver.Host) { h.Base = proto.CloneOf(h.Base); h.Base.DurationMs++ },
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t, fakeserver.Options{})
			b.assess()
			b.checkIn()
			_, h := b.server.Host(t)
			lose(h)
			b.assess(1)
			b.assess(1, 2)
			b.checkIn()
			b.wantStored(1, 2, 3)
		})
	}
}

func TestHostLostTheBase(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	b.assess()
	b.checkIn()
	b.outbox.ForgetBase()
	b.assess(1)
	b.checkIn()
	if b.sent(1).Items[0].GetAssessment() == nil {
		t.Error("without a base a delta was sent")
	}
	b.wantStored(1, 2)
}

// TestAnswerLost: the server stored, the answer did not arrive; the items come again and are stored once.
func TestAnswerLost(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	b.assess()
	b.server.Respond = func(*vymirv1.CheckInRequest, *vymirv1.CheckInResponse) error {
		return connect.NewError(connect.CodeUnavailable, errors.New("going down"))
	}
	if _, err := b.up.CheckIn(t.Context(), false); err == nil {
		t.Fatal("check-in went well")
	}
	if st := b.up.State(); st.Failures != 1 || st.LastError == "" {
		t.Errorf("state is %+v", st)
	}
	b.server.Respond = nil
	b.assess(1)
	b.checkIn()
	b.wantStored(1, 2)
	if st := b.up.State(); st.Failures != 0 || st.LastError != "" {
		t.Errorf("state is %+v", st)
	}
}

func TestManyItemsInSeveralExchanges(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	var want []uint64
	for range wire.MaxItems + 30 {
		want = append(want, b.assess(uint32(len(want)%40+1)))
	}
	if out := b.checkIn(); out.Delivered != len(want) {
		t.Errorf("delivered %d of %d", out.Delivered, len(want))
	}
	b.wantStored(want...)
}

func TestRefusals(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	b.assess()
	b.server.Respond = func(req *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse) error {
		if len(req.Items) > 0 && req.Items[0].Sequence == 1 {
			resp.Acknowledged = 0
			resp.Refused = []*vymirv1.Refusal{{Sequence: 1, Code: wire.RefusedUnknownBundle, Detail: "vymir 1"}}
		}
		return nil
	}
	out := b.checkIn()
	if len(out.Refused) != 1 || b.outbox.Stats().Items != 1 {
		t.Errorf("outcome %+v, outbox %+v: a refusal for now must keep the item", out, b.outbox.Stats())
	}
	b.server.Respond = func(_ *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse) error {
		resp.Acknowledged = 0
		resp.Refused = []*vymirv1.Refusal{{Sequence: 1, Code: wire.RefusedMalformed, Permanent: true}}
		return nil
	}
	b.checkIn()
	if st := b.outbox.Stats(); st.Items != 0 || st.Dropped != 1 {
		t.Errorf("outbox %+v: a refusal for good must drop and count the item", st)
	}
}

// TestOutboxRestoredFromAnOlderCopy: the server acknowledges numbers this host never gave; nothing is lost.
func TestOutboxRestoredFromAnOlderCopy(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	for range 3 {
		b.assess()
		b.checkIn()
	}
	if err := b.outbox.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(b.dir + "/outbox"); err != nil {
		t.Fatal(err)
	}
	b.openOutbox()
	b.restart()
	b.assess(7)
	b.checkIn()
	b.wantStored(1, 2, 3, 4)
}

func TestHostileAcknowledgement(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	b.assess()
	for name, set := range map[string]func(*vymirv1.CheckInResponse){
		"huge":           func(r *vymirv1.CheckInResponse) { r.Acknowledged = 1 << 63 },
		"full-for-ever":  func(r *vymirv1.CheckInResponse) { r.Acknowledged, r.NeedFullFrom = 0, 1 },
		"full-not-asked": func(r *vymirv1.CheckInResponse) { r.Acknowledged, r.NeedFullFrom = 0, 77 },
	} {
		b.server.Respond = func(_ *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse) error { set(resp); return nil }
		if _, err := b.up.CheckIn(t.Context(), false); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: error is %v, want ErrProtocol", name, err)
		}
		if st := b.outbox.Stats(); st.Items != 1 || st.Last != 1 {
			t.Errorf("%s: outbox is %+v", name, st)
		}
	}
}

func TestUDPBlockedIsRememberedAndProbedAgain(t *testing.T) {
	b := setUp(t, fakeserver.Options{NoUDP: true})
	b.assess()
	if out := b.checkIn(); out.Protocol != wire.TCP {
		t.Fatalf("protocol is %q", out.Protocol)
	}
	st := b.up.State().UDP
	if !st.Blocked || st.Reason == "" || st.ProbeAt.Sub(b.now) != time.Hour {
		t.Errorf("memory is %+v", st)
	}
	b.restart()
	if got := b.up.state.UDP.choose(network(b.id.Server), b.now.Add(30*time.Minute)); got != wire.TCP {
		t.Errorf("half an hour later %q is chosen, want TCP", got)
	}
	if got := b.up.state.UDP.choose("192.0.2.0/24", b.now); got != wire.Auto {
		t.Errorf("on another network %q is chosen, want a probe", got)
	}
	b.now = b.now.Add(61 * time.Minute)
	b.checkIn()
	if st := b.up.State().UDP; st.Times != 2 || st.ProbeAt.Sub(b.now) != 2*time.Hour {
		t.Errorf("after a failed probe: %+v", st)
	}
	if got := b.up.state.UDP.choose(network(b.id.Server), b.now.AddDate(-3, 0, 0)); got != wire.Auto {
		t.Errorf("clock jumped back: %q is chosen, want a probe", got)
	}
}

// TestUDPIsRememberedPerNetwork takes a host to and fro between a network that lets no UDP through and one that does: each keeps its own memory, and
// so does each of many, up to a bound.
func TestUDPIsRememberedPerNetwork(t *testing.T) {
	var s State
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	no := errors.New("no UDP here")
	ask := func(network string) wire.Protocol {
		m := s.udpOn(network)
		return m.choose(network, now)
	}
	s.learnUDP("office", wire.TCP, no, now)
	s.learnUDP("dish", wire.QUIC, nil, now)
	if ask("office") != wire.TCP || ask("dish") != wire.Auto || s.UDP.Blocked {
		t.Errorf("at the dish: office %q, dish %q, %+v", ask("office"), ask("dish"), s)
	}
	s.learnUDP("office", wire.TCP, nil, now)
	if !s.UDP.Blocked || s.UDP.Times != 1 || len(s.UDPElsewhere) != 0 || ask("dish") != wire.Auto {
		t.Errorf("back in the office: %+v", s)
	}
	now = now.Add(61 * time.Minute)
	if ask("office") != wire.Auto {
		t.Error("QUIC is not probed again")
	}
	s.learnUDP("dish", wire.QUIC, nil, now)
	s.learnUDP("office", wire.TCP, no, now)
	if s.UDP.Times != 2 || s.UDP.ProbeAt.Sub(now) != 2*time.Hour {
		t.Errorf("after a failed probe: %+v", s.UDP)
	}
	for n := range 3 * maxElsewhere {
		s.learnUDP(fmt.Sprint(n), wire.TCP, no, now)
	}
	if len(s.UDPElsewhere) != maxElsewhere || ask("office") != wire.Auto || ask(fmt.Sprint(3*maxElsewhere-2)) != wire.TCP {
		t.Errorf("%d networks are remembered: %+v", len(s.UDPElsewhere), s.UDPElsewhere)
	}
}

func TestRevokedThenForgiven(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	b.assess()
	b.server.Mu.Lock()
	b.server.Revoked["h1"] = true
	b.server.Mu.Unlock()
	for range 2 {
		if _, err := b.up.CheckIn(t.Context(), false); !errors.Is(err, ErrRefused) {
			t.Fatalf("error is %v, want ErrRefused", err)
		}
	}
	b.server.Mu.Lock()
	recovered := b.server.Calls["Recover HTTP/3.0"] + b.server.Calls["Recover HTTP/2.0"]
	clear(b.server.Revoked)
	b.server.Mu.Unlock()
	if recovered != 1 || !b.up.State().Refused {
		t.Errorf("asked to recover %d times, state %+v", recovered, b.up.State())
	}
	b.checkIn()
	b.wantStored(1)
	if b.up.State().Refused {
		t.Error("still counted as refused")
	}
}

// TestExpiredCertificateRecovers: the host was off longer than its certificate.
func TestExpiredCertificateRecovers(t *testing.T) {
	clock := time.Now()
	b := setUp(t, fakeserver.Options{ServerTime: func() time.Time { return clock }})
	clock = clock.AddDate(0, 0, 80)
	b.assess()
	b.checkIn()
	b.wantStored(1)
	again, err := identity.Load(b.dir)
	if err != nil || again.Expired(clock) {
		t.Errorf("certificate on disk is expired (%v)", err)
	}
}

func TestRenewsAtTwoThirdsAndWhenAsked(t *testing.T) {
	clock := time.Now()
	b := setUp(t, fakeserver.Options{ServerTime: func() time.Time { return clock }})
	b.checkIn()
	if b.server.Renewals != 0 {
		t.Error("renewed a fresh certificate")
	}
	clock = clock.AddDate(0, 0, 21) // the host's clock stays behind: the server's counts
	b.checkIn()
	if b.server.Renewals != 1 {
		t.Errorf("%d renewals, want 1", b.server.Renewals)
	}
	b.server.Respond = func(_ *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse) error {
		resp.Directives = &vymirv1.Directives{Renew: true, Withhold: []string{"os"}, MeasureNow: true, IntervalS: 600}
		resp.RetryAfterS = 120
		return nil
	}
	out := b.checkIn()
	if b.server.Renewals != 2 || !out.MeasureNow || out.Interval != 10*time.Minute || out.RetryAfter != 2*time.Minute {
		t.Errorf("%d renewals, outcome %+v", b.server.Renewals, out)
	}
	if st := LoadState(b.dir); len(st.Withhold) != 1 || st.SkewSeconds < 20*86400 {
		t.Errorf("state is %+v", st)
	}
}

func TestOnlyUrgent(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	b.assess()
	if _, err := b.up.CheckIn(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if b.outbox.Stats().Items != 1 || len(b.sent(0).Items) != 0 {
		t.Error("an item that is not urgent was sent over the budget")
	}
}

func TestMeterBeginsAnewEachMonth(t *testing.T) {
	var s State
	at := time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)
	s.count(wire.Usage{SentBytes: 10, ReceivedBytes: 1}, false, at)
	s.count(wire.Usage{SentBytes: 10, ReceivedBytes: 1}, false, at.Add(time.Minute))
	if s.Month != (Month{Name: "2026-11", SentBytes: 20, ReceivedBytes: 2}) {
		t.Errorf("meter is %+v", s.Month)
	}
	s.count(wire.Usage{SentBytes: 5}, false, at.Add(2*time.Hour))
	if s.Month != (Month{Name: "2026-12", SentBytes: 5}) {
		t.Errorf("meter is %+v", s.Month)
	}
}

// TestServerThatToldAWrongTime: once it told 2060; when its clock is right again its hosts come back by themselves.
func TestServerThatToldAWrongTime(t *testing.T) {
	b := setUp(t, fakeserver.Options{})
	b.server.Respond = func(_ *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse) error {
		resp.ServerTimeMs = time.Date(2059, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
		return nil
	}
	b.checkIn()
	b.server.Respond = nil
	b.assess()
	for attempt := 0; ; attempt++ {
		_, err := b.up.CheckIn(t.Context(), false)
		if err == nil {
			break
		}
		if attempt > maxFloorFailures {
			t.Fatalf("locked out for good: %v", err)
		}
	}
	b.wantStored(1)
	if st := b.up.State(); st.ServerTime.Year() > 2050 {
		t.Errorf("the wrong time is still believed: %+v", st)
	}
}
