// Package hooktest says what tests of probes need, and skips those whose need is not met.
package hooktest

import (
	"os"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// NeedRoot skips the test for users who may not load BPF programs.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root (or CAP_BPF, CAP_PERFMON and, for tracepoints, CAP_DAC_READ_SEARCH)")
	}
}

// NeedProven skips the test where the kernel refuses the hook, and fails it where the hook is there and silent.
func NeedProven(t testing.TB, h facts.Hook) {
	t.Helper()
	switch h.State {
	case hook.Proven:
	case hook.Refused:
		t.Skipf("needs a kernel that offers this hook: %s", h.Reason)
	default:
		t.Fatalf("hook %s is %s: %s", h.Event, h.State, h.Reason)
	}
}

// Ring gives a ring that nobody reads.
func Ring(t testing.TB) *ebpf.Map {
	t.Helper()
	m := hook.NewRing()
	if m == nil {
		t.Skip("needs a kernel with a ring buffer (5.8)")
	}
	t.Cleanup(func() { m.Close() })
	return m
}
