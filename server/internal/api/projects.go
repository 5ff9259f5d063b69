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
)

// ProjectWords are what a project of several recipients says.
type ProjectWords struct {
	Title    remedies.Text      `json:"title" doc:"in uk and en; names no recipient"`
	Purpose  remedies.Text      `json:"purpose,omitempty" doc:"in uk and en; read at level 3"`
	Schedule catalogue.Schedule `json:"schedule,omitempty"`
}

// NewProject begins a project.
type NewProject struct {
	Recipient string `json:"recipient" maxLength:"64" doc:"who leads it"`
	ProjectWords
}

// ProjectCode is a project with the code by which others join; the code is shown once.
type ProjectCode struct {
	Project catalogue.Project `json:"project"`
	Code    string            `json:"code"`
}

// JoinProject is how a recipient takes part.
type JoinProject struct {
	Recipient string `json:"recipient" maxLength:"64"`
	Code      string `json:"code" minLength:"16" maxLength:"40"`
}

// ShapeVersion is one version of how a recipient arranged its needs.
type ShapeVersion struct {
	Version int          `json:"version"`
	At      time.Time    `json:"at"`
	By      string       `json:"by"`
	Splits  []need.Split `json:"splits"`
	Merges  []need.Merge `json:"merges"`
	Own     []need.Own   `json:"own"`
}

// NewStatedNeed is a need that no agent measured.
type NewStatedNeed struct {
	Kind       remedies.Kind `json:"kind" enum:"equipment,software,training,service"`
	Title      remedies.Text `json:"title"`
	Text       remedies.Text `json:"text"`
	Capability string        `json:"capability" maxLength:"64"`
	Quantity   int           `json:"quantity" minimum:"1" maximum:"1000000"`
	Unit       remedies.Text `json:"unit"`
	UnitCost   need.Money    `json:"unit_cost_eur"`
	RunCost    need.Money    `json:"unit_run_cost_eur_per_year,omitempty"`
	Line       remedies.Line `json:"line_of_effort" enum:"support,build,sustain"`
	LineReason remedies.Text `json:"line_reason"`
}

func shapeVersion(v catalogue.ShapeVersion) ShapeVersion {
	out := ShapeVersion{Version: v.Version, At: v.At, By: v.By, Splits: v.Splits, Merges: v.Merges, Own: v.Own}
	if out.Splits == nil {
		out.Splits = []need.Split{}
	}
	if out.Merges == nil {
		out.Merges = []need.Merge{}
	}
	if out.Own == nil {
		out.Own = []need.Own{}
	}
	return out
}

// projects registers what recipients do together, and how each arranges its needs.
func (s *service) projects(api huma.API) {
	one := func(p catalogue.Project, err error) (*bodyOutput[catalogue.Project], error) {
		if err != nil {
			return nil, s.fail(err)
		}
		return &bodyOutput[catalogue.Project]{p}, nil
	}
	words := func(w ProjectWords) catalogue.Project {
		return catalogue.Project{Title: w.Title, Purpose: w.Purpose, Schedule: w.Schedule}
	}
	huma.Register(api, op(http.MethodGet, "/projects", "list-projects", access.NeedsRead, "Projects of several recipients in which the caller's take part, oldest first"),
		func(ctx context.Context, in *struct {
			RecipientInput
			PageInput
		}) (*pageOutput[catalogue.Project], error) {
			list, err := s.catalogue.Projects(ctx, actor(ctx), in.Recipient)
			if err != nil {
				return nil, s.fail(err)
			}
			return listed(list, in.PageInput)
		})
	huma.Register(api, op(http.MethodPost, "/projects", "new-project", access.NeedsPropose, "Begin a project of several recipients; the code by which others join is shown once"),
		func(ctx context.Context, in *struct{ Body NewProject }) (*bodyOutput[ProjectCode], error) {
			p := words(in.Body.ProjectWords)
			p.Lead = in.Body.Recipient
			p, code, err := s.catalogue.NewProject(ctx, actor(ctx), p)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[ProjectCode]{ProjectCode{p, code}}, nil
		})
	huma.Register(api, op(http.MethodPost, "/projects/join", "join-project", access.NeedsPropose, "Take part in a project, by its code"),
		func(ctx context.Context, in *struct{ Body JoinProject }) (*bodyOutput[catalogue.Project], error) {
			return one(s.catalogue.JoinProject(ctx, actor(ctx), in.Body.Recipient, in.Body.Code))
		})
	huma.Register(api, op(http.MethodGet, "/projects/{id}", "get-project", access.NeedsRead, "One project with who takes part and all its versions"),
		func(ctx context.Context, in *IDInput) (*bodyOutput[catalogue.Project], error) {
			return one(s.catalogue.Project(ctx, actor(ctx), in.ID))
		})
	huma.Register(api, op(http.MethodPut, "/projects/{id}", "edit-project", access.NeedsPropose, "Make a new version of title, purpose and schedule; approved parts keep the approved words"),
		func(ctx context.Context, in *struct {
			IDInput
			Body ProjectWords
		}) (*bodyOutput[catalogue.Project], error) {
			p := words(in.Body)
			p.ID = in.ID
			return one(s.catalogue.EditProject(ctx, actor(ctx), p))
		})
	huma.Register(api, op(http.MethodPost, "/projects/{id}/code", "new-project-code", access.NeedsPropose, "Make the code by which others join anew"),
		func(ctx context.Context, in *IDInput) (*bodyOutput[ProjectCode], error) {
			code, err := s.catalogue.NewCode(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			p, err := s.catalogue.Project(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[ProjectCode]{ProjectCode{p, code}}, nil
		})
	huma.Register(api, op(http.MethodPost, "/projects/{id}/close", "close-project", access.NeedsPropose, "End a project; what is published stays until it ends"),
		func(ctx context.Context, in *IDInput) (*struct{}, error) {
			return nil, s.fail(s.catalogue.CloseProject(ctx, actor(ctx), in.ID))
		})
	huma.Register(api, op(http.MethodPost, "/projects/{id}/leave", "leave-project", access.NeedsPropose, "End a recipient's part; a draft or a published text is withdrawn first"),
		func(ctx context.Context, in *struct {
			IDInput
			Body struct {
				Recipient string `json:"recipient" maxLength:"64"`
			}
		}) (*struct{}, error) {
			return nil, s.fail(s.catalogue.LeaveProject(ctx, actor(ctx), in.ID, in.Body.Recipient))
		})
	huma.Register(api, op(http.MethodGet, "/joint-entries", "list-joint-entries", access.EntriesRead, "Projects of several recipients: the parts that were approved for the caller's organisation"),
		func(ctx context.Context, in *PageInput) (*pageOutput[catalogue.JointEntry], error) {
			list, err := s.catalogue.JointEntries(ctx, actor(ctx), catalogue.API)
			if err != nil {
				return nil, s.fail(err)
			}
			return listed(list, *in)
		})
	huma.Register(api, op(http.MethodGet, "/releases/{id}/versions", "list-release-versions", access.NeedsRead, "What a draft said over time, oldest first"),
		func(ctx context.Context, in *OfRecipient) (*pageOutput[catalogue.TextVersion], error) {
			list, err := s.catalogue.Versions(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			return listed(list, in.PageInput)
		})
	s.shapes(api)
	s.stated(api)
}

// NeedInput names a need of a recipient in the path.
type NeedInput struct {
	IDInput
	Need string `path:"need" maxLength:"64"`
}

func (s *service) shapes(api huma.API) {
	done := func(v need.Shape, err error) (*bodyOutput[ShapeVersion], error) {
		if err != nil {
			return nil, s.fail(err)
		}
		return &bodyOutput[ShapeVersion]{shapeVersion(catalogue.ShapeVersion{Shape: v, At: s.now().UTC()})}, nil
	}
	huma.Register(api, op(http.MethodGet, "/recipients/{id}/need-shapes", "list-need-shapes", access.NeedsRead, "How a recipient split, merged and restated its needs, all versions, oldest first"),
		func(ctx context.Context, in *OfRecipient) (*pageOutput[ShapeVersion], error) {
			list, err := s.catalogue.Shapes(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			var out []ShapeVersion
			for _, v := range list {
				out = append(out, shapeVersion(v))
			}
			return listed(out, in.PageInput)
		})
	huma.Register(api, op(http.MethodPost, "/recipients/{id}/needs/{need}/split", "split-need", access.NeedsPropose, "Let some sites of a need stand as a need of their own"),
		func(ctx context.Context, in *struct {
			NeedInput
			Body struct {
				Sites []string `json:"sites" minItems:"1" maxItems:"200"`
			}
		}) (*bodyOutput[ShapeVersion], error) {
			return done(s.catalogue.Split(ctx, actor(ctx), in.ID, in.Need, in.Body.Sites))
		})
	huma.Register(api, op(http.MethodPost, "/recipients/{id}/needs/{need}/merge", "merge-needs", access.NeedsPropose, "Let a need take up another one of the same recipient"),
		func(ctx context.Context, in *struct {
			NeedInput
			Body struct {
				From string `json:"from" maxLength:"64"`
			}
		}) (*bodyOutput[ShapeVersion], error) {
			return done(s.catalogue.Merge(ctx, actor(ctx), in.ID, in.Need, in.Body.From))
		})
	huma.Register(api, op(http.MethodPost, "/recipients/{id}/needs/{need}/restore", "restore-need", access.NeedsPropose, "Undo splits, merges and own figures of a need"),
		func(ctx context.Context, in *NeedInput) (*bodyOutput[ShapeVersion], error) {
			return done(s.catalogue.Restore(ctx, actor(ctx), in.ID, in.Need))
		})
	huma.Register(api, op(http.MethodPut, "/recipients/{id}/needs/{need}/own", "state-own-figures", access.NeedsPropose, "State an own quantity or unit cost with a justification; an empty body takes them back"),
		func(ctx context.Context, in *struct {
			NeedInput
			Body struct {
				Quantity int           `json:"quantity,omitempty" minimum:"0" maximum:"1000000" doc:"0: what was derived"`
				UnitCost need.Money    `json:"unit_cost_eur,omitempty"`
				Why      remedies.Text `json:"why,omitempty" doc:"in uk and en; stays with the recipient and its assessors"`
			}
		}) (*bodyOutput[ShapeVersion], error) {
			return done(s.catalogue.OwnFigures(ctx, actor(ctx), in.ID, need.Own{Need: in.Need, Quantity: in.Body.Quantity, UnitCost: in.Body.UnitCost, Why: in.Body.Why}))
		})
}

func (s *service) stated(api huma.API) {
	huma.Register(api, op(http.MethodPost, "/recipients/{id}/stated-needs", "state-need", access.NeedsPropose, "State a need that no agent measures; it is always labelled stated and never ranked"),
		func(ctx context.Context, in *struct {
			IDInput
			Body NewStatedNeed
		}) (*bodyOutput[catalogue.StatedNeed], error) {
			b := in.Body
			n, err := s.catalogue.State(ctx, actor(ctx), catalogue.StatedNeed{Recipient: in.ID, Kind: b.Kind, Title: b.Title, Text: b.Text, Capability: b.Capability,
				Quantity: b.Quantity, Unit: b.Unit, UnitCost: b.UnitCost, RunCost: b.RunCost, Line: b.Line, LineReason: b.LineReason})
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[catalogue.StatedNeed]{n}, nil
		})
	huma.Register(api, op(http.MethodPost, "/recipients/{id}/stated-needs/{need}/close", "close-stated-need", access.NeedsPropose, "Take a stated need out of the list; releases made of it stay"),
		func(ctx context.Context, in *NeedInput) (*struct{}, error) {
			return nil, s.fail(s.catalogue.CloseStated(ctx, actor(ctx), in.ID, in.Need))
		})
}
