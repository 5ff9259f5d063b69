package server_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"aead.dev/minisign"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/bundle"
	"github.com/vymir-project/vymir/server/internal/store"
)

// signer makes bundles. It stands for who holds the key, which is not the server.
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

// bundle is the built-in policies as another revision, signed; next are the keys that the bundles after it are signed by.
func (s signer) bundle(t *testing.T, revision uint64, next ...minisign.PublicKey) []byte {
	t.Helper()
	b, err := policies.BuiltInBundle(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c, err := policies.ParseCatalogue(b.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	c.Revision, b.Manifest.Revision = revision, revision
	if b.Catalogue, err = policies.MarshalCatalogue(c); err != nil {
		t.Fatal(err)
	}
	for _, k := range next {
		b.Manifest.Keys = append(b.Manifest.Keys, k.String())
	}
	// A comment that does not pack makes the file long enough to be fetched in several parts.
	noise := make([]byte, 300<<10)
	rand.Read(noise)
	for path, text := range b.Modules {
		b.Modules[path] = append(bytes.Clone(text), []byte("\n# "+base64.StdEncoding.EncodeToString(noise)+"\n")...)
		break
	}
	var out bytes.Buffer
	if err := bundle.Write(&out, b, s.priv); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// held is what the agent says of its policies.
type held struct {
	Policies struct {
		Revision uint64 `json:"revision"`
		Sent     bool   `json:"sent"`
		Refused  struct {
			Digest []byte `json:"digest"`
			Why    string `json:"why"`
		} `json:"refused"`
		Coming struct {
			Revision uint64 `json:"revision"`
		} `json:"coming"`
	} `json:"policies"`
}

func (w *world) policies() (h held) {
	w.t.Helper()
	out, err := w.agent("status", "--format", "json")
	if err == nil {
		err = json.Unmarshal([]byte(out), &h)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// once has the agent assess, which tries what came before, and check in, which fetches what is offered.
func (w *world) once() {
	w.t.Helper()
	if _, err := w.agent("run", "--once"); err != nil {
		w.t.Fatal(err)
	}
}

// publish offers a bundle by the server's own command.
func (w *world) publish(file []byte) error {
	w.t.Helper()
	name := filepath.Join(w.dir, "bundle.vymir")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		w.t.Fatal(err)
	}
	_, err := w.in(w.serverNS, "vymir-server", "bundle", "publish", name, "--config", w.serverConf)
	return err
}

// smuggle puts a file into the offers past every check, as who took the server over would.
func (w *world) smuggle(revision uint64, file []byte) {
	w.t.Helper()
	digest := sha256.Sum256(file)
	w.inStore(func(tx *store.Tx) error {
		return errors.Join(tx.AddArtefact(store.Artefact{Kind: wire.KindBundle, Name: policies.BuiltIn().Name, Revision: revision, Digest: digest[:],
			Size: uint64(len(file)), Content: file, Published: time.Now()}), tx.PutOffer(wire.KindBundle, policies.BuiltIn().Name, revision, ""))
	})
}

// inStore does something in the server's database behind its back.
func (w *world) inStore(f func(*store.Tx) error) {
	w.t.Helper()
	st, err := store.Open(w.t.Context(), filepath.Join(w.dir, "server", "vymir.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer st.Close()
	if err := st.Tx(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// TestBundleTravels has the two programs do what a signed bundle of policies goes through: it is published, fetched in parts over a line
// that is cut in the midst of it, tried, and judges; keys are replaced; and whatever a server that was taken over offers (older, unsigned,
// by another's key, too large) is refused, while what was in force goes on judging.
func TestBundleTravels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := policies.BuiltIn().Revision
	first, second, other := newSigner(t), newSigner(t), newSigner(t)
	trust := func(keys ...minisign.PublicKey) {
		var text strings.Builder
		for _, k := range keys {
			text.WriteString(k.String() + "\n")
		}
		w.write(filepath.Join(w.dir, "trusted.pub"), text.String())
		w.server("bundle", "trust", filepath.Join(w.dir, "trusted.pub"))
	}
	trust(first.pub)
	if err := w.publish(other.bundle(t, own+1)); err == nil {
		t.Error("the server published what nobody trusted signed")
	}
	file := first.bundle(t, own+1)
	if err := w.publish(file); err != nil {
		t.Fatal(err)
	}
	p := w.serve()
	again := func() { // the server looks anew what it offers
		p.stop(syscall.SIGKILL) // a drain would take longer than all the rest
		p = w.serve()
	}
	// The line is cut after the first part.
	cut := "add table inet cut; add chain inet cut out { type filter hook output priority 0; }; add rule inet cut out meta l4proto { udp, tcp } th sport " + port + " quota over 350 kbytes drop"
	w.enrol()
	w.must("ip", "netns", "exec", w.serverNS, "nft", cut)
	w.in(w.hostNS, "vymir-agent", "run", "--once", "--config", w.agentConf) //nolint:errcheck // the fetch fails, the check-in may be told to have
	h := w.policies()
	part, err := os.Stat(filepath.Join(w.dir, "agent", "artefacts", "bundle", "part"))
	if err != nil || part.Size() == 0 || part.Size() >= int64(len(file)) || h.Policies.Coming.Revision != own+1 || h.Policies.Revision != own {
		t.Fatalf("after the cut: %v, %v of %d bytes, %+v\n%s", err, part, len(file), h, w.logs())
	}
	w.must("ip", "netns", "exec", w.serverNS, "nft", "delete table inet cut")
	before := w.meter().ReceivedBytes
	w.once() // the rest comes
	if got := w.meter().ReceivedBytes - before; got > uint64(len(file))-uint64(part.Size())*3/4 {
		t.Errorf("%d bytes came after the cut, of a file of %d of which %d were there", got, len(file), part.Size())
	}
	w.once() // it judges
	if h = w.policies(); h.Policies.Revision != own+1 || !h.Policies.Sent {
		t.Fatalf("revision %d judges, want %d: %+v", h.Policies.Revision, own+1, h)
	}
	w.inStore(func(tx *store.Tx) error {
		v, err := tx.Host(w.host)
		if v.BundleRevision != own+1 {
			t.Errorf("the server says that revision %d judges", v.BundleRevision)
		}
		return err
	})
	// The key is replaced: a bundle by the first names the second, and then one by the second is taken.
	trust(first.pub, second.pub)
	for i, b := range [][]byte{first.bundle(t, own+2, second.pub), second.bundle(t, own+3)} {
		if err := w.publish(b); err != nil {
			t.Fatal(err)
		}
		again()
		w.once()
		w.once()
		if h = w.policies(); h.Policies.Revision != own+2+uint64(i) {
			t.Fatalf("revision %d judges, want %d: %+v", h.Policies.Revision, own+2+uint64(i), h)
		}
	}
	// What a server offers that was taken over. Each run tries what the run before fetched.
	large := make([]byte, wire.MaxBundleBytes+1)
	unsigned := second.bundle(t, own+12)
	unsigned[len(unsigned)/2] ^= 1 // the signature is of something else
	for _, c := range []struct {
		name    string
		claims  uint64
		file    []byte
		refused bool // it is fetched, and told to be no good
	}{
		{"older", own + 1, nil, false},
		{"older-that-says-it-is-newer", own + 10, second.bundle(t, own+1), true},
		{"by-a-key-that-was-replaced", own + 11, first.bundle(t, own+11), true},
		{"unsigned", own + 12, unsigned, true},
		{"by-anothers-key", own + 13, other.bundle(t, own+13), true},
		{"too-large", own + 14, large, false},
	} {
		if c.file == nil {
			w.inStore(func(tx *store.Tx) error { return tx.PutOffer(wire.KindBundle, policies.BuiltIn().Name, c.claims, "") })
		} else {
			w.smuggle(c.claims, c.file)
		}
		again()
		runs := 1
		if c.refused {
			runs = 2
		}
		for range runs {
			w.in(w.hostNS, "vymir-agent", "run", "--once", "--config", w.agentConf) //nolint:errcheck // what was refused may be told
		}
		h = w.policies()
		if h.Policies.Revision != own+3 || !h.Policies.Sent {
			t.Errorf("%s: revision %d judges, want %d", c.name, h.Policies.Revision, own+3)
		}
		if digest := sha256.Sum256(c.file); c.refused && (h.Policies.Refused.Why == "" || !bytes.Equal(h.Policies.Refused.Digest, digest[:])) {
			t.Errorf("%s: nothing is told of it: %+v", c.name, h)
		}
		if _, err := os.Stat(filepath.Join(w.dir, "agent", "artefacts", "bundle", "next")); err == nil {
			t.Errorf("%s: it lies there to be taken", c.name)
		}
	}
	// A good one is still taken.
	good := second.bundle(t, own+20)
	w.smuggle(own+20, good)
	again()
	w.once()
	w.once()
	if h = w.policies(); h.Policies.Revision != own+20 {
		t.Errorf("after all of that revision %d judges, want %d: %+v", h.Policies.Revision, own+20, h)
	}
}
