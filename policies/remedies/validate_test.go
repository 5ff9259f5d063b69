package remedies

import (
	"slices"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*Set)
		want  string
	}{
		{"twice", func(s *Set) { s.Remedies = append(s.Remedies, s.Remedies[0]) }, "id used twice"},
		{"no_ukrainian", func(s *Set) { s.Remedies[0].Title = Text{"en": "x"} }, "no text in uk"},
		{"mends_nothing", func(s *Set) { s.Remedies[0].Mends = nil }, "mends nothing"},
		{"unknown_capability", func(s *Set) { s.Remedies[0].Mends = []Mend{{Capability: "magic", Effect: Effectiveness{.1, .2, .3}}} }, `unknown capability "magic"`},
		{"certain_effect", func(s *Set) { s.Remedies[0].Mends = []Mend{{Capability: "backup", Effect: Effectiveness{.5, .8, 1}}} }, "effect on backup"},
		{"cost_reversed", func(s *Set) { s.Remedies[0].Cost.Low = 1e9 }, "cost wants"},
		{"cost_without_source", func(s *Set) { s.Remedies[0].Cost.Source = "" }, "cost wants"},
		{"unknown_line", func(s *Set) { s.Remedies[0].Line = "hope" }, "unknown line of effort"},
		{"bad_code", func(s *Set) { s.Remedies[0].DK021 = "123" }, "is not a code"},
		{"ecsf_on_equipment", func(s *Set) { s.Remedies[0].ECSF = "Cybersecurity Educator" }, "ecsf role"},
		{"names_the_hole", func(s *Set) { s.Remedies[0].Title = Text{"uk": "Відсутність копій", "en": "x"} }, "names a hole"},
		{"requires_unknown", func(s *Set) { s.Remedies[0].Requires = []string{"nowhere"} }, "not in the catalogue"},
		{"requires_itself", func(s *Set) {
			s.Remedies[0].Requires = []string{s.Remedies[1].ID}
			s.Remedies[1].Requires = []string{s.Remedies[0].ID}
		}, "requires itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Load()
			if err != nil {
				t.Fatal(err)
			}
			tt.spoil(s)
			if err := s.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Validate() = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestSSVC(t *testing.T) {
	table, err := LoadSSVC()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		e    Exploitation
		x    Exposure
		auto bool
		h    Impact
		want Urgency
	}{
		{NoExploitation, Small, false, LowImpact, Defer},
		{PublicPoC, Controlled, false, MediumImpact, Scheduled},
		{PublicPoC, Open, true, HighImpact, OutOfCycle},
		{ActivelyUsed, Open, true, VeryHighImpact, Immediate},
		{ActivelyUsed, Open, false, VeryHighImpact, Immediate},
		{ActivelyUsed, Controlled, true, VeryHighImpact, OutOfCycle},
		{"rumour", "moon", false, "none", Defer},
	}
	for _, tt := range tests {
		if got := table.Urgency(tt.e, tt.x, tt.auto, tt.h); got != tt.want {
			t.Errorf("Urgency(%s, %s, %v, %s) = %s, want %s", tt.e, tt.x, tt.auto, tt.h, got, tt.want)
		}
	}
}

func TestOnPrefersTheSpecificEntry(t *testing.T) {
	r := Remedy{Mends: []Mend{
		{Capability: "patching", Effect: Effectiveness{.1, .1, .1}},
		{Capability: "patching", Families: []string{"os"}, Effect: Effectiveness{.2, .2, .2}},
		{Capability: "patching", Controls: []string{"os.supported"}, Effect: Effectiveness{.3, .3, .3}},
	}}
	for control, want := range map[string]float64{"os.supported": .3, "os.updates": .2, "kernel.updates": .1} {
		family, _, _ := strings.Cut(control, ".")
		if e, ok := r.On("patching", family, control); !ok || e.Mid != want {
			t.Errorf("On(%s) = %v, %v, want %v", control, e.Mid, ok, want)
		}
	}
	if _, ok := r.On("backup", "os", "os.supported"); ok {
		t.Error("mends a capability it does not name")
	}
}

func TestForbidden(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	// In the shape of the official open list: names of makers' products, in any case and with punctuation.
	banned := []string{"1C:Бухгалтерія 8", "1C:Підприємство 8", "BAS Роздрібна торгівля", "Dr.Web", "Kaspersky"}
	if got := s.Forbidden(banned); len(got) > 0 {
		t.Errorf("remedies propose forbidden products: %v", got)
	}
	s.Remedies[0].Text = Text{"uk": "Перехід на «1c: бухгалтерія 8».", "en": "x"}
	if got := s.Forbidden(banned); !slices.Contains(got, s.Remedies[0].ID+": 1c бухгалтерія 8") {
		t.Errorf("a planted product was not found: %v", got)
	}
}
