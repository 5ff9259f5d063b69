package probe

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/flow"
)

// flows holds who talked to whom, bounded. Most of what the daemon remembers stands here, so that keys and values hold no
// pointers: 130 bytes for each peer, which the garbage collector need not look at.
type flows struct {
	limit int
	rows  map[flowKey]flowSum
}

// flowKey is what flows are told apart by.
type flowKey struct {
	peer      [16]byte // meaningless where named is false
	program   [16]byte // command name
	uid       uint32
	port      uint16
	direction flow.Direction
	class     class
	named     bool // false: all peers of the class for which there was no room
}

// flowSum is what they did. Times are ns since 1970.
type flowSum struct {
	count, failed, sent, received uint64
	first, last                   int64
}

// class says how far away a peer is.
type class uint8

var classes = []string{"unknown", "loopback", "private", "public"}

func (c class) String() string { return classes[c] }

// classNamed is the class of a name; false: there is none.
func classNamed(name string) (class, bool) {
	i := slices.Index(classes, name)
	return class(max(i, 0)), i >= 0
}

func newFlows(limit int) flows { return flows{limit: limit, rows: map[flowKey]flowSum{}} }

func keyOf(program string, uid uint32, d flow.Direction, peer netip.Addr, c class, port uint16) flowKey {
	k := flowKey{uid: uid, port: port, direction: d, class: c}
	copy(k.program[:len(k.program)-1], program)
	return k.with(peer)
}

// with gives the same key for a peer; the zero address: for all of the class.
func (k flowKey) with(peer netip.Addr) flowKey {
	k.peer, k.named = [16]byte{}, peer.IsValid()
	if k.named {
		k.peer = peer.As16()
	}
	return k
}

// address is the peer's; the zero address: many.
func (k flowKey) address() netip.Addr {
	if !k.named {
		return netip.Addr{}
	}
	return netip.AddrFrom16(k.peer).Unmap()
}

// name is the program's command name.
func (k flowKey) name() string {
	n := slices.Index(k.program[:], 0)
	return string(k.program[:n])
}

// add merges what was seen. The answer is false where there was no room even for the class of the peer.
func (f *flows) add(s flow.Seen) bool {
	c, ok := classNamed(s.Class)
	if !ok {
		c, _ = classNamed(classOf(s.Peer))
	}
	key := keyOf(s.Program, s.UID, s.Direction, s.Peer, c, s.Port)
	sum, have := f.rows[key]
	if !have && key.named && len(f.rows) >= f.limit && !f.fold(s.Last) {
		key = key.with(netip.Addr{}) // no room for another peer: count it with the others
		sum, have = f.rows[key]
	}
	if !have && !f.room() {
		return false
	}
	f.rows[key] = sum.plus(flowSum{s.Count, s.Failed, s.Sent, s.Received, nanoseconds(s.First), nanoseconds(s.Last)}, have)
	return true
}

// room says whether another entry may begin. Those of many peers together have some more room than the others.
func (f *flows) room() bool { return len(f.rows) < f.limit+max(f.limit/8, 16) }

// plus adds up; have is false for a sum that has just begun.
func (a flowSum) plus(b flowSum, have bool) flowSum {
	if !have {
		return b
	}
	return flowSum{a.count + b.count, a.failed + b.failed, a.sent + b.sent, a.received + b.received, min(a.first, b.first), max(a.last, b.last)}
}

// fold makes room by counting the peer that rested longest with the others of its class, unless that is not longer ago
// than a day.
func (f *flows) fold(now time.Time) bool {
	var oldest flowKey
	at, found := nanoseconds(now.Add(-24*time.Hour)), false
	for key, sum := range f.rows {
		if key.named && sum.last < at {
			oldest, at, found = key, sum.last, true
		}
	}
	if !found {
		return false
	}
	from := f.rows[oldest]
	delete(f.rows, oldest)
	oldest = oldest.with(netip.Addr{})
	into, have := f.rows[oldest]
	f.rows[oldest] = into.plus(from, have)
	return true
}

// expire forgets what was not seen since.
func (f *flows) expire(since time.Time) {
	limit := nanoseconds(since)
	for key, sum := range f.rows {
		if sum.last < limit {
			delete(f.rows, key)
		}
	}
}

// list gives all, sorted by program.
func (f *flows) list() []facts.Connection {
	list := make([]facts.Connection, 0, len(f.rows))
	for key, sum := range f.rows {
		c := facts.Connection{
			Program: key.name(), UID: key.uid, Direction: key.direction.String(), PeerClass: key.class.String(), Port: key.port,
			Count: sum.count, Failed: sum.failed, SentBytes: sum.sent, ReceivedBytes: sum.received,
			FirstSeen: timeOf(sum.first), LastSeen: timeOf(sum.last),
		}
		if key.named {
			c.Peer = key.address().String()
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b facts.Connection) int {
		return cmp.Or(cmp.Compare(a.Program, b.Program), cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Port, b.Port),
			cmp.Compare(a.Peer, b.Peer), cmp.Compare(a.UID, b.UID))
	})
	return list
}

// load takes a saved list in again; what is none of ours is left out.
func (f *flows) load(list []facts.Connection) {
	for _, c := range list {
		peer, err := netip.ParseAddr(c.Peer)
		class, ok := classNamed(c.PeerClass)
		if (err != nil && c.Peer != "") || !ok || !f.room() {
			continue
		}
		d := flow.Out
		if c.Direction == flow.In.String() {
			d = flow.In
		}
		f.rows[keyOf(c.Program, c.UID, d, peer, class, c.Port)] = flowSum{
			c.Count, c.Failed, c.SentBytes, c.ReceivedBytes, nanoseconds(c.FirstSeen), nanoseconds(c.LastSeen),
		}
	}
}

func nanoseconds(t time.Time) int64 { return t.UnixNano() }

func timeOf(ns int64) time.Time { return time.Unix(0, ns).UTC() }
