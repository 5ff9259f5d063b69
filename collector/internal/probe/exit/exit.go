// Package exit sees processes die of a fault, or by force, by BPF. exit.bpf.c tells where the kernel reports it.
// Nothing takes its place without BPF: procfs forgets a process as soon as its parent has asked for it.
package exit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Event is the name of this probe's event in facts.
const Event = "exit"

// Seen says how often processes of one program and user died by one signal since it was last asked.
type Seen struct {
	Program     string // command name
	UID         uint32
	Signal      uint32
	Count       uint64
	First, Last time.Time
}

// key is struct crash_key.
type key struct {
	Program [16]uint8
	UID     uint32
	Signal  uint32
}

// value is struct crash.
type value struct{ Count, First, Last uint64 }

// killed is the signal our canary dies by.
const killed = 9

// rests is how long an entry must have rested before it may be deleted.
const rests = uint64(time.Minute)

// Options are given once, at Open.
type Options struct {
	hook.Options
	Kinds []string // allowed kinds of hooks; nil: all
}

// Probe counts in the kernel. One goroutine at a time may use it.
type Probe struct {
	choice hook.Choice[*kernel]
}

type kernel struct {
	*hook.Attachment
	crashes *ebpf.Map
	known   map[key]uint64
}

var candidates = []hook.Candidate{
	{Kind: hook.TracingBTF, Program: exitProgExitBtf},
	{Kind: hook.Raw, Program: exitProgExitRaw, Name: "sched_process_exit"},
}

// Open attaches the best hook and proves it by a process of our own that is killed. It never fails: a probe that could
// not be had says why in its Hook.
func Open(ctx context.Context, o Options) *Probe {
	openers := hook.Openers(o.Kinds, loadExit, candidates, func(spec *ebpf.CollectionSpec, c hook.Candidate) (*kernel, error) {
		a, err := hook.Attach(spec, c, o.Options)
		if err != nil {
			return nil, err
		}
		return &kernel{Attachment: a, crashes: a.Map(exitMapCrashes), known: map[key]uint64{}}, nil
	})
	return &Probe{choice: hook.Choose(ctx, openers, prove)}
}

func prove(ctx context.Context, k *kernel) error {
	since := hook.Monotonic()
	return hook.Prove(ctx, func(seen hook.Await) error {
		child, err := hook.Exec(ctx)
		if err != nil {
			return err
		}
		child.Kill()
		if !seen(func() bool { return k.sawKilled(since) }) {
			return hook.ErrSilent
		}
		return nil
	})
}

// sawKilled looks for a killed process after a kernel time, and forgets it: the canary is no part of what the host does.
func (k *kernel) sawKilled(since uint64) bool {
	var found []key
	_ = hook.Each(k.crashes, func(at *key, v *value) {
		if at.Signal == killed && v.Last >= since && v.Count > 0 {
			found = append(found, *at)
		}
	})
	for _, at := range found {
		_ = k.crashes.Delete(at)
	}
	return len(found) > 0
}

// Hook reports the probe's health.
func (p *Probe) Hook() facts.Hook {
	h, _ := p.choice.Hook(Event)
	return h
}

// Drain gives what was seen since the last call, one call of f per program, user and signal.
func (p *Probe) Drain(now hook.Clock, f func(Seen)) error {
	if !p.choice.Have {
		return nil
	}
	return p.choice.Source.drain(now, f)
}

func (k *kernel) drain(now hook.Clock, f func(Seen)) error {
	var old []key
	entries, mono := 0, hook.Monotonic()
	err := hook.Each(k.crashes, func(at *key, v *value) {
		entries++
		if v.Last+rests < mono {
			old = append(old, *at)
		}
		before := k.known[*at]
		if v.Count <= before {
			return
		}
		k.known[*at] = v.Count
		f(Seen{
			Program: hook.String(at.Program[:]), UID: at.UID, Signal: at.Signal, Count: v.Count - before,
			First: now.Time(v.First), Last: now.Time(v.Last),
		})
	})
	if err != nil {
		return fmt.Errorf("read crashes: %w", err)
	}
	if entries < int(k.crashes.MaxEntries())*3/4 {
		return nil
	}
	for _, at := range old {
		if err := k.crashes.Delete(at); err == nil || errors.Is(err, ebpf.ErrKeyNotExist) {
			delete(k.known, at)
		}
	}
	return nil
}

// Close releases the source.
func (p *Probe) Close() error { return p.choice.Close() }
