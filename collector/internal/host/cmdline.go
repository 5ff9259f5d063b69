package host

import (
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

var grubConfigs = []string{"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"}

// splitCmdline splits a kernel command line at white space outside double quotes, which it takes off.
func splitCmdline(s string) []string {
	out := []string{}
	var word strings.Builder
	quoted, open := false, false
	for _, c := range s {
		switch {
		case c == '"':
			quoted, open = !quoted, true
		case !quoted && (c == ' ' || c == '\t' || c == '\n'):
			if open {
				out = append(out, word.String())
				word.Reset()
				open = false
			}
		default:
			word.WriteRune(c)
			open = true
		}
	}
	if open {
		out = append(out, word.String())
	}
	return out
}

// configuredCmdline finds what the boot loader will pass to the kernel it starts by default: from the boot loader
// specification's entries, grub.cfg, extlinux.conf or the firmware's cmdline.txt; where those may not be read from
// /etc/default/grub. It is nil where no boot loader was found.
func configuredCmdline(env *Env, k *facts.Kernel, r *reading) []string {
	if args := entriesCmdline(env, k); args != nil {
		return args
	}
	for _, f := range grubConfigs {
		if b, err := env.ReadFileLimit(f, 4<<20); err == nil {
			if args := grubCmdline(b, k.NewestInstalled); args != nil {
				return args
			}
		} else {
			r.miss(f, err)
		}
	}
	for _, f := range []string{"/boot/extlinux/extlinux.conf", "/boot/extlinux.conf", "/extlinux.conf"} {
		if b, err := env.ReadFile(f); err == nil {
			if args := extlinuxCmdline(b); args != nil {
				return args
			}
		}
	}
	for _, f := range []string{"/boot/firmware/cmdline.txt", "/boot/cmdline.txt"} {
		if b, err := env.ReadFile(f); err == nil {
			return splitCmdline(firstLine(b))
		}
	}
	if b, err := env.ReadFile("/etc/default/grub"); err == nil {
		kv := shellAssignments(b)
		return splitCmdline(kv["GRUB_CMDLINE_LINUX"] + " " + kv["GRUB_CMDLINE_LINUX_DEFAULT"])
	}
	return nil
}

// grubCmdline takes the arguments of the first "linux" command of a grub.cfg that is not in a recovery entry, and of the
// newest kernel if one names it.
func grubCmdline(b []byte, newest string) []string {
	var first []string
	recovery := false
	for _, line := range lines(b) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "menuentry ") {
			recovery = strings.Contains(line, "recovery")
		}
		f := splitCmdline(line)
		if len(f) < 2 || recovery || f[0] != "linux" && f[0] != "linuxefi" && f[0] != "linux16" {
			continue
		}
		if newest != "" && strings.HasSuffix(f[1], "-"+newest) {
			return f[2:]
		}
		if first == nil {
			first = f[2:]
		}
	}
	return first
}

// entriesCmdline reads the entries of the boot loader specification; the one of the newest kernel counts, else the last.
func entriesCmdline(env *Env, k *facts.Kernel) []string {
	var best []string
	for _, dir := range []string{"/boot/loader/entries", "/efi/loader/entries", "/boot/efi/loader/entries"} {
		for _, f := range env.Glob(dir + "/*.conf") {
			b, err := env.ReadFile(f)
			if err != nil || strings.Contains(path.Base(f), "rescue") {
				continue
			}
			version, args := "", []string{}
			for _, line := range lines(b) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
				switch key {
				case "version":
					version = strings.TrimSpace(value)
				case "options":
					args = append(args, splitCmdline(value)...)
				}
			}
			args = expandGrubenv(env, args)
			if version == k.NewestInstalled && version != "" {
				return args
			}
			best = args
		}
	}
	return best
}

// expandGrubenv replaces the variables that Red Hat's entries take from grubenv.
func expandGrubenv(env *Env, args []string) []string {
	if !slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "$") }) {
		return args
	}
	vars := map[string]string{}
	for _, f := range []string{"/boot/grub2/grubenv", "/boot/grub/grubenv"} {
		b, err := env.ReadFile(f)
		if err != nil {
			continue
		}
		for _, line := range lines(b) {
			if name, value, ok := strings.Cut(line, "="); ok {
				vars[name] = value
			}
		}
	}
	var out []string
	for _, a := range args {
		if name, ok := strings.CutPrefix(a, "$"); ok {
			out = append(out, splitCmdline(vars[strings.Trim(name, "{}")])...)
			continue
		}
		out = append(out, a)
	}
	return out
}

// extlinuxCmdline takes the APPEND line of the default label of an extlinux.conf, or of the first one.
func extlinuxCmdline(b []byte) []string {
	def, label := "", ""
	appends := map[string][]string{}
	first := ""
	for _, line := range lines(b) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(key) {
		case "DEFAULT":
			def = strings.TrimSpace(value)
		case "LABEL":
			label = strings.TrimSpace(value)
			first = firstNonEmpty(first, label)
		case "APPEND":
			if len(appends) < 64 {
				appends[label] = splitCmdline(value)
			}
		}
	}
	if a, ok := appends[def]; ok {
		return a
	}
	return appends[first]
}

func firstNonEmpty(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// cmdlineNoise are arguments that differ between the file and the running kernel without meaning anything.
var cmdlineNoise = []string{"BOOT_IMAGE", "initrd", "root", "rootflags", "resume", "console", "quiet", "splash", "ro", "rw", "$vt_handoff", "vt.handoff", "modules"}

// cmdlineDrift tells which arguments the next boot adds, drops or changes.
func cmdlineDrift(k *facts.Kernel) []facts.Drift {
	if k.Cmdline == nil || k.CmdlineConfigured == nil {
		return nil
	}
	live, file := cmdlineArgs(k.Cmdline), cmdlineArgs(k.CmdlineConfigured)
	var out []facts.Drift
	for _, name := range sortedKeys(live, file) {
		if live[name] != file[name] && len(out) < 64 {
			out = append(out, facts.Drift{Family: "kernel", Subject: "cmdline " + name, Persisted: file[name], Live: live[name]})
		}
	}
	return out
}

// cmdlineArgs groups arguments by their names, noise left out.
func cmdlineArgs(args []string) map[string]string {
	out := map[string]string{}
	for _, a := range args {
		name, _, _ := strings.Cut(a, "=")
		if slices.Contains(cmdlineNoise, name) || strings.HasPrefix(name, "$") {
			continue
		}
		if old, ok := out[name]; ok && old != a {
			a = old + " " + a
		}
		out[name] = a
	}
	return out
}

func sortedKeys[V any](maps ...map[string]V) []string {
	var out []string
	for _, m := range maps {
		for k := range m {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
