package osvscan

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	ownMiB   = 64 // what the daemon and its measuring child need beside a scan
	leastMiB = 64 // the smallest cap that the program takes
)

// room gives the cap of memory, in MiB, that a child may have: what is wanted, or less where the control group of this process, or one above it,
// leaves less. Its limits count for the agent and its children together, and beyond them the kernel would end any of these; beyond the cap
// the scan ends itself, and says so. root is where /proc and /sys are found.
func room(root string, wanted int) int {
	text, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return wanted
	}
	for line := range strings.Lines(string(text)) {
		group, ok := strings.CutPrefix(strings.TrimSpace(line), "0::/")
		if !ok {
			continue
		}
		for group = filepath.Clean(group); ; group = filepath.Dir(group) {
			for _, limit := range []string{"memory.high", "memory.max"} {
				b, err := os.ReadFile(filepath.Join(root, "sys/fs/cgroup", group, limit))
				if n, bad := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 63); err == nil && bad == nil { // else "max", or none
					wanted = min(wanted, max(int(n>>20)-ownMiB, leastMiB))
				}
			}
			if group == "." {
				break
			}
		}
	}
	return wanted
}
