package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAssessJSONContract holds the JSON of assess to what others rely on: every promised key, of the promised type.
func TestAssessJSONContract(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{
		"etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n", "etc/passwd": "root:x:0:0::/root:/bin/bash\n",
		"etc/ssh/sshd_config": "PermitRootLogin yes\n", "usr/sbin/sshd": "x",
	} {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, complaint bytes.Buffer
	if code := run([]string{"assess", "--root", root, "--format", "json", "--lang", "uk"}, strings.NewReader(""), &out, &complaint); code != 0 {
		t.Fatalf("exit %d: %s", code, complaint.String())
	}
	var a map[string]any
	if err := json.Unmarshal(out.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	want := []string{"schema", "host", "measured_at", "judged_at", "duration_seconds", "baselines", "root", "results", "summary"}
	missing(t, "assessment", a, want)
	if a["schema"] != "vymir.assessment/1" || a["root"] == "/" || a["lang"] != "uk" {
		t.Errorf("schema %v, root %v, lang %v", a["schema"], a["root"], a["lang"])
	}
	for _, b := range a["baselines"].([]any) {
		missing(t, "baseline", b.(map[string]any), []string{"name", "revision"})
	}
	missing(t, "summary", a["summary"].(map[string]any), []string{"pass", "fail", "unmeasured", "not_applicable", "error", "coverage_percent"})
	results := a["results"].([]any)
	if len(results) < 10 {
		t.Fatalf("%d results", len(results))
	}
	counted := map[string]float64{}
	for _, r := range results {
		r := r.(map[string]any)
		missing(t, "result", r, []string{"control", "aliases", "family", "capability", "status", "verdicts", "severity", "title", "reason_id", "reason", "remedy", "mappings"})
		counted[r["status"].(string)]++
		for half, v := range r["verdicts"].(map[string]any) {
			if half != "live" && half != "persisted" || !slices.Contains([]string{"pass", "fail", "unmeasured"}, v.(string)) {
				t.Errorf("%s: verdict %s is %v", r["control"], half, v)
			}
		}
		for framework, ids := range r["mappings"].(map[string]any) {
			if _, ok := ids.([]any); !ok {
				t.Errorf("%s: mapping %s is no list", r["control"], framework)
			}
		}
		if target, ok := r["target"].(map[string]any); ok {
			if rest := slices.DeleteFunc(slices.Collect(maps.Keys(target)), func(k string) bool { return k == "evidence" || k == "params" }); len(rest) > 0 {
				t.Errorf("%s: target holds %v", r["control"], rest)
			}
		}
	}
	for status, n := range counted {
		if got := a["summary"].(map[string]any)[status]; got != n {
			t.Errorf("summary says %v %s, there are %v", got, status, n)
		}
	}
}

func missing(t *testing.T, what string, m map[string]any, keys []string) {
	t.Helper()
	have := []string{}
	for _, k := range keys {
		if _, ok := m[k]; ok {
			have = append(have, k)
		}
	}
	if d := cmp.Diff(keys, have); d != "" {
		t.Errorf("%s lacks keys (-want +got):\n%s", what, d)
	}
}
