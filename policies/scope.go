package policies

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
)

// Exclusion is one control that the administrator of a host scoped out, and why. Its result is not_applicable, is marked as scoped and
// carries the reason wherever it goes: nothing is left out silently.
type Exclusion struct {
	Control string    // id or former id
	Reason  Text      // in one language at least; the other is filled from it
	Until   time.Time // the last day (UTC) on which it holds; zero: without end
}

const (
	maxExclusions  = 500
	maxReasonBytes = 400 // of one language
)

// Check reports what is wrong with an exclusion by itself; whether there is such a control is [Catalogue.CheckScope]'s to say.
func (x Exclusion) Check() error {
	if strings.TrimSpace(x.Control) == "" {
		return errors.New("scope: an entry names no control")
	}
	if strings.TrimSpace(x.Reason["en"]) == "" && strings.TrimSpace(x.Reason["uk"]) == "" {
		return fmt.Errorf("scope: %s has no reason", x.Control)
	}
	for lang, text := range x.Reason {
		if lang != "en" && lang != "uk" {
			return fmt.Errorf("scope: %s: reason in language %q, want uk or en", x.Control, lang)
		}
		if len(text) > maxReasonBytes {
			return fmt.Errorf("scope: %s: reason is longer than %d bytes", x.Control, maxReasonBytes)
		}
	}
	return nil
}

// holds reports whether x holds at that time: its last day is part of it.
func (x Exclusion) holds(now time.Time) bool {
	return x.Until.IsZero() || now.Before(x.Until.UTC().Truncate(24*time.Hour).Add(24*time.Hour))
}

// CheckScope reports the first entry that cannot be followed, as an [ErrOptions]: no such control, no reason, or a control twice.
func (c *Catalogue) CheckScope(scope []Exclusion) error {
	_, err := c.scopeByID(scope)
	return err
}

func (c *Catalogue) scopeByID(scope []Exclusion) (map[string]Exclusion, error) {
	if len(scope) > maxExclusions {
		return nil, fmt.Errorf("%w: scope has %d entries, at most %d", ErrOptions, len(scope), maxExclusions)
	}
	out := make(map[string]Exclusion, len(scope))
	for _, x := range scope {
		if err := x.Check(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrOptions, err)
		}
		k, ok := c.Control(x.Control)
		if !ok {
			return nil, fmt.Errorf("%w: scope: no control %q", ErrOptions, x.Control)
		}
		if _, ok := out[k.ID]; ok {
			return nil, fmt.Errorf("%w: scope: %s stands twice", ErrOptions, k.ID)
		}
		out[k.ID] = x
	}
	return out, nil
}

// apply makes r the result of a control that is left out.
func (x Exclusion) apply(r *assessment.Result) {
	r.Status, r.Scoped, r.ReasonID = assessment.NotApplicable, true, assessment.ReasonScoped
	r.Target.Params = map[string]any{
		"reason_en": cmp.Or(strings.TrimSpace(x.Reason["en"]), strings.TrimSpace(x.Reason["uk"])),
		"reason_uk": cmp.Or(strings.TrimSpace(x.Reason["uk"]), strings.TrimSpace(x.Reason["en"])),
	}
	if !x.Until.IsZero() {
		r.ReasonID = assessment.ReasonScopedUntil
		r.Target.Params["until"] = x.Until.UTC().Format(time.DateOnly)
	}
}
