package gap

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
)

func TestSkills(t *testing.T) {
	o := options(t)
	o.Controls = append(o.Controls,
		Control{ID: updatesWaiting, Family: "updates", Capability: "patching", Severity: assessment.High},
		Control{ID: updatesTool, Family: "updates", Capability: "patching", Severity: assessment.Medium},
	)
	for i := range 4 {
		o.Controls = append(o.Controls, Control{ID: fmt.Sprint("sys.c", i), Family: "sys", Capability: "hardening", Severity: assessment.Low})
	}
	type world struct {
		hosts   int
		results func(host int) []Result
		history []History
	}
	status := func(fails bool) assessment.Status {
		if fails {
			return assessment.Fail
		}
		return assessment.Pass
	}
	updates := func(waiting, tool bool, days int) func(int) []Result {
		return func(int) []Result {
			return []Result{{Control: updatesWaiting, Status: status(waiting), Since: now.AddDate(0, 0, -days)}, {Control: updatesTool, Status: status(tool)}}
		}
	}
	unset := func(controls, hosts int) func(int) []Result {
		return func(h int) (out []Result) {
			for i := range 4 {
				out = append(out, Result{Control: fmt.Sprint("sys.c", i), Status: status(i < controls && h < hosts)})
			}
			return out
		}
	}
	severe := func(n int, days int, handled bool) (out []History) {
		for i := range n {
			out = append(out, History{Host: fmt.Sprint("h", i), Control: "ssh.root_login", Severity: assessment.High, Opened: now.AddDate(0, 0, -days), Handled: handled})
		}
		return out
	}
	tests := []struct {
		name string
		in   world
		want []string // "pattern.area hosts"
	}{
		{"nothing", world{hosts: 6, results: unset(0, 6)}, nil},
		{"updates_wait_though_the_tool_runs", world{hosts: 3, results: updates(true, false, 20)}, []string{"latency.patching 3"}},
		{"updates_wait_for_want_of_the_tool", world{hosts: 3, results: updates(true, true, 20)}, nil},
		{"updates_wait_since_a_week", world{hosts: 3, results: updates(true, false, 7)}, nil},
		{"nothing_was_ever_set", world{hosts: 5, results: unset(3, 5)}, []string{"defaults.hardening 5"}},
		{"two_controls_are_no_pattern", world{hosts: 5, results: unset(2, 5)}, nil},
		{"four_hosts_are_no_pattern", world{hosts: 4, results: unset(4, 4)}, nil},
		{"three_of_five_are_no_pattern", world{hosts: 5, results: unset(4, 3)}, nil},
		{"the_same_again", world{hosts: 2, results: unset(0, 0), history: []History{
			{Host: "h1", Control: "ssh.root_login", Severity: assessment.High, Opened: now, Reopens: 2},
			{Host: "h0", Control: "ssh.root_login", Severity: assessment.High, Opened: now, Reopens: 1},
			{Host: "elsewhere", Control: "ssh.root_login", Reopens: 9}, {Host: "h0", Control: "unknown.control", Reopens: 9},
		}}, []string{"recurring.identity 1"}},
		{"nobody_in_charge", world{hosts: 4, results: unset(0, 0), history: severe(3, 31, false)}, []string{"unassigned.management 3"}},
		{"in_hand", world{hosts: 4, results: unset(0, 0), history: severe(3, 31, true)}, nil},
		{"fresh", world{hosts: 4, results: unset(0, 0), history: severe(3, 29, false)}, nil},
		{"two_hosts", world{hosts: 4, results: unset(0, 0), history: severe(2, 31, false)}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := New(o)
			for h := range tt.in.hosts {
				b.Add(Host{ID: fmt.Sprint("h", h), Recipient: "r1", Site: "s1", LastMeasured: now}, tt.in.results(h))
			}
			var got []string
			for _, g := range b.Skills(tt.in.history) {
				if g.Capability != Skills || g.Known != tt.in.hosts || g.Affected > g.Measured || g.Measured > g.Known || g.Urgency == "" {
					t.Errorf("gap: %+v", g)
				}
				for _, c := range g.Controls {
					got = append(got, fmt.Sprint(c.Control, " ", c.Affected))
					if len(c.Hosts) != c.Affected {
						t.Errorf("%s: %d host numbers for %d hosts", c.Control, len(c.Hosts), c.Affected)
					}
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("patterns (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPatternTitles(t *testing.T) {
	for _, p := range Patterns {
		title, ok := PatternTitle(p + ".backup")
		for _, lang := range remedies.Langs {
			if !ok || title[lang] == "" {
				t.Errorf("pattern %s has no title in %s", p, lang)
			}
		}
	}
	if _, ok := PatternTitle("ssh.root_login"); ok {
		t.Error("a control passed for a pattern")
	}
}
