package policies

import (
	"errors"
	"time"
)

// ErrThin says that this program was built with the tag "thin" and holds no policy engine.
var ErrThin = errors.New("this build has no policy engine (tag thin): send the facts to the server, or use the standard agent")

// ErrFacts says that the facts document could not be used: wrong schema, too large, or not JSON.
var ErrFacts = errors.New("facts document cannot be judged")

// ErrOptions says that the caller asked for something the catalogue does not have: a baseline, role, parameter.
var ErrOptions = errors.New("judging cannot be set so")

const maxFactsBytes = 64 << 20 // of a facts document

// JudgeOptions say how to judge one document.
type JudgeOptions struct {
	Baselines []string       // names; nil: essential and the one of the host's role
	Role      string         // server, workstation or appliance; "": the one in the facts, server when that is missing too
	Params    map[string]any // "family.control" → {name: value}, or "family.control.name" → value; unknown ones are an error
	Scope     []Exclusion    // controls that the host's administrator leaves out; unknown ones and ones without a reason are an error
	Now       time.Time      // the clock of judging; zero: time.Now, and the assessment is not marked
	Lang      string         // language of the rendered texts; "": en
}
