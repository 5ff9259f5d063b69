// Package capable sees acts by the capabilities they ask for, where the kernel offers nothing that sees them directly.
// capable.bpf.c tells where the kernel asks.
package capable

import (
	"github.com/vymir-project/vymir/collector/internal/probe/act"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// New gives the hook, which is attached when a probe of acts has found none of its own.
func New() *act.Shared {
	return &act.Shared{
		Load: loadCapable,
		Candidate: hook.Candidate{
			Kind: hook.TracingBTF, Program: capableProgCapableBtf, Beside: []string{capableProgCapableCloned},
			Note: "seen by the capability it asks for: not what it came to, nor what needs none",
		},
		Kinds: []act.Kind{act.SetUID, act.Capset, act.Namespace, act.Mount, act.Program},
	}
}
