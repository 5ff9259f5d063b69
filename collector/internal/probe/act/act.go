// Package act is what the probes of acts have in common: changes of user, of capabilities and of namespaces, mounts, and
// what is put into the kernel. Their programs keep acts alike (headers/acts.h); here they are read, and a hook proves itself.
package act

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Kind is what was done; an agreement with enum action.
type Kind uint32

// The kinds of acts.
const (
	SetUID Kind = iota + 1
	Capset
	Namespace
	Mount
	Program // a BPF program was loaded
	Module
	kinds
)

// Events are the names of the kinds in facts.
var events = [kinds]string{SetUID: "setuid", Capset: "capset", Namespace: "namespace", Mount: "mount", Program: "bpf_load", Module: "module_load"}

// String is the kind's name in facts.
func (k Kind) String() string {
	if k >= kinds {
		return ""
	}
	return events[k]
}

// Flags of an act; an agreement with enum act_flag.
type Flags uint32

// What is said of an act beside what it was.
const (
	Gained  Flags = 1 << iota // root now, and in no way before
	Here                      // in the host's mount namespace, as far as that is known
	Certain                   // it has happened; without it, it was asked for by somebody who may
)

// Seen is an act, and how often it was done since it was last asked for.
type Seen struct {
	Kind        Kind
	Program     string // command name; "?": any, where there was no room for each
	What        string // module, BPF program or kind of file system; empty: not known
	Mask        uint64 // capabilities raised, flags of namespaces or of the mount, type of BPF program, taints of the module
	UID         uint32 // before
	To          uint32 // of a change of user: the effective one after it
	Flags       Flags
	PID         uint32 // of the last
	Cgroup      uint64 // of the last; 0: not known
	Count       uint64
	First, Last time.Time
	Untold      bool // worth telling, and the ring had no room for it
}

// key is struct act_key.
type key struct {
	Program [16]uint8
	What    [56]uint8
	Mask    uint64
	UID, To uint32
	Kind    uint32
	Flags   uint32
}

// value is struct act.
type value struct {
	Count, First, Last, Told, Cgroup uint64
	PID, Notable                     uint32
}

// Names of the maps, beside those that every probe has.
const (
	mapActs  = "acts"
	mapTally = "tally"
	mapHost  = "host"
)

// Numbers of the tally; an agreement with enum cause and what follows it in headers/acts.h.
const (
	seen = iota
	stored
	told
	mapFull
	mapBusy
	trackFull
	ringFull
	heldBack
	seenIn
	coarse
	byAgent
	tallies
)

// rests is how long an entry must have rested before it may be deleted.
const rests = uint64(time.Minute)

// Probe is the best hook for one kind of act. One goroutine at a time may use it.
type Probe struct {
	kind   Kind
	choice hook.Choice[*Source]
}

// Source is a hook that keeps acts of one kind, perhaps beside others.
type Source struct {
	*hook.Attachment
	kind  Kind
	known map[key]uint64
	close func() error
	cause func(context.Context) error // of its candidate alone, which may count it apart; nil: as all others

	beside bool // another source answers for what is lost by the program as such
}

// Options are given once, at opening.
type Options struct {
	hook.Options
	Kinds  []string // allowed kinds of hooks; nil: all
	Shared *Shared  // stands for [ByCapability]; may be nil
}

// ByCapability stands among candidates for the hook that all probes of acts share.
var ByCapability = hook.Candidate{Kind: hook.TracingBTF}

// Open attaches the first of the candidates that proves itself. cause does what is to be
// seen; nil: nothing harmless is, and the hook counts as proven by being attached. It never fails: a probe that could
// not be had says why in its Hook.
func Open(ctx context.Context, kind Kind, load func() (*ebpf.CollectionSpec, error), candidates []hook.Candidate, cause func(context.Context) error, o Options) *Probe {
	if o.Shared == nil {
		candidates = slices.DeleteFunc(slices.Clone(candidates), func(c hook.Candidate) bool { return c.Program == ByCapability.Program })
	}
	openers := hook.Openers(o.Kinds, load, candidates, func(spec *ebpf.CollectionSpec, c hook.Candidate) (*Source, error) {
		if c.Program == ByCapability.Program {
			return o.Shared.source(kind, o.Options)
		}
		a, err := attach(spec, c, o.Options)
		if err != nil {
			return nil, err
		}
		return &Source{Attachment: a, kind: kind, known: map[key]uint64{}, close: a.Close, cause: c.Cause}, nil
	})
	return &Probe{kind: kind, choice: hook.Choose(ctx, openers, func(ctx context.Context, s *Source) error { return s.prove(ctx, cause) })}
}

// attach tells the programs who we are and which mount namespace is the host's, and puts an entry for each kind where
// those go that find no room.
func attach(spec *ebpf.CollectionSpec, c hook.Candidate, o hook.Options) (*hook.Attachment, error) {
	a, err := hook.Attach(spec, c, o)
	if err != nil {
		return nil, err
	}
	err = errors.Join(a.Watch(false), a.Map(mapHost).Put(uint32(0), hostSpace()))
	for k := SetUID; k < kinds; k++ {
		err = errors.Join(err, a.Map(mapActs).Put(rest(k), value{}))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set up %s: %w", c.Program, err), a.Close())
	}
	return a, nil
}

func rest(k Kind) key { return key{Program: [16]uint8{'?'}, Kind: uint32(k)} }

// hostSpace is the number of the mount namespace of the first process; 0: not ours to see.
func hostSpace() uint32 {
	name, err := os.Readlink("/proc/1/ns/mnt")
	if err != nil {
		return 0
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(name, "mnt:["), "]"), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

func (s *Source) prove(ctx context.Context, cause func(context.Context) error) error {
	if s.cause != nil {
		cause = s.cause
	}
	if cause == nil {
		return nil
	}
	anybody := !numbered()
	caused := func() (uint64, error) {
		n, err := s.tally()
		sum := n[byAgent]
		if s.cause != nil {
			sum += n[seenIn]
		}
		if anybody {
			sum += n[seen]
		}
		return sum, err
	}
	before, err := caused()
	if err != nil {
		return err
	}
	return hook.Prove(ctx, func(await hook.Await) error {
		if err := cause(ctx); err != nil {
			return err
		}
		if !await(func() bool { now, err := caused(); return err == nil && now > before }) {
			return hook.ErrSilent
		}
		return nil
	})
}

// numbered says whether the kernel's programs know this process by the number that it has for itself. In a namespace of process
// ids they do not, and take it for anybody.
func numbered() bool {
	const first = "pid:[4026531836]" // PROC_PID_INIT_INO
	space, err := os.Readlink("/proc/self/ns/pid")
	return err != nil || space == first
}

// Shared is a hook for all kinds of acts at once, attached when the first of them asks for it.
type Shared struct {
	Load      func() (*ebpf.CollectionSpec, error)
	Candidate hook.Candidate
	Kinds     []Kind // that it can see

	at    *hook.Attachment
	err   error
	users int
}

func (s *Shared) source(k Kind, o hook.Options) (*Source, error) {
	if !slices.Contains(s.Kinds, k) {
		return nil, fmt.Errorf("%s does not see this", s.Candidate.Program)
	}
	if s.at == nil && s.err == nil {
		var spec *ebpf.CollectionSpec
		if spec, s.err = s.Load(); s.err == nil {
			s.at, s.err = attach(spec, s.Candidate, o)
		}
	}
	if s.err != nil {
		return nil, s.err
	}
	s.users++
	return &Source{Attachment: s.at, kind: k, known: map[key]uint64{}, close: s.leave, beside: k != s.Kinds[0]}, nil
}

// leave closes what nobody uses any more.
func (s *Shared) leave() error {
	if s.users--; s.users > 0 {
		return nil
	}
	at := s.at
	s.at = nil
	return at.Close()
}

// Close releases the hook, unless another probe uses it, too.
func (s *Source) Close() error { return s.close() }

// tally reads the counters of the source's kind, summed over all processors.
func (s *Source) tally() (sum [tallies]uint64, err error) {
	m := s.Map(mapTally)
	var each []uint64
	for i := range sum {
		if err := m.Lookup(uint32(s.kind)*tallies+uint32(i), &each); err != nil {
			return sum, fmt.Errorf("read counters of %s: %w", s.kind, err)
		}
		for _, n := range each {
			sum[i] += n
		}
	}
	return sum, nil
}

// Counters say what became of the acts of this kind.
func (s *Source) Counters() (hook.Counters, error) {
	sum, err := s.tally()
	if err != nil {
		return hook.Counters{}, err
	}
	c := hook.Counters{Seen: sum[seen], Stored: sum[stored], Told: sum[told], Held: sum[heldBack], Coarse: sum[coarse]}
	c.Lose(hook.LostMapFull, sum[mapFull])
	c.Lose(hook.LostMapBusy, sum[mapBusy])
	c.Lose(hook.LostRingFull, sum[ringFull])
	if own, err := s.Attachment.Counters(); err == nil && !s.beside {
		c.Lose(hook.LostRecursion, own.Losses[hook.LostRecursion])
	}
	return c, nil
}

// Hook reports the probe's health.
func (p *Probe) Hook() facts.Hook {
	h, _ := p.choice.Hook(p.kind.String())
	return h
}

// Proven says whether the hook works.
func (p *Probe) Proven() bool { return p.choice.State == hook.Proven }

// BPF gives the first of the attached programs, for its statistics; nil: none is attached.
func (p *Probe) BPF() *ebpf.Program {
	if !p.choice.Have {
		return nil
	}
	return p.choice.Source.BPF()
}

// Watch switches between telling acts worth it and telling every one.
func (p *Probe) Watch(all bool) error { return p.choice.Watch(all) }

// Close releases the hook.
func (p *Probe) Close() error { return p.choice.Close() }

// Drain gives what was done since the last call, one call of f per act.
func (p *Probe) Drain(now hook.Clock, f func(Seen)) error {
	if !p.choice.Have {
		return nil
	}
	return p.choice.Source.drain(now, f)
}

func (s *Source) drain(now hook.Clock, f func(Seen)) error {
	var old []key
	m := s.Map(mapActs)
	entries, mono, all := 0, hook.Monotonic(), rest(s.kind)
	err := hook.Each(m, func(at *key, v *value) {
		entries++
		if at.Kind != uint32(s.kind) {
			return
		}
		if v.Last+rests < mono && *at != all {
			old = append(old, *at)
		}
		before := s.known[*at]
		if v.Count <= before {
			return
		}
		s.known[*at] = v.Count
		act := at.seen()
		act.PID, act.Cgroup, act.Count = v.PID, v.Cgroup, v.Count-before
		act.First, act.Last = now.Time(v.First), now.Time(v.Last)
		if *at == all { // begins with the first that found no room
			act.First = act.Last
		}
		act.Untold = v.Notable != 0 && v.Told == 0
		f(act)
	})
	if err != nil {
		return fmt.Errorf("read acts: %w", err)
	}
	if entries < int(m.MaxEntries())*3/4 {
		return nil
	}
	for _, at := range old {
		if err := m.Delete(at); err == nil || errors.Is(err, ebpf.ErrKeyNotExist) {
			delete(s.known, at)
		}
	}
	return nil
}

func (k *key) seen() Seen {
	return Seen{
		Kind: Kind(k.Kind), Program: hook.String(k.Program[:]), What: hook.String(k.What[:]), Mask: k.Mask,
		UID: k.UID, To: k.To, Flags: Flags(k.Flags), Count: 1,
	}
}

// recordSize is the length of a record after its header, in bytes; an agreement with struct act_record.
const recordSize = 96 + 8

// Parse reads a record of the ring, after its header; false: too short, or of no kind we know.
func Parse(h hook.Header, b []byte, now hook.Clock) (Seen, bool) {
	if len(b) < recordSize {
		return Seen{}, false
	}
	n := binary.NativeEndian
	k := key{Mask: n.Uint64(b[72:]), UID: n.Uint32(b[80:]), To: n.Uint32(b[84:]), Kind: n.Uint32(b[88:]), Flags: n.Uint32(b[92:])}
	copy(k.Program[:], b)
	copy(k.What[:], b[16:72])
	s := k.seen()
	if s.Kind.String() == "" {
		return Seen{}, false
	}
	s.PID, s.Cgroup = h.PID, n.Uint64(b[96:])
	s.First = now.Time(h.At)
	s.Last = s.First
	return s, true
}
