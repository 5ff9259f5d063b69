// Package uci reads OpenWrt's Unified Configuration Interface files (/etc/config/*).
package uci

import (
	"fmt"
	"strings"
)

// Limits of one file.
const (
	maxSections = 4096
	maxOptions  = 65536
)

// Section is one "config" block.
type Section struct {
	Type    string
	Name    string              // as uci shows it: the given name, or "@type[index]"
	Options map[string][]string // option → its values; one value for "option", several for "list"
}

// Get returns an option's value; for a list its first; "" when it is not set.
func (s Section) Get(name string) string {
	if v := s.Options[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Bool reads an option as OpenWrt's scripts do; def when it is not set or not a boolean.
func (s Section) Bool(name string, def bool) bool {
	switch strings.ToLower(s.Get(name)) {
	case "1", "on", "true", "yes", "enabled":
		return true
	case "0", "off", "false", "no", "disabled":
		return false
	}
	return def
}

// Parse reads one file. Lines that are no UCI are skipped: half a file is better than none.
func Parse(b []byte) []Section {
	var out []Section
	anonymous := map[string]int{}
	options := 0
	for line := range strings.SplitSeq(string(b), "\n") {
		w := words(line)
		if len(w) < 2 {
			continue
		}
		switch w[0] {
		case "config":
			if len(out) >= maxSections {
				return out
			}
			s := Section{Type: w[1], Options: map[string][]string{}}
			if len(w) > 2 && w[2] != "" {
				s.Name = w[2]
			} else {
				s.Name = fmt.Sprintf("@%s[%d]", s.Type, anonymous[s.Type])
			}
			anonymous[s.Type]++
			out = append(out, s)
		case "option", "list":
			if len(out) == 0 || len(w) < 3 || options >= maxOptions {
				continue
			}
			options++
			o := out[len(out)-1].Options
			if w[0] == "option" {
				o[w[1]] = []string{w[2]}
			} else {
				o[w[1]] = append(o[w[1]], w[2])
			}
		}
	}
	return out
}

// OfType returns the sections of one type, in order.
func OfType(sections []Section, typ string) []Section {
	var out []Section
	for _, s := range sections {
		if s.Type == typ {
			out = append(out, s)
		}
	}
	return out
}

// words splits a line as uci does: blanks part words, both quotes hold them together, a backslash takes the next
// character as it is, and a number sign at the start of a word begins a comment.
func words(line string) []string {
	var out []string
	var w strings.Builder
	var quote byte
	in := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == '\'' && c != '\'':
			w.WriteByte(c)
		case c == '\\' && i+1 < len(line):
			i++
			w.WriteByte(line[i])
			in = true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			w.WriteByte(c)
		case c == '\'' || c == '"':
			quote, in = c, true
		case c == ' ' || c == '\t' || c == '\r':
			if in {
				out = append(out, w.String())
				w.Reset()
				in = false
			}
		case c == '#' && !in:
			return out
		default:
			w.WriteByte(c)
			in = true
		}
	}
	if in {
		out = append(out, w.String())
	}
	return out
}
