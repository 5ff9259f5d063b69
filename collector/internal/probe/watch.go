package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/act"
	"github.com/vymir-project/vymir/collector/internal/probe/exec"
	"github.com/vymir-project/vymir/collector/internal/probe/files"
	"github.com/vymir-project/vymir/collector/internal/probe/flow"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/login"
	"github.com/vymir-project/vymir/collector/internal/probe/proto"
	"github.com/vymir-project/vymir/collector/internal/probe/ptrace"
	"github.com/vymir-project/vymir/collector/internal/probe/tcp"
	"github.com/vymir-project/vymir/collector/internal/probe/udp"
)

// Event is one event as it came. Kind is that of facts.RuntimeEvent, or exec, tcp_connect, tcp_accept, udp_send, protocol, login,
// setuid, capset, namespace.
type Event struct {
	At      time.Time `json:"at"` // UTC
	Kind    string    `json:"kind"`
	Program string    `json:"program,omitzero"` // path of what was run, or command name of who did it
	Parent  string    `json:"parent,omitzero"`  // command name
	Script  string    `json:"script,omitzero"`  // as the caller wrote it
	PID     uint32    `json:"pid,omitzero"`     // 0: not known
	UID     *uint32   `json:"uid,omitzero"`     // absent: not known
	Peer    string    `json:"peer,omitzero"`    // address and port of the other side; the port is ours when accepting
	Flags   []string  `json:"flags,omitzero"`
	What    string    `json:"what,omitzero"` // what was loaded, mounted, written or become

	Container string `json:"container,omitzero"` // id, or a machine's name; empty: none, or not known
	Image     string `json:"image,omitzero"`     // of that container, as its runtime's files name it
}

// User is the user's number in decimal, or "-" where it is not known.
func (e Event) User() string {
	if e.UID == nil {
		return "-"
	}
	return strconv.FormatUint(uint64(*e.UID), 10)
}

// Detail is the event in words beside its program and kind.
func (e Event) Detail() string {
	switch {
	case e.What != "" && e.Peer != "":
		return e.What + " " + e.Peer
	case e.What != "":
		return e.What
	case e.Peer != "":
		return e.Peer
	case e.Script != "":
		return "script " + e.Script
	case e.Parent != "":
		return "parent " + e.Parent
	}
	return ""
}

// ErrNoEvents says that no hook here can tell single events: all of them only count.
var ErrNoEvents = errors.New("watch events: no BPF hook with a ring buffer; see the hooks for why")

// ErrClosed says that the probes were closed.
var ErrClosed = errors.New("probes are closed")

// Missed is the kind of event that tells a watcher how many others he was too slow for.
const Missed = "missed"

// queueLength bounds what waits for a slow watcher; what finds no room there is missed by that watcher alone, and counted.
const queueLength = 1024

// watcher is one caller of Watch.
type watcher struct {
	events chan Event
	gone   chan struct{}
	once   sync.Once
	missed atomic.Uint64
}

func (w *watcher) end() { w.once.Do(func() { close(w.gone) }) }

// Watch calls f for every event as it comes, until ctx ends or the probes are closed. While somebody watches, the
// kernel tells every execution and connection; otherwise only rare ones. A watcher that is too slow misses events, and is
// told how many by one of kind [Missed].
func (s *Set) Watch(ctx context.Context, f func(Event)) error {
	w := &watcher{events: make(chan Event, queueLength), gone: make(chan struct{})}
	if err := s.join(w); err != nil {
		return err
	}
	defer s.leave(w)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.gone:
			return ErrClosed
		case e := <-w.events:
			f(e)
			if n := w.missed.Swap(0); n > 0 {
				f(Event{At: time.Now().UTC(), Kind: Missed, What: fmt.Sprintf("%d events", n)})
			}
		}
	}
}

func (s *Set) join(w *watcher) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if s.ring == nil {
		return ErrNoEvents
	}
	s.watchers[w] = struct{}{}
	if len(s.watchers) > 1 {
		return nil
	}
	s.ring.Hurry(true)
	if err := errors.Join(s.exec.Watch(true), s.tcp.Watch(true), s.udp.Watch(true), s.talk.Watch(true), s.acts.watch(true)); err != nil {
		return fmt.Errorf("watch events: %w", err)
	}
	return nil
}

func (s *Set) leave(w *watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watchers, w)
	if len(s.watchers) > 0 || s.closed {
		return
	}
	s.ring.Hurry(false)
	_ = errors.Join(s.exec.Watch(false), s.tcp.Watch(false), s.udp.Watch(false), s.talk.Watch(false), s.acts.watch(false))
}

// record takes one record of the ring.
func (s *Set) record(b []byte) {
	h, rest, ok := hook.ParseHeader(b)
	if !ok {
		return
	}
	if s.clock.Before(h.At) { // else it waited in the ring with the one before
		s.clock = hook.Now()
	}
	now := s.clock
	var e Event
	var group uint64
	switch h.Kind {
	case hook.KindExec:
		x, ok := s.exec.Parse(h, rest, now)
		if !ok {
			return
		}
		e, group = execEvent(x), x.Cgroup
	case hook.KindTCP:
		x, ok := flow.Parse(h, rest, now)
		if !ok {
			return
		}
		e = flowEvent(x, tcp.Connect)
	case hook.KindUDP:
		x, ok := flow.Parse(h, rest, now)
		if !ok {
			return
		}
		e = flowEvent(x, udp.Event)
	case hook.KindProtocol:
		x, ok := flow.Parse(h, rest, now)
		if !ok {
			return
		}
		uid := x.UID
		e = Event{At: x.Last, Kind: proto.Event, UID: &uid, Peer: netip.AddrPortFrom(x.Peer, x.Port).String(), What: x.Program + " " + x.Direction.String()}
	case hook.KindPtrace:
		x, ok := ptrace.Parse(rest)
		if !ok || int(h.PID) == os.Getpid() { // the canary, or our own looking
			return
		}
		e = ptraceEvent(ptrace.Tracing{Seen: x, PID: h.PID, UID: h.UID}, now.Time(h.At))
	case hook.KindAct:
		x, ok := act.Parse(h, rest, now)
		if !ok {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.acted(x)
		return
	default:
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if group != 0 {
		e.Container, e.Image = s.groups.of(group, e.PID).names()
	}
	s.tell(e)
}

// tell keeps an event, unless it is counted anyway, and hands it to the watchers. The caller holds mu.
func (s *Set) tell(e Event) {
	if !usual(e.Kind) {
		s.table.addEvent(e.kept())
	}
	s.show(e)
}

// kept is what is remembered of an event.
func (e Event) kept() facts.RuntimeEvent {
	return facts.RuntimeEvent{
		At: e.At, Kind: e.Kind, Program: e.Program, UID: e.UID, Detail: e.Detail(), PID: e.PID, Parent: e.Parent,
		Container: e.Container, Image: e.Image,
	}
}

// show hands an event to the watchers. The caller holds mu.
func (s *Set) show(e Event) {
	for w := range s.watchers {
		select {
		case w.events <- e:
		default:
			w.missed.Add(1)
		}
	}
}

// changed takes a change of a sensitive file.
func (s *Set) changed(c files.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whoHadGone(&c)
	s.tell(Event{At: c.At, Kind: files.Event, Program: c.Program, PID: c.PID, UID: c.UID, What: c.What + " " + c.Path})
	if s.read != nil {
		s.read.Mark() // it may have been replaced by another file
	}
}

// opened takes that a secret was opened.
func (s *Set) opened(c files.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whoHadGone(&c)
	s.table.addRead(c)
	s.show(Event{At: c.At, Kind: files.Read, Program: c.Program, PID: c.PID, UID: c.UID, What: c.Path})
}

// whoHadGone finds who it was that had ended before procfs could be asked. The caller holds mu.
func (s *Set) whoHadGone(c *files.Change) {
	if c.Program != "" {
		return
	}
	if x, ok := s.exec.Ran(c.PID); ok {
		c.Program, c.UID = x.Path, &x.UID
	}
}

// usual are the kinds of events that are counted, and told to watchers only.
func usual(kind string) bool {
	switch kind {
	case exec.Event, tcp.Connect, tcp.Accept, udp.Event, proto.Event, login.Event:
		return true
	}
	return false
}

func execEvent(x exec.Seen) Event {
	uid := x.UID // not x itself, which would be copied to the heap whole
	return Event{
		At: x.Last, Kind: x.Flags.Kind(), Program: x.Path, Parent: x.Parent, Script: x.Script, PID: x.PID, UID: &uid,
		Flags: x.Flags.Names(),
	}
}

func flowEvent(x flow.Seen, kind string) Event {
	if x.Direction == flow.In {
		kind = tcp.Accept
	}
	uid := x.UID
	return Event{
		At: x.Last, Kind: kind, Program: x.Program, PID: x.PID, UID: &uid,
		Peer: netip.AddrPortFrom(x.Peer, x.Port).String(),
	}
}

func ptraceEvent(t ptrace.Tracing, at time.Time) Event {
	return Event{
		At: at, Kind: ptrace.Event, Program: t.Program, PID: t.PID, UID: &t.UID,
		What: fmt.Sprintf("%s (%d)", t.Target, t.TargetPID),
	}
}

func loginEvent(l login.Seen) Event {
	e := Event{At: l.At, Kind: login.Event, What: l.User + " from here"}
	if !l.Local {
		e.What = l.User + " from elsewhere"
		if l.Origin.IsValid() {
			e.What = l.User + " from " + l.Origin.String()
		}
	}
	if l.Failed {
		e.What = "failed: " + e.What
	}
	return e
}
