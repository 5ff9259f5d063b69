package host

import (
	"context"
	"errors"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/starlink"
)

// dishAnswer is what became of asking the dish.
type dishAnswer struct {
	facts *facts.Starlink
	err   error
}

// askDish begins to ask the dish, so that the wait for one that may not be there passes while the rest is measured. It ends by itself
// within three seconds, whoever waits for it.
func (e *Env) askDish(d *starlink.Dish) {
	if d == nil || !e.native {
		return
	}
	e.dish = make(chan dishAnswer, 1)
	go func(answer chan<- dishAnswer) {
		f, err := d.Ask(context.Background())
		answer <- dishAnswer{f, err}
	}(e.dish)
}

// collectStarlink takes the dish's answer. A dish that could not be asked is unmeasured: it may be there.
func collectStarlink(ctx context.Context, env *Env, doc *facts.Document) facts.Status {
	switch {
	case !env.Native():
		return facts.Status{State: facts.StateUnmeasured, Reason: "needs the running system"}
	case env.dish == nil:
		return facts.Status{State: facts.StateUnmeasured, Reason: "the dish was not asked"}
	}
	select {
	case <-ctx.Done():
		return facts.Status{State: facts.StateUnmeasured, Reason: ctx.Err().Error()}
	case a := <-env.dish:
		return a.take(doc)
	}
}

// take puts an answer into the document.
func (a dishAnswer) take(doc *facts.Document) facts.Status {
	switch {
	case errors.Is(a.err, starlink.ErrNone):
		doc.Starlink = &facts.Starlink{}
	case a.err != nil:
		return facts.Status{State: facts.StateUnmeasured, Reason: a.err.Error()}
	default:
		doc.Starlink = a.facts
	}
	return facts.Status{State: facts.StateOK}
}
