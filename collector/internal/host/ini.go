package host

import "strings"

const maxIniKeys = 16384

// iniSection is one [section] of an INI file.
type iniSection struct {
	name   string
	values map[string]string // keys in lower case; a repeated key keeps its last value
}

// iniOrder reads an INI file in order: "key = value" lines, comments that begin with # or ;, lines that begin with a
// blank continuing the value. Keys before the first section stand in the section "".
func iniOrder(b []byte) []iniSection {
	out := []iniSection{{values: map[string]string{}}}
	last, n := "", 0
	for _, raw := range lines(b) {
		line := strings.TrimSpace(raw)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		now := &out[len(out)-1]
		if line[0] == '[' && strings.HasSuffix(line, "]") {
			out = append(out, iniSection{name: strings.TrimSpace(line[1 : len(line)-1]), values: map[string]string{}})
			last = ""
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if (raw[0] == ' ' || raw[0] == '\t') && last != "" && (!ok || strings.ContainsAny(key, ":/")) {
			if len(now.values[last]) < 1<<16 {
				now.values[last] += "\n" + line
			}
			continue
		}
		if n++; !ok || n > maxIniKeys {
			continue
		}
		last = strings.ToLower(strings.TrimSpace(key))
		now.values[last] = strings.TrimSpace(value)
	}
	if len(out[0].values) == 0 {
		out = out[1:]
	}
	return out
}

// iniSections reads an INI file into section → key → value; sections of one name are merged, later values win.
func iniSections(b []byte) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, s := range iniOrder(b) {
		if out[s.name] == nil {
			out[s.name] = map[string]string{}
		}
		for k, v := range s.values {
			out[s.name][k] = v
		}
	}
	return out
}
