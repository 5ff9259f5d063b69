package need

import (
	"math"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/gap"
)

// computer holds what is reused from need to need.
type computer struct {
	in    *Input
	seen  []int32 // host number → the need that saw it last
	epoch int32
}

func newComputer(in *Input) *computer {
	hosts := int32(0)
	for _, g := range in.Gaps {
		for _, c := range g.Controls {
			if n := len(c.Hosts); n > 0 {
				hosts = max(hosts, c.Hosts[n-1]+1)
			}
		}
	}
	return &computer{in: in, seen: make([]int32, hosts)}
}

// recipient derives the needs of one recipient, whose gaps are in.Gaps[from:to].
func (c *computer) recipient(size Recipient, shape Shape, from, to int) []Need {
	var out []Need
	for i := range c.in.Remedies.Remedies {
		m := &c.in.Remedies.Remedies[i]
		var terms []term
		for g := from; g < to; g++ {
			for k := range c.in.Gaps[g].Controls {
				ctl := &c.in.Gaps[g].Controls[k]
				if ctl.Affected == 0 {
					continue
				}
				if e, ok := m.On(c.in.Gaps[g].Capability, ctl.Family, ctl.Control); ok {
					terms = append(terms, term{g, k, e})
				}
			}
		}
		if len(terms) == 0 {
			continue
		}
		all := c.came(ID(size.ID, m.ID))
		whole := c.need(all, size, m, terms)
		if !whole.worth(m) {
			continue
		}
		ids, groups := c.divide(all, terms, shape.Splits)
		if len(ids) == 1 || !whole.Splittable() {
			c.finish(&whole, size, shape)
			out = append(out, whole)
			continue
		}
		for i, part := range ids {
			if len(groups[i]) == 0 {
				continue
			}
			n := c.need(part, size, m, groups[i])
			if i > 0 {
				n.PartOf = whole.ID
			}
			c.finish(&n, size, shape)
			out = append(out, n)
		}
	}
	return c.merge(size, out, shape.Merges)
}

// line is every id that a need has had, first to last, and the help after which it came back; nil: it never did.
type line struct {
	ids  []string
	lost *Lost
}

// came follows the help that lost its effect from a need's first id to the id it has now.
func (c *computer) came(id string) line {
	l := line{ids: []string{id}}
	for i := range c.in.Lost { // oldest first, so that one pass follows the chain
		if x := &c.in.Lost[i]; x.Need == id {
			id = ReturnedID(id, x.Pledge)
			l.ids, l.lost = append(l.ids, id), x
		}
	}
	return l
}

// need makes a need of its terms: what it rests on, how much of it and at what cost.
func (c *computer) need(as line, size Recipient, m *remedies.Remedy, terms []term) Need {
	n := Need{
		ID: as.ids[len(as.ids)-1], was: as.ids, Returned: as.lost, Recipient: size.ID, Remedy: m.ID, Kind: m.Kind, Title: m.Title, Text: m.Text, Unit: m.Unit,
		CostYear: m.Cost.Year, CostSource: m.Cost.Source, LeadWeeks: Money(m.LeadWeeks), Line: m.Line, LineReason: m.Why,
		Requires: m.Requires, DK021: m.DK021, Limits: m.Limits, ECSF: m.ECSF, Measurable: !m.NoMeasure, Basis: m.Size.Per,
		terms: terms,
	}
	c.cover(&n)
	n.size(size, m)
	n.Cost = Money{m.Cost.Low * float64(n.Quantity), m.Cost.High * float64(n.Quantity)}
	n.RunCost = Money{m.RunCost.Low * float64(n.Quantity), m.RunCost.High * float64(n.Quantity)}
	return n
}

// worth reports whether enough is affected for the remedy to make sense.
func (n *Need) worth(m *remedies.Remedy) bool {
	return n.Coverage.Affected >= m.When.MinAffected && len(n.Controls) >= m.When.MinControls &&
		(n.Coverage.Measured == 0 || float64(n.Coverage.Affected)/float64(n.Coverage.Measured) >= m.When.MinShare)
}

// finish takes up the recipient's own figures and judges the need.
func (c *computer) finish(n *Need, size Recipient, shape Shape) {
	n.own(shape.Own)
	c.judge(n, size)
}

// judge fills in the benefit and its ratio to the cost.
func (c *computer) judge(n *Need, size Recipient) {
	c.benefit(n, size)
	n.PerThousand = Interval{
		round(1000 * n.Benefit.Low / n.Cost.High), round(1000 * n.Benefit.Mid / n.Cost.Mid()), round(1000 * n.Benefit.High / n.Cost.Low),
	}
}

// cover fills in what the need rests on: hosts, sites, controls, urgency and the gate.
func (c *computer) cover(n *Need) {
	c.epoch++
	type siteCount struct{ known, measured, stale int }
	sites := map[string]siteCount{}
	controls := map[string]bool{}
	caps := map[string]bool{}
	for _, t := range n.terms {
		g := &c.in.Gaps[t.gap]
		ctl := &g.Controls[t.control]
		controls[ctl.Control], caps[g.Capability] = true, true
		s := sites[g.Site]
		sites[g.Site] = siteCount{max(s.known, g.Known), max(s.measured, g.Measured), max(s.stale, g.Stale)}
		for _, h := range ctl.Hosts {
			if c.seen[h] != c.epoch {
				c.seen[h] = c.epoch
				n.Coverage.Affected++
			}
		}
		n.Coverage.Oldest, n.Since = earlier(n.Coverage.Oldest, g.Oldest), earlier(n.Since, ctl.Since)
		if g.Newest.After(n.Coverage.Newest) {
			n.Coverage.Newest = g.Newest
		}
		if ctl.Urgency.Rank() > n.Urgency.Rank() {
			n.Urgency = ctl.Urgency
		}
		n.Legal = n.Legal || ctl.Legal
	}
	for _, s := range sites {
		n.Coverage.Known += s.known
		n.Coverage.Measured += s.measured
		n.Coverage.Stale += s.stale
	}
	n.Sites, n.Controls, n.Capabilities = keys(sites), keys(controls), keys(caps)
	if n.Coverage.Known > 0 {
		share := float64(n.Coverage.Measured) / float64(n.Coverage.Known)
		n.Coverage.Percent = math.Round(1000*share) / 10
		n.Coverage.Low = share < c.in.Weights.LowCoverage
	}
}

// hostsPerAdmin guesses how many hosts one administrator runs, where nobody said.
const hostsPerAdmin = 50

// size applies the sizing rule.
func (n *Need) size(r Recipient, m *remedies.Remedy) {
	switch m.Size.Per {
	case remedies.PerAffectedHost:
		n.BasisCount = n.Coverage.Affected
	case remedies.PerKnownHost:
		n.BasisCount = n.Coverage.Known
	case remedies.PerAffectedSite:
		n.BasisCount = len(n.Sites)
	case remedies.PerUser:
		if n.BasisCount = r.Users; r.Users == 0 {
			n.BasisCount, n.SizeUnknown = max(n.Coverage.Known, 1), true // somebody sits at most hosts
		}
	case remedies.PerAdmin:
		if n.BasisCount = r.Admins; r.Admins == 0 {
			n.BasisCount, n.SizeUnknown = (n.Coverage.Known+hostsPerAdmin-1)/hostsPerAdmin, true
		}
	default:
		n.BasisCount = 1
	}
	n.Quantity = Quantity(n.BasisCount, m.Size)
}

// Quantity turns a count into a number of units by the rule.
func Quantity(count int, s remedies.Sizing) int {
	per := s.OneFor
	if per == 0 {
		per = 1
	}
	q := math.Ceil(float64(count)/per - 1e-9)
	q += math.Ceil(q*s.SparePercent/100 - 1e-9)
	return max(int(q), s.AtLeast, 1)
}

// points is the weight of one control's failure at one site: severity times criticality times affected share
// times reach.
func points(w *Weights, r Recipient, g *gap.Gap, c *gap.ControlGap) float64 {
	return w.Severity[c.Severity] * w.criticality(r.Criticality) * c.Share() * Reach(c.Affected)
}

// Reach grows with the number of affected hosts, ever more slowly: log2(1 + n). One host counts 1, three count 2.
func Reach(hosts int) float64 { return math.Log2(1 + float64(hosts)) }

func (c *computer) benefit(n *Need, r Recipient) {
	byCap := map[string]float64{}
	n.each(func(t *term, effect Interval) {
		g := &c.in.Gaps[t.gap]
		p := points(&c.in.Weights, r, g, &g.Controls[t.control])
		n.Benefit.Low += p * effect.Low
		n.Benefit.Mid += p * effect.Mid
		n.Benefit.High += p * effect.High
		byCap[g.Capability] += p * effect.Mid
	})
	n.Benefit = n.Benefit.round()
	best := -1.0
	for _, k := range n.Capabilities {
		if byCap[k] > best {
			best, n.Capability = byCap[k], k
		}
	}
}
