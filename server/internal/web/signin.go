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
	deviceCookie   = "__Host-vymir-device" // mark of an earlier sign-in, see access.Service.DeviceMark
	stateCookie    = "__Host-vymir-state"  // of a sign-in at the OpenID provider
)

func readerLanguage(r *http.Request) string {
	cookie := ""
	if c, err := r.Cookie(languageCookie); err == nil {
		cookie = c.Value
	}
	return pickLanguage(cookie, r.Header.Get("Accept-Language"))
}

type signInData struct {
	Next     string
	Passkeys bool   // are offered here
	Provider string // name of the OpenID provider; "": none
	Login    string
	Link     string // secret of a one-time link, to be sent back by the button
	Error    string // key; "" for none
	Minutes  int    // of the error "limited"
}

func (s *server) signInPage(q *request) error {
	if q.actor.UserID != "" {
		q.redirect("/")
		return nil
	}
	return q.showSignIn(http.StatusOK, signInData{Next: ownPath(q.URL.Query().Get("next"))})
}

func (q *request) showSignIn(status int, d signInData) error {
	d.Passkeys, d.Provider = q.s.access.PasskeysOffered(), q.s.access.ProviderName()
	q.s.render(q.w, q.Request, status, "signin", q.page(q.loc.text("signin.title"), d))
	return nil
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
	return q.showSignIn(http.StatusOK, signInData{Link: q.URL.Query().Get("t")})
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
	var second *access.SecondStepError
	status := http.StatusUnauthorized
	switch {
	case errors.As(err, &second):
		return q.showSecond(http.StatusOK, secondData{Ticket: second.Ticket, Codes: second.Codes, Passkey: second.Passkey, Next: d.Next})
	case errors.As(err, &limit):
		d.Error, d.Minutes, status = "signin.limited", int(limit.After/time.Minute)+1, http.StatusTooManyRequests
	case errors.Is(err, access.ErrSignIn):
		d.Error = key
	default:
		return err
	}
	return q.showSignIn(status, d)
}

func (q *request) open(secret string, a access.Actor, next string) {
	http.SetCookie(q.w, &http.Cookie{Name: sessionCookie, Value: secret, Path: "/", Expires: a.Expires,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.SetCookie(q.w, &http.Cookie{Name: deviceCookie, Value: q.s.access.DeviceMark(a), Path: "/", MaxAge: 366 * 24 * 3600,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
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
	c := access.Client{Address: r.RemoteAddr, Agent: r.UserAgent()}
	if mark, err := r.Cookie(deviceCookie); err == nil {
		c.Device = mark.Value
	}
	return c
}
