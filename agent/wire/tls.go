package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"
)

// ErrServerIdentity is returned when the other end is not the server that the token or the stored roots name.
var ErrServerIdentity = errors.New("the server is not the one this host was enrolled with")

// trust says whom a client takes for its server.
type trust struct {
	pin   [32]byte            // used when roots is empty
	roots []*x509.Certificate // stored at enrolment
	floor time.Time           // the truth is not before this; zero: nothing is known
}

// verify is called on every connection, resumed ones included. It deliberately does not ask the host's clock, which
// jamming and dead batteries set wrong by years: the chain must hold at some moment not before floor, the latest
// time a verified server told. Names are not compared either: the CA signs for this one server alone, which may move
// to another address, and only its certificates carry the serverAuth usage.
func (t trust) verify(cs tls.ConnectionState) error {
	if len(cs.PeerCertificates) == 0 {
		return fmt.Errorf("server showed no certificate: %w", ErrServerIdentity)
	}
	leaf := cs.PeerCertificates[0]
	roots := t.roots
	if len(roots) == 0 {
		for _, c := range cs.PeerCertificates[1:] {
			if Pin(c) == t.pin && c.IsCA {
				roots = append(roots, c)
			}
		}
		if len(roots) == 0 {
			return fmt.Errorf("its CA is not the pinned one: %w", ErrServerIdentity)
		}
	}
	o := x509.VerifyOptions{
		Roots:     x509.NewCertPool(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	at, between := t.floor, x509.NewCertPool()
	for _, c := range roots {
		o.Roots.AddCert(c)
	}
	for _, c := range cs.PeerCertificates {
		if c.NotBefore.After(at) {
			at = c.NotBefore
		}
		if c != leaf {
			between.AddCert(c)
		}
	}
	o.CurrentTime = at
	if leaf.NotAfter.Before(at) {
		return fmt.Errorf("its certificate ended %s: %w", leaf.NotAfter.UTC().Format(time.RFC3339), ErrServerIdentity)
	}
	// What signed the leaf is mostly among the roots: then one signature is checked, and not one on each way that leads there.
	if _, err := leaf.Verify(o); err == nil {
		return nil
	}
	o.Intermediates = between
	if _, err := leaf.Verify(o); err != nil {
		return fmt.Errorf("%w: %w", ErrServerIdentity, err)
	}
	return nil
}

func (t trust) config(server string, certificate *tls.Certificate, cache tls.ClientSessionCache) *tls.Config {
	host, _, _ := net.SplitHostPort(server)
	c := &tls.Config{
		MinVersion:         tls.VersionTLS13,
		ServerName:         host,
		InsecureSkipVerify: true, // the standard check trusts the host's clock and the system's roots; verify replaces it
		VerifyConnection:   t.verify,
		ClientSessionCache: cache,
	}
	if certificate != nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	return c
}
