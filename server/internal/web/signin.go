package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Cookies. The prefix makes browsers insist on Secure, Path=/ and no Domain.
const (
	sessionCookie  = "__Host-vymir"
	languageCookie = "__Host-vymir-lang"
)

func readerLanguage(r *http.Request) string {
	cookie := ""
	if c, err := r.Cookie(languageCookie); err == nil {
		cookie = c.Value
	}
	return pickLanguage(cookie, r.Header.Get("Accept-Language"))
}

type signInData struct {
	Next    string
	Login   string
	Link    string // secret of a one-time link, to be sent back by the button
	Error   string // key; "" for none
	Minutes int    // of the error "limited"
}

func (s *server) signInPage(q *request) error {
	if q.actor.UserID != "" {
		q.redirect("/")
		return nil
	}
	return q.show("signin", q.loc.text("signin.title"), signInData{Next: ownPath(q.URL.Query().Get("next"))})
}

func (s *server) signIn(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	d := signInData{Next: ownPath(q.PostForm.Get("next")), Login: q.PostForm.Get("login")}
	secret, a, err := s.access.SignIn(q.Context(), d.Login, q.PostForm.Get("password"), client(q.Request))
	if err != nil {
		return q.refuseSignIn(d, err, "signin.refused")
	}
	q.open(secret, a, d.Next)
	return nil
}

// linkPage shows a button instead of signing in at once: mail scanners and previews open links, and a link works once.
func (s *server) linkPage(q *request) error {
	return q.show("signin", q.loc.text("signin.title"), signInData{Link: q.URL.Query().Get("t")})
}

func (s *server) signInByLink(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	secret, a, err := s.access.SignInByLink(q.Context(), q.PostForm.Get("t"), client(q.Request))
	if err != nil {
		return q.refuseSignIn(signInData{}, err, "signin.link_refused")
	}
	q.open(secret, a, "/")
	return nil
}

func (q *request) refuseSignIn(d signInData, err error, key string) error {
	var limit *access.LimitError
	status := http.StatusUnauthorized
	switch {
	case errors.As(err, &limit):
		d.Error, d.Minutes, status = "signin.limited", int(limit.After/time.Minute)+1, http.StatusTooManyRequests
	case errors.Is(err, access.ErrSignIn):
		d.Error = key
	default:
		return err
	}
	q.s.render(q.w, q.Request, status, "signin", q.page(q.loc.text("signin.title"), d))
	return nil
}

func (q *request) open(secret string, a access.Actor, next string) {
	http.SetCookie(q.w, &http.Cookie{Name: sessionCookie, Value: secret, Path: "/", Expires: a.Expires,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	q.redirect(next)
}

func (s *server) signOut(q *request) error {
	if err := s.access.SignOut(q.Context(), q.actor); err != nil {
		return err
	}
	http.SetCookie(q.w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	q.redirect("/sign-in?done=signed_out")
	return nil
}

func (s *server) language(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	if to := q.PostForm.Get("to"); slices.Contains(languages, to) {
		http.SetCookie(q.w, &http.Cookie{Name: languageCookie, Value: to, Path: "/", MaxAge: 366 * 24 * 3600,
			Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	q.redirect(ownPath(q.PostForm.Get("back")))
	return nil
}

// ownPath returns p if it is a path of ours, else "/": a form field never sends anyone elsewhere.
func ownPath(p string) string {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n\t") {
		return "/"
	}
	return p
}

// formError keeps "too large" and makes everything else a bad request of the reader's, shown as not found.
func formError(err error) error {
	if tooLarge(err) {
		return err
	}
	return store.ErrNotFound
}

func client(r *http.Request) access.Client {
	return access.Client{Address: r.RemoteAddr, Agent: r.UserAgent()}
}

type accountData struct {
	Roles    []roleLine
	Sessions []store.Session
	Tokens   []store.APIToken
	Scopes   []access.Action // that the reader may give to a token
	Secret   string          // of the token just made; shown once
}

type roleLine struct {
	Role  access.Role
	Scope string
}

func (s *server) account(q *request) error { return q.showAccount("") }

func (q *request) showAccount(secret string) error {
	d := accountData{Secret: secret}
	for _, g := range q.actor.Grants {
		line := roleLine{Role: g.Role, Scope: g.Donor}
		if g.Recipient == access.All {
			line.Scope = q.loc.text("account.all_recipients")
		} else if g.Recipient != "" {
			line.Scope = g.Recipient
			err := q.s.store.View(q.Context(), func(tx *store.Tx) error {
				r, err := tx.Recipient(g.Recipient)
				if err == nil {
					line.Scope = r.Name(q.loc.lang)
				}
				return err
			})
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		d.Roles = append(d.Roles, line)
	}
	for _, a := range access.Actions() {
		if a != access.TokensManage && access.May(q.actor, a) {
			d.Scopes = append(d.Scopes, a)
		}
	}
	var err error
	if d.Sessions, err = q.s.access.Sessions(q.Context(), q.actor); err != nil {
		return err
	}
	if d.Tokens, err = q.s.access.Tokens(q.Context(), q.actor); err != nil {
		return err
	}
	return q.show("account", q.loc.text("account.title"), d)
}

func (s *server) endSession(q *request) error {
	if err := s.access.EndSession(q.Context(), q.actor, q.PathValue("id")); err != nil {
		return err
	}
	return q.done("/account", "session_ended")
}

// tokenDays are the lives a token can be given on the page.
var tokenDays = map[string]time.Duration{"7": 7 * 24 * time.Hour, "30": 30 * 24 * time.Hour, "90": 90 * 24 * time.Hour, "365": 365 * 24 * time.Hour}

func (s *server) newToken(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	var scopes []access.Action
	for _, sc := range q.PostForm["scope"] {
		scopes = append(scopes, access.Action(sc))
	}
	secret, _, err := s.access.NewToken(q.Context(), q.actor, q.PostForm.Get("name"), scopes, tokenDays[q.PostForm.Get("days")])
	if errors.Is(err, access.ErrInvalid) {
		return q.refused("/account", "token")
	}
	if err != nil {
		return err
	}
	return q.showAccount(secret)
}

func (s *server) revokeToken(q *request) error {
	if err := s.access.RevokeToken(q.Context(), q.actor, q.PathValue("id")); err != nil {
		return err
	}
	return q.done("/account", "token_revoked")
}
