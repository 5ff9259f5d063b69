package web

import (
	"errors"
	"net/url"
	"slices"
	"strconv"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/need"
)

type entriesData struct {
	Entries                        []catalogue.Entry
	Kinds, Lines, Sectors, Origins []option
	Filtered                       bool
	Cost                           need.Money
	Uncovered                      float64
	Own                            []catalogue.OwnHelp
	Gone                           []catalogue.Gone
	Totals                         *catalogue.Totals
	Plottable                      int
	Joint                          []catalogue.JointEntry
}

// entries is the donor's list: approved texts only, with the value map.
func (s *server) entries(q *request) error {
	in := q.URL.Query()
	f := catalogue.Filter{Kind: remedies.Kind(in.Get("kind")), Line: remedies.Line(in.Get("line")), Sector: in.Get("sector"), Origin: in.Get("origin")}
	list, err := s.catalogue.Entries(q.Context(), q.actor, catalogue.Page, f)
	if err != nil {
		return err
	}
	d := entriesData{Entries: list, Joint: catalogue.Joint(list), Filtered: f != (catalogue.Filter{})}
	for _, k := range []remedies.Kind{remedies.Equipment, remedies.Software, remedies.Training, remedies.Service} {
		d.Kinds = append(d.Kinds, option{string(k), q.loc.text("kind." + string(k)), k == f.Kind})
	}
	for _, l := range []remedies.Line{remedies.Support, remedies.Build, remedies.Sustain} {
		d.Lines = append(d.Lines, option{string(l), q.loc.text("line." + string(l)), l == f.Line})
	}
	for _, o := range []string{catalogue.Measured, catalogue.Stated} {
		d.Origins = append(d.Origins, option{o, q.loc.text("origin." + o), o == f.Origin})
	}
	sectors := map[string]bool{}
	for _, e := range list {
		if e.Sector != "" {
			sectors[e.Sector] = true
		}
		d.Cost.Low, d.Cost.High = d.Cost.Low+e.Cost.Low, d.Cost.High+e.Cost.High
		d.Uncovered += e.Funding.Uncovered
		if e.Points.High > 0 && e.Cost.Low > 0 {
			d.Plottable++
		}
	}
	if f.Sector != "" {
		sectors[f.Sector] = true
	}
	for _, v := range sortedKeys(sectors) {
		d.Sectors = append(d.Sectors, option{v, q.sector(v), v == f.Sector})
	}
	slices.SortStableFunc(d.Entries, func(x, y catalogue.Entry) int { return compareDown(perEuro(x), perEuro(y)) })
	if err := q.around(&d); err != nil {
		return err
	}
	p := q.page(q.loc.text("entries.title"), d)
	p.Plot = d.Plottable > 0
	s.render(q.w, q.Request, 200, "entries", p)
	return nil
}

// around adds what stands beside the list: the donor's own help, what was taken back, and the totals.
func (q *request) around(d *entriesData) error {
	if access.HasRole(q.actor, access.Donor) {
		own, err := q.s.catalogue.OwnPledges(q.Context(), q.actor)
		if err != nil {
			return err
		}
		d.Own = own
		if d.Gone, err = q.s.catalogue.Withdrawals(q.Context(), q.actor); err != nil {
			return err
		}
	}
	t, err := q.s.catalogue.Totals(q.Context(), q.actor)
	if err == nil && len(t.Tables) > 0 {
		d.Totals = &t
	}
	if err != nil && !notThere(err) {
		return err
	}
	return nil
}

// perEuro orders the list: risk points per thousand euro, by the middle of both intervals.
func perEuro(e catalogue.Entry) float64 {
	if m := e.Cost.Mid(); m > 0 {
		return 1000 * e.Points.Mid / m
	}
	return 0
}

func compareDown(a, b float64) int {
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	}
	return 0
}

// sector names a sector; one that no text knows stands as it is.
func (q *request) sector(v string) string {
	if q.loc.has("sector." + v) {
		return q.loc.text("sector." + v)
	}
	return v
}

type entryData struct {
	catalogue.Entry
	Overlaps  []catalogue.Overlap
	Seen      string
	Offer     catalogue.Offer
	Asked     bool // overlaps were looked up for an offer
	CanPledge bool
	Units     int
}

// entry shows one text, its funding, and before a pledge what it would overlap with.
func (s *server) entry(q *request) error {
	e, err := s.catalogue.Entry(q.Context(), q.actor, catalogue.Page, q.PathValue("ref"))
	if err != nil {
		return err
	}
	d := entryData{Entry: e, CanPledge: access.May(q.actor, access.EntriesPledge)}
	for _, i := range e.Items {
		d.Units += i.Quantity
	}
	if raw := q.URL.Query().Get("quantity"); raw != "" && d.CanPledge {
		n, err := strconv.Atoi(raw)
		if err != nil {
			return q.refused("/catalogue/"+url.PathEscape(e.Ref), "quantity")
		}
		d.Offer.Quantity, d.Asked = n, true
		if d.Overlaps, d.Seen, err = s.catalogue.Overlaps(q.Context(), q.actor, e.Ref, d.Offer); err != nil {
			return q.refuseRelease("/catalogue/"+url.PathEscape(e.Ref), err)
		}
	}
	return q.show("entry", e.Title.In(q.loc.lang), d)
}

func (s *server) pledge(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	back := "/catalogue/" + url.PathEscape(q.PathValue("ref"))
	n, err := strconv.Atoi(q.PostForm.Get("quantity"))
	if err != nil {
		return q.refused(back, "quantity")
	}
	if _, err := s.catalogue.Pledge(q.Context(), q.actor, q.PathValue("ref"), catalogue.Offer{Quantity: n, Seen: q.PostForm.Get("seen")}); err != nil {
		return q.refuseRelease(back, err)
	}
	return q.done(back, "pledged")
}

// pledgeStep moves one of the donor's own pledges on.
func (s *server) pledgeStep(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	back, id := ownPath(q.PostForm.Get("back")), q.PathValue("id")
	var err error
	step := q.PostForm.Get("step")
	switch step {
	case "commit":
		err = s.catalogue.Commit(q.Context(), q.actor, id)
	case "procure":
		err = s.catalogue.Procure(q.Context(), q.actor, id)
	case "cancel":
		err = s.catalogue.Cancel(q.Context(), q.actor, id)
	case "deliver":
		var n int
		if n, err = strconv.Atoi(q.PostForm.Get("quantity")); err != nil {
			return q.refused(back, "quantity")
		}
		err = s.catalogue.Deliver(q.Context(), q.actor, id, n)
	default:
		err = errors.Join(catalogue.ErrState)
	}
	if err != nil {
		return q.refuseRelease(back, err)
	}
	return q.done(back, "moved")
}

type queueData struct {
	Entries   []queuedEntry
	Totals    *catalogue.Totals
	Required  float64
	Uncovered float64
	Unclaimed int // entries nobody has announced help for
	Whole     int // entries that lack nothing
}

type queuedEntry struct {
	catalogue.Entry
	Lacks []catalogue.Lack
}

// queue is the coordinator's: what is released, how far it is funded, what nobody takes, what ends soon.
func (s *server) queue(q *request) error {
	list, err := s.catalogue.Entries(q.Context(), q.actor, catalogue.Page, catalogue.Filter{})
	if err != nil {
		return err
	}
	var d queueData
	for _, e := range list {
		lacks := catalogue.Lacks(&e.DonorNeed, q.now)
		if len(lacks) == 0 {
			d.Whole++
		}
		d.Entries = append(d.Entries, queuedEntry{e, lacks})
		d.Required, d.Uncovered = d.Required+e.Funding.Required, d.Uncovered+e.Funding.Uncovered
		if e.Funding.Pledged+e.Funding.Committed+e.Funding.Delivered+e.Funding.Verified == 0 {
			d.Unclaimed++
		}
	}
	slices.SortStableFunc(d.Entries, func(x, y queuedEntry) int { return compareDown(x.Funding.Uncovered, y.Funding.Uncovered) })
	t, err := s.catalogue.Totals(q.Context(), q.actor)
	if err == nil && len(t.Tables) > 0 {
		d.Totals = &t
	}
	if err != nil && !notThere(err) {
		return err
	}
	return q.show("queue", q.loc.text("queue.title"), d)
}

func (s *server) freeze(q *request) error {
	if _, err := s.catalogue.Freeze(q.Context(), q.actor); err != nil {
		if errors.Is(err, catalogue.ErrNothing) {
			return q.refused("/queue", "nothing")
		}
		return err
	}
	return q.done("/queue", "frozen")
}
