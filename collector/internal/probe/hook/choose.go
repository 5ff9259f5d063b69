package hook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/facts"
)

// ErrSilent says that a source was attached and did not see the event that was caused for it.
var ErrSilent = errors.New("attached, but its canary was not seen")

// Source is one way to see an event.
type Source interface {
	Kind() string
	Note() string // what is missed by it; empty: nothing
	Counters() (Counters, error)
	Watch(all bool) error // tell every event, where the source can
	Close() error
}

// Opener tries one source.
type Opener[S Source] struct {
	Kind string
	Name string // of its program; empty: the kind says all
	Open func() (S, error)
}

// Openers lists what to try: those of the candidates whose kind is allowed, loaded from one object and opened by open.
func Openers[S Source](kinds []string, load func() (*ebpf.CollectionSpec, error), candidates []Candidate, open func(*ebpf.CollectionSpec, Candidate) (S, error)) []Opener[S] {
	var list []Opener[S]
	spec, err := load()
	for _, c := range candidates {
		before := len(list)
		list = Beside(list, kinds, c.Kind, func() (S, error) {
			if err != nil {
				var none S
				return none, err
			}
			return open(spec, c)
		})
		if len(list) > before {
			list[before].Name = c.Program
		}
	}
	return list
}

// Beside adds what needs no object, where its kind is allowed; nil allows all.
func Beside[S Source](list []Opener[S], kinds []string, kind string, open func() (S, error)) []Opener[S] {
	if kinds != nil && !slices.Contains(kinds, kind) {
		return list
	}
	return append(list, Opener[S]{Kind: kind, Open: open})
}

// Choice is the source that was chosen among many, and how it went.
type Choice[S Source] struct {
	Source S
	Have   bool // false: there is no source, and Reason says why
	State  string
	Reason string
}

// Choose opens sources from the best to the last resort and keeps the first that proves itself. When none does, the
// first that could be opened stays, as silent.
func Choose[S Source](ctx context.Context, openers []Opener[S], prove func(context.Context, S) error) Choice[S] {
	c := Choice[S]{State: Refused}
	var tried []string
	failed := map[string]bool{} // kinds and why: the same is said once
	for _, o := range openers {
		s, err := o.Open()
		if err != nil {
			text := err.Error()
			if why := o.Kind + text[strings.LastIndex(text, ": ")+1:]; !failed[why] {
				failed[why] = true
				tried = append(tried, o.Kind+": "+text)
			}
			continue
		}
		if err = prove(ctx, s); err == nil {
			if c.Have {
				_ = c.Source.Close()
			}
			c.Source, c.Have, c.State = s, true, Proven
			break
		}
		tried = append(tried, fmt.Sprintf("%s: %v", strings.TrimSuffix(o.Kind+" "+o.Name, " "), err))
		if c.Have {
			_ = s.Close()
			continue
		}
		c.Source, c.Have, c.State = s, true, Silent
		if errors.Is(err, ErrHurried) {
			break // the others would have no time either
		}
	}
	if len(openers) == 0 {
		c.State = Off
	}
	if c.Have && c.Source.Note() != "" {
		tried = append(tried, c.Source.Note())
	}
	c.Reason = strings.Join(tried, "; ")
	return c
}

// Hook reports the source's health under the name of its event; Events are those of the first kind.
func (c Choice[S]) Hook(event string) (facts.Hook, Counters) {
	h := facts.Hook{Event: event, State: c.State, Reason: c.Reason}
	if !c.Have {
		return h, Counters{}
	}
	h.Kind = c.Source.Kind()
	n, err := c.Source.Counters()
	if err != nil {
		h.Reason = strings.TrimPrefix(h.Reason+"; "+err.Error(), "; ")
	}
	h.Events, h.Lost, h.Losses = n.Seen, n.Lost(), n.Losses
	return h, n
}

// Coarse is true when events were counted without their peers, for which there was no room.
func (c Choice[S]) Coarse() bool {
	if !c.Have {
		return false
	}
	n, err := c.Source.Counters()
	return err == nil && n.Coarse > 0
}

// Watch switches between telling what is rare and telling every event, where the source can.
func (c Choice[S]) Watch(all bool) error {
	if !c.Have {
		return nil
	}
	return c.Source.Watch(all)
}

// Close releases the source.
func (c Choice[S]) Close() error {
	if !c.Have {
		return nil
	}
	return c.Source.Close()
}
