// Package tpm keeps a host's key in its TPM 2.0: the key is made inside and never leaves, and what is stored beside is of
// no use to any other TPM, nor to this one once it was cleared.
//
// The key is a child of the storage root key of the owner hierarchy, which every TPM derives anew from its seed, so that nothing
// is kept in the TPM's small memory. Each signature opens the device, loads and flushes; that takes some tenths of a second on
// real chips, once a connection.
package tpm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"sync"
	"syscall"

	"github.com/google/go-tpm/legacy/tpm2"
	"github.com/google/go-tpm/tpmutil"
)

// Device is the kernel's own manager of the TPM, which shares it among programs.
const Device = "/dev/tpmrm0"

// Errors of this package.
var (
	ErrAbsent  = errors.New("there is no TPM 2.0 that can be used")
	ErrCleared = errors.New("the TPM does not know the key any more: it was cleared, replaced, or the disk was moved")
)

// Blob is a key as it is stored: its public half, and its private half wrapped by the TPM.
type Blob struct {
	Public  []byte `json:"public"`  // TPM2B_PUBLIC without its size
	Private []byte `json:"private"` // TPM2B_PRIVATE without its size
}

// Key signs by the TPM. It implements [crypto.Signer]; safe for concurrent use.
type Key struct {
	device string
	blob   Blob
	public *ecdsa.PublicKey
	mu     sync.Mutex
	err    error // of the last signature
}

// root is the storage root key as the TCG's provisioning guidance has it, signing the key of a host below it.
var (
	root = tpm2.Public{
		Type: tpm2.AlgECC, NameAlg: tpm2.AlgSHA256, Attributes: tpm2.FlagStorageDefault | tpm2.FlagNoDA,
		ECCParameters: &tpm2.ECCParams{
			Symmetric: &tpm2.SymScheme{Alg: tpm2.AlgAES, KeyBits: 128, Mode: tpm2.AlgCFB}, CurveID: tpm2.CurveNISTP256,
			Point: tpm2.ECPoint{XRaw: make([]byte, 32), YRaw: make([]byte, 32)},
		},
	}
	signing = tpm2.Public{
		Type: tpm2.AlgECC, NameAlg: tpm2.AlgSHA256,
		Attributes: tpm2.FlagFixedTPM | tpm2.FlagFixedParent | tpm2.FlagSensitiveDataOrigin | tpm2.FlagUserWithAuth | tpm2.FlagNoDA | tpm2.FlagSign,
		ECCParameters: &tpm2.ECCParams{
			Sign: &tpm2.SigScheme{Alg: tpm2.AlgECDSA, Hash: tpm2.AlgSHA256}, CurveID: tpm2.CurveNISTP256,
		},
	}
)

// Create makes an ECDSA P-256 key in the TPM at device (a device file, or the socket of a software TPM). Without a usable TPM
// the error wraps [ErrAbsent].
func Create(device string) (*Key, error) {
	var blob Blob
	err := with(device, func(t io.ReadWriter, parent tpmutil.Handle) (err error) {
		blob.Private, blob.Public, _, _, _, err = tpm2.CreateKey(t, parent, tpm2.PCRSelection{}, "", "", signing)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make key in TPM: %w", err)
	}
	return Open(device, blob)
}

// Open takes a stored key. The TPM is first asked when something is signed.
func Open(device string, b Blob) (*Key, error) {
	public, err := publicKey(b.Public)
	if err != nil {
		return nil, fmt.Errorf("read TPM key: %w", err)
	}
	return &Key{device: device, blob: b, public: public}, nil
}

func publicKey(b []byte) (*ecdsa.PublicKey, error) {
	if len(b) > 1024 {
		return nil, errors.New("the key is too large")
	}
	p, err := tpm2.DecodePublic(b)
	if err != nil {
		return nil, err
	}
	if p.Type != tpm2.AlgECC || p.ECCParameters == nil || p.ECCParameters.CurveID != tpm2.CurveNISTP256 {
		return nil, errors.New("the key is not of curve P-256")
	}
	x, y := p.ECCParameters.Point.XRaw, p.ECCParameters.Point.YRaw
	if len(x) > 32 || len(y) > 32 {
		return nil, errors.New("the key is not of curve P-256")
	}
	raw := make([]byte, 65)
	raw[0] = 4 // uncompressed
	copy(raw[33-len(x):33], x)
	copy(raw[65-len(y):], y)
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
}

// Blob is what must be stored.
func (k *Key) Blob() Blob { return k.blob }

// Device is where the key's TPM is reached.
func (k *Key) Device() string { return k.device }

// Public implements [crypto.Signer]: an *ecdsa.PublicKey.
func (k *Key) Public() crypto.PublicKey { return k.public }

// Sign implements [crypto.Signer] for SHA-256 digests. The error wraps [ErrAbsent] when the TPM is gone and [ErrCleared] when it does
// not know the key.
func (k *Key) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != crypto.SHA256 || len(digest) != crypto.SHA256.Size() {
		return nil, errors.New("sign by TPM: only digests of SHA-256 are signed")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []byte
	err := with(k.device, func(t io.ReadWriter, parent tpmutil.Handle) error {
		key, _, err := tpm2.Load(t, parent, "", k.blob.Public, k.blob.Private)
		var wrong tpm2.ParameterError
		if errors.As(err, &wrong) && wrong.Code == tpm2.RCIntegrity { // wrapped under another seed
			return fmt.Errorf("%w: %w", ErrCleared, err)
		}
		if err != nil {
			return err
		}
		defer flush(t, key)
		s, err := tpm2.Sign(t, key, "", digest, nil, nil)
		if err != nil {
			return err
		}
		if s.ECC == nil {
			return errors.New("the signature is not ECDSA")
		}
		out, err = asn1.Marshal(struct{ R, S *big.Int }{s.ECC.R, s.ECC.S})
		return err
	})
	if err != nil {
		err = fmt.Errorf("sign by TPM: %w", err)
	}
	k.err = err
	return out, err
}

// Err is why the last signature failed; nil: it did not, or there was none. Whoever asked for a connection is not told by TLS.
func (k *Key) Err() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}

// with opens the TPM and makes its storage root key, for the time of f.
func with(device string, f func(t io.ReadWriter, parent tpmutil.Handle) error) error {
	t, err := tpm2.OpenTPM(device)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EBUSY) {
			return fmt.Errorf("open TPM: %w", err) // it is there, and another day it answers
		}
		return fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	defer t.Close() //nolint:errcheck // nothing is written by closing
	parent, _, err := tpm2.CreatePrimary(t, tpm2.HandleOwner, tpm2.PCRSelection{}, "", "", root)
	if err != nil {
		return fmt.Errorf("%w: make storage root key: %w", ErrAbsent, err)
	}
	defer flush(t, parent)
	return f(t, parent)
}

func flush(t io.ReadWriter, h tpmutil.Handle) {
	tpm2.FlushContext(t, h) //nolint:errcheck // closing the device flushes too
}
