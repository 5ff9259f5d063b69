package server

import (
	"bytes"
	"crypto/tls"
	"encoding/base32"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/web/webtest"
)

// lines is a log that may be written by many.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

// TestSecretsStayOut makes one of every secret the server knows, uses it rightly and wrongly, by pages and API, with the
// log at its loudest, and then looks for all of them in the log and in the bytes of the database: none may be there.
func TestSecretsStayOut(t *testing.T) {
	eachEngine(t, func(t *testing.T, c Config) {
		var log lines
		c.Webhooks.Private = true
		s, err := Open(t.Context(), c, slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		w, err := webtest.Fill(t.Context(), s.Store, s.Access, s.now())
		if err != nil {
			t.Fatal(err)
		}
		r := serve(t, s)
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		defer client.CloseIdleConnections()
		secrets := map[string]string{}
		call := func(method, path, bearer string, body any) map[string]any {
			t.Helper()
			b, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			req, err := http.NewRequestWithContext(t.Context(), method, "https://"+r.Web+path, bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			if bearer != "" {
				req.Header.Set("Idempotency-Key", "canary-idempotency-"+store.NewID("k"))
				req.Header.Set("Authorization", "Bearer "+bearer)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			answer, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			out := map[string]any{"status": resp.StatusCode}
			json.Unmarshal(answer, &out) //nolint:errcheck // pages are no JSON
			return out
		}
		text := func(v any) string { s, _ := v.(string); return s }
		link, err := s.Access.NewLink(t.Context(), "cli:test", w.Users["admin-a"], 0)
		if err != nil {
			t.Fatal(err)
		}
		secrets["sign-in link"] = link
		secrets["password"] = "canary harbour 7 lanterns"
		if err := s.Access.SetPassword(t.Context(), "cli:test", w.Users["admin-a"], secrets["password"]); err != nil {
			t.Fatal(err)
		}
		session, a, err := s.Access.SignInByLink(t.Context(), link, access.Client{Address: "192.0.2.1"})
		if err != nil {
			t.Fatal(err)
		}
		secrets["session"] = session
		second := call("POST", "/api/v1/sessions", "", map[string]any{"login": "admin-a", "password": secrets["password"]})
		secrets["second session"] = text(second["secret"])
		if secrets["second session"] == "" {
			secrets["second session"] = text(second["token"])
		}
		secrets["wrong password"] = "canary of a wrong password"
		call("POST", "/api/v1/sessions", "", map[string]any{"login": "admin-a", "password": secrets["wrong password"]})
		secrets["wrong bearer"] = "vyt_canaryofawrongbearer"
		call("GET", "/api/v1/findings", secrets["wrong bearer"], nil)
		secrets["API token"] = text(call("POST", "/api/v1/tokens", session, map[string]any{"name": "x", "scopes": []string{"gaps:read"}, "days": 7})["secret"])
		call("GET", "/api/v1/gaps", secrets["API token"], nil)
		code, err := s.Access.BeginTOTP(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		secrets["seed of one-time codes"] = code.Secret
		digits, err := totp.GenerateCode(code.Secret, s.now())
		if err != nil {
			t.Fatal(err)
		}
		recovery, err := s.Access.ConfirmTOTP(t.Context(), a, digits)
		if err != nil {
			t.Fatal(err)
		}
		secrets["recovery code"] = recovery[0]
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
		defer receiver.Close()
		hook := call("POST", "/api/v1/recipients/r-a/webhooks", session, map[string]any{"url": receiver.URL + "/?key=canary-of-the-receiver"})
		secrets["webhook secret"] = text(hook["secret"])
		if err := s.Store.Tx(t.Context(), func(tx *store.Tx) error {
			h, err := tx.Hosts("r-a", "", 1)
			if err != nil {
				return err
			}
			return tx.Observe(store.Change{Host: h[0], Measured: s.now(), Received: s.now(), Results: []assessment.Result{{Control: "ssh.canary", Family: "ssh", Severity: assessment.High, Status: assessment.Fail}}})
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.deliver(t.Context(), "another process"); err != nil { // refused by the receiver, and told in the log
			t.Fatal(err)
		}
		token, _, err := s.Enroller.CreateToken(t.Context(), enrol.NewToken{Recipient: "r-a", Server: "vymir.example:7443", Uses: 1, TTL: time.Hour, By: "cli:test"})
		if err != nil {
			t.Fatal(err)
		}
		secrets["enrolment token"] = token
		for _, path := range []string{"/sign-in/link?token=" + url.QueryEscape(link), "/findings?q=canary-of-the-query", "/sign-in/oidc?code=canary-of-the-code"} {
			call("GET", path, "", nil)
		}
		to := filepath.Join(t.TempDir(), "copy.db")
		if err := s.Store.Backup(t.Context(), to); err != nil {
			t.Fatal(err)
		}
		base, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		log.mu.Lock()
		said := log.b.String()
		log.mu.Unlock()
		if !strings.Contains(said, "serving") {
			t.Fatalf("the log says %q", said)
		}
		for name, secret := range secrets {
			if len(secret) < 8 {
				t.Errorf("the %s was not made: %q", name, secret)
				continue
			}
			for _, form := range forms(secret) {
				if bytes.Contains(base, []byte(form)) {
					t.Errorf("the %s is in the database", name)
				}
				if strings.Contains(said, form) {
					t.Errorf("the %s is in the log", name)
				}
			}
		}
		if strings.Contains(said, "canary") {
			t.Errorf("the log holds what came with a request: %s", said)
		}
	})
}

// forms are the ways a secret could be written down: as it is, without what names its kind, and as its bytes.
func forms(secret string) []string {
	out := []string{secret}
	for _, prefix := range []string{"vys_", "vyt_", "vyl_", "whsec_"} {
		if rest, ok := strings.CutPrefix(secret, prefix); ok {
			out = append(out, rest)
		}
	}
	if b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(secret)); err == nil && len(b) > 7 {
		out = append(out, string(b))
	}
	return out
}

// TestPasswordsOfDatabases keeps the password of a DSN out of errors and of what is printed.
func TestPasswordsOfDatabases(t *testing.T) {
	for _, dsn := range []string{"postgres://vymir:canary@127.0.0.1:1/vymir?connect_timeout=1", "postgres://vymir:canary@127.0.0.1:port/vymir", "postgres://vymir:canary@127.0.0.1:1/vymir?sslmode=odd",
		"postgresql://vymir:can%61ry@127.0.0.1:1/vymir?connect_timeout=1&password=canary"} {
		_, err := store.Open(t.Context(), dsn)
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", dsn, err)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), "canary") {
				t.Errorf("%s: wrapped: %v", dsn, e)
			}
		}
		c := Config{State: t.TempDir(), Database: dsn}
		var b bytes.Buffer
		if err := c.Write(&b); err != nil || strings.Contains(b.String(), "canary") || strings.Contains(b.String(), "can%61ry") {
			t.Errorf("printed: %v %s", err, b.String())
		}
	}
}
