package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// cost is what one argon2id hash takes. Stored hashes name theirs, so that it can grow later.
type cost struct {
	memoryKiB uint32
	time      uint32
	threads   uint8
}

// usualCost is RFC 9106's second recommended option on two lanes: 64 MiB, three passes.
var usualCost = cost{memoryKiB: 64 << 10, time: 3, threads: 2}

// Bounds of a stored hash that will be computed: a doctored database must not make the server take gigabytes.
const (
	maxMemoryKiB = 256 << 10
	maxTime      = 16
	maxThreads   = 16
)

// Lengths of a password, in characters and bytes.
const (
	MinPassword = 12
	maxPassword = 256
)

// ErrWeakPassword is returned for a password that is shorter than [MinPassword] characters or unreasonably long.
var ErrWeakPassword = errors.New("password must have 12 to 256 characters")

// errBadHash means a stored hash that is not ours.
var errBadHash = errors.New("stored password hash is malformed")

// hashPassword returns the PHC string of password with a fresh salt.
func hashPassword(password string, c cost) (string, error) {
	if utf8.RuneCountInString(password) < MinPassword || len(password) > maxPassword {
		return "", ErrWeakPassword
	}
	salt := make([]byte, 16)
	rand.Read(salt) //nolint:errcheck // never fails since Go 1.24
	key := argon2.IDKey([]byte(password), salt, c.time, c.memoryKiB, c.threads, 32)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memoryKiB, c.time, c.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// verifyPassword reports whether password is the one of the PHC string stored, in time that does not tell how much
// of it was right.
func verifyPassword(stored, password string) (bool, error) {
	c, salt, want, err := parseHash(stored)
	if err != nil {
		return false, err
	}
	if len(password) > maxPassword {
		return false, nil
	}
	got := argon2.IDKey([]byte(password), salt, c.time, c.memoryKiB, c.threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func parseHash(stored string) (c cost, salt, key []byte, err error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errBadHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memoryKiB, &c.time, &c.threads); err != nil {
		return c, nil, nil, errBadHash
	}
	if c.time < 1 || c.time > maxTime || c.threads < 1 || c.threads > maxThreads ||
		c.memoryKiB < 8*uint32(c.threads) || c.memoryKiB > maxMemoryKiB {
		return c, nil, nil, errBadHash
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(salt) < 8 || len(salt) > 64 {
		return c, nil, nil, errBadHash
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) < 16 || len(key) > 64 {
		return c, nil, nil, errBadHash
	}
	return c, salt, key, nil
}
