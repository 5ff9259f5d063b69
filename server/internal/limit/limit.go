// Package limit bounds how often something may happen, in total or per key (a host, an address).
package limit

import (
	"sync"
	"time"
)

// Keyed is a set of token buckets, one per key. It forgets keys whose bucket is full, and holds at most a fixed
// number of keys: beyond it, keys it does not know share one bucket. Safe for concurrent use.
type Keyed struct {
	mu      sync.Mutex
	every   time.Duration // one token per
	burst   float64
	max     int
	buckets map[string]bucket
	shared  bucket
	swept   time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

// New allows burst events at once and one more per every after that, for each of at most maxKeys keys.
func New(every time.Duration, burst, maxKeys int) *Keyed {
	return &Keyed{every: every, burst: float64(burst), max: maxKeys, buckets: map[string]bucket{}}
}

// Allow takes one token of key and reports whether there was one; if not, wait says when the next comes.
func (k *Keyed) Allow(key string, now time.Time) (ok bool, wait time.Duration) {
	return k.AllowN(key, 1, now)
}

// AllowN takes n tokens of key at once, or none. More than the burst is allowed when the bucket is full, and leaves
// it in debt.
func (k *Keyed) AllowN(key string, n int, now time.Time) (ok bool, wait time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, known := k.buckets[key]
	own := known || len(k.buckets) < k.max || k.sweep(now)
	if !own {
		b = k.shared
	}
	if b.at.IsZero() {
		b = bucket{tokens: k.burst, at: now}
	}
	b = k.refill(b, now)
	if need := min(float64(n), k.burst); b.tokens >= need {
		b.tokens, ok = b.tokens-float64(n), true
	} else {
		wait = time.Duration((need - b.tokens) * float64(k.every))
	}
	if own {
		k.buckets[key] = b
	} else {
		k.shared = b
	}
	return ok, wait
}

func (k *Keyed) refill(b bucket, now time.Time) bucket {
	if d := now.Sub(b.at); d > 0 {
		b.tokens = min(k.burst, b.tokens+float64(d)/float64(k.every))
		b.at = now
	}
	return b
}

// sweep forgets full buckets, at most once a second, and reports whether there is room.
func (k *Keyed) sweep(now time.Time) bool {
	if now.Sub(k.swept) < time.Second {
		return false
	}
	k.swept = now
	for key, b := range k.buckets {
		if k.refill(b, now).tokens >= k.burst {
			delete(k.buckets, key)
		}
	}
	return len(k.buckets) < k.max
}
