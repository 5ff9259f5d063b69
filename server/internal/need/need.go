// Package need turns gaps into needs: what would close them, how much of it, at what cost, for which line of
// effort and to what benefit.
//
// Everything is a pure function of [Input]. Equal inputs give equal bytes, and a run's id is the hash of its inputs,
// so that anyone can repeat a run. A need is judged in four steps that can be printed and added up by hand: coverage
// and freshness, the legal gate, urgency, and benefit as an interval. Steps and formulas: docs/spec/needs.md.
package need

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/gap"
)

// Schema names the JSON format of [Run].
const Schema = "vymir.needs/1"

// codeVersion is part of every run id; raise it when the same input gives other needs.
const codeVersion = 2

//go:embed weights.yaml
var weightsFile embed.FS

// Weights are the published factors of the benefit.
type Weights struct {
	Version     int                             `yaml:"version" json:"version"`
	Severity    map[assessment.Severity]float64 `yaml:"severity" json:"severity"`
	Criticality map[string]float64              `yaml:"criticality" json:"criticality"`
	Impact      map[string]remedies.Impact      `yaml:"impact" json:"impact"`
	LowCoverage float64                         `yaml:"low_coverage" json:"low_coverage"`
	// LegalControls and AutomatableFamilies qualify controls, see [Weights.Control].
	LegalControls       []string `yaml:"legal_controls" json:"legal_controls"`
	AutomatableFamilies []string `yaml:"automatable_families" json:"automatable_families"`
}

// DefaultWeights returns the built-in weights.
func DefaultWeights() (Weights, error) {
	var w Weights
	data, err := weightsFile.ReadFile("weights.yaml")
	if err != nil {
		return w, fmt.Errorf("read weights: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&w); err != nil {
		return w, fmt.Errorf("decode weights: %w", err)
	}
	return w, nil
}

// criticality is the factor of a category; an unknown one counts as none.
func (w *Weights) criticality(category string) float64 {
	if f, ok := w.Criticality[category]; ok {
		return f
	}
	return w.Criticality[""]
}

// ImpactOf is the SSVC human impact of a criticality category, for [gap.Recipient].
func (w *Weights) ImpactOf(category string) remedies.Impact {
	if i, ok := w.Impact[category]; ok {
		return i
	}
	return w.Impact[""]
}

// Control places a control for package gap: its family is the first part of its id.
func (w *Weights) Control(id, capability string, severity assessment.Severity) gap.Control {
	family, _, _ := strings.Cut(id, ".")
	return gap.Control{
		ID: id, Family: family, Capability: capability, Severity: severity,
		Legal: slices.Contains(w.LegalControls, id), Automatable: slices.Contains(w.AutomatableFamilies, family),
	}
}

// Recipient is what sizes a recipient's needs.
type Recipient struct {
	ID          string `json:"id"`
	Criticality string `json:"criticality"` // category of critical infrastructure "1" to "4"; empty: none
	Users       int    `json:"users"`       // people working there; 0: not stated
	Admins      int    `json:"admins"`      // administrators; 0: not stated
}

// Input is all a run depends on. Gaps come from one [gap.Builder], since their host numbers are compared.
type Input struct {
	AsOf       time.Time
	Recipients []Recipient
	Gaps       []gap.Gap
	Remedies   *remedies.Set
	Weights    Weights
}

// Interval is a careful, a middle and a hopeful value.
type Interval struct {
	Low  float64 `json:"low"`
	Mid  float64 `json:"mid"`
	High float64 `json:"high"`
}

// Money is a range in EUR without VAT.
type Money struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Mid is the middle of the range.
func (m Money) Mid() float64 { return (m.Low + m.High) / 2 }

// Run is the outcome of one computation.
type Run struct {
	Schema  string    `json:"schema"`
	ID      string    `json:"run"` // hash of all inputs: equal ids, equal bytes
	AsOf    time.Time `json:"as_of"`
	Weights Weights   `json:"weights"`
	Catalog string    `json:"remedies_digest"`
	Needs   []Need    `json:"needs"` // by rank

	in *Input
}

// Need is what would close a gap, or several, of one recipient.
type Need struct {
	ID           string        `json:"id"` // stable for recipient and remedy over all runs
	Recipient    string        `json:"recipient"`
	Remedy       string        `json:"remedy"`
	Kind         remedies.Kind `json:"kind"`
	Title        remedies.Text `json:"title"`
	Text         remedies.Text `json:"text"`
	Capability   string        `json:"capability"` // where it brings most
	Capabilities []string      `json:"capabilities"`
	Sites        []string      `json:"sites"`
	Quantity     int           `json:"quantity"`
	Unit         remedies.Text `json:"unit"`
	// SizeUnknown says that the recipient has not stated its users or administrators: they are guessed from the number
	// of hosts, and the need ranks behind those of its class whose size is known.
	SizeUnknown bool           `json:"size_unknown,omitzero"`
	Basis       remedies.Basis `json:"basis"`
	BasisCount  int            `json:"basis_count"`
	Cost        Money          `json:"cost_eur"`
	CostYear    int            `json:"cost_year"`
	CostSource  string         `json:"cost_source"`
	RunCost     Money          `json:"run_cost_eur_per_year"`
	LeadWeeks   Money          `json:"lead_weeks"`
	Line        remedies.Line  `json:"line_of_effort"`
	LineReason  remedies.Text  `json:"line_reason"`
	Requires    []string       `json:"requires,omitzero"` // remedies to have or fund first
	DK021       string         `json:"dk021,omitzero"`
	Limits      remedies.Text  `json:"limits,omitzero"`
	ECSF        string         `json:"ecsf_role,omitzero"`
	Measurable  bool           `json:"machine_verifiable"`

	Coverage    Coverage         `json:"coverage"`
	Legal       bool             `json:"legal"`
	Urgency     remedies.Urgency `json:"urgency"`
	Benefit     Interval         `json:"benefit_points"`          // alone
	Added       Interval         `json:"added_points"`            // after the better ranked needs of the recipient
	PerThousand Interval         `json:"points_per_thousand_eur"` // of Benefit
	Since       time.Time        `json:"since,omitzero"`
	Rank        int              `json:"rank"` // from 1, over the whole run
	Controls    []string         `json:"controls"`

	terms []term
}

// Coverage is the first step: what the need rests on.
type Coverage struct {
	Affected int       `json:"affected_hosts"` // different hosts, over all sites and controls behind the need
	Measured int       `json:"measured_hosts"`
	Known    int       `json:"known_hosts"`
	Stale    int       `json:"stale_hosts,omitzero"`
	Percent  float64   `json:"percent"` // measured of known
	Oldest   time.Time `json:"oldest_measured_at,omitzero"`
	Newest   time.Time `json:"newest_measured_at,omitzero"`
	Low      bool      `json:"low,omitzero"` // below Weights.LowCoverage: rests on too little
}

// term is one control of one gap that the need mends.
type term struct {
	gap, control int // indices in Input.Gaps and its Controls
	effect       remedies.Effectiveness
}

// Compute derives the needs. It does not keep or change the input's slices beyond the life of the run.
func Compute(in Input) (*Run, error) {
	if in.Remedies == nil {
		return nil, fmt.Errorf("compute needs: no remedies given")
	}
	id, err := runID(&in)
	if err != nil {
		return nil, err
	}
	r := &Run{Schema: Schema, ID: id, AsOf: in.AsOf, Weights: in.Weights, Catalog: in.Remedies.Digest, Needs: []Need{}, in: &in}
	sizes := map[string]Recipient{}
	for _, s := range in.Recipients {
		sizes[s.ID] = s
	}
	c := newComputer(&in)
	for from := 0; from < len(in.Gaps); {
		to := from + 1
		for to < len(in.Gaps) && in.Gaps[to].Recipient == in.Gaps[from].Recipient {
			to++
		}
		size, ok := sizes[in.Gaps[from].Recipient]
		if !ok {
			size.ID = in.Gaps[from].Recipient
		}
		r.Needs = append(r.Needs, c.recipient(size, from, to)...)
		from = to
	}
	r.rank()
	return r, nil
}

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
func (c *computer) recipient(size Recipient, from, to int) []Need {
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
		if n, ok := c.need(size, m, terms); ok {
			out = append(out, n)
		}
	}
	return out
}

func (c *computer) need(size Recipient, m *remedies.Remedy, terms []term) (Need, bool) {
	n := Need{
		ID: ID(size.ID, m.ID), Recipient: size.ID, Remedy: m.ID, Kind: m.Kind, Title: m.Title, Text: m.Text, Unit: m.Unit,
		CostYear: m.Cost.Year, CostSource: m.Cost.Source, LeadWeeks: Money(m.LeadWeeks), Line: m.Line, LineReason: m.Why,
		Requires: m.Requires, DK021: m.DK021, Limits: m.Limits, ECSF: m.ECSF, Measurable: !m.NoMeasure, Basis: m.Size.Per,
		terms: terms,
	}
	c.cover(&n)
	if n.Coverage.Affected < m.When.MinAffected || len(n.Controls) < m.When.MinControls ||
		n.Coverage.Measured > 0 && float64(n.Coverage.Affected)/float64(n.Coverage.Measured) < m.When.MinShare {
		return Need{}, false
	}
	n.size(size, m)
	n.Cost = Money{m.Cost.Low * float64(n.Quantity), m.Cost.High * float64(n.Quantity)}
	n.RunCost = Money{m.RunCost.Low * float64(n.Quantity), m.RunCost.High * float64(n.Quantity)}
	c.benefit(&n, size)
	n.PerThousand = Interval{
		round(1000 * n.Benefit.Low / n.Cost.High), round(1000 * n.Benefit.Mid / n.Cost.Mid()), round(1000 * n.Benefit.High / n.Cost.Low),
	}
	return n, true
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
	for _, t := range n.terms {
		g := &c.in.Gaps[t.gap]
		p := points(&c.in.Weights, r, g, &g.Controls[t.control])
		n.Benefit.Low += p * t.effect.Low
		n.Benefit.Mid += p * t.effect.Mid
		n.Benefit.High += p * t.effect.High
		byCap[g.Capability] += p * t.effect.Mid
	}
	n.Benefit = n.Benefit.round()
	best := -1.0
	for _, k := range n.Capabilities {
		if byCap[k] > best {
			best, n.Capability = byCap[k], k
		}
	}
}

// rank orders the needs: duties of law first, then urgency, then needs of known size, then points per
// thousand euro; then it computes what
// each adds to the better ranked ones of the same recipient.
func (r *Run) rank() {
	slices.SortFunc(r.Needs, func(a, b Need) int {
		return cmp.Or(
			-compareBool(a.Legal, b.Legal),
			cmp.Compare(b.Urgency.Rank(), a.Urgency.Rank()),
			compareBool(a.SizeUnknown, b.SizeUnknown),
			cmp.Compare(b.PerThousand.Mid, a.PerThousand.Mid),
			cmp.Compare(a.ID, b.ID),
		)
	})
	left := residual{}
	for i := range r.Needs {
		r.Needs[i].Rank = i + 1
		r.Needs[i].Added = r.take(left, &r.Needs[i])
	}
}

// residual holds, per control of a gap, the share of its points that is left: low for the careful effects, and so on.
type residual map[[2]int]Interval

// take lets a need work on what is left and returns the points it removed.
func (r *Run) take(left residual, n *Need) Interval {
	var got Interval
	w := &r.in.Weights
	for _, t := range n.terms {
		k := [2]int{t.gap, t.control}
		rest, ok := left[k]
		if !ok {
			rest = Interval{1, 1, 1}
		}
		g := &r.in.Gaps[t.gap]
		p := points(w, r.recipient(n.Recipient), g, &g.Controls[t.control])
		got.Low += p * rest.Low * t.effect.Low
		got.Mid += p * rest.Mid * t.effect.Mid
		got.High += p * rest.High * t.effect.High
		left[k] = Interval{rest.Low * (1 - t.effect.Low), rest.Mid * (1 - t.effect.Mid), rest.High * (1 - t.effect.High)}
	}
	return got.round()
}

func (r *Run) recipient(id string) Recipient {
	i, ok := slices.BinarySearchFunc(r.in.Recipients, id, func(x Recipient, id string) int { return cmp.Compare(x.ID, id) })
	if !ok {
		return Recipient{ID: id}
	}
	return r.in.Recipients[i]
}

// Together is the benefit of several needs as a set: what is left of each control is the product of (1 - effect) over
// all of them, so that nothing is counted twice. Unknown ids count nothing.
func (r *Run) Together(ids ...string) Interval {
	left := residual{}
	var sum Interval
	for i := range r.Needs {
		if slices.Contains(ids, r.Needs[i].ID) {
			got := r.take(left, &r.Needs[i])
			sum = Interval{sum.Low + got.Low, sum.Mid + got.Mid, sum.High + got.High}
		}
	}
	return sum.round()
}

// Only returns the run with the needs that keep accepts; ranks and id stay those of the whole run.
func (r *Run) Only(keep func(*Need) bool) *Run {
	out := *r
	out.Needs = []Need{}
	for i := range r.Needs {
		if keep(&r.Needs[i]) {
			out.Needs = append(out.Needs, r.Needs[i])
		}
	}
	return &out
}

// Find returns the need with id.
func (r *Run) Find(id string) (*Need, bool) {
	i := slices.IndexFunc(r.Needs, func(n Need) bool { return n.ID == id })
	if i < 0 {
		return nil, false
	}
	return &r.Needs[i], true
}

// ID is the id of the need of a recipient for a remedy: the same in every run.
func ID(recipient, remedy string) string {
	h := sha256.Sum256([]byte(recipient + "\x00" + remedy))
	return "n-" + hex.EncodeToString(h[:8])
}

// runID hashes everything that the needs depend on. It sorts the recipients of in, on a copy.
func runID(in *Input) (string, error) {
	in.Recipients = slices.Clone(in.Recipients)
	slices.SortFunc(in.Recipients, func(a, b Recipient) int { return cmp.Compare(a.ID, b.ID) })
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, part := range []any{codeVersion, in.AsOf.UTC(), in.Weights, in.Remedies.Digest, in.Recipients} {
		if err := enc.Encode(part); err != nil {
			return "", fmt.Errorf("hash input: %w", err)
		}
	}
	var buf []byte
	for i := range in.Gaps {
		if i > 0 && in.Gaps[i].Recipient < in.Gaps[i-1].Recipient {
			return "", fmt.Errorf("compute needs: gaps are not ordered by recipient")
		}
		if err := enc.Encode(&in.Gaps[i]); err != nil {
			return "", fmt.Errorf("hash gap: %w", err)
		}
		for _, c := range in.Gaps[i].Controls {
			buf = buf[:0]
			for _, n := range c.Hosts {
				buf = binary.LittleEndian.AppendUint32(buf, uint32(n))
			}
			h.Write(buf)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:32], nil
}

func (i Interval) round() Interval { return Interval{round(i.Low), round(i.Mid), round(i.High)} }

// round keeps three decimals, so that a printed sum is the sum that was made.
func round(f float64) float64 { return math.Round(f*1000) / 1000 }

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
