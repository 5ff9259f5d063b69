package exec

import (
	"fmt"
	"sync"
	"time"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// PollEvery is the pause between two looks at all processes.
const PollEvery = 10 * time.Second

// poller is the source of last resort: it looks at procfs again and again, and sees only what lives long enough.
type poller struct {
	*table
	looking sync.Mutex
	last    map[int]uint64 // start time by process id
	stop    func()
}

func newPoller() (*poller, error) {
	p := &poller{table: newTable(0), last: map[int]uint64{}}
	if err := p.look(); err != nil {
		return nil, err
	}
	p.stop = hook.Every(PollEvery, func() { _ = p.look() })
	return p, nil
}

// look counts the processes that are new. One that became another program without a new process is not noticed.
func (p *poller) look() error {
	p.looking.Lock()
	defer p.looking.Unlock()
	pids, err := hook.Processes()
	if err != nil {
		return fmt.Errorf("list processes: %w", err)
	}
	now := time.Now().UTC()
	next := make(map[int]uint64, len(pids))
	for _, pid := range pids {
		start, ok := hook.StartOf(pid)
		if !ok {
			continue
		}
		next[pid] = start
		if p.last[pid] == start {
			continue
		}
		if pr, ok := hook.ReadProcess(pid); ok && pr.Exe != "" {
			p.add(pr, now)
		}
	}
	p.last = next
	return nil
}

// Kind is [hook.Poll].
func (p *poller) Kind() string { return hook.Poll }

// Note says what is missed.
func (p *poller) Note() string {
	return fmt.Sprintf("looks at all processes every %s: programs that end sooner are not seen, nor what a process becomes later", PollEvery)
}

// sawSelf looks at once: the canary is there while we ask.
func (p *poller) sawSelf(since uint64) bool {
	_ = p.look()
	return p.table.sawSelf(since)
}

// Close stops the looking.
func (p *poller) Close() error {
	p.stop()
	return nil
}
