// Package census tells what was added to the kernel between two looks: modules, BPF programs, mounts.
//
// These change rarely and stay, so that looking every half minute misses only what comes and goes in between. The probes
// of acts tell them as they come, and who did it; the lists say what they look like, and stand in for the probes where
// the kernel offers no hook.
package census

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Kinds of changes, as facts name them.
const (
	Module  = "module_load"
	Program = "bpf_load"
	Mount   = "mount"
)

// Change is something that was not there at the last look.
type Change struct {
	At     time.Time
	Kind   string
	UID    *uint32 // who did it, where the kernel remembers
	Detail string
}

// Census remembers the last look. One goroutine at a time may use it.
type Census struct {
	subjects []*subject
}

// subject is one kind of thing that is looked at.
type subject struct {
	kind  string
	note  string
	list  func(f func(key string, c Change)) error
	known map[string]struct{}
	err   error
	off   bool
	count uint64
	lost  uint64
}

// maxKnown bounds what is remembered of one kind.
const maxKnown = 16384

// Open takes the first look, of which nothing is told. Subjects that allowed refuses are left out.
func Open(allowed func(kind string) bool) *Census {
	c := &Census{}
	for _, s := range []*subject{
		{kind: Module, list: listModules, note: "who loaded it is not known"},
		{kind: Program, list: newPrograms().list, note: "programs of control groups are left out, as systemd loads them for its services"},
		{kind: Mount, list: listMounts, note: "of our own mount namespace; who mounted it is not known"},
	} {
		s.off = !allowed(s.kind)
		c.subjects = append(c.subjects, s)
	}
	c.Look(time.Time{}, func(Change) {})
	return c
}

// Look tells what is new since the last time.
func (c *Census) Look(now time.Time, f func(Change)) {
	for _, s := range c.subjects {
		if !s.off {
			s.look(now, f)
		}
	}
}

func (s *subject) look(now time.Time, f func(Change)) {
	first := s.known == nil
	next := make(map[string]struct{}, len(s.known))
	s.err = s.list(func(key string, c Change) {
		if len(next) >= maxKnown {
			s.lost++
			return
		}
		next[key] = struct{}{}
		if _, ok := s.known[key]; ok || first {
			return
		}
		s.count++
		c.At, c.Kind = now, s.kind
		f(c)
	})
	if s.err == nil {
		s.known = next
	}
}

// Hooks reports how the looking goes.
func (c *Census) Hooks() []facts.Hook {
	var list []facts.Hook
	for _, s := range c.subjects {
		h := facts.Hook{Event: s.kind, Kind: hook.Poll, State: hook.Proven, Events: s.count, Lost: s.lost}
		switch {
		case s.off:
			h.Kind, h.State = "", hook.Off
		case errors.Is(s.err, fs.ErrNotExist):
			h.Kind, h.State, h.Reason = "", hook.Off, "this kernel has no such thing"
		case s.err != nil:
			h.Kind, h.State, h.Reason = "", hook.Refused, s.err.Error()
		default:
			h.Reason = s.note
		}
		if s.lost > 0 {
			h.Losses = map[string]uint64{hook.LostMapFull: s.lost}
		}
		list = append(list, h)
	}
	return list
}

func listModules(f func(string, Change)) error { return listFile("/proc/modules", parseModules, f) }

func listMounts(f func(string, Change)) error {
	return listFile("/proc/self/mountinfo", parseMounts, f)
}

func listFile(path string, parse func(io.Reader, func(string, Change)) error, f func(string, Change)) error {
	r, err := os.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := parse(r, f); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// parseModules reads "name size users by state address (taints)".
func parseModules(r io.Reader, f func(string, Change)) error {
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		words := strings.Fields(sc.Text())
		if len(words) < 5 {
			continue
		}
		detail := words[0]
		if taints := words[len(words)-1]; strings.HasPrefix(taints, "(") {
			detail += " " + taints
		}
		f(words[0], Change{Detail: detail})
	}
	return sc.Err()
}

// passing are file systems that come and go with containers and processes, and hold nothing of their own.
var passing = map[string]bool{"overlay": true, "nsfs": true, "proc": true, "sysfs": true, "cgroup2": true, "mqueue": true}

// Passing says whether a kind of file system comes and goes with containers and processes.
func Passing(kind string) bool { return passing[kind] }

// OfControlGroups says whether a type of BPF program belongs to a control group, as those do that systemd loads for its
// services.
func OfControlGroups(kind uint64) bool {
	switch ebpf.ProgramType(kind) {
	case ebpf.CGroupSKB, ebpf.CGroupSock, ebpf.CGroupDevice, ebpf.CGroupSockAddr, ebpf.CGroupSysctl, ebpf.CGroupSockopt:
		return true
	}
	return false
}

// parseMounts reads "id parent device root point options fields... - type source options".
func parseMounts(r io.Reader, f func(string, Change)) error {
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		before, after, ok := strings.Cut(sc.Text(), " - ")
		head, tail := strings.Fields(before), strings.Fields(after)
		if !ok || len(head) < 6 || len(tail) < 2 || passing[tail[0]] {
			continue
		}
		detail := fmt.Sprintf("%s %s on %s (%s)", tail[0], tail[1], head[4], head[5])
		f(head[0]+" "+head[4], Change{Detail: detail})
	}
	return sc.Err()
}

// programs lists BPF programs. Their ids only grow, so each is asked about once.
type programs struct {
	seen map[ebpf.ProgramID]Change
	skip map[ebpf.ProgramID]bool
}

func newPrograms() *programs { return &programs{} }

func (p *programs) list(f func(string, Change)) error {
	seen, skip := map[ebpf.ProgramID]Change{}, map[ebpf.ProgramID]bool{}
	for id := ebpf.ProgramID(0); len(seen)+len(skip) < maxKnown; {
		next, err := ebpf.ProgramGetNextID(id)
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		if err != nil {
			return fmt.Errorf("list BPF programs: %w", err)
		}
		id = next
		c, ok := p.seen[id]
		if !ok && !p.skip[id] {
			c, ok = describe(id)
		}
		if !ok {
			skip[id] = true
			continue
		}
		seen[id] = c
		f(fmt.Sprint(uint32(id)), c)
	}
	p.seen, p.skip = seen, skip
	return nil
}

// describe asks for a program's name and type; false: it has gone, or belongs to a control group.
func describe(id ebpf.ProgramID) (Change, bool) {
	p, err := ebpf.NewProgramFromID(id)
	if err != nil {
		return Change{}, false
	}
	defer p.Close()
	info, err := p.Info()
	if err != nil {
		return Change{}, false
	}
	if OfControlGroups(uint64(info.Type)) {
		return Change{}, false
	}
	c := Change{Detail: strings.TrimSpace(info.Type.String() + " " + info.Name)}
	if uid, ok := info.CreatedByUID(); ok {
		c.UID = &uid
	}
	return c, true
}
