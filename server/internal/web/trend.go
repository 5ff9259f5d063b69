package web

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/need"
)

// months is how far back the trend looks.
const trendMonths = 12

type trendData struct {
	Recipients []option
	Recipient  string
	Points     []catalogue.TrendPoint // oldest first
	Most       float64
	Hosts      float64 // the most hosts of any time
	Latest     catalogue.TrendPoint
	Opened     int
	Closed     int
	Reopened   int
}

// trend shows how a recipient stood month by month, with the coverage beside the findings.
func (s *server) trend(q *request) error {
	names, err := q.recipientNames(access.GapsRead)
	if err != nil {
		return err
	}
	list := nameOptions(names, q.URL.Query().Get("recipient"))
	d := trendData{Recipients: list, Recipient: q.URL.Query().Get("recipient")}
	if d.Recipient == "" && len(list) > 0 {
		d.Recipient, list[0].Selected = list[0].Value, true
	}
	if d.Recipient == "" {
		return q.show("trend", q.loc.text("trend.title"), d)
	}
	now := q.now.UTC().Truncate(time.Second)
	var at []time.Time
	for m := trendMonths; m > 0; m-- {
		at = append(at, time.Date(now.Year(), now.Month()-time.Month(m-1), 1, 0, 0, 0, 0, time.UTC))
	}
	points, err := s.catalogue.Trend(q.Context(), q.actor, d.Recipient, append(at, now))
	if err != nil {
		return err
	}
	d.Points = slices.DeleteFunc(slices.Clone(points), func(p catalogue.TrendPoint) bool { return p.Known == 0 })
	for _, p := range d.Points {
		d.Most, d.Hosts = max(d.Most, float64(p.Open)), max(d.Hosts, float64(p.Known))
		d.Opened, d.Closed, d.Reopened = d.Opened+p.Opened, d.Closed+p.Closed, d.Reopened+p.Reopened
		d.Latest = p
	}
	p := q.page(q.loc.text("trend.title"), d)
	p.Plot = len(d.Points) > 1
	s.render(q.w, q.Request, http.StatusOK, "trend", p)
	return nil
}

// pastDay reads the day a reader asks for; ok is false when it is not one that lies behind.
func (q *request) pastDay() (at time.Time, ok bool) {
	day, err := time.Parse(time.DateOnly, q.URL.Query().Get("at"))
	at = day.Add(24*time.Hour - time.Second)
	return at, err == nil && at.Before(q.now)
}

type stabilityLine struct {
	*need.Need
	Share     float64 // of the draws
	Recipient string
}

type stabilityData struct {
	Lines      []stabilityLine
	Recipients []option
	Several    bool
	How        need.Sensitivity
	Sure       int // needs of the top in at least nine of ten draws
	Run        string
}

// draws is how the weights are shaken: published, and equal for everybody who asks.
var draws = need.Sensitivity{Draws: 1000, Spread: 0.2, Seed: 1, Top: 10}

// stability shows how sure the top of the ranking is when the weights are a little wrong.
func (s *server) stability(q *request) error {
	names, err := q.recipientNames(access.NeedsRead)
	if err != nil {
		return err
	}
	wish := q.URL.Query().Get("recipient")
	run, shares, err := s.catalogue.Stability(q.Context(), q.actor, wish, draws)
	if err != nil {
		return err
	}
	d := stabilityData{Recipients: nameOptions(names, wish), Several: len(names) > 1, How: draws, Run: run.ID}
	for i := range run.Needs {
		n := &run.Needs[i]
		if share, ok := shares[n.ID]; ok {
			d.Lines = append(d.Lines, stabilityLine{n, share, names[n.Recipient]})
			if share >= 0.9 {
				d.Sure++
			}
		}
	}
	slices.SortStableFunc(d.Lines, func(x, y stabilityLine) int { return cmp.Or(cmp.Compare(y.Share, x.Share), x.Rank-y.Rank) })
	return q.show("stability", q.loc.text("stability.title"), d)
}

type pastData struct {
	Past       catalogue.Past
	Day        string
	Today      string
	Recipients []option
	Several    bool
	Gaps       []gapLine
	Needs      []need.Need
	Names      map[string]string
}

// past shows the gaps and the first needs of a day that lies behind, with the run id by which anybody repeats it.
func (s *server) past(q *request) error {
	names, err := q.recipientNames(access.NeedsRead)
	if err != nil {
		return err
	}
	at, ok := q.pastDay()
	if !ok {
		at = q.now.AddDate(0, -6, 0)
	}
	wish := q.URL.Query().Get("recipient")
	d := pastData{Day: at.Format(time.DateOnly), Today: q.now.AddDate(0, 0, -1).Format(time.DateOnly), Names: names, Several: len(names) > 1}
	d.Recipients = nameOptions(names, wish)
	if wish == "" && len(d.Recipients) > 0 {
		wish, d.Recipients[0].Selected = d.Recipients[0].Value, true
	}
	if d.Past, err = s.catalogue.Past(q.Context(), q.actor, wish, at); errors.Is(err, catalogue.ErrUntil) {
		return q.refused("/past", "past")
	} else if err != nil {
		return err
	}
	sites, err := q.siteNames(names)
	if err != nil {
		return err
	}
	for _, g := range d.Past.Gaps {
		d.Gaps = append(d.Gaps, gapLine{Gap: g, Recipient: names[g.Recipient], SiteName: sites[g.Site], CapabilityName: s.texts.capability(q.loc.lang, g.Capability)})
	}
	slices.SortStableFunc(d.Gaps, func(x, y gapLine) int {
		return cmp.Or(remedies.Urgency.Rank(y.Urgency)-remedies.Urgency.Rank(x.Urgency), y.Affected-x.Affected)
	})
	d.Needs = d.Past.Run.Needs[:min(len(d.Past.Run.Needs), 20)]
	return q.show("past", q.loc.text("past.title"), d)
}
