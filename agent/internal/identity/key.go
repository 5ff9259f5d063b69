package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/vymir-project/vymir/agent/internal/durable"
	"github.com/vymir-project/vymir/agent/internal/tpm"
)

// KeyPlace says where a new host key is made.
type KeyPlace struct {
	Device   string // of the TPM; empty: in a file
	Required bool   // fail when there is no TPM instead of taking a file
}

// inTPM is a key as it is stored when the TPM holds it.
type inTPM struct {
	Device string `json:"device"`
	tpm.Blob
}

// storeKey gives what is written of a key: PKCS #8 or the TPM's wrapping.
func storeKey(key crypto.Signer) (der []byte, inside *inTPM, err error) {
	if k, ok := key.(*tpm.Key); ok {
		return nil, &inTPM{Device: k.Device(), Blob: k.Blob()}, nil
	}
	if der, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, nil, fmt.Errorf("encode key: %w", err)
	}
	return der, nil, nil
}

// parseKey is the inverse of storeKey. It does not ask the TPM.
func parseKey(der []byte, inside *inTPM) (crypto.Signer, error) {
	if inside != nil {
		return tpm.Open(inside.Device, inside.Blob)
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	key, ok := k.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("the key is not ECDSA")
	}
	return key, nil
}

// pendingKey gives the key of an enrolment whose answer did not arrive, or makes one and keeps it before anything is
// sent: asking again with the same key and token does not burn a second use.
func pendingKey(stateDir string, place KeyPlace) (crypto.Signer, error) {
	if key := readPending(stateDir); key != nil {
		if _, inside := key.(*tpm.Key); inside || !place.Required {
			return key, nil
		}
	}
	key, err := makeKey(place)
	if err != nil {
		return nil, err
	}
	b, inside, err := storeKey(key)
	if err == nil && inside != nil {
		b, err = json.Marshal(inside)
	}
	if err != nil {
		return nil, err
	}
	return key, durable.WriteFile(pendingPath(stateDir), b)
}

// readPending gives nil when there is no key that still signs.
func readPending(stateDir string) crypto.Signer {
	b, err := os.ReadFile(pendingPath(stateDir))
	if err != nil {
		return nil
	}
	var inside *inTPM
	if len(b) > 0 && b[0] == '{' {
		inside = &inTPM{}
		if json.Unmarshal(b, inside) != nil {
			return nil
		}
	}
	key, err := parseKey(b, inside)
	if err != nil {
		return nil
	}
	if _, err := request(key); err != nil {
		return nil // of a TPM that is gone or was cleared
	}
	return key
}

func makeKey(place KeyPlace) (crypto.Signer, error) {
	if place.Device != "" {
		key, err := tpm.Create(place.Device)
		if err == nil {
			_, err = request(key) // a TPM that makes keys and does not sign would be found out too late
		}
		if err == nil {
			return key, nil
		}
		if place.Required {
			return nil, err
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return key, nil
}

// InTPM reports whether the host's key is in its TPM.
func (id *Identity) InTPM() bool {
	_, ok := id.key.(*tpm.Key)
	return ok
}

// KeyError is why the key did not sign when it was last asked to: it wraps [tpm.ErrAbsent] or [tpm.ErrCleared]. Nil for keys in files.
func (id *Identity) KeyError() error {
	if k, ok := id.key.(*tpm.Key); ok {
		return k.Err()
	}
	return nil
}
