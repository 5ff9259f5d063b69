package catalogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// States of a release.
const (
	Draft      = "draft"     // waits for two approvals
	Published  = "published" // its audience reads it
	Withdrawn  = "withdrawn" // taken back by the recipient: nobody reads it
	Expired    = "expired"   // its date has passed
	Superseded = "superseded"
)

// Release is a release as its recipient sees it.
type Release struct {
	ID        string
	Recipient string
	State     string
	Level     Level
	Origin    string
	Needs     []string
	Audience  []string
	Until     time.Time
	Text      DonorNeed // exactly what the audience reads, but for the reference
	Digest    string    // to be handed to [Service.Approve]
	Run       string    // the needs run behind it
	Created   time.Time
	CreatedBy string
	Published time.Time
	Ended     time.Time
	EndedBy   string
	EndReason string
	Project   string           // the project of several recipients that it is a part of; "": none
	Approvals []store.Approval // those that hold
	Missing   int              // approvals still needed
}

// basis is what a release was made from. It never leaves the recipient.
type basis struct {
	Items []item `json:"items"`
	Wish  Wish   `json:"wish,omitzero"` // for the next edit
}

// Draft makes a release that nobody but the recipient sees. The needs are derived anew from what is measured now.
func (s *Service) Draft(ctx context.Context, a access.Actor, w Wish) (Release, error) {
	if err := may(a, access.NeedsPropose, w.Recipient); err != nil {
		return Release{}, err
	}
	row := store.Release{ID: store.NewID("rel"), RecipientID: w.Recipient, Created: s.now().UTC(), CreatedBy: actorName(a)}
	return s.put(ctx, a, "release.draft", row, w)
}

// Edit replaces what a draft says. Approvals given before are void: a changed text is another text.
func (s *Service) Edit(ctx context.Context, a access.Actor, id string, w Wish) (Release, error) {
	old, err := s.release(ctx, a, access.NeedsPropose, id)
	if err != nil {
		return Release{}, err
	}
	w.Recipient = old.RecipientID
	if old.State != Draft {
		return Release{}, ErrState
	}
	return s.put(ctx, a, "release.edit", old, w)
}

func (s *Service) put(ctx context.Context, a access.Actor, action string, row store.Release, w Wish) (Release, error) {
	run, _, err := s.Run(ctx, w.Recipient)
	if err != nil {
		return Release{}, err
	}
	if _, err := s.pseudonymKey(ctx); err != nil { // a project's name for donors is made with it
		return Release{}, err
	}
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		if action == "release.edit" {
			old, err := tx.LockRelease(row.ID)
			if err != nil {
				return err
			}
			if old.State != Draft {
				return ErrState
			}
		}
		if err := s.fill(tx, &row, w, run); err != nil {
			return err
		}
		if err := tx.PutRelease(row); err != nil {
			return fmt.Errorf("store release: %w", err)
		}
		if err := tx.AddReleaseVersion(row.ID, row.Text, row.Digest, s.now().UTC(), actorName(a)); err != nil {
			return fmt.Errorf("store version: %w", err)
		}
		if err := s.takePart(tx, w, row.ID); err != nil {
			return err
		}
		if err := tx.VoidApprovals(row.ID, s.now()); err != nil {
			return fmt.Errorf("void approvals: %w", err)
		}
		return s.audit(tx, a, action, "release:"+row.ID, row.RecipientID,
			map[string]any{"digest": row.Digest, "level": row.Level, "needs": len(w.Needs), "until": row.Until})
	})
	if err != nil {
		return Release{}, err
	}
	return s.Release(ctx, a, row.ID)
}

// release reads a row the actor may do the action on.
func (s *Service) release(ctx context.Context, a access.Actor, action access.Action, id string) (row store.Release, err error) {
	err = s.st.View(ctx, func(tx *store.Tx) error { row, err = tx.Release(id); return err })
	if err != nil {
		return store.Release{}, err
	}
	return row, may(a, action, row.RecipientID)
}

// Release reads one release of the actor's recipient.
func (s *Service) Release(ctx context.Context, a access.Actor, id string) (Release, error) {
	row, err := s.release(ctx, a, access.NeedsRead, id)
	if err != nil {
		return Release{}, err
	}
	var out Release
	err = s.st.View(ctx, func(tx *store.Tx) error { out, err = s.view(tx, row); return err })
	return out, err
}

// Releases lists the releases of a recipient in a state ("" for any), oldest first.
func (s *Service) Releases(ctx context.Context, a access.Actor, recipient, state string) ([]Release, error) {
	if err := may(a, access.NeedsRead, recipient); err != nil {
		return nil, err
	}
	out := []Release{}
	err := s.st.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Releases(recipient, state)
		if err != nil {
			return err
		}
		for _, row := range rows {
			r, err := s.view(tx, row)
			if err != nil {
				return err
			}
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

// view decodes a row. A published release past its date reads as expired before anybody wrote it down.
func (s *Service) view(tx *store.Tx, row store.Release) (Release, error) {
	r := Release{
		ID: row.ID, Recipient: row.RecipientID, State: row.State, Level: Level(row.Level), Origin: row.Origin, Until: row.Until,
		Digest: row.Digest, Run: row.Run, Created: row.Created, CreatedBy: row.CreatedBy, Published: row.Published,
		Ended: row.Ended, EndedBy: row.EndedBy, EndReason: row.EndReason,
	}
	if row.State == Published && !s.now().Before(row.Until) {
		r.State, r.Ended = Expired, row.Until
	}
	for _, f := range []struct {
		from string
		to   any
	}{{row.Needs, &r.Needs}, {row.Audience, &r.Audience}, {row.Text, &r.Text}} {
		if err := json.Unmarshal([]byte(f.from), f.to); err != nil {
			return r, fmt.Errorf("decode release: %w", err)
		}
	}
	if r.Text.Project != nil {
		var b basis
		if err := json.Unmarshal([]byte(row.Basis), &b); err != nil {
			return r, fmt.Errorf("decode basis: %w", err)
		}
		r.Project = b.Wish.Project
	}
	all, err := tx.Approvals(row.ID)
	if err != nil {
		return r, fmt.Errorf("read approvals: %w", err)
	}
	r.Approvals = holding(all, row.Digest)
	if r.State == Draft {
		r.Missing = max(0, Approvals-len(r.Approvals))
	}
	return r, nil
}

// holding keeps the approvals of exactly this text, one for each person.
func holding(all []store.Approval, digest string) []store.Approval {
	out := []store.Approval{}
	for _, p := range all {
		same := func(o store.Approval) bool { return o.UserID == p.UserID }
		if p.Void.IsZero() && p.Digest == digest && !slices.ContainsFunc(out, same) {
			out = append(out, p)
		}
	}
	return out
}

// Preview is the text as one donor of the audience will read it, with the reference that donor will see.
func (s *Service) Preview(ctx context.Context, a access.Actor, id, donor string) (DonorNeed, error) {
	r, err := s.Release(ctx, a, id)
	if err != nil {
		return DonorNeed{}, err
	}
	if !slices.Contains(r.Audience, donor) {
		return DonorNeed{}, ErrAudience
	}
	key, err := s.pseudonymKey(ctx)
	if err != nil {
		return DonorNeed{}, err
	}
	r.Text.Ref = reference(key, r.ID, donor, r.Level)
	return r.Text, nil
}

// Approve is one person's yes to exactly the text with this digest. The second, different person's yes publishes it.
func (s *Service) Approve(ctx context.Context, a access.Actor, id, digest string) (Release, error) {
	row, err := s.release(ctx, a, access.NeedsApprove, id)
	if err != nil {
		return Release{}, err
	}
	run, _, err := s.Run(ctx, row.RecipientID) // what is immediate now
	if err != nil {
		return Release{}, err
	}
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		row, err := tx.LockRelease(id)
		if err != nil {
			return err
		}
		now := s.now().UTC()
		switch {
		case row.State != Draft:
			return ErrState
		case row.Digest != digest:
			return ErrChanged
		case !row.Until.After(now):
			return ErrUntil
		}
		if err := s.sameProject(tx, row); err != nil {
			return err
		}
		err = tx.AddApproval(store.Approval{ReleaseID: id, UserID: a.UserID, Digest: digest, At: now})
		if errors.Is(err, store.ErrExists) {
			return ErrSame
		}
		if err != nil {
			return fmt.Errorf("store approval: %w", err)
		}
		if err := s.audit(tx, a, "release.approve", "release:"+id, row.RecipientID, map[string]any{"digest": digest}); err != nil {
			return err
		}
		all, err := tx.Approvals(id)
		if err != nil {
			return fmt.Errorf("read approvals: %w", err)
		}
		if len(holding(all, digest)) < Approvals {
			return nil
		}
		return s.publish(tx, a, row, run, now)
	})
	if err != nil {
		return Release{}, err
	}
	return s.Release(ctx, a, id)
}

func (s *Service) publish(tx *store.Tx, a access.Actor, row store.Release, run *need.Run, now time.Time) error {
	var r Release
	r, err := s.view(tx, row)
	if err != nil {
		return err
	}
	items, err := basisOf(tx, row.ID)
	if err != nil {
		return err
	}
	if r.Level >= Named && immediateNow(run, items) {
		return ErrEmbargo
	}
	others, err := tx.Releases(row.RecipientID, "")
	if err != nil {
		return fmt.Errorf("read releases: %w", err)
	}
	for _, o := range others {
		if o.ID == row.ID || o.Published.IsZero() {
			continue
		}
		old, err := s.view(tx, o)
		if err != nil {
			return err
		}
		before, err := basisOf(tx, o.ID)
		if err != nil {
			return err
		}
		if linkable(old, r) && sameHelp(before, items) {
			return ErrLinkable
		}
		if old.State == Published && slices.Equal(old.Needs, r.Needs) && old.Level == r.Level && slices.Equal(old.Audience, r.Audience) {
			o.State, o.Ended, o.EndedBy = Superseded, now, actorName(a)
			if err := tx.PutRelease(o); err != nil {
				return fmt.Errorf("supersede release: %w", err)
			}
		}
	}
	row.State, row.Published = Published, now
	if err := tx.PutRelease(row); err != nil {
		return fmt.Errorf("store release: %w", err)
	}
	return s.audit(tx, a, "release.publish", "release:"+row.ID, row.RecipientID,
		map[string]any{"digest": row.Digest, "audience": len(r.Audience), "level": r.Level, "until": row.Until})
}

// linkable is the differencing check: a donor who reads one need once without and once with its recipient's name
// could join the two texts, whichever came first and even after the first was taken back.
func linkable(old, fresh Release) bool {
	named := func(l Level) bool { return l >= Named }
	if named(old.Level) == named(fresh.Level) || old.Level == TotalsOnly || fresh.Level == TotalsOnly {
		return false
	}
	return slices.ContainsFunc(old.Audience, func(x string) bool { return slices.Contains(fresh.Audience, x) })
}

// sameHelp reports whether two releases of one recipient ask for some of the same: the same need, or the same remedy, as
// a need that was split or merged in between goes by another id.
func sameHelp(a, b []item) bool {
	return slices.ContainsFunc(a, func(x item) bool {
		return slices.ContainsFunc(b, func(y item) bool { return x.Key == y.Key || x.Remedy != "" && x.Remedy == y.Remedy })
	})
}

// immediateNow reports whether one of the items is of immediate urgency by what is measured now, whatever its need is
// called since.
func immediateNow(run *need.Run, items []item) bool {
	for i := range run.Needs {
		for _, p := range run.Needs[i].Parts() {
			if p.Urgency == remedies.Immediate && slices.ContainsFunc(items, func(x item) bool { return x.Key == p.ID || x.Remedy == p.Remedy }) {
				return true
			}
		}
	}
	return false
}

// Withdraw takes a release back at once: from now on nobody of the audience reads it, on any channel. Pledges that
// were not yet committed end with it. The reason stays with the recipient.
func (s *Service) Withdraw(ctx context.Context, a access.Actor, id, reason string) error {
	if _, err := s.release(ctx, a, access.NeedsWithdraw, id); err != nil {
		return err
	}
	if len(reason) > maxWords {
		return &ScreenError{Kind: "length"}
	}
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		row, err := tx.LockRelease(id)
		if err != nil {
			return err
		}
		if row.State != Draft && row.State != Published {
			return ErrState
		}
		row.State, row.Ended, row.EndedBy, row.EndReason = Withdrawn, s.now().UTC(), actorName(a), reason
		if err := tx.PutRelease(row); err != nil {
			return fmt.Errorf("store release: %w", err)
		}
		pledges, err := tx.Pledges(store.PledgeFilter{Release: id, State: Pledged})
		if err != nil {
			return fmt.Errorf("read pledges: %w", err)
		}
		for _, p := range pledges {
			if err := s.move(tx, a, &p, Cancelled, map[string]any{"why": "withdrawn"}); err != nil {
				return err
			}
		}
		return s.audit(tx, a, "release.withdraw", "release:"+id, row.RecipientID, map[string]any{"pledges_ended": len(pledges)})
	})
}

// Text reads what a release says, and asks nobody: it is for the operator's command line.
func (s *Service) Text(ctx context.Context, id string) (t DonorNeed, err error) {
	err = s.st.View(ctx, func(tx *store.Tx) error {
		row, err := tx.Release(id)
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(row.Text), &t)
	})
	return t, err
}

// Wish is what a draft was made from, to be edited. It is the recipient's.
func (s *Service) Wish(ctx context.Context, a access.Actor, id string) (Wish, error) {
	row, err := s.release(ctx, a, access.NeedsRead, id)
	if err != nil {
		return Wish{}, err
	}
	var b basis
	if err := json.Unmarshal([]byte(row.Basis), &b); err != nil {
		return Wish{}, fmt.Errorf("decode basis: %w", err)
	}
	return b.Wish, nil
}

// TextVersion is what a draft said after one of its edits.
type TextVersion struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Digest  string    `json:"digest"`
	Text    DonorNeed `json:"text"`
}

// Versions lists what a release said over time, oldest first.
func (s *Service) Versions(ctx context.Context, a access.Actor, id string) ([]TextVersion, error) {
	if _, err := s.release(ctx, a, access.NeedsRead, id); err != nil {
		return nil, err
	}
	out := []TextVersion{}
	err := s.st.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.ReleaseVersions(id)
		if err != nil {
			return fmt.Errorf("read versions: %w", err)
		}
		for _, row := range rows {
			v := TextVersion{Version: row.Version, At: row.At, By: row.By, Digest: row.Digest}
			if err := json.Unmarshal([]byte(row.Body), &v.Text); err != nil {
				return fmt.Errorf("decode version: %w", err)
			}
			out = append(out, v)
		}
		return nil
	})
	return out, err
}

// Reads is the read ledger of a recipient: which person of which donor organisation read what, when.
func (s *Service) Reads(ctx context.Context, a access.Actor, recipient string) ([]store.Read, error) {
	if err := may(a, access.NeedsRead, recipient); err != nil {
		return nil, err
	}
	var list []store.Read
	err := s.st.View(ctx, func(tx *store.Tx) (err error) { list, err = tx.Reads(recipient); return err })
	return list, err
}
