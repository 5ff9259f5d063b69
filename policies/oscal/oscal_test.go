package oscal_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/oscal"
	"github.com/vymir-project/vymir/policies/oscal/oscaltest"
)

func sample() *assessment.Assessment {
	at := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	result := func(id string, s assessment.Status) assessment.Result {
		return assessment.Result{
			Control: id, Status: s, Severity: assessment.High, Capability: "identity", Title: "Вхід root", Reason: "Значення  yes,\nа має бути no.",
			Verdicts: map[assessment.Half]assessment.Status{assessment.Persisted: assessment.Fail}, Remedy: "Задайте no.\nsystemctl reload ssh",
			Mappings: map[string][]string{"csf2": {"PR.AA-05"}, "cis8": {"5.4"}}, Target: assessment.Target{Evidence: map[string]any{"seen": "<yes>"}},
		}
	}
	a := &assessment.Assessment{
		Schema: assessment.Schema, Host: assessment.Host{Name: "kvitka", OS: "debian 12", Role: "server"}, MeasuredAt: at, JudgedAt: at.Add(-time.Hour),
		Baselines: []assessment.BaselineRef{{Name: "essential", Revision: 1}}, Bundle: assessment.BundleRef{Name: "vymir", Revision: 1, Digest: "ab"},
		Results: []assessment.Result{result("ssh.root_login", assessment.Fail), result("ssh.a", assessment.Pass), result("ssh.b", assessment.Unmeasured),
			result("ssh.c", assessment.NotApplicable), result("ssh.d", assessment.Error)},
	}
	a.Results[3].Scoped = true
	a.Summary = assessment.Summarize(a.Results)
	return a
}

// TestWrite holds every document to OSCAL's schema, the emptiest one too.
func TestWrite(t *testing.T) {
	s := oscaltest.Schema(t)
	for name, a := range map[string]*assessment.Assessment{
		"full":  sample(),
		"bare":  {MeasuredAt: time.Unix(0, 0), JudgedAt: time.Unix(0, 0), Results: []assessment.Result{{Control: "ssh.x", Status: assessment.Fail}}},
		"empty": {MeasuredAt: time.Unix(0, 0), JudgedAt: time.Unix(0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			var b, again bytes.Buffer
			if err := oscal.Write(&b, a); err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(doc); err != nil {
				t.Errorf("not valid: %v\n%s", err, b.String())
			}
			if err := oscal.Write(&again, a); err != nil || again.String() != b.String() {
				t.Errorf("the same assessment gave other bytes (%v)", err)
			}
		})
	}
}

// TestUndecidedIsNoFinding: OSCAL knows satisfied and not satisfied; what was not measured is neither.
func TestUndecidedIsNoFinding(t *testing.T) {
	var b bytes.Buffer
	if err := oscal.Write(&b, sample()); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{`"objective-id"`: 2, `"not-satisfied"`: 1, `"satisfied"`: 1, `"observation-uuid"`: 2, `"collected"`: 5, `"scoped"`: 1} {
		if got := strings.Count(b.String(), text); got != want {
			t.Errorf("%s: %d times, want %d", text, got, want)
		}
	}
}
