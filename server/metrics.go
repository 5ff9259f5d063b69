package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vymir-project/vymir/server/internal/api"
	"github.com/vymir-project/vymir/server/internal/ingest"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/tally"
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
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprint(w, expose(stats))
		s.web.write(w)
		exposeStore(w, s.Store.Stats(r.Context(), s.now()), s.now())
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
		{"calls_limited_total", "Calls and connections turned away by a limit.", s.Limited.Load()},
		{"retries_total", "QUIC Retry packets: callers had to prove their address first.", s.Retried.Load()},
		{"sessions_resumed_total", "TLS sessions taken up again.", s.Resumed.Load()},
		{"enrolments_total", "Hosts that got a certificate.", s.Enrolled.Load()},
		{"received_bytes_total", "Bytes of agents' requests as they travelled.", s.Bytes.Load()},
	} {
		fmt.Fprintf(&b, "# HELP vymir_%s %s\n# TYPE vymir_%s counter\nvymir_%s %d\n", c.name, c.help, c.name, c.name, c.value)
	}
	for _, c := range []struct {
		name, help string
		value      int64
	}{
		{"connections_arriving", "Connections whose handshake is not over.", s.Arriving.Load()},
		{"connections_open", "Connections of hosts past their handshake.", s.Open.Load()},
		{"calls_under_way", "Calls from their headers to their answers.", s.Calls.Load()},
		{"bodies_bytes", "Memory that bodies of calls hold.", s.Bodies.Load()},
	} {
		fmt.Fprintf(&b, "# HELP vymir_%s %s\n# TYPE vymir_%s gauge\nvymir_%s %d\n", c.name, c.help, c.name, c.name, c.value)
	}
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/sched/goroutines:goroutines"}}
	metrics.Read(samples)
	for i, name := range []string{"memory_bytes", "goroutines"} {
		fmt.Fprintf(&b, "# TYPE vymir_%s gauge\nvymir_%s %d\n", name, name, samples[i].Value.Uint64())
	}
	return b.String()
}

// surfaces are what people and programs ask for, told apart by path.
var surfaces = [...]string{"pages", "assets", "api", "health"}

func surfaceOf(path string) int {
	switch {
	case strings.HasPrefix(path, api.Prefix+"/"):
		return 2
	case strings.HasPrefix(path, "/assets/"):
		return 1
	case path == "/healthz":
		return 3
	}
	return 0
}

// webCounts counts requests by surface and class of status, and how long they took.
type webCounts struct {
	classes [len(surfaces)][6]atomic.Uint64
	took    [len(surfaces)]tally.Histogram
}

// wrap counts what h answers.
func (c *webCounts) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin, rec, on := time.Now(), &statusWriter{ResponseWriter: w}, surfaceOf(r.URL.Path)
		defer func() {
			class := rec.status / 100
			if class < 1 || class > 5 {
				class = 2 // an answer without a word about its status
			}
			c.classes[on][class].Add(1)
			c.took[on].Add(time.Since(begin))
		}()
		h.ServeHTTP(rec, r)
	})
}

// statusWriter remembers the status that was answered.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets net/http find what the writer can do.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (c *webCounts) write(w io.Writer) {
	fmt.Fprint(w, "# HELP vymir_web_requests_total Requests answered, by what was asked for and class of status.\n# TYPE vymir_web_requests_total counter\n")
	for on, name := range surfaces {
		for class := 1; class < 6; class++ {
			if n := c.classes[on][class].Load(); n > 0 || class == 2 || class == 5 {
				fmt.Fprintf(w, "vymir_web_requests_total{surface=%q,code=\"%dxx\"} %d\n", name, class, n)
			}
		}
	}
	fmt.Fprint(w, "# HELP vymir_web_request_seconds How long requests took.\n# TYPE vymir_web_request_seconds histogram\n")
	for on, name := range surfaces {
		c.took[on].Write(w, "vymir_web_request_seconds", fmt.Sprintf("surface=%q", name))
	}
}

// exposeStore writes how the store does.
func exposeStore(w io.Writer, v store.Stats, now time.Time) {
	fmt.Fprint(w, "# HELP vymir_store_transaction_seconds How long transactions took, waiting for a connection included.\n# TYPE vymir_store_transaction_seconds histogram\n")
	v.Reads.Write(w, "vymir_store_transaction_seconds", `kind="read"`)
	v.Writes.Write(w, "vymir_store_transaction_seconds", `kind="write"`)
	late := time.Duration(0)
	if !v.Due.IsZero() {
		late = now.Sub(v.Due)
	}
	for _, g := range []struct {
		name, kind, help string
		value            float64
	}{
		{"store_failed_total", "counter", "Transactions that were undone by an error.", float64(v.Failed)},
		{"store_connections_open", "gauge", "Connections to the database.", float64(v.Open)},
		{"store_connections_in_use", "gauge", "Connections in use.", float64(v.InUse)},
		{"store_waits_total", "counter", "How often a connection was waited for.", float64(v.Waits)},
		{"store_waited_seconds_total", "counter", "How long connections were waited for.", v.Waited.Seconds()},
		{"store_bytes", "gauge", "Size of the database; 0: not known.", float64(v.Bytes)},
		{"webhook_queue_messages", "gauge", "Messages that wait for webhooks.", float64(v.Queued)},
		{"webhook_queue_late_seconds", "gauge", "How long the oldest of them is due.", late.Seconds()},
	} {
		fmt.Fprintf(w, "# HELP vymir_%s %s\n# TYPE vymir_%s %s\nvymir_%s %g\n", g.name, g.help, g.name, g.kind, g.name, g.value)
	}
}
