package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
)

// Donor is a donor organisation, as recipients name it in an audience.
type Donor struct {
	ID     string `json:"id"`
	NameUK string `json:"name_uk"`
	NameEN string `json:"name_en"`
	Member bool   `json:"member" doc:"may pledge; false: an observer"`
}

// Overlaps is what a pledge would come on top of.
type Overlaps struct {
	Overlaps []catalogue.Overlap `json:"overlaps"`
	Seen     string              `json:"seen" doc:"to be sent back with the pledge; empty when there is no overlap"`
}

// RefInput names an entry in the path, by the donor's reference.
type RefInput struct {
	Ref string `path:"ref" maxLength:"64"`
}

type offer struct {
	Quantity  int     `json:"quantity,omitempty" minimum:"0" maximum:"1000000" doc:"0: follows from the amount"`
	AmountEUR float64 `json:"amount_eur,omitempty" minimum:"0" maximum:"9999999999" doc:"0: follows from the quantity"`
	Seen      string  `json:"seen,omitempty" maxLength:"128" doc:"of the overlaps that were looked at"`
}

type entriesInput struct {
	PageInput
	Kind   string  `query:"kind" enum:"equipment,software,training,service"`
	Line   string  `query:"line_of_effort" enum:"support,build,sustain"`
	Sector string  `query:"sector" maxLength:"64"`
	Region string  `query:"region" maxLength:"16"`
	Origin string  `query:"origin" enum:"measured,stated"`
	MaxEUR float64 `query:"max_eur" minimum:"0" doc:"most of the middle of the cost; 0: any"`
}

func (s *service) donors(api huma.API) {
	huma.Register(api, op(http.MethodGet, "/donors", "list-donors", "", "Donor organisations, to name an audience from"),
		func(ctx context.Context, in *PageInput) (*pageOutput[Donor], error) {
			list, err := s.catalogue.Donors(ctx, actor(ctx))
			if err != nil {
				return nil, s.fail(err)
			}
			var out []Donor
			for _, d := range list {
				out = append(out, Donor{d.ID, d.NameUK, d.NameEN, d.Member})
			}
			return listed(out, *in)
		})
	huma.Register(api, op(http.MethodGet, "/entries", "list-entries", access.EntriesRead, "What the caller's organisation may read, newest first; reading is noted in the recipient's ledger"),
		func(ctx context.Context, in *entriesInput) (*pageOutput[catalogue.Entry], error) {
			list, err := s.catalogue.Entries(ctx, actor(ctx), catalogue.API, catalogue.Filter{Kind: remedies.Kind(in.Kind), Line: remedies.Line(in.Line),
				Sector: in.Sector, Region: in.Region, Origin: in.Origin, MaxEUR: in.MaxEUR})
			if err != nil {
				return nil, s.fail(err)
			}
			return listed(list, in.PageInput)
		})
	huma.Register(api, op(http.MethodGet, "/entries/{ref}", "get-entry", access.EntriesRead, "One entry with its funding"),
		func(ctx context.Context, in *RefInput) (*bodyOutput[catalogue.Entry], error) {
			e, err := s.catalogue.Entry(ctx, actor(ctx), catalogue.API, in.Ref)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[catalogue.Entry]{e}, nil
		})
	huma.Register(api, op(http.MethodPost, "/entries/{ref}/overlaps", "list-overlaps", access.EntriesPledge, "What a pledge would overlap with; changes nothing"),
		func(ctx context.Context, in *struct {
			RefInput
			Body offer
		}) (*bodyOutput[Overlaps], error) {
			list, seen, err := s.catalogue.Overlaps(ctx, actor(ctx), in.Ref, catalogue.Offer{Quantity: in.Body.Quantity, AmountEUR: in.Body.AmountEUR})
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[Overlaps]{Overlaps{list, seen}}, nil
		})
	huma.Register(api, op(http.MethodPost, "/entries/{ref}/pledges", "pledge", access.EntriesPledge, "Announce help"),
		func(ctx context.Context, in *struct {
			RefInput
			Body offer
		}) (*bodyOutput[catalogue.OwnHelp], error) {
			h, err := s.catalogue.Pledge(ctx, actor(ctx), in.Ref, catalogue.Offer(in.Body))
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[catalogue.OwnHelp]{h}, nil
		})
	s.pledges(api)
	huma.Register(api, op(http.MethodGet, "/withdrawals", "list-withdrawals", access.EntriesRead, "What the organisation could read once and no longer may"),
		func(ctx context.Context, in *PageInput) (*pageOutput[catalogue.Gone], error) {
			list, err := s.catalogue.Withdrawals(ctx, actor(ctx))
			if err != nil {
				return nil, s.fail(err)
			}
			return listed(list, *in)
		})
	huma.Register(api, op(http.MethodGet, "/totals", "get-totals", access.EntriesRead, "The frozen totals over all recipients that released a need"),
		func(ctx context.Context, _ *struct{}) (*bodyOutput[catalogue.Totals], error) {
			t, err := s.catalogue.Totals(ctx, actor(ctx))
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[catalogue.Totals]{t}, nil
		})
	huma.Register(api, op(http.MethodPost, "/totals", "freeze-totals", access.QueueRead, "Freeze new totals"),
		func(ctx context.Context, _ *struct{}) (*bodyOutput[catalogue.Totals], error) {
			t, err := s.catalogue.Freeze(ctx, actor(ctx))
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[catalogue.Totals]{t}, nil
		})
}

func (s *service) pledges(api huma.API) {
	huma.Register(api, op(http.MethodGet, "/pledges", "list-own-pledges", access.EntriesRead, "Help of the caller's organisation, with its measured effect"),
		func(ctx context.Context, in *PageInput) (*pageOutput[catalogue.OwnHelp], error) {
			list, err := s.catalogue.OwnPledges(ctx, actor(ctx))
			if err != nil {
				return nil, s.fail(err)
			}
			return listed(list, *in)
		})
	for _, step := range []struct {
		name, summary string
		action        access.Action
		do            func(context.Context, access.Actor, string) error
	}{
		{"commit", "Bind a pledge: from now on it counts", access.EntriesCommit, s.catalogue.Commit},
		{"procure", "Say that the help was ordered", access.EntriesDeliver, s.catalogue.Procure},
		{"cancel", "Take a pledge back, before delivery", access.EntriesCommit, s.catalogue.Cancel},
	} {
		huma.Register(api, op(http.MethodPost, "/pledges/{id}/"+step.name, step.name+"-pledge", step.action, step.summary),
			func(ctx context.Context, in *IDInput) (*struct{}, error) {
				return nil, s.fail(step.do(ctx, actor(ctx), in.ID))
			})
	}
	huma.Register(api, op(http.MethodPost, "/pledges/{id}/deliver", "deliver-pledge", access.EntriesDeliver, "Claim that so many units arrived in all"),
		func(ctx context.Context, in *struct {
			IDInput
			Body struct {
				Quantity int `json:"quantity" minimum:"1" maximum:"1000000"`
			}
		}) (*struct{}, error) {
			return nil, s.fail(s.catalogue.Deliver(ctx, actor(ctx), in.ID, in.Body.Quantity))
		})
}
