// Package load sees what is put into the kernel, and by whom: modules and BPF programs. load.bpf.c tells where the kernel
// reports it.
package load

import (
	"context"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/vymir-project/vymir/collector/internal/probe/act"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Module opens the probe of modules. Nothing harmless proves it, as an agent loads no module to see whether it is seen:
// whoever opens it compares what it tells with the kernel's list.
func Module(ctx context.Context, o act.Options) *act.Probe {
	return act.Open(ctx, act.Module, loadLoad, []hook.Candidate{
		{Kind: hook.TracingBTF, Program: loadProgModuleBtf},
		{Kind: hook.Raw, Program: loadProgModuleRaw, Name: "module_load"},
		{Kind: hook.Tracepoint, Program: loadProgModuleTracepoint, Group: "module", Name: "module_load"},
	}, nil, o)
}

// Program opens the probe of BPF programs. Its proof is a program of our own that does nothing.
func Program(ctx context.Context, o act.Options) *act.Probe {
	return act.Open(ctx, act.Program, loadLoad, []hook.Candidate{
		{Kind: hook.Fentry, Program: loadProgBpfFentry}, act.ByCapability,
	}, loadNothing, o)
}

func loadNothing(context.Context) error {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "vymir_canary", Type: ebpf.SocketFilter, License: "Dual BSD/GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return fmt.Errorf("load canary: %w", err)
	}
	return p.Close()
}
