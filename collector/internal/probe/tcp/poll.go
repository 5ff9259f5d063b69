package tcp

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/vymir-project/vymir/collector/internal/probe/flow"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// PollEvery is the pause between two looks at all sockets.
const PollEvery = 10 * time.Second

// poller is the source without BPF: it looks at procfs again and again, and sees only connections that last.
type poller struct {
	mu    sync.Mutex
	open  map[pair]bool // connections at the last look
	rows  map[flow.Key]*flow.Seen
	limit int
	n     hook.Counters
	self  map[uint16]bool // ports of our own canaries
	stop  func()
}

// pair names a connection for as long as it lasts.
type pair struct{ local, remote netip.AddrPort }

func newPoller() (*poller, error) {
	p := &poller{rows: map[flow.Key]*flow.Seen{}, limit: 4096, self: map[uint16]bool{}}
	if err := p.look(); err != nil {
		return nil, err
	}
	p.stop = hook.Every(PollEvery, func() { _ = p.look() })
	return p, nil
}

// look counts the connections that were not there last time.
func (p *poller) look() error {
	all, err := sockets()
	if err != nil {
		return fmt.Errorf("list sockets: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	served := map[uint16]bool{}
	for _, s := range all {
		if s.state == stateListen {
			served[s.local.Port()] = true
		}
	}
	next := make(map[pair]bool)
	var fresh []socket
	for _, s := range all {
		if s.state != stateEstablished {
			continue
		}
		next[pair{s.local, s.remote}] = true
		if !p.open[pair{s.local, s.remote}] {
			fresh = append(fresh, s)
		}
	}
	p.open = next
	owners(fresh)
	now := time.Now().UTC()
	for _, s := range fresh {
		p.add(s, served[s.local.Port()] || p.self[s.local.Port()], now)
	}
	return nil
}

func (p *poller) add(s socket, in bool, now time.Time) {
	row := flow.Seen{Program: s.program, UID: s.uid, Peer: s.remote.Addr(), Port: s.remote.Port(), First: now}
	p.n.Seen++
	if in {
		row.Direction, row.Port = flow.In, s.local.Port()
		p.n.Seen--
		p.n.SeenIn++
	}
	key := flow.Key{Peer: row.Peer.As16(), UID: row.UID, Port: row.Port, Direction: row.Direction}
	copy(key.Program[:], row.Program)
	have := p.rows[key]
	if have == nil {
		if len(p.rows) >= p.limit {
			p.n.Lose(hook.LostMapFull, 1)
			return
		}
		have = &row
		p.rows[key] = have
	}
	have.Count++
	have.Last = now
}

func (p *poller) drain(_ hook.Clock, f func(flow.Seen)) error {
	p.mu.Lock()
	rows := p.rows
	p.rows = map[flow.Key]*flow.Seen{}
	p.mu.Unlock()
	for _, s := range rows {
		if !p.self[s.Port] {
			f(*s)
		}
	}
	return nil
}

// saw looks for both ends of our own connection, which is open.
func (p *poller) saw(c *hook.Connection) error {
	p.mu.Lock()
	p.self[c.Server.Port()] = true
	p.mu.Unlock()
	if err := p.look(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	ends := 0
	for at := range p.open {
		if at.local == c.Server || at.remote == c.Server {
			ends++
		}
	}
	if ends < 2 {
		return hook.ErrSilent
	}
	return nil
}

// Kind is [hook.Poll].
func (p *poller) Kind() string { return hook.Poll }

// Note says what is missed.
func (p *poller) Note() string {
	return fmt.Sprintf("looks at all sockets every %s: connections that end sooner are not seen, nor bytes, nor failures", PollEvery)
}

// Counters say what was seen and lost.
func (p *poller) Counters() (hook.Counters, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.n
	n.Losses = nil
	for cause, lost := range p.n.Losses {
		n.Lose(cause, lost)
	}
	return n, nil
}

// Watch changes nothing: this source tells no single events.
func (p *poller) Watch(bool) error { return nil }

// Close stops the looking.
func (p *poller) Close() error {
	p.stop()
	return nil
}
