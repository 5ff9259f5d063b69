package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/vymir-project/vymir/policies"
)

// TestScaffoldCompiles holds the templates to what the catalogue asks of a control.
func TestScaffoldCompiles(t *testing.T) {
	dir := t.TempDir()
	files, err := policies.Scaffold(dir, "ssh", "max_sessions")
	if err != nil {
		t.Fatal(err)
	}
	head, err := os.ReadFile("../../baseline/catalogue.json")
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{"baseline/catalogue.json": {Data: head}}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(dir, f)
		if err != nil {
			t.Fatal(err)
		}
		fsys["baseline/"+rel] = &fstest.MapFile{Data: src}
	}
	c, _, err := policies.CompileCatalogue(fsys, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Control("ssh.max_sessions"); !ok {
		t.Error("the control is not in the catalogue")
	}
}

func TestScaffoldRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := policies.Scaffold(dir, "ssh", "x"); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][2]string{"twice": {"ssh", "x"}, "path": {"../ssh", "x"}, "empty": {"", ""}, "case": {"ssh", "MaxSessions"}} {
		if _, err := policies.Scaffold(dir, args[0], args[1]); err == nil {
			t.Errorf("%s: scaffolded", name)
		} else if strings.Contains(err.Error(), dir) && name != "twice" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
