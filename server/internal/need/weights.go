package need

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/gap"
)

//go:embed weights.yaml
var weightsFile embed.FS

// Weights are the published factors of the benefit.
type Weights struct {
	Version     int                             `yaml:"version" json:"version"`
	Severity    map[assessment.Severity]float64 `yaml:"severity" json:"severity"`
	Criticality map[string]float64              `yaml:"criticality" json:"criticality"`
	Impact      map[string]remedies.Impact      `yaml:"impact" json:"impact"`
	LowCoverage float64                         `yaml:"low_coverage" json:"low_coverage"`
	// LegalControls and AutomatableFamilies qualify controls, see [Weights.Control].
	LegalControls       []string `yaml:"legal_controls" json:"legal_controls"`
	AutomatableFamilies []string `yaml:"automatable_families" json:"automatable_families"`
}

// DefaultWeights returns the built-in weights.
func DefaultWeights() (Weights, error) {
	var w Weights
	data, err := weightsFile.ReadFile("weights.yaml")
	if err != nil {
		return w, fmt.Errorf("read weights: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&w); err != nil {
		return w, fmt.Errorf("decode weights: %w", err)
	}
	return w, nil
}

// criticality is the factor of a category; an unknown one counts as none.
func (w *Weights) criticality(category string) float64 {
	if f, ok := w.Criticality[category]; ok {
		return f
	}
	return w.Criticality[""]
}

// ImpactOf is the SSVC human impact of a criticality category, for [gap.Recipient].
func (w *Weights) ImpactOf(category string) remedies.Impact {
	if i, ok := w.Impact[category]; ok {
		return i
	}
	return w.Impact[""]
}

// Control places a control for package gap: its family is the first part of its id.
func (w *Weights) Control(id, capability string, severity assessment.Severity) gap.Control {
	family, _, _ := strings.Cut(id, ".")
	return gap.Control{
		ID: id, Family: family, Capability: capability, Severity: severity,
		Legal: slices.Contains(w.LegalControls, id), Automatable: slices.Contains(w.AutomatableFamilies, family),
	}
}
