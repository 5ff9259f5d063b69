// Package remedies holds the remedy catalogue as data: what a donor can fund to close a gap, whom it helps,
// how much it takes and what it costs.
//
// The data are the YAML files of this folder: capabilities.yaml, the shared vocabulary of capabilities that
// controls declare, and one file per kind of remedy. The program carries them inside; [Load] reads and validates
// them. Texts name the remedy and never a weakness, because donors read them. The package knows nothing of
// hosts or results: the server's need engine joins it with gaps.
package remedies

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

//go:embed *.yaml
var files embed.FS

// Text is a text in both languages, by language code ("uk", "en"). Both are always present after [Load].
type Text map[string]string

// In returns the text in lang, or in English when lang is not known.
func (t Text) In(lang string) string {
	if s, ok := t[lang]; ok {
		return s
	}
	return t["en"]
}

// Langs are the languages every text has.
var Langs = []string{"uk", "en"}

// Capability is an area in which a recipient can be strengthened. Its id is stable for ever.
type Capability struct {
	ID   string `yaml:"id"`
	Name Text   `yaml:"name"`
	Text Text   `yaml:"text"`
}

// Capabilities returns the vocabulary in reading order. The slice is the caller's.
func Capabilities() ([]Capability, error) {
	var cs []Capability
	if err := decode("capabilities.yaml", &cs); err != nil {
		return nil, err
	}
	var errs []error
	seen := map[string]bool{}
	for _, c := range cs {
		switch {
		case !validID(c.ID):
			errs = append(errs, fmt.Errorf("capability %q: id is not lower snake case", c.ID))
		case seen[c.ID]:
			errs = append(errs, fmt.Errorf("capability %s: id used twice", c.ID))
		}
		seen[c.ID] = true
		errs = append(errs, c.Name.check("capability "+c.ID+": name"), c.Text.check("capability "+c.ID+": text"))
	}
	return cs, errors.Join(errs...)
}

// check reports a missing language.
func (t Text) check(what string) error {
	for _, l := range Langs {
		if t[l] == "" {
			return fmt.Errorf("%s: no text in %s", what, l)
		}
	}
	if len(t) != len(Langs) {
		return fmt.Errorf("%s: unknown language", what)
	}
	return nil
}

func validID(s string) bool {
	for i, r := range s {
		if (r < 'a' || r > 'z') && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}

// decode reads an embedded file strictly: an unknown key is an error.
func decode(name string, into any) error {
	data, err := files.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("decode %s: %w", name, err)
	}
	return nil
}
