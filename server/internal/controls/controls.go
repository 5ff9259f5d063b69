// Package controls finds the control a stored result belongs to: every bundle that this server ever accepted keeps
// its catalogue in the store, so that results stay readable in both languages for ever.
package controls

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/store"
)

// ErrUnknownBundle says that no such bundle was ever accepted here.
var ErrUnknownBundle = errors.New("policy bundle is not known to this server")

// maxCached bounds the catalogues held in memory; a fleet has few at a time.
const maxCached = 16

// Book keeps parsed catalogues at hand. Its zero value is ready; safe for concurrent use.
type Book struct {
	mu     sync.Mutex
	cached map[string]*policies.Catalogue
}

// Accept stores a catalogue, so that results judged by it are taken; the same one again changes nothing. content is
// the signed bundle, empty for the one built into the programs.
func Accept(tx *store.Tx, c *policies.Catalogue, content []byte, by string, now time.Time) error {
	digest, err := hex.DecodeString(c.Digest)
	if err != nil {
		return fmt.Errorf("accept bundle %q: digest %q: %w", c.Name, c.Digest, err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("accept bundle %q: %w", c.Name, err)
	}
	return tx.AddBundle(store.Bundle{
		Name: c.Name, Revision: c.Revision, Digest: digest, Content: content, Catalogue: string(text), Accepted: now.UTC(), AcceptedBy: by,
	})
}

// Catalogue gives the catalogue of a bundle. An empty digest takes the newest accepted one of that revision, which
// is what a reader of a finding wants. It is shared: do not change it.
func (b *Book) Catalogue(tx *store.Tx, name string, revision uint64, digest []byte) (*policies.Catalogue, error) {
	key := fmt.Sprintf("%s %d %x", name, revision, digest)
	b.mu.Lock()
	c := b.cached[key]
	b.mu.Unlock()
	if c != nil {
		return c, nil
	}
	kept, err := tx.Bundle(name, revision, digest)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: %q revision %d", ErrUnknownBundle, name, revision)
	} else if err != nil {
		return nil, err
	}
	if c, err = policies.ParseCatalogue([]byte(kept.Catalogue)); err != nil {
		return nil, fmt.Errorf("bundle %q revision %d: %w", name, revision, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cached == nil || len(b.cached) >= maxCached {
		b.cached = map[string]*policies.Catalogue{}
	}
	b.cached[key] = c
	return c, nil
}

// Control gives the control a finding belongs to, by the bundle that judged last. A control that left that bundle
// is found in the catalogue built into this program, if it is there.
func (b *Book) Control(tx *store.Tx, bundle string, revision uint64, id string) (*policies.Control, error) {
	c, err := b.Catalogue(tx, bundle, revision, nil)
	if err != nil && !errors.Is(err, ErrUnknownBundle) {
		return nil, err
	}
	if c != nil {
		if k, ok := c.Control(id); ok {
			return k, nil
		}
	}
	if k, ok := policies.BuiltIn().Control(id); ok {
		return k, nil
	}
	return nil, fmt.Errorf("control %q: %w", id, store.ErrNotFound)
}

// Lookup turns a catalogue into what [wire.Decode] asks.
func Lookup(c *policies.Catalogue) func(number uint32) (wire.Control, bool) {
	return func(n uint32) (wire.Control, bool) {
		k, ok := c.ByNumber(n)
		if !ok {
			return wire.Control{}, false
		}
		w := wire.Control{ID: k.ID, Revision: k.Revision, Aliases: k.Aliases, Family: k.Family, Capability: k.Capability,
			Severity: k.Severity, Mappings: k.Mappings, Reasons: make([]string, len(k.Reasons))}
		for i, r := range k.Reasons {
			w.Reasons[i] = r.ID
		}
		return w, true
	}
}

// Reason renders the sentence of a result in lang from its target's parameters; see [policies.Control.Reason].
func Reason(k *policies.Control, lang, id, targetJSON string) string {
	var t assessment.Target
	if targetJSON != "" {
		if err := json.Unmarshal([]byte(targetJSON), &t); err != nil {
			return id
		}
	}
	return k.Reason(lang, id, t.Params)
}
