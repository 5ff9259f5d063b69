// Package probe holds the probes of a host together: it opens them, gathers what they have seen, remembers it over
// restarts and reports how they do.
//
// A probe counts in the kernel; here the counts are fetched every half minute and merged into one bounded table. Only
// rare events come as such, through a ring that all probes share.
package probe

import (
	"context"
	"errors"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/census"
	"github.com/vymir-project/vymir/collector/internal/probe/exec"
	"github.com/vymir-project/vymir/collector/internal/probe/exit"
	"github.com/vymir-project/vymir/collector/internal/probe/files"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/login"
	"github.com/vymir-project/vymir/collector/internal/probe/proto"
	"github.com/vymir-project/vymir/collector/internal/probe/ptrace"
	"github.com/vymir-project/vymir/collector/internal/probe/tcp"
	"github.com/vymir-project/vymir/collector/internal/probe/udp"
)

// Pauses of the gathering.
const (
	gatherEvery = 30 * time.Second
	saveEvery   = 5 * time.Minute
	proveWithin = time.Minute // all of them; on a quiet host they take less than a second, and systemd waits for a minute and a half
)

// Options say what to watch and how much of it to keep. The zero value watches everything and keeps nothing on disk.
type Options struct {
	MaxEntries int    // programs and connections to keep, each; 0: 4096; bounds kernel maps, memory and disk
	StatePath  string // file that remembers over restarts; "": nothing is remembered
	// Exclude leaves events out, by their names in facts: exec, exit, tcp_connect (with it tcp_accept), udp_send, protocol,
	// ptrace, sensitive_write, sensitive_read, setuid, capset, namespace, module_load, bpf_load, mount, login.
	Exclude []string
	// Kinds of hooks allowed: tp_btf, raw_tp, tracepoint, fentry, lsm, cgroup, fanotify, netlink, poll; nil: all.
	Kinds []string
	// Settle gives memory back that is not needed just now; it is called after each gathering, twice a minute. nil: the heap's free
	// pages go back.
	Settle func()
}

// home is where the state file lies; "" when nothing is kept.
func (o Options) home() string {
	if o.StatePath == "" {
		return ""
	}
	return filepath.Dir(o.StatePath)
}

// Set is all probes of a host. Its methods may be called by any goroutine. Close it.
type Set struct {
	exec *exec.Probe
	exit *exit.Probe
	tcp  *tcp.Probe
	udp  *udp.Probe
	talk *proto.Probe
	peek *ptrace.Probe
	rare *census.Census
	file *files.Probe
	read *files.Opens // nil while it is being opened
	door *login.Probe
	acts acts
	ring *hook.Reader // nil without BPF

	clock hook.Clock // as of the last record that was younger; the ring's goroutine alone reads and sets it

	path    string
	settle  func()
	stop    context.CancelFunc
	done    sync.WaitGroup
	saveErr error // of the last saving, or of reading at the start

	mu       sync.Mutex
	table    *table
	spans    []span // the last one grows while we watch
	saved    time.Time
	full     uint64 // events that the kernel's maps had no room for, so far
	groups   containers
	watchers map[*watcher]struct{}
	closed   bool
}

// Open attaches the best hooks this kernel offers. It fails only when ctx ends: a hook that could not be had says why
// in Hooks.
func Open(ctx context.Context, o Options) (*Set, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &Set{table: newTable(o.MaxEntries), path: o.StatePath, settle: o.Settle, watchers: map[*watcher]struct{}{}}
	if s.settle == nil {
		s.settle = debug.FreeOSMemory
	}
	state, err := readState(o.StatePath)
	s.saveErr = err
	s.table.load(&state.Runtime)
	s.table.truncated = state.Truncated
	s.spans = state.Watched

	s.open(ctx, o)
	now := time.Now().UTC()
	s.spans = append(prune(s.spans, now), span{now, now})
	s.saved = now

	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.done.Add(1)
	go func() {
		defer s.done.Done()
		s.run(run)
	}()
	return s, nil
}

// open loads and attaches, and gives the memory back that this took: kernel types take several megabytes to read.
func (s *Set) open(ctx context.Context, o Options) {
	ctx, cancel := context.WithTimeout(ctx, proveWithin)
	defer cancel()
	defer debug.FreeOSMemory()
	shared := hook.Options{Cache: btf.NewCache()}
	if bpfAllowed(o.Kinds) {
		_ = hook.RaiseLimit() // what cannot be had for lack of it will say so by itself
		shared.Ring = hook.NewRing()
	}
	if n := uint32(max(o.MaxEntries, 0)); n > 0 {
		shared.MaxEntries = map[string]uint32{"programs": n, "flows": n}
	}
	kinds := func(events ...string) []string {
		for _, e := range events {
			if slices.Contains(o.Exclude, e) {
				return []string{}
			}
		}
		return o.Kinds
	}
	s.exec = exec.Open(ctx, exec.Options{Options: shared, Kinds: kinds(exec.Event)})
	s.exit = exit.Open(ctx, exit.Options{Options: shared, Kinds: kinds(exit.Event)})
	s.tcp = tcp.Open(ctx, tcp.Options{Options: shared, Kinds: kinds(tcp.Connect, tcp.Accept)})
	s.udp = udp.Open(ctx, udp.Options{Options: shared, Kinds: kinds(udp.Event)})
	s.talk = proto.Open(ctx, proto.Options{Options: shared, Kinds: kinds(proto.Event)})
	s.peek = ptrace.Open(ctx, ptrace.Options{Options: shared, Kinds: kinds(ptrace.Event)})
	s.acts = openActs(ctx, shared, kinds)
	s.rare = census.Open(func(event string) bool {
		allowed := kinds(event)
		return allowed == nil || slices.Contains(allowed, hook.Poll)
	})
	marks := kinds(files.Event)
	s.file = files.Open(ctx, marks == nil || slices.Contains(marks, files.Kind), o.home(), s.changed)
	marks = kinds(files.Read)
	read := files.OpenReads(ctx, marks == nil || slices.Contains(marks, files.Kind), o.home(), s.opened)
	s.mu.Lock()
	s.read = read
	s.mu.Unlock()
	var since time.Time
	if n := len(s.spans); n > 0 {
		since = s.spans[n-1].Until
	}
	doors := kinds(login.Event)
	s.door = login.Open(ctx, doors, since)
	s.listen(shared.Ring)
}

func bpfAllowed(kinds []string) bool {
	return kinds == nil || slices.ContainsFunc(kinds, hook.IsBPF)
}

// listen starts the ring's reader, which holds the ring by itself.
func (s *Set) listen(ring *ebpf.Map) {
	if ring == nil {
		return
	}
	defer ring.Close()
	r, err := hook.Read(ring, s.record)
	if err != nil {
		return
	}
	s.ring = r
}

func (s *Set) run(ctx context.Context) {
	t := time.NewTicker(gatherEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			s.mu.Lock()
			s.gather()
			if time.Since(s.saved) >= saveEvery {
				s.save() // takes several times the state's size, for a moment
			}
			s.mu.Unlock()
			s.settle()
		}
	}
}

// gather fetches the kernel's counts. The caller holds mu.
func (s *Set) gather() {
	now := hook.Now()
	_ = s.exec.Drain(now, func(e exec.Seen) { s.table.addProgram(e, s.groups.of(e.Cgroup, e.PID)) })
	_ = s.exit.Drain(now, s.table.addCrash)
	_ = s.tcp.Drain(now, s.table.addConnection)
	_ = s.udp.Drain(now, s.table.addDatagram)
	_ = s.talk.Drain(now, s.table.addSpoken)
	s.drainActs(now)
	s.rare.Look(now.Wall(), s.list)
	s.acts.settle(now.Wall())
	s.peek.Look(func(t ptrace.Tracing) { s.tell(ptraceEvent(t, now.Wall())) })
	s.door.Drain(func(l login.Seen) {
		s.table.addLogin(l)
		s.tell(loginEvent(l))
	})
	s.lose(now.Wall())
	s.read.Mark()
	s.spans[len(s.spans)-1].Until = later(s.spans[len(s.spans)-1].Until, now.Wall())
}

// lose notes when a map of the kernel was too full for a key. The caller holds mu.
func (s *Set) lose(now time.Time) {
	var full uint64
	for _, h := range s.hooks() {
		full += h.Losses[hook.LostMapFull]
	}
	if full > s.full {
		s.table.truncated = now
	}
	s.full = full
}

// listeners notes who waits for connections now. The caller holds mu.
func (s *Set) listeners() {
	now := hook.Now()
	_ = s.tcp.Listening(now, func(l tcp.Listening) { s.table.addListening(l, now.Wall()) })
}

// save writes the state file. The caller holds mu.
func (s *Set) save() {
	s.saved = time.Now().UTC()
	if !s.closed {
		s.listeners()
	}
	s.table.expire(s.saved)
	s.spans = prune(s.spans, s.saved)
	if s.path == "" {
		return
	}
	state := saved{Schema: stateSchema, Watched: s.spans, Truncated: s.table.truncated}
	s.table.fill(&state.Runtime)
	s.saveErr = state.write(s.path)
}

// Hooks reports every hook with its health, in a fixed order.
func (s *Set) Hooks() []facts.Hook {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hooks()
}

func (s *Set) hooks() []facts.Hook {
	if s.closed {
		return nil
	}
	return slices.Concat([]facts.Hook{s.exec.Hook(), s.exit.Hook()}, s.tcp.Hooks(), []facts.Hook{s.udp.Hook(), s.talk.Hook(), s.peek.Hook(), s.file.Hook(), s.read.Hook()}, s.acts.hooks(s.rare.Hooks()), []facts.Hook{s.door.Hook()})
}

// Snapshot gives all that was seen within the last 31 days, as of now.
func (s *Set) Snapshot(now time.Time) *facts.Runtime {
	s.flush()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.gather()
		s.listeners()
	}
	s.table.expire(now)
	r := &facts.Runtime{Hooks: s.hooks()}
	since, total := observed(s.spans, now)
	r.Since, r.ObservedSeconds = since, total.Seconds()
	s.table.fill(r)
	return r
}

// flush waits until the ring's reader has taken what was in the ring.
func (s *Set) flush() {
	if s.ring != nil {
		s.ring.Flush()
	}
}

// StateError says why the state could not be read or saved the last time; nil: it could.
func (s *Set) StateError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saveErr
}

// Close detaches all hooks and saves. Nothing is left in the kernel.
func (s *Set) Close() error {
	s.stop()
	s.done.Wait()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.gather()
	s.listeners()
	s.closed = true
	s.mu.Unlock()

	err := errors.Join(s.file.Close(), s.read.Close()) // their goroutines take mu, and so does the ring's
	if s.ring != nil {
		err = errors.Join(err, s.ring.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.save()
	for w := range s.watchers {
		w.end()
	}
	return errors.Join(err, s.exec.Close(), s.exit.Close(), s.tcp.Close(), s.udp.Close(), s.talk.Close(), s.peek.Close(), s.acts.close(), s.door.Close(), s.saveErr)
}
