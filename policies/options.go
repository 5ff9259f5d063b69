//go:build !thin

package policies

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Defaults lays the parameters of all controls out as policies read them, family → control → name → default. The caller owns it.
func (c *Catalogue) Defaults() map[string]any {
	tree := map[string]any{}
	for _, k := range c.Controls {
		family, name, _ := strings.Cut(k.ID, ".")
		controls, _ := tree[family].(map[string]any)
		if controls == nil {
			controls = map[string]any{}
			tree[family] = controls
		}
		values := map[string]any{}
		for _, p := range k.Params {
			values[p.Name] = p.Default
		}
		controls[name] = values
	}
	return tree
}

// paramTree lays the parameters out as policies read them, family → control → name → value: defaults, overridden by what was given.
func (c *Catalogue) paramTree(given map[string]any) (map[string]any, error) {
	tree := c.Defaults()
	for _, key := range slices.Sorted(maps.Keys(given)) {
		set := map[string]any{}
		parts := strings.SplitN(key, ".", 3)
		switch v := given[key].(type) {
		case map[string]any:
			set = v
		default:
			if len(parts) < 3 {
				return nil, fmt.Errorf("%w: parameter %q: want {name: value} or family.control.name", ErrOptions, key)
			}
			set[parts[2]] = v
		}
		if len(parts) < 2 {
			return nil, fmt.Errorf("%w: parameter %q: want family.control", ErrOptions, key)
		}
		k, ok := c.Control(parts[0] + "." + parts[1])
		if !ok {
			return nil, fmt.Errorf("%w: parameter %q: no such control", ErrOptions, key)
		}
		family, name, _ := strings.Cut(k.ID, ".")
		values := tree[family].(map[string]any)[name].(map[string]any)
		for n, v := range set {
			def, ok := values[n]
			if !ok {
				return nil, fmt.Errorf("%w: control %s has no parameter %q", ErrOptions, k.ID, n)
			}
			if jsonType(v) != jsonType(def) {
				return nil, fmt.Errorf("%w: parameter %s.%s is a %s, want a %s", ErrOptions, k.ID, n, jsonType(v), jsonType(def))
			}
			values[n] = v
		}
	}
	return tree, nil
}

func jsonType(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any, []string, []int:
		return "list"
	case map[string]any:
		return "object"
	default:
		return "number"
	}
}

// chooseBaselines checks the names, or takes essential and the role's own.
func (c *Catalogue) chooseBaselines(names []string, role string) ([]Baseline, error) {
	if len(names) == 0 {
		for _, n := range []string{"essential", role} {
			if _, ok := c.Baseline(n); ok {
				names = append(names, n)
			}
		}
		for _, b := range c.Baselines { // those of a set of one's own
			if b.Name != "essential" && !slices.Contains(roles, b.Name) {
				names = append(names, b.Name)
			}
		}
	}
	var out []Baseline
	for _, n := range names {
		b, ok := c.Baseline(n)
		if !ok {
			var have []string
			for _, b := range c.Baselines {
				have = append(have, b.Name)
			}
			return nil, fmt.Errorf("%w: no baseline %q, there are %s", ErrOptions, n, strings.Join(have, ", "))
		}
		out = append(out, *b)
	}
	return out, nil
}

func in(k *Control, baselines []Baseline) bool {
	return slices.ContainsFunc(baselines, func(b Baseline) bool { return slices.Contains(k.Baselines, b.Name) })
}
