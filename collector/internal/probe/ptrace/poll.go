package ptrace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// maxProcesses bounds how many processes are looked at in one look.
const maxProcesses = 16384

// pollNote is what the poller does not see.
const pollNote = "only tracing that lasts is seen, twice a minute, and no reading of memory without it"

// tracing is one process being traced by another.
type tracing struct{ tracer, target int }

// poller is the source of last resort: procfs says who traces a process just now. It looks when it is asked to.
type poller struct {
	mu   sync.Mutex
	last map[tracing]bool // seen at the last look
	seen uint64
	lost uint64
}

// newPoller begins with what is traced already, so that a restart does not tell it again.
func newPoller() (*poller, error) {
	p := &poller{}
	now, err := p.tracings()
	if err != nil {
		return nil, err
	}
	p.last = now
	return p, nil
}

// look tells the tracings that are new. Those by this process are its canary's.
func (p *poller) look(f func(Tracing)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, err := p.tracings()
	if err != nil {
		return
	}
	for t := range now {
		if p.last[t] || t.tracer == os.Getpid() {
			continue
		}
		p.seen++
		tracer, ok := hook.ReadProcess(t.tracer)
		if !ok {
			p.lost++
			continue
		}
		target, _ := hook.ReadProcess(t.target)
		f(Tracing{
			Seen: Seen{Program: tracer.Command, Target: target.Command, TargetPID: uint32(t.target)},
			PID:  uint32(t.tracer), UID: tracer.UID,
		})
	}
	p.last = now
}

func (p *poller) tracings() (map[tracing]bool, error) {
	pids, err := hook.Processes()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	if n := len(pids) - maxProcesses; n > 0 {
		p.lost += uint64(n)
		pids = pids[:maxProcesses]
	}
	found := map[tracing]bool{}
	for _, pid := range pids {
		status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		if err != nil {
			continue // it has gone
		}
		thread := parseNumber(status, "TracerPid")
		if thread == 0 {
			continue
		}
		tracer := thread // of several threads each traces by itself
		if status, err := os.ReadFile("/proc/" + strconv.Itoa(thread) + "/status"); err == nil {
			tracer = parseNumber(status, "Tgid")
		}
		found[tracing{tracer, pid}] = true
	}
	return found, nil
}

// parseNumber finds a number in a process's status; 0: it is not there.
func parseNumber(status []byte, name string) int {
	_, rest, ok := bytes.Cut(status, []byte("\n"+name+":"))
	if !ok {
		return 0
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	n, err := strconv.Atoi(string(bytes.TrimSpace(line)))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// prove traces a process of our own, without stopping it, and looks for it. Where we may not trace, as in a unit that allows
// few system calls, it is enough that procfs would say so.
func (p *poller) prove(ctx context.Context) error {
	child, err := hook.Exec(ctx)
	if err != nil {
		return err
	}
	defer child.Kill()
	if err := unix.PtraceSeize(child.PID()); errors.Is(err, unix.EPERM) {
		status, err := os.ReadFile("/proc/" + strconv.Itoa(child.PID()) + "/status")
		if err == nil && !bytes.Contains(status, []byte("\nTracerPid:")) {
			err = hook.ErrSilent
		}
		return err
	} else if err != nil {
		return fmt.Errorf("trace canary: %w", err)
	}
	now, err := p.tracings()
	if err != nil {
		return err
	}
	if !now[tracing{os.Getpid(), child.PID()}] {
		return hook.ErrSilent
	}
	return nil
}

// Kind is the kind of this hook.
func (p *poller) Kind() string { return hook.Poll }

// Note says what is missed.
func (p *poller) Note() string { return pollNote }

// Counters say what was seen and lost.
func (p *poller) Counters() (hook.Counters, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := hook.Counters{Seen: p.seen}
	c.Lose(hook.LostGone, p.lost)
	return c, nil
}

// Watch changes nothing: tracing is rare, and told as it is seen.
func (p *poller) Watch(bool) error { return nil }

// Close has nothing to release.
func (p *poller) Close() error { return nil }
