package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Release is a text for donors as its recipient sees it.
type Release struct {
	ID        string              `json:"id"`
	Recipient string              `json:"recipient"`
	State     string              `json:"state" doc:"draft, published, withdrawn, expired or superseded"`
	Level     int                 `json:"level" doc:"disclosure level, 0 to 3"`
	Origin    string              `json:"origin" doc:"measured or stated"`
	Needs     []string            `json:"needs"`
	Audience  []string            `json:"audience" doc:"ids of donor organisations"`
	Until     time.Time           `json:"until"`
	Text      catalogue.DonorNeed `json:"text" doc:"exactly what the audience reads, but for the reference"`
	PlainUK   string              `json:"plain_uk" doc:"the text as a person reads it"`
	PlainEN   string              `json:"plain_en" doc:"the text as a person reads it"`
	Digest    string              `json:"digest" doc:"to be sent back when approving"`
	Run       string              `json:"run" doc:"the needs run behind it"`
	Created   time.Time           `json:"created_at"`
	CreatedBy string              `json:"created_by"`
	Published *time.Time          `json:"published_at,omitempty"`
	Ended     *time.Time          `json:"ended_at,omitempty"`
	EndReason string              `json:"end_reason,omitempty"`
	Project   string              `json:"project,omitempty" doc:"the joint project that it is a part of"`
	Approvals []Approval          `json:"approvals" doc:"those that hold"`
	Missing   int                 `json:"approvals_missing"`
}

// Approval is one person's yes.
type Approval struct {
	User string    `json:"user"`
	At   time.Time `json:"at"`
}

// Wish is what a recipient wants to show to whom.
type Wish struct {
	Recipient  string                `json:"recipient" maxLength:"64"`
	Needs      []string              `json:"needs" minItems:"1" maxItems:"50"`
	Level      int                   `json:"level" minimum:"0" maximum:"3"`
	Audience   []string              `json:"audience" minItems:"1" maxItems:"100" doc:"ids of donor organisations"`
	Until      time.Time             `json:"until" doc:"at most a year away"`
	Title      remedies.Text         `json:"title,omitempty" doc:"the recipient's own, in uk and en; several needs together want one"`
	Purpose    remedies.Text         `json:"purpose,omitempty" doc:"the recipient's own words, in uk and en; read at level 3 only"`
	Quantities map[string]int        `json:"quantities,omitempty" doc:"own figures, by need"`
	UnitCosts  map[string]need.Money `json:"unit_costs_eur,omitempty" doc:"own estimates of one unit, by need"`
	Project    string                `json:"project,omitempty" maxLength:"64" doc:"the joint project that this is a part of; level 2 or 3"`
	Schedule   catalogue.Schedule    `json:"schedule,omitempty" doc:"when the recipient wants it; read from level 2"`
}

func (w Wish) catalogue() catalogue.Wish {
	return catalogue.Wish{Recipient: w.Recipient, Needs: w.Needs, Level: catalogue.Level(w.Level), Audience: w.Audience, Until: w.Until,
		Title: w.Title, Purpose: w.Purpose, Quantities: w.Quantities, UnitCosts: w.UnitCosts,
		Project: w.Project, Schedule: w.Schedule}
}

// Read is one line of the read ledger.
type Read struct {
	Release string    `json:"release"`
	Donor   string    `json:"donor"`
	User    string    `json:"user"`
	Channel string    `json:"channel"`
	Times   int       `json:"times"`
	First   time.Time `json:"first_at"`
	Last    time.Time `json:"last_at"`
}

// Pledge is help announced to a recipient, as the recipient sees it.
type Pledge struct {
	ID           string     `json:"id"`
	Release      string     `json:"release"`
	Recipient    string     `json:"recipient"`
	Donor        string     `json:"donor"`
	State        string     `json:"state"`
	Quantity     int        `json:"quantity"`
	AmountEUR    float64    `json:"amount_eur"`
	Delivered    int        `json:"delivered"`
	Created      time.Time  `json:"created_at"`
	Changed      time.Time  `json:"changed_at"`
	Committed    *time.Time `json:"committed_at,omitempty"`
	Commissioned *time.Time `json:"commissioned_at,omitempty"`
	Verified     *time.Time `json:"verified_at,omitempty"`
}

// EffectReport is what a pledge changed, measured.
type EffectReport struct {
	Pledge             Pledge                  `json:"pledge"`
	Title              remedies.Text           `json:"title"`
	Verifiable         bool                    `json:"machine_verifiable"`
	Before             *catalogue.Measurement  `json:"before,omitempty" doc:"at commitment"`
	After              []catalogue.Measurement `json:"after" doc:"by day, oldest first"`
	ClosedPercent      *float64                `json:"closed_percent,omitempty" doc:"of the newest measurement; absent: nothing can be said"`
	EURPerFinding      float64                 `json:"eur_per_closed_finding,omitempty"`
	DaysToCommissioned *int                    `json:"days_to_commissioned,omitempty"`
}

type approveInput struct {
	IDInput
	Body struct {
		Digest string `json:"digest" minLength:"1" maxLength:"128" doc:"of exactly the text that was read"`
	}
}

type withdrawInput struct {
	IDInput
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"2000" doc:"stays with the recipient"`
	}
}

type profileInput struct {
	IDInput
	Body struct {
		Criticality string `json:"criticality" enum:",1,2,3,4" doc:"category of critical infrastructure; empty: none"`
		Users       int    `json:"users" minimum:"0" maximum:"10000000"`
		Admins      int    `json:"admins" minimum:"0" maximum:"1000000"`
	}
}

// OfRecipient names a recipient in the path and a page of its list.
type OfRecipient struct {
	IDInput
	PageInput
}

func (s *service) consent(api huma.API) {
	one := func(r catalogue.Release, err error) (*bodyOutput[Release], error) {
		if err != nil {
			return nil, s.fail(err)
		}
		return &bodyOutput[Release]{release(r)}, nil
	}
	huma.Register(api, op(http.MethodGet, "/recipients/{id}/releases", "list-releases", access.NeedsRead, "Texts for donors of a recipient, oldest first"),
		func(ctx context.Context, in *struct {
			OfRecipient
			State string `query:"state" enum:"draft,published,withdrawn,expired,superseded"`
		}) (*pageOutput[Release], error) {
			list, err := s.catalogue.Releases(ctx, actor(ctx), in.ID, in.State)
			if err != nil {
				return nil, s.fail(err)
			}
			var out []Release
			for _, r := range list {
				out = append(out, release(r))
			}
			return listed(out, in.PageInput)
		})
	huma.Register(api, op(http.MethodPost, "/releases", "draft-release", access.NeedsPropose, "Prepare a text for donors; nobody but the recipient sees it"),
		func(ctx context.Context, in *struct{ Body Wish }) (*bodyOutput[Release], error) {
			return one(s.catalogue.Draft(ctx, actor(ctx), in.Body.catalogue()))
		})
	huma.Register(api, op(http.MethodGet, "/releases/{id}", "get-release", access.NeedsRead, "One text with its approvals"),
		func(ctx context.Context, in *IDInput) (*bodyOutput[Release], error) {
			return one(s.catalogue.Release(ctx, actor(ctx), in.ID))
		})
	huma.Register(api, op(http.MethodPut, "/releases/{id}", "edit-release", access.NeedsPropose, "Replace a draft; approvals given before are void"),
		func(ctx context.Context, in *struct {
			IDInput
			Body Wish
		}) (*bodyOutput[Release], error) {
			return one(s.catalogue.Edit(ctx, actor(ctx), in.ID, in.Body.catalogue()))
		})
	huma.Register(api, op(http.MethodGet, "/releases/{id}/preview", "preview-release", access.NeedsRead, "The text as one donor of the audience will read it"),
		func(ctx context.Context, in *struct {
			IDInput
			Donor string `query:"donor" required:"true" maxLength:"64"`
		}) (*bodyOutput[catalogue.DonorNeed], error) {
			t, err := s.catalogue.Preview(ctx, actor(ctx), in.ID, in.Donor)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[catalogue.DonorNeed]{t}, nil
		})
	huma.Register(api, op(http.MethodPost, "/releases/{id}/approve", "approve-release", access.NeedsApprove, "One person's yes to exactly this text; the second, different person publishes it"),
		func(ctx context.Context, in *approveInput) (*bodyOutput[Release], error) {
			return one(s.catalogue.Approve(ctx, actor(ctx), in.ID, in.Body.Digest))
		})
	huma.Register(api, op(http.MethodPost, "/releases/{id}/withdraw", "withdraw-release", access.NeedsWithdraw, "Take a text back, at once and on every channel"),
		func(ctx context.Context, in *withdrawInput) (*bodyOutput[Release], error) {
			if err := s.catalogue.Withdraw(ctx, actor(ctx), in.ID, in.Body.Reason); err != nil {
				return nil, s.fail(err)
			}
			return one(s.catalogue.Release(ctx, actor(ctx), in.ID))
		})
	s.recipientSide(api)
}

func (s *service) recipientSide(api huma.API) {
	huma.Register(api, op(http.MethodPut, "/recipients/{id}/profile", "put-profile", access.NeedsPropose, "What a recipient says of its own size and weight"),
		func(ctx context.Context, in *profileInput) (*struct{}, error) {
			return nil, s.fail(s.catalogue.PutProfile(ctx, actor(ctx), store.Profile{RecipientID: in.ID, Criticality: in.Body.Criticality, Users: in.Body.Users, Admins: in.Body.Admins}))
		})
	huma.Register(api, op(http.MethodGet, "/recipients/{id}/reads", "list-reads", access.NeedsRead, "Who of which donor read what, newest first"),
		func(ctx context.Context, in *OfRecipient) (*pageOutput[Read], error) {
			list, err := s.catalogue.Reads(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			var out []Read
			for _, r := range list {
				out = append(out, Read{r.ReleaseID, r.DonorID, r.UserID, r.Channel, r.Times, r.First, r.Last})
			}
			return listed(out, in.PageInput)
		})
	huma.Register(api, op(http.MethodGet, "/recipients/{id}/pledges", "list-pledges-to", access.NeedsRead, "Help announced to a recipient, oldest first"),
		func(ctx context.Context, in *OfRecipient) (*pageOutput[Pledge], error) {
			list, err := s.catalogue.Pledges(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			var out []Pledge
			for _, p := range list {
				out = append(out, pledge(p))
			}
			return listed(out, in.PageInput)
		})
	huma.Register(api, op(http.MethodPost, "/pledges/{id}/commission", "commission-pledge", access.NeedsCommission, "The recipient's word that what was delivered is in use"),
		func(ctx context.Context, in *IDInput) (*struct{}, error) {
			return nil, s.fail(s.catalogue.Commission(ctx, actor(ctx), in.ID))
		})
	huma.Register(api, op(http.MethodGet, "/recipients/{id}/effects", "list-effects", access.EffectRead, "What committed help changed, measured"),
		func(ctx context.Context, in *OfRecipient) (*pageOutput[EffectReport], error) {
			list, err := s.catalogue.Effects(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			var out []EffectReport
			for _, e := range list {
				out = append(out, effect(e))
			}
			return listed(out, in.PageInput)
		})
	huma.Register(api, op(http.MethodGet, "/recipients/{id}/stated-needs", "list-stated-needs", access.NeedsRead, "Needs that a recipient states and no agent measured"),
		func(ctx context.Context, in *OfRecipient) (*pageOutput[catalogue.StatedNeed], error) {
			list, err := s.catalogue.StatedNeeds(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			return listed(list, in.PageInput)
		})
}

func release(r catalogue.Release) Release {
	out := Release{ID: r.ID, Recipient: r.Recipient, State: r.State, Level: int(r.Level), Origin: r.Origin, Needs: r.Needs, Audience: r.Audience, Until: r.Until,
		Text: r.Text, PlainUK: r.Text.Plain("uk"), PlainEN: r.Text.Plain("en"), Digest: r.Digest, Run: r.Run, Created: r.Created, CreatedBy: r.CreatedBy,
		Published: when(r.Published), Ended: when(r.Ended), EndReason: r.EndReason, Project: r.Project, Approvals: []Approval{}, Missing: r.Missing}
	for _, a := range r.Approvals {
		out.Approvals = append(out.Approvals, Approval{a.UserID, a.At})
	}
	return out
}

func pledge(p store.Pledge) Pledge {
	return Pledge{ID: p.ID, Release: p.ReleaseID, Recipient: p.RecipientID, Donor: p.DonorID, State: p.State, Quantity: p.Quantity, AmountEUR: p.AmountEUR,
		Delivered: p.Delivered, Created: p.Created, Changed: p.Changed, Committed: when(p.Committed), Commissioned: when(p.Commissioned), Verified: when(p.Verified)}
}

func effect(e catalogue.EffectReport) EffectReport {
	out := EffectReport{Pledge: pledge(e.Pledge), Title: e.Text.Title, Verifiable: e.Verifiable, After: e.After, EURPerFinding: e.EURPerFinding}
	if out.After == nil {
		out.After = []catalogue.Measurement{}
	}
	if e.Verifiable {
		out.Before = &e.Before
	}
	if e.ClosedPercent >= 0 {
		out.ClosedPercent = &e.ClosedPercent
	}
	if e.DaysToCommissioned >= 0 {
		out.DaysToCommissioned = &e.DaysToCommissioned
	}
	return out
}
