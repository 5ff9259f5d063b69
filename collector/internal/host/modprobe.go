package host

import (
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// askedModules are the kernel modules that controls ask for: rare file systems and protocols, removable storage, direct
// memory access over cables, radio.
var askedModules = []string{
	"appletalk", "atm", "ax25", "bluetooth", "btusb", "can", "cifs", "cramfs", "dccp", "firewire_core", "firewire_ohci", "floppy", "freevxfs",
	"gfs2", "hfs", "hfsplus", "ipx", "jffs2", "ksmbd", "n_hdlc", "netrom", "nfs", "nfsd", "overlay", "rds", "rose", "sctp", "squashfs",
	"thunderbolt", "tipc", "udf", "usb_storage", "uvcvideo", "vivid", "x25",
}

// modprobeDirs in the order in which a file of one name masks that of another (modprobe.d(5)).
var modprobeDirs = []string{"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"}

// readModprobe reads the configuration as modprobe does, and whether the asked modules are there at all.
func readModprobe(env *Env, k *facts.Kernel, r *reading) *facts.Modprobe {
	m := &facts.Modprobe{Blacklisted: []string{}, Install: map[string]string{}}
	for _, f := range confDirs(env, modprobeDirs, ".conf", r) {
		b, err := env.ReadFile(f)
		if err != nil {
			r.miss(f, err)
			continue
		}
		parseModprobe(b, m)
	}
	cmdline := k.Cmdline
	if cmdline == nil {
		cmdline = k.CmdlineConfigured
	}
	for _, a := range cmdline {
		for _, prefix := range []string{"modprobe.blacklist=", "module_blacklist="} {
			if list, ok := strings.CutPrefix(a, prefix); ok {
				for name := range strings.SplitSeq(list, ",") {
					m.Blacklisted = append(m.Blacklisted, moduleName(name))
				}
			}
		}
	}
	slices.Sort(m.Blacklisted)
	m.Blacklisted = slices.Compact(m.Blacklisted)
	release := firstNonEmpty(k.Release, k.NewestInstalled)
	if release == "" {
		return m
	}
	m.Builtin = presentModules(env, release, "modules.builtin", r)
	m.Available = presentModules(env, release, "modules.dep", r)
	return m
}

// presentModules lists those of the asked modules that a list of the kernel's module tree names; nil without the list.
func presentModules(env *Env, release, list string, r *reading) []string {
	for _, dir := range []string{"/usr/lib/modules", "/lib/modules"} {
		b, err := env.ReadFileLimit(path.Join(dir, release, list), 16<<20)
		if err != nil {
			r.miss(path.Join(dir, release, list), err)
			continue
		}
		out := []string{}
		for _, line := range lines(b) {
			file, _, _ := strings.Cut(line, ":")
			name, _, _ := strings.Cut(path.Base(file), ".ko")
			if name = moduleName(name); slices.Contains(askedModules, name) {
				out = append(out, name)
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return nil
}

// parseModprobe reads one file of modprobe.d(5). The first install line of a module counts.
func parseModprobe(b []byte, m *facts.Modprobe) {
	var pending strings.Builder
	for _, line := range lines(b) {
		if strings.HasSuffix(line, `\`) {
			pending.WriteString(strings.TrimSuffix(line, `\`))
			continue
		}
		pending.WriteString(line)
		text := strings.TrimSpace(pending.String())
		pending.Reset()
		f := strings.Fields(text)
		if len(f) < 2 || f[0][0] == '#' || len(m.Blacklisted)+len(m.Install) >= 4096 {
			continue
		}
		name := moduleName(f[1])
		switch f[0] {
		case "blacklist":
			m.Blacklisted = append(m.Blacklisted, name)
		case "install":
			if _, ok := m.Install[name]; !ok && len(f) > 2 {
				m.Install[name] = strings.Join(f[2:], " ")
			}
		}
	}
}

// moduleName writes a module's name as the kernel does: with underscores.
func moduleName(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "-", "_") }
