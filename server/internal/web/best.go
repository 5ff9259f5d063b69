package web

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
)

type bestLine struct {
	catalogue.Entry
	Best    bool
	Plain   int // place in the plain ranking, from 1; 0: not taken
	Points  float64
	CostEUR float64
}

type bestData struct {
	EUR            string
	FloorEUR       string
	Kinds, Sectors []option
	Floors         []option // lines of effort
	Asked          bool
	Set            catalogue.BestSet
	Lines          []bestLine
	Short          float64 // per cent that the set may be short of the best one; 0: proven
	More           float64 // points more than the plain ranking brings
	Frontier       frontier
}

// frontier is the drawing of what ever more money reaches by the plain ranking.
type frontier struct {
	Line         string // points of a polyline, in units of 1000 by 400
	BudgetX      string
	BestX, BestY string
	MaxEUR, Max  float64
}

// best picks, for a donor's budget and earmarks, the set that removes most risk, beside the plain ranking.
func (s *server) best(q *request) error {
	in := q.URL.Query()
	d := bestData{EUR: in.Get("eur"), FloorEUR: in.Get("floor_eur"), Asked: in.Get("eur") != ""}
	for _, k := range remedies.Kinds {
		d.Kinds = append(d.Kinds, option{string(k), q.loc.text("kind." + string(k)), string(k) == in.Get("kind")})
	}
	for _, l := range remedies.Lines {
		d.Floors = append(d.Floors, option{string(l), q.loc.text("line." + string(l)), string(l) == in.Get("floor")})
	}
	w := catalogue.BudgetWish{Filter: catalogue.Filter{Kind: remedies.Kind(in.Get("kind")), Sector: in.Get("sector")}, Floors: map[string]float64{}}
	var ok bool
	if d.Asked {
		if w.EUR, ok = euros(d.EUR); !ok {
			return q.refused("/catalogue/best", "budget")
		}
	}
	if d.FloorEUR != "" && in.Get("floor") != "" {
		least, ok := euros(d.FloorEUR)
		if !ok || least > w.EUR {
			return q.refused("/catalogue/best", "budget")
		}
		w.Floors["line_of_effort:"+in.Get("floor")] = least
	}
	if d.Asked {
		var err error
		if d.Set, err = s.catalogue.BestSet(q.Context(), q.actor, catalogue.Page, w); err != nil {
			return q.refuseRelease("/catalogue/best", err)
		}
		d.fill(w.EUR)
	} else if !access.Can(q.actor, access.EntriesRead, access.Object{}) {
		return errForbidden
	}
	sectors := map[string]bool{in.Get("sector"): in.Get("sector") != ""}
	for _, e := range d.Set.Entries {
		sectors[e.Sector] = true
	}
	for _, v := range sortedKeys(sectors) {
		if v != "" {
			d.Sectors = append(d.Sectors, option{v, q.sector(v), v == in.Get("sector")})
		}
	}
	return q.show("best", q.loc.text("best.title"), d)
}

// euros reads an amount as people write it: 250000, 250 000 or 250,000.
func euros(s string) (float64, bool) {
	s = strings.NewReplacer(" ", "", nbsp, "", ",", "").Replace(s)
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && f > 0 && f < 1e12
}

func (d *bestData) fill(budget float64) {
	c := &d.Set.Choice
	for _, e := range d.Set.Entries {
		l := bestLine{Entry: e, Best: slices.Contains(c.IDs, e.Ref), Plain: 1 + slices.Index(c.Greedy.IDs, e.Ref), CostEUR: e.Funding.Uncovered}
		if e.Funding.Required > 0 {
			l.Points = e.Points.Mid * e.Funding.Uncovered / e.Funding.Required
		}
		d.Lines = append(d.Lines, l)
	}
	slices.SortStableFunc(d.Lines, func(x, y bestLine) int {
		if x.Best != y.Best {
			return map[bool]int{true: -1, false: 1}[x.Best]
		}
		return cmp.Compare(y.Points/max(y.CostEUR, 1), x.Points/max(x.CostEUR, 1))
	})
	if c.Bound > 0 && !c.Optimal {
		d.Short = 100 * (c.Bound - c.Value) / c.Bound
	}
	d.More = c.Value - c.Greedy.Value
	d.Frontier = draw(d.Set.Frontier, budget, c.Cost, c.Value)
}

// draw turns the budget frontier into a line; the set is a point above or on it.
func draw(points []catalogue.Point, budget, cost, value float64) frontier {
	f := frontier{}
	for _, p := range points {
		f.MaxEUR, f.Max = math.Max(f.MaxEUR, p.CostEUR), math.Max(f.Max, p.Points)
	}
	if f.MaxEUR == 0 || f.Max == 0 {
		return f
	}
	x := func(v float64) string { return fmt.Sprintf("%.1f", 1000*math.Min(1, v/f.MaxEUR)) }
	y := func(v float64) string { return fmt.Sprintf("%.1f", 400-400*math.Min(1, v/f.Max)) }
	var b strings.Builder
	for _, p := range points {
		fmt.Fprintf(&b, "%s,%s ", x(p.CostEUR), y(p.Points))
	}
	f.Line, f.BudgetX, f.BestX, f.BestY = strings.TrimSpace(b.String()), x(budget), x(cost), y(value)
	return f
}
