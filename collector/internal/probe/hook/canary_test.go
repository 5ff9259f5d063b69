package hook

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A canary that is late by seconds, or lost twice, is no silence; three that were caused to their end and never seen are.
func TestSilenceIsProven(t *testing.T) {
	refused := errors.New("refused")
	tests := map[string]struct {
		seenAt int // the canary, from 1 on, at which the source sees something; 0: never
		fails  error
		want   error
		times  int
	}{
		"at once":         {seenAt: 1, times: 1},
		"lost twice":      {seenAt: 3, times: 3},
		"silent":          {want: ErrSilent, times: 3},
		"cannot be asked": {fails: refused, want: refused, times: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := 0
			err := Prove(t.Context(), func(seen Await) error {
				n++
				if tt.fails != nil {
					return tt.fails
				}
				if !seen(func() bool { return n == tt.seenAt }) {
					return ErrSilent
				}
				return nil
			})
			if !errors.Is(err, tt.want) || n != tt.times {
				t.Errorf("%v after %d canaries, want %v after %d", err, n, tt.want, tt.times)
			}
		})
	}
}

// The clock of a machine that is slow says nothing: it is looked for often, however long that takes.
func TestSlowMachineIsLookedAtOften(t *testing.T) {
	n := 0
	if !await(t.Context(), 0, func() bool { n++; return n == looks }) {
		t.Errorf("given up after %d looks, before the %dth", n, looks)
	}
}

// Who had no time is not silent, and no poorer source is taken for that.
func TestNoTimeIsNoSilence(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a, b := &fake{kind: "a"}, &fake{kind: "b"}
	tried := 0
	choice := Choose(ctx, []Opener[*fake]{
		{Kind: "a", Name: "program", Open: func() (*fake, error) { return a, nil }},
		{Kind: "b", Open: func() (*fake, error) { return b, nil }},
	}, func(ctx context.Context, _ *fake) error {
		return Prove(ctx, func(seen Await) error {
			tried++
			cancel()
			if !seen(func() bool { return false }) {
				return ErrSilent
			}
			return nil
		})
	})
	if want := "a program: attached, but no time was left for its canary; misses a"; choice.Source != a || choice.Reason != want || tried != 1 {
		t.Errorf("%+v after %d canaries, want %q", choice, tried, want)
	}
}

// A connection of our own waits as long as it is let, and no longer.
func TestSayEndsWithItsContext(t *testing.T) {
	c, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Say(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
	c.client.Close() // nothing can be said any more, and a server that is deaf waits
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := c.Say(ctx, "hello"); err == nil {
		t.Error("said something on a closed connection")
	}
}
