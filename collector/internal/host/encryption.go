package host

import (
	"context"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

// maxLayers bounds how deep block devices stand on each other.
const maxLayers = 8

// collectEncryption looks for a dm-crypt layer below every mounted disk file system and swap area.
func collectEncryption(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	enc := &facts.Encryption{Crypttab: []string{}}
	doc.Encryption = enc
	if b, ok := r.file(env, "/etc/crypttab"); ok {
		for _, line := range lines(b) {
			if f := strings.Fields(line); len(f) >= 2 && f[0][0] != '#' && len(enc.Crypttab) < 256 {
				enc.Crypttab = append(enc.Crypttab, f[0])
			}
		}
	}
	if !env.Live {
		return r.status()
	}
	if doc.Mounts != nil {
		enc.Volumes = []facts.Volume{}
		for _, m := range doc.Mounts.Live {
			if strings.HasPrefix(m.Source, "/dev/") && !strings.HasPrefix(m.Source, "/dev/loop") && m.FSType != "squashfs" && m.FSType != "iso9660" && len(enc.Volumes) < 256 {
				enc.Volumes = append(enc.Volumes, facts.Volume{Device: m.Source, Target: m.Target, Encrypted: env.encrypted(m.Source)})
			}
		}
	}
	if b, ok := r.proc(env, "/proc/swaps"); ok {
		enc.Swap = []facts.Volume{}
		for n, line := range lines(b) {
			f := strings.Fields(line)
			if n == 1 || len(f) < 2 || len(enc.Swap) >= 64 {
				continue
			}
			v := facts.Volume{Device: f[0]}
			switch {
			case strings.HasPrefix(f[0], "/dev/zram"):
				v.Encrypted = ptr(true) // in memory: gone with the power
			case f[1] == "partition":
				v.Encrypted = env.encrypted(f[0])
			}
			enc.Swap = append(enc.Swap, v)
		}
	}
	return r.status()
}

// encrypted tells whether a dm-crypt layer stands at or below a block device; nil when sysfs does not show the device.
func (e *Env) encrypted(device string) *bool {
	name := ""
	if e.Native() {
		var st unix.Stat_t
		if unix.Stat(device, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFBLK {
			link, err := e.ProcLink("/sys/dev/block/" + strconv.Itoa(int(unix.Major(wide(st.Rdev)))) + ":" + strconv.Itoa(int(unix.Minor(wide(st.Rdev)))))
			if err == nil {
				name = path.Base(link)
			}
		}
	}
	if name == "" {
		name = path.Base(device)
	}
	if !e.ProcExists("/sys/class/block/" + name) {
		return nil
	}
	return ptr(e.cryptBelow(name, 0))
}

func (e *Env) cryptBelow(name string, depth int) bool {
	dir := "/sys/class/block/" + name
	if strings.HasPrefix(e.procLine(dir+"/dm/uuid"), "CRYPT-") {
		return true
	}
	slaves, err := e.ProcNames(dir + "/slaves")
	if err != nil || len(slaves) == 0 || depth >= maxLayers {
		return false
	}
	for _, s := range slaves { // an array is encrypted when every part is
		if !e.cryptBelow(s, depth+1) {
			return false
		}
	}
	return true
}
