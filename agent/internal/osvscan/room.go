package osvscan

import (
	"os"
	"path/filepath"
	"slices"
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
		_, line, _ = strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, ok := strings.Cut(line, ":/")
		at, limits := "sys/fs/cgroup", []string{"memory.high", "memory.max"}
		switch {
		case !ok:
			continue
		case slices.Contains(strings.Split(controllers, ","), "memory"): // of the first version of control groups
			at, limits = "sys/fs/cgroup/memory", []string{"memory.limit_in_bytes"}
		case controllers != "":
			continue
		}
		for group = filepath.Join("/", group); ; group = filepath.Dir(group) {
			for _, limit := range limits {
				b, err := os.ReadFile(filepath.Join(root, at, group, limit))
				if n, bad := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 63); err == nil && bad == nil { // else "max", or none
					wanted = min(wanted, max(int(n>>20)-ownMiB, leastMiB))
				}
			}
			if group == "/" {
				break
			}
		}
	}
	return wanted
}
