package web

import (
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Bounds of the printed report.
const (
	maxReported = 200 // controls
	maxNeeds    = 40
)

type reportData struct {
	recipientData
	Lines []reportLine
	Rest  int // controls beyond those printed
	Needs []reportNeed
}

type reportLine struct {
	store.ControlOpen
	Title, Remedy string
}

type reportNeed struct {
	*need.Need
	Name, Unit string
}

// report is a recipient's standing laid out for paper: the browser prints it, or saves it as a tagged PDF.
func (s *server) report(q *request) error {
	d := reportData{}
	var err error
	if d.recipientData, err = q.recipientData(q.PathValue("id")); err != nil {
		return err
	}
	for i, c := range d.RecipientView.Open {
		if i >= maxReported {
			d.Rest++
			continue
		}
		line := reportLine{ControlOpen: c, Title: c.Control}
		if k, ok := policies.BuiltIn().Control(c.Control); ok {
			line.Title, line.Remedy = k.Title.In(q.loc.lang), k.Remedy.In(q.loc.lang)
		}
		d.Lines = append(d.Lines, line)
	}
	if access.Can(q.actor, access.NeedsRead, access.Object{Recipient: d.RecipientView.Recipient.ID}) {
		run, err := s.catalogue.Needs(q.Context(), q.actor, d.RecipientView.Recipient.ID)
		if err != nil {
			return err
		}
		for i := range run.Needs[:min(len(run.Needs), maxNeeds)] {
			n := &run.Needs[i]
			d.Needs = append(d.Needs, reportNeed{n, n.Title.In(q.loc.lang), n.Unit.In(q.loc.lang)})
		}
	}
	return q.show("report", q.loc.text("report.title")+": "+d.RecipientView.Recipient.Name(q.loc.lang), d)
}
