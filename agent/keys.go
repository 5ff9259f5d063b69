package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"aead.dev/minisign"

	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/policies/bundle"
)

// errNoKeys says that nothing can be verified here.
var errNoKeys = errors.New("no key is known to verify policy bundles by: enrol again, or set bundle_keys")

// trustedKeys are those that a bundle must be signed by: the ones the last bundle named, as long as the ones this host was given
// are still the same; else the ones it was given, in its administrator's file or, without one, at enrolment.
func trustedKeys(c Config, held pack.Kind) (keys []minisign.PublicKey, anchor string, err error) {
	text, err := os.ReadFile(c.BundleKeys)
	lines := []string{string(text)}
	if errors.Is(err, fs.ErrNotExist) {
		id, idErr := identity.Load(c.StateDir)
		if idErr != nil || len(id.ArtefactKeys) == 0 {
			return nil, "", errNoKeys
		}
		lines = id.ArtefactKeys
	} else if err != nil {
		return nil, "", fmt.Errorf("read bundle keys: %w", err)
	}
	if keys, err = bundle.ParseKeys(lines...); err != nil {
		return nil, "", err
	}
	h := sha256.New()
	for _, k := range keys {
		h.Write([]byte(k.String() + "\n"))
	}
	anchor = hex.EncodeToString(h.Sum(nil))
	if s := held.State(); s.Anchor == anchor && len(s.Keys) > 0 {
		keys, err = bundle.ParseKeys(s.Keys...)
	}
	return keys, anchor, err
}

// signedBy is the trust that an artefact which names no keys of its own was taken by.
func signedBy(anchor string, keys []minisign.PublicKey) pack.Trust {
	trust := pack.Trust{Anchor: anchor}
	for _, k := range keys {
		trust.Signed = append(trust.Signed, k.String())
	}
	return trust
}

// inForce reads the artefact in force; one whose content is damaged is put down as such, so that it is fetched anew.
func inForce(held pack.Kind) ([]byte, error) {
	data, err := held.InForce()
	if errors.Is(err, pack.ErrContent) {
		err = errors.Join(err, held.Damaged())
	}
	return data, err
}
