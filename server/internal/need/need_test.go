package need

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/gap"
)

var update = flag.Bool("update", false, "rewrite golden files")

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func input(t testing.TB) Input {
	t.Helper()
	set, err := remedies.Load()
	if err != nil {
		t.Fatal(err)
	}
	w, err := DefaultWeights()
	if err != nil {
		t.Fatal(err)
	}
	return Input{AsOf: now, Remedies: set, Weights: w}
}

var controls = []gap.Control{
	{ID: "backup.recent", Family: "backup", Capability: "backup", Severity: assessment.Critical},
	{ID: "ssh.root_login", Family: "ssh", Capability: "identity", Severity: assessment.High, Automatable: true},
	{ID: "accounts.password_hash", Family: "accounts", Capability: "identity", Severity: assessment.Medium},
	{ID: "software.forbidden", Family: "software", Capability: "software_origin", Severity: assessment.Medium, Legal: true},
	{ID: "time.synchronised", Family: "time", Capability: "time", Severity: assessment.Medium},
}

// twoTowns is a small world: two recipients, three sites, seven hosts of which one was never measured.
func twoTowns(t testing.TB) Input {
	in := input(t)
	in.Recipients = []Recipient{{ID: "r-water", Criticality: "2", Users: 140, Admins: 3}, {ID: "r-hromada"}}
	b := gap.New(gap.Options{
		AsOf: now, Controls: controls, SSVC: in.Remedies.SSVC,
		Recipients: []gap.Recipient{{ID: "r-water", Impact: in.Weights.ImpactOf("2")}, {ID: "r-hromada", Impact: in.Weights.ImpactOf("")}},
	})
	since := now.AddDate(0, -2, 0)
	fail := func(ids ...string) (rs []gap.Result) {
		for _, c := range controls {
			st := assessment.Pass
			if slices.Contains(ids, c.ID) {
				st = assessment.Fail
			}
			rs = append(rs, gap.Result{Control: c.ID, Status: st, Since: since})
		}
		return rs
	}
	for i, f := range [][]string{{"backup.recent", "ssh.root_login"}, {"ssh.root_login", "accounts.password_hash"}, {"time.synchronised"}} {
		b.Add(gap.Host{ID: fmt.Sprint("w", i), Recipient: "r-water", Site: "s-hq", LastMeasured: now.Add(-time.Hour), Exposure: remedies.Open}, fail(f...))
	}
	b.Add(gap.Host{ID: "w3", Recipient: "r-water", Site: "s-pump", LastMeasured: now.Add(-time.Hour)}, fail("backup.recent"))
	b.Add(gap.Host{ID: "w4", Recipient: "r-water", Site: "s-pump"}, nil)
	for i := range 2 {
		b.Add(gap.Host{ID: fmt.Sprint("h", i), Recipient: "r-hromada", Site: "s-hall", LastMeasured: now.AddDate(0, 0, -45)}, fail("software.forbidden"))
	}
	in.Gaps = b.Gaps()
	return in
}

func compute(t testing.TB, in Input) *Run {
	t.Helper()
	r, err := Compute(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func golden(t *testing.T, name string, v any) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), rewrite with -update:\n%s", name, diff)
	}
}

func TestGolden(t *testing.T) {
	in := twoTowns(t)
	in.Remedies = fixedRemedies(in.Remedies)
	r := compute(t, in)
	golden(t, "twotowns.needs.json", r)
	var all []Explanation
	for _, lang := range remedies.Langs {
		all = append(all, r.Explain(&r.Needs[0], lang))
	}
	golden(t, "twotowns.explained.json", all)
}

// fixedRemedies cuts the catalogue to three entries of its own, so that a new price does not change the golden file.
func fixedRemedies(s *remedies.Set) *remedies.Set {
	text := func(s string) remedies.Text { return remedies.Text{"uk": s + " (uk)", "en": s} }
	return &remedies.Set{
		Capabilities: s.Capabilities, SSVC: s.SSVC, Digest: "fixed",
		Remedies: []remedies.Remedy{
			{
				ID: "storage", Kind: remedies.Equipment, Title: text("Storage"), Text: text("Storage for a site."), Unit: text("pcs"),
				Mends: []remedies.Mend{{Capability: "backup", Effect: remedies.Effectiveness{Low: .25, Mid: .5, High: .75}}},
				Size:  remedies.Sizing{Per: remedies.PerAffectedSite}, Cost: remedies.Cost{Low: 1000, High: 3000, Year: 2026, Source: "estimate"},
				RunCost: remedies.Range{Low: 50, High: 100}, LeadWeeks: remedies.Range{Low: 4, High: 8}, Line: remedies.Build, Why: text("It lasts."),
			},
			{
				ID: "keys", Kind: remedies.Equipment, Title: text("Keys"), Text: text("Two keys each."), Unit: text("pcs"),
				Mends: []remedies.Mend{
					{Capability: "identity", Effect: remedies.Effectiveness{Low: .1, Mid: .2, High: .3}},
					{Capability: "identity", Controls: []string{"ssh.root_login"}, Effect: remedies.Effectiveness{Low: .5, Mid: .5, High: .5}},
				},
				Size: remedies.Sizing{Per: remedies.PerAdmin, OneFor: .5, AtLeast: 4}, Cost: remedies.Cost{Low: 20, High: 60, Year: 2026, Source: "estimate"},
				LeadWeeks: remedies.Range{Low: 2, High: 4}, Line: remedies.Support, Why: text("In use within weeks."),
			},
			{
				ID: "migration", Kind: remedies.Service, Title: text("Migration"), Text: text("Permitted software."), Unit: text("workplaces"),
				Mends: []remedies.Mend{{Capability: "software_origin", Effect: remedies.Effectiveness{Low: .5, Mid: .7, High: .9}}},
				Size:  remedies.Sizing{Per: remedies.PerAffectedHost, SparePercent: 10}, Cost: remedies.Cost{Low: 100, High: 500, Year: 2026, Source: "estimate"},
				LeadWeeks: remedies.Range{Low: 8, High: 20}, Line: remedies.Build, Why: text("It lasts."), Requires: []string{"storage"},
			},
		},
	}
}

// TestSumAddsUp adds the printed rows by hand: points, removed points and the total must agree.
func TestSumAddsUp(t *testing.T) {
	r := compute(t, twoTowns(t))
	if len(r.Needs) < 10 {
		t.Fatalf("got %d needs, want at least 10", len(r.Needs))
	}
	for _, n := range r.Needs {
		x := r.Explain(&n, "uk")
		var sum Interval
		for _, row := range x.Rows {
			p := row.Weight * row.Criticality * (float64(row.Affected) / float64(row.Measured)) * math.Log2(1+float64(row.Affected))
			if math.Abs(p-row.Points) > 0.001 {
				t.Errorf("%s %s: points %v, by hand %v", n.Remedy, row.Control, row.Points, p)
			}
			sum.Low, sum.Mid, sum.High = sum.Low+row.Removed.Low, sum.Mid+row.Removed.Mid, sum.High+row.Removed.High
		}
		if math.Abs(sum.Mid-n.Benefit.Mid) > 0.01 || math.Abs(sum.Low-n.Benefit.Low) > 0.01 || math.Abs(sum.High-n.Benefit.High) > 0.01 {
			t.Errorf("%s: rows add up to %v, benefit says %v", n.Remedy, sum, n.Benefit)
		}
		if n.Quantity < 1 || n.Cost.Low <= 0 || n.Cost.Low > n.Cost.High {
			t.Errorf("%s: quantity %d, cost %v", n.Remedy, n.Quantity, n.Cost)
		}
		if n.Added.Mid > n.Benefit.Mid+0.001 {
			t.Errorf("%s: adds %v, more than its benefit %v", n.Remedy, n.Added.Mid, n.Benefit.Mid)
		}
		if !slices.Contains(remedies.Lines, n.Line) || n.LineReason.In("uk") == "" {
			t.Errorf("%s: line of effort %q without a reason", n.Remedy, n.Line)
		}
	}
}

func TestTogetherDoesNotCountTwice(t *testing.T) {
	in := twoTowns(t)
	in.Remedies = fixedRemedies(in.Remedies)
	twin := in.Remedies.Remedies[0]
	twin.ID = "storage2"
	in.Remedies.Remedies = append(in.Remedies.Remedies, twin)
	r := compute(t, in)
	a, b := ID("r-water", "storage"), ID("r-water", "storage2")
	one, both := r.Together(a), r.Together(a, b)
	// Two halves leave a quarter: 1 - 0.5 x 0.5 = 0.75 of the points, where one removes 0.5.
	if want := one.Mid * 1.5; math.Abs(both.Mid-want) > 0.002 {
		t.Errorf("together %v, want %v", both.Mid, want)
	}
	if none := r.Together("n-nothing"); none != (Interval{}) {
		t.Errorf("an unknown need brings %v", none)
	}
}

func TestRepeatable(t *testing.T) {
	first, err := json.Marshal(compute(t, twoTowns(t)))
	if err != nil {
		t.Fatal(err)
	}
	in := twoTowns(t)
	slices.Reverse(in.Recipients)
	again, err := json.Marshal(compute(t, in))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, again) {
		t.Error("the same input gave other bytes")
	}
	for name, change := range map[string]func(*Input){
		"weight":  func(in *Input) { in.Weights.LowCoverage = 0.4 },
		"date":    func(in *Input) { in.AsOf = in.AsOf.Add(time.Second) },
		"size":    func(in *Input) { in.Recipients[0].Users++ },
		"gap":     func(in *Input) { in.Gaps[0].Known++ },
		"host":    func(in *Input) { in.Gaps[0].Controls[0].Hosts[0]++ },
		"catalog": func(in *Input) { in.Remedies.Digest = "other" },
	} {
		in := twoTowns(t)
		change(&in)
		if compute(t, in).ID == compute(t, twoTowns(t)).ID {
			t.Errorf("%s: another input has the same run id", name)
		}
	}
}

func TestGateAndUrgencyComeFirst(t *testing.T) {
	r := compute(t, twoTowns(t))
	last := func(n *Need) int {
		c := 2 * n.Urgency.Rank()
		if n.Legal {
			c += 10
		}
		if !n.SizeUnknown {
			c++
		}
		return c
	}
	for i := 1; i < len(r.Needs); i++ {
		a, b := &r.Needs[i-1], &r.Needs[i]
		if last(a) < last(b) || last(a) == last(b) && a.PerThousand.Mid < b.PerThousand.Mid {
			t.Errorf("rank %d (%s) stands before %d (%s)", a.Rank, a.Remedy, b.Rank, b.Remedy)
		}
	}
	if !r.Needs[0].Legal {
		t.Error("the duty of law is not first")
	}
}

// TestUnknownSizeIsGuessedAndRankedBehind leaves the size of a recipient unsaid.
func TestUnknownSizeIsGuessedAndRankedBehind(t *testing.T) {
	in := twoTowns(t)
	in.Recipients[0].Users, in.Recipients[0].Admins = 0, 0
	r := compute(t, in)
	behind := map[string]bool{} // classes in which a guessed size was seen
	for _, n := range r.Needs {
		class := fmt.Sprint(n.Legal, n.Urgency)
		if !n.SizeUnknown && behind[class] {
			t.Errorf("%s, of known size, ranks behind a guess", n.Remedy)
		}
		if n.SizeUnknown {
			behind[class] = true
			if n.Basis == remedies.PerUser && n.BasisCount != n.Coverage.Known || n.Basis == remedies.PerAdmin && n.BasisCount != 1 {
				t.Errorf("%s: guessed %d of %s for %d hosts", n.Remedy, n.BasisCount, n.Basis, n.Coverage.Known)
			}
		}
	}
	if len(behind) == 0 {
		t.Error("no need of a guessed size")
	}
}

func TestQuantity(t *testing.T) {
	tests := []struct {
		name  string
		count int
		rule  remedies.Sizing
		want  int
	}{
		{"one_each", 7, remedies.Sizing{}, 7},
		{"rounded_up", 41, remedies.Sizing{OneFor: 20}, 3},
		{"exact", 40, remedies.Sizing{OneFor: 20}, 2},
		{"two_each", 3, remedies.Sizing{OneFor: 0.5}, 6},
		{"spare", 95, remedies.Sizing{SparePercent: 10}, 105},
		{"floor", 1, remedies.Sizing{AtLeast: 5}, 5},
		{"nothing_stated", 0, remedies.Sizing{}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Quantity(tt.count, tt.rule); got != tt.want {
				t.Errorf("Quantity(%d) = %d, want %d", tt.count, got, tt.want)
			}
		})
	}
}

func TestStability(t *testing.T) {
	r := compute(t, twoTowns(t))
	s := Sensitivity{Seed: 20261121, Top: 5}
	a, b := r.Stability(s, ""), r.Stability(s, "")
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("equal seeds differ:\n%s", diff)
	}
	sum := 0.0
	for _, v := range a {
		sum += v
	}
	if math.Abs(sum-5) > 1e-9 {
		t.Errorf("shares add up to %v, want the size of the top set", sum)
	}
	if a[r.Needs[0].ID] < 0.5 {
		t.Errorf("the first need is in the top set in %v of the draws", a[r.Needs[0].ID])
	}
}

func TestTextsInBothLanguages(t *testing.T) {
	keys := []string{}
	for _, b := range remedies.Bases {
		keys = append(keys, "basis_"+string(b))
	}
	for _, u := range remedies.Urgencies {
		keys = append(keys, "urgency_"+string(u))
	}
	for k := range texts {
		keys = append(keys, k)
	}
	for _, k := range keys {
		for _, l := range remedies.Langs {
			if texts[k][l] == "" {
				t.Errorf("no text %s in %s", k, l)
			}
		}
	}
}

func TestUnorderedGapsAreRefused(t *testing.T) {
	in := twoTowns(t)
	slices.Reverse(in.Gaps)
	if _, err := Compute(in); err == nil {
		t.Error("gaps of one recipient in two places were taken")
	}
}

// BenchmarkRecompute derives gaps and needs of 100,000 hosts of 150 controls at 1,000 recipients from scratch.
func BenchmarkRecompute(b *testing.B) {
	in := input(b)
	caps := in.Remedies.Capabilities
	var cs []gap.Control
	var results []gap.Result
	for i := range 150 {
		c := gap.Control{ID: fmt.Sprintf("f%d.c%d", i%20, i), Family: fmt.Sprintf("f%d", i%20), Capability: caps[i%len(caps)].ID, Severity: assessment.High}
		st := assessment.Pass
		if i%7 == 0 {
			st = assessment.Fail
		}
		cs, results = append(cs, c), append(results, gap.Result{Control: c.ID, Status: st, Since: now})
	}
	var id string
	before := cpu(b)
	for b.Loop() {
		g := gap.New(gap.Options{AsOf: now, Controls: cs, SSVC: in.Remedies.SSVC})
		for i := range 100_000 {
			g.Add(gap.Host{ID: "h", Recipient: fmt.Sprintf("r%04d", i%1000), Site: fmt.Sprint("s", i%3), LastMeasured: now}, results)
		}
		in.Gaps = g.Gaps()
		r, err := Compute(in)
		if err != nil {
			b.Fatal(err)
		}
		if id != "" && id != r.ID {
			b.Fatal("run ids differ")
		}
		id = r.ID
		b.ReportMetric(float64(len(r.Needs)), "needs")
	}
	b.ReportMetric((cpu(b)-before).Seconds()/float64(b.N), "cpu-s/op")
}

// cpu is the processor time of this process so far, which a busy machine changes little.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
