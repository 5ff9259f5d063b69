package enrol

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Server gives the certificate this server shows for names (host names or addresses), with its chain up to the
// root, as hosts that enrol know only the root's pin. It is made anew at two thirds of its life.
func (ca *CA) Server(now time.Time, names ...string) (*tls.Certificate, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.refresh()
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
	if ca.old != nil { // for hosts and tokens that know only the root before this one
		c.Certificate = append(c.Certificate, ca.old.cross.Raw, ca.old.root.Raw)
	}
	ca.server[id] = c
	return c, nil
}

// SignHost makes a client certificate for a host's public key. The subject is the host's id and nothing else.
func (ca *CA) SignHost(public any, host string, now time.Time) (*x509.Certificate, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.refresh()
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

func sign(t, parent *x509.Certificate, public any, key crypto.Signer) (*x509.Certificate, error) {
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
