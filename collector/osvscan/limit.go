package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Exit codes; docs/spec/osvscan.md. A runtime that dies of the hard cap exits with 2 and says so on standard error.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitMemory  = 5
	exitTime    = 6
	watchMemory = 20 * time.Millisecond
)

// budget ends this process when it takes more than it was given. The scanner's library cannot be called back, so the
// end of the process is the only way.
type budget struct {
	once sync.Once
	dir  atomic.Pointer[string] // a folder to remove; nil: none yet
	quit chan struct{}          // closed by done
}

// startBudget sets the caps: memory softly (the collector works harder), then by looking, then by the kernel for what looking
// is too slow for; time by a clock, and by the kernel for a process that no longer minds clocks.
func startBudget(memory int64, life time.Duration) (*budget, error) {
	b := &budget{quit: make(chan struct{})}
	debug.SetMemoryLimit(memory * 3 / 4)
	hard := uint64(memory) + uint64(memory)/4 + 64<<20 // the runtime takes arenas of 64 MiB
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: hard, Max: hard}); err != nil {
		return nil, fmt.Errorf("cap memory: %w", err)
	}
	seconds := uint64(life/time.Second)*4 + 10 // of all processors together
	if err := unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: seconds, Max: seconds}); err != nil {
		return nil, fmt.Errorf("cap processor time: %w", err)
	}
	go b.watch(uint64(memory), time.NewTimer(life).C)
	return b, nil
}

func (b *budget) watch(memory uint64, end <-chan time.Time) {
	used := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	tick := time.NewTicker(watchMemory)
	defer tick.Stop()
	for {
		select {
		case <-b.quit:
			return
		case <-end:
			b.fail(exitTime, "time budget used up")
		case <-tick.C:
			metrics.Read(used)
			if used[0].Value.Uint64()-used[1].Value.Uint64() > memory {
				b.fail(exitMemory, fmt.Sprintf("memory cap of %d MiB reached", memory>>20))
			}
		}
	}
}

// done calls the watch off: the result is being written.
func (b *budget) done() { close(b.quit) }

// fail says why there is no result, cleans up and ends the process. Only the first call does.
func (b *budget) fail(code int, why string) {
	b.once.Do(func() {
		if dir := b.dir.Load(); dir != nil {
			os.RemoveAll(*dir)
		}
		line, err := json.Marshal(Failure{Schema: Schema, Error: why, Code: code})
		if err == nil {
			fmt.Fprintf(os.Stderr, "%s\n", line)
		}
		os.Exit(code)
	})
	select {} // another goroutine is ending the process
}
