package probe

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/exec"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

// BenchmarkTold is what the agent pays for an event that is told through the ring while somebody watches: reading it,
// taking it apart, and handing it to the watcher. A program fills the ring with such records as ours write, and wakes the
// reader as they do. It is the processor time of all threads but the one that fills, so with the share of waking up and of
// collecting garbage, and without what else runs on the machine.
func BenchmarkTold(b *testing.B) {
	for _, kind := range []string{exec.Event, "tcp_connect"} {
		b.Run(kind, func(b *testing.B) {
			hooktest.NeedRoot(b)
			w := &watcher{events: make(chan Event, queueLength), gone: make(chan struct{})}
			s := &Set{table: newTable(0), watchers: map[*watcher]struct{}{w: {}}}
			var records [][]byte
			if kind == exec.Event {
				s.exec, records = executions(b)
			} else {
				records = connections()
			}
			for i := 0; (len(records)+1)*(len(records[0])+8) <= hook.RingSize/4; i++ { // at which the kernel wakes the reader
				records = append(records, records[i])
			}
			ring := hooktest.Ring(b)
			fill := filler(b, ring, len(records[0]))
			taken := make(chan struct{})
			n := 0
			r, err := hook.Read(ring, func(record []byte) {
				s.record(record)
				if n++; n%len(records) == 0 {
					taken <- struct{}{}
				}
			})
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			events := 0
			all, filling := processorTime(b), threadTime(b)
			for b.Loop() {
				for i, record := range records {
					fill(record, i == len(records)-1)
				}
				<-taken
				for len(w.events) > 0 {
					<-w.events
					events++
				}
			}
			spent := processorTime(b) - all - (threadTime(b) - filling)
			if events == 0 {
				b.Fatal("no event came through")
			}
			b.ReportMetric(float64(spent.Nanoseconds())/float64(events), "agent-ns/event")
			b.ReportMetric(0, "ns/op") // filling the ring, too
		})
	}
}

// executions gives a probe that has seen a program run ten times, and what it told of them.
func executions(b *testing.B) (*exec.Probe, [][]byte) {
	b.Helper()
	ring := hooktest.Ring(b)
	p := exec.Open(b.Context(), exec.Options{Options: hook.Options{Ring: ring}, Kinds: []string{hook.TracingBTF}})
	b.Cleanup(func() { p.Close() })
	hooktest.NeedProven(b, hook.TracingBTF, p.Hook())
	if err := p.Watch(true); err != nil {
		b.Fatal(err)
	}
	for range 10 {
		run(b, "/bin/true")
	}
	r, err := ringbuf.NewReader(ring)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	if err := r.Flush(); err != nil {
		b.Fatal(err)
	}
	var records [][]byte
	for {
		rec, err := r.Read()
		if err != nil {
			return p, records
		}
		h, rest, _ := hook.ParseHeader(rec.RawSample)
		if _, ok := p.Parse(h, rest, hook.Now()); ok { // the canary has left the map
			records = append(records, rec.RawSample)
		}
	}
}

// connections are records as the kernel's programs write them, with a few peers.
func connections() (records [][]byte) {
	n := binary.NativeEndian
	for i := range 20 {
		b := n.AppendUint64(nil, hook.Monotonic())
		b = n.AppendUint32(b, hook.KindTCP)
		b = append(b, make([]byte, 12)...)
		b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, byte(i))
		b = append(b, "curl\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
		b = append(b, make([]byte, 8)...)
		records = append(records, b)
	}
	return records
}

// filler gives a function that puts one record into the ring, by a program of its own, as user space cannot.
func filler(b *testing.B, ring *ebpf.Map, size int) func(record []byte, wake bool) {
	b.Helper()
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: uint32(size), MaxEntries: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { m.Close() })
	var quiet, waking *ebpf.Program
	for flags, p := range map[int32]**ebpf.Program{unix.BPF_RB_NO_WAKEUP: &quiet, unix.BPF_RB_FORCE_WAKEUP: &waking} {
		*p, err = ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SocketFilter, License: "GPL", Instructions: asm.Instructions{
			asm.StoreImm(asm.RFP, -4, 0, asm.Word),
			asm.Mov.Reg(asm.R2, asm.RFP),
			asm.Add.Imm(asm.R2, -4),
			asm.LoadMapPtr(asm.R1, m.FD()),
			asm.FnMapLookupElem.Call(),
			asm.JEq.Imm(asm.R0, 0, "out"),
			asm.Mov.Reg(asm.R2, asm.R0),
			asm.LoadMapPtr(asm.R1, ring.FD()),
			asm.Mov.Imm(asm.R3, int32(size)),
			asm.Mov.Imm(asm.R4, flags),
			asm.FnRingbufOutput.Call(),
			asm.Mov.Imm(asm.R0, 0).WithSymbol("out"),
			asm.Return(),
		}})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { (*p).Close() })
	}
	packet := make([]byte, 64)
	return func(record []byte, wake bool) {
		if err := m.Put(uint32(0), record); err != nil {
			b.Fatal(err)
		}
		p := quiet
		if wake {
			p = waking
		}
		if _, err := p.Run(&ebpf.RunOptions{Data: packet}); err != nil {
			b.Fatal(err)
		}
	}
}

func threadTime(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
