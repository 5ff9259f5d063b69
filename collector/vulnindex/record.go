package vulnindex

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Limits of one OSV record. Ubuntu's largest kernel records have half a megabyte.
const (
	maxRecordBytes = 16 << 20
	maxAffected    = 20_000
	maxEvents      = 1_000   // of one affected package
	maxVersions    = 100_000 // listed for one affected package
	maxIDs         = 2_000   // aliases and upstream ids together
	maxString      = 256     // bytes of a name, an id or a version
)

// OSV is one record in the Open Source Vulnerability format, as far as it matters here.
type OSV struct {
	ID               string     `json:"id"`
	Aliases          []string   `json:"aliases"`
	Upstream         []string   `json:"upstream"`
	Related          []string   `json:"related"`
	Summary          string     `json:"summary"`
	Published        time.Time  `json:"published"`
	Modified         time.Time  `json:"modified"`
	Withdrawn        time.Time  `json:"withdrawn"`
	Severity         []Severity `json:"severity"`
	Affected         []Affected `json:"affected"`
	DatabaseSpecific struct {
		Severity any `json:"severity"`
	} `json:"database_specific"`
}

// Severity is one CVSS vector, or a distribution's own word with type "Ubuntu".
type Severity struct {
	Type  string `json:"type"`
	Score string `json:"score"`
}

// Affected is one package of one release with what is affected of it.
type Affected struct {
	Package struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
	} `json:"package"`
	Severity []Severity `json:"severity"`
	Ranges   []struct {
		Type   string  `json:"type"`
		Events []Event `json:"events"`
	} `json:"ranges"`
	Versions          []string `json:"versions"`
	EcosystemSpecific struct {
		Urgency  any `json:"urgency"`
		Priority any `json:"ubuntu_priority"`
	} `json:"ecosystem_specific"`
}

// Event is one end of a range of versions; one field is set.
type Event struct {
	Introduced   string `json:"introduced"`
	Fixed        string `json:"fixed"`
	LastAffected string `json:"last_affected"`
	Limit        string `json:"limit"`
}

// ParseRecord reads one OSV record. Any error wraps [ErrRecord]; of a record of several releases each [Builder] takes its own.
func ParseRecord(raw []byte) (*OSV, error) {
	if len(raw) > maxRecordBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrRecord, len(raw), maxRecordBytes)
	}
	var r OSV
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%w %.60q: %w", ErrRecord, r.ID, err)
	}
	return &r, nil
}

func (r *OSV) check() error {
	switch {
	case r.ID == "":
		return errors.New("no id")
	case len(r.Affected) > maxAffected:
		return fmt.Errorf("%d affected packages, at most %d", len(r.Affected), maxAffected)
	case len(r.Aliases)+len(r.Upstream)+len(r.Related) > maxIDs:
		return fmt.Errorf("more than %d ids", maxIDs)
	case r.Modified.IsZero():
		return errors.New("no date of modification")
	}
	for _, id := range slices.Concat([]string{r.ID}, r.Aliases, r.Upstream, r.Related) {
		if !plain(id) {
			return fmt.Errorf("id %.60q", id)
		}
	}
	for i := range r.Affected {
		if err := r.Affected[i].check(); err != nil {
			return err
		}
	}
	return nil
}

func (a *Affected) check() error {
	if !plain(a.Package.Ecosystem) || !plain(a.Package.Name) {
		return fmt.Errorf("package %.60q of %.60q", a.Package.Name, a.Package.Ecosystem)
	}
	if len(a.Versions) > maxVersions {
		return fmt.Errorf("%d versions of %s, at most %d", len(a.Versions), a.Package.Name, maxVersions)
	}
	for _, v := range a.Versions {
		if !plain(v) {
			return fmt.Errorf("version %.60q of %s", v, a.Package.Name)
		}
	}
	events := 0
	for _, g := range a.Ranges {
		if events += len(g.Events); events > maxEvents {
			return fmt.Errorf("more than %d events of %s", maxEvents, a.Package.Name)
		}
		for _, e := range g.Events {
			set := 0
			for _, v := range []string{e.Introduced, e.Fixed, e.LastAffected, e.Limit} {
				if v != "" {
					set++
				}
				if v != "" && !plain(v) {
					return fmt.Errorf("version %.60q of %s", v, a.Package.Name)
				}
			}
			if set != 1 {
				return fmt.Errorf("an event of %s with %d of introduced, fixed, last_affected, limit", a.Package.Name, set)
			}
		}
	}
	return nil
}

// plain reports whether s can be a name, an id or a version: short, printable, not empty.
func plain(s string) bool {
	if s == "" || len(s) > maxString {
		return false
	}
	for _, c := range s {
		if c < ' ' || c == 0x7f || c == 0xfffd {
			return false
		}
	}
	return true
}

// record keeps of an OSV record what an index holds; a gives the severity stated for the release.
func (r *OSV) record(a *Affected) Record {
	out := Record{ID: r.ID, Published: day(r.Published), Modified: day(r.Modified)}
	ids := slices.Concat([]string{r.ID}, r.Aliases, r.Upstream)
	if isAdvisory(r.ID) { // AlmaLinux names the CVEs an erratum mends under related
		ids = append(ids, r.Related...)
	}
	for _, id := range ids {
		if cve := cveOf(id); cve != "" {
			out.CVEs = append(out.CVEs, cve)
		} else if id != r.ID {
			out.Aliases = append(out.Aliases, id)
		}
	}
	slices.Sort(out.CVEs)
	out.CVEs = slices.Compact(out.CVEs)
	slices.Sort(out.Aliases)
	out.Aliases = slices.Compact(out.Aliases)

	for _, s := range slices.Concat(a.Severity, r.Severity) {
		if v, ok := parseCVSS3(s.Score); ok && out.Score == 0 {
			out.Score, out.Network, out.Automatic = v.base(), v.network(), v.automatable()
		}
	}
	out.Severity = severityWord(out.Score)
	for _, said := range []string{word(a.EcosystemSpecific.Priority), word(a.EcosystemSpecific.Urgency), word(r.DatabaseSpecific.Severity), summaryWord(r), typedWord(r.Severity), typedWord(a.Severity)} {
		if w := severityOf(said); w != "" && out.Severity == "" {
			out.Severity = w
		}
	}
	return out
}

// cveOf finds the CVE in an id: "CVE-2024-1", "DEBIAN-CVE-2024-1", "UBUNTU-CVE-2024-1".
func cveOf(id string) string {
	i := strings.Index(id, "CVE-")
	if i < 0 || i > 0 && id[i-1] != '-' {
		return ""
	}
	id = id[i:]
	year, number, ok := strings.Cut(id[4:], "-")
	if !ok || len(year) != 4 || len(number) < 4 || strings.Trim(year+number, "0123456789") != "" {
		return ""
	}
	return id
}

func word(v any) string {
	s, _ := v.(string)
	return s
}

// summaryWord is the first word of an erratum's summary: "Important: kernel security update".
func summaryWord(r *OSV) string {
	w, _, ok := strings.Cut(r.Summary, ":")
	if !ok || !isAdvisory(r.ID) {
		return ""
	}
	return w
}

func typedWord(severities []Severity) string {
	for _, s := range severities {
		if s.Type == "Ubuntu" {
			return s.Score
		}
	}
	return ""
}

// severityOf maps a distribution's word to one of ours; empty: it says nothing.
func severityOf(word string) string {
	switch strings.ToLower(strings.TrimRight(word, "*")) {
	case "critical":
		return "critical"
	case "high", "important":
		return "high"
	case "medium", "moderate":
		return "medium"
	case "low", "negligible", "unimportant":
		return "low"
	}
	return ""
}

func severityWord(score float64) string {
	switch {
	case score >= 9:
		return "critical"
	case score >= 7:
		return "high"
	case score >= 4:
		return "medium"
	case score > 0:
		return "low"
	}
	return ""
}

func day(t time.Time) time.Time {
	if t.IsZero() || t.Year() < 1990 || t.Year() > 2200 {
		return time.Time{}
	}
	return t.UTC().Truncate(24 * time.Hour)
}

// cvss3 is a CVSS v3 base vector by the letters of its metrics.
type cvss3 map[string]byte

func parseCVSS3(s string) (cvss3, bool) {
	rest, ok := strings.CutPrefix(s, "CVSS:3.")
	if !ok || len(s) > maxString {
		return nil, false
	}
	_, rest, ok = strings.Cut(rest, "/")
	v := cvss3{}
	for m := range strings.SplitSeq(rest, "/") {
		name, value, found := strings.Cut(m, ":")
		if found && len(value) == 1 {
			v[name] = value[0]
		}
	}
	for _, metric := range []struct{ name, values string }{
		{"AV", "NALP"}, {"AC", "LH"}, {"PR", "NLH"}, {"UI", "NR"}, {"S", "UC"}, {"C", "NLH"}, {"I", "NLH"}, {"A", "NLH"},
	} {
		ok = ok && v[metric.name] != 0 && strings.IndexByte(metric.values, v[metric.name]) >= 0
	}
	return v, ok
}

func (v cvss3) network() bool { return v["AV"] == 'N' }

// automatable follows SSVC's advice for those who have the vector only.
func (v cvss3) automatable() bool {
	return v["AV"] == 'N' && v["AC"] == 'L' && v["PR"] == 'N' && v["UI"] == 'N'
}

// base computes the base score by section 7.1 of the CVSS v3.1 specification.
func (v cvss3) base() float64 {
	weigh := func(metric string, weights map[byte]float64) float64 { return weights[v[metric]] }
	impact := map[byte]float64{'H': 0.56, 'L': 0.22}
	changed := v["S"] == 'C'
	iss := 1 - (1-weigh("C", impact))*(1-weigh("I", impact))*(1-weigh("A", impact))
	effect := 6.42 * iss
	rights := map[byte]float64{'N': 0.85, 'L': 0.62, 'H': 0.27}
	if changed {
		effect = 7.52*(iss-0.029) - 3.25*math.Pow(iss-0.02, 15)
		rights = map[byte]float64{'N': 0.85, 'L': 0.68, 'H': 0.5}
	}
	if effect <= 0 {
		return 0
	}
	ease := 8.22 * weigh("AV", map[byte]float64{'N': 0.85, 'A': 0.62, 'L': 0.55, 'P': 0.2}) *
		weigh("AC", map[byte]float64{'L': 0.77, 'H': 0.44}) * weigh("PR", rights) * weigh("UI", map[byte]float64{'N': 0.85, 'R': 0.62})
	total := effect + ease
	if changed {
		total *= 1.08
	}
	return roundUp(min(total, 10))
}

// roundUp is Appendix A of the specification: the next tenth, without the error of floating point.
func roundUp(x float64) float64 {
	n := int(math.Round(x * 100_000))
	if n%10_000 == 0 {
		return float64(n) / 100_000
	}
	return float64(n/10_000+1) / 10
}
