package host

import (
	"strings"
)

// sudoLine is one logical line of sudoers: continuations joined, comments taken off.
type sudoLine struct {
	n    int // number of its first line, from 1
	text string
}

// sudoLines joins continued lines and takes comments off. A "#" begins a comment unless digits follow it where a user id
// may stand, or it is an old include directive at the beginning of a line.
func sudoLines(b []byte) []sudoLine {
	var out []sudoLine
	var pending strings.Builder
	start := 0
	for n, line := range lines(b) {
		if pending.Len() == 0 {
			start = n
		}
		if odd := trailingBackslashes(line)%2 == 1; odd && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			pending.WriteString(line[:len(line)-1])
			pending.WriteByte(' ')
			continue
		}
		pending.WriteString(line)
		text := stripSudoComment(pending.String())
		pending.Reset()
		if text != "" && len(out) < 16384 {
			out = append(out, sudoLine{start, text})
		}
	}
	if text := stripSudoComment(pending.String()); text != "" {
		out = append(out, sudoLine{start, text})
	}
	return out
}

func trailingBackslashes(s string) int {
	return len(s) - len(strings.TrimRight(s, `\`))
}

func stripSudoComment(s string) string {
	trimmed := strings.TrimSpace(s)
	if strings.HasPrefix(trimmed, "#include ") || strings.HasPrefix(trimmed, "#include\t") || strings.HasPrefix(trimmed, "#includedir") {
		return trimmed
	}
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '#' && !quoted && !isUIDMark(s, i):
			return strings.TrimSpace(s[:i])
		}
	}
	return strings.TrimSpace(s)
}

// isUIDMark says whether the "#" at i begins a user or group id: "#1000", "%#27", "!#0".
func isUIDMark(s string, i int) bool {
	if i+1 >= len(s) || s[i+1] != '-' && (s[i+1] < '0' || s[i+1] > '9') {
		return false
	}
	return i == 0 || strings.IndexByte(" \t,%!:(=", s[i-1]) >= 0
}

// splitSudo splits at a separator that stands outside quotes, parentheses and escapes.
func splitSudo(s string, sep byte) []string {
	var out []string
	quoted, depth, from := false, 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == sep && depth == 0:
			out = append(out, strings.TrimSpace(s[from:i]))
			from = i + 1
		}
	}
	return append(out, strings.TrimSpace(s[from:]))
}

// cutSudo cuts at the first separator that stands outside quotes, parentheses and escapes.
func cutSudo(s string, sep byte) (before, after string, found bool) {
	quoted, depth := false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == sep && depth == 0:
			return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:]), true
		}
	}
	return strings.TrimSpace(s), "", false
}

// sudoWord resolves quotes and escapes of one name.
func sudoWord(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if !strings.Contains(s, `\`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// isSudoAlias says whether a word is written as an alias: upper case first, then upper case, digits and underscores.
func isSudoAlias(s string) bool {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := 1; i < len(s); i++ {
		c := s[i]
		if !(c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_') {
			return false
		}
	}
	return true
}
