package enrol_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// office is one server's enrolment with a clock that tests set.
type office struct {
	*enrol.Enroller
	ca      *enrol.CA
	revoked *enrol.Revocations
	st      *store.Store
	now     time.Time
}

func open(t testing.TB, st *store.Store) *office {
	t.Helper()
	o := &office{st: st, now: storetest.Now}
	ca, err := enrol.OpenCA(filepath.Join(t.TempDir(), "ca"), o.now)
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return o.now }
	o.ca, o.revoked = ca, enrol.NewRevocations(st, clock)
	o.Enroller = enrol.New(st, ca, o.revoked, clock)
	if err := st.Tx(t.Context(), func(tx *store.Tx) error {
		return errors.Join(
			tx.PutRecipient(store.Recipient{ID: "r-1", NameUK: "Лікарня", Created: o.now}), tx.PutSite(store.Site{ID: "s-1", RecipientID: "r-1", NameUK: "Корпус", Created: o.now}),
			tx.PutRecipient(store.Recipient{ID: "r-2", NameUK: "Рада", Created: o.now}), tx.PutSite(store.Site{ID: "s-2", RecipientID: "r-2", Created: o.now}),
			tx.PutSite(store.Site{ID: "s-3", RecipientID: "r-2", Created: o.now}))
	}); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) token(t testing.TB, n enrol.NewToken) string {
	t.Helper()
	if n.Recipient == "" {
		n.Recipient = "r-1"
	}
	n.Server, n.By = "server.example:7443", "cli:test"
	text, _, err := o.CreateToken(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func request(t testing.TB, k crypto.Signer) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, k)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestEnrolRefusals(t *testing.T) {
	st := storetest.New(t)
	o := open(t, st)
	good := o.token(t, enrol.NewToken{})
	parsed, err := wire.ParseToken(good)
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(*wire.Token)) string {
		c := parsed
		f(&c)
		text, err := c.Text()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	used := o.token(t, enrol.NewToken{})
	if _, err := o.Enrol(t.Context(), &vymirv1.EnrolRequest{Token: used, Csr: request(t, newKey(t))}, "a"); err != nil {
		t.Fatal(err)
	}
	short := o.token(t, enrol.NewToken{TTL: time.Minute})
	o.now = o.now.Add(2 * time.Minute)
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	csr := request(t, newKey(t))
	broken := append([]byte{}, csr...)
	broken[len(broken)-1] ^= 1
	for _, c := range []struct {
		name, token string
		csr         []byte
		want        error
	}{
		{"not-a-token", "hello", csr, enrol.ErrTokenMalformed},
		{"forged", change(func(w *wire.Token) { w.Secret[0] ^= 1 }), csr, enrol.ErrTokenUnknown},
		{"foreign", change(func(w *wire.Token) { w.Pin[0] ^= 1 }), csr, enrol.ErrTokenForeign},
		{"used", used, csr, enrol.ErrTokenUsed},
		{"expired", short, csr, enrol.ErrTokenExpired},
		{"rsa-key", good, request(t, weak), enrol.ErrRequest},
		{"broken-signature", good, broken, enrol.ErrRequest},
		{"huge-request", good, make([]byte, 10_000), enrol.ErrRequest},
		{"good", good, csr, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := o.Enrol(t.Context(), &vymirv1.EnrolRequest{Token: c.token, Csr: c.csr}, "a"); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestEnrolAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		o := open(t, st)
		key := newKey(t)
		csr := request(t, key)
		token := o.token(t, enrol.NewToken{})
		enrolled := func(token string, want error) string {
			t.Helper()
			r, err := o.Enrol(t.Context(), &vymirv1.EnrolRequest{Token: token, Csr: csr, Host: &vymirv1.HostInfo{Name: "пошта\x00\u202e"}}, "a")
			if !errors.Is(err, want) {
				t.Fatalf("got %v, want %v", err, want)
			}
			return r.GetHostId()
		}
		id := enrolled(token, nil)
		if again := enrolled(token, nil); again != id {
			t.Errorf("the same token and key gave %s, then %s", id, again)
		}
		if moved := enrolled(o.token(t, enrol.NewToken{}), nil); moved != id {
			t.Errorf("a new token of the same recipient gave %s, before %s", moved, id)
		}
		enrolled(o.token(t, enrol.NewToken{Recipient: "r-2", Site: "s-2"}), enrol.ErrKeyTaken)
		if err := o.Revoke(t.Context(), id, "stolen", "cli:test"); err != nil {
			t.Fatal(err)
		}
		enrolled(o.token(t, enrol.NewToken{}), enrol.ErrKeyTaken)
		if err := st.View(t.Context(), func(tx *store.Tx) error {
			h, err := tx.Host(id)
			if h.Name != "пошта" {
				t.Errorf("name %q", h.Name)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := st.Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestRenewRecoverRevoke(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		o := open(t, st)
		key := newKey(t)
		r, err := o.Enrol(t.Context(), &vymirv1.EnrolRequest{Token: o.token(t, enrol.NewToken{}), Csr: request(t, key)}, "a")
		if err != nil {
			t.Fatal(err)
		}
		id := r.HostId
		verify := func(der []byte) {
			t.Helper()
			c, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Verify(x509.VerifyOptions{Roots: o.ca.Clients(), CurrentTime: o.now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil || c.Subject.CommonName != id {
				t.Errorf("certificate of %q: %v", c.Subject.CommonName, err)
			}
		}
		verify(r.Certificate)
		o.now = o.now.Add(20 * 24 * time.Hour)
		renewed, err := o.Renew(t.Context(), id, &vymirv1.RenewRequest{Csr: request(t, key)})
		if err != nil {
			t.Fatal(err)
		}
		verify(renewed.Certificate)
		if _, err := o.Renew(t.Context(), id, &vymirv1.RenewRequest{Csr: request(t, newKey(t))}); !errors.Is(err, enrol.ErrHostUnknown) {
			t.Errorf("renewal with another key: %v", err)
		}
		o.now = o.now.AddDate(1, 0, 0)
		recovered, err := o.Recover(t.Context(), &vymirv1.RecoverRequest{HostId: id, Csr: request(t, key)}, "a")
		if err != nil {
			t.Fatal(err)
		}
		verify(recovered.Certificate)
		for range 50 { // somebody else's attempts do not count against the host
			if _, err := o.Recover(t.Context(), &vymirv1.RecoverRequest{HostId: id, Csr: request(t, newKey(t))}, "b"); !errors.Is(err, enrol.ErrHostUnknown) {
				t.Fatalf("recovery with another key: %v", err)
			}
		}
		for i := 0; ; i++ {
			_, err := o.Recover(t.Context(), &vymirv1.RecoverRequest{HostId: id, Csr: request(t, key)}, "a")
			if errors.Is(err, enrol.ErrTooOften) {
				break
			}
			if err != nil || i > 10 {
				t.Fatalf("recovery %d: %v", i, err)
			}
		}
		if got, err := o.revoked.Revoked(t.Context(), id); got || err != nil {
			t.Errorf("revoked before it was: %v, %v", got, err)
		}
		if err := o.Revoke(t.Context(), id, "stolen", "cli:test"); err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(recovered.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.revoked.VerifyConnection(tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}}); !errors.Is(err, enrol.ErrHostRevoked) {
			t.Errorf("connection of a revoked host: %v", err)
		}
		if _, err := o.Recover(t.Context(), &vymirv1.RecoverRequest{HostId: id, Csr: request(t, key)}, "a"); !errors.Is(err, enrol.ErrHostRevoked) {
			t.Errorf("recovery of a revoked host: %v", err)
		}
	})
}

// TestRevocationReachesOtherProcesses has two server processes on one store.
func TestRevocationReachesOtherProcesses(t *testing.T) {
	o := open(t, storetest.New(t))
	r, err := o.Enrol(t.Context(), &vymirv1.EnrolRequest{Token: o.token(t, enrol.NewToken{}), Csr: request(t, newKey(t))}, "a")
	if err != nil {
		t.Fatal(err)
	}
	other := enrol.NewRevocations(o.st, func() time.Time { return o.now })
	if got, _ := other.Revoked(t.Context(), r.HostId); got {
		t.Fatal("revoked too early")
	}
	if err := o.Revoke(t.Context(), r.HostId, "stolen", "cli:test"); err != nil {
		t.Fatal(err)
	}
	o.now = o.now.Add(enrol.RevocationCache)
	if got, err := other.Revoked(t.Context(), r.HostId); !got || err != nil {
		t.Errorf("after %v: %v, %v", enrol.RevocationCache, got, err)
	}
	o.st.Close()
	o.now = o.now.Add(enrol.RevocationCache)
	if _, err := other.Revoked(t.Context(), "h-other"); err == nil {
		t.Error("without a store nobody is revoked")
	}
}

func TestCreateTokenRefuses(t *testing.T) {
	o := open(t, storetest.New(t))
	for name, n := range map[string]enrol.NewToken{
		"unknown-recipient": {Recipient: "r-9"},
		"two-sites":         {Recipient: "r-2"},
		"others-site":       {Recipient: "r-1", Site: "s-2"},
		"negative-uses":     {Recipient: "r-1", Uses: -1},
		"for-ever":          {Recipient: "r-1", TTL: 9999 * time.Hour},
		"no-server":         {Recipient: "r-1", Server: "nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			if n.Server == "" {
				n.Server = "a:1"
			}
			if _, _, err := o.CreateToken(t.Context(), n); err == nil {
				t.Error("token was made")
			}
		})
	}
}

func TestCAKeepsAndRotates(t *testing.T) {
	dir, now := t.TempDir(), storetest.Now
	ca, err := enrol.OpenCA(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	key := newKey(t)
	old, err := ca.SignHost(&key.PublicKey, "h-1", now)
	if err != nil {
		t.Fatal(err)
	}
	pin := ca.Pin()
	if err := ca.Rotate(nil, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	again, err := enrol.OpenCA(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	if again.Pin() != pin {
		t.Error("the pin changed")
	}
	o := x509.VerifyOptions{Roots: again.Clients(), CurrentTime: now.Add(2 * time.Hour), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if _, err := old.Verify(o); err != nil {
		t.Errorf("certificate from before the rotation: %v", err)
	}
	leaf, err := again.Server(now, "localhost", "127.0.0.1")
	if err != nil || len(leaf.Certificate) != 3 {
		t.Fatalf("server certificate: %v", err)
	}
	for _, name := range []string{"root.key", "issuing.key"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "issuing.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := enrol.OpenCA(dir, now); err == nil {
		t.Error("a key that everybody reads was taken")
	}
}

func FuzzEnrol(f *testing.F) {
	o := open(f, storetest.New(f))
	good := o.token(f, enrol.NewToken{Uses: 1000})
	csr := request(f, newKey(f))
	f.Add(good, csr, "host", []byte{1})
	f.Add("vymir1.AAAA", csr[:20], "\xff\x00", []byte(nil))
	f.Fuzz(func(t *testing.T, token string, csr []byte, name string, digest []byte) {
		r, err := o.Enrol(t.Context(), &vymirv1.EnrolRequest{Token: token, Csr: csr, Host: &vymirv1.HostInfo{Name: name, MachineIdDigest: digest}}, "a")
		if err == nil && r.HostId == "" {
			t.Error("enrolled without an id")
		}
	})
}

// TestOneCA: of several processes that begin at once on an empty folder one makes the CA, and all have the same.
func TestOneCA(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	var wg sync.WaitGroup
	pins, exports := make([][32]byte, 8), make([]string, 8)
	for i := range pins {
		wg.Go(func() {
			ca, err := enrol.OpenCA(dir, time.Now())
			if err != nil {
				t.Error(err)
				return
			}
			pins[i], exports[i] = ca.Pin(), ca.ExportRecipient()
		})
	}
	wg.Wait()
	for i := range pins {
		if pins[i] != pins[0] || exports[i] != exports[0] {
			t.Fatalf("process %d has another CA", i)
		}
	}
}
