package report

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// said are the reasons that the collector and the agent give in their own words: what they hand to a status, a hook or a note,
// by their folder; and every text in their sources, a line each.
func said(t *testing.T) (out map[string]string, literals string) {
	t.Helper()
	var lines strings.Builder
	consts, uses := map[string]string{}, map[string][]ast.Expr{}
	for _, root := range []string{"../../../collector", "../../../agent"} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "../../../collector/osvscan/") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				return err
			}
			dir := filepath.Dir(name)
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BasicLit:
					if s, ok := text(n); ok {
						lines.WriteString(verb.ReplaceAllString(s, "%s") + "\n")
					}
				case *ast.FuncDecl:
					if r, ok := last(n).(*ast.ReturnStmt); ok && n.Name.Name == "Note" {
						uses[dir] = append(uses[dir], r.Results...)
					}
				case *ast.ValueSpec:
					for i, v := range n.Values {
						if s, ok := text(v); ok {
							consts[dir+"."+n.Names[i].Name] = s
						}
						if call, ok := v.(*ast.CallExpr); ok && strings.HasPrefix(n.Names[i].Name, "Err") && len(call.Args) == 1 {
							uses[dir] = append(uses[dir], call.Args[0])
						}
					}
				case *ast.KeyValueExpr:
					if k, ok := n.Key.(*ast.Ident); ok && reasoned(k.Name) {
						uses[dir] = append(uses[dir], n.Value)
					}
				case *ast.AssignStmt:
					for i, l := range n.Lhs {
						if sel, ok := l.(*ast.SelectorExpr); ok && reasoned(sel.Sel.Name) && i < len(n.Rhs) {
							uses[dir] = append(uses[dir], n.Rhs[i])
						}
					}
				case *ast.CallExpr:
					if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "unmeasured" || id.Name == "notApplicable") {
						uses[dir] = append(uses[dir], n.Args[0])
					}
					if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "note" && len(n.Args) == 2 {
						uses[dir] = append(uses[dir], n.Args[1])
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	out = map[string]string{}
	for dir, list := range uses {
		for _, e := range list {
			if s, ok := text(e); ok {
				out[s] = dir
			} else if id, ok := e.(*ast.Ident); ok && consts[dir+"."+id.Name] != "" {
				out[consts[dir+"."+id.Name]] = dir
			} else if call, ok := e.(*ast.CallExpr); ok && len(call.Args) > 0 { // of fmt.Sprintf
				if s, ok := text(call.Args[0]); ok {
					out[s] = dir
				}
			}
		}
	}
	return out, lines.String()
}

// last is the last statement of a function; nil: it has none.
func last(f *ast.FuncDecl) ast.Stmt {
	if f.Body == nil || len(f.Body.List) == 0 {
		return nil
	}
	return f.Body.List[len(f.Body.List)-1]
}

// reasoned are the names of fields that hold reasons.
func reasoned(name string) bool { return strings.HasSuffix(name, "Reason") || name == "Note" }

// text is the sentence of a literal, or of a sum that begins with one: a verb stands for what is added.
func text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING && strings.Contains(s, " ")
	case *ast.BinaryExpr:
		left, begins := text(e.X)
		if !begins {
			return "", false
		}
		if right, ok := text(e.Y); ok {
			return left + right, true
		}
		if !strings.HasSuffix(left, " ") {
			return left, true // what follows begins with a separator
		}
		return left + "%s", true
	}
	return "", false
}

// notOurs are words of the system, and what is put together where it is said.
var notOurs = []string{
	"connection refused", "context canceled", "context deadline exceeded", "i/o timeout", "network is unreachable", "no route to host",
	"no such file or directory", "operation not permitted", "permission denied", "more than %s listeners",
	"%s (and %s more)", "needs root: owners of %s processes' sockets are not visible",
	"the vulnerability index holds nothing about %s", "not hashed: %s", "on a network file system: %s",
	"list sockets: %s", "given up: %s",
}

// TestReasonsAreInUkrainian: what the collector and the agent give as a reason reads in Ukrainian, too, and nothing stands there
// that nobody says any more.
func TestReasonsAreInUkrainian(t *testing.T) {
	all, literals := said(t)
	if len(all) < 80 {
		t.Fatalf("only %d reasons were found in the sources", len(all))
	}
	for s, dir := range all {
		sample := verb.ReplaceAllString(strings.TrimPrefix(s, "; "), "7")
		if got := Reason("uk", sample); got == sample && !strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "; ") {
			t.Errorf("%s says %q, which has no Ukrainian in texts/reasons.uk.json", strings.TrimPrefix(dir, "../../../"), s)
		}
	}
	var table map[string]string
	b, err := textFiles.ReadFile("texts/reasons.uk.json")
	if err != nil || json.Unmarshal(b, &table) != nil {
		t.Fatal(err)
	}
	for en, uk := range table {
		if en := verb.ReplaceAllString(en, "%s"); !slices.Contains(notOurs, en) && !strings.Contains(literals, en) {
			t.Errorf("nobody says %q", en)
		}
		if n := len(verb.FindAllString(en, -1)); n != strings.Count(uk, "%s") {
			t.Errorf("%q and %q have not the same places", en, uk)
		}
	}
}

func TestReason(t *testing.T) {
	for in, want := range map[string]string{
		"the daemon is not running":                          "служба не працює",
		"/etc/shadow: permission denied":                     "/etc/shadow: доступ заборонено",
		"/etc/shadow: permission denied: needs root":         "/etc/shadow: доступ заборонено: потрібні права root",
		"a: permission denied (and 3 more)":                  "a: доступ заборонено (і ще 3)",
		"fentry: load x: operation not permitted; not found": "fentry: load x: дію не дозволено; не знайдено",
		"lsm: what nobody knows; fentry: neither this":       "lsm: what nobody knows; fentry: neither this",
		"fentry: load p: operation not permitted; lsm: no; seen by the capability it asks for: not what it came to, nor what needs none": "fentry: load p: дію не дозволено; lsm: no; видно за повноваженням, якого попросили: не видно, чим скінчилося, і того, що повноважень не потребує",
		"not asked: the way there leads through eth0, which has a public address; name the dish in the configuration if there is one":    "не запитано: шлях туди веде через eth0 з публічною адресою; якщо термінал є, зазначте його в налаштуваннях",
		"": "",
	} {
		if got := Reason("uk", in); got != want {
			t.Errorf("Reason(%q) = %q, want %q", in, got, want)
		}
		if got := Reason("en", in); got != in {
			t.Errorf("English became %q", got)
		}
	}
}
