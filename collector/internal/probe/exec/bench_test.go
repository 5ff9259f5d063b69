package exec

import (
	osexec "os/exec"
	"testing"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

// BenchmarkExec is what one execution costs in the kernel: counted under a known key, and told through the ring.
func BenchmarkExec(b *testing.B) {
	for _, kind := range bpfKinds {
		for name, all := range map[string]bool{"counted": false, "told": true} {
			b.Run(kind+"/"+name, func(b *testing.B) {
				ring := hooktest.Ring(b)
				p := Open(b.Context(), Options{Options: hook.Options{Ring: ring}, Kinds: []string{kind}})
				defer p.Close()
				hooktest.NeedProven(b, kind, p.Hook())
				r, err := hook.Read(ring, func([]byte) {}) // a ring that nobody reads is full, or wakes for each record
				if err != nil {
					b.Fatal(err)
				}
				defer r.Close()
				if err := p.Watch(all); err != nil {
					b.Fatal(err)
				}
				hooktest.Measured(b, p.choice.Source.(*kernel).BPF(), "exec", func() (n int) {
					for b.Loop() {
						_ = osexec.Command("/bin/true").Run()
						n++
					}
					return n
				})
			})
		}
	}
}

// BenchmarkDrain is what the agent pays to fetch the counts of a thousand programs, every half minute.
func BenchmarkDrain(b *testing.B) {
	p := Open(b.Context(), Options{Options: hook.Options{Ring: hooktest.Ring(b)}, Kinds: []string{hook.TracingBTF}})
	defer p.Close()
	hooktest.NeedProven(b, hook.TracingBTF, p.Hook())
	k := p.choice.Source.(*kernel)
	var v execProgram
	for i, part := range []string{"bash", "bin", "usr"} {
		copy(v.Part[i][:], part)
	}
	v.Count = 1
	for i := range 1000 {
		if err := k.programs.Put(execProgramKey{Inode: uint64(i), Device: 8<<20 | 1}, v); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Drain(hook.Now(), func(Seen) {}); err != nil {
			b.Fatal(err)
		}
	}
}
