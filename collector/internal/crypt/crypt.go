// Package crypt computes the password hashes of crypt(5) that are cheap enough to try a short list of vendor defaults
// against: MD5, SHA-256 and SHA-512. It exists to find passwords that were never changed, and stores nothing.
package crypt

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"hash"
	"strconv"
	"strings"
)

const (
	alphabet      = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	defaultRounds = 5000
	maxRounds     = 10_000 // more would cost too much to try
	maxPassword   = 128
)

// Verify says whether the password has the hash. ok is false where the algorithm, or its cost, is not one we try.
func Verify(password, hashed string) (match, ok bool) {
	if len(password) > maxPassword {
		return false, false
	}
	f := strings.Split(hashed, "$")
	if len(f) < 4 || f[0] != "" {
		return false, false
	}
	switch f[1] {
	case "1":
		return equal(md5Crypt(password, cut(f[2], 8)), hashed), len(f) == 4
	case "5", "6":
		rounds, explicit, salt := defaultRounds, false, f[2]
		if r, found := strings.CutPrefix(f[2], "rounds="); found && len(f) == 5 {
			n, err := strconv.Atoi(r)
			if err != nil || n < 1000 || n > maxRounds {
				return false, false
			}
			rounds, explicit, salt = n, true, f[3]
		} else if len(f) != 4 {
			return false, false
		}
		return equal(shaCrypt(f[1], password, cut(salt, 16), rounds, explicit), hashed), true
	}
	return false, false
}

func cut(s string, n int) string { return s[:min(len(s), n)] }

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// md5Crypt is the algorithm of Poul-Henning Kamp, "$1$".
func md5Crypt(password, salt string) string {
	pw := []byte(password)
	alt := md5.New()
	alt.Write(pw)
	alt.Write([]byte(salt))
	alt.Write(pw)
	mixed := alt.Sum(nil)

	d := md5.New()
	d.Write(pw)
	d.Write([]byte("$1$" + salt))
	writeRepeated(d, mixed, len(pw))
	for i := len(pw); i > 0; i >>= 1 {
		if i&1 != 0 {
			d.Write([]byte{0})
		} else {
			d.Write(pw[:1])
		}
	}
	sum := d.Sum(nil)
	for i := range 1000 {
		sum = round(md5.New(), i, pw, []byte(salt), sum)
	}
	var out strings.Builder
	out.WriteString("$1$" + salt + "$")
	for _, g := range [][3]int{{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}} {
		encode(&out, uint(sum[g[0]])<<16|uint(sum[g[1]])<<8|uint(sum[g[2]]), 4)
	}
	encode(&out, uint(sum[11]), 2)
	return out.String()
}

// round is one of the many rounds that both families share.
func round(h hash.Hash, i int, p, s, sum []byte) []byte {
	if i&1 != 0 {
		h.Write(p)
	} else {
		h.Write(sum)
	}
	if i%3 != 0 {
		h.Write(s)
	}
	if i%7 != 0 {
		h.Write(p)
	}
	if i&1 != 0 {
		h.Write(sum)
	} else {
		h.Write(p)
	}
	return h.Sum(sum[:0])
}

// shaCrypt is the algorithm of Ulrich Drepper, "$5$" and "$6$".
func shaCrypt(kind, password, salt string, rounds int, explicit bool) string {
	newHash := sha512.New
	if kind == "5" {
		newHash = sha256.New
	}
	pw := []byte(password)
	b := newHash()
	b.Write(pw)
	b.Write([]byte(salt))
	b.Write(pw)
	mixed := b.Sum(nil)

	a := newHash()
	a.Write(pw)
	a.Write([]byte(salt))
	writeRepeated(a, mixed, len(pw))
	for i := len(pw); i > 0; i >>= 1 {
		if i&1 != 0 {
			a.Write(mixed)
		} else {
			a.Write(pw)
		}
	}
	sum := a.Sum(nil)

	dp := newHash()
	for range len(pw) {
		dp.Write(pw)
	}
	p := repeated(dp.Sum(nil), len(pw))
	ds := newHash()
	for range 16 + int(sum[0]) {
		ds.Write([]byte(salt))
	}
	s := repeated(ds.Sum(nil), len(salt))
	h := newHash()
	for i := range rounds {
		h.Reset()
		sum = round(h, i, p, s, sum)
	}
	var out strings.Builder
	out.WriteString("$" + kind + "$")
	if explicit {
		out.WriteString("rounds=" + strconv.Itoa(rounds) + "$")
	}
	out.WriteString(salt + "$")
	encodeSHA(&out, sum)
	return out.String()
}

// encodeSHA writes the bytes of a digest in the order of the specification: three at a time, a third of the digest apart,
// turned by one with every step.
func encodeSHA(out *strings.Builder, sum []byte) {
	n := len(sum) / 3 // 10 and 2 bytes left, or 21 and 1 byte left
	for i := range n {
		x, y, z := i, i+n, i+2*n
		turn := i % 3
		if n == 10 {
			turn = (3 - turn) % 3 // SHA-256 turns the other way
		}
		order := [3]int{x, y, z}
		encode(out, uint(sum[order[turn]])<<16|uint(sum[order[(turn+1)%3]])<<8|uint(sum[order[(turn+2)%3]]), 4)
	}
	if n == 10 {
		encode(out, uint(sum[31])<<8|uint(sum[30]), 3)
	} else {
		encode(out, uint(sum[63]), 2)
	}
}

// encode writes n characters of six bits each, the lowest first.
func encode(out *strings.Builder, v uint, n int) {
	for range n {
		out.WriteByte(alphabet[v&0x3f])
		v >>= 6
	}
}

func writeRepeated(h hash.Hash, b []byte, n int) { h.Write(repeated(b, n)) }

// repeated returns n bytes of b over and over.
func repeated(b []byte, n int) []byte {
	out := make([]byte, 0, n+len(b))
	for len(out) < n {
		out = append(out, b...)
	}
	return out[:n]
}
