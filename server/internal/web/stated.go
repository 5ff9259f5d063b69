package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/gap"
)

type stateData struct {
	Fields                                 []string // texts of the form, in both languages
	Recipients, Kinds, Lines, Capabilities []option
}

// stateForm is where a recipient states what no agent measures: exercises, staff, buildings.
func (s *server) stateForm(q *request) error {
	d := stateData{Fields: []string{"title", "text", "unit", "why"}}
	var err error
	if d.Recipients, err = q.ownRecipients(); err != nil {
		return err
	}
	for _, k := range remedies.Kinds {
		d.Kinds = append(d.Kinds, option{string(k), q.loc.text("kind." + string(k)), false})
	}
	for _, l := range remedies.Lines {
		d.Lines = append(d.Lines, option{string(l), q.loc.text("line." + string(l)), false})
	}
	for _, c := range s.texts.capabilities {
		d.Capabilities = append(d.Capabilities, option{c.ID, c.Name.In(q.loc.lang), c.ID == gap.Skills})
	}
	slices.SortFunc(d.Capabilities, func(x, y option) int { return strings.Compare(x.Text, y.Text) })
	return q.show("stated", q.loc.text("stated.title"), d)
}

// state adds a stated need; its words pass the same screen as every text for donors.
func (s *server) state(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	f := q.PostForm
	n := catalogue.StatedNeed{
		Recipient: f.Get("recipient"), Kind: remedies.Kind(f.Get("kind")), Line: remedies.Line(f.Get("line")), Capability: f.Get("capability"),
		Title: q.both("title"), Text: q.both("text"), Unit: q.both("unit"), LineReason: q.both("why"),
	}
	var err error
	if n.Quantity, err = strconv.Atoi(f.Get("quantity")); err != nil {
		return q.refused("/stated/new", "quantity")
	}
	for _, v := range []struct {
		name string
		to   *float64
	}{{"low", &n.UnitCost.Low}, {"high", &n.UnitCost.High}, {"run_low", &n.RunCost.Low}, {"run_high", &n.RunCost.High}} {
		if text := f.Get(v.name); text != "" {
			if *v.to, err = strconv.ParseFloat(text, 64); err != nil {
				return q.refused("/stated/new", "quantity")
			}
		}
	}
	if _, err := s.catalogue.State(q.Context(), q.actor, n); err != nil {
		return q.refuseRelease("/stated/new", err)
	}
	return q.done("/needs", "stated")
}

func (s *server) closeStated(q *request) error {
	if err := s.catalogue.CloseStated(q.Context(), q.actor, q.PathValue("id"), q.PathValue("need")); err != nil {
		return q.refuseRelease("/needs?recipient="+url.QueryEscape(q.PathValue("id")), err)
	}
	return q.done("/needs", "stated_closed")
}
