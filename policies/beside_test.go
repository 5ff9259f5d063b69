//go:build !thin

package policies_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aead.dev/minisign"
	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/bundle"
)

const ownHead = `{"name": "hromada", "revision": 3,
 "baselines": [{"name": "hromada", "revision": 1, "title": {"en": "Ours", "uk": "Наш"}, "description": {"en": "Ours", "uk": "Наш"}}],
 "families": [{"id": "hromada", "title": {"en": "Ours", "uk": "Наші"}}]}`

// TestBundleBeside writes a control of one's own, signs it into a bundle beside the built-in ones, reads it as an agent does, and judges.
func TestBundleBeside(t *testing.T) {
	dir := t.TempDir()
	if _, err := policies.ScaffoldOwn(dir, "hromada", "strict_modes"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/baseline/catalogue.json", []byte(ownHead), 0o600); err != nil {
		t.Fatal(err)
	}
	b, numbers, err := policies.BundleBeside(os.DirFS(dir), time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if len(numbers) != 1 || numbers[0].Number != 10001 {
		t.Errorf("numbers of own controls: %+v", numbers)
	}
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := bundle.Write(&file, b, private); err != nil {
		t.Fatal(err)
	}
	read, err := bundle.Read(&file, public)
	if err != nil {
		t.Fatal(err)
	}
	e, err := policies.New(read)
	if err != nil {
		t.Fatal(err)
	}
	doc := `{"schema": "vymir.facts/1", "families": {}, "sshd": {"installed": true, "persisted": {"settings": {"strictmodes": ["no"], "permitrootlogin": ["yes"], "passwordauthentication": ["yes"]}}}}`
	a, err := e.Judge(t.Context(), []byte(doc), policies.JudgeOptions{Lang: "uk"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range a.Results {
		got[r.Control] = string(r.Status)
	}
	for _, id := range []string{"hromada.strict_modes", "ssh.root_login"} {
		if got[id] != "fail" {
			t.Errorf("%s: %q, want fail", id, got[id])
		}
	}
	if len(a.Baselines) != 3 || a.Bundle.Name != "hromada" || a.Bundle.Revision != 3 {
		t.Errorf("judged by %+v of %+v", a.Baselines, a.Bundle)
	}
	c, err := policies.ParseCatalogue(read.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	ours, _ := policies.BuiltIn().Control("ssh.root_login")
	theirs, _ := c.Control("ssh.root_login")
	if d := cmp.Diff(ours, theirs); d != "" {
		t.Errorf("a built-in control changed (-ours +theirs):\n%s", d)
	}
	if k, ok := c.ByNumber(10001); !ok || k.Reason("uk", "wrong", map[string]any{"seen": "no", "wanted": "yes"}) == "" {
		t.Error("the own control has no text")
	}
}

func TestBundleBesideRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := policies.ScaffoldOwn(dir, "ssh", "own"); err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(dir + "/baseline/ssh/own/own.rego")
	if err != nil {
		t.Fatal(err)
	}
	at := func(p string, src []byte) fstest.MapFS {
		return fstest.MapFS{"baseline/catalogue.json": {Data: []byte(ownHead)}, p: {Data: src}}
	}
	good := "baseline/ssh/own/own.rego"
	for name, tc := range map[string]struct {
		fsys fstest.MapFS
		want string
	}{
		"edits-ours":   {at("baseline/ssh/root_login/root_login.rego", own), "are not edited"},
		"edits-lib":    {at("lib/sshd.rego", []byte("package lib.sshd\n")), "are not edited"},
		"empty":        {at("README.md", nil), "no control of one's own"},
		"no-catalogue": {fstest.MapFS{good: {Data: own}}, "catalogue.json"},
		"our-name":     {fstest.MapFS{"baseline/catalogue.json": {Data: []byte(`{"name": "vymir", "revision": 1}`)}, good: {Data: own}}, "a name of your own"},
		"our-family":   {fstest.MapFS{"baseline/catalogue.json": {Data: []byte(`{"name": "x", "revision": 1, "families": [{"id": "ssh", "title": {"en": "x", "uk": "x"}}]}`)}, good: {Data: own}}, "stands twice"},
		"network":      {at(good, []byte(strings.Replace(string(own), "seen != \"yes\"", `http.send({"method": "get", "url": "http://127.0.0.1"}).status_code == 200`, 1))), "http.send"},
		"our-number":   {fstest.MapFS{"baseline/catalogue.json": {Data: []byte(ownHead)}, good: {Data: own}, "numbers.json": {Data: []byte(`[{"control": "ssh.own", "number": 1, "reasons": []}]`)}}, "stands twice"},
	} {
		_, _, err := policies.BundleBeside(tc.fsys, time.Now())
		if err == nil {
			b, _, _ := policies.BundleBeside(tc.fsys, time.Now()) //nolint:errcheck // it was made a moment ago
			_, err = policies.New(b)
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}
