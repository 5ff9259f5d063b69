package uplink

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// ErrOlder is returned for a sealed answer that was written before one that was taken already.
var ErrOlder = errors.New("a newer answer was taken already")

// ReadAnswer opens a sealed answer file, checks that the server of id wrote it, and leaves of it what is said to this host. Nothing
// is changed. A file for other hosts is [wire.ErrForeign], one that is older than the last that was taken [ErrOlder].
func ReadAnswer(r io.Reader, stateDir string, id *identity.Identity) (*vymirv1.AnswerBody, error) {
	key, err := identity.AnswerKey(stateDir)
	if err != nil {
		return nil, err
	}
	state := LoadState(stateDir)
	body, err := wire.UnsealAnswer(r, key, id.ServerRoots(), state.floor())
	if err != nil {
		return nil, err
	}
	for _, a := range body.Hosts {
		if a.GetHostId() == id.HostID && a.Number > 0 && a.Response != nil {
			body.Hosts = []*vymirv1.HostAnswer{a}
			return body, state.Answer.before(a)
		}
	}
	return nil, fmt.Errorf("read answer: %w", wire.ErrForeign)
}

// Taken says what an answer changed.
type Taken struct {
	Again      bool `json:"again"`     // this very answer was taken before
	Delivered  int  `json:"delivered"` // items acknowledged, that waited until now
	Refused    int  `json:"refused"`   // items the server did not take
	Renewed    bool `json:"renewed"`   // a fresh certificate came
	MeasureNow bool `json:"measure_now"`
}

// TakeAnswer applies what [ReadAnswer] left: acknowledgements, directives, certificate and roots. The same answer twice changes
// nothing, one older than the last that was taken is [ErrOlder] and changes nothing either. It is called by whoever holds the outbox.
func TakeAnswer(o Options, body *vymirv1.AnswerBody) (Taken, error) {
	if len(body.GetHosts()) != 1 || body.Hosts[0].GetHostId() != o.Identity.HostID || body.Hosts[0].Response == nil {
		return Taken{}, fmt.Errorf("take answer: %w", wire.ErrForeign)
	}
	a, u := body.Hosts[0], New(o)
	if err := u.state.Answer.before(a); err != nil {
		return Taken{}, err
	}
	if last := u.state.Answer; last.Host == a.HostId && last.Number == a.Number {
		return Taken{Again: true}, nil
	}
	var out Outcome
	u.takeDirectives(a.Response.Directives, &out)
	if _, err := u.settle(a.Response, &out); err != nil {
		return Taken{}, err
	}
	t := Taken{Delivered: out.Delivered, Refused: len(out.Refused), MeasureNow: out.MeasureNow}
	if a.Identity != nil {
		if err := o.Identity.Take(o.StateDir, a.Identity); err != nil {
			return t, err
		}
		t.Renewed = len(a.Identity.Certificate) > 0
	}
	told := time.UnixMilli(body.ServerTimeMs).UTC()
	if told.After(u.state.ServerTime) {
		u.state.ServerTime = told // a bound from below: how long the stick travelled nobody knows
	}
	u.state.Answer = AnswerMemory{Host: a.HostId, Number: a.Number, Written: told}
	return t, u.state.save(o.StateDir)
}

// before refuses an answer that was written before m.
func (m AnswerMemory) before(a *vymirv1.HostAnswer) error {
	if m.Host == a.HostId && m.Number > a.Number {
		return fmt.Errorf("take answer: %w, written %s", ErrOlder, m.Written.Format(time.RFC3339))
	}
	return nil
}
