package web

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/search"
)

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
	Short bool // too short, or too long, to search for
}

// headings of what was found.
var headings = map[search.Kind]string{
	search.Recipients: "recipients.title", search.Hosts: "hosts.title", search.Findings: "findings.title", search.Controls: "search.controls", search.Needs: "needs.title",
}

// search looks everywhere the reader may see.
func (s *server) search(q *request) error {
	text := strings.TrimSpace(q.URL.Query().Get("q"))
	d := searchData{Query: text}
	seeker := search.Seeker{Desk: s.desk, Needs: s.catalogue}
	found, err := seeker.For(q.Context(), q.actor, text)
	switch {
	case errors.Is(err, search.ErrText):
		d.Short = true
	case err != nil:
		return err
	default:
		parts, err := q.hits(found)
		if err != nil {
			return err
		}
		for _, k := range search.Kinds() {
			if len(parts[k]) > 0 {
				d.Parts = append(d.Parts, hits{headings[k], parts[k], found.More[k]})
			}
		}
	}
	return q.show("search", q.loc.text("search.title"), d)
}

// hits are what was found in the reader's words.
func (q *request) hits(f *search.Found) (map[search.Kind][]hit, error) {
	out, lang := map[search.Kind][]hit{}, q.loc.lang
	add := func(k search.Kind, h hit) { out[k] = append(out[k], h) }
	for _, r := range f.Recipients {
		add(search.Recipients, hit{Href: "/recipients/" + url.PathEscape(r.ID), Text: r.Name(lang), Sub: r.ID})
	}
	if len(f.Hosts) > 0 {
		names, err := q.hostRecipients()
		if err != nil {
			return nil, err
		}
		for _, h := range f.Hosts {
			about := slices.DeleteFunc([]string{names[h.RecipientID], h.OS, h.ID}, func(s string) bool { return s == "" })
			add(search.Hosts, hit{Href: "/hosts/" + url.PathEscape(h.ID), Text: hostName(h), Sub: strings.Join(about, " · ")})
		}
	}
	if len(f.Findings) > 0 {
		names, err := q.recipientNames(access.FindingsRead)
		if err != nil {
			return nil, err
		}
		lines, err := q.findingLines(f.Findings, names)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			add(search.Findings, hit{"/findings/" + url.PathEscape(l.ID), l.Title, cmp.Or(l.HostName, l.HostID) + " · " + l.Recipient, l.Severity})
		}
	}
	for _, c := range f.Controls {
		add(search.Controls, hit{"/findings?" + url.Values{"control": {c.ID}, "state": {"all"}}.Encode(), c.Title.In(lang), c.ID, c.Severity})
	}
	if len(f.Needs) > 0 {
		names, err := q.recipientNames(access.NeedsRead)
		if err != nil {
			return nil, err
		}
		for i := range f.Needs {
			n := &f.Needs[i]
			add(search.Needs, hit{Href: "/needs/" + url.PathEscape(n.ID), Text: n.Title.In(lang), Sub: names[n.Recipient]})
		}
	}
	return out, nil
}
