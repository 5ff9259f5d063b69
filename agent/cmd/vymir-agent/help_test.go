package main

import (
	"slices"
	"testing"
	"unicode"
)

// TestHelpIsTranslated: every text of every command has its Ukrainian, and nothing is left over.
func TestHelpIsTranslated(t *testing.T) {
	p := &program{}
	used := []string{}
	eachText(p.commands(), func(key string, text *string) {
		used = append(used, key)
		s := help()[key]
		if !slices.ContainsFunc([]rune(s), func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) {
			t.Errorf("no Ukrainian for %q: %q", key, *text)
		}
	})
	for key := range help() {
		if !slices.Contains(used, key) {
			t.Errorf("%q translates nothing", key)
		}
	}
}
