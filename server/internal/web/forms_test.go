package web

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/vymir-project/vymir/server/internal/store"
)

// send posts a file as a form does.
func (s *site) send(t *testing.T, session, target, name string, content []byte) answer {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if name != "" {
		f, err := w.CreateFormFile("file", name)
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: sessionCookie, Value: session})
	rec := httptest.NewRecorder()
	s.handler.ServeHTTP(rec, r)
	return answer{rec.Code, rec.Result().Header, rec.Body.String()}
}

func wantTo(t *testing.T, what string, a answer, want string) {
	t.Helper()
	if a.code != http.StatusSeeOther || !strings.Contains(a.head.Get("Location"), want) {
		t.Errorf("%s: %d to %q, want %q", what, a.code, a.head.Get("Location"), want)
	}
}

var png = []byte("\x89PNG\r\n\x1a\n0000")

// TestEvidenceByForm puts a file to a finding, reads it back as a download and takes it away; what is no evidence, too
// large or another tenant's is refused.
func TestEvidenceByForm(t *testing.T) {
	s := newSite(t)
	admin, assessor, foreign := s.session(t, "admin-a"), s.session(t, "assessor"), s.session(t, "admin-b")
	at := "/findings/" + s.world.Findings["r-a"]
	wantTo(t, "picture", s.send(t, admin, at+"/files", `..\..\proof <b>.png`, png), "done=attached")
	wantTo(t, "the same again", s.send(t, admin, at+"/files", "again.png", png), "refused=file")
	wantTo(t, "page as picture", s.send(t, admin, at+"/files", "x.png", []byte("<html><script>")), "refused=file")
	wantTo(t, "nothing", s.send(t, admin, at+"/files", "", nil), "refused=no_file")
	if a := s.send(t, admin, at+"/files", "big.txt", bytes.Repeat([]byte("x"), 6<<20)); a.code != http.StatusRequestEntityTooLarge {
		t.Errorf("large file: %d", a.code)
	}
	if a := s.send(t, foreign, at+"/files", "x.png", png); a.code != http.StatusNotFound {
		t.Errorf("another tenant's: %d", a.code)
	}
	page := s.ask(t, assessor, "en", at, nil)
	link := regexp.MustCompile(`/files/a-[a-z0-9]+`).FindString(page.body)
	if link == "" || !strings.Contains(page.body, "proof &lt;b&gt;.png") {
		t.Fatal("the file is not shown")
	}
	file := s.ask(t, assessor, "en", link, nil)
	if file.code != http.StatusOK || file.body != string(png) || !strings.HasPrefix(file.head.Get("Content-Disposition"), "attachment") || !strings.Contains(file.head.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("download: %d %q %q", file.code, file.head.Get("Content-Disposition"), file.head.Get("Content-Security-Policy"))
	}
	if a := s.ask(t, foreign, "en", link, nil); a.code != http.StatusNotFound {
		t.Errorf("another tenant reads it: %d", a.code)
	}
	wantTo(t, "remove", s.ask(t, assessor, "en", link+"/remove", url.Values{}), "done=detached")
	if a := s.ask(t, assessor, "en", link, nil); a.code != http.StatusNotFound {
		t.Errorf("removed file: %d", a.code)
	}
	if page := s.ask(t, assessor, "en", at, nil); !strings.Contains(page.body, "File removed") {
		t.Error("the history does not tell of the removal")
	}
}

// TestBulkByForm decides on several findings at once, takes them up, and refuses none, too many and foreign ones.
func TestBulkByForm(t *testing.T) {
	s := newSite(t)
	a := s.session(t, "assessor-a")
	ids := regexp.MustCompile(`name="finding" value="([^"]+)"`).FindAllStringSubmatch(s.ask(t, a, "en", "/findings", nil).body, -1)
	if len(ids) < 10 {
		t.Fatalf("%d findings can be ticked", len(ids))
	}
	form := func(pairs ...string) url.Values {
		v := url.Values{"back": {"/findings?severity=high"}}
		for i := 0; i < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return v
	}
	at := "/findings/decisions"
	wantTo(t, "none ticked", s.ask(t, a, "en", at, form("decision", "confirmed")), "refused=bulk")
	wantTo(t, "no end", s.ask(t, a, "en", at, form("decision", "accepted", "reason", "old", "finding", ids[0][1])), "refused=until")
	wantTo(t, "two", s.ask(t, a, "en", at, form("decision", "confirmed", "finding", ids[0][1], "finding", ids[1][1])), "/findings?severity=high&done=bulk")
	wantTo(t, "a foreign one among them", s.ask(t, a, "en", at, form("decision", "confirmed", "finding", ids[0][1], "finding", s.world.Findings["r-b"])), "refused=bulk_part")
	wantTo(t, "take", s.ask(t, a, "en", at, form("act", "assign", "to", "me", "finding", ids[0][1])), "done=bulk")
	wantTo(t, "elsewhere", s.ask(t, a, "en", at, url.Values{"back": {"//evil.example"}, "decision": {"confirmed"}, "finding": {ids[0][1]}}), "/?done=bulk")
	mine := s.ask(t, a, "en", "/findings?assignee=me", nil)
	if n := strings.Count(mine.body, `name="finding"`); n != 1 {
		t.Errorf("%d findings are mine", n)
	}
	page := s.ask(t, a, "en", "/findings/"+ids[0][1], nil)
	if !strings.Contains(page.body, "Confirmed") || strings.Count(page.body, "Наталія Гриценко") == 0 {
		t.Error("the decision is not shown, or another reviewer cannot be chosen")
	}
	wantTo(t, "to another", s.ask(t, a, "en", "/findings/"+ids[0][1]+"/assign", url.Values{"to": {s.world.Users["assessor"]}}), "done=assigned")
	wantTo(t, "to one who may not", s.ask(t, a, "en", "/findings/"+ids[0][1]+"/assign", url.Values{"to": {s.world.Users["assessor-b"]}}), "refused=assignee")
	wantTo(t, "to nobody", s.ask(t, a, "en", "/findings/"+ids[0][1]+"/assign", url.Values{"to": {"nobody"}}), "done=assigned")
}

func TestFiltersByForm(t *testing.T) {
	s := newSite(t)
	a := s.session(t, "assessor")
	wantTo(t, "save", s.ask(t, a, "en", "/findings/filters", url.Values{"name": {"Гарячі <i>"}, "query": {"recipient=r-b&severity=high"}}), "done=filter")
	wantTo(t, "no filter", s.ask(t, a, "en", "/findings/filters", url.Values{"name": {"x"}, "query": {"evil=1"}}), "refused=filter")
	page := s.ask(t, a, "en", "/findings", nil)
	if !strings.Contains(page.body, `/findings?recipient=r-b&amp;severity=high`) || !strings.Contains(page.body, "Гарячі &lt;i&gt;") {
		t.Error("the saved filter is not shown")
	}
	if other := s.ask(t, s.session(t, "assessor-b"), "en", "/findings", nil); strings.Contains(other.body, "Гарячі") {
		t.Error("somebody else sees it")
	}
	wantTo(t, "drop", s.ask(t, a, "en", "/findings/filters/drop", url.Values{"name": {"Гарячі <i>"}}), "done=filter_dropped")
}

// TestTargetsByForm sets what share is to be met and shows it beside what was measured.
func TestTargetsByForm(t *testing.T) {
	s := newSite(t)
	a := s.session(t, "admin-a")
	wantTo(t, "set", s.ask(t, a, "en", "/recipients/r-a/targets", url.Values{"PR": {"90"}, "DE": {"1"}, "GV": {""}}), "done=targets")
	for _, bad := range []string{"0", "101", "x", "-5"} {
		wantTo(t, bad, s.ask(t, a, "en", "/recipients/r-a/targets", url.Values{"PR": {bad}}), "refused=target")
	}
	page := s.ask(t, a, "en", "/recipients/r-a", nil)
	for _, want := range []string{`90&#160;%`, "not reached", "reached", "not set"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if got := s.ask(t, a, "en", "/recipients/r-b/targets", url.Values{"PR": {"1"}}); got.code != http.StatusNotFound {
		t.Errorf("another tenant's: %d", got.code)
	}
	if got := s.ask(t, s.session(t, "approver-a"), "en", "/recipients/r-a/targets", url.Values{"PR": {"1"}}); got.code != http.StatusForbidden {
		t.Errorf("an approver sets targets: %d", got.code)
	}
}

// TestHostTokensByForm makes a token, shows it once with the commands, and revokes it.
func TestHostTokensByForm(t *testing.T) {
	s := newSite(t)
	a := s.session(t, "admin-a")
	made := s.ask(t, a, "en", "/install", url.Values{"recipient": {"r-a"}, "site": {"s-r-a"}, "uses": {"3"}, "hours": {"24"}})
	token := regexp.MustCompile(`<pre[^>]*>(vymir1\.[^<]+)</pre>`).FindStringSubmatch(made.body)
	if made.code != http.StatusOK || token == nil || strings.Count(made.body, token[1]) != 2 || !strings.Contains(made.body, "--token-file token") {
		t.Fatalf("made: %d, token %v", made.code, token)
	}
	if made.head.Get("Content-Encoding") != "" {
		t.Error("a page with a secret is compressed")
	}
	again := s.ask(t, a, "en", "/install", nil)
	if strings.Contains(again.body, token[1]) {
		t.Error("the token is shown twice")
	}
	revoke := regexp.MustCompile(`/install/[a-z0-9-]+/revoke`).FindString(again.body)
	if got := s.ask(t, s.session(t, "admin-b"), "en", revoke, url.Values{}); got.code != http.StatusNotFound {
		t.Errorf("another tenant revokes: %d", got.code)
	}
	wantTo(t, "revoke", s.ask(t, a, "en", revoke, url.Values{}), "done=host_token_revoked")
	wantTo(t, "too many", s.ask(t, a, "en", "/install", url.Values{"recipient": {"r-a"}, "uses": {"10001"}, "hours": {"24"}}), "refused=host_token")
	wantTo(t, "for ever", s.ask(t, a, "en", "/install", url.Values{"recipient": {"r-a"}, "uses": {"1"}, "hours": {"99999"}}), "refused=host_token")
	for _, foreign := range []url.Values{{"recipient": {"r-b"}, "uses": {"1"}, "hours": {"1"}}, {"recipient": {"r-a"}, "site": {"s-r-b"}, "uses": {"1"}, "hours": {"1"}}} {
		if got := s.ask(t, a, "en", "/install", foreign); got.code != http.StatusNotFound {
			t.Errorf("%v: %d", foreign, got.code)
		}
	}
}

func TestWebhooksByForm(t *testing.T) {
	s := newSite(t)
	a := s.session(t, "admin-a")
	made := s.ask(t, a, "en", "/webhooks", url.Values{"recipient": {"r-a"}, "url": {"https://hooks.example/x?y=<b>"}})
	secret := regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`).FindString(made.body)
	if made.code != http.StatusOK || secret == "" {
		t.Fatalf("made: %d", made.code)
	}
	page := s.ask(t, a, "en", "/webhooks", nil)
	if strings.Contains(page.body, secret) || !strings.Contains(page.body, "hooks.example") {
		t.Error("the secret is shown twice, or the address is not")
	}
	for _, bad := range []string{"http://hooks.example/", "https://127.0.0.1/", "https://10.0.0.1/", "https://u@hooks.example/", "file:///etc/passwd", ""} {
		wantTo(t, bad, s.ask(t, a, "en", "/webhooks", url.Values{"recipient": {"r-a"}, "url": {bad}}), "refused=webhook")
	}
	drop := regexp.MustCompile(`/webhooks/[a-z0-9-]+/drop`).FindString(page.body)
	if got := s.ask(t, s.session(t, "admin-b"), "en", drop, url.Values{}); got.code != http.StatusNotFound {
		t.Errorf("another tenant drops it: %d", got.code)
	}
	wantTo(t, "drop", s.ask(t, a, "en", drop, url.Values{}), "done=webhook_dropped")
}

const sarif = `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Scanner <b>","version":"4.2","rules":[{"id":"R1","shortDescription":{"text":"Old cipher"}}]}},` +
	`"results":[{"ruleId":"R1","level":"error","message":{"text":"port 443 <script>"}}]}]}`

// TestToolReports keeps what another tool said beside our results, and moves no finding.
func TestToolReports(t *testing.T) {
	s := newSite(t)
	a := s.session(t, "admin-a")
	before := strings.Count(s.ask(t, a, "en", "/findings?state=all", nil).body, "/findings/f-")
	wantTo(t, "import", s.send(t, a, "/hosts/h-00/reports", "r.sarif", []byte(sarif)), "done=report")
	wantTo(t, "again", s.send(t, a, "/hosts/h-00/reports", "r.sarif", []byte(sarif)), "refused=report_exists")
	wantTo(t, "rubbish", s.send(t, a, "/hosts/h-00/reports", "r.xml", []byte("<a/>")), "refused=report")
	host := s.ask(t, a, "en", "/hosts/h-00", nil)
	link := regexp.MustCompile(`/reports/[a-z0-9-]+`).FindString(host.body)
	page := s.ask(t, a, "en", link, nil)
	if page.code != http.StatusOK || !strings.Contains(page.body, "port 443 &lt;script&gt;") || !strings.Contains(page.body, "never mixed") {
		t.Errorf("the report: %d", page.code)
	}
	if after := strings.Count(s.ask(t, a, "en", "/findings?state=all", nil).body, "/findings/f-"); after != before {
		t.Errorf("findings: %d before, %d after", before, after)
	}
	foreign := s.session(t, "admin-b")
	if got := s.ask(t, foreign, "en", link, nil); got.code != http.StatusNotFound {
		t.Errorf("another tenant reads it: %d", got.code)
	}
	if got := s.send(t, foreign, "/hosts/h-00/reports", "r.sarif", []byte(sarif)); got.code != http.StatusNotFound {
		t.Errorf("another tenant imports: %d", got.code)
	}
}

// TestHostPage shows apart what the administrator left out, what drifted, and what became different.
func TestHostPage(t *testing.T) {
	s := newSite(t)
	err := s.st.Tx(t.Context(), func(tx *store.Tx) error {
		list, err := tx.Results("h-00")
		if err != nil {
			return fmt.Errorf("read results: %w", err)
		}
		r := list[0]
		r.Status, r.Live, r.Persisted, r.ReasonID = "not_applicable", "", "", "scoped_out"
		r.Target = `{"params":{"reason_en":"answered by <ESET>","reason_uk":"відповідає <ESET>"}}`
		d := list[1]
		d.Live, d.Persisted = "fail", "pass"
		if err := tx.PutResult(r); err != nil {
			return err
		}
		return tx.PutResult(d)
	})
	if err != nil {
		t.Fatal(err)
	}
	en, uk := s.ask(t, s.session(t, "admin-a"), "en", "/hosts/h-00", nil), s.ask(t, s.session(t, "admin-a"), "uk", "/hosts/h-00", nil)
	section := func(body, id string) string {
		_, rest, _ := strings.Cut(body, `<h2 id="`+id+`"`)
		part, _, _ := strings.Cut(rest, "<h2 ")
		return part
	}
	if !strings.Contains(section(en.body, "left"), "answered by &lt;ESET&gt;") || !strings.Contains(section(uk.body, "left"), "відповідає &lt;ESET&gt;") {
		t.Error("what was left out is not shown with its reason")
	}
	if !strings.Contains(section(en.body, "drift"), "In effect now") {
		t.Error("what drifted is not shown")
	}
	if !strings.Contains(section(en.body, "runtime"), "<table") {
		t.Error("no result of the running system is shown")
	}
}
