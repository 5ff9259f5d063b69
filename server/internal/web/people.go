package web

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

type peopleData struct {
	Recipients []peopleOf
	Link       string // one-time address of somebody's sign-in; shown once
	LinkFor    string
	Login      string // as it was typed, when it was refused
	Name       string
}

type peopleOf struct {
	ID, Name string
	People   []access.Person
}

func (s *server) people(q *request) error { return q.showPeople(peopleData{}) }

func (q *request) showPeople(d peopleData) error {
	names, err := q.recipientNames(access.PeopleManage)
	if err != nil {
		return err
	}
	for _, id := range sortedKeys(names) {
		list, err := q.s.access.People(q.Context(), q.actor, id)
		if err != nil {
			return err
		}
		d.Recipients = append(d.Recipients, peopleOf{id, names[id], list})
	}
	slices.SortStableFunc(d.Recipients, func(x, y peopleOf) int { return strings.Compare(x.Name, y.Name) })
	return q.show("people", q.loc.text("people.title"), d)
}

// linkAddress is a one-time sign-in address as it is handed over.
func (q *request) linkAddress(secret string) string {
	return q.s.address + "/sign-in/link?t=" + url.QueryEscape(secret)
}

func (s *server) addPerson(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	login := strings.TrimSpace(q.PostForm.Get("login"))
	_, link, err := s.access.AddPerson(q.Context(), q.actor, q.PostForm.Get("recipient"), login, q.PostForm.Get("name"))
	switch {
	case errors.Is(err, access.ErrStale):
		return q.refused("/people", "stale")
	case errors.Is(err, store.ErrExists):
		return q.refused("/people", "login_taken")
	case errors.Is(err, access.ErrInvalid):
		return q.refused("/people", "login")
	case err != nil:
		return err
	}
	return q.showPeople(peopleData{Link: q.linkAddress(link), LinkFor: login})
}

func (s *server) changePerson(q *request) error {
	link, err := s.access.ChangePerson(q.Context(), q.actor, q.PathValue("id"), access.Change(q.PathValue("change")))
	switch {
	case errors.Is(err, access.ErrStale):
		return q.refused("/people", "stale")
	case errors.Is(err, access.ErrPerson):
		return q.refused("/people", "person")
	case errors.Is(err, access.ErrInvalid):
		return store.ErrNotFound
	case err != nil:
		return err
	}
	if link != "" {
		names, err := s.access.Names(q.Context(), q.PathValue("id"))
		if err != nil {
			return err
		}
		return q.showPeople(peopleData{Link: q.linkAddress(link), LinkFor: names[q.PathValue("id")]})
	}
	return q.done("/people", "person")
}

// authors names who did something, each as the record has it ("user:" and the id). Who is no person here has no name.
func (q *request) authors(by []string) (map[string]string, error) {
	ids := map[string]bool{}
	for _, who := range by {
		ids[strings.TrimPrefix(who, "user:")] = true
	}
	names, err := q.s.access.Names(q.Context(), sortedKeys(ids)...)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, who := range by {
		out[who] = names[strings.TrimPrefix(who, "user:")]
	}
	return out, nil
}
