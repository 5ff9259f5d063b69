package agent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/vymir-project/vymir/policies"
)

// ScopeEntry leaves one control out on this host, for a reason that everyone who reads the results sees.
type ScopeEntry struct {
	Control string      `yaml:"control"`
	Reason  ScopeReason `yaml:"reason"`          // one text for both languages, or {uk: ..., en: ...}
	Until   Day         `yaml:"until,omitempty"` // the last day on which it holds; empty: without end
}

// ScopeReason is a text by language; a plain string stands for both.
type ScopeReason map[string]string

// UnmarshalYAML reads a string or a map of languages.
func (r *ScopeReason) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*r = ScopeReason{"uk": n.Value, "en": n.Value}
		return nil
	}
	var m map[string]string
	if err := n.Decode(&m); err != nil {
		return fmt.Errorf("line %d: reason is neither a text nor {uk: ..., en: ...}", n.Line)
	}
	*r = m
	return nil
}

// Day is a date written as 2027-06-30; the zero value is none.
type Day time.Time

// UnmarshalYAML reads "2027-06-30".
func (d *Day) UnmarshalYAML(n *yaml.Node) error {
	t, err := time.Parse(time.DateOnly, n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a date such as 2027-06-30", n.Line, n.Value)
	}
	*d = Day(t)
	return nil
}

// MarshalYAML writes "2027-06-30".
func (d Day) MarshalYAML() (any, error) { return time.Time(d).Format(time.DateOnly), nil }

// IsZero reports whether no day is given, so that omitempty leaves it out.
func (d Day) IsZero() bool { return time.Time(d).IsZero() }

// exclusions translates scope entries.
func exclusions(entries []ScopeEntry) []policies.Exclusion {
	var out []policies.Exclusion
	for _, e := range entries {
		out = append(out, policies.Exclusion{Control: e.Control, Reason: policies.Text(e.Reason), Until: time.Time(e.Until)})
	}
	return out
}

// Exclusions are the controls that this host leaves out.
func (c *Config) Exclusions() []policies.Exclusion { return exclusions(c.Scope) }

// ParseParams reads a file of parameters, YAML or JSON: control id → name → value, and under the key scope the controls that are left
// out. Whether there are such controls is for the judging to say.
func ParseParams(b []byte) (map[string]any, []policies.Exclusion, error) {
	var file struct {
		Scope  []ScopeEntry   `yaml:"scope"`
		Params map[string]any `yaml:",inline"`
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	out := exclusions(file.Scope)
	for _, x := range out {
		if err := x.Check(); err != nil {
			return nil, nil, err
		}
	}
	return file.Params, out, nil
}
