package remedies

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// ECSFRoles are the twelve role profiles of the European Cybersecurity Skills Framework (ENISA, 2022).
var ECSFRoles = []string{
	"Chief Information Security Officer (CISO)", "Cyber Incident Responder",
	"Cyber Legal, Policy & Compliance Officer", "Cyber Threat Intelligence Specialist", "Cybersecurity Architect",
	"Cybersecurity Auditor", "Cybersecurity Educator", "Cybersecurity Implementer", "Cybersecurity Researcher",
	"Cybersecurity Risk Manager", "Digital Forensics Investigator", "Penetration Tester",
}

var dk021 = regexp.MustCompile(`^\d{8}-\d$`)

// Validate checks the whole set and reports everything that is wrong at once.
func (s *Set) Validate() error {
	var errs []error
	seen := map[string]bool{}
	mended := map[string]bool{}
	for _, r := range s.Remedies {
		if seen[r.ID] {
			errs = append(errs, fmt.Errorf("remedy %s: id used twice", r.ID))
		}
		seen[r.ID] = true
		for _, m := range r.Mends {
			mended[m.Capability] = true
		}
		errs = append(errs, s.validate(&r)...)
	}
	for _, c := range s.Capabilities {
		if !mended[c.ID] {
			errs = append(errs, fmt.Errorf("capability %s: no remedy mends it", c.ID))
		}
	}
	return errors.Join(append(errs, s.checkOrder()...)...)
}

func (s *Set) validate(r *Remedy) (errs []error) {
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("remedy "+r.ID+": "+format, args...))
	}
	if !validID(r.ID) {
		bad("id is not lower snake case")
	}
	for what, t := range map[string]Text{"title": r.Title, "text": r.Text, "unit": r.Unit, "why": r.Why} {
		if err := t.check(what); err != nil {
			bad("%w", err)
		}
	}
	if len(r.Limits) > 0 {
		if err := r.Limits.check("limits"); err != nil {
			bad("%w", err)
		}
	}
	if len(r.Mends) == 0 {
		bad("mends nothing")
	}
	for _, m := range r.Mends {
		if _, ok := s.Capability(m.Capability); !ok {
			bad("mends unknown capability %q", m.Capability)
		}
		if e := m.Effect; !(0 < e.Low && e.Low <= e.Mid && e.Mid <= e.High && e.High < 1) {
			bad("effect on %s: want 0 < low <= mid <= high < 1", m.Capability)
		}
	}
	if !slices.Contains(Bases, r.Size.Per) {
		bad("unknown sizing basis %q", r.Size.Per)
	}
	if r.Size.OneFor < 0 || r.Size.SparePercent < 0 || r.Size.AtLeast < 0 {
		bad("sizing is negative")
	}
	if !(0 < r.Cost.Low && r.Cost.Low <= r.Cost.High) || r.Cost.Year < 2020 || r.Cost.Source == "" {
		bad("cost wants 0 < low <= high, a year and a source")
	}
	if r.RunCost.Low < 0 || r.RunCost.Low > r.RunCost.High || r.LeadWeeks.Low < 0 || r.LeadWeeks.Low > r.LeadWeeks.High {
		bad("a range is reversed or negative")
	}
	if r.LeadWeeks.High == 0 || r.Years <= 0 {
		bad("lead time and years are required")
	}
	if !slices.Contains(Lines, r.Line) {
		bad("unknown line of effort %q", r.Line)
	}
	if r.DK021 != "" && !dk021.MatchString(r.DK021) {
		bad("dk021 %q is not a code", r.DK021)
	}
	if (r.Kind == Training) != (r.ECSF != "") || r.ECSF != "" && !slices.Contains(ECSFRoles, r.ECSF) {
		bad("ecsf role %q: required for trainings, not allowed for others", r.ECSF)
	}
	for _, word := range holes {
		if strings.Contains(strings.ToLower(r.Title.In("uk")+" "+r.Title.In("en")), word) {
			bad("title names a hole (%q), say the remedy", word)
		}
	}
	return errs
}

// holes are words by which a title would name a weakness.
var holes = []string{"missing", "lack of", "absence", "vulnerab", "weak", "відсут", "нестач", "вразлив", "слабк"}

// checkOrder finds prerequisites that do not exist or run in a circle.
func (s *Set) checkOrder() (errs []error) {
	const visiting, done = 1, 2
	state := map[string]int{}
	var visit func(id string) bool
	visit = func(id string) bool {
		switch state[id] {
		case visiting:
			return false
		case done:
			return true
		}
		state[id] = visiting
		defer func() { state[id] = done }()
		r, ok := s.Remedy(id)
		if !ok {
			errs = append(errs, fmt.Errorf("remedy %s: required but not in the catalogue", id))
			return true
		}
		for _, next := range r.Requires {
			if !visit(next) {
				errs = append(errs, fmt.Errorf("remedy %s: requires itself through %s", id, next))
			}
		}
		return true
	}
	for _, r := range s.Remedies {
		visit(r.ID)
	}
	return errs
}

func (r *Remedy) allText() string {
	var b strings.Builder
	for _, t := range []Text{r.Title, r.Text, r.Why, r.Limits, r.Unit} {
		for _, l := range Langs {
			b.WriteString(t[l] + "\n")
		}
	}
	return b.String()
}

func notWord(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }
