// Package bundle carries a signed, versioned set of policies from the people who write them to the hosts that are
// judged by them.
//
// A bundle is one file: a magic line, a minisign signature, and a gzipped tar of the modules, their catalogue and a
// manifest. The signature stands in front and covers all that follows, so nothing is unpacked before it is
// verified. The manifest names the set and its revision, which only grows: [Accept] refuses an older one.
// An expired manifest means "do not take this as an update", never "stop judging".
package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aead.dev/minisign"
)

// Schema names the format of [Manifest].
const Schema = "vymir.bundle/1"

// Why a bundle is not taken.
var (
	ErrFormat   = errors.New("not a policy bundle")                     // truncated, of another format, or with forbidden content
	ErrUnsigned = errors.New("not signed by a key we trust")            // also: changed after signing
	ErrTooLarge = errors.New("policy bundle is larger than its limits") // packed or unpacked
	ErrOlder    = errors.New("older than the policy bundle in force")
	ErrOther    = errors.New("another set of policies than the one in force")
	ErrExpired  = errors.New("policy bundle expired before it was taken")
)

// Manifest says what a bundle is.
type Manifest struct {
	Schema   string            `json:"schema"`         // always [Schema]
	Name     string            `json:"name"`           // of the set: "vymir", or the recipient's own
	Revision uint64            `json:"revision"`       // monotonic per name, from 1
	Created  time.Time         `json:"created"`        // UTC
	Expires  time.Time         `json:"expires"`        // UTC; zero: never
	Keys     []string          `json:"keys,omitempty"` // minisign public keys trusted from this revision on, in place of all before; none: they stay
	Files    map[string]string `json:"files"`          // path → sha256, hex; everything in the bundle but the manifest
}

// MaxKeys bounds the keys of one manifest.
const MaxKeys = 8

// ParseKeys reads minisign public keys, one a line, as minisign writes them; its comments and empty lines are
// skipped. A text without a key, or with more than [MaxKeys], is [ErrFormat].
func ParseKeys(lines ...string) ([]minisign.PublicKey, error) {
	var keys []minisign.PublicKey
	for _, line := range strings.Split(strings.Join(lines, "\n"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "untrusted comment:") {
			continue
		}
		var k minisign.PublicKey
		if err := k.UnmarshalText([]byte(line)); err != nil {
			return nil, fmt.Errorf("%w: not a minisign public key: %w", ErrFormat, err)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 || len(keys) > MaxKeys {
		return nil, fmt.Errorf("%w: %d public keys, want 1 to %d", ErrFormat, len(keys), MaxKeys)
	}
	return keys, nil
}

// Trusted gives the keys that what follows m must be signed by: those that m names, else those that were trusted
// before it.
func (m Manifest) Trusted(before []minisign.PublicKey) ([]minisign.PublicKey, error) {
	if len(m.Keys) == 0 {
		return before, nil
	}
	return ParseKeys(m.Keys...)
}

// Bundle is the content of one file.
type Bundle struct {
	Manifest  Manifest
	Modules   map[string][]byte // path ("baseline/ssh/root_login/root_login.rego") → Rego source
	Catalogue []byte            // policies.Catalogue as JSON
}

// Expired reports whether the bundle should no longer be taken as an update at now.
func (b *Bundle) Expired(now time.Time) bool {
	return !b.Manifest.Expires.IsZero() && !now.Before(b.Manifest.Expires)
}

// Digest is the sha256 of the content, hex: paths and bytes of the modules and of the catalogue, in order.
func (b *Bundle) Digest() string {
	h := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(b.Modules)) {
		fmt.Fprintf(h, "%s %d\n", path, len(b.Modules[path]))
		h.Write(b.Modules[path])
	}
	fmt.Fprintf(h, "%s %d\n", catalogueName, len(b.Catalogue))
	h.Write(b.Catalogue)
	return hex.EncodeToString(h.Sum(nil))
}

// Accept decides whether next may replace current (the zero Manifest: nothing is in force yet). It refuses another
// name, a smaller revision, and one that expired; the same revision is taken again.
func Accept(current Manifest, next *Bundle, now time.Time) error {
	if current.Name != "" && next.Manifest.Name != current.Name {
		return fmt.Errorf("accept policy bundle %q in place of %q: %w", next.Manifest.Name, current.Name, ErrOther)
	}
	if next.Manifest.Revision < current.Revision {
		return fmt.Errorf("accept policy bundle revision %d in place of %d: %w", next.Manifest.Revision, current.Revision, ErrOlder)
	}
	if next.Expired(now) {
		return fmt.Errorf("accept policy bundle that expired %s: %w", next.Manifest.Expires.Format(time.RFC3339), ErrExpired)
	}
	return nil
}
