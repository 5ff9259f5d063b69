package wire

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Token is a one-time enrolment token: where the server is, which CA it must show, and the secret that lets a host in.
// What the server ties to the secret (recipient, site, uses, expiry) stays with the server.
type Token struct {
	Server string   // host:port
	Pin    [32]byte // SHA-256 of the SubjectPublicKeyInfo of the server's CA certificate
	Secret [32]byte // random
}

const (
	tokenPrefix  = "vymir1."
	tokenVersion = 1
)

// ErrToken is returned when a text is not an enrolment token, or is damaged.
var ErrToken = errors.New("not an enrolment token, or damaged")

// Text gives the token as it is handed out: "vymir1." and base64url of version, pin, secret, address and four bytes
// of checksum, so that a typing mistake is found before anything is sent. It is a secret.
func (t Token) Text() (string, error) {
	if err := CheckAddress(t.Server); err != nil {
		return "", err
	}
	b := append([]byte{tokenVersion}, t.Pin[:]...)
	b = append(b, t.Secret[:]...)
	b = append(b, t.Server...)
	sum := sha256.Sum256(b)
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(append(b, sum[:4]...)), nil
}

// String hides the secret, so that a token that slips into a log does no harm.
func (t Token) String() string { return fmt.Sprintf("token for %s (secret hidden)", t.Server) }

// ParseToken reads a token's text; white space around it and inside it (a wrapped line) is ignored. Every error
// wraps [ErrToken].
func ParseToken(text string) (Token, error) {
	var t Token
	if len(text) > MaxTokenChars {
		return t, fmt.Errorf("read token: %d characters: %w", len(text), ErrToken)
	}
	text = strings.Join(strings.Fields(text), "")
	body, ok := strings.CutPrefix(text, tokenPrefix)
	if !ok {
		return t, fmt.Errorf("read token: it must begin with %q: %w", tokenPrefix, ErrToken)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || len(b) < 1+32+32+3+4 || b[0] != tokenVersion {
		return t, fmt.Errorf("read token: %w", ErrToken)
	}
	b, sum := b[:len(b)-4], b[len(b)-4:]
	if want := sha256.Sum256(b); string(want[:4]) != string(sum) {
		return t, fmt.Errorf("read token: checksum does not match, copy it again: %w", ErrToken)
	}
	copy(t.Pin[:], b[1:33])
	copy(t.Secret[:], b[33:65])
	t.Server = string(b[65:])
	if err := CheckAddress(t.Server); err != nil {
		return t, fmt.Errorf("read token: %w: %w", ErrToken, err)
	}
	return t, nil
}

// CheckAddress reports whether s is host:port with a port from 1 to 65535.
func CheckAddress(s string) error {
	if len(s) > MaxStringBytes {
		return fmt.Errorf("server address of %d bytes: %w", len(s), ErrTooLarge)
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("server address %q must be HOST:PORT: %w", s, err)
	}
	if host == "" || strings.ContainsAny(host, "/?#@ \t\r\n\"\\<>%") {
		return fmt.Errorf("server address %q names no host", s)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("server address %q: port must be 1 to 65535", s)
	}
	return nil
}

// Pin is what a token says of a CA: the SHA-256 of its SubjectPublicKeyInfo. A CA certificate that is issued anew for the
// same key keeps its pin.
func Pin(ca *x509.Certificate) [32]byte { return sha256.Sum256(ca.RawSubjectPublicKeyInfo) }
