package wire_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// answer is what a hostile server says.
type answer struct {
	status   int
	encoding string
	retry    string
	body     []byte
}

// hostileServer answers every call by what it is told to; it holds a certificate of the CA that hosts trust.
func hostileServer(f *testing.F) (*httptest.Server, *x509.Certificate, *atomic.Pointer[answer]) {
	f.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	sign := func(c, parent *x509.Certificate) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, key)
		if err != nil {
			f.Fatal(err)
		}
		out, err := x509.ParseCertificate(der)
		if err != nil {
			f.Fatal(err)
		}
		return out
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	root := sign(ca, ca)
	leaf := sign(&x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, root)
	var say atomic.Pointer[answer]
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a := say.Load()
		w.Header().Set("Content-Type", "application/proto")
		if a.status != http.StatusOK {
			w.Header().Set("Content-Type", "application/json") // how Connect tells errors
		}
		if a.encoding != "" {
			w.Header().Set("Content-Encoding", a.encoding)
		}
		if a.retry != "" {
			w.Header().Set("Retry-After", a.retry)
		}
		w.WriteHeader(a.status)
		w.Write(a.body)
	}))
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw, root.Raw}, PrivateKey: key}}}
	s.StartTLS()
	f.Cleanup(s.Close)
	return s, root, &say
}

// FuzzAnswers is a hostile server: whatever it answers, the host's client gives a message within its bounds, or an error.
func FuzzAnswers(f *testing.F) {
	s, root, say := hostileServer(f)
	good, err := proto.Marshal(&vymirv1.CheckInResponse{Acknowledged: 7, ServerTimeMs: 1, Directives: &vymirv1.Directives{IntervalS: 60}})
	if err != nil {
		f.Fatal(err)
	}
	packed, err := wire.Compress(make([]byte, wire.MaxMessageBytes+1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(200), uint8(0), "", good)
	f.Add(uint16(200), uint8(2), "", wire.CompressMessage(good))
	f.Add(uint16(200), uint8(1), "", packed) // unfolds to more than a message may have
	f.Add(uint16(200), uint8(0), "", []byte(strings.Repeat("\x1a\x00", 1<<16)))
	f.Add(uint16(429), uint8(0), "-1", []byte(`{"code":"resource_exhausted","message":"later","details":[{"type":"x","value":"!"}]}`))
	f.Add(uint16(403), uint8(3), "", []byte("{"))
	c, err := wire.NewClient(wire.ClientOptions{Server: s.Listener.Addr().String(), Roots: []*x509.Certificate{root}, Protocol: wire.TCP})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { c.Close() })
	f.Fuzz(func(t *testing.T, status uint16, encoding uint8, retry string, body []byte) {
		if status < 200 || status > 599 || strings.ContainsAny(retry, "\r\n\x00") {
			return
		}
		say.Store(&answer{int(status), []string{"", "zstd", "zd1", "gzip"}[encoding%4], retry, body})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r, err := c.CheckIn(ctx, connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version}))
		if ctx.Err() != nil {
			t.Error("the call hangs")
		}
		if err == nil && (status != http.StatusOK || proto.Size(r.Msg) > wire.MaxMessageBytes) {
			t.Errorf("status %d was taken, %d bytes", status, proto.Size(r.Msg))
		}
	})
}
