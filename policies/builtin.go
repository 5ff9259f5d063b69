//go:build !thin

package policies

import (
	"fmt"
	"time"

	"github.com/vymir-project/vymir/policies/bundle"
)

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
