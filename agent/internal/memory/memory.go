// Package memory gives memory back: the heap's free pages, and the pages of the program itself that only its start needed.
package memory

import (
	"bufio"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Release returns to the system what this process holds and does not need just now. The program's code and constants are read-only
// pages of its file: given up, they are mapped again when they are next used, from the page cache. Of 22 MB that starting the
// policy engine's packages touches, a waiting daemon uses 5. Best effort: without /proc nothing happens.
func Release() {
	debug.FreeOSMemory()
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer f.Close()
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	for _, m := range readOnly(f, exe) {
		// Read-only private pages of a file hold nothing that is not in the file.
		unix.Syscall(unix.SYS_MADVISE, m[0], m[1]-m[0], unix.MADV_DONTNEED) //nolint:errcheck // best effort
	}
}

// readOnly gives start and end of the mappings of the file exe that cannot be written.
func readOnly(maps io.Reader, exe string) [][2]uintptr {
	var out [][2]uintptr
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 || strings.Join(fields[5:], " ") != exe || strings.Contains(fields[1], "w") || !strings.HasSuffix(fields[1], "p") {
			continue
		}
		from, to, ok := strings.Cut(fields[0], "-")
		if !ok {
			continue
		}
		start, err1 := strconv.ParseUint(from, 16, 64)
		end, err2 := strconv.ParseUint(to, 16, 64)
		if err1 == nil && err2 == nil && start < end {
			out = append(out, [2]uintptr{uintptr(start), uintptr(end)})
		}
	}
	return out
}
