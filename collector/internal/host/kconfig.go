package host

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

const maxKernelConfig = 4 << 20 // bytes of text

// kernelConfig is what a kernel was built with. An option that the text does not name is not known to that kernel's
// version, so nothing follows from its absence.
type kernelConfig struct {
	file   string
	values map[string]string // option without "CONFIG_" → value, quotes taken off; "n": is not set
}

// nextKernelConfig finds the configuration of the kernel that the next boot starts: the newest one installed. Where none is
// installed the kernel comes from outside (a hypervisor, a network boot), and the running one's stands for it. nil: none.
func nextKernelConfig(env *Env, k *facts.Kernel, r *reading) *kernelConfig {
	if k == nil {
		return nil
	}
	if rel := k.NewestInstalled; rel != "" {
		for _, f := range []string{"/boot/config-" + rel, "/usr/lib/modules/" + rel + "/config", "/lib/modules/" + rel + "/config"} {
			b, err := env.ReadFileLimit(f, maxKernelConfig)
			r.miss(f, err)
			if err == nil {
				return parseKernelConfig(b, f)
			}
		}
		if rel != k.Release {
			return nil
		}
	}
	const running = "/proc/config.gz"
	b, err := env.ReadProc(running)
	if err != nil {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		r.note(running, err.Error())
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(z, maxKernelConfig))
	if err != nil {
		r.note(running, err.Error())
		return nil
	}
	return parseKernelConfig(text, running)
}

// kernelOptions are those we ask for; the others are passed over.
var kernelOptions = []string{
	"ARCH_MMAP_RND_BITS", "ARCH_MMAP_RND_COMPAT_BITS", "BPF_JIT_ALWAYS_ON", "BPF_JIT_DEFAULT_ON", "BPF_UNPRIV_DEFAULT_OFF",
	"DEFAULT_MMAP_MIN_ADDR", "LDISC_AUTOLOAD", "LEGACY_TIOCSTI", "LOCK_DOWN_IN_EFI_SECURE_BOOT", "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY",
	"LOCK_DOWN_KERNEL_FORCE_INTEGRITY", "LOCK_DOWN_KERNEL_FORCE_NONE", "LSM", "MAGIC_SYSRQ_DEFAULT_ENABLE", "PANIC_ON_OOPS_VALUE",
	"PANIC_TIMEOUT", "SECURITY_APPARMOR", "SECURITY_DMESG_RESTRICT", "SECURITY_LANDLOCK", "SECURITY_LOCKDOWN_LSM",
	"SECURITY_PERF_EVENTS_RESTRICT", "SECURITY_SELINUX", "SECURITY_SMACK", "SECURITY_TOMOYO", "SECURITY_YAMA",
}

func parseKernelConfig(b []byte, file string) *kernelConfig {
	c := &kernelConfig{file: file, values: map[string]string{}}
	for line := range bytes.Lines(b) {
		line = bytes.TrimSpace(line)
		if rest, ok := bytes.CutPrefix(line, []byte("# CONFIG_")); ok {
			if name, ok := bytes.CutSuffix(rest, []byte(" is not set")); ok && slices.Contains(kernelOptions, string(name)) {
				c.values[string(name)] = "n"
			}
			continue
		}
		rest, ok := bytes.CutPrefix(line, []byte("CONFIG_"))
		if !ok {
			continue
		}
		name, value, ok := bytes.Cut(rest, []byte("="))
		if ok && len(value) < 4096 && slices.Contains(kernelOptions, string(name)) {
			c.values[string(name)] = strings.Trim(string(value), `"`)
		}
	}
	return c
}

// sysctlDefaults returns the values that the kernel's own configuration decides. Parameters whose default a distribution
// patches without an option of its own (the scope of ptrace at Debian's Yama, protected links) are not among them.
func (c *kernelConfig) sysctlDefaults(doc *facts.Document) map[string]string {
	out := map[string]string{}
	for option, o := range map[string]struct{ key, yes, no string }{
		"SECURITY_DMESG_RESTRICT": {"kernel.dmesg_restrict", "1", "0"},
		"BPF_UNPRIV_DEFAULT_OFF":  {"kernel.unprivileged_bpf_disabled", "2", "0"},
		"LDISC_AUTOLOAD":          {"dev.tty.ldisc_autoload", "1", "0"},
		"LEGACY_TIOCSTI":          {"dev.tty.legacy_tiocsti", "1", "0"},
		"BPF_JIT_DEFAULT_ON":      {"net.core.bpf_jit_enable", "1", ""},
		"BPF_JIT_ALWAYS_ON":       {"net.core.bpf_jit_enable", "1", ""},
	} {
		switch v := c.values[option]; {
		case v == "y":
			out[o.key] = o.yes
		case v == "n" && o.no != "":
			out[o.key] = o.no
		}
	}
	for option, key := range map[string]string{
		"DEFAULT_MMAP_MIN_ADDR": "vm.mmap_min_addr", "MAGIC_SYSRQ_DEFAULT_ENABLE": "kernel.sysrq", "PANIC_ON_OOPS_VALUE": "kernel.panic_on_oops",
		"PANIC_TIMEOUT": "kernel.panic", "ARCH_MMAP_RND_BITS": "vm.mmap_rnd_bits", "ARCH_MMAP_RND_COMPAT_BITS": "vm.mmap_rnd_compat_bits",
	} {
		if n, err := strconv.ParseInt(c.values[option], 0, 64); err == nil {
			out[key] = strconv.FormatInt(n, 10)
		}
	}
	// Debian's patch: with the option the default is 3. Ubuntu's kernels name it too and begin at 4.
	if v := c.values["SECURITY_PERF_EVENTS_RESTRICT"]; v == "y" && doc.OS != nil && doc.OS.ID == "debian" {
		out["kernel.perf_event_paranoid"] = "3"
	}
	if doc.OS != nil && (doc.OS.Family == "rhel" || doc.OS.Family == "alpine") {
		out["kernel.perf_event_paranoid"] = "2" // as built since Linux 4.6
		if slices.Contains(c.modules(cmdlineOf(doc)), "yama") {
			out["kernel.yama.ptrace_scope"] = "1"
		}
	}
	return out
}

// cmdlineOf returns the command line of the next boot; where no boot loader is known, that of the running kernel.
func cmdlineOf(doc *facts.Document) []string {
	if doc.Kernel == nil {
		return nil
	}
	if doc.Kernel.CmdlineConfigured != nil {
		return doc.Kernel.CmdlineConfigured
	}
	return doc.Kernel.Cmdline
}

// cmdlineValue returns the last value that a command line gives a parameter.
func cmdlineValue(cmdline []string, name string) (value string, ok bool) {
	for _, w := range cmdline {
		if v, found := strings.CutPrefix(w, name+"="); found {
			value, ok = v, true
		}
	}
	return value, ok
}

// cmdlineSysctls returns what "sysctl.KEY=VALUE" on a command line sets before the first program runs.
func cmdlineSysctls(cmdline []string) map[string]string {
	out := map[string]string{}
	for _, w := range cmdline {
		rest, ok := strings.CutPrefix(w, "sysctl.")
		if !ok {
			continue
		}
		if key, value, ok := strings.Cut(rest, "="); ok && value != "" {
			out[dottedSysctl(key)] = value
		}
	}
	return out
}

// lsmOptions are the security modules we know, with the option that builds each in.
var lsmOptions = map[string]string{
	"apparmor": "SECURITY_APPARMOR", "landlock": "SECURITY_LANDLOCK", "lockdown": "SECURITY_LOCKDOWN_LSM", "selinux": "SECURITY_SELINUX",
	"smack": "SECURITY_SMACK", "tomoyo": "SECURITY_TOMOYO", "yama": "SECURITY_YAMA",
}

// modules returns those of the security modules we know that the next boot starts, in order, by the option CONFIG_LSM and
// the command line (Documentation/admin-guide/LSM); nil where the configuration does not say. A module that is not built in
// is left out, so is one that its own parameter turns off, and of AppArmor, SELinux and Smack only the first starts.
func (c *kernelConfig) modules(cmdline []string) []string {
	list, ok := c.values["LSM"]
	if !ok {
		return nil
	}
	major, single := cmdlineValue(cmdline, "security")
	if explicit, ok := cmdlineValue(cmdline, "lsm"); ok {
		list, single = explicit, false
	} else if single {
		list += "," + major
	}
	majors := []string{"apparmor", "selinux", "smack"}
	out, taken := []string{}, false
	for m := range strings.SplitSeq(list, ",") {
		off, _ := cmdlineValue(cmdline, m)
		isMajor := slices.Contains(majors, m)
		switch {
		case slices.Contains(out, m), c.values[lsmOptions[m]] != "y":
		case (m == "apparmor" || m == "selinux") && off == "0":
		case (isMajor || m == "tomoyo") && single && m != major:
		case isMajor && taken:
		default:
			out = append(out, m)
			taken = taken || isMajor
		}
	}
	return out
}

// lockdown returns the mode the next boot begins in: by the command line, else by the configuration, else by Secure Boot
// where the distribution ties the two; "" where that does not decide.
func (c *kernelConfig) lockdown(cmdline []string, secureBoot *bool) string {
	built, known := c.values["SECURITY_LOCKDOWN_LSM"]
	switch {
	case !known:
		return ""
	case built != "y":
		return "none"
	}
	floor := ""
	switch {
	case c.values["LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY"] == "y":
		return "confidentiality"
	case c.values["LOCK_DOWN_KERNEL_FORCE_INTEGRITY"] == "y":
		floor = "integrity"
	case c.values["LOCK_DOWN_KERNEL_FORCE_NONE"] != "y":
		return ""
	case c.values["LOCK_DOWN_IN_EFI_SECURE_BOOT"] == "y" && secureBoot != nil && *secureBoot:
		floor = "integrity"
	}
	asked, _ := cmdlineValue(cmdline, "lockdown")
	switch {
	case asked == "confidentiality" || asked == "integrity":
		if mods := c.modules(cmdline); mods == nil || !slices.Contains(mods, "lockdown") {
			return "" // the module starts before the list is read where it is built so; the two do not settle it
		}
		return asked
	case floor != "":
		return floor
	case c.values["LOCK_DOWN_IN_EFI_SECURE_BOOT"] == "y" && secureBoot == nil:
		return ""
	}
	return "none"
}
