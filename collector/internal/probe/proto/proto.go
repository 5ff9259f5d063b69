// Package proto recognises protocols that are spoken in the clear, and TLS that is too old, by the first bytes of a
// connection: by BPF at the root of the control groups, in both directions. proto.bpf.c tells where the kernel hands them
// over, and what counts as which protocol. Nothing takes its place: without BPF only ports are known.
package proto

import (
	"context"
	"maps"

	"github.com/cilium/ebpf"

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
	table *flow.Table
	ends  flow.Ends // of our own conversation, recognised
}

var candidates = []hook.Candidate{{Kind: hook.Cgroup, Program: protoProgProtoEgress, Beside: []string{protoProgProtoIngress}}}

// Open attaches the programs and proves them by a word of HTTP to ourselves. It never fails: a probe that could not be had
// says why in its Hook.
func Open(ctx context.Context, o Options) *Probe {
	limits := map[string]uint32{"flows": entries}
	maps.Copy(limits, o.MaxEntries)
	o.MaxEntries = limits
	openers := hook.Openers(o.Kinds, loadProto, candidates, func(spec *ebpf.CollectionSpec, c hook.Candidate) (*kernel, error) {
		a, err := hook.Attach(spec, c, o.Options)
		if err != nil {
			return nil, err
		}
		return &kernel{Attachment: a, table: flow.NewTable(a)}, nil
	})
	return &Probe{choice: hook.Choose(ctx, openers, prove)}
}

func prove(ctx context.Context, k *kernel) error {
	return hook.Prove(ctx, func(seen hook.Await) error {
		c, err := hook.Connect(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.Say(ctx, "GET / HTTP/1.0\r\n\r\n"); err != nil {
			return err
		}
		seen(func() bool { err = k.saw(c); return err == nil })
		return err
	})
}

// saw is nil when both directions of our own conversation were recognised.
func (k *kernel) saw(c *hook.Connection) error {
	return k.ends.Saw(k.table, c.Server, "sent", "received")
}

// Hook reports the probe's health.
func (p *Probe) Hook() facts.Hook {
	h, _ := p.choice.Hook(Event)
	return h
}

// Coarse is true when peers were counted together, for lack of room.
func (p *Probe) Coarse() bool { return p.choice.Coarse() }

// Drain gives what was recognised since the last call. The name of the protocol stands where other probes have the
// program's; one that ends in "?" was offered, not spoken.
func (p *Probe) Drain(now hook.Clock, f func(flow.Seen)) error {
	if !p.choice.Have {
		return nil
	}
	return p.choice.Source.table.Drain(now, f)
}

// Watch switches between counting only and telling every recognition.
func (p *Probe) Watch(all bool) error { return p.choice.Watch(all) }

// Close releases the source.
func (p *Probe) Close() error { return p.choice.Close() }
