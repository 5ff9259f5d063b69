package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// Prefixes tell secrets apart by sight, and let a scanner find one that was published by mistake.
const (
	sessionPrefix = "vys_" // a signed-in session: cookie or bearer
	linkPrefix    = "vyl_" // a one-time sign-in link
	tokenPrefix   = "vyt_" // an API token
	ticketPrefix  = "vyc_" // a sign-in, or a change of a factor, that has begun
)

const secretLen = 43 // base64url of 32 bytes

// newSecret returns 32 random bytes as text with the prefix, and the hash under which it is stored.
func newSecret(prefix string) (secret, hash string) {
	b := make([]byte, 32)
	rand.Read(b) //nolint:errcheck // never fails since Go 1.24
	secret = prefix + base64.RawURLEncoding.EncodeToString(b)
	return secret, hashSecret(secret)
}

// hashSecret is the lookup key of a secret: SHA-256, hex. The secret holds 256 random bits, so a slow hash adds
// nothing, and a lookup by hash gives away no prefix of the secret by its time.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// wellFormed reports whether s can be a secret with this prefix, before any look-up.
func wellFormed(prefix, s string) bool {
	rest, ok := strings.CutPrefix(s, prefix)
	if !ok || len(rest) != secretLen {
		return false
	}
	_, err := base64.RawURLEncoding.DecodeString(rest)
	return err == nil
}

// sameHash compares two stored hashes in constant time.
func sameHash(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// newID returns a random identifier: 16 hex characters.
func newID() string {
	b := make([]byte, 8)
	rand.Read(b) //nolint:errcheck // never fails since Go 1.24
	return hex.EncodeToString(b)
}
