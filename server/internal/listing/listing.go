// Package listing gives hosts and findings the JSON that the command line prints and other programs read. The
// formats only grow.
package listing

import (
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Schemas of the lists.
const (
	HostsSchema    = "vymir.hosts/1"
	FindingsSchema = "vymir.findings/1"
)

// Hosts is a list of hosts.
type Hosts struct {
	Schema string `json:"schema"`
	Hosts  []Host `json:"hosts"`
}

// Host is one host. Times are UTC; absent ones never happened.
type Host struct {
	ID            string             `json:"id"`
	Recipient     string             `json:"recipient"`
	Site          string             `json:"site"`
	Name          string             `json:"name,omitzero"` // absent: withheld by the host's consent
	OS            string             `json:"os,omitzero"`
	Role          string             `json:"role,omitzero"`
	AgentVersion  string             `json:"agent_version,omitzero"`
	EnrolledAt    time.Time          `json:"enrolled_at"`
	LastSeenAt    time.Time          `json:"last_seen_at,omitzero"`
	MeasuredAt    time.Time          `json:"measured_at,omitzero"`
	LastSequence  uint64             `json:"last_sequence"`
	SkewSeconds   float64            `json:"clock_skew_seconds,omitzero"`
	DroppedItems  uint64             `json:"dropped_items,omitzero"` // lost to the bound of the host's outbox, ever
	DamagedItems  uint64             `json:"damaged_items,omitzero"` // spoiled in the host's outbox, ever
	Conflicts     uint64             `json:"conflicts,omitzero"`
	SentBytes     uint64             `json:"sent_bytes_month,omitzero"`
	ReceivedBytes uint64             `json:"received_bytes_month,omitzero"`
	Protocol      string             `json:"protocol,omitzero"` // of the last check-in: h3 or h2
	CertExpiresAt time.Time          `json:"certificate_expires_at,omitzero"`
	RevokedAt     time.Time          `json:"revoked_at,omitzero"`
	RevokedReason string             `json:"revoked_reason,omitzero"`
	Summary       assessment.Summary `json:"summary"`
}

// Findings is a list of findings, the severest first, among them the oldest.
type Findings struct {
	Schema   string    `json:"schema"`
	Findings []Finding `json:"findings"`
}

// Finding is one finding with its texts in the reader's language.
type Finding struct {
	ID            string              `json:"id"`
	Host          string              `json:"host"`
	Recipient     string              `json:"recipient"`
	Site          string              `json:"site"`
	Control       string              `json:"control"`
	Title         string              `json:"title"`
	Family        string              `json:"family"`
	Capability    string              `json:"capability"`
	Severity      assessment.Severity `json:"severity"`
	State         review.State        `json:"state"`
	Status        assessment.Status   `json:"status"` // of the newest measurement
	Decision      review.Decision     `json:"decision,omitzero"`
	AcceptedUntil time.Time           `json:"accepted_until,omitzero"`
	Reason        string              `json:"reason"` // one sentence
	Remedy        string              `json:"remedy"`
	OpenedAt      time.Time           `json:"opened_at"`
	ClosedAt      time.Time           `json:"closed_at,omitzero"`
	ReopenedAt    time.Time           `json:"reopened_at,omitzero"`
	LastFailAt    time.Time           `json:"last_fail_at"`
	DueAt         time.Time           `json:"due_at,omitzero"`
	Fails         int                 `json:"fails"`
}

// ReadHosts lists the hosts of a recipient, or of all with "".
func ReadHosts(tx *store.Tx, recipient string) (Hosts, error) {
	list := Hosts{Schema: HostsSchema, Hosts: []Host{}}
	all, err := tx.Hosts(recipient, "", 0)
	if err != nil {
		return list, err
	}
	for _, h := range all {
		list.Hosts = append(list.Hosts, Host{
			ID: h.ID, Recipient: h.RecipientID, Site: h.SiteID, Name: h.Name, OS: h.OS, Role: h.Role, AgentVersion: h.AgentVersion,
			EnrolledAt: h.Enrolled, LastSeenAt: h.LastSeen, MeasuredAt: h.Measured, LastSequence: h.LastSequence,
			SkewSeconds: h.Skew.Seconds(), DroppedItems: h.DroppedItems, DamagedItems: h.DamagedItems, Conflicts: h.Conflicts, SentBytes: h.SentBytes,
			ReceivedBytes: h.ReceivedBytes, Protocol: h.Protocol, CertExpiresAt: h.CertExpires,
			RevokedAt: h.Revoked, RevokedReason: h.RevokedReason, Summary: h.Summary,
		})
	}
	return list, nil
}

// ReadFindings lists findings with texts in lang.
func ReadFindings(tx *store.Tx, book *controls.Book, f store.FindingFilter, lang string) (Findings, error) {
	list := Findings{Schema: FindingsSchema, Findings: []Finding{}}
	all, err := tx.Findings(f)
	if err != nil {
		return list, err
	}
	for _, v := range all {
		row := Finding{
			ID: v.ID, Host: v.HostID, Recipient: v.RecipientID, Site: v.SiteID, Control: v.Control, Title: v.Control, Family: v.Family,
			Capability: v.Capability, Severity: v.Severity, State: v.State, Status: v.Status, Decision: v.Decision,
			AcceptedUntil: v.AcceptedUntil, Reason: v.ReasonID, OpenedAt: v.Opened, ClosedAt: v.Closed, ReopenedAt: v.Reopened,
			LastFailAt: v.LastFail, DueAt: v.Due, Fails: v.Fails,
		}
		if k, err := book.Control(tx, v.BundleName, v.BundleRevision, v.Control); err == nil {
			row.Title, row.Remedy = k.Title.In(lang), k.Remedy.In(lang)
			row.Reason = controls.Reason(k, lang, v.ReasonID, v.Target)
		}
		list.Findings = append(list.Findings, row)
	}
	return list, nil
}
