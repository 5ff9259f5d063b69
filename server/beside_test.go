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
	"fmt"
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

// jsonEnd is how to reach the JSON server.
type jsonEnd struct {
	conf  *tls.Config
	again *tls.Config // takes sessions up again
}

// fresh is for a full handshake.
func (e jsonEnd) fresh() *tls.Config { return e.conf.Clone() }

// jsonServer is what most others do: JSON by gzip over HTTPS (HTTP/2, TLS 1.3, both ends with ECDSA certificates of one CA).
func jsonServer(t *testing.T, l net.Listener, ip net.IP) jsonEnd {
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
		return tls.Certificate{PrivateKey: k, Certificate: [][]byte{sign(&x509.Certificate{SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{ip},
			NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, ExtKeyUsage: []x509.ExtKeyUsage{use}, KeyUsage: x509.KeyUsageDigitalSignature}, k)}}
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
	conf := &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{leaf(3, "host", x509.ExtKeyUsageClientAuth)}, MinVersion: tls.VersionTLS13}
	again := conf.Clone()
	again.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	return jsonEnd{conf, again}
}

type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// post sends a body once, on a new connection.
func post(ctx context.Context, dial dialer, addr string, conf *tls.Config, v any) error {
	return posts(ctx, dial, addr, conf, v, 1)
}

// posts sends a body several times on one connection.
func posts(ctx context.Context, dial dialer, addr string, conf *tls.Config, v any, times int) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	z, err := gzip.NewWriterLevel(&body, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(text)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		return err
	}
	var conn net.Conn
	tr := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: conf, DialContext: func(ctx context.Context, network, addr string) (c net.Conn, err error) {
		c, err = dial(ctx, network, addr)
		conn = c
		return c, err
	}}
	defer func() {
		tr.CloseIdleConnections()
		if conn != nil {
			conn.Close()
		}
	}()
	for range times {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+addr+"/api/v1/reports", bytes.NewReader(body.Bytes()))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Content-Encoding", "gzip")
		resp, err := (&http.Client{Transport: tr}).Do(r)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// byJSON posts a body on a new connection over the loopback and gives the bytes at the IP layer, both ways.
func byJSON(t *testing.T, addr string, conf *tls.Config, v any) (sum int) {
	t.Helper()
	if err := post(t.Context(), func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&net.Dialer{Control: ethernet}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &counted{TCPConn: c.(*net.TCPConn), sum: &sum}, nil
	}, addr, conf, v); err != nil {
		t.Fatal(err)
	}
	return sum
}

// bothForms is the report of a clean Debian 12, lean and as JSON with its texts, both without what was seen there.
func bothForms(t *testing.T) (lean *vymirv1.Assessment, whole *assessment.Assessment) {
	t.Helper()
	doc, err := os.ReadFile("../collector/testdata/hosts/debian12-minimal.facts.json")
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policies.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if whole, err = engine.Judge(t.Context(), doc, policies.JudgeOptions{Now: time.Now(), Lang: "en"}); err != nil {
		t.Fatal(err)
	}
	if lean, err = wire.Encode(whole); err != nil {
		t.Fatal(err)
	}
	for _, r := range lean.Results {
		r.Target = nil // what consent keeps at the host; JSON with texts and without evidence is compared
	}
	for i := range whole.Results {
		whole.Results[i].Target = assessment.Target{}
	}
	return lean, whole
}

// nothing is what others say when there is nothing to say.
func nothing(host string) map[string]any {
	return map[string]any{"host": host, "agent": "v1.0.0", "now": time.Now(), "sent_bytes": 1 << 20, "received_bytes": 1 << 20}
}

// reporter makes and sends reports of one host that follow each other.
type reporter struct {
	agent      *simulated
	lean, base *vymirv1.Assessment
}

// next is a check-in with a new assessment in which so many results changed; -1: with none.
func (r *reporter) next(t *testing.T, changes int, full bool) *vymirv1.CheckInRequest {
	t.Helper()
	req := &vymirv1.CheckInRequest{WireVersion: wire.Version, NowMs: time.Now().UnixMilli(), AgentVersion: "v1.0.0", BundleRevision: 1, Meter: &vymirv1.Meter{SentBytesMonth: 1 << 20, ReceivedBytesMonth: 1 << 20}}
	if changes < 0 {
		return req
	}
	a, at := r.agent, time.Now().UnixMilli()
	if a.now != nil {
		at = max(at, a.now.MeasuredMs+1)
	}
	next := &vymirv1.Assessment{BundleName: r.lean.BundleName, BundleRevision: r.lean.BundleRevision, BundleDigest: r.lean.BundleDigest, MeasuredMs: at, JudgedMs: at, DurationMs: 400,
		Baselines: r.lean.Baselines, Host: r.lean.Host, Results: slices.Clone(r.base.Results)}
	for i := range changes {
		k, _ := policies.BuiltIn().ByNumber(next.Results[10*i].Control)
		next.Results[10*i] = result(k, next.Results[10*i].Status != vymirv1.Status_STATUS_FAIL)
	}
	digest, err := wire.Digest(next)
	if err != nil {
		t.Fatal(err)
	}
	it := &vymirv1.Item{Sequence: a.last + 1, CreatedMs: at, Body: &vymirv1.Item_Assessment{Assessment: next}}
	if d, ok := wire.Diff(r.base, next, a.last); ok && !full {
		it.Body = &vymirv1.Item_Delta{Delta: d}
	}
	a.last++
	a.now, a.measured[a.last], r.base = next, truth{digest, at}, next
	req.Items = []*vymirv1.Item{it}
	return req
}

// call makes a check-in on a new connection, and gives what it took by the client's own counters and by which protocol it went.
func (r *reporter) call(ctx context.Context, req *vymirv1.CheckInRequest, resumed bool) (bytes int, used wire.Protocol, err error) {
	o := r.agent.options()
	o.Roots, o.Certificate = r.agent.roots, &r.agent.cert
	if resumed {
		o.Sessions = r.agent.sessions
	}
	c, err := wire.NewClient(o)
	if err != nil {
		return 0, "", err
	}
	answer, err := c.CheckIn(ctx, connect.NewRequest(req))
	if err == nil && (answer.Msg.Acknowledged != r.agent.last || answer.Msg.NeedFullFrom != 0) {
		err = fmt.Errorf("%d of %d is acknowledged, all asked for from %d", answer.Msg.Acknowledged, r.agent.last, answer.Msg.NeedFullFrom)
	}
	used, _ = c.Protocol()
	c.Close()
	u := c.Usage()
	return int(u.SentBytes + u.ReceivedBytes), used, err
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
	lean, whole := bothForms(t)
	address := freeAddress(t)
	n := install(t, address, "")
	n.serve(address)
	a := n.enrolled(1, 1)[0]
	r := &reporter{agent: a, lean: lean, base: lean}
	ours := func(changes int, full, resumed bool) int {
		best := 1 << 30
		for range 3 {
			sum, _, err := r.call(t.Context(), r.next(t, changes, full), resumed)
			if err != nil {
				t.Fatal(err)
			}
			best = min(best, sum)
		}
		return best
	}
	l, err := (&net.ListenConfig{Control: ethernet}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, end := l.Addr().String(), jsonServer(t, l, net.IPv4(127, 0, 0, 1))
	byJSON(t, addr, end.again, nothing(a.id))
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
		{"hourly check-in, nothing new", -1, false, true, nothing(a.id), 690},
	} {
		theirs := end.conf
		if c.resumed {
			theirs = end.again
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
