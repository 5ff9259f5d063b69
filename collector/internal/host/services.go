package host

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/systemd"
)

// collectServices lists what the init system knows. Enabled is what the links in the file system say, which is what
// holds at the next boot. Active is what the running init says: systemd is asked over its socket; where it does not
// answer, control groups and /run/systemd/units tell of services, but not of sockets and timers, nor failed from stopped.
// OpenRC leaves links in /run/openrc; elsewhere the processes are looked at.
func collectServices(ctx context.Context, env *Env, doc *facts.Document) facts.Status {
	s := &facts.Services{Units: map[string]facts.Unit{}}
	doc.Services = s
	set := env.unitSet()
	switch {
	case set.Present():
		s.Init = "systemd"
		s.DefaultTarget = set.DefaultTarget()
		systemdUnits(env, set, activeUnits(ctx, env), s.Units)
	case env.Exists("/etc/runlevels"):
		s.Init = "openrc"
		openrcUnits(env, s.Units)
	case env.Exists("/sbin/procd") || env.Exists("/etc/openwrt_release"):
		s.Init = "procd"
		scriptUnits(env, s.Units, []string{"/etc/rc.d"})
	case env.Exists("/etc/init.d"):
		s.Init = "sysv"
		scriptUnits(env, s.Units, []string{"/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d", "/etc/rcS.d"})
	default:
		s.Init = "other"
	}
	// A live host may boot otherwise than its files suggest: a container with systemd's files and none running.
	if env.Live && s.Init == "systemd" && !env.Exists("/run/systemd/system") {
		for name, u := range s.Units {
			if u.Active == "" && path.Ext(name) == ".service" {
				u.Active = "inactive"
				s.Units[name] = u
			}
		}
	}
	if owners, ok := env.packageOwners(); ok {
		s.OwnersKnown = true
		for name, u := range s.Units {
			u.Package = owners[u.File]
			s.Units[name] = u
		}
	}
	serviceDrift(env, doc)
	var r reading
	s.Inetd = inetdServices(env, &r)
	return r.status()
}

func systemdUnits(env *Env, set *systemd.Set, active unitStates, out map[string]facts.Unit) {
	for _, name := range set.Names(".service", ".socket", ".timer") {
		u := set.Unit(name)
		if u == nil {
			continue
		}
		f := facts.Unit{Exists: true, Enabled: set.Enabled(name), File: u.File, DropIns: u.DropIns, User: u.Value("Service", "User")}
		if !slices.Contains([]string{"alias", "static", "generated", "transient", ""}, f.Enabled) {
			f.Preset = set.Preset(name)
		}
		if cmd := set.Command(u); len(cmd) > 0 {
			f.Exec = cmd[0]
		}
		f.Active = active.of(u.Name)
		if f.Active == "active" {
			f.MainPID = env.mainPID(u.Name)
		}
		out[name] = f
	}
	// Scripts without a unit are turned into units at boot.
	scripts := map[string]facts.Unit{}
	scriptUnits(env, scripts, []string{"/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d", "/etc/rcS.d"})
	for name, f := range scripts {
		unit := strings.TrimSuffix(name, ".sh") + ".service" // as systemd's generator calls it
		if have, ok := out[unit]; ok && have.Enabled != "generated" {
			continue
		}
		f.Active = active.of(unit)
		out[unit] = f
	}
}

// unitStates is what is known of the running units; nil: nothing, for systemd does not run here.
type unitStates struct {
	known map[string]string
	asked bool // by systemd itself: what it does not name is inactive
}

// of returns the state of one unit, "" when it is not known.
func (u unitStates) of(name string) string {
	switch state := u.known[name]; {
	case u.known == nil:
		return ""
	case state == "reloading", state == "activating":
		return "active"
	case state == "deactivating", state == "maintenance":
		return "inactive"
	case state != "":
		return state
	case u.asked, path.Ext(name) == ".service":
		return "inactive"
	}
	return ""
}

// activeUnits asks systemd for the states of its units, or reads what traces they leave.
func activeUnits(ctx context.Context, env *Env) unitStates {
	if !env.Live || !env.Exists("/run/systemd/system") {
		return unitStates{}
	}
	if env.Native() {
		if known, err := systemd.Active(ctx); err == nil {
			return unitStates{known, true}
		}
	}
	known := map[string]string{}
	for _, n := range env.Names("/run/systemd/units") {
		if unit, ok := strings.CutPrefix(n, "invocation:"); ok {
			known[unit] = "active"
		}
	}
	for _, p := range env.processTable().procs {
		if p.unit != "" {
			known[p.unit] = "active"
		}
	}
	return unitStates{known: known}
}

// mainPID guesses the main process of a unit: the eldest in its control group.
func (e *Env) mainPID(unit string) int {
	var main *process
	for _, p := range e.processTable().procs {
		if p.unit == unit && (main == nil || p.started.Before(main.started) || p.started.Equal(main.started) && p.pid < main.pid) {
			main = p
		}
	}
	if main == nil {
		return 0
	}
	return main.pid
}

func openrcUnits(env *Env, out map[string]facts.Unit) {
	enabled := map[string]bool{}
	for _, level := range env.Names("/etc/runlevels") {
		for _, n := range env.Names("/etc/runlevels/" + level) {
			enabled[n] = true
		}
	}
	started := env.Names("/run/openrc/started")
	for _, n := range env.Names("/etc/init.d") {
		if n == "functions.sh" {
			continue
		}
		u := facts.Unit{Exists: true, Enabled: "disabled", File: "/etc/init.d/" + n}
		if enabled[n] {
			u.Enabled = "enabled"
		}
		if env.Live && started != nil {
			u.Active = "inactive"
			if slices.Contains(started, n) {
				u.Active = "active"
			}
		}
		out[n] = u
	}
}

// scriptUnits reads /etc/init.d with the start links of the given directories.
func scriptUnits(env *Env, out map[string]facts.Unit, dirs []string) {
	enabled := map[string]bool{}
	for _, d := range dirs {
		for _, n := range env.Names(d) {
			if len(n) > 3 && n[0] == 'S' && n[1] >= '0' && n[1] <= '9' && n[2] >= '0' && n[2] <= '9' {
				enabled[n[3:]] = true
			}
		}
	}
	for _, n := range env.Names("/etc/init.d") {
		if n == "README" || n == "skeleton" || n == "functions" || strings.HasPrefix(n, ".") || strings.Contains(n, ".dpkg-") {
			continue
		}
		u := facts.Unit{Exists: true, Enabled: "disabled", File: "/etc/init.d/" + n}
		if enabled[n] {
			u.Enabled = "enabled"
		}
		if env.Live && len(env.processTable().find(n)) > 0 {
			u.Active = "active"
		}
		out[n] = u
	}
}

// serviceDrift notes long-running services that are enabled and do not run. One-shot services, and those that a
// condition keeps from starting, are at rest for good reasons, so only plain daemons count.
func serviceDrift(env *Env, doc *facts.Document) {
	if !env.Live || doc.Services.Init != "systemd" || !env.Exists("/run/systemd/system") {
		return
	}
	var names []string
	for name, u := range doc.Services.Units {
		if u.Enabled == "enabled" && u.Active == "inactive" && strings.HasSuffix(name, ".service") && !strings.Contains(name, "@") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	set := env.unitSet()
	for _, name := range names {
		u := set.Unit(name)
		if u == nil || !isDaemon(u) {
			continue
		}
		doc.Drift = append(doc.Drift, facts.Drift{Family: "services", Subject: name, Persisted: "enabled", Live: "inactive"})
	}
}

func isDaemon(u *systemd.Unit) bool {
	switch u.Value("Service", "Type") {
	case "oneshot", "idle":
		return false
	}
	for _, key := range []string{"ConditionPathExists", "ConditionVirtualization", "ConditionKernelCommandLine", "ConditionFirstBoot",
		"ConditionFileNotEmpty", "ConditionDirectoryNotEmpty", "ConditionPathExistsGlob", "ConditionPathIsReadWrite", "ConditionCapability", "AssertPathExists"} {
		if len(u.Values("Unit", key)) > 0 {
			return false
		}
	}
	return path.Base(u.File) == u.Name
}

// serviceEnabled says whether any of the units or init scripts starts at boot, whatever the init system. Names are
// given without suffix. nil when the host has no init system that we know.
func (e *Env) serviceEnabled(names ...string) *bool {
	if s := e.unitSet(); s.Present() {
		for _, n := range names {
			for _, suffix := range []string{".service", ".socket", ".timer"} {
				if s.StartsAtBoot(n + suffix) {
					return ptr(true)
				}
			}
		}
		return e.scriptOf(s, names)
	}
	return e.scriptEnabled(names...)
}

// scriptOf looks for start links of scripts that no unit stands for.
func (e *Env) scriptOf(s *systemd.Set, names []string) *bool {
	for _, n := range names {
		if s.Unit(n+".service") == nil && e.Exists("/etc/init.d/"+n) {
			if on := e.scriptEnabled(n); on != nil && *on {
				return on
			}
		}
	}
	return ptr(false)
}

// firstExisting returns the first of the paths that is there, or "".
func (e *Env) firstExisting(paths ...string) string {
	for _, p := range paths {
		if e.Exists(p) {
			return p
		}
	}
	return ""
}
