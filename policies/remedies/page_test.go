package remedies

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite docs/remedies/README.md")

// TestPage keeps docs/remedies/README.md what the catalogue says; -update writes it anew.
func TestPage(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "..", "docs", "remedies", "README.md")
	got := page(s)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/remedies/README.md is not what the catalogue says; go test ./policies/remedies -update:\n%s", diff)
	}
}

func page(s *Set) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("<!-- Generated from policies/remedies by go test ./policies/remedies -update; do not edit. -->\n# Remedy catalogue\n\n")
	p("%d remedies: what a donor can fund to close a gap. The data are `policies/remedies/*.yaml`; how a gap and a remedy become\n", len(s.Remedies))
	p("a need is in [spec/needs.md](../spec/needs.md). Prices are EUR per unit without VAT; \"estimate\" is the project's own judgement\n")
	p("and wants checking before a purchase. Effect is the share of a gap that is removed: careful, middle, hopeful.\n")
	for _, k := range Kinds {
		p("\n## %s\n", strings.ToUpper(string(k[:1]))+string(k[1:]))
		for _, r := range s.Remedies {
			if r.Kind != k {
				continue
			}
			p("\n### %s\n\n`%s` · %s\n\n%s\n\n%s\n\n", r.Title["en"], r.ID, r.Title["uk"], r.Text["en"], r.Text["uk"])
			p("| | |\n|---|---|\n| mends | %s |\n", mends(&r))
			p("| counted | %s |\n", sizing(&r))
			p("| price | EUR %s per unit, %d, %s |\n", span(r.Cost.Low, r.Cost.High), r.Cost.Year, r.Cost.Source)
			if r.RunCost.High > 0 {
				p("| running cost | EUR %s per unit and year |\n", span(r.RunCost.Low, r.RunCost.High))
			}
			p("| lead time, life | %s weeks, %g years |\n", span(r.LeadWeeks.Low, r.LeadWeeks.High), r.Years)
			p("| line of effort | %s: %s |\n", r.Line, r.Why["en"])
			if len(r.Requires) > 0 {
				p("| needs first | `%s` |\n", strings.Join(r.Requires, "`, `"))
			}
			if w := r.When; w != (When{}) {
				p("| proposed when | %s |\n", when(w))
			}
			if r.DK021 != "" {
				p("| ДК 021:2015 (CPV) | %s |\n", r.DK021)
			}
			if r.ECSF != "" {
				p("| ECSF role | %s |\n", r.ECSF)
			}
			if len(r.Limits) > 0 {
				p("| restrictions | %s |\n", r.Limits["en"])
			}
			if r.NoMeasure {
				p("| effect | not machine-verifiable |\n")
			}
		}
	}
	p("\n## Capabilities\n\n| id | name | назва | strengthens |\n|---|---|---|---|\n")
	for _, c := range s.Capabilities {
		p("| `%s` | %s | %s | %s |\n", c.ID, c.Name["en"], c.Name["uk"], c.Text["en"])
	}
	return b.String()
}

func mends(r *Remedy) string {
	var out []string
	for _, m := range r.Mends {
		s := m.Capability
		if n := append(append([]string{}, m.Families...), m.Controls...); len(n) > 0 {
			s += " (`" + strings.Join(n, "`, `") + "`)"
		}
		out = append(out, fmt.Sprintf("%s %g–%g–%g", s, m.Effect.Low, m.Effect.Mid, m.Effect.High))
	}
	return strings.Join(out, "; ")
}

func sizing(r *Remedy) string {
	s := "one for every "
	if f := r.Size.OneFor; f > 1 {
		s = fmt.Sprintf("one for every %g of ", f)
	} else if f > 0 && f < 1 {
		s = fmt.Sprintf("%g for every ", 1/f)
	}
	s += map[bool]map[Basis]string{false: singular, true: plural}[r.Size.OneFor > 1][r.Size.Per]
	if r.Size.SparePercent > 0 {
		s += fmt.Sprintf(", %g %% spare", r.Size.SparePercent)
	}
	if r.Size.AtLeast > 1 {
		s += fmt.Sprintf(", at least %d", r.Size.AtLeast)
	}
	return s
}

var (
	singular = map[Basis]string{
		PerAffectedHost: "affected host", PerKnownHost: "known host", PerAffectedSite: "affected site", PerUser: "user",
		PerAdmin: "administrator", PerRecipient: "recipient",
	}
	plural = map[Basis]string{
		PerAffectedHost: "the affected hosts", PerKnownHost: "the known hosts", PerAffectedSite: "the affected sites", PerUser: "the users",
		PerAdmin: "the administrators", PerRecipient: "the recipients",
	}
)

func when(w When) string {
	var out []string
	if w.MinAffected > 0 {
		out = append(out, fmt.Sprintf("at least %d hosts are affected", w.MinAffected))
	}
	if w.MinControls > 0 {
		out = append(out, fmt.Sprintf("at least %d controls fail", w.MinControls))
	}
	if w.MinShare > 0 {
		out = append(out, fmt.Sprintf("at least %g %% of the measured hosts are affected", 100*w.MinShare))
	}
	return strings.Join(out, ", ")
}

func span(low, high float64) string {
	if low == high {
		return fmt.Sprintf("%g", low)
	}
	return fmt.Sprintf("%g–%g", low, high)
}
