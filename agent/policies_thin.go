//go:build thin

package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vymir-project/vymir/agent/internal/redact"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/bundle"
)

// errFactsStay says that the consent of this host keeps at home what a server would need to judge it.
var errFactsStay = errors.New("this build has no policy engine and would have to send its facts, which the consent does not allow: " +
	"set consent.profile to detailed and withhold neither params nor evidence, or install the standard agent")

// conclude gives the facts for the server to judge. They hold paths, users and versions, so that they leave under the detailed profile
// only, and not at all where parameters or evidence are withheld. The machine-id never leaves.
func conclude(_ context.Context, c Config, doc *facts.Document, consent redact.Consent) (*Measurement, error) {
	for _, w := range consent.Withhold {
		if w != "host_name" && w != "kernel" {
			return nil, errFactsStay
		}
	}
	if consent.Profile != redact.Detailed {
		return nil, errFactsStay
	}
	doc.Host.MachineID = ""
	if !consent.Leaves("host_name") {
		doc.Host.Name = ""
	}
	if !consent.Leaves("kernel") {
		doc.Kernel = nil
		doc.Families["kernel"] = facts.Status{State: facts.StateUnmeasured, Reason: "withheld by the consent of this host"}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode facts: %w", err)
	}
	text, err = policies.Carry(text, policies.JudgeOptions{Baselines: c.Baselines, Role: c.Role, Params: c.judgeParams(), Scope: c.Exclusions(), Now: doc.MeasuredAt})
	if err != nil {
		return nil, err
	}
	packed, err := wire.Compress(text)
	if err != nil {
		return nil, fmt.Errorf("pack facts: %w", err)
	}
	return &Measurement{Facts: packed}, nil
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
