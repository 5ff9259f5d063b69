package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

type secondData struct {
	Ticket         string
	Codes, Passkey bool // what the account takes
	Next           string
	Wrong          bool
	Minutes        int          // until the next try; 0: at once
	Ask            *passkeyData // the browser is asked for a passkey
}

func (q *request) showSecond(status int, d secondData) error {
	q.s.render(q.w, q.Request, status, "second", q.page(q.loc.text("second.title"), d))
	return nil
}

func (s *server) signInSecond(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	d := secondData{Ticket: q.PostForm.Get("t"), Codes: true, Passkey: q.PostForm.Get("passkey") != "", Next: ownPath(q.PostForm.Get("next"))}
	secret, a, err := s.access.SignInSecond(q.Context(), d.Ticket, q.PostForm.Get("code"), client(q.Request))
	var limit *access.LimitError
	switch {
	case errors.As(err, &limit):
		d.Minutes = int(limit.After/time.Minute) + 1
		return q.showSecond(http.StatusTooManyRequests, d)
	case errors.Is(err, access.ErrSignIn):
		d.Wrong = true
		return q.showSecond(http.StatusUnauthorized, d)
	case err != nil:
		return err
	}
	q.open(secret, a, d.Next)
	return nil
}

// beginPasskeySignIn shows a page that asks the browser for a passkey.
func (s *server) beginPasskeySignIn(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	next := ownPath(q.PostForm.Get("next"))
	ticket, options, err := s.access.BeginPasskeySignIn(q.Context(), client(q.Request))
	if errors.Is(err, access.ErrUnavailable) {
		return store.ErrNotFound
	}
	if err != nil {
		return q.refuseSignIn(signInData{Next: next}, err, "signin.passkey_refused")
	}
	return q.showSecond(http.StatusOK, secondData{Next: next, Ask: &passkeyData{ticket, string(options)}})
}

func (s *server) signInByPasskey(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	next := ownPath(q.PostForm.Get("next"))
	secret, a, err := s.access.SignInByPasskey(q.Context(), q.PostForm.Get("t"), []byte(q.PostForm.Get("answer")), client(q.Request))
	if err != nil {
		return q.refuseSignIn(signInData{Next: next}, err, "signin.passkey_refused")
	}
	q.open(secret, a, next)
	return nil
}

// beginOIDC sends the reader to the OpenID provider; who is signed in ties an account there to theirs.
func (s *server) beginOIDC(q *request) error {
	address, state, err := s.access.BeginOIDC(q.Context(), q.actor, ownPath(q.URL.Query().Get("next")), client(q.Request))
	switch {
	case errors.Is(err, access.ErrUnavailable):
		return store.ErrNotFound
	case q.actor.UserID != "" && errors.Is(err, access.ErrStale):
		return q.refuseFactor(err)
	case err != nil:
		return q.refuseProvider(err)
	}
	http.SetCookie(q.w, &http.Cookie{Name: stateCookie, Value: state, Path: "/", MaxAge: 600, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(q.w, q.Request, address, http.StatusSeeOther)
	return nil
}

func (s *server) finishOIDC(q *request) error {
	state := ""
	if c, err := q.Cookie(stateCookie); err == nil {
		state = c.Value
	}
	http.SetCookie(q.w, &http.Cookie{Name: stateCookie, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	secret, a, next, err := s.access.FinishOIDC(q.Context(), q.actor, q.URL.Query(), state, client(q.Request))
	switch {
	case errors.Is(err, access.ErrUnavailable):
		return store.ErrNotFound
	case q.actor.UserID != "" && errors.Is(err, store.ErrExists):
		return q.refused("/account", "tied")
	case q.actor.UserID != "" && err != nil:
		return q.refused("/account", "factor")
	case err != nil:
		return q.refuseProvider(err)
	case secret == "":
		return q.done("/account", "tied")
	}
	q.open(secret, a, ownPath(next))
	return nil
}

// refuseProvider answers a sign-in by the provider that did not come about.
func (q *request) refuseProvider(err error) error {
	var limit *access.LimitError
	if !errors.Is(err, access.ErrSignIn) && !errors.Is(err, access.ErrUntied) && !errors.As(err, &limit) {
		q.s.log.Error("sign in by openid", "err", err)
		return q.showSignIn(http.StatusBadGateway, signInData{Next: "/", Error: "signin.provider_failed"})
	}
	if errors.Is(err, access.ErrUntied) {
		return q.showSignIn(http.StatusUnauthorized, signInData{Next: "/", Error: "signin.untied"})
	}
	return q.refuseSignIn(signInData{Next: "/"}, err, "signin.provider_refused")
}
