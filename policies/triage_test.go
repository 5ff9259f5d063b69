//go:build !thin

package policies

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
)

// One table of SSVC decides for vulnerabilities here and for gaps on the server.
func TestTableIsTheRemedies(t *testing.T) {
	e, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	q, err := prepare(e.compiler, "[data.lib.vulnerabilities.table, data.lib.vulnerabilities.names]")
	if err != nil {
		t.Fatal(err)
	}
	value, err := q.ask(t.Context(), ast.NewObject())
	if err != nil {
		t.Fatal(err)
	}
	pair := value.([]any)
	table, names := pair[0].(map[string]any), pair[1].(map[string]any)
	want, err := remedies.LoadSSVC()
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for exploitation, byExposure := range table {
		for exposure, byAutomatable := range byExposure.(map[string]any) {
			for automatable, row := range byAutomatable.(map[string]any) {
				for i, impact := range []string{"low", "medium", "high", "very_high"} {
					rows++
					got := names[string(row.(string)[i])]
					if w := want.Urgency(remedies.Exploitation(exploitation), remedies.Exposure(exposure), automatable == "yes", remedies.Impact(impact)); got != string(w) {
						t.Errorf("%s %s %s %s: got %v, want %s", exploitation, exposure, automatable, impact, got, w)
					}
				}
			}
		}
	}
	if rows != 72 {
		t.Errorf("%d rows, want 72", rows)
	}
}

// vulnerable is a host with n vulnerabilities in use by nobody and one that is exploited in what the Internet reaches.
func vulnerable(t testing.TB, n int) []byte {
	t.Helper()
	day := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	v := &facts.Vulnerabilities{
		Index: &facts.VulnerabilityIndex{Ecosystem: "Debian:12", Revision: 1, AgeDays: 1, KEVAt: &day}, Packages: 900, ObservedDays: ptr(30),
		Found: []facts.Vulnerability{{ID: "CVE-2026-1", Source: "nginx", Version: "1", Use: "running", Exposure: "open", Root: true, Exploited: &day, Programs: []string{"nginx"}}},
	}
	for i := range n {
		v.Found = append(v.Found, facts.Vulnerability{
			ID: fmt.Sprintf("CVE-2025-%d", i+1000), CVEs: []string{fmt.Sprintf("CVE-2025-%d", i+1000)}, Source: fmt.Sprintf("p%d", i%300), Version: "1.0-1", Fixed: "1.0-2",
			Packages: []string{fmt.Sprintf("p%d", i%300), fmt.Sprintf("libp%d", i%300)}, Severity: "high", Score: 7.5, Network: true, Use: "unseen", Exposure: "none", FixedDays: ptr(3),
		})
	}
	b, err := json.Marshal(facts.Document{Schema: facts.Schema, MeasuredAt: day, Live: true, Vulnerabilities: v,
		Families: map[string]facts.Status{"vulnerabilities": {State: facts.StateOK}}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ptr[T any](v T) *T { return &v }

func TestTriage(t *testing.T) {
	e, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	doc := vulnerable(t, 3)
	got, err := e.Triage(t.Context(), doc, JudgeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	decisions := []string{}
	for _, v := range got {
		decisions = append(decisions, v.ID+" "+v.Decision+" "+v.Because)
	}
	want := []string{"CVE-2026-1 immediate exploited", "CVE-2025-1000 defer unused", "CVE-2025-1001 defer unused", "CVE-2025-1002 defer unused"}
	if diff := cmp.Diff(want, decisions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got[0].Row != (SSVCRow{"active", "open", "yes", "high"}) || got[0].Programs[0] != "nginx" {
		t.Errorf("got %+v", got[0])
	}
	none, err := e.Triage(t.Context(), []byte(`{"schema":"vymir.facts/1"}`), JudgeOptions{})
	if err != nil || len(none) != 0 {
		t.Errorf("a host that was not measured: got %v, %v", none, err)
	}

	a, err := e.Judge(t.Context(), doc, JudgeOptions{Baselines: []string{"server"}, Lang: "uk"})
	if err != nil {
		t.Fatal(err)
	}
	status := map[string]assessment.Status{}
	for _, r := range a.Results {
		if r.Family == "vulnerabilities" {
			status[r.Control] = r.Status
			if !strings.ContainsAny(r.Reason, "єіїа") {
				t.Errorf("%s: %s", r.Control, r.Reason)
			}
		}
	}
	wantStatus := map[string]assessment.Status{
		"vulnerabilities.act_now": assessment.Fail, "vulnerabilities.known_exploited": assessment.Fail,
		"vulnerabilities.patch_latency": assessment.Pass, "vulnerabilities.knowledge_fresh": assessment.Pass,
		"vulnerabilities.languages": assessment.Unmeasured, // nothing looked for them
	}
	if diff := cmp.Diff(wantStatus, status); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// BenchmarkTriage judges a host with two thousand vulnerabilities.
func BenchmarkTriage(b *testing.B) {
	e, err := New(nil)
	if err != nil {
		b.Fatal(err)
	}
	doc := vulnerable(b, 2000)
	for b.Loop() {
		if _, err := e.Triage(context.Background(), doc, JudgeOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
