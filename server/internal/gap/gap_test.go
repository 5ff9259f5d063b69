package gap

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
)

var (
	now      = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	day      = 24 * time.Hour
	controls = []Control{
		{ID: "ssh.root_login", Family: "ssh", Capability: "identity", Severity: assessment.High, Automatable: true},
		{ID: "accounts.empty_password", Family: "accounts", Capability: "identity", Severity: assessment.Critical, Automatable: true},
		{ID: "backup.recent", Family: "backup", Capability: "backup", Severity: assessment.Critical},
		{ID: "software.forbidden", Family: "software", Capability: "software_origin", Severity: assessment.High, Legal: true},
	}
)

func options(t testing.TB) Options {
	t.Helper()
	table, err := remedies.LoadSSVC()
	if err != nil {
		t.Fatal(err)
	}
	return Options{AsOf: now, Controls: controls, SSVC: table, Recipients: []Recipient{{ID: "r1", Impact: remedies.VeryHighImpact}}}
}

func TestGaps(t *testing.T) {
	host := func(id string) Host { return Host{ID: id, Recipient: "r1", Site: "s1", LastMeasured: now.Add(-day)} }
	type input struct {
		host    Host
		results []Result
	}
	tests := []struct {
		name string
		in   []input
		want []Gap
	}{
		{name: "nothing_known"},
		{name: "all_pass", in: []input{{host("a"), []Result{{Control: "ssh.root_login", Status: assessment.Pass}}}}},
		{
			name: "unmeasured_is_neither", in: []input{
				{host("a"), []Result{{Control: "ssh.root_login", Status: assessment.Unmeasured}}},
				{host("b"), []Result{{Control: "ssh.root_login", Status: assessment.Error}}},
			},
		},
		{
			name: "affected_of_measured_of_known", in: []input{
				{host("a"), []Result{{Control: "ssh.root_login", Status: assessment.Fail, Since: now.Add(-9 * day)}}},
				{host("b"), []Result{{Control: "ssh.root_login", Status: assessment.Pass}}},
				{host("c"), []Result{{Control: "ssh.root_login", Status: assessment.Unmeasured}}},
				{host("d"), []Result{{Control: "ssh.root_login", Status: assessment.NotApplicable}}},
				{Host{ID: "e", Recipient: "r1", Site: "s1"}, nil},
			},
			want: []Gap{{
				Recipient: "r1", Site: "s1", Capability: "identity", Known: 5, Measured: 2, NotApplicable: 1, Affected: 1,
				Oldest: now.Add(-day), Newest: now.Add(-day), Since: now.Add(-9 * day),
				Findings: map[assessment.Severity]int{"high": 1}, Urgency: remedies.OutOfCycle,
				UrgencyHosts: map[remedies.Urgency]int{remedies.OutOfCycle: 1},
				Controls: []ControlGap{{
					Control: "ssh.root_login", Family: "ssh", Severity: assessment.High, Affected: 1, Measured: 2,
					Since: now.Add(-9 * day), Urgency: remedies.OutOfCycle, Row: SSVCRow{remedies.PublicPoC, remedies.Controlled, true, remedies.VeryHighImpact}, Hosts: []int32{0},
				}},
			}},
		},
		{
			name: "waived_is_shown_not_counted", in: []input{
				{host("a"), []Result{{Control: "backup.recent", Status: assessment.Fail, Waived: true}}},
			},
		},
		{
			name: "open_host_and_known_attack_is_immediate", in: []input{{
				Host{ID: "a", Recipient: "r1", Site: "s1", Exposure: remedies.Open, LastMeasured: now.Add(-40 * day)},
				[]Result{
					{Control: "ssh.root_login", Status: assessment.Fail, Exploited: remedies.NoExploitation},
					{Control: "accounts.empty_password", Status: assessment.Fail},
				},
			}},
			want: []Gap{{
				Recipient: "r1", Site: "s1", Capability: "identity", Known: 1, Measured: 1, Affected: 1, Stale: 1,
				Oldest: now.Add(-40 * day), Newest: now.Add(-40 * day), Since: now.Add(-40 * day),
				Findings: map[assessment.Severity]int{"critical": 1, "high": 1}, Urgency: remedies.Immediate,
				UrgencyHosts: map[remedies.Urgency]int{remedies.Immediate: 1},
				Controls: []ControlGap{
					{
						Control: "accounts.empty_password", Family: "accounts", Severity: assessment.Critical, Affected: 1,
						Measured: 1, Since: now.Add(-40 * day), Urgency: remedies.Immediate, Row: SSVCRow{remedies.ActivelyUsed, remedies.Open, true, remedies.VeryHighImpact}, Hosts: []int32{0},
					},
					{
						Control: "ssh.root_login", Family: "ssh", Severity: assessment.High, Affected: 1, Measured: 1,
						Since: now.Add(-40 * day), Urgency: remedies.OutOfCycle, Row: SSVCRow{remedies.NoExploitation, remedies.Open, true, remedies.VeryHighImpact}, Hosts: []int32{0},
					},
				},
			}},
		},
		{
			name: "legal_gate", in: []input{{host("a"), []Result{{Control: "software.forbidden", Status: assessment.Fail}}}},
			want: []Gap{{
				Recipient: "r1", Site: "s1", Capability: "software_origin", Known: 1, Measured: 1, Affected: 1, Legal: true,
				Oldest: now.Add(-day), Newest: now.Add(-day), Since: now.Add(-day),
				Findings: map[assessment.Severity]int{"high": 1}, Urgency: remedies.Scheduled,
				UrgencyHosts: map[remedies.Urgency]int{remedies.Scheduled: 1},
				Controls: []ControlGap{{
					Control: "software.forbidden", Family: "software", Severity: assessment.High, Legal: true, Affected: 1,
					Measured: 1, Since: now.Add(-day), Urgency: remedies.Scheduled, Row: SSVCRow{remedies.PublicPoC, remedies.Controlled, false, remedies.VeryHighImpact}, Hosts: []int32{0},
				}},
			}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := New(options(t))
			for _, in := range tt.in {
				b.Add(in.host, in.results)
			}
			if diff := cmp.Diff(tt.want, b.Gaps()); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAreasKeepWhatPasses(t *testing.T) {
	b := New(options(t))
	b.Add(Host{ID: "a", Recipient: "r1", Site: "s1", LastMeasured: now}, []Result{{Control: "backup.recent", Status: assessment.Pass}})
	areas := b.Areas()
	if len(areas) != 1 || areas[0].Affected != 0 || len(areas[0].Controls) != 1 || areas[0].Controls[0].Measured != 1 {
		t.Errorf("areas = %+v, want the passing control", areas)
	}
}

func TestSitesAndRecipientsStayApart(t *testing.T) {
	b := New(options(t))
	for _, h := range []Host{{ID: "a", Recipient: "r2", Site: "s"}, {ID: "b", Recipient: "r1", Site: "t"}, {ID: "c", Recipient: "r1", Site: "s"}} {
		b.Add(h, []Result{{Control: "backup.recent", Status: assessment.Fail}})
	}
	var got []string
	for _, g := range b.Gaps() {
		got = append(got, fmt.Sprint(g.Recipient, g.Site, g.Known))
	}
	if diff := cmp.Diff([]string{"r1s1", "r1t1", "r2s1"}, got); diff != "" {
		t.Errorf("order and counts (-want +got):\n%s", diff)
	}
}

// BenchmarkGaps gathers 100,000 hosts of 150 controls each.
func BenchmarkGaps(b *testing.B) {
	o := options(b)
	o.Controls = nil
	caps := []string{"patching", "backup", "identity", "perimeter", "hardening", "monitoring", "encryption", "continuity", "malware", "time"}
	var results []Result
	for i := range 150 {
		id := fmt.Sprintf("family%d.control%d", i%20, i)
		o.Controls = append(o.Controls, Control{ID: id, Family: fmt.Sprintf("family%d", i%20), Capability: caps[i%len(caps)], Severity: assessment.High})
		st := assessment.Pass
		if i%7 == 0 {
			st = assessment.Fail
		}
		results = append(results, Result{Control: id, Status: st, Since: now})
	}
	for b.Loop() {
		g := New(o)
		for i := range 100_000 {
			g.Add(Host{ID: "h", Recipient: fmt.Sprint("r", i%1000), Site: fmt.Sprint("s", i%3), LastMeasured: now}, results)
		}
		if n := len(g.Gaps()); n != 30_000 {
			b.Fatalf("got %d gaps", n)
		}
	}
}

// TestExploited reads from a host's results what is known of attackers, and holds the row that is printed against the table.
func TestExploited(t *testing.T) {
	set, err := remedies.Load()
	if err != nil {
		t.Fatal(err)
	}
	controls := []Control{
		{ID: knownExploited, Family: "vulnerabilities", Capability: "patching", Severity: assessment.Critical},
		{ID: actNow, Family: "vulnerabilities", Capability: "patching", Severity: assessment.Critical},
	}
	for name, c := range map[string]struct {
		listed assessment.Status
		want   remedies.Exploitation
	}{
		"on_the_list": {assessment.Fail, remedies.ActivelyUsed}, "predicted": {assessment.Pass, remedies.PublicPoC}, "no_list": {assessment.Unmeasured, remedies.ActivelyUsed},
	} {
		for _, exposure := range []remedies.Exposure{"", remedies.Open} {
			results := []Result{{Control: actNow, Status: assessment.Fail}, {Control: knownExploited, Status: c.listed}}
			Exploited(results)
			b := New(Options{Controls: controls, SSVC: set.SSVC, Recipients: []Recipient{{ID: "r", Impact: remedies.HighImpact}}})
			b.Add(Host{ID: "h", Recipient: "r", Site: "s", Exposure: exposure}, results)
			for _, g := range b.Gaps()[0].Controls {
				want := SSVCRow{c.want, exposure, false, remedies.HighImpact}
				if exposure == "" {
					want.Exposure = remedies.Controlled
				}
				if g.Row != want || g.Urgency != set.SSVC.Urgency(want.Exploitation, want.Exposure, want.Automatable, want.Impact) {
					t.Errorf("%s, exposure %q: %s came out as %s by %+v, want the row %+v", name, exposure, g.Control, g.Urgency, g.Row, want)
				}
			}
		}
	}
}
