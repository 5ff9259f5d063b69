// Package pages generates what is derived from the policies' METADATA: the catalogue, the numbers, the default parameters
// for `opa test`, and a page per control in both languages.
package pages

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"text/template"

	"github.com/vymir-project/vymir/policies"
)

//go:embed control.md.tmpl
var controlTemplate string

//go:embed index.md.tmpl
var indexTemplate string

// Generate compiles the policies in fsys and returns every generated file, by its path relative to the folder policies.
func Generate(fsys fs.FS, numbers []policies.Number) (map[string][]byte, error) {
	c, numbers, err := policies.CompileCatalogue(fsys, numbers)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	if files["controls.json"], err = policies.MarshalCatalogue(c); err != nil {
		return nil, err
	}
	if files["numbers.json"], err = indent(numbers); err != nil {
		return nil, err
	}
	if files["params.json"], err = indent(map[string]any{"params": c.Defaults()}); err != nil {
		return nil, err
	}
	funcs := template.FuncMap{"join": strings.Join}
	page := template.Must(template.New("control").Funcs(funcs).Parse(controlTemplate))
	for i := range c.Controls {
		k := &c.Controls[i]
		var b bytes.Buffer
		if err := page.Execute(&b, view{k, c}); err != nil {
			return nil, fmt.Errorf("page of %s: %w", k.ID, err)
		}
		files["../docs/controls/"+pagePath(k)] = b.Bytes()
	}
	var b bytes.Buffer
	if err := template.Must(template.New("index").Funcs(funcs).Parse(indexTemplate)).Execute(&b, index(c)); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	files["../docs/controls/README.md"] = b.Bytes()
	return files, nil
}

func pagePath(k *policies.Control) string {
	family, name, _ := strings.Cut(k.ID, ".")
	return family + "/" + name + ".md"
}

// view is what a control's page shows.
type view struct {
	*policies.Control
	catalogue *policies.Catalogue
}

// Own are the control's reasons without those that every control has.
func (v view) Own() []policies.Reason {
	var out []policies.Reason
	for _, r := range v.Reasons {
		common := false
		for _, c := range v.catalogue.Common {
			common = common || c.ID == r.ID
		}
		if !common {
			out = append(out, r)
		}
	}
	return out
}

type group struct {
	Family   policies.Family
	Controls []row
}

type row struct {
	*policies.Control
	Page string
}

func index(c *policies.Catalogue) any {
	var groups []group
	for _, f := range c.Families {
		g := group{Family: f}
		for i := range c.Controls {
			if k := &c.Controls[i]; k.Family == f.ID {
				g.Controls = append(g.Controls, row{k, pagePath(k)})
			}
		}
		if len(g.Controls) > 0 {
			groups = append(groups, g)
		}
	}
	return map[string]any{"Groups": groups, "Baselines": c.Baselines, "Count": len(c.Controls)}
}

func indent(v any) ([]byte, error) {
	data, err := json.MarshalIndent(v, "", " ")
	return append(data, '\n'), err
}
