package capable

import (
	"context"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"

	"github.com/vymir-project/vymir/collector/internal/probe/act"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
	"github.com/vymir-project/vymir/collector/internal/probe/load"
	"github.com/vymir-project/vymir/collector/internal/probe/mount"
	"github.com/vymir-project/vymir/collector/internal/probe/privilege"
)

// One hook serves all probes of acts that find none of their own, and stays until the last of them goes.
func TestOneHookForAll(t *testing.T) {
	hooktest.NeedRoot(t)
	hooktest.NeedKernel(t, 6, 14) // the tracepoint cap_capable
	shared := New()
	o := act.Options{Options: hook.Options{Ring: hooktest.Ring(t)}, Kinds: []string{hook.TracingBTF}, Shared: shared}
	var probes []*act.Probe
	for _, open := range []func(context.Context, act.Options) *act.Probe{
		privilege.SetUID, privilege.Capset, mount.Open, load.Program,
	} {
		p := open(t.Context(), o)
		hooktest.NeedProven(t, "cap_capable", p.Hook())
		probes = append(probes, p)
	}
	before := probes[0].Hook().Events
	for i, p := range probes[1:] {
		if err := p.Close(); err != nil {
			t.Errorf("close %d: %v", i, err)
		}
	}
	if err := hooktest.Do(t, "become:65534"); err != nil {
		t.Fatal(err)
	}
	if after := probes[0].Hook().Events; after == before {
		t.Error("the hook went before its last user")
	}
	if err := probes[0].Close(); err != nil {
		t.Error(err)
	}
	// Asked for again, it is attached again.
	p := privilege.SetUID(t.Context(), o)
	hooktest.NeedProven(t, "cap_capable", p.Hook())
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// Most checks are of what does not matter here: what they cost is what everybody pays.
func BenchmarkChecks(b *testing.B) {
	hooktest.NeedRoot(b)
	p := privilege.SetUID(b.Context(), act.Options{Kinds: []string{hook.TracingBTF}, Shared: New(), Options: hook.Options{Ring: hooktest.Ring(b)}})
	defer p.Close()
	if !p.Proven() {
		b.Skipf("needs the tracepoint of capability checks (6.14): %s", p.Hook().Reason)
	}
	measured(b, p.BPF())
}

// What a program that does nothing costs at the same place: the tracepoint, and the statistics' own clock.
func BenchmarkFloor(b *testing.B) {
	hooktest.NeedRoot(b)
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Tracing, AttachType: ebpf.AttachTraceRawTp, AttachTo: "cap_capable", License: "Dual BSD/GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		b.Skipf("needs the tracepoint of capability checks (6.14): %v", err)
	}
	defer p.Close()
	l, err := link.AttachTracing(link.TracingOptions{Program: p})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	measured(b, p)
}

func measured(b *testing.B, p *ebpf.Program) {
	hooktest.Measured(b, p, "process", func() int {
		for range b.N {
			child, err := hook.Exec(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			child.End()
		}
		return b.N
	})
}
