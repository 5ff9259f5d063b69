package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/dispatch"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/limit"
	"github.com/vymir-project/vymir/server/internal/store"
)

// byStick stands for the protocol of what came as a file.
const byStick = "stick"

// Importer takes sealed export files: outboxes that travelled on a stick. What is in them is treated as a check-in of
// the host that signed them, whose certificate may have run out on the way.
type Importer struct {
	receiver
}

// NewImporter makes an importer; judge nil refuses facts of thin agents.
func NewImporter(st *store.Store, ca *enrol.CA, book *controls.Book, judge Judge) *Importer {
	return &Importer{receiver: receiver{ca: ca, store: st, book: book, judge: judge, stats: &Stats{}, volume: limit.New(time.Second, 1<<20, 10_000), board: &dispatch.Board{}}}
}

// Imported says what became of one file.
type Imported struct {
	Host         string
	Items        int
	Stored       int // new to this server
	Acknowledged uint64
	Refused      []*vymirv1.Refusal
}

// Import reads one sealed export file. A file of an unknown or revoked host, of another server, or that was changed on
// the way is an error, and nothing of it is stored.
func (im *Importer) Import(ctx context.Context, r io.Reader, by string, now time.Time) (Imported, error) {
	body, leaf, err := im.ca.Unseal(r)
	if err != nil {
		return Imported{}, err
	}
	out := Imported{Host: body.HostId, Items: len(body.Items)}
	stored := im.stats.Stored.Load()
	last := uint64(0)
	for from := 0; from < len(body.Items); from += wire.MaxItems {
		part := &vymirv1.CheckInRequest{Items: body.Items[from:min(len(body.Items), from+wire.MaxItems)], DroppedItems: body.DroppedItems, DamagedItems: body.DamagedItems}
		if part.Items[0].GetSequence() <= last {
			return out, fmt.Errorf("import: sequence %d after %d: %w", part.Items[0].GetSequence(), last, wire.ErrMalformed)
		}
		last = part.Items[len(part.Items)-1].GetSequence()
		items, err := prepare(part)
		if err != nil {
			return out, fmt.Errorf("import: %w", err)
		}
		if err := im.store.Tx(ctx, func(tx *store.Tx) error {
			h, err := tx.Host(body.HostId)
			if errors.Is(err, store.ErrNotFound) || (err == nil && !bytes.Equal(h.SPKI, leaf.RawSubjectPublicKeyInfo)) {
				return enrol.ErrHostUnknown
			} else if err != nil {
				return err
			}
			resp, err := im.receive(tx, h.ID, byStick, part, items, im.judgeFacts(ctx, items, now), now)
			if err != nil {
				return err
			}
			out.Acknowledged, out.Refused = resp.Acknowledged, append(out.Refused, resp.Refused...)
			return tx.Audit(store.Entry{At: now, Actor: by, Action: "assessments.import", Object: "host:" + h.ID, RecipientID: h.RecipientID,
				Detail: fmt.Sprintf(`{"items": %d, "acknowledged": %d}`, len(items), resp.Acknowledged)})
		}); err != nil {
			return out, fmt.Errorf("import: %w", err)
		}
	}
	out.Stored = int(im.stats.Stored.Load() - stored)
	if err := im.store.Tx(ctx, func(tx *store.Tx) error {
		h, err := tx.LockHost(body.HostId)
		switch {
		case errors.Is(err, store.ErrNotFound), err == nil && !bytes.Equal(h.SPKI, leaf.RawSubjectPublicKeyInfo):
			return enrol.ErrHostUnknown
		case err != nil:
			return err
		case !h.Revoked.IsZero():
			return enrol.ErrHostRevoked
		}
		out.Acknowledged = h.LastSequence
		return noteStick(tx, body, out.Refused)
	}); err != nil {
		return out, fmt.Errorf("import: %w", err)
	}
	return out, nil
}
