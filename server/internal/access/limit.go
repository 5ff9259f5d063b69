package access

import (
	"net/netip"
	"strings"
	"sync"
	"time"
)

// limiter counts failed attempts in sliding buckets. Two counts stand before each attempt:
//
//   - account and address together: a guesser is slowed, but the account's owner, who comes from elsewhere, is not
//     (nobody can lock another one out);
//   - the address alone, with a larger allowance: one address cannot try many accounts.
//
// It lives in memory, bounded, and per process: several server processes multiply the allowance by their number.
type limiter struct {
	mu      sync.Mutex
	buckets map[string]bucket
	max     int // buckets kept
}

type bucket struct {
	failures int
	resets   time.Time
}

// Allowances: failures in a window.
const (
	pairFailures    = 8
	addressFailures = 60
	limitWindow     = 15 * time.Minute
	limitBuckets    = 50_000
)

func newLimiter() *limiter { return &limiter{buckets: map[string]bucket{}, max: limitBuckets} }

// allow reports whether an attempt may be made now, and if not, after how long.
func (l *limiter) allow(login, addr string, now time.Time) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, limit := range limitKeys(login, addr) {
		if b, ok := l.buckets[key]; ok && now.Before(b.resets) && b.failures >= limit {
			return b.resets.Sub(now), false
		}
	}
	return 0, true
}

// fail counts a failed attempt.
func (l *limiter) fail(login, addr string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.buckets) >= l.max {
		l.sweep(now)
	}
	for key := range limitKeys(login, addr) {
		b := l.buckets[key]
		if !now.Before(b.resets) {
			b = bucket{resets: now.Add(limitWindow)}
		}
		b.failures++
		l.buckets[key] = b
	}
}

// succeed forgets the failures of this account from this address; those of the address alone stay.
func (l *limiter) succeed(login, addr string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.buckets, pairKey(login, addr))
}

// sweep drops what has run out; if that is not enough, what has failed least, so that a flood of made-up accounts
// cannot push out the bucket of the one under attack.
func (l *limiter) sweep(now time.Time) {
	for k, b := range l.buckets {
		if !now.Before(b.resets) {
			delete(l.buckets, k)
		}
	}
	for most := 1; len(l.buckets) > l.max/2 && most < pairFailures; most++ {
		for k, b := range l.buckets {
			if b.failures <= most {
				delete(l.buckets, k)
			}
		}
	}
}

func limitKeys(login, addr string) map[string]int {
	return map[string]int{pairKey(login, addr): pairFailures, "a\x00" + network(addr): addressFailures}
}

func pairKey(login, addr string) string {
	return "p\x00" + strings.ToLower(login) + "\x00" + network(addr)
}

// network is what one guesser holds: an IPv4 address, or the /64 of an IPv6 one. Text that is no address stands
// for itself.
func network(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		ap, err := netip.ParseAddrPort(addr)
		if err != nil {
			return addr
		}
		ip = ap.Addr()
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		p, _ := ip.Prefix(64)
		return p.String()
	}
	return ip.String()
}
