// Package search looks for a text in everything that its reader may see: recipients, hosts, findings, controls and needs.
// Each part asks where it belongs for what is the reader's and looks in that, so search finds nothing that a list would
// not show. Pages and API say what was found in their own ways.
package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Most bounds what is found of each kind.
const Most = 20

// Least and Longest bound the letters of a text that is looked for.
const (
	Least   = 2
	Longest = 100
)

// ErrText says that a text is too short or too long to be looked for.
var ErrText = errors.New("search for two to a hundred letters")

// Found is what holds the text, at most [Most] of each kind.
type Found struct {
	Recipients []store.Recipient
	Hosts      []store.Host
	Findings   []store.Finding     // the one with this id, or the open ones of the controls that match
	Controls   []*policies.Control // the severest first; shared, not to be changed
	Needs      []need.Need         // by rank
	More       map[Kind]bool       // there is more than was taken
}

// Kind is a kind of things that are found.
type Kind string

// What is found.
const (
	Recipients Kind = "recipients"
	Hosts      Kind = "hosts"
	Findings   Kind = "findings"
	Controls   Kind = "controls"
	Needs      Kind = "needs"
)

// Kinds are all of them, in the order in which they are shown.
func Kinds() []Kind { return []Kind{Recipients, Hosts, Findings, Controls, Needs} }

// Seeker looks for texts. Both fields are required.
type Seeker struct {
	Desk  *desk.Desk
	Needs *catalogue.Service
}

// For finds what holds the text, in either language, without regard to case. What the actor has no right to is left out.
func (s *Seeker) For(ctx context.Context, a access.Actor, text string) (*Found, error) {
	low := strings.ToLower(strings.TrimSpace(text))
	if n := len([]rune(low)); n < Least || n > Longest {
		return nil, ErrText
	}
	f := &Found{More: map[Kind]bool{}}
	for _, part := range []struct {
		right access.Action
		look  func() error
	}{
		{access.HostsRead, func() (err error) {
			f.Recipients, err = s.recipients(ctx, a, low)
			return cut(f, Recipients, &f.Recipients, err)
		}},
		{access.HostsRead, func() (err error) {
			f.Hosts, err = s.Desk.SearchHosts(ctx, a, low, Most+1)
			return cut(f, Hosts, &f.Hosts, err)
		}},
		{access.FindingsRead, func() (err error) {
			f.Findings, err = s.findings(ctx, a, low)
			return cut(f, Findings, &f.Findings, err)
		}},
		{access.FindingsRead, func() error { f.Controls = matching(low); return cut(f, Controls, &f.Controls, nil) }},
		{access.NeedsRead, func() (err error) { f.Needs, err = s.needs(ctx, a, low); return cut(f, Needs, &f.Needs, err) }},
	} {
		if !access.May(a, part.right) {
			continue
		}
		if err := part.look(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// cut bounds a list and notes that there was more.
func cut[T any](f *Found, kind Kind, list *[]T, err error) error {
	if err != nil {
		return fmt.Errorf("search %s: %w", kind, err)
	}
	if len(*list) > Most {
		*list, f.More[kind] = (*list)[:Most], true
	}
	return nil
}

func contains(low string, texts ...string) bool {
	return slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(strings.ToLower(t), low) })
}

func (s *Seeker) recipients(ctx context.Context, a access.Actor, low string) ([]store.Recipient, error) {
	list, err := s.Desk.Recipients(ctx, a, access.HostsRead)
	return slices.DeleteFunc(list, func(r store.Recipient) bool { return !contains(low, r.ID, r.NameUK, r.NameEN) }), err
}

// matching are the controls whose id or words hold the text.
func matching(low string) (out []*policies.Control) {
	cat := policies.BuiltIn()
	for i := range cat.Controls {
		c := &cat.Controls[i]
		if contains(low, c.ID, c.Title.In("uk"), c.Title.In("en")) || slices.ContainsFunc(c.Aliases, func(a string) bool { return strings.EqualFold(a, low) }) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(x, y *policies.Control) int { return y.Severity.Rank() - x.Severity.Rank() })
	return out
}

func (s *Seeker) findings(ctx context.Context, a access.Actor, low string) (list []store.Finding, err error) {
	v, err := s.Desk.Finding(ctx, a, low)
	if err == nil {
		return []store.Finding{v.Finding}, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	for _, c := range matching(low) {
		if len(list) > Most {
			break
		}
		some, err := s.Desk.Findings(ctx, a, store.FindingFilter{Control: c.ID, State: "open", Limit: Most + 1 - len(list)})
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	return list, nil
}

func (s *Seeker) needs(ctx context.Context, a access.Actor, low string) (out []need.Need, err error) {
	run, err := s.Needs.Needs(ctx, a, "")
	if err != nil {
		return nil, err
	}
	for i := range run.Needs {
		n := &run.Needs[i]
		if contains(low, n.ID, n.Title.In("uk"), n.Title.In("en"), n.Remedy) {
			out = append(out, *n)
		}
		if len(out) > Most {
			break
		}
	}
	return out, nil
}
