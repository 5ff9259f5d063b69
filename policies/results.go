//go:build !thin

package policies

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies/assessment"
)

// head is what the engine itself reads of a facts document.
type head struct {
	Schema          string                  `json:"schema"`
	Host            facts.Host              `json:"host"`
	MeasuredAt      time.Time               `json:"measured_at"`
	DurationSeconds float64                 `json:"duration_seconds"`
	Root            string                  `json:"root"`
	Live            bool                    `json:"live"`
	Families        map[string]facts.Status `json:"families"`
	OS              *facts.OS               `json:"os"`
	Kernel          *struct {
		Release string `json:"release"`
	} `json:"kernel"`
	Network *struct {
		Exposure string `json:"exposure"`
	} `json:"network"`
}

// roles a host can have; each names a baseline too.
var roles = []string{"server", "workstation", "appliance"}

// Judge evaluates every control of the chosen baselines over one facts document (vymir.facts/1 as JSON, at most 64 MiB). A control that
// cannot be evaluated has the status error and spoils no other. Judge answers an error that is [ErrFacts] or [ErrOptions]
// for what the caller gave, or the context's.
func (e *Engine) Judge(ctx context.Context, factsJSON []byte, o JudgeOptions) (*assessment.Assessment, error) {
	start := time.Now()
	if o.Lang == "" {
		o.Lang = "en"
	}
	h, input, err := readFacts(factsJSON)
	if err != nil {
		return nil, err
	}
	if o.Role != "" {
		if !slices.Contains(roles, o.Role) {
			return nil, fmt.Errorf("%w: role %q, want one of %s", ErrOptions, o.Role, strings.Join(roles, ", "))
		}
		h.Host.Role = o.Role
	}
	if h.Host.Role == "" {
		h.Host.Role = "server"
	}
	baselines, err := e.catalogue.chooseBaselines(o.Baselines, h.Host.Role)
	if err != nil {
		return nil, err
	}
	scope, err := e.catalogue.scopeByID(o.Scope)
	if err != nil {
		return nil, err
	}
	now := o.Now
	if now.IsZero() {
		now = start
	}
	now = now.UTC().Truncate(time.Second)
	value, err := e.input(input, h, now, o.Params)
	if err != nil {
		return nil, err
	}
	answers, failures, err := e.evaluate(ctx, value)
	if err != nil {
		return nil, err
	}
	a := &assessment.Assessment{
		Schema: assessment.Schema, Host: hostOf(h), MeasuredAt: h.MeasuredAt, JudgedAt: now, ClockSet: !o.Now.IsZero(),
		Bundle:    assessment.BundleRef{Name: e.catalogue.Name, Revision: e.catalogue.Revision, Digest: e.catalogue.Digest},
		Baselines: []assessment.BaselineRef{}, Root: h.Root, Lang: o.Lang, Results: []assessment.Result{},
	}
	for _, b := range baselines {
		a.Baselines = append(a.Baselines, assessment.BaselineRef{Name: b.Name, Revision: b.Revision})
	}
	for i := range e.catalogue.Controls {
		if k := &e.catalogue.Controls[i]; in(k, baselines) {
			j := judgement{control: k, head: h, lang: o.Lang, now: now}
			if x, ok := scope[k.ID]; ok {
				j.scope = &x
			}
			a.Results = append(a.Results, j.result(answers[k.ID], failures[k.ID]))
		}
	}
	a.Summary = assessment.Summarize(a.Results)
	a.DurationSeconds = h.DurationSeconds + time.Since(start).Seconds()
	return a, nil
}

func readFacts(data []byte) (*head, map[string]any, error) {
	if len(data) > maxFactsBytes {
		return nil, nil, fmt.Errorf("%w: larger than %d bytes", ErrFacts, maxFactsBytes)
	}
	var h head
	if err := json.Unmarshal(data, &h); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFacts, err)
	}
	if h.Schema != facts.Schema {
		return nil, nil, fmt.Errorf("%w: schema is %q, want %q", ErrFacts, h.Schema, facts.Schema)
	}
	var input map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&input); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFacts, err)
	}
	return &h, input, nil
}

// input is the document as policies see it: role as it is judged, clock and parameters put beside the facts, in OPA's own form.
func (e *Engine) input(doc map[string]any, h *head, now time.Time, given map[string]any) (ast.Value, error) {
	params, err := e.catalogue.paramTree(given)
	if err != nil {
		return nil, err
	}
	host, _ := doc["host"].(map[string]any)
	if host == nil {
		host = map[string]any{}
	}
	host["role"] = h.Host.Role
	doc["host"] = host
	doc[inputKey] = map[string]any{"now": now.Format(time.RFC3339), "params": params}
	v, err := ast.InterfaceToValue(doc)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFacts, err)
	}
	return v, nil
}

func hostOf(h *head) assessment.Host {
	out := assessment.Host{Name: h.Host.Name, MachineID: h.Host.MachineID, Role: h.Host.Role}
	if h.OS != nil {
		out.OS = strings.TrimSpace(h.OS.ID + " " + h.OS.VersionID)
	}
	if h.Kernel != nil {
		out.Kernel = h.Kernel.Release
	}
	if h.Network != nil {
		out.Exposure = assessment.ParseExposure(h.Network.Exposure)
	}
	return out
}

// judgement turns the answer of one control into its result.
type judgement struct {
	control *Control
	head    *head
	lang    string
	now     time.Time
	scope   *Exclusion // nil: the control is not left out
}

// verdict is what a policy answers for one half.
type verdict struct {
	Verdict  assessment.Status
	Reason   string
	Params   map[string]any
	Evidence map[string]any
}

func (j judgement) result(answer any, failure error) assessment.Result {
	k := j.control
	r := assessment.Result{
		Control: k.ID, Number: k.Number, Revision: k.Revision, Aliases: orEmpty(k.Aliases), Family: k.Family, Capability: k.Capability,
		Severity: k.Severity, Title: k.Title.In(j.lang), Mappings: k.Mappings, Verdicts: map[assessment.Half]assessment.Status{},
	}
	osFamily := ""
	if j.head.OS != nil {
		osFamily = j.head.OS.Family
	}
	r.Remedy = k.RemedyFor(j.lang, osFamily)
	for _, h := range k.Halves {
		r.Verdicts[h] = assessment.Unmeasured
	}
	if j.scope != nil && j.scope.holds(j.now) {
		j.scope.apply(&r)
	} else if err := j.decide(&r, answer, failure); err != nil {
		r.Status, r.ReasonID = assessment.Error, reasonError
		r.Target = assessment.Target{Params: map[string]any{"error": clip(err.Error())}}
		for _, h := range k.Halves {
			r.Verdicts[h] = assessment.Unmeasured
		}
	}
	if j.scope != nil && !r.Scoped {
		r.ScopeEnded = j.scope.Until.UTC().Format(time.DateOnly)
	}
	r.ReasonNumber = k.ReasonNumber(r.ReasonID)
	r.Reason = k.Reason(j.lang, r.ReasonID, r.Target.Params)
	return r
}

func (j judgement) decide(r *assessment.Result, answer any, failure error) error {
	if failure != nil {
		return failure
	}
	rules, ok := answer.(map[string]any)
	if !ok {
		return fmt.Errorf("policy answered nothing")
	}
	if j.control.Applicability {
		if done, err := j.applicability(r, rules["applies"]); done || err != nil {
			return err
		}
	}
	verdicts := map[assessment.Half]*verdict{}
	for _, h := range j.control.Halves {
		v, err := j.half(rules[string(h)])
		if err != nil {
			return fmt.Errorf("%s: %w", h, err)
		}
		if v != nil && h == assessment.Live && !j.head.Live {
			v = nil // a document that did not ask the running system cannot say what it does
		}
		if verdicts[h] = v; v != nil {
			r.Verdicts[h] = v.Verdict
		}
	}
	counted := j.control.Halves
	if !j.head.Live && slices.Contains(counted, assessment.Persisted) {
		counted = []assessment.Half{assessment.Persisted}
	}
	r.Status = assessment.Combine(counted, r.Verdicts)
	j.explain(r, counted, verdicts)
	return nil
}

// applicability settles the result when the control does not apply, or when whether it does is not known.
func (j judgement) applicability(r *assessment.Result, rule any) (done bool, err error) {
	v, known, err := single(rule)
	if err != nil {
		return false, fmt.Errorf("applies: %w", err)
	}
	if !known {
		for _, f := range j.control.Facts {
			if j.head.Families[f].State == facts.StateNotApplicable {
				v, known = false, true
			}
		}
	}
	if !known {
		r.Status = assessment.Unmeasured
		j.unmeasured(r)
		return true, nil
	}
	applies, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("applies is not true or false")
	}
	if !applies {
		r.Status, r.ReasonID = assessment.NotApplicable, reasonNotApplicable
	}
	return !applies, nil
}

// half reads a policy's answer for one half; nil when the rule was undefined.
func (j judgement) half(rule any) (*verdict, error) {
	v, known, err := single(rule)
	if err != nil || !known {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("answer is not an object")
	}
	out := &verdict{}
	out.Reason, _ = m["reason"].(string)
	if j.control.ReasonNumber(out.Reason) == 0 {
		return nil, fmt.Errorf("reason %q is not declared", out.Reason)
	}
	switch m["verdict"] {
	case string(assessment.Pass):
		out.Verdict = assessment.Pass
	case string(assessment.Fail):
		out.Verdict = assessment.Fail
	default:
		return nil, fmt.Errorf("verdict is %v, want pass or fail", m["verdict"])
	}
	if out.Params, ok = m["params"].(map[string]any); !ok && m["params"] != nil {
		return nil, fmt.Errorf("params is not an object")
	}
	if out.Evidence, ok = m["evidence"].(map[string]any); !ok && m["evidence"] != nil {
		return nil, fmt.Errorf("evidence is not an object")
	}
	return out, nil
}

// explain chooses the half whose words the result carries: the one that decided the status, the live one first.
func (j judgement) explain(r *assessment.Result, counted []assessment.Half, verdicts map[assessment.Half]*verdict) {
	evidence := map[string]any{}
	deciding, same := assessment.Half(""), 0
	for _, h := range []assessment.Half{assessment.Persisted, assessment.Live} {
		if v := verdicts[h]; v != nil && len(v.Evidence) > 0 {
			evidence[string(h)] = bounded(v.Evidence, maxEvidence)
		}
		if slices.Contains(counted, h) && r.Verdicts[h] == r.Status {
			deciding = h
			same++
		}
	}
	if len(evidence) > 0 {
		r.Target.Evidence = evidence
	}
	v := verdicts[deciding]
	if v == nil {
		j.unmeasured(r)
	} else {
		r.ReasonID = v.Reason
		if len(v.Params) > 0 {
			r.Target.Params = bounded(v.Params, maxEvidence).(map[string]any)
		}
	}
	if len(counted) > 1 && same < len(counted) && r.Status != assessment.Pass {
		r.Target.Params = maps.Clone(r.Target.Params)
		if r.Target.Params == nil {
			r.Target.Params = map[string]any{}
		}
		r.Target.Params["half"] = string(deciding)
	}
}

// The reasons every control can answer with.
const (
	reasonError         = "policy_error"
	reasonNotApplicable = "not_applicable"
	reasonNotCollected  = "unmeasured_not_collected"
	reasonFamily        = "unmeasured_family"
	reasonPartial       = "unmeasured_partial"
	reasonNeedsLive     = "unmeasured_needs_running_system"
	reasonValue         = "unmeasured_value"
)

// unmeasured says why the facts did not decide, by what the families say of themselves.
func (j judgement) unmeasured(r *assessment.Result) {
	r.ReasonID = reasonValue
	params := map[string]any{"families": strings.Join(j.control.Facts, ", ")}
	if !j.head.Live && !slices.Contains(j.control.Halves, assessment.Persisted) {
		r.ReasonID = reasonNeedsLive
	}
	for _, f := range j.control.Facts {
		s, tried := j.head.Families[f]
		switch {
		case r.ReasonID == reasonNeedsLive:
		case !tried:
			r.ReasonID, params = reasonNotCollected, map[string]any{"family": f}
		case s.State == facts.StateUnmeasured, s.State == facts.StateError, s.State == facts.StateNotApplicable:
			r.ReasonID, params = reasonFamily, map[string]any{"family": f, "detail": clip(s.Reason)}
		case s.State == facts.StatePartial && len(s.Unread) > 0:
			r.ReasonID = reasonPartial
			params = map[string]any{"family": f, "what": clip(s.Unread[0].What), "detail": clip(s.Unread[0].Reason)}
		default:
			continue
		}
		break
	}
	r.Target.Params = params
}

// single takes the one element of a comprehension's list; known is false when the rule was undefined.
func single(v any) (value any, known bool, err error) {
	list, _ := v.([]any)
	switch len(list) {
	case 0:
		return nil, false, nil
	case 1:
		return list[0], true, nil
	default:
		return nil, false, fmt.Errorf("%d answers", len(list))
	}
}

const (
	maxEvidence = 12 << 10 // bytes of one half's evidence, about
	maxElements = 50       // of one list or object
	maxText     = 512      // bytes of one string
)

// bounded cuts long lists and strings; what was cut is said in place.
func bounded(v any, budget int) any {
	left := budget
	var cut func(v any) any
	cut = func(v any) any {
		left -= 8
		switch v := v.(type) {
		case string:
			left -= min(len(v), maxText)
			return clip(v)
		case []any:
			out := []any{}
			for i, e := range v {
				if i == maxElements || left <= 0 {
					return append(out, fmt.Sprintf("… %d more", len(v)-i))
				}
				out = append(out, cut(e))
			}
			return out
		case map[string]any:
			out := map[string]any{}
			for i, key := range slices.Sorted(maps.Keys(v)) {
				if i == maxElements || left <= 0 {
					out["…"] = fmt.Sprintf("%d more", len(v)-i)
					break
				}
				left -= len(key)
				out[clip(key)] = cut(v[key])
			}
			return out
		default:
			return v
		}
	}
	return cut(v)
}

func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
