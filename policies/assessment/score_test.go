package assessment

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScore(t *testing.T) {
	result := func(capability string, status Status, severity Severity) Result {
		return Result{Capability: capability, Status: status, Severity: severity}
	}
	percent := func(p float64) *float64 { return &p }
	for _, tc := range []struct {
		name    string
		results []Result
		want    []CapabilityScore
	}{
		{"nothing", nil, nil},
		{"weighted", []Result{
			result("identity", Pass, High), result("identity", Fail, Medium), result("identity", Fail, Low), result("identity", Unmeasured, Critical),
			result("identity", NotApplicable, Critical),
		}, []CapabilityScore{{
			Capability: "identity", Applicable: 4, Decided: 3, Passed: 1, Failed: 2,
			CoveragePercent: 75, PassedPercent: percent(100 * 8.0 / 14.0), WorstFailing: Medium,
		}}},
		{"undecided-has-no-share", []Result{result("backup", Unmeasured, High), result("backup", Error, Low)}, []CapabilityScore{
			{Capability: "backup", Applicable: 2},
		}},
		{"none-applies", []Result{result("backup", NotApplicable, High)}, []CapabilityScore{{Capability: "backup", CoveragePercent: 100}}},
		{"by-name", []Result{result("time", Pass, Info), result("backup", Fail, Critical)}, []CapabilityScore{
			{Capability: "backup", Applicable: 1, Decided: 1, Failed: 1, CoveragePercent: 100, PassedPercent: percent(0), WorstFailing: Critical},
			{Capability: "time", Applicable: 1, Decided: 1, Passed: 1, CoveragePercent: 100, PassedPercent: percent(100)},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Score(tc.results)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
