package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Session is a fresh sign-in.
type Session struct {
	Token   string    `json:"token" doc:"bearer secret, shown once"`
	Expires time.Time `json:"expires_at"`
	Me      Me        `json:"me"`
}

// Me is who calls.
type Me struct {
	ID     string          `json:"id"`
	Login  string          `json:"login"`
	Name   string          `json:"name"`
	Grants []access.Grant  `json:"grants"`
	Rights []access.Action `json:"rights" doc:"what the caller may do to something, after the token's scopes"`
}

// Token is an API token without its secret.
type Token struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Scopes  []string   `json:"scopes"`
	Created time.Time  `json:"created_at"`
	Expires time.Time  `json:"expires_at"`
	Revoked *time.Time `json:"revoked_at,omitempty"`
	Secret  string     `json:"secret,omitempty" doc:"shown once, when the token is made"`
}

type signInInput struct {
	Remote
	Body struct {
		Login    string `json:"login,omitempty" maxLength:"64"`
		Password string `json:"password,omitempty" maxLength:"256"`
		Link     string `json:"link,omitempty" maxLength:"100" doc:"secret of a one-time sign-in link, instead of login and password"`
		Code     string `json:"code,omitempty" maxLength:"64" doc:"one-time code or recovery code, for an account with a second factor"`
	}
}

// Remote is where a request comes from; it is not part of the description.
type Remote struct {
	address, agent string
}

// Resolve implements huma.Resolver.
func (r *Remote) Resolve(ctx huma.Context) []error {
	r.address, r.agent = ctx.RemoteAddr(), ctx.Header("User-Agent")
	return nil
}

type newTokenInput struct {
	Body struct {
		Name   string          `json:"name" minLength:"1" maxLength:"100"`
		Scopes []access.Action `json:"scopes" minItems:"1" maxItems:"32"`
		Days   int             `json:"days" minimum:"1" maximum:"366"`
	}
}

func (s *service) people(api huma.API) {
	open := op(http.MethodPost, "/sessions", "sign-in", "", "Sign in and get a session")
	open.Metadata[openKey], open.Security, open.Errors = true, []map[string][]string{}, []int{http.StatusUnauthorized, http.StatusTooManyRequests}
	huma.Register(api, open, func(ctx context.Context, in *signInInput) (*bodyOutput[Session], error) {
		client := access.Client{Address: in.address, Agent: in.agent}
		var secret string
		var a access.Actor
		var err error
		if in.Body.Link != "" {
			secret, a, err = s.access.SignInByLink(ctx, in.Body.Link, client)
		} else {
			secret, a, err = s.access.SignIn(ctx, in.Body.Login, in.Body.Password, client)
		}
		var second *access.SecondStepError
		if errors.As(err, &second) && in.Body.Code != "" {
			secret, a, err = s.access.SignInSecond(ctx, second.Ticket, in.Body.Code, client)
		}
		if err != nil {
			return nil, s.fail(err)
		}
		return &bodyOutput[Session]{Session{Token: secret, Expires: a.Expires.UTC(), Me: me(a)}}, nil
	})
	huma.Register(api, op(http.MethodDelete, "/sessions/current", "sign-out", "", "End the session that the request came with"),
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			return nil, s.fail(s.access.SignOut(ctx, actor(ctx)))
		})
	huma.Register(api, op(http.MethodGet, "/me", "me", "", "Who calls, and with what rights"),
		func(ctx context.Context, _ *struct{}) (*bodyOutput[Me], error) {
			return &bodyOutput[Me]{me(actor(ctx))}, nil
		})
	huma.Register(api, op(http.MethodGet, "/tokens", "list-tokens", access.TokensManage, "API tokens of one's own"),
		func(ctx context.Context, in *PageInput) (*pageOutput[Token], error) {
			list, err := s.access.Tokens(ctx, actor(ctx))
			if err != nil {
				return nil, s.fail(err)
			}
			var out []Token
			for _, t := range list {
				out = append(out, token(t, ""))
			}
			return listed(out, *in)
		})
	huma.Register(api, op(http.MethodPost, "/tokens", "make-token", access.TokensManage, "Make an API token"),
		func(ctx context.Context, in *newTokenInput) (*bodyOutput[Token], error) {
			secret, t, err := s.access.NewToken(ctx, actor(ctx), in.Body.Name, in.Body.Scopes, time.Duration(in.Body.Days)*24*time.Hour)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[Token]{token(t, secret)}, nil
		})
	huma.Register(api, op(http.MethodDelete, "/tokens/{id}", "revoke-token", access.TokensManage, "Revoke an API token"),
		func(ctx context.Context, in *IDInput) (*struct{}, error) {
			return nil, s.fail(s.access.RevokeToken(ctx, actor(ctx), in.ID))
		})
}

func me(a access.Actor) Me {
	m := Me{ID: a.UserID, Login: a.Login, Name: a.Name, Grants: a.Grants, Rights: []access.Action{}}
	for _, action := range access.Actions() {
		if access.May(a, action) {
			m.Rights = append(m.Rights, action)
		}
	}
	return m
}

func token(t store.APIToken, secret string) Token {
	return Token{ID: t.ID, Name: t.Name, Scopes: t.Scopes, Created: t.Created, Expires: t.Expires, Revoked: when(t.Revoked), Secret: secret}
}

// listed answers a page of a list that is there whole.
func listed[T any](list []T, in PageInput) (*pageOutput[T], error) {
	p, err := slicePage(list, in)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	return &pageOutput[T]{p}, nil
}
