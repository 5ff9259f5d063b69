package mount

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/act"
	"github.com/vymir-project/vymir/collector/internal/probe/capable"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

func TestMountsAreSeen(t *testing.T) {
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
			p := Open(t.Context(), o)
			defer p.Close()
			kind := hook.Fentry
			if o.Shared != nil {
				kind = "cap_capable"
			}
			hooktest.NeedProven(t, kind, p.Hook())
			seen := func() (here, elsewhere uint64, what string) {
				t.Helper()
				err := p.Drain(hook.Now(), func(s act.Seen) {
					switch {
					case s.Program != hooktest.Doer:
					case s.Flags&act.Here != 0:
						here, what = here+s.Count, s.What
					default:
						elsewhere += s.Count
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				return here, elsewhere, what
			}
			for _, how := range []string{"mount:", "move_mount:"} {
				dir := filepath.Join(hooktest.TempDir(t), "point")
				if err := os.Mkdir(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				seen()
				if err := hooktest.Do(t, how+dir); err != nil {
					t.Skipf("needs the right to mount: %v", err)
				}
				defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
				here, elsewhere, what := seen()
				// The capability is asked for twice, which is told from two mounts by the time between.
				if n := here + elsewhere; n != 1 && (o.Shared == nil || n != 2) {
					t.Errorf("%s seen %d here and %d elsewhere, want once", how, here, elsewhere)
				}
				if here > 0 && what != "tmpfs" && how == "mount:" && !hooktest.LockedDown() {
					t.Errorf("%s of %q, want tmpfs", how, what)
				}
			}
			if err := hooktest.Do(t, "mount:/nowhere/at/all"); err == nil {
				t.Fatal("mounted nowhere")
			}
			if here, elsewhere, _ := seen(); o.Shared == nil && here+elsewhere != 0 {
				t.Errorf("a mount that failed was seen")
			}
		})
	}
}
