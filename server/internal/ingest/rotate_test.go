package ingest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// line is a host whose agent checks in as the real one does: by the roots it knows, and renewing when told to.
type line struct {
	*agent
	t     *testing.T
	s     *server
	proto wire.Protocol
}

func (l *line) call(f func(*wire.Client) error) error {
	c, err := wire.NewClient(wire.ClientOptions{Server: l.s.Addr(), Roots: l.roots, Certificate: &l.cert, Protocol: l.proto})
	if err != nil {
		return err
	}
	defer c.Close()
	return f(c)
}

// checkIn reports whether the host was told to renew, which it does at once.
func (l *line) checkIn() (renewed bool, err error) {
	l.t.Helper()
	err = l.call(func(c *wire.Client) error {
		r, err := c.CheckIn(l.t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version, NowMs: time.Now().UnixMilli()}))
		if err != nil || !r.Msg.Directives.Renew {
			return err
		}
		renewed = true
		n, err := c.Renew(l.t.Context(), connect.NewRequest(&vymirv1.RenewRequest{Csr: l.csr}))
		if err != nil {
			return err
		}
		l.cert = tls.Certificate{Certificate: [][]byte{n.Msg.Certificate}, PrivateKey: l.key}
		l.roots = nil
		for _, der := range n.Msg.Roots {
			root, err := x509.ParseCertificate(der)
			if err != nil {
				return err
			}
			l.roots = append(l.roots, root)
		}
		return nil
	})
	return renewed, err
}

// TestReplaceTheCA replaces the root under running servers without touching a host: one host is there all the time, one was off from
// before the announcement until after the switch, one comes back only after the old root was retired. Tokens of before work until then.
func TestReplaceTheCA(t *testing.T) {
	for _, p := range []wire.Protocol{wire.QUIC, wire.TCP} {
		t.Run(string(p), func(t *testing.T) {
			s := start(t, storetest.New(t), nil)
			other := s.beside(t) // a second process, on the same CA folder
			host := func() *line { return &line{agent: s.enrol(t, p), t: t, s: s, proto: p} }
			here, away, lost := host(), host(), host()
			token, _, err := s.enroller.CreateToken(t.Context(), enrol.NewToken{Recipient: "r-1", Server: s.Addr(), By: "test", Uses: 9})
			if err != nil {
				t.Fatal(err)
			}
			pin := s.ca.Pin()
			want := func(l *line, renews bool) {
				t.Helper()
				if renewed, err := l.checkIn(); err != nil || renewed != renews {
					t.Fatalf("check-in: renewed %v (%v), want %v", renewed, err, renews)
				}
			}
			uninformed := func() (n int) {
				t.Helper()
				if err := s.st.View(t.Context(), func(tx *store.Tx) (err error) { n, err = enrol.Uninformed(tx, s.ca); return err }); err != nil {
					t.Fatal(err)
				}
				return n
			}
			want(here, false)
			if err := errors.Join(s.ca.Switch(), s.ca.Retire()); !errors.Is(err, enrol.ErrRotation) {
				t.Errorf("steps out of order: %v", err)
			}
			if err := s.ca.Announce(time.Now()); err != nil {
				t.Fatal(err)
			}
			if s.ca.Step() != "announced" || s.ca.Pin() != pin || uninformed() != 3 {
				t.Errorf("announced: step %q, %d uninformed", s.ca.Step(), uninformed())
			}
			if err := s.ca.Announce(time.Now()); !errors.Is(err, enrol.ErrRotation) {
				t.Errorf("announced twice: %v", err)
			}
			want(here, true) // what it now trusts holds both roots
			if len(here.roots) != 3 {
				t.Errorf("the host knows %d roots", len(here.roots))
			}
			if err := s.ca.Switch(); err != nil {
				t.Fatal(err)
			}
			if s.ca.Step() != "switched" || s.ca.Pin() == pin || !s.ca.Pinned(pin) {
				t.Errorf("switched: step %q", s.ca.Step())
			}
			for _, process := range []*server{s, other} {
				here.s, away.s = process, process
				if _, err := here.checkIn(); err != nil {
					t.Errorf("the informed host after the switch: %v", err)
				}
			}
			if renewed, err := away.checkIn(); err != nil || !renewed {
				t.Errorf("the host that slept through the announcement: renewed %v, %v", renewed, err)
			}
			// A token of before the switch enrols a host, which comes with both roots.
			parsed, err := wire.ParseToken(token)
			if err != nil {
				t.Fatal(err)
			}
			if parsed.Pin != pin {
				t.Fatal("the token names another CA")
			}
			c, err := wire.NewClient(wire.ClientOptions{Server: s.Addr(), Pin: pin, Protocol: p})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Enrol(t.Context(), connect.NewRequest(&vymirv1.EnrolRequest{Token: token, Csr: newCSR(t), WireVersion: wire.Version})); err != nil {
				t.Errorf("enrolling by a token of before: %v", err)
			}
			if uninformed() == 0 { // others may be of the same second as the announcement
				t.Error("nobody counts the host that was off")
			}
			if err := s.ca.Retire(); err != nil {
				t.Fatal(err)
			}
			want(away, false)
			if _, err := lost.checkIn(); !errors.Is(err, wire.ErrServerIdentity) {
				t.Errorf("a host that knows only the retired root: %v", err)
			}
			if _, err := c.Enrol(t.Context(), connect.NewRequest(&vymirv1.EnrolRequest{Token: token, Csr: newCSR(t), WireVersion: wire.Version})); err == nil {
				t.Error("a token of the retired CA was taken")
			}
		})
	}
}

// newCSR is a request of a host that was not seen before.
func newCSR(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
