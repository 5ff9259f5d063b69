package demo

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/api"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/web"
)

// internal gathers every word of the store that no donor may read: hosts and what runs on them, findings, controls and
// their reasons, people of recipients, sites, ids of releases.
func internal(t *testing.T, st *store.Store) []string {
	t.Helper()
	words := map[string]bool{}
	add := func(list ...string) {
		for _, w := range list {
			if len(w) > 3 {
				words[w] = true
			}
		}
	}
	if err := st.View(t.Context(), func(tx *store.Tx) error {
		hosts, err := tx.Hosts("", "", 0)
		if err != nil {
			return err
		}
		for _, h := range hosts {
			add(h.ID, h.Name, h.OS, h.Kernel, h.AgentVersion, h.CertSerial)
		}
		found, err := tx.Findings(store.FindingFilter{})
		if err != nil {
			return err
		}
		for _, f := range found {
			add(f.ID, f.Control, f.Reason)
		}
		sites, err := tx.Sites("")
		if err != nil {
			return err
		}
		for _, s := range sites {
			add(s.ID, s.NameUK, s.NameEN)
		}
		releases, err := tx.Releases("", "")
		if err != nil {
			return err
		}
		for _, r := range releases {
			add(r.ID, r.RecipientID, r.EndReason, r.Run)
			approvals, err := tx.Approvals(r.ID)
			if err != nil {
				return err
			}
			for _, a := range approvals {
				add(a.UserID)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range policies.BuiltIn().Controls {
		add(c.ID, c.Title.In("uk"), c.Title.In("en"))
	}
	for _, list := range why {
		add(list...)
	}
	for _, list := range values {
		for _, v := range list {
			if s, ok := v.(string); ok && strings.ContainsAny(s, "/-. ") {
				add(s)
			}
		}
	}
	add(lastNames...)
	out := make([]string, 0, len(words))
	for w := range words {
		out = append(out, w)
	}
	return out
}

var (
	entryOf    = regexp.MustCompile(`/catalogue/(e-[0-9a-f]+)`)
	pathParams = regexp.MustCompile(`\{[a-z_]+\}`)
)

// donorsReadNoSecret walks pages and API over a finished history as every donor and observer, asks for what is not theirs,
// and looks for internal words in every byte of the answers and of the log.
func donorsReadNoSecret(t *testing.T, st *store.Store) {
	t.Helper()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	now := func() time.Time { return end }
	people, err := access.New(st, now)
	if err != nil {
		t.Fatal(err)
	}
	needs, err := catalogue.New(st, now)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.Handler(web.Deps{Store: st, Access: people, Catalogue: needs, Log: logger, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	rest, err := api.Handler(api.Deps{Store: st, Access: people, Catalogue: needs, Log: logger, Now: now, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	words := internal(t, st)
	ids := pick(words)
	answers, size := 0, 0
	for _, login := range []string{"donor-a", "donor-b", "donor-c", "observer"} {
		ask := signedIn(t, st, people, login)
		look := func(h http.Handler, method, target, lang string) string {
			code, body := ask(h, method, target, lang)
			answers, size = answers+1, size+len(body)
			if code >= 500 {
				t.Errorf("%s %s %s: %d", login, method, target, code)
			}
			shown := strings.ReplaceAll(body, target, "") // what was asked for may be repeated
			for _, w := range words {
				if strings.Contains(shown, w) {
					t.Errorf("%s %s %s (%d) tells %q: …%s…", login, method, target, code, w, around(shown, w))
					break
				}
			}
			return body
		}
		for _, lang := range []string{"uk", "en"} {
			list := look(pages, http.MethodGet, "/catalogue", lang)
			for _, p := range []string{
				"/catalogue/best", "/catalogue/best?eur=9000", "/catalogue/best?eur=x", "/board", "/effects", "/past", "/trend", "/stability", "/reads", "/queue", "/gaps",
				"/needs", "/findings", "/hosts", "/releases", "/account", "/nowhere",
			} {
				look(pages, http.MethodGet, p, lang)
			}
			refs := entryOf.FindAllStringSubmatch(list, -1)
			if len(refs) == 0 {
				t.Errorf("%s reads no entry", login)
			}
			for _, m := range refs {
				look(pages, http.MethodGet, "/catalogue/"+m[1], lang)
				look(pages, http.MethodGet, "/catalogue/"+m[1]+"?quantity=1", lang)
			}
		}
		for _, id := range ids {
			for _, p := range []string{"/effects/", "/releases/", "/hosts/", "/findings/", "/needs/", "/catalogue/"} {
				look(pages, http.MethodGet, p+url.PathEscape(id), "en")
			}
			look(pages, http.MethodPost, "/pledges/"+url.PathEscape(id)+"/step", "en")
		}
		for _, path := range operations(t, rest) {
			if !pathParams.MatchString(path) {
				look(rest, http.MethodGet, path, "en")
				continue
			}
			for _, id := range ids {
				look(rest, http.MethodGet, pathParams.ReplaceAllString(path, url.PathEscape(id)), "en")
			}
		}
	}
	for _, w := range words {
		if strings.Contains(log.String(), w) {
			t.Errorf("the log tells %q", w)
		}
	}
	t.Logf("%d internal words, %d answers with %d bytes and %d bytes of log searched", len(words), answers, size, log.Len())
}

// pick takes one word of each kind of id, to ask for it.
func pick(words []string) []string {
	var out []string
	slices.Sort(words)
	for _, prefix := range []string{"h-", "f-", "rel-", "r-demo-", "s-demo-", "u-"} {
		for _, w := range words {
			if strings.HasPrefix(w, prefix) {
				out = append(out, w)
				break
			}
		}
	}
	return out
}

func around(s, w string) string {
	i := strings.Index(s, w)
	return s[max(0, i-60):min(len(s), i+len(w)+20)]
}

// operations lists what the API lets one read, as its own document says.
func operations(t *testing.T, rest http.Handler) []string {
	t.Helper()
	rec := httptest.NewRecorder()
	rest.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, api.Prefix+"/openapi.json", nil))
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &doc); err != nil || len(doc.Paths) < 10 {
		t.Fatalf("%d paths, %v", len(doc.Paths), err)
	}
	var out []string
	for p, ops := range doc.Paths {
		if ops["get"] != nil {
			if !strings.HasPrefix(p, api.Prefix) {
				p = api.Prefix + p
			}
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// signedIn gives a way to ask as a person.
func signedIn(t *testing.T, st *store.Store, people *access.Service, login string) func(h http.Handler, method, target, lang string) (int, string) {
	t.Helper()
	var u store.User
	if err := st.View(t.Context(), func(tx *store.Tx) (err error) { u, err = tx.UserByLogin(login); return err }); err != nil {
		t.Fatal(err)
	}
	link, err := people.NewLink(t.Context(), by, u.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	secret, _, err := people.SignInByLink(t.Context(), link, access.Client{Address: "192.0.2.7"})
	if err != nil {
		t.Fatal(err)
	}
	return func(h http.Handler, method, target, lang string) (int, string) {
		r := httptest.NewRequestWithContext(t.Context(), method, "https://vymir.example"+target, strings.NewReader("step=commit"))
		r.Header.Set("Accept-Language", lang)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.AddCookie(&http.Cookie{Name: api.SessionCookie, Value: secret})
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Code, rec.Body.String()
	}
}
