package ptrace

import (
	osexec "os/exec"
	"testing"

	"github.com/cilium/ebpf/ringbuf"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

func TestReachingIsToldOnce(t *testing.T) {
	for _, kind := range []string{hook.Fentry, hook.LSM} {
		t.Run(kind, func(t *testing.T) {
			hooktest.NeedRoot(t)
			ring := hooktest.Ring(t)
			p := Open(t.Context(), Options{Options: hook.Options{Ring: ring}, Kinds: []string{kind}})
			defer p.Close()
			hooktest.NeedProven(t, kind, p.Hook())
			cmd := osexec.Command("/bin/sleep", "60")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
			before := p.Hook().Events
			attempts := 0
			if !hooktest.Await(t, func() bool {
				attempts++
				if err := reach(cmd.Process.Pid); err != nil {
					t.Fatal(err)
				}
				return p.Hook().Events >= before+3
			}) {
				t.Fatalf("%+v after %d attempts", p.Hook(), attempts)
			}
			t.Logf("seen %d times of %d, lost %v", p.Hook().Events-before, attempts, p.Hook().Losses)
			r, err := ringbuf.NewReader(ring)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if err := r.Flush(); err != nil {
				t.Fatal(err)
			}
			told := 0
			for {
				rec, err := r.Read()
				if err != nil {
					break
				}
				h, rest, ok := hook.ParseHeader(rec.RawSample)
				s, parsed := Parse(rest)
				if !ok || !parsed || h.Kind != hook.KindPtrace || int(s.TargetPID) != cmd.Process.Pid {
					continue
				}
				told++
				if s.Program != hook.Command() || h.UID != 0 || s.Target == "" {
					t.Errorf("%+v %+v", h, s)
				}
			}
			if told == 0 || told > 2 {
				t.Errorf("told %d times, want once a second", told)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(make([]byte, recordSize))
	f.Add([]byte{1})
	f.Fuzz(func(_ *testing.T, b []byte) { Parse(b) })
}
