package probe

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

// BenchmarkWorkload does the same work without probes, with all of them, and with all but the recognition of protocols, in
// turn, and reports the processor time of each, the agent's own share included: the least of all rounds, as whatever else
// runs on the machine only adds, and the median of the differences within a round.
func BenchmarkWorkload(b *testing.B) {
	hooktest.NeedRoot(b)
	file := filepath.Join(b.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	for _, w := range []struct {
		name string
		n    int
		work func(b *testing.B)
	}{
		{"exec", 100, func(b *testing.B) {
			if err := osexec.Command("/bin/true").Run(); err != nil {
				b.Fatal(err)
			}
		}},
		{"thousand-forks", 2, func(b *testing.B) {
			const storm = "i=0; while [ $i -lt 1000 ]; do (:); i=$((i+1)); done"
			if err := osexec.Command("/bin/sh", "-c", storm).Run(); err != nil {
				b.Fatal(err)
			}
		}},
		{"connect", 1000, func(b *testing.B) { connectOnce(b) }},
		{"open", 50000, func(b *testing.B) {
			fd, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				b.Fatal(err)
			}
			unix.Close(fd)
		}},
	} {
		b.Run(w.name, func(b *testing.B) {
			least := map[string]time.Duration{}
			var added []time.Duration
			for b.Loop() {
				round := map[string]time.Duration{}
				for name, o := range map[string]*Options{"off": nil, "on": {}, "no-protocols": {Exclude: []string{"protocol"}}} {
					t := measured(b, o, w.n, w.work)
					if have, ok := least[name]; !ok || t < have {
						least[name] = t
					}
					round[name] = t
				}
				added = append(added, round["on"]-round["off"])
			}
			slices.Sort(added)
			b.ReportMetric(float64(added[len(added)/2].Nanoseconds()), "median-added-ns")
			for name, t := range least {
				b.ReportMetric(float64(t.Nanoseconds()), name+"-ns")
			}
			b.ReportMetric(float64(least["on"])/float64(least["off"]), "ratio")
			b.ReportMetric(0, "ns/op") // rounds, which say nothing
		})
	}
}

// measured is the processor time of one unit of work, of this process and its children; o nil: without probes.
func measured(b *testing.B, o *Options, n int, work func(*testing.B)) time.Duration {
	b.Helper()
	if o != nil {
		s, err := Open(b.Context(), *o)
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
	}
	for range max(1, n/10) {
		work(b)
	}
	before := processorTime(b)
	for range n {
		work(b)
	}
	return (processorTime(b) - before) / time.Duration(n)
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var sum time.Duration
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if err := unix.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}

func connectOnce(b *testing.B) {
	b.Helper()
	c, err := hook.Connect(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	c.Close()
}

// BenchmarkIdle is what the agent's part of the probes costs a host while nothing much happens: in per cent of one core, the
// least and the most of whole minutes.
func BenchmarkIdle(b *testing.B) {
	hooktest.NeedRoot(b)
	s, err := Open(b.Context(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var minutes []float64
	for b.Loop() {
		began, before := time.Now(), processorTime(b)
		<-time.After(2 * gatherEvery)
		minutes = append(minutes, 100*float64(processorTime(b)-before)/float64(time.Since(began)))
	}
	b.ReportMetric(slices.Min(minutes), "%core-least")
	b.ReportMetric(slices.Max(minutes), "%core-most")
	b.ReportMetric(0, "ns/op")
}
