//go:build !thin

package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"aead.dev/minisign"

	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/agent/internal/uplink"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector"
	"github.com/vymir-project/vymir/collector/vulnindex"
)

// takeVulns puts a vulnerability index that just came in force, if it is good, and gives the one in force. reason says why there is
// none, problem what is wrong with one that was not taken; "": nothing.
func takeVulns(ctx context.Context, c Config) (index *vulnindex.Index, reason, problem string) {
	held := pack.Open(c.StateDir, wire.KindVulns)
	if data, err := held.Next(); err == nil {
		if err := tryVulns(ctx, c, held, data); err != nil {
			problem = fmt.Sprintf("vulnerability index refused: %v", err)
		}
	}
	index, reason = VulnerabilityIndex(c)
	if own := ownEcosystem(ctx); index != nil && own != "" && index.Meta().Ecosystem != own {
		// This host moved to another release, whose index counts its revisions anew.
		if err := held.Damaged(); err != nil {
			problem = joinProblems(problem, err.Error())
		}
	}
	return index, reason, problem
}

// tryVulns verifies an index and decides whether it may replace the one in force.
func tryVulns(ctx context.Context, c Config, held pack.Kind, data []byte) error {
	keys, anchor, err := trustedKeys(c, pack.Open(c.StateDir, wire.KindBundle))
	if err != nil {
		return err // it waits until there is a key
	}
	digest := sha256.Sum256(data)
	found := pack.Artefact{Digest: digest[:], At: time.Now().UTC()}
	if vulnindex.IsDelta(data) {
		if data, err = applyDelta(held, data, keys); err != nil {
			found.Why = err.Error()
			return errors.Join(err, held.Refuse(found)) // the whole is fetched instead
		}
		digest = sha256.Sum256(data)
		found.Digest = digest[:]
	}
	x, err := vulnindex.Open(data, keys...)
	if err == nil {
		found.Name, found.Revision = x.Meta().Ecosystem, x.Meta().Revision
		current := vulnindex.Meta{}
		if f := held.State().InForce; f != nil {
			current.Ecosystem, current.Revision = f.Name, f.Revision
		}
		state := uplink.LoadState(c.StateDir)
		err = vulnindex.Accept(current, x.Meta(), ownEcosystem(ctx), state.BestNow(time.Now(), nil))
	}
	if err != nil {
		found.Why = err.Error()
		return errors.Join(err, held.Refuse(found))
	}
	return held.Take(found, signedBy(anchor, keys))
}

// applyDelta makes the next index from the one in force, both verified, and lays it where the delta lay.
func applyDelta(held pack.Kind, delta []byte, keys []minisign.PublicKey) ([]byte, error) {
	data, err := inForce(held)
	if err != nil {
		return nil, fmt.Errorf("read what the delta leads from: %w", err)
	}
	base, err := vulnindex.Open(data, keys...)
	if err != nil {
		return nil, fmt.Errorf("read what the delta leads from: %w", errors.Join(err, held.Damaged()))
	}
	next, err := vulnindex.Apply(base, delta, keys...)
	if err != nil {
		return nil, err
	}
	return next, held.Put(next)
}

// ownEcosystem names this host's release; empty when it cannot be told.
func ownEcosystem(ctx context.Context) string {
	doc, err := collector.Collect(ctx, collector.Options{Families: []string{"os"}})
	if err != nil || doc.OS == nil {
		return ""
	}
	return vulnindex.EcosystemOf(doc.OS.ID, doc.OS.VersionID)
}

// VulnerabilityIndex gives the index that the daemon matches this host's packages against, its signature verified again; nil and why when
// there is none. Its end does not matter: an expired one is no update, and goes on telling what it knows.
func VulnerabilityIndex(c Config) (index *vulnindex.Index, reason string) {
	held := pack.Open(c.StateDir, wire.KindVulns)
	data, err := inForce(held)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noIndex
	}
	if err != nil {
		return nil, "the vulnerability index cannot be read: " + err.Error()
	}
	keys, _, err := trustedKeys(c, pack.Open(c.StateDir, wire.KindBundle))
	if err == nil {
		index, err = vulnindex.Open(data, keys...)
	}
	if err != nil {
		return nil, "the vulnerability index cannot be used: " + err.Error()
	}
	return index, ""
}
