// Package judge evaluates facts that thin appliances send, with the same baselines that fuller agents carry with
// them. The engine is prepared when the first facts arrive, and judges one document at a time: it is the
// hungriest part of the server.
package judge

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
)

// deadline bounds one evaluation: a hostile document must not hold the engine.
const deadline = 20 * time.Second

// Judge holds the engine. Its zero value is ready; safe for concurrent use.
type Judge struct {
	mu     sync.Mutex
	engine *policies.Engine
}

// New returns a judge over the controls built into this program.
func New() *Judge { return &Judge{} }

// Judge evaluates one facts document as the host that sent it would: with the role, baselines, parameters, exclusions and clock that
// [policies.Carry] put beside its facts; with the defaults at now where it put nothing. The results are those of the standard agent,
// byte for byte. An error means that it could not be judged at all.
func (j *Judge) Judge(ctx context.Context, factsJSON []byte, now time.Time) (*assessment.Assessment, error) {
	o, carried, err := policies.Carried(factsJSON)
	if err != nil {
		return nil, err
	}
	if !carried {
		o.Now = now
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.engine == nil {
		e, err := policies.New(nil)
		if err != nil {
			return nil, fmt.Errorf("prepare controls: %w", err)
		}
		j.engine = e
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	a, err := j.engine.Judge(ctx, factsJSON, o)
	if err != nil {
		return nil, err
	}
	a.ClockSet = false // it was read from a clock, not set by hand
	return a, nil
}
