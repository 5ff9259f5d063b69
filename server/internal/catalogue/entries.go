package catalogue

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Channels by which a donor reads.
const (
	Page = "page"
	API  = "api"
	File = "file"
)

// Entry is a release as one donor sees it: the approved text, how far it is funded, and the donor's own help.
type Entry struct {
	DonorNeed
	Published string    `json:"published"` // date, UTC; at level 1 the first of its month
	Funding   Funding   `json:"funding"`
	Pledges   []OwnHelp `json:"own_pledges"`
}

// Funding is how far a need is covered, in EUR of the middle of its cost. A pledge is shown and not counted until it
// is committed; every amount stands in one column only.
type Funding struct {
	Required  float64 `json:"required_eur"`
	Pledged   float64 `json:"pledged_eur"` // announced, not counted
	Committed float64 `json:"committed_eur"`
	Delivered float64 `json:"delivered_eur"`
	Verified  float64 `json:"verified_eur"`
	Uncovered float64 `json:"uncovered_eur"` // required less committed, delivered and verified; never below 0
}

// OwnHelp is a donor's own pledge with its state.
type OwnHelp struct {
	ID        string  `json:"id"`
	Ref       string  `json:"ref"`
	State     string  `json:"state"`
	Quantity  int     `json:"quantity"`
	AmountEUR float64 `json:"amount_eur"`
	Delivered int     `json:"delivered"`
	Pledged   string  `json:"pledged"` // date, UTC
	Changed   string  `json:"changed"` // date, UTC
	Effect    *Effect `json:"effect,omitzero"`
}

// Filter narrows a donor's list. Empty fields let everything through. It works on what the donor may read anyway, so
// that it tells nothing more.
type Filter struct {
	Kind   remedies.Kind
	Line   remedies.Line
	Sector string
	Region string
	Origin string
	MaxEUR float64 // middle of the cost; 0: any
}

func (f Filter) keeps(t *DonorNeed) bool {
	anyItem := func(ok func(*DonorItem) bool) bool {
		return slices.ContainsFunc(t.Items, func(i DonorItem) bool { return ok(&i) })
	}
	return (f.Kind == "" || anyItem(func(i *DonorItem) bool { return i.Kind == f.Kind })) &&
		(f.Line == "" || anyItem(func(i *DonorItem) bool { return i.Line == f.Line })) &&
		(f.Sector == "" || t.Sector == f.Sector) && (f.Region == "" || t.Region == f.Region) &&
		(f.Origin == "" || t.Origin == f.Origin) && (f.MaxEUR == 0 || t.Cost.Mid() <= f.MaxEUR)
}

// visible is a release that the donor may read now.
type visible struct {
	Release
	ref string
}

// audienceOf names the donor organisation an actor reads for; a coordinator reads what any donor reads.
func audienceOf(a access.Actor) (donor string, coordinator bool, err error) {
	if !access.Can(a, access.EntriesRead, access.Object{}) {
		return "", false, store.ErrNotFound
	}
	if d, ok := access.DonorOf(a, access.EntriesRead); ok {
		return d, false, nil
	}
	if access.Can(a, access.QueueRead, access.Object{}) {
		return "coordinator", true, nil
	}
	return "", false, store.ErrNotFound
}

// visible lists what the actor's organisation may read at this moment: published, not past its date, in its audience,
// above level 0.
func (s *Service) visible(tx *store.Tx, key []byte, donor string, coordinator bool) ([]visible, error) {
	rows, err := tx.Releases("", Published)
	if err != nil {
		return nil, fmt.Errorf("read releases: %w", err)
	}
	var out []visible
	for _, row := range rows {
		r, err := s.view(tx, row)
		if err != nil {
			return nil, err
		}
		if r.State != Published || r.Level == TotalsOnly || !coordinator && !slices.Contains(r.Audience, donor) {
			continue
		}
		v := visible{r, reference(key, r.ID, donor, r.Level)}
		v.Text.Ref = v.ref
		out = append(out, v)
	}
	return out, nil
}

// Entries lists what the actor's organisation may read, named ones first and those newest first, and writes the read ledger. Channel says how it
// is read: [Page], [API] or [File].
func (s *Service) Entries(ctx context.Context, a access.Actor, channel string, f Filter) ([]Entry, error) {
	return s.read(ctx, a, channel, f.keeps)
}

// Entry reads one entry by the donor's reference.
func (s *Service) Entry(ctx context.Context, a access.Actor, channel, ref string) (Entry, error) {
	list, err := s.read(ctx, a, channel, func(t *DonorNeed) bool { return t.Ref == ref })
	if err != nil {
		return Entry{}, err
	}
	if len(list) == 0 {
		return Entry{}, store.ErrNotFound
	}
	return list[0], nil
}

// EntriesFor lists what a donor organisation may read, and asks nobody: it is for the operator's command line, which
// writes files for that donor. By is who did it, for the read ledger.
func (s *Service) EntriesFor(ctx context.Context, donor, by string) ([]Entry, error) {
	err := s.st.View(ctx, func(tx *store.Tx) error { _, err := tx.Donor(donor); return err })
	if err != nil {
		return nil, err
	}
	return s.readAs(ctx, donor, by, false, File, func(*DonorNeed) bool { return true })
}

func (s *Service) read(ctx context.Context, a access.Actor, channel string, keep func(*DonorNeed) bool) ([]Entry, error) {
	donor, coordinator, err := audienceOf(a)
	if err != nil {
		return nil, err
	}
	return s.readAs(ctx, donor, a.UserID, coordinator, channel, keep)
}

func (s *Service) readAs(ctx context.Context, donor, user string, coordinator bool, channel string, keep func(*DonorNeed) bool) ([]Entry, error) {
	key, err := s.pseudonymKey(ctx)
	if err != nil {
		return nil, err
	}
	out := []Entry{}
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		list, err := s.visible(tx, key, donor, coordinator)
		if err != nil {
			return err
		}
		for i := range list {
			v := &list[i]
			if !keep(&v.Text) {
				continue
			}
			e, err := s.entry(tx, v, donor)
			if err != nil {
				return err
			}
			if err := tx.NoteRead(v.ID, donor, user, channel, s.now()); err != nil {
				return fmt.Errorf("write read ledger: %w", err)
			}
			out = append(out, e)
		}
		return nil
	})
	slices.Reverse(out)
	slices.SortStableFunc(out, func(x, y Entry) int { // neighbours in time would tell whose anonymous entries they are
		switch {
		case x.Level >= Named && y.Level >= Named:
			return 0
		case x.Level < Named && y.Level < Named:
			return strings.Compare(x.Ref, y.Ref)
		}
		return int(y.Level) - int(x.Level)
	})
	return out, err
}

func (s *Service) entry(tx *store.Tx, v *visible, donor string) (Entry, error) {
	pledges, err := tx.Pledges(store.PledgeFilter{Release: v.ID})
	if err != nil {
		return Entry{}, fmt.Errorf("read pledges: %w", err)
	}
	e := Entry{DonorNeed: v.Text, Published: day(v.Published, v.Level), Funding: funding(v.Text.Cost, pledges), Pledges: []OwnHelp{}}
	for _, p := range pledges {
		if p.DonorID == donor {
			own, err := s.ownHelp(tx, &p, v.ref)
			if err != nil {
				return Entry{}, err
			}
			e.Pledges = append(e.Pledges, own)
		}
	}
	return e, nil
}

func funding(cost need.Money, pledges []store.Pledge) Funding {
	f := Funding{Required: cost.Mid()}
	for _, p := range pledges {
		switch p.State {
		case Pledged:
			f.Pledged += p.AmountEUR
		case Committed, Procured:
			f.Committed += p.AmountEUR
		case Delivered, Commissioned, Regressed:
			f.Delivered += p.AmountEUR
		case Verified, Sustained:
			f.Verified += p.AmountEUR
		}
	}
	f.Uncovered = max(0, f.Required-f.Committed-f.Delivered-f.Verified)
	return f
}

func (s *Service) ownHelp(tx *store.Tx, p *store.Pledge, ref string) (OwnHelp, error) {
	h := OwnHelp{
		ID: p.ID, Ref: ref, State: p.State, Quantity: p.Quantity, AmountEUR: p.AmountEUR, Delivered: p.Delivered,
		Pledged: p.Created.Format(time.DateOnly), Changed: p.Changed.Format(time.DateOnly),
	}
	effect, err := s.donorEffect(tx, p)
	h.Effect = effect
	return h, err
}

// OwnPledges lists the help of the actor's organisation, oldest first, that for withdrawn or expired releases included: of
// those the text is gone and the pledge remains.
func (s *Service) OwnPledges(ctx context.Context, a access.Actor) ([]OwnHelp, error) {
	donor, coordinator, err := audienceOf(a)
	if err != nil || coordinator {
		return nil, store.ErrNotFound
	}
	key, err := s.pseudonymKey(ctx)
	if err != nil {
		return nil, err
	}
	out := []OwnHelp{}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Pledges(store.PledgeFilter{Donor: donor})
		if err != nil {
			return err
		}
		for _, p := range rows {
			row, err := tx.Release(p.ReleaseID)
			if err != nil {
				return fmt.Errorf("read release: %w", err)
			}
			h, err := s.ownHelp(tx, &p, reference(key, row.ID, donor, Level(row.Level)))
			if err != nil {
				return err
			}
			out = append(out, h)
		}
		return nil
	})
	return out, err
}

// Gone is an entry that the donor could read once and no longer can.
type Gone struct {
	Ref string `json:"ref"`
	Why string `json:"why"` // withdrawn, expired or superseded
	On  string `json:"on"`  // date, UTC
}

// Withdrawals lists what the actor's organisation has read and may no longer read: so that copies elsewhere can be
// taken back too.
func (s *Service) Withdrawals(ctx context.Context, a access.Actor) ([]Gone, error) {
	donor, _, err := audienceOf(a)
	if err != nil {
		return nil, err
	}
	key, err := s.pseudonymKey(ctx)
	if err != nil {
		return nil, err
	}
	out := []Gone{}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Releases("", "")
		if err != nil {
			return err
		}
		for _, row := range rows {
			var audience []string
			if err := json.Unmarshal([]byte(row.Audience), &audience); err != nil {
				return fmt.Errorf("decode audience: %w", err)
			}
			if row.Published.IsZero() || Level(row.Level) == TotalsOnly || !slices.Contains(audience, donor) {
				continue
			}
			level := Level(row.Level)
			g := Gone{Ref: reference(key, row.ID, donor, level), Why: row.State, On: day(row.Ended, level)}
			if row.State == Published {
				if s.now().Before(row.Until) {
					continue
				}
				g.Why, g.On = Expired, day(row.Until, level)
			}
			out = append(out, g)
		}
		return nil
	})
	return out, err
}
