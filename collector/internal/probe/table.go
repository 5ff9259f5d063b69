package probe

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/exec"
	"github.com/vymir-project/vymir/collector/internal/probe/exit"
	"github.com/vymir-project/vymir/collector/internal/probe/flow"
	"github.com/vymir-project/vymir/collector/internal/probe/login"
	"github.com/vymir-project/vymir/collector/internal/probe/tcp"
)

// Bounds of what is remembered.
const (
	defaultEntries = 4096
	maxEvents      = 256
	maxCrashes     = 512
	maxSpoken      = 1024
	maxListening   = 1024
	maxLogins      = 512
	maxSet         = 16                  // distinct users or parents of one program
	window         = 31 * 24 * time.Hour // what was not seen for longer is forgotten
)

// programKey is what programs are told apart by.
type programKey struct {
	path      string
	container string
}

// crashKey is what crashes are told apart by.
type crashKey struct {
	program     string
	uid, signal uint32
}

// spokenKey is what recognised protocols are told apart by.
type spokenKey struct {
	protocol, direction string
	uid                 uint32
	peer                netip.Addr
	class               string
	port                uint16
}

// listeningKey is what listeners are told apart by.
type listeningKey struct {
	program string
	uid     uint32
	port    uint16
}

// loginKey is what logins are told apart by.
type loginKey struct{ user, origin string }

// table holds what the probes have seen in the window, bounded.
type table struct {
	limit       int
	programs    map[programKey]*facts.Program
	connections flows
	datagrams   flows
	crashes     map[crashKey]*facts.Crash
	spoken      map[spokenKey]*facts.Spoken
	listening   map[listeningKey]*facts.Listening
	logins      map[loginKey]*facts.LoginSeen
	acts        map[actKey]*facts.Act
	events      []facts.RuntimeEvent // oldest first
	truncated   time.Time            // when a key last found no room; zero: never within the window
}

func newTable(limit int) *table {
	if limit <= 0 {
		limit = defaultEntries
	}
	return &table{
		limit:       limit,
		programs:    map[programKey]*facts.Program{},
		connections: newFlows(limit),
		datagrams:   newFlows(limit),
		crashes:     map[crashKey]*facts.Crash{},
		spoken:      map[spokenKey]*facts.Spoken{},
		listening:   map[listeningKey]*facts.Listening{},
		logins:      map[loginKey]*facts.LoginSeen{},
		acts:        map[actKey]*facts.Act{},
	}
}

// addProgram merges executions.
func (t *table) addProgram(s exec.Seen, in container) {
	key := programKey{s.Path, in.id}
	p := t.programs[key]
	if p == nil {
		if len(t.programs) >= t.limit && !t.evictProgram(s.Last) {
			return
		}
		p = &facts.Program{Path: s.Path, Container: in.id, Image: in.image, FirstSeen: s.First}
		t.programs[key] = p
	}
	p.Count += s.Count
	p.FirstSeen, p.LastSeen = earlier(p.FirstSeen, s.First), later(p.LastSeen, s.Last)
	p.UIDs = insert(p.UIDs, s.UID)
	if s.Parent != "" {
		p.Parents = insert(p.Parents, s.Parent)
	}
	for _, name := range s.Flags.Names() {
		p.Flags = insert(p.Flags, name)
	}
}

// addConnection merges TCP connections.
func (t *table) addConnection(s flow.Seen) { t.addFlow(&t.connections, s) }

// addDatagram merges what was addressed by UDP, and the bytes of it.
func (t *table) addDatagram(s flow.Seen) { t.addFlow(&t.datagrams, s) }

func (t *table) addFlow(to *flows, s flow.Seen) {
	if !to.add(s) {
		t.truncated = later(t.truncated, s.First)
	}
}

// addSpoken merges recognised protocols; what stays on the host is left out.
func (t *table) addSpoken(s flow.Seen) {
	if s.Peer.IsLoopback() || s.Class == "loopback" {
		return
	}
	class := s.Class
	if class == "" {
		class = classOf(s.Peer)
	}
	key := spokenKey{s.Program, s.Direction.String(), s.UID, s.Peer, class, s.Port}
	p := t.spoken[key]
	if p == nil && len(t.spoken) >= maxSpoken {
		key.peer = netip.Addr{}
		p = t.spoken[key]
	}
	if p == nil {
		if len(t.spoken) >= maxSpoken+maxSpoken/8 {
			t.truncated = later(t.truncated, s.Last)
			return
		}
		p = &facts.Spoken{
			Protocol: s.Program, UID: s.UID, Direction: key.direction, PeerClass: class, Port: s.Port, FirstSeen: s.First,
		}
		if key.peer.IsValid() {
			p.Peer = key.peer.String()
		}
		t.spoken[key] = p
	}
	p.Count += s.Count
	p.FirstSeen, p.LastSeen = earlier(p.FirstSeen, s.First), later(p.LastSeen, s.Last)
}

// addListening notes that somebody waits for connections now.
func (t *table) addListening(l tcp.Listening, now time.Time) {
	key := listeningKey{l.Program, l.UID, l.Port}
	p := t.listening[key]
	if p == nil {
		if len(t.listening) >= maxListening {
			t.truncated = now
			return
		}
		p = &facts.Listening{Program: l.Program, UID: l.UID, Port: l.Port, FirstSeen: now}
		if !l.Since.IsZero() {
			p.FirstSeen = l.Since
		}
		t.listening[key] = p
	}
	p.LastSeen = later(p.LastSeen, now)
}

// addLogin counts a login.
func (t *table) addLogin(s login.Seen) {
	key := loginKey{s.User, originOf(s)}
	l := t.logins[key]
	if l == nil {
		if len(t.logins) >= maxLogins {
			t.truncated = later(t.truncated, s.At)
			return
		}
		l = &facts.LoginSeen{User: s.User, Origin: key.origin, FirstSeen: s.At}
		t.logins[key] = l
	}
	if s.Failed {
		l.Failed++
	} else {
		l.Count++
	}
	l.FirstSeen, l.LastSeen = earlier(l.FirstSeen, s.At), later(l.LastSeen, s.At)
}

func originOf(s login.Seen) string {
	if s.Local {
		return "local"
	}
	return classOf(s.Origin)
}

// addCrash merges deaths by signal.
func (t *table) addCrash(s exit.Seen) {
	key := crashKey{s.Program, s.UID, s.Signal}
	c := t.crashes[key]
	if c == nil {
		if len(t.crashes) >= maxCrashes {
			t.truncated = later(t.truncated, s.Last)
			return
		}
		c = &facts.Crash{Program: s.Program, UID: s.UID, Signal: s.Signal, FirstSeen: s.First}
		t.crashes[key] = c
	}
	c.Count += s.Count
	c.FirstSeen, c.LastSeen = earlier(c.FirstSeen, s.First), later(c.LastSeen, s.Last)
}

// addEvent keeps a rare event; one that repeats within a minute only moves the earlier one's time.
func (t *table) addEvent(e facts.RuntimeEvent) {
	for i := len(t.events) - 1; i >= 0 && e.At.Sub(t.events[i].At) < time.Minute; i-- {
		o := t.events[i]
		if o.Kind == e.Kind && o.Program == e.Program && o.Detail == e.Detail && same(o.UID, e.UID) {
			t.events = append(slices.Delete(t.events, i, i+1), e)
			return
		}
	}
	t.events = append(t.events, e)
	if len(t.events) > maxEvents {
		t.events = slices.Delete(t.events, 0, len(t.events)-maxEvents)
	}
}

// evictProgram makes room by forgetting the program that rested longest, unless that is not longer ago than a day.
func (t *table) evictProgram(now time.Time) bool {
	t.truncated = later(t.truncated, now)
	var oldest programKey
	at := now.Add(-24 * time.Hour)
	found := false
	for key, p := range t.programs {
		if p.LastSeen.Before(at) {
			oldest, at, found = key, p.LastSeen, true
		}
	}
	delete(t.programs, oldest)
	return found
}

// expire forgets what was not seen within the window.
func (t *table) expire(now time.Time) {
	limit := now.Add(-window)
	if t.truncated.Before(limit) {
		t.truncated = time.Time{}
	}
	for key, p := range t.programs {
		if p.LastSeen.Before(limit) {
			delete(t.programs, key)
		}
	}
	t.connections.expire(limit)
	t.datagrams.expire(limit)
	for key, c := range t.crashes {
		if c.LastSeen.Before(limit) {
			delete(t.crashes, key)
		}
	}
	maps.DeleteFunc(t.spoken, func(_ spokenKey, p *facts.Spoken) bool { return p.LastSeen.Before(limit) })
	maps.DeleteFunc(t.listening, func(_ listeningKey, l *facts.Listening) bool { return l.LastSeen.Before(limit) })
	maps.DeleteFunc(t.acts, func(_ actKey, a *facts.Act) bool { return a.LastSeen.Before(limit) })
	maps.DeleteFunc(t.logins, func(_ loginKey, l *facts.LoginSeen) bool { return l.LastSeen.Before(limit) })
	t.events = slices.DeleteFunc(t.events, func(e facts.RuntimeEvent) bool { return e.At.Before(limit) })
}

// fill copies the table into a document, sorted: programs by path, connections by program, events newest first.
func (t *table) fill(r *facts.Runtime) {
	r.Programs = make([]facts.Program, 0, len(t.programs))
	for _, p := range t.programs {
		q := *p
		q.UIDs, q.Parents, q.Flags = slices.Clone(p.UIDs), slices.Clone(p.Parents), slices.Clone(p.Flags)
		r.Programs = append(r.Programs, q)
	}
	slices.SortFunc(r.Programs, func(a, b facts.Program) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Container, b.Container))
	})
	r.Connections, r.Datagrams = t.connections.list(), t.datagrams.list()
	r.Crashes = make([]facts.Crash, 0, len(t.crashes))
	for _, c := range t.crashes {
		r.Crashes = append(r.Crashes, *c)
	}
	slices.SortFunc(r.Crashes, func(a, b facts.Crash) int {
		return cmp.Or(cmp.Compare(a.Program, b.Program), cmp.Compare(a.Signal, b.Signal), cmp.Compare(a.UID, b.UID))
	})
	r.Spoken = t.listSpoken()
	r.Listening = make([]facts.Listening, 0, len(t.listening))
	for _, l := range t.listening {
		r.Listening = append(r.Listening, *l)
	}
	slices.SortFunc(r.Listening, func(a, b facts.Listening) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.Program, b.Program), cmp.Compare(a.UID, b.UID))
	})
	r.Logins = make([]facts.LoginSeen, 0, len(t.logins))
	for _, l := range t.logins {
		r.Logins = append(r.Logins, *l)
	}
	slices.SortFunc(r.Logins, func(a, b facts.LoginSeen) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Origin, b.Origin))
	})
	r.Acts = t.listActs()
	r.Events = append([]facts.RuntimeEvent{}, t.events...) // not nil: that none was seen is known, too
	slices.Reverse(r.Events)
	r.Truncated = !t.truncated.IsZero()
}

// listSpoken names the programs by what connected the same ends: packets know their socket's user only.
func (t *table) listSpoken() []facts.Spoken {
	type ends struct {
		direction string
		peer      netip.Addr
		port      uint16
	}
	programs := map[ends]string{}
	for key := range t.spoken {
		programs[ends{key.direction, key.peer, key.port}] = ""
	}
	for _, f := range []flows{t.datagrams, t.connections} {
		for key := range f.rows {
			e := ends{key.direction.String(), key.address(), key.port}
			if have, ok := programs[e]; ok {
				programs[e] = max(have, key.name()) // of several the same one each time
			}
		}
	}
	list := make([]facts.Spoken, 0, len(t.spoken))
	for key, p := range t.spoken {
		if name := programs[ends{key.direction, key.peer, key.port}]; name != "" {
			p.Program = name
		}
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b facts.Spoken) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Port, b.Port),
			cmp.Compare(a.Peer, b.Peer), cmp.Compare(a.UID, b.UID))
	})
	return list
}

// load takes a saved document in again.
func (t *table) load(r *facts.Runtime) {
	for _, p := range r.Programs[:min(len(r.Programs), t.limit)] {
		q := p
		t.programs[programKey{p.Path, p.Container}] = &q
	}
	t.connections.load(r.Connections)
	t.datagrams.load(r.Datagrams)
	for _, c := range r.Crashes[:min(len(r.Crashes), maxCrashes)] {
		d := c
		t.crashes[crashKey{c.Program, c.UID, c.Signal}] = &d
	}
	for _, p := range r.Spoken[:min(len(r.Spoken), maxSpoken)] {
		peer, err := netip.ParseAddr(p.Peer)
		if err != nil && p.Peer != "" {
			continue
		}
		q := p
		t.spoken[spokenKey{p.Protocol, p.Direction, p.UID, peer, p.PeerClass, p.Port}] = &q
	}
	for _, l := range r.Listening[:min(len(r.Listening), maxListening)] {
		q := l
		t.listening[listeningKey{l.Program, l.UID, l.Port}] = &q
	}
	for _, l := range r.Logins[:min(len(r.Logins), maxLogins)] {
		q := l
		t.logins[loginKey{l.User, l.Origin}] = &q
	}
	t.loadActs(r.Acts)
	t.events = slices.Clone(r.Events[:min(len(r.Events), maxEvents)])
	slices.Reverse(t.events)
}

// classOf tells how far away a peer is.
func classOf(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "unknown"
	case a.IsLoopback():
		return "loopback"
	case a.IsPrivate(), a.IsLinkLocalUnicast(), sharedSpace.Contains(a), a.IsUnspecified():
		return "private"
	}
	return "public"
}

// sharedSpace is what carriers (Starlink among them) give their customers behind address translation: RFC 6598.
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

func insert[T cmp.Ordered](list []T, v T) []T {
	i, found := slices.BinarySearch(list, v)
	if found || len(list) >= maxSet {
		return list
	}
	return slices.Insert(list, i, v)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func same(a, b *uint32) bool { return a == b || a != nil && b != nil && *a == *b }
