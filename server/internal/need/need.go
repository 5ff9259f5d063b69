// Package need turns gaps into needs: what would close them, how much of it, at what cost, for which line of
// effort and to what benefit.
//
// Everything is a pure function of [Input]. Equal inputs give equal bytes, and a run's id is the hash of its inputs,
// so that anyone can repeat a run. A need is judged in four steps that can be printed and added up by hand: coverage
// and freshness, the legal gate, urgency, and benefit as an interval. Steps and formulas: docs/spec/needs.md.
package need

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/gap"
)

// Schema names the JSON format of [Run].
const Schema = "vymir.needs/1"

// codeVersion is part of every run id; raise it when the same input gives other needs.
const codeVersion = 4

// Recipient is what sizes a recipient's needs.
type Recipient struct {
	ID          string `json:"id"`
	Criticality string `json:"criticality"` // category of critical infrastructure "1" to "4"; empty: none
	Users       int    `json:"users"`       // people working there; 0: not stated
	Admins      int    `json:"admins"`      // administrators; 0: not stated
}

// Input is all a run depends on. Gaps come from one [gap.Builder], since their host numbers are compared.
type Input struct {
	AsOf       time.Time
	Recipients []Recipient
	Gaps       []gap.Gap
	Remedies   *remedies.Set
	Weights    Weights
	Shapes     []Shape // how recipients arranged their needs, at most one of each
	Lost       []Lost  // help whose verified effect was lost, oldest first
}

// Lost is help for a need whose effect was verified and lost again.
type Lost struct {
	Recipient string    `json:"recipient"`
	Need      string    `json:"need"` // that the help was for
	Pledge    string    `json:"pledge"`
	Verified  time.Time `json:"verified_at"`
	At        time.Time `json:"lost_at"`
}

// ReturnedID is the id of the need that comes after help for a need lost its effect. Ids are never used again: what came
// back is another need than the one that was met.
func ReturnedID(need, pledge string) string {
	h := sha256.Sum256([]byte("returned\x00" + need + "\x00" + pledge))
	return "n-" + hex.EncodeToString(h[:8])
}

// Interval is a careful, a middle and a hopeful value.
type Interval struct {
	Low  float64 `json:"low"`
	Mid  float64 `json:"mid"`
	High float64 `json:"high"`
}

// Money is a range in EUR without VAT.
type Money struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Mid is the middle of the range.
func (m Money) Mid() float64 { return (m.Low + m.High) / 2 }

// Run is the outcome of one computation.
type Run struct {
	Schema  string    `json:"schema"`
	ID      string    `json:"run"` // hash of all inputs: equal ids, equal bytes
	AsOf    time.Time `json:"as_of"`
	Weights Weights   `json:"weights"`
	Catalog string    `json:"remedies_digest"`
	Needs   []Need    `json:"needs"` // by rank

	in *Input
}

// Need is what would close a gap, or several, of one recipient.
type Need struct {
	ID           string        `json:"id"` // stable for recipient and remedy over all runs
	Recipient    string        `json:"recipient"`
	Remedy       string        `json:"remedy"`
	Kind         remedies.Kind `json:"kind"`
	Title        remedies.Text `json:"title"`
	Text         remedies.Text `json:"text"`
	Capability   string        `json:"capability"` // where it brings most
	Capabilities []string      `json:"capabilities"`
	Sites        []string      `json:"sites"`
	Quantity     int           `json:"quantity"`
	Unit         remedies.Text `json:"unit"`
	// SizeUnknown says that the recipient has not stated its users or administrators: they are guessed from the number
	// of hosts, and the need ranks behind those of its class whose size is known.
	SizeUnknown bool           `json:"size_unknown,omitzero"`
	Basis       remedies.Basis `json:"basis"`
	BasisCount  int            `json:"basis_count"`
	Cost        Money          `json:"cost_eur"`
	CostYear    int            `json:"cost_year"`
	CostSource  string         `json:"cost_source"`
	RunCost     Money          `json:"run_cost_eur_per_year"`
	LeadWeeks   Money          `json:"lead_weeks"`
	Line        remedies.Line  `json:"line_of_effort"`
	LineReason  remedies.Text  `json:"line_reason"`
	Requires    []string       `json:"requires,omitzero"` // remedies to have or fund first
	DK021       string         `json:"dk021,omitzero"`
	Limits      remedies.Text  `json:"limits,omitzero"`
	ECSF        string         `json:"ecsf_role,omitzero"`
	Measurable  bool           `json:"machine_verifiable"`

	Coverage    Coverage         `json:"coverage"`
	Legal       bool             `json:"legal"`
	Urgency     remedies.Urgency `json:"urgency"`
	Benefit     Interval         `json:"benefit_points"`          // alone
	Added       Interval         `json:"added_points"`            // after the better ranked needs of the recipient
	PerThousand Interval         `json:"points_per_thousand_eur"` // of Benefit
	Since       time.Time        `json:"since,omitzero"`
	Rank        int              `json:"rank"` // from 1, over the whole run
	Controls    []string         `json:"controls"`

	PartOf   string      `json:"part_of,omitzero"`  // the need that these sites were split off
	Includes []Part      `json:"includes,omitzero"` // what was merged into it; cost and benefit are of all of it
	Own      *OwnFigures `json:"own,omitzero"`      // what the recipient states in place of what was derived
	Returned *Lost       `json:"returned,omitzero"` // the help after which it came back; newest

	terms []term
	parts []Need   // of a merged need: all it is made of, itself first
	was   []string // its ids, from the first to the one it has now: more than one when it came back
}

// Was reports whether an id is the need's, now or before it came back.
func (n *Need) Was(id string) bool { return slices.Contains(n.was, id) }

// Coverage is the first step: what the need rests on.
type Coverage struct {
	Affected int       `json:"affected_hosts"` // different hosts, over all sites and controls behind the need
	Measured int       `json:"measured_hosts"`
	Known    int       `json:"known_hosts"`
	Stale    int       `json:"stale_hosts,omitzero"`
	Percent  float64   `json:"percent"` // measured of known
	Oldest   time.Time `json:"oldest_measured_at,omitzero"`
	Newest   time.Time `json:"newest_measured_at,omitzero"`
	Low      bool      `json:"low,omitzero"` // below Weights.LowCoverage: rests on too little
}

// term is one control of one gap that the need mends.
type term struct {
	gap, control int // indices in Input.Gaps and its Controls
	effect       remedies.Effectiveness
}

// Compute derives the needs. It does not keep or change the input's slices beyond the life of the run.
func Compute(in Input) (*Run, error) {
	if in.Remedies == nil {
		return nil, fmt.Errorf("compute needs: no remedies given")
	}
	id, err := runID(&in)
	if err != nil {
		return nil, err
	}
	r := &Run{Schema: Schema, ID: id, AsOf: in.AsOf, Weights: in.Weights, Catalog: in.Remedies.Digest, Needs: []Need{}, in: &in}
	sizes := map[string]Recipient{}
	for _, s := range in.Recipients {
		sizes[s.ID] = s
	}
	shapes := map[string]Shape{}
	for _, s := range in.Shapes {
		shapes[s.Recipient] = s
	}
	c := newComputer(&in)
	for from := 0; from < len(in.Gaps); {
		to := from + 1
		for to < len(in.Gaps) && in.Gaps[to].Recipient == in.Gaps[from].Recipient {
			to++
		}
		size, ok := sizes[in.Gaps[from].Recipient]
		if !ok {
			size.ID = in.Gaps[from].Recipient
		}
		r.Needs = append(r.Needs, c.recipient(size, shapes[size.ID], from, to)...)
		from = to
	}
	r.rank()
	return r, nil
}

// Only returns the run with the needs that keep accepts; ranks and id stay those of the whole run.
func (r *Run) Only(keep func(*Need) bool) *Run {
	out := *r
	out.Needs = []Need{}
	for i := range r.Needs {
		if keep(&r.Needs[i]) {
			out.Needs = append(out.Needs, r.Needs[i])
		}
	}
	return &out
}

// Find returns the need with id.
func (r *Run) Find(id string) (*Need, bool) {
	i := slices.IndexFunc(r.Needs, func(n Need) bool { return n.ID == id })
	if i < 0 {
		return nil, false
	}
	return &r.Needs[i], true
}

// ID is the id of the need of a recipient for a remedy: the same in every run.
func ID(recipient, remedy string) string {
	h := sha256.Sum256([]byte(recipient + "\x00" + remedy))
	return "n-" + hex.EncodeToString(h[:8])
}

// runID hashes everything that the needs depend on. It sorts the recipients of in, on a copy.
func runID(in *Input) (string, error) {
	in.Recipients = slices.Clone(in.Recipients)
	slices.SortFunc(in.Recipients, func(a, b Recipient) int { return cmp.Compare(a.ID, b.ID) })
	h := sha256.New()
	enc := json.NewEncoder(h)
	parts := []any{codeVersion, in.AsOf.UTC(), in.Weights, in.Remedies.Digest, in.Recipients}
	if len(in.Lost) > 0 {
		parts = append(parts, in.Lost)
	}
	if len(in.Shapes) > 0 {
		in.Shapes = slices.Clone(in.Shapes)
		slices.SortFunc(in.Shapes, func(a, b Shape) int { return cmp.Compare(a.Recipient, b.Recipient) })
		parts = append(parts, in.Shapes)
	}
	for _, part := range parts {
		if err := enc.Encode(part); err != nil {
			return "", fmt.Errorf("hash input: %w", err)
		}
	}
	var buf []byte
	for i := range in.Gaps {
		if i > 0 && in.Gaps[i].Recipient < in.Gaps[i-1].Recipient {
			return "", fmt.Errorf("compute needs: gaps are not ordered by recipient")
		}
		if err := enc.Encode(&in.Gaps[i]); err != nil {
			return "", fmt.Errorf("hash gap: %w", err)
		}
		for _, c := range in.Gaps[i].Controls {
			buf = buf[:0]
			for _, n := range c.Hosts {
				buf = binary.LittleEndian.AppendUint32(buf, uint32(n))
			}
			h.Write(buf)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:32], nil
}

func (i Interval) round() Interval { return Interval{round(i.Low), round(i.Mid), round(i.High)} }

// round keeps three decimals, so that a printed sum is the sum that was made.
func round(f float64) float64 { return math.Round(f*1000) / 1000 }

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
