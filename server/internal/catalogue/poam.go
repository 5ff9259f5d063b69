package catalogue

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/need"
)

// oscalVersion is the version of OSCAL that [WritePOAM] writes.
const oscalVersion = "1.1.3"

// propNamespace owns the properties that OSCAL has no name for.
const propNamespace = "https://github.com/vymir-project/vymir/ns/oscal"

// The part of OSCAL's plan of action and milestones that a need takes up: a risk with a remediation that lists the
// assets it requires.
type poamDocument struct {
	Plan poam `json:"plan-of-action-and-milestones"`
}

type poam struct {
	UUID     string        `json:"uuid"`
	Metadata oscalMetadata `json:"metadata"`
	System   oscalSystem   `json:"system-id"`
	Risks    []oscalRisk   `json:"risks,omitempty"`
	Items    []poamItem    `json:"poam-items"`
}

type oscalMetadata struct {
	Title    string      `json:"title"`
	Modified time.Time   `json:"last-modified"`
	Version  string      `json:"version"`
	OSCAL    string      `json:"oscal-version"`
	Props    []oscalProp `json:"props,omitempty"`
}

type oscalSystem struct {
	Type string `json:"identifier-type"`
	ID   string `json:"id"`
}

type oscalProp struct {
	Name  string `json:"name"`
	NS    string `json:"ns,omitempty"`
	Value string `json:"value"`
}

type oscalRisk struct {
	UUID         string            `json:"uuid"`
	Title        string            `json:"title"`
	Description  string            `json:"description"`
	Statement    string            `json:"statement"`
	Props        []oscalProp       `json:"props,omitempty"`
	Status       string            `json:"status"`
	Remediations []oscalRemedation `json:"remediations"`
}

type oscalRemedation struct {
	UUID        string       `json:"uuid"`
	Lifecycle   string       `json:"lifecycle"` // recommendation, planned or completed
	Title       string       `json:"title"`
	Description string       `json:"description"`
	Props       []oscalProp  `json:"props,omitempty"`
	Assets      []oscalAsset `json:"required-assets"`
}

type oscalAsset struct {
	UUID        string      `json:"uuid"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Props       []oscalProp `json:"props,omitempty"`
}

type poamItem struct {
	UUID    string      `json:"uuid"`
	Title   string      `json:"title"`
	Text    string      `json:"description"`
	Props   []oscalProp `json:"props,omitempty"`
	Related []struct {
		Risk string `json:"risk-uuid"`
	} `json:"related-risks"`
}

// WritePOAM writes entries as a donor reads them as an OSCAL plan of action and milestones: what is asked for stands as
// required assets of a remediation. At is the document's time; equal entries and times give equal bytes.
func WritePOAM(w io.Writer, entries []Entry, lang string, at time.Time) error {
	d := newPOAM("catalogue", oscalTexts["title"][lang], marking(entries), at)
	for _, e := range entries {
		var assets []oscalAsset
		for n, i := range e.Items {
			assets = append(assets, oscalAsset{
				UUID: oscalUUID("asset", e.Ref, strconv.Itoa(n)), Title: i.Title.In(lang), Description: i.Text.In(lang), Props: itemProps(&i),
			})
		}
		description := e.Title.In(lang)
		if len(e.Purpose) > 0 {
			description = e.Purpose.In(lang)
		}
		var props []oscalProp
		for _, p := range [][2]string{{"origin", e.Origin}, {"recipient", e.Recipient.In(lang)}, {"region", e.Region}, {"sector", e.Sector}, {"size-band", e.SizeBand}, {"until", e.Until}} {
			props = addProp(props, p[0], p[1])
		}
		props = addProp(props, "uncovered-eur", money(e.Funding.Uncovered))
		d.add(e.Ref, e.Title.In(lang), description, oscalTexts["statement"][lang], "open", lifecycle(e.Funding), props, assets)
	}
	return d.write(w)
}

// WriteRecipientPOAM writes the needs of a run with the controls behind them. It is for the recipient and its assessors.
func WriteRecipientPOAM(w io.Writer, r *need.Run, recipient, lang string) error {
	d := newPOAM(recipient, oscalTexts["title"][lang], "TLP:AMBER+STRICT", r.AsOf)
	for i := range r.Needs {
		n := &r.Needs[i]
		if n.Recipient != recipient {
			continue
		}
		x := r.Explain(n, lang)
		var sum []string
		for _, s := range x.Steps {
			sum = append(sum, s.Title+": "+s.Text)
		}
		props := addProp(nil, "urgency", string(n.Urgency))
		props = addProp(props, "rank", strconv.Itoa(n.Rank))
		props = addProp(props, "run", r.ID)
		for _, c := range n.Controls {
			props = addProp(props, "control", c)
		}
		asset := DonorItem{
			Kind: n.Kind, Quantity: n.Quantity, Unit: n.Unit, Cost: n.Cost, CostYear: n.CostYear, CostSource: n.CostSource,
			RunCost: n.RunCost, Line: n.Line, DK021: n.DK021, ECSF: n.ECSF,
		}
		d.add(n.ID, n.Title.In(lang), n.Text.In(lang), strings.Join(sum, "\n\n"), "open", "recommendation", props, []oscalAsset{{
			UUID: oscalUUID("asset", n.ID), Title: n.Title.In(lang), Description: n.Text.In(lang), Props: itemProps(&asset),
		}})
	}
	return d.write(w)
}

func newPOAM(system, title, tlp string, at time.Time) *poamDocument {
	at = at.UTC().Truncate(time.Second)
	return &poamDocument{poam{
		UUID: oscalUUID("poam", system, at.Format(time.RFC3339)), System: oscalSystem{propNamespace, system}, Items: []poamItem{},
		Metadata: oscalMetadata{
			Title: title, Modified: at, Version: at.Format("2006.01.02"), OSCAL: oscalVersion, Props: []oscalProp{{Name: "marking", Value: tlp}},
		},
	}}
}

func (d *poamDocument) add(id, title, description, statement, status, lifecycle string, props []oscalProp, assets []oscalAsset) {
	risk := oscalUUID("risk", id)
	d.Plan.Risks = append(d.Plan.Risks, oscalRisk{
		UUID: risk, Title: title, Description: description, Statement: statement, Props: props, Status: status,
		Remediations: []oscalRemedation{{
			UUID: oscalUUID("remediation", id), Lifecycle: lifecycle, Title: title, Description: description, Assets: assets,
		}},
	})
	item := poamItem{UUID: oscalUUID("item", id), Title: title, Text: description, Props: addProp(nil, "ref", id)}
	item.Related = append(item.Related, struct {
		Risk string `json:"risk-uuid"`
	}{risk})
	d.Plan.Items = append(d.Plan.Items, item)
}

func (d *poamDocument) write(w io.Writer) error {
	if len(d.Plan.Items) == 0 {
		return ErrNothing // OSCAL wants at least one item
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	if err := e.Encode(d); err != nil {
		return fmt.Errorf("write poam: %w", err)
	}
	return nil
}

func itemProps(i *DonorItem) []oscalProp {
	var out []oscalProp
	for _, p := range [][2]string{
		{"need-kind", string(i.Kind)}, {"quantity", strconv.Itoa(i.Quantity)}, {"unit", i.Unit.In("en")},
		{"cost-low-eur", money(i.Cost.Low)}, {"cost-high-eur", money(i.Cost.High)}, {"cost-source", i.CostSource},
		{"run-cost-high-eur-per-year", money(i.RunCost.High)}, {"line-of-effort", string(i.Line)}, {"dk021", i.DK021}, {"ecsf-role", i.ECSF},
	} {
		out = addProp(out, p[0], p[1])
	}
	return out
}

// addProp leaves out what is empty; OSCAL's strings hold no line breaks and no space at either end.
func addProp(props []oscalProp, name, value string) []oscalProp {
	value = strings.Join(strings.Fields(value), " ")
	if value == "" || value == "0" {
		return props
	}
	return append(props, oscalProp{name, propNamespace, value})
}

// lifecycle says how far the help is: committed help is planned, verified help completed.
func lifecycle(f Funding) string {
	switch {
	case f.Required > 0 && f.Verified >= f.Required:
		return "completed"
	case f.Committed+f.Delivered+f.Verified > 0:
		return "planned"
	}
	return "recommendation"
}

// marking is the TLP label of the most telling entry.
func marking(entries []Entry) string {
	labels := []string{"TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT"}
	most := TotalsOnly
	for _, e := range entries {
		most = max(most, e.Level)
	}
	return labels[most]
}

func money(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// oscalUUID is a version 5 style UUID of its parts: the same document twice is the same bytes.
func oscalUUID(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(slices.Concat([]string{propNamespace}, parts), "\x00")))
	h[6] = h[6]&0x0f | 0x50
	h[8] = h[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

var oscalTexts = map[string]remedies.Text{
	"title": {"uk": "Потреби у зміцненні кіберстійкості", "en": "Needs for cyber resilience"},
	"statement": {
		"uk": "Захід, потрібний для зміцнення кіберстійкості; погоджений отримувачем до показу.",
		"en": "A measure that strengthens cyber resilience, approved by its recipient to be shown.",
	},
}
