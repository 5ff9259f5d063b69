//go:build !thin

package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/internal/uplink"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/collector/vulnindex"
)

// indexed is a signed index of this host's release with 2,000 records, of which the first few differ with the revision.
func indexed(t *testing.T, s signer, ecosystem string, revision uint64) []byte {
	t.Helper()
	b, err := vulnindex.NewBuilder(vulnindex.Release{Ecosystem: ecosystem})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		fixed := "1.0-1"
		if i < 5 {
			fixed = fmt.Sprintf("1.%d-1", revision)
		}
		var o vulnindex.OSV
		if err := json.Unmarshal(fmt.Appendf(nil, `{"id": "X-%d", "modified": "2026-11-01T00:00:00Z", "affected": [{"package": {"ecosystem": %q, "name": "package-%d"},
			"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": %q}]}]}]}`, i, ecosystem, i%700, fixed), &o); err != nil {
			t.Fatal(err)
		}
		if err := b.AddRecord(&o); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := b.Write(&out, vulnindex.Edition{Revision: revision, Created: time.Now()}, s.priv); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func deltaOf(t *testing.T, s signer, from, to []byte) []byte {
	t.Helper()
	var opened [2]*vulnindex.Index
	for i, data := range [][]byte{from, to} {
		x, err := vulnindex.Open(data, s.pub)
		if err != nil {
			t.Fatal(err)
		}
		opened[i] = x
	}
	d, err := vulnindex.Delta(opened[0], opened[1])
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// bomb is a delta whose manifest says that it unpacks to four gigabytes.
func bomb(delta []byte) []byte {
	out := bytes.Clone(delta)
	at := len("vymir-vulnerabilities-delta 1\n") + 8
	signature := binary.BigEndian.Uint32(out[at:])
	binary.BigEndian.PutUint32(out[at+4+int(signature):], 0xffff_ffff)
	return out
}

// A delta brings an index up to date; a delta that is no good, or leads from what is lost, is followed by the whole index.
func TestDeltaTravels(t *testing.T) {
	own := ownEcosystem(t.Context())
	if own == "" {
		t.Skip("needs a distribution that indexes are made for")
	}
	s, stranger := newSigner(t), newSigner(t)
	first, second := indexed(t, s, own, 1), indexed(t, s, own, 2)
	good := deltaOf(t, s, first, second)
	cut := good[:len(good)-1]
	flipped := bytes.Clone(good)
	flipped[len(flipped)-3] ^= 1
	otherBase := bytes.Clone(good)
	otherBase[len("vymir-vulnerabilities-delta 1\n")+7] = 9
	for name, c := range map[string]struct {
		delta   []byte
		spoil   func(t *testing.T, b *deltaBench) // before the offer comes
		asked   []uint64                          // what each fetch led from; 0: the whole
		problem string
	}{
		"good":          {delta: good, asked: []uint64{1}},
		"forged":        {delta: deltaOf(t, stranger, indexed(t, stranger, own, 1), indexed(t, stranger, own, 2)), asked: []uint64{1, 0}, problem: "not signed"},
		"wrong-base":    {delta: otherBase, asked: []uint64{1, 0}, problem: "delta of another index"},
		"bomb":          {delta: bomb(good), asked: []uint64{1, 0}, problem: "not a vulnerability index"},
		"cut":           {delta: cut, asked: []uint64{1, 0}, problem: "not a vulnerability index"},
		"flipped":       {delta: flipped, asked: []uint64{1, 0}, problem: "vulnerability index refused"},
		"nonsense":      {delta: []byte("vymir-vulnerabilities-delta 1\n"), asked: []uint64{1, 0}, problem: "not a vulnerability index"},
		"digest-lies":   {delta: good, asked: []uint64{1, 0}, spoil: func(_ *testing.T, b *deltaBench) { b.offer.DeltaDigest[0] ^= 1 }},
		"larger":        {delta: append(bytes.Clone(good), make([]byte, len(second))...), asked: []uint64{0}},
		"base-gone":     {delta: good, asked: []uint64{0}, spoil: func(t *testing.T, b *deltaBench) { b.spoilInForce(t); takeVulns(t.Context(), b.config) }},
		"base-lost-now": {delta: good, asked: []uint64{1, 0}, spoil: func(t *testing.T, b *deltaBench) { b.spoilInForce(t) }, problem: "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newDeltaBench(t, s)
			if err := b.held.Put(first); err != nil {
				t.Fatal(err)
			}
			if x, reason, problem := takeVulns(t.Context(), b.config); x == nil || problem != "" {
				t.Fatal(reason, problem)
			}
			b.offers(own, second, c.delta)
			if c.spoil != nil {
				c.spoil(t, b)
			}
			var problems []string
			for range 3 { // check in, try; the third time nothing is left to do
				b.checkIn(t)
				_, _, problem := takeVulns(t.Context(), b.config)
				problems = append(problems, problem)
			}
			x, reason := VulnerabilityIndex(b.config)
			if x == nil || x.Meta().Revision != 2 {
				t.Fatalf("in force is %v, %q; problems %q", x, reason, problems)
			}
			if got := fmt.Sprint(b.asked()); got != fmt.Sprint(c.asked) {
				t.Errorf("fetched from %s, want %v", got, c.asked)
			}
			if !strings.Contains(problems[0], c.problem) || c.problem == "" && problems[0] != "" {
				t.Errorf("problems %q, want %q", problems, c.problem)
			}
			if last := b.server.CheckIns[len(b.server.CheckIns)-1]; last.VulnsRevision != 2 {
				t.Errorf("the host says it has revision %d", last.VulnsRevision)
			}
		})
	}
}

// deltaBench is a host with its server.
type deltaBench struct {
	config Config
	server *fakeserver.Server
	up     *uplink.Uplink
	held   pack.Kind
	offer  *vymirv1.Offer
}

func newDeltaBench(t *testing.T, s signer) *deltaBench {
	t.Helper()
	dir := t.TempDir()
	b := &deltaBench{server: fakeserver.Start(t, fakeserver.Options{}), held: pack.Open(dir, wire.KindVulns)}
	b.config = Config{StateDir: dir, BundleKeys: filepath.Join(dir, "keys.pub")}
	key, err := s.pub.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.config.BundleKeys, key, 0o600); err != nil {
		t.Fatal(err)
	}
	id, _, err := identity.Enrol(t.Context(), dir, identity.EnrolOptions{Token: b.server.Token(t), Protocol: wire.TCP})
	if err != nil {
		t.Fatal(err)
	}
	outbox, err := spool.Open(b.config.OutboxDir(), spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { outbox.Close() }) //nolint:errcheck // a test's outbox
	b.up = uplink.New(uplink.Options{StateDir: dir, Identity: id, Outbox: outbox, Version: "test", Kinds: []string{wire.KindVulns}, Protocol: wire.TCP})
	return b
}

// offers makes the server offer a file and a delta to it, as the real one does: only to who does not have it.
func (b *deltaBench) offers(name string, file, delta []byte) {
	b.server.Files, b.server.Deltas = map[string][]byte{wire.KindVulns: file}, map[string][]byte{wire.KindVulns: delta}
	b.offer = fakeserver.Offer(wire.KindVulns, name, 2, file)
	digest := sha256.Sum256(delta)
	b.offer.DeltaFrom, b.offer.DeltaSize, b.offer.DeltaDigest = 1, uint64(len(delta)), digest[:]
	b.server.Respond = func(req *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse) error {
		if req.VulnsRevision < 2 {
			resp.Directives = &vymirv1.Directives{Offers: []*vymirv1.Offer{b.offer}}
		}
		return nil
	}
}

func (b *deltaBench) checkIn(t *testing.T) {
	t.Helper()
	if _, err := b.up.CheckIn(t.Context(), false); err != nil {
		t.Fatal(err)
	}
}

// asked lists what the transfers that were begun led from.
func (b *deltaBench) asked() (from []uint64) {
	for _, f := range b.server.Fetches {
		if f.Offset == 0 {
			from = append(from, f.DeltaFrom)
		}
	}
	return from
}

// spoilInForce damages the file of the index in force.
func (b *deltaBench) spoilInForce(t *testing.T) {
	t.Helper()
	name := filepath.Join(b.config.StateDir, "artefacts", wire.KindVulns, fmt.Sprintf("%x", b.held.State().InForce.Digest))
	if err := os.WriteFile(name, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// On a host that moved to another release the index of the old one is no longer said to be there, so that the new release's is offered.
func TestIndexOfFormerRelease(t *testing.T) {
	own := ownEcosystem(t.Context())
	if own == "" {
		t.Skip("needs a distribution that indexes are made for")
	}
	s := newSigner(t)
	b := newDeltaBench(t, s)
	file := indexed(t, s, "Mageia:9", 7)
	if err := b.held.Put(file); err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(file)
	if err := b.held.Take(pack.Artefact{Name: "Mageia:9", Revision: 7, Digest: digest[:]}, pack.Trust{}); err != nil {
		t.Fatal(err)
	}
	takeVulns(t.Context(), b.config)
	b.checkIn(t)
	if got := b.server.CheckIns[0].VulnsRevision; got != 0 {
		t.Errorf("the host says it has revision %d", got)
	}
}
