//go:build !thin

package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector/banned"
	"github.com/vymir-project/vymir/collector/vulnindex"
	"github.com/vymir-project/vymir/policies"
)

// TestStatusTellsWhatIsInForce: policies, index and list with revision and age, and what is missing, damaged or put here by hand.
func TestStatusTellsWhatIsInForce(t *testing.T) {
	s, own := newSigner(t), policies.BuiltIn().Revision
	c := place(t, s, "")
	c.Banned = filepath.Join(c.StateDir, "given.pack")
	day := time.Now().UTC().Add(-49 * time.Hour)
	list := func(revision uint64) []byte {
		var out bytes.Buffer
		l := &banned.List{Schema: banned.Schema, Revision: revision, Source: "Реєстр", AsOf: day.Truncate(24 * time.Hour), Entries: []banned.Entry{{ID: "1", Name: "X", Packages: []string{"xyzzy"}}}}
		if err := banned.Write(&out, l, s.priv); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	status := func() *Status {
		t.Helper()
		st, err := ReadStatus(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	st := status()
	if st.Policies.Sent || st.Policies.AgeDays != nil || st.Vulns.Name != "" || st.Vulns.Given() || st.Banned.Name != "" || st.Banned.Given() {
		t.Errorf("nothing came: %+v, %+v, %+v", st.Policies, st.Vulns, st.Banned)
	}

	b := small(t, own+1)
	b.Manifest.Created = day
	put := func(kind string, data []byte) pack.Kind {
		t.Helper()
		held := pack.Open(c.StateDir, kind)
		if err := held.Put(data); err != nil {
			t.Fatal(err)
		}
		return held
	}
	put(wire.KindBundle, s.file(t, b))
	judged(t, c)
	builder, err := vulnindex.NewBuilder(vulnindex.Release{Ecosystem: "Debian:12"})
	if err != nil {
		t.Fatal(err)
	}
	var index bytes.Buffer
	if _, err := builder.Write(&index, vulnindex.Edition{Revision: 7, Created: day}, s.priv); err != nil {
		t.Fatal(err)
	}
	full := sha256.Sum256(index.Bytes())
	digest := full[:]
	if err := put(wire.KindVulns, index.Bytes()).Take(pack.Artefact{Name: "Debian:12", Revision: 7, Digest: digest}, pack.Trust{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.Banned, list(3), 0o600); err != nil {
		t.Fatal(err)
	}
	st = status()
	if p := st.Policies; !p.Sent || p.Revision != own+1 || p.AgeDays == nil || *p.AgeDays != 2 {
		t.Errorf("policies %+v", p)
	}
	if x := st.Vulns; x.Name != "Debian:12" || x.Revision != 7 || !x.Sent || x.Missing != "" {
		t.Errorf("index %+v", x)
	}
	if l := st.Banned; l.Name != "Реєстр" || l.Revision != 3 || l.Sent || l.AgeDays == nil || *l.AgeDays < 2 {
		t.Errorf("list %+v", l)
	}
	put(wire.KindBanned, list(4))
	takeBanned(c)
	if l := status().Banned; l.Revision != 4 || !l.Sent {
		t.Errorf("the server's newer list: %+v", l)
	}

	file := filepath.Join(c.StateDir, "artefacts", wire.KindVulns, hex.EncodeToString(digest))
	if err := os.WriteFile(file, []byte("spoiled"), 0o600); err != nil {
		t.Fatal(err)
	}
	if x := status().Vulns; x.Name != "" || !x.Given() || x.Missing == "" {
		t.Errorf("a spoiled index is told as %+v", x)
	}
}

func TestDays(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	if days(now, time.Time{}) != nil || *days(now, now.Add(time.Hour)) != 0 || *days(now, now.AddDate(0, 0, -3)) != 3 {
		t.Error("days are miscounted")
	}
}
