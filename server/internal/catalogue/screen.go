package catalogue

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vymir-project/vymir/policies/remedies"
)

// ScreenError says that a text written for donors holds something that no donor may read.
type ScreenError struct {
	Kind string // address, path, vulnerability, version, control, name, length or language
	Word string // what was found; for the recipient's own eyes
}

// Error names the kind only, as errors may end up in logs.
func (e *ScreenError) Error() string { return "text for donors: " + e.Kind + " found" }

// maxWords bounds a text for donors, in characters.
const maxWords = 2000

var screens = []struct {
	kind string
	re   *regexp.Regexp
}{
	{"address", regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b`)},
	{"address", regexp.MustCompile(`(?i)(?:[0-9a-f]{1,4}:){2,7}[0-9a-f]{0,4}|::[0-9a-f]{1,4}`)},
	{"address", regexp.MustCompile(`(?i)[^\s@]+@[^\s@]+`)},
	{"address", regexp.MustCompile(`(?i)\bhttps?://\S+`)},
	{"vulnerability", regexp.MustCompile(`(?i)\b(?:cve|ghsa|dsa|cwe)-[0-9a-z]{2,}`)},
	{"path", regexp.MustCompile(`(?:^|[\s("'«])/[A-Za-z][\w.-]*/?[\w./-]*`)},
	{"path", regexp.MustCompile(`(?i)\b[a-z]:\\\S*|\\\\\w+`)},
	{"version", regexp.MustCompile(`(?i)\bv?\d+\.\d+(?:\.\d+)+\S*`)},
	{"control", regexp.MustCompile(`\b[a-z][a-z0-9]*\.[a-z][a-z0-9]*_[a-z0-9_]+\b`)},
}

// screen checks a text that the recipient wrote for donors. Names are words that must not occur: names of hosts and
// sites, and below level 2 the recipient's own. An empty text passes.
func screen(t remedies.Text, names []string) error {
	if len(t) == 0 {
		return nil
	}
	for _, lang := range remedies.Langs {
		if strings.TrimSpace(t[lang]) == "" {
			return &ScreenError{"language", lang}
		}
	}
	for lang, text := range t {
		if lang != "uk" && lang != "en" {
			return &ScreenError{"language", lang}
		}
		if utf8.RuneCountInString(text) > maxWords {
			return &ScreenError{"length", fmt.Sprint(maxWords)}
		}
		for _, s := range screens {
			if m := s.re.FindString(text); m != "" {
				return &ScreenError{s.kind, strings.TrimSpace(m)}
			}
		}
		words := wordsOf(text)
		for _, n := range names {
			if telling(n) && strings.Contains(words, wordsOf(n)) {
				return &ScreenError{"name", n}
			}
		}
	}
	return nil
}

// telling reports whether a name says more than a common word does: "mail" names no host, "mail-2" and
// "lvivwater" do.
func telling(name string) bool {
	letters := 0
	for _, r := range name {
		if !unicode.IsLetter(r) {
			return utf8.RuneCountInString(name) > 2
		}
		letters++
	}
	return letters >= 7
}

// wordsOf lowers a text and sets one space around every word, so that a name is found as whole words only. A host
// name with dots or hyphens is one word here and in the text.
func wordsOf(s string) string {
	f := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_'
	})
	return " " + strings.Join(f, " ") + " "
}
