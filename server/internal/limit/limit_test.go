package limit

import (
	"strconv"
	"testing"
	"time"
)

func TestAllow(t *testing.T) {
	t0 := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	k := New(10*time.Second, 2, 100)
	for i, c := range []struct {
		key   string
		after time.Duration
		want  bool
		wait  time.Duration
	}{
		{"a", 0, true, 0}, {"a", 0, true, 0}, {"a", 0, false, 10 * time.Second}, {"b", 0, true, 0},
		{"a", 4 * time.Second, false, 6 * time.Second}, {"a", 10 * time.Second, true, 0}, {"a", 10 * time.Second, false, 10 * time.Second},
		{"a", time.Hour, true, 0}, {"a", time.Hour, true, 0}, {"a", time.Hour, false, 10 * time.Second},
	} {
		ok, wait := k.Allow(c.key, t0.Add(c.after))
		if ok != c.want || wait.Round(time.Millisecond) != c.wait {
			t.Errorf("step %d: got %v, %v; want %v, %v", i, ok, wait, c.want, c.wait)
		}
	}
}

func TestBoundedKeys(t *testing.T) {
	t0 := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	k := New(time.Minute, 1, 10)
	allowed := 0
	for i := range 1000 {
		if ok, _ := k.Allow(strconv.Itoa(i), t0); ok {
			allowed++
		}
	}
	if len(k.buckets) != 10 || allowed != 11 {
		t.Errorf("%d keys held, %d allowed; want 10, 11", len(k.buckets), allowed)
	}
	if ok, _ := k.Allow("late", t0.Add(time.Hour)); !ok || len(k.buckets) != 1 {
		t.Errorf("full buckets were not forgotten: %d", len(k.buckets))
	}
}
