package ingest_test

import (
	"os"
	"testing"
	"time"

	"connectrpc.com/connect"

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
	for name, open := range engines {
		for _, mode := range []string{"full", "open"} {
			b.Run(name+"/"+mode, func(b *testing.B) { benchCheckIn(b, open(b), mode) })
		}
	}
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
	b.ReportAllocs()
	for b.Loop() {
		base, next := states[(sequence+1)%2], states[sequence%2]
		sequence++
		c := a.Client
		if mode == "full" {
			c = s.client(b, wire.ClientOptions{Protocol: wire.QUIC, Roots: a.roots, Certificate: &a.cert})
		}
		r, err := c.CheckIn(b.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version, Items: []*vymirv1.Item{delta(b, sequence, sequence-1, base, next)}}))
		if err != nil || r.Msg.Acknowledged != sequence {
			b.Fatal(err, r)
		}
		if mode == "full" {
			c.Close()
		}
	}
	b.ReportMetric(float64(s.Stats.Bytes.Load()-stored)/float64(sequence-1), "body-bytes/op")
}
