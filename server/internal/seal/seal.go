// Package seal keeps small secrets of the server unreadable in its database: second factors and the keys of outgoing
// webhooks. Who holds a copy of the database, but not the key file beside it, reads none of them.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrSealed means text that was not sealed by this key for this purpose, or was changed since.
var ErrSealed = errors.New("cannot be unsealed with this server's key")

const (
	keyBytes = 32
	prefix   = "s1." // names the algorithm: AES-256-GCM, the purpose as associated data
)

// Key seals and unseals. Its methods may be called at once from any goroutine.
type Key struct {
	aead cipher.AEAD
	mac  []byte
}

// Open reads the key file, or makes one of mode 0600 when there is none. Server processes on one database share it.
func Open(name string) (*Key, error) {
	f, err := os.OpenFile(name, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(name); err != nil {
			return nil, err
		}
		f, err = os.OpenFile(name, os.O_RDONLY, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("open sealing key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("look at sealing key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("sealing key %s can be read by others (mode %04o): make it 0600", name, info.Mode().Perm())
	}
	b, err := io.ReadAll(io.LimitReader(f, keyBytes+1))
	if err != nil || len(b) != keyBytes {
		return nil, fmt.Errorf("sealing key %s is not a key of %d bytes: put the copy back that belongs to this database", name, keyBytes)
	}
	return New(b)
}

// create writes a fresh key; of two processes that try at once one wins, and both read that one.
func create(name string) error {
	b := make([]byte, keyBytes)
	rand.Read(b) //nolint:errcheck // never fails since Go 1.24
	f, err := os.CreateTemp(filepath.Dir(name), ".seal-")
	if err != nil {
		return fmt.Errorf("make sealing key: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write sealing key: %w", err)
	}
	if err := os.Link(f.Name(), name); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("place sealing key: %w", err)
	}
	return nil
}

// New makes a key of 32 bytes.
func New(b []byte) (*Key, error) {
	block, err := aes.NewCipher(derive(b, "seal"))
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return &Key{aead: aead, mac: derive(b, "mac")}, nil
}

func derive(key []byte, purpose string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("vymir." + purpose + "/1"))
	return m.Sum(nil)
}

// Seal encrypts a secret for a purpose, which names whose it is ("totp:u-..."): moved to another row, it does not open.
func (k *Key) Seal(purpose string, secret []byte) string {
	nonce := make([]byte, k.aead.NonceSize())
	rand.Read(nonce) //nolint:errcheck // never fails since Go 1.24
	return prefix + base64.RawStdEncoding.EncodeToString(k.aead.Seal(nonce, nonce, secret, []byte(purpose)))
}

// Unseal is the inverse; [ErrSealed] when text was not made by Seal with this key for this purpose.
func (k *Key) Unseal(purpose, text string) ([]byte, error) {
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(text, prefix))
	if err != nil || !strings.HasPrefix(text, prefix) || len(b) < k.aead.NonceSize() {
		return nil, ErrSealed
	}
	secret, err := k.aead.Open(nil, b[:k.aead.NonceSize()], b[k.aead.NonceSize():], []byte(purpose))
	if err != nil {
		return nil, ErrSealed
	}
	return secret, nil
}

// Tag authenticates text for a purpose: who shows it again got it from this server.
func (k *Key) Tag(purpose, text string) string {
	m := hmac.New(sha256.New, k.mac)
	fmt.Fprintf(m, "%d:%s:%s", len(purpose), purpose, text)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}
