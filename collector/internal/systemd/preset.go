package systemd

import (
	"path"
	"slices"
	"strings"
)

const maxPresetRules = 16384

// presetRule is one line of systemd.preset(5).
type presetRule struct {
	verdict   string // enabled, disabled or ignored
	pattern   string
	instances []string // of a template that is to be enabled; nil: all
}

// Preset returns what the vendor or the administrator wants of a unit when it is installed: enabled, disabled or ignored.
// The first rule that names the unit decides; one that none names is to be enabled. What holds now is [Set.Enabled].
func (s *Set) Preset(name string) string {
	if !s.presetsRead {
		s.presets, s.presetsRead = s.readPresets(), true
	}
	for _, r := range s.presets {
		if ok, err := path.Match(r.pattern, name); err == nil && ok {
			return r.verdict
		}
		if t := template(name); t != "" && t == r.pattern && r.instances != nil {
			stem := strings.TrimSuffix(name, path.Ext(name))
			if slices.Contains(r.instances, stem[strings.IndexByte(stem, '@')+1:]) {
				return r.verdict
			}
		}
	}
	return "enabled"
}

func (s *Set) readPresets() []presetRule {
	files := map[string]string{}
	for _, d := range []string{"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"} {
		dir := d + "/systemd/system-preset"
		for _, n := range s.fs.Names(dir) {
			if path.Ext(n) == ".preset" && files[n] == "" {
				files[n] = path.Join(dir, n)
			}
		}
	}
	var order []string
	for n := range files {
		order = append(order, n)
	}
	slices.Sort(order)
	var rules []presetRule
	for _, n := range order {
		b, err := s.fs.ReadFile(files[n])
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if len(f) < 2 || strings.HasPrefix(f[0], "#") || strings.HasPrefix(f[0], ";") || len(rules) >= maxPresetRules {
				continue
			}
			verdict := map[string]string{"enable": "enabled", "disable": "disabled", "ignore": "ignored"}[strings.ToLower(f[0])]
			if verdict == "" {
				continue
			}
			r := presetRule{verdict: verdict, pattern: f[1]}
			if len(f) > 2 {
				r.instances = f[2:]
			}
			rules = append(rules, r)
		}
	}
	return rules
}
