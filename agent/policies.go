//go:build !thin

package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/vymir-project/vymir/agent/internal/durable"
	"github.com/vymir-project/vymir/agent/internal/memory"
	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/agent/internal/redact"
	"github.com/vymir-project/vymir/agent/internal/uplink"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/bundle"
)

// conclude judges the facts, keeps the whole assessment for the administrator and gives what may leave this host.
func conclude(ctx context.Context, c Config, doc *facts.Document, consent redact.Consent) (*Measurement, error) {
	full, problem, err := judge(ctx, c, doc)
	if err != nil {
		return nil, err
	}
	full.DurationSeconds = time.Since(doc.MeasuredAt).Seconds()
	if err := keepForAdministrator(c, full); err != nil {
		return nil, err
	}
	lean, err := wire.Encode(consent.Apply(full))
	if err != nil {
		return nil, err
	}
	m := &Measurement{Summary: full.Summary, Severe: severe(full), Problem: problem}
	m.Lean, err = wire.Marshal(lean)
	return m, err
}

func severe(a *assessment.Assessment) []uint32 {
	numbers := []uint32{}
	for _, r := range a.Results {
		if r.Status == assessment.Fail && r.Severity.Rank() >= assessment.High.Rank() {
			numbers = append(numbers, r.Number)
		}
	}
	return numbers
}

func keepForAdministrator(c Config, a *assessment.Assessment) error {
	b, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode assessment: %w", err)
	}
	return durable.WriteFile(c.lastPath(), b)
}

// judge judges the facts: by a policy bundle that just came, if it is good; else by the one in force; else by the policies this
// program carries. problem says what is wrong with a bundle that was not used; "": nothing.
func judge(ctx context.Context, c Config, doc *facts.Document) (full *assessment.Assessment, problem string, err error) {
	held := pack.Open(c.StateDir, wire.KindBundle)
	if data, nextErr := held.Next(); nextErr == nil && !c.AcceptDirectives.RefuseBundle {
		full, err := tryNext(ctx, c, doc, held, data)
		if err == nil || ctx.Err() != nil {
			return full, "", err
		}
		if problem = err.Error(); full != nil {
			return full, problem, nil
		}
	}
	b, err := bundleInForce(c, held)
	if err == nil && b != nil {
		if full, err = judgeBy(ctx, c, doc, b); err == nil || ctx.Err() != nil {
			return full, problem, err
		}
	}
	if err != nil {
		problem = joinProblems(problem, err.Error())
	}
	full, err = judgeBy(ctx, c, doc, nil)
	return full, problem, err
}

// tryNext judges by a bundle that came and, when that works, puts it in force. The error says why it is no good, or, beside an
// assessment, why it could not be put in force.
func tryNext(ctx context.Context, c Config, doc *facts.Document, held pack.Kind, data []byte) (*assessment.Assessment, error) {
	digest := sha256.Sum256(data)
	found := pack.Artefact{Digest: digest[:], At: time.Now().UTC()}
	var full *assessment.Assessment
	b, trust, err := acceptable(c, held, data)
	if err == nil {
		found.Name, found.Revision = b.Manifest.Name, b.Manifest.Revision
		if full, err = judgeBy(ctx, c, doc, b); ctx.Err() != nil {
			return nil, ctx.Err() // it was not its fault
		}
	}
	if errors.Is(err, errNoKeys) {
		return nil, err // it waits until there is one
	}
	if err != nil {
		found.Why = err.Error()
		return nil, errors.Join(fmt.Errorf("policy bundle refused: %w", err), held.Refuse(found))
	}
	return full, held.Take(found, trust)
}

// acceptable verifies a bundle and decides whether it may replace the one in force.
func acceptable(c Config, held pack.Kind, data []byte) (b *bundle.Bundle, trust pack.Trust, err error) {
	given, anchor, err := trustedKeys(c, held)
	if err != nil {
		return nil, trust, err
	}
	if b, err = bundle.Read(bytes.NewReader(data), given...); err != nil {
		return nil, trust, err
	}
	s := held.State()
	current := bundle.Manifest{}
	if f := s.InForce; f != nil {
		current.Name, current.Revision = f.Name, f.Revision
	}
	if own := policies.BuiltIn(); (current.Name == "" || current.Name == own.Name) && b.Manifest.Name == own.Name && own.Revision > current.Revision {
		current.Name, current.Revision = own.Name, own.Revision
	}
	state := uplink.LoadState(c.StateDir)
	if err := bundle.Accept(current, b, state.BestNow(time.Now(), nil)); err != nil {
		return nil, trust, err
	}
	trust = pack.Trust{Keys: b.Manifest.Keys, Anchor: anchor}
	if len(trust.Keys) == 0 && s.Anchor == anchor {
		trust.Keys = s.Keys
	}
	for _, k := range given {
		trust.Signed = append(trust.Signed, k.String())
	}
	return b, trust, nil
}

// bundleRevision is that of the policies that judge, and whether a server sent them.
func bundleRevision(c Config) (name string, revision uint64, sent bool) {
	own := policies.BuiltIn()
	f := pack.Open(c.StateDir, wire.KindBundle).State().InForce
	if f == nil || f.Damaged || c.AcceptDirectives.RefuseBundle || f.Name == own.Name && f.Revision <= own.Revision {
		return own.Name, own.Revision, false
	}
	return f.Name, f.Revision, true
}

// PolicyBundle gives the policy bundle that the daemon judges by; nil is the policies this program carries.
func PolicyBundle(c Config) (*bundle.Bundle, error) {
	return bundleInForce(c, pack.Open(c.StateDir, wire.KindBundle))
}

// artefactKinds are the artefacts that this host takes from its server.
func artefactKinds(c Config) []string {
	if c.AcceptDirectives.RefuseBundle {
		return []string{wire.KindVulns, wire.KindBanned}
	}
	return []string{wire.KindBundle, wire.KindVulns, wire.KindBanned}
}

// bundleInForce reads the bundle that was taken last; nil when there is none, or when this program carries a newer revision of the
// same set. Its signature is verified again. Its end does not matter: an expired bundle is no update, and goes on judging.
func bundleInForce(c Config, held pack.Kind) (*bundle.Bundle, error) {
	s := held.State()
	if own := policies.BuiltIn(); s.InForce == nil || c.AcceptDirectives.RefuseBundle || s.InForce.Name == own.Name && s.InForce.Revision <= own.Revision {
		return nil, nil
	}
	data, err := inForce(held)
	if err != nil {
		return nil, fmt.Errorf("read policy bundle in force: %w", err)
	}
	keys, err := bundle.ParseKeys(s.Signed...)
	if err != nil {
		return nil, err
	}
	return bundle.Read(bytes.NewReader(data), keys...)
}

// judgeBy judges by one bundle; nil is the policies this program carries.
func judgeBy(ctx context.Context, c Config, doc *facts.Document, b *bundle.Bundle) (*assessment.Assessment, error) {
	engine, err := policies.New(b)
	if err != nil {
		return nil, err
	}
	revision, signed := engine.Catalogue().Revision, b != nil
	doc.Agent.BundleRevision, doc.Agent.BundleSigned = &revision, &signed
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode facts: %w", err)
	}
	memory.Release() // of compiling
	full, err := engine.Judge(ctx, text, policies.JudgeOptions{Baselines: c.Baselines, Role: c.Role, Params: c.judgeParams(), Scope: c.Exclusions(), Lang: c.Language})
	if err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	return full, nil
}
