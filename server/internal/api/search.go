package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/search"
)

// Hit is one thing that holds the text looked for.
type Hit struct {
	Kind      search.Kind         `json:"kind" enum:"recipients,hosts,findings,controls,needs" doc:"the list that it stands in"`
	ID        string              `json:"id" doc:"in that list"`
	Title     remedies.Text       `json:"title" doc:"by language"`
	Recipient string              `json:"recipient,omitempty"`
	Host      string              `json:"host,omitempty" doc:"id; of a finding"`
	Control   string              `json:"control,omitempty" doc:"of a finding"`
	Severity  assessment.Severity `json:"severity,omitempty"`
}

// Hits is what was found.
type Hits struct {
	Items []Hit         `json:"items" doc:"by kind; at most 20 of each"`
	More  []search.Kind `json:"more" doc:"kinds of which there is more: narrow the text, or read the list"`
}

type searchInput struct {
	Text string `query:"q" required:"true" minLength:"2" maxLength:"100" doc:"in either language, without regard to case; of a finding its id or its control"`
}

func (s *service) search(api huma.API) {
	seeker := search.Seeker{Desk: s.desk, Needs: s.catalogue}
	huma.Register(api, op(http.MethodGet, "/search", "search", access.NeedsRead, "What holds a text, over everything that is the caller's to see"),
		func(ctx context.Context, in *searchInput) (*bodyOutput[Hits], error) {
			found, err := seeker.For(ctx, actor(ctx), in.Text)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[Hits]{hitsOf(found)}, nil
		})
}

func hitsOf(f *search.Found) Hits {
	out := Hits{Items: []Hit{}, More: []search.Kind{}}
	both := func(uk, en string) remedies.Text { return remedies.Text{"uk": uk, "en": en} }
	for _, r := range f.Recipients {
		out.Items = append(out.Items, Hit{Kind: search.Recipients, ID: r.ID, Title: both(r.Name("uk"), r.Name("en")), Recipient: r.ID})
	}
	for _, h := range f.Hosts {
		out.Items = append(out.Items, Hit{Kind: search.Hosts, ID: h.ID, Title: both(h.Name, h.Name), Recipient: h.RecipientID})
	}
	title := map[string]remedies.Text{}
	for _, c := range f.Controls {
		title[c.ID] = both(c.Title.In("uk"), c.Title.In("en"))
	}
	for _, v := range f.Findings {
		name := title[v.Control]
		if name == nil {
			name = both(v.Control, v.Control)
		}
		out.Items = append(out.Items, Hit{Kind: search.Findings, ID: v.ID, Title: name, Recipient: v.RecipientID, Host: v.HostID, Control: v.Control, Severity: v.Severity})
	}
	for _, c := range f.Controls {
		out.Items = append(out.Items, Hit{Kind: search.Controls, ID: c.ID, Title: title[c.ID], Severity: c.Severity})
	}
	for i := range f.Needs {
		n := &f.Needs[i]
		out.Items = append(out.Items, Hit{Kind: search.Needs, ID: n.ID, Title: n.Title, Recipient: n.Recipient})
	}
	for _, k := range search.Kinds() {
		if f.More[k] {
			out.More = append(out.More, k)
		}
	}
	return out
}
