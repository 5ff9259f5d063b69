package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/vymir-project/vymir/server/internal/store"
)

// OIDC is an OpenID Connect provider that people may sign in by. The provider's own second factors stand for ours.
type OIDC struct {
	Issuer       string // https:// address; discovery is read from it
	ClientID     string
	ClientSecret string // "": a public client, PKCE alone
	Redirect     string // address of [CallbackPath] as the provider knows it
	Name         string // what the button says
	// ByEmail ties an account on its first sign-in to the user whose login is the account's verified e-mail address.
	// It trusts the provider to verify addresses; without it, people tie accounts themselves, once signed in.
	ByEmail bool
	HTTP    *http.Client // nil: one with a timeout
}

// CallbackPath is where the provider sends people back to.
const CallbackPath = "/sign-in/oidc/callback"

const (
	kindOIDC = "oidc"
	oidcLife = 10 * time.Minute // of a sign-in at the provider
)

// ErrUntied means that the provider vouches for a person whom this server does not know.
var ErrUntied = errors.New("no account here is tied to that account of the provider")

// provider is an OpenID provider, discovered when first asked for: one that is down must not keep the server from starting.
type provider struct {
	conf OIDC

	mu       sync.Mutex
	found    *oidc.Provider
	verifier *oidc.IDTokenVerifier
}

// ProviderName is what the button of the OpenID provider says; "" when there is none.
func (s *Service) ProviderName() string {
	if s.oidc == nil {
		return ""
	}
	return s.oidc.conf.Name
}

func (p *provider) client() *http.Client {
	if p.conf.HTTP != nil {
		return p.conf.HTTP
	}
	return &http.Client{Timeout: 10 * time.Second}
}

func (p *provider) discover(ctx context.Context, now func() time.Time) (*oauth2.Config, *oidc.IDTokenVerifier, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		// The keys are fetched later with this context: it must outlive the request, and not go without a timeout.
		long := oidc.ClientContext(context.WithoutCancel(ctx), p.client())
		found, err := oidc.NewProvider(long, p.conf.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("discover openid provider: %w", err)
		}
		p.found = found
		p.verifier = found.VerifierContext(long, &oidc.Config{ClientID: p.conf.ClientID, Now: now})
	}
	return &oauth2.Config{ClientID: p.conf.ClientID, ClientSecret: p.conf.ClientSecret, RedirectURL: p.conf.Redirect,
		Endpoint: p.found.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}, p.verifier, nil
}

type oidcState struct {
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Next     string `json:"next"`
}

// BeginOIDC starts a sign-in at the provider, or, for a signed-in actor, ties an account there to theirs. Address is where
// to send the browser, state what it must keep in a cookie until it comes back. Next is the page to show then.
func (s *Service) BeginOIDC(ctx context.Context, a Actor, next string, c Client) (address, state string, err error) {
	if s.oidc == nil {
		return "", "", ErrUnavailable
	}
	if a.UserID != "" {
		if err := s.fresh(a); err != nil {
			return "", "", err
		}
	}
	if err := s.count(ctx, passkeyAllowance(c)); err != nil {
		return "", "", err
	}
	conf, _, err := s.oidc.discover(ctx, s.now)
	if err != nil {
		return "", "", err
	}
	v := oidcState{Nonce: newID() + newID(), Verifier: oauth2.GenerateVerifier(), Next: next}
	err = s.st.Tx(ctx, func(tx *store.Tx) (err error) { state, err = s.begin(tx, kindOIDC, a.UserID, v, oidcLife); return err })
	if err != nil {
		return "", "", err
	}
	return conf.AuthCodeURL(state, oidc.Nonce(v.Nonce), oauth2.S256ChallengeOption(v.Verifier)), state, nil
}

// FinishOIDC takes what the provider sent the browser back with. Cookie is the state that the browser kept: another
// person's address does nothing in this browser. It opens a session, or ties the account to the actor that began and
// returns no secret. A refusal is [ErrSignIn] or [ErrUntied]; store.ErrExists when the account is tied already.
func (s *Service) FinishOIDC(ctx context.Context, a Actor, query url.Values, cookie string, c Client) (secret string, got Actor, next string, err error) {
	if s.oidc == nil {
		return "", got, "", ErrUnavailable
	}
	if state := query.Get("state"); state == "" || !sameHash(state, cookie) {
		return "", got, "", ErrSignIn
	}
	var v oidcState
	var cer store.Ceremony
	err = s.st.Tx(ctx, func(tx *store.Tx) (err error) { cer, err = s.finish(tx, kindOIDC, query.Get("state"), &v); return err })
	if err != nil {
		return "", got, "", err
	}
	if cer.UserID != a.UserID || query.Get("error") != "" {
		return "", got, v.Next, ErrSignIn
	}
	who, err := s.vouched(ctx, query.Get("code"), v)
	if err != nil {
		return "", got, v.Next, err
	}
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		if a.UserID != "" {
			if err := tx.AddIdentity(store.Identity{Issuer: who.Issuer, Subject: who.Subject, UserID: a.UserID, Created: s.now()}); err != nil {
				return fmt.Errorf("tie account: %w", err)
			}
			return s.audit(tx, "user:"+a.UserID, "user.tie", "user:"+a.UserID)
		}
		u, err := s.tied(tx, who)
		if err != nil {
			return err
		}
		if !u.Disabled.IsZero() {
			return ErrSignIn
		}
		secret, got, err = s.open(tx, u, c, "oidc")
		return err
	})
	return secret, got, v.Next, err
}

// account is what the provider says of who signed in.
type account struct {
	Issuer, Subject, Email string // Email only when verified
}

// vouched exchanges the code and checks the token: signature, issuer, audience, time and nonce.
func (s *Service) vouched(ctx context.Context, code string, v oidcState) (account, error) {
	conf, verifier, err := s.oidc.discover(ctx, s.now)
	if err != nil {
		return account{}, err
	}
	ctx = oidc.ClientContext(ctx, s.oidc.client())
	token, err := conf.Exchange(ctx, code, oauth2.VerifierOption(v.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500 {
			return account{}, ErrSignIn
		}
		return account{}, fmt.Errorf("ask openid provider: %w", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return account{}, ErrSignIn
	}
	id, err := verifier.Verify(ctx, raw)
	if err != nil || !sameHash(id.Nonce, v.Nonce) || id.Subject == "" || len(id.Subject) > 255 {
		return account{}, ErrSignIn
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		Party    string `json:"azp"`
	}
	if err := id.Claims(&claims); err != nil {
		return account{}, ErrSignIn
	}
	if len(id.Audience) > 1 && claims.Party != conf.ClientID || !slices.Contains(id.Audience, conf.ClientID) {
		return account{}, ErrSignIn
	}
	out := account{Issuer: id.Issuer, Subject: id.Subject}
	if claims.Verified {
		out.Email = strings.ToLower(claims.Email)
	}
	return out, nil
}

// tied finds the user an account belongs to, and ties it by its address where that is allowed.
func (s *Service) tied(tx *store.Tx, who account) (store.User, error) {
	u, err := tx.UserByIdentity(who.Issuer, who.Subject)
	if !errors.Is(err, store.ErrNotFound) {
		return u, err
	}
	if !s.oidc.conf.ByEmail || who.Email == "" {
		return u, ErrUntied
	}
	u, err = tx.UserByLogin(who.Email)
	if errors.Is(err, store.ErrNotFound) {
		return u, ErrUntied
	} else if err != nil {
		return u, err
	}
	if !u.Disabled.IsZero() {
		return u, ErrSignIn
	}
	if err := tx.AddIdentity(store.Identity{Issuer: who.Issuer, Subject: who.Subject, UserID: u.ID, Created: s.now()}); err != nil {
		return u, fmt.Errorf("tie account: %w", err)
	}
	return u, s.audit(tx, "user:"+u.ID, "user.tie", "user:"+u.ID)
}
