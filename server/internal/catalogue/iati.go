package catalogue

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
)

// iatiVersion is the version of the standard that [WriteIATI] writes.
const iatiVersion = "2.03"

// Codes of the IATI codelists that are used; the standard's schema does not check them, [checkCodes] does.
var iatiCodes = map[string][]string{
	"activity-status":  {"1", "2", "3", "4", "5", "6"}, // pipeline, implementation, finalisation, closed, cancelled, suspended
	"activity-date":    {"1", "2", "3", "4"},           // planned start, actual start, planned end, actual end
	"transaction-type": {"2", "3", "12"},               // outgoing commitment, disbursement, outgoing pledge
	"role":             {"1", "2", "3", "4"},           // funding, accountable, extending, implementing
	"org-type":         {"10", "11", "40", "80"},       // government, local government, multilateral, academic
	"sector":           {"22040"},                      // information and communication technology; there is no code for cyber
	"country":          {"UA"},
}

type iatiActivities struct {
	XMLName    xml.Name       `xml:"iati-activities"`
	Version    string         `xml:"version,attr"`
	Generated  string         `xml:"generated-datetime,attr"`
	Activities []iatiActivity `xml:"iati-activity"`
}

// iatiActivity has its elements in the order of the schema.
type iatiActivity struct {
	Updated   string            `xml:"last-updated-datetime,attr"`
	Lang      string            `xml:"xml:lang,attr"`
	Currency  string            `xml:"default-currency,attr"`
	ID        string            `xml:"iati-identifier"`
	Reporting iatiOrg           `xml:"reporting-org"`
	Title     iatiNarratives    `xml:"title"`
	Text      iatiDescription   `xml:"description"`
	Orgs      []iatiOrg         `xml:"participating-org"`
	Status    iatiCode          `xml:"activity-status"`
	Dates     []iatiDate        `xml:"activity-date"`
	Country   iatiCode          `xml:"recipient-country"`
	Sector    iatiSector        `xml:"sector"`
	Budget    *iatiBudget       `xml:"budget,omitempty"`
	Transfers []iatiTransaction `xml:"transaction"`
}

type iatiNarrative struct {
	Lang string `xml:"xml:lang,attr"`
	Text string `xml:",chardata"`
}

type iatiNarratives struct {
	Narratives []iatiNarrative `xml:"narrative"`
}

type iatiDescription struct {
	Type string `xml:"type,attr"`
	iatiNarratives
}

type iatiOrg struct {
	Ref  string `xml:"ref,attr,omitempty"`
	Type string `xml:"type,attr,omitempty"`
	Role string `xml:"role,attr,omitempty"`
	iatiNarratives
}

type iatiCode struct {
	Code string `xml:"code,attr"`
}

type iatiSector struct {
	Vocabulary string `xml:"vocabulary,attr"`
	Code       string `xml:"code,attr"`
}

type iatiDate struct {
	Date string `xml:"iso-date,attr"`
	Type string `xml:"type,attr,omitempty"`
}

type iatiValue struct {
	Currency string `xml:"currency,attr"`
	Date     string `xml:"value-date,attr"`
	Amount   string `xml:",chardata"`
}

type iatiBudget struct {
	Start iatiDate  `xml:"period-start"`
	End   iatiDate  `xml:"period-end"`
	Value iatiValue `xml:"value"`
}

type iatiTransaction struct {
	Type  iatiCode  `xml:"transaction-type"`
	Date  iatiDate  `xml:"transaction-date"`
	Value iatiValue `xml:"value"`
}

// Reporter is the organisation in whose name activities are reported.
type Reporter struct {
	Ref  string        // its IATI organisation identifier, "XM-DAC-701-2"
	Type string        // code of the codelist OrganisationType, "10" government
	Name remedies.Text // both languages
}

// WriteIATI writes the donor's own help for entries as IATI 2.03 activities: pledges, commitments, and what was
// delivered as disbursements. Entries without help of the donor are left out, purposes are too: the report is public,
// so that at most level 2 goes into it, and the recipient is named only from there on. None is ErrNothing.
func WriteIATI(w io.Writer, entries []Entry, r Reporter, at time.Time) error {
	at = at.UTC().Truncate(time.Second)
	doc := iatiActivities{Version: iatiVersion, Generated: at.Format(time.RFC3339)}
	for _, e := range entries {
		if a, ok := activity(&e, r, at); ok {
			doc.Activities = append(doc.Activities, a)
		}
	}
	if len(doc.Activities) == 0 {
		return ErrNothing
	}
	if err := checkCodes(&doc); err != nil {
		return err
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write iati: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", " ")
	if err := enc.Encode(doc); err != nil {
		return fmt.Errorf("write iati: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func activity(e *Entry, r Reporter, at time.Time) (iatiActivity, bool) {
	a := iatiActivity{
		Updated: at.Format(time.RFC3339), Lang: "en", Currency: "EUR", ID: r.Ref + "-" + e.Ref,
		Reporting: iatiOrg{Ref: r.Ref, Type: r.Type, iatiNarratives: narratives(r.Name)},
		Title:     narratives(e.Title), Text: iatiDescription{"1", narratives(e.Items[0].Text)},
		Orgs:    []iatiOrg{{Ref: r.Ref, Type: r.Type, Role: "1", iatiNarratives: narratives(r.Name)}},
		Status:  iatiCode{"1"},
		Country: iatiCode{"UA"},
		Sector:  iatiSector{"1", "22040"},
	}
	if len(e.Recipient) > 0 {
		a.Orgs = append(a.Orgs, iatiOrg{Role: "4", iatiNarratives: narratives(e.Recipient)})
	}
	start := ""
	for _, p := range e.Pledges {
		kind := map[string]string{Pledged: "12", Committed: "2", Procured: "2"}[p.State]
		switch p.State {
		case Cancelled:
			continue
		case Pledged:
		case Committed, Procured:
			a.Status = iatiCode{"2"}
		default:
			kind, a.Status = "3", iatiCode{"2"}
		}
		if start == "" || p.Pledged < start {
			start = p.Pledged
		}
		a.Transfers = append(a.Transfers, iatiTransaction{
			Type: iatiCode{kind}, Date: iatiDate{Date: p.Changed}, Value: iatiValue{"EUR", p.Changed, money(p.AmountEUR)},
		})
	}
	if len(a.Transfers) == 0 {
		return a, false
	}
	if verified(e.Pledges) {
		a.Status = iatiCode{"4"}
	}
	a.Dates = []iatiDate{{start, "1"}, {e.Until, "3"}}
	return a, true
}

// verified reports whether all help that was not cancelled reached its effect.
func verified(list []OwnHelp) bool {
	return !slices.ContainsFunc(list, func(p OwnHelp) bool {
		return p.State != Cancelled && p.State != Verified && p.State != Sustained
	})
}

func narratives(t remedies.Text) iatiNarratives {
	var n iatiNarratives
	for _, lang := range []string{"en", "uk"} {
		n.Narratives = append(n.Narratives, iatiNarrative{lang, t.In(lang)})
	}
	return n
}

// checkCodes is the check against the codelists that the schema leaves out.
func checkCodes(d *iatiActivities) error {
	check := func(list, code string) error {
		if !slices.Contains(iatiCodes[list], code) {
			return fmt.Errorf("iati codelist %s has no code %q", list, code)
		}
		return nil
	}
	for _, a := range d.Activities {
		var errs []error
		errs = append(errs, check("activity-status", a.Status.Code), check("country", a.Country.Code), check("sector", a.Sector.Code), check("org-type", a.Reporting.Type))
		for _, x := range a.Dates {
			errs = append(errs, check("activity-date", x.Type))
		}
		for _, o := range a.Orgs {
			errs = append(errs, check("role", o.Role))
		}
		for _, t := range a.Transfers {
			errs = append(errs, check("transaction-type", t.Type.Code))
		}
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
	}
	return nil
}
