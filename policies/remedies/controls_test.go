package remedies_test

import (
	"slices"
	"testing"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/remedies"
)

// TestNamedControlsExist checks remedies against the built-in controls: what a remedy names must exist with the
// capability it says, and every capability that has controls must have remedies for each of them.
func TestNamedControlsExist(t *testing.T) {
	s, err := remedies.Load()
	if err != nil {
		t.Fatal(err)
	}
	c := policies.BuiltIn()
	for _, r := range s.Remedies {
		for _, m := range r.Mends {
			for _, id := range m.Controls {
				if ctl, ok := c.Control(id); !ok || ctl.Capability != m.Capability {
					t.Errorf("remedy %s: control %s is not one of capability %s", r.ID, id, m.Capability)
				}
			}
			for _, f := range m.Families {
				if _, ok := s.Capability(f); m.Capability == "skills" && (ok || f == "management") {
					continue // patterns have the capability in which they were seen as their family
				}
				if !slices.ContainsFunc(c.Families, func(x policies.Family) bool { return x.ID == f }) {
					t.Errorf("remedy %s: unknown family %s", r.ID, f)
				}
			}
		}
	}
	for _, ctl := range c.Controls {
		n := 0
		for _, r := range s.Remedies {
			if _, ok := r.On(ctl.Capability, ctl.Family, ctl.ID); ok {
				n++
			}
		}
		if n == 0 {
			t.Errorf("control %s (%s): no remedy mends it", ctl.ID, ctl.Capability)
		}
	}
}
