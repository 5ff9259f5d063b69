package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/gap"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Recipient is an institution whose data the caller may see.
type Recipient struct {
	ID       string `json:"id"`
	NameUK   string `json:"name_uk"`
	NameEN   string `json:"name_en"`
	Sector   string `json:"sector"`
	SizeBand string `json:"size_band"`
	Region   string `json:"region"`
}

// Host is a host with the counts of its latest assessment.
type Host struct {
	ID           string             `json:"id"`
	Recipient    string             `json:"recipient"`
	Site         string             `json:"site"`
	Name         string             `json:"name" doc:"empty: withheld by the host's administrator"`
	OS           string             `json:"os"`
	Role         string             `json:"role"`
	Kernel       string             `json:"kernel"`
	Exposure     string             `json:"exposure" enum:",small,controlled,open" doc:"from how far anything that listens on it can be reached, through its loaded firewall; empty: not known, or withheld"`
	AgentVersion string             `json:"agent_version"`
	Enrolled     time.Time          `json:"enrolled_at"`
	LastSeen     *time.Time         `json:"last_seen_at,omitempty"`
	Measured     *time.Time         `json:"measured_at,omitempty"`
	Sequence     uint64             `json:"sequence" doc:"of the newest item stored"`
	Summary      assessment.Summary `json:"summary"`
	Sent         uint64             `json:"sent_bytes" doc:"that came from it, ever"`
	Revoked      *time.Time         `json:"revoked_at,omitempty"`
}

// Result is what the latest assessment said of one control on a host.
type Result struct {
	Control    string              `json:"control"`
	Status     assessment.Status   `json:"status"`
	Live       assessment.Status   `json:"live,omitempty"`
	Persisted  assessment.Status   `json:"persisted,omitempty"`
	Severity   assessment.Severity `json:"severity"`
	Capability string              `json:"capability"`
	ReasonID   string              `json:"reason_id"`
	Target     json.RawMessage     `json:"target,omitempty" doc:"what was seen on the host; absent: withheld"`
	Since      *time.Time          `json:"since,omitempty"`
}

// Finding is a failing control on a host over time.
type Finding struct {
	ID            string              `json:"id"`
	Host          string              `json:"host"`
	Recipient     string              `json:"recipient"`
	Site          string              `json:"site"`
	Control       string              `json:"control"`
	Family        string              `json:"family"`
	Capability    string              `json:"capability"`
	Severity      assessment.Severity `json:"severity"`
	State         review.State        `json:"state" doc:"by measurement: open, closed or moot"`
	Status        assessment.Status   `json:"status" doc:"of the newest measurement"`
	Decision      string              `json:"decision" doc:"unreviewed, confirmed, false_positive or accepted"`
	Reason        string              `json:"decision_reason,omitempty"`
	AcceptedUntil *time.Time          `json:"accepted_until,omitempty"`
	ReasonID      string              `json:"reason_id"`
	Assignee      string              `json:"assignee,omitempty"`
	Opened        time.Time           `json:"opened_at"`
	Closed        *time.Time          `json:"closed_at,omitempty"`
	Reopened      int                 `json:"reopened" doc:"how often"`
	Measured      time.Time           `json:"measured_at"`
	Due           *time.Time          `json:"due_at,omitempty"`
	Target        json.RawMessage     `json:"target,omitempty" doc:"what was seen on the host; absent: withheld"`
}

// Event is one thing that happened to a finding.
type Event struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Event  string    `json:"event"`
	Detail string    `json:"detail,omitempty"`
}

// FindingDetail is a finding with its history.
type FindingDetail struct {
	Finding
	Events []Event `json:"events" doc:"oldest first"`
}

// NeedDetail is a need with its printed sum.
type NeedDetail struct {
	Need    need.Need        `json:"need"`
	Explain need.Explanation `json:"explanation"`
}

// AuditEntry is one line of the trail.
type AuditEntry struct {
	Sequence  uint64    `json:"sequence"`
	At        time.Time `json:"at"`
	Actor     string    `json:"actor"`
	Action    string    `json:"action"`
	Object    string    `json:"object"`
	Recipient string    `json:"recipient,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	Hash      []byte    `json:"hash"`
}

type findingsInput struct {
	PageInput
	RecipientInput
	Host        string `query:"host" maxLength:"64"`
	Control     string `query:"control" maxLength:"128"`
	Capability  string `query:"capability" maxLength:"64"`
	State       string `query:"state" enum:"open,closed,moot"`
	MinSeverity string `query:"min_severity" enum:"info,low,medium,high,critical"`
}

type decisionInput struct {
	IDInput
	Body DecisionBody
}

type commentInput struct {
	IDInput
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"4000"`
	}
}

// LangInput picks the language of texts.
type LangInput struct {
	Lang string `query:"lang" enum:"uk,en" default:"en"`
}

func (s *service) measured(api huma.API) {
	huma.Register(api, op(http.MethodGet, "/recipients", "list-recipients", "", "Recipients whose gaps the caller may see"),
		func(ctx context.Context, in *PageInput) (*pageOutput[Recipient], error) {
			list, err := s.desk.Recipients(ctx, actor(ctx), access.GapsRead)
			if err != nil {
				return nil, s.fail(err)
			}
			var out []Recipient
			for _, r := range list {
				out = append(out, recipient(r))
			}
			return listed(out, *in)
		})
	s.hosts(api)
	s.findings(api)
	huma.Register(api, op(http.MethodGet, "/gaps", "list-gaps", access.GapsRead, "Open gaps as of now"),
		func(ctx context.Context, in *struct {
			PageInput
			RecipientInput
		}) (*pageOutput[gap.Gap], error) {
			list, err := s.catalogue.Gaps(ctx, actor(ctx), in.Recipient)
			if err != nil {
				return nil, s.fail(err)
			}
			return listed(list, in.PageInput)
		})
	huma.Register(api, op(http.MethodGet, "/needs", "list-needs", access.NeedsRead, "Needs as of now, by rank"),
		func(ctx context.Context, in *struct {
			PageInput
			RecipientInput
		}) (*pageOutput[need.Need], error) {
			run, err := s.catalogue.Needs(ctx, actor(ctx), in.Recipient)
			if err != nil {
				return nil, s.fail(err)
			}
			return listed(run.Needs, in.PageInput)
		})
	huma.Register(api, op(http.MethodGet, "/needs/{id}", "get-need", access.NeedsRead, "One need with its printed sum"),
		func(ctx context.Context, in *struct {
			IDInput
			LangInput
		}) (*bodyOutput[NeedDetail], error) {
			run, err := s.catalogue.Needs(ctx, actor(ctx), "")
			if err != nil {
				return nil, s.fail(err)
			}
			n, ok := run.Find(in.ID)
			if !ok {
				return nil, s.fail(store.ErrNotFound)
			}
			return &bodyOutput[NeedDetail]{NeedDetail{*n, run.Explain(n, in.Lang)}}, nil
		})
	huma.Register(api, op(http.MethodGet, "/audit", "list-audit", access.AuditRead, "The audit trail, oldest first"),
		func(ctx context.Context, in *PageInput) (*pageOutput[AuditEntry], error) { return s.audit(ctx, in) })
}

func (s *service) hosts(api huma.API) {
	huma.Register(api, op(http.MethodGet, "/hosts", "list-hosts", access.HostsRead, "Hosts, by id"),
		func(ctx context.Context, in *struct {
			PageInput
			RecipientInput
		}) (*pageOutput[Host], error) {
			after, err := decodeCursor(in.Cursor, 1)
			if err != nil {
				return nil, huma.Error422UnprocessableEntity(err.Error())
			}
			from := ""
			if after != nil {
				from = after[0]
			}
			list, err := s.desk.Hosts(ctx, actor(ctx), desk.HostFilter{Recipient: in.Recipient, After: from, Limit: in.Limit + 1})
			if err != nil {
				return nil, s.fail(err)
			}
			out := Page[Host]{Items: []Host{}}
			for i, h := range list {
				if i == in.Limit {
					out.Next = encodeCursor(list[i-1].ID)
					break
				}
				out.Items = append(out.Items, host(h))
			}
			return &pageOutput[Host]{out}, nil
		})
	huma.Register(api, op(http.MethodGet, "/hosts/{id}", "get-host", access.HostsRead, "One host"),
		func(ctx context.Context, in *IDInput) (*bodyOutput[Host], error) {
			v, err := s.desk.Host(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			return &bodyOutput[Host]{host(v.Host)}, nil
		})
	huma.Register(api, op(http.MethodGet, "/hosts/{id}/results", "list-results", access.HostsRead, "Results of a host's latest assessment, by control"),
		func(ctx context.Context, in *struct {
			IDInput
			PageInput
		}) (*pageOutput[Result], error) {
			v, err := s.desk.Host(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			var out []Result
			for _, r := range v.Results {
				out = append(out, Result{r.Control, r.Status, r.Live, r.Persisted, r.Severity, r.Capability, r.ReasonID, raw(r.Target), when(r.Since)})
			}
			return listed(out, in.PageInput)
		})
}

func (s *service) findings(api huma.API) {
	huma.Register(api, op(http.MethodGet, "/findings", "list-findings", access.FindingsRead, "Findings, the severest first, among them the oldest"),
		func(ctx context.Context, in *findingsInput) (*pageOutput[Finding], error) {
			after, err := parseFindingCursor(in.Cursor)
			if err != nil {
				return nil, huma.Error422UnprocessableEntity(err.Error())
			}
			list, err := s.desk.Findings(ctx, actor(ctx), store.FindingFilter{Recipient: in.Recipient, Host: in.Host, Control: in.Control,
				Capability: in.Capability, State: review.State(in.State), MinSeverity: assessment.Severity(in.MinSeverity), After: after, Limit: in.Limit + 1})
			if err != nil {
				return nil, s.fail(err)
			}
			out := Page[Finding]{Items: []Finding{}}
			for i, f := range list {
				if i == in.Limit {
					out.Next = findingCursor(list[i-1])
					break
				}
				out.Items = append(out.Items, finding(f))
			}
			return &pageOutput[Finding]{out}, nil
		})
	detail := func(ctx context.Context, id string) (*bodyOutput[FindingDetail], error) {
		v, err := s.desk.Finding(ctx, actor(ctx), id)
		if err != nil {
			return nil, s.fail(err)
		}
		return &bodyOutput[FindingDetail]{findingDetail(v)}, nil
	}
	huma.Register(api, op(http.MethodGet, "/findings/{id}", "get-finding", access.FindingsRead, "One finding with its history"),
		func(ctx context.Context, in *IDInput) (*bodyOutput[FindingDetail], error) { return detail(ctx, in.ID) })
	huma.Register(api, op(http.MethodPost, "/findings/{id}/decision", "decide-finding", access.FindingsReview, "Confirm, mark a false positive, or accept until a date"),
		func(ctx context.Context, in *decisionInput) (*bodyOutput[FindingDetail], error) {
			if err := s.desk.Decide(ctx, actor(ctx), in.ID, in.Body.decision(), in.Body.Reason, in.Body.Until); err != nil {
				return nil, s.fail(err)
			}
			return detail(ctx, in.ID)
		})
	huma.Register(api, op(http.MethodPost, "/findings/{id}/comments", "comment-finding", access.FindingsReview, "Add a comment"),
		func(ctx context.Context, in *commentInput) (*bodyOutput[FindingDetail], error) {
			if err := s.desk.Comment(ctx, actor(ctx), in.ID, in.Body.Text); err != nil {
				return nil, s.fail(err)
			}
			return detail(ctx, in.ID)
		})
}

func (s *service) audit(ctx context.Context, in *PageInput) (*pageOutput[AuditEntry], error) {
	p, err := decodeCursor(in.Cursor, 1)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	var after uint64
	if p != nil {
		if err := json.Unmarshal([]byte(p[0]), &after); err != nil {
			return nil, huma.Error422UnprocessableEntity(errCursor.Error())
		}
	}
	list, err := s.desk.AuditEntries(ctx, actor(ctx), after, in.Limit+1)
	if err != nil {
		return nil, s.fail(err)
	}
	out := Page[AuditEntry]{Items: []AuditEntry{}}
	for i, e := range list {
		if i == in.Limit {
			out.Next = encodeCursor(itoa(int(list[i-1].Sequence)))
			break
		}
		out.Items = append(out.Items, AuditEntry{e.Sequence, e.At, e.Actor, e.Action, e.Object, e.RecipientID, e.Detail, e.Hash})
	}
	return &pageOutput[AuditEntry]{out}, nil
}

func host(h store.Host) Host {
	return Host{ID: h.ID, Recipient: h.RecipientID, Site: h.SiteID, Name: h.Name, OS: h.OS, Role: h.Role, Kernel: h.Kernel, Exposure: h.Exposure, AgentVersion: h.AgentVersion,
		Enrolled: h.Enrolled, LastSeen: when(h.LastSeen), Measured: when(h.Measured), Sequence: h.LastSequence, Summary: h.Summary, Sent: h.SentBytes, Revoked: when(h.Revoked)}
}

func finding(f store.Finding) Finding {
	d := string(f.Decision)
	if f.Decision == review.Unreviewed {
		d = "unreviewed"
	}
	return Finding{ID: f.ID, Host: f.HostID, Recipient: f.RecipientID, Site: f.SiteID, Control: f.Control, Family: f.Family, Capability: f.Capability,
		Severity: f.Severity, State: f.State, Status: f.Status, Decision: d, Reason: f.Reason, AcceptedUntil: when(f.AcceptedUntil), ReasonID: f.ReasonID,
		Assignee: f.Assignee, Opened: f.Opened, Closed: when(f.Closed), Reopened: f.Reopens, Measured: f.Measured, Due: when(f.Due), Target: raw(f.Target)}
}

func findingDetail(v desk.FindingView) FindingDetail {
	out := FindingDetail{Finding: finding(v.Finding), Events: []Event{}}
	for _, e := range v.Events {
		out.Events = append(out.Events, Event{e.At, e.Actor, e.Event, e.Detail})
	}
	return out
}

func raw(s string) json.RawMessage {
	if s == "" || !json.Valid([]byte(s)) {
		return nil
	}
	return json.RawMessage(s)
}
