package web

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Bounds of the heat map: what the eye still takes in.
const (
	heatRows    = 40
	heatColumns = 20
)

// heatCell is one control at one recipient, in hosts.
type heatCell struct {
	Fail, Decided, None int
	Share               float64 // failing of decided, 0 to 100
	Step                int     // 0 to 4 by share
	List                string  // address of its findings; "": none fails
	RecipientName       string
}

// Measured reports whether any host decided the control; Applies, whether it applies to any.
func (c heatCell) Measured() bool { return c.Decided > 0 }

// Applies reports whether the control applies to any host of the recipient, as far as that is known.
func (c heatCell) Applies() bool { return c.Decided+c.None > 0 }

// Partly reports whether more hosts are undecided than decided.
func (c heatCell) Partly() bool { return c.Measured() && c.None > c.Decided }

type heatRow struct {
	Control, Title string
	Severity       assessment.Severity
	Cells          []heatCell
	fail, none     int
}

type heatData struct {
	Recipients []option // to choose from
	Families   []option
	Columns    []option // recipients shown
	Rows       []heatRow
	More       int    // controls beyond those shown
	Next       string // address of the next recipients; "": none
	First      int    // number of the first recipient shown, from 1
	All        int    // recipients in all
	Height     string // class of the plot
}

// heat shows controls against recipients: how many of the hosts on which a control was decided fail it. What was not
// measured is hatched and never coloured.
func (s *server) heat(q *request) error {
	in := q.URL.Query()
	names, err := q.hostRecipients()
	if err != nil {
		return err
	}
	list, err := s.desk.Standings(q.Context(), q.actor, in.Get("recipient"))
	if err != nil {
		return err
	}
	d := heatData{Recipients: nameOptions(names, in.Get("recipient"))}
	for _, f := range policies.BuiltIn().Families {
		d.Families = append(d.Families, option{f.ID, f.Title.In(q.loc.lang), f.ID == in.Get("family")})
	}
	d.columns(in, list)
	d.fill(q, list, in.Get("family"))
	p := q.page(q.loc.text("heat.title"), d)
	p.Plot = len(d.Rows) > 0
	s.render(q.w, q.Request, http.StatusOK, "heat", p)
	return nil
}

// columns picks the recipients of this page, among those that have results.
func (d *heatData) columns(in url.Values, list []store.Standing) {
	has := map[string]bool{}
	for _, st := range list {
		has[st.RecipientID] = true
	}
	all := slices.DeleteFunc(slices.Clone(d.Recipients), func(o option) bool { return !has[o.Value] })
	from, err := strconv.Atoi(in.Get("from"))
	if err != nil || from < 0 || from >= len(all) {
		from = 0
	}
	to := min(from+heatColumns, len(all))
	d.Columns, d.All, d.First = all[from:to], len(all), from+1
	if to < len(all) {
		next := url.Values{"from": {strconv.Itoa(to)}}
		if f := in.Get("family"); f != "" {
			next.Set("family", f)
		}
		d.Next = "/heat?" + next.Encode()
	}
}

func (d *heatData) fill(q *request, list []store.Standing, family string) {
	column := map[string]int{}
	for i, o := range d.Columns {
		column[o.Value] = i
	}
	rows := map[string]*heatRow{}
	for _, st := range list {
		i, ok := column[st.RecipientID]
		if !ok || family != "" && !strings.HasPrefix(st.Control, family+".") {
			continue
		}
		r := rows[st.Control]
		if r == nil {
			r = &heatRow{Control: st.Control, Title: q.s.texts.title(q.loc.lang, st.Control), Cells: make([]heatCell, len(d.Columns))}
			if c, ok := policies.BuiltIn().Control(st.Control); ok {
				r.Severity = c.Severity
			}
			rows[st.Control] = r
		}
		r.Cells[i].add(st)
		switch st.Status {
		case assessment.Fail:
			r.fail += st.Hosts
		case assessment.Unmeasured, assessment.Error:
			r.none += st.Hosts
		}
	}
	for _, r := range rows {
		for i := range r.Cells {
			r.Cells[i].finish(r.Control, d.Columns[i])
		}
		d.Rows = append(d.Rows, *r)
	}
	slices.SortFunc(d.Rows, func(x, y heatRow) int {
		return cmp.Or(y.fail-x.fail, y.none-x.none, y.Severity.Rank()-x.Severity.Rank(), strings.Compare(x.Control, y.Control))
	})
	d.More = max(0, len(d.Rows)-heatRows)
	d.Rows = d.Rows[:len(d.Rows)-d.More]
	d.Height = "plot-s"
	switch n := len(d.Rows); {
	case n > 24:
		d.Height = "plot-l"
	case n > 10:
		d.Height = "plot-m"
	}
}

func (c *heatCell) add(st store.Standing) {
	switch st.Status {
	case assessment.Pass:
		c.Decided += st.Hosts
	case assessment.Fail:
		c.Decided += st.Hosts
		c.Fail += st.Hosts
	case assessment.NotApplicable:
	default:
		c.None += st.Hosts
	}
}

func (c *heatCell) finish(control string, recipient option) {
	c.RecipientName = recipient.Text
	if c.Decided == 0 {
		return
	}
	c.Share = 100 * float64(c.Fail) / float64(c.Decided)
	if c.Fail > 0 {
		c.Step = int(math.Ceil(c.Share / 25))
		c.List = "/findings?" + url.Values{"recipient": {recipient.Value}, "control": {control}}.Encode()
	}
}
