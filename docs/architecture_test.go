package docs_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"strings"
	"testing"
)

const module = "github.com/vymir-project/vymir"

type pkg struct {
	ImportPath string
	Doc        string
	Dir        string
	Imports    []string
	Deps       []string
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Doc,Dir,Imports,Deps"}, args...)...)
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatalf("decode go list: %v", err)
		}
		pkgs = append(pkgs, p)
	}
	return pkgs
}

// house returns the top-level house of an import path of this module, or "".
func house(importPath string) string {
	rest, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return ""
	}
	h, _, _ := strings.Cut(rest, "/")
	return h
}

// TestLawOfImports keeps the law of architecture.md: imports point from right to left.
func TestLawOfImports(t *testing.T) {
	place := map[string]int{"collector": 0, "policies": 1, "agent": 2, "server": 3}
	for _, p := range list(t, "./...") {
		from := house(p.ImportPath)
		for _, imp := range p.Imports {
			to := house(imp)
			if to == "" || from == "" || to == from {
				continue
			}
			if place[to] > place[from] {
				t.Errorf("%s imports %s: imports point from right to left", p.ImportPath, imp)
			}
		}
	}
}

// TestOneDoor names the packages that alone may import something heavy or dangerous.
func TestOneDoor(t *testing.T) {
	doors := []struct{ imported, allowed, why string }{
		{"database/sql", module + "/server/internal/store", "one package speaks SQL"},
		{"modernc.org/sqlite", module + "/server/internal/store", "one package speaks SQL"},
		{"github.com/jackc/pgx", module + "/server/internal/store", "one package speaks SQL"},
		{"github.com/open-policy-agent/opa", module + "/policies", "OPA's import path moves; one house follows it"},
		{"github.com/cilium/ebpf", module + "/collector", "the server holds no BPF"},
	}
	for _, p := range list(t, "./...") {
		for _, imp := range p.Imports {
			for _, d := range doors {
				if strings.HasPrefix(imp, d.imported) && !strings.HasPrefix(p.ImportPath, d.allowed) {
					t.Errorf("%s imports %s, which only %s may: %s", p.ImportPath, imp, d.allowed, d.why)
				}
			}
			if imp == "os/exec" && strings.HasPrefix(p.ImportPath, module+"/collector") && !strings.Contains(p.ImportPath, "/internal/probe") {
				t.Errorf("%s imports os/exec: the collector starts no programs", p.ImportPath)
			}
		}
	}
}

// TestBinaryDeps keeps each program free of what it must not carry.
func TestBinaryDeps(t *testing.T) {
	for _, tc := range []struct {
		binary string
		bad    map[string]string
	}{
		{"./agent/cmd/vymir-agent", map[string]string{
			module + "/server":              "the agent holds no server code",
			"modernc.org/sqlite":            "the agent holds no SQL",
			"github.com/jackc/pgx":          "the agent holds no SQL",
			"database/sql":                  "the agent holds no SQL",
			"github.com/danielgtaylor/huma": "the agent serves no API",
		}},
		{"./server/cmd/vymir-server", map[string]string{
			"github.com/cilium/ebpf":       "the server holds no BPF",
			module + "/collector/internal": "the server measures nothing itself",
		}},
	} {
		t.Run(path.Base(tc.binary), func(t *testing.T) {
			for _, p := range list(t, tc.binary) {
				for _, dep := range p.Deps {
					for bad, why := range tc.bad {
						if dep == bad || bad != "database/sql" && strings.HasPrefix(dep, bad+"/") {
							t.Errorf("%s depends on %s: %s", tc.binary, dep, why)
						}
					}
				}
			}
		})
	}
}

// TestPackageDocs fails for a package without a comment that says what it is for.
func TestPackageDocs(t *testing.T) {
	for _, p := range list(t, "./...") {
		if strings.TrimSpace(p.Doc) == "" && !strings.HasSuffix(p.ImportPath, "/docs") && !strings.Contains(p.ImportPath, "connect") {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

// TestTreeNamesEveryPackage fails when a package came that the page does not show.
func TestTreeNamesEveryPackage(t *testing.T) {
	page, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list(t, "./...") {
		_, inner, ok := strings.Cut(strings.TrimPrefix(p.ImportPath, module+"/"), "/internal/")
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(inner, "/")
		if !strings.Contains(string(page), "/"+name+"`") && !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("architecture.md does not show %s", p.ImportPath)
		}
	}
}
