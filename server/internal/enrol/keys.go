package enrol

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"filippo.io/age"
)

// KeyOptions say how the CA's key files are kept. The zero value keeps them as plain files of mode 0600.
type KeyOptions struct {
	Passphrase string // encrypts new key files and opens encrypted ones; "": see Identities
	Identities string // age identities, as a file of them; new key files are encrypted to the first. "": plain files
	// Signer is a command that signs by the issuing key where it is (a token behind PKCS #11): it reads 32 bytes, the SHA-256 of what
	// is signed, from standard input and writes the ECDSA signature, ASN.1, to standard output. Empty: the key is in issuing.key.
	Signer []string
}

// ErrKeyLocked is returned for an encrypted key file that the options do not open.
var ErrKeyLocked = errors.New("the key file is encrypted, and what was given does not open it")

const ageMagic = "age-encryption.org/"

// workFactor is the logarithm of what scrypt costs for each guess at a passphrase; age's own, about a second.
var workFactor = 18

// signTimeout bounds one signature by a command.
const signTimeout = 30 * time.Second

func (o KeyOptions) identities() ([]age.Identity, age.Recipient, error) {
	switch {
	case o.Passphrase != "":
		id, err := age.NewScryptIdentity(o.Passphrase)
		if err != nil {
			return nil, nil, err
		}
		to, err := age.NewScryptRecipient(o.Passphrase)
		if err == nil {
			to.SetWorkFactor(workFactor)
		}
		return []age.Identity{id}, to, err
	case o.Identities != "":
		ids, err := age.ParseIdentities(strings.NewReader(o.Identities))
		if err != nil {
			return nil, nil, err
		}
		x, ok := ids[0].(*age.X25519Identity)
		if !ok {
			return nil, nil, errors.New("the first age identity is not X25519")
		}
		return ids, x.Recipient(), nil
	}
	return nil, nil, nil
}

// read gives the content of a key file, decrypted.
func (o KeyOptions) read(name string) ([]byte, error) {
	if err := private(name); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(name)
	if err != nil || !bytes.HasPrefix(b, []byte(ageMagic)) {
		return b, err
	}
	ids, _, err := o.identities()
	if err != nil || len(ids) == 0 {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, ErrKeyLocked), err)
	}
	d, err := age.Decrypt(bytes.NewReader(b), ids...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, ErrKeyLocked, err)
	}
	return io.ReadAll(io.LimitReader(d, 64<<10))
}

// write puts a key file in place, encrypted where the options say so.
func (o KeyOptions) write(name string, b []byte) error {
	_, to, err := o.identities()
	if err != nil {
		return err
	}
	if to != nil {
		var out bytes.Buffer
		e, err := age.Encrypt(&out, to)
		if err != nil {
			return err
		}
		if _, err := e.Write(b); err != nil {
			return err
		}
		if err := e.Close(); err != nil {
			return err
		}
		b = out.Bytes()
	}
	return writeFile(name, b, 0o600)
}

func (o KeyOptions) readKey(name string) (*ecdsa.PrivateKey, error) {
	b, err := o.read(name)
	if err != nil {
		return nil, err
	}
	p, _ := pem.Decode(b)
	if p == nil || p.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s holds no private key", name)
	}
	k, err := x509.ParsePKCS8PrivateKey(p.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	ec, ok := k.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: want an ECDSA key, got %T", name, k)
	}
	return ec, nil
}

func (o KeyOptions) writeKey(name string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return o.write(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// signer gives what signs for the issuing certificate: the key file, or the command.
func (o KeyOptions) signer(name string, issuing *x509.Certificate) (crypto.Signer, error) {
	if len(o.Signer) == 0 {
		return o.readKey(name)
	}
	if _, err := os.Stat(name); err == nil {
		return o.readKey(name) // the key was not moved to where the command signs: see CA.Rotate
	}
	return &command{argv: o.Signer, public: issuing.PublicKey}, nil
}

// command signs by running a program. It implements [crypto.Signer].
type command struct {
	argv   []string
	public crypto.PublicKey
}

// Public implements [crypto.Signer].
func (c *command) Public() crypto.PublicKey { return c.public }

// Sign implements [crypto.Signer]. A signature that the public key does not verify is an error: a token may hold several keys.
func (c *command) Sign(_ io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	if o.HashFunc() != crypto.SHA256 || len(digest) != sha256.Size {
		return nil, errors.New("sign by command: only digests of SHA-256 are signed")
	}
	ctx, cancel := context.WithTimeout(context.Background(), signTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(digest), &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("sign by command %s: %w: %s", c.argv[0], err, Clean(complaint.String()))
	}
	public, ok := c.public.(*ecdsa.PublicKey)
	if !ok || !ecdsa.VerifyASN1(public, digest, out.Bytes()) {
		return nil, fmt.Errorf("sign by command %s: what it wrote is no signature by the key of issuing.crt", c.argv[0])
	}
	return out.Bytes(), nil
}

// Encrypt writes all key files of the CA anew as the options say: encrypted with a passphrase or an identity, plain without.
// opened says how they are opened now.
func Encrypt(dir string, opened, wanted KeyOptions) (files int, err error) {
	unlock, err := lock(dir + "/.lock")
	if err != nil {
		return 0, fmt.Errorf("encrypt keys: %w", err)
	}
	defer unlock()
	for _, n := range []string{"root.key", "issuing.key", "export.key", "secret.key", "next/root.key", "next/issuing.key"} {
		b, err := opened.read(dir + "/" + n)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = wanted.write(dir+"/"+n, b)
		}
		if err != nil {
			return files, fmt.Errorf("encrypt keys: %w", err)
		}
		files++
	}
	return files, nil
}
