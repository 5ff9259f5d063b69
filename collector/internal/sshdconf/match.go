package sshdconf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// criterion is one condition of a Match line.
type criterion struct {
	name  string // lower case
	value string // empty for all and invalid-user
}

var criterionNames = []string{"user", "group", "host", "address", "localaddress", "localport", "rdomain", "version", "sessiontype", "command"}

// parseCriteria reads what follows "Match".
func parseCriteria(args string) ([]criterion, error) {
	var out []criterion
	for args != "" {
		name, rest, ok := nextWord(args)
		if !ok {
			return nil, errors.New("invalid quotes")
		}
		args = rest
		if name == "" {
			continue
		}
		if strings.HasPrefix(name, "#") {
			break
		}
		name = strings.ToLower(name)
		if name == "all" || name == "invalid-user" {
			out = append(out, criterion{name: name})
			continue
		}
		if !slices.Contains(criterionNames, name) {
			return out, fmt.Errorf("unsupported Match attribute %s", name)
		}
		value, rest, ok := nextWord(args)
		if !ok || value == "" || strings.HasPrefix(value, "#") {
			return out, fmt.Errorf("missing Match criteria for %s", name)
		}
		out, args = append(out, criterion{name: name, value: value}), rest
	}
	if len(out) == 0 {
		return nil, errors.New("one or more attributes required for Match")
	}
	if len(out) > 1 && slices.ContainsFunc(out, func(c criterion) bool { return c.name == "all" }) {
		return out, errors.New("'all' cannot be combined with other Match attributes")
	}
	return out, nil
}

// text is the condition as a person reads it, outer blocks first.
func (b *block) text() string {
	var parts []string
	if b.parent != nil {
		parts = append(parts, b.parent.text())
	}
	for _, c := range b.criteria {
		parts = append(parts, strings.TrimSpace(c.name+" "+c.value))
	}
	return strings.Join(parts, " ")
}

// all walks the conditions of the block and of those around it.
func (b *block) all(holds func(criterion) bool) bool {
	for ; b != nil; b = b.parent {
		if b.invalid {
			return false
		}
		for _, c := range b.criteria {
			if !holds(c) {
				return false
			}
		}
	}
	return true
}

// always says that the block holds for every connection.
func (b *block) always() bool { return b.all(everyone) }

// alwaysForRoot says that the block holds whenever root logs in.
func (b *block) alwaysForRoot() bool {
	return b.all(func(c criterion) bool {
		return everyone(c) || c.name == "user" && matchList("root", c.value)
	})
}

// neverForRoot says that the block cannot hold when root logs in.
func (b *block) neverForRoot() bool {
	return !b.invalid && !b.all(func(c criterion) bool { return c.name != "user" || matchList("root", c.value) })
}

// never says that no connection can match: a list of negated patterns matches nothing.
func (b *block) never() bool {
	return !b.all(func(c criterion) bool {
		if c.name == "all" || c.name == "invalid-user" || c.name == "localport" {
			return true
		}
		return slices.ContainsFunc(strings.Split(c.value, ","), func(p string) bool { return !strings.HasPrefix(p, "!") })
	})
}

func everyone(c criterion) bool {
	switch c.name {
	case "all":
		return true
	case "user", "group", "host", "address":
		patterns := strings.Split(c.value, ",")
		return slices.Contains(patterns, "*") && !slices.ContainsFunc(patterns, func(p string) bool { return strings.HasPrefix(p, "!") })
	}
	return false
}

// matchList applies a comma separated pattern list: a negated match refuses, else any match accepts.
func matchList(s, list string) bool {
	found := false
	for p := range strings.SplitSeq(list, ",") {
		negated := strings.HasPrefix(p, "!")
		if !matchPattern(s, strings.TrimPrefix(p, "!")) {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}
