package web

import (
	"net/url"
	"strings"
	"testing"
)

// TestSearch finds what the reader may see, in both languages, and nothing of another tenant.
func TestSearch(t *testing.T) {
	s := newSite(t)
	find := func(login, lang, text string) string {
		return s.ask(t, s.session(t, login), lang, "/search?q="+url.QueryEscape(text), nil).body
	}
	for _, tc := range []struct{ login, lang, text, want, not string }{
		{"assessor", "en", "PRYKLADIV", `href="/recipients/r-a"`, "r-b"},
		{"assessor", "uk", "зразківська", `href="/recipients/r-b"`, "r-a\""},
		{"assessor", "en", "Scada", `href="/hosts/h-02"`, "h-03"},
		{"assessor", "en", "h-03", `href="/hosts/h-03"`, "h-00"},
		{"admin-a", "en", "h-03", "Nothing was found", `href="/hosts/`},
		{"admin-a", "en", "registry", "", "h-03"},
		{"admin-a", "uk", "зразківська", "Нічого не знайдено", "r-b"},
		{"admin-a", "en", s.world.Findings["r-a"], `href="/findings/` + s.world.Findings["r-a"] + `"`, "Nothing"},
		{"admin-a", "en", s.world.Findings["r-b"], "Nothing was found", `href="/findings/f-`},
		{"admin-a", "en", "ssh.", `control=ssh.`, "h-03"},
		{"admin-a", "en", "%", "two to a hundred letters", ""},
		{"admin-a", "en", "%_%", "Nothing was found", ""},
		{"admin-a", "en", "<b>x", "&lt;b&gt;x", "<b>x"},
		{"admin-a", "en", strings.Repeat("x", 101), "two to a hundred letters", ""},
		{"admin-a", "en", "резервн", `href="/needs/`, ""}, // a text in the other language
		{"approver-a", "en", "mail", "", `href="/hosts/`},
	} {
		body := find(tc.login, tc.lang, tc.text)
		if !strings.Contains(body, tc.want) || tc.not != "" && strings.Contains(mainOf(body), tc.not) {
			t.Errorf("%s searches %q: want %q and not %q", tc.login, tc.text, tc.want, tc.not)
		}
	}
}

// mainOf is what a page says, without the field that repeats the question.
func mainOf(body string) string {
	_, rest, _ := strings.Cut(body, "</form>")
	_, rest, _ = strings.Cut(rest, `role="search"`)
	_, rest, _ = strings.Cut(rest, "</form>")
	return rest
}
