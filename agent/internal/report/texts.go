// Package report writes what the agent has to say to the administrator: tables for a terminal and a page of HTML that needs
// nothing else, in Ukrainian and English. Texts of controls come with the assessment; all others stand in texts/.
package report

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

//go:embed texts/*.json
var textFiles embed.FS

// Languages that every text exists in.
var Languages = []string{"en", "uk"}

var texts = sync.OnceValue(func() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, lang := range Languages {
		b, err := textFiles.ReadFile("texts/" + lang + ".json")
		if err == nil {
			var m map[string]string
			err = json.Unmarshal(b, &m)
			all[lang] = m
		}
		if err != nil {
			panic("report: texts/" + lang + ".json: " + err.Error()) // embedded, covered by tests
		}
	}
	return all
})

// Text gives the text key in lang, with args put in. An unknown language is English; an unknown key stands for itself.
func Text(lang, key string, args ...any) string {
	m, ok := texts()[lang]
	if !ok {
		m = texts()["en"]
	}
	s, ok := m[key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return strings.ReplaceAll(s, "%%", "%")
	}
	return fmt.Sprintf(s, args...)
}

// Clean takes out of s what could command a terminal: a host's files may hold anything.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < 0x20, r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
			return -1
		}
		return r
	}, s)
}

// Bytes writes an amount for people: 0 B, 1.4 kB, 3.2 MB.
func Bytes(n uint64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
