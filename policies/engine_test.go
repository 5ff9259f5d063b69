//go:build !thin

package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/bundle"
)

const testHead = `{"name": "test", "revision": 3,
 "baselines": [{"name": "essential", "revision": 2, "title": {"en": "E", "uk": "Е"}, "description": {"en": "E", "uk": "Е"}}],
 "families": [{"id": "demo", "title": {"en": "Demo", "uk": "Проба"}}],
 "common": %s}`

// testPolicy is a complete policy with the given extra metadata lines and rules.
func testPolicy(name, halves, extra, rules string) string {
	meta := fmt.Sprintf(`title: Demo
description: Because.
custom:
  uk: {title: Проба, rationale: Бо.}
  severity: high
  severity_reason: {en: Because., uk: Бо.}
  capability: hardening
  halves: [%s]
  facts: [os]
  baselines: [essential]
  mappings: {csf2: [PR.PS-01], cis8: ["4.1"], nist80053: [CM-6]}
  remedy: {en: Mend it., uk: Виправте.}
  remedy_commands: {debian: "mend"}
  reasons:
    good: {en: "It is {seen}.", uk: "Воно {seen}."}
    bad: {en: "It is {seen}, not {wanted}.", uk: "Воно {seen}, а не {wanted}."}
%s`, halves, extra)
	return "# METADATA\n# " + strings.ReplaceAll(strings.TrimSpace(meta), "\n", "\n# ") + "\npackage baseline.demo." + name + "\n\n" + rules + "\n"
}

// testEngine prepares policies given by control name.
func testEngine(t *testing.T, policies map[string]string) (*Engine, error) {
	t.Helper()
	common, err := json.Marshal(BuiltIn().Common)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{"baseline/catalogue.json": {Data: fmt.Appendf(nil, testHead, common)}}
	b := &bundle.Bundle{Modules: map[string][]byte{}}
	for name, src := range policies {
		p := name
		if !strings.Contains(name, "/") {
			p = ModulePath("demo", name)
		}
		fsys[p] = &fstest.MapFile{Data: []byte(src)}
		b.Modules[p] = []byte(src)
	}
	c, _, err := CompileCatalogue(fsys, nil)
	if err != nil {
		return nil, err
	}
	if b.Catalogue, err = MarshalCatalogue(c); err != nil {
		t.Fatal(err)
	}
	return New(b)
}

func mustEngine(t *testing.T, policies map[string]string) *Engine {
	t.Helper()
	e, err := testEngine(t, policies)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func judgeOne(t *testing.T, e *Engine, factsJSON string, o JudgeOptions) assessment.Result {
	t.Helper()
	a, err := e.Judge(t.Context(), []byte(factsJSON), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Results) != 1 {
		t.Fatalf("got %d results, want 1", len(a.Results))
	}
	return a.Results[0]
}

const bothHalves = `persisted := {"verdict": input.os.p, "reason": "bad", "params": {"seen": 1, "wanted": [2, "x"]}, "evidence": {"a": 1}}

live := {"verdict": input.os.l, "reason": "good", "params": {"seen": true}}`

func TestJudgeCombinesHalves(t *testing.T) {
	e := mustEngine(t, map[string]string{"one": testPolicy("one", "persisted, live", "", bothHalves)})
	doc := func(live bool, os string) string {
		return fmt.Sprintf(`{"schema": "vymir.facts/1", "live": %v, "families": {"os": {"state": "ok"}}, "os": %s}`, live, os)
	}
	for _, tc := range []struct {
		name, doc, reason string
		status            assessment.Status
		verdicts          map[assessment.Half]assessment.Status
	}{
		{"both-pass", doc(true, `{"p": "pass", "l": "pass"}`), "It is yes.", "pass", map[assessment.Half]assessment.Status{"persisted": "pass", "live": "pass"}},
		{"file-fails", doc(true, `{"p": "fail", "l": "pass"}`), "By the files: It is 1, not 2, x.", "fail", map[assessment.Half]assessment.Status{"persisted": "fail", "live": "pass"}},
		{"live-fails", doc(true, `{"p": "pass", "l": "fail"}`), "Running now: It is yes.", "fail", map[assessment.Half]assessment.Status{"persisted": "pass", "live": "fail"}},
		{"both-fail", doc(true, `{"p": "fail", "l": "fail"}`), "It is yes.", "fail", map[assessment.Half]assessment.Status{"persisted": "fail", "live": "fail"}},
		{"live-unknown", doc(true, `{"p": "pass"}`), "Running now: Not measured: the facts (os) hold no value that decides this.", "unmeasured", map[assessment.Half]assessment.Status{"persisted": "pass", "live": "unmeasured"}},
		{"root", doc(false, `{"p": "pass"}`), "It is 1, not 2, x.", "pass", map[assessment.Half]assessment.Status{"persisted": "pass", "live": "unmeasured"}},
		{"root-live-facts-ignored", doc(false, `{"p": "pass", "l": "fail"}`), "It is 1, not 2, x.", "pass", map[assessment.Half]assessment.Status{"persisted": "pass", "live": "unmeasured"}},
		{"bad-verdict", doc(true, `{"p": "maybe", "l": "pass"}`), "The policy of this control could not be evaluated (persisted: verdict is maybe, want pass or fail); this is our failure, not the host's.", "error", map[assessment.Half]assessment.Status{"persisted": "unmeasured", "live": "unmeasured"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := judgeOne(t, e, tc.doc, JudgeOptions{})
			if r.Status != tc.status || r.Reason != tc.reason {
				t.Errorf("got %s %q, want %s %q", r.Status, r.Reason, tc.status, tc.reason)
			}
			if diff := cmp.Diff(tc.verdicts, r.Verdicts); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestJudgeUnmeasuredSaysWhy(t *testing.T) {
	live := mustEngine(t, map[string]string{"one": testPolicy("one", "live", "", `live := {"verdict": input.os.l, "reason": "good"}`)})
	applicable := mustEngine(t, map[string]string{"one": testPolicy("one", "persisted", "  applicability: true",
		"applies := input.os.there\n\npersisted := {\"verdict\": \"pass\", \"reason\": \"good\"}")})
	for _, tc := range []struct {
		name   string
		e      *Engine
		doc    string
		status assessment.Status
		id, uk string
	}{
		{"empty", live, `{"families": {}, "live": true}`, "unmeasured", "unmeasured_not_collected", "Не виміряно: факти родини os не зібрано."},
		{"root", live, `{"families": {"os": {"state": "ok"}}}`, "unmeasured", "unmeasured_needs_running_system", "Не виміряно: це можна з'ясувати лише на працюючій системі."},
		{"family", live, `{"live": true, "families": {"os": {"state": "unmeasured", "reason": "no such file"}}}`, "unmeasured", "unmeasured_family", "Не виміряно: не вдалося прочитати os (no such file)."},
		{"partial", live, `{"live": true, "families": {"os": {"state": "partial", "unread": [{"what": "/x", "reason": "denied"}]}}}`, "unmeasured", "unmeasured_partial", "Не виміряно: у os не вдалося прочитати /x (denied)."},
		{"applies-unknown", applicable, `{"families": {"os": {"state": "ok"}}, "os": {}}`, "unmeasured", "unmeasured_value", "Не виміряно: у зібраних фактах (os) немає значення, за яким це можна визначити."},
		{"applies-not", applicable, `{"families": {"os": {"state": "ok"}}, "os": {"there": false}}`, "not_applicable", "not_applicable", "Ця вимога не стосується цього вузла."},
		{"family-not-applicable", applicable, `{"families": {"os": {"state": "not_applicable"}}}`, "not_applicable", "not_applicable", "Ця вимога не стосується цього вузла."},
		{"applies", applicable, `{"families": {"os": {"state": "ok"}}, "os": {"there": true}}`, "pass", "good", "Воно …."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := judgeOne(t, tc.e, `{"schema": "vymir.facts/1", `+tc.doc[1:], JudgeOptions{Lang: "uk"})
			if r.Status != tc.status || r.ReasonID != tc.id || r.Reason != tc.uk {
				t.Errorf("got %s %s %q, want %s %s %q", r.Status, r.ReasonID, r.Reason, tc.status, tc.id, tc.uk)
			}
			if r.ReasonNumber == 0 {
				t.Error("reason has no number")
			}
		})
	}
}

func TestJudgeOneBrokenPolicySpoilsNoOther(t *testing.T) {
	pass := `persisted := {"verdict": "pass", "reason": "good"}`
	e := mustEngine(t, map[string]string{
		"fine":     testPolicy("fine", "persisted", "", pass),
		"conflict": testPolicy("conflict", "persisted", "", "persisted := {\"verdict\": \"pass\", \"reason\": \"good\"} if true\n\npersisted := {\"verdict\": \"fail\", \"reason\": \"bad\"} if input.schema"),
		"reason":   testPolicy("reason", "persisted", "", `persisted := {"verdict": "pass", "reason": "invented"}`),
		"shape":    testPolicy("shape", "persisted", "", `persisted := "pass"`),
	})
	a, err := e.Judge(t.Context(), []byte(`{"schema": "vymir.facts/1", "families": {}}`), JudgeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]assessment.Status{}
	for _, r := range a.Results {
		got[r.Control] = r.Status
	}
	want := map[string]assessment.Status{"demo.fine": "pass", "demo.conflict": "error", "demo.reason": "error", "demo.shape": "error"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestJudgeOptions(t *testing.T) {
	extra := "  params:\n    - {name: limit, default: 4, meaning: {en: Most., uk: Найбільше.}}"
	e := mustEngine(t, map[string]string{"one": testPolicy("one", "persisted", extra,
		`persisted := {"verdict": "pass", "reason": "good", "params": {"seen": [data.params.demo.one.limit, data.clock.now, input.host.role]}}`)})
	doc := `{"schema": "vymir.facts/1", "families": {}}`
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 7200))
	for _, tc := range []struct {
		name string
		o    JudgeOptions
		want string
	}{
		{"defaults", JudgeOptions{Now: now}, "It is 4, 2026-01-02T01:04:05Z, server."},
		{"nested", JudgeOptions{Now: now, Role: "appliance", Params: map[string]any{"demo.one": map[string]any{"limit": 7}}}, "It is 7, 2026-01-02T01:04:05Z, appliance."},
		{"flat", JudgeOptions{Now: now, Params: map[string]any{"demo.one.limit": 8.0}}, "It is 8, 2026-01-02T01:04:05Z, server."},
	} {
		if r := judgeOne(t, e, doc, tc.o); r.Reason != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, r.Reason, tc.want)
		}
	}
	for _, o := range []JudgeOptions{
		{Role: "toaster"}, {Baselines: []string{"gold"}}, {Params: map[string]any{"demo.two.limit": 1}},
		{Params: map[string]any{"demo.one.depth": 1}}, {Params: map[string]any{"demo.one.limit": "4"}}, {Params: map[string]any{"demo": 1}},
	} {
		if _, err := e.Judge(t.Context(), []byte(doc), o); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: got %v, want ErrOptions", o, err)
		}
	}
	for _, bad := range []string{``, `[]`, `{"schema": "vymir.facts/2"}`, `{"schema": "vymir.facts/1", "families": 3}`} {
		if _, err := e.Judge(t.Context(), []byte(bad), JudgeOptions{}); !errors.Is(err, ErrFacts) {
			t.Errorf("%s: got %v, want ErrFacts", bad, err)
		}
	}
}

func TestJudgeAtOnce(t *testing.T) {
	e := mustEngine(t, map[string]string{"one": testPolicy("one", "persisted", "", `persisted := {"verdict": "pass", "reason": "good", "params": {"seen": input.host.name}}`)})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			doc := fmt.Sprintf(`{"schema": "vymir.facts/1", "families": {}, "host": {"name": "h%d"}}`, i)
			a, err := e.Judge(t.Context(), []byte(doc), JudgeOptions{})
			if err != nil || a.Results[0].Reason != fmt.Sprintf("It is h%d.", i) {
				t.Errorf("got %v, %v", a, err)
			}
		})
	}
	wg.Wait()
}

func TestNewRefusesHostilePolicies(t *testing.T) {
	rule := func(body string) string {
		return `persisted := {"verdict": "pass", "reason": "good", "params": {"seen": ` + body + `}}`
	}
	for name, policy := range map[string]string{
		"network":     testPolicy("one", "persisted", "", rule(`http.send({"method": "get", "url": "http://127.0.0.1/"})`)),
		"lookup":      testPolicy("one", "persisted", "", rule(`net.lookup_ip_addr("localhost")`)),
		"environment": testPolicy("one", "persisted", "", rule(`opa.runtime()`)),
		"clock":       testPolicy("one", "persisted", "", rule(`time.now_ns()`)),
		"random":      testPolicy("one", "persisted", "", rule(`rand.intn("x", 9)`)),
		"syntax":      testPolicy("one", "persisted", "", `persisted := {`),
		"package":     strings.Replace(testPolicy("one", "persisted", "", rule("1")), "package baseline.demo.one", "package vymir_entry", 1),
		"recursion":   testPolicy("one", "persisted", "", `persisted := persisted`),
	} {
		if _, err := testEngine(t, map[string]string{"one": policy}); err == nil {
			t.Errorf("%s: prepared, want an error", name)
		}
	}
	pass := testPolicy("one", "persisted", "", rule("1"))
	for name, src := range map[string]string{
		"lib/x.rego":       "package baseline.demo.one\n\npersisted := 1\n",
		"elsewhere/x.rego": "package elsewhere.x\n",
	} {
		if _, err := testEngine(t, map[string]string{"one": pass, name: src}); err == nil {
			t.Errorf("%s: prepared, want an error", name)
		}
	}
}

func TestJudgeStopsRunawayPolicies(t *testing.T) {
	for name, body := range map[string]string{
		// Each would run for longer than the deadline, or take more memory than it may have.
		"time":   `count([1 | some a in input.many; some b in input.many; some c in input.many; some d in input.many; a + b + c + d < 0])`,
		"memory": `[[a, b, c] | some a in input.many; some b in input.many; some c in input.many]`,
	} {
		t.Run(name, func(t *testing.T) {
			e := mustEngine(t, map[string]string{"bad": testPolicy("bad", "persisted", "", `persisted := {"verdict": "pass", "reason": "good", "params": {"seen": `+body+`}}`)})
			many, err := json.Marshal(make([]int, 400))
			if err != nil {
				t.Fatal(err)
			}
			e.deadline, e.single = 300*time.Millisecond, 300*time.Millisecond
			a, err := e.Judge(t.Context(), []byte(`{"schema": "vymir.facts/1", "families": {}, "many": `+string(many)+`}`), JudgeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if a.Results[0].Status != assessment.Error {
				t.Errorf("got %s, want error", a.Results[0].Status)
			}
			e.deadline = judgeDeadline
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			doc := []byte(`{"schema": "vymir.facts/1", "families": {}, "many": ` + string(many) + `}`)
			if _, err := e.Judge(ctx, doc, JudgeOptions{}); name == "time" && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the caller's deadline", err)
			}
		})
	}
}

func TestEvidenceIsBounded(t *testing.T) {
	e := mustEngine(t, map[string]string{"one": testPolicy("one", "persisted", "",
		`persisted := {"verdict": "fail", "reason": "bad", "evidence": {"list": input.many, "text": input.long}}`)})
	doc, err := json.Marshal(map[string]any{"schema": "vymir.facts/1", "families": map[string]any{}, "many": make([]int, 5000), "long": strings.Repeat("ї", 5000)})
	if err != nil {
		t.Fatal(err)
	}
	r := judgeOne(t, e, string(doc), JudgeOptions{})
	out, err := json.Marshal(r.Target)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) > 2*maxEvidence {
		t.Errorf("target is %d bytes", len(out))
	}
}
