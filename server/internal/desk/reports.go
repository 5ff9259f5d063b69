package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/foreign"
	"github.com/vymir-project/vymir/server/internal/store"
)

// ImportReport keeps what another tool said of a host, as evidence beside our own measurements. Errors are those of
// foreign.Parse, and store.ErrExists for a file that is there already.
func (d *Desk) ImportReport(ctx context.Context, a access.Actor, host string, content []byte) (v store.ForeignReport, err error) {
	err = d.st.View(ctx, func(tx *store.Tx) error {
		h, err := tx.Host(host)
		if err != nil {
			return err
		}
		o := access.Object{Recipient: h.RecipientID}
		switch {
		case access.Can(a, access.FindingsEvidence, o):
			return nil
		case access.Can(a, access.HostsRead, o):
			return ErrForbidden
		}
		return store.ErrNotFound
	})
	if err != nil {
		return v, err
	}
	return PutReport(ctx, d.st, host, content, actorName(a), d.now())
}

// PutReport stores a report for a host and asks nobody: it is for the operator's command line. By is the actor.
func PutReport(ctx context.Context, st *store.Store, host string, content []byte, by string, now time.Time) (v store.ForeignReport, err error) {
	r, err := foreign.Parse(content)
	if err != nil {
		return v, err
	}
	body, err := r.Pack()
	if err != nil {
		return v, err
	}
	sum := sha256.Sum256(content)
	err = st.Tx(ctx, func(tx *store.Tx) error {
		h, err := tx.Host(host)
		if err != nil {
			return fmt.Errorf("host %q: %w", host, err)
		}
		v = store.ForeignReport{ID: store.NewID("x"), RecipientID: h.RecipientID, HostID: host, Tool: r.Tool, Version: r.Version, Target: r.Target, Made: r.Made,
			Imported: now.UTC().Truncate(time.Millisecond), ImportedBy: by, Digest: hex.EncodeToString(sum[:]), Body: body}
		return errors.Join(tx.AddForeignReport(v),
			tx.Audit(store.Entry{At: now, Actor: by, Action: "report.import", Object: "host:" + host, RecipientID: h.RecipientID, Detail: `{"report": "` + v.ID + `"}`}))
	})
	v.Body = nil
	return v, err
}

// Reports lists what other tools said of a host, newest first.
func (d *Desk) Reports(ctx context.Context, a access.Actor, host string) (list []store.ForeignReport, err error) {
	err = d.st.View(ctx, func(tx *store.Tx) error {
		h, err := tx.Host(host)
		if err != nil {
			return err
		}
		if !access.Can(a, access.HostsRead, access.Object{Recipient: h.RecipientID}) {
			return store.ErrNotFound
		}
		list, err = tx.ForeignReports(host)
		return err
	})
	return list, err
}

// Report reads one with its results.
func (d *Desk) Report(ctx context.Context, a access.Actor, id string) (v store.ForeignReport, r *foreign.Report, err error) {
	err = d.st.View(ctx, func(tx *store.Tx) (err error) { v, err = tx.ForeignReport(id); return err })
	if err == nil && !access.Can(a, access.HostsRead, access.Object{Recipient: v.RecipientID}) {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.ForeignReport{}, nil, err
	}
	r, err = foreign.Unpack(v.Body)
	v.Body = nil
	return v, r, err
}
