package report

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/policies/assessment"
)

//go:embed page.html
var pageSource string

type page struct {
	Lang, Host, Coverage      string
	System, About             []string
	Counts                    []count
	Failing, Unmeasured, Rest []row
}

type count struct {
	N    int
	Name string
}

type row struct {
	assessment.Result
	StatusText, SeverityText, Halves, Evidence, Mappings string
	Open                                                 bool
}

// HTML writes a as one page that needs no network, no script and no other file.
func HTML(w io.Writer, a *assessment.Assessment, lang string) error {
	tmpl, err := template.New("page").Funcs(template.FuncMap{
		"t": func(key string, args ...any) string { return Text(lang, key, args...) },
	}).Parse(pageSource)
	if err != nil {
		return fmt.Errorf("parse page: %w", err)
	}
	s := Style{Lang: lang}
	p := page{Lang: lang, Host: hostName(a, lang), About: about(a, lang), Coverage: Text(lang, "report.coverage", fmt.Sprintf("%.0f", a.Summary.CoveragePercent))}
	for _, part := range []string{a.Host.OS, a.Host.Role, a.Host.Kernel} {
		if part != "" {
			p.System = append(p.System, part)
		}
	}
	for _, c := range []struct {
		status assessment.Status
		n      int
	}{
		{assessment.Fail, a.Summary.Fail}, {assessment.Pass, a.Summary.Pass}, {assessment.Unmeasured, a.Summary.Unmeasured},
		{assessment.NotApplicable, a.Summary.NotApplicable}, {assessment.Error, a.Summary.Error},
	} {
		p.Counts = append(p.Counts, count{c.n, s.text("status." + string(c.status))})
	}
	results := slices.Clone(a.Results)
	assessment.SortForReading(results)
	for _, r := range results {
		v := row{Result: r, StatusText: s.text("status." + string(r.Status)), SeverityText: s.text("severity." + string(r.Severity)), Halves: s.halves(r)}
		if len(r.Target.Evidence) > 0 {
			b, err := json.MarshalIndent(r.Target.Evidence, "", "  ")
			if err != nil {
				return fmt.Errorf("encode evidence of %s: %w", r.Control, err)
			}
			v.Evidence = string(b)
		}
		v.Mappings = mappings(r.Mappings)
		switch r.Status {
		case assessment.Fail, assessment.Error:
			v.Open = r.Severity.Rank() >= assessment.High.Rank()
			p.Failing = append(p.Failing, v)
		case assessment.Unmeasured:
			p.Unmeasured = append(p.Unmeasured, v)
		default:
			p.Rest = append(p.Rest, v)
		}
	}
	if err := tmpl.Execute(w, p); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
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
