//go:build thin

package policies

import (
	"context"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/bundle"
)

// Engine cannot judge in this build.
type Engine struct{}

// New answers [ErrThin].
func New(*bundle.Bundle) (*Engine, error) { return nil, ErrThin }

// Judge answers [ErrThin].
func (*Engine) Judge(context.Context, []byte, JudgeOptions) (*assessment.Assessment, error) {
	return nil, ErrThin
}

// Catalogue returns the catalogue that this program carries.
func (*Engine) Catalogue() *Catalogue { return BuiltIn() }

// Triage answers [ErrThin].
func (*Engine) Triage(context.Context, []byte, JudgeOptions) ([]Triaged, error) { return nil, ErrThin }
