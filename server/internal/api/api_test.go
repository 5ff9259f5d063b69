package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
	"github.com/vymir-project/vymir/server/internal/web/webtest"
)

// bench is the API over two tenants, each with a published release, a draft, and a pledge.
type bench struct {
	h        http.Handler
	api      huma.API
	world    webtest.World
	people   *access.Service
	cat      *catalogue.Service
	store    *store.Store
	checks   *contract
	sessions map[string]string
	objects  map[string]object // by tenant
}

// object is one of everything that a path can name.
type object struct{ recipient, host, finding, need, release, draft, digest, ref, pledge, person, file, webhook, report, token, project, code string }

func newBench(t testing.TB) *bench {
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
	cat, err := catalogue.New(st, clock)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := enrol.OpenCA(t.TempDir(), storetest.Now)
	if err != nil {
		t.Fatal(err)
	}
	h, api, err := build(Deps{Enroller: enrol.New(st, ca, enrol.NewRevocations(st, clock), clock), Agents: "vymir.example:7443", Store: st, Access: people, Catalogue: cat, Now: clock, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{h: h, api: api, store: st, checks: newContract(t, h), world: w, people: people, cat: cat, sessions: map[string]string{}, objects: map[string]object{}}
	for _, tenant := range []string{"a", "b"} { // a second administrator, to be changed by the first
		id, err := people.CreateUser(t.Context(), "cli:test", access.NewUser{Login: "admin2-" + tenant, Grants: []access.Grant{{Role: access.RecipientAdmin, Recipient: "r-" + tenant}}})
		if err != nil {
			t.Fatal(err)
		}
		b.objects[tenant] = object{person: id}
	}
	b.tenant(t, "a", []string{"d-a", "d-o"}, "h-00")
	b.tenant(t, "b", []string{"d-b"}, "h-03")
	return b
}

func (b *bench) actor(login string) access.Actor {
	return access.Actor{UserID: b.world.Users[login], Login: login, Grants: []access.Grant{webtest.Logins[login]}}
}

// tenant publishes a named need to the audience, drafts another, and lets the first donor of the audience pledge.
func (b *bench) tenant(t testing.TB, name string, audience []string, host string) {
	t.Helper()
	ctx, admin := t.Context(), b.actor("admin-"+name)
	run, err := b.cat.Needs(ctx, admin, "")
	if err != nil {
		t.Fatal(err)
	}
	var needs []string
	for _, n := range run.Needs {
		if n.Urgency != remedies.Immediate {
			needs = append(needs, n.ID)
		}
	}
	if len(needs) < 2 {
		t.Fatal("the world has too few needs")
	}
	o := b.objects[name]
	file, err := desk.New(b.store, func() time.Time { return storetest.Now }).Attach(ctx, b.actor("assessor-"+name), b.world.Findings["r-"+name], "seen.txt", []byte("seen at "+name))
	if err != nil {
		t.Fatal(err)
	}
	other, err := desk.PutReport(ctx, b.store, host, []byte("lynis_version=3.0.8\nhostname="+name+"\n"), "cli:test", storetest.Now)
	if err != nil {
		t.Fatal(err)
	}
	o.file, o.webhook, o.report, o.token = file.ID, "w-of-tenant-"+name, other.ID, "t-of-tenant-"+name
	if err := b.store.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.AddToken(store.Token{ID: o.token, SecretHash: []byte(name), RecipientID: "r-" + name, SiteID: "s-r-" + name, UsesMax: 1, Created: storetest.Now, Expires: storetest.Now.AddDate(0, 0, 1)}); err != nil {
			return err
		}
		return tx.AddWebhook(store.Webhook{ID: o.webhook, RecipientID: "r-" + name, URL: "https://hooks.example/" + name, Created: storetest.Now})
	}); err != nil {
		t.Fatal(err)
	}
	o.recipient, o.host, o.finding, o.need = "r-"+name, host, b.world.Findings["r-"+name], needs[0]
	draft := func(need string) catalogue.Release {
		r, err := b.cat.Draft(ctx, admin, catalogue.Wish{Recipient: "r-" + name, Needs: []string{need}, Level: catalogue.Named, Audience: audience, Until: storetest.Now.AddDate(0, 6, 0)})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := draft(needs[0])
	for _, who := range []string{"approver-", "approver2-"} {
		if _, err := b.cat.Approve(ctx, b.actor(who+name), r.ID, r.Digest); err != nil {
			t.Fatal(err)
		}
	}
	d := draft(needs[1])
	o.release, o.draft, o.digest = r.ID, d.ID, d.Digest
	donor := b.actor("donor-" + name)
	list, err := b.cat.Entries(ctx, donor, catalogue.API, catalogue.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatalf("entries: %d, %v", len(list), err)
	}
	o.ref = list[0].Ref
	p, err := b.cat.Pledge(ctx, donor, o.ref, catalogue.Offer{Quantity: 1})
	if err != nil {
		t.Fatal(err)
	}
	o.pledge = p.ID
	joint, code, err := b.cat.NewProject(ctx, admin, catalogue.Project{Lead: "r-" + name, Title: remedies.Text{"uk": "Разом " + name, "en": "Together " + name}})
	if err != nil {
		t.Fatal(err)
	}
	o.project, o.code = joint.ID, code
	b.objects[name] = o
}

func (b *bench) session(t testing.TB, login string) string {
	t.Helper()
	if b.sessions[login] == "" {
		link, err := b.people.NewLink(t.Context(), "cli:test", b.world.Users[login], 0)
		if err != nil {
			t.Fatal(err)
		}
		if b.sessions[login], _, err = b.people.SignInByLink(t.Context(), link, access.Client{Address: "192.0.2.1"}); err != nil {
			t.Fatal(err)
		}
	}
	return b.sessions[login]
}

// call sends a request as a bearer; body nil is none.
func (b *bench) call(t *testing.T, secret, method, path string, body any) (int, string) {
	t.Helper()
	var r *http.Request
	if body == nil {
		r = httptest.NewRequestWithContext(t.Context(), method, path, nil)
	} else {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r = httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(data))
		r.Header.Set("Content-Type", "application/json")
		if text, ok := body.(string); ok { // a file
			r = httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(text))
			r.Header.Set("Content-Type", "application/octet-stream")
		}
	}
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	b.checks.check(t, r, w)
	return w.Code, w.Body.String()
}

// rule says who may use an operation: on objects of their own tenant only, or whoever's they are.
type rule struct {
	own, any string
	path     func(o object) string
	body     func(o object) any
}

func at(pattern string, pick func(o object) string) func(object) string {
	return func(o object) string {
		for _, name := range []string{"{id}", "{ref}"} {
			pattern := pattern
			if strings.Contains(pattern, name) {
				return Prefix + strings.Replace(pattern, name, pick(o), 1)
			}
		}
		return Prefix + pattern + "?recipient=" + pick(o)
	}
}

func plain(path string) func(object) string { return func(object) string { return Prefix + path } }

func recipientOf(o object) string { return o.recipient }
func findingOf(o object) string   { return o.finding }
func releaseOf(o object) string   { return o.release }
func draftOf(o object) string     { return o.draft }
func refOf(o object) string       { return o.ref }
func pledgeOf(o object) string    { return o.pledge }

func wish(o object) any {
	audience := "d-a"
	if o.recipient == "r-b" {
		audience = "d-b"
	}
	return map[string]any{"recipient": o.recipient, "needs": []string{o.need}, "level": 2, "audience": []string{audience}, "until": storetest.Now.AddDate(0, 5, 0)}
}

func projectOf(o object) string { return o.project }

// ofNeed is the path of what a recipient does with one of its needs.
func ofNeed(change string) func(o object) string {
	return func(o object) string {
		return Prefix + "/recipients/" + o.recipient + "/needs/" + o.need + "/" + change
	}
}

// title are words of a project, or of a stated need.
func title(word string) map[string]string { return map[string]string{"uk": word, "en": word} }

func code(object) any { return map[string]any{"code": "000000"} }

const (
	everyone   = "admin approver assessor donor observer coordinator auditor"
	recipients = "admin approver assessor"
)

// rules is the law of the API, written out apart from the code. The order is that of the test: reading first, what
// ends something last.
var rules = []struct {
	id string
	rule
}{
	{"me", rule{any: everyone, path: plain("/me")}},
	{"list-tokens", rule{any: everyone, path: plain("/tokens")}},
	{"make-token", rule{any: everyone, path: plain("/tokens"), body: func(object) any { return map[string]any{"name": "x", "scopes": []string{"none"}, "days": 1} }}},
	{"revoke-token", rule{any: everyone, path: plain("/tokens/none")}},
	{"change-password", rule{any: everyone, path: plain("/me/password"), body: func(object) any { return map[string]any{"new": "aaaaaaaaaaaa"} }}},
	{"list-sessions", rule{any: everyone, path: plain("/me/sessions")}},
	{"end-session", rule{any: everyone, path: plain("/me/sessions/none")}},
	{"end-other-sessions", rule{any: everyone, path: plain("/me/sessions")}},
	{"get-factors", rule{any: everyone, path: plain("/me/factors")}},
	{"begin-totp", rule{any: everyone, path: plain("/me/totp")}},
	{"confirm-totp", rule{any: everyone, path: plain("/me/totp/confirm"), body: code}},
	{"end-totp", rule{any: everyone, path: plain("/me/totp/off"), body: code}},
	{"make-recovery-codes", rule{any: everyone, path: plain("/me/recovery-codes"), body: code}},
	{"begin-passkey", rule{any: everyone, path: plain("/me/passkeys/begin")}},
	{"add-passkey", rule{any: everyone, path: plain("/me/passkeys"), body: func(object) any { return map[string]any{"ticket": "none", "name": "x", "credential": map[string]any{}} }}},
	{"drop-passkey", rule{any: everyone, path: plain("/me/passkeys/none")}},
	{"list-people", rule{own: "admin", path: at("/recipients/{id}/people", recipientOf)}},
	{"add-person", rule{own: "admin", path: at("/recipients/{id}/people", recipientOf), body: func(o object) any { return map[string]any{"login": "new-" + o.recipient} }}},
	{"change-person", rule{own: "admin", path: func(o object) string { return Prefix + "/people/" + o.person + "/end_sessions" }}},
	{"list-filters", rule{any: "admin assessor", path: plain("/me/filters")}},
	{"save-filter", rule{any: "admin assessor", path: plain("/me/filters"), body: func(object) any { return map[string]any{"name": "x", "query": "severity=high"} }}},
	{"drop-filter", rule{any: "admin assessor", path: plain("/me/filters/none")}},
	{"list-attachments", rule{own: "admin assessor", path: at("/findings/{id}/attachments", findingOf)}},
	{"get-attachment", rule{own: "admin assessor", path: at("/attachments/{id}", func(o object) string { return o.file })}},
	{"attach-file", rule{own: "admin assessor", path: func(o object) string { return Prefix + "/findings/" + o.finding + "/attachments?name=note.txt" }, body: func(o object) any { return "of " + o.finding }}},
	{"import-report", rule{own: "admin assessor", path: at("/hosts/{id}/reports", func(o object) string { return o.host }), body: func(object) any { return "lynis_version=3.0.8\nwarning[]=A-1|b|-|-|\n" }}},
	{"list-reports", rule{own: "admin assessor", path: at("/hosts/{id}/reports", func(o object) string { return o.host })}},
	{"get-report", rule{own: "admin assessor", path: at("/reports/{id}", func(o object) string { return o.report })}},
	{"list-webhooks", rule{own: "admin", path: at("/recipients/{id}/webhooks", recipientOf)}},
	{"add-webhook", rule{own: "admin", path: at("/recipients/{id}/webhooks", recipientOf), body: func(object) any { return map[string]any{"url": "https://hooks.example/in"} }}},
	{"drop-webhook", rule{own: "admin", path: at("/webhooks/{id}", func(o object) string { return o.webhook })}},
	{"list-recipients", rule{any: everyone, path: plain("/recipients")}},
	{"list-hosts", rule{own: "admin assessor", path: at("/hosts", recipientOf)}},
	{"get-host", rule{own: "admin assessor", path: at("/hosts/{id}", func(o object) string { return o.host })}},
	{"list-results", rule{own: "admin assessor", path: at("/hosts/{id}/results", func(o object) string { return o.host })}},
	{"list-findings", rule{own: "admin assessor", path: at("/findings", recipientOf)}},
	{"get-finding", rule{own: "admin assessor", path: at("/findings/{id}", func(o object) string { return o.finding })}},
	{"list-enrolment-tokens", rule{own: "admin", path: at("/recipients/{id}/enrolment-tokens", recipientOf)}},
	{"make-enrolment-token", rule{own: "admin", path: at("/recipients/{id}/enrolment-tokens", recipientOf), body: func(object) any { return map[string]any{} }}},
	{"revoke-enrolment-token", rule{own: "admin", path: at("/enrolment-tokens/{id}", func(o object) string { return o.token })}},
	{"list-reviewers", rule{own: "assessor", path: at("/recipients/{id}/reviewers", recipientOf)}},
	{"get-recipient", rule{own: "admin assessor", path: at("/recipients/{id}", recipientOf)}},
	{"list-standings", rule{own: "admin assessor", path: at("/standings", recipientOf)}},
	{"get-work", rule{any: "assessor", path: plain("/work")}},
	{"get-tasks", rule{any: "admin assessor", path: plain("/tasks")}},
	{"get-trend", rule{own: recipients, path: at("/recipients/{id}/trend", recipientOf)}},
	{"get-past", rule{own: recipients, path: func(o object) string {
		return Prefix + "/past?recipient=" + o.recipient + "&at=" + storetest.Now.Add(-time.Hour).Format(time.RFC3339)
	}}},
	{"get-stability", rule{own: recipients, path: at("/stability", recipientOf)}},
	{"get-board", rule{any: "coordinator", path: plain("/board")}},
	{"find-best-set", rule{any: "donor observer coordinator", path: plain("/entries/best"), body: func(object) any { return map[string]any{"eur": 100000} }}},
	{"search", rule{any: recipients, path: plain("/search?q=backup")}},
	{"list-gaps", rule{own: recipients, path: at("/gaps", recipientOf)}},
	{"list-needs", rule{own: recipients, path: at("/needs", recipientOf)}},
	{"get-need", rule{own: recipients, path: at("/needs/{id}", func(o object) string { return o.need })}},
	{"list-releases", rule{own: recipients, path: at("/recipients/{id}/releases", recipientOf)}},
	{"get-release", rule{own: recipients, path: at("/releases/{id}", releaseOf)}},
	{"preview-release", rule{own: recipients, path: func(o object) string {
		return Prefix + "/releases/" + o.release + "/preview?donor=d-" + o.recipient[2:]
	}}},
	{"list-reads", rule{own: recipients, path: at("/recipients/{id}/reads", recipientOf)}},
	{"list-pledges-to", rule{own: recipients, path: at("/recipients/{id}/pledges", recipientOf)}},
	{"list-effects", rule{own: recipients, path: at("/recipients/{id}/effects", recipientOf)}},
	{"list-stated-needs", rule{own: recipients, path: at("/recipients/{id}/stated-needs", recipientOf)}},
	{"list-projects", rule{own: recipients, path: at("/projects", recipientOf)}},
	{"get-project", rule{own: recipients, path: at("/projects/{id}", projectOf)}},
	{"list-release-versions", rule{own: recipients, path: at("/releases/{id}/versions", releaseOf)}},
	{"list-need-shapes", rule{own: recipients, path: at("/recipients/{id}/need-shapes", recipientOf)}},
	{"list-joint-entries", rule{any: "donor observer coordinator", path: plain("/joint-entries")}},
	{"list-donors", rule{any: "admin approver assessor donor observer coordinator", path: plain("/donors")}},
	{"list-entries", rule{any: "donor observer coordinator", path: plain("/entries")}},
	{"get-entry", rule{own: "donor observer", any: "coordinator", path: at("/entries/{ref}", refOf)}},
	{"list-own-pledges", rule{any: "donor observer", path: plain("/pledges")}},
	{"list-withdrawals", rule{any: "donor observer coordinator", path: plain("/withdrawals")}},
	{"get-totals", rule{any: "donor observer coordinator", path: plain("/totals")}},
	{"list-audit", rule{any: "auditor", path: plain("/audit")}},
	{"list-overlaps", rule{own: "donor", path: at("/entries/{ref}/overlaps", refOf), body: func(object) any { return map[string]any{"quantity": 1} }}},
	{"freeze-totals", rule{any: "coordinator", path: plain("/totals")}},
	{"put-profile", rule{own: "admin", path: at("/recipients/{id}/profile", recipientOf), body: func(object) any { return map[string]any{"criticality": "3", "users": 10, "admins": 1} }}},
	{"comment-finding", rule{own: "assessor", path: at("/findings/{id}/comments", func(o object) string { return o.finding }), body: func(object) any { return map[string]any{"text": "x"} }}},
	{"decide-finding", rule{own: "assessor", path: at("/findings/{id}/decision", func(o object) string { return o.finding }), body: func(object) any { return map[string]any{"decision": "confirmed"} }}},
	{"assign-finding", rule{own: "assessor", path: at("/findings/{id}/assignment", findingOf), body: func(object) any { return map[string]any{"user": "me"} }}},
	{"set-targets", rule{own: "admin assessor", path: at("/recipients/{id}/targets", recipientOf), body: func(object) any { return map[string]any{"percent": map[string]int{"PR": 80}} }}},
	{"decide-findings", rule{any: "assessor", path: plain("/findings/decisions"), body: func(o object) any { return map[string]any{"decision": "confirmed", "findings": []string{o.finding}} }}},
	{"remove-attachment", rule{own: "assessor", path: at("/attachments/{id}", func(o object) string { return o.file })}},
	{"draft-release", rule{own: "admin", path: plain("/releases"), body: wish}},
	{"edit-release", rule{own: "admin", path: at("/releases/{id}", releaseOf), body: wish}},
	{"state-need", rule{own: "admin", path: at("/recipients/{id}/stated-needs", recipientOf), body: func(object) any {
		return map[string]any{"kind": "training", "title": title("Exercise"), "text": title("Two days"), "unit": title("exercise"), "line_reason": title("Within a year"),
			"capability": "continuity", "quantity": 1, "unit_cost_eur": map[string]any{"low": 5000, "high": 9000}, "line_of_effort": "build"}
	}}},
	{"close-stated-need", rule{own: "admin", path: func(o object) string { return Prefix + "/recipients/" + o.recipient + "/stated-needs/none/close" }}},
	{"state-own-figures", rule{own: "admin", path: ofNeed("own"), body: func(object) any { return map[string]any{"quantity": 3, "why": title("Counted by hand")} }}},
	{"split-need", rule{own: "admin", path: ofNeed("split"), body: func(object) any { return map[string]any{"sites": []string{"none"}} }}},
	{"merge-needs", rule{own: "admin", path: ofNeed("merge"), body: func(object) any { return map[string]any{"from": "none"} }}},
	{"restore-need", rule{own: "admin", path: ofNeed("restore")}},
	{"new-project", rule{own: "admin", path: plain("/projects"), body: func(o object) any { return map[string]any{"recipient": o.recipient, "title": title("More together")} }}},
	{"edit-project", rule{own: "admin", path: at("/projects/{id}", projectOf), body: func(object) any { return map[string]any{"title": title("Better together")} }}},
	{"join-project", rule{own: "admin", path: plain("/projects/join"), body: func(o object) any { return map[string]any{"recipient": o.recipient, "code": o.code} }}},
	{"new-project-code", rule{own: "admin", path: at("/projects/{id}/code", projectOf)}},
	{"leave-project", rule{own: "admin", path: at("/projects/{id}/leave", projectOf), body: func(o object) any { return map[string]any{"recipient": o.recipient} }}},
	{"close-project", rule{own: "admin", path: at("/projects/{id}/close", projectOf)}},
	{"approve-release", rule{own: "approver", path: at("/releases/{id}/approve", draftOf), body: func(o object) any { return map[string]any{"digest": o.digest} }}},
	{"pledge", rule{own: "donor", path: at("/entries/{ref}/pledges", refOf), body: func(object) any { return map[string]any{"quantity": 1} }}},
	{"commit-pledge", rule{own: "donor", path: at("/pledges/{id}/commit", pledgeOf)}},
	{"procure-pledge", rule{own: "donor", path: at("/pledges/{id}/procure", pledgeOf)}},
	{"deliver-pledge", rule{own: "donor", path: at("/pledges/{id}/deliver", pledgeOf), body: func(object) any { return map[string]any{"quantity": 1} }}},
	{"commission-pledge", rule{own: "admin", path: at("/pledges/{id}/commission", pledgeOf)}},
	{"cancel-pledge", rule{own: "donor", path: at("/pledges/{id}/cancel", pledgeOf)}},
	{"withdraw-release", rule{own: "admin approver", path: at("/releases/{id}/withdraw", releaseOf), body: func(object) any { return map[string]any{} }}},
}

// untried are operations that the matrix cannot hold: they are about the session itself, and have tests of their own.
var untried = []string{"sign-in", "sign-out"}

// people of tenant a, by role; the last two belong to no tenant.
var logins = map[string]string{"admin": "admin-a", "approver": "approver-a", "assessor": "assessor-a", "donor": "donor-a", "observer": "observer-a",
	"coordinator": "coordinator", "auditor": "auditor"}

func operations(api huma.API) map[string]string { // id → method
	out := map[string]string{}
	for _, p := range api.OpenAPI().Paths {
		for _, o := range []*huma.Operation{p.Get, p.Put, p.Post, p.Delete, p.Patch} {
			if o != nil {
				out[o.OperationID] = o.Method
			}
		}
	}
	return out
}

// TestMatrix tries every operation as every role against both tenants, and as nobody.
func TestMatrix(t *testing.T) {
	b := newBench(t)
	methods := operations(b.api)
	tried := 0
	for _, r := range rules {
		method, ok := methods[r.id]
		if !ok {
			t.Errorf("rule %s: no such operation", r.id)
			continue
		}
		delete(methods, r.id)
		if code, _ := b.call(t, "", method, r.path(b.objects["a"]), nil); code != http.StatusUnauthorized {
			t.Errorf("%s as nobody: status %d", r.id, code)
		}
		tried++
		for _, tenant := range []string{"b", "a"} { // the foreign one first: it must change nothing
			for _, role := range strings.Fields(everyone) {
				b.try(t, r.id, method, r.rule, role, tenant)
				tried++
			}
		}
	}
	for id := range methods {
		if !slices.Contains(untried, id) {
			t.Errorf("operation %s is in no rule", id)
		}
	}
	t.Logf("%d operations, %d roles, 2 tenants: %d calls; %d answers held against the OpenAPI document", len(rules), len(logins), tried, b.checks.checked)
}

func (b *bench) try(t *testing.T, id, method string, r rule, role, tenant string) {
	t.Helper()
	o := b.objects[tenant]
	var body any
	if r.body != nil {
		body = r.body(o)
	}
	code, answer := b.call(t, b.session(t, logins[role]), method, r.path(o), body)
	has := func(list string) bool { return slices.Contains(strings.Fields(list), role) }
	allowed := has(r.any) || has(r.own) && tenant == "a"
	refused := code == http.StatusForbidden || code == http.StatusNotFound
	switch {
	case code >= 500 || code == http.StatusUnauthorized:
		t.Errorf("%s as %s on %s: status %d %s", id, role, tenant, code, answer)
	case allowed && refused && !strings.Contains(r.path(o), "/none"):
		// What the loop has moved on from meanwhile may be gone for a donor; everything else must be there.
		if !(id == "get-totals" && code == http.StatusNotFound) {
			t.Errorf("%s as %s on %s: refused with %d %s", id, role, tenant, code, answer)
		}
	case !allowed && !refused:
		t.Errorf("%s as %s on %s: status %d %s", id, role, tenant, code, answer)
	}
	if role != "coordinator" && role != "auditor" {
		foreign := b.objects["b"]
		for _, secret := range []string{foreign.host, foreign.finding, foreign.file, foreign.report, foreign.webhook, foreign.token, foreign.release, foreign.draft, foreign.project, foreign.code, foreign.pledge, foreign.ref, "Zrazkiv", "Зразківська"} {
			if strings.Contains(answer, secret) && !strings.Contains(fmt.Sprint(body), secret) { // what the caller sent is no secret
				t.Errorf("%s as %s on %s: the answer holds %q of the other tenant", id, role, tenant, secret)
			}
		}
	}
}

// TestConsentLoop drives the loop from the draft to the effect by the API alone.
func TestConsentLoop(t *testing.T) {
	b := newBench(t)
	o := b.objects["a"]
	do := func(login, method, path string, body any, want int) map[string]any {
		t.Helper()
		code, answer := b.call(t, b.session(t, login), method, Prefix+path, body)
		if code != want {
			t.Fatalf("%s %s as %s: status %d, want %d: %s", method, path, login, code, want, answer)
		}
		out := map[string]any{}
		if answer != "" {
			if err := json.Unmarshal([]byte(answer), &out); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	r := do("admin-a", "POST", "/releases", wish(o), 200)
	id, digest := r["id"].(string), r["digest"].(string)
	yes := map[string]any{"digest": digest}
	do("approver-a", "POST", "/releases/"+id+"/approve", map[string]any{"digest": "0"}, 409)
	do("approver-a", "POST", "/releases/"+id+"/approve", yes, 200)
	do("approver-a", "POST", "/releases/"+id+"/approve", yes, 409)
	if got := do("approver2-a", "POST", "/releases/"+id+"/approve", yes, 200); got["state"] != "published" {
		t.Fatalf("after two approvals: %v", got["state"])
	}
	p := "/pledges/" + o.pledge
	do("donor-a", "POST", p+"/commit", nil, 204)
	do("donor-a", "POST", p+"/commit", nil, 409)
	do("donor-a", "POST", p+"/deliver", map[string]any{"quantity": 1}, 204)
	do("admin-a", "POST", p+"/commission", nil, 204)
	effects := do("admin-a", "GET", "/recipients/r-a/effects", nil, 200)
	if items := effects["items"].([]any); len(items) != 1 || items[0].(map[string]any)["days_to_commissioned"] == nil {
		t.Errorf("effects: %v", effects)
	}
	do("approver-a", "POST", "/releases/"+id+"/withdraw", map[string]any{"reason": "plans changed"}, 200)
	gone := do("donor-a", "GET", "/withdrawals", nil, 200)
	if text := fmt.Sprint(gone); !strings.Contains(text, "withdrawn") || strings.Contains(text, "plans changed") {
		t.Errorf("withdrawals: %s", text)
	}
}

func TestPaging(t *testing.T) {
	b := newBench(t)
	for _, list := range []string{"/hosts", "/findings", "/gaps", "/needs"} {
		seen, cursor := map[string]bool{}, ""
		for pages := 0; ; pages++ {
			code, answer := b.call(t, b.session(t, "assessor"), "GET", Prefix+list+"?limit=3&cursor="+cursor, nil)
			var p struct {
				Items []json.RawMessage `json:"items"`
				Next  string            `json:"next"`
			}
			if err := json.Unmarshal([]byte(answer), &p); err != nil || code != 200 {
				t.Fatalf("%s: %d %v", list, code, err)
			}
			for _, i := range p.Items {
				if seen[string(i)] {
					t.Errorf("%s: twice: %.60s", list, i)
				}
				seen[string(i)] = true
			}
			if cursor = p.Next; cursor == "" {
				break
			}
			if pages > 200 {
				t.Fatalf("%s does not end", list)
			}
		}
		_, whole := b.call(t, b.session(t, "assessor"), "GET", Prefix+list+"?limit=200", nil)
		var all Page[json.RawMessage]
		if err := json.Unmarshal([]byte(whole), &all); err != nil || all.Next == "" && len(seen) != len(all.Items) || len(seen) < 4 {
			t.Errorf("%s: %d by pages, %d at once", list, len(seen), len(all.Items))
		}
	}
	for _, bad := range []string{"/findings?cursor=x", "/hosts?cursor=%21", "/needs?cursor=AAAA", "/hosts?limit=0", "/hosts?limit=9999", "/hosts?colour=red", "/findings?state=odd"} {
		if code, answer := b.call(t, b.session(t, "assessor"), "GET", Prefix+bad, nil); code != 422 || !strings.Contains(answer, `"status":422`) {
			t.Errorf("%s: %d %s", bad, code, answer)
		}
	}
}

func TestTokens(t *testing.T) {
	b := newBench(t)
	code, answer := b.call(t, b.session(t, "admin-a"), "POST", Prefix+"/tokens", map[string]any{"name": "report", "scopes": []string{"gaps:read"}, "days": 7})
	var tok Token
	if err := json.Unmarshal([]byte(answer), &tok); err != nil || code != 200 || tok.Secret == "" {
		t.Fatalf("make token: %d %s", code, answer)
	}
	for path, want := range map[string]int{"/gaps": 200, "/hosts": 403, "/needs": 403, "/tokens": 403} {
		if code, _ := b.call(t, tok.Secret, "GET", Prefix+path, nil); code != want {
			t.Errorf("token on %s: %d, want %d", path, code, want)
		}
	}
	if code, _ := b.call(t, b.session(t, "admin-b"), "DELETE", Prefix+"/tokens/"+tok.ID, nil); code != 404 {
		t.Errorf("another person revokes: %d", code)
	}
	if code, _ := b.call(t, b.session(t, "admin-a"), "DELETE", Prefix+"/tokens/"+tok.ID, nil); code != 204 {
		t.Errorf("revoke: %d", code)
	}
	if code, _ := b.call(t, tok.Secret, "GET", Prefix+"/gaps", nil); code != 401 {
		t.Errorf("revoked token: %d", code)
	}
}

func TestSignInAndOut(t *testing.T) {
	b := newBench(t)
	code, answer := b.call(t, "", "POST", Prefix+"/sessions", map[string]any{"login": "admin-a", "password": webtest.Password})
	var s Session
	if err := json.Unmarshal([]byte(answer), &s); err != nil || code != 200 || s.Me.Login != "admin-a" {
		t.Fatalf("sign in: %d %s", code, answer)
	}
	if code, _ := b.call(t, s.Token, "DELETE", Prefix+"/sessions/current", nil); code != 204 {
		t.Errorf("sign out: %d", code)
	}
	if code, _ := b.call(t, s.Token, "GET", Prefix+"/me", nil); code != 401 {
		t.Errorf("after sign-out: %d", code)
	}
	for range 8 {
		if code, _ = b.call(t, "", "POST", Prefix+"/sessions", map[string]any{"login": "admin-a", "password": "wrong wrong wrong"}); code != 401 {
			t.Fatalf("wrong password: %d", code)
		}
	}
	if code, _ = b.call(t, "", "POST", Prefix+"/sessions", map[string]any{"login": "admin-a", "password": webtest.Password}); code != 429 {
		t.Errorf("after eight failures: %d", code)
	}
}

func TestSafety(t *testing.T) {
	b := newBench(t)
	session := b.session(t, "admin-a")
	if code, answer := b.call(t, session, "GET", Prefix+"/nothing", nil); code != 404 || !strings.Contains(answer, `"status":404`) {
		t.Errorf("unknown path: %d %s", code, answer)
	}
	if code, _ := b.call(t, session, "GET", Prefix+"/me?"+strings.Repeat("x", maxQuery+1), nil); code != 414 {
		t.Errorf("long query: %d", code)
	}
	if code, _ := b.call(t, session, "POST", Prefix+"/tokens", map[string]any{"name": strings.Repeat("x", maxBody)}); code != 413 {
		t.Errorf("large body: %d", code)
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", Prefix+"/tokens", strings.NewReader("{}"))
	r.AddCookie(&http.Cookie{Name: SessionCookie, Value: session})
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	if w.Code != 403 {
		t.Errorf("another origin with the cookie: %d", w.Code)
	}
	for _, h := range []string{"Basic abc", "Bearer", "Bearer vyt_x", "Bearer " + session + "x"} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", Prefix+"/me", nil)
		r.Header.Set("Authorization", h)
		w := httptest.NewRecorder()
		b.h.ServeHTTP(w, r)
		if w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("authorization %q: %d", h, w.Code)
		}
	}
}

// TestDescription checks the OpenAPI document: its version, that every operation says what it needs, and that the
// document is served.
func TestDescription(t *testing.T) {
	b := newBench(t)
	code, answer := b.call(t, "", "GET", Prefix+"/openapi.json", nil)
	var doc struct {
		OpenAPI string                               `json:"openapi"`
		Paths   map[string]map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal([]byte(answer), &doc); err != nil || code != 200 || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Fatalf("document: %d %q %v", code, doc.OpenAPI, err)
	}
	for path, methods := range doc.Paths {
		if !strings.HasPrefix(path, Prefix+"/") {
			t.Errorf("%s is not below %s", path, Prefix)
		}
		for method, o := range methods {
			if o["operationId"] == "" || o["summary"] == "" || o["security"] == nil && o["operationId"] != "sign-in" {
				t.Errorf("%s %s says too little", method, path)
			}
		}
	}
	for _, forbidden := range []string{"$schema", "unpkg.com"} {
		if strings.Contains(answer, forbidden) {
			t.Errorf("the document holds %q", forbidden)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add("YXQAMw")
	f.Add("aGlnaAAxMgBmLTE")
	f.Fuzz(func(t *testing.T, s string) {
		parseFindingCursor(s)                                     //nolint:errcheck // must not panic
		slicePage([]int{1, 2, 3}, PageInput{Cursor: s, Limit: 2}) //nolint:errcheck // must not panic
	})
}
