package systemd

import (
	"path"
	"slices"
	"strings"
)

// Enabled returns the state of a unit in the words of "systemctl is-enabled"; "" for a unit that does not exist. One
// thing differs: a unit with an [Install] section that a link of its package pulls in is "enabled" here, for it starts.
func (s *Set) Enabled(name string) string {
	file := s.find(name)
	if file == "" {
		if t := template(name); t == "" || s.find(t) == "" {
			return ""
		}
	}
	u := s.Unit(name)
	if u == nil {
		return ""
	}
	runtime := strings.HasPrefix(u.File, "/run/")
	switch {
	case u.Masked && runtime:
		return "masked-runtime"
	case u.Masked:
		return "masked"
	case strings.HasPrefix(u.File, "/run/systemd/generator"):
		return "generated"
	case strings.HasPrefix(u.File, "/run/systemd/transient"):
		return "transient"
	case u.Name != name && template(name) == "":
		return "alias"
	}
	if kind := s.link(name); kind != "" {
		return kind
	}
	return s.unlinked(name, u)
}

// link says by which kind of link the unit is pulled in, or that an alias of its [Install] section stands.
func (s *Set) link(name string) string {
	kind := s.wanted[name]
	if kind == "" {
		for alias, target := range s.aliases {
			if target == name && slices.Contains(strings.Fields(strings.Join(s.Unit(name).Values("Install", "Alias"), " ")), alias) {
				kind = "etc"
			}
		}
	}
	switch kind {
	case "etc":
		return "enabled"
	case "run":
		return "enabled-runtime"
	}
	return ""
}

// unlinked is the state of a unit that no link in /etc or /run enables.
func (s *Set) unlinked(name string, u *Unit) string {
	installs := len(u.Values("Install", "WantedBy"))+len(u.Values("Install", "RequiredBy"))+
		len(u.Values("Install", "UpheldBy"))+len(u.Values("Install", "Alias")) > 0
	also := strings.Fields(strings.Join(u.Values("Install", "Also"), " "))
	switch {
	case installs && s.wanted[name] == "vendor":
		return "enabled"
	case slices.ContainsFunc(also, func(n string) bool { return n != name && s.wanted[n] == "etc" }):
		return "indirect"
	case installs:
		return "disabled"
	case len(also) > 0:
		return "indirect"
	}
	return "static"
}

// DefaultTarget returns the target the system boots into.
func (s *Set) DefaultTarget() string {
	file := s.find("default.target")
	if file == "" {
		return ""
	}
	if l, err := s.fs.Readlink(file); err == nil {
		return path.Base(l)
	}
	return "default.target"
}

// StartsAtBoot says whether a unit is started at boot by its links: it is enabled, or enabled by its socket.
func (s *Set) StartsAtBoot(name string) bool {
	switch s.Enabled(name) {
	case "enabled", "enabled-runtime":
		return true
	case "generated":
		return s.wanted[name] != ""
	case "static":
		return s.wanted[name] != ""
	case "alias":
		return s.StartsAtBoot(s.Unit(name).Name)
	}
	return false
}
