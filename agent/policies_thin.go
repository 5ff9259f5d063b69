//go:build thin

package agent

import (
	"context"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/bundle"
)

// judge answers [policies.ErrThin]: this build has no policy engine.
func judge(context.Context, Config, *facts.Document) (*assessment.Assessment, string, error) {
	return nil, "", policies.ErrThin
}

// bundleRevision is that of the catalogue this program carries.
func bundleRevision(Config) (name string, revision uint64, sent bool) {
	own := policies.BuiltIn()
	return own.Name, own.Revision, false
}

// PolicyBundle gives none.
func PolicyBundle(Config) (*bundle.Bundle, error) { return nil, nil }

// artefactKinds are none: nothing is judged here.
func artefactKinds(Config) []string { return nil }
