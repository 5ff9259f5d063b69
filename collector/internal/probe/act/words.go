package act

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/cilium/ebpf"
)

// Detail is what was done, in few words that mean the same in every language: "to user 0", "CAP_NET_RAW", "all but CAP_BPF", "mount network",
// "tmpfs", "Kprobe name", "name (OE)".
func (s Seen) Detail() string {
	switch s.Kind {
	case SetUID:
		if s.Flags&Gained != 0 {
			return fmt.Sprintf("from user %d to %d", s.UID, s.To)
		}
		return fmt.Sprintf("to user %d", s.To)
	case Capset:
		if s.Mask == 0 {
			return "fewer"
		}
		if without := ^s.Mask & (1<<len(capabilities) - 1); bits.OnesCount64(without) < len(capabilities)/2 {
			return strings.TrimSuffix("all but "+strings.Join(named(without, capabilities), " "), " but ")
		}
		return strings.Join(named(s.Mask, capabilities), " ")
	case Namespace:
		if s.Mask == 0 {
			return "unknown"
		}
		return strings.Join(named(s.Mask, namespaces), " ")
	case Mount:
		return strings.TrimSpace(s.What + " " + strings.Join(named(s.Mask, mounts), " "))
	case Program:
		return strings.TrimSpace(ebpf.ProgramType(s.Mask).String() + " " + s.What)
	case Module:
		if letters := strings.Join(named(s.Mask, taints), ""); letters != "" {
			return s.What + " (" + letters + ")"
		}
	}
	return s.What
}

// named gives the names of the bits that are set, in the order of the bits; one without a name is left out.
func named(mask uint64, names map[int]string) []string {
	var out []string
	for i := range 64 {
		if mask>>i&1 == 1 && names[i] != "" {
			out = append(out, names[i])
		}
	}
	return out
}

// namespaces by bits of clone's flags.
var namespaces = map[int]string{7: "time", 17: "mount", 25: "cgroup", 26: "uts", 27: "ipc", 28: "user", 29: "pid", 30: "network"}

// mounts by bits of mount's flags: what is not a new file system.
var mounts = map[int]string{5: "remount", 12: "bind", 13: "move", 17: "unbindable", 18: "private", 19: "slave", 20: "shared"}

// taints by bits, as /proc/modules shows them; none for a module of the kernel's own that is signed.
var taints = map[int]string{0: "P", 1: "F", 10: "C", 12: "O", 13: "E", 15: "K", 16: "X", 17: "T", 18: "N"}

// capabilities by number.
var capabilities = map[int]string{
	0: "CAP_CHOWN", 1: "CAP_DAC_OVERRIDE", 2: "CAP_DAC_READ_SEARCH", 3: "CAP_FOWNER", 4: "CAP_FSETID", 5: "CAP_KILL",
	6: "CAP_SETGID", 7: "CAP_SETUID", 8: "CAP_SETPCAP", 9: "CAP_LINUX_IMMUTABLE", 10: "CAP_NET_BIND_SERVICE",
	11: "CAP_NET_BROADCAST", 12: "CAP_NET_ADMIN", 13: "CAP_NET_RAW", 14: "CAP_IPC_LOCK", 15: "CAP_IPC_OWNER",
	16: "CAP_SYS_MODULE", 17: "CAP_SYS_RAWIO", 18: "CAP_SYS_CHROOT", 19: "CAP_SYS_PTRACE", 20: "CAP_SYS_PACCT",
	21: "CAP_SYS_ADMIN", 22: "CAP_SYS_BOOT", 23: "CAP_SYS_NICE", 24: "CAP_SYS_RESOURCE", 25: "CAP_SYS_TIME",
	26: "CAP_SYS_TTY_CONFIG", 27: "CAP_MKNOD", 28: "CAP_LEASE", 29: "CAP_AUDIT_WRITE", 30: "CAP_AUDIT_CONTROL",
	31: "CAP_SETFCAP", 32: "CAP_MAC_OVERRIDE", 33: "CAP_MAC_ADMIN", 34: "CAP_SYSLOG", 35: "CAP_WAKE_ALARM",
	36: "CAP_BLOCK_SUSPEND", 37: "CAP_AUDIT_READ", 38: "CAP_PERFMON", 39: "CAP_BPF", 40: "CAP_CHECKPOINT_RESTORE",
}
