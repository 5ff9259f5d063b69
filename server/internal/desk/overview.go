package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

// StaleAfter is how long a host may be silent before it is told apart from those that report.
const StaleAfter = 3 * 24 * time.Hour

// Queue is what awaits an assessor: what to review, what ends soon, and, apart from both, what is not known.
type Queue struct {
	Reviews    []store.OpenReview      // by recipient and control
	Recipients []store.RecipientTotals // by id
	Waivers    []store.Finding         // that end soon, the soonest first
	Silent     []store.Host            // the longest silent first
	Mine       int                     // findings assigned to the actor
	Overdue    int                     // of mine
}

// Queue gathers it over every recipient whose findings the actor may review: waivers that end before soon, hosts not seen
// since a time, at most limit of each.
func (d *Desk) Queue(ctx context.Context, a access.Actor, since, soon time.Time, limit int) (q Queue, err error) {
	ids, err := scope(a, access.FindingsReview, "")
	if err != nil {
		return q, err
	}
	now := d.now()
	err = d.st.View(ctx, func(tx *store.Tx) error {
		if q.Reviews, err = remember(d, "reviews", ids, func() ([]store.OpenReview, error) { return tx.OpenReviews(ids, now) }); err != nil {
			return fmt.Errorf("gather findings: %w", err)
		}
		if q.Recipients, err = d.totals(tx, ids, since); err != nil {
			return fmt.Errorf("sum up hosts: %w", err)
		}
		if q.Waivers, err = tx.WaiversEnding(ids, now, soon, limit); err != nil {
			return fmt.Errorf("read waivers: %w", err)
		}
		if q.Silent, err = tx.SilentHosts(ids, since, limit); err != nil {
			return fmt.Errorf("read silent hosts: %w", err)
		}
		q.Mine, q.Overdue, err = tx.AssignedTo(ids, a.UserID, now)
		return err
	})
	return q, err
}

// TotalsByRecipient sums up the hosts of each recipient that is the actor's to see, by id; those without hosts are left out.
func (d *Desk) TotalsByRecipient(ctx context.Context, a access.Actor, since time.Time) (list []store.RecipientTotals, err error) {
	ids, err := scope(a, access.HostsRead, "")
	if err != nil {
		return nil, err
	}
	err = d.st.View(ctx, func(tx *store.Tx) (err error) { list, err = d.totals(tx, ids, since); return err })
	return list, err
}

// totals sums up hosts by recipient.
func (d *Desk) totals(tx *store.Tx, ids []string, since time.Time) ([]store.RecipientTotals, error) {
	return remember(d, "totals", ids, func() ([]store.RecipientTotals, error) { return tx.TotalsByRecipient(ids, since) })
}

// SearchHosts lists hosts that are the actor's to see and whose name, id or system holds a text in lower case.
func (d *Desk) SearchHosts(ctx context.Context, a access.Actor, low string, limit int) (list []store.Host, err error) {
	ids, err := scope(a, access.HostsRead, "")
	if err != nil {
		return nil, err
	}
	err = d.st.View(ctx, func(tx *store.Tx) (err error) { list, err = tx.SearchHosts(ids, low, limit); return err })
	return list, err
}

// Standings counts results by recipient, control and status; recipient "" is every one that is the actor's to see.
func (d *Desk) Standings(ctx context.Context, a access.Actor, recipient string) (list []store.Standing, err error) {
	ids, err := scope(a, access.HostsRead, recipient)
	if err != nil {
		return nil, err
	}
	err = d.st.View(ctx, func(tx *store.Tx) (err error) {
		list, err = remember(d, "standings", ids, func() ([]store.Standing, error) { return tx.Standings(ids) })
		return err
	})
	return list, err
}

// RecipientView is how a recipient stands.
type RecipientView struct {
	Recipient store.Recipient
	Sites     []store.Site
	Totals    store.RecipientTotals
	Standings []store.Standing
	Targets   []store.Target
	Silent    []store.Host        // the longest silent first, at most 20
	Open      []store.ControlOpen // what counts, the severest first
}

// Recipient reads one. Hosts not seen since a time are stale.
func (d *Desk) Recipient(ctx context.Context, a access.Actor, id string, since time.Time) (v RecipientView, err error) {
	ids, err := scope(a, access.HostsRead, id)
	if err != nil {
		return v, err
	}
	if id == "" {
		return v, store.ErrNotFound
	}
	if v.Standings, err = d.Standings(ctx, a, id); err != nil {
		return v, err
	}
	now := d.now()
	err = d.st.View(ctx, func(tx *store.Tx) error {
		if v.Recipient, err = tx.Recipient(id); err != nil {
			return err
		}
		totals, err := tx.TotalsByRecipient(ids, since)
		if err != nil {
			return fmt.Errorf("sum up hosts: %w", err)
		}
		v.Totals = store.RecipientTotals{RecipientID: id}
		if len(totals) > 0 {
			v.Totals = totals[0]
		}
		if v.Sites, err = tx.Sites(id); err != nil {
			return fmt.Errorf("read sites: %w", err)
		}
		if v.Targets, err = tx.Targets(id); err != nil {
			return fmt.Errorf("read targets: %w", err)
		}
		if v.Silent, err = tx.SilentHosts(ids, since, 20); err != nil {
			return fmt.Errorf("read silent hosts: %w", err)
		}
		v.Open, err = remember(d, "controls", ids, func() ([]store.ControlOpen, error) { return tx.OpenByControl(ids, now) })
		return err
	})
	return v, err
}

// Functions are those of NIST CSF 2.0, in its order.
var Functions = []string{"GV", "ID", "PR", "DE", "RS", "RC"}

// ErrTarget means a target that is no share of 1 to 100 per cent of a function.
var ErrTarget = errors.New("a target is 1 to 100 per cent of GV, ID, PR, DE, RS or RC")

// SetTargets sets the targets of a recipient by function; a function that is 0 or not named has none afterwards.
func (d *Desk) SetTargets(ctx context.Context, a access.Actor, recipient string, percent map[string]int) error {
	for f, p := range percent {
		if !slices.Contains(Functions, f) || p < 0 || p > 100 {
			return ErrTarget
		}
	}
	o := access.Object{Recipient: recipient}
	if !access.Can(a, access.TargetsSet, o) {
		if access.Can(a, access.GapsRead, o) {
			return ErrForbidden
		}
		return store.ErrNotFound
	}
	return d.st.Tx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Recipient(recipient); err != nil {
			return err
		}
		for _, f := range Functions {
			var err error
			if p := percent[f]; p > 0 {
				err = tx.PutTarget(store.Target{RecipientID: recipient, Function: f, Percent: p, Set: d.now(), SetBy: actorName(a)})
			} else {
				err = tx.DropTarget(recipient, f)
			}
			if err != nil {
				return fmt.Errorf("store target: %w", err)
			}
		}
		detail, err := json.Marshal(percent)
		if err != nil {
			return fmt.Errorf("encode targets: %w", err)
		}
		return tx.Audit(store.Entry{At: d.now(), Actor: actorName(a), Action: "targets.set", Object: "recipient:" + recipient, RecipientID: recipient, Detail: string(detail)})
	})
}
