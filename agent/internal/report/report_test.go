package report

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies/assessment"
)

var verbs = regexp.MustCompile(`%[a-z%]`)

// TestTextsAreComplete: the same keys, the same verbs in the same order, nothing empty, in every language.
func TestTextsAreComplete(t *testing.T) {
	en := texts()["en"]
	for _, lang := range Languages {
		if d := cmp.Diff(slices.Sorted(maps.Keys(en)), slices.Sorted(maps.Keys(texts()[lang]))); d != "" {
			t.Errorf("keys of %s (-en +%s):\n%s", lang, lang, d)
		}
		for key, s := range texts()[lang] {
			if strings.TrimSpace(s) == "" {
				t.Errorf("%s: %s is empty", lang, key)
			}
			if d := cmp.Diff(verbs.FindAllString(en[key], -1), verbs.FindAllString(s, -1)); d != "" {
				t.Errorf("%s: %s takes other arguments (-en +%s):\n%s", lang, key, lang, d)
			}
		}
	}
}

func TestEveryStatusAndSeverityHasAText(t *testing.T) {
	for _, s := range []assessment.Status{assessment.Pass, assessment.Fail, assessment.Unmeasured, assessment.NotApplicable, assessment.Error} {
		if key := "status." + string(s); Text("uk", key) == key {
			t.Errorf("no text for %s", key)
		}
	}
	for _, s := range []assessment.Severity{assessment.Info, assessment.Low, assessment.Medium, assessment.High, assessment.Critical} {
		if key := "severity." + string(s); Text("uk", key) == key {
			t.Errorf("no text for %s", key)
		}
	}
}

func sample() *assessment.Assessment {
	at := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	a := &assessment.Assessment{
		Schema: assessment.Schema, Host: assessment.Host{Name: "kvitka", OS: "debian 12", Role: "server"},
		MeasuredAt: at, JudgedAt: at, DurationSeconds: 0.41, Root: "/", Baselines: []assessment.BaselineRef{{Name: "essential", Revision: 1}},
		Results: []assessment.Result{
			{Control: "kernel.aslr", Status: assessment.Pass, Severity: assessment.Medium, Title: "Addresses are randomised"},
			{Control: "ssh.root_login", Status: assessment.Fail, Severity: assessment.High, Title: "Root cannot log in over SSH",
				Reason:   "sshd lets root in by <script>alert(1)</script>\x1b[31m.",
				Verdicts: map[assessment.Half]assessment.Status{assessment.Live: assessment.Fail, assessment.Persisted: assessment.Pass},
				Remedy:   "Set PermitRootLogin no.\nsystemctl reload ssh",
				Target:   assessment.Target{Evidence: map[string]any{"path": "/etc/ssh/</pre><b>x"}},
				Mappings: map[string][]string{"cis8": {"5.4"}, "csf2": {"PR.AA-05"}}},
			{Control: "firewall.loaded", Status: assessment.Unmeasured, Severity: assessment.High, Title: "A firewall is loaded", Reason: "It needs root."},
		},
	}
	a.Summary = assessment.Summarize(a.Results)
	return a
}

func TestAssessmentTable(t *testing.T) {
	var b bytes.Buffer
	if err := Assessment(&b, sample(), Style{Lang: "en", Width: 70}); err != nil {
		t.Fatal(err)
	}
	want := `Assessment of kvitka · debian 12 · server
Measured 2026-11-21 03:00 UTC in 0.4 s · Baselines: essential 1

fail        high       ssh.root_login                        Root cannot log in over SSH
            [now: fail, after a restart: pass] sshd lets root in by
            <script>alert(1)</script>[31m.
            → Set PermitRootLogin no.
              systemctl reload ssh

unmeasured  high       firewall.loaded                       A firewall is loaded
            It needs root.

pass        medium     kernel.aslr                           Addresses are randomised

3 controls: 1 fail, 1 pass, 1 unmeasured, 0 not applicable, 0 errors; decided: 67 % of the applicable controls
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("table (-want +got):\n%s", d)
	}
	b.Reset()
	if err := Assessment(&b, sample(), Style{Lang: "uk", Colour: true}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"не виконано", "висока", "після перезапуску", "\x1b[31;1m"} {
		if !strings.Contains(b.String(), s) {
			t.Errorf("Ukrainian table lacks %q", s)
		}
	}
}

func TestHTMLIsSelfContainedAndSafe(t *testing.T) {
	for _, lang := range Languages {
		var b bytes.Buffer
		if err := HTML(&b, sample(), lang); err != nil {
			t.Fatal(err)
		}
		s := b.String()
		for _, bad := range []string{"<script", "</pre><b>", "http://", "https://", "src=", "href="} {
			if strings.Contains(s, bad) {
				t.Errorf("%s: page holds %q", lang, bad)
			}
		}
		for _, good := range []string{`<html lang="` + lang + `">`, "default-src 'none'", "ssh.root_login", "CIS Controls v8.1 5.4; NIST CSF 2.0 PR.AA-05", Text(lang, "report.todo")} {
			if !strings.Contains(s, good) {
				t.Errorf("%s: page lacks %q", lang, good)
			}
		}
	}
}

func TestClean(t *testing.T) {
	if got := Clean("a\x1b[2Jb\nc\u202ed\u0085e\tї"); got != "a[2Jb cde ї" {
		t.Errorf("got %q", got)
	}
}
