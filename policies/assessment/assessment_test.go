package assessment

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCombine(t *testing.T) {
	both := []Half{Persisted, Live}
	for _, tc := range []struct {
		name     string
		declared []Half
		verdicts map[Half]Status
		want     Status
	}{
		{"both_pass", both, map[Half]Status{Persisted: Pass, Live: Pass}, Pass},
		{"live_fails", both, map[Half]Status{Persisted: Pass, Live: Fail}, Fail},
		{"persisted_fails_live_unmeasured", both, map[Half]Status{Persisted: Fail, Live: Unmeasured}, Fail},
		{"one_unmeasured", both, map[Half]Status{Persisted: Pass, Live: Unmeasured}, Unmeasured},
		{"one_missing", both, map[Half]Status{Persisted: Pass}, Unmeasured},
		{"undeclared_half_is_ignored", []Half{Persisted}, map[Half]Status{Persisted: Pass, Live: Fail}, Pass},
		{"nothing_declared", nil, nil, Unmeasured},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Combine(tc.declared, tc.verdicts); got != tc.want {
				t.Errorf("Combine = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestSummarizeNeverCountsUnmeasuredAsDecided(t *testing.T) {
	s := Summarize([]Result{{Status: Pass}, {Status: Fail}, {Status: Unmeasured}, {Status: Error}, {Status: NotApplicable}})
	if s.CoveragePercent != 50 {
		t.Errorf("coverage = %v, want 50 (2 decided of 4 applicable)", s.CoveragePercent)
	}
}

func TestResultJSONHasBothHalvesApart(t *testing.T) {
	b, err := json.Marshal(Result{Control: "ssh.root_login", ReasonID: "r", Number: 7})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "target") {
		t.Errorf("an empty target half must vanish, got %s", b)
	}
	if strings.Contains(strings.ToLower(string(b)), "number") {
		t.Errorf("wire numbers do not belong in the JSON, got %s", b)
	}
}
