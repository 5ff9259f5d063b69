package files

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

// BenchmarkUnwatchedOpen is what opening and closing a file costs that nobody watches, beside those that are watched: without any
// mark and with all of them, in turn, in rounds that are short enough to be left alone now and then. The processor time of
// this thread: the least of each, and the median of what a round with marks takes longer than the one before it.
func BenchmarkUnwatchedOpen(b *testing.B) {
	hooktest.NeedRoot(b)
	file := filepath.Join(b.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	const times = 10000
	round := func() float64 {
		before := threadTime(b)
		for range times {
			fd, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				b.Fatal(err)
			}
			unix.Close(fd)
		}
		return float64(threadTime(b)-before) / times
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var off, on, added []float64
	for b.Loop() {
		before := round()
		p, o := Open(b.Context(), true, "", func(Change) {}), OpenReads(b.Context(), true, "", func(Change) {})
		if p.socket == nil || o.socket == nil {
			b.Skipf("needs fanotify: %+v %+v", p.Hook(), o.Hook())
		}
		after := round()
		p.Close()
		o.Close()
		off, on, added = append(off, before), append(on, after), append(added, after-before)
	}
	slices.Sort(added)
	b.ReportMetric(slices.Min(off), "off-ns")
	b.ReportMetric(slices.Min(on), "on-ns")
	b.ReportMetric(added[len(added)/2], "median-added-ns")
	b.ReportMetric(0, "ns/op")
}

// threadTime is the processor time of this thread, in ns.
func threadTime(b *testing.B) int64 {
	b.Helper()
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return t.Nano()
}
