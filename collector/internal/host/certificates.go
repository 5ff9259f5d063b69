package host

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	maxCertFiles = 512
	maxCertBytes = 256 << 10 // a larger file is a bundle of authorities, not a server's certificate
)

// certPlaces are where servers' certificates and keys usually stand.
var certPlaces = []string{
	"/etc/letsencrypt/live/*/*.pem", "/etc/ssl/*.pem", "/etc/ssl/*.crt", "/etc/ssl/*.key", "/etc/ssl/private/*", "/etc/ssl/certs/*.crt", "/etc/ssl/certs/ssl-cert-*.pem",
	"/etc/pki/tls/certs/*.crt", "/etc/pki/tls/private/*", "/etc/nginx/ssl/*", "/etc/nginx/certs/*", "/etc/nginx/*.pem", "/etc/nginx/*.crt", "/etc/nginx/*.key",
	"/etc/apache2/ssl/*", "/etc/httpd/conf/ssl.*/*", "/etc/lighttpd/*.pem", "/etc/uhttpd.crt", "/etc/uhttpd.key", "/etc/haproxy/*.pem", "/etc/haproxy/certs/*",
	"/etc/postfix/*.pem", "/etc/postfix/ssl/*", "/etc/dovecot/private/*", "/etc/dovecot/*.pem", "/etc/exim4/exim.*", "/etc/openvpn/*.crt", "/etc/openvpn/*.key",
	"/etc/openvpn/*/*.crt", "/etc/openvpn/*/*.key", "/etc/ipsec.d/certs/*", "/etc/ipsec.d/private/*", "/etc/swanctl/x509/*", "/etc/swanctl/private/*",
	"/etc/cockpit/ws-certs.d/*", "/etc/docker/*.pem", "/etc/mysql/*.pem", "/etc/postgresql/*/*/server.*", "/var/lib/postgresql/*/*/server.*", "/etc/ldap/*.pem",
	"/etc/acme/*/*", "/etc/ssl/acme/*", "/root/.acme.sh/*/*.cer", "/root/.acme.sh/*/*.key",
}

// certSettings find paths of certificates and keys in servers' configurations.
var certSettings = regexp.MustCompile(`(?mi)^\s*(?:ssl_certificate(?:_key)?|SSLCertificate(?:Key|Chain)?File|smtpd?_tls_(?:cert|key)_file\s*=|ssl_(?:cert|key)\s*=\s*<?|ssl\.(?:pemfile|privkey)\s*=|TLSCertificate(?:Key)?File|ssl_(?:cert|key)_file\s*=|ssl-(?:cert|key)\s*=|(?:cert|key)(?:file)?\s*=|cert|key|tls_certificate\s*=|tls_privatekey\s*=)\s*['"]?<?(/[^\s'";]+)`)

var certConfigs = []string{
	"/etc/nginx/nginx.conf", "/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*", "/etc/nginx/snippets/*.conf", "/etc/apache2/sites-enabled/*", "/etc/apache2/mods-enabled/ssl.conf",
	"/etc/httpd/conf.d/*.conf", "/etc/postfix/main.cf", "/etc/dovecot/conf.d/*.conf", "/etc/dovecot/dovecot.conf", "/etc/lighttpd/lighttpd.conf", "/etc/lighttpd/conf-enabled/*.conf",
	"/etc/postgresql/*/*/postgresql.conf", "/etc/mysql/*.cnf", "/etc/mysql/mariadb.conf.d/*.cnf", "/etc/openvpn/*.conf", "/etc/openvpn/server/*.conf", "/etc/config/uhttpd",
	"/etc/zabbix/*.conf", "/etc/stunnel/*.conf", "/etc/vsftpd.conf",
}

// collectCertificates reads the certificates in the usual places and those that servers' configurations name, and asks
// the host's own TLS listeners what they serve. Of private keys only the first bytes and the mode are looked at.
func collectCertificates(ctx context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	c := &facts.Certificates{Files: []facts.Certificate{}, PrivateKeys: []facts.FileState{}}
	doc.Certificates = c
	seen := map[string]bool{}
	files, named := certFiles(env)
	for i, f := range files {
		real, err := env.Resolve(f)
		if err != nil || seen[real] {
			continue
		}
		if seen[real] = true; len(seen) > maxCertFiles {
			r.note("certificates", "more files than one collection looks at")
			break
		}
		env.certFile(c, f, i < named, &r)
	}
	if env.Native() {
		c.Served = env.servedCertificates(ctx, doc)
	}
	return r.status()
}

// certFiles lists the paths to look at, sorted, those that configurations name first, and how many those are.
func certFiles(env *Env) (files []string, configured int) {
	var named, usual []string
	for _, pattern := range certConfigs {
		for _, f := range env.Glob(pattern) {
			b, err := env.ReadFile(f)
			if err != nil {
				continue
			}
			for _, m := range certSettings.FindAllSubmatch(b, 256) {
				named = append(named, string(m[1]))
			}
		}
	}
	for _, pattern := range certPlaces {
		usual = append(usual, env.Glob(pattern)...)
	}
	slices.Sort(named)
	slices.Sort(usual)
	named = slices.Compact(named)
	return append(named, slices.Compact(usual)...), len(named)
}

// certFile puts one file where it belongs: the first certificate of a server, a private key, or neither.
func (e *Env) certFile(c *facts.Certificates, name string, configured bool, r *reading) {
	head, err := e.ReadHead(name, 64<<10)
	if err != nil {
		if e.Stat(name).Kind == "file" {
			r.miss(name, err)
		}
		return
	}
	if bytes.Contains(head, []byte("PRIVATE KEY-----")) {
		c.PrivateKeys = append(c.PrivateKeys, e.Stat(name))
	}
	if !bytes.Contains(head, []byte("BEGIN CERTIFICATE-----")) && !bytes.Contains(head, []byte("BEGIN TRUSTED CERTIFICATE-----")) {
		if ext := path.Ext(name); ext != ".crt" && ext != ".cer" && ext != ".der" {
			return
		}
	}
	b, err := e.ReadFileLimit(name, maxCertBytes)
	if err != nil {
		return
	}
	if cert := firstCertificate(b); cert != nil && (!cert.IsCA || selfSigned(cert) && !strings.Contains(name, "/ca") && len(cert.DNSNames)+len(cert.IPAddresses) > 0) {
		f := e.certificate(cert)
		f.Path, f.Configured = name, configured
		c.Files = append(c.Files, f)
	}
}

// firstCertificate parses the first certificate of a PEM or DER file; nil when there is none.
func firstCertificate(b []byte) *x509.Certificate {
	for range 64 {
		block, rest := pem.Decode(b)
		if block == nil {
			break
		}
		if block.Type == "CERTIFICATE" || block.Type == "TRUSTED CERTIFICATE" {
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil
			}
			return cert
		}
		b = rest
	}
	cert, err := x509.ParseCertificate(b)
	if err != nil {
		return nil
	}
	return cert
}

// selfSigned says that issuer and subject are one and the signature is its own.
func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && (len(c.AuthorityKeyId) == 0 || bytes.Equal(c.AuthorityKeyId, c.SubjectKeyId))
}

func (e *Env) certificate(c *x509.Certificate) facts.Certificate {
	f := facts.Certificate{
		Subject: c.Subject.String(), Issuer: c.Issuer.String(), NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(),
		DaysLeft: daysBetween(e.Now, c.NotAfter), Signature: c.SignatureAlgorithm.String(), SelfSigned: selfSigned(c), CA: c.IsCA,
	}
	if f.Subject == "" && len(c.DNSNames) > 0 {
		f.Subject = "DNS:" + c.DNSNames[0]
	}
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		f.KeyType, f.KeyBits = "rsa", k.N.BitLen()
	case *ecdsa.PublicKey:
		f.KeyType, f.KeyBits = "ecdsa", k.Curve.Params().BitSize
	case ed25519.PublicKey:
		f.KeyType, f.KeyBits = "ed25519", 256
	default:
		f.KeyType = strings.ToLower(c.PublicKeyAlgorithm.String())
	}
	return f
}

// daysBetween is whole days, rounded down: a certificate that ended an hour ago has -1 days left.
func daysBetween(from, to time.Time) int {
	const day = 24 * time.Hour
	d := to.Sub(from)
	n := int(d / day)
	if d < 0 && d%day != 0 {
		n--
	}
	return n
}
