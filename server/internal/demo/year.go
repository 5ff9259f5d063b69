package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// The year in weeks of 52; a shorter history is told faster.
const (
	fullYear  = 52
	joinWeeks = 9 // the last recipients join then
)

// batch is how many hosts report at one moment of the story, four at a time.
const (
	batch   = 40
	callers = 4
)

// at turns a week of a full year into one of this history.
func (d *demo) at(week int) int { return week * d.Weeks / fullYear }

// year tells the story.
func (d *demo) year(ctx context.Context) error {
	if err := d.people(ctx); err != nil {
		return err
	}
	all := take(d.Recipients, d.Hosts)
	acts := d.story(len(all))
	for w := range d.Weeks + 1 {
		begin := d.End.Add(-time.Duration(d.Weeks-w)*week - 20*time.Hour)
		d.clock.set(begin)
		for i, r := range all {
			if d.at(joinWeeks*i/len(all)) == w {
				if err := d.welcome(ctx, i, r); err != nil {
					return err
				}
			}
		}
		if err := d.round(ctx, w); err != nil {
			return err
		}
		d.clock.set(begin.Add(14 * time.Hour))
		if err := d.act(ctx, acts, w); err != nil {
			return err
		}
		d.clock.set(begin.Add(18 * time.Hour))
		if w%4 == 2 && w >= d.at(10) {
			if err := d.session(ctx); err != nil {
				return err
			}
		}
		if err := d.evening(ctx); err != nil {
			return fmt.Errorf("week %d: %w", w, err)
		}
		if w%13 == 12 || w == d.Weeks {
			d.say.line("week", w, d.Weeks, len(d.recipients), len(d.hosts), d.reports)
		}
	}
	return nil
}

// welcome lets a recipient join and its hosts enrol.
func (d *demo) welcome(ctx context.Context, n int, r *recipient) error {
	if err := d.join(ctx, n, r); err != nil {
		return err
	}
	taste := map[string]float64{}
	for _, c := range d.controls {
		taste[c.ID] = 0.15 + 1.7*d.rng.Float64()
	}
	tokens := map[string]string{}
	for i := range r.hosts {
		h := newHost(r, i, d.Seed, d.controls, taste)
		if i == 1 && n%6 == 5 {
			h.silentAt = d.at(44) // its link was cut
		}
		if tokens[h.site] == "" {
			text, _, err := d.server.Enroller.CreateToken(ctx, enrol.NewToken{Recipient: r.id, Site: h.site, Uses: r.hosts, Server: d.addr, By: by})
			if err != nil {
				return err
			}
			tokens[h.site] = text
		}
		d.clock.set(d.clock.now().Add(time.Second)) // no more than the server lets in from one address
		if err := h.enrol(ctx, d.addr, tokens[h.site], d.server.CA.Pin()); err != nil {
			return err
		}
		d.hosts = append(d.hosts, h)
	}
	d.recipients = append(d.recipients, r)
	return nil
}

// round lets hosts report: a new one at once, each in four weeks once, those of recipients that got help in two, and all
// towards the end every week.
func (d *demo) round(ctx context.Context, w int) error {
	var due []*host
	for i, h := range d.hosts {
		if h.silentAt > 0 && w >= h.silentAt {
			continue
		}
		if h.sequence == 0 || i%4 == w%4 || h.of.helped && w%2 == 0 || w >= d.Weeks-3 {
			due = append(due, h)
		}
	}
	for part := range slices.Chunk(due, batch) {
		now := d.clock.now().Add(13 * time.Hour * time.Duration(len(part)) / time.Duration(len(due)))
		d.clock.set(now)
		if err := d.report(ctx, part, w, now); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) report(ctx context.Context, hosts []*host, w int, now time.Time) error {
	work, failed := make(chan *host), make(chan error, callers)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			var err error
			for h := range work {
				if err != nil {
					continue
				}
				if h.sequence > 0 {
					h.live(w - h.reported)
				}
				h.reported = w
				err = h.report(ctx, d.addr, now.Add(-time.Duration(1+h.rng.IntN(20))*time.Minute), now)
			}
			failed <- err
		})
	}
	for _, h := range hosts {
		work <- h
	}
	close(work)
	wg.Wait()
	var err error
	for range callers {
		err = errors.Join(err, <-failed)
	}
	d.reports += len(hosts)
	return err
}

// evening does what the server's clock does every day: waivers end, effects are measured.
func (d *demo) evening(ctx context.Context) error {
	err := d.server.Store.Tx(ctx, func(tx *store.Tx) error { _, err := tx.ExpireWaivers(d.clock.now(), 10_000); return err })
	if err != nil {
		return fmt.Errorf("end waivers: %w", err)
	}
	if _, err := d.server.Needs.Measure(ctx); err != nil {
		return fmt.Errorf("measure effects: %w", err)
	}
	return nil
}

// why are the reasons that the assessor gives.
var why = map[review.Decision][]string{
	review.Accepted: {
		"Вузол замінять до кінця строку; доступ до нього обмежено окремим сегментом мережі.",
		"Потрібно для застарілого медичного обладнання; постачальник готує оновлення.",
		"Ризик прийнято до завершення ремонту майданчика.",
	},
	review.FalsePositive: {"Налаштування виконує інший компонент, перевірено на місці.", "Порт відкрито лише до балансувальника."},
}

// session is an assessor's day: some findings are confirmed, some accepted for a while, few are false, many get somebody
// in charge. A recipient with nobody to take things up is left alone.
func (d *demo) session(ctx context.Context) error {
	for _, r := range d.recipients {
		if r.habit == alone || d.rng.Float64() < 0.4 {
			continue
		}
		var open []store.Finding
		if err := d.server.Store.View(ctx, func(tx *store.Tx) (err error) {
			open, err = tx.Findings(store.FindingFilter{Recipient: r.id, State: review.Open})
			return err
		}); err != nil {
			return fmt.Errorf("read findings: %w", err)
		}
		open = slices.DeleteFunc(open, func(f store.Finding) bool { return f.Decision != review.Unreviewed })
		names := map[string]string{} // ids are random, names are not
		for _, h := range d.hosts {
			names[h.id] = h.name
		}
		slices.SortFunc(open, func(a, b store.Finding) int {
			return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), cmp.Compare(a.Control, b.Control), cmp.Compare(names[a.HostID], names[b.HostID]))
		})
		for i := range open[:min(len(open), 25)] {
			if err := d.decide(ctx, r, &open[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *demo) decide(ctx context.Context, r *recipient, f *store.Finding) error {
	dice, assign, list := d.rng.Float64(), d.rng.Float64() < 0.5, d.rng.IntN(6)
	until := d.clock.now().AddDate(0, 0, 30+d.rng.IntN(150))
	decision := review.Unreviewed
	switch {
	case dice < 0.5:
		decision = review.Confirmed
	case dice < 0.58 && f.Severity != assessment.Critical:
		decision = review.Accepted
	case dice < 0.62:
		decision = review.FalsePositive
	}
	reason := ""
	if w := why[decision]; w != nil {
		reason = w[list%len(w)]
	}
	actor := "user:" + d.cast.assessor.UserID
	return d.server.Store.Tx(ctx, func(tx *store.Tx) error {
		if assign {
			if _, err := tx.AssignFinding(f.ID, r.admin.UserID, actor, d.clock.now()); err != nil {
				return fmt.Errorf("assign finding: %w", err)
			}
		}
		if decision == review.Unreviewed {
			return nil
		}
		if _, err := tx.DecideFinding(f.ID, decision, reason, actor, until, d.clock.now()); err != nil {
			return fmt.Errorf("decide finding: %w", err)
		}
		return nil
	})
}
