package exit

import (
	osexec "os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

func TestDeathsAreSeenByEveryKind(t *testing.T) {
	for _, kind := range []string{hook.TracingBTF, hook.Raw} {
		t.Run(kind, func(t *testing.T) {
			hooktest.NeedRoot(t)
			p := Open(t.Context(), Options{Options: hook.Options{Ring: hooktest.Ring(t)}, Kinds: []string{kind}})
			defer p.Close()
			hooktest.NeedProven(t, kind, p.Hook())
			counts := func() map[uint32]uint64 {
				t.Helper()
				all := map[uint32]uint64{}
				err := p.Drain(hook.Now(), func(s Seen) {
					if s.Program == "sleep" || s.Program == "true" || s.Program == "busybox" {
						all[s.Signal] += s.Count
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				return all
			}
			counts()
			for _, signal := range []unix.Signal{unix.SIGSEGV, unix.SIGKILL, unix.SIGTERM} {
				cmd := osexec.Command("/bin/sleep", "60")
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				if err := cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				_ = cmd.Wait()
			}
			if err := osexec.Command("/bin/true").Run(); err != nil {
				t.Fatal(err)
			}
			got := counts()
			if got[11] == 0 || got[9] == 0 || got[15] != 0 || got[0] != 0 {
				t.Errorf("deaths by signal: %v, want by 11 and 9 only", got)
			}
			if again := counts(); again[11] != 0 {
				t.Errorf("handed over again: %v", again)
			}
		})
	}
}
