// Package mappings holds profiles of outside bodies, Ukrainian acts first: which requirement of which act is answered by which
// controls. A profile is a data pack, ua-*.yaml; docs/spec/profiles.md describes it. Ids of NIST CSF, SP 800-53, CIS and ISO are not
// here: they stand in each control's METADATA.
//
// Nothing in a pack is invented: every act and every requirement names its source, and an act of which only the existence was seen
// carries no requirement.
package mappings

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

//go:embed ua-*.yaml
var packs embed.FS

// Schema names the format of [Profile].
const Schema = "vymir.profile/1"

// maxPackBytes bounds one file.
const maxPackBytes = 4 << 20

// Profile is one data pack.
type Profile struct {
	Schema       string        `yaml:"schema"`   // always [Schema]
	ID           string        `yaml:"id"`       // the file's name without .yaml
	Revision     uint64        `yaml:"revision"` // grows with every change
	Title        Text          `yaml:"title"`
	Acts         []Act         `yaml:"acts"`
	Requirements []Requirement `yaml:"requirements"`
}

// Text is a text in Ukrainian and English.
type Text map[string]string

// Act is one law, resolution, order or standard.
type Act struct {
	ID     string `yaml:"id"`
	Title  Text   `yaml:"title"`
	Number string `yaml:"number,omitempty"`
	Date   string `yaml:"date,omitempty"` // YYYY-MM-DD
	Status string `yaml:"status"`         // verified (a source was seen) or text (whoever wrote the pack holds the act itself)
	Seen   Text   `yaml:"seen"`           // what was seen of it
	Source string `yaml:"source"`
}

// Requirement is one requirement of an act, under the id that the act gives it.
type Requirement struct {
	Act      string   `yaml:"act"`
	ID       string   `yaml:"id"` // as the act writes it
	Title    Text     `yaml:"title"`
	Controls []string `yaml:"controls"` // ids of controls that answer it, wholly or in part
	Source   string   `yaml:"source"`   // where in the act: page, paragraph
}

// BuiltIn returns the packs this program carries, by id.
func BuiltIn() ([]Profile, error) { return Load(packs) }

// Load reads every ua-*.yaml at the top of fsys, by id.
func Load(fsys fs.FS) ([]Profile, error) {
	names, err := fs.Glob(fsys, "ua-*.yaml")
	if err != nil {
		return nil, fmt.Errorf("load profiles: %w", err)
	}
	var out []Profile
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("load profiles: %w", err)
		}
		p, err := Parse(data)
		if err != nil {
			return nil, fmt.Errorf("load profile %s: %w", name, err)
		}
		if p.ID != strings.TrimSuffix(path.Base(name), ".yaml") {
			return nil, fmt.Errorf("load profile %s: its id is %q", name, p.ID)
		}
		out = append(out, *p)
	}
	return out, nil
}

// Parse reads one pack and checks all of it but the controls, which [Profile.CheckControls] does.
func Parse(data []byte) (*Profile, error) {
	if len(data) > maxPackBytes {
		return nil, errors.New("larger than 4 MiB")
	}
	var p Profile
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&p); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return &p, nil
}

var identifier = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (p *Profile) check() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	want(p.Schema == Schema, "schema is %q, want %q", p.Schema, Schema)
	want(identifier.MatchString(p.ID) && strings.HasPrefix(p.ID, "ua-"), "id %q", p.ID)
	want(p.Revision > 0, "no revision")
	want(p.Title.complete(), "no title in uk and en")
	acts := map[string]string{}
	for _, a := range p.Acts {
		_, twice := acts[a.ID]
		want(identifier.MatchString(a.ID) && !twice, "act %q: not an id, or there twice", a.ID)
		want(a.Title.complete() && a.Seen.complete(), "act %s: no title or no word on what was seen, in uk and en", a.ID)
		want(strings.TrimSpace(a.Source) != "", "act %s: no source", a.ID)
		want(a.Status == "verified" || a.Status == "text", "act %s: status %q, one of verified, text", a.ID, a.Status)
		_, err := time.Parse(time.DateOnly, a.Date)
		want(a.Date == "" || err == nil, "act %s: date %q", a.ID, a.Date)
		acts[a.ID] = a.Status
	}
	seen := map[[2]string]bool{}
	for _, r := range p.Requirements {
		key := [2]string{r.Act, r.ID}
		want(acts[r.Act] == "text", "requirement %s of %s: the act is not here, or its text was not held", r.ID, r.Act)
		want(strings.TrimSpace(r.ID) != "" && !seen[key], "requirement %q of %s: no id, or there twice", r.ID, r.Act)
		want(r.Title.complete(), "requirement %s of %s: no title in uk and en", r.ID, r.Act)
		want(strings.TrimSpace(r.Source) != "", "requirement %s of %s: no source", r.ID, r.Act)
		want(len(r.Controls) > 0, "requirement %s of %s: no controls", r.ID, r.Act)
		seen[key] = true
	}
	return errors.Join(errs...)
}

func (t Text) complete() bool {
	return strings.TrimSpace(t["uk"]) != "" && strings.TrimSpace(t["en"]) != "" && len(t) == 2
}

// CheckControls reports the controls that p names and exists does not know.
func (p *Profile) CheckControls(exists func(id string) bool) error {
	var errs []error
	for _, r := range p.Requirements {
		for _, id := range r.Controls {
			if !exists(id) {
				errs = append(errs, fmt.Errorf("requirement %s of %s: no control %q", r.ID, r.Act, id))
			}
		}
	}
	return errors.Join(errs...)
}

// Answers returns the requirements that a control answers.
func (p *Profile) Answers(control string) []Requirement {
	var out []Requirement
	for _, r := range p.Requirements {
		if slices.Contains(r.Controls, control) {
			out = append(out, r)
		}
	}
	return out
}
