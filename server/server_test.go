package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// local is a configuration on free ports of this machine.
func local(t testing.TB) Config {
	t.Helper()
	c := Config{State: t.TempDir(), Agents: Agents{Listen: "127.0.0.1:0"}, Web: Web{Listen: "127.0.0.1:0"}}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c
}

// serve runs a server until the test ends and returns what it listens on.
func serve(t testing.TB, s *Server) Running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ready, done := make(chan Running, 1), make(chan error, 1)
	go func() { done <- s.Serve(ctx, func(r Running) { ready <- r }) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	select {
	case r := <-ready:
		return r
	case err := <-done:
		done <- nil
		t.Fatal(err)
	case <-time.After(time.Minute):
		t.Fatal("the server is not ready after a minute")
	}
	return Running{}
}

func TestServeAndDrain(t *testing.T) {
	s, err := Open(t.Context(), local(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := serve(t, s)
	roots := x509.NewCertPool()
	for _, der := range s.CA.Roots() {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		roots.AddCert(c)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("https://" + r.Web + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || string(b) != "ok\n" {
		t.Errorf("health: %d %q", resp.StatusCode, b)
	}
}

// TestSecondProcess opens the same state twice, as a command line beside a running server does.
func TestSecondProcess(t *testing.T) {
	c := local(t)
	first, err := Open(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := Open(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if first.CA.Pin() != second.CA.Pin() {
		t.Error("the two made a CA each")
	}
}

func TestMetrics(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := local(t)
	c.Metrics.Listen = l.Addr().String()
	l.Close()
	s, err := Open(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := serve(t, s)
	ask := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer ask.CloseIdleConnections()
	for _, path := range []string{"/sign-in", "/api/v1/findings", "/healthz", "/assets/none", "/h-canary-of-the-path"} {
		resp, err := ask.Get("https://" + r.Web + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	resp, err := http.Get("http://" + c.Metrics.Listen + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || strings.Contains(string(b), "canary") {
		t.Fatalf("%v: %s", err, b)
	}
	for _, want := range []string{"vymir_checkins_total 0", "vymir_goroutines ", `vymir_web_requests_total{surface="pages",code="2xx"} 1`, `vymir_web_requests_total{surface="pages",code="4xx"} 1`,
		`vymir_web_requests_total{surface="api",code="4xx"} 1`, `vymir_web_requests_total{surface="health",code="2xx"} 1`, `vymir_web_requests_total{surface="assets",code="4xx"} 1`,
		`vymir_web_request_seconds_count{surface="api"} 1`, `vymir_store_transaction_seconds_count{kind="write"} `, "vymir_store_failed_total 0", "vymir_store_connections_open ",
		"vymir_store_bytes ", "vymir_webhook_queue_messages 0", "vymir_webhook_queue_late_seconds 0"} {
		if !strings.Contains(string(b), "\n"+want) {
			t.Errorf("no line %s in\n%s", want, b)
		}
	}
}
