// Package ptrace sees one process reach into another: by ptrace, by process_vm_readv, by /proc/PID/mem. ptrace.bpf.c
// tells where the kernel checks it. Kernels without fentry and without BPF among their security modules offer nothing
// that would not make every system call slower; there procfs is asked who traces whom.
package ptrace

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"

	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Event is the name of this probe's event in facts.
const Event = "ptrace"

// Seen is one process reaching into another.
type Seen struct {
	Program   string // command name
	Target    string // command name
	TargetPID uint32
}

// Tracing is what a source tells that is no program in the kernel.
type Tracing struct {
	Seen
	PID uint32 // who reaches
	UID uint32
}

// source is one way to see it.
type source interface {
	hook.Source
	prove(ctx context.Context) error // looks for an event of our own
}

// attached is the source that tells through the ring.
type attached struct{ *hook.Attachment }

// Options are given once, at Open.
type Options struct {
	hook.Options
	Kinds []string // allowed kinds of hooks; nil: all
}

// Probe tells through the ring. Its methods may be called by any goroutine.
type Probe struct {
	choice hook.Choice[source]
}

var candidates = []hook.Candidate{
	{Kind: hook.Fentry, Program: ptraceProgPtraceFentry},
	{Kind: hook.LSM, Program: ptraceProgPtraceLsm, Note: "what another security module refused is not seen"},
}

// Open attaches the best hook and proves it by opening the memory of a process of our own. It never fails: a probe
// that could not be had says why in its Hook. Without a ring the kernel's programs have nothing to tell through.
func Open(ctx context.Context, o Options) *Probe {
	openers := hook.Openers(o.Kinds, loadPtrace, candidates, func(spec *ebpf.CollectionSpec, c hook.Candidate) (source, error) {
		a, err := hook.Attach(spec, c, o.Options)
		if err != nil {
			return nil, err
		}
		return attached{a}, nil
	})
	openers = hook.Beside(openers, o.Kinds, hook.Poll, func() (source, error) { return newPoller() })
	return &Probe{choice: hook.Choose(ctx, openers, func(ctx context.Context, s source) error { return s.prove(ctx) })}
}

// Look tells what began since the last look, where no program in the kernel tells it as it happens. One goroutine at a time
// may call it.
func (p *Probe) Look(f func(Tracing)) {
	if poll, ok := p.choice.Source.(*poller); ok {
		poll.look(f)
	}
}

func (a attached) prove(ctx context.Context) error {
	before, err := a.Counters()
	if err != nil {
		return err
	}
	child, err := hook.Exec(ctx)
	if err != nil {
		return err
	}
	defer child.End()
	return hook.Prove(ctx, func(seen hook.Await) error {
		if err := reach(child.PID()); err != nil {
			return err
		}
		if !seen(func() bool { n, err := a.Counters(); return err == nil && n.Seen > before.Seen }) {
			return hook.ErrSilent
		}
		return nil
	})
}

// reach opens a process's memory, and reads none of it.
func reach(pid int) error {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/mem")
	if err != nil {
		return fmt.Errorf("open memory of canary: %w", err)
	}
	return f.Close()
}

// recordSize is the length of a record after its header, in bytes; an agreement with struct ptrace_record.
const recordSize = 40

// Parse reads a record of the ring, after its header.
func Parse(b []byte) (Seen, bool) {
	if len(b) < recordSize {
		return Seen{}, false
	}
	return Seen{
		Program: hook.String(b[:16]), Target: hook.String(b[16:32]), TargetPID: binary.NativeEndian.Uint32(b[32:]),
	}, true
}

// Hook reports the probe's health.
func (p *Probe) Hook() facts.Hook {
	h, _ := p.choice.Hook(Event)
	return h
}

// Close releases the source.
func (p *Probe) Close() error { return p.choice.Close() }
