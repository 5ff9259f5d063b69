// Package systemd reads unit files as systemd's manager would: search path, drop-ins, masks, aliases, templates, and
// the links that enable a unit. It asks nobody and runs nothing.
package systemd

import (
	"path"
	"slices"
	"strings"
)

// FS is the part of a host's file system that units live in. Paths are absolute.
type FS interface {
	ReadFile(name string) ([]byte, error)
	Names(dir string) []string // sorted; nil when the directory is not there
	Readlink(name string) (string, error)
	Exists(name string) bool
}

// searchPath lists the unit directories, the strongest first.
var searchPath = []string{
	"/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient", "/run/systemd/generator.early",
	"/etc/systemd/system", "/run/systemd/system", "/run/systemd/generator",
	"/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/generator.late",
}

// Limits of what is read.
const (
	maxUnits     = 8192
	maxLines     = 4096
	maxAliasHops = 8
)

// Unit is one unit with its drop-ins applied.
type Unit struct {
	Name     string // the unit's own name; for an alias that of its target
	File     string // path of the main file; empty for a unit that exists by drop-ins only
	Masked   bool
	DropIns  []string            // files applied after the main one, in order
	settings map[string][]string // "Section\x00Key" → values in order
}

// Values returns every value of a setting, an empty assignment having cleared those before it.
func (u *Unit) Values(section, key string) []string {
	return u.settings[section+"\x00"+key]
}

// Value returns the last value of a setting; empty when there is none.
func (u *Unit) Value(section, key string) string {
	v := u.Values(section, key)
	if len(v) == 0 {
		return ""
	}
	return v[len(v)-1]
}

// Set is the units of one host. It is not safe for concurrent use.
type Set struct {
	fs      FS
	dirs    []string
	names   map[string][]string // directory → its names
	wanted  map[string]string   // unit → directory kind that links it: "etc", "run" or "vendor"
	aliases map[string]string   // alias in /etc or /run → unit, made by enabling

	presets     []presetRule // in order; read at the first question
	presetsRead bool
}

// Open lists the unit directories of a host.
func Open(fs FS) *Set {
	s := &Set{fs: fs, names: map[string][]string{}, wanted: map[string]string{}, aliases: map[string]string{}}
	for _, d := range searchPath {
		if d == "/lib/systemd/system" {
			if l, err := fs.Readlink("/lib"); err == nil && strings.Trim(l, "/") == "usr/lib" {
				continue
			}
		}
		names := fs.Names(d)
		if names == nil {
			continue
		}
		s.dirs = append(s.dirs, d)
		s.names[d] = names
	}
	for _, d := range s.dirs {
		s.readLinks(d)
	}
	return s
}

func kindOf(dir string) string {
	switch {
	case strings.HasPrefix(dir, "/etc/"):
		return "etc"
	case strings.HasPrefix(dir, "/run/"):
		return "run"
	}
	return "vendor"
}

// readLinks notes which units the .wants, .requires and .upholds directories pull in.
func (s *Set) readLinks(dir string) {
	kind := kindOf(dir)
	for _, n := range s.names[dir] {
		ext := path.Ext(n)
		if ext == ".wants" || ext == ".requires" || ext == ".upholds" {
			for _, unit := range s.fs.Names(path.Join(dir, n)) {
				if _, seen := s.wanted[unit]; !seen {
					s.wanted[unit] = kind
				}
				// A link may name an instance and point to the template, or an alias and point to the unit.
				if l, err := s.fs.Readlink(path.Join(dir, n, unit)); err == nil {
					target := path.Base(l)
					if _, seen := s.wanted[target]; !seen && isUnit(target) && kind != "vendor" {
						s.wanted[target] = kind
					}
				}
			}
			continue
		}
		if kind == "vendor" || !isUnit(n) {
			continue
		}
		if l, err := s.fs.Readlink(path.Join(dir, n)); err == nil && path.Base(l) != n && isUnit(path.Base(l)) {
			s.aliases[n] = path.Base(l)
		}
	}
}

// isUnit says whether a name ends as units do.
func isUnit(name string) bool {
	switch path.Ext(name) {
	case ".service", ".socket", ".timer", ".target", ".path", ".mount", ".automount", ".swap", ".slice", ".scope", ".device":
		return true
	}
	return false
}

// Present says whether the host has unit directories at all.
func (s *Set) Present() bool {
	return slices.ContainsFunc(s.dirs, func(d string) bool { return kindOf(d) == "vendor" })
}

// Names returns every unit of the given suffixes (".service"): files, aliases, and instances that something links.
func (s *Set) Names(suffixes ...string) []string {
	var out []string
	add := func(n string) {
		if slices.Contains(suffixes, path.Ext(n)) {
			out = append(out, n)
		}
	}
	for _, d := range s.dirs {
		for _, n := range s.names[d] {
			add(n)
		}
	}
	for n := range s.wanted {
		if strings.Contains(n, "@") {
			add(n)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), maxUnits)]
}

// Unit loads one unit; nil when no file of that name, nor of its template, exists.
func (s *Set) Unit(name string) *Unit {
	return s.load(name, 0)
}

func (s *Set) load(name string, hops int) *Unit {
	file := s.find(name)
	if file == "" {
		if t := template(name); t != "" {
			file = s.find(t)
		}
	}
	if file == "" {
		return nil
	}
	u := &Unit{Name: name, File: file, settings: map[string][]string{}}
	if link, err := s.fs.Readlink(file); err == nil {
		if path.Clean(link) == "/dev/null" {
			u.Masked = true
			return u
		}
		if target := path.Base(link); target != path.Base(file) && isUnit(target) && hops < maxAliasHops {
			if real := s.load(target, hops+1); real != nil {
				return real
			}
		}
	}
	b, err := s.fs.ReadFile(file)
	if err != nil {
		return u
	}
	if len(b) == 0 {
		u.Masked = true
		return u
	}
	u.read(string(b))
	for _, d := range s.dropIns(name) {
		if b, err := s.fs.ReadFile(d); err == nil {
			u.DropIns = append(u.DropIns, d)
			u.read(string(b))
		}
	}
	return u
}

// find returns the strongest file of that very name.
func (s *Set) find(name string) string {
	for _, d := range s.dirs {
		if _, ok := slices.BinarySearch(s.names[d], name); ok {
			return path.Join(d, name)
		}
	}
	return ""
}

// template returns the template of an instance name, or "".
func template(name string) string {
	prefix, inst, ok := strings.Cut(name, "@")
	ext := path.Ext(name)
	if !ok || inst == ext {
		return ""
	}
	return prefix + "@" + ext
}

// dropIns returns the drop-in files of a unit in the order they apply. A file in a stronger directory hides one of the
// same name in a weaker one; a link to /dev/null hides it without a replacement.
func (s *Set) dropIns(name string) []string {
	ext := path.Ext(name)
	dirs := []string{strings.TrimPrefix(ext, ".") + ".d"}
	stem := strings.TrimSuffix(name, ext)
	for i, c := range stem {
		if c == '-' && i > 0 && i < len(stem)-1 {
			dirs = append(dirs, stem[:i+1]+ext+".d")
		}
	}
	if t := template(name); t != "" {
		dirs = append(dirs, t+".d")
	}
	dirs = append(dirs, name+".d")
	for alias, target := range s.aliases {
		if target == name {
			dirs = append(dirs, alias+".d")
		}
	}
	found := map[string]string{}
	for _, d := range s.dirs {
		for i := len(dirs) - 1; i >= 0; i-- {
			if _, ok := slices.BinarySearch(s.names[d], dirs[i]); !ok {
				continue
			}
			for _, f := range s.fs.Names(path.Join(d, dirs[i])) {
				if path.Ext(f) == ".conf" && found[f] == "" {
					found[f] = path.Join(d, dirs[i], f)
				}
			}
		}
	}
	var order []string
	for f := range found {
		order = append(order, f)
	}
	slices.Sort(order)
	for i, f := range order {
		order[i] = found[f]
	}
	return order
}

// read applies one file to the unit.
func (u *Unit) read(text string) {
	section, pending := "", ""
	for i, line := range strings.Split(text, "\n") {
		if i > maxLines {
			return
		}
		line = strings.TrimSpace(line)
		if line != "" && (line[0] == '#' || line[0] == ';') {
			continue
		}
		if cut, ok := strings.CutSuffix(line, `\`); ok {
			pending += cut + " "
			continue
		}
		line, pending = pending+line, ""
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = line[1 : len(line)-1]
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		k := section + "\x00" + strings.TrimSpace(key)
		if value = strings.TrimSpace(value); value == "" {
			delete(u.settings, k)
			continue
		}
		u.settings[k] = append(u.settings[k], value)
	}
}
