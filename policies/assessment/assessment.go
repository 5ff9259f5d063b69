// Package assessment holds what judging produces: results, their statuses and severities, and the order of both.
//
// The package is a leaf: values and small pure functions over them, standard library only. A [Result] has
// two halves. The generic half (control, status, severity, capability, reason id) names nothing of the host
// and may travel under any consent; [Target] holds paths, users, versions and addresses, and the consent
// profile of the host decides whether it leaves.
package assessment

import (
	"cmp"
	"slices"
	"time"
)

// Schema names the JSON format of [Assessment].
const Schema = "vymir.assessment/1"

// Status is the outcome of one control on one host at one time.
type Status string

// The five statuses. Unmeasured is neither pass nor fail, and never counts as either.
const (
	Pass          Status = "pass"
	Fail          Status = "fail"
	Unmeasured    Status = "unmeasured"
	NotApplicable Status = "not_applicable"
	Error         Status = "error" // our own failure
)

// The reasons of results that the host's administrator scoped out, without and with a last day. Their parameters (reason_en, reason_uk,
// until) are the administrator's own words.
const (
	ReasonScoped      = "scoped_out"
	ReasonScopedUntil = "scoped_out_until"
)

// IsScoped reports whether a reason id is one of a result that was scoped out.
func IsScoped(reasonID string) bool { return reasonID == ReasonScoped || reasonID == ReasonScopedUntil }

// Half names the two verdicts of a control.
type Half string

// Persisted is what the files say (what holds after the next restart), Live what holds now.
const (
	Persisted Half = "persisted"
	Live      Half = "live"
)

// Severity says how much a failing control matters.
type Severity string

// Severities, least first.
const (
	Info     Severity = "info"
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

var severities = []Severity{Info, Low, Medium, High, Critical}

// Rank orders severities: info 0, critical 4, anything unknown -1.
func (s Severity) Rank() int { return slices.Index(severities, s) }

// ParseSeverity reports whether s names a severity.
func ParseSeverity(s string) (Severity, bool) {
	v := Severity(s)
	return v, v.Rank() >= 0
}

// Assessment is all results of one host's run against its baselines.
type Assessment struct {
	Schema          string        `json:"schema"` // always [Schema]
	Host            Host          `json:"host"`
	MeasuredAt      time.Time     `json:"measured_at"`        // UTC, when the facts were collected
	JudgedAt        time.Time     `json:"judged_at"`          // UTC, the clock the controls were given
	ClockSet        bool          `json:"clock_set,omitzero"` // judged_at was given by --now, not read from the clock
	DurationSeconds float64       `json:"duration_seconds"`   // collection and judging, wall time
	Baselines       []BaselineRef `json:"baselines"`
	Bundle          BundleRef     `json:"bundle"`
	Root            string        `json:"root"`
	Lang            string        `json:"lang"` // language of the rendered texts
	Results         []Result      `json:"results"`
	Summary         Summary       `json:"summary"`
}

// Host says what was assessed, as far as the reader may know.
type Host struct {
	Name      string `json:"name,omitzero"`
	MachineID string `json:"machine_id,omitzero"`
	OS        string `json:"os,omitzero"`     // "debian 12"
	Role      string `json:"role,omitzero"`   // server, workstation or appliance
	Kernel    string `json:"kernel,omitzero"` // uname -r
	// Exposure is from how far any program of the host can be reached: small (from itself only), controlled (an internal network)
	// or open (the Internet). It names nothing of the host. Empty: could not be told, or withheld.
	Exposure string `json:"exposure,omitzero"`
}

// ParseExposure gives s when it names an exposure of [Host], else the empty one.
func ParseExposure(s string) string {
	if s == "small" || s == "controlled" || s == "open" {
		return s
	}
	return ""
}

// BaselineRef names a baseline at a revision.
type BaselineRef struct {
	Name     string `json:"name"`
	Revision uint64 `json:"revision"`
}

// BundleRef names the set of policies that judged.
type BundleRef struct {
	Name     string `json:"name"`
	Revision uint64 `json:"revision"` // monotonic per name
	Digest   string `json:"digest"`   // sha256 of the bundle's content, hex
}

// Result is the outcome of one control.
type Result struct {
	// Generic half.
	Control      string          `json:"control"` // family.control, stable for ever
	Number       uint32          `json:"-"`       // the control's number on the wire, append-only per bundle
	ReasonNumber uint32          `json:"-"`       // place of ReasonID in the control's reasons, from 1; 0: none
	Revision     uint32          `json:"-"`       // the control's own revision
	Aliases      []string        `json:"aliases"`
	Family       string          `json:"family"`
	Capability   string          `json:"capability"`
	Status       Status          `json:"status"`
	Verdicts     map[Half]Status `json:"verdicts"` // declared halves only: pass, fail or unmeasured
	Severity     Severity        `json:"severity"`
	Title        string          `json:"title"`
	ReasonID     string          `json:"reason_id"`
	Reason       string          `json:"reason"` // one sentence in the reader's language
	// Scoped says that the host's administrator left the control out by a scope entry; the status is not_applicable, and the reason
	// gives the administrator's own.
	Scoped bool `json:"scoped,omitzero"`
	// ScopeEnded is the last day of a scope entry that has run out, as 2006-01-02: the control is judged again. Empty: none did.
	ScopeEnded string `json:"scope_ended,omitzero"`
	// Target half.
	Target Target `json:"target,omitzero"`

	Remedy   string              `json:"remedy"`
	Mappings map[string][]string `json:"mappings"` // csf2, cis8, nist80053, iso27001 → ids
}

// Target is detail that consent governs: what was seen on this host.
type Target struct {
	Params   map[string]any `json:"params,omitzero"`   // the values in the reason's sentence
	Evidence map[string]any `json:"evidence,omitzero"` // what was measured, by name
}

// IsZero reports whether t holds nothing, so that omitzero leaves it out.
func (t Target) IsZero() bool { return len(t.Params) == 0 && len(t.Evidence) == 0 }

// Summary counts results.
type Summary struct {
	Pass          int `json:"pass"`
	Fail          int `json:"fail"`
	Unmeasured    int `json:"unmeasured"`
	NotApplicable int `json:"not_applicable"`
	Error         int `json:"error"`
	Scoped        int `json:"scoped,omitzero"` // of the not applicable ones, those the administrator left out
	// CoveragePercent is the share of applicable controls that were decided: (pass+fail) of
	// (pass+fail+unmeasured+error), 0 to 100; 100 when none applies.
	CoveragePercent float64 `json:"coverage_percent"`
}

// Combine applies the house's rule for two verdicts to the declared halves: fail if one fails, else
// unmeasured if one is unmeasured or missing, else pass. No declared half is unmeasured.
func Combine(declared []Half, verdicts map[Half]Status) Status {
	if len(declared) == 0 {
		return Unmeasured
	}
	out := Pass
	for _, h := range declared {
		switch verdicts[h] {
		case Fail:
			return Fail
		case Pass:
		default:
			out = Unmeasured
		}
	}
	return out
}

// Summarize counts the statuses of results.
func Summarize(results []Result) Summary {
	var s Summary
	for _, r := range results {
		switch r.Status {
		case Pass:
			s.Pass++
		case Fail:
			s.Fail++
		case Unmeasured:
			s.Unmeasured++
		case NotApplicable:
			s.NotApplicable++
			if r.Scoped {
				s.Scoped++
			}
		default:
			s.Error++
		}
	}
	decided, applicable := s.Pass+s.Fail, s.Pass+s.Fail+s.Unmeasured+s.Error
	s.CoveragePercent = 100
	if applicable > 0 {
		s.CoveragePercent = 100 * float64(decided) / float64(applicable)
	}
	return s
}

// SortForReading orders results for a person: failures first, the severest first, then by control id.
func SortForReading(results []Result) {
	order := map[Status]int{Fail: 0, Error: 1, Unmeasured: 2, Pass: 3, NotApplicable: 4}
	slices.SortStableFunc(results, func(a, b Result) int {
		return cmp.Or(
			cmp.Compare(order[a.Status], order[b.Status]),
			cmp.Compare(b.Severity.Rank(), a.Severity.Rank()),
			cmp.Compare(a.Control, b.Control),
		)
	})
}

// WorstFailing returns the highest severity among failing results; ok is false when none fails.
func WorstFailing(results []Result) (worst Severity, ok bool) {
	for _, r := range results {
		if r.Status == Fail && (!ok || r.Severity.Rank() > worst.Rank()) {
			worst, ok = r.Severity, true
		}
	}
	return worst, ok
}
