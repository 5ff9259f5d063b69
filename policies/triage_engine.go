//go:build !thin

package policies

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Triage decides how urgent each vulnerability in a facts document is, the most urgent first. It answers none when vulnerabilities were not
// measured. Of the options it reads the clock and the parameters.
func (e *Engine) Triage(ctx context.Context, factsJSON []byte, o JudgeOptions) ([]Triaged, error) {
	h, doc, err := readFacts(factsJSON)
	if err != nil {
		return nil, err
	}
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	input, err := e.input(doc, h, now.UTC(), o.Params)
	if err != nil {
		return nil, err
	}
	q, err := prepare(e.compiler, "data.lib.vulnerabilities.decided")
	if err != nil {
		return nil, fmt.Errorf("triage vulnerabilities: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, e.deadline)
	defer cancel()
	value, err := q.ask(ctx, input)
	if err != nil {
		return nil, fmt.Errorf("triage vulnerabilities: %w", err)
	}
	b, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("triage vulnerabilities: %w", err)
	}
	var out []Triaged
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("triage vulnerabilities: %w", err)
	}
	slices.SortStableFunc(out, func(a, b Triaged) int {
		return cmp.Or(
			cmp.Compare(slices.Index(Decisions, a.Decision), slices.Index(Decisions, b.Decision)),
			cmp.Compare(b.EPSS, a.EPSS), cmp.Compare(b.Score, a.Score), strings.Compare(a.Source, b.Source), strings.Compare(a.ID, b.ID),
		)
	})
	return out, nil
}
