package web

import (
	"encoding/base64"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// pageSize is how many lines a list shows at once.
const pageSize = 50

// maxTasks is how many controls "what to mend first" shows.
const maxTasks = 25

// staleAfter is when a host that was silent is pointed out.
const staleAfter = 3 * 24 * time.Hour

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

type hostLine struct {
	store.Host
	Site, Recipient string
	Stale           bool
}

type hostsData struct {
	Hosts                       []hostLine
	Total, Failing, Stale, Open int
	Several                     bool // hosts of more than one recipient
	Next                        string
	Sum                         assessment.Summary
}

func (s *server) hosts(q *request) error {
	hosts, err := s.desk.Hosts(q.Context(), q.actor, "", "", 0)
	if err != nil {
		return err
	}
	d := hostsData{}
	recipients, err := q.recipientNames(access.HostsRead)
	if err != nil {
		return err
	}
	d.Several = len(recipients) > 1
	sites := map[string]string{}
	err = s.store.View(q.Context(), func(tx *store.Tx) error {
		for id := range recipients {
			list, err := tx.Sites(id)
			if err != nil {
				return err
			}
			for _, v := range list {
				sites[v.ID] = v.Name(q.loc.lang)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	after := q.URL.Query().Get("after")
	for _, h := range hosts {
		if !h.Revoked.IsZero() {
			continue
		}
		line := hostLine{Host: h, Site: sites[h.SiteID], Recipient: recipients[h.RecipientID], Stale: q.now.Sub(h.LastSeen) > staleAfter}
		d.Total++
		d.Sum.Pass, d.Sum.Fail = d.Sum.Pass+h.Summary.Pass, d.Sum.Fail+h.Summary.Fail
		d.Sum.Unmeasured, d.Sum.Error = d.Sum.Unmeasured+h.Summary.Unmeasured, d.Sum.Error+h.Summary.Error
		if h.Summary.Fail > 0 {
			d.Failing++
		}
		if line.Stale {
			d.Stale++
		}
		if h.ID <= after {
			continue
		}
		if len(d.Hosts) == pageSize {
			d.Next = "/hosts?after=" + url.QueryEscape(d.Hosts[pageSize-1].ID)
			after = "\xff"
			continue
		}
		d.Hosts = append(d.Hosts, line)
	}
	return q.show("hosts", q.loc.text("hosts.title"), d)
}

// recipientNames maps ids to names of the recipients the reader may do action on.
func (q *request) recipientNames(action access.Action) (map[string]string, error) {
	list, err := q.s.desk.Recipients(q.Context(), q.actor, action)
	names := map[string]string{}
	for _, r := range list {
		names[r.ID] = r.Name(q.loc.lang)
	}
	return names, err
}

type resultLine struct {
	store.Result
	words
	Finding string // id of the open finding; "" for none
}

type hostData struct {
	desk.HostView
	Results []resultLine
	Open    int
	Review  bool
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
	d := hostData{HostView: v, Open: len(open)}
	for _, r := range v.Results {
		d.Results = append(d.Results, resultLine{Result: r, Finding: open[r.Control],
			words: s.texts.of(cat, q.loc.lang, r.Control, r.ReasonID, r.Target, v.Host.OS)})
	}
	order := map[assessment.Status]int{assessment.Fail: 0, assessment.Error: 1, assessment.Unmeasured: 2, assessment.Pass: 3, assessment.NotApplicable: 4}
	slices.SortStableFunc(d.Results, func(x, y resultLine) int {
		if x.Status != y.Status {
			return order[x.Status] - order[y.Status]
		}
		return y.Severity.Rank() - x.Severity.Rank()
	})
	return q.show("host", hostName(v.Host), d)
}

// hostName is what a host is called where its name was withheld.
func hostName(h store.Host) string {
	if h.Name == "" {
		return h.ID
	}
	return h.Name
}

type taskLine struct {
	desk.Task
	words
	Capability string
	On         []hostRef
	More       int // hosts beyond those named
}

type hostRef struct{ ID, Name string }

type mendData struct {
	Tasks        []taskLine
	More         int // tasks beyond those shown
	Open, Hosts  int
	Critical     int // findings critical or high
	Unmeasured   int
	LastMeasured time.Time
}

// mend shows an administrator what to mend first: one task per control, with the commands for the systems that are
// there.
func (s *server) mend(q *request) error {
	findings, err := s.desk.Findings(q.Context(), q.actor, store.FindingFilter{State: review.Open})
	if err != nil {
		return err
	}
	hosts, err := s.desk.Hosts(q.Context(), q.actor, "", "", 0)
	if err != nil {
		return err
	}
	byID := map[string]store.Host{}
	d := mendData{}
	for _, h := range hosts {
		if !h.Revoked.IsZero() {
			continue
		}
		byID[h.ID] = h
		d.Hosts++
		d.Unmeasured += h.Summary.Unmeasured + h.Summary.Error
		if h.Measured.After(d.LastMeasured) {
			d.LastMeasured = h.Measured
		}
	}
	tasks := desk.Tasks(findings, q.now)
	for _, t := range tasks {
		d.Open += len(t.Findings)
		if t.Severity.Rank() >= assessment.High.Rank() {
			d.Critical += len(t.Findings)
		}
	}
	if len(tasks) > maxTasks {
		d.More = len(tasks) - maxTasks
		tasks = tasks[:maxTasks]
	}
	for _, t := range tasks {
		line, err := q.task(t, byID)
		if err != nil {
			return err
		}
		d.Tasks = append(d.Tasks, line)
	}
	return q.show("mend", q.loc.text("mend.title"), d)
}

// maxNamed is how many hosts a task names.
const maxNamed = 6

func (q *request) task(t desk.Task, hosts map[string]store.Host) (taskLine, error) {
	f := t.Findings[0]
	cat, err := q.s.texts.catalogue(q.Context(), f.BundleName, f.BundleRevision)
	if err != nil {
		return taskLine{}, err
	}
	line := taskLine{Task: t, Capability: q.s.texts.capability(q.loc.lang, f.Capability)}
	var oses []string
	for _, f := range t.Findings {
		h := hosts[f.HostID]
		oses = append(oses, h.OS)
		if len(line.On) < maxNamed {
			line.On = append(line.On, hostRef{f.ID, hostName(h)})
		} else {
			line.More++
		}
	}
	line.words = q.s.texts.of(cat, q.loc.lang, t.Control, f.ReasonID, f.Target, oses...)
	return line, nil
}

type findingLine struct {
	store.Finding
	words
	HostName, Recipient, CapabilityName string
	Waived                              bool
}

type option struct {
	Value, Text string
	Selected    bool
}

type findingsData struct {
	Findings                                              []findingLine
	Recipients, Capabilities, Severities, States, Reviews []option
	Several                                               bool
	Filtered                                              bool
	Next                                                  string
}

func (s *server) findings(q *request) error {
	in := q.URL.Query()
	names, err := q.recipientNames(access.FindingsRead)
	if err != nil {
		return err
	}
	f := store.FindingFilter{Recipient: in.Get("recipient"), Capability: in.Get("capability"), Control: in.Get("control"), Host: in.Get("host"),
		State: review.Open, Limit: pageSize + 1}
	if st := in.Get("state"); st == "all" {
		f.State = ""
	} else if slices.Contains(states, review.State(st)) {
		f.State = review.State(st)
	}
	if sev, ok := assessment.ParseSeverity(in.Get("severity")); ok {
		f.MinSeverity = sev
	}
	if d, ok := parseDecision(in.Get("review")); ok {
		f.Decision = &d
	}
	if f.After, err = parseCursor(in.Get("after")); err != nil {
		return store.ErrNotFound
	}
	list, err := s.desk.Findings(q.Context(), q.actor, f)
	if err != nil {
		return err
	}
	d := findingsData{Several: len(names) > 1, Filtered: len(in) > 0}
	if len(list) > pageSize {
		list = list[:pageSize]
		next := maps.Clone(in)
		next.Set("after", formatCursor(list[pageSize-1]))
		d.Next = "/findings?" + next.Encode()
	}
	if d.Findings, err = q.findingLines(list, names); err != nil {
		return err
	}
	q.findingOptions(&d, f, in, names)
	return q.show("findings", q.loc.text("findings.title"), d)
}

func (q *request) findingLines(list []store.Finding, recipients map[string]string) ([]findingLine, error) {
	hosts := map[string]store.Host{}
	err := q.s.store.View(q.Context(), func(tx *store.Tx) error {
		for _, f := range list {
			if _, ok := hosts[f.HostID]; ok {
				continue
			}
			h, err := tx.Host(f.HostID)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			hosts[f.HostID] = h
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []findingLine
	for _, f := range list {
		cat, err := q.s.texts.catalogue(q.Context(), f.BundleName, f.BundleRevision)
		if err != nil {
			return nil, err
		}
		h := hosts[f.HostID]
		out = append(out, findingLine{Finding: f, HostName: hostName(h), Recipient: recipients[f.RecipientID],
			CapabilityName: q.s.texts.capability(q.loc.lang, f.Capability), Waived: f.Waived(q.now),
			words: q.s.texts.of(cat, q.loc.lang, f.Control, f.ReasonID, f.Target, h.OS)})
	}
	return out, nil
}

var (
	states    = []review.State{review.Open, review.Closed, review.Moot}
	decisions = []review.Decision{review.Unreviewed, review.Confirmed, review.FalsePositive, review.Accepted}
)

// parseDecision reads a decision as forms write it: "none" is unreviewed.
func parseDecision(s string) (review.Decision, bool) {
	if s == "none" {
		return review.Unreviewed, true
	}
	return review.Decision(s), s != "" && slices.Contains(decisions, review.Decision(s))
}

func decisionValue(d review.Decision) string {
	if d == review.Unreviewed {
		return "none"
	}
	return string(d)
}

func (q *request) findingOptions(d *findingsData, f store.FindingFilter, in url.Values, names map[string]string) {
	for _, id := range sortedKeys(names) {
		d.Recipients = append(d.Recipients, option{id, names[id], id == f.Recipient})
	}
	slices.SortFunc(d.Recipients, func(x, y option) int { return strings.Compare(x.Text, y.Text) })
	for _, c := range q.s.texts.capabilities {
		d.Capabilities = append(d.Capabilities, option{c.ID, c.Name.In(q.loc.lang), c.ID == f.Capability})
	}
	for _, sev := range []assessment.Severity{assessment.Critical, assessment.High, assessment.Medium, assessment.Low} {
		d.Severities = append(d.Severities, option{string(sev), q.loc.text("from." + string(sev)), sev == f.MinSeverity})
	}
	for _, st := range states {
		d.States = append(d.States, option{string(st), q.loc.text("state." + string(st)), st == f.State})
	}
	d.States = append(d.States, option{"all", q.loc.text("state.all"), f.State == ""})
	for _, dec := range decisions {
		v := decisionValue(dec)
		d.Reviews = append(d.Reviews, option{v, q.loc.text("decision." + v), in.Get("review") == v})
	}
}

// A cursor is the last line's place, opaque to the reader.
func formatCursor(f store.Finding) string {
	return base64.RawURLEncoding.EncodeToString([]byte(string(f.Severity) + " " + strconv.FormatInt(store.MS(f.Opened), 10) + " " + f.ID))
}

func parseCursor(s string) (*store.FindingCursor, error) {
	if s == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, err
	}
	parts := strings.SplitN(string(b), " ", 3)
	if len(parts) != 3 {
		return nil, errors.New("cursor is malformed")
	}
	sev, ok := assessment.ParseSeverity(parts[0])
	ms, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || !ok {
		return nil, errors.New("cursor is malformed")
	}
	return &store.FindingCursor{Severity: sev, Opened: store.At(ms), ID: parts[2]}, nil
}

type findingData struct {
	desk.FindingView
	words
	CapabilityName     string
	Waived, CanReview  bool
	Mine               bool
	Assignee           string
	Events             []eventLine
	Decisions          []option
	MinUntil, MaxUntil string // dates for a waiver's end
}

type eventLine struct {
	store.FindingEvent
	Who  string
	Text string // a comment or a reason
	Key  string // catalogue key of what happened
}

func (s *server) finding(q *request) error {
	v, err := s.desk.Finding(q.Context(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	f := v.Finding
	cat, err := s.texts.catalogue(q.Context(), f.BundleName, f.BundleRevision)
	if err != nil {
		return err
	}
	d := findingData{FindingView: v, words: s.texts.of(cat, q.loc.lang, f.Control, f.ReasonID, f.Target, v.Host.OS),
		CapabilityName: s.texts.capability(q.loc.lang, f.Capability), Waived: f.Waived(q.now), Mine: f.Assignee == q.actor.UserID,
		CanReview: access.Can(q.actor, access.FindingsReview, access.Object{Recipient: f.RecipientID}),
		MinUntil:  q.now.AddDate(0, 0, 1).Format(time.DateOnly), MaxUntil: q.now.Add(review.MaxWaiver).Format(time.DateOnly)}
	for _, dec := range []review.Decision{review.Confirmed, review.FalsePositive, review.Accepted} {
		d.Decisions = append(d.Decisions, option{string(dec), q.loc.text("decide." + string(dec)), dec == f.Decision})
	}
	if d.Events, d.Assignee, err = q.events(v); err != nil {
		return err
	}
	return q.show("finding", d.Title, d)
}

func (q *request) events(v desk.FindingView) (lines []eventLine, assignee string, err error) {
	ids := []string{v.Finding.Assignee}
	for _, e := range v.Events {
		if id, ok := strings.CutPrefix(e.Actor, "user:"); ok {
			ids = append(ids, id)
		}
	}
	names, err := q.s.access.Names(q.Context(), ids...)
	if err != nil {
		return nil, "", err
	}
	for _, e := range v.Events {
		line := eventLine{FindingEvent: e, Key: "event." + e.Event, Who: q.loc.text("event.by_measurement")}
		if id, ok := strings.CutPrefix(e.Actor, "user:"); ok {
			line.Who = names[id]
		}
		line.Text, line.Key = eventText(e, line.Key)
		if !q.loc.has(line.Key) {
			line.Key = "event.other"
		}
		lines = append(lines, line)
	}
	slices.Reverse(lines)
	return lines, names[v.Finding.Assignee], nil
}

func (s *server) decide(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	back := "/findings/" + url.PathEscape(q.PathValue("id"))
	dec, ok := parseDecision(q.PostForm.Get("decision"))
	if !ok {
		return q.refused(back, "decision")
	}
	var until time.Time
	if u := q.PostForm.Get("until"); u != "" {
		day, err := time.Parse(time.DateOnly, u)
		if err != nil {
			return q.refused(back, "until")
		}
		until = day
	}
	err := s.desk.Decide(q.Context(), q.actor, q.PathValue("id"), dec, q.PostForm.Get("reason"), until)
	switch {
	case errors.Is(err, review.ErrReasonMissing), errors.Is(err, desk.ErrText):
		return q.refused(back, "reason")
	case errors.Is(err, review.ErrUntilMissing), errors.Is(err, review.ErrUntilRange):
		return q.refused(back, "until")
	case errors.Is(err, review.ErrClosed):
		return q.refused(back, "closed")
	case err != nil:
		return err
	}
	return q.done(back, "decided")
}

func (s *server) comment(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	back := "/findings/" + url.PathEscape(q.PathValue("id"))
	err := s.desk.Comment(q.Context(), q.actor, q.PathValue("id"), q.PostForm.Get("text"))
	if errors.Is(err, desk.ErrText) {
		return q.refused(back, "text")
	}
	if err != nil {
		return err
	}
	return q.done(back, "commented")
}

func (s *server) assign(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	if err := s.desk.Assign(q.Context(), q.actor, q.PathValue("id"), q.PostForm.Get("to") == "me"); err != nil {
		return err
	}
	return q.done("/findings/"+url.PathEscape(q.PathValue("id")), "assigned")
}

type auditData struct {
	Entries []store.Entry
	Next    string
}

func (s *server) audit(q *request) error {
	after, _ := strconv.ParseUint(q.URL.Query().Get("after"), 10, 64)
	list, err := s.desk.AuditEntries(q.Context(), q.actor, after, pageSize+1)
	if err != nil {
		return err
	}
	d := auditData{Entries: list}
	if len(list) > pageSize {
		d.Entries = list[:pageSize]
		d.Next = "/audit?after=" + strconv.FormatUint(d.Entries[pageSize-1].Sequence, 10)
	}
	return q.show("audit", q.loc.text("audit.title"), d)
}
