package tcp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// kernel is the source that counts in the kernel.
type kernel struct {
	*hook.Attachment
	flows, rest *ebpf.Map
	limit       int
	known       map[tcpFlowKey]counts
}

// counts are what was handed over of a flow so far.
type counts struct{ count, failed, sent, received uint64 }

func attach(spec *ebpf.CollectionSpec, c hook.Candidate, o hook.Options) (*kernel, error) {
	a, err := hook.Attach(spec, c, o)
	if err != nil {
		return nil, err
	}
	k := &kernel{Attachment: a, flows: a.Map(tcpMapFlows), rest: a.Map(tcpMapRest), known: map[tcpFlowKey]counts{}}
	k.limit = int(k.flows.MaxEntries())
	k.fillListeners(c.Kind == hook.Tracepoint)
	return k, nil
}

// fillListeners tells the kernel's part who listened before it came.
func (k *kernel) fillListeners(noNamespaces bool) {
	var netns uint32
	if !noNamespaces {
		netns = ownNamespace()
	}
	for _, l := range listening() {
		key := tcpListenerKey{Netns: netns, Port: l.local.Port()}
		value := tcpListener{Uid: l.uid, Pid: uint32(l.pid)}
		hook.Copy(value.Program[:], []byte(l.program)[:min(len(l.program), 15)])
		// Somebody who began to listen since knows better.
		_ = k.Map(tcpMapListeners).Update(key, value, ebpf.UpdateNoExist)
	}
}

// drain hands the difference to the last drain over. Entries stay in the kernel, so that nothing is lost between
// reading and deleting, until room is needed: then those that rested for a minute go.
func (k *kernel) drain(now hook.Clock, f func(Seen)) error {
	for _, m := range []*ebpf.Map{k.flows, k.rest} {
		var old []tcpFlowKey
		entries := 0
		err := hook.Each(m, func(key *tcpFlowKey, v *tcpFlow) {
			entries++
			if hook.Monotonic()-v.Last > uint64(60e9) {
				old = append(old, *key)
			}
			before, after := k.known[*key], counts{v.Count, v.Failed, v.Sent, v.Received}
			if before == after {
				return
			}
			k.known[*key] = after
			s := seen(key, v, now)
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
			k.forget(m, old)
		}
	}
	return nil
}

func (k *kernel) forget(m *ebpf.Map, keys []tcpFlowKey) {
	for _, key := range keys {
		if err := m.Delete(key); err == nil || errors.Is(err, ebpf.ErrKeyNotExist) {
			delete(k.known, key)
		}
	}
}

func seen(key *tcpFlowKey, v *tcpFlow, now hook.Clock) Seen {
	s := Seen{
		Program: hook.String(key.Program[:]), UID: key.Uid, Direction: Direction(key.Direction), Port: key.Port,
		Count: v.Count, Failed: v.Failed, Sent: v.Sent, Received: v.Received, First: now.Time(v.First), Last: now.Time(v.Last),
	}
	if key.Peer != ([16]uint8{}) {
		s.Peer = netip.AddrFrom16(key.Peer).Unmap()
	}
	return s
}

func (k *kernel) saw(c *hook.Connection) error {
	var out, in bool
	var keys []tcpFlowKey
	local := netip.AddrFrom16(c.Server.Addr().As16())
	err := hook.Each(k.flows, func(key *tcpFlowKey, v *tcpFlow) {
		if netip.AddrFrom16(key.Peer) != local || key.Port != c.Server.Port() || v.Count == 0 {
			return
		}
		out = out || key.Direction == uint8(Out)
		in = in || key.Direction == uint8(In)
		keys = append(keys, *key)
	})
	switch {
	case err != nil:
		return err
	case !out && !in:
		return hook.ErrSilent
	case !out:
		return fmt.Errorf("connect: %w", hook.ErrSilent)
	case !in:
		return fmt.Errorf("accept: %w", hook.ErrSilent)
	}
	k.forget(k.flows, keys) // the canary is no part of what the host does
	return nil
}

// flowSize is the size of a record after its header, in bytes; an agreement with struct tcp_record.
const flowSize = 40

// Parse reads a record of the ring, after its header. It may be called beside Drain.
func Parse(h hook.Header, b []byte, now hook.Clock) (Seen, bool) {
	if len(b) < flowSize {
		return Seen{}, false
	}
	n := binary.NativeEndian
	var key tcpFlowKey
	copy(key.Peer[:], b)
	hook.Copy(key.Program[:], b[16:32])
	key.Uid, key.Port, key.Direction = n.Uint32(b[32:]), n.Uint16(b[36:]), b[38]
	s := seen(&key, &tcpFlow{Count: 1, First: h.At, Last: h.At}, now)
	s.PID = h.PID
	return s, true
}
