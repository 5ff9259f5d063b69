package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/agent"
	"github.com/vymir-project/vymir/agent/internal/control"
	"github.com/vymir-project/vymir/agent/internal/report"
	"github.com/vymir-project/vymir/collector"
	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies"
)

func (p *program) controlsCommand() *cobra.Command {
	c := &cobra.Command{Use: "controls", Short: "list what is judged"}
	var format string
	list := &cobra.Command{
		Use: "list", Short: "list controls: ids, halves, severity, mappings", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cat := policies.BuiltIn()
			if format == "json" {
				return p.writeJSON(cat)
			}
			rows := [][]string{{p.text("report.control"), p.text("report.severity"), p.text("controls.capability"), p.text("controls.halves"), p.text("controls.title")}}
			for _, k := range cat.Controls {
				var halves []string
				for _, h := range k.Halves {
					halves = append(halves, string(h))
				}
				rows = append(rows, []string{k.ID, p.text("severity." + string(k.Severity)), k.Capability, strings.Join(halves, "+"), k.Title.In(p.language())})
			}
			return report.Columns(p.stdout, p.style(), rows)
		},
	}
	formatFlag(list, &format, "table", "json")
	c.AddCommand(list)
	return c
}

func (p *program) statusCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "status", Short: "show health, last check-in, outbox, bytes this month, probes", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := p.config()
			if err != nil {
				return err
			}
			s, err := agent.ReadStatus(c.Context(), config)
			if err != nil {
				return told{err.Error()}
			}
			if format == "json" {
				return p.writeJSON(s)
			}
			return report.Pairs(p.stdout, p.style(), p.statusPairs(s))
		},
	}
	formatFlag(c, &format, "table", "json")
	return c
}

func (p *program) statusPairs(s *agent.Status) [][2]string {
	var out [][2]string
	add := func(key, value string) { out = append(out, [2]string{p.text(key), value}) }
	if s.Running {
		add("status.daemon", p.text("status.running", report.At(s.Daemon.StartedAt), report.Bytes(s.Daemon.ResidentBytes)))
	} else {
		add("status.daemon", p.text("status.stopped"))
	}
	if e := s.Enrolment; e != nil {
		add("status.enrolment", p.text("status.enrolled", e.Recipient, e.HostID, e.Server))
		add("status.certificate", p.text("status.valid_until", report.At(e.CertificateUntil)))
		if e.InTPM {
			add("status.key", p.text("status.key_tpm"))
		}
	} else {
		add("status.enrolment", p.text("status.not_enrolled"))
	}
	if len(s.Consent.Withhold) > 0 {
		add("status.consent", p.text("status.consent_less", string(s.Consent.Profile), strings.Join(s.Consent.Withhold, ", ")))
	} else {
		add("status.consent", p.text("status.consent_of", string(s.Consent.Profile)))
	}
	from := "status.policies_own"
	if s.Policies.Sent {
		from = "status.policies_sent"
	}
	policies := p.text(from, s.Policies.Name, s.Policies.Revision)
	if a := s.Policies.AgeDays; a != nil {
		policies += p.text("status.as_of", report.Day(s.Policies.Created), *a)
	}
	add("status.policies", policies)
	if r := s.Policies.Refused; r != nil {
		add("status.policies_refused", p.reason(r.Why))
	}
	if o := s.Policies.Coming; o != nil {
		add("status.policies_coming", p.text("status.policies_offer", o.Name, o.Revision, report.Bytes(o.Size)))
	}
	add("status.vulns", p.knowledge(s.Vulns, "status.vulns_none"))
	add("status.banned", p.knowledge(s.Banned, "status.banned_none"))
	for _, k := range []agent.Knowledge{s.Vulns, s.Banned} {
		if k.Refused != nil {
			add("status.knowledge_refused", p.reason(k.Refused.Why))
		}
		if o := k.Coming; o != nil {
			add("status.knowledge_coming", p.text("status.policies_offer", o.Name, o.Revision, report.Bytes(o.Size)))
		}
	}
	switch l := s.Languages; {
	case !l.ScannedAt.IsZero():
		add("status.languages", p.text("status.languages_of", report.At(l.ScannedAt), l.Packages, l.Vulnerable))
	case l.SetUp:
		add("status.languages", p.text("word.never"))
	}
	if a := s.LastAssessment; a != nil {
		m := a.Summary
		add("status.assessment", report.At(a.MeasuredAt)+": "+p.text("report.counts", m.Pass+m.Fail+m.Unmeasured+m.NotApplicable+m.Error, m.Fail, m.Pass, m.Unmeasured, m.NotApplicable, m.Error))
	} else {
		add("status.assessment", p.text("word.never"))
	}
	p.uplinkPairs(s, add)
	o := s.Outbox
	add("status.outbox", p.text("status.outbox_of", o.Items, report.Bytes(uint64(o.Bytes)), o.Acknowledged, o.Acknowledged, o.Dropped, o.Damaged))
	if s.Running {
		for i, line := range p.hookLines(s.Daemon.Hooks) {
			key := ""
			if i == 0 {
				key = p.text("status.hooks")
			}
			out = append(out, [2]string{key, line})
		}
	}
	problems := p.text("status.no_problems")
	if len(s.Problems) > 0 {
		problems = p.reason(strings.Join(s.Problems, "; "))
	}
	add("status.problems", problems)
	return out
}

// knowledge says which index or list is in force, how old it is and where it came from.
func (p *program) knowledge(k agent.Knowledge, none string) string {
	switch {
	case k.Name == "" && !k.Given():
		return p.text(none)
	case k.Name == "":
		return p.text("status.unusable", p.reason(k.Missing))
	}
	from := "status.knowledge_put"
	if k.Sent {
		from = "status.knowledge_sent"
	}
	out := p.text(from, k.Name, k.Revision)
	if k.AgeDays != nil {
		out += p.text("status.as_of", report.Day(k.AsOf), *k.AgeDays)
	}
	return out
}

func (p *program) uplinkPairs(s *agent.Status, add func(key, value string)) {
	u := s.Uplink
	last := p.text("word.never")
	if !u.LastCheckIn.IsZero() {
		last = p.text("status.check_in_of", report.At(u.LastCheckIn), string(u.Protocol))
	}
	add("status.check_in", last)
	if !u.Answer.Written.IsZero() {
		add("status.answer", p.text("status.answer_of", report.At(u.Answer.Written)))
	}
	if s.Running {
		add("status.next", report.At(s.Daemon.NextCheckIn))
	}
	if u.Failures > 0 {
		add("status.failures", p.text("status.failures_of", u.Failures, p.reason(u.LastError)))
	}
	if u.Refused {
		add("status.enrolment", p.text("status.refused"))
	}
	if u.Month.Name != "" {
		add2 := p.text("status.month_of", report.Bytes(u.Month.SentBytes), report.Bytes(u.Month.ReceivedBytes), int(u.Month.CheckIns))
		add(p.text("status.month", u.Month.Name), add2)
	}
	b := s.Budget
	if b.Limit > 0 {
		add("status.budget", p.text("status.budget_of", report.Bytes(b.Spent), report.Bytes(b.Limit), time.Duration(s.CheckInEvery).Round(time.Minute).String()))
	}
	if b.Metered != "" {
		add("status.metered", p.text("status.metered_"+b.Metered))
	}
	if math.Abs(u.SkewSeconds) > 60 {
		add("status.skew", p.text("status.skew_of", fmt.Sprintf("%.0f", u.SkewSeconds)))
	}
	if u.UDP.Blocked {
		add("status.udp", p.text("status.udp_blocked", report.At(u.UDP.ProbeAt)))
	}
}

func (p *program) hookLines(hooks []facts.Hook) []string {
	var lines []string
	for _, h := range hooks {
		line := fmt.Sprintf("%s %s (%s): %s", h.Event, p.state(h.State), h.Kind, p.text("doctor.events", int(h.Events), int(h.Lost)))
		if h.Reason != "" {
			line += " – " + p.reason(h.Reason)
		}
		lines = append(lines, line)
	}
	return lines
}

func (p *program) doctorCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "doctor", Short: "show what this kernel and host offer, what is degraded and why", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			d, err := p.examine(c.Context())
			if err != nil {
				return err
			}
			if format == "json" {
				return p.writeJSON(d)
			}
			return p.writeDiagnosis(d)
		},
	}
	formatFlag(c, &format, "table", "json")
	return c
}

// diagnosis is what doctor found.
type diagnosis struct {
	Schema   string                  `json:"schema"` // vymir.doctor/1
	Checks   []agent.Check           `json:"checks"`
	Hooks    []facts.Hook            `json:"hooks"`
	Families map[string]facts.Status `json:"families"`
}

func (p *program) examine(ctx context.Context) (*diagnosis, error) {
	d := &diagnosis{Schema: "vymir.doctor/1"}
	config, configErr := p.config()
	if configErr != nil {
		config = p.hostConfig()
	}
	d.Checks = agent.Examine(ctx, config, configErr, func(key string, args ...any) string { return p.text(key, args...) })
	if live, err := control.Get[control.Live](ctx, config.Socket, "live"); err == nil {
		d.Hooks = live.Hooks
	} else {
		probes, err := collector.OpenProbes(collector.ProbeOptions{})
		if err != nil {
			return nil, err
		}
		d.Hooks = probes.Hooks()
		if err := probes.Close(); err != nil {
			return nil, err
		}
	}
	doc, err := p.collect(ctx, "", config.Role, time.Time{}, vulnsFlags{}, true)
	if err != nil {
		return nil, err
	}
	d.Families = doc.Families
	return d, nil
}

// hookCell is the kind of a hook, what it has seen and lost, and why it is not better: "tp_btf, 12 events, 0 lost – why".
func (p *program) hookCell(h facts.Hook) string {
	var parts []string
	if h.Kind != "" {
		parts = append(parts, h.Kind+", "+p.text("doctor.events", int(h.Events), int(h.Lost)))
	}
	if h.Reason != "" {
		parts = append(parts, p.reason(h.Reason))
	}
	return strings.Join(parts, " – ")
}

func (p *program) writeDiagnosis(d *diagnosis) error {
	rows := [][]string{{p.text("doctor.checks"), "", ""}}
	for _, c := range d.Checks {
		rows = append(rows, []string{"  " + c.Name, p.state(c.State), p.reason(c.Detail)})
	}
	rows = append(rows, []string{p.text("doctor.hooks"), "", ""})
	for _, h := range d.Hooks {
		rows = append(rows, []string{"  " + h.Event, p.state(h.State), p.hookCell(h)})
	}
	rows = append(rows, []string{p.text("doctor.families"), "", ""})
	names := collector.Families()
	for _, name := range names {
		f, ok := d.Families[name]
		if !ok {
			continue
		}
		why := p.reason(f.Reason)
		if len(f.Unread) > 0 {
			why = p.text("doctor.unread", len(f.Unread), f.Unread[0].What, p.reason(f.Unread[0].Reason))
		}
		rows = append(rows, []string{"  " + name, p.state(string(f.State)), why})
	}
	return report.Columns(p.stdout, p.style(), rows)
}
