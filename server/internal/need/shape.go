package need

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/policies/remedies"
)

// Shape is how a recipient arranged its needs: which it split, which it merged, and its own figures. It changes what is
// asked for and never what was measured. The zero Shape changes nothing.
type Shape struct {
	Recipient string  `json:"recipient"`
	Version   int     `json:"version"` // from 1; every change makes a new one
	Splits    []Split `json:"splits,omitzero"`
	Merges    []Merge `json:"merges,omitzero"`
	Own       []Own   `json:"own,omitzero"`
}

// Split lets some sites of a need stand as a need of their own, whose id is [PartID]. The other sites stay with the
// need, and so does a site that comes later.
type Split struct {
	Need  string   `json:"need"`
	Sites []string `json:"sites"` // sorted
}

// Merge lets one need take up another of the same recipient: both are asked for together and count once.
type Merge struct {
	Into string `json:"into"`
	From string `json:"from"`
}

// Own is what a recipient states in place of derived figures. A zero Quantity or UnitCost keeps the derived one.
type Own struct {
	Need     string        `json:"need"`
	Quantity int           `json:"quantity,omitzero"`
	UnitCost Money         `json:"unit_cost_eur,omitzero"`
	Why      remedies.Text `json:"why,omitzero"` // the justification; the recipient's and the assessor's, never a donor's
}

// OwnFigures are an [Own] as it was taken up, beside what was derived.
type OwnFigures struct {
	Own
	DerivedQuantity int   `json:"derived_quantity"`
	DerivedCost     Money `json:"derived_cost_eur"`
}

// Part is a need that was merged into another one.
type Part struct {
	Need     string        `json:"need"`
	Remedy   string        `json:"remedy"`
	Kind     remedies.Kind `json:"kind"`
	Title    remedies.Text `json:"title"`
	Quantity int           `json:"quantity"`
	Unit     remedies.Text `json:"unit"`
	Cost     Money         `json:"cost_eur"`
}

// PartID is the id of the need that sites of a need make when they are split off.
func PartID(need string, sites []string) string {
	h := sha256.Sum256([]byte(need + "\x00" + strings.Join(sites, "\x00")))
	return "n-" + hex.EncodeToString(h[:8])
}

// Splittable reports whether sites can be split off: there are several, and the quantity follows from hosts or sites,
// so that the parts add up to the whole.
func (n *Need) Splittable() bool {
	counted := []remedies.Basis{remedies.PerAffectedHost, remedies.PerKnownHost, remedies.PerAffectedSite}
	return len(n.Sites) > 1 && len(n.parts) == 0 && slices.Contains(counted, n.Basis)
}

// Parts are the needs that a merged need is made of, itself first; a need that nothing was merged into is its only part.
// Do not change what they point to.
func (n *Need) Parts() []Need {
	if len(n.parts) == 0 {
		return []Need{*n}
	}
	return n.parts
}

// divide sorts the terms of a whole need by the parts it was split into, the rest first. A split holds when the need comes
// back: its sites are as far apart as before.
func (c *computer) divide(whole line, terms []term, splits []Split) (ids []line, groups [][]term) {
	ids, groups = []line{whole}, [][]term{nil}
	var apart [][]string
	for _, s := range splits {
		if !slices.Contains(whole.ids, s.Need) {
			continue
		}
		part := c.came(PartID(s.Need, s.Sites))
		if part.lost == nil || whole.lost != nil && whole.lost.At.After(part.lost.At) {
			part.lost = whole.lost // help for the whole was for its sites too
		}
		ids, groups, apart = append(ids, part), append(groups, nil), append(apart, s.Sites)
	}
	for _, t := range terms {
		site := c.in.Gaps[t.gap].Site
		g := 1 + slices.IndexFunc(apart, func(sites []string) bool { return slices.Contains(sites, site) })
		groups[g] = append(groups[g], t)
	}
	return ids, groups
}

// stated finds what the recipient stated of the need, last of all under the id it has now. Of what was stated before it
// came back a quantity no longer holds, as so much was delivered since; what a unit costs does.
func (n *Need) stated(list []Own) (Own, bool) {
	for k := len(n.was) - 1; k >= 0; k-- {
		i := slices.IndexFunc(list, func(o Own) bool { return o.Need == n.was[k] })
		if i < 0 {
			continue
		}
		o := list[i]
		if o.Need != n.ID {
			o.Quantity = 0
		}
		return o, o.Quantity > 0 || o.UnitCost.High > 0
	}
	return Own{}, false
}

// own takes up the recipient's own figures.
func (n *Need) own(list []Own) {
	o, ok := n.stated(list)
	if !ok {
		return
	}
	n.Own = &OwnFigures{Own: o, DerivedQuantity: n.Quantity, DerivedCost: n.Cost}
	scale := func(m Money, from, to int) Money {
		f := float64(to) / float64(max(from, 1))
		return Money{m.Low * f, m.High * f}
	}
	if q := o.Quantity; q > 0 {
		n.Cost, n.RunCost, n.Quantity = scale(n.Cost, n.Quantity, q), scale(n.RunCost, n.Quantity, q), q
		n.SizeUnknown = false // somebody who knows has said it
	}
	if u := o.UnitCost; u.High > 0 {
		q := float64(n.Quantity)
		n.Cost, n.CostSource = Money{u.Low * q, u.High * q}, "recipient"
	}
}

// merge joins the needs of one recipient as its shape says. A merge of a need that is not there waits.
func (c *computer) merge(size Recipient, needs []Need, merges []Merge) []Need {
	for _, m := range merges {
		into := slices.IndexFunc(needs, func(n Need) bool { return n.Was(m.Into) })
		from := slices.IndexFunc(needs, func(n Need) bool { return n.Was(m.From) })
		if into < 0 || from < 0 || into == from {
			continue
		}
		needs[into] = c.join(size, needs[into], needs[from])
		needs = slices.Delete(needs, from, from+1)
	}
	return needs
}

// join makes one need of two. What it rests on, its urgency and its gate follow from both; on a control that both mend,
// the second works on what the first leaves.
func (c *computer) join(size Recipient, a, b Need) Need {
	n := a
	n.parts = slices.Concat(a.Parts(), b.Parts())
	n.terms = slices.Concat(a.terms, b.terms)
	n.Includes = nil
	for _, p := range n.parts[1:] {
		n.Includes = append(n.Includes, Part{p.ID, p.Remedy, p.Kind, p.Title, p.Quantity, p.Unit, p.Cost})
	}
	n.Cost = Money{a.Cost.Low + b.Cost.Low, a.Cost.High + b.Cost.High}
	n.RunCost = Money{a.RunCost.Low + b.RunCost.Low, a.RunCost.High + b.RunCost.High}
	n.LeadWeeks = Money{max(a.LeadWeeks.Low, b.LeadWeeks.Low), max(a.LeadWeeks.High, b.LeadWeeks.High)}
	n.Measurable, n.SizeUnknown = a.Measurable || b.Measurable, a.SizeUnknown || b.SizeUnknown
	n.Requires = nil
	for _, r := range slices.Concat(a.Requires, b.Requires) {
		inside := slices.ContainsFunc(n.parts, func(p Need) bool { return p.Remedy == r })
		if !inside && !slices.Contains(n.Requires, r) {
			n.Requires = append(n.Requires, r)
		}
	}
	n.Coverage, n.Benefit = Coverage{}, Interval{}
	n.Urgency, n.Legal = "", false
	c.cover(&n)
	c.judge(&n, size)
	return n
}

// each calls f for every term with what the terms before it leave of the same control: all of it, unless needs were merged.
func (n *Need) each(f func(t *term, effect Interval)) {
	var left residual
	if len(n.parts) > 0 {
		left = residual{}
	}
	for i := range n.terms {
		t := &n.terms[i]
		effect := Interval{t.effect.Low, t.effect.Mid, t.effect.High}
		if left != nil {
			k := [2]int{t.gap, t.control}
			rest, ok := left[k]
			if !ok {
				rest = Interval{1, 1, 1}
			}
			left[k] = Interval{rest.Low * (1 - effect.Low), rest.Mid * (1 - effect.Mid), rest.High * (1 - effect.High)}
			effect = Interval{rest.Low * effect.Low, rest.Mid * effect.Mid, rest.High * effect.High}
		}
		f(t, effect)
	}
}
