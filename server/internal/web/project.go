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
	Recipient                 string
	Donors                    []store.DonorOrg
	Levels                    []option
	Until, MinUntil, MaxUntil string
	Cost                      need.Money
}

// chosen finds the measured needs that the request names, all of one recipient of the reader's.
func (q *request) chosen(ids []string) (d projectData, err error) {
	run, err := q.s.catalogue.Needs(q.Context(), q.actor, "")
	if err != nil {
		return d, err
	}
	own, _ := access.Recipients(q.actor, access.NeedsPropose)
	for _, id := range ids {
		n, ok := run.Find(id)
		if !ok || !slices.Contains(own, n.Recipient) || d.Recipient != "" && d.Recipient != n.Recipient {
			return d, store.ErrNotFound
		}
		d.Recipient = n.Recipient
		d.Needs = append(d.Needs, n)
		d.Cost = need.Money{Low: d.Cost.Low + n.Cost.Low, High: d.Cost.High + n.Cost.High}
	}
	if len(d.Needs) == 0 {
		return d, store.ErrNotFound
	}
	return d, nil
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
	if d.Donors, err = s.catalogue.Donors(q.Context(), q.actor); err != nil {
		return err
	}
	urgent := slices.ContainsFunc(d.Needs, func(n *need.Need) bool { return n.Urgency == remedies.Immediate })
	for _, l := range []catalogue.Level{catalogue.Anonymous, catalogue.Named, catalogue.Reasoned} {
		if !urgent || l < catalogue.Named {
			v := strconv.Itoa(int(l))
			d.Levels = append(d.Levels, option{v, q.loc.text("level." + v), false})
		}
	}
	d.Until, d.MinUntil = q.now.AddDate(0, 6, 0).Format(time.DateOnly), q.now.AddDate(0, 0, 1).Format(time.DateOnly)
	d.MaxUntil = q.now.Add(catalogue.MaxPeriod).Format(time.DateOnly)
	return q.show("project", q.loc.text("project.title"), d)
}

// draftProject makes one text of several needs; it waits for two approvals like any other.
func (s *server) draftProject(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	ids := q.PostForm["need"]
	d, err := q.chosen(ids)
	if err != nil {
		return err
	}
	back := "/projects/new?" + url.Values{"need": ids}.Encode()
	level, err := strconv.Atoi(q.PostForm.Get("level"))
	if err != nil {
		return q.refused(back, "level")
	}
	until, err := time.Parse(time.DateOnly, q.PostForm.Get("until"))
	if err != nil {
		return q.refused(back, "release_until")
	}
	w := catalogue.Wish{
		Recipient: d.Recipient, Needs: ids, Level: catalogue.Level(level), Audience: q.PostForm["audience"], Until: until.Add(24*time.Hour - time.Second),
		Title: q.both("title"), Purpose: q.both("purpose"), Quantities: map[string]int{}, UnitCosts: map[string]need.Money{},
	}
	for _, n := range d.Needs {
		if err := q.own(&w, n); err != nil {
			return q.refused(back, "quantity")
		}
	}
	r, err := s.catalogue.Draft(q.Context(), q.actor, w)
	if err != nil {
		return q.refuseRelease(back, err)
	}
	return q.done("/releases/"+url.PathEscape(r.ID), "drafted")
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
		w.Quantities[n.ID] = count
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
