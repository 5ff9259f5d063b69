package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// carried is the block "judging" at the top of a facts document: how the host that sent it would have judged it, had it an engine.
type carried struct {
	At        time.Time          `json:"at"` // the host's own clock
	Role      string             `json:"role,omitzero"`
	Baselines []string           `json:"baselines,omitzero"`
	Params    map[string]any     `json:"params,omitzero"`
	Scope     []carriedExclusion `json:"scope,omitzero"`
}

type carriedExclusion struct {
	Control string    `json:"control"`
	Reason  Text      `json:"reason"`
	Until   time.Time `json:"until,omitzero"`
}

const carriedKey = "judging"

// Carry puts o beside the facts of a document, for a server that judges them with [Carried]. A host without a policy engine calls it.
// o.Now is the time to judge at and must be given; o.Lang stays behind. Facts that are no JSON object are an [ErrFacts].
func Carry(factsJSON []byte, o JudgeOptions) ([]byte, error) {
	if o.Now.IsZero() {
		return nil, fmt.Errorf("%w: the time of judging is not given", ErrOptions)
	}
	c := carried{At: o.Now.UTC(), Role: o.Role, Baselines: o.Baselines, Params: o.Params}
	for _, x := range o.Scope {
		c.Scope = append(c.Scope, carriedExclusion(x))
	}
	block, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	body, ok := bytes.CutPrefix(bytes.TrimSpace(factsJSON), []byte("{"))
	if !ok || len(bytes.TrimSpace(body)) < len(`"":0}`) {
		return nil, fmt.Errorf("%w: no JSON object with anything in it", ErrFacts)
	}
	return append(fmt.Appendf(nil, `{%q:%s,`, carriedKey, block), body...), nil
}

// Carried reads what [Carry] put beside the facts. ok is false when nothing was: the answer is then the zero value.
func Carried(factsJSON []byte) (o JudgeOptions, ok bool, err error) {
	var doc struct {
		Judging json.RawMessage `json:"judging"`
	}
	if len(factsJSON) > maxFactsBytes {
		return o, false, fmt.Errorf("%w: larger than %d bytes", ErrFacts, maxFactsBytes)
	}
	if err := json.Unmarshal(factsJSON, &doc); err != nil {
		return o, false, fmt.Errorf("%w: %w", ErrFacts, err)
	}
	if doc.Judging == nil {
		return o, false, nil
	}
	var c carried
	d := json.NewDecoder(bytes.NewReader(doc.Judging))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return o, false, fmt.Errorf("%w: judging: %w", ErrFacts, err)
	}
	if c.At.IsZero() {
		return o, false, fmt.Errorf("%w: judging: %w", ErrFacts, errors.New("no time"))
	}
	o = JudgeOptions{Role: c.Role, Baselines: c.Baselines, Params: c.Params, Now: c.At}
	for _, x := range c.Scope {
		if err := Exclusion(x).Check(); err != nil {
			return JudgeOptions{}, false, fmt.Errorf("%w: judging: %w", ErrFacts, err)
		}
		o.Scope = append(o.Scope, Exclusion(x))
	}
	return o, true, nil
}
