package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/store"
)

// EnrolmentToken is what lets new hosts of a recipient in.
type EnrolmentToken struct {
	ID        string     `json:"id"`
	Recipient string     `json:"recipient"`
	Site      string     `json:"site"`
	UsesMax   int        `json:"uses_max" doc:"hosts it may let in"`
	Uses      int        `json:"uses" doc:"hosts it did let in"`
	Created   time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	Expires   time.Time  `json:"expires_at"`
	Revoked   *time.Time `json:"revoked_at,omitempty"`
	Token     string     `json:"token,omitempty" doc:"its text, shown once"`
}

// Reviewer is a person to whom findings can be given.
type Reviewer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func enrolmentToken(v store.Token, text string) EnrolmentToken {
	return EnrolmentToken{v.ID, v.RecipientID, v.SiteID, v.UsesMax, v.Uses, v.Created, v.CreatedBy, v.Expires, when(v.Revoked), text}
}

// enrolment registers how new hosts come in, and who may be given findings.
func (s *service) enrolment(api huma.API) {
	huma.Register(api, op(http.MethodGet, "/recipients/{id}/enrolment-tokens", "list-enrolment-tokens", access.HostsEnrol, "Tokens by which hosts of a recipient come in, newest first"),
		func(ctx context.Context, in *struct {
			IDInput
			PageInput
		}) (*pageOutput[EnrolmentToken], error) {
			list, err := s.desk.Tokens(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			out := make([]EnrolmentToken, len(list))
			for i, v := range list {
				out[i] = enrolmentToken(v, "")
			}
			return listed(out, in.PageInput)
		})
	huma.Register(api, op(http.MethodPost, "/recipients/{id}/enrolment-tokens", "make-enrolment-token", access.HostsEnrol, "Make a token by which hosts come in"),
		func(ctx context.Context, in *struct {
			IDInput
			Body struct {
				Site  string `json:"site,omitempty" maxLength:"64" doc:"absent: the recipient's only site"`
				Uses  int    `json:"uses,omitempty" minimum:"1" maximum:"10000" default:"1"`
				Hours int    `json:"hours,omitempty" minimum:"1" maximum:"2160" default:"24"`
			}
		}) (*bodyOutput[EnrolmentToken], error) {
			if s.enroller == nil {
				return nil, huma.Error409Conflict(access.ErrUnavailable.Error())
			}
			text, kept, err := s.desk.NewToken(ctx, actor(ctx), s.enroller, enrol.NewToken{Recipient: in.ID, Site: in.Body.Site, Uses: in.Body.Uses,
				TTL: time.Duration(in.Body.Hours) * time.Hour, Server: s.agents})
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[EnrolmentToken]{enrolmentToken(kept, text)}, nil
		})
	huma.Register(api, op(http.MethodDelete, "/enrolment-tokens/{id}", "revoke-enrolment-token", access.HostsEnrol, "End a token; hosts that came in by it stay"),
		func(ctx context.Context, in *IDInput) (*struct{}, error) {
			return nil, s.fail(s.desk.RevokeToken(ctx, actor(ctx), in.ID))
		})
	huma.Register(api, op(http.MethodGet, "/recipients/{id}/reviewers", "list-reviewers", access.FindingsReview, "People to whom findings of a recipient can be given, by name"),
		func(ctx context.Context, in *struct {
			IDInput
			PageInput
		}) (*pageOutput[Reviewer], error) {
			list, err := s.desk.Reviewers(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			out := make([]Reviewer, len(list))
			for i, v := range list {
				out[i] = Reviewer{v.ID, v.Name}
			}
			return listed(out, in.PageInput)
		})
}
