package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

type projectData struct {
	Needs                     []*need.Need
	Stated                    []catalogue.StatedNeed // needs that nobody measured
	Recipient                 string
	Donors                    []chosenDonor
	Levels                    []option
	Joint                     []option // open projects of several recipients that this can be a part of
	Until, MinUntil, MaxUntil string
	Cost                      need.Money
	Wish                      catalogue.Wish
	Steps                     []catalogue.ScheduleStep // of the schedule, with empty ones to fill in
	Release                   string                   // the draft that is edited; "": a new one
	Missing                   int                      // needs of the draft that are no longer there
}

type chosenDonor struct {
	store.DonorOrg
	Chosen bool
}

// formSteps is how many steps of a schedule a form offers.
const formSteps = 4

// steps pads a schedule's steps with empty ones.
func steps(d catalogue.Schedule) []catalogue.ScheduleStep {
	out := slices.Clone(d.Steps)
	for len(out) < formSteps {
		out = append(out, catalogue.ScheduleStep{})
	}
	return out
}

// schedule reads a schedule from a form: from, to, and steps of which empty ones are left out.
func (q *request) schedule() catalogue.Schedule {
	d := catalogue.Schedule{From: q.PostForm.Get("from"), To: q.PostForm.Get("to")}
	uk, en := q.PostForm["step_uk"], q.PostForm["step_en"]
	for i, by := range q.PostForm["step_by"] {
		if i < len(uk) && i < len(en) && by+uk[i]+en[i] != "" {
			d.Steps = append(d.Steps, catalogue.ScheduleStep{By: by, Text: remedies.Text{"uk": strings.TrimSpace(uk[i]), "en": strings.TrimSpace(en[i])}})
		}
	}
	return d
}

// chosen finds the needs that the request names, measured or stated, all of one recipient of the reader's.
func (q *request) chosen(ids []string) (d projectData, err error) {
	run, err := q.s.catalogue.Needs(q.Context(), q.actor, "")
	if err != nil {
		return d, err
	}
	own, _ := access.Recipients(q.actor, access.NeedsPropose)
	stated, err := q.stated(own)
	if err != nil {
		return d, err
	}
	for _, id := range ids {
		recipient, cost := "", need.Money{}
		if n, ok := run.Find(id); ok {
			recipient, cost = n.Recipient, n.Cost
			d.Needs = append(d.Needs, n)
		} else if i := slices.IndexFunc(stated, func(n catalogue.StatedNeed) bool { return n.ID == id }); i >= 0 {
			n, count := stated[i], float64(stated[i].Quantity)
			recipient, cost = n.Recipient, need.Money{Low: n.UnitCost.Low * count, High: n.UnitCost.High * count}
			d.Stated = append(d.Stated, n)
		}
		if !slices.Contains(own, recipient) || d.Recipient != "" && d.Recipient != recipient {
			return d, store.ErrNotFound
		}
		d.Recipient = recipient
		d.Cost = need.Money{Low: d.Cost.Low + cost.Low, High: d.Cost.High + cost.High}
	}
	if d.Recipient == "" {
		return d, store.ErrNotFound
	}
	return d, nil
}

// stated lists the open stated needs of recipients.
func (q *request) stated(recipients []string) ([]catalogue.StatedNeed, error) {
	var out []catalogue.StatedNeed
	for _, id := range recipients {
		list, err := q.s.catalogue.StatedNeeds(q.Context(), q.actor, id)
		if err != nil {
			return nil, err
		}
		for _, n := range list {
			if !n.Closed {
				out = append(out, n)
			}
		}
	}
	return out, nil
}

// project shows the form that bundles needs into one text: title, purpose, own figures, audience and end.
func (s *server) project(q *request) error {
	ids := q.URL.Query()["need"]
	if len(ids) == 0 {
		return q.refused("/needs", "project_empty")
	}
	d, err := q.chosen(ids)
	if err != nil {
		return err
	}
	d.Wish.Level = catalogue.Anonymous // unless the recipient chooses another
	if err := q.audience(&d, nil); err != nil {
		return err
	}
	if err := q.projectForm(&d); err != nil {
		return err
	}
	return q.show("project", q.loc.text("project.title"), d)
}

// audience offers the donor organisations, those of chosen marked; nil chooses all.
func (q *request) audience(d *projectData, chosen []string) error {
	list, err := q.s.catalogue.Donors(q.Context(), q.actor)
	for _, o := range list {
		d.Donors = append(d.Donors, chosenDonor{o, chosen == nil || slices.Contains(chosen, o.ID)})
	}
	return err
}

// projectForm fills in what the form offers beside the needs.
func (q *request) projectForm(d *projectData) error {
	urgent := slices.ContainsFunc(d.Needs, func(n *need.Need) bool { return n.Urgency == remedies.Immediate })
	for _, l := range []catalogue.Level{catalogue.Anonymous, catalogue.Named, catalogue.Reasoned, catalogue.TotalsOnly} {
		if !urgent || l < catalogue.Named {
			v := strconv.Itoa(int(l))
			d.Levels = append(d.Levels, option{v, q.loc.text("level." + v), l == d.Wish.Level})
		}
	}
	joint, err := q.s.catalogue.Projects(q.Context(), q.actor, d.Recipient)
	if err != nil {
		return err
	}
	for _, p := range joint {
		if !p.Closed && !urgent {
			d.Joint = append(d.Joint, option{p.ID, p.Title.In(q.loc.lang), p.ID == d.Wish.Project})
		}
	}
	d.Steps = steps(d.Wish.Schedule)
	d.Until, d.MinUntil = q.now.AddDate(0, 6, 0).Format(time.DateOnly), q.now.AddDate(0, 0, 1).Format(time.DateOnly)
	d.MaxUntil = q.now.Add(catalogue.MaxPeriod).Format(time.DateOnly)
	if !d.Wish.Until.IsZero() {
		d.Until = d.Wish.Until.UTC().Format(time.DateOnly)
	}
	return nil
}

// editRelease shows a draft's form again, with what was filled in.
func (s *server) editRelease(q *request) error {
	r, err := s.catalogue.Release(q.Context(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	back := "/releases/" + url.PathEscape(r.ID)
	if r.State != catalogue.Draft {
		return q.refused(back, "release_state")
	}
	w, err := s.catalogue.Wish(q.Context(), q.actor, r.ID)
	if err != nil {
		return err
	}
	there, err := q.there(r.Recipient, w.Needs)
	if err != nil {
		return err
	}
	if len(there) == 0 {
		return q.refused(back, "needs_gone")
	}
	d, err := q.chosen(there)
	if err != nil {
		return err
	}
	d.Wish, d.Release, d.Missing = w, r.ID, len(w.Needs)-len(there)
	if err := q.audience(&d, w.Audience); err != nil {
		return err
	}
	if err := q.projectForm(&d); err != nil {
		return err
	}
	return q.show("project", q.loc.text("release.edit"), d)
}

// there keeps the needs that still exist.
func (q *request) there(recipient string, ids []string) ([]string, error) {
	run, err := q.s.catalogue.Needs(q.Context(), q.actor, recipient)
	if err != nil {
		return nil, err
	}
	stated, err := q.stated([]string{recipient})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		_, ok := run.Find(id)
		return !ok && !slices.ContainsFunc(stated, func(n catalogue.StatedNeed) bool { return n.ID == id })
	}), nil
}

// changeRelease replaces what a draft says; approvals given before are void.
func (s *server) changeRelease(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	id := q.PathValue("id")
	back := "/releases/" + url.PathEscape(id) + "/edit"
	w, key, err := q.wish(q.PostForm["need"])
	if err != nil {
		return err
	}
	if key != "" {
		return q.refused(back, key)
	}
	if _, err := s.catalogue.Edit(q.Context(), q.actor, id, w); err != nil {
		return q.refuseRelease(back, err)
	}
	return q.done("/releases/"+url.PathEscape(id), "edited")
}

// draftProject makes one text of several needs; it waits for two approvals like any other.
func (s *server) draftProject(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	ids := q.PostForm["need"]
	back := "/projects/new?" + url.Values{"need": ids}.Encode()
	w, key, err := q.wish(ids)
	if err != nil {
		return err
	}
	if key != "" {
		return q.refused(back, key)
	}
	r, err := s.catalogue.Draft(q.Context(), q.actor, w)
	if err != nil {
		return q.refuseRelease(back, err)
	}
	return q.done("/releases/"+url.PathEscape(r.ID), "drafted")
}

// wish reads the form of a project; key says why it cannot be read.
func (q *request) wish(ids []string) (w catalogue.Wish, key string, err error) {
	d, err := q.chosen(ids)
	if err != nil {
		return w, "", err
	}
	level, err := strconv.Atoi(q.PostForm.Get("level"))
	if err != nil {
		return w, "level", nil //nolint:nilerr // the reader is told
	}
	until, err := time.Parse(time.DateOnly, q.PostForm.Get("until"))
	if err != nil {
		return w, "release_until", nil //nolint:nilerr // the reader is told
	}
	w = catalogue.Wish{
		Recipient: d.Recipient, Needs: ids, Level: catalogue.Level(level), Audience: q.PostForm["audience"], Until: until.Add(24*time.Hour - time.Second),
		Title: q.both("title"), Purpose: q.both("purpose"), Quantities: map[string]int{}, UnitCosts: map[string]need.Money{},
		Project: q.PostForm.Get("project"), Schedule: q.schedule(),
	}
	for _, n := range d.Needs {
		if err := q.own(&w, n); err != nil {
			return w, "quantity", nil //nolint:nilerr // the reader is told
		}
	}
	return w, "", nil
}

// both reads a text that a form asks for in both languages; nothing when both are empty.
func (q *request) both(name string) remedies.Text {
	uk, en := strings.TrimSpace(q.PostForm.Get(name+"_uk")), strings.TrimSpace(q.PostForm.Get(name+"_en"))
	if uk+en == "" {
		return nil
	}
	return remedies.Text{"uk": uk, "en": en}
}

// own takes over the recipient's own figures for a need: quantity and what one unit costs.
func (q *request) own(w *catalogue.Wish, n *need.Need) error {
	if v := q.PostForm.Get("quantity-" + n.ID); v != "" {
		count, err := strconv.Atoi(v)
		if err != nil {
			return err
		}
		if count != n.Quantity { // what was derived stays derived
			w.Quantities[n.ID] = count
		}
	}
	low, high := q.PostForm.Get("low-"+n.ID), q.PostForm.Get("high-"+n.ID)
	if low == "" && high == "" {
		return nil
	}
	var c need.Money
	var err error
	if c.Low, err = strconv.ParseFloat(low, 64); err != nil {
		return err
	}
	if c.High, err = strconv.ParseFloat(high, 64); err != nil {
		return err
	}
	w.UnitCosts[n.ID] = c
	return nil
}
