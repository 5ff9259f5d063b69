package web

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// judged gives the target of a control over vulnerabilities as a host would send it under the detailed profile.
func judged(t *testing.T, control string, found []map[string]any) string {
	t.Helper()
	engine, err := policies.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := json.Marshal(map[string]any{
		"schema": "vymir.facts/1", "measured_at": storetest.Now, "root": "/", "live": true, "host": map[string]any{"role": "server"},
		"families":        map[string]any{"vulnerabilities": map[string]any{"state": "ok"}},
		"vulnerabilities": map[string]any{"packages": 3, "observed_days": 30, "index": map[string]any{"age_days": 2, "kev_at": "2026-06-01T00:00:00Z"}, "found": found},
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := engine.Judge(t.Context(), doc, policies.JudgeOptions{Baselines: []string{"server"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range a.Results {
		if r.Control == control && r.Status == assessment.Fail {
			text, err := json.Marshal(r.Target)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
	}
	t.Fatalf("%s does not fail", control)
	return ""
}

// The page of a finding shows what was decided on each vulnerability, by which row of the table, and how all of them came out; in both languages,
// with nothing of it where consent withholds it, and whatever a host writes there.
func TestDecidedVulnerabilities(t *testing.T) {
	s := newSite(t)
	session := s.session(t, "assessor")
	var found []map[string]any
	for i := range 40 {
		found = append(found, map[string]any{"id": fmt.Sprintf("CVE-2026-%d", 1000+i), "source": "nginx", "version": "1.18-1", "fixed": "1.18-2", "use": "running", "exposure": "open",
			"root": i == 7, "exploited": "2026-05-01T00:00:00Z", "epss": 0.5, "score": 9.8, "automatable": true, "programs": []string{"nginx"}})
	}
	found = append(found, map[string]any{"id": "CVE-2026-2000", "source": "git", "version": "1", "use": "unseen", "exposure": "none"})
	put := func(target string) string {
		id := s.world.Findings["r-a"]
		if err := s.st.Tx(t.Context(), func(tx *store.Tx) error {
			f, err := tx.Finding(id)
			f.Control, f.ReasonID, f.Target = "vulnerabilities.act_now", "urgent", target
			if err != nil {
				return err
			}
			return tx.PutFinding(f)
		}); err != nil {
			t.Fatal(err)
		}
		return "/findings/" + id
	}
	page := put(judged(t, "vulnerabilities.act_now", found))
	for lang, wants := range map[string][]string{
		"en": {"CVE-2026-1007", "exploited (KEV)", "1.18-2", "EPSS ≥ 50", "CVSS 9.8", "exploitation: active; exposure: the Internet; automatable: yes", "out of cycle", "15 more are not listed", "nothing that runs uses it: 1"},
		"uk": {"CVE-2026-1007", "використовують (KEV)", "використання: триває; досяжність: інтернет; автоматизація: так", "поза чергою", "Ще 15 не показано", "жодна запущена програма її не використовує: 1"},
	} {
		a := s.ask(t, session, lang, page, nil)
		body := strings.ReplaceAll(a.body, " ", " ")
		for _, w := range wants {
			if !strings.Contains(body, w) {
				t.Errorf("%s: %q is missing", lang, w)
			}
		}
		if m := missingKey.FindString(a.body); m != "" {
			t.Errorf("%s: missing text %s", lang, m)
		}
		if dir := os.Getenv("VYMIR_PAGES"); dir != "" {
			if err := os.WriteFile(dir+"/decided-"+lang+".html", []byte(a.body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, target := range map[string]string{
		"withheld": "", "half": `{"params":{"half":"live"}}`, "nonsense": `{"evidence":{"live":{"decided":"many"}}}`, "no-object": `[]`,
		"foreign-words": `{"evidence":{"live":{"decided":{"immediate":-1},"found":[{"id":"<script>alert(1)</script>","decision":"<b>","exploited":{"a":[1]},"row":{"impact":"?"}}],"table":[{}]}}}`,
	} {
		a := s.ask(t, session, "en", put(target), nil)
		if a.code != 200 || strings.Contains(a.body, "<script>alert") || strings.Contains(a.body, "<b>:") || missingKey.MatchString(a.body) {
			t.Errorf("%s: status %d, %s", name, a.code, missingKey.FindString(a.body))
		}
	}
}
