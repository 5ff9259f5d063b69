// Package fakeserver is an in-memory server for the agent's tests: a CA of its own, enrolment by token, check-in
// with deltas as docs/spec/wire.md says, over HTTP/3 and HTTP/2 on one port number. Knobs make it misbehave.
package fakeserver

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/agent/wire/vymirv1/vymirv1connect"
)

// CA is a certificate authority for tests.
type CA struct {
	Cert *x509.Certificate
	Key  *ecdsa.PrivateKey
}

// NewCA makes a CA valid from 2020 to 2060.
func NewCA(t testing.TB) *CA {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &CA{Key: key}
	ca.Cert = ca.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "vymir test CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC),
	}, &key.PublicKey)
	return ca
}

func (ca *CA) sign(t testing.TB, c *x509.Certificate, pub any) *x509.Certificate {
	t.Helper()
	parent := ca.Cert
	if parent == nil {
		parent = c
	}
	der, err := ca.issue(c, parent, pub)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (ca *CA) issue(c, parent *x509.Certificate, pub any) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, err
	}
	c.SerialNumber = serial
	return x509.CreateCertificate(rand.Reader, c, parent, pub, ca.Key)
}

// Leaf makes a certificate with a new key for one usage.
func (ca *CA) Leaf(t testing.TB, name string, usage x509.ExtKeyUsage, from, to time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := ca.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}, &key.PublicKey)
	return tls.Certificate{Certificate: [][]byte{c.Raw, ca.Cert.Raw}, PrivateKey: key, Leaf: c}
}

// Options make a server misbehave; the zero value is a good one.
type Options struct {
	NoUDP      bool             // nobody answers on the UDP port
	NoTCP      bool             // nobody listens on the TCP port
	Leaf       *tls.Certificate // shown instead of a good leaf
	HostTTL    time.Duration    // validity of hosts' certificates; 0: 30 days
	ServerTime func() time.Time // nil: time.Now
	// DropUDP says whether a datagram is lost, on its way in or out; nil: none is. It may be called by any goroutine.
	DropUDP func(datagram []byte, in bool) bool
	// PacketConn is a simulated network: QUIC is answered on it and TCP nowhere. Nil: sockets of this machine.
	PacketConn net.PacketConn
}

// lossy loses datagrams.
type lossy struct {
	net.PacketConn
	drop func([]byte, bool) bool
}

func (l lossy) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, addr, err := l.PacketConn.ReadFrom(p)
		if err != nil || !l.drop(p[:n], true) {
			return n, addr, err
		}
	}
}

func (l lossy) WriteTo(p []byte, addr net.Addr) (int, error) {
	if l.drop(p, false) {
		return len(p), nil
	}
	return l.PacketConn.WriteTo(p, addr)
}

// Server is a running fake. Fields under Mu may be read and set by tests.
type Server struct {
	vymirv1connect.UnimplementedAgentServiceHandler
	CA   *CA
	Addr string // host:port, both UDP and TCP
	o    Options

	Mu       sync.Mutex
	Secrets  map[[32]byte]string                                                    // one-time secrets; the value is the public key that used it, or ""
	Hosts    map[string]*Host                                                       // by host id
	Revoked  map[string]bool                                                        // host ids whose connections are refused
	Respond  func(req *vymirv1.CheckInRequest, resp *vymirv1.CheckInResponse) error // last word on every check-in
	CheckIns []*vymirv1.CheckInRequest
	EnrolErr error                                                           // answered to every Enrol
	Keys     []string                                                        // given to hosts that enrol
	Files    map[string][]byte                                               // artefacts by kind: what Fetch gives
	Deltas   map[string][]byte                                               // the same for deltas, whatever they lead from
	FetchErr func(req *vymirv1.FetchRequest, r *vymirv1.FetchResponse) error // last word on every Fetch; nil: none
	Fetches  []*vymirv1.FetchRequest
	Renewals int
	Calls    map[string]int // by method and protocol: "CheckIn HTTP/3.0"
}

// Host is what the fake keeps of one host.
type Host struct {
	Key          string // public key, DER
	Acknowledged uint64
	Base         *vymirv1.Assessment
	BaseSequence uint64
	Stored       map[uint64]*vymirv1.Assessment // in full, by sequence
	Order        []uint64                       // sequences as they were stored
	Info         *vymirv1.HostInfo
}

// Start runs a server until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if o.HostTTL == 0 {
		o.HostTTL = 30 * 24 * time.Hour
	}
	if o.ServerTime == nil {
		o.ServerTime = time.Now
	}
	s := &Server{CA: NewCA(t), o: o, Secrets: map[[32]byte]string{}, Hosts: map[string]*Host{}, Revoked: map[string]bool{}, Calls: map[string]int{}}
	leaf := o.Leaf
	if leaf == nil {
		now := o.ServerTime()
		l := s.CA.Leaf(t, "vymir-server", x509.ExtKeyUsageServerAuth, now.Add(-time.Hour), now.Add(90*24*time.Hour))
		leaf = &l
	}
	clients := x509.NewCertPool()
	clients.AddCert(s.CA.Cert)
	conf := &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{*leaf}, ClientAuth: tls.VerifyClientCertIfGiven,
		ClientCAs: clients, VerifyConnection: s.verify, Time: o.ServerTime,
	}
	pc, l := o.PacketConn, net.Listener(nil)
	if pc == nil {
		pc, l = listenBoth(t)
	}
	if o.DropUDP != nil {
		pc = lossy{pc, o.DropUDP}
	}
	s.Addr = pc.LocalAddr().String()
	_, handler := vymirv1connect.NewAgentServiceHandler(s, wire.HandlerOptions()...)
	handler = s.withPeer(handler)
	quiet := log.New(io.Discard, "", 0)
	if l == nil {
		o.NoTCP = true
	} else if o.NoTCP {
		l.Close() //nolint:errcheck // a test's socket
	} else {
		h2 := &http.Server{Handler: handler, TLSConfig: conf.Clone(), ErrorLog: quiet, ReadHeaderTimeout: time.Minute}
		go h2.ServeTLS(l, "", "")        //nolint:errcheck // ends with Close
		t.Cleanup(func() { h2.Close() }) //nolint:errcheck // a test's server
	}
	if !o.NoUDP {
		h3 := &http3.Server{Handler: handler, TLSConfig: http3.ConfigureTLSConfig(conf), QUICConfig: &quic.Config{InitialPacketSize: 1232, DisablePathMTUDiscovery: true}}
		go h3.Serve(pc)                  //nolint:errcheck // ends with Close
		t.Cleanup(func() { h3.Close() }) //nolint:errcheck // a test's server
	}
	t.Cleanup(func() { pc.Close() }) //nolint:errcheck // a test's socket
	return s
}

func listenBoth(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		pc, err := net.ListenPacket("udp", l.Addr().String())
		if err == nil {
			return pc, l
		}
		l.Close() //nolint:errcheck // tried again
	}
	t.Fatal("no port number is free for both UDP and TCP")
	return nil, nil
}

func (s *Server) verify(cs tls.ConnectionState) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if len(cs.PeerCertificates) > 0 && s.Revoked[cs.PeerCertificates[0].Subject.CommonName] {
		return errors.New("host is revoked")
	}
	return nil
}

// Token gives a new one-time token's text.
func (s *Server) Token(t testing.TB) string {
	t.Helper()
	tok := wire.Token{Server: s.Addr, Pin: wire.Pin(s.CA.Cert)}
	rand.Read(tok.Secret[:]) //nolint:errcheck // never fails
	text, err := tok.Text()
	if err != nil {
		t.Fatal(err)
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.Secrets[tok.Secret] = ""
	return text
}

// Host gives the only enrolled host, or fails the test.
func (s *Server) Host(t testing.TB) (id string, h *Host) {
	t.Helper()
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if len(s.Hosts) != 1 {
		t.Fatalf("%d hosts are enrolled, want 1", len(s.Hosts))
	}
	for id, h = range s.Hosts {
	}
	return id, h
}

type peerKey struct{}

func (s *Server) withPeer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Mu.Lock()
		s.Calls[r.URL.Path[len("/vymir.v1.AgentService/"):]+" "+r.Proto]++
		s.Mu.Unlock()
		ctx := r.Context()
		if len(r.TLS.PeerCertificates) > 0 {
			ctx = context.WithValue(ctx, peerKey{}, r.TLS.PeerCertificates[0])
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (s *Server) certificate(csr []byte, id string) ([]byte, *x509.CertificateRequest, error) {
	r, err := x509.ParseCertificateRequest(csr)
	if err != nil || r.CheckSignature() != nil {
		return nil, nil, connect.NewError(connect.CodeInvalidArgument, errors.New("certificate request is malformed"))
	}
	now := s.o.ServerTime()
	der, err := s.CA.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: id}, NotBefore: now.Add(-time.Minute), NotAfter: now.Add(s.o.HostTTL),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, s.CA.Cert, r.PublicKey)
	return der, r, err
}

// Enrol is the call of the service.
func (s *Server) Enrol(_ context.Context, req *connect.Request[vymirv1.EnrolRequest]) (*connect.Response[vymirv1.EnrolResponse], error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if s.EnrolErr != nil {
		return nil, s.EnrolErr
	}
	tok, err := wire.ParseToken(req.Msg.Token)
	if err != nil {
		return nil, connect.NewError(connect.CodeUnauthenticated, errors.New("unknown token"))
	}
	user, ok := s.Secrets[tok.Secret]
	if !ok {
		return nil, connect.NewError(connect.CodeUnauthenticated, errors.New("unknown token"))
	}
	id := fmt.Sprintf("h%d", len(s.Hosts)+1)
	der, r, err := s.certificate(req.Msg.Csr, id)
	if err != nil {
		return nil, err
	}
	key := string(r.RawSubjectPublicKeyInfo)
	if user != "" && user != key {
		return nil, connect.NewError(connect.CodeFailedPrecondition, errors.New("used"))
	}
	if user == key {
		for known, h := range s.Hosts {
			if h.Key == key {
				id = known
			}
		}
		if der, _, err = s.certificate(req.Msg.Csr, id); err != nil {
			return nil, err
		}
	} else {
		s.Hosts[id] = &Host{Key: key, Stored: map[uint64]*vymirv1.Assessment{}, Info: req.Msg.Host}
	}
	s.Secrets[tok.Secret] = key
	return connect.NewResponse(&vymirv1.EnrolResponse{
		HostId: id, Certificate: der, Chain: [][]byte{s.CA.Cert.Raw}, Roots: [][]byte{s.CA.Cert.Raw},
		ServerTimeMs: s.o.ServerTime().UnixMilli(), Recipient: "Тестова громада", Site: "Ратуша", ArtefactKeys: s.Keys,
	}), nil
}

func (s *Server) peer(ctx context.Context) (string, *Host, error) {
	c, ok := ctx.Value(peerKey{}).(*x509.Certificate)
	if !ok {
		return "", nil, connect.NewError(connect.CodeUnauthenticated, errors.New("no client certificate"))
	}
	h, ok := s.Hosts[c.Subject.CommonName]
	if !ok || s.Revoked[c.Subject.CommonName] {
		return "", nil, connect.NewError(connect.CodeUnauthenticated, errors.New("host is revoked or unknown"))
	}
	return c.Subject.CommonName, h, nil
}

// Renew is the call of the service.
func (s *Server) Renew(ctx context.Context, req *connect.Request[vymirv1.RenewRequest]) (*connect.Response[vymirv1.RenewResponse], error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	id, _, err := s.peer(ctx)
	if err != nil {
		return nil, err
	}
	der, _, err := s.certificate(req.Msg.Csr, id)
	if err != nil {
		return nil, err
	}
	s.Renewals++
	return connect.NewResponse(&vymirv1.RenewResponse{
		Certificate: der, Chain: [][]byte{s.CA.Cert.Raw}, Roots: [][]byte{s.CA.Cert.Raw}, ServerTimeMs: s.o.ServerTime().UnixMilli(),
	}), nil
}

// Recover is the call of the service.
func (s *Server) Recover(_ context.Context, req *connect.Request[vymirv1.RecoverRequest]) (*connect.Response[vymirv1.RecoverResponse], error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	h, ok := s.Hosts[req.Msg.HostId]
	if !ok || s.Revoked[req.Msg.HostId] {
		return nil, connect.NewError(connect.CodePermissionDenied, errors.New("host is revoked or unknown"))
	}
	der, r, err := s.certificate(req.Msg.Csr, req.Msg.HostId)
	if err != nil {
		return nil, err
	}
	if string(r.RawSubjectPublicKeyInfo) != h.Key {
		return nil, connect.NewError(connect.CodePermissionDenied, errors.New("not the enrolled key"))
	}
	return connect.NewResponse(&vymirv1.RecoverResponse{
		Certificate: der, Chain: [][]byte{s.CA.Cert.Raw}, Roots: [][]byte{s.CA.Cert.Raw}, ServerTimeMs: s.o.ServerTime().UnixMilli(),
	}), nil
}

// CheckIn is the call of the service.
func (s *Server) CheckIn(ctx context.Context, req *connect.Request[vymirv1.CheckInRequest]) (*connect.Response[vymirv1.CheckInResponse], error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	_, h, err := s.peer(ctx)
	if err != nil {
		return nil, err
	}
	s.CheckIns = append(s.CheckIns, proto.CloneOf(req.Msg))
	resp := &vymirv1.CheckInResponse{ServerTimeMs: s.o.ServerTime().UnixMilli()}
	for _, it := range req.Msg.Items {
		if it.Sequence <= h.Acknowledged {
			continue
		}
		full := it.GetAssessment()
		if d := it.GetDelta(); d != nil {
			if d.BaseSequence != h.BaseSequence {
				resp.NeedFullFrom = it.Sequence
				break
			}
			if full, err = wire.Apply(h.Base, d); err != nil {
				resp.NeedFullFrom = it.Sequence
				break
			}
		}
		if full != nil {
			h.Base, h.BaseSequence = full, it.Sequence
		}
		h.Stored[it.Sequence] = full
		h.Order = append(h.Order, it.Sequence)
		h.Acknowledged = it.Sequence
	}
	resp.Acknowledged = h.Acknowledged
	if s.Respond != nil {
		if err := s.Respond(req.Msg, resp); err != nil {
			return nil, err
		}
	}
	return connect.NewResponse(resp), nil
}

// Offer names a file as a server would offer it.
func Offer(kind, name string, revision uint64, file []byte) *vymirv1.Offer {
	d := sha256.Sum256(file)
	return &vymirv1.Offer{Kind: kind, Name: name, Revision: revision, Size: uint64(len(file)), Digest: d[:]}
}

// Fetch is the call of the service.
func (s *Server) Fetch(ctx context.Context, req *connect.Request[vymirv1.FetchRequest]) (*connect.Response[vymirv1.FetchResponse], error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if _, _, err := s.peer(ctx); err != nil {
		return nil, err
	}
	m := req.Msg
	s.Fetches = append(s.Fetches, proto.CloneOf(m))
	file := s.Files[m.Kind]
	if m.DeltaFrom > 0 {
		file = s.Deltas[m.Kind]
	}
	total := uint64(len(file))
	from := min(m.Offset, total)
	d := sha256.Sum256(file)
	r := &vymirv1.FetchResponse{Data: file[from:min(total, from+uint64(m.Limit))], Total: total, Digest: d[:]}
	if s.FetchErr != nil {
		if err := s.FetchErr(m, r); err != nil {
			return nil, err
		}
	}
	return connect.NewResponse(r), nil
}
