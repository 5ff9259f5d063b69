package web

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

// maxHits bounds what each part of a search shows.
const maxHits = 20

type hit struct {
	Href, Text, Sub string
	Severity        assessment.Severity
}

type hits struct {
	Key  string // catalogue key of the heading
	List []hit
	More bool // there is more than is shown
}

type searchData struct {
	Query string
	Parts []hits
	Short bool // too short to search for
}

// search looks everywhere the reader may see: recipients, hosts, controls, findings, needs. Every part asks where it belongs for
// what is the reader's, and filters that: search can find nothing that a list would not show.
func (s *server) search(q *request) error {
	text := strings.TrimSpace(q.URL.Query().Get("q"))
	d := searchData{Query: text, Short: len([]rune(text)) < 2}
	if d.Short {
		return q.show("search", q.loc.text("search.title"), d)
	}
	for _, part := range []struct {
		key    string
		action access.Action
		find   func(*request, string) ([]hit, error)
	}{
		{"recipients.title", access.HostsRead, (*request).findRecipients}, {"hosts.title", access.HostsRead, (*request).findHosts},
		{"findings.title", access.FindingsRead, (*request).findFindings}, {"search.controls", access.FindingsRead, (*request).findControls},
		{"needs.title", access.NeedsRead, (*request).findNeeds},
	} {
		if !access.May(q.actor, part.action) {
			continue
		}
		list, err := part.find(q, strings.ToLower(text))
		if err != nil {
			return err
		}
		if len(list) > 0 {
			d.Parts = append(d.Parts, hits{part.key, list[:min(len(list), maxHits)], len(list) > maxHits})
		}
	}
	return q.show("search", q.loc.text("search.title"), d)
}

func contains(low string, texts ...string) bool {
	return slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(strings.ToLower(t), low) })
}

func (q *request) findRecipients(low string) (out []hit, err error) {
	list, err := q.s.desk.Recipients(q.Context(), q.actor, access.HostsRead)
	for _, r := range list {
		if contains(low, r.ID, r.NameUK, r.NameEN) {
			out = append(out, hit{Href: "/recipients/" + url.PathEscape(r.ID), Text: r.Name(q.loc.lang), Sub: r.ID})
		}
	}
	return out, err
}

func (q *request) findHosts(low string) (out []hit, err error) {
	list, err := q.s.desk.SearchHosts(q.Context(), q.actor, low, maxHits+1)
	if err != nil {
		return nil, err
	}
	names, err := q.hostRecipients()
	for _, h := range list {
		out = append(out, hit{Href: "/hosts/" + url.PathEscape(h.ID), Text: hostName(h), Sub: strings.Join(slices.DeleteFunc([]string{names[h.RecipientID], h.OS, h.ID}, func(s string) bool { return s == "" }), " · ")})
	}
	return out, err
}

// matching are the controls whose id or words hold the text, the severest first.
func matching(lang, low string) []*policies.Control {
	var out []*policies.Control
	cat := policies.BuiltIn()
	for i := range cat.Controls {
		c := &cat.Controls[i]
		if contains(low, c.ID, c.Title.In(lang)) || slices.ContainsFunc(c.Aliases, func(a string) bool { return strings.EqualFold(a, low) }) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(x, y *policies.Control) int { return y.Severity.Rank() - x.Severity.Rank() })
	return out
}

func (q *request) findControls(low string) (out []hit, err error) {
	for _, c := range matching(q.loc.lang, low) {
		out = append(out, hit{Href: "/findings?" + url.Values{"control": {c.ID}, "state": {"all"}}.Encode(), Text: c.Title.In(q.loc.lang), Sub: c.ID, Severity: c.Severity})
	}
	return out, nil
}

// findFindings finds a finding by its id, and the open ones of the controls that match.
func (q *request) findFindings(low string) (out []hit, err error) {
	v, err := q.s.desk.Finding(q.Context(), q.actor, low)
	if err == nil {
		return []hit{{"/findings/" + url.PathEscape(v.Finding.ID), q.s.texts.title(q.loc.lang, v.Finding.Control), hostName(v.Host), v.Finding.Severity}}, nil
	}
	if !notThere(err) {
		return nil, err
	}
	var list []store.Finding
	for _, c := range matching(q.loc.lang, low) {
		if len(list) > maxHits {
			break
		}
		some, err := q.s.desk.Findings(q.Context(), q.actor, store.FindingFilter{Control: c.ID, State: "open", Limit: maxHits + 1 - len(list)})
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	names, err := q.recipientNames(access.FindingsRead)
	if err != nil {
		return nil, err
	}
	lines, err := q.findingLines(list, names)
	for _, l := range lines {
		out = append(out, hit{"/findings/" + url.PathEscape(l.ID), l.Title, cmp.Or(l.HostName, l.HostID) + " · " + l.Recipient, l.Severity})
	}
	return out, err
}

func (q *request) findNeeds(low string) (out []hit, err error) {
	run, err := q.s.catalogue.Needs(q.Context(), q.actor, "")
	if err != nil {
		return nil, err
	}
	names, err := q.recipientNames(access.NeedsRead)
	for i := range run.Needs {
		n := &run.Needs[i]
		if contains(low, n.ID, n.Title.In(q.loc.lang), n.Remedy) {
			out = append(out, hit{Href: "/needs/" + url.PathEscape(n.ID), Text: n.Title.In(q.loc.lang), Sub: names[n.Recipient]})
		}
		if len(out) > maxHits {
			break
		}
	}
	return out, err
}
