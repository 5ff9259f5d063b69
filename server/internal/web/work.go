package web

import (
	"cmp"
	"net/url"
	"slices"
	"time"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// soon is how far ahead the work queue looks for waivers that end.
const soon = 30 * 24 * time.Hour

// maxReviews and maxBeside bound the lists of the work queue.
const (
	maxReviews = 25
	maxBeside  = 15
)

type reviewLine struct {
	store.OpenReview
	Title, Recipient string
	Urgency          remedies.Urgency
	Due              time.Time // of the oldest, by severity; zero: none
	Overdue          bool
	List             string // address of its findings
}

type totalsLine struct {
	store.RecipientTotals
	Name string
}

type waiverLine struct {
	store.Finding
	Title, Recipient string
}

type workData struct {
	Reviews       []reviewLine
	More          int // reviews beyond those shown
	Unreviewed    int // findings nobody decided on
	Urgent        int // of the reviews, those to act on before the usual cycle
	Overdue       int // of the reviews, those past their due date
	Mine, MineDue int
	Waivers       []waiverLine
	Coverage      []totalsLine // the least measured first
	Silent        []hostLine
	Hosts         int
	Stale         int // hosts
	None          int // results that were not measured
	Decided       float64
}

// work is where an assessor's day begins: what awaits review by urgency and age, and beside it what is not known.
func (s *server) work(q *request) error {
	v, err := s.desk.Queue(q.Context(), q.actor, q.now.Add(-staleAfter), q.now.Add(soon), maxBeside)
	if err != nil {
		return err
	}
	gaps, err := s.catalogue.Gaps(q.Context(), q.actor, "")
	if err != nil {
		return err
	}
	urgency := map[[2]string]remedies.Urgency{}
	for _, g := range gaps {
		for _, c := range g.Controls {
			k := [2]string{g.Recipient, c.Control}
			if c.Urgency.Rank() > urgency[k].Rank() {
				urgency[k] = c.Urgency
			}
		}
	}
	names, err := q.hostRecipients()
	if err != nil {
		return err
	}
	d := workData{Mine: v.Mine, MineDue: v.Overdue, Reviews: make([]reviewLine, 0, len(v.Reviews))}
	for _, r := range v.Reviews {
		line := reviewLine{OpenReview: r, Recipient: names[r.RecipientID], Urgency: cmp.Or(urgency[[2]string{r.RecipientID, r.Control}], remedies.Defer),
			Due: review.Due(r.Severity, r.Since)}
		line.Overdue = !line.Due.IsZero() && line.Due.Before(q.now)
		d.Unreviewed += r.Unreviewed
		if line.Urgency.Rank() >= remedies.OutOfCycle.Rank() {
			d.Urgent++
		}
		if line.Overdue {
			d.Overdue++
		}
		d.Reviews = append(d.Reviews, line)
	}
	slices.SortStableFunc(d.Reviews, func(x, y reviewLine) int {
		return cmp.Or(y.Urgency.Rank()-x.Urgency.Rank(), y.Severity.Rank()-x.Severity.Rank(), min(y.Unreviewed, 1)-min(x.Unreviewed, 1), x.Since.Compare(y.Since))
	})
	d.More = max(0, len(d.Reviews)-maxReviews)
	d.Reviews = d.Reviews[:len(d.Reviews)-d.More]
	for i := range d.Reviews { // of the few that are shown
		line := &d.Reviews[i]
		line.Title = s.texts.title(q.loc.lang, line.Control)
		line.List = "/findings?" + url.Values{"recipient": {line.RecipientID}, "control": {line.Control}}.Encode()
	}
	for _, f := range v.Waivers {
		d.Waivers = append(d.Waivers, waiverLine{f, s.texts.title(q.loc.lang, f.Control), names[f.RecipientID]})
	}
	for _, h := range v.Silent {
		d.Silent = append(d.Silent, hostLine{Host: h, Recipient: names[h.RecipientID], Stale: true})
	}
	d.cover(v.Recipients, names)
	return q.show("work", q.loc.text("work.title"), d)
}

// cover sums up what was measured, and picks the recipients of which the least is known.
func (d *workData) cover(list []store.RecipientTotals, names map[string]string) {
	sum, whole := 0, 0
	for _, t := range list {
		c := coverageOf(t.Sum)
		d.Hosts, d.Stale, d.None = d.Hosts+t.Hosts, d.Stale+t.Stale, d.None+c.None
		sum, whole = sum+c.Pass+c.Fail, whole+c.Whole
		if c.None > 0 || t.Stale > 0 || t.Unmeasured > 0 {
			d.Coverage = append(d.Coverage, totalsLine{t, names[t.RecipientID]})
		}
	}
	d.Decided = 100
	if whole > 0 {
		d.Decided = 100 * float64(sum) / float64(whole)
	}
	slices.SortStableFunc(d.Coverage, func(x, y totalsLine) int {
		return cmp.Or(cmp.Compare(coverageOf(x.Sum).Decided, coverageOf(y.Sum).Decided), y.Stale-x.Stale)
	})
	d.Coverage = d.Coverage[:min(len(d.Coverage), maxBeside)]
}

// title is what a control of the built-in catalogue is called; one that is not in it, by its id.
func (c *controlTexts) title(lang, control string) string {
	if k, ok := policies.BuiltIn().Control(control); ok {
		return k.Title.In(lang)
	}
	return control
}
