// Package tally counts how long things took, for Prometheus to read.
package tally

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// Bounds are the upper ends of a histogram's buckets; a last one without an end follows.
var Bounds = [...]time.Duration{time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 10 * time.Second}

// Histogram counts durations by how long they were. Its zero value is ready; its methods may be called at once.
type Histogram struct {
	buckets [len(Bounds) + 1]atomic.Uint64
	nanos   atomic.Int64
}

// Add counts one; a negative one counts as none at all.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	i := 0
	for i < len(Bounds) && d > Bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.nanos.Add(int64(d))
}

// Count is how many were counted.
func (h *Histogram) Count() (n uint64) {
	for i := range h.buckets {
		n += h.buckets[i].Load()
	}
	return n
}

// Write writes h in the text format of Prometheus, in seconds. Labels are those of every line, as `name="value"`; "" none.
func (h *Histogram) Write(w io.Writer, name, labels string) {
	sep := ""
	if labels != "" {
		sep = ","
	}
	n := uint64(0)
	for i := range h.buckets {
		n += h.buckets[i].Load()
		end := "+Inf"
		if i < len(Bounds) {
			end = fmt.Sprint(Bounds[i].Seconds())
		}
		fmt.Fprintf(w, "%s_bucket{%s%sle=%q} %d\n", name, labels, sep, end, n)
	}
	if labels != "" {
		labels = "{" + labels + "}"
	}
	fmt.Fprintf(w, "%s_sum%s %g\n%s_count%s %d\n", name, labels, time.Duration(h.nanos.Load()).Seconds(), name, labels, n)
}
