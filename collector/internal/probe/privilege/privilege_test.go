package privilege

import (
	"context"
	"encoding/binary"
	osexec "os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/act"
	"github.com/vymir-project/vymir/collector/internal/probe/capable"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

var ways = map[string]struct {
	kinds  []string
	shared bool
}{
	"fentry":        {kinds: []string{hook.Fentry}},
	"by capability": {kinds: []string{hook.TracingBTF}, shared: true},
}

// opened gives the probe by one way, or skips where this kernel does not offer it.
func opened(t *testing.T, way string, open func(context.Context, act.Options) *act.Probe, ring *ebpf.Map) *act.Probe {
	t.Helper()
	hooktest.NeedRoot(t)
	o := act.Options{Options: hook.Options{Ring: ring}, Kinds: ways[way].kinds}
	if ways[way].shared {
		hooktest.NeedKernel(t, 6, 14) // the tracepoint cap_capable
		o.Shared = capable.New()
	}
	p := open(t.Context(), o)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	kind := hook.Fentry
	if ways[way].shared {
		kind = "cap_capable"
	}
	hooktest.NeedProven(t, kind, p.Hook())
	if ways[way].shared && !strings.Contains(p.Hook().Reason, "by the capability") {
		t.Skipf("needs a kernel with the tracepoint cap_capable (6.14): %s", p.Hook().Reason)
	}
	return p
}

// done gives what the doer was seen doing.
func done(t *testing.T, p *act.Probe) map[string]uint64 {
	t.Helper()
	all := map[string]uint64{}
	err := p.Drain(hook.Now(), func(s act.Seen) {
		if s.Program == hooktest.Doer {
			all[strconv.Itoa(int(s.UID))+": "+s.Detail()] += s.Count
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestChangesOfUser(t *testing.T) {
	for way := range ways {
		t.Run(way, func(t *testing.T) {
			ring := hooktest.Ring(t)
			p := opened(t, way, SetUID, ring)
			done(t, p)
			must(t, hooktest.Do(t, "become:65534"))
			must(t, hooktest.Do(t, "gain"))
			got := done(t, p)
			if got["0: to user 65534"] != 2 || got["65534: from user 65534 to 0"] != 1 {
				t.Errorf("seen %v", got)
			}
			if again := done(t, p); len(again) != 0 {
				t.Errorf("handed over again: %v", again)
			}
			// Only the gain is told, with who it was.
			var told []act.Seen
			for _, s := range ringed(t, ring) {
				if s.Program == hooktest.Doer {
					told = append(told, s)
				}
			}
			if len(told) != 1 || told[0].Flags&act.Gained == 0 || told[0].UID != 65534 || told[0].PID == 0 {
				t.Errorf("told %+v", told)
			}
			if h := p.Hook(); h.Lost != 0 || h.Events < 3 {
				t.Errorf("%+v", h)
			}
		})
	}
}

func ringed(t *testing.T, ring *ebpf.Map) (list []act.Seen) {
	t.Helper()
	r, err := ringbuf.NewReader(ring)
	must(t, err)
	defer r.Close()
	must(t, r.Flush())
	for {
		rec, err := r.Read()
		if err != nil {
			return list
		}
		h, rest, ok := hook.ParseHeader(rec.RawSample)
		if s, parsed := act.Parse(h, rest, hook.Now()); ok && parsed && h.Kind == hook.KindAct {
			list = append(list, s)
		}
	}
}

// Whoever chooses his names by the hundred fills the map and the ring. Every change is counted all the same, and every gain
// either told, or kept to be told later, or counted as lost in the ring.
func TestStormIsCounted(t *testing.T) {
	for way := range ways {
		t.Run(way, func(t *testing.T) {
			p := opened(t, way, SetUID, hooktest.Ring(t))
			const times = 900 // more than the map's 512 and the ring's 500 or so
			if err := hooktest.Do(t, "storm:"+strconv.Itoa(times)); err != nil {
				t.Fatal(err)
			}
			var counted, apart uint64
			must(t, p.Drain(hook.Now(), func(s act.Seen) {
				counted += s.Count
				if strings.HasPrefix(s.Program, "storm") {
					apart += s.Count
				}
			}))
			h := p.Hook()
			t.Logf("%d counted, %d of them by name; %d events, lost %v", counted, apart, h.Events, h.Losses)
			if counted < 2*times || h.Events < 2*times || apart < 256 || apart >= 2*times {
				t.Errorf("want %d, of which a part by name", 2*times)
			}
			if h.Losses[hook.LostMapFull] != 0 || h.Losses[hook.LostMapBusy] != 0 {
				t.Errorf("lost %v", h.Losses)
			}
			if h.Losses[hook.LostRingFull] == 0 {
				t.Error("the ring took more than it can hold")
			}
			// What rested makes room again; that of all others stays.
			must(t, hooktest.Do(t, "gain"))
			again := uint64(0)
			must(t, p.Drain(hook.Now(), func(s act.Seen) { again += s.Count }))
			if again < 2 {
				t.Errorf("after the storm %d counted, want 2", again)
			}
		})
	}
}

// Root in a namespace of users is nobody here.
func TestNestedRootIsNoGain(t *testing.T) {
	for way := range ways {
		t.Run(way, func(t *testing.T) {
			p := opened(t, way, SetUID, hooktest.Ring(t))
			done(t, p)
			if err := hooktest.Do(t, "nested"); err != nil {
				t.Skipf("needs namespaces of users: %v", err)
			}
			var seen []act.Seen
			must(t, p.Drain(hook.Now(), func(s act.Seen) {
				if s.Program == "exe" {
					seen = append(seen, s)
				}
			}))
			if len(seen) == 0 {
				t.Error("nothing was seen")
			}
			for _, s := range seen {
				if s.Flags&act.Gained != 0 {
					t.Errorf("taken for a gain: %+v", s)
				}
			}
		})
	}
}

func TestChangesOfCapabilities(t *testing.T) {
	for way := range ways {
		t.Run(way, func(t *testing.T) {
			p := opened(t, way, Capset, hooktest.Ring(t))
			done(t, p)
			must(t, hooktest.Do(t, "drop:"+strconv.Itoa(unix.CAP_SYS_ADMIN)))
			must(t, hooktest.Do(t, "gain"))
			got := done(t, p)
			if got["0: fewer"] != 1 || got["65534: CAP_SETUID"] != 1 {
				t.Errorf("seen %v", got)
			}
		})
	}
}

func TestChangesOfNamespaces(t *testing.T) {
	for way := range ways {
		t.Run(way, func(t *testing.T) {
			p := opened(t, way, Namespace, hooktest.Ring(t))
			done(t, p)
			must(t, hooktest.Do(t, "unshare:"+strconv.Itoa(unix.CLONE_NEWUTS|unix.CLONE_NEWIPC)))
			if got := done(t, p); got["0: uts ipc"] != 1 {
				t.Errorf("unshared: seen %v", got)
			}
			must(t, hooktest.Do(t, "clone:"+strconv.Itoa(unix.CLONE_NEWUTS|unix.CLONE_NEWNET)))
			if got := done(t, p); got["0: uts network"] == 0 {
				t.Errorf("cloned: seen %v", got)
			}
			apart := osexec.Command("/bin/sleep", "600")
			apart.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUTS}
			must(t, apart.Start())
			defer func() { _ = apart.Process.Kill(); _ = apart.Wait() }()
			must(t, hooktest.Do(t, "enter:"+strconv.Itoa(apart.Process.Pid)))
			if got := done(t, p); got["0: uts"] != 1 {
				t.Errorf("entered: seen %v", got)
			}
			child, err := hook.Exec(t.Context())
			must(t, err)
			defer child.End()
			must(t, hooktest.Do(t, "enter:"+strconv.Itoa(child.PID())))
			if got := done(t, p); way == "by capability" && got["0: uts"] != 1 || way == "fentry" && len(got) != 0 {
				t.Errorf("entered where it was: seen %v", got)
			}
		})
	}
}

// A hook that is attached and silent is replaced by the next, and named. Here one that sees only new namespaces is asked for a process in the old ones.
func TestSilentHookIsReplaced(t *testing.T) {
	hooktest.NeedRoot(t)
	p := act.Open(t.Context(), act.Namespace, loadPrivilege, []hook.Candidate{
		{Kind: hook.TracingBTF, Program: privilegeProgNamespaceCloned},
		{Kind: hook.Raw, Program: privilegeProgNamespaceRaw, Name: "task_newtask", Note: "poorer"},
	}, bear, act.Options{Options: hook.Options{Ring: hooktest.Ring(t)}})
	t.Cleanup(func() { must(t, p.Close()) })
	hooktest.NeedProven(t, hook.Raw, p.Hook())
	h := p.Hook()
	if strings.Contains(h.Reason, "load namespace_cloned") && !hooktest.Needed(hook.TracingBTF) {
		t.Skipf("needs a kernel with typed tracepoints (5.5): %s", h.Reason)
	}
	if want := "tp_btf namespace_cloned: " + hook.ErrSilent.Error() + "; poorer"; h.Kind != hook.Raw || h.Reason != want {
		t.Errorf("%+v, want the next kind for %q", h, want)
	}
	must(t, hooktest.Do(t, "clone:"+strconv.Itoa(unix.CLONE_NEWUTS)))
	if got := done(t, p); got["0: uts"] == 0 {
		t.Errorf("by what took its place: seen %v", got)
	}
}

// Who may enter no namespace, as in our unit, has only its processes' ends to prove the hook by, and Debian's 6.12 does not show
// those. It sees what is done all the same, and says what it could not prove.
func TestNamespacesOfAnAgentThatMayEnterNone(t *testing.T) {
	hooktest.NeedRoot(t)
	p := act.Open(t.Context(), act.Namespace, loadPrivilege, namespaces, bear, act.Options{Options: hook.Options{Ring: hooktest.Ring(t)}, Kinds: ways["fentry"].kinds})
	t.Cleanup(func() { must(t, p.Close()) })
	hooktest.NeedProven(t, hook.Fentry, p.Hook())
	h := p.Hook()
	t.Logf("%s %s", h.Kind, h.Reason)
	if h.Reason != "" && h.Reason != "fentry namespace_switched: "+hook.ErrSilent.Error()+"; "+namespaces[2].Note {
		t.Errorf("%+v", h)
	}
	done(t, p)
	must(t, hooktest.Do(t, "unshare:"+strconv.Itoa(unix.CLONE_NEWUTS)))
	must(t, hooktest.Do(t, "clone:"+strconv.Itoa(unix.CLONE_NEWIPC)))
	if got := done(t, p); got["0: uts"] != 1 || got["0: ipc"] == 0 {
		t.Errorf("seen %v", got)
	}
}

func TestNamespaceOfUsers(t *testing.T) {
	p := opened(t, "fentry", Namespace, hooktest.Ring(t))
	done(t, p)
	if err := hooktest.Do(t, "clone:"+strconv.Itoa(unix.CLONE_NEWUSER)); err != nil {
		t.Skipf("needs namespaces of users: %v", err)
	}
	if got := done(t, p); got["0: user"] != 1 {
		t.Errorf("seen %v", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(make([]byte, 104))
	f.Add(binary.NativeEndian.AppendUint32(make([]byte, 88), 3))
	f.Fuzz(func(_ *testing.T, b []byte) {
		if s, ok := act.Parse(hook.Header{}, b, hook.Clock{}); ok {
			_ = s.Detail()
		}
	})
}
