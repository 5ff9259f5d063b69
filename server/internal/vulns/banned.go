package vulns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

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
