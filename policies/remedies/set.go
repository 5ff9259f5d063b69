package remedies

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Kind is what a donor would fund.
type Kind string

// The four kinds. Each has its own file, <kind>.yaml.
const (
	Equipment Kind = "equipment"
	Software  Kind = "software"
	Training  Kind = "training"
	Service   Kind = "service"
)

// Kinds lists all kinds in reading order.
var Kinds = []Kind{Equipment, Software, Training, Service}

// Line is a line of effort of the Tallinn Mechanism.
type Line string

// The three lines: support is short term, build medium, sustain long.
const (
	Support Line = "support"
	Build   Line = "build"
	Sustain Line = "sustain"
)

// Lines lists all lines of effort in reading order.
var Lines = []Line{Support, Build, Sustain}

// Basis is what the quantity of a remedy is counted on.
type Basis string

// Bases. Counts of users and administrators are stated by the recipient; the others are measured or registered.
const (
	PerAffectedHost Basis = "affected_hosts" // hosts on which a mended control fails
	PerKnownHost    Basis = "known_hosts"    // all hosts known at the affected sites
	PerAffectedSite Basis = "affected_sites" // sites with an affected host
	PerUser         Basis = "users"          // people working at the recipient
	PerAdmin        Basis = "admins"         // administrators of the recipient
	PerRecipient    Basis = "recipient"      // one for the recipient
)

// Bases lists all bases.
var Bases = []Basis{PerAffectedHost, PerKnownHost, PerAffectedSite, PerUser, PerAdmin, PerRecipient}

// Set is the whole remedy catalogue, read-only and safe for concurrent use.
type Set struct {
	Capabilities []Capability
	Remedies     []Remedy // ordered by kind, then as the files have them
	SSVC         *SSVC
	Digest       string // sha256 of the data files, hex: two sets with one digest give the same needs
}

// Remedy is something that closes gaps and that a donor can fund.
type Remedy struct {
	ID    string `yaml:"id"` // lower snake case, stable for ever
	Kind  Kind   `yaml:"-"`  // from the file's name
	Title Text   `yaml:"title"`
	Text  Text   `yaml:"text"`
	Mends []Mend `yaml:"mends"`
	When  When   `yaml:"when"`
	Unit  Text   `yaml:"unit"` // what is counted, as read after a number: "pcs", "licences"
	Size  Sizing `yaml:"size"`
	Cost  Cost   `yaml:"cost"`
	// RunCost is EUR per unit and year after the purchase; zero means none is known to arise.
	RunCost   Range    `yaml:"run_cost"`
	LeadWeeks Range    `yaml:"lead_weeks"` // from commitment to use
	Years     float64  `yaml:"years"`      // service life; for licences and services the term the cost covers
	Requires  []string `yaml:"requires"`   // remedies that must be there or come first
	Line      Line     `yaml:"line"`
	Why       Text     `yaml:"why"`                    // why this line of effort
	DK021     string   `yaml:"dk021"`                  // ДК 021:2015 (CPV) code; empty: not sure of one
	Limits    Text     `yaml:"limits"`                 // restrictions a buyer must keep; empty: none of its own
	ECSF      string   `yaml:"ecsf"`                   // role of the European Cybersecurity Skills Framework, trainings only
	NoMeasure bool     `yaml:"not_machine_verifiable"` // no control can show its effect
}

// Mend says which controls a remedy mends, and how well. Controls and Families narrow the capability; with
// neither, all controls of the capability are meant.
type Mend struct {
	Capability string        `yaml:"capability"`
	Families   []string      `yaml:"families"`
	Controls   []string      `yaml:"controls"`
	Effect     Effectiveness `yaml:"effect"`
}

// Effectiveness is the share of a gap that the remedy removes, each 0 to 1: a careful, a middle and a hopeful guess.
type Effectiveness struct{ Low, Mid, High float64 }

// UnmarshalYAML reads [low, mid, high].
func (e *Effectiveness) UnmarshalYAML(n *yaml.Node) error {
	var v []float64
	if err := n.Decode(&v); err != nil {
		return err
	}
	if len(v) != 3 {
		return fmt.Errorf("line %d: effect wants [low, mid, high]", n.Line)
	}
	e.Low, e.Mid, e.High = v[0], v[1], v[2]
	return nil
}

// When keeps a remedy away from gaps it would be too big for. Zero values ask nothing.
type When struct {
	MinAffected int     `yaml:"min_affected"` // affected hosts of the recipient
	MinControls int     `yaml:"min_controls"` // different failing controls
	MinShare    float64 `yaml:"min_share"`    // affected of measured hosts, 0 to 1
}

// Sizing is the rule from a count to a quantity: one unit for every OneFor of the basis, rounded up, plus
// SparePercent, and never fewer than AtLeast.
type Sizing struct {
	Per          Basis   `yaml:"per"`
	OneFor       float64 `yaml:"one_for"`       // 0 means 1; below 1: several units for each
	SparePercent float64 `yaml:"spare_percent"` // of the rounded number, rounded up
	AtLeast      int     `yaml:"at_least"`      // 0 means 1
}

// Cost is the price of one unit in EUR without VAT, with its year and source.
type Cost struct {
	Low    float64 `yaml:"low"`
	High   float64 `yaml:"high"`
	Year   int     `yaml:"year"`
	Source string  `yaml:"source"` // "estimate", or where the price was seen
}

// Range is an interval; its unit is said by the field that holds it.
type Range struct{ Low, High float64 }

// UnmarshalYAML reads [low, high].
func (r *Range) UnmarshalYAML(n *yaml.Node) error {
	var v []float64
	if err := n.Decode(&v); err != nil {
		return err
	}
	if len(v) != 2 {
		return fmt.Errorf("line %d: range wants [low, high]", n.Line)
	}
	r.Low, r.High = v[0], v[1]
	return nil
}

// Remedy returns the remedy with id.
func (s *Set) Remedy(id string) (*Remedy, bool) {
	i := slices.IndexFunc(s.Remedies, func(r Remedy) bool { return r.ID == id })
	if i < 0 {
		return nil, false
	}
	return &s.Remedies[i], true
}

// Capability returns the capability with id.
func (s *Set) Capability(id string) (*Capability, bool) {
	i := slices.IndexFunc(s.Capabilities, func(c Capability) bool { return c.ID == id })
	if i < 0 {
		return nil, false
	}
	return &s.Capabilities[i], true
}

// On returns how well r mends a control; ok is false when it does not. Of several fitting entries the most
// specific one counts: a named control before a family before the whole capability.
func (r *Remedy) On(capability, family, control string) (e Effectiveness, ok bool) {
	best := 0
	for _, m := range r.Mends {
		if m.Capability != capability {
			continue
		}
		rank := 1
		switch {
		case slices.Contains(m.Controls, control):
			rank = 3
		case slices.Contains(m.Families, family):
			rank = 2
		case len(m.Controls)+len(m.Families) > 0:
			continue
		}
		if rank > best {
			best, e, ok = rank, m.Effect, true
		}
	}
	return e, ok
}

// Load reads and validates the built-in catalogue.
func Load() (*Set, error) {
	s, err := read()
	if err != nil {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("validate remedies: %w", err)
	}
	return s, nil
}

func read() (*Set, error) {
	cs, err := Capabilities()
	if err != nil {
		return nil, err
	}
	table, err := LoadSSVC()
	if err != nil {
		return nil, err
	}
	s := &Set{Capabilities: cs, SSVC: table}
	var errs []error
	for _, k := range Kinds {
		var rs []Remedy
		errs = append(errs, decode(string(k)+".yaml", &rs))
		for i := range rs {
			rs[i].Kind = k
		}
		s.Remedies = append(s.Remedies, rs...)
	}
	s.Digest, err = digest()
	return s, errors.Join(append(errs, err)...)
}

// digest hashes names and contents of all data files.
func digest() (string, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, n := range names {
		data, err := fs.ReadFile(files, n)
		if err != nil {
			return "", fmt.Errorf("read %s: %w", path.Base(n), err)
		}
		fmt.Fprintf(h, "%s %d\n%s", n, len(data), data)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Forbidden returns the remedies whose texts name one of the products on an imported list of forbidden ones;
// names are compared as whole words, in any case.
func (s *Set) Forbidden(products []string) []string {
	var found []string
	for _, r := range s.Remedies {
		words := " " + strings.Join(strings.FieldsFunc(strings.ToLower(r.allText()), notWord), " ") + " "
		for _, p := range products {
			p = strings.Join(strings.FieldsFunc(strings.ToLower(p), notWord), " ")
			if p != "" && strings.Contains(words, " "+p+" ") {
				found = append(found, r.ID+": "+p)
			}
		}
	}
	return found
}
