package probe

import (
	"cmp"
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/act"
	"github.com/vymir-project/vymir/collector/internal/probe/capable"
	"github.com/vymir-project/vymir/collector/internal/probe/census"
	"github.com/vymir-project/vymir/collector/internal/probe/files"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/load"
	"github.com/vymir-project/vymir/collector/internal/probe/mount"
	"github.com/vymir-project/vymir/collector/internal/probe/privilege"
)

// acts are the probes of what changes who may do what, or what the kernel is. What they say of modules, BPF programs and
// mounts is compared with the kernel's own lists: the lists know what lasts, and the probes who did it.
type acts struct {
	probes []*act.Probe // by kind, from 1 on
	listed []listed     // what the lists showed lately, oldest first
	missed bool         // a module was listed that the probe of modules did not see
	seen   bool         // one was seen by it, and listed
}

// listed is something new in one of the kernel's lists.
type listed struct {
	census.Change
	by certainty // of who did it
}

// certainty is how well it is known who brought something about.
type certainty int

const (
	unknown certainty = iota
	guessed           // somebody mounted something then
	known
)

// Bounds of the comparing.
const (
	maxListed   = 256
	listedFor   = time.Minute
	secondsLate = 5 * time.Second // of a ring that is read once a second, on a busy host
)

// openActs attaches the probes, of which those share one hook that find none of their own.
func openActs(ctx context.Context, o hook.Options, kinds func(events ...string) []string) acts {
	shared := capable.New()
	var a acts
	for i, open := range []func(context.Context, act.Options) *act.Probe{
		privilege.SetUID, privilege.Capset, privilege.Namespace, mount.Open, load.Program, load.Module,
	} {
		kind := act.Kind(i + 1)
		a.probes = append(a.probes, open(ctx, act.Options{Options: o, Kinds: kinds(kind.String()), Shared: shared}))
	}
	return a
}

// hooks reports the probes' health, each of what the kernel lists beside its list: the better one of the two.
func (a *acts) hooks(lists []facts.Hook) []facts.Hook {
	var out []facts.Hook
	for _, p := range a.probes {
		h := p.Hook()
		i := slices.IndexFunc(lists, func(l facts.Hook) bool { return l.Event == h.Event })
		if i < 0 {
			out = append(out, h)
			continue
		}
		out = append(out, a.better(h, lists[i]))
	}
	return out
}

// better gives the hook's health where it has proven itself, and that of the list, with the reason, where not.
func (a *acts) better(h, list facts.Hook) facts.Hook {
	if h.State == hook.Proven && h.Event == act.Module.String() {
		switch {
		case a.missed:
			h.State, h.Reason = hook.Silent, h.Kind+": attached, but a module was listed that it did not see"
		case !a.seen && list.State == hook.Proven:
			h.State, h.Reason = hook.Silent, h.Kind+" is attached, and will have proven itself by the next module that is loaded"
		}
	}
	if h.State == hook.Proven || list.State != hook.Proven {
		if h.State == hook.Refused && list.State == hook.Off {
			return list // the kernel has no such thing
		}
		return h
	}
	if h.Reason != "" {
		list.Reason = strings.TrimPrefix(list.Reason+"; "+h.Reason, "; ")
	}
	return list
}

func (a *acts) watch(all bool) error {
	var err error
	for _, p := range a.probes {
		err = cmp.Or(err, p.Watch(all))
	}
	return err
}

func (a *acts) close() error {
	var err error
	for _, p := range a.probes {
		err = cmp.Or(err, p.Close())
	}
	return err
}

// drainActs counts what was done, and tells what the ring had no room for. The caller holds mu.
func (s *Set) drainActs(now hook.Clock) {
	for _, p := range s.acts.probes {
		_ = p.Drain(now, func(x act.Seen) {
			at := s.groups.of(x.Cgroup, x.PID)
			s.table.addAct(x, at)
			if x.Untold {
				s.acted(x)
			}
		})
	}
}

// acted takes an act as it came. The caller holds mu.
func (s *Set) acted(x act.Seen) {
	e := Event{At: x.Last, Kind: x.Kind.String(), Program: x.Program, PID: x.PID, UID: &x.UID, What: x.Detail()}
	e.Container, e.Image = s.groups.of(x.Cgroup, x.PID).names()
	if !notable(x) {
		s.show(e)
		return
	}
	if ran, ok := s.exec.Ran(x.PID); ok && command(ran.Path) == x.Program && !ran.Last.After(x.Last) {
		e.Program, e.Parent = ran.Path, ran.Parent
	}
	switch x.Kind {
	case act.Module, act.Program, act.Mount:
		s.compare(e, x)
	default:
		s.tell(e)
	}
}

// notable are acts worth keeping one by one.
func notable(x act.Seen) bool {
	switch x.Kind {
	case act.SetUID:
		return x.Flags&act.Gained != 0
	case act.Mount:
		const unchanged = 1<<5 | 1<<17 | 1<<18 | 1<<19 | 1<<20 // remount, propagation
		return x.Flags&act.Here != 0 && x.Mask&unchanged == 0 && !census.Passing(x.What)
	case act.Program:
		return !census.OfControlGroups(x.Mask)
	case act.Module:
		return true
	}
	return false
}

// command is the name that the kernel gives a process for a path.
func command(path string) string {
	name := filepath.Base(path)
	return name[:min(len(name), 15)]
}

// compare looks for an act in the kernel's lists: found there, its event says all that the list does; not found, it says
// so where the hook knows that it happened. The caller holds mu.
func (s *Set) compare(e Event, x act.Seen) {
	for i := range s.acts.listed {
		l := &s.acts.listed[i]
		by := matches(l.Change, x)
		if by > l.by && e.At.Sub(l.At).Abs() < listedFor && !e.At.After(l.At) {
			l.by = by
			e.What = l.Detail
			s.table.amendEvent(l.At, e.kept())
			s.show(e)
			s.acts.seen = s.acts.seen || x.Kind == act.Module
			return
		}
	}
	done := false
	s.rare.Look(time.Now().UTC(), func(c census.Change) {
		by := matches(c, x)
		if done || by == unknown {
			s.list(c)
			return
		}
		done = true
		s.acts.note(listed{c, by})
		told := e
		told.At, told.What = c.At, c.Detail
		s.tell(told)
		s.acts.seen = s.acts.seen || x.Kind == act.Module
	})
	switch {
	case done:
	case x.Flags&act.Certain == 0: // asked for, by somebody who may: what came of it is not known
		s.show(e)
	case x.Kind == act.Module:
		e.What += " [not listed]"
		s.tell(e)
	case x.Kind == act.Mount && (x.Mask != 0 || x.What == "" || x.What == "none"):
		s.show(e) // a part of a file system that was seen at two places, and is not any more
	case x.Kind == act.Mount:
		e.What = x.What + " ? on ? (gone)"
		s.tell(e)
	default:
		s.tell(e)
	}
}

// list takes something new in one of the kernel's lists of which it is not known who did it. The caller holds mu.
func (s *Set) list(c census.Change) {
	s.acts.note(listed{Change: c})
	s.tell(Event{At: c.At, Kind: c.Kind, UID: c.UID, What: c.Detail})
}

func (a *acts) note(l listed) {
	if len(a.listed) >= maxListed {
		a.listed = slices.Delete(a.listed, 0, 1)
	}
	a.listed = append(a.listed, l)
}

// settle gives up on what was listed a while ago without the hook having seen it. The caller holds mu.
func (a *acts) settle(now time.Time) {
	for _, l := range a.listed {
		if l.Kind == act.Module.String() && l.by == unknown && now.Sub(l.At) > secondsLate {
			a.missed = true
		}
	}
	a.listed = slices.DeleteFunc(a.listed, func(l listed) bool { return now.Sub(l.At) > listedFor })
}

// matches says whether a line of a list may be what an act brought about.
func matches(c census.Change, x act.Seen) certainty {
	if c.Kind != x.Kind.String() {
		return unknown
	}
	name, _, _ := strings.Cut(c.Detail, " ")
	switch {
	case x.Kind == act.Module && name == x.What, x.Kind == act.Program && c.Detail == x.Detail():
		return known
	case x.Kind != act.Mount:
		return unknown
	case x.What == "" || x.What == "none" || x.Mask != 0: // of any kind, or a part of what is mounted elsewhere
		return guessed
	case strings.HasPrefix(name, x.What) || strings.HasPrefix(x.What, name):
		return known
	}
	return unknown
}

// actKey is what acts are told apart by.
type actKey struct {
	kind, program, detail string
	uid                   uint32
}

// maxActs bounds the acts that are remembered.
const maxActs = 1024

// addAct merges acts.
func (t *table) addAct(x act.Seen, in container) {
	key := actKey{x.Kind.String(), x.Program, x.Detail(), x.UID}
	if x.Program == "?" && x.What == "" {
		key.detail = ""
	}
	t.countAct(key, x.Count, x.First, x.Last, in)
}

// addRead counts that a secret was opened.
func (t *table) addRead(c files.Change) {
	key := actKey{kind: files.Read, program: c.Program, detail: c.Path}
	if c.UID != nil {
		key.uid = *c.UID
	}
	t.countAct(key, 1, c.At, c.At, container{})
}

// countAct counts under a key; what finds no room is counted by its kind alone.
func (t *table) countAct(key actKey, n uint64, first, last time.Time, in container) {
	a := t.acts[key]
	if a == nil && len(t.acts) >= maxActs && !t.evictAct(last) {
		key = actKey{kind: key.kind, program: "?"}
		a = t.acts[key]
	}
	if a == nil {
		a = &facts.Act{Kind: key.kind, Program: key.program, Detail: key.detail, UID: key.uid, FirstSeen: first}
		t.acts[key] = a
	}
	a.Count += n
	a.FirstSeen, a.LastSeen = earlier(a.FirstSeen, first), later(a.LastSeen, last)
	a.Container, a.Image = in.names()
}

// evictAct makes room by forgetting what was not done for a day.
func (t *table) evictAct(now time.Time) bool {
	n := len(t.acts)
	maps.DeleteFunc(t.acts, func(_ actKey, a *facts.Act) bool { return a.LastSeen.Before(now.Add(-24 * time.Hour)) })
	if len(t.acts) == n {
		return false
	}
	t.truncated = later(t.truncated, now)
	return true
}

func (t *table) listActs() []facts.Act {
	list := make([]facts.Act, 0, len(t.acts))
	for _, a := range t.acts {
		list = append(list, *a)
	}
	slices.SortFunc(list, func(a, b facts.Act) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Program, b.Program), cmp.Compare(a.UID, b.UID), cmp.Compare(a.Detail, b.Detail))
	})
	return list
}

func (t *table) loadActs(list []facts.Act) {
	for _, a := range list[:min(len(list), maxActs)] {
		b := a
		t.acts[actKey{a.Kind, a.Program, a.Detail, a.UID}] = &b
	}
}

// amendEvent says of an event that was kept who did it. One that has been forgotten meanwhile is kept anew.
func (t *table) amendEvent(at time.Time, e facts.RuntimeEvent) {
	i := slices.IndexFunc(t.events, func(o facts.RuntimeEvent) bool {
		return o.Kind == e.Kind && o.Detail == e.Detail && o.At.Equal(at)
	})
	if i < 0 {
		t.addEvent(e)
		return
	}
	e.At = at
	t.events[i] = e
}
