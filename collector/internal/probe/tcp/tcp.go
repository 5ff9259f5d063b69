// Package tcp sees TCP connections being made and accepted: by BPF in the kernel, or by reading procfs again and
// again. tcp.bpf.c tells where the kernel reports them.
package tcp

import (
	"context"

	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/flow"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Names of this probe's events in facts.
const (
	Connect = "tcp_connect"
	Accept  = "tcp_accept"
)

// source is one way to see connections.
type source interface {
	hook.Source
	drain(now hook.Clock, f func(flow.Seen)) error
	saw(c *hook.Connection) error // nil: both ends of our own connection were seen; looked for and forgotten
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

const noTypes = "no bytes, and network namespaces are not told apart: no type information in this kernel"

var candidates = []hook.Candidate{
	{Kind: hook.TracingBTF, Program: tcpProgTcpBtf},
	{Kind: hook.TracingBTF, Program: tcpProgTcpBtfThread, Note: "threads go by their own names: this kernel gives no typed pointer to the running task"},
	{Kind: hook.Raw, Program: tcpProgTcpRaw, Name: "inet_sock_set_state", Note: "threads go by their own names"},
	{Kind: hook.Tracepoint, Program: tcpProgTcpTracepoint, Group: "sock", Name: "inet_sock_set_state", Note: noTypes},
	{Kind: hook.Tracepoint, Program: tcpProgTcpTracepointQuiet, Group: "sock", Name: "inet_sock_set_state", Note: noTypes},
	{Kind: hook.Tracepoint, Program: tcpProgTcpTracepointOld, Group: "sock", Name: "inet_sock_set_state", Note: noTypes},
}

// Open tries the kinds of hooks from the best to the last resort and keeps the first that proves itself. It never
// fails: a probe that could not be had says why in its Hooks.
func Open(ctx context.Context, o Options) *Probe {
	return &Probe{choice: hook.Choose(ctx, openers(o), prove)}
}

// openers lists what to try, in order.
func openers(o Options) []hook.Opener[source] {
	list := hook.Openers(o.Kinds, loadTcp, candidates, func(spec *ebpf.CollectionSpec, c hook.Candidate) (source, error) {
		return attach(spec, c, o.Options)
	})
	list = hook.Beside(list, o.Kinds, hook.Poll, func() (source, error) { return newPoller() })
	return list
}

// prove connects this process with itself and looks whether the source saw both ends.
func prove(ctx context.Context, s source) error {
	return hook.Prove(ctx, func(seen hook.Await) error {
		c, err := hook.Connect(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, ok := s.(*poller); !ok { // the poller must find it open; in the kernel its end is to be counted before we look
			c.Close()
		}
		seen(func() bool { err = s.saw(c); return err == nil })
		return err
	})
}

// Hooks reports the health of both events.
func (p *Probe) Hooks() []facts.Hook {
	out, n := p.choice.Hook(Connect)
	in := out
	in.Event, in.Events = Accept, n.SeenIn
	return []facts.Hook{out, in}
}

// Coarse is true when connections were counted without their peers, for which there was no room.
func (p *Probe) Coarse() bool { return p.choice.Coarse() }

// Drain gives what was seen since the last call, one call of f per flow.
func (p *Probe) Drain(now hook.Clock, f func(flow.Seen)) error {
	if !p.choice.Have {
		return nil
	}
	return p.choice.Source.drain(now, f)
}

// Watch switches between counting only and telling every connection, where the source can.
func (p *Probe) Watch(all bool) error { return p.choice.Watch(all) }

// Close releases the source.
func (p *Probe) Close() error { return p.choice.Close() }
