package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/foreign"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Report is what another tool said of a host, as evidence beside our own measurements.
type Report struct {
	ID         string       `json:"id"`
	Host       string       `json:"host"`
	Tool       string       `json:"tool"`
	Version    string       `json:"version,omitempty"`
	Target     string       `json:"target,omitempty" doc:"what the tool called the machine"`
	Made       *time.Time   `json:"made_at,omitempty"`
	Imported   time.Time    `json:"imported_at"`
	ImportedBy string       `json:"imported_by"`
	SHA256     string       `json:"sha256" doc:"of the file"`
	Profile    string       `json:"profile,omitempty"`
	Results    []ToolResult `json:"results,omitempty" doc:"when one report is asked for"`
}

// ToolResult is one rule of another tool.
type ToolResult struct {
	Rule     string         `json:"rule"`
	Title    string         `json:"title,omitempty"`
	Status   foreign.Status `json:"status" enum:"pass,fail,unmeasured,not_applicable,informational"`
	Severity string         `json:"severity,omitempty" doc:"in the tool's own words"`
	Detail   string         `json:"detail,omitempty"`
}

func report(v store.ForeignReport) Report {
	return Report{ID: v.ID, Host: v.HostID, Tool: v.Tool, Version: v.Version, Target: v.Target, Made: when(v.Made), Imported: v.Imported, ImportedBy: v.ImportedBy, SHA256: v.Digest}
}

func (s *service) reports(api huma.API) {
	up := op(http.MethodPost, "/hosts/{id}/reports", "import-report", access.FindingsEvidence,
		"Keep a report of OpenSCAP (XCCDF, ARF), Lynis or in SARIF beside the host's own results; it is never mixed with them")
	up.MaxBodyBytes = foreign.MaxBytes + 1
	huma.Register(api, up, func(ctx context.Context, in *struct {
		IDInput
		RawBody []byte `contentType:"application/octet-stream"`
	}) (*bodyOutput[Report], error) {
		v, err := s.desk.ImportReport(ctx, actor(ctx), in.ID, in.RawBody)
		if err != nil {
			return nil, s.fail(err)
		}
		return &bodyOutput[Report]{report(v)}, nil
	})
	huma.Register(api, op(http.MethodGet, "/hosts/{id}/reports", "list-reports", access.HostsRead, "What other tools said of a host, newest first"),
		func(ctx context.Context, in *struct {
			IDInput
			PageInput
		}) (*pageOutput[Report], error) {
			list, err := s.desk.Reports(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			var out []Report
			for _, v := range list {
				out = append(out, report(v))
			}
			return listed(out, in.PageInput)
		})
	huma.Register(api, op(http.MethodGet, "/reports/{id}", "get-report", access.HostsRead, "One report with its results"),
		func(ctx context.Context, in *IDInput) (*bodyOutput[Report], error) {
			v, r, err := s.desk.Report(ctx, actor(ctx), in.ID)
			if err != nil {
				return nil, s.fail(err)
			}
			out := report(v)
			out.Profile = r.Profile
			for _, v := range r.Results {
				out.Results = append(out.Results, ToolResult(v))
			}
			return &bodyOutput[Report]{out}, nil
		})
}
