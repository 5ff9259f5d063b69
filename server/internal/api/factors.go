package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/vymir-project/vymir/server/internal/access"
)

// SignedIn is one place where the caller is signed in.
type SignedIn struct {
	ID      string    `json:"id"`
	Address string    `json:"address" doc:"network the sign-in came from"`
	Agent   string    `json:"agent"`
	Created time.Time `json:"created_at"`
	Seen    time.Time `json:"seen_at"`
	Expires time.Time `json:"expires_at"`
	Current bool      `json:"current"`
}

// Factors is how the caller signs in.
type Factors struct {
	Password        bool      `json:"password"`
	Codes           bool      `json:"one_time_codes"`
	Recovery        int       `json:"recovery_codes_left"`
	Passkeys        []Passkey `json:"passkeys"`
	Ties            []Tie     `json:"provider_accounts"`
	PasskeysOffered bool      `json:"passkeys_offered"`
	Provider        string    `json:"provider,omitempty" doc:"name of the OpenID provider; absent: none"`
}

// Passkey is a key on a device of the caller's.
type Passkey struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Created time.Time  `json:"created_at"`
	Used    *time.Time `json:"used_at,omitempty"`
}

// Tie is an account at the OpenID provider that signs the caller in.
type Tie struct {
	Issuer  string    `json:"issuer"`
	Subject string    `json:"subject"`
	Created time.Time `json:"created_at"`
}

// NewCodes is a secret of one-time codes to be confirmed.
type NewCodes struct {
	Secret string `json:"secret" doc:"base32, shown once"`
	URI    string `json:"uri" doc:"otpauth:// address for authenticator apps"`
}

// Recovery is a fresh set of recovery codes.
type Recovery struct {
	Codes []string `json:"recovery_codes" doc:"each signs in once; shown once; empty: those made before still hold"`
}

// Ceremony is what a browser needs to use a passkey.
type Ceremony struct {
	Ticket  string          `json:"ticket" doc:"to be sent back with the browser's answer"`
	Options json.RawMessage `json:"options" doc:"for navigator.credentials"`
}

// Person is someone who holds a role at a recipient.
type Person struct {
	ID         string        `json:"id"`
	Login      string        `json:"login"`
	Name       string        `json:"name"`
	Roles      []access.Role `json:"roles"`
	Created    time.Time     `json:"created_at"`
	Disabled   *time.Time    `json:"disabled_at,omitempty"`
	Second     bool          `json:"second_factor"`
	LastSeen   *time.Time    `json:"last_seen_at,omitempty" doc:"in a session that still holds"`
	Manageable bool          `json:"manageable" doc:"the caller may change them"`
}

// NewPerson is a person with the way in, shown once.
type NewPerson struct {
	ID   string `json:"id,omitempty"`
	Link string `json:"link,omitempty" doc:"secret of a one-time sign-in link: POST it to /sessions, or open /sign-in/link?t= on the pages"`
}

type codeInput struct {
	Body struct {
		Code string `json:"code" minLength:"6" maxLength:"64" doc:"one-time code, or a recovery code where it says so"`
	}
}

type passwordInput struct {
	Body struct {
		Old string `json:"old,omitempty" maxLength:"256" doc:"absent for an account that has none"`
		New string `json:"new" minLength:"12" maxLength:"256"`
	}
}

type passkeyInput struct {
	Body struct {
		Ticket     string          `json:"ticket" maxLength:"100"`
		Name       string          `json:"name" minLength:"1" maxLength:"100"`
		Credential json.RawMessage `json:"credential" doc:"what navigator.credentials.create answered, as JSON"`
	}
}

// factors is how callers sign in, and where they are signed in. All of it is one's own; changes want a session that was
// opened a short while ago, and no token reaches any of it.
func (s *service) factors(api huma.API) {
	huma.Register(api, op(http.MethodPut, "/me/password", "change-password", "", "Change one's own password; the other sessions end"),
		func(ctx context.Context, in *passwordInput) (*struct{}, error) {
			return nil, s.fail(s.access.ChangePassword(ctx, actor(ctx), in.Body.Old, in.Body.New))
		})
	huma.Register(api, op(http.MethodGet, "/me/sessions", "list-sessions", "", "Where the caller is signed in"),
		func(ctx context.Context, in *PageInput) (*pageOutput[SignedIn], error) {
			a := actor(ctx)
			if a.Session == "" {
				return nil, s.fail(access.ErrSession)
			}
			list, err := s.access.Sessions(ctx, a)
			if err != nil {
				return nil, s.fail(err)
			}
			var out []SignedIn
			for _, v := range list {
				out = append(out, SignedIn{v.ID, v.Address, v.Agent, v.Created, v.Seen, v.Expires, v.ID == a.Session})
			}
			return listed(out, *in)
		})
	huma.Register(api, op(http.MethodDelete, "/me/sessions", "end-other-sessions", "", "End all of the caller's sessions but this one"),
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			_, err := s.access.EndOtherSessions(ctx, actor(ctx))
			return nil, s.fail(err)
		})
	huma.Register(api, op(http.MethodDelete, "/me/sessions/{id}", "end-session", "", "End one of the caller's sessions"),
		func(ctx context.Context, in *IDInput) (*struct{}, error) {
			if actor(ctx).Session == "" {
				return nil, s.fail(access.ErrSession)
			}
			return nil, s.fail(s.access.EndSession(ctx, actor(ctx), in.ID))
		})
	huma.Register(api, op(http.MethodGet, "/me/factors", "get-factors", "", "How the caller signs in"),
		func(ctx context.Context, _ *struct{}) (*bodyOutput[Factors], error) {
			if actor(ctx).Session == "" {
				return nil, s.fail(access.ErrSession)
			}
			f, err := s.access.Factors(ctx, actor(ctx))
			if err != nil {
				return nil, s.fail(err)
			}
			out := Factors{Password: f.Password, Codes: f.Codes, Recovery: f.Recovery, Passkeys: []Passkey{}, Ties: []Tie{},
				PasskeysOffered: f.PasskeysOffered, Provider: f.Provider}
			for _, k := range f.Passkeys {
				out.Passkeys = append(out.Passkeys, Passkey{k.ID, k.Name, k.Created, when(k.Used)})
			}
			for _, v := range f.Providers {
				out.Ties = append(out.Ties, Tie{v.Issuer, v.Subject, v.Created})
			}
			return &bodyOutput[Factors]{out}, nil
		})
	s.codes(api)
	s.passkeys(api)
}

func (s *service) codes(api huma.API) {
	huma.Register(api, op(http.MethodPost, "/me/totp", "begin-totp", "", "Make a secret for an authenticator app; it counts once confirmed"),
		func(ctx context.Context, _ *struct{}) (*bodyOutput[NewCodes], error) {
			k, err := s.access.BeginTOTP(ctx, actor(ctx))
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[NewCodes]{NewCodes(k)}, nil
		})
	recovery := func(codes []string, err error) (*bodyOutput[Recovery], error) {
		if err != nil {
			return nil, s.fail(err)
		}
		return &bodyOutput[Recovery]{Recovery{append([]string{}, codes...)}}, nil
	}
	huma.Register(api, op(http.MethodPost, "/me/totp/confirm", "confirm-totp", "", "Turn one-time codes on with the first of them"),
		func(ctx context.Context, in *codeInput) (*bodyOutput[Recovery], error) {
			return recovery(s.access.ConfirmTOTP(ctx, actor(ctx), in.Body.Code))
		})
	huma.Register(api, op(http.MethodPost, "/me/totp/off", "end-totp", "", "Turn one-time codes off; a code or a recovery code is needed"),
		func(ctx context.Context, in *codeInput) (*struct{}, error) {
			return nil, s.fail(s.access.EndTOTP(ctx, actor(ctx), in.Body.Code))
		})
	huma.Register(api, op(http.MethodPost, "/me/recovery-codes", "make-recovery-codes", "", "Replace the recovery codes; a code is needed"),
		func(ctx context.Context, in *codeInput) (*bodyOutput[Recovery], error) {
			return recovery(s.access.NewRecoveryCodes(ctx, actor(ctx), in.Body.Code))
		})
}

func (s *service) passkeys(api huma.API) {
	huma.Register(api, op(http.MethodPost, "/me/passkeys/begin", "begin-passkey", "", "Start to register a passkey"),
		func(ctx context.Context, _ *struct{}) (*bodyOutput[Ceremony], error) {
			ticket, options, err := s.access.BeginPasskey(ctx, actor(ctx))
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[Ceremony]{Ceremony{ticket, options}}, nil
		})
	huma.Register(api, op(http.MethodPost, "/me/passkeys", "add-passkey", "", "Register a passkey with what the browser answered"),
		func(ctx context.Context, in *passkeyInput) (*bodyOutput[Recovery], error) {
			codes, err := s.access.AddPasskey(ctx, actor(ctx), in.Body.Ticket, in.Body.Name, in.Body.Credential)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[Recovery]{Recovery{append([]string{}, codes...)}}, nil
		})
	huma.Register(api, op(http.MethodDelete, "/me/passkeys/{id}", "drop-passkey", "", "Remove a passkey"),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"400"`
		}) (*struct{}, error) {
			return nil, s.fail(s.access.DropPasskey(ctx, actor(ctx), in.ID))
		})
}

// administer is what a recipient's administrator may do to the other administrators.
func (s *service) administer(api huma.API) {
	huma.Register(api, op(http.MethodGet, "/recipients/{id}/people", "list-people", access.PeopleManage, "Who holds a role at a recipient"),
		func(ctx context.Context, in *struct {
			IDInput
			PageInput
		}) (*pageOutput[Person], error) {
			list, err := s.access.People(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			var out []Person
			for _, p := range list {
				out = append(out, Person{p.ID, p.Login, p.Name, p.Roles, p.Created, when(p.Disabled), p.Second, when(p.LastSeen), p.Manageable})
			}
			return listed(out, in.PageInput)
		})
	huma.Register(api, op(http.MethodPost, "/recipients/{id}/people", "add-person", access.PeopleManage, "Name another administrator of a recipient"),
		func(ctx context.Context, in *struct {
			IDInput
			Body struct {
				Login string `json:"login" minLength:"1" maxLength:"64"`
				Name  string `json:"name,omitempty" maxLength:"200"`
			}
		}) (*bodyOutput[NewPerson], error) {
			id, link, err := s.access.AddPerson(ctx, actor(ctx), in.ID, in.Body.Login, in.Body.Name)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[NewPerson]{NewPerson{id, link}}, nil
		})
	huma.Register(api, op(http.MethodPost, "/people/{id}/{change}", "change-person", access.PeopleManage, "Change another administrator of the same recipient"),
		func(ctx context.Context, in *struct {
			IDInput
			Change access.Change `path:"change" enum:"disable,enable,end_sessions,link,reset_factors"`
		}) (*bodyOutput[NewPerson], error) {
			link, err := s.access.ChangePerson(ctx, actor(ctx), in.ID, in.Change)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[NewPerson]{NewPerson{Link: link}}, nil
		})
}
