package dispatch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vymir-project/vymir/server/internal/store"
)

// Scope says whose hosts a directive is for; the zero Scope is every host. Host goes before Recipient.
type Scope struct {
	Recipient string
	Host      string
}

// Change is what is changed of a directive; nil and false leave a thing as it is.
type Change struct {
	Interval *time.Duration // 0 takes the wish back
	Withhold *[]string      // empty takes the wish back
	Measure  bool           // ask to measure now
}

// Bounds of what hosts are asked for; they keep theirs where this is outside.
const (
	shortestInterval = 5 * time.Minute
	longestInterval  = 24 * time.Hour
	maxWithhold      = 64
)

// ErrDirective says that a directive cannot be given like this.
var ErrDirective = errors.New("not a directive hosts would follow")

// Set changes what hosts are told from their next check-in on.
func Set(ctx context.Context, st *store.Store, s Scope, c Change, by string, now time.Time) error {
	if err := c.check(); err != nil {
		return fmt.Errorf("set directive: %w", err)
	}
	return st.Tx(ctx, func(tx *store.Tx) error {
		key, recipient, err := s.key(tx)
		if err != nil {
			return fmt.Errorf("set directive: %w", err)
		}
		d := store.Directive{Scope: key}
		all, err := tx.Directives()
		if err != nil {
			return err
		}
		for _, old := range all {
			if old.Scope == key {
				d = old
			}
		}
		if c.Interval != nil {
			d.Interval = *c.Interval
		}
		if c.Withhold != nil {
			d.Withhold = *c.Withhold
		}
		if c.Measure {
			d.Asked = now.UTC()
		}
		d.Set, d.SetBy = now.UTC(), by
		return errors.Join(tx.PutDirective(d), tx.Audit(store.Entry{
			At: now, Actor: by, Action: "directive.set", Object: "directive:" + key, RecipientID: recipient,
			Detail: detail(map[string]any{"interval_seconds": d.Interval.Seconds(), "withhold": d.Withhold, "measure": c.Measure}),
		}))
	})
}

func (c Change) check() error {
	if c.Interval != nil && *c.Interval != 0 && (*c.Interval < shortestInterval || *c.Interval > longestInterval) {
		return fmt.Errorf("%w: interval %s, from %s to %s", ErrDirective, *c.Interval, shortestInterval, longestInterval)
	}
	if c.Withhold == nil {
		return nil
	}
	if len(*c.Withhold) > maxWithhold {
		return fmt.Errorf("%w: %d fields to withhold, at most %d", ErrDirective, len(*c.Withhold), maxWithhold)
	}
	for _, w := range *c.Withhold {
		group, _, _ := strings.Cut(w, ".")
		switch group {
		case "host_name", "os", "role", "kernel", "exposure", "params", "evidence", "facts":
		default:
			return fmt.Errorf("%w: field %q, one of host_name, os, role, kernel, exposure, params, evidence, params.NAME, evidence.NAME, facts.FAMILY", ErrDirective, w)
		}
		if strings.ContainsAny(w, "\n\r\x00") || len(w) > 128 {
			return fmt.Errorf("%w: field %q", ErrDirective, w)
		}
	}
	return nil
}

// key names the scope as it is stored, and whose it is.
func (s Scope) key(tx *store.Tx) (key, recipient string, err error) {
	switch {
	case s.Host != "":
		h, err := tx.Host(s.Host)
		if err != nil {
			return "", "", fmt.Errorf("host %q: %w", s.Host, err)
		}
		return "host:" + h.ID, h.RecipientID, nil
	case s.Recipient != "":
		if _, err := tx.Recipient(s.Recipient); err != nil {
			return "", "", fmt.Errorf("recipient %q: %w", s.Recipient, err)
		}
		return "recipient:" + s.Recipient, s.Recipient, nil
	}
	return "", "", nil
}
