// Package desk is what people do with what was measured: they look at hosts and findings of the recipients that are
// theirs to see, and assessors decide. Pages and API stand on it, so both see the same and neither can see more.
//
// Every method takes the actor and asks package access first. What an actor may not see does not exist for them:
// it is store.ErrNotFound, as if there were no such id.
package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// ErrForbidden means that the actor may see the object and may not do this to it.
var ErrForbidden = errors.New("not allowed")

// ErrText means a comment that is empty or longer than [MaxText].
var ErrText = errors.New("text must have 1 to 4000 characters")

// MaxText bounds a comment or a reason, in bytes.
const MaxText = 4000

// Desk reads and decides. Its methods may be called at once from any goroutine.
type Desk struct {
	st   *store.Store
	now  func() time.Time
	work sync.Map // what and scope → *slot of what was gathered
}

// slot holds what was gathered for one scope; its lock keeps two from gathering the same at once.
type slot[T any] struct {
	sync.Mutex
	made time.Time // by the machine's clock
	cost time.Duration
	v    T
}

// What took longer than dear to gather is used for patience times as long: gathering takes at most a share of 1/patience of one
// processor, however often the page is opened.
const (
	dear     = 50 * time.Millisecond
	patience = 20
)

// remember reads what is so now, or gives what was so a moment ago where reading takes long. Callers share the value:
// they do not change it.
func remember[T any](d *Desk, what string, ids []string, read func() (T, error)) (T, error) {
	v, _ := d.work.LoadOrStore(what+" "+strings.Join(ids, " "), &slot[T]{})
	place := v.(*slot[T])
	place.Lock()
	defer place.Unlock()
	if place.cost > dear && time.Since(place.made) < patience*place.cost {
		return place.v, nil
	}
	begin := time.Now()
	got, err := read()
	if err != nil {
		return got, err
	}
	place.made, place.v = time.Now(), got
	place.cost = place.made.Sub(begin)
	return got, nil
}

// New returns a desk over a migrated store. Now nil is time.Now.
func New(st *store.Store, now func() time.Time) *Desk {
	if now == nil {
		now = time.Now
	}
	return &Desk{st: st, now: now}
}

// scope narrows a wish for a recipient ("" for all) to those that are the actor's for the action. A wish that is
// not theirs is store.ErrNotFound; [""] stands for every recipient.
func scope(a access.Actor, action access.Action, recipient string) ([]string, error) {
	ids, all := access.Recipients(a, action)
	switch {
	case recipient != "" && !access.Can(a, action, access.Object{Recipient: recipient}):
		return nil, store.ErrNotFound
	case recipient != "":
		return []string{recipient}, nil
	case all:
		return []string{""}, nil
	}
	return ids, nil
}

// Recipients lists the recipients on whose data the actor may do the action, by id.
func (d *Desk) Recipients(ctx context.Context, a access.Actor, action access.Action) ([]store.Recipient, error) {
	ids, all := access.Recipients(a, action)
	var list []store.Recipient
	err := d.st.View(ctx, func(tx *store.Tx) (err error) {
		if all {
			list, err = tx.Recipients()
			return err
		}
		for _, id := range ids {
			r, err := tx.Recipient(id)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			list = append(list, r)
		}
		return nil
	})
	return list, err
}

// HostFilter selects hosts.
type HostFilter struct {
	Recipient string // "": every one that is the actor's to see
	Live      bool   // leave revoked ones out
	After     string // id to continue behind
	Limit     int    // 0: all
}

// Hosts lists hosts by id.
func (d *Desk) Hosts(ctx context.Context, a access.Actor, f HostFilter) ([]store.Host, error) {
	ids, err := scope(a, access.HostsRead, f.Recipient)
	if err != nil {
		return nil, err
	}
	if f.Limit <= 0 {
		f.Limit = 1 << 30
	}
	var list []store.Host
	err = d.st.View(ctx, func(tx *store.Tx) (err error) { list, err = tx.HostPage(ids, f.Live, f.After, f.Limit); return err })
	return list, err
}

// Totals sums up the hosts of every recipient that is the actor's to see. Stale are those not seen since a time.
func (d *Desk) Totals(ctx context.Context, a access.Actor, since time.Time) (v store.HostTotals, err error) {
	ids, err := scope(a, access.HostsRead, "")
	if err != nil {
		return v, err
	}
	err = d.st.View(ctx, func(tx *store.Tx) (err error) { v, err = tx.HostTotals(ids, since); return err })
	return v, err
}

// HostView is a host with everything that is known of it now.
type HostView struct {
	Host      store.Host
	Recipient store.Recipient
	Site      store.Site
	Results   []store.Result  // by control
	Findings  []store.Finding // by control, closed ones included
}

// Host reads one host.
func (d *Desk) Host(ctx context.Context, a access.Actor, id string) (v HostView, err error) {
	err = d.st.View(ctx, func(tx *store.Tx) error {
		if v.Host, err = tx.Host(id); err != nil {
			return err
		}
		if !access.Can(a, access.HostsRead, access.Object{Recipient: v.Host.RecipientID}) {
			return store.ErrNotFound
		}
		if v.Recipient, err = tx.Recipient(v.Host.RecipientID); err != nil {
			return fmt.Errorf("read recipient: %w", err)
		}
		if v.Site, err = tx.Site(v.Host.SiteID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("read site: %w", err)
		}
		if v.Results, err = tx.Results(id); err != nil {
			return fmt.Errorf("read results: %w", err)
		}
		v.Findings, err = tx.HostFindings(id)
		return err
	})
	if err != nil {
		return HostView{}, err
	}
	return v, nil
}

// Findings lists findings in the order of the store: the severest first, among them the oldest. The filter's
// recipient "" is every one that is the actor's to see.
func (d *Desk) Findings(ctx context.Context, a access.Actor, f store.FindingFilter) ([]store.Finding, error) {
	ids, err := scope(a, access.FindingsRead, f.Recipient)
	if err != nil {
		return nil, err
	}
	var list []store.Finding
	err = d.st.View(ctx, func(tx *store.Tx) (err error) { list, err = tx.FindingsOf(ids, f); return err })
	return list, err
}

// FindingView is a finding with where it was found and what happened to it.
type FindingView struct {
	Finding   store.Finding
	Host      store.Host
	Recipient store.Recipient
	Events    []store.FindingEvent // oldest first
}

// Finding reads one finding.
func (d *Desk) Finding(ctx context.Context, a access.Actor, id string) (v FindingView, err error) {
	err = d.st.View(ctx, func(tx *store.Tx) error {
		if v.Finding, err = tx.Finding(id); err != nil {
			return err
		}
		if !access.Can(a, access.FindingsRead, access.Object{Recipient: v.Finding.RecipientID}) {
			return store.ErrNotFound
		}
		if v.Host, err = tx.Host(v.Finding.HostID); err != nil {
			return fmt.Errorf("read host: %w", err)
		}
		if v.Recipient, err = tx.Recipient(v.Finding.RecipientID); err != nil {
			return fmt.Errorf("read recipient: %w", err)
		}
		v.Events, err = tx.FindingEvents(id)
		return err
	})
	if err != nil {
		return FindingView{}, err
	}
	return v, nil
}

// Decide applies an assessor's decision to a finding; the errors of review.Decide tell what was wrong with it.
// Until matters for a waiver only.
func (d *Desk) Decide(ctx context.Context, a access.Actor, id string, dec review.Decision, reason string, until time.Time) error {
	if len(reason) > MaxText {
		return ErrText
	}
	return d.change(ctx, a, id, func(tx *store.Tx, f *store.Finding) error {
		rec, err := review.Decide(f.Record, dec, reason, actorName(a), until, d.now())
		if err != nil {
			return err
		}
		f.Record = rec
		detail, err := json.Marshal(map[string]any{"decision": dec, "reason": rec.Reason, "until": rec.AcceptedUntil})
		if err != nil {
			return fmt.Errorf("encode decision: %w", err)
		}
		if err := tx.PutFinding(*f); err != nil {
			return fmt.Errorf("store finding: %w", err)
		}
		return d.note(tx, a, *f, "decided", "finding."+decisionName(dec), string(detail), string(detail))
	})
}

// Comment adds a text to a finding's history.
func (d *Desk) Comment(ctx context.Context, a access.Actor, id, text string) error {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > MaxText {
		return ErrText
	}
	return d.change(ctx, a, id, func(tx *store.Tx, f *store.Finding) error {
		return d.note(tx, a, *f, "comment", "finding.comment", text, "")
	})
}

// ErrAssignee means a person who may not review the finding.
var ErrAssignee = errors.New("the person may not review findings of this recipient")

// Assign gives a finding to somebody who may review it ("" to nobody); one who may not is [ErrAssignee].
func (d *Desk) Assign(ctx context.Context, a access.Actor, id, user string) error {
	return d.change(ctx, a, id, func(tx *store.Tx, f *store.Finding) error {
		if user != "" && user != a.UserID {
			u, err := tx.User(user)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("read user: %w", err)
			}
			if err != nil || !mayReview(u, f.RecipientID) {
				return ErrAssignee
			}
		}
		if f.Assignee == user {
			return nil
		}
		f.Assignee = user
		if err := tx.PutFinding(*f); err != nil {
			return fmt.Errorf("store finding: %w", err)
		}
		detail, err := json.Marshal(map[string]string{"assignee": f.Assignee})
		if err != nil {
			return fmt.Errorf("encode assignment: %w", err)
		}
		return d.note(tx, a, *f, "assigned", "finding.assign", string(detail), string(detail))
	})
}

func mayReview(u store.User, recipient string) bool {
	a := access.Actor{UserID: u.ID}
	for _, g := range u.Grants {
		a.Grants = append(a.Grants, access.Grant{Role: access.Role(g.Role), Recipient: g.RecipientID, Donor: g.DonorID})
	}
	return u.Disabled.IsZero() && access.Can(a, access.FindingsReview, access.Object{Recipient: recipient})
}

// Reviewer is a person to whom findings of a recipient can be given.
type Reviewer struct{ ID, Name string }

// Reviewers lists them by name, for those who review themselves.
func (d *Desk) Reviewers(ctx context.Context, a access.Actor, recipient string) (list []Reviewer, err error) {
	if !access.Can(a, access.FindingsReview, access.Object{Recipient: recipient}) {
		return nil, store.ErrNotFound
	}
	err = d.st.View(ctx, func(tx *store.Tx) error {
		users, err := tx.Users()
		for _, u := range users {
			if mayReview(u, recipient) {
				list = append(list, Reviewer{u.ID, cmp.Or(u.Name, u.Login)})
			}
		}
		return err
	})
	slices.SortFunc(list, func(x, y Reviewer) int { return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.ID, y.ID)) })
	return list, err
}

// change locks a finding for a reviewer and runs f on it, all in one transaction.
func (d *Desk) change(ctx context.Context, a access.Actor, id string, f func(*store.Tx, *store.Finding) error) error {
	return d.st.Tx(ctx, func(tx *store.Tx) error {
		v, err := tx.LockFinding(id)
		if err != nil {
			return err
		}
		o := access.Object{Recipient: v.RecipientID}
		if !access.Can(a, access.FindingsReview, o) {
			if access.Can(a, access.FindingsRead, o) {
				return ErrForbidden
			}
			return store.ErrNotFound
		}
		return f(tx, &v)
	})
}

func (d *Desk) note(tx *store.Tx, a access.Actor, f store.Finding, event, action, detail, trail string) error {
	e := store.FindingEvent{ID: store.NewID("e"), FindingID: f.ID, At: d.now(), Actor: actorName(a), Event: event, Detail: detail}
	if err := tx.AddFindingEvent(e); err != nil {
		return fmt.Errorf("store event: %w", err)
	}
	return tx.Audit(store.Entry{At: d.now(), Actor: actorName(a), Action: action, Object: "finding:" + f.ID, RecipientID: f.RecipientID, Detail: trail})
}

func actorName(a access.Actor) string { return "user:" + a.UserID }

func decisionName(d review.Decision) string {
	if d == review.Unreviewed {
		return "unreview"
	}
	return string(d)
}

// Task is one control to mend, with all hosts on which it fails: what an administrator does next.
type Task struct {
	store.ControlOpen
	Findings []store.Finding // some of them
}

// Work is what there is to mend.
type Work struct {
	Tasks    []Task // the severest first, among them those that close the most hosts, then the oldest
	More     int    // tasks beyond those
	Open     int    // findings that count, of all tasks
	Severe   int    // of them critical or high
	Systems  []string
	HostsNow store.HostTotals
}

// Work gathers what counts now at every recipient that is the actor's to see: at most tasks controls, with at most named
// findings of each.
func (d *Desk) Work(ctx context.Context, a access.Actor, tasks, named int) (w Work, err error) {
	ids, err := scope(a, access.FindingsRead, "")
	if err != nil {
		return w, err
	}
	now := d.now()
	err = d.st.View(ctx, func(tx *store.Tx) error {
		all, err := remember(d, "controls", ids, func() ([]store.ControlOpen, error) { return tx.OpenByControl(ids, now) })
		if err != nil {
			return fmt.Errorf("gather findings: %w", err)
		}
		for i, c := range all {
			w.Open += c.Hosts
			if c.Severity.Rank() >= assessment.High.Rank() {
				w.Severe += c.Hosts
			}
			if i >= tasks {
				w.More++
				continue
			}
			t := Task{ControlOpen: c}
			if t.Findings, err = tx.OpenOf(ids, c.Control, now, named); err != nil {
				return fmt.Errorf("read findings: %w", err)
			}
			w.Tasks = append(w.Tasks, t)
		}
		if w.Systems, err = tx.HostSystems(ids); err != nil {
			return fmt.Errorf("read systems: %w", err)
		}
		w.HostsNow, err = tx.HostTotals(ids, now)
		return err
	})
	return w, err
}

// AuditEntries lists the trail after a sequence for an auditor, oldest first.
func (d *Desk) AuditEntries(ctx context.Context, a access.Actor, after uint64, limit int) (list []store.Entry, err error) {
	if !access.Can(a, access.AuditRead, access.Object{}) {
		return nil, ErrForbidden
	}
	err = d.st.View(ctx, func(tx *store.Tx) (err error) { list, err = tx.AuditEntries("", after, limit); return err })
	return list, err
}
