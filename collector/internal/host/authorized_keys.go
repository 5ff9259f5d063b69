package host

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math/big"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// authorizedKeysPatterns returns the file patterns of AuthorizedKeysFile: as the sshd family measured them, else as the
// main sshd_config sets them, else sshd's default. Dropbear's file for root stands beside them.
func authorizedKeysPatterns(env *Env, doc *facts.Document) []string {
	out := []string{".ssh/authorized_keys", ".ssh/authorized_keys2"}
	if doc.SSHD != nil && doc.SSHD.Persisted != nil {
		if v := doc.SSHD.Persisted.Settings["authorizedkeysfile"]; len(v) > 0 {
			out = v
		}
	} else if v := firstSSHDValue(env, "authorizedkeysfile"); v != nil {
		out = v
	}
	if env.Exists("/etc/dropbear") {
		out = append([]string{"/etc/dropbear/authorized_keys"}, out...)
	}
	return out
}

// firstSSHDValue finds the first value of a keyword before any Match block of the drop-ins and the main file, in the
// order the distributions include them: first the drop-ins, then the rest.
func firstSSHDValue(env *Env, keyword string) []string {
	for _, f := range append(env.Glob("/etc/ssh/sshd_config.d/*.conf"), "/etc/ssh/sshd_config") {
		b, err := env.ReadFile(f)
		if err != nil {
			continue
		}
		for _, line := range lines(b) {
			f := strings.Fields(strings.Replace(line, "=", " ", 1))
			if len(f) > 0 && strings.EqualFold(f[0], "match") {
				break
			}
			if len(f) > 1 && strings.EqualFold(f[0], keyword) {
				return f[1:]
			}
		}
	}
	return nil
}

// authorizedKeys reads the keys that open a user's account. It is nil when a file was there and could not be read.
func authorizedKeys(env *Env, u *facts.User, patterns []string, r *reading) []facts.AuthorizedKey {
	out := []facts.AuthorizedKey{}
	seen := map[string]bool{}
	for _, p := range patterns {
		if p == "none" || strings.HasPrefix(p, "/etc/dropbear/") && u.UID != 0 {
			continue
		}
		file := strings.NewReplacer("%h", u.Home, "%u", u.Name, "%U", strconv.FormatUint(uint64(u.UID), 10), "%%", "%").Replace(p)
		if !strings.HasPrefix(file, "/") {
			file = strings.TrimSuffix(u.Home, "/") + "/" + file
		}
		if seen[file] {
			continue
		}
		seen[file] = true
		b, err := env.ReadFile(file)
		if err != nil {
			if env.Lstat(file).Kind != "absent" {
				r.miss(file, err)
				return nil
			}
			continue
		}
		for _, k := range parseAuthorizedKeys(b) {
			k.File = file
			if len(out) < maxKeys {
				out = append(out, k)
			}
		}
	}
	return out
}

// parseAuthorizedKeys reads the format of sshd(8), AUTHORIZED_KEYS FILE FORMAT. Lines that sshd would skip are skipped.
func parseAuthorizedKeys(b []byte) []facts.AuthorizedKey {
	var out []facts.AuthorizedKey
	for _, line := range lines(b) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		k, err := parseAuthorizedKey(line)
		if err != nil {
			options, rest := cutOptions(line)
			if k, err = parseAuthorizedKey(rest); err != nil {
				continue
			}
			k.Options = cut(options, 1024)
		}
		out = append(out, k)
		if len(out) >= maxKeys {
			break
		}
	}
	return out
}

// cutOptions takes the first word off a line; quoted text in it may hold white space.
func cutOptions(line string) (options, rest string) {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line) && line[i+1] == '"':
			i++
		case line[i] == '"':
			quoted = !quoted
		case !quoted && (line[i] == ' ' || line[i] == '\t'):
			return line[:i], strings.TrimSpace(line[i:])
		}
	}
	return line, ""
}

var errNotAKey = errors.New("not a public key")

// parseAuthorizedKey reads "type base64 comment".
func parseAuthorizedKey(line string) (facts.AuthorizedKey, error) {
	f := strings.SplitN(strings.ReplaceAll(line, "\t", " "), " ", 2)
	if len(f) < 2 {
		return facts.AuthorizedKey{}, errNotAKey
	}
	encoded, comment, _ := strings.Cut(strings.TrimSpace(f[1]), " ")
	blob, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return facts.AuthorizedKey{}, errNotAKey
	}
	kind, bits, err := parsePublicKey(blob)
	if err != nil || kind != f[0] {
		return facts.AuthorizedKey{}, errNotAKey
	}
	return facts.AuthorizedKey{Type: kind, Bits: bits, Fingerprint: sshFingerprint(blob), Comment: cut(strings.TrimSpace(comment), 256)}, nil
}

// cut shortens a text to at most n bytes of whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// sshFingerprint is the fingerprint of a public key as ssh-keygen -l prints it.
func sshFingerprint(blob []byte) string {
	sum := sha256.Sum256(blob)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// parsePublicKey reads the type and the size of a public key in SSH's wire format (RFC 4253, section 6.6). The size is 0
// where the type is not known to us.
func parsePublicKey(blob []byte) (kind string, bits int, err error) {
	name, rest, err := sshString(blob)
	if err != nil || len(name) == 0 || len(name) > 128 {
		return "", 0, errNotAKey
	}
	kind = string(name)
	base := strings.TrimSuffix(kind, "-cert-v01@openssh.com")
	if base != kind {
		if _, rest, err = sshString(rest); err != nil { // the nonce
			return "", 0, err
		}
	}
	switch base {
	case "ssh-rsa":
		if _, rest, err = sshString(rest); err == nil { // the exponent
			bits, err = mpintBits(rest)
		}
	case "ssh-dss":
		bits, err = mpintBits(rest)
	case "ssh-ed25519", "sk-ssh-ed25519@openssh.com":
		bits = 256
	case "ecdsa-sha2-nistp256", "sk-ecdsa-sha2-nistp256@openssh.com":
		bits = 256
	case "ecdsa-sha2-nistp384":
		bits = 384
	case "ecdsa-sha2-nistp521":
		bits = 521
	}
	return kind, bits, err
}

func mpintBits(b []byte) (int, error) {
	n, _, err := sshString(b)
	if err != nil {
		return 0, err
	}
	return new(big.Int).SetBytes(n).BitLen(), nil
}

func sshString(b []byte) (s, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errNotAKey
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, errNotAKey
	}
	return b[4 : 4+n], b[4+n:], nil
}
