package hook

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/cilium/ebpf/rlimit"
)

// Kinds of records in the ring; an agreement with enum kind in headers/vymir.h.
const (
	KindExec uint32 = iota + 1
	KindTCP
	KindUDP
	KindPtrace
	KindProtocol
	KindAct
)

// HeaderSize is the length of what stands before every record, in bytes.
const HeaderSize = 24

// RingSize is the size of the ring in bytes; its pages count twice in resident memory.
const RingSize = 64 << 10

// Header stands at the start of every record.
type Header struct {
	At   uint64 // kernel time, ns
	Kind uint32
	PID  uint32
	UID  uint32
}

// ParseHeader splits a record; false: too short.
func ParseHeader(b []byte) (Header, []byte, bool) {
	if len(b) < HeaderSize {
		return Header{}, nil, false
	}
	n := binary.NativeEndian
	return Header{At: n.Uint64(b), Kind: n.Uint32(b[8:]), PID: n.Uint32(b[12:]), UID: n.Uint32(b[16:])}, b[HeaderSize:], true
}

// RaiseLimit lets us lock as much memory as maps need. Kernels before 5.11 count maps as locked memory; later ones
// charge the control group, and nothing is done.
func RaiseLimit() error {
	if err := rlimit.RemoveMemlock(); err != nil {
		return fmt.Errorf("raise limit of locked memory: %w", err)
	}
	return nil
}

// NewRing makes the ring that all probes share, or nil where the kernel has none (before 5.8).
func NewRing() *ebpf.Map {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: mapEvents, Type: ebpf.RingBuf, MaxEntries: RingSize})
	if err != nil {
		return nil
	}
	return m
}

// Reader reads the ring in a goroutine of its own until it is closed.
//
// Programs do not wake it for each record: they do when a quarter of the ring is used, and apart from that it comes by
// itself after a pause, which is long while nobody watches.
type Reader struct {
	ring  *ringbuf.Reader
	pause atomic.Int64
	stall atomic.Pointer[chan struct{}]
	done  sync.WaitGroup
}

// Pauses between two looks at the ring.
const (
	RestingPause  = time.Second
	WatchingPause = 100 * time.Millisecond
)

// Read hands every record to f, which must not keep its argument.
func Read(ring *ebpf.Map, f func([]byte)) (*Reader, error) {
	rb, err := ringbuf.NewReader(ring)
	if err != nil {
		return nil, fmt.Errorf("read ring: %w", err)
	}
	r := &Reader{ring: rb}
	r.pause.Store(int64(RestingPause))
	r.done.Add(1)
	go func() {
		defer r.done.Done()
		r.run(f)
	}()
	return r, nil
}

func (r *Reader) run(f func([]byte)) {
	var rec ringbuf.Record
	for {
		if gate := r.stall.Load(); gate != nil {
			<-*gate
		}
		if rec.Remaining == 0 { // else nothing is waited for, and reading the clock costs as much as reading a record
			r.ring.SetDeadline(time.Now().Add(time.Duration(r.pause.Load())))
		}
		err := r.ring.ReadInto(&rec)
		switch {
		case err == nil:
			f(rec.RawSample)
			continue
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, ringbuf.ErrFlushed):
			rec.Remaining = 0
		default:
			return // closed
		}
	}
}

// Hurry makes the reader look more often, while somebody watches.
func (r *Reader) Hurry(on bool) {
	p := RestingPause
	if on {
		p = WatchingPause
	}
	r.pause.Store(int64(p))
	_ = r.ring.Flush()
}

// Stall stops the reading until resume is called: what a starved agent looks like, for tests of the loss counters.
func (r *Reader) Stall() (resume func()) {
	gate := make(chan struct{})
	r.stall.Store(&gate)
	_ = r.ring.Flush()
	return func() {
		r.stall.Store(nil)
		close(gate)
	}
}

// Flush makes the reader take what is in the ring now.
func (r *Reader) Flush() { _ = r.ring.Flush() }

// Close stops the reading and waits for it.
func (r *Reader) Close() error {
	err := r.ring.Close()
	r.done.Wait()
	return err
}
