package web

import (
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/seal"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
	"github.com/vymir-project/vymir/server/internal/web/webtest"
)

// site is the pages over a filled store.
type site struct {
	handler http.Handler
	world   webtest.World
	people  *access.Service
	st      *store.Store
	server  *server
}

func newSite(t *testing.T) *site {
	t.Helper()
	st := storetest.New(t)
	clock := func() time.Time { return storetest.Now }
	people, err := access.New(st, clock)
	if err != nil {
		t.Fatal(err)
	}
	w, err := webtest.Fill(t.Context(), st, people, storetest.Now)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := enrol.OpenCA(t.TempDir(), storetest.Now)
	if err != nil {
		t.Fatal(err)
	}
	key, err := seal.New(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	srv, err := newServer(Deps{Store: st, Access: people, Now: clock, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Enroller: enrol.New(st, ca, enrol.NewRevocations(st, clock), clock), Agents: "vymir.example:7443", Seal: key})
	if err != nil {
		t.Fatal(err)
	}
	return &site{srv.handler(), w, people, st, srv}
}

// session signs a person in by a link and returns the cookie's value.
func (s *site) session(t *testing.T, login string) string {
	t.Helper()
	link, err := s.people.NewLink(t.Context(), "cli:test", s.world.Users[login], 0)
	if err != nil {
		t.Fatal(err)
	}
	secret, _, err := s.people.SignInByLink(t.Context(), link, access.Client{Address: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

type answer struct {
	code int
	head http.Header
	body string
}

// ask sends a request; a nil form is a GET.
func (s *site) ask(t *testing.T, session, lang, target string, form url.Values) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if form != nil {
		r = httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("Accept-Language", lang)
	if session != "" {
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: session})
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{w.Code, w.Result().Header, string(b)}
}

var (
	missingKey = regexp.MustCompile(`\[[a-z_]+\.[a-z0-9_.]+\]`)
	inline     = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script(?: type="module")?>`)
	cyrillic   = regexp.MustCompile(`[А-Яа-яЇїІіЄєҐґ]`)
)

// pagesOf are the pages each person is shown in TestPages.
func (s *site) pagesOf() map[string][]string {
	return map[string][]string{
		"": {"/sign-in", "/sign-in/link?t=x", "/nowhere"},
		"admin-a": {"/mend", "/hosts", "/hosts/h-00", "/findings", "/findings?severity=high&state=all&review=none", "/findings/" + s.world.Findings["r-a"], "/account", "/people", "/gaps", "/needs", "/releases",
			"/trend", "/past", "/past?at=2020-01-01", "/stability", "/reads", "/effects", "/recipients/r-a", "/recipients/r-a/report", "/profiles", "/install", "/webhooks", "/leaves"},
		"assessor":   {"/work", "/heat", "/heat?family=ssh", "/heat?recipient=r-b&from=9", "/recipients", "/recipients/r-b", "/recipients/r-b/report", "/gaps", "/trend", "/trend?recipient=r-b", "/past?recipient=r-b", "/stability", "/stability?recipient=r-b", "/reads", "/effects", "/needs", "/needs?recipient=r-b", "/releases", "/findings", "/findings?recipient=r-b", "/findings/" + s.world.Findings["r-b"], "/hosts", "/hosts/h-03", "/findings?recipient=none"},
		"approver-a": {"/account", "/needs", "/releases"},
		"donor-a":    {"/catalogue", "/catalogue?kind=training&line=build", "/catalogue/none", "/hosts", "/catalogue/best", "/catalogue/best?eur=1000&floor=build&floor_eur=500", "/board", "/effects", "/past"},
		"observer-a": {"/catalogue"}, "coordinator": {"/queue", "/board", "/catalogue", "/catalogue/best?eur=5000"},
		"auditor": {"/audit", "/account", "/hosts"},
	}
}

// TestPages renders every page in both languages: no missing text, nothing inline, the right language.
func TestPages(t *testing.T) {
	s := newSite(t)
	for login, pages := range s.pagesOf() {
		session := ""
		if login != "" {
			session = s.session(t, login)
		}
		for _, p := range pages {
			for _, lang := range languages {
				a := s.ask(t, session, lang, p, nil)
				if a.code >= 500 {
					t.Errorf("%s %s %s: status %d", login, lang, p, a.code)
				}
				if m := missingKey.FindString(a.body); m != "" {
					t.Errorf("%s %s %s: missing text %s", login, lang, p, m)
				}
				if m := inline.FindString(a.body); m != "" {
					t.Errorf("%s %s: inline %q", lang, p, m)
				}
				if !strings.Contains(a.body, `<html lang="`+lang+`">`) || lang == "uk" && !cyrillic.MatchString(a.body) {
					t.Errorf("%s %s: not in its language", lang, p)
				}
				if strings.Contains(a.body, "ZgotmplZ") || strings.Contains(a.body, "<no value>") || strings.Contains(a.body, "%!") {
					t.Errorf("%s %s: a template wrote rubbish", lang, p)
				}
			}
		}
	}
}

func TestTenantsAreApart(t *testing.T) {
	s := newSite(t)
	a := s.session(t, "admin-a")
	for _, p := range []string{"/hosts/h-03", "/findings/" + s.world.Findings["r-b"], "/findings?recipient=r-b", "/hosts/none"} {
		if got := s.ask(t, a, "en", p, nil); got.code != http.StatusNotFound {
			t.Errorf("%s: status %d", p, got.code)
		}
	}
	for _, p := range []string{"/hosts", "/findings?state=all", "/mend"} {
		got := s.ask(t, a, "en", p, nil)
		for _, foreign := range []string{"Zrazkiv", "h-03", "registry"} {
			if strings.Contains(got.body, foreign) {
				t.Errorf("%s shows %q of another recipient", p, foreign)
			}
		}
	}
	if got := s.ask(t, a, "en", "/findings/"+s.world.Findings["r-a"]+"/decision", url.Values{"decision": {"confirmed"}}); got.code != http.StatusForbidden {
		t.Errorf("an administrator decides: %d", got.code)
	}
	if got := s.ask(t, s.session(t, "assessor-b"), "en", "/findings/"+s.world.Findings["r-a"]+"/decision", url.Values{"decision": {"confirmed"}}); got.code != http.StatusNotFound {
		t.Errorf("an assessor of b decides for a: %d", got.code)
	}
}

func TestReviewByForm(t *testing.T) {
	s := newSite(t)
	session := s.session(t, "assessor")
	at := "/findings/" + s.world.Findings["r-a"]
	for _, tc := range []struct {
		form url.Values
		want string
	}{
		{url.Values{"decision": {"accepted"}, "reason": {"old pump"}}, "refused=until"},
		{url.Values{"decision": {"accepted"}, "until": {"2027-01-01"}}, "refused=reason"},
		{url.Values{"decision": {"nonsense"}}, "refused=decision"},
		{url.Values{"decision": {"accepted"}, "until": {"2027-01-01"}, "reason": {"old <pump> & co"}}, "done=decided"},
	} {
		got := s.ask(t, session, "en", at+"/decision", tc.form)
		if got.code != http.StatusSeeOther || !strings.Contains(got.head.Get("Location"), tc.want) {
			t.Errorf("%v: %d %s, want %s", tc.form, got.code, got.head.Get("Location"), tc.want)
		}
	}
	page := s.ask(t, session, "en", at+"?done=decided", nil)
	if !strings.Contains(page.body, html.EscapeString("old <pump> & co")) || !strings.Contains(page.body, "Waiver granted") || !strings.Contains(page.body, "The decision was saved") {
		t.Error("the decision is not shown, or not escaped")
	}
}

func TestSignInByForm(t *testing.T) {
	s := newSite(t)
	got := s.ask(t, "", "en", "/hosts?x=1", nil)
	if got.code != http.StatusSeeOther || got.head.Get("Location") != "/sign-in?next=%2Fhosts%3Fx%3D1" {
		t.Fatalf("a visitor: %d %s", got.code, got.head.Get("Location"))
	}
	if got := s.ask(t, "", "en", "/sign-in", url.Values{"login": {"admin-a"}, "password": {"wrong wrong wrong"}}); got.code != http.StatusUnauthorized || len(got.head["Set-Cookie"]) > 0 {
		t.Errorf("wrong password: %d", got.code)
	}
	got = s.ask(t, "", "en", "/sign-in", url.Values{"login": {"admin-a"}, "password": {webtest.Password}, "next": {"//evil.example/"}})
	cookie := got.head.Get("Set-Cookie")
	if got.code != http.StatusSeeOther || got.head.Get("Location") != "/" {
		t.Fatalf("sign in: %d to %s", got.code, got.head.Get("Location"))
	}
	for _, want := range []string{sessionCookie + "=vys_", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q lacks %q", cookie, want)
		}
	}
}

func TestLinkNeedsTheButton(t *testing.T) {
	s := newSite(t)
	link, err := s.people.NewLink(t.Context(), "cli:test", s.world.Users["donor-a"], 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // looking does not use it up
		if got := s.ask(t, "", "en", "/sign-in/link?t="+link, nil); got.code != http.StatusOK || len(got.head["Set-Cookie"]) > 0 {
			t.Fatalf("look at the link: %d", got.code)
		}
	}
	if got := s.ask(t, "", "en", "/sign-in/link", url.Values{"t": {link}}); got.code != http.StatusSeeOther {
		t.Errorf("use the link: %d", got.code)
	}
	if got := s.ask(t, "", "en", "/sign-in/link", url.Values{"t": {link}}); got.code != http.StatusUnauthorized {
		t.Errorf("use it again: %d", got.code)
	}
}

func TestSafety(t *testing.T) {
	s := newSite(t)
	got := s.ask(t, "", "en", "/sign-in", nil)
	for name, want := range map[string]string{"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'", "X-Content-Type-Options": "nosniff",
		"X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store"} {
		if !strings.HasPrefix(got.head.Get(name), want) {
			t.Errorf("%s: %q", name, got.head.Get(name))
		}
	}
	if strings.Contains(contentSecurityPolicy, "unsafe") {
		t.Error("the policy allows something unsafe")
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/sign-out", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("a form of another origin: %d", w.Code)
	}
	if got := s.ask(t, "", "en", "/sign-in?x="+strings.Repeat("y", maxQuery), nil); got.code != http.StatusRequestURITooLong {
		t.Errorf("long query: %d", got.code)
	}
	if got := s.ask(t, "", "en", "/sign-in", url.Values{"login": {strings.Repeat("y", maxBody)}}); got.code != http.StatusRequestEntityTooLarge {
		t.Errorf("large body: %d", got.code)
	}
	for in, want := range map[string]string{"": "/", "/x?y": "/x?y", "//x": "/", "https://x": "/", "/\\x": "/", "/a\nb": "/"} {
		if got := ownPath(in); got != want {
			t.Errorf("ownPath(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAssets(t *testing.T) {
	s := newSite(t)
	page := s.ask(t, "", "en", "/sign-in", nil)
	links := regexp.MustCompile(`/assets/[a-z.]+\?v=[0-9a-f]+`).FindAllString(page.body, -1)
	if len(links) < 3 {
		t.Fatalf("assets in the page: %v", links)
	}
	for _, l := range links {
		a := s.ask(t, "", "en", l, nil)
		if a.code != http.StatusOK || !strings.Contains(a.head.Get("Cache-Control"), "immutable") || a.head.Get("Content-Type") == "" {
			t.Errorf("%s: %d %q", l, a.code, a.head.Get("Cache-Control"))
		}
	}
	if a := s.ask(t, "", "en", "/assets/none.js", nil); a.code != http.StatusNotFound {
		t.Errorf("missing asset: %d", a.code)
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add("aGlnaCAxMjMgZi0x")
	f.Add("####")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseCursor(s)
		if err == nil && s != "" && c == nil {
			t.Error("no cursor and no error")
		}
	})
}
