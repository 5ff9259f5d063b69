//go:build !thin

package policies_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
)

var update = flag.Bool("update", false, "rewrite the golden results in testdata/golden")

// TestGolden judges the whole hosts of collector/testdata by every baseline; the reviewer of a change sees which results turn.
func TestGolden(t *testing.T) {
	hosts, err := filepath.Glob("../collector/testdata/hosts/*.facts.json")
	if err != nil || len(hosts) == 0 {
		t.Fatalf("no hosts found: %v", err)
	}
	e, err := policies.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range hosts {
		name := strings.TrimSuffix(filepath.Base(file), ".facts.json")
		t.Run(name, func(t *testing.T) {
			doc, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			a := judgeAll(t, e, doc)
			var b bytes.Buffer
			s := a.Summary
			fmt.Fprintf(&b, "# %s, %s: %d pass, %d fail, %d unmeasured, %d not applicable, %d error\n", name, a.Host.Role, s.Pass, s.Fail, s.Unmeasured, s.NotApplicable, s.Error)
			for _, r := range a.Results {
				fmt.Fprintf(&b, "%-14s %-40s %s\n", r.Status, r.Control, r.Reason)
				if r.Status == assessment.Error {
					t.Errorf("%s: %s", r.Control, r.Reason)
				}
			}
			golden := filepath.Join("testdata", "golden", name+".txt")
			if *update {
				if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got := b.Bytes(); !bytes.Equal(got, want) {
				t.Errorf("results turned (run go test ./policies -run Golden -update, and review):\n%s", lineDiff(string(want), string(got)))
			}
		})
	}
}

// judgeAll judges by every baseline, at the time of the measurement.
func judgeAll(t testing.TB, e *policies.Engine, doc []byte) *assessment.Assessment {
	t.Helper()
	var all []string
	for _, b := range e.Catalogue().Baselines {
		all = append(all, b.Name)
	}
	var head struct {
		MeasuredAt time.Time `json:"measured_at"`
	}
	if err := json.Unmarshal(doc, &head); err != nil {
		t.Fatal(err)
	}
	a, err := e.Judge(t.Context(), doc, policies.JudgeOptions{Baselines: all, Now: head.MeasuredAt})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// lineDiff shows the lines that are in one text only.
func lineDiff(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for _, l := range w {
		if !slices.Contains(g, l) {
			b.WriteString("-" + l + "\n")
		}
	}
	for _, l := range g {
		if !slices.Contains(w, l) {
			b.WriteString("+" + l + "\n")
		}
	}
	return b.String()
}

// TestEachFamilyRemoved takes one needed family after another out of every host: a control that needs it and was decided must become
// undecided, unless the families left decide it by themselves, and must never turn from fail to pass.
func TestEachFamilyRemoved(t *testing.T) {
	e, err := policies.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	read(t, "../collector/testdata/hosts/debian12-hardened.facts.json", &doc)
	full := judge(t, e, doc)
	families := doc["families"].(map[string]any)
	for f := range factFamilies() {
		value, state := doc[f], families[f]
		delete(doc, f)
		families[f] = map[string]any{"state": "unmeasured", "reason": "taken out"}
		without := judge(t, e, doc)
		for _, k := range e.Catalogue().Controls {
			if !slices.Contains(k.Facts, f) {
				if without[k.ID].Status != full[k.ID].Status {
					t.Errorf("%s reads %s and does not declare it", k.ID, f)
				}
				continue
			}
			got := without[k.ID].Status
			if len(k.Facts) == 1 && got != assessment.Unmeasured || full[k.ID].Status == assessment.Fail && got == assessment.Pass {
				t.Errorf("%s without %s: %s", k.ID, f, got)
			}
		}
		doc[f], families[f] = value, state
		if value == nil {
			delete(doc, f)
		}
		if state == nil {
			delete(families, f)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	doc, err := os.ReadFile("../collector/testdata/hosts/container-host.facts.json")
	if err != nil {
		b.Fatal(err)
	}
	e, err := policies.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		judgeAll(b, e, doc)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := policies.New(nil); err != nil {
			b.Fatal(err)
		}
	}
}
