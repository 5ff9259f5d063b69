package catalogue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

// States of a pledge. "Delivered" is the donor's claim; commissioned is the recipient's word; verified, sustained and
// regressed are measurements.
const (
	Pledged      = "pledged"
	Committed    = "committed"
	Procured     = "procured"
	Delivered    = "delivered"
	Commissioned = "commissioned"
	Verified     = "verified"
	Sustained    = "sustained"
	Regressed    = "regressed"
	Cancelled    = "cancelled"
)

// next are the states a pledge may go to. Verified and beyond are reached by measuring only.
var next = map[string][]string{
	Pledged:      {Committed, Cancelled},
	Committed:    {Procured, Delivered, Cancelled},
	Procured:     {Delivered, Cancelled},
	Delivered:    {Delivered, Commissioned},
	Commissioned: {Verified},
	Verified:     {Sustained, Regressed},
	Sustained:    {Regressed},
	Regressed:    {Verified},
}

// similarPeriod is how long help of the same kind for the same recipient is worth a warning.
const similarPeriod = 2 * 366 * 24 * time.Hour

// Offer is what a donor announces. Of quantity and amount one may be 0; then it follows from the other.
type Offer struct {
	Quantity  int
	AmountEUR float64
	// Seen is the digest of the overlaps the donor has looked at, see [Service.Overlaps]; empty when there are none.
	Seen string
}

// Overlap is other help that a new pledge would come on top of. It names nothing that the entry's text does not.
type Overlap struct {
	Why       string        `json:"why"` // same_need, similar_kind or more_than_needed
	Kind      remedies.Kind `json:"kind,omitzero"`
	State     string        `json:"state,omitzero"`
	AmountEUR float64       `json:"amount_eur"`
	Since     string        `json:"since,omitzero"` // date, UTC
	Own       bool          `json:"own"`            // the donor's own
	Donor     remedies.Text `json:"donor,omitzero"` // only when that donor allows
}

// Overlaps tells before a pledge what it would overlap with, and the digest to hand to [Service.Pledge].
func (s *Service) Overlaps(ctx context.Context, a access.Actor, ref string, o Offer) (list []Overlap, seen string, err error) {
	key, err := s.pseudonymKey(ctx)
	if err != nil {
		return nil, "", err
	}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		v, donor, err := s.find(tx, a, key, ref)
		if err != nil {
			return err
		}
		o, err = complete(v, o)
		if err != nil {
			return err
		}
		list, err = s.overlaps(tx, v, donor, o)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return list, seenDigest(list), nil
}

func seenDigest(list []Overlap) string {
	if len(list) == 0 {
		return ""
	}
	data, err := json.Marshal(list)
	if err != nil {
		panic("catalogue: overlap does not encode: " + err.Error()) // strings and numbers only
	}
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// find resolves a donor's reference to a release the donor may read now.
func (s *Service) find(tx *store.Tx, a access.Actor, key []byte, ref string) (*visible, string, error) {
	donor, coordinator, err := audienceOf(a)
	if err != nil {
		return nil, "", err
	}
	list, err := s.visible(tx, key, donor, coordinator)
	if err != nil {
		return nil, "", err
	}
	i := slices.IndexFunc(list, func(v visible) bool { return v.ref == ref })
	if i < 0 {
		return nil, "", store.ErrNotFound
	}
	return &list[i], donor, nil
}

// complete derives quantity or amount from the other one, by the middle of the cost.
func complete(v *visible, o Offer) (Offer, error) {
	total, units := v.Text.Cost.Mid(), 0
	for _, i := range v.Text.Items {
		units += i.Quantity
	}
	if o.Quantity < 0 || o.AmountEUR < 0 || o.Quantity > 1_000_000 || !(o.AmountEUR < 1e10) || o.Quantity == 0 && o.AmountEUR == 0 || units == 0 {
		return o, ErrQuantity
	}
	if o.AmountEUR == 0 {
		o.AmountEUR = math.Round(total / float64(units) * float64(o.Quantity))
	}
	if o.Quantity == 0 {
		o.Quantity = int(math.Ceil(o.AmountEUR / total * float64(units)))
	}
	return o, nil
}

// fingerprints are the two keys of deconfliction of every item: the same need (recipient, remedy, controls) and the
// same kind of help (recipient, kind, group of the ДК 021 code, else capability).
func fingerprints(recipient string, items []item) string {
	var keys []string
	add := func(prefix string, parts ...string) {
		h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
		keys = append(keys, prefix+hex.EncodeToString(h[:8]))
	}
	for _, i := range items {
		add("x", append([]string{recipient, i.Remedy, i.Key}, i.Controls...)...)
		group := i.Capability
		if len(i.Donor.DK021) >= 3 {
			group = i.Donor.DK021[:3]
		}
		add("s", recipient, string(i.Donor.Kind), group)
	}
	slices.Sort(keys)
	return strings.Join(slices.Compact(keys), " ")
}

func basisOf(tx *store.Tx, release string) ([]item, error) {
	row, err := tx.Release(release)
	if err != nil {
		return nil, fmt.Errorf("read release: %w", err)
	}
	var b basis
	if err := json.Unmarshal([]byte(row.Basis), &b); err != nil {
		return nil, fmt.Errorf("decode basis: %w", err)
	}
	return b.Items, nil
}

func (s *Service) overlaps(tx *store.Tx, v *visible, donor string, o Offer) ([]Overlap, error) {
	items, err := basisOf(tx, v.ID)
	if err != nil {
		return nil, err
	}
	mine := strings.Fields(fingerprints(v.Recipient, items))
	rows, err := tx.Pledges(store.PledgeFilter{Recipient: v.Recipient})
	if err != nil {
		return nil, fmt.Errorf("read pledges: %w", err)
	}
	out := []Overlap{}
	sum := o.AmountEUR
	for _, p := range rows {
		if p.State == Cancelled {
			continue
		}
		why := ""
		for _, f := range strings.Fields(p.Fingerprint) {
			if !slices.Contains(mine, f) {
				continue
			}
			if f[0] == 'x' {
				why = "same_need"
			} else if why == "" && s.now().Sub(p.Created) < similarPeriod {
				why = "similar_kind"
			}
		}
		elsewhere := p.ReleaseID != v.ID
		if why == "" || v.Level < Named && elsewhere && (why != "same_need" || p.DonorID == donor) {
			continue // help under another entry would tell the donor whose anonymous entry this is
		}
		if !elsewhere {
			sum += p.AmountEUR
		}
		if v.Level < Named && elsewhere {
			out = append(out, Overlap{Why: why, State: p.State})
			continue
		}
		x := Overlap{Why: why, State: p.State, AmountEUR: p.AmountEUR, Since: p.Created.Format(time.DateOnly), Own: p.DonorID == donor}
		if len(v.Text.Items) == 1 {
			x.Kind = v.Text.Items[0].Kind
		}
		org, err := tx.Donor(p.DonorID)
		if err != nil {
			return nil, fmt.Errorf("read donor: %w", err)
		}
		if org.ShowName || x.Own {
			x.Donor = remedies.Text{"uk": org.Name("uk"), "en": org.Name("en")}
		}
		out = append(out, x)
	}
	if sum > v.Text.Cost.High {
		out = append(out, Overlap{Why: "more_than_needed", AmountEUR: math.Round(sum - v.Text.Cost.High)})
	}
	return out, nil
}

// Pledge announces help for an entry. When other help of the kind exists, the donor must have looked at exactly that
// ([Offer.Seen]); else it is ErrOverlap and nothing is announced.
func (s *Service) Pledge(ctx context.Context, a access.Actor, ref string, o Offer) (OwnHelp, error) {
	key, err := s.pseudonymKey(ctx)
	if err != nil {
		return OwnHelp{}, err
	}
	var out OwnHelp
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		v, donor, err := s.find(tx, a, key, ref)
		if err != nil {
			return err
		}
		if err := s.member(tx, a, access.EntriesPledge, donor); err != nil {
			return err
		}
		if o, err = complete(v, o); err != nil {
			return err
		}
		list, err := s.overlaps(tx, v, donor, o)
		if err != nil {
			return err
		}
		if seenDigest(list) != o.Seen {
			return ErrOverlap
		}
		items, err := basisOf(tx, v.ID)
		if err != nil {
			return err
		}
		now := s.now().UTC()
		p := store.Pledge{
			ID: store.NewID("pl"), ReleaseID: v.ID, RecipientID: v.Recipient, DonorID: donor, Quantity: o.Quantity, AmountEUR: o.AmountEUR,
			Fingerprint: fingerprints(v.Recipient, items), Created: now, CreatedBy: actorName(a),
		}
		if err := s.move(tx, a, &p, Pledged, map[string]any{"quantity": o.Quantity, "amount_eur": o.AmountEUR, "overlaps": len(list)}); err != nil {
			return err
		}
		out, err = s.ownHelp(tx, &p, ref)
		return err
	})
	return out, err
}

// member refuses whoever may only look on: by role, and by the organisation's standing.
func (s *Service) member(tx *store.Tx, a access.Actor, action access.Action, donor string) error {
	if !access.Can(a, action, access.Object{Donor: donor}) {
		return ErrForbidden
	}
	org, err := tx.Donor(donor)
	if err != nil {
		return fmt.Errorf("read donor: %w", err)
	}
	if !org.Member {
		return ErrMember
	}
	return nil
}

// move changes a pledge's state, with its history and the trail. A new pledge has the empty state.
func (s *Service) move(tx *store.Tx, a access.Actor, p *store.Pledge, state string, detail map[string]any) error {
	if p.State != "" && !slices.Contains(next[p.State], state) || p.State == "" && state != Pledged {
		return ErrState
	}
	now := s.now().UTC()
	p.State, p.Changed = state, now
	switch state {
	case Committed:
		p.Committed = now
	case Commissioned:
		p.Commissioned = now
	case Verified:
		p.Verified = now
	}
	if err := tx.PutPledge(*p); err != nil {
		return fmt.Errorf("store pledge: %w", err)
	}
	text, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("encode detail: %w", err)
	}
	if err := tx.AddPledgeEvent(store.PledgeEvent{
		ID: store.NewID("pe"), PledgeID: p.ID, At: now, Actor: actorName(a), Event: state, Detail: string(text),
	}); err != nil {
		return fmt.Errorf("store pledge event: %w", err)
	}
	return s.audit(tx, a, "pledge."+state, "pledge:"+p.ID, p.RecipientID, detail)
}

// Commit makes a pledge binding: from now on it counts. The gap as it is measured now is kept, to compare with later.
// The release must still be published.
func (s *Service) Commit(ctx context.Context, a access.Actor, pledge string) error {
	return s.donorStep(ctx, a, access.EntriesCommit, pledge, Committed, func(*store.Pledge) error { return nil })
}

// Procure says that the help was ordered.
func (s *Service) Procure(ctx context.Context, a access.Actor, pledge string) error {
	return s.donorStep(ctx, a, access.EntriesDeliver, pledge, Procured, func(*store.Pledge) error { return nil })
}

// Deliver claims that so many units arrived in all; it may be said again with a greater number.
func (s *Service) Deliver(ctx context.Context, a access.Actor, pledge string, quantity int) error {
	return s.donorStep(ctx, a, access.EntriesDeliver, pledge, Delivered, func(p *store.Pledge) error {
		if quantity < 1 || quantity < p.Delivered || quantity > p.Quantity {
			return ErrQuantity
		}
		p.Delivered = quantity
		return nil
	})
}

// Cancel takes a pledge back, before delivery.
func (s *Service) Cancel(ctx context.Context, a access.Actor, pledge string) error {
	return s.donorStep(ctx, a, access.EntriesCommit, pledge, Cancelled, func(*store.Pledge) error { return nil })
}

func (s *Service) donorStep(ctx context.Context, a access.Actor, action access.Action, id, state string, change func(*store.Pledge) error) error {
	var recipient string
	err := s.st.View(ctx, func(tx *store.Tx) error {
		p, err := ownPledge(tx, a, action, id)
		recipient = p.RecipientID
		return err
	})
	if err != nil {
		return err
	}
	baseline := ""
	if state == Committed {
		if baseline, err = s.baseline(ctx, recipient, id); err != nil {
			return err
		}
	}
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		p, err := tx.LockPledge(id)
		if err != nil {
			return err
		}
		if err := s.member(tx, a, action, p.DonorID); err != nil {
			return err
		}
		if state == Committed {
			row, err := tx.Release(p.ReleaseID)
			if err != nil {
				return fmt.Errorf("read release: %w", err)
			}
			if row.State != Published || !s.now().Before(row.Until) {
				return ErrState
			}
			p.Baseline = baseline
		}
		if err := change(&p); err != nil {
			return err
		}
		return s.move(tx, a, &p, state, map[string]any{"quantity": p.Quantity, "amount_eur": p.AmountEUR, "delivered": p.Delivered})
	})
}

// ownPledge reads a pledge of the actor's own organisation.
func ownPledge(tx *store.Tx, a access.Actor, action access.Action, id string) (store.Pledge, error) {
	p, err := tx.Pledge(id)
	if err != nil {
		return store.Pledge{}, err
	}
	if donor, ok := access.DonorOf(a, access.EntriesRead); !ok || donor != p.DonorID {
		return store.Pledge{}, store.ErrNotFound
	}
	if !access.Can(a, action, access.Object{Donor: p.DonorID}) {
		return store.Pledge{}, ErrForbidden
	}
	return p, nil
}

// Commission is the recipient's word that what was delivered is in use.
func (s *Service) Commission(ctx context.Context, a access.Actor, pledge string) error {
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		p, err := tx.LockPledge(pledge)
		if err != nil {
			return err
		}
		if err := may(a, access.NeedsCommission, p.RecipientID); err != nil {
			return err
		}
		return s.move(tx, a, &p, Commissioned, map[string]any{"delivered": p.Delivered})
	})
}

// Pledges lists the help announced to a recipient, for the recipient itself and assessors, oldest first.
func (s *Service) Pledges(ctx context.Context, a access.Actor, recipient string) ([]store.Pledge, error) {
	if err := may(a, access.NeedsRead, recipient); err != nil {
		return nil, err
	}
	var list []store.Pledge
	err := s.st.View(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Pledges(store.PledgeFilter{Recipient: recipient})
		return err
	})
	return list, err
}
