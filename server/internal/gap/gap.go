// Package gap gathers results into gaps: per recipient, site and capability, how many hosts of how many are
// affected, how severely, since when and how urgently.
//
// Everything here is a pure function of what the caller passes. A gap of a past date is the gap of that date's
// hosts and results; nothing is read from a clock or a store. Unknown is never counted as good or bad: a host
// that was not measured is counted as known and nothing else.
package gap

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
)

// DefaultFreshness is the age after which a host's results count as stale.
const DefaultFreshness = 30 * 24 * time.Hour

// Control is what must be known of a control to place its results.
type Control struct {
	ID, Family, Capability string
	Severity               assessment.Severity
	Legal                  bool // a duty of law: a gate, not points
	Automatable            bool // an attack on it can be automated
}

// Recipient is what must be known of a recipient to judge urgency.
type Recipient struct {
	ID     string
	Impact remedies.Impact // what its failure does to people; empty counts as medium
}

// Host is a host as the server knows it.
type Host struct {
	ID, Recipient, Site, Role string
	Exposure                  remedies.Exposure // empty: not known, counts as controlled
	LastMeasured              time.Time         // zero: never
}

// Result is the current state of one control on one host.
type Result struct {
	Control string
	Status  assessment.Status
	Since   time.Time // since when it fails; zero: since the last measurement. Ignored unless failing
	Waived  bool      // an assessor accepted the risk or marked a false positive: shown, not counted as affected
	// Exploited is what is known of attackers using it; empty: judged from the severity (see [Signal]).
	Exploited remedies.Exploitation
}

// Options holds what stays the same for all hosts. SSVC and Controls are required.
type Options struct {
	AsOf       time.Time
	Freshness  time.Duration // zero: [DefaultFreshness]
	Controls   []Control
	Recipients []Recipient
	SSVC       *remedies.SSVC
}

// Gap is one capability at one site of one recipient.
type Gap struct {
	Recipient  string `json:"recipient"`
	Site       string `json:"site"`
	Capability string `json:"capability"`
	// Known = Measured + NotApplicable + not measured. Affected hosts are among the measured ones.
	Known         int `json:"known_hosts"`
	Measured      int `json:"measured_hosts"`
	NotApplicable int `json:"not_applicable_hosts,omitzero"`
	Affected      int `json:"affected_hosts"`
	Waived        int `json:"waived_findings,omitzero"`
	Stale         int `json:"stale_hosts,omitzero"` // measured hosts whose results are older than the freshness
	// Oldest and Newest bound the measurements this gap rests on.
	Oldest time.Time `json:"oldest_measured_at,omitzero"`
	Newest time.Time `json:"newest_measured_at,omitzero"`
	Since  time.Time `json:"since,omitzero"` // of the oldest open finding
	// Findings counts open findings (hosts times controls) by severity.
	Findings map[assessment.Severity]int `json:"findings"`
	// Urgency is that of the most urgent finding; UrgencyHosts counts affected hosts by their most urgent one.
	Urgency      remedies.Urgency         `json:"urgency,omitzero"`
	UrgencyHosts map[remedies.Urgency]int `json:"urgency_hosts"`
	Legal        bool                     `json:"legal,omitzero"` // a duty of law is not met
	Controls     []ControlGap             `json:"controls"`
}

// Coverage is the share of known hosts to which the capability applies that were measured, 0 to 1; 1 when none is left to measure.
func (g *Gap) Coverage() float64 {
	n := g.Known - g.NotApplicable
	if n <= 0 {
		return 1
	}
	return float64(g.Measured) / float64(n)
}

// Share is affected of measured hosts, 0 to 1; 0 when none was measured.
func (g *Gap) Share() float64 {
	if g.Measured == 0 {
		return 0
	}
	return float64(g.Affected) / float64(g.Measured)
}

// ControlGap is one control within a gap.
type ControlGap struct {
	Control  string              `json:"control"`
	Family   string              `json:"family"`
	Severity assessment.Severity `json:"severity"`
	Legal    bool                `json:"legal,omitzero"`
	Affected int                 `json:"affected_hosts"`
	Measured int                 `json:"measured_hosts"` // pass or fail
	Waived   int                 `json:"waived,omitzero"`
	Since    time.Time           `json:"since,omitzero"`
	Urgency  remedies.Urgency    `json:"urgency,omitzero"`
	Row      SSVCRow             `json:"ssvc,omitzero"` // of the table that gave the urgency, of its most urgent host
	// Hosts are the numbers of the affected hosts in order of [Builder.Add], ascending: good for counting
	// distinct hosts over several controls, and for nothing else.
	Hosts []int32 `json:"-"`
}

// SSVCRow is one row of the table of SSVC: what went into an urgency.
type SSVCRow struct {
	Exploitation remedies.Exploitation `json:"exploitation"`
	Exposure     remedies.Exposure     `json:"exposure"`
	Automatable  bool                  `json:"automatable"`
	Impact       remedies.Impact       `json:"impact"`
}

// Share is affected of measured hosts, 0 to 1.
func (c *ControlGap) Share() float64 {
	if c.Measured == 0 {
		return 0
	}
	return float64(c.Affected) / float64(c.Measured)
}

// Signal is what a severity says of exploitation when nothing better is known: the conditions of critical controls
// are used by attackers as they find them, those of high ones have public instructions.
func Signal(s assessment.Severity) remedies.Exploitation {
	switch s {
	case assessment.Critical:
		return remedies.ActivelyUsed
	case assessment.High:
		return remedies.PublicPoC
	}
	return remedies.NoExploitation
}

// The controls that say what is known of attackers: the list of exploited vulnerabilities (KEV), and the decision that
// weighs their prediction (EPSS) as well.
const (
	knownExploited = "vulnerabilities.known_exploited"
	actNow         = "vulnerabilities.act_now"
)

// Exploited fills in what one host's results say of attackers: a vulnerability on the list of exploited ones is used; an
// urgent one on a host that has none of the list is one whose exploitation is predicted, which counts as public
// instructions. Where the list could not be compared, the severity speaks as for any other control.
func Exploited(results []Result) {
	listed := assessment.Unmeasured
	for i := range results {
		if results[i].Control == knownExploited {
			listed = results[i].Status
		}
	}
	for i := range results {
		switch r := &results[i]; {
		case r.Control == knownExploited:
			r.Exploited = remedies.ActivelyUsed
		case r.Control == actNow && listed == assessment.Fail:
			r.Exploited = remedies.ActivelyUsed
		case r.Control == actNow && listed == assessment.Pass:
			r.Exploited = remedies.PublicPoC
		}
	}
}

// Builder gathers hosts one by one, so that a server need not hold all results at once. Not safe for concurrent use.
type Builder struct {
	o        Options
	controls map[string]int // id → index in o.Controls
	capOf    []int          // control → index in caps
	caps     []string
	impact   map[string]remedies.Impact
	sites    map[siteKey]*site
	numbers  map[string]int32 // host id → its number
	places   []siteKey        // by number
}

type siteKey struct{ recipient, site string }

type site struct {
	known int
	areas []*area // by capability
}

type area struct {
	gap      Gap
	controls map[int]*ControlGap
}

// New returns an empty builder.
func New(o Options) *Builder {
	if o.Freshness == 0 {
		o.Freshness = DefaultFreshness
	}
	b := &Builder{
		o: o, controls: make(map[string]int, len(o.Controls)), impact: make(map[string]remedies.Impact, len(o.Recipients)),
		sites: map[siteKey]*site{}, numbers: map[string]int32{},
	}
	caps := map[string]int{}
	for i, c := range o.Controls {
		b.controls[c.ID] = i
		n, ok := caps[c.Capability]
		if !ok {
			n = len(b.caps)
			caps[c.Capability] = n
			b.caps = append(b.caps, c.Capability)
		}
		b.capOf = append(b.capOf, n)
	}
	for _, r := range o.Recipients {
		b.impact[r.ID] = r.Impact
	}
	return b
}

// seen is what one host's results say of one capability.
type seen struct {
	decided, undecided, notApplicable, affected bool
	urgency                                     remedies.Urgency
}

// Add counts a host with its current results. Results of controls the builder was not told of, and more than one
// result of a control, must not be passed: the former are ignored, the latter counted twice.
func (b *Builder) Add(h Host, results []Result) {
	k := siteKey{h.Recipient, h.Site}
	s := b.sites[k]
	if s == nil {
		s = &site{areas: make([]*area, len(b.caps))}
		b.sites[k] = s
	}
	s.known++
	number := int32(len(b.places))
	b.numbers[h.ID] = number
	b.places = append(b.places, k)
	state := make([]seen, len(b.caps))
	for i := range results {
		r := &results[i]
		c, ok := b.controls[r.Control]
		if !ok {
			continue
		}
		n := b.capOf[c]
		switch r.Status {
		case assessment.NotApplicable:
			state[n].notApplicable = true
		case assessment.Pass, assessment.Fail:
			state[n].decided = true
			if s.areas[n] == nil {
				s.areas[n] = newArea(h, b.caps[n])
			}
			b.count(s.areas[n], &state[n], c, h, r, number)
		default:
			state[n].undecided = true
		}
	}
	for n, st := range state {
		b.countHost(s, n, st, h)
	}
}

func newArea(h Host, capability string) *area {
	return &area{
		gap: Gap{
			Recipient: h.Recipient, Site: h.Site, Capability: capability,
			Findings: map[assessment.Severity]int{}, UrgencyHosts: map[remedies.Urgency]int{},
		},
		controls: map[int]*ControlGap{},
	}
}

// count enters one decided result.
func (b *Builder) count(a *area, st *seen, c int, h Host, r *Result, number int32) {
	ctl := &b.o.Controls[c]
	g := a.controls[c]
	if g == nil {
		g = &ControlGap{Control: ctl.ID, Family: ctl.Family, Severity: ctl.Severity, Legal: ctl.Legal}
		a.controls[c] = g
	}
	g.Measured++
	if r.Status != assessment.Fail {
		return
	}
	if r.Waived {
		g.Waived++
		a.gap.Waived++
		return
	}
	since := r.Since
	if since.IsZero() {
		since = h.LastMeasured
	}
	u, row := b.urgency(ctl, h, r)
	g.Affected++
	g.Hosts = append(g.Hosts, number)
	g.Since = earlier(g.Since, since)
	if g.Urgency == "" || u.Rank() > g.Urgency.Rank() {
		g.Urgency, g.Row = u, row
	}
	a.gap.Since = earlier(a.gap.Since, since)
	a.gap.Findings[ctl.Severity]++
	a.gap.Legal = a.gap.Legal || ctl.Legal
	st.affected = true
	st.urgency = moreUrgent(st.urgency, u)
}

// countHost enters what all results of a capability said of one host.
func (b *Builder) countHost(s *site, n int, st seen, h Host) {
	if !st.decided {
		if st.notApplicable && !st.undecided {
			if s.areas[n] == nil {
				s.areas[n] = newArea(h, b.caps[n])
			}
			s.areas[n].gap.NotApplicable++
		}
		return
	}
	g := &s.areas[n].gap
	g.Measured++
	g.Oldest = earlier(g.Oldest, h.LastMeasured)
	if h.LastMeasured.After(g.Newest) {
		g.Newest = h.LastMeasured
	}
	if b.o.AsOf.Sub(h.LastMeasured) > b.o.Freshness {
		g.Stale++
	}
	if st.affected {
		g.Affected++
		g.UrgencyHosts[st.urgency]++
		g.Urgency = moreUrgent(g.Urgency, st.urgency)
	}
}

func (b *Builder) urgency(c *Control, h Host, r *Result) (remedies.Urgency, SSVCRow) {
	exploited, exposure, impact := r.Exploited, h.Exposure, b.impact[h.Recipient]
	if exploited == "" {
		exploited = Signal(c.Severity)
	}
	if exposure == "" {
		exposure = remedies.Controlled
	}
	if impact == "" {
		impact = remedies.MediumImpact
	}
	return b.o.SSVC.Urgency(exploited, exposure, c.Automatable, impact), SSVCRow{exploited, exposure, c.Automatable, impact}
}

// Gaps returns the open gaps with their failing controls, ordered by recipient, site and capability.
func (b *Builder) Gaps() []Gap {
	var open []Gap
	for _, g := range b.Areas() {
		if g.Affected == 0 {
			continue
		}
		g.Controls = slices.DeleteFunc(g.Controls, func(c ControlGap) bool { return c.Affected == 0 })
		open = append(open, g)
	}
	return open
}

// Areas returns every capability that was looked at, those without an affected host and the passing controls
// included: what an effect is measured against.
func (b *Builder) Areas() []Gap {
	var out []Gap
	for _, s := range b.sites {
		for _, a := range s.areas {
			if a == nil {
				continue
			}
			g := a.gap
			g.Known = s.known
			g.Findings, g.UrgencyHosts = maps.Clone(g.Findings), maps.Clone(g.UrgencyHosts)
			g.Controls = make([]ControlGap, 0, len(a.controls))
			for _, c := range a.controls {
				g.Controls = append(g.Controls, *c)
			}
			slices.SortFunc(g.Controls, func(x, y ControlGap) int {
				return cmp.Or(cmp.Compare(y.Severity.Rank(), x.Severity.Rank()), cmp.Compare(x.Control, y.Control))
			})
			out = append(out, g)
		}
	}
	Sort(out)
	return out
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func moreUrgent(a, b remedies.Urgency) remedies.Urgency {
	if b.Rank() > a.Rank() {
		return b
	}
	return a
}
