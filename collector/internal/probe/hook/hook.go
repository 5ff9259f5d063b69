// Package hook attaches one program to one kernel event and knows what became of the events.
//
// A feature test says what a kernel claims; here a hook counts only when its program was loaded and attached. That
// it also works is for the event's own package to prove, by causing an event and looking for it.
package hook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
)

// Kinds of hooks, best first. Those above the gap carry BPF.
const (
	TracingBTF = "tp_btf"     // raw tracepoint whose arguments are typed by BTF
	Raw        = "raw_tp"     // raw tracepoint with untyped arguments
	Tracepoint = "tracepoint" // tracepoint by its record in tracefs; needs no BTF
	Fentry     = "fentry"     // before a function of the kernel, or behind it
	LSM        = "lsm"        // hook of the security modules
	Cgroup     = "cgroup"     // program at the root of the control groups

	Netlink = "netlink" // messages of the kernel, no BPF
	Poll    = "poll"    // procfs read again and again: sees only what lasts
)

// IsBPF says whether a kind of hook carries a BPF program.
func IsBPF(kind string) bool {
	switch kind {
	case TracingBTF, Raw, Tracepoint, Fentry, LSM, Cgroup:
		return true
	}
	return false
}

// States of a hook.
const (
	Proven  = "proven"  // its canary was seen
	Silent  = "silent"  // attached, but its canary was not seen
	Refused = "refused" // nothing could be attached
	Off     = "off"     // switched off by configuration
)

// Names of the maps every object has.
const (
	mapCounters = "counters"
	mapSettings = "settings"
	mapEvents   = "events"
)

// Candidate is one way to hook an event.
type Candidate struct {
	Kind    string   // one of those that carry BPF
	Program string   // name of the program in the object
	Beside  []string // further programs that are attached with it; all of them or none
	Group   string   // of the tracepoint, for [Tracepoint]
	Name    string   // of the tracepoint
	Note    string   // what is lost with this candidate; empty for the best

	// Cause does what this candidate is to see; nil: what proves the others of its event proves it, too.
	Cause func(context.Context) error
}

// Options are what all candidates of an event share.
type Options struct {
	Ring       *ebpf.Map         // takes the place of the object's own ring; nil: the kernel has no ring buffer
	Cache      *btf.Cache        // kernel types, shared while loading; may be nil
	MaxEntries map[string]uint32 // by map name; absent: as the object says
}

// Attachment is a loaded program that is attached, with its maps. Close releases everything; nothing is pinned.
type Attachment struct {
	candidate  Candidate
	collection *ebpf.Collection
	links      []link.Link
}

// Attach loads the candidate's program out of spec, which it leaves alone, and attaches it.
func Attach(spec *ebpf.CollectionSpec, c Candidate, o Options) (*Attachment, error) {
	s := spec.Copy()
	programs := append([]string{c.Program}, c.Beside...)
	for name := range s.Programs {
		if !slices.Contains(programs, name) {
			delete(s.Programs, name)
		}
	}
	for name, n := range o.MaxEntries {
		if m := s.Maps[name]; m != nil && n > 0 {
			m.MaxEntries = n
		}
	}
	options := ebpf.CollectionOptions{Cache: o.Cache}
	if o.Ring != nil {
		options.MapReplacements = map[string]*ebpf.Map{mapEvents: o.Ring}
	} else {
		delete(s.Maps, mapEvents) // a program that names it all the same does not load, and the next one is tried
	}
	coll, err := ebpf.NewCollectionWithOptions(s, options)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", c.Program, short(err))
	}
	at := &Attachment{candidate: c, collection: coll}
	for _, name := range programs {
		l, err := attach(coll.Programs[name], s.Programs[name], c)
		if err != nil {
			_ = at.Close()
			return nil, fmt.Errorf("attach %s: %w", name, short(err))
		}
		at.links = append(at.links, l)
	}
	return at, nil
}

func attach(p *ebpf.Program, spec *ebpf.ProgramSpec, c Candidate) (link.Link, error) {
	switch c.Kind {
	case TracingBTF, Fentry:
		return link.AttachTracing(link.TracingOptions{Program: p})
	case Raw:
		return link.AttachRawTracepoint(link.RawTracepointOptions{Name: c.Name, Program: p})
	case Tracepoint:
		done, err := needTracefs()
		if err != nil {
			return nil, err
		}
		defer done()
		return link.Tracepoint(c.Group, c.Name, p, nil)
	case LSM:
		return link.AttachLSM(link.LSMOptions{Program: p})
	case Cgroup:
		root := Unified()
		if root == "" {
			return nil, errors.New("the unified hierarchy of control groups is not mounted")
		}
		return link.AttachCgroup(link.CgroupOptions{Path: root, Attach: spec.AttachType, Program: p})
	}
	return nil, fmt.Errorf("no such kind of hook: %s", c.Kind)
}

// short takes the guess about memory limits away that the library adds to every refusal: it misleads on kernels that
// refuse for other reasons.
func short(err error) error {
	text := err.Error()
	if i := strings.Index(text, " (MEMLOCK may be too low"); i >= 0 {
		return errors.Join(errors.New(text[:i]))
	}
	return err
}

// Kind is the kind of hook that was attached.
func (a *Attachment) Kind() string { return a.candidate.Kind }

// Note says what is missed by this kind.
func (a *Attachment) Note() string { return a.candidate.Note }

// Map gives one of the object's maps, or nil.
func (a *Attachment) Map(name string) *ebpf.Map { return a.collection.Maps[name] }

// Program gives one of the attached programs, for its statistics.
func (a *Attachment) Program(name string) *ebpf.Program { return a.collection.Programs[name] }

// BPF gives the first of the attached programs.
func (a *Attachment) BPF() *ebpf.Program { return a.Program(a.candidate.Program) }

// Watch switches between telling rare events only and telling every event.
func (a *Attachment) Watch(all bool) error {
	s := struct{ Watch, Self uint32 }{Self: uint32(os.Getpid())}
	if all {
		s.Watch = 1
	}
	if err := a.Map(mapSettings).Put(uint32(0), s); err != nil {
		return fmt.Errorf("set %s: %w", a.candidate.Program, err)
	}
	return nil
}

// Close detaches the programs and frees their maps.
func (a *Attachment) Close() error {
	var err error
	for _, l := range a.links {
		err = errors.Join(err, l.Close())
	}
	a.collection.Close()
	return err
}
