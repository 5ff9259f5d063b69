package exec

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// tableKey is what the sources without BPF count by.
type tableKey struct {
	path, parent string
	uid          uint32
	flags        Flags
}

// table counts in user space, for the sources without BPF, until the next drain takes it.
type table struct {
	mu     sync.Mutex
	rows   map[tableKey]*Seen
	limit  int
	seen   uint64
	losses hook.Counters
	self   uint64 // kernel time at which this process was last seen running itself
}

func newTable(limit int) *table {
	if limit <= 0 {
		limit = 4096
	}
	return &table{rows: map[tableKey]*Seen{}, limit: limit}
}

// add counts an execution by a process that still lives.
func (t *table) add(p hook.Process, at time.Time) {
	parent, _ := hook.ReadProcess(p.Parent)
	flags := flagsOf(p)
	key := tableKey{p.Exe, parent.Command, p.UID, flags}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen++
	if p.Parent == os.Getpid() && p.Exe == ownPath() {
		t.self = hook.Monotonic()
		return
	}
	s := t.rows[key]
	if s == nil {
		if len(t.rows) >= t.limit {
			t.losses.Lose(hook.LostMapFull, 1)
			return
		}
		s = &Seen{Path: p.Exe, Parent: parent.Command, UID: p.UID, Flags: flags, First: at}
		t.rows[key] = s
	}
	s.Count++
	s.Last, s.PID = at, uint32(p.PID)
}

func (t *table) lose(cause string, n uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen += n
	t.losses.Lose(cause, n)
}

func (t *table) drain(_ hook.Clock, f func(Seen)) error {
	t.mu.Lock()
	rows := t.rows
	t.rows = map[tableKey]*Seen{}
	t.mu.Unlock()
	for _, s := range rows {
		f(*s)
	}
	return nil
}

// Counters say what was seen and lost.
func (t *table) Counters() (hook.Counters, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := hook.Counters{Seen: t.seen}
	for cause, n := range t.losses.Losses {
		c.Lose(cause, n)
	}
	return c, nil
}

// Watch changes nothing: these sources tell no single events.
func (t *table) Watch(bool) error { return nil }

func (t *table) sawSelf(since uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.self >= since
}

func ownPath() string {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(exe, " (deleted)")
}

// flagsOf judges a process's file the way the kernel's program does.
func flagsOf(p hook.Process) Flags {
	var f Flags
	if p.Deleted {
		f |= Deleted
	}
	if strings.HasPrefix(p.Exe, "/memfd:") {
		return f | Memfd
	}
	if info, err := os.Stat(p.Exe); err == nil && info.Mode()&os.ModeSetuid != 0 {
		f |= SetUID
	}
	for dir, first := filepath.Dir(p.Exe), true; ; dir, first = filepath.Dir(dir), false {
		info, err := os.Lstat(dir)
		if err == nil && info.Mode().Perm()&0o002 != 0 {
			if first {
				f |= Writable
			}
			if info.Mode()&os.ModeSticky != 0 {
				f |= Temporary
			}
		}
		if dir == "/" || dir == "." {
			return f
		}
	}
}
