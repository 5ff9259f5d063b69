package dispatch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"aead.dev/minisign"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector/banned"
	"github.com/vymir-project/vymir/collector/vulnindex"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/bundle"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Why an artefact is not published.
var (
	ErrNoKeys     = errors.New("no key is trusted yet: name the public key that bundles are signed by with bundle trust")
	ErrPublished  = errors.New("another file of this name and revision was published: a changed bundle needs a higher revision")
	ErrRenumbered = errors.New("a control or a reason has another number than in an earlier revision: numbers are never changed")
	ErrForAll     = errors.New("vulnerability indexes and the list of forbidden software are for every host they concern, not for one recipient")
	ErrNoRevision = errors.New("the list has no revision: make it with banned build")
	ErrCatalogue  = errors.New("catalogue and manifest of the bundle name different sets or revisions")
)

// Trust sets the public keys that what is published must be signed by, and that hosts are given when they enrol.
// Hosts that are enrolled follow a bundle that names new keys and is signed by an old one, nothing else.
func Trust(ctx context.Context, st *store.Store, text, by string, now time.Time) error {
	keys, err := bundle.ParseKeys(text)
	if err != nil {
		return fmt.Errorf("trust keys: %w", err)
	}
	lines := make([]string, 0, len(keys))
	for _, k := range keys {
		lines = append(lines, k.String())
	}
	return st.Tx(ctx, func(tx *store.Tx) error { return trust(tx, lines, by, now) })
}

func trust(tx *store.Tx, keys []string, by string, now time.Time) error {
	return errors.Join(tx.PutArtefactKeys(keys), tx.Audit(store.Entry{
		At: now, Actor: by, Action: "artefact.trust", Object: "keys", Detail: detail(map[string]any{"keys": keys}),
	}))
}

// Publish takes a signed artefact of any kind, which its content tells; see [PublishBundle], [PublishVulns] and [PublishBanned].
func Publish(ctx context.Context, st *store.Store, data []byte, recipient, by string, now time.Time) (store.Artefact, error) {
	if vulnindex.Is(data) || banned.Is(data) {
		if recipient != "" {
			return store.Artefact{}, ErrForAll
		}
		if banned.Is(data) {
			return PublishBanned(ctx, st, data, by, now)
		}
		return PublishVulns(ctx, st, data, by, now)
	}
	return PublishBundle(ctx, st, data, recipient, by, now)
}

// PublishVulns takes a signed vulnerability index of one release: from now on the hosts of that release, as far as they let their
// system's name leave, are offered it. It must be signed by a trusted key, not expired and no older than what is offered.
func PublishVulns(ctx context.Context, st *store.Store, data []byte, by string, now time.Time) (a store.Artefact, err error) {
	keys, _, err := trusted(ctx, st)
	if err != nil {
		return a, fmt.Errorf("publish vulnerability index: %w", err)
	}
	x, err := vulnindex.Open(data, keys...)
	if err != nil {
		return a, fmt.Errorf("publish vulnerability index: %w", err)
	}
	m := x.Meta()
	if m.Expired(now) {
		return a, fmt.Errorf("publish vulnerability index: %w: %s", vulnindex.ErrExpired, m.Expires.Format(time.RFC3339))
	}
	digest := sha256.Sum256(data)
	a = store.Artefact{Kind: wire.KindVulns, Name: m.Ecosystem, Revision: m.Revision, Digest: digest[:], Size: uint64(len(data)),
		Content: data, Expires: m.Expires, Published: now.UTC(), PublishedBy: by}
	deltas, keep, err := deltasTo(ctx, st, x, len(data), keys)
	if err != nil {
		return a, fmt.Errorf("publish vulnerability index: %w", err)
	}
	err = st.Tx(ctx, func(tx *store.Tx) error {
		if err := add(tx, a); err != nil {
			return err
		}
		if err := notOlder(tx, a, ""); err != nil {
			return err
		}
		return errors.Join(tx.PutOffer(a.Kind, a.Name, a.Revision, ""), tx.ReplaceDeltas(a.Kind, a.Name, deltas),
			tx.PruneArtefacts(a.Kind, a.Name, keep), told(tx, "artefact.publish", a, "", by, now))
	})
	if err != nil {
		return a, fmt.Errorf("publish vulnerability index: %w", err)
	}
	return a, nil
}

// deltaBases is from how many earlier revisions of an index deltas are kept: a host that was off for longer fetches the whole.
const deltaBases = 7

// deltasTo makes the deltas that lead from earlier revisions to an index, where they are smaller than the whole of size bytes. No secret key
// is needed: a delta is signed by carrying the signature of what it leads to. keep is the oldest revision that is still of use.
func deltasTo(ctx context.Context, st *store.Store, next *vulnindex.Index, size int, keys []minisign.PublicKey) (out []store.Delta, keep uint64, err error) {
	m := next.Meta()
	var published []store.Artefact
	if err := st.View(ctx, func(tx *store.Tx) (err error) { published, err = tx.Artefacts(wire.KindVulns); return err }); err != nil {
		return nil, 0, err
	}
	keep = m.Revision
	for _, p := range published { // newest first
		if p.Name != m.Ecosystem || p.Revision >= m.Revision || len(out) >= deltaBases {
			continue
		}
		keep = p.Revision
		var content []byte
		if err := st.View(ctx, func(tx *store.Tx) (err error) {
			content, err = tx.ArtefactPart(p.Kind, p.Name, p.Revision, 0, wire.MaxVulnsBytes)
			return err
		}); err != nil {
			return nil, 0, err
		}
		base, err := vulnindex.Open(content, keys...)
		if errors.Is(err, vulnindex.ErrUnsigned) {
			continue // by a key that went; hosts that have it fetch the whole
		}
		if err != nil {
			return nil, 0, fmt.Errorf("revision %d: %w", p.Revision, err)
		}
		delta, err := vulnindex.Delta(base, next)
		if err != nil {
			return nil, 0, err
		}
		if len(delta) < size {
			digest := sha256.Sum256(delta)
			out = append(out, store.Delta{Kind: p.Kind, Name: p.Name, Revision: m.Revision, Base: p.Revision, Digest: digest[:], Size: uint64(len(delta)), Content: delta})
		}
	}
	return out, keep, nil
}

// BannedName is the name of the one artefact of its kind.
const BannedName = "list"

// PublishBanned takes the signed list of forbidden software: from now on every host is offered it. It must be signed by a trusted key and have
// a revision no smaller than what is offered.
func PublishBanned(ctx context.Context, st *store.Store, data []byte, by string, now time.Time) (a store.Artefact, err error) {
	keys, _, err := trusted(ctx, st)
	if err != nil {
		return a, fmt.Errorf("publish list of forbidden software: %w", err)
	}
	l, err := banned.Open(data, keys...)
	if err != nil {
		return a, fmt.Errorf("publish list of forbidden software: %w", err)
	}
	if l.Revision == 0 {
		return a, fmt.Errorf("publish list of forbidden software: %w", ErrNoRevision)
	}
	digest := sha256.Sum256(data)
	a = store.Artefact{Kind: wire.KindBanned, Name: BannedName, Revision: l.Revision, Digest: digest[:], Size: uint64(len(data)),
		Content: data, Published: now.UTC(), PublishedBy: by}
	err = st.Tx(ctx, func(tx *store.Tx) error {
		if err := add(tx, a); err != nil {
			return err
		}
		if err := notOlder(tx, a, ""); err != nil {
			return err
		}
		return errors.Join(tx.PutOffer(a.Kind, a.Name, a.Revision, ""), told(tx, "artefact.publish", a, "", by, now))
	})
	if err != nil {
		return a, fmt.Errorf("publish list of forbidden software: %w", err)
	}
	return a, nil
}

// trusted reads the keys that what is published must be signed by.
func trusted(ctx context.Context, st *store.Store) (keys []minisign.PublicKey, lines []string, err error) {
	if err := st.View(ctx, func(tx *store.Tx) (err error) { lines, err = tx.ArtefactKeys(); return err }); err != nil {
		return nil, nil, err
	}
	if len(lines) == 0 {
		return nil, nil, ErrNoKeys
	}
	keys, err = bundle.ParseKeys(lines...)
	return keys, lines, err
}

// PublishBundle takes a signed policy bundle: from now on results judged by it are taken, and hosts (recipient "": all)
// are offered it. It must be signed by a trusted key, compile, be no older than what is offered, and keep the numbers that earlier
// revisions gave. The same file again changes nothing but the offer.
func PublishBundle(ctx context.Context, st *store.Store, data []byte, recipient, by string, now time.Time) (store.Artefact, error) {
	a, err := publishBundle(ctx, st, data, recipient, by, now)
	if err != nil {
		return a, fmt.Errorf("publish bundle: %w", err)
	}
	return a, nil
}

func publishBundle(ctx context.Context, st *store.Store, data []byte, recipient, by string, now time.Time) (a store.Artefact, err error) {
	keys, lines, err := trusted(ctx, st)
	if err != nil {
		return a, err
	}
	b, err := bundle.Read(bytes.NewReader(data), keys...)
	if err != nil {
		return a, err
	}
	if b.Expired(now) {
		return a, fmt.Errorf("%w: %s", bundle.ErrExpired, b.Manifest.Expires.Format(time.RFC3339))
	}
	engine, err := policies.New(b)
	if err != nil {
		return a, err
	}
	c := engine.Catalogue()
	if c.Name != b.Manifest.Name || c.Revision != b.Manifest.Revision {
		return a, fmt.Errorf("%w: %q %d and %q %d", ErrCatalogue, c.Name, c.Revision, b.Manifest.Name, b.Manifest.Revision)
	}
	digest := sha256.Sum256(data)
	a = store.Artefact{Kind: wire.KindBundle, Name: b.Manifest.Name, Revision: b.Manifest.Revision, Digest: digest[:], Size: uint64(len(data)),
		Content: data, Expires: b.Manifest.Expires, Published: now.UTC(), PublishedBy: by}
	err = st.Tx(ctx, func(tx *store.Tx) error {
		if err := keepsNumbers(tx, c); err != nil {
			return err
		}
		if err := add(tx, a); err != nil {
			return err
		}
		if recipient != "" {
			if _, err := tx.Recipient(recipient); err != nil {
				return fmt.Errorf("recipient %q: %w", recipient, err)
			}
		}
		if err := notOlder(tx, a, recipient); err != nil {
			return err
		}
		if len(b.Manifest.Keys) > 0 && strings.Join(b.Manifest.Keys, "\n") != strings.Join(lines, "\n") {
			if err := trust(tx, b.Manifest.Keys, by, now); err != nil {
				return err
			}
		}
		return errors.Join(controls.Accept(tx, c, nil, by, now), tx.PutOffer(a.Kind, a.Name, a.Revision, recipient), told(tx, "artefact.publish", a, recipient, by, now))
	})
	return a, err
}

// add stores a file unless the very same one is there.
func add(tx *store.Tx, a store.Artefact) error {
	old, err := tx.Artefact(a.Kind, a.Name, a.Revision)
	if errors.Is(err, store.ErrNotFound) {
		return tx.AddArtefact(a)
	}
	if err == nil && !bytes.Equal(old.Digest, a.Digest) {
		return ErrPublished
	}
	return err
}

// notOlder refuses to point hosts back: they would not go.
func notOlder(tx *store.Tx, a store.Artefact, recipient string) error {
	offers, err := tx.Offers()
	if err != nil {
		return err
	}
	for _, o := range offers {
		if o.Kind == a.Kind && o.Name == a.Name && o.Revision > a.Revision && (o.RecipientID == recipient || o.RecipientID == "") {
			return fmt.Errorf("revision %d after %d: %w", a.Revision, o.Revision, bundle.ErrOlder)
		}
	}
	return nil
}

// keepsNumbers compares a catalogue with every earlier one of its name: what a number means may not change, or stored
// results would say something else.
func keepsNumbers(tx *store.Tx, c *policies.Catalogue) error {
	all, err := tx.Bundles()
	if err != nil {
		return err
	}
	for _, line := range all {
		if line.Name != c.Name {
			continue
		}
		old, err := policies.ParseCatalogue([]byte(line.Catalogue))
		if err != nil {
			return err
		}
		for _, was := range old.Controls {
			if now, ok := c.Control(was.ID); ok && now.ID == was.ID && (now.Number != was.Number || !begins(now.Reasons, was.Reasons)) {
				return fmt.Errorf("%w: control %s, revision %d", ErrRenumbered, was.ID, old.Revision)
			}
			if taken, ok := c.ByNumber(was.Number); ok && taken.ID != was.ID && !renamed(taken, was.ID) {
				return fmt.Errorf("%w: number %d was %s and is %s", ErrRenumbered, was.Number, was.ID, taken.ID)
			}
		}
	}
	return nil
}

func renamed(k *policies.Control, former string) bool {
	for _, a := range k.Aliases {
		if a == former {
			return true
		}
	}
	return false
}

// begins reports whether list has the reasons of head at its places, as far as either reaches.
func begins(list, head []policies.Reason) bool {
	for i := range min(len(list), len(head)) {
		if list[i].ID != head[i].ID {
			return false
		}
	}
	return true
}

// Withdraw ends an offer. Hosts that took the artefact keep it: nobody can send them back to an older one.
func Withdraw(ctx context.Context, st *store.Store, kind, name, recipient, by string, now time.Time) error {
	return st.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.DropOffer(kind, name, recipient); err != nil {
			return fmt.Errorf("withdraw offer: %w", err)
		}
		return told(tx, "artefact.withdraw", store.Artefact{Kind: kind, Name: name}, recipient, by, now)
	})
}

func told(tx *store.Tx, action string, a store.Artefact, recipient, by string, now time.Time) error {
	return tx.Audit(store.Entry{At: now, Actor: by, Action: action, Object: a.Kind + ":" + a.Name, RecipientID: recipient,
		Detail: detail(map[string]any{"revision": a.Revision, "digest": fmt.Sprintf("%x", a.Digest)})})
}
