package policies

import "github.com/vymir-project/vymir/collector/facts"

// Decisions by which a vulnerability is handled, the most urgent first.
var Decisions = []string{"immediate", "out_of_cycle", "scheduled", "defer"}

// Triaged is one vulnerability of a host with what the table of SSVC makes of it.
type Triaged struct {
	facts.Vulnerability
	Decision string  `json:"decision"` // immediate, out_of_cycle, scheduled or defer
	Because  string  `json:"because"`  // what weighed most: exploited, predicted, reachable, root, use_unknown, local, unused, unimportant
	Row      SSVCRow `json:"row"`
}

// SSVCRow is the row of the table a decision was read from.
type SSVCRow struct {
	Exploitation string `json:"exploitation"` // none, poc or active
	Exposure     string `json:"exposure"`     // small, controlled or open
	Automatable  string `json:"automatable"`  // no or yes
	Impact       string `json:"impact"`       // low, medium, high or very_high
}
