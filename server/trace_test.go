package server

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestTraces sends a request through and reads what a collector gets: the kind of page, no id and nobody's address.
func TestTraces(t *testing.T) {
	var got bytes.Buffer
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			body = z
		}
		if _, err := io.Copy(&got, body); err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	tr, err := startTracing(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	h := tr.wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/hosts/h-very-secret?after=h-other-secret", nil)
	r.RemoteAddr = "198.51.100.77:1234"
	r.Header.Set("User-Agent", "browser-of-olena")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusTeapot {
		t.Errorf("status %d", w.Code)
	}
	if err := tr.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := got.String(); !strings.Contains(text, "GET /hosts") || !strings.Contains(text, "vymir-server") {
		t.Errorf("got %d bytes: %q", got.Len(), text)
	}
	for _, secret := range []string{"h-very-secret", "h-other-secret", "198.51.100.77", "browser-of-olena"} {
		if strings.Contains(got.String(), secret) {
			t.Errorf("the trace holds %q", secret)
		}
	}
}

func TestNoTracesUnasked(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	tr, err := startTracing(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	h := http.NotFoundHandler()
	if got := tr.wrap(h); got == nil {
		t.Error("no handler")
	}
	if err := tr.stop(t.Context()); err != nil {
		t.Error(err)
	}
}
