package judge

import (
	"errors"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies"
)

func TestJudge(t *testing.T) {
	j := New()
	a, err := j.Judge(t.Context(), []byte(`{"schema":"vymir.facts/1","host":{},"measured_at":"2026-11-21T12:00:00Z","root":"/","live":true,"privileged":true,"families":{}}`), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Results) == 0 || a.Summary.Pass+a.Summary.Fail != 0 {
		t.Errorf("nothing was measured, and the summary is %+v", a.Summary)
	}
	if _, err := j.Judge(t.Context(), []byte("{"), time.Now()); !errors.Is(err, policies.ErrFacts) {
		t.Errorf("broken facts: %v", err)
	}
}
