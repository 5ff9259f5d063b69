package remedies

import (
	"errors"
	"fmt"
	"slices"
)

// Urgency is how soon a finding or gap wants action, by the SSVC deployer's table.
type Urgency string

// Urgencies, least first.
const (
	Defer      Urgency = "defer"
	Scheduled  Urgency = "scheduled"
	OutOfCycle Urgency = "out_of_cycle"
	Immediate  Urgency = "immediate"
)

// Urgencies lists all urgencies, least first.
var Urgencies = []Urgency{Defer, Scheduled, OutOfCycle, Immediate}

// Rank orders urgencies: defer 0, immediate 3, anything unknown -1.
func (u Urgency) Rank() int { return slices.Index(Urgencies, u) }

// Exploitation says what is known of attackers using the weakness.
type Exploitation string

// Exploitations, least first.
const (
	NoExploitation Exploitation = "none"
	PublicPoC      Exploitation = "poc"
	ActivelyUsed   Exploitation = "active"
)

// Exposure says from where a host can be reached.
type Exposure string

// Exposures, least first.
const (
	Small      Exposure = "small"      // local only, or a closed network
	Controlled Exposure = "controlled" // an internal network
	Open       Exposure = "open"       // the Internet
)

// Impact is the human impact: what a recipient's failure would do to people.
type Impact string

// Impacts, least first.
const (
	LowImpact      Impact = "low"
	MediumImpact   Impact = "medium"
	HighImpact     Impact = "high"
	VeryHighImpact Impact = "very_high"
)

var (
	exploitations = []Exploitation{NoExploitation, PublicPoC, ActivelyUsed}
	exposures     = []Exposure{Small, Controlled, Open}
	impacts       = []Impact{LowImpact, MediumImpact, HighImpact, VeryHighImpact}
	letters       = map[byte]Urgency{'d': Defer, 's': Scheduled, 'o': OutOfCycle, 'i': Immediate}
)

// SSVC is the table. The zero value answers [Defer] for everything; [LoadSSVC] returns the full one.
type SSVC struct{ rows [3][3][2][4]Urgency }

// Urgency looks up one row. A value the table does not know counts as the least of its column.
func (t *SSVC) Urgency(e Exploitation, x Exposure, automatable bool, h Impact) Urgency {
	auto := 0
	if automatable {
		auto = 1
	}
	at := func(i int) int { return max(i, 0) }
	u := t.rows[at(slices.Index(exploitations, e))][at(slices.Index(exposures, x))][auto][at(slices.Index(impacts, h))]
	if u == "" {
		return Defer
	}
	return u
}

// LoadSSVC reads the built-in table. Every one of its 72 rows must be present.
func LoadSSVC() (*SSVC, error) {
	var data map[Exploitation]map[Exposure]map[string]string
	if err := decode("ssvc.yaml", &data); err != nil {
		return nil, err
	}
	var t SSVC
	var errs []error
	for i, e := range exploitations {
		for j, x := range exposures {
			for k, auto := range []string{"no", "yes"} {
				row := data[e][x][auto]
				for l := range impacts {
					if l >= len(row) || letters[row[l]] == "" {
						errs = append(errs, fmt.Errorf("ssvc.yaml: row %s %s %s: want %d urgencies", e, x, auto, len(impacts)))
						break
					}
					t.rows[i][j][k][l] = letters[row[l]]
				}
			}
		}
	}
	return &t, errors.Join(errs...)
}
