package listing

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// findingColumns are the columns of [WriteFindingsCSV]. New ones are added at the end, none is renamed or moved.
var findingColumns = []string{"id", "recipient", "site", "host", "control", "title", "family", "capability", "severity", "state", "status", "decision",
	"accepted_until", "reason", "opened_at", "closed_at", "reopened_at", "last_fail_at", "due_at", "fails", "remedy"}

// WriteFindingsCSV writes findings as CSV (RFC 4180) with a heading row. Times are UTC, RFC 3339; what never happened is empty.
func WriteFindingsCSV(w io.Writer, list Findings) error {
	rows := [][]string{findingColumns}
	when := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	for _, f := range list.Findings {
		row := []string{f.ID, f.Recipient, f.Site, f.Host, f.Control, f.Title, f.Family, f.Capability, string(f.Severity), string(f.State), string(f.Status), string(f.Decision),
			when(f.AcceptedUntil), f.Reason, when(f.OpenedAt), when(f.ClosedAt), when(f.ReopenedAt), when(f.LastFailAt), when(f.DueAt), strconv.Itoa(f.Fails), f.Remedy}
		for i, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) { // a spreadsheet would take it for a formula
				row[i] = "'" + cell
			}
		}
		rows = append(rows, row)
	}
	if err := csv.NewWriter(w).WriteAll(rows); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}
