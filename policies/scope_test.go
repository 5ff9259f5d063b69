//go:build !thin

package policies

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
)

// TestScope leaves one control out, as its administrator asks, and says so in the result.
func TestScope(t *testing.T) {
	e := mustEngine(t, map[string]string{"one": testPolicy("one", "persisted", "", `persisted := {"verdict": "fail", "reason": "bad"}`)})
	doc := `{"schema": "vymir.facts/1", "families": {}}`
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	both := Text{"en": "Another product is used.", "uk": "Використовується інший засіб."}
	for _, tc := range []struct {
		name, now, lang, status, reason, ended string
		x                                      Exclusion
	}{
		{"without-end", "2026-06-15", "uk", "not_applicable", "Виключено адміністратором вузла: Використовується інший засіб.", "", Exclusion{Reason: both}},
		{"last-day", "2026-06-15", "en", "not_applicable", "Left out by the administrator of this host until 2026-06-15: Another product is used.", "", Exclusion{Reason: both, Until: day("2026-06-15")}},
		{"ended", "2026-06-16", "en", "fail", "It is …, not ….", "2026-06-15", Exclusion{Reason: both, Until: day("2026-06-15")}},
		{"one-language", "2026-06-15", "en", "not_applicable", "Left out by the administrator of this host: Інший засіб", "", Exclusion{Reason: Text{"uk": "Інший засіб "}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.x.Control = "demo.one"
			a, err := e.Judge(t.Context(), []byte(doc), JudgeOptions{Now: day(tc.now).Add(23 * time.Hour), Lang: tc.lang, Scope: []Exclusion{tc.x}})
			if err != nil {
				t.Fatal(err)
			}
			r := a.Results[0]
			if string(r.Status) != tc.status || r.Reason != tc.reason || r.ScopeEnded != tc.ended {
				t.Errorf("got %s %q, ended %q; want %s %q, %q", r.Status, r.Reason, r.ScopeEnded, tc.status, tc.reason, tc.ended)
			}
			if scoped := tc.ended == ""; r.Scoped != scoped || (a.Summary.Scoped == 1) != scoped || r.ReasonNumber == 0 {
				t.Errorf("result is not marked: %+v, %+v", r, a.Summary)
			}
			if r.Scoped && r.Verdicts[assessment.Persisted] != assessment.Unmeasured {
				t.Error("a control that is left out has a verdict")
			}
		})
	}
}

func TestScopeRefused(t *testing.T) {
	reason := Text{"en": "Because."}
	for name, scope := range map[string][]Exclusion{
		"unknown":  {{Control: "ssh.nonesuch", Reason: reason}},
		"nameless": {{Reason: reason}},
		"silent":   {{Control: "ssh.root_login", Reason: Text{"en": " "}}},
		"language": {{Control: "ssh.root_login", Reason: Text{"en": "x", "fr": "x"}}},
		"long":     {{Control: "ssh.root_login", Reason: Text{"en": strings.Repeat("x", 500)}}},
		"twice":    {{Control: "ssh.root_login", Reason: reason}, {Control: "ssh.root_login", Reason: reason}},
		"many":     make([]Exclusion, 501),
	} {
		if err := BuiltIn().CheckScope(scope); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: got %v, want ErrOptions", name, err)
		}
	}
	if err := BuiltIn().CheckScope([]Exclusion{{Control: "ssh.root_login", Reason: reason}}); err != nil {
		t.Error(err)
	}
}
