package vulns

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"aead.dev/minisign"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector/banned"
	"github.com/vymir-project/vymir/server/internal/store"
)

// ImportBanned replaces the official list of forbidden software. by is the actor.
func ImportBanned(ctx context.Context, st *store.Store, r io.Reader, by string, now time.Time) (*banned.List, error) {
	l, err := banned.Parse(r)
	if err != nil {
		return nil, err
	}
	return l, putFeed(ctx, st, store.FeedBanned, l.AsOf, len(l.Entries), l, by, now)
}

// ErrNoList says that no list of forbidden software was imported.
var ErrNoList = errors.New("no list of forbidden software was imported: import banned FILE first")

// Banned reads the list that is in force.
func Banned(ctx context.Context, st *store.Store) (*banned.List, error) {
	var l banned.List
	var asOf time.Time
	if err := st.View(ctx, func(tx *store.Tx) (err error) { asOf, err = feed(tx, store.FeedBanned, &l); return err }); err != nil {
		return nil, fmt.Errorf("read list of forbidden software: %w", err)
	}
	if asOf.IsZero() {
		return nil, ErrNoList
	}
	return &l, nil
}

// bannedBuild is under what the last pack of the list is noted among the builds.
const bannedBuild = "forbidden software"

// BuildBanned signs the list that is in force and hands it to take, which keeps or publishes it; only then does it count as built. A list or a
// key that changed gets the next revision, the same ones the same bytes.
func BuildBanned(ctx context.Context, st *store.Store, key minisign.PrivateKey, by string, now time.Time, take func(*banned.List, []byte) error) error {
	l, err := Banned(ctx, st)
	if err != nil {
		return err
	}
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("build list of forbidden software: %w", err)
	}
	inputs := sha256.Sum256(fmt.Appendf(text, "key %x", key.ID()))
	last, revision, err := before(ctx, st, wire.KindBanned, bannedBuild)
	if err != nil {
		return fmt.Errorf("build list of forbidden software: %w", err)
	}
	if l.Revision = revision; !bytes.Equal(last.Inputs, inputs[:]) || last.Revision != revision {
		l.Revision++
	}
	var out bytes.Buffer
	if err := banned.Write(&out, l, key); err != nil {
		return err
	}
	if err := take(l, out.Bytes()); err != nil {
		return err
	}
	return st.Tx(ctx, func(tx *store.Tx) error {
		return errors.Join(
			tx.PutVulnBuild(store.VulnBuild{Release: bannedBuild, Revision: l.Revision, Inputs: inputs[:], Built: now}),
			audit(tx, "banned.build", "banned", by, now, map[string]any{"revision": l.Revision, "entries": len(l.Entries), "bytes": out.Len()}))
	})
}
