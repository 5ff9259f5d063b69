//go:build !thin

package policies

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"time"

	"github.com/vymir-project/vymir/policies/bundle"
)

// BundleFrom makes a bundle of the policies in fsys: folders baseline and lib as in this project, baseline/catalogue.json, and
// numbers.json with the numbers given before, which must cover every control and reason. It expires a year after created.
func BundleFrom(fsys fs.FS, created time.Time) (*bundle.Bundle, error) {
	text, err := fs.ReadFile(fsys, "numbers.json")
	if err != nil {
		return nil, fmt.Errorf("bundle policies: %w", err)
	}
	var numbers []Number
	if err := decodeStrict(text, &numbers); err != nil {
		return nil, fmt.Errorf("bundle policies: numbers.json: %w", err)
	}
	c, after, err := CompileCatalogue(fsys, numbers)
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(numbers, after) {
		return nil, errors.New("bundle policies: numbers.json lacks controls or reasons: add them to its end, for numbers are never changed")
	}
	catalogue, err := MarshalCatalogue(c)
	if err != nil {
		return nil, err
	}
	modules, err := readModules(fsys)
	if err != nil {
		return nil, fmt.Errorf("bundle policies: %w", err)
	}
	created = created.UTC().Truncate(time.Second)
	return &bundle.Bundle{
		Manifest: bundle.Manifest{Schema: bundle.Schema, Name: c.Name, Revision: c.Revision, Created: created, Expires: created.AddDate(1, 0, 0)},
		Modules:  modules, Catalogue: catalogue,
	}, nil
}

// BuiltInBundle is the built-in set as a bundle, for a server that publishes it: created at the given time, expiring a year later. Write it with
// [bundle.Write].
func BuiltInBundle(created time.Time) (*bundle.Bundle, error) {
	modules, err := BuiltInModules()
	if err != nil {
		return nil, fmt.Errorf("bundle built-in policies: %w", err)
	}
	c := BuiltIn()
	created = created.UTC().Truncate(time.Second)
	return &bundle.Bundle{
		Manifest: bundle.Manifest{
			Schema: bundle.Schema, Name: c.Name, Revision: c.Revision, Created: created, Expires: created.AddDate(1, 0, 0)},
		Modules:   modules,
		Catalogue: builtInJSON,
	}, nil
}
