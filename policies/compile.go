//go:build !thin

package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/bundle"
)

// Number fixes the numbers of one control on the wire.
type Number struct {
	Control string   `json:"control"`
	Number  uint32   `json:"number"`
	Reasons []string `json:"reasons"` // reason n is the n-th, from 1
}

// CompileCatalogue compiles the METADATA of all policies in fsys (folders baseline and lib, with baseline/catalogue.json) into their
// catalogue. numbers are those given before; the returned list continues it and never changes or drops one. Every fault
// found is in the error.
func CompileCatalogue(fsys fs.FS, numbers []Number) (*Catalogue, []Number, error) {
	modules, err := readModules(fsys)
	if err != nil {
		return nil, nil, fmt.Errorf("compile catalogue: %w", err)
	}
	head, err := fs.ReadFile(fsys, "baseline/catalogue.json")
	if err != nil {
		return nil, nil, fmt.Errorf("compile catalogue: %w", err)
	}
	c := &Catalogue{}
	if err := decodeStrict(head, c); err != nil {
		return nil, nil, fmt.Errorf("compile catalogue: catalogue.json: %w", err)
	}
	c.Schema = CatalogueSchema
	c.Digest = (&bundle.Bundle{Modules: modules, Catalogue: head}).Digest()
	var errs []error
	for _, p := range slices.Sorted(maps.Keys(modules)) {
		errs = append(errs, c.add(p, modules[p]))
	}
	numbers = c.assignNumbers(numbers, 1)
	errs = append(errs, c.index())
	if err := errors.Join(errs...); err != nil {
		return nil, nil, fmt.Errorf("compile catalogue: %w", err)
	}
	return c, numbers, nil
}

// MarshalCatalogue is the JSON form of c; the texts of common reasons stand once.
func MarshalCatalogue(c *Catalogue) ([]byte, error) {
	out := *c
	out.Controls = slices.Clone(c.Controls)
	for i := range out.Controls {
		rs := slices.Clone(out.Controls[i].Reasons)
		for j := range rs {
			if c.isCommon(rs[j].ID) && maps.Equal(rs[j].Text, c.commonText(rs[j].ID)) {
				rs[j].Text = nil
			}
		}
		out.Controls[i].Reasons = rs
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(out); err != nil {
		return nil, fmt.Errorf("marshal catalogue: %w", err)
	}
	return b.Bytes(), nil
}

func (c *Catalogue) commonText(id string) Text {
	for _, r := range c.Common {
		if r.ID == id {
			return r.Text
		}
	}
	return nil
}

func (c *Catalogue) isCommon(id string) bool { return c.commonText(id) != nil }

// custom is the shape of METADATA's custom block; a key that is not here is an error.
type custom struct {
	UK struct {
		Title     string `json:"title"`
		Rationale string `json:"rationale"`
	} `json:"uk"`
	Revision       uint32              `json:"revision"` // default 1
	Severity       assessment.Severity `json:"severity"`
	SeverityReason Text                `json:"severity_reason"`
	Capability     string              `json:"capability"`
	Halves         []assessment.Half   `json:"halves"`
	Facts          []string            `json:"facts"`
	Aliases        []string            `json:"aliases"`
	Baselines      []string            `json:"baselines"`
	Applicability  bool                `json:"applicability"`
	Params         []Param             `json:"params"`
	Mappings       map[string][]string `json:"mappings"`
	Remedy         Text                `json:"remedy"`
	RemedyCommands map[string]string   `json:"remedy_commands"`
	Reasons        map[string]Text     `json:"reasons"`
}

// add takes in the control that the module src at path p declares; modules elsewhere than below baseline/ declare none.
func (c *Catalogue) add(p string, src []byte) error {
	if !strings.HasPrefix(p, "baseline/") {
		return nil
	}
	k, err := readControl(p, src)
	if err == nil {
		err = c.check(k)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p, err)
	}
	c.Controls = append(c.Controls, *k)
	return nil
}

func readControl(p string, src []byte) (*Control, error) {
	m, err := ast.ParseModuleWithOpts(p, string(src), ast.ParserOptions{
		ProcessAnnotation: true, Capabilities: capabilities(), RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, err
	}
	if err := checkPackage(p, m); err != nil {
		return nil, err
	}
	for _, a := range m.Annotations {
		if a.Scope != "package" {
			continue
		}
		raw, err := json.Marshal(a.Custom)
		if err != nil {
			return nil, fmt.Errorf("metadata: %w", err)
		}
		var d custom
		if err := decodeStrict(raw, &d); err != nil {
			return nil, fmt.Errorf("metadata: %w", err)
		}
		return d.control(p, a), nil
	}
	return nil, errors.New("no METADATA on the package")
}

func (d *custom) control(p string, a *ast.Annotations) *Control {
	dir := strings.Split(p, "/")
	k := &Control{
		ID: dir[1] + "." + dir[2], Revision: max(d.Revision, 1), Aliases: orEmpty(d.Aliases), Family: dir[1], Capability: d.Capability,
		Severity: d.Severity, SeverityReason: d.SeverityReason, Halves: d.Halves, Facts: d.Facts, Baselines: d.Baselines,
		Applicability: d.Applicability, Params: d.Params, Mappings: d.Mappings,
		Title:     Text{"en": a.Title, "uk": d.UK.Title},
		Rationale: Text{"en": a.Description, "uk": d.UK.Rationale},
		Remedy:    d.Remedy, RemedyCommands: d.RemedyCommands,
	}
	for l, s := range k.Rationale {
		k.Rationale[l] = strings.TrimSpace(s)
	}
	for _, id := range slices.Sorted(maps.Keys(d.Reasons)) {
		k.Reasons = append(k.Reasons, Reason{ID: id, Text: d.Reasons[id]})
	}
	return k
}

// mappingIDs are the shapes of the frameworks' ids.
var mappingIDs = map[string]*regexp.Regexp{
	"csf2":      regexp.MustCompile(`^(GV|ID|PR|DE|RS|RC)\.[A-Z]{2}-[0-9]{2}$`),
	"cis8":      regexp.MustCompile(`^([1-9]|1[0-8])\.[0-9]{1,2}$`),
	"nist80053": regexp.MustCompile(`^[A-Z]{2}-[0-9]{1,2}(\([0-9]{1,2}\))?$`),
	"iso27001":  regexp.MustCompile(`^A\.[5-8]\.[0-9]{1,2}$`),
}

var (
	name        = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	placeholder = regexp.MustCompile(`\{[^}]*\}`)
)

// remedyFamilies are the system families that commands can be given for.
var remedyFamilies = []string{"debian", "rhel", "alpine", "openwrt"}

// check finds what a control's metadata lacks.
func (c *Catalogue) check(k *Control) error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	family, control := path.Split(strings.Replace(k.ID, ".", "/", 1))
	want(name.MatchString(strings.TrimSuffix(family, "/")) && name.MatchString(control), "id %s is not snake case", k.ID)
	want(slices.ContainsFunc(c.Families, func(f Family) bool { return f.ID == k.Family }), "family %s is not in catalogue.json", k.Family)
	want(k.Severity.Rank() >= 0, "severity %q is not known", k.Severity)
	want(k.Capability != "", "no capability")
	want(len(k.Facts) > 0, "no facts")
	want(len(k.Baselines) > 0, "in no baseline")
	want(len(k.Halves) > 0, "no halves")
	for _, h := range k.Halves {
		want(h == assessment.Persisted || h == assessment.Live, "half %q is not known", h)
	}
	for _, b := range k.Baselines {
		_, ok := c.Baseline(b)
		want(ok, "baseline %q is not in catalogue.json", b)
	}
	for _, f := range []string{"csf2", "cis8", "nist80053"} {
		want(len(k.Mappings[f]) > 0, "no mapping to %s", f)
	}
	for f, ids := range k.Mappings {
		re := mappingIDs[f]
		want(re != nil, "mapping to %q is not known", f)
		for _, id := range ids {
			want(re == nil || re.MatchString(id), "mapping %s: id %q has not the framework's shape", f, id)
		}
	}
	for f := range k.RemedyCommands {
		want(slices.Contains(remedyFamilies, f), "remedy_commands for %q", f)
	}
	texts := map[string]Text{"title": k.Title, "rationale": k.Rationale, "remedy": k.Remedy, "severity_reason": k.SeverityReason}
	for _, p := range k.Params {
		want(name.MatchString(p.Name) && p.Default != nil, "parameter %q has no default", p.Name)
		texts["parameter "+p.Name] = p.Meaning
	}
	for _, r := range k.Reasons {
		want(name.MatchString(r.ID), "reason id %q", r.ID)
		texts["reason "+r.ID] = r.Text
		en, uk := placeholder.FindAllString(r.Text["en"], -1), placeholder.FindAllString(r.Text["uk"], -1)
		slices.Sort(en)
		slices.Sort(uk)
		want(slices.Equal(en, uk), "reason %s: placeholders differ between the languages: %v, %v", r.ID, en, uk)
	}
	want(len(k.Reasons) >= 2, "fewer than two reasons")
	for _, what := range slices.Sorted(maps.Keys(texts)) {
		for _, l := range Languages {
			want(strings.TrimSpace(texts[what][l]) != "", "%s has no text in %q", what, l)
		}
	}
	return errors.Join(errs...)
}

// assignNumbers gives every control and reason the number it had, and the next free one, from first on, to new ones.
func (c *Catalogue) assignNumbers(numbers []Number, first uint32) []Number {
	numbers = slices.Clone(numbers)
	at, next := map[string]int{}, first
	for i, n := range numbers {
		at[n.Control] = i
		next = max(next, n.Number+1)
	}
	for i := range c.Controls {
		k := &c.Controls[i]
		j, ok := at[k.ID]
		if !ok {
			j = len(numbers)
			numbers = append(numbers, Number{Control: k.ID, Number: next})
			next++
		}
		k.Number = numbers[j].Number
		k.Reasons, numbers[j].Reasons = numberReasons(slices.Concat(c.Common, k.Reasons), numbers[j].Reasons)
	}
	return numbers
}

// numberReasons puts reasons in the order of their numbers; the place of one that was withdrawn stays, without a text.
func numberReasons(reasons []Reason, order []string) ([]Reason, []string) {
	byID := map[string]Reason{}
	order = slices.Clone(order)
	for _, r := range reasons {
		if _, ok := byID[r.ID]; !ok && !slices.Contains(order, r.ID) {
			order = append(order, r.ID)
		}
		byID[r.ID] = r // a control's own text stands for the common one
	}
	var out []Reason
	for _, id := range order {
		r, ok := byID[id]
		if !ok {
			r = Reason{ID: id, Text: Text{"en": id, "uk": id}}
		}
		out = append(out, r)
	}
	return out, order
}

func decodeStrict(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}
