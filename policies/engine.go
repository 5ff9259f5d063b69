//go:build !thin

package policies

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/vymir-project/vymir/policies/bundle"
)

//go:embed baseline lib
var sources embed.FS

const (
	judgeDeadline  = 20 * time.Second
	singleDeadline = 2 * time.Second
	maxModuleBytes = 1 << 20
	maxHeapGrowth  = 64 << 20 // bytes that the heap may grow by during one evaluation; our own controls need 15 for 2 MB of facts
)

// Engine judges facts documents by one set of policies. It is prepared once and safe for concurrent use.
type Engine struct {
	catalogue *Catalogue
	compiler  *ast.Compiler
	query     query
	deadline  time.Duration // of all controls at once
	single    time.Duration // of one control, when they could not be evaluated at once and are one by one; ten times as much of all of them
}

// New prepares the policies of b; nil takes the ones this program carries. The answer is an error when they do
// not compile under the allow-list of functions, or when catalogue and policies do not fit together.
func New(b *bundle.Bundle) (*Engine, error) {
	e := &Engine{catalogue: BuiltIn(), deadline: judgeDeadline, single: singleDeadline}
	modules, err := BuiltInModules()
	if b != nil {
		modules = b.Modules
		e.catalogue, err = ParseCatalogue(b.Catalogue)
	}
	if err != nil {
		return nil, fmt.Errorf("prepare policies: %w", err)
	}
	if e.compiler, err = compile(modules, e.catalogue); err != nil {
		return nil, fmt.Errorf("prepare policies: %w", err)
	}
	if e.query, err = prepare(e.compiler, "data."+entryPackage+".control"); err != nil {
		return nil, fmt.Errorf("prepare policies: %w", err)
	}
	return e, nil
}

// Catalogue returns the catalogue of the policies that judge. It is shared: do not change it.
func (e *Engine) Catalogue() *Catalogue { return e.catalogue }

// BuiltInModules returns the policies this program carries, tests left out: path → source.
func BuiltInModules() (map[string][]byte, error) { return readModules(sources) }

func readModules(fsys fs.FS) (map[string][]byte, error) {
	modules := map[string][]byte{}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".rego") || strings.HasSuffix(p, "_test.rego") {
			return err
		}
		modules[p], err = fs.ReadFile(fsys, p)
		return err
	})
	return modules, err
}

const (
	entryPackage = "vymir_entry"
	inputKey     = "vymir" // where the engine puts the clock and the parameters into the input
)

// compile parses and compiles modules with the generated entry module beside them.
func compile(modules map[string][]byte, c *Catalogue) (*ast.Compiler, error) {
	opts := ast.ParserOptions{Capabilities: capabilities(), RegoVersion: ast.RegoV1}
	parsed := map[string]*ast.Module{}
	for _, p := range slices.Sorted(maps.Keys(modules)) {
		if len(modules[p]) > maxModuleBytes {
			return nil, fmt.Errorf("%s: larger than 1 MiB", p)
		}
		m, err := ast.ParseModuleWithOpts(p, withoutHead(modules[p]), opts)
		if err != nil {
			return nil, err
		}
		m.Comments = nil
		if err := checkPackage(p, m); err != nil {
			return nil, err
		}
		parsed[p] = m
	}
	for _, k := range c.Controls {
		family, name, ok := strings.Cut(k.ID, ".")
		if !ok || parsed[ModulePath(family, name)] == nil {
			return nil, fmt.Errorf("control %s of the catalogue has no policy %s", k.ID, ModulePath(family, name))
		}
	}
	for p, src := range entryModules(c) {
		m, err := ast.ParseModuleWithOpts(p, src, opts)
		if err != nil {
			return nil, err
		}
		parsed[p] = m
	}
	compiler := ast.NewCompiler().WithCapabilities(capabilities()).WithStrict(true)
	if compiler.Compile(parsed); compiler.Failed() {
		return nil, compiler.Errors
	}
	return compiler, nil
}

// withoutHead empties the comment lines that a policy begins with: its METADATA, most of its text, of which the compiler would keep
// two copies. The lines stay, so that errors name the right ones.
func withoutHead(src []byte) string {
	lines := 0
	for bytes.HasPrefix(src, []byte("#")) {
		_, rest, ok := bytes.Cut(src, []byte("\n"))
		if !ok {
			break
		}
		src, lines = rest, lines+1
	}
	return strings.Repeat("\n", lines) + string(src)
}

// ModulePath is where the policy of a control stands.
func ModulePath(family, name string) string {
	return "baseline/" + family + "/" + name + "/" + name + ".rego"
}

// checkPackage keeps a policy in its own package, so that no bundle can redefine the engine's or another control's rules.
func checkPackage(p string, m *ast.Module) error {
	dir := strings.Split(strings.TrimSuffix(p, ".rego"), "/")
	var want string
	switch {
	case dir[0] == "baseline" && len(dir) == 4 && dir[3] == dir[2]:
		want = "data.baseline." + dir[1] + "." + dir[2]
	case dir[0] == "lib" && len(dir) == 2:
		want = "data.lib." + dir[1]
	default:
		return fmt.Errorf("%s: a policy stands in baseline/<family>/<control>/<control>.rego or lib/<name>.rego", p)
	}
	if got := m.Package.Path.String(); got != want {
		return fmt.Errorf("%s: package is %s, want %s", p, strings.TrimPrefix(got, "data."), strings.TrimPrefix(want, "data."))
	}
	return nil
}

// entryModules generate the one query: for every control an object that is always there, whose lists are empty where the control's rule is
// undefined. Parameters and clock are virtual documents over the input, so that one prepared query serves every call.
func entryModules(c *Catalogue) map[string]string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n", entryPackage)
	families := map[string]bool{}
	for _, k := range c.Controls {
		family, name, _ := strings.Cut(k.ID, ".")
		families[family] = true
		ref := "data.baseline." + family + "." + name
		fmt.Fprintf(&b, "control[%q] := {\n", k.ID)
		for _, half := range k.Halves {
			fmt.Fprintf(&b, "\t%q: [v | v := %s.%s],\n", half, ref, half)
		}
		if k.Applicability {
			fmt.Fprintf(&b, "\t\"applies\": [v | v := %s.applies],\n", ref)
		}
		b.WriteString("}\n")
	}
	params := "package params\n"
	for _, f := range slices.Sorted(maps.Keys(families)) {
		params += fmt.Sprintf("%s := input.%s.params.%s\n", f, inputKey, f)
	}
	return map[string]string{
		"entry.rego":  b.String(),
		"params.rego": params,
		"clock.rego":  "package clock\nnow := input." + inputKey + ".now\n",
	}
}

// evaluate answers the entry object per control. When the whole cannot be evaluated, every control is evaluated by itself, so that
// one failing policy spoils no other; failures then hold the error per control.
func (e *Engine) evaluate(ctx context.Context, input ast.Value) (answers map[string]any, failures map[string]error, err error) {
	whole, cancel := context.WithTimeout(ctx, e.deadline)
	defer cancel()
	value, err := e.query.ask(whole, input)
	if err == nil {
		answers, ok := value.(map[string]any)
		if !ok && len(e.catalogue.Controls) > 0 {
			return nil, nil, errors.New("evaluate policies: no answer")
		}
		return answers, nil, nil
	}
	if ctx.Err() != nil { // the caller's own limit
		return nil, nil, fmt.Errorf("evaluate policies: %w", ctx.Err())
	}
	return e.evaluateEach(ctx, input)
}

func (e *Engine) evaluateEach(ctx context.Context, input ast.Value) (map[string]any, map[string]error, error) {
	answers, failures := map[string]any{}, map[string]error{}
	all, cancelAll := context.WithTimeout(ctx, 10*e.single)
	defer cancelAll()
	debug.FreeOSMemory() // what the failed attempt took counts for nobody
	for _, k := range e.catalogue.Controls {
		if all.Err() != nil { // the hostile ones before it used up the time
			failures[k.ID] = all.Err()
			continue
		}
		q, err := prepare(e.compiler, fmt.Sprintf("data.%s.control[%q]", entryPackage, k.ID))
		if err != nil {
			return nil, nil, fmt.Errorf("evaluate control %s: %w", k.ID, err)
		}
		single, cancel := context.WithTimeout(all, e.single)
		value, err := q.ask(single, input)
		cancel()
		if ctx.Err() != nil {
			return nil, nil, fmt.Errorf("evaluate policies: %w", ctx.Err())
		}
		if err != nil {
			failures[k.ID] = err
			continue
		}
		answers[k.ID] = value
	}
	return answers, failures, nil
}
