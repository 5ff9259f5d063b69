package assessment

import (
	"cmp"
	"slices"
)

// weights say how much a control counts in [CapabilityScore.PassedPercent]: each severity twice the one below it.
var weights = map[Severity]int{Info: 1, Low: 2, Medium: 4, High: 8, Critical: 16}

// Weight is how much a control of severity s counts against others; 0 for an unknown severity.
func Weight(s Severity) int { return weights[s] }

// CapabilityScore is how a host stands in one capability: first how much of it is known, then how much of what is known is well. There is no
// sum over capabilities, and neither part is to be shown without the other.
type CapabilityScore struct {
	Capability string `json:"capability"`

	Applicable int `json:"applicable"` // controls that concern the host: all but the not applicable ones
	Decided    int `json:"decided"`    // of them, passed or failed
	Passed     int `json:"passed"`
	Failed     int `json:"failed"`

	// CoveragePercent is decided of applicable, 0 to 100; 100 when none applies.
	CoveragePercent float64 `json:"coverage_percent"`
	// PassedPercent is the share of the decided controls' weight that passed, 0 to 100; nil when none was decided.
	PassedPercent *float64 `json:"passed_percent"`
	// WorstFailing is the highest severity that fails; empty when none does.
	WorstFailing Severity `json:"worst_failing,omitzero"`
}

// Score computes the scores of all capabilities that results touch, in the order of their names. The formula stands in docs/spec/scoring.md.
func Score(results []Result) []CapabilityScore {
	type sums struct {
		CapabilityScore
		passed, decided int // weights
	}
	byName := map[string]*sums{}
	for _, r := range results {
		s := byName[r.Capability]
		if s == nil {
			s = &sums{CapabilityScore: CapabilityScore{Capability: r.Capability}}
			byName[r.Capability] = s
		}
		if r.Status != NotApplicable {
			s.Applicable++
		}
		switch r.Status {
		case Pass:
			s.Passed++
			s.passed += Weight(r.Severity)
			s.decided += Weight(r.Severity)
		case Fail:
			s.Failed++
			s.decided += Weight(r.Severity)
			if r.Severity.Rank() > s.WorstFailing.Rank() {
				s.WorstFailing = r.Severity
			}
		}
	}
	var out []CapabilityScore
	for _, s := range byName {
		s.Decided = s.Passed + s.Failed
		s.CoveragePercent = 100
		if s.Applicable > 0 {
			s.CoveragePercent = 100 * float64(s.Decided) / float64(s.Applicable)
		}
		if s.decided > 0 {
			p := 100 * float64(s.passed) / float64(s.decided)
			s.PassedPercent = &p
		}
		out = append(out, s.CapabilityScore)
	}
	slices.SortFunc(out, func(a, b CapabilityScore) int { return cmp.Compare(a.Capability, b.Capability) })
	return out
}
