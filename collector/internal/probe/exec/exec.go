// Package exec sees programs being run: by BPF in the kernel, or by the kernel's process messages, or by reading
// procfs again and again. exec.bpf.c tells where the kernel reports it.
package exec

import (
	"context"
	"time"

	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Event is the name of this probe's event in facts.
const Event = "exec"

// Flags of an execution; an agreement with enum flag in exec.bpf.c.
type Flags uint32

// What makes an execution notable, and how its path is to be read.
const (
	Deleted         Flags = 1 << iota // the file has no name any more
	Temporary                         // below a directory like /tmp
	SetUID                            // the file is set-user-id
	Script                            // started through an interpreter
	ScriptTemporary                   // that script lies in a directory like /tmp
	cut                               // the path is not whole
	flat                              // the path is as the caller wrote it
	Writable                          // the file's own directory is writable by all
	Gained                            // runs as root below a parent that does not, and not by its set-user-id bit
	Sealed                            // such a file in memory that nobody can change any more: a runtime's copy of itself
	Memfd                             // the file lives in memory only; found here, not in the kernel
)

// Notable are the flags that make an execution an event of its own.
const Notable = Deleted | Memfd | Temporary | ScriptTemporary | Writable | Gained

var names = []struct {
	flag Flags
	name string
}{
	{Gained, "privilege_gain"}, {Deleted, "deleted"}, {Memfd, "memfd"}, {Sealed, "memfd_sealed"}, {Temporary, "temporary_dir"}, {ScriptTemporary, "script_temporary_dir"},
	{Writable, "world_writable_dir"}, {SetUID, "setuid"}, {Script, "script"},
}

// Names are the flags as facts name them.
func (f Flags) Names() []string {
	var out []string
	for _, n := range names {
		if f&n.flag != 0 {
			out = append(out, n.name)
		}
	}
	return out
}

// Kind is the kind of notable event in facts: exec, or privilege_gain, exec_memfd, exec_deleted, exec_temp: the
// gravest that applies.
func (f Flags) Kind() string {
	switch {
	case f&Gained != 0:
		return "privilege_gain"
	case f&Memfd != 0:
		return "exec_memfd"
	case f&Deleted != 0:
		return "exec_deleted"
	case f&Notable != 0:
		return "exec_temp"
	}
	return Event
}

// Seen says how often one program was run by one user from one parent since it was last asked.
type Seen struct {
	Path        string // absolute; the interpreter's for a script; empty: the process had gone before it could be asked
	Script      string // as the caller wrote it
	Parent      string // command name
	UID         uint32
	PID         uint32 // of the last execution
	Flags       Flags
	Count       uint64
	Cgroup      uint64 // inode of the control group of the first execution; 0: unknown
	First, Last time.Time
}

// source is one way to see executions.
type source interface {
	hook.Source
	drain(now hook.Clock, f func(Seen)) error
	sawSelf(since uint64) bool // whether this process was seen running itself after a kernel time
}

// Options are given once, at Open.
type Options struct {
	hook.Options
	Kinds []string // allowed kinds of hooks; nil: all
}

// Probe is the best source this kernel offers. One goroutine at a time may use it.
type Probe struct {
	choice hook.Choice[source]
}

var candidates = []hook.Candidate{
	{Kind: hook.TracingBTF, Program: execProgExecBtf},
	{Kind: hook.TracingBTF, Program: execProgExecBtfDirect, Note: "long file names are cut, and scripts are not told by name: the kernel lets nobody read its memory"},
	{Kind: hook.Raw, Program: execProgExecRaw, Name: "sched_process_exec"},
	{Kind: hook.Tracepoint, Program: execProgExecTracepoint, Group: "sched", Name: "sched_process_exec", Note: "paths are as the caller wrote them, without parents: no type information in this kernel"},
	{Kind: hook.Tracepoint, Program: execProgExecTracepointQuiet, Group: "sched", Name: "sched_process_exec", Note: "paths are as the caller wrote them, without parents, and no event is told as such: no ring buffer in this kernel"},
}

// Open tries the kinds of hooks from the best to the last resort and keeps the first that proves itself. It never
// fails: a probe that could not be had says why in its Hook.
func Open(ctx context.Context, o Options) *Probe {
	return &Probe{choice: hook.Choose(ctx, openers(o), prove)}
}

// openers lists what to try, in order.
func openers(o Options) []hook.Opener[source] {
	list := hook.Openers(o.Kinds, loadExec, candidates, func(spec *ebpf.CollectionSpec, c hook.Candidate) (source, error) {
		return attach(spec, c, o.Options)
	})
	list = hook.Beside(list, o.Kinds, hook.Netlink, func() (source, error) { return listen() })
	list = hook.Beside(list, o.Kinds, hook.Poll, func() (source, error) { return newPoller() })
	return list
}

// prove runs our own binary and looks whether the source saw it.
func prove(ctx context.Context, s source) error {
	since := hook.Monotonic()
	return hook.Prove(ctx, func(seen hook.Await) error {
		child, err := hook.Exec(ctx)
		if err != nil {
			return err
		}
		defer child.End()
		if !seen(func() bool { return s.sawSelf(since) }) {
			return hook.ErrSilent
		}
		return nil
	})
}

// Hook reports the probe's health.
func (p *Probe) Hook() facts.Hook {
	h, _ := p.choice.Hook(Event)
	return h
}

// Drain gives what was seen since the last call, one call of f per program, user and parent.
func (p *Probe) Drain(now hook.Clock, f func(Seen)) error {
	if !p.choice.Have {
		return nil
	}
	return p.choice.Source.drain(now, f)
}

// Ran gives the program that a process became within the last minute, even if it has ended since; false: not seen, or
// the program was run again by another process.
func (p *Probe) Ran(pid uint32) (Seen, bool) {
	k, ok := p.choice.Source.(*kernel)
	if !ok || pid == 0 {
		return Seen{}, false
	}
	return k.ran(pid, hook.Now())
}

// Watch switches between telling rare executions only and telling every one, where the source can.
func (p *Probe) Watch(all bool) error { return p.choice.Watch(all) }

// Close releases the source.
func (p *Probe) Close() error { return p.choice.Close() }
