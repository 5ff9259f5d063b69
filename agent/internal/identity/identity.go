// Package identity is who this host is to its server: a key made on the host, the certificate the server gave for it,
// and the roots the server must show.
//
// Everything is one file, replaced whole, so that key and certificate never come apart. The key does not expire; its
// certificate does, is renewed at two thirds of its life, and can be recovered by proof of the key after any time.
package identity

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/vymir-project/vymir/agent/internal/durable"
)

// Errors of this package.
var (
	ErrNone    = errors.New("this host is not enrolled")
	ErrDamaged = errors.New("the identity file is damaged")
)

// Identity is one enrolled identity. It is a value that is read; the functions of this package write it.
type Identity struct {
	HostID          string        // given by the server
	Server          string        // host:port
	Recipient       string        // whom this host reports to, for people
	Site            string        // of the recipient, for people; may be empty
	ExportRecipient string        // age recipient of sealed export files; empty: none was given
	ArtefactKeys    []string      // minisign public keys of policy bundles, as the server gave them at enrolment
	EnrolledAt      time.Time     // by the server's clock
	Certificate     [][]byte      // DER, leaf first
	Roots           [][]byte      // DER
	key             crypto.Signer // *ecdsa.PrivateKey, or *tpm.Key
	leaf            *x509.Certificate
	roots           []*x509.Certificate
}

// stored is the file.
type stored struct {
	Version         int       `json:"version"`
	HostID          string    `json:"host_id"`
	Server          string    `json:"server"`
	Recipient       string    `json:"recipient,omitzero"`
	Site            string    `json:"site,omitzero"`
	ExportRecipient string    `json:"export_recipient,omitzero"`
	ArtefactKeys    []string  `json:"artefact_keys,omitempty"`
	EnrolledAt      time.Time `json:"enrolled_at"`
	Key             []byte    `json:"key,omitempty"` // PKCS #8; empty: it is in the TPM
	TPM             *inTPM    `json:"tpm,omitempty"`
	Certificate     [][]byte  `json:"certificate"`
	Roots           [][]byte  `json:"roots"`
}

func path(stateDir string) string        { return filepath.Join(stateDir, "identity") }
func pendingPath(stateDir string) string { return filepath.Join(stateDir, "identity.pending") }

// Load reads the identity below stateDir. Without one the error is [ErrNone]; a file that cannot be understood is [ErrDamaged].
func Load(stateDir string) (*Identity, error) {
	b, err := os.ReadFile(path(stateDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("read identity: %w", err)
	}
	id, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("read identity %s: %w: %w", path(stateDir), ErrDamaged, err)
	}
	return id, nil
}

func decode(b []byte) (*Identity, error) {
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, err
	}
	if s.Version != 1 || s.HostID == "" || s.Server == "" {
		return nil, errors.New("fields are missing")
	}
	key, err := parseKey(s.Key, s.TPM)
	if err != nil {
		return nil, err
	}
	id := &Identity{
		HostID: s.HostID, Server: s.Server, Recipient: s.Recipient, Site: s.Site, ExportRecipient: s.ExportRecipient,
		ArtefactKeys: s.ArtefactKeys, EnrolledAt: s.EnrolledAt, Certificate: s.Certificate, Roots: s.Roots, key: key,
	}
	return id, id.parse()
}

// parse checks that certificate, key and roots belong together.
func (id *Identity) parse() error {
	if len(id.Certificate) == 0 || len(id.Roots) == 0 {
		return errors.New("certificate or roots are missing")
	}
	leaf, err := x509.ParseCertificate(id.Certificate[0])
	if err != nil {
		return err
	}
	if public, ok := id.key.Public().(*ecdsa.PublicKey); !ok || !public.Equal(leaf.PublicKey) {
		return errors.New("the certificate is for another key")
	}
	id.leaf, id.roots = leaf, nil
	for _, der := range id.Roots {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		id.roots = append(id.roots, c)
	}
	return nil
}

func (id *Identity) save(stateDir string) error {
	key, inside, err := storeKey(id.key)
	if err != nil {
		return err
	}
	b, err := json.Marshal(stored{
		Version: 1, HostID: id.HostID, Server: id.Server, Recipient: id.Recipient, Site: id.Site, ExportRecipient: id.ExportRecipient,
		ArtefactKeys: id.ArtefactKeys, EnrolledAt: id.EnrolledAt, Key: key, TPM: inside, Certificate: id.Certificate, Roots: id.Roots,
	})
	if err != nil {
		return fmt.Errorf("encode identity: %w", err)
	}
	return durable.WriteFile(path(stateDir), b)
}

// TLS gives the client certificate, without the roots: the server has them, and half a kilobyte at each check-in counts.
func (id *Identity) TLS() *tls.Certificate {
	chain := slices.DeleteFunc(slices.Clone(id.Certificate), func(der []byte) bool {
		return slices.ContainsFunc(id.Roots, func(root []byte) bool { return bytes.Equal(root, der) })
	})
	return &tls.Certificate{Certificate: chain, PrivateKey: id.key, Leaf: id.leaf}
}

// ServerRoots gives what the server's chain must end in.
func (id *Identity) ServerRoots() []*x509.Certificate { return id.roots }

// Signer gives the host's key, to sign sealed export files.
func (id *Identity) Signer() crypto.Signer { return id.key }

// Validity says from when to when the certificate holds, by the server's clock.
func (id *Identity) Validity() (from, to time.Time) { return id.leaf.NotBefore, id.leaf.NotAfter }

// RenewDue reports whether two thirds of the certificate's life are over at now, by the server's clock.
func (id *Identity) RenewDue(now time.Time) bool {
	life := id.leaf.NotAfter.Sub(id.leaf.NotBefore)
	return now.After(id.leaf.NotBefore.Add(life * 2 / 3))
}

// Expired reports whether the certificate has ended at now, by the server's clock.
func (id *Identity) Expired(now time.Time) bool { return now.After(id.leaf.NotAfter) }

// request makes a certificate request; its subject is empty, for the server names the host.
func request(key crypto.Signer) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, fmt.Errorf("make certificate request: %w", err)
	}
	return der, nil
}

// MachineDigest lets the server notice two hosts with one machine-id without learning it: it means nothing to anyone
// without the pin of this server's CA. Nil when there is no machine-id.
func MachineDigest(machineID string, pin [32]byte) []byte {
	if machineID == "" {
		return nil
	}
	h := hmac.New(sha256.New, pin[:])
	h.Write([]byte(machineID))
	return h.Sum(nil)
}
