package enrol

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// Lifetimes of what the CA signs.
const (
	rootLife    = 20 * 365 * 24 * time.Hour
	issuingLife = 3 * 365 * 24 * time.Hour
	serverLife  = 90 * 24 * time.Hour
	// HostLife is how long a client certificate holds; hosts renew at two thirds of it.
	HostLife = 30 * 24 * time.Hour
)

// backdate makes certificates valid for readers whose clock runs behind.
const backdate = 10 * time.Minute

// CA is the server's own certificate authority: a root that hosts pin, an issuing certificate below it that signs
// servers and hosts, both ECDSA P-256, kept in one directory:
//
//	root.crt root.key           made once; the pin in every token is the hash of this key
//	issuing.crt issuing.key     replaced by Rotate; the certificates it signed stay valid
//	issuing-SERIAL.crt          former issuing certificates, for verification until they end
//	export.key                  age identity that sealed export files (sticks) are encrypted to
//
// The root key is needed only to make or rotate the issuing one and may be taken away and kept offline.
// Safe for concurrent use.
type CA struct {
	dir  string
	root *x509.Certificate

	mu      sync.Mutex
	issuing *x509.Certificate
	key     *ecdsa.PrivateKey // of issuing
	former  []*x509.Certificate
	server  map[string]*tls.Certificate // by joined names

	export *age.X25519Identity
}

// OpenCA reads the CA in dir, or makes one when there is none. Key files that others can read are an error.
func OpenCA(dir string, now time.Time) (*CA, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	// Two processes that find no CA at the same moment must not both make one.
	unlock, err := lock(filepath.Join(dir, ".lock"))
	if err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	defer unlock()
	ca := &CA{dir: dir, server: map[string]*tls.Certificate{}}
	if ca.root, err = readCertificate(ca.file("root.crt")); errors.Is(err, os.ErrNotExist) {
		if err := ca.create(now); err != nil {
			return nil, fmt.Errorf("make CA: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	if ca.issuing, err = readCertificate(ca.file("issuing.crt")); err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	if ca.key, err = readKey(ca.file("issuing.key")); err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	if !ca.key.PublicKey.Equal(ca.issuing.PublicKey) {
		return nil, fmt.Errorf("open CA: issuing.key does not belong to issuing.crt in %s", dir)
	}
	names, err := filepath.Glob(ca.file("issuing-*.crt"))
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		c, err := readCertificate(n)
		if err != nil {
			return nil, fmt.Errorf("open CA: %w", err)
		}
		ca.former = append(ca.former, c)
	}
	if err := ca.openExport(); err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	return ca, nil
}

// lock holds a file until the returned function is called; it waits for whoever holds it.
func lock(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, unix.EROFS) {
		return func() {}, nil // a folder that cannot be written to holds a CA already, or making one fails
	}
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

func (ca *CA) openExport() error {
	name := ca.file("export.key")
	if err := private(name); errors.Is(err, os.ErrNotExist) {
		if ca.export, err = age.GenerateX25519Identity(); err != nil {
			return err
		}
		return writeFile(name, []byte(ca.export.String()+"\n"), 0o600)
	} else if err != nil {
		return err
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if ca.export, err = age.ParseX25519Identity(strings.TrimSpace(string(b))); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// ExportRecipient is the age recipient that hosts encrypt sealed export files to.
func (ca *CA) ExportRecipient() string { return ca.export.Recipient().String() }

// Unseal reads a sealed export file and returns its content with the certificate whose key signed it; see
// [wire.Unseal] for the errors. Whose host that is, the caller finds out.
func (ca *CA) Unseal(r io.Reader) (*vymirv1.ExportBody, *x509.Certificate, error) {
	body, chain, err := wire.Unseal(r, ca.export)
	if err != nil {
		return nil, nil, err
	}
	return body, chain[0], nil
}

func (ca *CA) file(name string) string { return filepath.Join(ca.dir, name) }

func (ca *CA) create(now time.Time) error {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	root := authority("Vymir root CA", now, rootLife)
	root.MaxPathLen = 1
	if ca.root, err = sign(root, root, &rootKey.PublicKey, rootKey); err != nil {
		return err
	}
	if err := writeKey(ca.file("root.key"), rootKey); err != nil {
		return err
	}
	if err := ca.newIssuing(rootKey, now); err != nil {
		return err
	}
	// The root certificate is written last: a CA exists from that moment on.
	return writeCertificate(ca.file("root.crt"), ca.root)
}

func (ca *CA) newIssuing(rootKey *ecdsa.PrivateKey, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	t := authority("Vymir issuing CA", now, min(issuingLife, ca.root.NotAfter.Sub(now)))
	t.MaxPathLenZero = true
	c, err := sign(t, ca.root, &key.PublicKey, rootKey)
	if err != nil {
		return err
	}
	if err := writeKey(ca.file("issuing.key"), key); err != nil {
		return err
	}
	return writeCertificate(ca.file("issuing.crt"), c)
}

// Rotate replaces the issuing certificate by a new one. It needs the root key in the directory. What the former
// one signed stays valid until its own end.
func (ca *CA) Rotate(now time.Time) error {
	rootKey, err := readKey(ca.file("root.key"))
	if err != nil {
		return fmt.Errorf("rotate CA: the root key is needed for this: %w", err)
	}
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if err := writeCertificate(ca.file(fmt.Sprintf("issuing-%x.crt", ca.issuing.SerialNumber)), ca.issuing); err != nil {
		return fmt.Errorf("rotate CA: %w", err)
	}
	if err := ca.newIssuing(rootKey, now); err != nil {
		return fmt.Errorf("rotate CA: %w", err)
	}
	c, err := readCertificate(ca.file("issuing.crt"))
	if err != nil {
		return err
	}
	key, err := readKey(ca.file("issuing.key"))
	if err != nil {
		return err
	}
	ca.former, ca.issuing, ca.key = append(ca.former, ca.issuing), c, key
	clear(ca.server)
	return nil
}

// Pin is what tokens say of this CA.
func (ca *CA) Pin() [32]byte { return wire.Pin(ca.root) }

// Roots are the certificates that a host trusts once enrolled, DER: the root and the issuing one, so that a host's
// leaf verifies without a chain and none needs to travel with each handshake.
func (ca *CA) Roots() [][]byte {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	return [][]byte{ca.root.Raw, ca.issuing.Raw}
}

// Clients is what client certificates are verified against: every certificate that signs or once signed hosts.
func (ca *CA) Clients() *x509.CertPool {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	p := x509.NewCertPool()
	p.AddCert(ca.root)
	p.AddCert(ca.issuing)
	for _, c := range ca.former {
		p.AddCert(c)
	}
	return p
}

// Issuers are the certificates that sign or once signed hosts, and the root, DER.
func (ca *CA) Issuers() [][]byte {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	out := [][]byte{ca.issuing.Raw, ca.root.Raw}
	for _, c := range ca.former {
		out = append(out, c.Raw)
	}
	return out
}

// Server gives the certificate this server shows for names (host names or addresses), with its chain up to the
// root, as hosts that enrol know only the root's pin. It is made anew at two thirds of its life.
func (ca *CA) Server(now time.Time, names ...string) (*tls.Certificate, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	id := fmt.Sprint(names)
	if c := ca.server[id]; c != nil && now.Before(c.Leaf.NotAfter.Add(-serverLife/3)) {
		return c, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		Subject:  pkix.Name{CommonName: "vymir-server"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(serverLife),
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else if n != "" {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	leaf, err := sign(t, ca.issuing, &key.PublicKey, ca.key)
	if err != nil {
		return nil, fmt.Errorf("sign server certificate: %w", err)
	}
	c := &tls.Certificate{Certificate: [][]byte{leaf.Raw, ca.issuing.Raw, ca.root.Raw}, PrivateKey: key, Leaf: leaf}
	ca.server[id] = c
	return c, nil
}

// SignHost makes a client certificate for a host's public key. The subject is the host's id and nothing else.
func (ca *CA) SignHost(public any, host string, now time.Time) (*x509.Certificate, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	c, err := sign(&x509.Certificate{
		Subject:  pkix.Name{CommonName: host},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(HostLife),
	}, ca.issuing, public, ca.key)
	if err != nil {
		return nil, fmt.Errorf("sign host certificate: %w", err)
	}
	return c, nil
}

func authority(name string, now time.Time, life time.Duration) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:  x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		NotBefore: now.Add(-backdate), NotAfter: now.Add(life),
	}
}

func sign(t, parent *x509.Certificate, public any, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	t.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, t, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func readCertificate(name string) (*x509.Certificate, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	p, _ := pem.Decode(b)
	if p == nil || p.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("%s holds no certificate", name)
	}
	c, err := x509.ParseCertificate(p.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// private refuses a key file that others can read.
func private(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by others (mode %04o): make it 0600, and if it may have been read, make a new CA", name, info.Mode().Perm())
	}
	return nil
}

func readKey(name string) (*ecdsa.PrivateKey, error) {
	if err := private(name); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(name)
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

func writeKey(name string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writeFile(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

func writeCertificate(name string, c *x509.Certificate) error {
	return writeFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), 0o644)
}

// writeFile replaces a file in one step, so that a crash leaves the old one or the new one.
func writeFile(name string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = bytes.NewReader(data).WriteTo(f)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return os.Rename(f.Name(), name)
}

// Secret derives a key for one purpose from the issuing key. All server processes of one CA derive the same, so
// that any of them understands what another handed out.
func (ca *CA) Secret(purpose string) (out [32]byte) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	der, err := x509.MarshalPKCS8PrivateKey(ca.key)
	if err != nil {
		panic("enrol: the issuing key cannot be encoded: " + err.Error()) // it was read from such an encoding
	}
	key, err := hkdf.Key(sha256.New, der, nil, "vymir "+purpose, len(out))
	if err != nil {
		panic("enrol: " + err.Error()) // the length is a constant within HKDF's bounds
	}
	copy(out[:], key)
	return out
}
