//go:build !thin

package agent

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"

	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector/vulnindex"
)

// An index that comes is verified, must be of this host's release and no older than the one in force, which stays when it is not.
func TestTakeVulns(t *testing.T) {
	own := ownEcosystem(t.Context())
	if own == "" {
		t.Skip("needs a distribution that indexes are made for")
	}
	pub, priv, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	key, err := pub.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	c := Config{StateDir: dir, BundleKeys: filepath.Join(dir, "keys.pub")}
	if err := os.WriteFile(c.BundleKeys, key, 0o600); err != nil {
		t.Fatal(err)
	}
	held := pack.Open(dir, wire.KindVulns)
	index := func(ecosystem string, revision uint64, key minisign.PrivateKey) []byte {
		b, err := vulnindex.NewBuilder(vulnindex.Release{Ecosystem: ecosystem})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := b.Write(&out, vulnindex.Edition{Revision: revision, Created: time.Now()}, key); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	if x, reason, problem := takeVulns(t.Context(), c); x != nil || reason != noIndex || problem != "" {
		t.Fatalf("nothing came: got %v, %q, %q", x, reason, problem)
	}
	for _, step := range []struct {
		name     string
		data     []byte
		problem  string
		revision uint64
	}{
		{"good", index(own, 5, priv), "", 5},
		{"older", index(own, 4, priv), "older", 5},
		{"other-release", index("Mageia:9", 9, priv), "another release", 5},
		{"forged", index(own, 9, other), "not signed", 5},
		{"truncated", index(own, 9, priv)[:200], "not a vulnerability index", 5},
		{"newer", index(own, 6, priv), "", 6},
	} {
		if err := held.Put(step.data); err != nil {
			t.Fatal(err)
		}
		x, reason, problem := takeVulns(t.Context(), c)
		if x == nil || x.Meta().Revision != step.revision || !strings.Contains(problem, step.problem) || (problem == "") != (step.problem == "") {
			t.Errorf("%s: got %v, %q, %q", step.name, x, reason, problem)
		}
		s, err := ReadStatus(t.Context(), c)
		if err != nil || s.Vulns.Name != own || s.Vulns.Revision != step.revision || step.problem != "" && !strings.Contains(s.Vulns.Refused.Why, step.problem) {
			t.Errorf("%s: status says %+v, %v", step.name, s.Vulns, err)
		}
	}
	if err := os.Remove(c.BundleKeys); err != nil {
		t.Fatal(err)
	}
	if x, reason := VulnerabilityIndex(c); x != nil || reason == "" {
		t.Error("an index was used that nobody can verify")
	}
}
