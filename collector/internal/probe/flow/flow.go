// Package flow reads who talks to whom out of the kernel's maps, for the probes that count by peer (headers/flows.h).
package flow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Direction of a flow; an agreement with enum direction in flows.h.
type Direction uint8

// Directions.
const (
	Out Direction = iota // we connected, or addressed
	In                   // we accepted
)

// String is the direction's name in facts.
func (d Direction) String() string {
	if d == In {
		return "in"
	}
	return "out"
}

// Seen says how often a program of one user and a peer met since it was last asked.
type Seen struct {
	Program     string // command name; empty: not known
	UID         uint32
	PID         uint32 // 0: not known
	Direction   Direction
	Peer        netip.Addr // the zero address: peers for which there was no room
	Class       string     // of those: loopback, private or public; else empty
	Port        uint16     // the peer's when going out, ours when coming in; 0: any of those given out at random
	Count       uint64     // connections established, or how often the peer was addressed
	Failed      uint64     // connections tried and not established
	Sent        uint64     // bytes of payload, of connections that ended and of datagrams; 0 where the source cannot tell
	Received    uint64
	First, Last time.Time
}

// Key is struct flow_key.
type Key struct {
	Peer      [16]uint8
	Program   [16]uint8
	UID       uint32
	Port      uint16
	Direction Direction
	_         uint8
}

// Value is struct flow.
type Value struct{ Count, Failed, Sent, Received, First, Last uint64 }

// Limits of the maps, by their names in the objects.
const (
	mapFlows = "flows"
	mapRest  = "rest"
)

// rests is how long an entry must have rested before it may be deleted: nobody counts in it while we do.
const rests = uint64(time.Minute)

// Table reads the maps of one object. One goroutine at a time may use it.
type Table struct {
	flows, rest *ebpf.Map
	known       map[Key]counts
}

// counts are what was handed over of a flow so far.
type counts struct{ count, failed, sent, received uint64 }

// NewTable reads the maps of an attachment.
func NewTable(a *hook.Attachment) *Table {
	return &Table{flows: a.Map(mapFlows), rest: a.Map(mapRest), known: map[Key]counts{}}
}

// Drain hands the difference to the last time over. Entries stay in the kernel, so that nothing is lost between reading
// and deleting, until room is needed: then those that rested for a minute go.
func (t *Table) Drain(now hook.Clock, f func(Seen)) error {
	for _, m := range []*ebpf.Map{t.flows, t.rest} {
		entries := 0
		err := hook.Each(m, func(key *Key, v *Value) {
			entries++
			before, after := t.known[*key], counts{v.Count, v.Failed, v.Sent, v.Received}
			if before == after {
				return
			}
			t.known[*key] = after
			s := seen(key, v, now)
			if m == t.rest {
				s.Peer, s.Class = netip.Addr{}, class(key.Peer[0])
			}
			s.Count -= before.count
			s.Failed -= before.failed
			s.Sent -= before.sent
			s.Received -= before.received
			f(s)
		})
		if err != nil {
			return fmt.Errorf("read flows: %w", err)
		}
		if entries >= int(m.MaxEntries())*3/4 {
			if err := t.makeRoom(m); err != nil {
				return fmt.Errorf("read flows: %w", err)
			}
		}
	}
	return nil
}

func (t *Table) makeRoom(m *ebpf.Map) error {
	var old []Key
	mono := hook.Monotonic()
	err := hook.Each(m, func(key *Key, v *Value) {
		// What was counted since the drain is still to be handed over.
		if v.Last+rests < mono && t.known[*key] == (counts{v.Count, v.Failed, v.Sent, v.Received}) {
			old = append(old, *key)
		}
	})
	if err != nil {
		return err
	}
	t.forget(m, old)
	return nil
}

func (t *Table) forget(m *ebpf.Map, keys []Key) {
	for _, key := range keys {
		if err := m.Delete(key); err == nil || errors.Is(err, ebpf.ErrKeyNotExist) {
			delete(t.known, key)
		}
	}
}

// Take looks for flows with a peer at a port, forgets them, and says which directions there were: a canary is no part
// of what the host does.
func (t *Table) Take(peer netip.AddrPort) (out, in bool, err error) {
	var keys []Key
	want := peer.Addr().As16()
	err = hook.Each(t.flows, func(key *Key, v *Value) {
		if key.Peer != want || key.Port != peer.Port() || v.Count == 0 {
			return
		}
		out = out || key.Direction == Out
		in = in || key.Direction == In
		keys = append(keys, *key)
	})
	t.forget(t.flows, keys)
	return out, in, err
}

// Bytes sums what went to a peer at a port and came from it, and forgets nothing.
func (t *Table) Bytes(peer netip.AddrPort) (sent, received uint64, err error) {
	want := peer.Addr().As16()
	err = hook.Each(t.flows, func(key *Key, v *Value) {
		if key.Peer == want && key.Port == peer.Port() {
			sent += v.Sent
			received += v.Received
		}
	})
	return sent, received, err
}

// class names enum distance of flows.h.
func class(distance uint8) string {
	switch distance {
	case 1:
		return "loopback"
	case 2:
		return "private"
	case 3:
		return "public"
	}
	return ""
}

func seen(key *Key, v *Value, now hook.Clock) Seen {
	s := Seen{
		Program: hook.String(key.Program[:]), UID: key.UID, Direction: key.Direction, Port: key.Port,
		Count: v.Count, Failed: v.Failed, Sent: v.Sent, Received: v.Received, First: now.Time(v.First), Last: now.Time(v.Last),
	}
	if key.Peer != ([16]uint8{}) {
		s.Peer = netip.AddrFrom16(key.Peer).Unmap()
	}
	return s
}

// keySize is the length of a record after its header, in bytes; an agreement with struct flow_record.
const keySize = 40

// Parse reads a record of the ring, after its header.
func Parse(h hook.Header, b []byte, now hook.Clock) (Seen, bool) {
	if len(b) < keySize {
		return Seen{}, false
	}
	n := binary.NativeEndian
	var key Key
	copy(key.Peer[:], b)
	copy(key.Program[:], b[16:32])
	key.UID, key.Port, key.Direction = n.Uint32(b[32:]), n.Uint16(b[36:]), Direction(b[38])
	s := seen(&key, &Value{Count: 1, First: h.At, Last: h.At}, now)
	s.PID = h.PID
	return s, true
}

// Ends notes which ends of a conversation of our own were seen. The zero value: none.
type Ends struct{ out, in bool }

// Saw is nil once both ends were; else it says which was not, in the words of the probe.
func (e *Ends) Saw(t *Table, server netip.AddrPort, outgoing, incoming string) error {
	out, in, err := t.Take(server)
	e.out, e.in = e.out || out, e.in || in
	switch {
	case err != nil:
		return err
	case !e.out && !e.in:
		return hook.ErrSilent
	case !e.out:
		return fmt.Errorf("%s: %w", outgoing, hook.ErrSilent)
	case !e.in:
		return fmt.Errorf("%s: %w", incoming, hook.ErrSilent)
	}
	return nil
}
