package catalogue

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// maxShape bounds how many splits, merges and own figures a recipient keeps.
const maxShape = 500

// ShapeVersion is one version of how a recipient arranged its needs.
type ShapeVersion struct {
	need.Shape
	At time.Time `json:"at"`
	By string    `json:"by"`
}

// Shapes lists all versions of how a recipient arranged its needs, oldest first.
func (s *Service) Shapes(ctx context.Context, a access.Actor, recipient string) ([]ShapeVersion, error) {
	if err := may(a, access.NeedsRead, recipient); err != nil {
		return nil, err
	}
	out := []ShapeVersion{}
	err := s.st.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Shapes(recipient)
		if err != nil {
			return fmt.Errorf("read shapes: %w", err)
		}
		for _, row := range rows {
			v, err := decodeShape(row)
			if err != nil {
				return err
			}
			out = append(out, ShapeVersion{v, row.At, row.By})
		}
		return nil
	})
	return out, err
}

func decodeShape(row store.Version) (v need.Shape, err error) {
	if err := json.Unmarshal([]byte(row.Body), &v); err != nil {
		return v, fmt.Errorf("decode shape: %w", err)
	}
	v.Recipient, v.Version = row.Of, row.Version
	return v, nil
}

// Split lets some sites of a need stand as a need of their own. At least one site stays behind.
func (s *Service) Split(ctx context.Context, a access.Actor, recipient, id string, sites []string) (need.Shape, error) {
	sites = slices.Compact(slices.Sorted(slices.Values(sites)))
	return s.reshape(ctx, a, recipient, "need.split", func(run *need.Run, v *need.Shape) error {
		n, ok := run.Find(id)
		if !ok || !n.Splittable() || n.PartOf != "" || len(sites) == 0 || len(sites) >= len(n.Sites) {
			return ErrNeeds
		}
		for _, site := range sites {
			if !slices.Contains(n.Sites, site) {
				return ErrNeeds
			}
		}
		v.Splits = append(v.Splits, need.Split{Need: id, Sites: sites})
		return nil
	})
}

// Merge lets one need take up another of the same recipient: the parts of one need become one again, different needs are
// asked for together from then on.
func (s *Service) Merge(ctx context.Context, a access.Actor, recipient, into, from string) (need.Shape, error) {
	return s.reshape(ctx, a, recipient, "need.merge", func(run *need.Run, v *need.Shape) error {
		x, ok1 := run.Find(into)
		y, ok2 := run.Find(from)
		if !ok1 || !ok2 || into == from {
			return ErrNeeds
		}
		if x.Remedy == y.Remedy && len(x.Includes)+len(y.Includes) == 0 {
			rejoin(v, x, y)
			return nil
		}
		v.Merges = append(v.Merges, need.Merge{Into: into, From: from})
		return nil
	})
}

// rejoin makes one part of two of the same need: what was split off goes back, or two that were split off stand together.
func rejoin(v *need.Shape, x, y *need.Need) {
	find := func(n *need.Need) int {
		return slices.IndexFunc(v.Splits, func(p need.Split) bool { return n.Was(need.PartID(p.Need, p.Sites)) })
	}
	i, k := find(x), find(y)
	if i >= 0 && k >= 0 {
		v.Splits[i].Sites = slices.Sorted(slices.Values(slices.Concat(v.Splits[i].Sites, v.Splits[k].Sites)))
		i = k
	}
	if i = max(i, k); i >= 0 {
		v.Splits = slices.Delete(v.Splits, i, i+1)
	}
}

// Restore undoes every split and merge that a need is part of, and its own figures.
func (s *Service) Restore(ctx context.Context, a access.Actor, recipient, id string) (need.Shape, error) {
	return s.reshape(ctx, a, recipient, "need.restore", func(run *need.Run, v *need.Shape) error {
		n, ok := run.Find(id)
		if !ok {
			return ErrNeeds
		}
		parts := n.Parts()
		its := func(id string) bool {
			return n.Was(id) || slices.ContainsFunc(parts, func(p need.Need) bool { return p.Was(id) })
		}
		v.Splits = slices.DeleteFunc(v.Splits, func(p need.Split) bool { return its(p.Need) || its(need.PartID(p.Need, p.Sites)) })
		v.Merges = slices.DeleteFunc(v.Merges, func(m need.Merge) bool { return its(m.Into) || its(m.From) })
		v.Own = slices.DeleteFunc(v.Own, func(o need.Own) bool { return its(o.Need) })
		return nil
	})
}

// OwnFigures states the recipient's own quantity, unit cost and justification for a need; all empty takes them back. The
// justification is in both languages and stays with the recipient and its assessors.
func (s *Service) OwnFigures(ctx context.Context, a access.Actor, recipient string, o need.Own) (need.Shape, error) {
	if o.Quantity < 0 || o.Quantity > 1_000_000 || o.UnitCost != (need.Money{}) && !(0 < o.UnitCost.Low && o.UnitCost.Low <= o.UnitCost.High && o.UnitCost.High < 1e9) {
		return need.Shape{}, ErrQuantity
	}
	stated := o.Quantity > 0 || o.UnitCost.High > 0
	if stated != (len(o.Why) > 0) {
		return need.Shape{}, &ScreenError{Kind: "language", Word: "why"} // a figure without a reason convinces nobody
	}
	if err := screenLanguages(o.Why); err != nil {
		return need.Shape{}, err
	}
	return s.reshape(ctx, a, recipient, "need.own", func(run *need.Run, v *need.Shape) error {
		n, ok := run.Find(o.Need)
		if !ok || len(n.Includes) > 0 {
			return ErrNeeds
		}
		v.Own = slices.DeleteFunc(v.Own, func(x need.Own) bool { return n.Was(x.Need) })
		if stated {
			v.Own = append(v.Own, o)
		}
		return nil
	})
}

// screenLanguages checks a text that no donor reads: both languages or none, of bounded length.
func screenLanguages(t remedies.Text) error {
	if len(t) == 0 {
		return nil
	}
	for lang, text := range t {
		if !slices.Contains(remedies.Langs, lang) || text == "" {
			return &ScreenError{Kind: "language", Word: lang}
		}
		if len([]rune(text)) > maxWords {
			return &ScreenError{Kind: "length", Word: fmt.Sprint(maxWords)}
		}
	}
	if len(t) != len(remedies.Langs) {
		return &ScreenError{Kind: "language"}
	}
	return nil
}

// reshape makes the next version of a recipient's shape. Drafts and releases keep the figures they were made with.
func (s *Service) reshape(ctx context.Context, a access.Actor, recipient, action string, change func(*need.Run, *need.Shape) error) (v need.Shape, err error) {
	if err := may(a, access.NeedsPropose, recipient); err != nil {
		return v, err
	}
	d, err := s.derive(ctx, recipient, true)
	if err != nil {
		return v, err
	}
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		now := s.now().UTC()
		rows, err := tx.ShapesAt(recipient, now)
		if err != nil {
			return fmt.Errorf("read shape: %w", err)
		}
		if len(rows) > 0 {
			if v, err = decodeShape(rows[0]); err != nil {
				return err
			}
		}
		if err := change(d.run, &v); err != nil {
			return err
		}
		if len(v.Splits) > maxShape || len(v.Merges) > maxShape || len(v.Own) > maxShape {
			return ErrNeeds
		}
		v.Recipient, v.Version = recipient, v.Version+1
		body, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("encode shape: %w", err)
		}
		if err := tx.AddShape(store.Version{Of: recipient, Version: v.Version, Body: string(body), At: now, By: actorName(a)}); err != nil {
			return fmt.Errorf("store shape: %w", err)
		}
		return s.audit(tx, a, action, "recipient:"+recipient, recipient, map[string]any{"version": v.Version})
	})
	return v, err
}
