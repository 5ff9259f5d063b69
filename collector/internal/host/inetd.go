package host

import (
	"path"
	"slices"
	"strings"
)

// inetdServices lists what the super-servers are set to start: lines of inetd.conf(5), services of xinetd.conf(5) that
// are not disabled. Whether inetd itself starts is told by its unit. nil where neither is configured.
func inetdServices(env *Env, r *reading) []string {
	var out []string
	found := false
	if b, ok := r.file(env, "/etc/inetd.conf"); ok {
		found = true
		for _, line := range lines(b) {
			line = strings.TrimSpace(line)
			if f := strings.Fields(line); len(f) >= 6 && line[0] != '#' {
				name := f[0][strings.LastIndexByte(f[0], ':')+1:] // an address may stand before the name
				out = append(out, name)
			}
		}
	}
	if env.Exists("/etc/xinetd.conf") || env.Exists("/etc/xinetd.d") {
		found = true
		for _, f := range append([]string{"/etc/xinetd.conf"}, env.Glob("/etc/xinetd.d/*")...) {
			if base := path.Base(f); f != "/etc/xinetd.conf" && strings.ContainsAny(base, ".~") {
				continue // includedir leaves out names with a dot or a tilde at the end
			}
			if b, ok := r.file(env, f); ok {
				out = append(out, xinetdServices(b)...)
			}
		}
	}
	if !found {
		return nil
	}
	slices.Sort(out)
	return append([]string{}, slices.Compact(out)...)
}

// xinetdServices reads "service NAME { ... disable = no }" blocks.
func xinetdServices(b []byte) []string {
	var out []string
	name, off := "", false
	for _, line := range lines(b) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		switch key, value, _ := strings.Cut(line, "="); {
		case f[0] == "service" && len(f) > 1:
			name, off = strings.TrimSuffix(f[1], "{"), false
		case strings.EqualFold(strings.TrimSpace(key), "disable"):
			off = strings.EqualFold(strings.TrimSpace(value), "yes")
		case f[0] == "}" && name != "":
			if !off && len(out) < 256 {
				out = append(out, name)
			}
			name = ""
		}
	}
	return out
}
