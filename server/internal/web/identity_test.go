package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// The page of a host that was off for longer than its certificate, and whose disk was copied, says both to the assessor: it enrols, renews and
// recovers by the service that hosts call.
func TestHostShowsRecoveriesAndClones(t *testing.T) {
	s := newSite(t)
	now := storetest.Now.AddDate(0, 0, -90)
	clock := func() time.Time { return now }
	ca, err := enrol.OpenCA(t.TempDir(), now)
	if err != nil {
		t.Fatal(err)
	}
	e := enrol.New(s.st, ca, enrol.NewRevocations(s.st, clock), clock)
	text, _, err := e.CreateToken(t.Context(), enrol.NewToken{Recipient: "r-a", Server: "vymir.example:7443", By: "test"})
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	enrolled, err := e.Enrol(t.Context(), &vymirv1.EnrolRequest{Token: text, Csr: csr, WireVersion: wire.Version}, "192.0.2.9")
	if err != nil {
		t.Fatal(err)
	}
	id, session := enrolled.HostId, s.session(t, "assessor")
	show := func(lang string) string {
		t.Helper()
		a := s.ask(t, session, lang, "/hosts/"+id, nil)
		if m := missingKey.FindString(a.body); a.code != 200 || m != "" {
			t.Fatalf("%s: status %d, missing text %q", lang, a.code, m)
		}
		return strings.ReplaceAll(a.body, " ", " ")
	}
	now = now.AddDate(0, 0, 20)
	if _, err := e.Renew(t.Context(), id, &vymirv1.RenewRequest{Csr: csr}); err != nil {
		t.Fatal(err)
	}
	if body := show("en"); strings.Contains(body, "came back after") || !strings.Contains(body, "Enrolled with a token") || !strings.Contains(body, "Renewed in time") {
		t.Error("a usual host: its certificates are missing, or it is said to have come back")
	}
	now = storetest.Now.Add(-2 * time.Hour)
	if _, err := e.Recover(t.Context(), &vymirv1.RecoverRequest{HostId: id, Csr: csr}, "192.0.2.9"); err != nil {
		t.Fatal(err)
	}
	if err := s.st.Tx(t.Context(), func(tx *store.Tx) error {
		h, err := tx.LockHost(id)
		if err != nil {
			return err
		}
		h.Conflicts = 2 // what a check-in counts: see TestClonedDisk of ingest
		return tx.SaveCheckIn(h)
	}); err != nil {
		t.Fatal(err)
	}
	for lang, wants := range map[string][]string{
		"en": {"This host came back after its certificate had run out", "Came back after its certificate had run out, by proof of its key", "Renewed in time", "Enrolled with a token", "2 times this host sent another content"},
		"uk": {"Вузол повернувся після закінчення строку дії сертифіката", "Повернення після закінчення строку дії сертифіката, за підтвердженням ключа", "Вчасне поновлення", "Реєстрація за токеном", "Вузол 2 рази надсилав інший вміст"},
	} {
		body := show(lang)
		for _, w := range wants {
			if !strings.Contains(body, w) {
				t.Errorf("%s: %q is missing", lang, w)
			}
		}
		if dir := os.Getenv("VYMIR_PAGES"); dir != "" {
			if err := os.WriteFile(dir+"/identity-"+lang+".html", []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
