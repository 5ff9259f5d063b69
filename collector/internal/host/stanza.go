package host

import (
	"bytes"
	"strings"
)

const (
	maxStatusFile = 64 << 20 // bytes of a package data base
	maxPackages   = 100_000
)

// stanzas calls f for each block of "Field: value" lines (RFC 822 like, as dpkg, opkg, apt and deb822 write them).
// Continuation lines are joined to their field with a newline. f returns false to stop. Field names keep their case.
func stanzas(b []byte, f func(map[string]string) bool) {
	fields := map[string]string{}
	last := ""
	for _, line := range lines(b) {
		if strings.TrimSpace(line) == "" {
			if len(fields) > 0 {
				if !f(fields) {
					return
				}
				fields, last = map[string]string{}, ""
			}
			continue
		}
		if line[0] == '#' {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if last != "" && len(fields[last]) < 1<<16 {
				fields[last] += "\n" + strings.TrimSpace(line)
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || len(fields) > 256 {
			continue
		}
		last = name
		fields[name] = strings.TrimSpace(value)
	}
	if len(fields) > 0 {
		f(fields)
	}
}

// stanzaOf returns the block of one package; nil when there is none.
func stanzaOf(b []byte, pkg string) map[string]string {
	head := []byte("Package: " + pkg + "\n")
	i := 0
	if !bytes.HasPrefix(b, head) {
		if i = bytes.Index(b, append([]byte("\n"), head...)); i < 0 {
			return nil
		}
		i++
	}
	var out map[string]string
	stanzas(b[i:], func(m map[string]string) bool {
		out = m
		return false
	})
	return out
}
