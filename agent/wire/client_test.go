package wire_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"filippo.io/age"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// enrol gives a host's certificate by the plain client.
func enrol(t *testing.T, s *fakeserver.Server, o wire.ClientOptions) (*tls.Certificate, *wire.Client, error) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	text := s.Token(t)
	tok, err := wire.ParseToken(text)
	if err != nil {
		t.Fatal(err)
	}
	o.Server = tok.Server
	if len(o.Roots) == 0 && o.Pin == [32]byte{} {
		o.Pin = tok.Pin
	}
	c, err := wire.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) //nolint:errcheck // a test's client
	resp, err := c.Enrol(t.Context(), connect.NewRequest(&vymirv1.EnrolRequest{Token: text, Csr: csr, WireVersion: wire.Version}))
	if err != nil {
		return nil, c, err
	}
	return &tls.Certificate{Certificate: append([][]byte{resp.Msg.Certificate}, resp.Msg.Chain...), PrivateKey: key}, c, nil
}

func checkIn(t *testing.T, s *fakeserver.Server, o wire.ClientOptions) (*wire.Client, error) {
	t.Helper()
	o.Server, o.Roots = s.Addr, []*x509.Certificate{s.CA.Cert}
	c, err := wire.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) //nolint:errcheck // a test's client
	_, err = c.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version}))
	return c, err
}

func TestClientByBothProtocols(t *testing.T) {
	for name, tc := range map[string]struct {
		server fakeserver.Options
		ask    wire.Protocol
		want   wire.Protocol
	}{
		"auto-takes-quic":      {fakeserver.Options{}, wire.Auto, wire.QUIC},
		"asked-for-tcp":        {fakeserver.Options{}, wire.TCP, wire.TCP},
		"udp-blocked":          {fakeserver.Options{NoUDP: true}, wire.Auto, wire.TCP},
		"quic-without-tcp":     {fakeserver.Options{NoTCP: true}, wire.Auto, wire.QUIC},
		"quic-asked-and-given": {fakeserver.Options{}, wire.QUIC, wire.QUIC},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fakeserver.Start(t, tc.server)
			o := wire.ClientOptions{Protocol: tc.ask, HandshakeTimeout: 2 * time.Second}
			if tc.server.NoUDP {
				o.HandshakeTimeout = 200 * time.Millisecond
			}
			cert, _, err := enrol(t, s, o)
			if err != nil {
				t.Fatal(err)
			}
			o.Certificate = cert
			c, err := checkIn(t, s, o)
			if err != nil {
				t.Fatal(err)
			}
			got, reason := c.Protocol()
			if got != tc.want || (reason != nil) != tc.server.NoUDP {
				t.Errorf("protocol is %q (%v), want %q", got, reason, tc.want)
			}
			u := c.Usage()
			if u.SentBytes < 500 || u.ReceivedBytes < 500 || u.SentBytes > 20_000 {
				t.Errorf("usage is %+v", u)
			}
			t.Logf("%s: sent %d B, received %d B at the IP layer", got, u.SentBytes, u.ReceivedBytes)
		})
	}
}

func TestClientRefusesOtherServers(t *testing.T) {
	other := fakeserver.NewCA(t)
	long, ago := time.Now().Add(1000*time.Hour), time.Now().Add(-1000*time.Hour)
	foreign := other.Leaf(t, "vymir-server", x509.ExtKeyUsageServerAuth, ago, long)
	for name, o := range map[string]wire.ClientOptions{
		"other-ca-by-pin":   {Pin: wire.Pin(other.Cert)},
		"other-ca-by-roots": {Roots: []*x509.Certificate{other.Cert}},
		"by-tcp":            {Pin: wire.Pin(other.Cert), Protocol: wire.TCP},
	} {
		t.Run(name, func(t *testing.T) {
			s := fakeserver.Start(t, fakeserver.Options{})
			if _, _, err := enrol(t, s, o); !errors.Is(err, wire.ErrServerIdentity) {
				t.Errorf("error is %v, want ErrServerIdentity", err)
			}
			if len(s.Calls) > 0 {
				t.Errorf("the token was sent to a foreign server: %v", s.Calls)
			}
		})
	}
	t.Run("foreign-leaf", func(t *testing.T) {
		s := fakeserver.Start(t, fakeserver.Options{Leaf: &foreign})
		if _, _, err := enrol(t, s, wire.ClientOptions{}); !errors.Is(err, wire.ErrServerIdentity) {
			t.Errorf("error is %v, want ErrServerIdentity", err)
		}
	})
}

// TestClientRefusesAHostAsServer: a host's certificate comes from the same CA, and must not do for a server.
func TestClientRefusesAHostAsServer(t *testing.T) {
	s := fakeserver.Start(t, fakeserver.Options{})
	host := s.CA.Leaf(t, "h7", x509.ExtKeyUsageClientAuth, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	evil := fakeserver.Start(t, fakeserver.Options{Leaf: &host})
	c, err := wire.NewClient(wire.ClientOptions{Server: evil.Addr, Pin: wire.Pin(s.CA.Cert)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // a test's client
	if _, err := c.Enrol(t.Context(), connect.NewRequest(&vymirv1.EnrolRequest{})); !errors.Is(err, wire.ErrServerIdentity) {
		t.Errorf("error is %v, want ErrServerIdentity", err)
	}
}

// TestClientWithoutAClock: the server lives in 2041, this host thinks it is 2026, and still they meet; a certificate that
// had ended before the latest time the server told is refused.
func TestClientWithoutAClock(t *testing.T) {
	in2041 := time.Date(2041, 5, 1, 0, 0, 0, 0, time.UTC)
	s := fakeserver.Start(t, fakeserver.Options{ServerTime: func() time.Time { return in2041 }})
	cert, _, err := enrol(t, s, wire.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := checkIn(t, s, wire.ClientOptions{Certificate: cert, TimeFloor: in2041}); err != nil {
		t.Error(err)
	}
	if _, err := checkIn(t, s, wire.ClientOptions{Certificate: cert, TimeFloor: in2041.AddDate(1, 0, 0)}); !errors.Is(err, wire.ErrServerIdentity) {
		t.Errorf("error is %v, want ErrServerIdentity", err)
	}
}

func TestClientRevoked(t *testing.T) {
	for _, p := range []wire.Protocol{wire.QUIC, wire.TCP} {
		t.Run(string(p), func(t *testing.T) {
			s := fakeserver.Start(t, fakeserver.Options{})
			cache := tls.NewLRUClientSessionCache(4)
			cert, _, err := enrol(t, s, wire.ClientOptions{Protocol: p})
			if err != nil {
				t.Fatal(err)
			}
			o := wire.ClientOptions{Certificate: cert, Protocol: p, Sessions: cache}
			if _, err := checkIn(t, s, o); err != nil {
				t.Fatal(err)
			}
			s.Mu.Lock()
			s.Revoked["h1"] = true
			s.Mu.Unlock()
			if _, err := checkIn(t, s, o); !wire.IdentityRefused(err) {
				t.Errorf("error is %v, want one that says the identity is refused", err)
			}
		})
	}
}

func TestClientGivesUpWhenAsked(t *testing.T) {
	s := fakeserver.Start(t, fakeserver.Options{NoUDP: true})
	c, err := wire.NewClient(wire.ClientOptions{Server: s.Addr, Pin: wire.Pin(s.CA.Cert), HandshakeTimeout: 10 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // a test's client
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := c.Enrol(ctx, connect.NewRequest(&vymirv1.EnrolRequest{})); err == nil {
		t.Error("enrolled")
	}
	if d := time.Since(start); d > time.Minute {
		t.Errorf("took %s to give up", d)
	}
	if len(s.Calls) > 0 {
		t.Errorf("called after the caller gave up: %v", s.Calls)
	}
}

func TestServerRefusesOversized(t *testing.T) {
	s := fakeserver.Start(t, fakeserver.Options{})
	cert, _, err := enrol(t, s, wire.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := wire.NewClient(wire.ClientOptions{Server: s.Addr, Roots: []*x509.Certificate{s.CA.Cert}, Certificate: cert})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // a test's client
	req := &vymirv1.CheckInRequest{AgentVersion: string(bytes.Repeat([]byte("x"), wire.MaxMessageBytes+1))}
	if _, err := c.CheckIn(t.Context(), connect.NewRequest(req)); connect.CodeOf(err) != connect.CodeInvalidArgument || !strings.Contains(err.Error(), wire.ErrTooLarge.Error()) {
		t.Errorf("error is %v, want invalid_argument and that it is too large", err)
	}
}

func TestSealUnseal(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, _ := age.GenerateX25519Identity()
	ca := fakeserver.NewCA(t)
	cert := ca.Leaf(t, "h1", x509.ExtKeyUsageClientAuth, time.Now(), time.Now().Add(time.Hour))
	body := &vymirv1.ExportBody{HostId: "h1", Items: []*vymirv1.Item{{Sequence: 3, Body: &vymirv1.Item_Assessment{Assessment: &vymirv1.Assessment{}}}}}
	var file bytes.Buffer
	key := cert.PrivateKey.(*ecdsa.PrivateKey)
	if err := wire.Seal(&file, id.Recipient().String(), body, key, cert.Certificate); err != nil {
		t.Fatal(err)
	}
	got, chain, err := wire.Unseal(bytes.NewReader(file.Bytes()), id)
	if err != nil {
		t.Fatal(err)
	}
	if got.HostId != "h1" || len(got.Items) != 1 || chain[0].Subject.CommonName != "h1" {
		t.Errorf("export is %v by %v", got, chain[0].Subject)
	}
	if _, _, err := wire.Unseal(bytes.NewReader(file.Bytes()), other); !errors.Is(err, wire.ErrSealed) {
		t.Errorf("other recipient: error is %v, want ErrSealed", err)
	}
	if _, _, err := wire.Unseal(bytes.NewReader(file.Bytes()[:file.Len()-5]), id); !errors.Is(err, wire.ErrSealed) {
		t.Errorf("cut file: error is %v, want ErrSealed", err)
	}
	forged, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	file.Reset()
	if err := wire.Seal(&file, id.Recipient().String(), body, forged, cert.Certificate); err != nil {
		t.Fatal(err)
	}
	if _, _, err := wire.Unseal(&file, id); !errors.Is(err, wire.ErrSealed) {
		t.Errorf("forged: error is %v, want ErrSealed", err)
	}
	body.Items[0].Body = &vymirv1.Item_Delta{Delta: &vymirv1.Delta{Changed: &vymirv1.Assessment{}}}
	file.Reset()
	if err := wire.Seal(&file, id.Recipient().String(), body, key, cert.Certificate); err != nil {
		t.Fatal(err)
	}
	if _, _, err := wire.Unseal(&file, id); !errors.Is(err, wire.ErrSealed) {
		t.Errorf("delta: error is %v, want ErrSealed", err)
	}
}
