package load

import (
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/act"
	"github.com/vymir-project/vymir/collector/internal/probe/capable"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

// loading makes the test binary load a BPF program, as somebody else than the agent.
const loading = "VYMIR_TEST_LOAD"

func init() {
	if os.Getenv(loading) == "" {
		return
	}
	if err := hook.RaiseLimit(); err != nil {
		os.Exit(1)
	}
	if err := loadNothing(nil); err != nil { //nolint:staticcheck // the canary needs no context
		os.Exit(1)
	}
	os.Exit(0)
}

func TestProgramsAreSeen(t *testing.T) {
	for way, o := range map[string]act.Options{
		"fentry":        {Kinds: []string{hook.Fentry}},
		"by capability": {Kinds: []string{hook.TracingBTF}, Shared: capable.New()},
	} {
		t.Run(way, func(t *testing.T) {
			hooktest.NeedRoot(t)
			if o.Shared != nil {
				hooktest.NeedKernel(t, 6, 14) // the tracepoint cap_capable
			}
			o.Options = hook.Options{Ring: hooktest.Ring(t)}
			p := Program(t.Context(), o)
			defer p.Close()
			kind := hook.Fentry
			if o.Shared != nil {
				kind = "cap_capable"
			}
			hooktest.NeedProven(t, kind, p.Hook())
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = []string{loading + "=1"}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			var got []act.Seen
			err := p.Drain(hook.Now(), func(s act.Seen) {
				if s.Detail() == "SocketFilter vymir_canary" {
					got = append(got, s)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || got[0].Count != 1 && o.Shared == nil || int(got[0].PID) != cmd.Process.Pid {
				t.Errorf("seen %+v, want once, by %d", got, cmd.Process.Pid)
			}
		})
	}
}

// A kernel with modules has all of these hooks, and one without has none. A module is loaded where the machine was given
// one to load: in the matrix of kernels.
func TestModuleIsSeenWithItsLoader(t *testing.T) {
	hooktest.NeedRoot(t)
	if _, err := os.Stat("/proc/modules"); err != nil {
		t.Skip("needs a kernel with modules")
	}
	const module = "/lib/modules/dummy.ko"
	for _, kind := range []string{hook.TracingBTF, hook.Raw, hook.Tracepoint} {
		t.Run(kind, func(t *testing.T) {
			p := Module(t.Context(), act.Options{Options: hook.Options{Ring: hooktest.Ring(t)}, Kinds: []string{kind}})
			defer p.Close()
			hooktest.NeedProven(t, kind, p.Hook())
			f, err := os.Open(module)
			if err != nil {
				t.Skipf("attached; needs a module of this kernel, as make test-kernels has, to see it loaded: %v", err)
			}
			defer f.Close()
			if info, err := f.Stat(); err != nil || info.Size() == 0 {
				t.Skip("attached; needs a module of this kernel, as make test-kernels has: there is none in this package")
			}
			_ = unix.DeleteModule("dummy", 0)
			if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil {
				t.Skipf("attached; needs a kernel that takes modules which this lockdown does not trust: %v", err)
			}
			defer func() { _ = unix.DeleteModule("dummy", 0) }()
			var got []act.Seen
			if err := p.Drain(hook.Now(), func(s act.Seen) { got = append(got, s) }); err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || got[0].What != "dummy" || got[0].Program != hook.Command() || got[0].Count != 1 {
				t.Errorf("seen %+v", got)
			}
		})
	}
}
