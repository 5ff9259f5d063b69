package catalogue

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// BudgetWish is a donor's money and earmarks.
type BudgetWish struct {
	EUR    float64
	Filter Filter // earmarks: what is considered at all
	// Floors are EUR that must at least go to a line of effort or sector: "line_of_effort:sustain", "sector:health".
	Floors map[string]float64
}

// BestSet is the answer to a donor's budget, with the donor's references as ids. It is made of nothing but what the
// donor may read: the rounded points and costs of the entries.
type BestSet struct {
	need.Choice
	Considered int     `json:"considered"`    // entries weighed
	Stated     int     `json:"stated"`        // entries left out as nobody measured them: they have no points
	Covered    int     `json:"covered"`       // entries left out as others have committed all of it
	Frontier   []Point `json:"frontier"`      // what the plain ranking reaches with ever more money
	Plain      string  `json:"plain_ranking"` // how to read the ranking: "points per euro, with what comes first"

	Entries []Entry `json:"-"` // everything that was considered or left out, as the donor reads it
}

// Point is a place on the budget frontier.
type Point struct {
	CostEUR float64 `json:"cost_eur"`
	Points  float64 `json:"risk_points"`
}

// BestSet picks from the actor's entries the set that removes most risk for the money. An entry counts with what is
// not yet covered of it. Entries at level 2 and above wait for what they need first, at the same recipient; at level 1
// nothing is linked, as that would tell which entries belong together.
func (s *Service) BestSet(ctx context.Context, a access.Actor, channel string, w BudgetWish) (BestSet, error) {
	if !(w.EUR > 0) || w.EUR > 1e12 {
		return BestSet{}, ErrQuantity
	}
	entries, err := s.Entries(ctx, a, channel, w.Filter)
	if err != nil {
		return BestSet{}, err
	}
	links, err := s.links(ctx, a)
	if err != nil {
		return BestSet{}, err
	}
	out := BestSet{Plain: "points per euro, with what comes first", Entries: entries}
	var options []need.Option
	shown := map[string]bool{}
	for _, e := range entries {
		switch {
		case e.Origin == Stated:
			out.Stated++
		case e.Funding.Uncovered < 1:
			out.Covered++
		default:
			shown[e.Ref] = true
			options = append(options, option(&e))
		}
	}
	for i := range options {
		options[i].Requires = slices.DeleteFunc(slices.Clone(links[options[i].ID]), func(ref string) bool { return !shown[ref] })
	}
	out.Considered = len(options)
	out.Choice = need.Choose(options, need.Budget{EUR: w.EUR, Floors: w.Floors})
	out.Frontier = frontier(options)
	return out, nil
}

// option is what is left to fund of an entry, with the share of its points.
func option(e *Entry) need.Option {
	share := 1.0
	if e.Funding.Required > 0 {
		share = e.Funding.Uncovered / e.Funding.Required
	}
	o := need.Option{ID: e.Ref, Cost: e.Funding.Uncovered, Value: math.Round(e.Points.Mid*share*100) / 100}
	if e.Sector != "" {
		o.Groups = append(o.Groups, "sector:"+e.Sector)
	}
	for _, i := range e.Items {
		if g := "line_of_effort:" + string(i.Line); !slices.Contains(o.Groups, g) {
			o.Groups = append(o.Groups, g)
		}
	}
	return o
}

// frontier walks the plain ranking to its end.
func frontier(options []need.Option) []Point {
	list := slices.Clone(options)
	slices.SortFunc(list, func(a, b need.Option) int {
		switch x, y := a.Value/a.Cost, b.Value/b.Cost; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
	points := []Point{{}}
	for _, o := range list {
		last := points[len(points)-1]
		points = append(points, Point{last.CostEUR + o.Cost, math.Round((last.Points+o.Value)*100) / 100})
	}
	return points
}

// links maps a donor's reference to those of the entries that should come first: by the remedies' prerequisites, at
// level 2 and above, within a recipient.
func (s *Service) links(ctx context.Context, a access.Actor) (map[string][]string, error) {
	donor, coordinator, err := audienceOf(a)
	if err != nil {
		return nil, err
	}
	key, err := s.pseudonymKey(ctx)
	if err != nil {
		return nil, err
	}
	type holding struct{ recipient, remedy string }
	refs := map[holding]string{}
	wants := map[string][]holding{}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		list, err := s.visible(tx, key, donor, coordinator)
		if err != nil {
			return err
		}
		for _, v := range list {
			if v.Level < Named {
				continue
			}
			items, err := basisOf(tx, v.ID)
			if err != nil {
				return err
			}
			for _, i := range items {
				refs[holding{v.Recipient, i.Remedy}] = v.ref
				if r, ok := s.set.Remedy(i.Remedy); ok {
					for _, first := range r.Requires {
						wants[v.ref] = append(wants[v.ref], holding{v.Recipient, first})
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for ref, list := range wants {
		for _, h := range list {
			if first, ok := refs[h]; ok && first != ref && !slices.Contains(out[ref], first) {
				out[ref] = append(out[ref], first)
			}
		}
	}
	return out, nil
}
