package enrol

import (
	"crypto/ecdsa"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

func (ca *CA) openExport() error {
	name := ca.file("export.key")
	if err := private(name); errors.Is(err, os.ErrNotExist) {
		if ca.export, err = age.GenerateX25519Identity(); err != nil {
			return err
		}
		return ca.keys.write(name, []byte(ca.export.String()+"\n"))
	} else if err != nil {
		return err
	}
	b, err := ca.keys.read(name)
	if err != nil {
		return err
	}
	if ca.export, err = age.ParseX25519Identity(strings.TrimSpace(string(b))); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// ExportRecipient is the age recipient that hosts encrypt sealed export files to.
func (ca *CA) ExportRecipient() string { return ca.export.Recipient().String() }

// Unseal reads a sealed export file and returns its content with the certificate whose key signed it; see
// [wire.Unseal] for the errors. Whose host that is, the caller finds out.
func (ca *CA) Unseal(r io.Reader) (*vymirv1.ExportBody, *x509.Certificate, error) {
	body, chain, err := wire.Unseal(r, ca.export)
	if err != nil {
		return nil, nil, err
	}
	return body, chain[0], nil
}

// Secret derives a key for one purpose from the issuing key (or from secret.key, where that one only signs). All server
// processes of one CA derive the same, so that any of them understands what another handed out.
func (ca *CA) Secret(purpose string) (out [32]byte, err error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	seed, err := ca.seed()
	if err != nil {
		return out, fmt.Errorf("derive key: %w", err)
	}
	key, err := hkdf.Key(sha256.New, seed, nil, "vymir "+purpose, len(out))
	if err != nil {
		return out, fmt.Errorf("derive key: %w", err)
	}
	copy(out[:], key)
	return out, nil
}

func (ca *CA) seed() ([]byte, error) {
	if k, ok := ca.key.(*ecdsa.PrivateKey); ok {
		return x509.MarshalPKCS8PrivateKey(k)
	}
	name := ca.file("secret.key")
	if err := private(name); errors.Is(err, os.ErrNotExist) {
		b := make([]byte, 32)
		rand.Read(b)
		if err := ca.keys.write(name, b); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	return ca.keys.read(name)
}
