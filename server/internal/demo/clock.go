package demo

import (
	"sync"
	"time"
)

// clock is what the server goes by: it stands where it was set until it goes live. Safe for concurrent use.
type clock struct {
	mu   sync.Mutex
	at   time.Time
	live bool
}

// now is the time of the story, or the machine's once the clock is live.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live {
		return time.Now()
	}
	return c.at
}

// set moves the clock on; it never goes back.
func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.at) {
		c.at = t
	}
}

func (c *clock) goLive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live = true
}
