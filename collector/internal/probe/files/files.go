// Package files tells who changes the files that decide who may do what on a host: accounts, sudo, PAM, SSH, scheduled
// jobs, units, the loader's preloads; and who opens those that are secret.
//
// It marks the directories of the first, and the second one by one, by fanotify, and so costs nothing for all other files: the kernel looks for a mark on the
// inode it has at hand anyway. A hook on every open would be paid for by each. The kernel's ways there:
//
//	open -> do_open -> vfs_open -> fsnotify_open
//	close -> __fput -> fsnotify_close	open, rename, unlink, chmod -> fsnotify_create, _move, _unlink, _change
//	  -> fsnotify -> fanotify_handle_event, only where the directory is marked
package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Event is the name of this probe's event in facts.
const Event = "sensitive_write"

// Kind is the kind of this hook.
const Kind = "fanotify"

// Change is one change of a sensitive file.
type Change struct {
	At      time.Time
	Path    string
	What    string // written, created, replaced, deleted, attributes; opened
	PID     uint32
	Program string  // path of the program, else its command name; empty: gone
	UID     *uint32 // nil: gone
}

// place is a directory that is marked, with the names in it that count; nil: all.
type place struct {
	pattern string
	names   []string
}

// places are marked where they exist. Patterns are bounded by maxDirs.
var places = []place{
	{"/etc", []string{"passwd", "shadow", "group", "gshadow", "sudoers", "crontab", "ld.so.preload", "ld.so.conf", "nsswitch.conf", "hosts.allow", "hosts.deny", "fstab", "profile", "bash.bashrc", "environment"}},
	{"/etc/sudoers.d", nil}, {"/etc/pam.d", nil}, {"/etc/security", nil}, {"/etc/ssh", nil}, {"/etc/ssh/sshd_config.d", nil},
	{"/etc/cron.d", nil}, {"/etc/cron.hourly", nil}, {"/etc/cron.daily", nil}, {"/etc/cron.weekly", nil}, {"/etc/cron.monthly", nil},
	{"/var/spool/cron", nil}, {"/var/spool/cron/crontabs", nil}, {"/etc/systemd/system", nil}, {"/etc/init.d", nil},
	{"/etc/ld.so.conf.d", nil}, {"/etc/profile.d", nil}, {"/etc/udev/rules.d", nil}, {"/etc/modules-load.d", nil},
	{"/etc/modprobe.d", nil}, {"/etc/polkit-1/rules.d", nil}, {"/etc/vymir", nil}, {"/root/.ssh", nil}, {"/home/*/.ssh", nil},
}

// maxDirs bounds how many directories are marked.
const maxDirs = 1024

const mask = unix.FAN_CLOSE_WRITE | unix.FAN_CREATE | unix.FAN_DELETE | unix.FAN_MOVED_TO | unix.FAN_ATTRIB |
	unix.FAN_EVENT_ON_CHILD

// handle is what the kernel names a directory by.
type handle struct {
	fsid  [8]byte
	kind  int32
	bytes string
}

type dir struct {
	path  string
	names []string
}

// Probe listens in a goroutine of its own until it is closed.
type Probe struct {
	state  string
	reason string
	tell   func(Change)

	fd     int // of socket; asking the file for it would make it blocking
	socket *os.File
	dirs   map[handle]dir
	done   sync.WaitGroup

	mu     sync.Mutex
	canary string
	sawOwn bool
	seen   uint64
	lost   uint64
}

// Open marks the directories and proves itself by writing a file in a directory of its own, which it makes in home, or,
// where that is "" or on a file system that cannot be marked, in one for temporary files. tell is called from another
// goroutine. Open never fails: what could not be had is said in Hook.
func Open(ctx context.Context, allowed bool, home string, tell func(Change)) *Probe {
	p := &Probe{state: hook.Off, tell: tell, dirs: map[handle]dir{}}
	if !allowed {
		return p
	}
	p.state = hook.Refused
	fd, err := unix.FanotifyInit(unix.FAN_CLASS_NOTIF|unix.FAN_CLOEXEC|unix.FAN_NONBLOCK|unix.FAN_REPORT_DFID_NAME, unix.O_RDONLY)
	if err != nil {
		p.reason = fmt.Sprintf("open fanotify: %v", err)
		return p
	}
	p.fd = fd
	p.socket = os.NewFile(uintptr(fd), "fanotify")
	unmarked := p.markAll()
	canary, err := p.markCanary(home)
	if err != nil {
		p.reason = strings.ReplaceAll(err.Error(), "\n", "; ")
		p.socket.Close()
		p.socket = nil
		return p
	}
	defer os.RemoveAll(canary)
	p.done.Add(1)
	go func() {
		defer p.done.Done()
		p.read()
	}()
	p.state, p.reason = hook.Proven, nameless(unmarked)
	if err := p.prove(ctx); err != nil {
		p.state, p.reason = hook.Silent, err.Error()
	}
	return p
}

// nameless adds to a reason that the kernel tells only those with CAP_SYS_ADMIN which process it was.
func nameless(reason string) string {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil || sets[0].Effective>>unix.CAP_SYS_ADMIN&1 == 1 {
		return reason
	}
	return strings.TrimSuffix("who did it is not known without CAP_SYS_ADMIN; "+reason, "; ")
}

// markAll gives a sentence about what could not be marked.
func (p *Probe) markAll() string {
	var failed []string
	var reason error
	for _, pl := range places {
		paths, _ := filepath.Glob(pl.pattern) // the patterns are ours: they are well formed
		for _, path := range paths {
			if len(p.dirs) >= maxDirs {
				return fmt.Sprintf("more than %d directories", maxDirs)
			}
			if info, err := os.Stat(path); err != nil || !info.IsDir() {
				continue
			}
			if err := p.mark(path, pl.names); err != nil {
				failed, reason = append(failed, path), err
			}
		}
	}
	if len(failed) == 0 {
		return ""
	}
	return fmt.Sprintf("not watched: %s: %v", strings.Join(failed[:min(len(failed), 8)], ", "), reason)
}

func (p *Probe) mark(path string, names []string) error {
	h, err := handleOf(path)
	if err != nil {
		return err
	}
	if err := unix.FanotifyMark(p.fd, unix.FAN_MARK_ADD|unix.FAN_MARK_ONLYDIR, mask, unix.AT_FDCWD, path); err != nil {
		return err
	}
	p.dirs[h] = dir{path, names}
	return nil
}

func handleOf(path string) (handle, error) {
	fh, _, err := unix.NameToHandleAt(unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW)
	if err != nil {
		return handle{}, err
	}
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return handle{}, err
	}
	h := handle{kind: fh.Type(), bytes: string(fh.Bytes())}
	putFSID(&h.fsid, st.Fsid)
	return h, nil
}

func (p *Probe) markCanary(home string) (string, error) {
	var errs error
	for _, parent := range []string{home, os.TempDir(), "/var/tmp"} {
		if parent == "" {
			continue
		}
		path, err := os.MkdirTemp(parent, ".vymir-canary-")
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("make canary: %w", err))
			continue
		}
		if err := p.mark(path, nil); err != nil {
			os.RemoveAll(path)
			errs = errors.Join(errs, fmt.Errorf("mark %s: %w", parent, err))
			continue
		}
		p.canary = path
		return path, nil
	}
	return "", errs
}

func (p *Probe) prove(ctx context.Context) error {
	return hook.Prove(ctx, func(seen hook.Await) error {
		if err := os.WriteFile(filepath.Join(p.canary, "canary"), []byte{0}, 0o600); err != nil {
			return fmt.Errorf("write canary: %w", err)
		}
		if !seen(func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.sawOwn }) {
			return hook.ErrSilent
		}
		return nil
	})
}

func (p *Probe) read() {
	buf := make([]byte, 16<<10)
	for {
		n, err := p.socket.Read(buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return
		}
		now := time.Now().UTC()
		parse(buf[:n], func(e event) { p.event(e, now) })
	}
}

func (p *Probe) event(e event, now time.Time) {
	d, ok := p.dirs[e.dir]
	p.mu.Lock()
	switch {
	case e.overflow:
		p.lost++
		p.mu.Unlock()
		return
	case !ok || !d.wants(e.name):
		p.mu.Unlock()
		return
	case d.path == p.canary:
		p.sawOwn = p.sawOwn || int(e.pid) == os.Getpid()
		p.mu.Unlock()
		return
	}
	p.seen++
	p.mu.Unlock()
	c := Change{At: now, Path: filepath.Join(d.path, e.name), What: e.what(), PID: uint32(e.pid)}
	c.who(int(e.pid))
	p.tell(c)
}

// who asks procfs for the program and the user of a process; nothing when it has gone.
func (c *Change) who(pid int) {
	pr, ok := hook.ReadProcess(pid)
	if !ok {
		return
	}
	c.Program, c.UID = pr.Exe, &pr.UID
	if c.Program == "" {
		c.Program = pr.Command
	}
}

func (d dir) wants(name string) bool {
	if d.names == nil {
		return name != "" && name != "."
	}
	for _, n := range d.names {
		if n == name {
			return true
		}
	}
	return false
}

// Hook reports the probe's health.
func (p *Probe) Hook() facts.Hook {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := facts.Hook{Event: Event, State: p.state, Reason: p.reason, Events: p.seen, Lost: p.lost}
	if p.socket != nil {
		h.Kind = Kind
	}
	if p.lost > 0 {
		h.Losses = map[string]uint64{hook.LostOverrun: p.lost}
	}
	return h
}

// Close takes the marks away.
func (p *Probe) Close() error {
	if p.socket == nil {
		return nil
	}
	err := p.socket.Close()
	p.done.Wait()
	return err
}
