package probe

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/act"
	"github.com/vymir-project/vymir/collector/internal/probe/census"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

// hookOf gives the hook for an event, or skips where it has not proven itself here.
func hookOf(t *testing.T, s *Set, event string) facts.Hook {
	t.Helper()
	for _, h := range s.Hooks() {
		if h.Event != event {
			continue
		}
		if h.State != hook.Proven || h.Kind == hook.Poll {
			t.Skipf("needs a kernel that tells %s as it happens: %s", event, h.Reason)
		}
		return h
	}
	t.Fatalf("no hook for %s", event)
	return facts.Hook{}
}

// await takes snapshots until one shows what is looked for.
func await(t *testing.T, s *Set, what string, found func(*facts.Runtime) bool) *facts.Runtime {
	t.Helper()
	var last *facts.Runtime
	if hooktest.Await(t, func() bool { last = s.Snapshot(time.Now()); return found(last) }) {
		return last
	}
	t.Fatalf("%s: not found; acts %+v, events %+v", what, last.Acts, last.Events)
	return nil
}

// Who gained root is an event of its own; other changes of user are counted.
func TestGainOfRootIsKept(t *testing.T) {
	hooktest.NeedRoot(t)
	s := openSet(t, Options{})
	hookOf(t, s, "setuid")
	if err := hooktest.Do(t, "gain"); err != nil {
		t.Fatal(err)
	}
	r := await(t, s, "gain", func(r *facts.Runtime) bool {
		return slices.ContainsFunc(r.Events, func(e facts.RuntimeEvent) bool { return e.Kind == "setuid" })
	})
	i := slices.IndexFunc(r.Events, func(e facts.RuntimeEvent) bool { return e.Kind == "setuid" })
	if e := r.Events[i]; filepath.Base(e.Program) != hooktest.Doer || e.UID == nil || *e.UID != 65534 || e.PID == 0 || e.Detail != "from user 65534 to 0" {
		t.Errorf("event %+v", e)
	}
	i = slices.IndexFunc(r.Acts, func(a facts.Act) bool {
		return a.Kind == "setuid" && a.Program == hooktest.Doer && a.Detail == "to user 65534"
	})
	if i < 0 || r.Acts[i].Count == 0 || r.Acts[i].UID != 0 || r.Acts[i].LastSeen.IsZero() {
		t.Errorf("acts %+v", r.Acts)
	}
}

// The event of a mount says what the kernel's list says, and who did it.
func TestMountIsKeptWithItsActor(t *testing.T) {
	hooktest.NeedRoot(t)
	s := openSet(t, Options{})
	hookOf(t, s, "mount")
	dir := filepath.Join(hooktest.TempDir(t), "point")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := hooktest.Do(t, "mount:"+dir); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
	want := "tmpfs vymir on " + dir
	byWhom := func(r *facts.Runtime) int { // another may be taken for him until his own act is read
		return slices.IndexFunc(r.Events, func(e facts.RuntimeEvent) bool {
			return strings.HasPrefix(e.Detail, want) && filepath.Base(e.Program) == hooktest.Doer
		})
	}
	r := await(t, s, want, func(r *facts.Runtime) bool { return byWhom(r) >= 0 })
	e := r.Events[byWhom(r)]
	if e.Kind != "mount" || e.UID == nil || *e.UID != 0 || e.PID == 0 {
		t.Errorf("event %+v", e)
	}
	n := 0
	for _, e := range r.Events {
		if strings.HasPrefix(e.Detail, want) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("told %d times: %+v", n, r.Events)
	}
}

func TestBetterOfHookAndList(t *testing.T) {
	proven := func(kind string) facts.Hook { return facts.Hook{Event: "module_load", Kind: kind, State: hook.Proven} }
	refused := facts.Hook{Event: "module_load", State: hook.Refused, Reason: "tp_btf: no such tracepoint"}
	off := facts.Hook{Event: "module_load", State: hook.Off, Reason: "this kernel has no such thing"}
	for _, tt := range []struct {
		name         string
		acts         acts
		hook, list   facts.Hook
		kind, reason string
	}{
		{"not proven yet", acts{}, proven("tp_btf"), proven("poll"), "poll", "will have proven itself by the next module"},
		{"seen and listed", acts{seen: true}, proven("tp_btf"), proven("poll"), "tp_btf", ""},
		{"listed and not seen", acts{seen: true, missed: true}, proven("tp_btf"), proven("poll"), "poll", "did not see"},
		{"refused", acts{}, refused, proven("poll"), "poll", "no such tracepoint"},
		{"no modules", acts{}, refused, off, "", "this kernel has no such thing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.acts.better(tt.hook, tt.list)
			if got.Kind != tt.kind || !strings.Contains(got.Reason, tt.reason) || tt.reason == "" && got.Reason != "" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		line string
		seen act.Seen
		want certainty
	}{
		{"dccp (OE)", act.Seen{Kind: act.Module, What: "dccp"}, known},
		{"dccp_ipv4", act.Seen{Kind: act.Module, What: "dccp"}, unknown},
		{"Kprobe hide", act.Seen{Kind: act.Program, What: "hide", Mask: 2}, known},
		{"Kprobe hid", act.Seen{Kind: act.Program, What: "hide", Mask: 2}, unknown},
		{"vfat /dev/sdb1 on /mnt (rw)", act.Seen{Kind: act.Mount, What: "vfat"}, known},
		{"nfs4 a:/b on /mnt (rw)", act.Seen{Kind: act.Mount, What: "nfs"}, known},
		{"ext4 /dev/sda1 on /mnt (rw)", act.Seen{Kind: act.Mount, What: "vfat"}, unknown},
		{"ext4 /dev/sda1 on /mnt (rw)", act.Seen{Kind: act.Mount, What: "none", Mask: 4096}, guessed},
		{"ext4 /dev/sda1 on /mnt (rw)", act.Seen{Kind: act.Mount}, guessed},
	} {
		if got := matches(census.Change{Kind: tt.seen.Kind.String(), Detail: tt.line}, tt.seen); got != tt.want {
			t.Errorf("%q and %+v: %v", tt.line, tt.seen, got)
		}
	}
}

// A module that is gone from the list, or hides from it, is told all the same; one that was listed first gets its actor.
func TestCompareWithList(t *testing.T) {
	s := &Set{table: newTable(0), rare: census.Open(func(string) bool { return false })}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	module := func(name string) (Event, act.Seen) {
		x := act.Seen{Kind: act.Module, What: name, Mask: 1 << 13, Flags: act.Certain}
		return Event{At: at, Kind: "module_load", Program: "/usr/sbin/insmod", PID: 7, What: x.Detail()}, x
	}
	s.compare(module("evil"))
	s.list(census.Change{At: at.Add(time.Second), Kind: "module_load", Detail: "late (E)"})
	s.compare(module("late"))
	want := []string{"evil (E) [not listed] /usr/sbin/insmod", "late (E) /usr/sbin/insmod"}
	var got []string
	for _, e := range s.table.events {
		got = append(got, e.Detail+" "+e.Program)
	}
	if !slices.Equal(got, want) || !s.acts.seen {
		t.Errorf("%q, want %q", got, want)
	}
	s.list(census.Change{At: at, Kind: "module_load", Detail: "silent"})
	s.acts.settle(at.Add(time.Second))
	if s.acts.missed {
		t.Error("missed too early")
	}
	s.acts.settle(at.Add(10 * time.Second))
	if !s.acts.missed {
		t.Error("a module that the hook did not see is not noticed")
	}
}

// Names of programs can be chosen: whoever chooses thousands is counted, and the rest stays known.
func TestActsAreBounded(t *testing.T) {
	table := newTable(0)
	x := act.Seen{Kind: act.Namespace, Mask: 0x10000000, UID: 1000, Count: 1, First: noon, Last: noon}
	for i := range 5000 {
		x.Program = "x" + strconv.Itoa(i)
		table.addAct(x, container{})
	}
	var r facts.Runtime
	table.fill(&r)
	var total uint64
	for _, a := range r.Acts {
		total += a.Count
	}
	if len(r.Acts) > maxActs+8 || total != 5000 {
		t.Errorf("%d acts, %d counted", len(r.Acts), total)
	}
}
