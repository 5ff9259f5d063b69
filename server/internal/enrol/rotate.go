package enrol

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/vymir-project/vymir/server/internal/store"
)

// A CA is replaced in three steps, and no host is touched:
//
//	Announce  makes the next root and issuing key, in next/. Hosts that check in are told to renew, and trust both roots from then on.
//	Switch    the next becomes the CA, the one before goes to old/. Server certificates come with the issuing certificate signed by
//	          both roots, so that hosts and tokens that know only the old one still find their server, and then renew.
//	Retire    old/ goes: who knows only the old root must enrol again. [Uninformed] counts them.

// ErrRotation says that a step of replacing the CA does not follow from what is.
var ErrRotation = errors.New("the CA is not in the state for this step")

// generation is one CA: a root and what signs below it.
type generation struct {
	root    *x509.Certificate
	issuing *x509.Certificate
	cross   *x509.Certificate // the key of the CA that follows as issuing one, signed by the root of the CA before
}

// readGeneration reads a folder; without one it gives nil.
func readGeneration(dir string) (g *generation, err error) {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	g = &generation{}
	for name, c := range map[string]**x509.Certificate{"root.crt": &g.root, "issuing.crt": &g.issuing, "cross.crt": &g.cross} {
		if *c, err = readCertificate(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// newRoot makes a root with its key.
func newRoot(now time.Time) (*generation, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	t := authority("Vymir root CA", now, rootLife)
	t.MaxPathLen = 1
	root, err := sign(t, t, &key.PublicKey, key)
	return &generation{root: root}, key, err
}

// Announce makes the CA that will follow. It needs the root key in the directory.
func (ca *CA) Announce(now time.Time) error {
	rootKey, err := ca.keys.readKey(ca.file("root.key"))
	if err != nil {
		return fmt.Errorf("announce CA: the root key is needed for this: %w", err)
	}
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.refresh()
	if ca.next != nil || ca.old != nil {
		return fmt.Errorf("announce CA: %w: one is being replaced already", ErrRotation)
	}
	g, key, err := newRoot(now)
	if err != nil {
		return fmt.Errorf("announce CA: %w", err)
	}
	issuingKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("announce CA: %w", err)
	}
	if g.issuing, err = sign(issuer(g.root, now), g.root, &issuingKey.PublicKey, key); err != nil {
		return fmt.Errorf("announce CA: %w", err)
	}
	if g.cross, err = sign(issuer(ca.root, now), ca.root, &issuingKey.PublicKey, rootKey); err != nil {
		return fmt.Errorf("announce CA: %w", err)
	}
	making := ca.file("next.new")
	if err := errors.Join(
		os.RemoveAll(making), os.Mkdir(making, 0o700), g.write(making),
		ca.keys.writeKey(filepath.Join(making, "root.key"), key), ca.keys.writeKey(filepath.Join(making, "issuing.key"), issuingKey),
		os.Rename(making, ca.file("next")),
	); err != nil {
		return fmt.Errorf("announce CA: %w", err)
	}
	return ca.reload()
}

func (g *generation) write(dir string) error {
	return errors.Join(writeCertificate(filepath.Join(dir, "root.crt"), g.root), writeCertificate(filepath.Join(dir, "issuing.crt"), g.issuing),
		writeCertificate(filepath.Join(dir, "cross.crt"), g.cross))
}

// Switch makes the announced CA the one that signs.
func (ca *CA) Switch() error {
	unlock, err := lock(ca.file(".lock"))
	if err != nil {
		return fmt.Errorf("switch CA: %w", err)
	}
	defer unlock()
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.refresh()
	if ca.next == nil {
		return fmt.Errorf("switch CA: %w: none is announced", ErrRotation)
	}
	making := ca.file("old.new")
	old := &generation{root: ca.root, issuing: ca.issuing, cross: ca.next.cross}
	if err := errors.Join(os.RemoveAll(making), os.Mkdir(making, 0o700), old.write(making), os.Rename(making, ca.file("old"))); err != nil {
		return fmt.Errorf("switch CA: %w", err)
	}
	if err := ca.finishSwitch(); err != nil {
		return fmt.Errorf("switch CA: %w", err)
	}
	return ca.reload()
}

// finishSwitch moves the next CA into place once the one before is kept in old/; a crash in the midst of it is made up for by doing
// it again.
func (ca *CA) finishSwitch() error {
	for _, dir := range []string{"next", "old"} {
		if _, err := os.Stat(ca.file(dir)); errors.Is(err, os.ErrNotExist) {
			return nil
		}
	}
	for _, n := range []string{"root.key", "issuing.key", "issuing.crt", "root.crt"} {
		b, err := os.ReadFile(filepath.Join(ca.file("next"), n))
		if errors.Is(err, os.ErrNotExist) && n == "root.key" {
			os.Remove(ca.file(n)) // it is kept elsewhere; the old one must not be taken for it
			continue
		}
		if err != nil {
			return err
		}
		mode := os.FileMode(0o600)
		if filepath.Ext(n) == ".crt" {
			mode = 0o644
		}
		if err := writeFile(ca.file(n), b, mode); err != nil {
			return err
		}
	}
	done := ca.file("next.done")
	return errors.Join(os.RemoveAll(done), os.Rename(ca.file("next"), done), os.RemoveAll(done))
}

// Retire ends the trust in the CA before: its root, and what it signed.
func (ca *CA) Retire() error {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.refresh()
	if ca.old == nil {
		return fmt.Errorf("retire CA: %w: there is none to retire", ErrRotation)
	}
	for _, c := range ca.former {
		if c.CheckSignatureFrom(ca.old.root) == nil {
			if err := os.Remove(ca.file(fmt.Sprintf("issuing-%x.crt", c.SerialNumber))); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("retire CA: %w", err)
			}
		}
	}
	gone := ca.file("old.gone")
	if err := errors.Join(os.RemoveAll(gone), os.Rename(ca.file("old"), gone), os.RemoveAll(gone)); err != nil {
		return fmt.Errorf("retire CA: %w", err)
	}
	return ca.reload()
}

// Step says where the replacing of the CA stands: "announced", "switched", or "" when none is under way.
func (ca *CA) Step() string {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.refresh()
	switch {
	case ca.next != nil:
		return "announced"
	case ca.old != nil:
		return "switched"
	}
	return ""
}

// Informs reports whether a host whose certificate was issued at a time has not been told of the newest root yet, so that it
// should renew.
func (ca *CA) Informs(issued time.Time) bool {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.refresh()
	newest := ca.root
	switch {
	case ca.next != nil:
		newest = ca.next.root
	case ca.old == nil:
		return false
	}
	return issued.Before(newest.NotBefore.Add(backdate + time.Second)) // certificates count seconds
}

// Uninformed counts the hosts that are not revoked and do not know the newest root.
func Uninformed(tx *store.Tx, ca *CA) (n int, err error) {
	hosts, err := tx.Hosts("", "", 0)
	for _, h := range hosts {
		if h.Revoked.IsZero() && !h.CertExpires.IsZero() && ca.Informs(Issued(h)) {
			n++
		}
	}
	return n, err
}

// Issued is when a host's newest certificate was issued.
func Issued(h store.Host) time.Time { return h.CertExpires.Add(-HostLife) }
