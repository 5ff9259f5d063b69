package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/gap"
	"github.com/vymir-project/vymir/server/internal/need"
)

// act is one thing that happens in a week of a full year.
type act struct {
	week      int
	recipient int // index; acts of recipients that are not there are left out
	what      string
	do        func(ctx context.Context) error
}

// shown is a release of the story.
type shown struct {
	id       string
	of       *recipient
	needs    []string
	controls []string // that its remedies mend
}

// consent says what a recipient shows and to whom.
type consent struct {
	name      string
	recipient int
	week      int
	level     catalogue.Level
	items     int   // 0: 1
	donors    []int // of orgs; nil: all
	weeks     int   // shown for so long; 0: 50
	approvals int   // of 2; negative: none
	kind      remedies.Kind
	stated    *catalogue.StatedNeed
	joint     bool // a part of the project of several recipients
}

// pledge is a donor's help with the weeks of a full year in which it gets on; 0 is never.
type pledge struct {
	release                                                   string
	donor                                                     int
	share                                                     float64 // of what the release asks for
	announced, committed, procured, delivered, used, gone, no int     // gone: the effect is lost; no: taken back by the donor
	works                                                     float64 // share of hosts on which it mends
}

var exercise = catalogue.StatedNeed{
	Kind: remedies.Training, Capability: "continuity", Quantity: 2, Line: remedies.Build,
	Title:    remedies.Text{"uk": "Командно-штабне навчання з відновлення після кібератаки", "en": "Tabletop exercise on recovery from a cyber attack"},
	Text:     remedies.Text{"uk": "Дводенне навчання для керівництва та чергових змін із письмовим звітом.", "en": "Two-day exercise for management and shifts on duty, with a written report."},
	Unit:     remedies.Text{"uk": "навчання", "en": "exercise"},
	UnitCost: need.Money{Low: 6000, High: 11000},
	LineReason: remedies.Text{
		"uk": "Підвищує здатність діяти самостійно впродовж року.",
		"en": "Raises the ability to act on one's own within a year.",
	},
}

// consents are what recipients show over the year.
var consents = []consent{
	{name: "hospital", recipient: 0, week: 10, level: catalogue.Reasoned},
	{name: "water", recipient: 1, week: 11, level: catalogue.Named, donors: []int{0, 1}},
	{name: "city", recipient: 2, week: 12, level: catalogue.Named, items: 2},
	{name: "heating", recipient: 3, week: 14, level: catalogue.Reasoned, donors: []int{2, 3}},
	{name: "archives", recipient: 4, week: 16, level: catalogue.Named},
	{name: "village", recipient: 5, week: 20, level: catalogue.Anonymous},
	{name: "children", recipient: 6, week: 22, level: catalogue.Named},
	{name: "power", recipient: 7, week: 24, level: catalogue.Reasoned, donors: []int{0, 2}},
	{name: "university", recipient: 8, week: 26, level: catalogue.Named, items: 3},
	{name: "region", recipient: 9, week: 28, level: catalogue.Named},
	{name: "taken-back", recipient: 10, week: 30, level: catalogue.Anonymous},
	{name: "trams", recipient: 11, week: 32, level: catalogue.Named},
	{name: "short", recipient: 12, week: 15, level: catalogue.Anonymous, weeks: 20},
	{name: "ambulance", recipient: 13, week: 33, level: catalogue.Anonymous},
	{name: "hydro", recipient: 14, week: 34, level: catalogue.Anonymous, items: 2},
	{name: "geodata", recipient: 15, week: 35, level: catalogue.Anonymous},
	{name: "hospital-training", recipient: 0, week: 36, level: catalogue.Reasoned, kind: remedies.Training},
	{name: "exercise", recipient: 6, week: 30, level: catalogue.Named, stated: &exercise},
	{name: "second-water", recipient: 18, week: 37, level: catalogue.Anonymous},
	{name: "berehynia", recipient: 19, week: 38, level: catalogue.Anonymous},
	{name: "substation", recipient: 25, week: 40, level: catalogue.TotalsOnly},
	{name: "telecom", recipient: 20, week: 42, level: catalogue.Named},
	{name: "joint-hospital", recipient: 0, week: 46, level: catalogue.Reasoned, donors: []int{0, 1, 2}, joint: true},
	{name: "joint-children", recipient: 6, week: 47, level: catalogue.Named, donors: []int{0, 2}, joint: true},
	{name: "joint-ambulance", recipient: 13, week: 49, level: catalogue.Named, approvals: 1, joint: true},
	{name: "hospital-open", recipient: 0, week: 50, level: catalogue.Named, approvals: 1},
	{name: "port", recipient: 21, week: 50, level: catalogue.Anonymous, approvals: 1},
	{name: "college", recipient: 22, week: 51, level: catalogue.Named, approvals: -1},
}

// pledges are what donors do about it.
var pledges = []pledge{
	{release: "hospital", donor: 0, share: 0.9, announced: 11, committed: 13, procured: 15, delivered: 17, used: 19, works: 0.97},
	{release: "water", donor: 1, share: 1, announced: 12, committed: 13, delivered: 17, used: 19, works: 0.97, gone: 41},
	{release: "city", donor: 0, share: 0.5, announced: 14, committed: 16, procured: 18, delivered: 25, used: 28, works: 0.95},
	{release: "city", donor: 2, share: 0.5, announced: 15, committed: 17, delivered: 26, used: 28, works: 0.95},
	{release: "heating", donor: 2, share: 0.8, announced: 18, committed: 20, delivered: 27, used: 30, works: 0.3},
	{release: "archives", donor: 1, share: 0.7, announced: 24, committed: 28, procured: 36, delivered: 45},
	{release: "village", donor: 0, share: 1, announced: 26, committed: 38},
	{release: "children", donor: 2, share: 0.6, announced: 38},
	{release: "power", donor: 0, share: 0.4, announced: 30, no: 34},
	{release: "university", donor: 1, share: 0.5, announced: 50},
	{release: "university", donor: 0, share: 0.3, announced: 47, committed: 49},
	{release: "taken-back", donor: 2, share: 1, announced: 33},
	{release: "exercise", donor: 1, share: 0.5, announced: 33, committed: 35, delivered: 40, used: 41},
	{release: "hospital-training", donor: 0, share: 1, announced: 40, committed: 43, procured: 46},
	{release: "second-water", donor: 2, share: 0.5, announced: 44, committed: 47},
}

// story lists the year's acts in order, for a demo with so many recipients.
func (d *demo) story(recipients int) []act {
	var acts []act
	of := map[string]int{}
	add := func(week, recipient int, what string, do func(context.Context) error) {
		if week > 0 && recipient < recipients {
			acts = append(acts, act{week, recipient, what, do})
		}
	}
	for _, c := range consents {
		of[c.name] = c.recipient
		add(c.week, c.recipient, "release "+c.name, func(ctx context.Context) error { return d.release(ctx, c) })
	}
	add(36, of["taken-back"], "withdraw", func(ctx context.Context) error {
		s := d.releases["taken-back"]
		return d.server.Needs.Withdraw(ctx, s.of.approvers[0], s.id, "Потребу закрито власним коштом.")
	})
	add(44, of["trams"], "release anew", func(ctx context.Context) error { return d.again(ctx, "trams") })
	add(45, 0, "begin a joint project", d.beginJoint)
	add(48, 0, "arrange needs", d.arrange)
	for i, p := range pledges {
		d.steps(add, of[p.release], fmt.Sprint(p.release, " ", i), p)
	}
	for i := range recipients {
		if i%3 != 2 { // the others have said nothing yet, which their pages say
			add(9+i%4, i, "set targets", func(ctx context.Context) error { return d.aim(ctx, i) })
		}
	}
	for week := 12; week <= fullYear; week += 3 {
		add(week, 0, "donors read", d.read)
	}
	slices.SortStableFunc(acts, func(a, b act) int { return a.week - b.week })
	return acts
}

// steps adds the way of one pledge.
func (d *demo) steps(add func(int, int, string, func(context.Context) error), recipient int, name string, p pledge) {
	needs := d.server.Needs
	donor := func() access.Actor { return d.cast.donors[p.donor] }
	id := func() string { return d.pledges[name] }
	add(p.announced, recipient, "pledge "+name, func(ctx context.Context) error { return d.pledge(ctx, name, p) })
	add(p.committed, recipient, "commit "+name, func(ctx context.Context) error {
		d.releases[p.release].of.helped = true
		return needs.Commit(ctx, donor(), id())
	})
	add(p.no, recipient, "cancel "+name, func(ctx context.Context) error { return needs.Cancel(ctx, donor(), id()) })
	add(p.procured, recipient, "procure "+name, func(ctx context.Context) error { return needs.Procure(ctx, donor(), id()) })
	add(p.delivered, recipient, "deliver "+name, func(ctx context.Context) error { return d.deliver(ctx, donor(), id()) })
	add(p.used, recipient, "commission "+name, func(ctx context.Context) error {
		s := d.releases[p.release]
		for _, h := range d.hosts {
			if h.of == s.of {
				h.help(s.controls, p.works)
			}
		}
		return needs.Commission(ctx, s.of.admin, id())
	})
	add(p.gone, recipient, "lose "+name, func(context.Context) error {
		s := d.releases[p.release]
		for _, h := range d.hosts {
			if h.of == s.of {
				h.lose(s.controls, 0.6)
			}
		}
		return nil
	})
}

// act does what is due in a week.
func (d *demo) act(ctx context.Context, acts []act, week int) error {
	for _, a := range acts {
		if d.at(a.week) != week {
			continue
		}
		d.clock.set(d.clock.now().Add(3 * time.Minute))
		if err := a.do(ctx); err != nil {
			return fmt.Errorf("week %d, %s: %w", week, a.what, err)
		}
	}
	return nil
}

// aim sets what share of each function of the framework a recipient is to meet: its administrator or the assessor does.
func (d *demo) aim(ctx context.Context, i int) error {
	r, who := d.recipients[i], d.cast.assessor
	if i%2 == 0 {
		who = r.admin
	}
	percent := map[string]int{}
	for k, f := range desk.Functions {
		percent[f] = 60 + 5*((i+k)%6)
	}
	return desk.New(d.server.Store, d.clock.now).SetTargets(ctx, who, r.id, percent)
}

// choose picks needs for a release: the best ranked ones that were not shown yet, may be shown at the level, and are of
// some size; first those whose remedy nobody asked for, so that donors see many kinds.
func (d *demo) choose(run *need.Run, c consent) []*need.Need {
	var out []*need.Need
	for _, fresh := range []bool{true, false} {
		out = append(out, d.pick(run, c, fresh, max(c.items, 1)-len(out), out)...)
	}
	for _, n := range out {
		d.asked[n.Remedy] = true
	}
	return out
}

// worthwhile is the least cost, in EUR, of what is shown on its own.
const worthwhile = 2500

func (d *demo) pick(run *need.Run, c consent, fresh bool, count int, have []*need.Need) []*need.Need {
	var out []*need.Need
	for i := range run.Needs {
		n := &run.Needs[i]
		if len(out) == count {
			break
		}
		used := slices.Contains(have, n) || fresh && (d.asked[n.Remedy] || n.Cost.Mid() < worthwhile)
		for _, s := range d.releases {
			used = used || slices.Contains(s.needs, n.ID)
		}
		training := c.kind == remedies.Training
		switch {
		case used, c.level >= catalogue.Named && n.Urgency == remedies.Immediate:
		case training != (n.Kind == remedies.Training), !training && (n.Capability == gap.Skills || !n.Measurable):
		default:
			out = append(out, n)
		}
	}
	return out
}

var bundled = remedies.Text{"uk": "Комплексне зміцнення кіберзахисту", "en": "Strengthening cyber resilience as a whole"}

var purpose = remedies.Text{
	"uk": "Забезпечити роботу послуг під час відключень і прискорити відновлення.",
	"en": "To keep services running through outages and to recover faster.",
}

// release drafts a text and lets as many persons approve it as the story says.
func (d *demo) release(ctx context.Context, c consent) error {
	r := d.recipients[c.recipient]
	w := catalogue.Wish{Recipient: r.id, Level: c.level, Until: d.clock.now().Add(time.Duration(d.at(max(c.weeks, 8))) * week)}
	if c.weeks == 0 {
		w.Until = d.clock.now().Add(50 * week)
	}
	s := &shown{of: r}
	if c.stated != nil {
		n := *c.stated
		n.Recipient = r.id
		n, err := d.server.Needs.State(ctx, r.admin, n)
		if err != nil {
			return err
		}
		s.needs = []string{n.ID}
	} else {
		run, _, err := d.server.Needs.Run(ctx, r.id)
		if err != nil {
			return err
		}
		for _, n := range d.choose(run, c) {
			s.needs, s.controls = append(s.needs, n.ID), append(s.controls, n.Controls...)
		}
	}
	if len(s.needs) == 0 {
		return errors.New("there is nothing to show")
	}
	w.Needs = s.needs
	if len(s.needs) > 1 {
		w.Title = bundled
	}
	if c.level == catalogue.Reasoned {
		w.Purpose = purpose
	}
	if c.joint {
		if err := d.takePart(ctx, r, &w); err != nil {
			return err
		}
	}
	for i, o := range orgs {
		if c.donors == nil || slices.Contains(c.donors, i) {
			w.Audience = append(w.Audience, o.ID)
		}
	}
	got, err := d.server.Needs.Draft(ctx, r.admin, w)
	if err != nil {
		return err
	}
	s.id, d.releases[c.name] = got.ID, s
	approvals := c.approvals
	if approvals == 0 {
		approvals = len(r.approvers)
	}
	return d.approve(ctx, s, got.Digest, approvals)
}

// beginJoint starts the project of several recipients; the first one leads it.
func (d *demo) beginJoint(ctx context.Context) error {
	lead, now := d.recipients[0], d.clock.now()
	day := func(months int) string { return now.AddDate(0, months, 0).Format(time.DateOnly) }
	p, code, err := d.server.Needs.NewProject(ctx, lead.admin, catalogue.Project{
		Lead:    lead.id,
		Title:   remedies.Text{"uk": "Стійкість закладів охорони здоров'я до відключень", "en": "Health services that withstand outages"},
		Purpose: remedies.Text{"uk": "Щоб приймання й виклики працювали без мережі та живлення до доби.", "en": "So that admissions and calls work for a day without network and power."},
		Schedule: catalogue.Schedule{From: day(2), To: day(14), Steps: []catalogue.ScheduleStep{
			{By: day(5), Text: remedies.Text{"uk": "Закупівлю завершено", "en": "Procurement done"}},
			{By: day(9), Text: remedies.Text{"uk": "Обладнання введено в дію", "en": "Equipment in use"}},
		}},
	})
	d.joint, d.code = p.ID, code
	return err
}

// takePart lets a recipient's release be a part of the joint project.
func (d *demo) takePart(ctx context.Context, r *recipient, w *catalogue.Wish) error {
	if d.joint == "" {
		return errors.New("there is no joint project")
	}
	if _, err := d.server.Needs.JoinProject(ctx, r.admin, r.id, d.code); err != nil {
		return err
	}
	w.Project = d.joint
	return nil
}

// arrange lets the first recipient restate one of its needs and split another that has several sites.
func (d *demo) arrange(ctx context.Context) error {
	r := d.recipients[0]
	run, _, err := d.server.Needs.Run(ctx, r.id)
	if err != nil {
		return err
	}
	var restated, split bool
	for i := range run.Needs {
		n := &run.Needs[i]
		var err error
		switch {
		case !split && n.Splittable():
			split = true
			_, err = d.server.Needs.Split(ctx, r.admin, r.id, n.ID, n.Sites[:1])
		case !restated && n.Basis == remedies.PerAffectedHost && n.Quantity > 1:
			restated = true
			_, err = d.server.Needs.OwnFigures(ctx, r.admin, r.id, need.Own{Need: n.ID, Quantity: n.Quantity - 1, Why: remedies.Text{
				"uk": "Один вузол виводять з експлуатації до кінця кварталу.", "en": "One host is retired before the quarter ends.",
			}})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) approve(ctx context.Context, s *shown, digest string, persons int) error {
	for i := range max(persons, 0) {
		d.clock.set(d.clock.now().Add(40 * time.Minute))
		if _, err := d.server.Needs.Approve(ctx, s.of.approvers[i], s.id, digest); err != nil {
			return fmt.Errorf("approve: %w", err)
		}
	}
	return nil
}

// again shows the same needs with today's figures, which replaces what was shown before.
func (d *demo) again(ctx context.Context, name string) error {
	s := d.releases[name]
	old, err := d.server.Needs.Release(ctx, s.of.admin, s.id)
	if err != nil {
		return err
	}
	got, err := d.server.Needs.Draft(ctx, s.of.admin, catalogue.Wish{
		Recipient: s.of.id, Needs: old.Needs, Level: old.Level, Audience: old.Audience, Until: d.clock.now().Add(50 * week),
		Quantities: map[string]int{old.Needs[0]: old.Text.Items[0].Quantity + 2},
	})
	if errors.Is(err, catalogue.ErrNeeds) {
		return nil // the gap was closed in the meantime
	}
	if err != nil {
		return err
	}
	s.id = got.ID
	return d.approve(ctx, s, got.Digest, len(s.of.approvers))
}

// pledge announces help after looking at what it overlaps with.
func (d *demo) pledge(ctx context.Context, name string, p pledge) error {
	s, donor := d.releases[p.release], d.cast.donors[p.donor]
	text, err := d.server.Needs.Preview(ctx, s.of.admin, s.id, orgs[p.donor].ID)
	if err != nil {
		return err
	}
	units := 0
	for _, i := range text.Items {
		units += i.Quantity
	}
	o := catalogue.Offer{Quantity: max(1, int(p.share*float64(units)))}
	if _, o.Seen, err = d.server.Needs.Overlaps(ctx, donor, text.Ref, o); err != nil {
		return err
	}
	own, err := d.server.Needs.Pledge(ctx, donor, text.Ref, o)
	d.pledges[name] = own.ID
	return err
}

// deliver claims that everything of a pledge arrived.
func (d *demo) deliver(ctx context.Context, donor access.Actor, id string) error {
	list, err := d.server.Needs.OwnPledges(ctx, donor)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.ID == id {
			return d.server.Needs.Deliver(ctx, donor, id, p.Quantity)
		}
	}
	return errors.New("no such pledge")
}

// read lets every donor and the observer look through the catalogue, which the read ledger keeps.
func (d *demo) read(ctx context.Context) error {
	for _, a := range d.cast.donors {
		if _, err := d.server.Needs.Entries(ctx, a, catalogue.Page, catalogue.Filter{}); err != nil {
			return err
		}
	}
	return nil
}
