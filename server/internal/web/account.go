package web

import (
	"encoding/base64"
	"errors"
	"html/template"
	"time"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

type accountData struct {
	Roles    []roleLine
	Sessions []store.Session
	Tokens   []store.APIToken
	Scopes   []access.Action // that the reader may give to a token
	Factors  access.Factors
	accountOnce
}

// accountOnce is what the page of an account shows once, after it was made.
type accountOnce struct {
	Secret   string   // of an API token
	Recovery []string // recovery codes
	Codes    *newCodes
	Passkey  *passkeyData // a passkey that the browser is asked to make
}

// newCodes is a secret of one-time codes that waits to be confirmed.
type newCodes struct {
	access.NewTOTP
	Image template.URL
	Wrong bool // the code typed was wrong
}

// passkeyData is what the browser needs to make or use a passkey.
type passkeyData struct {
	Ticket  string
	Options string // JSON
}

type roleLine struct {
	Role  access.Role
	Scope string
}

func (s *server) account(q *request) error { return q.showAccount(accountOnce{}) }

func (q *request) showAccount(once accountOnce) error {
	d := accountData{accountOnce: once}
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
	if d.Factors, err = q.s.access.Factors(q.Context(), q.actor); err != nil {
		return err
	}
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
	return q.showAccount(accountOnce{Secret: secret})
}

func (s *server) revokeToken(q *request) error {
	if err := s.access.RevokeToken(q.Context(), q.actor, q.PathValue("id")); err != nil {
		return err
	}
	return q.done("/account", "token_revoked")
}

func (s *server) endOtherSessions(q *request) error {
	if _, err := s.access.EndOtherSessions(q.Context(), q.actor); err != nil {
		return err
	}
	return q.done("/account", "sessions_ended")
}

// refuseFactor answers why a change of how one signs in was not made; nil err is for the caller.
func (q *request) refuseFactor(err error) error {
	var limit *access.LimitError
	switch {
	case errors.Is(err, access.ErrStale):
		return q.refused("/account", "stale")
	case errors.Is(err, access.ErrOldPassword):
		return q.refused("/account", "old_password")
	case errors.Is(err, access.ErrWeakPassword):
		return q.refused("/account", "weak_password")
	case errors.Is(err, access.ErrCode):
		return q.refused("/account", "code")
	case errors.As(err, &limit):
		return q.refused("/account", "limited")
	case errors.Is(err, access.ErrUnavailable), errors.Is(err, access.ErrInvalid):
		return q.refused("/account", "factor")
	}
	return err
}

func (s *server) changePassword(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	if q.PostForm.Get("new") != q.PostForm.Get("again") {
		return q.refused("/account", "password_again")
	}
	if err := s.access.ChangePassword(q.Context(), q.actor, q.PostForm.Get("old"), q.PostForm.Get("new")); err != nil {
		return q.refuseFactor(err)
	}
	return q.done("/account", "password")
}

func (s *server) beginTOTP(q *request) error {
	k, err := s.access.BeginTOTP(q.Context(), q.actor)
	if err != nil {
		return q.refuseFactor(err)
	}
	png, err := k.Picture()
	if err != nil {
		return err
	}
	image := template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png)) //nolint:gosec // a picture made here
	return q.showAccount(accountOnce{Codes: &newCodes{NewTOTP: k, Image: image}})
}

func (s *server) confirmTOTP(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	codes, err := s.access.ConfirmTOTP(q.Context(), q.actor, onlyDigits(q.PostForm.Get("code")))
	if err != nil {
		return q.refuseFactor(err)
	}
	return q.showAccount(accountOnce{Recovery: codes})
}

// onlyDigits drops what people put between the digits of a code.
func onlyDigits(s string) string {
	var out []rune
	for _, r := range s {
		if r >= '0' && r <= '9' {
			out = append(out, r)
		}
	}
	return string(out)
}

func (s *server) endTOTP(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	if err := s.access.EndTOTP(q.Context(), q.actor, q.PostForm.Get("code")); err != nil {
		return q.refuseFactor(err)
	}
	return q.done("/account", "codes_off")
}

func (s *server) newRecovery(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	codes, err := s.access.NewRecoveryCodes(q.Context(), q.actor, q.PostForm.Get("code"))
	if err != nil {
		return q.refuseFactor(err)
	}
	return q.showAccount(accountOnce{Recovery: codes})
}

func (s *server) beginPasskey(q *request) error {
	ticket, options, err := s.access.BeginPasskey(q.Context(), q.actor)
	if err != nil {
		return q.refuseFactor(err)
	}
	return q.showAccount(accountOnce{Passkey: &passkeyData{ticket, string(options)}})
}

func (s *server) addPasskey(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	codes, err := s.access.AddPasskey(q.Context(), q.actor, q.PostForm.Get("t"), q.PostForm.Get("name"), []byte(q.PostForm.Get("answer")))
	if err != nil {
		return q.refuseFactor(err)
	}
	if len(codes) > 0 {
		return q.showAccount(accountOnce{Recovery: codes})
	}
	return q.done("/account", "passkey")
}

func (s *server) dropPasskey(q *request) error {
	err := s.access.DropPasskey(q.Context(), q.actor, q.PathValue("id"))
	if err != nil {
		return q.refuseFactor(err)
	}
	return q.done("/account", "passkey_dropped")
}
