package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vymir-project/vymir/server/internal/store"
)

// pageRules say who reaches each page and form, written out once more beside the table of package access, so that a slip there
// does not pass by agreeing with itself. "open" is everybody, signed in or not.
var pageRules = map[string]string{
	"open": `GET /{$}; GET /sign-in; POST /sign-in; GET /sign-in/link; POST /sign-in/link; POST /sign-in/second; POST /sign-in/passkey;
		POST /sign-in/passkey/finish; GET /sign-in/oidc; GET /sign-in/oidc/callback; POST /language`,
	"admin approver assessor donor observer coordinator auditor": `GET /account; POST /account/sessions/{id}/end; POST /account/sessions/end-others; POST /account/password;
		POST /account/totp; POST /account/totp/confirm; POST /account/totp/off; POST /account/recovery; POST /account/passkeys/begin; POST /account/passkeys;
		POST /account/passkeys/{id}/drop; POST /account/tokens; POST /account/tokens/{id}/revoke; POST /sign-out`,
	"admin": `GET /people; POST /people; POST /people/{id}/{change}; GET /install; POST /install; POST /install/{id}/revoke; GET /webhooks; POST /webhooks;
		POST /webhooks/{id}/drop; POST /needs/{id}/draft; POST /needs/{id}/{change}; GET /stated/new; POST /stated; POST /recipients/{id}/stated/{need}/close;
		GET /projects/start; POST /projects/start; POST /projects/join; POST /projects/{id}/{change}; GET /projects/new; POST /projects;
		POST /recipients/{id}/profile; GET /releases/{id}/edit; POST /releases/{id}/edit; POST /pledges/{id}/commission`,
	"assessor": `GET /work; POST /findings/{id}/decision; POST /findings/{id}/comment; POST /findings/{id}/assign; POST /findings/decisions`,
	"admin assessor": `GET /recipients; GET /recipients/{id}; GET /recipients/{id}/report; POST /recipients/{id}/targets; GET /heat; GET /profiles; GET /mend;
		GET /hosts; GET /hosts/{id}; POST /hosts/{id}/reports; GET /reports/{id}; GET /leaves; GET /findings; GET /findings/{id}; POST /findings/filters;
		POST /findings/filters/drop; POST /findings/{id}/files; GET /files/{id}; POST /files/{id}/remove`,
	"admin approver assessor": `GET /search; GET /gaps; GET /needs; GET /needs/{id}; GET /projects; GET /projects/{id}; GET /trend; GET /past; GET /stability; GET /reads; GET /effects;
		GET /effects/{id}; GET /releases; GET /releases/{id}; GET /releases/{id}/print`,
	"approver":                   `POST /releases/{id}/approve`,
	"admin approver":             `POST /releases/{id}/withdraw`,
	"donor observer coordinator": `GET /catalogue; GET /catalogue/best; GET /catalogue/{ref}; GET /catalogue/{ref}/print; GET /joint/{ref}`,
	"donor":                      `POST /catalogue/{ref}/pledge; POST /pledges/{id}/step`,
	"coordinator":                `GET /queue; POST /queue/freeze; GET /board`,
	"auditor":                    `GET /audit`,
}

var pageRoles = map[string]string{"admin": "admin-a", "approver": "approver-a", "assessor": "assessor-a", "donor": "donor-a", "observer": "observer-a",
	"coordinator": "coordinator", "auditor": "auditor"}

// belongings are ids of one tenant's things by how a route's path begins; what is not there has no such thing yet.
type belongings map[string]string

func (b belongings) path(pattern string) (path string, real bool) {
	_, path, _ = strings.Cut(pattern, " ")
	path = strings.TrimSuffix(path, "{$}")
	if !strings.Contains(path, "{") {
		return path, false
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	id, real := b[first]
	if !real {
		id = "none"
	}
	path = strings.NewReplacer("{id}", id, "{ref}", id, "{need}", "none", "{change}", "none").Replace(path)
	return path, real && !strings.Contains(path, "none")
}

// own makes one of everything for a tenant, as its administrator would.
func (w *walk) own(tenant, host string) belongings {
	w.t.Helper()
	admin := "admin-" + tenant
	b := belongings{"recipients": "r-" + tenant, "hosts": host, "findings": w.s.world.Findings["r-"+tenant]}
	w.page(admin, "/findings")
	if a := w.s.send(w.t, w.sessions[admin], "/findings/"+b["findings"]+"/files", "proof-of-"+tenant+".png", png); a.code != http.StatusSeeOther {
		w.t.Fatalf("attach: %d", a.code)
	}
	if a := w.s.send(w.t, w.sessions[admin], "/hosts/"+host+"/reports", "r.sarif", []byte(sarif)); a.code != http.StatusSeeOther {
		w.t.Fatalf("import: %d", a.code)
	}
	w.ask(admin, "/install", url.Values{"recipient": {"r-" + tenant}, "uses": {"1"}, "hours": {"24"}})
	w.ask(admin, "/webhooks", url.Values{"recipient": {"r-" + tenant}, "url": {"https://hooks.example/" + tenant}})
	take := func(key, page, pattern string) {
		b[key] = w.find(regexp.MustCompile(pattern), w.page(admin, page))
	}
	take("files", "/findings/"+b["findings"], `/files/(a-[a-z0-9]+)`)
	take("reports", "/hosts/"+host, `/reports/(x-[a-z0-9]+)`)
	take("install", "/install", `/install/(t-[a-z0-9]+)/revoke`)
	take("webhooks", "/webhooks", `/webhooks/(w-[a-z0-9]+)/drop`)
	take("needs", "/needs", `href="/needs/([^"/?]+)"`)
	release := w.post(admin, "/needs/"+b["needs"]+"/draft", url.Values{"level": {"1"}, "until": {"2027-03-01"}, "audience": {"d-a"}}, "done=drafted")
	b["releases"] = strings.TrimPrefix(release, "/releases/")
	return b
}

// spent are forms that use up what they act on, so that the next who may finds nothing left, or that name more than the matrix gives.
var spent = []string{"POST /files/{id}/remove", "POST /releases/{id}/withdraw", "POST /findings/filters/drop", "POST /projects",
	"POST /releases/{id}/edit"}

// TestPageMatrix tries every page and form as every role against both tenants, and as nobody, and then looks whether the
// foreign tenant's trail tells of anything.
func TestPageMatrix(t *testing.T) {
	s := newSite(t)
	w := &walk{t: t, s: s, sessions: map[string]string{}}
	things := map[string]belongings{"a": w.own("a", "h-00"), "b": w.own("b", "h-03")}
	before := s.trail(t, "r-b")
	roles := map[string]string{}
	for who, list := range pageRules {
		for p := range strings.SplitSeq(list, ";") {
			roles[strings.TrimSpace(p)] = who
		}
	}
	foreign := []string{"Zrazkiv", "Зразківська"}
	for _, id := range things["b"] {
		if id != "r-b" {
			foreign = append(foreign, id)
		}
	}
	tried, reached := 0, 0
	for _, rt := range s.server.routes() {
		who, ok := roles[rt.pattern]
		if !ok {
			t.Errorf("%s is in no rule", rt.pattern)
			continue
		}
		delete(roles, rt.pattern)
		if who == "open" || rt.pattern == "POST /sign-out" {
			continue // tests of signing in try them
		}
		method, _, _ := strings.Cut(rt.pattern, " ")
		for _, tenant := range []string{"b", "a"} { // the foreign one first: it must change nothing
			path, real := things[tenant].path(rt.pattern)
			var form url.Values
			if method == http.MethodPost {
				form = url.Values{"recipient": {"r-" + tenant}, "back": {"/findings"}, "finding": {things[tenant]["findings"]}, "decision": {"confirmed"}, "text": {"x"}, "name": {"x"}}
			}
			if a := s.ask(t, "", "en", path, form); a.code != http.StatusSeeOther || !strings.HasPrefix(a.head.Get("Location"), "/sign-in") {
				t.Errorf("%s as nobody: %d", rt.pattern, a.code)
			}
			tried++
			for role, login := range pageRoles {
				a := w.try(login, rt.pattern, path, form)
				tried++
				allowed := slices.Contains(strings.Fields(who), role)
				switch {
				case a.code >= 500:
					t.Errorf("%s as %s on %s: %d", rt.pattern, role, tenant, a.code)
				case !allowed && a.code != http.StatusForbidden:
					t.Errorf("%s as %s on %s: %d, want 403", rt.pattern, role, tenant, a.code)
				case allowed && real && tenant == "b" && a.code != http.StatusNotFound:
					t.Errorf("%s as %s on a foreign tenant: %d, want 404", rt.pattern, role, a.code)
				case allowed && real && tenant == "a" && a.code >= 400 && !slices.Contains(spent, rt.pattern) && a.code != http.StatusBadRequest:
					t.Errorf("%s as %s on the own tenant: %d", rt.pattern, role, a.code)
				case allowed && !strings.Contains(path, "none") && !real && tenant == "a" && !slices.Contains(spent, rt.pattern) && (a.code == http.StatusForbidden || a.code == http.StatusNotFound):
					t.Errorf("%s as %s: %d", rt.pattern, role, a.code)
				}
				if allowed && a.code < 400 {
					reached++
				}
				if role == "coordinator" || role == "auditor" {
					continue // who look across tenants
				}
				for _, secret := range foreign {
					if strings.Contains(a.body, secret) && !strings.Contains(path, secret) { // what was asked for is no secret
						t.Errorf("%s as %s on %s shows %q of the other tenant", rt.pattern, role, tenant, secret)
					}
				}
			}
		}
	}
	for p := range roles {
		t.Errorf("%s is in a rule and no route", p)
	}
	if after := s.trail(t, "r-b"); after != before {
		t.Errorf("the other tenant's trail grew from %d to %d entries", before, after)
	}
	t.Logf("%d routes, %d roles, 2 tenants: %d requests, %d of them served", len(s.server.routes()), len(pageRoles), tried, reached)
}

// try sends a request as a form of the page would.
func (w *walk) try(login, pattern, path string, form url.Values) answer {
	w.t.Helper()
	if strings.HasSuffix(pattern, "/files") || strings.HasSuffix(pattern, "/reports") {
		w.ask(login, "/", nil)
		return w.s.send(w.t, w.sessions[login], path, "more.txt", []byte("seen by "+login))
	}
	return w.ask(login, path, form)
}

func (s *site) trail(t *testing.T, recipient string) (n int) {
	t.Helper()
	err := s.st.View(t.Context(), func(tx *store.Tx) error {
		list, err := tx.AuditEntries(recipient, 0, 10_000)
		n = len(list)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
