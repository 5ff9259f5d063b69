package ingest_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/ingest"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// TestLoad has many hosts check in at once, each on a connection of its own, and says how many came through in a second
// and what each left in the database. It runs when VYMIR_LOAD names the number of hosts.
func TestLoad(t *testing.T) {
	hosts, err := strconv.Atoi(os.Getenv("VYMIR_LOAD"))
	if err != nil {
		t.Skip("set VYMIR_LOAD to a number of hosts")
	}
	const nights = 10
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := start(t, st, func(o *ingest.Options) { o.Limits = ingest.Limits{PerHost: 1 << 20, Concurrent: 64} })
		agents := make([]*agent, hosts)
		for i := range agents {
			agents[i] = s.enrol(t, wire.QUIC)
			agents[i].Close()
		}
		t0 := time.Now().AddDate(0, 0, -nights-1)
		var failed atomic.Int64
		night := func(n int) time.Duration {
			begin := time.Now()
			var wg sync.WaitGroup
			slots := make(chan struct{}, 32)
			for i, a := range agents {
				slots <- struct{}{}
				wg.Go(func() {
					defer func() { <-slots }()
					base, next := sample(5, t0.AddDate(0, 0, n-1)), sample(5, t0.AddDate(0, 0, n))
					change := func(m *vymirv1.Assessment, n int) { // two per cent change every night
						for k := range 3 {
							r := m.Results[(i+n*7+k*31)%controlCount]
							r.Status, r.Live, r.Reason = vymirv1.Status_STATUS_FAIL, vymirv1.Status_STATUS_FAIL, 1
						}
					}
					change(base, n-1)
					change(next, n)
					it := full(uint64(n), next)
					if n > 1 {
						it = delta(t, uint64(n), uint64(n-1), base, next)
					}
					c, err := wire.NewClient(wire.ClientOptions{Server: s.Addr(), Protocol: wire.QUIC, HandshakeTimeout: time.Minute, Roots: a.roots, Certificate: &a.cert, Sessions: tls.NewLRUClientSessionCache(1)})
					if err != nil {
						t.Error(err)
						return
					}
					defer c.Close()
					r, err := c.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version, Items: []*vymirv1.Item{it}, NowMs: time.Now().UnixMilli()}))
					if err != nil || r.Msg.Acknowledged != uint64(n) {
						failed.Add(1)
					}
				})
			}
			wg.Wait()
			return time.Since(begin)
		}
		size := func() int64 {
			dir := filepath.Dir(st.Path())
			if st.Path() == "" {
				return 0
			}
			if err := st.Backup(t.Context(), filepath.Join(dir, "size.db")); err != nil {
				t.Fatal(err)
			}
			defer os.Remove(filepath.Join(dir, "size.db"))
			info, err := os.Stat(filepath.Join(dir, "size.db"))
			if err != nil {
				t.Fatal(err)
			}
			return info.Size()
		}
		empty := size()
		first := night(1)
		one := size()
		var rest time.Duration
		for n := 2; n <= nights; n++ {
			rest += night(n)
		}
		all := size()
		t.Logf("%s: first reports %.0f/s, nightly deltas %.0f/s (full handshake each, client and server on one machine); bytes per host: %d at first, %d more a night; %d failed",
			st.Engine(), float64(hosts)/first.Seconds(), float64(hosts*(nights-1))/rest.Seconds(), (one-empty)/int64(hosts), (all-one)/int64(hosts*(nights-1)), failed.Load())
		if failed.Load() > 0 {
			t.Errorf("%d check-ins failed", failed.Load())
		}
	})
}
