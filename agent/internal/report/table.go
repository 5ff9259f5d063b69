package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vymir-project/vymir/policies/assessment"
)

// Style says how to write for a terminal.
type Style struct {
	Lang   string
	Colour bool
	Width  int // columns; 0: 100
}

func (s Style) text(key string, args ...any) string { return Text(s.Lang, key, args...) }

func (s Style) width() int {
	if s.Width <= 0 {
		return 100
	}
	return max(s.Width, 40)
}

var statusColours = map[assessment.Status]string{
	assessment.Fail: "31;1", assessment.Error: "35;1", assessment.Unmeasured: "33", assessment.Pass: "32", assessment.NotApplicable: "2",
}

func (s Style) paint(code, text string) string {
	if !s.Colour || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Assessment writes a for a terminal: what fails first, with what was found and how to mend it.
func Assessment(w io.Writer, a *assessment.Assessment, s Style) error {
	out := bufio.NewWriter(w)
	s.heading(out, a)
	results := slices.Clone(a.Results)
	assessment.SortForReading(results)
	widest := 0
	for _, r := range results {
		widest = max(widest, utf8.RuneCountInString(s.text("status."+string(r.Status))))
	}
	for i, r := range results {
		detailed := r.Status == assessment.Fail || r.Status == assessment.Error
		if i > 0 && results[i-1].Status != r.Status {
			fmt.Fprintln(out)
		}
		status := pad(s.text("status."+string(r.Status)), widest)
		fmt.Fprintf(out, "%s  %s  %s  %s\n", s.paint(statusColours[r.Status], status), pad(s.text("severity."+string(r.Severity)), 9),
			pad(r.Control, 36), Clean(r.Title))
		if detailed {
			s.wrapped(out, widest+2, "", s.halves(r)+Clean(r.Reason))
			if r.ScopeEnded != "" {
				s.wrapped(out, widest+2, "", s.text("report.scope_ended", r.ScopeEnded))
			}
			remedy, commands, _ := strings.Cut(r.Remedy, "\n")
			s.wrapped(out, widest+2, "→ ", Clean(remedy))
			for line := range strings.Lines(commands) { // to be pasted, so never broken
				fmt.Fprintf(out, "%s  %s\n", strings.Repeat(" ", widest+2), Clean(strings.TrimRight(line, "\n")))
			}
		} else if r.Status == assessment.Unmeasured || r.Scoped {
			s.wrapped(out, widest+2, "", Clean(r.Reason))
		}
	}
	fmt.Fprintf(out, "\n%s\n", s.counts(a.Summary))
	return out.Flush()
}

func (s Style) heading(out io.Writer, a *assessment.Assessment) {
	line := s.text("report.title", hostName(a, s.Lang))
	for _, part := range []string{a.Host.OS, a.Host.Role, a.Host.Kernel} {
		if part != "" {
			line += " · " + Clean(part)
		}
	}
	fmt.Fprintln(out, s.paint("1", line))
	fmt.Fprintln(out, strings.Join(about(a, s.Lang), " · "))
	fmt.Fprintln(out)
}

func hostName(a *assessment.Assessment, lang string) string {
	if a.Host.Name == "" {
		return Text(lang, "report.this_host")
	}
	return Clean(a.Host.Name)
}

// about gives when, where and by what an assessment was made.
func about(a *assessment.Assessment, lang string) []string {
	parts := []string{Text(lang, "report.measured", At(a.MeasuredAt), fmt.Sprintf("%.1f", a.DurationSeconds))}
	if a.ClockSet {
		parts = append(parts, Text(lang, "report.judged_at", At(a.JudgedAt)))
	}
	if a.Root != "/" && a.Root != "" {
		parts = append(parts, Text(lang, "report.root", Clean(a.Root)))
	}
	var names []string
	for _, b := range a.Baselines {
		names = append(names, fmt.Sprintf("%s %d", b.Name, b.Revision))
	}
	return append(parts, Text(lang, "report.baselines", strings.Join(names, ", ")))
}

// At writes a time for people.
func At(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// Day writes a date for people.
func Day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func (s Style) counts(m assessment.Summary) string {
	total := m.Pass + m.Fail + m.Unmeasured + m.NotApplicable + m.Error
	line := s.text("report.counts", total, m.Fail, m.Pass, m.Unmeasured, m.NotApplicable, m.Error) + "; "
	if m.Scoped > 0 {
		line += s.text("report.scoped", m.Scoped) + "; "
	}
	return line + s.text("report.coverage", fmt.Sprintf("%.0f", m.CoveragePercent))
}

// halves says which half fails, where one alone does and the reason does not say so itself.
func (s Style) halves(r assessment.Result) string {
	if _, said := r.Target.Params["half"]; said {
		return ""
	}
	if len(r.Verdicts) < 2 || r.Verdicts[assessment.Live] == r.Verdicts[assessment.Persisted] {
		return ""
	}
	var parts []string
	for _, h := range []assessment.Half{assessment.Live, assessment.Persisted} {
		parts = append(parts, s.text("half."+string(h))+": "+s.text("status."+string(r.Verdicts[h])))
	}
	return "[" + strings.Join(parts, ", ") + "] "
}

// wrapped writes text below the others, indented, broken between words.
func (s Style) wrapped(out io.Writer, indent int, lead, text string) {
	if text == "" {
		return
	}
	room := s.width() - indent - utf8.RuneCountInString(lead)
	line, used := lead, 0
	flush := func() { fmt.Fprintf(out, "%s%s\n", strings.Repeat(" ", indent), line) }
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if used > 0 && used+1+n > room {
			flush()
			line, used = strings.Repeat(" ", utf8.RuneCountInString(lead)), 0
		}
		if used > 0 {
			line += " "
			used++
		}
		line += word
		used += n
	}
	flush()
}

func pad(s string, width int) string {
	if n := width - utf8.RuneCountInString(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// Columns writes rows as aligned columns; the last column is not padded. The first row is a heading.
func Columns(w io.Writer, s Style, rows [][]string) error {
	out := bufio.NewWriter(w)
	widths := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(Clean(cell)))
		}
	}
	for i, row := range rows {
		line := ""
		for j, cell := range row {
			cell = Clean(cell)
			if j < len(row)-1 {
				cell = pad(cell, widths[j]) + "  "
			}
			line += cell
		}
		if i == 0 {
			line = s.paint("1", line)
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
	return out.Flush()
}

// Pairs writes names and values, one below the other.
func Pairs(w io.Writer, s Style, pairs [][2]string) error {
	out := bufio.NewWriter(w)
	widest := 0
	for _, p := range pairs {
		widest = max(widest, utf8.RuneCountInString(p[0]))
	}
	for _, p := range pairs {
		fmt.Fprintf(out, "%s  %s\n", s.paint("1", pad(p[0], widest)), Clean(p[1]))
	}
	return out.Flush()
}
