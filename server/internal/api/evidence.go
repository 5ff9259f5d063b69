package api

import (
	"context"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Attachment is a file that was put to a finding.
type Attachment struct {
	ID        string     `json:"id"`
	Finding   string     `json:"finding"`
	Name      string     `json:"name"`
	Kind      string     `json:"kind" doc:"media type, as the content was recognised"`
	Size      int        `json:"size_bytes"`
	SHA256    string     `json:"sha256"`
	Created   time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	Removed   *time.Time `json:"removed_at,omitempty"`
}

// Outcome is what became of a decision on several findings.
type Outcome struct {
	Decided int       `json:"decided"`
	Refused []Refused `json:"refused"`
}

// Refused is a finding that was left as it is.
type Refused struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// SavedFilter is a query of the list of findings that the caller kept.
type SavedFilter struct {
	Name  string `json:"name" minLength:"1" maxLength:"60"`
	Query string `json:"query" maxLength:"1000" doc:"as after the question mark of /findings"`
}

// Webhook is an address that is told what happens at a recipient.
type Webhook struct {
	ID        string     `json:"id"`
	Recipient string     `json:"recipient"`
	URL       string     `json:"url"`
	Created   time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	Failing   *time.Time `json:"failing_since,omitempty"`
	Disabled  *time.Time `json:"disabled_at,omitempty" doc:"after five days without success"`
	Secret    string     `json:"secret,omitempty" doc:"of the signatures (Standard Webhooks), shown once"`
}

type fileOutput struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func attachment(v store.Attachment) Attachment {
	return Attachment{v.ID, v.FindingID, v.Name, v.Kind, v.Size, hex.EncodeToString(v.Digest), v.Created, v.CreatedBy, when(v.Removed)}
}

func (s *service) evidence(api huma.API) {
	up := op(http.MethodPost, "/findings/{id}/attachments", "attach-file", access.FindingsEvidence, "Put a file to a finding: PNG, JPEG, PDF or plain text, up to 5 MiB")
	up.MaxBodyBytes = desk.MaxAttachment + 1
	huma.Register(api, up, func(ctx context.Context, in *struct {
		IDInput
		Name    string `query:"name" required:"true" minLength:"1" maxLength:"200"`
		RawBody []byte `contentType:"application/octet-stream"`
	}) (*bodyOutput[Attachment], error) {
		v, err := s.desk.Attach(ctx, actor(ctx), in.ID, in.Name, in.RawBody)
		if err != nil {
			return nil, s.fail(err)
		}
		return &bodyOutput[Attachment]{attachment(v)}, nil
	})
	huma.Register(api, op(http.MethodGet, "/findings/{id}/attachments", "list-attachments", access.FindingsRead, "Files of a finding, oldest first; of a removed one the line stays"),
		func(ctx context.Context, in *struct {
			IDInput
			PageInput
		}) (*pageOutput[Attachment], error) {
			list, err := s.desk.Attachments(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			var out []Attachment
			for _, v := range list {
				out = append(out, attachment(v))
			}
			return listed(out, in.PageInput)
		})
	get := op(http.MethodGet, "/attachments/{id}", "get-attachment", access.FindingsRead, "A file's content, always as a download")
	get.Responses = map[string]*huma.Response{"200": {Description: "the file", Content: map[string]*huma.MediaType{"*/*": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	huma.Register(api, get, func(ctx context.Context, in *IDInput) (*fileOutput, error) {
		v, err := s.desk.Attachment(ctx, actor(ctx), in.ID)
		if err != nil {
			return nil, s.fail(err)
		}
		return &fileOutput{v.Kind, `attachment; filename*=UTF-8''` + escapeName(v.Name), v.Content}, nil
	})
	huma.Register(api, op(http.MethodDelete, "/attachments/{id}", "remove-attachment", access.FindingsEvidence, "Take a file away; that it was there stays on record"),
		func(ctx context.Context, in *IDInput) (*struct{}, error) {
			return nil, s.fail(s.desk.RemoveAttachment(ctx, actor(ctx), in.ID))
		})
	huma.Register(api, op(http.MethodPost, "/findings/decisions", "decide-findings", access.FindingsReview, "One decision for several findings, each for itself"),
		func(ctx context.Context, in *struct {
			Body struct {
				DecisionBody
				Findings []string `json:"findings" minItems:"1" maxItems:"200"`
			}
		}) (*bodyOutput[Outcome], error) {
			refused, err := s.desk.DecideMany(ctx, actor(ctx), in.Body.Findings, in.Body.decision(), in.Body.Reason, in.Body.Until)
			if err != nil {
				return nil, s.fail(err)
			}
			out := Outcome{Decided: len(in.Body.Findings) - len(refused), Refused: []Refused{}}
			for _, id := range in.Body.Findings {
				if err := refused[id]; err != nil {
					out.Refused = append(out.Refused, Refused{id, err.Error()})
				}
			}
			return &bodyOutput[Outcome]{out}, nil
		})
	s.filters(api)
	s.webhooks(api)
}

// DecisionBody is a decision as it is sent. It is exported as huma reads exported fields only.
type DecisionBody struct {
	Decision string    `json:"decision" enum:"unreviewed,confirmed,false_positive,accepted"`
	Reason   string    `json:"reason,omitempty" maxLength:"4000"`
	Until    time.Time `json:"until,omitempty" doc:"end of a waiver; required for accepted, at most a year away"`
}

func (d DecisionBody) decision() review.Decision {
	if d.Decision == "unreviewed" {
		return review.Unreviewed
	}
	return review.Decision(d.Decision)
}

func (s *service) filters(api huma.API) {
	huma.Register(api, op(http.MethodGet, "/me/filters", "list-filters", access.FindingsRead, "The caller's saved filters of findings"),
		func(ctx context.Context, in *PageInput) (*pageOutput[SavedFilter], error) {
			list, err := s.desk.Filters(ctx, actor(ctx))
			if err != nil {
				return nil, s.fail(err)
			}
			var out []SavedFilter
			for _, v := range list {
				out = append(out, SavedFilter{v.Name, v.Query})
			}
			return listed(out, *in)
		})
	huma.Register(api, op(http.MethodPut, "/me/filters", "save-filter", access.FindingsRead, "Keep a filter under a name"),
		func(ctx context.Context, in *struct{ Body SavedFilter }) (*struct{}, error) {
			return nil, s.fail(s.desk.SaveFilter(ctx, actor(ctx), in.Body.Name, in.Body.Query))
		})
	huma.Register(api, op(http.MethodDelete, "/me/filters/{name}", "drop-filter", access.FindingsRead, "Forget a saved filter"),
		func(ctx context.Context, in *struct {
			Name string `path:"name" maxLength:"240"`
		}) (*struct{}, error) {
			return nil, s.fail(s.desk.DropFilter(ctx, actor(ctx), in.Name))
		})
}

func webhook(v store.Webhook, secret string) Webhook {
	return Webhook{v.ID, v.RecipientID, v.URL, v.Created, v.CreatedBy, when(v.Failing), when(v.Disabled), secret}
}

func (s *service) webhooks(api huma.API) {
	huma.Register(api, op(http.MethodGet, "/recipients/{id}/webhooks", "list-webhooks", access.WebhooksManage, "Addresses that are told what happens at a recipient"),
		func(ctx context.Context, in *struct {
			IDInput
			PageInput
		}) (*pageOutput[Webhook], error) {
			list, err := s.desk.Webhooks(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			var out []Webhook
			for _, v := range list {
				out = append(out, webhook(v, ""))
			}
			return listed(out, in.PageInput)
		})
	huma.Register(api, op(http.MethodPost, "/recipients/{id}/webhooks", "add-webhook", access.WebhooksManage, "Have an address told: finding.opened, .closed, .reopened, .moot, .waiver_ended, .decided, .assigned, .comment"),
		func(ctx context.Context, in *struct {
			IDInput
			Body struct {
				URL string `json:"url" maxLength:"2000" doc:"https://"`
			}
		}) (*bodyOutput[Webhook], error) {
			v, secret, err := s.desk.AddWebhook(ctx, actor(ctx), s.seal, in.ID, in.Body.URL, s.private)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[Webhook]{webhook(v, secret)}, nil
		})
	huma.Register(api, op(http.MethodDelete, "/webhooks/{id}", "drop-webhook", access.WebhooksManage, "Tell an address nothing more"),
		func(ctx context.Context, in *IDInput) (*struct{}, error) {
			return nil, s.fail(s.desk.DropWebhook(ctx, actor(ctx), in.ID))
		})
}

// escapeName writes a file name for a Content-Disposition header (RFC 8187).
func escapeName(name string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	var out []byte
	for i := range len(name) {
		c := name[i]
		if strings.IndexByte(plain, c) >= 0 {
			out = append(out, c)
			continue
		}
		out = append(out, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
	}
	return string(out)
}
