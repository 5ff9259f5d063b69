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
	Decided            *decided // of vulnerabilities; nil: the finding is of something else, or it was withheld
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
	d.Decided, d.Evidence = decidedOf(f.Target, d.Evidence)
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
