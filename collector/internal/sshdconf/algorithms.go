package sshdconf

import (
	"slices"
	"strings"
)

const (
	ecdsaPlain = "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521"
	ecdsaCert  = "ecdsa-sha2-nistp256-cert-v01@openssh.com,ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp521-cert-v01@openssh.com"
	skPlain    = "sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com"
	skCert     = "sk-ssh-ed25519-cert-v01@openssh.com,sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"
	rsaCert    = "rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com"
	rsaPlain   = "rsa-sha2-512,rsa-sha2-256"
	ctr        = "aes128-ctr,aes192-ctr,aes256-ctr"
	gcm        = "aes128-gcm@openssh.com,aes256-gcm@openssh.com"
	ecdh       = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521"
	modp       = "diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512"
)

// defaultAlgorithms returns the server's default list of a release, in its order of preference.
// Lists of releases other than the packaged ones of the supported distributions may differ in order.
func defaultAlgorithms(name string, v Version, distro string) []string {
	switch name {
	case "ciphers":
		return join(defaultCiphers(v, distro))
	case "macs":
		return join("umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com," +
			"hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1")
	case "kexalgorithms":
		return join(defaultKex(v, distro)...)
	case "casignaturealgorithms":
		if v < 802 {
			return join(ecdsaPlain, "ssh-ed25519", rsaPlain, "ssh-rsa")
		}
		if v < 805 {
			return join(ecdsaPlain, "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-ed25519", "sk-ssh-ed25519@openssh.com", rsaPlain)
		}
		return join("ssh-ed25519", ecdsaPlain, skPlain, rsaPlain)
	}
	return join(defaultKeyAlgorithms(v)...)
}

func defaultCiphers(v Version, distro string) string {
	switch {
	case v >= 1000:
		return "chacha20-poly1305@openssh.com," + gcm + "," + ctr
	case v < 800 && distro == "rhel":
		return "chacha20-poly1305@openssh.com," + ctr + "," + gcm + ",aes128-cbc,aes192-cbc,aes256-cbc,blowfish-cbc,cast128-cbc,3des-cbc"
	}
	return "chacha20-poly1305@openssh.com," + ctr + "," + gcm
}

func defaultKex(v Version, distro string) []string {
	const sntrup, mlkem = "sntrup761x25519-sha512@openssh.com", "mlkem768x25519-sha256"
	switch {
	case v >= 1000:
		return []string{mlkem, "sntrup761x25519-sha512", sntrup, ecdh}
	case v >= 909:
		return []string{"sntrup761x25519-sha512", sntrup, mlkem, ecdh, modp, "diffie-hellman-group14-sha256"}
	case v >= 900 && distro == "debian" && v == 902:
		// Debian 12 carries the name without the suffix, backported from 9.9.
		return []string{"sntrup761x25519-sha512", sntrup, ecdh, modp, "diffie-hellman-group14-sha256"}
	case v >= 900:
		return []string{sntrup, ecdh, modp, "diffie-hellman-group14-sha256"}
	case v >= 805:
		return []string{ecdh, sntrup, modp, "diffie-hellman-group14-sha256"}
	case v >= 802:
		return []string{ecdh, modp, "diffie-hellman-group14-sha256"}
	case v < 800 && distro == "rhel":
		return []string{ecdh, modp, "diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha256,diffie-hellman-group14-sha1,diffie-hellman-group1-sha1"}
	}
	return []string{ecdh, modp, "diffie-hellman-group14-sha256,diffie-hellman-group14-sha1"}
}

func defaultKeyAlgorithms(v Version) []string {
	switch {
	case v >= 808:
		return []string{"ssh-ed25519-cert-v01@openssh.com", ecdsaCert, skCert, rsaCert, "ssh-ed25519", ecdsaPlain, skPlain, rsaPlain}
	case v >= 805:
		return []string{"ssh-ed25519-cert-v01@openssh.com", ecdsaCert, skCert, rsaCert, "ssh-rsa-cert-v01@openssh.com",
			"ssh-ed25519", ecdsaPlain, skPlain, rsaPlain, "ssh-rsa"}
	case v >= 802:
		return []string{ecdsaCert, "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "ssh-ed25519-cert-v01@openssh.com",
			"sk-ssh-ed25519-cert-v01@openssh.com", rsaCert, "ssh-rsa-cert-v01@openssh.com",
			ecdsaPlain, "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-ed25519", "sk-ssh-ed25519@openssh.com", rsaPlain, "ssh-rsa"}
	case v >= 708:
		return []string{ecdsaCert, "ssh-ed25519-cert-v01@openssh.com", rsaCert, "ssh-rsa-cert-v01@openssh.com",
			ecdsaPlain, "ssh-ed25519", rsaPlain, "ssh-rsa"}
	}
	return []string{ecdsaCert, "ssh-ed25519-cert-v01@openssh.com", "ssh-rsa-cert-v01@openssh.com", ecdsaPlain, "ssh-ed25519", rsaPlain, "ssh-rsa"}
}

func join(lists ...string) []string {
	return strings.Split(strings.Join(lists, ","), ",")
}

// assemble applies a configured list to the default one: "+" appends, "-" removes patterns, "^" puts first,
// and anything else replaces. Before 7.0 no prefix was known; none of the supported systems is that old.
func assemble(spec string, def []string) []string {
	if spec == "" {
		return def
	}
	names := strings.Split(spec[1:], ",")
	switch spec[0] {
	case '+':
		return unique(append(slices.Clone(def), names...))
	case '^':
		return unique(append(names, def...))
	case '-':
		return slices.DeleteFunc(slices.Clone(def), func(name string) bool {
			return slices.ContainsFunc(names, func(p string) bool { return matchPattern(name, p) })
		})
	}
	return strings.Split(spec, ",")
}

// unique drops later occurrences and empty names.
func unique(in []string) []string {
	out := in[:0]
	for _, s := range in {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// matchPattern reports whether s matches p, where * stands for any run of characters and ? for one.
func matchPattern(s, p string) bool {
	var star, mark = -1, 0
	i, j := 0, 0
	for i < len(s) {
		switch {
		case j < len(p) && (p[j] == '?' || p[j] == s[i]) && p[j] != '*':
			i, j = i+1, j+1
		case j < len(p) && p[j] == '*':
			star, mark = j, i
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	for j < len(p) && p[j] == '*' {
		j++
	}
	return j == len(p)
}
