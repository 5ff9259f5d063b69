package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"strings"
)

const preface = `<!-- Written by collector/internal/factsdoc from the Go types; do not edit. -->
# Facts of one host

The document ` + "`vymir.facts/1`" + ` holds what was measured on one host, as values and never as verdicts. Its JSON Schema is
` + "`collector/facts/schema.json`" + `; objects take no other members than those below.

**Absence is never a value.** A field marked "may be absent" is left out when it was not measured or does not exist; the
family's entry in ` + "`families`" + ` says why (` + "`state`, `reason`, `unread`" + `). A list that is there and empty was measured and holds
nothing. Under ` + "`--root`" + ` nothing runs: what only a running system can tell is absent.

**Live and persisted.** Where the running system and its files can both be asked, both answers stand in the document, and
each difference is an entry of ` + "`drift`" + `.

Times are UTC, RFC 3339. Units stand in the names (` + "`_seconds`, `_bytes`, `_percent`, `_days`" + `). Modes are four octal digits.
`

// writeSpec writes the reference: one section per family, each followed by the types that only it uses.
func writeSpec(types map[string]*typeInfo, how map[string]string) []byte {
	w := &spec{types: types, how: how, written: map[string]bool{"Document": true}}
	w.out.WriteString(preface)
	doc := types["Document"]
	w.out.WriteString("\n## The document\n\n" + doc.doc + "\n\n")
	w.table(doc)
	for _, f := range doc.fields {
		if name := structName(f.typ); name != "" && types[name] != nil && types[name].fields != nil {
			w.section(f.json, types[name])
		}
	}
	return w.out.Bytes()
}

type spec struct {
	out     bytes.Buffer
	types   map[string]*typeInfo
	how     map[string]string
	written map[string]bool // types that have their table already
}

func (w *spec) section(name string, t *typeInfo) {
	fmt.Fprintf(&w.out, "\n## %s\n\n%s\n\n", name, t.doc)
	if how := w.how[name]; how != "" {
		_, how, _ = strings.Cut(how, " ") // the function's name
		fmt.Fprintf(&w.out, "**Measured how.** %s\n\n", strings.ToUpper(how[:1])+how[1:])
	}
	w.body(t)
}

// body writes the table of a type and those of the types it uses and that have none yet.
func (w *spec) body(t *typeInfo) {
	if w.written[t.name] {
		return
	}
	w.written[t.name] = true
	w.table(t)
	for _, f := range t.fields {
		inner := w.types[structName(f.typ)]
		if inner == nil || inner.fields == nil || w.written[inner.name] {
			continue
		}
		fmt.Fprintf(&w.out, "\n### %s\n\n%s\n\n", inner.name, inner.doc)
		w.body(inner)
	}
}

func (w *spec) table(t *typeInfo) {
	w.out.WriteString("| field | type | may be absent | meaning |\n|---|---|---|---|\n")
	for _, f := range t.fields {
		absent := ""
		if f.optional {
			absent = "yes"
		}
		meaning := f.doc
		if inner := w.types[structName(f.typ)]; meaning == "" && inner != nil {
			meaning, _, _ = strings.Cut(inner.doc, ". ")
			_, meaning, _ = strings.Cut(meaning, " ") // the type's own name
		}
		fmt.Fprintf(&w.out, "| `%s` | %s | %s | %s |\n", f.json, w.typeName(f.typ), absent, cell(meaning))
	}
}

func cell(s string) string {
	s = strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`).Replace(s)
	return strings.Join(strings.Fields(s), " ")
}

func (w *spec) typeName(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.StarExpr:
		return w.typeName(t.X)
	case *ast.ArrayType:
		return "list of " + w.typeName(t.Elt)
	case *ast.MapType:
		return "map of " + w.typeName(t.Value)
	case *ast.SelectorExpr:
		return "time"
	case *ast.Ident:
		switch t.Name {
		case "string":
			return "text"
		case "bool":
			return "boolean"
		case "float64":
			return "number"
		}
		if info := w.types[t.Name]; info != nil {
			if info.basic {
				return "`" + strings.Join(info.values, "`, `") + "`"
			}
			return t.Name
		}
		return "integer"
	}
	return "?"
}

// structName returns the name of the type below pointers, lists and maps.
func structName(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.StarExpr:
		return structName(t.X)
	case *ast.ArrayType:
		return structName(t.Elt)
	case *ast.MapType:
		return structName(t.Value)
	case *ast.Ident:
		return t.Name
	}
	return ""
}
