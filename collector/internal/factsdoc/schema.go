package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
)

// node is one JSON Schema, draft 7; its members are written in this order.
type node struct {
	Schema      string           `json:"$schema,omitempty"`
	ID          string           `json:"$id,omitempty"`
	Title       string           `json:"title,omitempty"`
	Ref         string           `json:"$ref,omitempty"`
	Type        string           `json:"type,omitempty"`
	Description string           `json:"description,omitempty"`
	Format      string           `json:"format,omitempty"`
	Enum        []string         `json:"enum,omitempty"`
	Minimum     *int             `json:"minimum,omitempty"`
	Items       *node            `json:"items,omitempty"`
	Properties  map[string]*node `json:"properties,omitempty"`
	Required    []string         `json:"required,omitempty"`
	Additional  any              `json:"additionalProperties,omitempty"`
	Definitions map[string]*node `json:"definitions,omitempty"`
}

// writeSchema describes the document. Objects take no other members than those named, so that a policy that asks for a
// fact which does not exist fails its check.
func writeSchema(types map[string]*typeInfo) ([]byte, error) {
	doc := types["Document"]
	if doc == nil {
		return nil, fmt.Errorf("no type Document")
	}
	root, err := object(doc, types)
	if err != nil {
		return nil, err
	}
	root.Schema, root.ID, root.Title = "http://json-schema.org/draft-07/schema#", "vymir.facts/1", "Facts of one host"
	root.Definitions = map[string]*node{}
	for name, t := range types {
		if name == "Document" || t.basic {
			continue
		}
		if root.Definitions[name], err = object(t, types); err != nil {
			return nil, err
		}
	}
	b, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}

func object(t *typeInfo, types map[string]*typeInfo) (*node, error) {
	n := &node{Type: "object", Description: t.doc, Properties: map[string]*node{}, Additional: false}
	for _, f := range t.fields {
		p, err := schemaOf(f.typ, types)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t.name, f.json, err)
		}
		p.Description = f.doc
		n.Properties[f.json] = p
		if !f.optional {
			n.Required = append(n.Required, f.json)
		}
	}
	return n, nil
}

func schemaOf(e ast.Expr, types map[string]*typeInfo) (*node, error) {
	switch t := e.(type) {
	case *ast.StarExpr:
		return schemaOf(t.X, types)
	case *ast.ArrayType:
		items, err := schemaOf(t.Elt, types)
		return &node{Type: "array", Items: items}, err
	case *ast.MapType:
		values, err := schemaOf(t.Value, types)
		return &node{Type: "object", Additional: values}, err
	case *ast.SelectorExpr:
		if t.Sel.Name == "Time" {
			return &node{Type: "string", Format: "date-time"}, nil
		}
	case *ast.Ident:
		return schemaOfIdent(t.Name, types)
	}
	return nil, fmt.Errorf("a type the schema has no word for: %T", e)
}

func schemaOfIdent(name string, types map[string]*typeInfo) (*node, error) {
	zero := 0
	switch name {
	case "string":
		return &node{Type: "string"}, nil
	case "bool":
		return &node{Type: "boolean"}, nil
	case "int", "int32", "int64":
		return &node{Type: "integer"}, nil
	case "uint8", "uint16", "uint32", "uint64":
		return &node{Type: "integer", Minimum: &zero}, nil
	case "float64":
		return &node{Type: "number"}, nil
	}
	t := types[name]
	switch {
	case t == nil:
		return nil, fmt.Errorf("unknown type %s", name)
	case t.basic:
		return &node{Type: "string", Enum: t.values}, nil
	}
	return &node{Ref: "#/definitions/" + name}, nil
}
