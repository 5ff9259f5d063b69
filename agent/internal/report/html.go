package report

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/policies/assessment"
)

//go:embed page.css
var pageStyle string

// page writes HTML. It is written by hand because html/template calls methods by name, which keeps the linker from leaving
// out every method nobody calls: ten megabytes of this program. Text enters the page by text and nothing else.
type page struct {
	*bufio.Writer
	Style
}

// HTML writes a as one page that needs no network, no script and no other file.
func HTML(w io.Writer, a *assessment.Assessment, lang string) error {
	p := page{bufio.NewWriter(w), Style{Lang: lang}}
	title := p.Style.text("report.title", hostName(a, lang))
	p.raw(`<!doctype html><html lang="`).text(lang).raw(`"><head><meta charset="utf-8">` +
		`<meta name="viewport" content="width=device-width, initial-scale=1">` +
		`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">` +
		`<meta name="referrer" content="no-referrer"><title>`).text(title).raw("</title>\n<style>\n" + pageStyle + "</style></head>\n<body><header>")
	p.raw("<h1>").text(title).raw("</h1>\n")
	p.meta(a.Host.OS, a.Host.Role, a.Host.Kernel)
	p.meta(about(a, lang)...)
	p.raw("</header>\n<main>")
	p.summary(a.Summary)
	results := slices.Clone(a.Results)
	assessment.SortForReading(results)
	if err := p.sections(results); err != nil {
		return err
	}
	p.raw("</main>\n<footer>").label("report.stays").raw("</footer></body></html>\n")
	if err := p.Flush(); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// raw writes markup of this file.
func (p page) raw(s string) page {
	p.WriteString(s) //nolint:errcheck // Flush tells
	return p
}

// text writes text, escaped for content and for quoted attributes.
func (p page) text(s string) page { return p.raw(html.EscapeString(Clean(s))) }

// block writes text of several lines, escaped.
func (p page) block(s string) page {
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			p.raw("\n")
		}
		p.text(line)
	}
	return p
}

func (p page) label(key string) page { return p.text(p.Style.text(key)) }

func (p page) meta(parts ...string) {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if len(parts) > 0 {
		p.raw(`<p class="meta">`).text(strings.Join(parts, " · ")).raw("</p>\n")
	}
}

func (p page) summary(m assessment.Summary) {
	p.raw(`<ul class="counts">`)
	for _, c := range []struct {
		status assessment.Status
		n      int
	}{
		{assessment.Fail, m.Fail}, {assessment.Pass, m.Pass}, {assessment.Unmeasured, m.Unmeasured},
		{assessment.NotApplicable, m.NotApplicable}, {assessment.Error, m.Error},
	} {
		p.raw("<li><b>").text(fmt.Sprint(c.n)).raw("</b>").label("status." + string(c.status)).raw("</li>\n")
	}
	p.raw("</ul><p>")
	if m.Scoped > 0 {
		p.text(p.Style.text("report.scoped", m.Scoped) + "; ")
	}
	p.text(p.Style.text("report.coverage", fmt.Sprintf("%.0f", m.CoveragePercent))).raw("</p>\n")
}

// sections writes what is to be mended, what could not be measured, and the rest.
func (p page) sections(results []assessment.Result) error {
	var failing, unmeasured, rest []assessment.Result
	for _, r := range results {
		switch r.Status {
		case assessment.Fail, assessment.Error:
			failing = append(failing, r)
		case assessment.Unmeasured:
			unmeasured = append(unmeasured, r)
		default:
			rest = append(rest, r)
		}
	}
	p.raw("<h2>").label("report.todo").raw("</h2>\n")
	if len(failing) == 0 {
		p.raw("<p>").label("report.todo_none").raw("</p>\n")
	}
	if err := p.details(failing); err != nil {
		return err
	}
	if len(unmeasured) > 0 {
		p.raw("<h2>").label("report.unmeasured").raw("</h2>\n")
		if err := p.details(unmeasured); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		p.rest(rest)
	}
	return nil
}

func (p page) details(results []assessment.Result) error {
	for _, r := range results {
		open := ""
		if r.Status != assessment.Unmeasured && r.Severity.Rank() >= assessment.High.Rank() {
			open = " open"
		}
		p.raw("<details" + open + `><summary><span class="tag `).text(string(r.Severity)).raw(`">`).label("severity." + string(r.Severity)).
			raw("</span>").text(r.Title).raw(" <code>").text(r.Control).raw("</code></summary>\n<div>")
		p.raw("<h3>").label("report.why").raw("</h3><p>").text(p.halves(r) + r.Reason).raw("</p>\n")
		if r.Remedy != "" {
			p.raw("<h3>").label("report.remedy").raw("</h3><pre>").block(r.Remedy).raw("</pre>\n")
		}
		if len(r.Target.Evidence) > 0 {
			b, err := json.MarshalIndent(r.Target.Evidence, "", "  ")
			if err != nil {
				return fmt.Errorf("encode evidence of %s: %w", r.Control, err)
			}
			p.raw("<h3>").label("report.evidence").raw("</h3><pre>").block(string(b)).raw("</pre>\n")
		}
		if m := mappings(r.Mappings); m != "" {
			p.meta(p.Style.text("report.mappings") + ": " + m)
		}
		p.raw("</div></details>\n")
	}
	return nil
}

func (p page) rest(results []assessment.Result) {
	p.raw("<h2>").label("report.rest").raw("</h2>\n<table><thead><tr>")
	for _, key := range []string{"report.status", "report.severity", "report.control"} {
		p.raw("<th>").label(key).raw("</th>")
	}
	p.raw("</tr></thead><tbody>\n")
	for _, r := range results {
		p.raw("<tr><td>").label("status." + string(r.Status)).raw("</td><td>").label("severity." + string(r.Severity)).
			raw("</td><td>").text(r.Title).raw(" <code>").text(r.Control).raw("</code>")
		if r.Scoped {
			p.raw("<br>").text(r.Reason)
		}
		p.raw("</td></tr>\n")
	}
	p.raw("</tbody></table>\n")
}

var frameworks = map[string]string{"csf2": "NIST CSF 2.0", "cis8": "CIS Controls v8.1", "nist80053": "NIST SP 800-53", "iso27001": "ISO/IEC 27001"}

func mappings(m map[string][]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if len(m[k]) == 0 {
			continue
		}
		name := frameworks[k]
		if name == "" {
			name = k
		}
		parts = append(parts, name+" "+strings.Join(m[k], ", "))
	}
	return strings.Join(parts, "; ")
}
