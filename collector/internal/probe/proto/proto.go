// Package proto recognises protocols that are spoken in the clear, and TLS that is too old, by the first bytes of a
// connection: by BPF at the root of the control groups, in both directions. proto.bpf.c tells where the kernel hands them
// over, and what counts as which protocol. Nothing takes its place: without BPF only ports are known.
package proto

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/flow"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Event is the name of this probe's event in facts.
const Event = "protocol"

// entries is how many ends of recognised conversations the kernel keeps apart.
const entries = 1024

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
	table   *flow.Table
	out, in bool // which directions of our own conversation were recognised
}

var candidate = hook.Candidate{Kind: hook.Cgroup, Program: protoProgProtoEgress, Beside: []string{protoProgProtoIngress}}

// Open attaches the programs and proves them by a word of HTTP to ourselves. It never fails: a probe that could not be had
// says why in its Hook.
func Open(ctx context.Context, o Options) *Probe {
	var openers []hook.Opener[*kernel]
	if o.Kinds == nil || slices.Contains(o.Kinds, hook.Cgroup) {
		openers = append(openers, hook.Opener[*kernel]{Kind: hook.Cgroup, Open: func() (*kernel, error) { return attach(o.Options) }})
	}
	return &Probe{choice: hook.Choose(ctx, openers, prove)}
}

func attach(o hook.Options) (*kernel, error) {
	spec, err := loadProto()
	if err != nil {
		return nil, err
	}
	limits := map[string]uint32{"flows": entries}
	maps.Copy(limits, o.MaxEntries)
	o.MaxEntries = limits
	a, err := hook.Attach(spec, candidate, o)
	if err != nil {
		return nil, err
	}
	return &kernel{Attachment: a, table: flow.NewTable(a)}, nil
}

func prove(ctx context.Context, k *kernel) error {
	c, err := hook.Connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Say("GET / HTTP/1.0\r\n\r\n"); err != nil {
		return err
	}
	reason := hook.ErrSilent
	if !hook.Await(ctx, func() bool { reason = k.saw(c); return reason == nil }) {
		return fmt.Errorf("%w", reason)
	}
	return nil
}

// saw is nil when both directions of our own conversation were recognised.
func (k *kernel) saw(c *hook.Connection) error {
	out, in, err := k.table.Take(c.Server)
	k.out, k.in = k.out || out, k.in || in
	switch {
	case err != nil:
		return err
	case !k.out && !k.in:
		return hook.ErrSilent
	case !k.out:
		return fmt.Errorf("sent: %w", hook.ErrSilent)
	case !k.in:
		return fmt.Errorf("received: %w", hook.ErrSilent)
	}
	return nil
}

// Hook reports the probe's health.
func (p *Probe) Hook() facts.Hook {
	h, _ := p.choice.Hook(Event)
	return h
}

// Coarse is true when peers were counted together, for lack of room.
func (p *Probe) Coarse() bool {
	_, n := p.choice.Hook(Event)
	return n.Coarse > 0
}

// Drain gives what was recognised since the last call. The name of the protocol stands where other probes have the
// program's; one that ends in "?" was offered, not spoken.
func (p *Probe) Drain(now hook.Clock, f func(flow.Seen)) error {
	if !p.choice.Have {
		return nil
	}
	return p.choice.Source.table.Drain(now, f)
}

// Watch switches between counting only and telling every recognition.
func (p *Probe) Watch(all bool) error {
	if !p.choice.Have {
		return nil
	}
	return p.choice.Source.Watch(all)
}

// Close releases the source.
func (p *Probe) Close() error {
	if !p.choice.Have {
		return nil
	}
	return p.choice.Source.Close()
}
