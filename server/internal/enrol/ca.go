package enrol

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/vymir-project/vymir/agent/wire"
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
//	next/ old/                  the CA that follows and the one before, while one takes the other's place: see rotate.go
//	secret.key                  what other keys are derived from, where the issuing key cannot be read
//
// Key files may be encrypted with age, and the issuing key may be somewhere that only signs: see [KeyOptions]. Changes by another
// process are seen with the next use.
//
// The root key is needed only to make or rotate the issuing one and may be taken away and kept offline.
// Safe for concurrent use.
type CA struct {
	dir  string
	keys KeyOptions

	mu sync.Mutex
	authorities
	stamp  time.Time                   // of the folder, when it was read
	server map[string]*tls.Certificate // by joined names

	export *age.X25519Identity
}

// authorities are what the folder holds.
type authorities struct {
	root    *x509.Certificate
	issuing *x509.Certificate
	key     crypto.Signer // of issuing
	former  []*x509.Certificate
	next    *generation // announced to hosts, not in use yet
	old     *generation // not in use any more, hosts may still know only it
	clients *x509.CertPool
}

// OpenCA reads the CA in dir, or makes one when there is none. Key files that others can read are an error.
func OpenCA(dir string, now time.Time) (*CA, error) { return OpenCAWith(dir, KeyOptions{}, now) }

// OpenCAWith is [OpenCA] for keys that are not plain files.
func OpenCAWith(dir string, keys KeyOptions, now time.Time) (*CA, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	// Two processes that find no CA at the same moment must not both make one.
	unlock, err := lock(filepath.Join(dir, ".lock"))
	if err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	defer unlock()
	ca := &CA{dir: dir, keys: keys, server: map[string]*tls.Certificate{}}
	if _, err := os.Stat(ca.file("root.crt")); errors.Is(err, os.ErrNotExist) {
		if err := ca.create(now); err != nil {
			return nil, fmt.Errorf("make CA: %w", err)
		}
	}
	if err := ca.finishSwitch(); err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	if ca.authorities, err = ca.load(); err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	if err := ca.openExport(); err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	ca.stamp = ca.modified()
	return ca, nil
}

// load reads the folder.
func (ca *CA) load() (a authorities, err error) {
	if a.root, err = readCertificate(ca.file("root.crt")); err != nil {
		return a, err
	}
	if a.issuing, err = readCertificate(ca.file("issuing.crt")); err != nil {
		return a, err
	}
	if a.key, err = ca.keys.signer(ca.file("issuing.key"), a.issuing); err != nil {
		return a, err
	}
	if public, ok := a.key.Public().(*ecdsa.PublicKey); !ok || !public.Equal(a.issuing.PublicKey) {
		return a, fmt.Errorf("issuing.key does not belong to issuing.crt in %s", ca.dir)
	}
	names, err := filepath.Glob(ca.file("issuing-*.crt"))
	if err != nil {
		return a, err
	}
	for _, n := range names {
		c, err := readCertificate(n)
		if err != nil {
			return a, err
		}
		a.former = append(a.former, c)
	}
	if a.next, err = readGeneration(ca.file("next")); err != nil {
		return a, err
	}
	if a.old, err = readGeneration(ca.file("old")); err != nil {
		return a, err
	}
	a.clients = x509.NewCertPool()
	for _, c := range a.issuers() {
		a.clients.AddCert(c)
	}
	return a, nil
}

// issuers are the certificates that sign or once signed hosts, and the roots.
func (a *authorities) issuers() []*x509.Certificate {
	out := append([]*x509.Certificate{a.issuing, a.root}, a.former...)
	for _, g := range []*generation{a.next, a.old} {
		if g != nil {
			out = append(out, g.issuing, g.root)
		}
	}
	return out
}

func (ca *CA) modified() time.Time {
	info, err := os.Stat(ca.dir)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// refresh reads the folder anew when another process changed it; what cannot be read (it may be in the midst of it) leaves all as it
// was until the next use. It is called with mu held.
func (ca *CA) refresh() {
	stamp := ca.modified()
	if stamp.Equal(ca.stamp) {
		return
	}
	if a, err := ca.load(); err == nil {
		ca.authorities, ca.stamp = a, stamp
		clear(ca.server)
	}
}

func (ca *CA) file(name string) string { return filepath.Join(ca.dir, name) }

func (ca *CA) create(now time.Time) error {
	g, rootKey, err := newRoot(now)
	if err != nil {
		return err
	}
	if err := ca.keys.writeKey(ca.file("root.key"), rootKey); err != nil {
		return err
	}
	ca.root = g.root
	if err := ca.newIssuing(rootKey, nil, now); err != nil {
		return err
	}
	// The root certificate is written last: a CA exists from that moment on.
	return writeCertificate(ca.file("root.crt"), ca.root)
}

// newIssuing makes the issuing certificate below the root, for a key made here or, with public, for one that is elsewhere.
func (ca *CA) newIssuing(rootKey *ecdsa.PrivateKey, public *ecdsa.PublicKey, now time.Time) error {
	if public == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		if err := ca.keys.writeKey(ca.file("issuing.key"), key); err != nil {
			return err
		}
		public = &key.PublicKey
	} else if err := os.Remove(ca.file("issuing.key")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	c, err := sign(issuer(ca.root, now), ca.root, public, rootKey)
	if err != nil {
		return err
	}
	return writeCertificate(ca.file("issuing.crt"), c)
}

// issuer is an issuing certificate below a root, to be signed.
func issuer(root *x509.Certificate, now time.Time) *x509.Certificate {
	t := authority("Vymir issuing CA", now, min(issuingLife, root.NotAfter.Sub(now)))
	t.MaxPathLenZero = true
	return t
}

// Rotate replaces the issuing certificate by a new one. It needs the root key in the directory. What the former
// one signed stays valid until its own end. With public (ECDSA P-256) the new issuing key is elsewhere, and [KeyOptions.Signer] signs
// by it; nil: it is made here.
func (ca *CA) Rotate(public *ecdsa.PublicKey, now time.Time) error {
	rootKey, err := ca.keys.readKey(ca.file("root.key"))
	if err != nil {
		return fmt.Errorf("rotate CA: the root key is needed for this: %w", err)
	}
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if err := writeCertificate(ca.file(fmt.Sprintf("issuing-%x.crt", ca.issuing.SerialNumber)), ca.issuing); err != nil {
		return fmt.Errorf("rotate CA: %w", err)
	}
	if err := ca.newIssuing(rootKey, public, now); err != nil {
		return fmt.Errorf("rotate CA: %w", err)
	}
	return ca.reload()
}

// reload is called with mu held, after this process changed the folder.
func (ca *CA) reload() (err error) {
	clear(ca.server)
	ca.stamp = ca.modified()
	ca.authorities, err = ca.load()
	return err
}

// Pin is what tokens say of this CA.
func (ca *CA) Pin() [32]byte {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.refresh()
	return wire.Pin(ca.root)
}

// Pinned reports whether a token's pin names this CA, or the one it took the place of and that is not retired yet.
func (ca *CA) Pinned(pin [32]byte) bool {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.refresh()
	return pin == wire.Pin(ca.root) || ca.old != nil && pin == wire.Pin(ca.old.root)
}

// Roots are the certificates that a host trusts once enrolled, DER: the root and the issuing one, so that a host's
// leaf verifies without a chain and none needs to travel with each handshake; while the CA is replaced, the roots of both.
func (ca *CA) Roots() [][]byte {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.refresh()
	out := [][]byte{ca.root.Raw, ca.issuing.Raw}
	if ca.next != nil {
		out = append(out, ca.next.root.Raw)
	}
	if ca.old != nil {
		out = append(out, ca.old.root.Raw)
	}
	return out
}

// Clients is what client certificates are verified against: every certificate that signs or once signed hosts. The same pool is given
// until the CA changes; it is not to be changed.
func (ca *CA) Clients() *x509.CertPool {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.refresh()
	return ca.clients
}

// Issuers are the certificates that sign or once signed hosts, and the roots, DER.
func (ca *CA) Issuers() (out [][]byte) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.refresh()
	for _, c := range ca.issuers() {
		out = append(out, c.Raw)
	}
	return out
}
