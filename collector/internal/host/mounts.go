package host

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/shirou/gopsutil/v3/disk"

	"github.com/vymir-project/vymir/collector/facts"
)

const maxMounts = 4096 // lines of mountinfo and fstab that are kept

// collectMounts reads what is mounted and what the files will mount. The live list is that of process 1, so that the
// collector's own sandbox does not show in it; where that may not be read it is our own, and a private /tmp of the agent
// would then be taken for the host's. Units count by the links that want them: one whose condition fails is listed though
// it will not be mounted.
func collectMounts(ctx context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	m := &facts.Mounts{Fstab: []facts.Mount{}}
	if env.Live {
		b, err := env.ReadProcLimit("/proc/1/mountinfo", 8<<20)
		if err != nil {
			b, err = env.ReadProcLimit("/proc/self/mountinfo", 8<<20)
		}
		if err == nil {
			m.Live = parseMountinfo(b)
		}
		r.miss("/proc/self/mountinfo", err)
	}
	if b, ok := r.file(env, "/etc/fstab"); ok {
		m.Fstab = parseFstab(b)
	}
	m.Fstab = append(m.Fstab, mountUnits(env)...)
	if env.Native() {
		m.Usage = diskUsage(ctx, m.Live, &r)
	}
	doc.Drift = append(doc.Drift, mountDrift(m)...)
	doc.Mounts = m
	return r.status()
}

// parseMountinfo reads /proc/PID/mountinfo. A mount that another one covers at the same place is left out, for nobody
// can reach it.
func parseMountinfo(b []byte) []facts.Mount {
	out := []facts.Mount{}
	at := map[string]int{}
	for _, line := range lines(b) {
		f := strings.Fields(line)
		sep := slices.Index(f, "-")
		if sep < 6 || len(f) < sep+4 || len(out) >= maxMounts {
			continue
		}
		mount := facts.Mount{
			Target: unescapeOctal(f[4]), FSType: f[sep+1], Source: unescapeOctal(f[sep+2]), Options: strings.Split(f[5], ","),
		}
		for _, o := range strings.Split(f[sep+3], ",") {
			if o != "rw" && o != "ro" && !slices.Contains(mount.Options, o) {
				mount.Options = append(mount.Options, o)
			}
		}
		if i, ok := at[mount.Target]; ok {
			out[i] = mount
			continue
		}
		at[mount.Target] = len(out)
		out = append(out, mount)
	}
	return out
}

// parseFstab reads fstab(5).
func parseFstab(b []byte) []facts.Mount {
	out := []facts.Mount{}
	for _, line := range lines(b) {
		f := strings.Fields(line)
		if len(f) < 3 || strings.HasPrefix(f[0], "#") || len(out) >= maxMounts {
			continue
		}
		mount := facts.Mount{Source: unescapeOctal(f[0]), Target: unescapeOctal(f[1]), FSType: f[2], Options: []string{"defaults"}, Origin: "fstab"}
		if len(f) > 3 {
			mount.Options = strings.Split(f[3], ",")
		}
		out = append(out, mount)
	}
	return out
}

// mountUnits reads the .mount units that will be started: those linked from a target, unless masked.
func mountUnits(env *Env) []facts.Mount {
	dirs := []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}
	wanted := map[string]bool{}
	for _, dir := range dirs {
		for _, kind := range []string{"wants", "requires"} {
			for _, p := range env.Glob(dir + "/*." + kind + "/*.mount") {
				wanted[path.Base(p)] = true
			}
		}
	}
	var out []facts.Mount
	for _, file := range confDirs(env, dirs, ".mount", &reading{}) {
		if !wanted[path.Base(file)] {
			continue
		}
		b, err := env.ReadFile(file)
		if err != nil {
			continue
		}
		kv := unitSection(b, "Mount")
		if kv["Where"] == "" || kernelFS(kv["Type"]) {
			continue
		}
		mount := facts.Mount{Source: kv["What"], Target: kv["Where"], FSType: kv["Type"], Options: []string{"defaults"}, Origin: "unit:" + path.Base(file)}
		if kv["Options"] != "" {
			mount.Options = strings.Split(kv["Options"], ",")
		}
		out = append(out, mount)
	}
	return out
}

// unitSection reads the assignments of one section of a unit file; the last one of a name wins.
func unitSection(b []byte, section string) map[string]string {
	out := map[string]string{}
	in := false
	for _, line := range lines(b) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			in = line == "["+section+"]"
			continue
		}
		if name, value, ok := strings.Cut(line, "="); ok && in && line[0] != '#' && line[0] != ';' && len(out) < 256 {
			out[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return out
}

// kernelFS says whether a file system type is an interface of the kernel and holds no files of anybody.
func kernelFS(t string) bool {
	return slices.Contains([]string{
		"autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "efivarfs", "fusectl",
		"hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs",
	}, t)
}

// networkFS says whether looking at a file there may wait for another machine.
func networkFS(t string) bool {
	return slices.Contains([]string{
		"9p", "afs", "autofs", "ceph", "cifs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "gfs2", "glusterfs",
		"lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb3", "smbfs",
	}, t)
}

// mountOf returns the live mount that a path lies on, or false when that is not known.
func mountOf(doc *facts.Document, p string) (facts.Mount, bool) {
	var best facts.Mount
	found := false
	if doc.Mounts == nil {
		return best, false
	}
	for _, m := range doc.Mounts.Live {
		under := m.Target == "/" || p == m.Target || strings.HasPrefix(p, m.Target+"/")
		if under && (!found || len(m.Target) >= len(best.Target)) {
			best, found = m, true
		}
	}
	return best, found
}

// diskUsage asks how full the writable disk file systems are, each device once.
func diskUsage(ctx context.Context, live []facts.Mount, r *reading) []facts.Usage {
	out := []facts.Usage{}
	seen := map[string]bool{}
	for _, m := range live {
		if !diskFS(m.FSType) || !slices.Contains(m.Options, "rw") || seen[m.Source] {
			continue
		}
		seen[m.Source] = true
		u, err := disk.UsageWithContext(ctx, m.Target)
		if err != nil {
			r.miss(m.Target, err)
			continue
		}
		usage := facts.Usage{Target: m.Target, TotalBytes: u.Total, FreeBytes: u.Free, UsedPercent: u.UsedPercent}
		if u.InodesTotal > 0 {
			usage.InodesUsedPercent = ptr(u.InodesUsedPercent)
		}
		out = append(out, usage)
	}
	return out
}

func diskFS(t string) bool {
	return slices.Contains([]string{
		"bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jffs2", "jfs", "ntfs3", "overlay", "reiserfs", "ubifs", "vfat",
		"xfs", "zfs",
	}, t)
}

// mountDrift compares fstab with what is mounted: the options that protect, and what is missing. A unit
// that is not mounted may have had its reasons (a condition, a stop), so only fstab's lines count as missing.
func mountDrift(m *facts.Mounts) []facts.Drift {
	if m.Live == nil {
		return nil
	}
	var out []facts.Drift
	for _, want := range m.Fstab {
		if !strings.HasPrefix(want.Target, "/") || want.FSType == "swap" || slices.Contains(want.Options, "noauto") {
			continue
		}
		i := slices.IndexFunc(m.Live, func(l facts.Mount) bool { return l.Target == path.Clean(want.Target) })
		if i < 0 {
			if want.Origin == "fstab" && !slices.Contains(want.Options, "nofail") && !slices.Contains(want.Options, "x-systemd.automount") {
				out = append(out, facts.Drift{Family: "mounts", Subject: want.Target, Persisted: want.FSType})
			}
			continue
		}
		for _, o := range []string{"nodev", "nosuid", "noexec", "ro"} {
			inFile, inLive := slices.Contains(want.Options, o), slices.Contains(m.Live[i].Options, o)
			if inFile && !inLive {
				out = append(out, facts.Drift{Family: "mounts", Subject: want.Target + " " + o, Persisted: o})
			}
		}
	}
	return out
}

// unescapeOctal resolves the \040 and its like that mountinfo and fstab write for white space.
func unescapeOctal(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && isOctal(s[i+1]) && isOctal(s[i+2]) && isOctal(s[i+3]) {
			out.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }
