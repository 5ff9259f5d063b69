package hooktest

import (
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Measured gives what a program costs in the kernel while f runs, per run and per event that f caused, by the kernel's
// own clock, which costs some ns of its own.
func Measured(b *testing.B, program *ebpf.Program, unit string, f func() (events int)) {
	b.Helper()
	off, err := ebpf.EnableStats(uint32(unix.BPF_STATS_RUN_TIME))
	if err != nil {
		b.Skipf("needs run time statistics (5.8, CAP_SYS_ADMIN): %v", err)
	}
	defer off.Close()
	before, err := program.Stats()
	if err != nil {
		b.Fatal(err)
	}
	events := f()
	after, err := program.Stats()
	if err != nil {
		b.Fatal(err)
	}
	spent, runs := after.Runtime-before.Runtime, after.RunCount-before.RunCount
	if runs == 0 || events == 0 {
		return
	}
	b.ReportMetric(float64(spent/time.Nanosecond)/float64(runs), "kernel-ns/run")
	b.ReportMetric(float64(spent/time.Nanosecond)/float64(events), "kernel-ns/"+unit)
}
