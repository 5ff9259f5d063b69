package ingest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/quic-go/quic-go"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/ingest"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// BenchmarkCheckIn delivers one delta of two changed results per check-in, from dial to commit. "full" makes a new
// connection with a full handshake every time, as agents do; "open" stays connected, which shows the store's part.
// Client and server share the machine, so their CPU time adds up.
func BenchmarkCheckIn(b *testing.B) {
	engines := map[string]func(*testing.B) *store.Store{"sqlite": func(b *testing.B) *store.Store { return storetest.New(b) }}
	if dsn := os.Getenv("VYMIR_TEST_POSTGRES"); dsn != "" {
		engines["postgres"] = func(b *testing.B) *store.Store {
			st, err := store.Open(b.Context(), storetest.Schema(b, dsn))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { st.Close() })
			if _, err := st.Migrate(b.Context(), storetest.Now); err != nil {
				b.Fatal(err)
			}
			return st
		}
	}
	// Bare first and last: what else the machine does changes meanwhile.
	b.Run("bare/full", func(b *testing.B) { benchBare(b, false) })
	b.Run("bare/resumed", func(b *testing.B) { benchBare(b, true) })
	for name, open := range engines {
		for _, mode := range []string{"full", "resumed", "open"} {
			b.Run(name+"/"+mode, func(b *testing.B) { benchCheckIn(b, open(b), mode) })
		}
	}
	b.Run("bare/full/again", func(b *testing.B) { benchBare(b, false) })
	b.Run("bare/resumed/again", func(b *testing.B) { benchBare(b, true) })
}

// benchBare is quic-go alone with the same certificates: dial, handshake, one stream each way, close. Resumed, it uses Go's own tickets.
func benchBare(b *testing.B, resumed bool) {
	s := start(b, storetest.New(b), nil)
	a := s.enrol(b, wire.QUIC)
	pool := x509.NewCertPool()
	for _, r := range a.roots {
		pool.AddCert(r)
	}
	leaf, err := s.ca.Server(time.Now(), "127.0.0.1")
	if err != nil {
		b.Fatal(err)
	}
	l, err := quic.ListenAddr("127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{*leaf}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: s.ca.Clients(), NextProtos: []string{"x"}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept(context.Background())
			if err != nil {
				return
			}
			go func() {
				st, err := c.AcceptStream(context.Background())
				if err != nil {
					return
				}
				io.Copy(io.Discard, st)
				st.Write(make([]byte, 12))
				st.Close()
			}()
		}
	}()
	conf := &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", Certificates: []tls.Certificate{a.cert}, NextProtos: []string{"x"}}
	if resumed {
		conf.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	}
	from := cpu()
	n := 0
	for b.Loop() {
		n++
		c, err := quic.DialAddr(b.Context(), l.Addr().String(), conf, nil)
		if err != nil {
			b.Fatal(err)
		}
		st, err := c.OpenStreamSync(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		st.Write(make([]byte, 150))
		st.Close()
		if _, err := io.ReadAll(st); err != nil {
			b.Fatal(err)
		}
		if n > 1 && c.ConnectionState().TLS.DidResume != resumed {
			b.Fatal("the session was resumed, or was not")
		}
		c.CloseWithError(0, "")
	}
	b.ReportMetric(float64((cpu()-from).Microseconds())/float64(n), "cpu-us/op")
}

// cpu is the CPU time this process used so far, client and server together.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchCheckIn(b *testing.B, st *store.Store, mode string) {
	s := start(b, st, func(o *ingest.Options) { o.Limits.PerHost = 1 << 30 })
	a := s.enrol(b, wire.QUIC)
	t0 := time.Now().Add(-time.Hour)
	states := []*vymirv1.Assessment{sample(5, t0), sample(5, t0)}
	for _, n := range []int{3, 70} {
		r := states[1].Results[n]
		r.Status, r.Live, r.Reason = vymirv1.Status_STATUS_FAIL, vymirv1.Status_STATUS_FAIL, 1
	}
	a.send(b, full(1, states[0]))
	stored := s.Stats.Bytes.Load()
	sequence := uint64(1)
	var sessions tls.ClientSessionCache
	if mode == "resumed" {
		sessions = tls.NewLRUClientSessionCache(4)
	}
	from := cpu()
	for b.Loop() {
		base, next := states[(sequence+1)%2], states[sequence%2]
		sequence++
		c := a.Client
		if mode != "open" {
			var err error
			c, err = wire.NewClient(wire.ClientOptions{Server: s.Addr(), Protocol: wire.QUIC, Roots: a.roots, Certificate: &a.cert, Sessions: sessions})
			if err != nil {
				b.Fatal(err)
			}
		}
		r, err := c.CheckIn(b.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version, Items: []*vymirv1.Item{delta(b, sequence, sequence-1, base, next)}}))
		if err != nil || r.Msg.Acknowledged != sequence {
			b.Fatal(err, r)
		}
		if mode != "open" {
			c.Close()
		}
	}
	b.ReportMetric(float64((cpu()-from).Microseconds())/float64(sequence-1), "cpu-us/op")
	b.ReportMetric(float64(s.Stats.Bytes.Load()-stored)/float64(sequence-1), "body-bytes/op")
}
