package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
)

// counted is a TCP connection whose kernel says at its end what went both ways at the IP layer.
type counted struct {
	*net.TCPConn
	sum  *int
	once sync.Once
}

// Close ends both directions, so that the last segments are counted, too.
func (c *counted) Close() error {
	c.once.Do(func() {
		c.CloseWrite()                                      //nolint:errcheck // it is over either way
		c.SetReadDeadline(time.Now().Add(10 * time.Second)) //nolint:errcheck // as above
		io.Copy(io.Discard, c.TCPConn)                      //nolint:errcheck // as above
		raw, err := c.SyscallConn()
		if err != nil {
			return
		}
		raw.Control(func(fd uintptr) { //nolint:errcheck // then nothing is counted, and the test fails
			if i, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
				const header, syn = 20 + 20 + 12, 8 // IPv4, TCP, time stamps; what a SYN has more
				*c.sum += int(i.Bytes_sent) + int(i.Bytes_received) + header*int(i.Segs_out+i.Segs_in) + 2*syn
			}
		})
	})
	return c.TCPConn.Close()
}

// ethernet makes the segments of a socket those of an Ethernet: the loopback's are of 64 KB.
func ethernet(_, _ string, c syscall.RawConn) error {
	var err error
	return errors.Join(c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1460) }), err)
}

// jsonServer is what most others do: JSON by gzip over HTTPS (HTTP/2, TLS 1.3, both ends with ECDSA certificates of one CA).
func jsonServer(t *testing.T) (addr string, client *tls.Config) {
	t.Helper()
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	caKey := key()
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	sign := func(c *x509.Certificate, k *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, c, ca, &k.PublicKey, caKey)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	root, err := x509.ParseCertificate(sign(ca, caKey))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	leaf := func(n int64, name string, use x509.ExtKeyUsage) tls.Certificate {
		k := key()
		return tls.Certificate{PrivateKey: k, Certificate: [][]byte{sign(&x509.Certificate{SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, ExtKeyUsage: []x509.ExtKeyUsage{use}, KeyUsage: x509.KeyUsageDigitalSignature}, k)}}
	}
	l, err := (&net.ListenConfig{Control: ethernet}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{leaf(2, "server", x509.ExtKeyUsageServerAuth)}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) //nolint:errcheck // what came is counted
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"status":"ok","acknowledged":40,"directives":[]}`) //nolint:errcheck // as above
		}),
	}
	go s.ServeTLS(l, "", "") //nolint:errcheck // it ends by Close
	t.Cleanup(func() { s.Close() })
	return l.Addr().String(), &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{leaf(3, "host", x509.ExtKeyUsageClientAuth)}, MinVersion: tls.VersionTLS13}
}

// byJSON posts a body on a new connection and gives the bytes at the IP layer, both ways.
func byJSON(t *testing.T, addr string, conf *tls.Config, v any) (sum int) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	z, err := gzip.NewWriterLevel(&body, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(text)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	var conn *counted
	tr := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: conf, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&net.Dialer{Control: ethernet}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		conn = &counted{TCPConn: c.(*net.TCPConn), sum: &sum}
		return conn, nil
	}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+addr+"/api/v1/reports", &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Encoding", "gzip")
	resp, err := (&http.Client{Transport: tr}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body) //nolint:errcheck // counted
	resp.Body.Close()
	tr.CloseIdleConnections()
	conn.Close()
	return sum
}

// TestBytesBesideJSON sends the same reports by the two: ours to a real server process, and JSON by gzip over HTTPS, each on a new
// connection, and counts what goes both ways at the IP layer. Of each the least of several runs counts: the loopback has no delay, and
// a busy machine then makes QUIC send what was not lost.
//
// It runs when VYMIR_WIRE is set (make bench-wire).
func TestBytesBesideJSON(t *testing.T) {
	if os.Getenv("VYMIR_WIRE") == "" {
		t.Skip("set VYMIR_WIRE")
	}
	doc, err := os.ReadFile("../collector/testdata/hosts/debian12-minimal.facts.json")
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policies.New(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := engine.Judge(t.Context(), doc, policies.JudgeOptions{Now: time.Now(), Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	lean, err := wire.Encode(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range lean.Results {
		r.Target = nil // what consent keeps at the host; JSON with texts and without evidence is compared
	}
	for i := range whole.Results {
		whole.Results[i].Target = assessment.Target{}
	}
	address := freeAddress(t)
	n := install(t, address, "")
	n.serve(address)
	a := n.enrolled(1, 1)[0]
	sequence, base := uint64(0), lean
	ours := func(changes int, full, resumed bool) int {
		best := 1 << 30
		for range 3 {
			req := &vymirv1.CheckInRequest{WireVersion: wire.Version, NowMs: time.Now().UnixMilli(), AgentVersion: "v1.0.0", BundleRevision: 1, Meter: &vymirv1.Meter{SentBytesMonth: 1 << 20, ReceivedBytesMonth: 1 << 20}}
			if changes >= 0 {
				next := &vymirv1.Assessment{BundleName: lean.BundleName, BundleRevision: lean.BundleRevision, BundleDigest: lean.BundleDigest, MeasuredMs: time.Now().UnixMilli(), JudgedMs: time.Now().UnixMilli(), DurationMs: 400,
					Baselines: lean.Baselines, Host: lean.Host, Results: slices.Clone(base.Results)}
				for i := range changes {
					k, _ := policies.BuiltIn().ByNumber(next.Results[10*i].Control)
					next.Results[10*i] = result(k, next.Results[10*i].Status != vymirv1.Status_STATUS_FAIL)
				}
				it := &vymirv1.Item{Sequence: sequence + 1, CreatedMs: next.MeasuredMs, Body: &vymirv1.Item_Assessment{Assessment: next}}
				if d, ok := wire.Diff(base, next, sequence); ok && !full {
					it.Body = &vymirv1.Item_Delta{Delta: d}
				}
				req.Items, base = []*vymirv1.Item{it}, next
				sequence++
			}
			o := a.options()
			o.Roots, o.Certificate = a.roots, &a.cert
			if resumed {
				o.Sessions = a.sessions
			}
			c, err := wire.NewClient(o)
			if err != nil {
				t.Fatal(err)
			}
			r, err := c.CheckIn(t.Context(), connect.NewRequest(req))
			if err != nil || r.Msg.Acknowledged != sequence || r.Msg.NeedFullFrom != 0 {
				t.Fatal(err, r)
			}
			c.Close()
			u := c.Usage()
			best = min(best, int(u.SentBytes+u.ReceivedBytes))
		}
		return best
	}
	addr, conf := jsonServer(t)
	again := conf.Clone()
	again.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	nothing := map[string]any{"host": a.id, "agent": "v1.0.0", "now": time.Now(), "sent_bytes": 1 << 20, "received_bytes": 1 << 20}
	byJSON(t, addr, again, nothing)
	ours(0, true, true)
	var month [2]float64
	for _, c := range []struct {
		name    string
		changes int
		full    bool
		resumed bool
		body    any
		times   float64 // a month
	}{
		{"first report, full handshake", 0, true, false, whole, 0},
		{"night without changes", 0, false, true, whole, 29},
		{"night with 3 results changed", 3, false, true, whole, 1},
		{"hourly check-in, nothing new", -1, false, true, nothing, 690},
	} {
		theirs := conf
		if c.resumed {
			theirs = again
		}
		mine, other := ours(c.changes, c.full, c.resumed), byJSON(t, addr, theirs, c.body)
		t.Logf("%-32s ours %6d bytes, JSON and gzip over HTTPS %6d bytes: %.0f %%", c.name, mine, other, 100*float64(mine)/float64(other))
		month[0], month[1] = month[0]+c.times*float64(mine), month[1]+c.times*float64(other)
		if c.changes >= 0 && mine >= other {
			t.Errorf("%s: ours has %d bytes, the other %d", c.name, mine, other)
		}
	}
	t.Logf("%-32s ours %.2f MB, JSON and gzip over HTTPS %.2f MB", "month of hourly check-ins", month[0]/1e6, month[1]/1e6)
}
