package hook

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/seal"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{"8.8.8.8": true, "2a00:1450::1": true, "10.0.0.1": false, "127.0.0.1": false, "169.254.169.254": false, "192.168.1.1": false,
		"172.16.0.1": false, "100.64.0.1": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false, "::1": false, "::": false, "fe80::1": false, "fd00::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "198.18.0.1": false, "ff02::1": false} {
		if got := Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for text, want := range map[string]error{"https://hooks.example/x?y=z": nil, "http://hooks.example": ErrURL, "https://": ErrURL, "ftp://x": ErrURL, "https://u:p@x": ErrURL,
		"https://x/#f": ErrURL, "": ErrURL, "https://127.0.0.1/": ErrPrivate, "https://[::1]:9/": ErrPrivate, "https://" + strings.Repeat("x", 3000): ErrURL} {
		if err := CheckURL(text, false); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
	if err := CheckURL("http://127.0.0.1:8080/", true); err != nil {
		t.Error(err)
	}
}

// TestClientRefusesPrivate resolves a name that leads home: the check is on the address, not on the name.
func TestClientRefusesPrivate(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") }))
	defer s.Close()
	for _, u := range []string{s.URL, strings.Replace(s.URL, "127.0.0.1", "localhost", 1)} {
		if resp, err := Client(false).Get(u); !errors.Is(err, ErrPrivate) {
			if err == nil {
				resp.Body.Close()
			}
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestDeliver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		now, answer := storetest.Now, http.StatusNoContent
		var got []*http.Request
		var bodies []string
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			got, bodies = append(got, r), append(bodies, string(b))
			if answer == http.StatusFound {
				w.Header().Set("Location", "/elsewhere")
			}
			w.WriteHeader(answer)
		}))
		defer receiver.Close()
		key, err := seal.New(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		secret := NewSecret()
		host := store.Host{ID: "h-1", RecipientID: "r-1", SiteID: "s-1", SPKI: []byte{1}}
		if err := st.Tx(t.Context(), func(tx *store.Tx) error {
			return errors.Join(tx.PutRecipient(store.Recipient{ID: "r-1"}), tx.PutSite(store.Site{ID: "s-1", RecipientID: "r-1"}), tx.AddHost(host),
				tx.AddWebhook(store.Webhook{ID: "w-1", RecipientID: "r-1", URL: receiver.URL, Secret: key.Seal(Purpose("w-1"), []byte(secret)), Created: now}))
		}); err != nil {
			t.Fatal(err)
		}
		observe := func(s assessment.Status) {
			t.Helper()
			if err := st.Tx(t.Context(), func(tx *store.Tx) error {
				return tx.Observe(store.Change{Host: host, Measured: now, Received: now, Results: []assessment.Result{{Control: "ssh.a", Family: "ssh", Severity: assessment.High, Status: s}}})
			}); err != nil {
				t.Fatal(err)
			}
		}
		s := &Sender{Store: st, Seal: key, Client: Client(true), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return now }}
		deliver := func(want int) {
			t.Helper()
			if n, err := s.Deliver(t.Context(), 10); err != nil || n != want {
				t.Errorf("delivered %d, %v; want %d", n, err, want)
			}
		}
		observe(assessment.Fail)
		deliver(1)
		deliver(0)
		if len(got) != 1 || !strings.Contains(bodies[0], `"type":"finding.opened"`) || strings.Contains(bodies[0], "ssh") || strings.Contains(bodies[0], "h-1") {
			t.Fatalf("sent %q", bodies)
		}
		id, stamp := got[0].Header.Get("Webhook-Id"), got[0].Header.Get("Webhook-Timestamp")
		if want := "v1," + Sign(secret, id, stamp, []byte(bodies[0])); got[0].Header.Get("Webhook-Signature") != want {
			t.Errorf("signature %q, want %q", got[0].Header.Get("Webhook-Signature"), want)
		}
		// A receiver that fails gets the same message again, later each time.
		now = now.Add(time.Hour)
		observe(assessment.Pass)
		answer = http.StatusFound
		deliver(0)
		deliver(0)
		if len(got) != 2 {
			t.Errorf("called %d times at once, or followed a redirect", len(got)-1)
		}
		answer, now = http.StatusOK, now.Add(waits[0])
		deliver(1)
		if got[1].Header.Get("Webhook-Id") != got[2].Header.Get("Webhook-Id") {
			t.Error("the repetition has another id")
		}
		// One that never answers is given up.
		answer, now = http.StatusInternalServerError, now.Add(time.Hour)
		observe(assessment.Fail)
		for range len(waits) + 1 {
			deliver(0)
			now = now.Add(24 * time.Hour)
		}
		if err := st.View(t.Context(), func(tx *store.Tx) error {
			w, err := tx.Webhook("w-1")
			if w.Disabled.IsZero() {
				t.Error("not disabled")
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		calls := len(got)
		observe(assessment.Pass)
		deliver(0)
		if len(got) != calls {
			t.Error("a disabled webhook is called")
		}
	})
}

// TestHangingReceiver has one receiver that never answers, and one that does: the second gets its messages meanwhile.
func TestHangingReceiver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		hangs, got := make(chan struct{}), make(chan string, 10)
		hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-hangs:
			case <-r.Context().Done():
			}
		}))
		defer hanging.Close()
		defer close(hangs)
		good := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("Webhook-Id") }))
		defer good.Close()
		key, err := seal.New(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		hook := func(id, url string) store.Webhook {
			return store.Webhook{ID: id, RecipientID: "r-1", URL: url, Secret: key.Seal(Purpose(id), []byte(NewSecret())), Created: storetest.Now}
		}
		host := store.Host{ID: "h-1", RecipientID: "r-1", SiteID: "s-1", SPKI: []byte{1}}
		var results []assessment.Result
		for _, c := range []string{"ssh.a", "ssh.b", "ssh.c"} {
			results = append(results, assessment.Result{Control: c, Family: "ssh", Severity: assessment.High, Status: assessment.Fail})
		}
		if err := st.Tx(t.Context(), func(tx *store.Tx) error {
			return errors.Join(tx.PutRecipient(store.Recipient{ID: "r-1"}), tx.PutSite(store.Site{ID: "s-1", RecipientID: "r-1"}), tx.AddHost(host),
				tx.AddWebhook(hook("w-1", hanging.URL+"/?token=canary-of-the-address")), tx.AddWebhook(hook("w-2", good.URL)),
				tx.Observe(store.Change{Host: host, Measured: storetest.Now, Received: storetest.Now, Results: results}))
		}); err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		s := &Sender{Store: st, Seal: key, Client: Client(true), Log: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return storetest.Now }}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { _, err := s.Deliver(ctx, 10); done <- err }()
		seen := map[string]bool{}
		for range results {
			seen[<-got] = true // while the other hangs
		}
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) || len(seen) != len(results) {
			t.Errorf("%v, %d messages", err, len(seen))
		}
		if strings.Contains(log.String(), "canary") {
			t.Errorf("the log holds the receiver's address: %s", log.String())
		}
	})
}
