package host

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	maxInterfaces  = 256  // network interfaces whose parameters are read
	maxSysctlLines = 4096 // settings taken from the files
)

// collectSysctl reads the kernel's parameters as they are, and as the files will set them at the next boot.
//
// The configured half answers what the system's own tool computes: systemd-sysctl where systemd is installed, procps'
// "sysctl --system" elsewhere, OpenWrt's init script there. A value that some other program writes later on (a VPN, a
// container engine) is seen in the live half only, and is then drift.
func collectSysctl(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	s := &facts.Sysctl{Configured: map[string]facts.SysctlEntry{}, Defaults: map[string]string{}}
	known := knownSysctls(env)
	conf := readSysctlFiles(env, doc, &r)
	for _, key := range conf.expand(known) {
		s.Configured[key.name] = facts.SysctlEntry{Value: key.value, File: key.file}
	}
	if env.Live {
		s.Live = map[string]string{}
		for _, key := range slices.Concat(known, slices.Sorted(maps.Keys(s.Configured))) {
			readSysctl(env, key, s.Live, &r)
		}
	}
	builtIn := []map[string]string{sysctlDefaults, nil, cmdlineSysctls(cmdlineOf(doc))}
	if config := nextKernelConfig(env, doc.Kernel, &r); config != nil {
		builtIn[1] = config.sysctlDefaults(doc)
	}
	for _, defaults := range builtIn { // the last word is that of the command line
		for key, value := range defaults {
			if _, ok := s.Configured[key]; !ok {
				s.Defaults[key] = value
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Configured)) {
		live, ok := s.Live[key]
		if want := s.Configured[key].Value; ok && !sameSysctl(want, live) {
			doc.Drift = append(doc.Drift, facts.Drift{Family: "sysctl", Subject: key, Persisted: want, Live: live})
		}
	}
	doc.Sysctl = s
	return r.status()
}

// knownSysctls lists the keys we ask for: on a live host with every interface it has, else with "all" and "default".
func knownSysctls(env *Env) []string {
	keys := slices.Clone(sysctlKeys)
	for _, dir := range slices.Sorted(maps.Keys(sysctlInterfaceKeys)) {
		ifaces := []string{"all", "default"}
		if names, err := env.ProcNames("/proc/sys/" + strings.ReplaceAll(dir, ".", "/")); err == nil {
			ifaces = names[:min(len(names), maxInterfaces)]
		}
		for _, i := range ifaces {
			for _, k := range sysctlInterfaceKeys[dir] {
				keys = append(keys, dir+"."+strings.ReplaceAll(i, ".", "/")+"."+k)
			}
		}
	}
	return keys
}

// readSysctl reads one parameter unless it was read before. One that is missing or may only be written stays absent.
func readSysctl(env *Env, key string, into map[string]string, r *reading) {
	if _, ok := into[key]; ok {
		return
	}
	p := path.Clean("/proc/sys/" + sysctlPath(key))
	if !strings.HasPrefix(p, "/proc/sys/") {
		return
	}
	b, err := env.ReadProcLimit(p, 64<<10)
	if err != nil {
		if slices.Contains(sysctlKeys, key) {
			r.miss(p, err)
		}
		return
	}
	into[key] = strings.Join(strings.Fields(string(b)), " ")
}

func sameSysctl(a, b string) bool {
	a, b = strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " ")
	if a == b {
		return true
	}
	x, errA := strconv.ParseInt(a, 0, 64)
	y, errB := strconv.ParseInt(b, 0, 64)
	return errA == nil && errB == nil && x == y
}

// sysctlPath turns a dotted key into the path below /proc/sys: "." and "/" change places.
func sysctlPath(key string) string {
	return strings.Map(func(c rune) rune {
		switch c {
		case '.':
			return '/'
		case '/':
			return '.'
		}
		return c
	}, key)
}

// dottedSysctl normalizes a key as it stands in a file. The first separator decides which notation it is in.
func dottedSysctl(key string) string {
	if i := strings.IndexAny(key, "./"); i >= 0 && key[i] == '/' {
		return sysctlPath(key)
	}
	return key
}

// sysctlSetting is one assignment; an excluded key has no value and keeps globs away from itself.
type sysctlSetting struct {
	name, value, file string
	exclude           bool
}

// sysctlConf is what the files say, in the order it will be applied, each key once.
type sysctlConf struct {
	settings []sysctlSetting
	isSet    map[string]bool // explicit keys, excluded ones too
}

// add appends a setting; an earlier one of the same key gives way, and so does its place.
func (c *sysctlConf) add(s sysctlSetting) {
	if c.isSet == nil {
		c.isSet = map[string]bool{}
	}
	if c.isSet[s.name] {
		c.settings = slices.DeleteFunc(c.settings, func(o sysctlSetting) bool { return o.name == s.name })
	}
	c.isSet[s.name] = true
	if len(c.settings) < maxSysctlLines {
		c.settings = append(c.settings, s)
	}
}

// expand resolves globs over the known keys. A glob never touches a key that is set or excluded by its full name. The
// glob itself is kept too, for it also holds for interfaces that come later.
func (c *sysctlConf) expand(known []string) []sysctlSetting {
	var out []sysctlSetting
	for _, s := range c.settings {
		if s.exclude {
			continue
		}
		out = append(out, s)
		if !strings.ContainsAny(s.name, "*?[") {
			continue
		}
		pattern := sysctlPath(s.name)
		for _, k := range known {
			if ok, err := path.Match(pattern, sysctlPath(k)); err == nil && ok && !c.isSet[k] {
				out = append(out, sysctlSetting{name: k, value: s.value, file: s.file})
			}
		}
	}
	return out
}

// readSysctlFiles reads the files in the order in which this system applies them.
func readSysctlFiles(env *Env, doc *facts.Document, r *reading) *sysctlConf {
	c := &sysctlConf{}
	for _, f := range sysctlFiles(env, doc, r) {
		b, err := env.ReadFile(f)
		if err != nil {
			r.miss(f, err)
			continue
		}
		settings, errs := parseSysctl(b, f)
		for _, s := range settings {
			c.add(s)
		}
		for _, e := range errs {
			r.note(f, e)
		}
	}
	return c
}

// sysctlFiles lists the files that count, in the order of reading.
func sysctlFiles(env *Env, doc *facts.Document, r *reading) []string {
	openwrt := doc.OS != nil && doc.OS.Family == "openwrt"
	systemd := env.Exists("/usr/lib/systemd/systemd-sysctl") || env.Exists("/lib/systemd/systemd-sysctl")
	dirs := []string{"/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"}
	if openwrt {
		dirs = dirs[:1]
	}
	files := confDirs(env, dirs, ".conf", r)
	if !systemd && env.Exists("/etc/sysctl.conf") {
		files = append(files, "/etc/sysctl.conf")
	}
	// ufw writes its own file over everything else when it starts.
	if b, err := env.ReadFile("/etc/ufw/ufw.conf"); err == nil && strings.EqualFold(shellAssignments(b)["ENABLED"], "yes") {
		f := "/etc/ufw/sysctl.conf"
		if b, err := env.ReadFile("/etc/default/ufw"); err == nil {
			f = cmp.Or(shellAssignments(b)["IPT_SYSCTL"], f)
		}
		files = append(files, f)
	}
	return files
}

// confDirs lists the files with a suffix in the directories, sorted by base name; a file masks those of the same name in
// later directories, also when it is empty or a link to /dev/null, and is then not listed itself.
func confDirs(env *Env, dirs []string, suffix string, r *reading) []string {
	byName := map[string]string{}
	seen := map[string]bool{}
	for _, dir := range dirs {
		if real, err := env.Resolve(dir); err == nil {
			if seen[real] {
				continue // /lib is a link to /usr/lib
			}
			seen[real] = true
		}
		entries, err := env.ReadDir(dir)
		r.miss(dir, err)
		for _, d := range entries {
			if !strings.HasSuffix(d.Name(), suffix) || d.IsDir() {
				continue
			}
			if _, ok := byName[d.Name()]; !ok {
				byName[d.Name()] = path.Join(dir, d.Name())
			}
		}
	}
	var files []string
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if !isNullLink(env, byName[name]) {
			files = append(files, byName[name])
		}
	}
	return files
}

// isNullLink says whether a path is a link to /dev/null, the way to mask a file of a later directory.
func isNullLink(env *Env, name string) bool {
	st := env.Lstat(name)
	return st.Kind == "link" && (st.Link == "/dev/null" || path.Join(path.Dir(name), st.Link) == "/dev/null")
}

// parseSysctl reads one file of sysctl.d(5).
func parseSysctl(b []byte, file string) (settings []sysctlSetting, errs []string) {
	for n, line := range lines(b) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		ignoreFailure := strings.HasPrefix(name, "-")
		name = dottedSysctl(strings.TrimSpace(strings.TrimPrefix(name, "-")))
		switch {
		case name == "" || !ok && !ignoreFailure:
			if len(errs) < 8 {
				errs = append(errs, fmt.Sprintf("line %d is not an assignment", n))
			}
		case !fs.ValidPath(sysctlPath(name)):
			// "..", an empty element: no such parameter
		case !ok:
			settings = append(settings, sysctlSetting{name: name, file: file, exclude: true})
		default:
			settings = append(settings, sysctlSetting{name: name, value: strings.TrimSpace(value), file: file})
		}
		if len(settings) >= maxSysctlLines {
			break
		}
	}
	return settings, errs
}
