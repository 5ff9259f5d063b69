package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

type shapedLine struct {
	catalogue.ShapeVersion
	Author string
}

// shape adds how a need can be split and merged, and how it was.
func (q *request) shape(d *needData, run *need.Run, sites map[string]string) error {
	n := d.Need
	d.Arranged = n.PartOf != "" || len(n.Includes) > 0 || n.Own != nil
	if d.CanPropose && n.Splittable() && n.PartOf == "" {
		for _, id := range n.Sites {
			d.Sites = append(d.Sites, option{id, sites[id], false})
		}
	}
	if d.CanPropose {
		for i := range run.Needs {
			if o := &run.Needs[i]; o.Recipient == n.Recipient && o.ID != n.ID && len(o.Includes) == 0 {
				d.Others = append(d.Others, option{o.ID, o.Title.In(q.loc.lang), o.PartOf == n.ID || o.PartOf != "" && o.PartOf == n.PartOf})
			}
		}
		slices.SortStableFunc(d.Others, func(x, y option) int { return strings.Compare(x.Text, y.Text) })
	}
	list, err := q.s.catalogue.Shapes(q.Context(), q.actor, n.Recipient)
	if err != nil {
		return err
	}
	var by []string
	for _, v := range list {
		by = append(by, v.By)
	}
	names, err := q.authors(by)
	if err != nil {
		return err
	}
	for _, v := range slices.Backward(list) {
		d.Shaped = append(d.Shaped, shapedLine{v, names[v.By]})
	}
	return nil
}

// reshape does what the need's page offers to its recipient: split, merge, own, restore.
func (s *server) reshape(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	n, _, err := q.need()
	if err != nil {
		return err
	}
	back := "/needs/" + url.PathEscape(n.ID)
	switch q.PathValue("change") {
	case "split":
		_, err = s.catalogue.Split(q.Context(), q.actor, n.Recipient, n.ID, q.PostForm["site"])
	case "merge":
		_, err = s.catalogue.Merge(q.Context(), q.actor, n.Recipient, n.ID, q.PostForm.Get("from"))
	case "restore":
		if _, err = s.catalogue.Restore(q.Context(), q.actor, n.Recipient, n.ID); err == nil {
			return q.done("/needs", "shaped") // a part is no longer there to come back to
		}
	case "own":
		o, ok := q.ownFigures(n.ID)
		if !ok {
			return q.refused(back, "quantity")
		}
		_, err = s.catalogue.OwnFigures(q.Context(), q.actor, n.Recipient, o)
	default:
		return store.ErrNotFound
	}
	if err != nil {
		return q.refuseRelease(back, err)
	}
	return q.done(back, "shaped")
}

// ownFigures reads quantity, unit cost and justification; empty ones are not stated.
func (q *request) ownFigures(id string) (o need.Own, ok bool) {
	o = need.Own{Need: id, Why: q.both("why")}
	var err error
	if v := q.PostForm.Get("quantity"); v != "" {
		if o.Quantity, err = strconv.Atoi(v); err != nil {
			return o, false
		}
	}
	for _, f := range []struct {
		name string
		to   *float64
	}{{"low", &o.UnitCost.Low}, {"high", &o.UnitCost.High}} {
		if v := q.PostForm.Get(f.name); v != "" {
			if *f.to, err = strconv.ParseFloat(v, 64); err != nil {
				return o, false
			}
		}
	}
	return o, true
}
