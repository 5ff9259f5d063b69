package tally

import (
	"strings"
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{-1, time.Millisecond, 2 * time.Millisecond, time.Minute} {
		h.Add(d)
	}
	var b strings.Builder
	h.Write(&b, "x_seconds", `kind="read"`)
	for _, want := range []string{`x_seconds_bucket{kind="read",le="0.001"} 2`, `x_seconds_bucket{kind="read",le="0.005"} 3`, `x_seconds_bucket{kind="read",le="10"} 3`,
		`x_seconds_bucket{kind="read",le="+Inf"} 4`, `x_seconds_sum{kind="read"} 60.003`, `x_seconds_count{kind="read"} 4`} {
		if !strings.Contains(b.String(), want+"\n") {
			t.Errorf("no line %s in\n%s", want, b.String())
		}
	}
	if h.Count() != 4 {
		t.Errorf("count %d", h.Count())
	}
}
