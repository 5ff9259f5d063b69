package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// typeInfo is one type of package facts.
type typeInfo struct {
	name   string
	doc    string
	fields []field  // of a struct
	values []string // of a named string: its constants
	basic  bool     // a named string
}

// field is one field of a struct as it stands in the document.
type field struct {
	json     string
	doc      string
	typ      ast.Expr
	optional bool // omitzero: may be absent
}

// readTypes parses every file of the package.
func readTypes(dir string) (map[string]*typeInfo, error) {
	files, err := parseDir(dir)
	if err != nil {
		return nil, err
	}
	out := map[string]*typeInfo{}
	for _, f := range files {
		for _, d := range f.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				continue
			}
			for _, s := range gen.Specs {
				t := s.(*ast.TypeSpec)
				info := &typeInfo{name: t.Name.Name, doc: text(gen.Doc, t.Doc)}
				switch u := t.Type.(type) {
				case *ast.StructType:
					if info.fields, err = fieldsOf(u); err != nil {
						return nil, fmt.Errorf("type %s: %w", info.name, err)
					}
				case *ast.Ident:
					info.basic = true
				}
				out[info.name] = info
			}
		}
	}
	for _, f := range files {
		addConstants(f, out)
	}
	return out, nil
}

func parseDir(dir string) (map[string]*ast.File, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func fieldsOf(s *ast.StructType) ([]field, error) {
	var out []field
	for _, f := range s.Fields.List {
		if f.Tag == nil || len(f.Names) == 0 {
			return nil, fmt.Errorf("a field without a name or a tag")
		}
		raw, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			return nil, err
		}
		name, options, _ := strings.Cut(reflect.StructTag(raw).Get("json"), ",")
		if name == "" || name == "-" {
			return nil, fmt.Errorf("field %s has no JSON name", f.Names[0].Name)
		}
		out = append(out, field{json: name, doc: text(f.Doc, f.Comment), typ: f.Type, optional: strings.Contains(options, "omitzero")})
	}
	return out, nil
}

// addConstants gives the named string types their values.
func addConstants(f *ast.File, types map[string]*typeInfo) {
	for _, d := range f.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, s := range gen.Specs {
			v := s.(*ast.ValueSpec)
			id, ok := v.Type.(*ast.Ident)
			if !ok || types[id.Name] == nil || len(v.Values) != 1 {
				continue
			}
			if lit, ok := v.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if value, err := strconv.Unquote(lit.Value); err == nil {
					types[id.Name].values = append(types[id.Name].values, value)
				}
			}
		}
	}
}

func text(groups ...*ast.CommentGroup) string {
	var out []string
	for _, g := range groups {
		if t := strings.TrimSpace(g.Text()); t != "" {
			out = append(out, t)
		}
	}
	return strings.Join(out, " ")
}

// readFamilies returns, by the name of a family, the comment of the function that measures it.
func readFamilies(dir string) (map[string]string, error) {
	files, err := parseDir(dir)
	if err != nil {
		return nil, err
	}
	comments, names := map[string]string{}, map[string]string{}
	for _, f := range files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				comments[fn.Name.Name] = text(fn.Doc)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok || len(lit.Elts) != 2 {
				return true
			}
			name, ok1 := lit.Elts[0].(*ast.BasicLit)
			fn, ok2 := lit.Elts[1].(*ast.Ident)
			if ok1 && ok2 && strings.HasPrefix(fn.Name, "collect") {
				names[strings.Trim(name.Value, `"`)] = fn.Name
			}
			return true
		})
	}
	out := map[string]string{}
	for family, fn := range names {
		out[family] = comments[fn]
	}
	return out, nil
}
