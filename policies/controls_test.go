//go:build !thin

package policies_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/internal/pages"
	"github.com/vymir-project/vymir/policies/remedies"
)

const minCoverage = 95 // per cent of the lines of the baselines and of lib that the Rego tests reach

// TestRego runs every *_test.rego, as `opa test` would, and holds the coverage up.
func TestRego(t *testing.T) {
	modules, raw := map[string]*ast.Module{}, 0
	for _, dir := range []string{"baseline", "lib"} {
		err := fs.WalkDir(os.DirFS("."), dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(p, ".rego") {
				return err
			}
			src, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			raw++
			modules[p], err = ast.ParseModule(p, string(src))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	params, err := os.ReadFile("params.json")
	if err != nil {
		t.Fatal(err)
	}
	var data map[string]any
	if err := json.Unmarshal(params, &data); err != nil {
		t.Fatal(err)
	}
	data["clock"] = map[string]any{"now": "2026-06-15T12:00:00Z"} // every Rego test's now
	covered := cover.New()
	runner := tester.NewRunner().SetStore(inmem.NewFromObject(data)).SetModules(modules).SetCoverageQueryTracer(covered)
	ctx := context.Background()
	ch, err := runner.RunTests(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	tests := 0
	for r := range ch {
		tests++
		if !r.Pass() {
			t.Errorf("%s: %s.%s: %v", r.Location, r.Package, r.Name, r)
		}
	}
	report := covered.Report(modules)
	lines, hit := 0, 0
	for p, f := range report.Files {
		if strings.HasSuffix(p, "_test.rego") {
			continue
		}
		lines, hit = lines+f.CoveredLines+f.NotCoveredLines, hit+f.CoveredLines
		if f.NotCoveredLines > 0 {
			t.Logf("%s: lines not covered: %v", p, f.NotCovered)
		}
	}
	t.Logf("%d Rego tests in %d modules, %d of %d lines covered", tests, raw, hit, lines)
	if hit*100 < minCoverage*lines {
		t.Errorf("coverage %.1f %%, want %d %%", 100*float64(hit)/float64(lines), minCoverage)
	}
}

// TestEveryControlIsTested asks every control for the tests its metadata calls for.
func TestEveryControlIsTested(t *testing.T) {
	for _, k := range policies.BuiltIn().Controls {
		family, name, _ := strings.Cut(k.ID, ".")
		src, err := os.ReadFile(strings.TrimSuffix(policies.ModulePath(family, name), ".rego") + "_test.rego")
		if err != nil {
			t.Errorf("%s: %v", k.ID, err)
			continue
		}
		want := map[string]string{"test_success_": "a passing test", "test_fail_": "a failing test"}
		for _, h := range k.Halves {
			want["test_unmeasured_"+string(h)] = "a test without its facts"
			want[name+"."+string(h)+"."] = "a test of that half"
		}
		if k.Applicability {
			want["test_not_applicable"] = "a test where it does not apply"
		}
		for text, what := range want {
			if !bytes.Contains(src, []byte(text)) {
				t.Errorf("%s: %s (%s) is missing", k.ID, what, text)
			}
		}
	}
}

// TestGenerated fails when the catalogue, the numbers, the parameters or a page are not what the METADATA says now.
func TestGenerated(t *testing.T) {
	var numbers []policies.Number
	read(t, "numbers.json", &numbers)
	files, err := pages.Generate(os.DirFS("."), numbers)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale: run `go generate ./policies/...`", name)
		}
	}
	err = fs.WalkDir(os.DirFS("../docs"), "controls", func(p string, d fs.DirEntry, err error) error {
		if _, ok := files["../docs/"+p]; err == nil && !d.IsDir() && !ok {
			t.Errorf("docs/%s belongs to no control: run `go generate ./policies/...`", p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNumbersNeverChange compares with the numbers that were once released: they may be continued, never changed.
func TestNumbersNeverChange(t *testing.T) {
	var released, now []policies.Number
	read(t, "testdata/released_numbers.json", &released)
	read(t, "numbers.json", &now)
	byControl, seen := map[string]policies.Number{}, map[uint32]string{}
	for _, n := range now {
		byControl[n.Control] = n
		if other, ok := seen[n.Number]; ok || n.Number == 0 {
			t.Errorf("%s: number %d is zero or %s's", n.Control, n.Number, other)
		}
		seen[n.Number] = n.Control
	}
	for _, r := range released {
		n, ok := byControl[r.Control]
		if !ok || n.Number != r.Number || len(n.Reasons) < len(r.Reasons) || !slices.Equal(n.Reasons[:len(r.Reasons)], r.Reasons) {
			t.Errorf("%s was released as %+v and is %+v now", r.Control, r, n)
		}
	}
}

// factFamilies are the JSON names of the families of a facts document.
func factFamilies() map[string]bool {
	out := map[string]bool{}
	doc := reflect.TypeFor[facts.Document]()
	for i := range doc.NumField() {
		f := doc.Field(i)
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); f.Type.Kind() == reflect.Pointer {
			out[tag] = true
		}
	}
	return out
}

func TestMetadataNamesWhatExists(t *testing.T) {
	families := factFamilies()
	capabilities, err := remedies.Capabilities()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, c := range capabilities {
		known[c.ID] = true
	}
	for _, k := range policies.BuiltIn().Controls {
		if !known[k.Capability] {
			t.Errorf("%s: capability %q is not in policies/remedies", k.ID, k.Capability)
		}
		for _, f := range k.Facts {
			if !families[f] {
				t.Errorf("%s: fact family %q does not exist", k.ID, f)
			}
		}
	}
}

// TestMissingFactsNeverPass guards against the two ways in which Rego loses a result: a negated comparison over a missing fact that
// holds, and a control that vanishes. Every control is judged on a document without any family, and on one where every family
// exists and is empty; each must be there, and none may pass or fail.
func TestMissingFactsNeverPass(t *testing.T) {
	e, err := policies.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	hollow := map[string]any{"schema": facts.Schema, "live": true}
	states := map[string]any{}
	for f := range factFamilies() {
		states[f] = map[string]any{"state": "partial"}
		hollow[f] = map[string]any{}
	}
	hollow["families"] = states
	for name, doc := range map[string]map[string]any{
		"empty":      {"schema": facts.Schema, "families": map[string]any{}},
		"empty-live": {"schema": facts.Schema, "families": map[string]any{}, "live": true},
		"hollow":     hollow,
	} {
		t.Run(name, func(t *testing.T) {
			for id, r := range judge(t, e, doc) {
				rightful := name == "hollow" && r.Status == assessment.NotApplicable // by the host's role
				if r.Status != assessment.Unmeasured && !rightful {
					t.Errorf("%s: %s (%s), want unmeasured", id, r.Status, r.Reason)
				}
			}
		})
	}
}

// judge returns the results of all baselines by control, and fails when a control is missing among them.
func judge(t *testing.T, e *policies.Engine, doc any) map[string]assessment.Result {
	t.Helper()
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, b := range e.Catalogue().Baselines {
		all = append(all, b.Name)
	}
	a, err := e.Judge(t.Context(), data, policies.JudgeOptions{Baselines: all})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]assessment.Result{}
	for _, r := range a.Results {
		out[r.Control] = r
	}
	for _, k := range e.Catalogue().Controls {
		if _, ok := out[k.ID]; !ok {
			t.Errorf("%s vanished from the results", k.ID)
		}
	}
	if len(out) != len(a.Results) {
		t.Errorf("%d results of %d controls", len(a.Results), len(out))
	}
	return out
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// TestFormat holds every Rego file to `opa fmt`. VYMIR_UPDATE=1 rewrites them.
func TestFormat(t *testing.T) {
	for _, dir := range []string{"baseline", "lib"} {
		err := fs.WalkDir(os.DirFS("."), dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(p, ".rego") {
				return err
			}
			src, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			want, err := format.SourceWithOpts(p, src, format.Opts{RegoVersion: ast.RegoV1})
			if err != nil {
				return err
			}
			if bytes.Equal(src, want) {
				return nil
			}
			if os.Getenv("VYMIR_UPDATE") != "" {
				return os.WriteFile(p, want, 0o644)
			}
			t.Errorf("%s is not formatted: run `opa fmt -w policies`", p)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestSchema type-checks the policies against the schema of the facts document: a misspelt fact is an error, not a silent miss.
func TestSchema(t *testing.T) {
	var schema any
	read(t, "../collector/facts/schema.json", &schema)
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, schema)
	modules := map[string]*ast.Module{}
	sources, err := policies.BuiltInModules()
	if err != nil {
		t.Fatal(err)
	}
	for p, src := range sources {
		if modules[p], err = ast.ParseModule(p, string(src)); err != nil {
			t.Fatal(err)
		}
	}
	compiler := ast.NewCompiler().WithSchemas(set).WithStrict(true)
	if compiler.Compile(modules); compiler.Failed() {
		t.Error(compiler.Errors)
	}
	// The check is worth something only if it finds a mistake.
	bad, err := ast.ParseModule("bad.rego", "package bad\n\nx := input.sshd.instaled\n")
	if err != nil {
		t.Fatal(err)
	}
	compiler = ast.NewCompiler().WithSchemas(set)
	if compiler.Compile(map[string]*ast.Module{"bad.rego": bad}); !compiler.Failed() {
		t.Error("a misspelt fact was not noticed")
	}
}
