package hook

import (
	"bytes"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Process is what procfs says of a process.
type Process struct {
	PID     int
	Parent  int
	Command string // as the kernel keeps it
	UID     uint32 // real
	Start   uint64 // clock ticks after boot; tells a reused process id
	Exe     string // path of its program; empty: a kernel thread, gone, or not ours to see
	Deleted bool   // the program's file has no name any more
}

// StartOf says when a process began, in clock ticks after boot; false: it has gone. It costs a third of [ReadProcess].
func StartOf(pid int) (uint64, bool) {
	p, ok := readStat(pid)
	return p.Start, ok
}

func readStat(pid int) (Process, bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return Process{}, false
	}
	p, ok := parseStat(stat)
	p.PID = pid
	return p, ok
}

// ReadProcess asks procfs for a process; false: it has gone.
func ReadProcess(pid int) (Process, bool) {
	p, ok := readStat(pid)
	if !ok {
		return Process{}, false
	}
	dir := "/proc/" + strconv.Itoa(pid)
	if status, err := os.ReadFile(dir + "/status"); err == nil {
		p.UID = parseUID(status)
	}
	if exe, err := os.Readlink(dir + "/exe"); err == nil {
		p.Exe, p.Deleted = strings.CutSuffix(exe, " (deleted)")
	}
	return p, true
}

// parseStat reads "pid (command) state ppid ... starttime ..."; the command may hold anything, even brackets.
func parseStat(b []byte) (Process, bool) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 0 || end < open || end+2 > len(b) {
		return Process{}, false
	}
	f := bytes.Fields(b[end+1:])
	if len(f) < 20 {
		return Process{}, false
	}
	parent, err1 := strconv.Atoi(string(f[1]))
	start, err2 := strconv.ParseUint(string(f[19]), 10, 64)
	if err1 != nil || err2 != nil {
		return Process{}, false
	}
	return Process{Command: string(b[open+1 : end]), Parent: parent, Start: start}, true
}

func parseUID(status []byte) uint32 {
	_, rest, ok := bytes.Cut(status, []byte("\nUid:"))
	if !ok {
		return 0
	}
	f := bytes.Fields(rest[:min(len(rest), 64)])
	if len(f) == 0 {
		return 0
	}
	uid, err := strconv.ParseUint(string(f[0]), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(uid)
}

// Processes lists all process ids of the host.
func Processes() ([]int, error) {
	d, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	pids := make([]int, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// Inode is the number of a file within its file system; 0: not known.
func Inode(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino)
	}
	return 0
}
