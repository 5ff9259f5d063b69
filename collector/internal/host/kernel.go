package host

import (
	"cmp"
	"context"
	"encoding/binary"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// collectKernel describes the running kernel, the installed ones, and what the next boot will do.
//
// The running kernel is the newest one when no installed kernel of its flavour has a greater version, and the image of
// its own release holds the same build: distributions rebuild a release under its old name. It could be wrong where a
// kernel comes from outside the file system (a hypervisor, a network boot): then nothing is installed and it is absent.
//
// The loaded modules, their taints and the list of hidden ones are the kernel's own word: a root kit that changes the
// kernel can lie in all of them. The configured command line is what the boot loader's files hold; a person at the
// console, or the firmware's own boot entry, can pass another one.
func collectKernel(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	k := &facts.Kernel{}
	if env.Live {
		readRunningKernel(env, doc, k, &r)
	}
	k.Installed = installedKernels(env, &r)
	k.NewestInstalled = newestKernel(k.Installed, "")
	k.RunningIsNewest = runningIsNewest(k)
	k.CmdlineConfigured = configuredCmdline(env, k, &r)
	if b, ok := r.file(env, "/etc/selinux/config"); ok {
		if v := shellAssignments(b)["SELINUX"]; v != "" {
			k.LSMConfigured = map[string]string{"selinux": strings.ToLower(v)}
		}
	}
	if config := nextKernelConfig(env, k, &r); config != nil {
		next := k.CmdlineConfigured
		if next == nil {
			next = k.Cmdline
		}
		k.ConfigFile = config.file
		k.LSMNext = config.modules(next)
		k.LockdownNext = config.lockdown(next, secureBootNow(env))
	}
	k.Modprobe = readModprobe(env, k, &r)
	doc.Drift = append(doc.Drift, cmdlineDrift(k)...)
	doc.Drift = append(doc.Drift, kernelDrift(k)...)
	doc.Kernel = k
	return r.status()
}

// kernelDrift tells of a newer kernel on disk: by its release, or by its build where the release has not changed.
func kernelDrift(k *facts.Kernel) []facts.Drift {
	if k.RunningIsNewest == nil || *k.RunningIsNewest {
		return nil
	}
	newest := newestKernel(k.Installed, kernelFlavour(k.Release))
	if newest != k.Release {
		return []facts.Drift{{Family: "kernel", Subject: "release", Persisted: newest, Live: k.Release}}
	}
	i := slices.IndexFunc(k.Installed, func(i facts.InstalledKernel) bool { return i.Release == newest })
	return []facts.Drift{{Family: "kernel", Subject: "build", Persisted: k.Installed[i].Build, Live: k.Build}}
}

func readRunningKernel(env *Env, doc *facts.Document, k *facts.Kernel, r *reading) {
	k.Release = env.procLine("/proc/sys/kernel/osrelease")
	k.Build = env.procLine("/proc/sys/kernel/version")
	if b, ok := r.proc(env, "/proc/cmdline"); ok {
		k.Cmdline = splitCmdline(string(b))
	}
	if n, err := strconv.ParseUint(env.procLine("/proc/sys/kernel/tainted"), 10, 64); err == nil {
		k.Tainted = &n
	}
	k.Lockdown = bracketed(env.procLine("/sys/kernel/security/lockdown"))
	if b, ok := r.proc(env, "/sys/kernel/security/lsm"); ok {
		k.LSM = strings.FieldsFunc(strings.TrimSpace(string(b)), func(c rune) bool { return c == ',' })
	}
	k.LSMEnforcing = lsmState(env, k.LSM)
	readModules(env, k, r)
	const dir = "/sys/devices/system/cpu/vulnerabilities"
	if names, err := env.ProcNames(dir); err == nil {
		k.CPUVulnerabilities = map[string]string{}
		for _, n := range names {
			k.CPUVulnerabilities[n] = env.procLine(dir + "/" + n)
		}
	}
	if env.Native() {
		k.BPFPrograms, k.BPFHoldersKnown = env.bpfPrograms(doc, r)
	}
}

// lsmState asks the security modules themselves. It is nil where neither the list of modules nor their interfaces can be
// read.
func lsmState(env *Env, active []string) map[string]string {
	out := map[string]string{}
	switch env.procLine("/sys/fs/selinux/enforce") {
	case "1":
		out["selinux"] = "enforcing"
	case "0":
		out["selinux"] = "permissive"
	default:
		if active != nil {
			out["selinux"] = "disabled"
		}
	}
	switch {
	case env.procLine("/sys/module/apparmor/parameters/enabled") == "Y" && (active == nil || slices.Contains(active, "apparmor")):
		out["apparmor"] = "enabled"
	case active != nil:
		out["apparmor"] = "disabled"
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// readModules reads the loaded modules, and those that hide: a module that /sys/module shows as loaded, though it is not
// in the list.
func readModules(env *Env, k *facts.Kernel, r *reading) {
	b, err := env.ReadProcLimit("/proc/modules", 4<<20)
	if err != nil {
		r.miss("/proc/modules", err)
		if !env.ProcExists("/proc/modules") && env.ProcExists("/proc/sys/kernel") {
			k.Modules, k.ModulesDisabled = []facts.Module{}, ptr(true) // built without loadable modules
		}
		return
	}
	k.Modules = parseModules(b)
	if v := env.procLine("/proc/sys/kernel/modules_disabled"); v != "" {
		k.ModulesDisabled = ptr(v == "1")
	}
	names, err := env.ProcNames("/sys/module")
	if err != nil {
		return
	}
	k.HiddenModules = unlisted(env, names, k.Modules)
	if len(k.HiddenModules) == 0 {
		return
	}
	// A module loaded between the two looks is not hidden: it stands in the list now.
	if b, err := env.ReadProcLimit("/proc/modules", 4<<20); err == nil {
		k.HiddenModules = unlisted(env, k.HiddenModules, parseModules(b))
	}
}

// unlisted returns those names that /sys/module shows as loaded and that the list does not hold.
func unlisted(env *Env, names []string, list []facts.Module) []string {
	out := []string{}
	for _, n := range names {
		listed := slices.ContainsFunc(list, func(m facts.Module) bool { return m.Name == n })
		if !listed && env.procLine("/sys/module/"+n+"/initstate") == "live" {
			out = append(out, n)
		}
	}
	return out
}

func parseModules(b []byte) []facts.Module {
	out := []facts.Module{}
	for _, line := range lines(b) {
		f := strings.Fields(line)
		if len(f) < 6 || len(out) >= 8192 {
			continue
		}
		m := facts.Module{Name: f[0]}
		if len(f) > 6 {
			m.Taint = strings.Trim(f[6], "()+-")
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b facts.Module) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// installedKernels finds kernels by their images and module trees.
func installedKernels(env *Env, r *reading) []facts.InstalledKernel {
	byRelease := map[string]*facts.InstalledKernel{}
	at := func(release string) *facts.InstalledKernel {
		if byRelease[release] == nil {
			byRelease[release] = &facts.InstalledKernel{Release: release}
		}
		return byRelease[release]
	}
	for _, dir := range []string{"/usr/lib/modules", "/lib/modules"} {
		for _, rel := range env.Names(dir) {
			if !startsWithDigit(rel) || len(byRelease) >= 256 {
				continue
			}
			if img := path.Join(dir, rel, "vmlinuz"); env.Exists(img) {
				at(rel).Image = img
			} else if env.Exists(path.Join(dir, rel, "modules.dep")) || env.Exists(path.Join(dir, rel, "kernel")) || len(env.Glob(path.Join(dir, rel, "*.ko"))) > 0 {
				at(rel) // a tree that holds modules, not what an extra driver left behind
			}
		}
	}
	if _, err := env.ReadDir("/boot"); err != nil {
		r.miss("/boot", err)
	}
	for _, img := range slices.Concat(env.Glob("/boot/vmlinu[xz]-*"), env.Glob("/boot/kernel-*"), env.Glob("/boot/Image-*")) {
		_, rel, _ := strings.Cut(path.Base(img), "-")
		if strings.HasSuffix(rel, ".old") || strings.HasSuffix(rel, ".bak") || strings.Contains(rel, "rescue") || strings.HasSuffix(rel, ".img") {
			continue
		}
		release, build := imageVersion(env, img)
		if release == "" && startsWithDigit(rel) {
			release = rel
		}
		if release == "" { // Alpine: vmlinuz-lts; the module tree knows the release
			for known := range byRelease {
				if strings.HasSuffix(known, "-"+rel) && cmpKernel(known, release) > 0 {
					release = known
				}
			}
		}
		if release == "" {
			continue
		}
		k := at(release)
		k.Image, k.Build = img, build
	}
	out := []facts.InstalledKernel{}
	for _, k := range byRelease {
		out = append(out, *k)
	}
	slices.SortFunc(out, func(a, b facts.InstalledKernel) int { return cmpKernel(a.Release, b.Release) })
	return out
}

func startsWithDigit(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

// imageVersion reads release and build from the header of an x86 image (Documentation/arch/x86/boot.rst, kernel_version).
// Both are empty where the image is another kind or may not be read.
func imageVersion(env *Env, img string) (release, build string) {
	b, err := env.ReadHead(img, 64<<10)
	if err != nil || len(b) < 0x210 || string(b[0x202:0x206]) != "HdrS" {
		return "", ""
	}
	at := int(binary.LittleEndian.Uint16(b[0x20e:])) + 0x200
	if at >= len(b) {
		return "", ""
	}
	text, _, _ := strings.Cut(string(b[at:min(at+512, len(b))]), "\x00")
	release, rest, _ := strings.Cut(text, " ")
	if i := strings.Index(rest, "#"); i >= 0 {
		build = strings.TrimSpace(rest[i:])
	}
	if !startsWithDigit(release) {
		return "", ""
	}
	return release, build
}

// newestKernel returns the greatest release of a flavour; "" is every flavour. Where images are found, module trees
// without one do not count.
func newestKernel(installed []facts.InstalledKernel, flavour string) string {
	images := slices.ContainsFunc(installed, func(k facts.InstalledKernel) bool { return k.Image != "" })
	newest := ""
	for _, k := range installed {
		if images && k.Image == "" || flavour != "" && kernelFlavour(k.Release) != flavour {
			continue
		}
		if newest == "" || cmpKernel(k.Release, newest) > 0 {
			newest = k.Release
		}
	}
	return newest
}

func runningIsNewest(k *facts.Kernel) *bool {
	i := slices.IndexFunc(k.Installed, func(i facts.InstalledKernel) bool { return i.Release == k.Release })
	newest := newestKernel(k.Installed, kernelFlavour(k.Release))
	if k.Release == "" || newest == "" || i < 0 && cmpKernel(newest, k.Release) < 0 {
		return nil
	}
	if c := cmpKernel(newest, k.Release); c != 0 {
		return ptr(c < 0)
	}
	sameBuild := i < 0 || k.Installed[i].Build == "" || k.Build == "" || k.Installed[i].Build == k.Build
	return &sameBuild
}

// kernelFlavour is what stands after the version in a release: "amd64", "cloud-amd64", "generic", "lts"; "" for those
// that carry none.
func kernelFlavour(release string) string {
	parts := strings.Split(release, "-")
	for i, p := range parts {
		if i > 0 && p != "" && !startsWithDigit(p) && !strings.HasPrefix(p, "rc") {
			return strings.Join(parts[i:], "-")
		}
	}
	if _, f, ok := strings.Cut(release, "+"); ok {
		return "+" + f
	}
	return ""
}

// cmpKernel compares releases as versions: runs of digits as numbers, the rest as text; "~" and "rc" sort before
// everything, the end of the text too.
func cmpKernel(a, b string) int {
	for a != "" || b != "" {
		x, restA := versionPart(a)
		y, restB := versionPart(b)
		a, b = restA, restB
		if c := cmpPart(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// versionPart takes a run of digits or of other characters off the front; separators are dropped.
func versionPart(s string) (part, rest string) {
	s = strings.TrimLeft(s, ".-_+")
	if s == "" {
		return "", ""
	}
	digits := startsWithDigit(s)
	i := 0
	for i < len(s) && startsWithDigit(s[i:]) == digits && strings.IndexByte(".-_+", s[i]) < 0 {
		i++
	}
	return s[:i], s[i:]
}

func cmpPart(x, y string) int {
	rank := func(s string) int {
		switch {
		case strings.HasPrefix(s, "~"), s == "rc":
			return 0
		case s == "":
			return 1
		case startsWithDigit(s):
			return 3
		}
		return 2
	}
	if c := cmp.Compare(rank(x), rank(y)); c != 0 {
		return c
	}
	if startsWithDigit(x) {
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
	}
	return cmp.Compare(x, y)
}

// bracketed returns the word in brackets of a line like "[none] integrity confidentiality".
func bracketed(s string) string {
	_, s, _ = strings.Cut(s, "[")
	s, _, ok := strings.Cut(s, "]")
	if !ok {
		return ""
	}
	return s
}
