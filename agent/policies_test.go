//go:build !thin

package agent

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/bundle"
)

// signer signs bundles in tests.
type signer struct {
	pub  minisign.PublicKey
	priv minisign.PrivateKey
}

func newSigner(t *testing.T) signer {
	t.Helper()
	pub, priv, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{pub, priv}
}

// small is a bundle of one of the built-in controls.
func small(t *testing.T, revision uint64) *bundle.Bundle {
	t.Helper()
	b, err := policies.BuiltInBundle(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c, err := policies.ParseCatalogue(b.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	k, ok := c.Control("ssh.root_login")
	if !ok {
		t.Fatal("no control ssh.root_login")
	}
	c.Revision, c.Controls = revision, []policies.Control{*k}
	b.Manifest.Revision = revision
	keep := policies.ModulePath("ssh", "root_login")
	for path := range b.Modules {
		if path != keep && !strings.HasPrefix(path, "lib/") {
			delete(b.Modules, path)
		}
	}
	if b.Catalogue, err = policies.MarshalCatalogue(c); err != nil {
		t.Fatal(err)
	}
	return b
}

func (s signer) file(t *testing.T, b *bundle.Bundle) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := bundle.Write(&out, b, s.priv); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// place is a host without an enrolment whose administrator trusts one key.
func place(t *testing.T, s signer, more string) Config {
	t.Helper()
	dir := t.TempDir()
	keys := filepath.Join(dir, "bundle.pub")
	if err := os.WriteFile(keys, []byte("untrusted comment: a test's\n"+s.pub.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := ParseConfig([]byte("state_dir: " + dir + "\nbundle_keys: " + keys + "\n" + more))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func emptyFacts() *facts.Document {
	doc := &facts.Document{Schema: facts.Schema, MeasuredAt: time.Now().UTC(), Families: map[string]facts.Status{}}
	doc.Agent = &facts.Agent{}
	return doc
}

// judged judges and says by which revision, and what is wrong.
func judged(t *testing.T, c Config) (revision uint64, problem string) {
	t.Helper()
	a, problem, err := judge(t.Context(), c, emptyFacts())
	if err != nil {
		t.Fatal(err)
	}
	if _, reported, _ := bundleRevision(c); reported != a.Bundle.Revision && problem == "" {
		t.Errorf("revision %d judged, %d is reported", a.Bundle.Revision, reported)
	}
	return a.Bundle.Revision, problem
}

func TestJudgesByTheBundleThatCame(t *testing.T) {
	s, own := newSigner(t), policies.BuiltIn().Revision
	c := place(t, s, "")
	if got, problem := judged(t, c); got != own || problem != "" {
		t.Fatalf("without a bundle: revision %d, problem %q", got, problem)
	}
	held := pack.Open(c.StateDir, wire.KindBundle)
	put := func(data []byte) {
		if err := held.Put(data); err != nil {
			t.Fatal(err)
		}
	}
	put(s.file(t, small(t, own+2)))
	if got, problem := judged(t, c); got != own+2 || problem != "" {
		t.Fatalf("with a bundle: revision %d, problem %q", got, problem)
	}
	if _, err := held.Next(); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the bundle still waits to be tried")
	}
	if got, _ := judged(t, c); got != own+2 {
		t.Errorf("the next time: revision %d", got)
	}
	refusing := c
	refusing.AcceptDirectives.RefuseBundle = true
	if got, _ := judged(t, refusing); got != own {
		t.Errorf("where the administrator wants none: revision %d", got)
	}

	bad := func(change func(*bundle.Bundle)) *bundle.Bundle {
		b := small(t, own+3)
		change(b)
		return b
	}
	stranger := newSigner(t)
	good := s.file(t, small(t, own+3))
	for name, data := range map[string][]byte{
		"older":        s.file(t, small(t, own+1)),
		"unsigned":     stranger.file(t, small(t, own+3)),
		"for-others":   s.file(t, bad(func(b *bundle.Bundle) { b.Manifest.Name = "others" })),
		"expired":      s.file(t, bad(func(b *bundle.Bundle) { b.Manifest.Expires = time.Now().Add(-time.Hour) })),
		"broken":       s.file(t, bad(func(b *bundle.Bundle) { b.Modules["lib/extra.rego"] = []byte("package lib.extra\n{") })),
		"reaches-out":  s.file(t, bad(func(b *bundle.Bundle) { b.Modules["lib/extra.rego"] = []byte("package lib.extra\nx := http.send({})") })),
		"no-catalogue": s.file(t, bad(func(b *bundle.Bundle) { b.Catalogue = []byte("{}") })),
		"cut":          good[:len(good)-100],
		"nonsense":     []byte("hello"),
	} {
		t.Run(name, func(t *testing.T) {
			put(data)
			got, problem := judged(t, c)
			if got != own+2 || problem == "" {
				t.Errorf("revision %d judged, problem %q; want the last good one", got, problem)
			}
			digest := sha256.Sum256(data)
			if r := held.State().Refused; r == nil || !bytes.Equal(r.Digest, digest[:]) || r.Why == "" {
				t.Errorf("refused is %+v", r)
			}
			if wanted, err := held.Wanted(fakeserver.Offer(wire.KindBundle, "vymir", own+3, data)); wanted || err != nil {
				t.Errorf("it would be fetched again: %t, %v", wanted, err)
			}
		})
	}
	put(good)
	if got, problem := judged(t, c); got != own+3 || problem != "" {
		t.Errorf("a good one after the bad ones: revision %d, problem %q", got, problem)
	}
}

// TestExpiredBundleGoesOnJudging: the end of a bundle stops its being taken as an update and nothing else.
func TestExpiredBundleGoesOnJudging(t *testing.T) {
	s, own := newSigner(t), policies.BuiltIn().Revision
	c := place(t, s, "")
	b := small(t, own+1)
	b.Manifest.Expires = time.Now().Add(time.Hour)
	if err := pack.Open(c.StateDir, wire.KindBundle).Put(s.file(t, b)); err != nil {
		t.Fatal(err)
	}
	if got, problem := judged(t, c); got != own+1 || problem != "" {
		t.Fatalf("revision %d, problem %q", got, problem)
	}
	// Years later, as the server tells.
	if err := os.WriteFile(filepath.Join(c.StateDir, "uplink.json"), []byte(`{"server_time":"2060-01-01T00:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, problem := judged(t, c); got != own+1 || problem != "" {
		t.Errorf("after its end: revision %d, problem %q", got, problem)
	}
}

func TestBundleKeyRotation(t *testing.T) {
	first, second, admin := newSigner(t), newSigner(t), newSigner(t)
	own := policies.BuiltIn().Revision
	c := place(t, first, "")
	held := pack.Open(c.StateDir, wire.KindBundle)
	turn := small(t, own+1)
	turn.Manifest.Keys = []string{second.pub.String()}
	try := func(name string, data []byte, want uint64) {
		t.Helper()
		if err := held.Put(data); err != nil {
			t.Fatal(err)
		}
		if got, problem := judged(t, c); got != want {
			t.Errorf("%s: revision %d judged, want %d (%s)", name, got, want, problem)
		}
	}
	try("by a key to come", second.file(t, small(t, own+1)), own)
	try("the turn", first.file(t, turn), own+1)
	try("by the key that went", first.file(t, small(t, own+2)), own+1)
	try("by the key that came", second.file(t, small(t, own+3)), own+3)
	try("and again", second.file(t, small(t, own+4)), own+4)
	// The administrator's word goes before what bundles said.
	if err := os.WriteFile(c.BundleKeys, []byte(admin.pub.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	try("by a key the administrator dropped", second.file(t, small(t, own+5)), own+4)
	try("by the administrator's key", admin.file(t, small(t, own+6)), own+6)
}

// TestDamagedBundleInForce: the policies of the program judge, and the problem is told.
func TestDamagedBundleInForce(t *testing.T) {
	s, own := newSigner(t), policies.BuiltIn().Revision
	c := place(t, s, "")
	held := pack.Open(c.StateDir, wire.KindBundle)
	file := s.file(t, small(t, own+1))
	if err := held.Put(file); err != nil {
		t.Fatal(err)
	}
	judged(t, c)
	names, err := filepath.Glob(filepath.Join(c.StateDir, "artefacts", "bundle", strings.Repeat("?", 64)))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	if err := os.Truncate(names[0], 500); err != nil {
		t.Fatal(err)
	}
	if got, problem := judged(t, c); got != own || problem == "" {
		t.Errorf("revision %d judged, problem %q", got, problem)
	}
	if _, reported, _ := bundleRevision(c); reported != own {
		t.Errorf("revision %d is reported, which does not judge", reported)
	}
	if wanted, err := held.Wanted(fakeserver.Offer(wire.KindBundle, "vymir", own+1, file)); !wanted || err != nil {
		t.Errorf("it is not fetched again: %t, %v", wanted, err)
	}
	if err := held.Put(file); err != nil {
		t.Fatal(err)
	}
	if got, problem := judged(t, c); got != own+1 || problem != "" {
		t.Errorf("sent again: revision %d judged, problem %q", got, problem)
	}
}

// TestKeysFromEnrolment: without a file of the administrator the keys given at enrolment count; with neither nothing is taken.
func TestKeysFromEnrolment(t *testing.T) {
	s, own := newSigner(t), policies.BuiltIn().Revision
	server := fakeserver.Start(t, fakeserver.Options{})
	server.Keys = []string{s.pub.String()}
	for name, enrol := range map[string]bool{"enrolled": true, "not-enrolled": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c, err := ParseConfig([]byte("state_dir: " + dir + "\nbundle_keys: " + dir + "/none\n"))
			if err != nil {
				t.Fatal(err)
			}
			want := own
			if enrol {
				want = own + 1
				if _, _, err := identity.Enrol(t.Context(), dir, identity.EnrolOptions{Token: server.Token(t), Protocol: wire.TCP}); err != nil {
					t.Fatal(err)
				}
			}
			if err := pack.Open(dir, wire.KindBundle).Put(s.file(t, small(t, own+1))); err != nil {
				t.Fatal(err)
			}
			if got, problem := judged(t, c); got != want || (problem == "") != enrol {
				t.Errorf("revision %d judged, want %d; problem %q", got, want, problem)
			}
		})
	}
}
