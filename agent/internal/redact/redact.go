// Package redact decides what of an assessment leaves the host: the consent profile that its administrator chose, which
// a server's directive can narrow and never widen.
package redact

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/policies/assessment"
)

// Profile names how much leaves.
type Profile string

// Minimal lets the generic half leave (control, status, verdicts, severity, reason) with the system's name and the host's
// role, and from how far it can be reached (one of three words). Named adds the host's name and kernel release. Detailed adds what was seen: paths, users, versions, addresses.
const (
	Minimal  Profile = "minimal"
	Named    Profile = "named"
	Detailed Profile = "detailed"
)

// Fields are what can be withheld by name; beside them "params.NAME" and "evidence.NAME" withhold one value.
var Fields = []string{"host_name", "os", "role", "kernel", "exposure", "params", "evidence"}

// Consent is what may leave this host.
type Consent struct {
	Profile  Profile  `yaml:"profile" json:"profile"`   // empty: minimal
	Withhold []string `yaml:"withhold" json:"withhold"` // taken away from the profile
}

// ErrConsent is returned for a consent that cannot be understood.
var ErrConsent = errors.New("unknown consent")

// Check reports whether c can be understood.
func (c Consent) Check() error {
	switch c.Profile {
	case "", Minimal, Named, Detailed:
	default:
		return fmt.Errorf("%w profile %q, one of minimal, named, detailed", ErrConsent, c.Profile)
	}
	for _, w := range c.Withhold {
		if !known(w) {
			return fmt.Errorf("%w field %q in withhold, one of %s, params.NAME, evidence.NAME", ErrConsent, w, strings.Join(Fields, ", "))
		}
	}
	return nil
}

func known(field string) bool {
	group, name, dotted := strings.Cut(field, ".")
	if dotted {
		return name != "" && (group == "params" || group == "evidence")
	}
	return slices.Contains(Fields, field)
}

// Narrow gives c less what a server asks to withhold. A field this version does not know narrows to the minimum: what
// cannot be told apart stays here.
func (c Consent) Narrow(withhold []string) Consent {
	n := Consent{Profile: c.Profile, Withhold: slices.Clone(c.Withhold)}
	for _, w := range withhold {
		if known(w) {
			n.Withhold = append(n.Withhold, w)
		} else {
			n.Profile = Minimal
		}
	}
	slices.Sort(n.Withhold)
	n.Withhold = slices.Compact(n.Withhold)
	return n
}

// Leaves reports whether a field may leave.
func (c Consent) Leaves(field string) bool {
	group, _, _ := strings.Cut(field, ".")
	if slices.Contains(c.Withhold, field) || slices.Contains(c.Withhold, group) {
		return false
	}
	switch group {
	case "os", "role", "exposure":
		return true
	case "host_name", "kernel":
		return c.Profile == Named || c.Profile == Detailed
	default:
		return c.Profile == Detailed
	}
}

// half is the one parameter that tells nothing of the host beyond the verdicts, which leave anyway.
const half = "half"

// Apply gives what of a may leave. a itself is not changed. The machine-id never leaves.
func (c Consent) Apply(a *assessment.Assessment) *assessment.Assessment {
	out := *a
	out.Host = assessment.Host{}
	for field, copyField := range map[string]func(){
		"host_name": func() { out.Host.Name = a.Host.Name },
		"os":        func() { out.Host.OS = a.Host.OS },
		"role":      func() { out.Host.Role = a.Host.Role },
		"kernel":    func() { out.Host.Kernel = a.Host.Kernel },
		"exposure":  func() { out.Host.Exposure = a.Host.Exposure },
	} {
		if c.Leaves(field) {
			copyField()
		}
	}
	out.Results = slices.Clone(a.Results)
	for i := range out.Results {
		t := &out.Results[i].Target
		*t = assessment.Target{Params: c.filter("params", t.Params), Evidence: c.filter("evidence", t.Evidence)}
		if out.Results[i].Scoped {
			t.Params = c.scope(a.Results[i].Target.Params)
		}
	}
	return &out
}

func (c Consent) filter(group string, values map[string]any) map[string]any {
	kept := maps.Clone(values)
	maps.DeleteFunc(kept, func(name string, _ any) bool {
		return !(group == "params" && name == half) && !c.Leaves(group+"."+name)
	})
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// scope keeps the words of a scope entry under every profile: the administrator wrote them for those who read the results. Withholding
// "params", or one of them by name, holds them back all the same.
func (c Consent) scope(values map[string]any) map[string]any {
	kept := maps.Clone(values)
	maps.DeleteFunc(kept, func(name string, _ any) bool {
		return slices.Contains(c.Withhold, "params") || slices.Contains(c.Withhold, "params."+name)
	})
	if len(kept) == 0 {
		return nil
	}
	return kept
}
