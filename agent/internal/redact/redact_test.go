package redact

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies/assessment"
)

func sample() *assessment.Assessment {
	return &assessment.Assessment{
		Host: assessment.Host{Name: "kvitka", MachineID: "0123", OS: "debian 12", Role: "server", Kernel: "6.1.0", Exposure: "open"},
		Results: []assessment.Result{{
			Control: "ssh.root_login", Status: assessment.Fail, ReasonID: "permitted",
			Target: assessment.Target{
				Params:   map[string]any{"value": "yes", "half": "live"},
				Evidence: map[string]any{"path": "/etc/ssh/sshd_config", "users": []string{"olena"}},
			},
		}},
	}
}

func TestApply(t *testing.T) {
	halfOnly := assessment.Target{Params: map[string]any{"half": "live"}}
	for name, tc := range map[string]struct {
		consent Consent
		host    assessment.Host
		target  assessment.Target
	}{
		"default":  {Consent{}, assessment.Host{OS: "debian 12", Role: "server", Exposure: "open"}, halfOnly},
		"minimal":  {Consent{Profile: Minimal}, assessment.Host{OS: "debian 12", Role: "server", Exposure: "open"}, halfOnly},
		"named":    {Consent{Profile: Named}, assessment.Host{Name: "kvitka", OS: "debian 12", Role: "server", Kernel: "6.1.0", Exposure: "open"}, halfOnly},
		"detailed": {Consent{Profile: Detailed}, assessment.Host{Name: "kvitka", OS: "debian 12", Role: "server", Kernel: "6.1.0", Exposure: "open"}, sample().Results[0].Target},
		"withheld-field": {Consent{Profile: Detailed, Withhold: []string{"evidence.users", "kernel", "os", "exposure", "params"}},
			assessment.Host{Name: "kvitka", Role: "server"},
			assessment.Target{Params: map[string]any{"half": "live"}, Evidence: map[string]any{"path": "/etc/ssh/sshd_config"}}},
		"withheld-group": {Consent{Profile: Detailed, Withhold: []string{"evidence", "host_name"}},
			assessment.Host{OS: "debian 12", Role: "server", Kernel: "6.1.0", Exposure: "open"},
			assessment.Target{Params: map[string]any{"value": "yes", "half": "live"}}},
	} {
		t.Run(name, func(t *testing.T) {
			in := sample()
			got := tc.consent.Apply(in)
			if d := cmp.Diff(tc.host, got.Host); d != "" {
				t.Errorf("host (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tc.target, got.Results[0].Target); d != "" {
				t.Errorf("target (-want +got):\n%s", d)
			}
			if got.Results[0].ReasonID != "permitted" {
				t.Error("the generic half did not leave")
			}
			if d := cmp.Diff(sample(), in); d != "" {
				t.Errorf("the assessment itself changed (-want +got):\n%s", d)
			}
		})
	}
}

// TestNarrowNeverWidens: whatever a directive says, nothing leaves that would not have left without it.
func TestNarrowNeverWidens(t *testing.T) {
	fields := append([]string{"evidence.users", "params.value"}, Fields...)
	for _, p := range []Profile{"", Minimal, Named, Detailed} {
		for _, directive := range [][]string{nil, {"evidence"}, {"detailed"}, {"profile=detailed"}, {"-kernel"}, {"os", "evidence.users"}, {""}} {
			before := Consent{Profile: p, Withhold: []string{"role"}}
			after := before.Narrow(directive)
			for _, f := range fields {
				if after.Leaves(f) && !before.Leaves(f) {
					t.Errorf("profile %q, directive %q: %s leaves now", p, directive, f)
				}
			}
			if err := after.Check(); err != nil {
				t.Errorf("directive %q: %v", directive, err)
			}
		}
	}
	if (Consent{Profile: Detailed}).Narrow([]string{"colour"}).Leaves("evidence") {
		t.Error("a field nobody knows did not narrow")
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []Consent{{Profile: "all"}, {Withhold: []string{"paths"}}, {Withhold: []string{"host.name"}}, {Withhold: []string{"evidence."}}} {
		if err := c.Check(); !errors.Is(err, ErrConsent) {
			t.Errorf("%+v: error is %v, want ErrConsent", c, err)
		}
	}
	if err := (Consent{Profile: Named, Withhold: []string{"os", "evidence.path"}}).Check(); err != nil {
		t.Error(err)
	}
}

// TestApplyKeepsScope: what the administrator wrote for the assessors leaves under every profile, unless it is withheld by name.
func TestApplyKeepsScope(t *testing.T) {
	words := map[string]any{"reason_en": "ESET is used", "reason_uk": "Використовується ESET"}
	in := &assessment.Assessment{Results: []assessment.Result{{
		Control: "integrity.anti_malware", Status: assessment.NotApplicable, Scoped: true, ReasonID: assessment.ReasonScoped,
		Target: assessment.Target{Params: words},
	}}}
	for _, tc := range []struct {
		consent Consent
		want    map[string]any
	}{
		{Consent{}, words},
		{Consent{Profile: Detailed}, words},
		{Consent{Withhold: []string{"params"}}, nil},
		{Consent{Withhold: []string{"params.reason_en"}}, map[string]any{"reason_uk": "Використовується ESET"}},
	} {
		if d := cmp.Diff(tc.want, tc.consent.Apply(in).Results[0].Target.Params); d != "" {
			t.Errorf("%+v (-want +got):\n%s", tc.consent, d)
		}
	}
}
