package web

import (
	"cmp"
	"encoding/base64"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

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
	Kept                                                  []option // what else the list is narrowed by: field and value, with its words
	Filters                                               []option // address and name
	Query                                                 string   // that a filter would be saved with
	CanReview                                             bool
	Decisions                                             []option
	MinUntil, MaxUntil                                    string // dates for a waiver's end
	Back                                                  string // this list
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
	if f.Assignee = in.Get("assignee"); f.Assignee == "me" {
		f.Assignee = q.actor.UserID
	}
	if f.After, err = parseCursor(in.Get("after")); err != nil {
		return store.ErrNotFound
	}
	list, err := s.desk.Findings(q.Context(), q.actor, f)
	if err != nil {
		return err
	}
	d := findingsData{Several: len(names) > 1, Filtered: len(in) > 0, Back: "/findings", CanReview: access.May(q.actor, access.FindingsReview),
		Decisions: q.decisionOptions(""), MinUntil: q.minUntil(), MaxUntil: q.maxUntil()}
	if d.Query = filterQuery(in).Encode(); d.Query != "" {
		d.Back += "?" + d.Query
	}
	saved, err := s.desk.Filters(q.Context(), q.actor)
	if err != nil {
		return err
	}
	for _, f := range saved {
		d.Filters = append(d.Filters, option{"/findings?" + f.Query, f.Name, f.Query == d.Query})
	}
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
	if err := q.keptFilters(&d, in); err != nil {
		return err
	}
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

// keptFilters says what else the list is narrowed by, so that the form keeps it and the reader sees it.
func (q *request) keptFilters(d *findingsData, in url.Values) error {
	if c := in.Get("control"); c != "" {
		d.Kept = append(d.Kept, option{"control", q.s.texts.title(q.loc.lang, c), true})
	}
	if h := in.Get("host"); h != "" {
		v, err := q.s.desk.Host(q.Context(), q.actor, h)
		if err != nil {
			return err
		}
		d.Kept = append(d.Kept, option{"host", hostName(v.Host), true})
	}
	if a := in.Get("assignee"); a != "" {
		names, err := q.s.access.Names(q.Context(), a)
		if err != nil {
			return err
		}
		d.Kept = append(d.Kept, option{"assignee", cmp.Or(names[a], q.loc.text("findings.me")), true})
	}
	for i, k := range d.Kept {
		d.Kept[i].Value = k.Value + "=" + in.Get(k.Value)
	}
	return nil
}

// filterQuery keeps of a query what narrows the list.
func filterQuery(in url.Values) url.Values {
	out := url.Values{}
	for _, k := range desk.FilterKeys() {
		if v := in.Get(k); v != "" {
			out.Set(k, v)
		}
	}
	return out
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
