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

// Judge evaluates one facts document. An error means that it could not be judged at all.
func (j *Judge) Judge(ctx context.Context, factsJSON []byte, _ time.Time) (*assessment.Assessment, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.engine == nil {
		e, err := policies.New(ctx, nil)
		if err != nil {
			return nil, fmt.Errorf("prepare controls: %w", err)
		}
		j.engine = e
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	return j.engine.Judge(ctx, factsJSON, policies.JudgeOptions{})
}
