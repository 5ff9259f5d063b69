package schedule

import (
	"container/heap"
	"math/rand/v2"
	"testing"
	"time"
)

// host is a simulated agent; at is when it calls next, since the beginning.
type host struct {
	at       time.Duration
	failures int
	back     bool // it got through after the outage
}

type hosts []*host

func (h hosts) Len() int           { return len(h) }
func (h hosts) Less(i, j int) bool { return h[i].at < h[j].at }
func (h hosts) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *hosts) Push(x any)        { *h = append(*h, x.(*host)) }
func (h *hosts) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// TestRecoveryAfterAnOutage has 100,000 agents that call every hour lose their server for 2.5 hours, as on 24 July 2025, in two
// worlds: one whose server takes all that come, one whose server takes 40 a second and asks the others to come later. All of them
// must be back within two hours, and the rush must stay within what one process answers.
func TestRecoveryAfterAnOutage(t *testing.T) {
	const (
		count    = 100_000
		interval = time.Hour
		begin    = 3 * time.Hour
		end      = begin + 150*time.Minute
	)
	for name, takes := range map[string]int{"takes-all": count, "takes-40-a-second": 40} {
		t.Run(name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 2))
			queue := make(hosts, count)
			for i := range queue {
				queue[i] = &host{at: time.Duration(rnd.Int64N(int64(interval)))}
			}
			heap.Init(&queue)
			calls, usual, back, refused := map[time.Duration]int{}, 0, 0, 0
			var last time.Duration
			for back < count && queue[0].at < end+12*time.Hour {
				h := queue[0]
				c := CheckIn{Interval: interval}
				second := h.at.Truncate(time.Second)
				calls[second]++
				switch {
				case h.at >= begin && h.at < end:
					h.failures++
				case calls[second] > takes:
					c.RetryAfter = 30 * time.Second // what the server says when it is busy
					refused++
				default:
					h.failures = 0
					if h.at >= end && !h.back {
						h.back, last = true, h.at
						back++
					}
				}
				c.Failures = h.failures
				if c.RetryAfter > 0 {
					c.Failures = 0
				}
				h.at += c.Wait(rnd)
				heap.Fix(&queue, 0)
			}
			peak := 0
			for second, n := range calls {
				if second < begin {
					usual = max(usual, n)
				} else if second >= end {
					peak = max(peak, n)
				}
			}
			t.Logf("%s: peak %d calls a second after the outage (%d before it), all back %s after its end, %d calls put off",
				name, peak, usual, (last - end).Round(time.Second), refused)
			if back != count || last-end > 2*time.Hour || peak > 120 {
				t.Errorf("%d of %d back after %s, peak %d", back, count, last-end, peak)
			}
		})
	}
}
