package files

import (
	"context"
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

// Read is the name of the event in facts that a secret was opened.
const Read = "sensitive_read"

// secrets are files whose content opens doors: hashes of passwords, private keys, who may become root. They are marked one
// by one, so that opening any other file costs nothing. The agent's own are added where it keeps them.
var secrets = []string{
	"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/sudoers.d/*",
	"/etc/ssh/ssh_host_*_key", "/root/.ssh/id_*", "/home/*/.ssh/id_*", "/etc/ssl/private/*", "/etc/krb5.keytab",
}

// maxSecrets bounds how many files are marked.
const maxSecrets = 1024

// Opens listens in a goroutine of its own until it is closed. Its methods may be called by any goroutine.
type Opens struct {
	tell func(Change)
	own  []string // patterns of the agent's own secrets

	fd     int
	socket *os.File // nil: not open
	done   sync.WaitGroup

	mu     sync.Mutex
	state  string
	reason string
	marked map[handle]string // paths
	canary string
	sawOwn bool
	seen   uint64
	lost   uint64
}

// OpenReads marks the secrets, those in home, the agent's state, among them, and proves itself by opening a file of its own. tell
// is called from another goroutine. It never fails: what could not be had is said in Hook.
func OpenReads(ctx context.Context, allowed bool, home string, tell func(Change)) *Opens {
	o := &Opens{tell: tell, state: hook.Off, marked: map[handle]string{}}
	if !allowed {
		return o
	}
	o.state = hook.Refused
	if home != "" {
		o.own = []string{filepath.Join(home, "*.key"), filepath.Join(home, "identity*"), filepath.Join(home, "identity", "*")}
	}
	fd, err := unix.FanotifyInit(unix.FAN_CLASS_NOTIF|unix.FAN_CLOEXEC|unix.FAN_NONBLOCK|unix.FAN_REPORT_FID, unix.O_RDONLY)
	if err != nil {
		o.reason = fmt.Sprintf("open fanotify: %v", err)
		return o
	}
	o.fd, o.socket = fd, os.NewFile(uintptr(fd), "fanotify")
	o.done.Add(1)
	go func() {
		defer o.done.Done()
		o.read()
	}()
	o.state, o.reason = hook.Proven, nameless("")
	if err := o.prove(ctx, home); err != nil {
		o.state, o.reason = hook.Silent, err.Error()
	}
	o.Mark()
	return o
}

// Mark marks the secrets that are there now: a file that was replaced is another one. What is marked already stays so.
func (o *Opens) Mark() {
	if o.socket == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	fresh := map[handle]string{}
	var failed []string
	for _, pattern := range append(secrets[:len(secrets):len(secrets)], o.own...) {
		paths, _ := filepath.Glob(pattern) // the patterns are ours: they are well formed
		for _, path := range paths {
			if len(fresh) >= maxSecrets {
				o.reason = fmt.Sprintf("more than %d files", maxSecrets)
				break
			}
			if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || strings.HasSuffix(path, ".pub") {
				continue
			}
			if err := o.mark(path, fresh); err != nil {
				failed = append(failed, path)
			}
		}
	}
	o.marked = fresh
	if len(failed) > 0 {
		o.reason = nameless("not watched: " + strings.Join(failed[:min(len(failed), 8)], ", "))
	}
}

func (o *Opens) mark(path string, into map[handle]string) error {
	h, err := handleOf(path)
	if err != nil {
		return err
	}
	if err := unix.FanotifyMark(o.fd, unix.FAN_MARK_ADD|unix.FAN_MARK_DONT_FOLLOW, unix.FAN_OPEN, unix.AT_FDCWD, path); err != nil {
		return err
	}
	into[h] = path
	return nil
}

func (o *Opens) prove(ctx context.Context, home string) error {
	var last error
	for _, parent := range []string{home, os.TempDir(), "/var/tmp"} {
		if parent == "" {
			continue
		}
		f, err := os.CreateTemp(parent, ".vymir-canary-")
		if err != nil {
			last = fmt.Errorf("make canary: %w", err)
			continue
		}
		defer os.Remove(f.Name())
		f.Close()
		o.mu.Lock()
		err = o.mark(f.Name(), o.marked)
		o.canary = f.Name()
		o.mu.Unlock()
		if err != nil {
			last = fmt.Errorf("mark canary: %w", err)
			continue
		}
		return hook.Prove(ctx, func(seen hook.Await) error {
			f, err := os.Open(f.Name())
			if err != nil {
				return fmt.Errorf("open canary: %w", err)
			}
			f.Close()
			if !seen(func() bool { o.mu.Lock(); defer o.mu.Unlock(); return o.sawOwn }) {
				return hook.ErrSilent
			}
			return nil
		})
	}
	return last
}

func (o *Opens) read() {
	buf := make([]byte, 16<<10)
	for {
		n, err := o.socket.Read(buf)
		if err != nil {
			return
		}
		now := time.Now().UTC()
		parse(buf[:n], func(e event) { o.event(e, now) })
	}
}

func (o *Opens) event(e event, now time.Time) {
	own := int(e.pid) == os.Getpid()
	o.mu.Lock()
	path, ok := o.marked[e.dir]
	switch {
	case e.overflow:
		o.lost++
	case path == o.canary && ok:
		o.sawOwn = o.sawOwn || own
		ok = false
	case ok && !own:
		o.seen++
	}
	o.mu.Unlock()
	if !ok || own || e.overflow {
		return
	}
	c := Change{At: now, Path: path, What: "opened", PID: uint32(e.pid)}
	c.who(int(e.pid))
	o.tell(c)
}

// Hook reports the probe's health.
func (o *Opens) Hook() facts.Hook {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := facts.Hook{Event: Read, State: o.state, Reason: o.reason, Events: o.seen, Lost: o.lost}
	if o.socket != nil {
		h.Kind = Kind
	}
	if o.lost > 0 {
		h.Losses = map[string]uint64{hook.LostOverrun: o.lost}
	}
	return h
}

// Close takes the marks away.
func (o *Opens) Close() error {
	if o.socket == nil {
		return nil
	}
	err := o.socket.Close()
	o.done.Wait()
	return err
}
