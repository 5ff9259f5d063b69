package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/agent/internal/control"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/osvscan"
	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/agent/internal/redact"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/internal/uplink"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies/assessment"
)

// StatusSchema names the JSON format of [Status].
const StatusSchema = "vymir.status/1"

// Status is the agent's health. It is read from the state directory, and from the daemon where one runs.
type Status struct {
	Schema         string          `json:"schema"`
	Version        string          `json:"version"`
	Running        bool            `json:"running"` // a daemon answers
	Enrolment      *Enrolment      `json:"enrolment,omitzero"`
	Consent        redact.Consent  `json:"consent"` // in force: what the server asked to withhold is in it
	Policies       Policies        `json:"policies"`
	Vulns          Knowledge       `json:"vulnerability_index"`
	Banned         Knowledge       `json:"forbidden_software"`
	Languages      Languages       `json:"languages"`
	LastAssessment *LastAssessment `json:"last_assessment,omitzero"`
	Uplink         uplink.State    `json:"uplink"`
	Budget         uplink.Budget   `json:"budget"` // of the link this host is on now
	CheckInEvery   Duration        `json:"-"`      // as the budget leaves it, before a server's wish
	Outbox         Outbox          `json:"outbox"`
	Daemon         *control.Live   `json:"daemon,omitzero"`
	Problems       []string        `json:"problems"`
}

// Enrolment says whom this host reports to.
type Enrolment struct {
	HostID           string    `json:"host_id"`
	Recipient        string    `json:"recipient"`
	Site             string    `json:"site,omitzero"`
	Server           string    `json:"server"`
	CertificateFrom  time.Time `json:"certificate_from"`
	CertificateUntil time.Time `json:"certificate_until"`
	InTPM            bool      `json:"in_tpm"` // the host's key is in its TPM, not in a file
}

// Policies are what judges this host.
type Policies struct {
	Name     string         `json:"name"`
	Revision uint64         `json:"revision"`
	Sent     bool           `json:"sent"`              // a server sent them, signed; false: this program carries them
	Created  time.Time      `json:"created,omitzero"`  // when they were signed; zero: this program carries them
	AgeDays  *int           `json:"age_days,omitzero"` // by the best known time; nil: not known
	Refused  *pack.Artefact `json:"refused,omitempty"` // the last bundle that was no good, and why
	Coming   *pack.Offer    `json:"coming,omitempty"`  // a bundle that is being fetched
}

// Knowledge is what this host compares itself with: the vulnerability index, or the list of forbidden software. It is read and verified as
// an assessment reads it.
type Knowledge struct {
	Name     string    `json:"name,omitzero"`     // the release of the index, the source of the list; empty: there is none
	Revision uint64    `json:"revision,omitzero"` // monotonic per name
	AsOf     time.Time `json:"as_of,omitzero"`    // newest record of the index (of one without records: when it was built), date of the list
	AgeDays  *int      `json:"age_days,omitzero"` // of AsOf, by the best known time; nil: there is none
	Sent     bool      `json:"sent"`              // the server sent it; false: its administrator put it, or there is none
	Missing  string    `json:"missing,omitzero"`  // why there is none: what it would tell is unmeasured

	Refused *pack.Artefact `json:"refused,omitempty"` // the last one that came and was no good, and why
	Coming  *pack.Offer    `json:"coming,omitempty"`  // one that is being fetched
}

// Languages is the last good scan for packages of programming languages.
type Languages struct {
	SetUp      bool      `json:"set_up"`              // otherwise nothing is scanned
	ScannedAt  time.Time `json:"scanned_at,omitzero"` // zero: none has ended well yet
	Packages   int       `json:"packages"`
	Vulnerable int       `json:"vulnerable"` // of them
}

// Given reports whether there was ever one to read.
func (k Knowledge) Given() bool { return k.Missing != noIndex && k.Missing != noList }

// days is the age of a date in whole days at now; one from the future is 0, none nil.
func days(now, of time.Time) *int {
	if of.IsZero() {
		return nil
	}
	n := max(int(now.Sub(of)/(24*time.Hour)), 0)
	return &n
}

// readLanguages tells of the last good scan.
func (s *Status) readLanguages(c Config, now time.Time) {
	if s.Languages.SetUp = c.OSVScan.Data != ""; !s.Languages.SetUp {
		return
	}
	if l, _ := osvscan.Last(c.osvscanOptions(), now); l != nil {
		s.Languages.ScannedAt, s.Languages.Packages, s.Languages.Vulnerable = l.ScannedAt, l.Packages, len(l.Vulnerable)
	}
}

// readKnowledge says which policies, index and list are in force.
func (s *Status) readKnowledge(c Config, now time.Time) {
	held := pack.Open(c.StateDir, wire.KindBundle).State()
	s.Policies.Name, s.Policies.Revision, s.Policies.Sent = bundleRevision(c)
	s.Policies.Refused, s.Policies.Coming = held.Refused, held.Offer
	if b, err := PolicyBundle(c); err != nil {
		s.Problems = append(s.Problems, err.Error())
	} else if b != nil {
		s.Policies.Created, s.Policies.AgeDays = b.Manifest.Created, days(now, b.Manifest.Created)
	}
	if x, why := VulnerabilityIndex(c); x == nil {
		s.Vulns.Missing = why
	} else {
		m := x.Meta()
		s.Vulns = Knowledge{Name: m.Ecosystem, Revision: m.Revision, AsOf: m.Newest, Sent: true}
		if m.Newest.IsZero() {
			s.Vulns.AsOf = m.Created
		}
		s.Vulns.AgeDays = days(now, s.Vulns.AsOf)
	}
	held = pack.Open(c.StateDir, wire.KindVulns).State()
	s.Vulns.Refused, s.Vulns.Coming = held.Refused, held.Offer
	if l, why := BannedList(c); l == nil {
		s.Banned.Missing = why
	} else {
		sent, _ := sentList(c)
		s.Banned = Knowledge{Name: l.Source, Revision: l.Revision, AsOf: l.AsOf, AgeDays: days(now, l.AsOf), Sent: sent != nil && sent.Revision == l.Revision}
	}
	held = pack.Open(c.StateDir, wire.KindBanned).State()
	s.Banned.Refused, s.Banned.Coming = held.Refused, held.Offer
}

// LastAssessment is the newest one that was made.
type LastAssessment struct {
	MeasuredAt      time.Time          `json:"measured_at"`
	DurationSeconds float64            `json:"duration_seconds"`
	Summary         assessment.Summary `json:"summary"`
}

// Outbox says what waits.
type Outbox struct {
	Items        int       `json:"items"`
	Bytes        int64     `json:"bytes"`
	LastSequence uint64    `json:"last_sequence"`
	Acknowledged uint64    `json:"acknowledged"`
	Dropped      uint64    `json:"dropped"`
	Damaged      uint64    `json:"damaged"`
	Oldest       time.Time `json:"oldest,omitzero"`
}

// ReadStatus gathers the status of the agent that c configures.
func ReadStatus(ctx context.Context, c Config) (*Status, error) {
	s := &Status{Schema: StatusSchema, Version: version, Uplink: uplink.LoadState(c.StateDir), Problems: []string{}}
	s.Consent = c.Consent.Narrow(s.Uplink.Withhold)
	s.Budget = budget(c)
	s.CheckInEvery = Duration(stretched(c, s.Budget, time.Duration(c.CheckInInterval)))
	id, err := identity.Load(c.StateDir)
	switch {
	case err == nil:
		from, until := id.Validity()
		s.Enrolment = &Enrolment{HostID: id.HostID, Recipient: id.Recipient, Site: id.Site, Server: id.Server, CertificateFrom: from, CertificateUntil: until, InTPM: id.InTPM()}
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("read state in %s: needs root", c.StateDir)
	case !errors.Is(err, identity.ErrNone):
		s.Problems = append(s.Problems, err.Error())
	}
	outbox, err := spool.Open(c.OutboxDir(), spool.Options{ReadOnly: true})
	if err != nil {
		s.Problems = append(s.Problems, err.Error())
	} else {
		st := outbox.Stats()
		s.Outbox = Outbox{Items: st.Items, Bytes: st.Bytes, LastSequence: st.Last, Acknowledged: st.Acknowledged, Dropped: st.Dropped, Damaged: st.Damaged, Oldest: st.Oldest}
	}
	s.LastAssessment = readLast(c)
	now := s.Uplink.BestNow(time.Now(), nil)
	s.readKnowledge(c, now)
	s.readLanguages(c, now)
	if live, err := control.Get[control.Live](ctx, c.Socket, "live"); err == nil {
		s.Running, s.Daemon = true, live
		s.Problems = append(s.Problems, live.Problems...)
	}
	return s, nil
}

func readLast(c Config) *LastAssessment {
	b, err := os.ReadFile(c.lastPath())
	if err != nil {
		return nil
	}
	var a assessment.Assessment
	if json.Unmarshal(b, &a) != nil {
		return nil
	}
	return &LastAssessment{MeasuredAt: a.MeasuredAt, DurationSeconds: a.DurationSeconds, Summary: a.Summary}
}

// Live is what only the running daemon knows; the socket serves it.
func (d *Daemon) Live() control.Live {
	d.mu.Lock()
	defer d.mu.Unlock()
	live := d.live
	live.Hooks = []facts.Hook{}
	if d.probes != nil {
		live.Hooks = d.probes.Hooks()
	}
	live.Problems = []string{}
	for what, why := range d.problems {
		live.Problems = append(live.Problems, what+": "+why)
	}
	slices.Sort(live.Problems)
	live.ResidentBytes = residentBytes()
	return live
}

func residentBytes() uint64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}
