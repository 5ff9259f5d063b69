package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/metrics"
	"strings"
	"time"

	"github.com/vymir-project/vymir/server/internal/ingest"
)

// meter answers Prometheus on an address of its own, plain HTTP: it is meant for the machine itself.
type meter struct {
	l    net.Listener
	http *http.Server
}

// listenMetrics opens the listener, or returns nil when the configuration asks for none.
func (s *Server) listenMetrics(stats *ingest.Stats) (*meter, error) {
	if s.Config.Metrics.Listen == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", s.Config.Metrics.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics on %s: %w", s.Config.Metrics.Listen, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprint(w, expose(stats))
	})
	return &meter{l: l, http: &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10}}, nil
}

func (m *meter) serve() error {
	if err := m.http.Serve(m.l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return nil
}

func (m *meter) shutdown(ctx context.Context) error { return m.http.Shutdown(ctx) }

// expose writes the counters in the text format of Prometheus.
func expose(s *ingest.Stats) string {
	var b strings.Builder
	for _, c := range []struct {
		name, help string
		value      uint64
	}{
		{"checkins_total", "Check-ins answered.", s.CheckIns.Load()},
		{"items_stored_total", "Items stored.", s.Stored.Load()},
		{"items_repeated_total", "Items that had come before.", s.Repeated.Load()},
		{"items_refused_total", "Items refused.", s.Refused.Load()},
		{"items_need_full_total", "Deltas whose base was not there.", s.NeedFull.Load()},
		{"calls_limited_total", "Calls turned away by a limit.", s.Limited.Load()},
		{"sessions_resumed_total", "TLS sessions taken up again.", s.Resumed.Load()},
		{"enrolments_total", "Hosts that got a certificate.", s.Enrolled.Load()},
		{"received_bytes_total", "Bytes of agents' requests as they travelled.", s.Bytes.Load()},
	} {
		fmt.Fprintf(&b, "# HELP vymir_%s %s\n# TYPE vymir_%s counter\nvymir_%s %d\n", c.name, c.help, c.name, c.name, c.value)
	}
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/sched/goroutines:goroutines"}}
	metrics.Read(samples)
	for i, name := range []string{"memory_bytes", "goroutines"} {
		fmt.Fprintf(&b, "# TYPE vymir_%s gauge\nvymir_%s %d\n", name, name, samples[i].Value.Uint64())
	}
	return b.String()
}
