package host

import (
	"encoding/binary"
	"path"
	"strconv"

	"golang.org/x/sys/unix"
)

// capabilityNames are those of capabilities(7), by number.
var capabilityNames = []string{
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
	"net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot",
	"sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease",
	"audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read",
	"perfmon", "bpf", "checkpoint_restore",
}

// fileCapabilities reads the capabilities that a program of an open directory is given when it is run; nil: none. The
// directory is reached by its descriptor and a link is not followed, so that nothing outside the root is looked at.
func fileCapabilities(dir int, name string) []string {
	var b [64]byte
	n, err := unix.Lgetxattr(path.Join("/proc/self/fd", strconv.Itoa(dir), name), "security.capability", b[:])
	if err != nil || n <= 0 {
		return nil
	}
	return parseFileCapabilities(b[:n])
}

// parseFileCapabilities reads a vfs_cap_data of any of its three revisions (linux/capability.h): the permitted and the
// inheritable set, in one or two pairs of little-endian words. What is only inheritable counts too: it takes effect once
// the caller holds it. A number without a name is told as such.
func parseFileCapabilities(b []byte) []string {
	if len(b) < 12 {
		return nil
	}
	var set uint64
	switch binary.LittleEndian.Uint32(b) >> 24 {
	case 1:
		set = uint64(binary.LittleEndian.Uint32(b[4:]) | binary.LittleEndian.Uint32(b[8:]))
	case 2, 3:
		if len(b) < 20 {
			return nil
		}
		set = uint64(binary.LittleEndian.Uint32(b[4:])|binary.LittleEndian.Uint32(b[8:])) |
			uint64(binary.LittleEndian.Uint32(b[12:])|binary.LittleEndian.Uint32(b[16:]))<<32
	}
	var out []string
	for i := range 64 {
		switch {
		case set&(1<<i) == 0:
		case i < len(capabilityNames):
			out = append(out, "cap_"+capabilityNames[i])
		default:
			out = append(out, "cap_"+strconv.Itoa(i))
		}
	}
	return out
}
