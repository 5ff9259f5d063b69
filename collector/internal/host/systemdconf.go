package host

import (
	"path"
	"slices"
	"strings"
)

// systemdConf returns the effective settings of one section of a systemd daemon's configuration: the strongest main
// file of name.conf, then the drop-ins of name.conf.d by their names, a stronger directory's file hiding a weaker one's.
// Later settings win; an empty one clears. Keys keep their case.
func (e *Env) systemdConf(name, section string, r *reading) map[string]string {
	dirs := []string{"/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"}
	out := map[string]string{}
	for _, d := range dirs {
		if b, ok := r.file(e, path.Join(d, name+".conf")); ok {
			readSystemdConf(b, section, out)
			break
		}
	}
	files := map[string]string{}
	for _, d := range dirs {
		for _, n := range e.Names(path.Join(d, name+".conf.d")) {
			if strings.HasSuffix(n, ".conf") && files[n] == "" {
				files[n] = path.Join(d, name+".conf.d", n)
			}
		}
	}
	var order []string
	for n := range files {
		order = append(order, n)
	}
	slices.Sort(order)
	for _, n := range order {
		if l, err := e.Readlink(files[n]); err == nil && l == "/dev/null" {
			continue
		}
		if b, ok := r.file(e, files[n]); ok {
			readSystemdConf(b, section, out)
		}
	}
	return out
}

func readSystemdConf(b []byte, section string, out map[string]string) {
	now := ""
	for _, line := range lines(b) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' && strings.HasSuffix(line, "]") {
			now = line[1 : len(line)-1]
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if now != section || !ok || len(out) > 1024 {
			continue
		}
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if value == "" {
			delete(out, key)
			continue
		}
		out[key] = value
	}
}
