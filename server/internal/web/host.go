package web

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/foreign"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Bounds of a host's page.
const (
	historyDays    = 90
	maxChanges     = 60
	maxGiven       = 12
	maxToolResults = 500
)

type resultLine struct {
	store.Result
	words
	Finding string // id of the open finding; "" for none
	Scoped  bool   // its administrator left it out, with a reason
}

type changeLine struct {
	store.ResultChange
	Title string
	Worse bool
}

type dayMark struct {
	X        int // in the units of the strip
	Measured bool
}

type reportRow struct {
	store.ForeignReport
	By string
}

// given is a certificate as the page tells of it.
type given struct {
	At, Until time.Time
	How       string // see [store.Certificate]
}

type hostData struct {
	desk.HostView
	Results []resultLine // that want a look: failed, undecided
	Fine    []resultLine // met, or not applicable to this host
	Left    []resultLine // left out by the administrator
	Runtime []resultLine // that rest on the kernel's testimony
	Drift   []resultLine // what holds now differs from what the files say
	Changes []changeLine // newest first
	Days    []dayMark
	DaysOn  int
	Reports []reportRow
	Given   []given // certificates of the host, newest first
	Back    *given  // the newest by which it came back without a valid one, of late
	Open    int
	Review  bool
	Detail  int // results that came with what was seen
	CanPut  bool

	Conflicts, Dropped, Damaged int // of the host, as counted texts take them
}

func (s *server) host(q *request) error {
	v, err := s.desk.Host(q.Context(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	cat, err := s.texts.catalogue(q.Context(), v.Host.BundleName, v.Host.BundleRevision)
	if err != nil {
		return err
	}
	open := map[string]string{}
	for _, f := range v.Findings {
		if f.State == review.Open {
			open[f.Control] = f.ID
		}
	}
	d := hostData{HostView: v, Open: len(open), Conflicts: int(v.Host.Conflicts), Dropped: int(v.Host.DroppedItems), Damaged: int(v.Host.DamagedItems), //nolint:gosec // counters
		CanPut: access.Can(q.actor, access.FindingsEvidence, access.Object{Recipient: v.Host.RecipientID})}
	for _, r := range v.Results {
		line := resultLine{Result: r, Finding: open[r.Control], Scoped: r.Status == assessment.NotApplicable && assessment.IsScoped(r.ReasonID),
			words: s.texts.of(cat, q.loc.lang, r.Control, r.ReasonID, r.Target, v.Host.OS)}
		d.sort(line, cat)
	}
	slices.SortStableFunc(d.Results, bySeverity)
	at := slices.IndexFunc(d.Results, func(r resultLine) bool { return statusOrder[r.Status] >= statusOrder[assessment.Pass] })
	if at >= 0 {
		d.Results, d.Fine = d.Results[:at], d.Results[at:]
	}
	if d.Reports, err = q.reports(v.Host.ID); err != nil {
		return err
	}
	if err := q.hostHistory(&d, cat); err != nil {
		return err
	}
	return q.show("host", hostName(v.Host), d)
}

// sort puts a result where the page shows it.
func (d *hostData) sort(line resultLine, cat *policies.Catalogue) {
	if len(line.Evidence) > 0 || line.Target != "" {
		d.Detail++
	}
	if line.Scoped {
		d.Left = append(d.Left, line)
		return
	}
	d.Results = append(d.Results, line)
	if line.Live != "" && line.Persisted != "" && line.Live != line.Persisted {
		d.Drift = append(d.Drift, line)
	}
	if c, ok := cat.Control(line.Control); ok && slices.Contains(c.Facts, "runtime") {
		d.Runtime = append(d.Runtime, line)
	}
}

var statusOrder = map[assessment.Status]int{assessment.Fail: 0, assessment.Error: 1, assessment.Unmeasured: 2, assessment.Pass: 3, assessment.NotApplicable: 4}

func bySeverity(x, y resultLine) int {
	if x.Status != y.Status {
		return statusOrder[x.Status] - statusOrder[y.Status]
	}
	return y.Severity.Rank() - x.Severity.Rank()
}

// hostHistory reads what became different of late and on which days the host was measured.
func (q *request) hostHistory(d *hostData, cat *policies.Catalogue) error {
	var changes []store.ResultChange
	var days []bool
	var certificates []store.Certificate
	err := q.s.store.View(q.Context(), func(tx *store.Tx) (err error) {
		if changes, err = tx.ChangesOf(d.Host.ID, q.now.AddDate(0, 0, -historyDays), maxChanges); err != nil {
			return err
		}
		if certificates, err = tx.Certificates(d.Host.ID); err != nil {
			return err
		}
		days, err = tx.MeasuredDays(d.Host.ID, q.now, historyDays)
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range certificates[:min(len(certificates), maxGiven)] {
		g := given{At: c.NotAfter.Add(-enrol.HostLife), Until: c.NotAfter, How: c.How} // what it is valid from is dated back
		if d.Given = append(d.Given, g); d.Back == nil && g.How == "recover" && g.At.After(q.now.AddDate(0, 0, -historyDays)) {
			d.Back = &g
		}
	}
	slices.Reverse(changes)
	for _, c := range changes {
		line := changeLine{ResultChange: c, Title: c.Control, Worse: c.After == assessment.Fail}
		if k, ok := cat.Control(c.Control); ok {
			line.Title = k.Title.In(q.loc.lang)
		}
		d.Changes = append(d.Changes, line)
	}
	for i, on := range days {
		d.Days = append(d.Days, dayMark{i * 10, on})
		if on {
			d.DaysOn++
		}
	}
	return nil
}

// reports lists what other tools said of a host.
func (q *request) reports(host string) ([]reportRow, error) {
	list, err := q.s.desk.Reports(q.Context(), q.actor, host)
	if err != nil {
		return nil, err
	}
	var out []reportRow
	for _, r := range list {
		names, err := q.s.access.Names(q.Context(), strings.TrimPrefix(r.ImportedBy, "user:"))
		if err != nil {
			return nil, err
		}
		out = append(out, reportRow{r, names[strings.TrimPrefix(r.ImportedBy, "user:")]})
	}
	return out, nil
}

// importReport takes a report of another tool; it stands beside our results and moves nothing.
func (s *server) importReport(q *request) error {
	back := "/hosts/" + url.PathEscape(q.PathValue("id"))
	_, content, err := q.upload()
	if err != nil {
		return err
	}
	_, err = s.desk.ImportReport(q.Context(), q.actor, q.PathValue("id"), content)
	switch {
	case errors.Is(err, foreign.ErrFormat), errors.Is(err, foreign.ErrTooMany):
		return q.refused(back, "report")
	case errors.Is(err, store.ErrExists):
		return q.refused(back, "report_exists")
	case err != nil:
		return err
	}
	return q.done(back, "report")
}

type toolData struct {
	Report  store.ForeignReport
	Host    store.Host
	Content *foreign.Report
	Counts  []toolCount
	Results []foreign.Result // failing ones first, at most [maxToolResults]
	More    int
}

type toolCount struct {
	Status foreign.Status
	N      int
}

var toolOrder = []foreign.Status{foreign.Fail, foreign.Unmeasured, foreign.Informational, foreign.Pass, foreign.NotApplicable}

// toolReport shows what another tool said, in its own words.
func (s *server) toolReport(q *request) error {
	v, content, err := s.desk.Report(q.Context(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	host, err := s.desk.Host(q.Context(), q.actor, v.HostID)
	if err != nil {
		return err
	}
	d := toolData{Report: v, Host: host.Host, Content: content, Results: slices.Clone(content.Results)}
	counts := content.Counts()
	for _, st := range toolOrder {
		if counts[st] > 0 {
			d.Counts = append(d.Counts, toolCount{st, counts[st]})
		}
	}
	slices.SortStableFunc(d.Results, func(x, y foreign.Result) int {
		return slices.Index(toolOrder, x.Status) - slices.Index(toolOrder, y.Status)
	})
	d.More = max(0, len(d.Results)-maxToolResults)
	d.Results = d.Results[:len(d.Results)-d.More]
	return q.show("toolreport", v.Tool+", "+hostName(host.Host), d)
}

type leavesData struct {
	Hosts    []leavesLine
	Next     string
	Sent     uint64 // bytes this month, of those shown
	Narrowed []store.Directive
}

type leavesLine struct {
	store.Host
	store.HostDetail
	Recipient string
}

// Named reports whether the host's name came here.
func (l leavesLine) Named() bool { return l.Name != "" }

// leaves shows an administrator what came here from each host, and how to let less go.
func (s *server) leaves(q *request) error {
	hosts, err := s.desk.Hosts(q.Context(), q.actor, desk.HostFilter{Live: true, After: q.URL.Query().Get("after"), Limit: pageSize + 1})
	if err != nil {
		return err
	}
	names, err := q.hostRecipients()
	if err != nil {
		return err
	}
	d := leavesData{}
	if len(hosts) > pageSize {
		hosts = hosts[:pageSize]
		d.Next = "/leaves?after=" + url.QueryEscape(hosts[pageSize-1].ID)
	}
	ids := make([]string, 0, len(hosts))
	for _, h := range hosts {
		ids = append(ids, h.ID)
	}
	err = s.store.View(q.Context(), func(tx *store.Tx) error {
		details, err := tx.HostDetails(ids)
		if err != nil {
			return err
		}
		for _, h := range hosts {
			d.Hosts = append(d.Hosts, leavesLine{h, details[h.ID], names[h.RecipientID]})
			d.Sent += h.SentBytes
		}
		all, err := tx.Directives()
		for _, v := range all {
			if id, ok := strings.CutPrefix(v.Scope, "recipient:"); len(v.Withhold) > 0 && (v.Scope == "" || ok && names[id] != "") {
				d.Narrowed = append(d.Narrowed, v)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return q.show("leaves", q.loc.text("leaves.title"), d)
}
