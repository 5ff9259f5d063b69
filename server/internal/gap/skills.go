package gap

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
)

// Skills is the capability of the gaps that [Builder.Skills] finds.
const Skills = "skills"

// Management is the area of a pattern that is nobody's technical subject.
const Management = "management"

// The patterns that a missing skill leaves. Each is the first part of a pseudo-control's id, "pattern.area"; the area
// (its family) is the capability in which it was seen, or [Management].
const (
	Recurring  = "recurring"  // the same control fails again after it was mended, twice or more
	Latency    = "latency"    // updates wait for weeks although the tools to install them are in place
	Defaults   = "defaults"   // several controls of one area fail nearly everywhere, as if nothing was ever set
	Unassigned = "unassigned" // severe findings stay open for a month with nobody in charge
)

// Patterns lists all patterns in reading order.
var Patterns = []string{Recurring, Latency, Defaults, Unassigned}

// Bounds of the patterns.
const (
	recurringReopens = 2
	latencyAge       = 14 * 24 * time.Hour
	latencyTools     = 0.2 // at most this share of hosts lacks the tools
	defaultsShare    = 0.8 // of the measured hosts
	defaultsHosts    = 5
	defaultsControls = 3
	unassignedAge    = 30 * 24 * time.Hour
	unassignedHosts  = 3
)

// The controls from which latency is read: what waits, and whether the tool that would install it runs.
const (
	updatesWaiting = "updates.security_pending"
	updatesTool    = "updates.automatic"
)

// History is an open finding with what happened to it.
type History struct {
	Host, Control string
	Severity      assessment.Severity
	Opened        time.Time
	Reopens       int
	Handled       bool // assigned to somebody, or reviewed
}

// Skills reads from patterns in what was added which skills are missing where, and returns them as gaps of the
// capability [Skills]: one per recipient and site, whose pseudo-controls are the patterns. Findings of hosts that were
// not added are ignored. Call it after the last [Builder.Add].
func (b *Builder) Skills(findings []History) []Gap {
	f := skillFinder{b: b, sites: map[siteKey]*Gap{}, seen: map[patternKey]map[int32]time.Time{}}
	for i := range findings {
		f.history(&findings[i])
	}
	for k, s := range b.sites {
		for _, a := range s.areas {
			if a != nil {
				f.area(k, a)
			}
		}
	}
	return f.gaps()
}

type patternKey struct {
	site          siteKey
	pattern, area string
}

type skillFinder struct {
	b     *Builder
	sites map[siteKey]*Gap
	seen  map[patternKey]map[int32]time.Time // hosts that show a pattern, since when
}

func (f *skillFinder) note(k patternKey, host int32, since time.Time) {
	if f.seen[k] == nil {
		f.seen[k] = map[int32]time.Time{}
	}
	f.seen[k][host] = earlier(f.seen[k][host], since)
}

func (f *skillFinder) history(h *History) {
	number, ok := f.b.numbers[h.Host]
	c, known := f.b.controls[h.Control]
	if !ok || !known {
		return
	}
	site := f.b.places[number]
	if h.Reopens >= recurringReopens {
		f.note(patternKey{site, Recurring, f.b.o.Controls[c].Capability}, number, h.Opened)
	}
	if !h.Handled && h.Severity.Rank() >= assessment.High.Rank() && f.b.o.AsOf.Sub(h.Opened) > unassignedAge {
		f.note(patternKey{site, Unassigned, Management}, number, h.Opened)
	}
}

func (f *skillFinder) area(k siteKey, a *area) {
	var everywhere []*ControlGap
	var waiting, tool *ControlGap
	for _, c := range a.controls {
		if c.Measured >= defaultsHosts && c.Share() >= defaultsShare {
			everywhere = append(everywhere, c)
		}
		switch c.Control {
		case updatesWaiting:
			waiting = c
		case updatesTool:
			tool = c
		}
	}
	if len(everywhere) >= defaultsControls {
		for _, c := range everywhere {
			for _, h := range c.Hosts {
				f.note(patternKey{k, Defaults, a.gap.Capability}, h, c.Since)
			}
		}
	}
	if waiting != nil && tool != nil && waiting.Affected > 0 && tool.Measured > 0 && tool.Share() <= latencyTools &&
		f.b.o.AsOf.Sub(waiting.Since) > latencyAge {
		for _, h := range waiting.Hosts {
			f.note(patternKey{k, Latency, a.gap.Capability}, h, waiting.Since)
		}
	}
}

func (f *skillFinder) gaps() []Gap {
	for k, hosts := range f.seen {
		if k.pattern == Unassigned && len(hosts) < unassignedHosts {
			continue
		}
		g := f.gap(k.site)
		c := ControlGap{
			Control: k.pattern + "." + k.area, Family: k.area, Severity: assessment.Medium, Affected: len(hosts), Measured: max(g.Measured, len(hosts)),
			Urgency: f.b.o.SSVC.Urgency(remedies.NoExploitation, remedies.Controlled, false, f.impact(k.site.recipient)),
		}
		if k.pattern == Defaults || k.pattern == Unassigned {
			c.Severity = assessment.Low
		}
		for h, since := range hosts {
			c.Hosts = append(c.Hosts, h)
			c.Since = earlier(c.Since, since)
		}
		slices.Sort(c.Hosts)
		g.Controls = append(g.Controls, c)
		g.Since, g.Urgency = earlier(g.Since, c.Since), moreUrgent(g.Urgency, c.Urgency)
		g.Findings[c.Severity] += c.Affected
	}
	var out []Gap
	for _, g := range f.sites {
		all := map[int32]bool{}
		for _, c := range g.Controls {
			for _, h := range c.Hosts {
				all[h] = true
			}
		}
		g.Affected = len(all)
		g.Measured = max(g.Measured, g.Affected)
		g.UrgencyHosts[g.Urgency] = g.Affected
		slices.SortFunc(g.Controls, func(x, y ControlGap) int {
			return cmp.Or(cmp.Compare(y.Severity.Rank(), x.Severity.Rank()), cmp.Compare(x.Control, y.Control))
		})
		out = append(out, *g)
	}
	Sort(out)
	return out
}

func (f *skillFinder) impact(recipient string) remedies.Impact {
	if i := f.b.impact[recipient]; i != "" {
		return i
	}
	return remedies.MediumImpact
}

// gap makes the site's skills gap, which rests on every host that was measured for anything.
func (f *skillFinder) gap(k siteKey) *Gap {
	if g := f.sites[k]; g != nil {
		return g
	}
	s := f.b.sites[k]
	g := &Gap{
		Recipient: k.recipient, Site: k.site, Capability: Skills, Known: s.known,
		Findings: map[assessment.Severity]int{}, UrgencyHosts: map[remedies.Urgency]int{},
	}
	for _, a := range s.areas {
		if a != nil {
			g.Measured = max(g.Measured, a.gap.Measured)
			g.Stale = max(g.Stale, a.gap.Stale)
			g.Oldest = earlier(g.Oldest, a.gap.Oldest)
			if a.gap.Newest.After(g.Newest) {
				g.Newest = a.gap.Newest
			}
		}
	}
	f.sites[k] = g
	return g
}

// Sort orders gaps by recipient, site and capability, as package need wants them.
func Sort(list []Gap) {
	slices.SortFunc(list, func(x, y Gap) int {
		return cmp.Or(cmp.Compare(x.Recipient, y.Recipient), cmp.Compare(x.Site, y.Site), cmp.Compare(x.Capability, y.Capability))
	})
}

// PatternTitle says in both languages what a pattern is; ok is false for an id that is no "pattern.area".
func PatternTitle(control string) (t remedies.Text, ok bool) {
	pattern, _, _ := strings.Cut(control, ".")
	t, ok = patternTitles[pattern]
	return t, ok
}

var patternTitles = map[string]remedies.Text{
	Recurring:  {"uk": "Та сама вимога порушується знову після усунення", "en": "The same requirement fails again after it was mended"},
	Latency:    {"uk": "Оновлення чекають тижнями, хоча засоби встановлення працюють", "en": "Updates wait for weeks although the tools to install them run"},
	Defaults:   {"uk": "Налаштування майже всюди лишилися такими, як після встановлення", "en": "Settings are nearly everywhere as they were after installation"},
	Unassigned: {"uk": "Серйозні знахідки понад місяць не мають відповідального", "en": "Severe findings stay open for over a month with nobody in charge"},
}
