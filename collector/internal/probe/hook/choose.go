package hook

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
	Open func() (S, error)
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
		tried = append(tried, fmt.Sprintf("%s: %v", o.Kind, err))
		if c.Have {
			_ = s.Close()
			continue
		}
		c.Source, c.Have, c.State = s, true, Silent
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
