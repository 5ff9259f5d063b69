//go:build !thin

package agent

import (
	"archive/zip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vymir-project/vymir/policies/assessment"
)

// TestLanguagesAreJudged takes a library of a program from vulnerable to mended and to nobody knows, with vymir-osvscan itself as the child.
func TestLanguagesAreJudged(t *testing.T) {
	program := os.Getenv("VYMIR_OSVSCAN")
	if program == "" {
		program = "../bin/vymir-osvscan"
	}
	program, err := filepath.Abs(program)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Skip("needs vymir-osvscan: make osvscan, or set VYMIR_OSVSCAN to its path")
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return at
	}
	var data strings.Builder
	z := zip.NewWriter(&data)
	w, err := z.Create("VYMIR-npm-1.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(`{"id": "VYMIR-npm-1", "modified": "2026-11-02T00:00:00Z", "affected": [{"package": {"ecosystem": "npm", "name": "made-up"},
		"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "3.0.0"}]}]}]}`)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	archive := write("data/npm/all.zip", data.String())
	lock := func(version string) {
		write("app/package-lock.json", strings.ReplaceAll(`{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "app"},
			"node_modules/made-up": {"version": "VERSION", "resolved": "https://registry.example/made-up-VERSION.tgz"}}}`, "VERSION", version))
	}
	c, err := ParseConfig(nil)
	if err != nil {
		t.Fatal(err)
	}
	c.StateDir, c.Socket, c.Role = filepath.Join(dir, "state"), filepath.Join(dir, "none.sock"), "server"
	c.BundleKeys, c.Banned = filepath.Join(dir, "none.pub"), filepath.Join(dir, "none.pack")
	c.OSVScan = OSVScanConfig{Program: program, Data: filepath.Join(dir, "data"), Paths: []string{filepath.Join(dir, "app")}, Every: 1, MaxAgeDays: 36500}
	judged := func() assessment.Result {
		t.Helper()
		if _, err := Measure(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(c.lastPath())
		if err != nil {
			t.Fatal(err)
		}
		var a assessment.Assessment
		if err := json.Unmarshal(b, &a); err != nil {
			t.Fatal(err)
		}
		for _, r := range a.Results {
			if r.Control == "vulnerabilities.languages" {
				return r
			}
		}
		t.Fatal("the control was not judged")
		return assessment.Result{}
	}
	lock("2.9.9")
	r := judged()
	if target, err := json.Marshal(r.Target); err != nil || r.Status != assessment.Fail || !strings.Contains(string(target), "made-up 2.9.9 (npm)") || !strings.Contains(string(target), "VYMIR-npm-1") {
		t.Errorf("vulnerable: %s %s %s %v", r.Status, r.Reason, target, err)
	}
	if s, err := ReadStatus(t.Context(), c); err != nil || s.Languages.Packages != 1 || s.Languages.Vulnerable != 1 {
		t.Errorf("status: %+v, %v", s, err)
	}
	lock("3.0.0")
	if r := judged(); r.Status != assessment.Pass {
		t.Errorf("mended: %s %s", r.Status, r.Reason)
	}
	if err := os.Remove(archive); err != nil {
		t.Fatal(err)
	}
	if r := judged(); r.Status != assessment.Unmeasured {
		t.Errorf("without data: %s %s", r.Status, r.Reason)
	}
	// What cannot be scanned any more leaves the last good result: here, that nobody knows.
	c.OSVScan.Program = filepath.Join(dir, "gone")
	if r := judged(); r.Status != assessment.Unmeasured {
		t.Errorf("without the program: %s %s", r.Status, r.Reason)
	}
}
