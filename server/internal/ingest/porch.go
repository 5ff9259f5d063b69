package ingest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"

	"github.com/quic-go/quic-go"
)

// porch counts connections whose handshake is not over, by the address they come from. Who proved an address and then stays
// silent holds some tens of KB for up to ten seconds, and nothing else bounds how often he does so. Beyond its bounds a new connection is
// refused: over QUIC by CONNECTION_REFUSED before anything is kept of it, over TCP by closing it. Those whose address is not proven
// have a quarter of the room together, so that nobody can use up another's by his address. Safe for concurrent use.
type porch struct {
	most  int // in all; an eighth of it from one address, behind which a carrier may have many hosts
	stats *Stats

	mu    sync.Mutex
	by    map[netip.Prefix]int // the zero one: not proven
	total int
}

// bound is the most from one address.
func (p *porch) bound(at netip.Prefix) int {
	if at == (netip.Prefix{}) {
		return max(1, p.most/4)
	}
	return max(1, p.most/8)
}

// crowded reports whether no more can come before they prove their address.
func (p *porch) crowded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.by[netip.Prefix{}] >= p.bound(netip.Prefix{})
}

// enter counts a connection and reports whether there was room for it; if so arrived is called when its handshake is over or it
// is closed, once or more often.
func (p *porch) enter(at netip.Prefix) (arrived func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.total >= p.most || p.by[at] >= p.bound(at) {
		p.stats.Limited.Add(1)
		return nil, false
	}
	if p.by == nil {
		p.by = map[netip.Prefix]int{}
	}
	p.total++
	p.stats.Arriving.Add(1)
	p.by[at]++
	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.total--
		p.stats.Arriving.Add(-1)
		if p.by[at]--; p.by[at] == 0 {
			delete(p.by, at)
		}
	}), true
}

// networkOf is what one caller has at hand: an IPv4 address, or an IPv6 network of 64 bits.
func networkOf(a net.Addr) netip.Prefix {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is4() {
		return netip.PrefixFrom(ip, 32)
	}
	return netip.PrefixFrom(ip, 64).Masked()
}

type arrivalKey struct{}

var errPorch = errors.New("too many handshakes are under way")

// quic counts a QUIC connection from its first packet on; see [quic.Transport.ConnContext].
func (p *porch) quic(ctx context.Context, c *quic.ClientInfo) (context.Context, error) {
	var at netip.Prefix
	if c.AddrVerified {
		at = networkOf(c.RemoteAddr)
	}
	arrived, ok := p.enter(at)
	if !ok {
		return nil, errPorch
	}
	context.AfterFunc(ctx, arrived)
	return context.WithValue(ctx, arrivalKey{}, arrived), nil
}
