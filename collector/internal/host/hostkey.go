package host

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// hostKeys describes the private host key files; those that are not there are left out. Only the public half is read.
func hostKeys(env *Env, files []string) []facts.HostKey {
	out := []facts.HostKey{}
	for _, f := range files {
		state := env.Stat(f)
		if state.Kind == "absent" {
			continue
		}
		k := facts.HostKey{File: state}
		if b, err := env.ReadFileLimit(f+".pub", 64<<10); err == nil {
			if words := strings.Fields(string(b)); len(words) > 1 {
				if blob, err := base64.StdEncoding.DecodeString(words[1]); err == nil {
					describeKey(&k, blob)
				}
			}
		}
		out = append(out, k)
	}
	return out
}

// describeKey reads a public key in SSH's wire format (RFC 4253 section 6.6).
func describeKey(k *facts.HostKey, blob []byte) {
	sum := sha256.Sum256(blob)
	k.Fingerprint = "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
	name, rest, ok := wireString(blob)
	if !ok {
		return
	}
	k.Type, k.Bits = keyShape(string(name), rest)
}

// keyShape names a key's type and its size in bits.
func keyShape(name string, rest []byte) (string, int) {
	switch {
	case name == "ssh-rsa":
		if _, rest, ok := wireString(rest); ok { // the exponent
			if n, _, ok := wireString(rest); ok {
				return "rsa", bitLen(n)
			}
		}
		return "rsa", 0
	case name == "ssh-dss":
		if p, _, ok := wireString(rest); ok {
			return "dsa", bitLen(p)
		}
		return "dsa", 0
	case strings.Contains(name, "ed25519"):
		return "ed25519", 256
	case strings.Contains(name, "nistp256"):
		return "ecdsa", 256
	case strings.Contains(name, "nistp384"):
		return "ecdsa", 384
	case strings.Contains(name, "nistp521"):
		return "ecdsa", 521
	}
	return name, 0
}

func wireString(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// bitLen is the length of a big-endian number.
func bitLen(b []byte) int {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) == 0 {
		return 0
	}
	return (len(b)-1)*8 + bits.Len8(b[0])
}
