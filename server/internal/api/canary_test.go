package api

import (
	"bytes"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
	"github.com/vymir-project/vymir/server/internal/web"
)

// nest is a world in which canaries are planted, and all ways by which a donor gets bytes out of it.
type nest struct {
	*bench
	pages, rest http.Handler
	log         bytes.Buffer // of both, at its loudest
	push        *httptest.Server
	pushed      bytes.Buffer
	planted     int
	seen        int // bytes
}

func newNest(t testing.TB) *nest {
	n := &nest{bench: newBench(t)}
	logger := slog.New(slog.NewTextHandler(&n.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	clock := func() time.Time { return storetest.Now }
	var err error
	if n.pages, err = web.Handler(web.Deps{Store: n.store, Access: n.people, Catalogue: n.cat, Now: clock, Log: logger}); err != nil {
		t.Fatal(err)
	}
	if n.rest, err = Handler(Deps{Store: n.store, Access: n.people, Catalogue: n.cat, Now: clock, Log: logger, Version: "test"}); err != nil {
		t.Fatal(err)
	}
	n.push = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(&n.pushed, r.Header)
		io.Copy(&n.pushed, r.Body) //nolint:errcheck // what is missing was not told
	}))
	t.Cleanup(n.push.Close)
	return n
}

// plant fills every internal text of tenant a with words that begin with "canary", and returns the ids among them.
func (n *nest) plant(t *testing.T, tag string) (ids []string) {
	t.Helper()
	count := 0
	canary := func(kind string) string {
		count++
		return fmt.Sprintf("canary%s%d%s", kind, n.planted+count, tag)
	}
	ctx, now, d := t.Context(), storetest.Now, desk.New(n.store, func() time.Time { return storetest.Now })
	site := store.Site{ID: canary("site"), RecipientID: "r-a", NameUK: canary("siteuk"), NameEN: canary("siteen"), Region: canary("region"), Connectivity: canary("link"), Power: canary("power"), Created: now}
	h := store.Host{ID: canary("host"), RecipientID: "r-a", SiteID: site.ID, TokenID: canary("token"), Name: canary("name"), OS: canary("os"), Role: canary("role"), Kernel: canary("kernel"),
		AgentVersion: canary("version"), SPKI: []byte(canary("key")), MachineDigest: []byte(canary("machine")), CertSerial: canary("serial"), Measured: now, Enrolled: now, BundleName: canary("bundle")}
	f := store.Finding{ID: canary("finding"), HostID: h.ID, RecipientID: "r-a", SiteID: site.ID, Control: canary("family") + "." + canary("control"), Family: canary("family"), Capability: "backup",
		Severity: assessment.Medium, Target: fmt.Sprintf(`{"evidence":{"path":%q,"user":%q,"cve":%q}}`, canary("path"), canary("user"), canary("cve")), Assignee: canary("assignee"), BundleName: h.BundleName}
	f.Record, _ = review.Observe(f.Record, review.Observation{Status: assessment.Fail, ReasonID: canary("reason"), Measured: now})
	f.Decision, f.Reason, f.DecidedBy = review.Confirmed, canary("why"), canary("assessor")
	if err := n.store.Tx(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.PutSite(site), tx.AddHost(h), tx.PutFinding(f),
			tx.PutResult(store.Result{HostID: h.ID, Control: f.Control, Status: assessment.Fail, Severity: assessment.Medium, Capability: "backup", ReasonID: f.ReasonID, Target: f.Target, Since: now}),
			tx.AddFindingEvent(store.FindingEvent{ID: canary("event"), FindingID: f.ID, At: now, Actor: canary("actor"), Event: "comment", Detail: canary("comment")}),
			tx.AddWebhook(store.Webhook{ID: canary("webhook"), RecipientID: "r-a", URL: "https://" + canary("hook") + ".example/", Created: now, CreatedBy: canary("by"), Disabled: now}),
			tx.PutProfile(store.Profile{RecipientID: "r-a", Criticality: "2", Users: 10, Admins: 2, Changed: now, ChangedBy: canary("profile")}))
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.people.CreateUser(ctx, "cli:"+canary("operator"), access.NewUser{Login: canary("login"), Name: canary("person"), Grants: []access.Grant{{Role: access.RecipientAdmin, Recipient: "r-a"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Attach(ctx, n.actor("assessor-a"), f.ID, canary("file")+".txt", []byte(canary("evidence"))); err != nil {
		t.Fatal(err)
	}
	if _, err := desk.PutReport(ctx, n.store, h.ID, fmt.Appendf(nil, "lynis_version=3.0.8\nhostname=%s\nwarning[]=A-1|%s|-|-|\n", canary("lynis"), canary("warning")), "cli:test", now); err != nil {
		t.Fatal(err)
	}
	why := canary("justification")
	if _, err := n.cat.OwnFigures(ctx, n.actor("admin-a"), "r-a", need.Own{Need: n.objects["a"].need, Quantity: 4, Why: remedies.Text{"uk": why, "en": why}}); err != nil {
		t.Fatal(err)
	}
	n.planted += count
	return []string{h.ID, f.ID, site.ID}
}

// search fails the test when bytes that a donor gets hold a canary, other than what was asked for.
func (n *nest) search(t *testing.T, what, asked string, b []byte) {
	t.Helper()
	n.seen += len(b)
	low := bytes.ToLower(b)
	if asked != "" {
		low = bytes.ReplaceAll(low, bytes.ToLower([]byte(asked)), nil)
	}
	if i := bytes.Index(low, []byte("canary")); i >= 0 {
		t.Fatalf("%s holds a canary: …%s…", what, low[max(0, i-60):min(len(low), i+60)])
	}
}

var placeholder = regexp.MustCompile(`\{[a-z_$.]+\}`)

// walk asks for everything, by every page and operation, as one who is not to read what was planted.
func (n *nest) walk(t *testing.T, login string, ids []string) {
	t.Helper()
	secret := n.session(t, login)
	ask := func(page bool, method, path, id string) {
		asked := placeholder.ReplaceAllString(path, id)
		r := httptest.NewRequestWithContext(t.Context(), method, "https://vymir.example"+asked, strings.NewReader(`{}`))
		r.AddCookie(&http.Cookie{Name: SessionCookie, Value: secret})
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Content-Type", "application/json")
		h := n.rest
		if page {
			h = n.pages
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s %s as %s: %d", method, asked, login, w.Code)
		}
		n.search(t, fmt.Sprintf("%s %s as %s (%d)", method, asked, login, w.Code), id, fmt.Append(nil, w.Header(), w.Body))
	}
	all := func(page bool, method, path string) {
		if !placeholder.MatchString(path) {
			ask(page, method, path, "")
			return
		}
		for _, id := range ids {
			ask(page, method, path, id)
		}
	}
	for _, p := range web.Patterns() {
		method, path, _ := strings.Cut(p, " ")
		if strings.HasPrefix(path, "/sign") || strings.HasPrefix(path, "/account/") { // of the reader's own
			continue
		}
		all(true, method, path)
	}
	for path, item := range n.api.OpenAPI().Paths {
		if strings.HasPrefix(path, Prefix+"/me") || strings.HasPrefix(path, Prefix+"/sessions") {
			continue
		}
		for method, has := range map[string]bool{http.MethodGet: item.Get != nil, http.MethodPost: item.Post != nil, http.MethodPut: item.Put != nil, http.MethodDelete: item.Delete != nil} {
			if has {
				all(false, method, path)
			}
		}
	}
}

// files writes every file that leaves for a donor, and pushes to the donor's own catalogue.
func (n *nest) files(t *testing.T) {
	t.Helper()
	list, err := n.cat.EntriesFor(t.Context(), "d-a", "cli:test")
	if err != nil {
		t.Fatal(err)
	}
	var texts []catalogue.DonorNeed
	var refs []string
	for _, e := range list {
		texts, refs = append(texts, e.DonorNeed), append(refs, e.Ref)
	}
	reporter := catalogue.Reporter{Ref: "XM-EXAMPLE-1", Type: "10", Name: remedies.Text{"uk": "Донор", "en": "Donor"}}
	for name, write := range map[string]func(io.Writer) error{
		"csv":        func(w io.Writer) error { return catalogue.WriteCSV(w, list, "uk") },
		"oscal":      func(w io.Writer) error { return catalogue.WritePOAM(w, list, "en", storetest.Now) },
		"iati":       func(w io.Writer) error { return catalogue.WriteIATI(w, list, reporter, storetest.Now) },
		"submission": func(w io.Writer) error { return catalogue.WriteSubmission(w, texts, refs, storetest.Now) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil && !errors.Is(err, catalogue.ErrNothing) {
			t.Fatal(err)
		}
		n.search(t, name, "", b.Bytes())
	}
	if _, err := n.cat.Push(t.Context(), catalogue.Connector{Donor: "d-a", URL: n.push.URL, Secret: bytes.Repeat([]byte{3}, 32)}, n.push.Client(), "cli:test"); err != nil {
		t.Fatal(err)
	}
	n.search(t, "push", "", n.pushed.Bytes())
}

// FuzzDonorsBytes plants canaries with made-up names in every internal text of a recipient, publishes a need that rests on
// them, takes it back with a reason that is one, too, and looks for them in every byte that donors and an observer get:
// all pages, all operations of the API with what they refuse, files, pushed messages, and the log.
func FuzzDonorsBytes(f *testing.F) {
	f.Add([]byte("seed"), uint8(0))
	f.Add([]byte{}, uint8(3))
	n := newNest(f)
	f.Fuzz(func(t *testing.T, name []byte, how uint8) {
		if len(name) > 64 {
			t.Skip("longer than a name")
		}
		tag := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(binary.AppendUvarint(name, uint64(len(name)))))
		ids := n.plant(t, tag)
		ctx, o := t.Context(), n.objects["a"]
		r, err := n.cat.Draft(ctx, n.actor("admin-a"), catalogue.Wish{Recipient: "r-a", Needs: []string{o.need}, Level: catalogue.Named + catalogue.Level(how%2), Audience: []string{"d-a", "d-o"}, Until: storetest.Now.AddDate(0, 6, 0)})
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"approver-a", "approver2-a"} {
			if _, err := n.cat.Approve(ctx, n.actor(who), r.ID, r.Digest); err != nil {
				t.Fatal(err)
			}
		}
		list, err := n.cat.Entries(ctx, n.actor("donor-a"), catalogue.API, catalogue.Filter{})
		if err != nil || len(list) == 0 {
			t.Fatalf("the donor reads %d entries, %v", len(list), err)
		}
		ids = append(ids, list[len(list)-1].Ref, r.ID, o.pledge)
		login := []string{"donor-a", "observer-a", "donor-b", "coordinator"}[how/2%4]
		n.walk(t, login, ids)
		n.files(t)
		if err := n.cat.Withdraw(ctx, n.actor("admin-a"), r.ID, "canarywithdrawal"+tag); err != nil {
			t.Fatal(err)
		}
		n.walk(t, "donor-a", ids[3:])
		n.files(t)
		n.search(t, "the log", "", n.log.Bytes())
	})
	f.Logf("%d canaries planted, %d bytes for donors searched", n.planted, n.seen)
}
