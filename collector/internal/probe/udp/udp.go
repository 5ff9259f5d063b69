// Package udp sees whom programs address by UDP, the name servers among them, and how many bytes go either way, by BPF at
// the root of the control groups.
// udp.bpf.c tells where the kernel reports it. Without BPF there is nothing in its place: procfs shows sockets that
// are connected, which those of most programs are not.
package udp

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/flow"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Event is the name of this probe's event in facts.
const Event = "udp_send"

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
	bytes bool // counts them, and is to prove it
}

const noBytes = "no bytes: the kernel takes the programs that count who is addressed, not those that see datagrams"

// The best one counts bytes, too. Its first program is one of those that do, as the one that names it.
var candidates = []hook.Candidate{{
	Kind: hook.Cgroup, Program: udpProgUdpEgress,
	Beside: []string{udpProgUdpIngress, udpProgUdpConnect4, udpProgUdpConnect6, udpProgUdpSendmsg4, udpProgUdpSendmsg6},
}, {
	Kind: hook.Cgroup, Program: udpProgUdpConnect4,
	Beside: []string{udpProgUdpConnect6, udpProgUdpSendmsg4, udpProgUdpSendmsg6},
	Note:   noBytes,
}}

// Open attaches the programs and proves them by a datagram to ourselves. It never fails: a probe that could not be had
// says why in its Hook.
func Open(ctx context.Context, o Options) *Probe {
	return openFrom(ctx, o, loadUdp)
}

func openFrom(ctx context.Context, o Options, load func() (*ebpf.CollectionSpec, error)) *Probe {
	openers := hook.Openers(o.Kinds, load, candidates, func(spec *ebpf.CollectionSpec, c hook.Candidate) (*kernel, error) {
		a, err := hook.Attach(spec, c, o.Options)
		if err != nil {
			return nil, err
		}
		return &kernel{Attachment: a, table: flow.NewTable(a), bytes: c.Note != noBytes}, nil
	})
	return &Probe{choice: hook.Choose(ctx, openers, prove)}
}

// prove addresses ourselves twice, once by a connected socket and once by one that is not.
func prove(ctx context.Context, k *kernel) error {
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return fmt.Errorf("listen for canary: %w", err)
	}
	defer server.Close()
	at := server.LocalAddr().(*net.UDPAddr).AddrPort()
	send := func() error {
		if _, err := server.WriteToUDPAddrPort([]byte{0}, at); err != nil {
			return fmt.Errorf("send canary: %w", err)
		}
		return nil
	}
	if err := k.proveOne(ctx, at, k.bytes, send); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	connect := func() error {
		client, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(at))
		if err != nil {
			return fmt.Errorf("connect canary: %w", err)
		}
		return client.Close()
	}
	if err := k.proveOne(ctx, at, false, connect); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return nil
}

// proveOne looks for one way to address ourselves, and with bytes for those that went and came by it.
func (k *kernel) proveOne(ctx context.Context, at netip.AddrPort, bytes bool, cause func() error) error {
	return hook.Prove(ctx, func(seen hook.Await) error {
		err := cause()
		if err != nil {
			return err
		}
		counted := !bytes
		if bytes {
			var sent, received uint64
			seen(func() bool {
				sent, received, err = k.table.Bytes(at)
				counted = sent > 0 && received > 0
				return counted || err != nil
			})
			if err != nil {
				return err
			}
		}
		var out bool
		seen(func() bool { out, _, err = k.table.Take(at); return out || err != nil })
		switch {
		case err != nil:
			return err
		case !out:
			return hook.ErrSilent
		case !counted:
			return fmt.Errorf("bytes: %w", hook.ErrSilent)
		}
		return nil
	})
}

// Hook reports the probe's health.
func (p *Probe) Hook() facts.Hook {
	h, _ := p.choice.Hook(Event)
	return h
}

// Coarse is true when peers were counted together, for lack of room.
func (p *Probe) Coarse() bool { return p.choice.Coarse() }

// Drain gives what was seen since the last call, one call of f per flow.
func (p *Probe) Drain(now hook.Clock, f func(flow.Seen)) error {
	if !p.choice.Have {
		return nil
	}
	return p.choice.Source.table.Drain(now, f)
}

// Watch switches between counting only and telling every flow.
func (p *Probe) Watch(all bool) error { return p.choice.Watch(all) }

// Close releases the source.
func (p *Probe) Close() error { return p.choice.Close() }
