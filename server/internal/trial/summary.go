package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/listing"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// SummarySchema names the format of summary.json.
const SummarySchema = "vymir.trial/1"

// Summary is what one round came to.
type Summary struct {
	Schema        string             `json:"schema"`
	Host          string             `json:"host"`
	HostName      string             `json:"host_name,omitzero"`
	Recipient     string             `json:"recipient"`
	Site          string             `json:"site"`
	Assessment    string             `json:"assessment"` // host/sequence
	Sequence      uint64             `json:"sequence"`
	MeasuredAt    time.Time          `json:"measured_at"`
	Results       assessment.Summary `json:"results"`
	Privileged    bool               `json:"privileged"` // the agent ran as root
	Findings      []listing.Finding  `json:"findings"`   // open ones
	Gaps          []listing.Gap      `json:"gaps"`
	Needs         []need.Need        `json:"needs"`
	Protocol      string             `json:"protocol"`       // h3 (QUIC) or h2 (TCP)
	SentBytes     uint64             `json:"bytes_sent"`     // by the agent in its last check-in, at the IP layer
	ReceivedBytes uint64             `json:"bytes_received"` // the same, the other way
	ReportBytes   uint64             `json:"report_bytes"`   // the stored item as the server keeps it, compressed
	Web           string             `json:"web"`
	Problems      []string           `json:"problems"` // what the agent could not do
	Seconds       float64            `json:"seconds"`  // of the whole run so far
}

func (t *trial) summarize(ctx context.Context, h store.Host) (*Summary, error) {
	s := &Summary{
		Schema: SummarySchema, Host: h.ID, HostName: h.Name, Recipient: h.RecipientID, Site: h.SiteID,
		Assessment: fmt.Sprintf("%s/%d", h.ID, h.LastSequence), Sequence: h.LastSequence, MeasuredAt: h.Measured, Results: h.Summary,
		Privileged: os.Geteuid() == 0, Protocol: h.Protocol, Web: t.server.Config.Web.Address, Problems: []string{},
	}
	found, err := t.findings(ctx, h.ID)
	if err != nil {
		return nil, err
	}
	s.Findings = found.Findings
	run, gaps, err := t.server.Needs.Run(ctx, recipientID)
	if err != nil {
		return nil, fmt.Errorf("derive needs: %w", err)
	}
	s.Gaps, s.Needs = listing.MakeGaps(gaps).Gaps, run.Needs
	st, err := t.agent.status(ctx)
	if err != nil {
		return nil, err
	}
	s.SentBytes, s.ReceivedBytes = st.Uplink.SentBytes, st.Uplink.RecvBytes
	if st.Problems != nil {
		s.Problems = st.Problems
	}
	if err := t.server.Store.View(ctx, func(tx *store.Tx) error {
		a, err := tx.Assessment(h.ID, h.LastSequence)
		s.ReportBytes = uint64(len(a.Payload))
		return err
	}); err != nil {
		return nil, fmt.Errorf("read assessment: %w", err)
	}
	s.Seconds = time.Since(t.started).Seconds()
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	name := filepath.Join(t.State, "summary.json")
	if err := os.WriteFile(name, append(b, '\n'), 0o600); err != nil {
		return nil, fmt.Errorf("write summary: %w", err)
	}
	return s, nil
}

// shown is how many lines of each list are printed.
const shown = 8

// show prints findings, gaps and needs.
func (t *trial) show(s *Summary) {
	protocol := map[string]string{"h3": "HTTP/3 (QUIC)", "h2": "HTTP/2 (TCP)"}[s.Protocol]
	t.say.line("sent", s.Sequence, protocol, s.SentBytes, s.ReportBytes)
	for _, p := range s.Problems {
		t.say.line("problem", p)
	}
	t.say.head("findings", len(s.Findings))
	for i, f := range s.Findings {
		if i == shown {
			t.say.line("more", len(s.Findings)-shown)
			break
		}
		t.say.row("  %-10s %-32s %s", t.say.text("severity."+string(f.Severity)), f.Control, cut(f.Reason, 80))
	}
	t.say.head("gaps", len(s.Gaps))
	names := map[string]remedies.Text{}
	if all, err := remedies.Capabilities(); err == nil {
		for _, c := range all {
			names[c.ID] = c.Name
		}
	}
	for _, g := range s.Gaps {
		t.say.row("  %-34s %s", names[g.Capability].In(t.Lang), t.say.text("gap.hosts", g.Affected, g.Measured, g.Known))
	}
	t.say.head("needs", len(s.Needs))
	for i := range s.Needs {
		if i == shown {
			t.say.line("more", len(s.Needs)-shown)
			break
		}
		n := &s.Needs[i]
		t.say.row("  %2d. %s", n.Rank, cut(n.Title.In(t.Lang), 90))
		t.say.row("      %d %s, %.0f–%.0f EUR, %s", n.Quantity, n.Unit.In(t.Lang), n.Cost.Low, n.Cost.High, listing.Line(n, t.Lang))
	}
}

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
