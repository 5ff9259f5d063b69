package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Wish is what a recipient wants to show to whom.
type Wish struct {
	Recipient string
	Needs     []string // ids of measured or stated needs, in reading order
	Level     Level
	Audience  []string // ids of donor organisations
	Until     time.Time
	Project   string   // the project of several recipients that this is a part of; level 2 or 3 only
	Schedule  Schedule // when the recipient wants it; read at level 2 and above
	// Title and Purpose are the recipient's own words, both languages or none. Without a title the first item's is
	// taken; several needs together want one. The purpose is read at level 3 only.
	Title   remedies.Text
	Purpose remedies.Text
	// Quantities are the recipient's own figures, by need; a need without one keeps what was derived.
	Quantities map[string]int
	// UnitCosts are the recipient's own estimates of one unit, by need.
	UnitCosts map[string]need.Money
}

// fill writes everything into row that follows from the wish.
func (s *Service) fill(tx *store.Tx, row *store.Release, w Wish, run *need.Run) error {
	now := s.now()
	if w.Level < TotalsOnly || w.Level > Reasoned {
		return ErrLevel
	}
	if !w.Until.After(now) || w.Until.After(now.Add(MaxPeriod)) {
		return ErrUntil
	}
	audience, err := checkAudience(tx, w.Audience)
	if err != nil {
		return err
	}
	items, origin, err := s.items(tx, w, run)
	if err != nil {
		return err
	}
	if w.Level >= Named && slices.ContainsFunc(items, func(i item) bool { return i.Immediate }) {
		return ErrEmbargo
	}
	d, err := describe(tx, w.Recipient)
	if err != nil {
		return err
	}
	if len(items) > 1 && len(w.Title) == 0 {
		return &ScreenError{Kind: "language", Word: "title"}
	}
	names, err := forbiddenNames(tx, w.Recipient, w.Level)
	if err != nil {
		return err
	}
	for _, t := range append([]remedies.Text{w.Title, w.Purpose}, w.Schedule.texts()...) {
		if err := screen(t, names); err != nil {
			return err
		}
	}
	if err := w.Schedule.check(); err != nil {
		return err
	}
	text := build(w.Level, d, items, w.Title, w.Purpose, w.Until)
	text.schedule(w.Schedule)
	if text.Project, err = s.partOf(tx, w); err != nil {
		return err
	}
	row.State, row.Level, row.Origin, row.Until, row.Run = Draft, int(w.Level), origin, w.Until.UTC().Truncate(time.Millisecond), run.ID
	if row.Digest, err = digest(text, audience, row.Until); err != nil {
		return err
	}
	for _, f := range []struct {
		to *string
		v  any
	}{{&row.Needs, w.Needs}, {&row.Audience, audience}, {&row.Text, text}, {&row.Basis, basis{items, w}}} {
		b, err := json.Marshal(f.v)
		if err != nil {
			return fmt.Errorf("encode release: %w", err)
		}
		*f.to = string(b)
	}
	return nil
}

// items gathers the needs of a wish with the recipient's own figures.
func (s *Service) items(tx *store.Tx, w Wish, run *need.Run) (items []item, origin string, err error) {
	stated, err := tx.StatedNeeds(w.Recipient)
	if err != nil {
		return nil, "", fmt.Errorf("read stated needs: %w", err)
	}
	origin = Measured
	for _, id := range w.Needs {
		if slices.ContainsFunc(items, func(i item) bool { return i.Key == id }) {
			return nil, "", ErrNeeds
		}
		n, measured := run.Find(id)
		if measured = measured && n.Recipient == w.Recipient; measured && len(n.Includes) > 0 {
			for _, p := range n.Parts() { // a merged need: every part is something to fund; own figures stand in the parts
				items = append(items, s.measuredItem(&p))
			}
			continue
		}
		var it item
		if measured {
			it = s.measuredItem(n)
		} else if v, ok, err := s.statedItem(stated, id); err != nil {
			return nil, "", err
		} else if ok {
			it, origin = v, Stated
		} else {
			return nil, "", ErrNeeds
		}
		if q, ok := w.Quantities[id]; ok {
			if q < 1 || q > 1_000_000 {
				return nil, "", ErrQuantity
			}
			it.Donor.Quantity = q
		}
		if c, ok := w.UnitCosts[id]; ok {
			if !(0 < c.Low && c.Low <= c.High && c.High < 1e9) {
				return nil, "", ErrQuantity
			}
			it.UnitCost, it.Donor.CostSource = c, "recipient"
		}
		items = append(items, it)
	}
	if len(items) == 0 || len(items) > 50 {
		return nil, "", ErrNeeds
	}
	return items, origin, nil
}

func checkAudience(tx *store.Tx, ids []string) ([]string, error) {
	out := slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(out) == 0 {
		return nil, ErrAudience
	}
	for _, id := range out {
		if _, err := tx.Donor(id); errors.Is(err, store.ErrNotFound) {
			return nil, ErrAudience
		} else if err != nil {
			return nil, fmt.Errorf("read donor: %w", err)
		}
	}
	return out, nil
}

func describe(tx *store.Tx, recipient string) (d described, err error) {
	all, err := tx.Recipients()
	if err != nil {
		return d, fmt.Errorf("read recipients: %w", err)
	}
	i := slices.IndexFunc(all, func(r store.Recipient) bool { return r.ID == recipient })
	if i < 0 {
		return d, store.ErrNotFound
	}
	d.recipient = all[i]
	for _, r := range all {
		if r.Sector == d.recipient.Sector {
			d.sameSector++
			if r.SizeBand == d.recipient.SizeBand {
				d.sameSectorAndSize++
			}
		}
	}
	return d, nil
}

// forbiddenNames lists what the recipient's own words may not hold: its hosts, and where it is anonymous also itself
// and its sites.
func forbiddenNames(tx *store.Tx, recipient string, level Level) ([]string, error) {
	hosts, err := tx.Hosts(recipient, "", 0)
	if err != nil {
		return nil, fmt.Errorf("read hosts: %w", err)
	}
	var names []string
	for _, h := range hosts {
		names = append(names, h.Name, h.ID)
	}
	if level >= Named {
		return names, nil
	}
	r, err := tx.Recipient(recipient)
	if err != nil {
		return nil, fmt.Errorf("read recipient: %w", err)
	}
	names = append(names, r.NameUK, r.NameEN, r.ID)
	sites, err := tx.Sites(recipient)
	for _, s := range sites {
		names = append(names, s.NameUK, s.NameEN, s.ID)
	}
	return names, err
}
