package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const repository = "../../.."

func TestGeneratedFilesAreCurrent(t *testing.T) {
	files, err := generate(repository)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		have, err := os.ReadFile(filepath.Join(repository, name))
		if err != nil {
			t.Errorf("read %s: %v; run go run ./collector/internal/factsdoc", name, err)
			continue
		}
		if diff := cmp.Diff(string(want), string(have)); diff != "" {
			t.Errorf("%s is stale; run go run ./collector/internal/factsdoc (-want +have):\n%s", name, diff)
		}
	}
}

// TestEveryFactIsExplained wants a comment on every type, and on every field whose name does not say it all.
func TestEveryFactIsExplained(t *testing.T) {
	types, err := readTypes(filepath.Join(repository, "collector/facts"))
	if err != nil {
		t.Fatal(err)
	}
	if len(types) < 60 {
		t.Fatalf("only %d types were read", len(types))
	}
	for _, info := range types {
		if !strings.HasPrefix(info.doc, info.name+" ") {
			t.Errorf("type %s: comment %q", info.name, info.doc)
		}
	}
}

func TestFamiliesAreFound(t *testing.T) {
	how, err := readFamilies(filepath.Join(repository, "collector/internal/host"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"os", "sysctl", "walk"} {
		if how[name] == "" {
			t.Errorf("family %s has no comment", name)
		}
	}
}
