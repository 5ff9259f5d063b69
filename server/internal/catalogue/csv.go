package catalogue

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// csvColumns are the columns of [WriteCSV]: heading and HXL 1.1 hashtag.
var csvColumns = [][2]string{
	{"ref", "#activity+code"}, {"published", "#date+start"}, {"until", "#date+end"}, {"origin", "#meta+origin"},
	{"recipient", "#org+recipient"}, {"region", "#adm1+code"}, {"sector", "#sector"}, {"size_band", "#meta+size"},
	{"kind", "#service+kind"}, {"title", "#need+name"}, {"quantity", "#need+num"}, {"unit", "#need+unit"},
	{"cost_low_eur", "#value+low+eur"}, {"cost_high_eur", "#value+high+eur"},
	{"run_cost_low_eur_per_year", "#value+run+low+eur"}, {"run_cost_high_eur_per_year", "#value+run+high+eur"},
	{"line_of_effort", "#activity+line"}, {"dk021", "#item+code+dk021"},
	{"required_eur", "#value+required+eur"}, {"committed_eur", "#value+committed+eur"}, {"uncovered_eur", "#value+uncovered+eur"},
}

// WriteCSV writes entries as CSV with a heading row and an HXL row, one line for every item of every entry. The
// funding columns are the whole entry's and stand in its first line only, so that they can be summed.
func WriteCSV(w io.Writer, entries []Entry, lang string) error {
	out := csv.NewWriter(w)
	var heads, tags []string
	for _, c := range csvColumns {
		heads, tags = append(heads, c[0]), append(tags, c[1])
	}
	rows := [][]string{heads, tags}
	eur := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	for _, e := range entries {
		for n, i := range e.Items {
			row := []string{
				e.Ref, e.Published, e.Until, e.Origin, e.Recipient.In(lang), e.Region, e.Sector, e.SizeBand, string(i.Kind), i.Title.In(lang),
				strconv.Itoa(i.Quantity), i.Unit.In(lang), eur(i.Cost.Low), eur(i.Cost.High), eur(i.RunCost.Low), eur(i.RunCost.High),
				string(i.Line), i.DK021, "", "", "",
			}
			if n == 0 {
				k := len(row) - 3
				row[k], row[k+1], row[k+2] = eur(e.Funding.Required), eur(e.Funding.Committed), eur(e.Funding.Uncovered)
			}
			for k := range row {
				row[k] = cellText(row[k])
			}
			rows = append(rows, row)
		}
	}
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

// cellText keeps a spreadsheet from taking a text for a formula.
func cellText(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
