package oidctest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/storage"
	"github.com/ory/fosite/token/jwt"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

const (
	clientID = "vymir"
	secret   = "client secret of the test"
	origin   = "https://vymir.example"
)

// idp is an OpenID provider at which whoever comes is signed in as the account of the moment.
type idp struct {
	*httptest.Server
	oauth    fosite.OAuth2Provider
	key      *rsa.PrivateKey
	subject  string
	email    string
	verified bool
	nonce    string // stands for the one that was asked for; "": that one
}

func newIDP(t *testing.T) *idp {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &idp{key: key, subject: "account-1", email: "olena@example.org", verified: true}
	mem := storage.NewMemoryStore()
	conf := &fosite.Config{AccessTokenLifespan: time.Hour, GlobalSecret: []byte("a global secret of thirty-two byt"), IDTokenLifespan: time.Hour,
		EnforcePKCE: true, SendDebugMessagesToClients: true}
	hashed, err := (&fosite.BCrypt{Config: &fosite.Config{HashCost: 4}}).Hash(t.Context(), []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	mem.Clients[clientID] = &fosite.DefaultClient{ID: clientID, Secret: hashed, RedirectURIs: []string{origin + access.CallbackPath},
		ResponseTypes: []string{"code"}, GrantTypes: []string{"authorization_code"}, Scopes: []string{"openid", "email", "profile"}}
	mux := http.NewServeMux()
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	conf.IDTokenIssuer = p.URL
	p.oauth = compose.ComposeAllEnabled(conf, mem, key)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
		json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
			"n": number(key.N), "e": number(big.NewInt(int64(key.E)))}}})
	})
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	return p
}

func (p *idp) session() *openid.DefaultSession {
	return &openid.DefaultSession{Claims: &jwt.IDTokenClaims{Issuer: p.URL, Subject: p.subject, Audience: []string{clientID}, IssuedAt: time.Now(), RequestedAt: time.Now(),
		AuthTime: time.Now(), ExpiresAt: time.Now().Add(time.Hour), Extra: map[string]any{"email": p.email, "email_verified": p.verified}}, Headers: &jwt.Headers{Extra: map[string]any{"kid": "1"}}, Subject: p.subject}
}

func (p *idp) authorize(w http.ResponseWriter, r *http.Request) {
	ar, err := p.oauth.NewAuthorizeRequest(r.Context(), r)
	if err != nil {
		p.oauth.WriteAuthorizeError(r.Context(), w, ar, err)
		return
	}
	for _, s := range ar.GetRequestedScopes() {
		ar.GrantScope(s)
	}
	if p.nonce != "" {
		ar.GetRequestForm().Set("nonce", p.nonce)
	}
	resp, err := p.oauth.NewAuthorizeResponse(r.Context(), ar, p.session())
	if err != nil {
		p.oauth.WriteAuthorizeError(r.Context(), w, ar, err)
		return
	}
	p.oauth.WriteAuthorizeResponse(r.Context(), w, ar, resp)
}

func (p *idp) token(w http.ResponseWriter, r *http.Request) {
	req, err := p.oauth.NewAccessRequest(r.Context(), r, p.session())
	if err != nil {
		p.oauth.WriteAccessError(r.Context(), w, req, err)
		return
	}
	resp, err := p.oauth.NewAccessResponse(r.Context(), req)
	if err != nil {
		p.oauth.WriteAccessError(r.Context(), w, req, err)
		return
	}
	p.oauth.WriteAccessResponse(r.Context(), w, req, resp)
}

// visit is what a browser does at the provider: it follows the address and comes back with the query of the callback.
func visit(t *testing.T, address string) url.Values {
	t.Helper()
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := resp.Location()
	if err != nil || !strings.HasPrefix(back.String(), origin+access.CallbackPath+"?") {
		t.Fatalf("the provider answered %d to %v, %v", resp.StatusCode, back, err)
	}
	return back.Query()
}

type world struct {
	*idp
	*access.Service
	st *store.Store
}

func newWorld(t *testing.T, byEmail bool) *world {
	t.Helper()
	p := newIDP(t)
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if _, err := st.Migrate(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	s, err := access.Open(st, access.Options{Origin: origin, OIDC: &access.OIDC{Issuer: p.URL, ClientID: clientID, ClientSecret: secret,
		Redirect: origin + access.CallbackPath, Name: "Provider", ByEmail: byEmail}})
	if err != nil {
		t.Fatal(err)
	}
	return &world{p, s, st}
}

var here = access.Client{Address: "192.0.2.7", Agent: "test"}

func (w *world) user(t *testing.T, login string) access.Actor {
	t.Helper()
	id, err := w.CreateUser(t.Context(), "cli:test", access.NewUser{Login: login, Grants: []access.Grant{{Role: access.Auditor}}})
	if err != nil {
		t.Fatal(err)
	}
	link, err := w.NewLink(t.Context(), "cli:test", id, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, a, err := w.SignInByLink(t.Context(), link, here)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// round goes to the provider and back.
func (w *world) round(t *testing.T, a access.Actor) (string, access.Actor, error) {
	t.Helper()
	address, state, err := w.BeginOIDC(t.Context(), a, "/hosts", here)
	if err != nil {
		t.Fatal(err)
	}
	key, got, next, err := w.FinishOIDC(t.Context(), a, visit(t, address), state, here)
	if err == nil && next != "/hosts" {
		t.Errorf("next is %q", next)
	}
	return key, got, err
}

func TestTieAndSignIn(t *testing.T) {
	w := newWorld(t, false)
	a := w.user(t, "olena")
	if _, _, err := w.round(t, access.Actor{}); !errors.Is(err, access.ErrUntied) {
		t.Errorf("before it is tied: %v", err)
	}
	if key, _, err := w.round(t, a); err != nil || key != "" {
		t.Fatalf("tie: %q %v", key, err)
	}
	if _, _, err := w.round(t, w.user(t, "ivan")); !errors.Is(err, store.ErrExists) {
		t.Errorf("somebody else ties the same account: %v", err)
	}
	key, got, err := w.round(t, access.Actor{})
	if err != nil || got.UserID != a.UserID {
		t.Fatalf("sign in: %+v %v", got, err)
	}
	if who, err := w.Session(t.Context(), key); err != nil || who.Login != "olena" {
		t.Errorf("session: %+v %v", who, err)
	}
	w.subject = "account-2" // same address, another account
	if _, _, err := w.round(t, access.Actor{}); !errors.Is(err, access.ErrUntied) {
		t.Errorf("another account: %v", err)
	}
	w.subject = "account-1"
	if err := w.DisableUser(t.Context(), "cli:test", a.UserID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.round(t, access.Actor{}); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("disabled: %v", err)
	}
}

func TestByEmail(t *testing.T) {
	w := newWorld(t, true)
	a := w.user(t, "olena@example.org")
	w.verified = false
	if _, _, err := w.round(t, access.Actor{}); !errors.Is(err, access.ErrUntied) {
		t.Errorf("an address nobody verified: %v", err)
	}
	w.verified = true
	if _, got, err := w.round(t, access.Actor{}); err != nil || got.UserID != a.UserID {
		t.Fatalf("first sign-in: %+v %v", got, err)
	}
	w.email = "changed@example.org" // from now on the account counts, not the address
	if _, got, err := w.round(t, access.Actor{}); err != nil || got.UserID != a.UserID {
		t.Errorf("later: %+v %v", got, err)
	}
}

// TestRefused brings back what was not asked for, or not by this browser.
func TestRefused(t *testing.T) {
	w := newWorld(t, false)
	a := w.user(t, "olena")
	if _, _, err := w.round(t, a); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(q url.Values, state string) (url.Values, string){
		"another-browser": func(q url.Values, _ string) (url.Values, string) { return q, "" },
		"made-up-state":   func(q url.Values, _ string) (url.Values, string) { q.Set("state", "vyc_x"); return q, "vyc_x" },
		"made-up-code":    func(q url.Values, s string) (url.Values, string) { q.Set("code", "x.y"); return q, s },
		"provider-error":  func(q url.Values, s string) (url.Values, string) { q.Set("error", "access_denied"); return q, s },
		"nothing":         func(url.Values, string) (url.Values, string) { return url.Values{}, "" },
	} {
		address, state, err := w.BeginOIDC(t.Context(), access.Actor{}, "/", here)
		if err != nil {
			t.Fatal(err)
		}
		q, cookie := f(visit(t, address), state)
		if key, _, _, err := w.FinishOIDC(t.Context(), access.Actor{}, q, cookie, here); !errors.Is(err, access.ErrSignIn) || key != "" {
			t.Errorf("%s: %q %v", name, key, err)
		}
	}
	address, state, err := w.BeginOIDC(t.Context(), access.Actor{}, "/", here)
	if err != nil {
		t.Fatal(err)
	}
	q := visit(t, address)
	if _, _, _, err := w.FinishOIDC(t.Context(), access.Actor{}, q, state, here); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := w.FinishOIDC(t.Context(), access.Actor{}, q, state, here); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("the same answer twice: %v", err)
	}
	w.nonce = "a-nonce-of-another-sign-in"
	if _, _, err := w.round(t, access.Actor{}); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("a token of another sign-in: %v", err)
	}
	w.nonce = ""
	// A provider that is down refuses nobody for good: the next sign-in asks again.
	if _, _, err := w.BeginOIDC(context.WithoutCancel(t.Context()), access.Actor{}, "/", here); err != nil {
		t.Error(err)
	}
}
