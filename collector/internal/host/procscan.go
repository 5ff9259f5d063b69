package host

import (
	"bytes"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/systemd"
)

const (
	maxProcs   = 32768   // processes looked at
	maxFDs     = 1 << 19 // file descriptors looked at, over all processes
	clockTicks = 100     // USER_HZ: the unit of /proc/PID/stat, the same on every architecture we build for
)

// shared is what several families read and only one pass should gather.
type shared struct {
	procsOnce sync.Once
	procs     *procScan

	ownersOnce sync.Once
	owners     map[string]string
	ownersOK   bool

	unitsOnce sync.Once
	units     *systemd.Set
}

// process is one running program as /proc shows it.
type process struct {
	pid, ppid  int
	comm       string
	exe        string // without the kernel's " (deleted)"
	exeDeleted bool
	exeKnown   bool // the link could be read
	uid        uint32
	started    time.Time // zero: not known
	unit       string    // systemd unit by cgroup
	contained  bool      // in another PID name space than ours
	kernel     bool      // a kernel thread
	script     string    // of an interpreter that holds sockets, as facts.Listener.Script says
	sockets    []uint64  // inodes
	bpf        []string  // numbers of the descriptors that hold a BPF program or link
}

// procScan is one pass over /proc.
type procScan struct {
	procs   []*process
	byInode map[uint64]*process
	err     error // /proc could not be listed
	denied  int   // processes whose files we may not see
}

// processTable returns the pass over /proc, made at the first call.
func (e *Env) processTable() *procScan {
	e.shared.procsOnce.Do(func() { e.shared.procs = e.scanProcesses() })
	return e.shared.procs
}

// unitSet returns the host's systemd units, listed at the first call.
func (e *Env) unitSet() *systemd.Set {
	e.shared.unitsOnce.Do(func() { e.shared.units = systemd.Open(e) })
	return e.shared.units
}

func (e *Env) scanProcesses() *procScan {
	s := &procScan{byInode: map[uint64]*process{}}
	names, err := e.ProcNames("/proc")
	if err != nil {
		s.err = err
		return s
	}
	boot := e.bootClock()
	own, _ := e.ProcLink("/proc/self/ns/pid")
	fds := 0
	for _, n := range names {
		pid, err := strconv.Atoi(n)
		if err != nil || len(s.procs) >= maxProcs {
			continue
		}
		p := e.readProcess(pid, boot, own)
		if p == nil {
			continue // ended meanwhile
		}
		s.procs = append(s.procs, p)
		if p.kernel {
			continue
		}
		links, err := e.ProcNames("/proc/" + n + "/fd")
		if err != nil {
			s.denied++
			continue
		}
		for _, fd := range links {
			if fds++; fds > maxFDs {
				break
			}
			target, err := e.ProcLink("/proc/" + n + "/fd/" + fd)
			if err != nil {
				continue // closed meanwhile
			}
			if kind, ok := strings.CutPrefix(target, "anon_inode:"); ok && (kind == "bpf-prog" || kind == "bpf_link") {
				p.bpf = append(p.bpf, fd)
			}
			if inode, ok := socketInode(target); ok {
				p.sockets = append(p.sockets, inode)
				// A socket may be shared: the eldest program that holds it owns it, but not systemd where another does.
				if have := s.byInode[inode]; have == nil || have.pid == 1 || p.pid != 1 && p.started.Before(have.started) {
					s.byInode[inode] = p
				}
			}
		}
		if len(p.sockets) > 0 && !p.contained {
			p.script = e.interpreted(pid, p.exe)
		}
	}
	return s
}

// socketInode reads the inode off what a descriptor's link says.
func socketInode(target string) (uint64, bool) {
	s, ok := strings.CutPrefix(target, "socket:[")
	if !ok {
		return 0, false
	}
	inode, err := strconv.ParseUint(strings.TrimSuffix(s, "]"), 10, 64)
	return inode, err == nil
}

// readProcess reads one process; nil when it is gone.
func (e *Env) readProcess(pid int, boot time.Time, ownNS string) *process {
	dir := "/proc/" + strconv.Itoa(pid)
	status, err := e.ReadProcLimit(dir+"/status", 64<<10)
	if err != nil {
		return nil
	}
	p := &process{pid: pid}
	for _, line := range lines(status) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch key {
		case "Name":
			p.comm = value
		case "PPid":
			p.ppid, _ = strconv.Atoi(value)
		case "Uid":
			if f := strings.Fields(value); len(f) > 1 {
				uid, _ := strconv.ParseUint(f[1], 10, 32)
				p.uid = uint32(uid)
			}
		case "Kthread":
			p.kernel = value == "1"
		}
	}
	if pid == 2 || p.ppid == 2 {
		p.kernel = true
	}
	if stat, err := e.ReadProcLimit(dir+"/stat", 4<<10); err == nil && !boot.IsZero() {
		p.started = startTime(stat, boot)
	}
	if p.kernel {
		return p
	}
	if exe, err := e.ProcLink(dir + "/exe"); err == nil {
		p.exeKnown = true
		p.exe, p.exeDeleted = strings.CutSuffix(exe, " (deleted)")
	}
	if cg, err := e.ReadProcLimit(dir+"/cgroup", 16<<10); err == nil {
		p.unit = unitOfCgroup(string(cg))
	}
	if ns, err := e.ProcLink(dir + "/ns/pid"); err == nil && ownNS != "" {
		p.contained = ns != ownNS
	}
	return p
}

// startTime reads field 22 of /proc/PID/stat, counted after the command name, which may hold anything.
func startTime(stat []byte, boot time.Time) time.Time {
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return time.Time{}
	}
	f := strings.Fields(string(stat[end+1:]))
	if len(f) < 20 {
		return time.Time{}
	}
	ticks, err := strconv.ParseInt(f[19], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return boot.Add(time.Duration(ticks) * (time.Second / clockTicks))
}

// bootClock returns the wall time at which the kernel's boot clock stood at zero, by today's wall clock: a clock that
// was stepped since boot moves it.
func (e *Env) bootClock() time.Time {
	if e.Native() {
		var boot unix.Timespec
		if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) == nil {
			return time.Now().Add(-time.Duration(boot.Nano())).UTC()
		}
	}
	b, err := e.ReadProcLimit("/proc/stat", 16<<20)
	if err != nil {
		return time.Time{}
	}
	for _, line := range lines(b) {
		if v, ok := strings.CutPrefix(line, "btime "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			if err != nil {
				return time.Time{}
			}
			return time.Unix(n, 0).UTC()
		}
	}
	return time.Time{}
}

// unitOfCgroup finds the systemd unit in a /proc/PID/cgroup file: the last service or scope of the path.
func unitOfCgroup(text string) string {
	for line := range strings.SplitSeq(text, "\n") {
		_, rest, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		controller, dir, ok := strings.Cut(rest, ":")
		if !ok || controller != "" && controller != "name=systemd" {
			continue
		}
		elems := strings.Split(dir, "/")
		for _, want := range []string{".service", ".scope"} {
			for _, elem := range slices.Backward(elems) {
				if strings.HasSuffix(elem, want) && !strings.HasPrefix(elem, "user@") {
					return strings.ReplaceAll(elem, `\x2d`, "-")
				}
			}
		}
	}
	return ""
}

// find returns the processes whose program has one of the base names.
func (s *procScan) find(names ...string) []*process {
	var out []*process
	for _, p := range s.procs {
		if !p.kernel && !p.contained && (slices.Contains(names, path.Base(p.exe)) || !p.exeKnown && slices.Contains(names, p.comm)) {
			out = append(out, p)
		}
	}
	return out
}

// running says whether a program of one of the base names runs; nil when the host is not live.
func (e *Env) running(names ...string) *bool {
	if !e.Live {
		return nil
	}
	s := e.processTable()
	if s.err != nil {
		return nil
	}
	return ptr(len(s.find(names...)) > 0)
}

// arguments returns the command line of a process, split as the kernel keeps it.
func (e *Env) arguments(pid int) []string {
	b, err := e.ReadProcLimit("/proc/"+strconv.Itoa(pid)+"/cmdline", 1<<20)
	if err != nil || len(b) == 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(string(b), "\x00"), "\x00")
}
