package web

import (
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/gap"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

type effectLine struct {
	catalogue.EffectReport
	RecipientName, Donor string
}

type effectsData struct {
	Effects  []effectLine
	Several  bool
	Verified int
	Regress  int
	EUR      float64 // committed or further
}

// effects lists what help changed, measured: newest commitment first.
func (s *server) effects(q *request) error {
	list, err := q.effectLines()
	if err != nil {
		return err
	}
	names, err := q.recipientNames(access.EffectRead)
	if err != nil {
		return err
	}
	d := effectsData{Effects: list, Several: len(names) > 1}
	for _, e := range list {
		switch e.Pledge.State {
		case catalogue.Verified, catalogue.Sustained:
			d.Verified++
		case catalogue.Regressed:
			d.Regress++
		}
		if e.Pledge.State != catalogue.Cancelled {
			d.EUR += e.Pledge.AmountEUR
		}
	}
	return q.show("effects", q.loc.text("effects.title"), d)
}

func (q *request) effectLines() ([]effectLine, error) {
	names, err := q.recipientNames(access.EffectRead)
	if err != nil {
		return nil, err
	}
	donors, err := q.donorNames()
	if err != nil {
		return nil, err
	}
	var out []effectLine
	for _, id := range sortedKeys(names) {
		list, err := q.s.catalogue.Effects(q.Context(), q.actor, id)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			out = append(out, effectLine{e, names[id], donors[e.Pledge.DonorID]})
		}
	}
	slices.SortStableFunc(out, func(x, y effectLine) int { return y.Pledge.Committed.Compare(x.Pledge.Committed) })
	return out, nil
}

type controlChange struct {
	Title         string
	Before, After catalogue.ControlMeasure
}

type stepLine struct {
	store.PledgeEvent
	Days int // since the event before
}

type dayLine struct {
	At       time.Time
	Findings int
	Measured int
}

type effectData struct {
	effectLine
	Controls []controlChange
	Events   []stepLine
	Days     []dayLine
	Most     float64 // findings, of any day
	Lessons  []string
	Other    string // lessons in the other language
	Newest   *catalogue.Measurement
	Again    []*need.Need // that came back after the effect was lost
}

// effect shows one delivery: its way, what was open before and is open now, and what it taught. It prints.
func (s *server) effect(q *request) error {
	list, err := q.effectLines()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(e effectLine) bool { return e.Pledge.ID == q.PathValue("id") })
	if i < 0 {
		return store.ErrNotFound
	}
	d := effectData{effectLine: list[i], Lessons: strings.Split(strings.TrimSpace(list[i].EffectReport.Lessons(q.loc.lang)), "\n"),
		Other: list[i].EffectReport.Lessons(otherLanguage(q.loc.lang))}
	var last time.Time
	for _, e := range d.EffectReport.Events {
		line := stepLine{PledgeEvent: e}
		if !last.IsZero() {
			line.Days = int(e.At.Sub(last).Hours() / 24)
		}
		last = e.At
		d.Events = append(d.Events, line)
	}
	if n := len(d.After); n > 0 {
		d.Newest = &d.After[n-1]
	}
	d.compare(q.loc.lang)
	run, err := s.catalogue.Needs(q.Context(), q.actor, d.Pledge.RecipientID)
	if err != nil {
		return err
	}
	for i := range run.Needs {
		if n := &run.Needs[i]; n.Returned != nil && n.Returned.Pledge == d.Pledge.ID {
			d.Again = append(d.Again, n)
		}
	}
	return q.show("effect", d.Text.Title.In(q.loc.lang), d)
}

// maxDays bounds how many measurements stand on the page; of more, every so many is shown.
const maxDays = 24

func (d *effectData) compare(lang string) {
	if !d.Verifiable {
		return
	}
	d.Most = float64(d.Before.Findings)
	step := 1 + len(d.After)/maxDays
	for i, m := range d.After {
		d.Most = max(d.Most, float64(m.Findings))
		if i%step == 0 || i == len(d.After)-1 {
			d.Days = append(d.Days, dayLine{m.At, m.Findings, m.Measured})
		}
	}
	for _, b := range d.Before.Controls {
		c := controlChange{Title: controlTitle(lang, b.Control), Before: b}
		if d.Newest != nil {
			for _, a := range d.Newest.Controls {
				if a.Control == b.Control {
					c.After = a
				}
			}
		}
		d.Controls = append(d.Controls, c)
	}
}

// controlTitle names a control or a pattern that a missing skill leaves; one that nothing knows is called by its id.
func controlTitle(lang, id string) string {
	if k, ok := policies.BuiltIn().Control(id); ok {
		return k.Title.In(lang)
	}
	if t, ok := gap.PatternTitle(id); ok {
		return t.In(lang)
	}
	return id
}

type readsData struct {
	Reads   []ledgerLine
	Several bool
	Donors  int
	Times   int
}

type ledgerLine struct {
	store.Read
	Donor, Person, RecipientName string
	Title                        string
}

// reads is the read ledger: which person of which donor organisation read which text, how often and when.
func (s *server) reads(q *request) error {
	names, err := q.recipientNames(access.NeedsRead)
	if err != nil {
		return err
	}
	donors, err := q.donorNames()
	if err != nil {
		return err
	}
	d := readsData{Several: len(names) > 1}
	seen, people := map[string]bool{}, map[string]bool{}
	for _, id := range sortedKeys(names) {
		list, err := s.catalogue.Reads(q.Context(), q.actor, id)
		if err != nil {
			return err
		}
		releases, err := s.catalogue.Releases(q.Context(), q.actor, id, "")
		if err != nil {
			return err
		}
		titles := map[string]string{}
		for i := range releases {
			titles[releases[i].ID] = releases[i].Text.Title.In(q.loc.lang)
		}
		for _, r := range list {
			d.Reads = append(d.Reads, ledgerLine{Read: r, Donor: donors[r.DonorID], RecipientName: names[id], Title: titles[r.ReleaseID]})
			seen[r.DonorID], people[r.UserID] = true, true
			d.Times += r.Times
		}
	}
	d.Donors = len(seen)
	who, err := s.access.Names(q.Context(), sortedKeys(people)...)
	if err != nil {
		return err
	}
	for i := range d.Reads {
		d.Reads[i].Person = who[d.Reads[i].UserID]
	}
	slices.SortStableFunc(d.Reads, func(x, y ledgerLine) int { return y.Last.Compare(x.Last) })
	d.Reads = d.Reads[:min(len(d.Reads), maxReads)]
	return q.show("reads", q.loc.text("reads.title"), d)
}

// maxReads bounds the ledger's page; the whole of it is in the API.
const maxReads = 500
