package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var (
	needLink    = regexp.MustCompile(`href="(/needs/[^"/]+)"`)
	releaseLink = regexp.MustCompile(`href="(/releases/[^"/]+)"`)
	entryLink   = regexp.MustCompile(`href="(/catalogue/e-[^"/]+)"`)
	pledgeForm  = regexp.MustCompile(`action="(/pledges/[^"]+)/step"`)
	effectLink  = regexp.MustCompile(`href="(/effects/[^"]+)"`)
	commission  = regexp.MustCompile(`action="(/pledges/[^"]+/commission)"`)
	digestField = regexp.MustCompile(`name="digest" value="([0-9a-f]+)"`)
)

// walk is one person's way through the site: every step must end as it says.
type walk struct {
	t *testing.T
	s *site
	// session of each login, opened at first use
	sessions map[string]string
}

func (w *walk) ask(login, target string, form url.Values) answer {
	w.t.Helper()
	if w.sessions[login] == "" {
		w.sessions[login] = w.s.session(w.t, login)
	}
	return w.s.ask(w.t, w.sessions[login], "en", target, form)
}

func (w *walk) page(login, target string) string {
	w.t.Helper()
	a := w.ask(login, target, nil)
	if a.code != http.StatusOK {
		w.t.Fatalf("%s reads %s: status %d", login, target, a.code)
	}
	if m := missingKey.FindString(a.body); m != "" {
		w.t.Errorf("%s: missing text %s", target, m)
	}
	if m := inline.FindString(a.body); m != "" {
		w.t.Errorf("%s: inline %q", target, m)
	}
	return a.body
}

func (w *walk) find(re *regexp.Regexp, body string) string {
	w.t.Helper()
	m := re.FindStringSubmatch(body)
	if m == nil {
		w.t.Fatalf("no %s in the page", re)
	}
	return m[1]
}

// post sends a form and returns where it led; want must be part of that.
func (w *walk) post(login, target string, form url.Values, want string) string {
	w.t.Helper()
	a := w.ask(login, target, form)
	to := a.head.Get("Location")
	if a.code != http.StatusSeeOther || !strings.Contains(to, want) {
		w.t.Fatalf("%s posts %s: %d to %q, want %q", login, target, a.code, to, want)
	}
	path, _, _ := strings.Cut(to, "?")
	return path
}

// TestConsentLoop walks from a need to a delivered and withdrawn entry by the pages alone.
func TestConsentLoop(t *testing.T) {
	s := newSite(t)
	w := &walk{t: t, s: s, sessions: map[string]string{}}
	if body := w.page("donor-a", "/catalogue"); entryLink.MatchString(body) || !strings.Contains(body, "No need has been approved") {
		t.Fatal("a donor sees something before anybody approved")
	}
	need := w.find(needLink, w.page("admin-a", "/needs"))
	w.page("admin-a", need)
	w.post("admin-a", need+"/draft", url.Values{"level": {"1"}, "until": {"2027-03-01"}}, "refused=audience")
	w.post("admin-a", need+"/draft", url.Values{"level": {"1"}, "until": {"2020-03-01"}, "audience": {"d-a"}}, "refused=release_until")
	release := w.post("admin-a", need+"/draft", url.Values{"level": {"1"}, "until": {"2027-03-01"}, "audience": {"d-a"}}, "done=drafted")
	if a := w.ask("admin-a", release+"/approve", url.Values{"digest": {"x"}}); a.code != http.StatusForbidden {
		t.Errorf("an administrator approves: %d", a.code)
	}
	for _, foreign := range []string{"approver-b", "admin-b"} {
		if a := w.ask(foreign, release, nil); a.code != http.StatusNotFound {
			t.Errorf("%s reads a's release: %d", foreign, a.code)
		}
	}
	digest := url.Values{"digest": {w.find(digestField, w.page("approver-a", release))}}
	w.post("approver-a", release+"/approve", url.Values{"digest": {"0000"}}, "refused=release_changed")
	w.post("approver-a", release+"/approve", digest, "done=approved")
	w.post("approver-a", release+"/approve", digest, "refused=release_same")
	if body := w.page("donor-a", "/catalogue"); entryLink.MatchString(body) {
		t.Fatal("a donor sees what one person approved")
	}
	w.post("approver2-a", release+"/approve", digest, "done=published")
	body := w.page("donor-a", "/catalogue")
	entry := w.find(entryLink, body)
	if !strings.Contains(body, "data-plot") || !strings.Contains(body, "/assets/plot.js") || !strings.Contains(body, "data-cost-low=") {
		t.Error("the list has no plot, or no data for it")
	}
	text := body + w.page("donor-a", entry)
	for _, secret := range []string{"Prykladiv", "r-a", "s-r-a", "scada-gw", "Main building", "h-00"} {
		if strings.Contains(text, secret) {
			t.Errorf("the donor reads %q at level 1", secret)
		}
	}
	if body := w.page("donor-b", "/catalogue"); entryLink.MatchString(body) {
		t.Error("a donor outside the audience sees the entry")
	}
	if a := w.ask("donor-b", entry, nil); a.code != http.StatusNotFound {
		t.Errorf("a donor outside the audience reads the entry: %d", a.code)
	}
	w.page("coordinator", "/queue")
	help(w, entry, release)
	w.post("approver-a", release+"/withdraw", url.Values{"reason": {"changed plans"}}, "done=withdrawn")
	if a := w.ask("donor-a", entry, nil); a.code != http.StatusNotFound {
		t.Errorf("the entry after withdrawal: %d", a.code)
	}
	if body := w.page("donor-a", "/catalogue"); strings.Contains(body, "changed plans") || !strings.Contains(body, "withdrawn") {
		t.Error("the withdrawal is not shown as it should be")
	}
}

// help pledges, commits, delivers and commissions.
func help(w *walk, entry, release string) {
	w.t.Helper()
	w.page("donor-a", entry+"?quantity=1")
	w.post("donor-a", entry+"/pledge", url.Values{"quantity": {"0"}}, "refused=quantity")
	w.post("donor-a", entry+"/pledge", url.Values{"quantity": {"1"}}, "done=pledged")
	w.post("donor-a", entry+"/pledge", url.Values{"quantity": {"1"}}, "refused=overlap")
	if body := w.page("donor-a", entry+"?quantity=1"); !strings.Contains(body, "help for this very need exists") {
		w.t.Error("an overlap is not shown before the pledge")
	}
	step := w.find(pledgeForm, w.page("donor-a", entry)) + "/step"
	w.post("donor-a", step, url.Values{"step": {"commit"}, "back": {entry}}, "done=moved")
	w.post("donor-a", step, url.Values{"step": {"deliver"}, "quantity": {"99"}, "back": {entry}}, "refused=quantity")
	w.post("donor-a", step, url.Values{"step": {"deliver"}, "quantity": {"1"}, "back": {entry}}, "done=moved")
	if a := w.ask("donor-b", step, url.Values{"step": {"cancel"}}); a.code != http.StatusNotFound {
		w.t.Errorf("another donor moves the pledge: %d", a.code)
	}
	use := w.find(commission, w.page("admin-a", release))
	w.post("admin-a", use, url.Values{"back": {release}}, "done=commissioned")
	effect := w.find(effectLink, w.page("admin-a", "/effects"))
	if body := w.page("admin-a", effect); !strings.Contains(body, "Country A") || !strings.Contains(body, "Lessons learned") {
		w.t.Error("the effect has no donor or no lessons")
	}
	if a := w.ask("admin-b", effect, nil); a.code != http.StatusNotFound {
		w.t.Errorf("another recipient reads the effect: %d", a.code)
	}
	if body := w.page("coordinator", "/board"); !strings.Contains(body, "-Q") {
		w.t.Error("the board does not show the help")
	}
	if body := w.page("donor-a", "/catalogue/best?eur=1000000"); !strings.Contains(body, "Proven: no set is better") {
		w.t.Error("the best set is not shown with its proof")
	}
	w.post("donor-a", entry+"/pledge", url.Values{"quantity": {"x"}}, "refused=quantity")
	if body := w.page("admin-a", "/reads"); !strings.Contains(body, "Anna Berg") {
		w.t.Error("the ledger does not name who read")
	}
	if body := w.page("admin-a", release); !strings.Contains(body, "Country A") {
		w.t.Error("the recipient does not see who read and who helps")
	}
}

func TestWordsForDonorsAreScreened(t *testing.T) {
	s := newSite(t)
	w := &walk{t: t, s: s, sessions: map[string]string{}}
	need := w.find(needLink, w.page("admin-a", "/needs"))
	w.post("admin-a", need+"/draft", url.Values{"level": {"1"}, "until": {"2027-03-01"}, "audience": {"d-a"}, "purpose_uk": {"вузол scada-gw"}, "purpose_en": {"host scada-gw"}}, "refused=screened_name")
	w.post("admin-a", need+"/draft", url.Values{"level": {"1"}, "until": {"2027-03-01"}, "audience": {"d-a"}, "purpose_uk": {"лише одна мова"}}, "refused=screened_language")
	if releaseLink.MatchString(w.page("admin-a", "/releases")) {
		t.Error("a refused text was kept")
	}
}

func TestProfileSizesNeeds(t *testing.T) {
	s := newSite(t)
	w := &walk{t: t, s: s, sessions: map[string]string{}}
	if body := w.page("admin-a", "/needs"); !strings.Contains(body, "the least possible: staff not stated") {
		t.Fatal("a need does not say that the staff is not stated")
	}
	w.post("admin-a", "/recipients/r-a/profile", url.Values{"users": {"3"}, "admins": {"5"}}, "refused=profile")
	w.post("admin-a", "/recipients/r-a/profile", url.Values{"users": {"430"}, "admins": {"4"}, "criticality": {"9"}}, "refused=profile")
	w.post("admin-a", "/recipients/r-a/profile", url.Values{"users": {"430"}, "admins": {"4"}, "criticality": {"2"}}, "done=profile")
	if body := w.page("admin-a", "/needs"); strings.Contains(body, "the least possible: staff not stated") || !strings.Contains(body, `value="430"`) {
		t.Error("the stated size changes nothing")
	}
	for _, who := range []string{"admin-b", "approver-a", "assessor"} {
		if a := w.ask(who, "/recipients/r-a/profile", url.Values{"users": {"1"}}); a.code != http.StatusNotFound && a.code != http.StatusForbidden {
			t.Errorf("%s states a's size: %d", who, a.code)
		}
	}
}

// TestProject bundles two needs with own figures into one text, which waits for two approvals like any other.
func TestProject(t *testing.T) {
	s := newSite(t)
	w := &walk{t: t, s: s, sessions: map[string]string{}}
	var ids []string
	for _, m := range needLink.FindAllStringSubmatch(w.page("admin-a", "/needs"), 2) {
		ids = append(ids, strings.TrimPrefix(m[1], "/needs/"))
	}
	if len(ids) != 2 {
		t.Fatalf("needs %v", ids)
	}
	form := url.Values{"need": ids, "level": {"1"}, "until": {"2027-03-01"}, "audience": {"d-a"}, "title_uk": {"Разом"}, "title_en": {"Together"},
		"quantity-" + ids[0]: {"7"}, "low-" + ids[1]: {"100"}, "high-" + ids[1]: {"150"}}
	w.page("admin-a", "/projects/new?"+url.Values{"need": ids}.Encode())
	if a := w.ask("admin-b", "/projects", form); a.code != http.StatusNotFound {
		t.Errorf("another recipient bundles a's needs: %d", a.code)
	}
	if a := w.ask("approver-a", "/projects", form); a.code != http.StatusForbidden {
		t.Errorf("an approver proposes: %d", a.code)
	}
	wrong := url.Values{}
	for k, v := range form {
		wrong[k] = v
	}
	wrong["low-"+ids[1]] = []string{"cheap"}
	w.post("admin-a", "/projects", wrong, "refused=quantity")
	delete(wrong, "low-"+ids[1])
	wrong["high-"+ids[1]], wrong["title_en"] = []string{""}, []string{""}
	w.post("admin-a", "/projects", wrong, "refused=screened_language")
	release := w.post("admin-a", "/projects", form, "done=drafted")
	body := w.page("admin-a", release)
	if !strings.Contains(body, "Together") || strings.Count(body, "<h3>") < 2 || !strings.Contains(body, "stated by the recipient") && !strings.Contains(body, "recipient") {
		t.Error("the text does not hold both needs with the recipient's figures")
	}
}

// TestJointProject lets two recipients ask together by forms: the code, the parts, an edit of a draft, the donor's page and
// the form for print.
func TestJointProject(t *testing.T) {
	s := newSite(t)
	w := &walk{t: t, s: s, sessions: map[string]string{}}
	words := url.Values{"recipient": {"r-a"}, "title_uk": {"Спільно безпечніше"}, "title_en": {"Safer together"}, "from": {"2027-01-01"}, "to": {"2027-06-01"},
		"step_by": {"2027-03-01", ""}, "step_uk": {"Закупівля", ""}, "step_en": {"Procurement", ""}}
	w.page("admin-a", "/projects/start")
	made := w.ask("admin-a", "/projects/start", words)
	code := regexp.MustCompile(`<b class="mono">([A-Z2-7-]+)</b>`).FindStringSubmatch(made.body)
	project := regexp.MustCompile(`/projects/(pr-[a-z0-9]+)/`).FindStringSubmatch(made.body)
	if code == nil || project == nil {
		t.Fatalf("no code or project in the answer: %d", made.code)
	}
	if strings.Contains(w.page("admin-a", "/projects/"+project[1]), code[1]) {
		t.Error("the code is shown a second time")
	}
	w.post("admin-b", "/projects/join", url.Values{"recipient": {"r-b"}, "code": {"AAAA-AAAA-AAAA-AAAA"}}, "refused=project_code")
	if a := w.ask("admin-b", "/projects/join", url.Values{"recipient": {"r-a"}, "code": {code[1]}}); !strings.Contains(a.head.Get("Location"), "refused") && a.code != http.StatusNotFound {
		t.Errorf("b joins in a's name: %d %s", a.code, a.head.Get("Location"))
	}
	if a := w.ask("donor-a", "/projects/"+project[1], nil); a.code != http.StatusForbidden {
		t.Errorf("a donor reads the recipients' page: %d", a.code)
	}
	w.post("admin-b", "/projects/join", url.Values{"recipient": {"r-b"}, "code": {code[1]}}, "done=joined")

	var id string
	for _, m := range needLink.FindAllStringSubmatch(w.page("admin-a", "/needs"), -1) {
		if strings.Contains(w.page("admin-a", m[1]), `<option value="2"`) {
			id = strings.TrimPrefix(m[1], "/needs/")
			break
		}
	}
	form := url.Values{"need": {id}, "level": {"2"}, "until": {"2027-03-01"}, "audience": {"d-a"}, "title_uk": {"Наша частина"}, "title_en": {"Our part"}, "project": {project[1]}}
	if !strings.Contains(w.page("admin-a", "/projects/new?"+url.Values{"need": {id}}.Encode()), project[1]) {
		t.Error("the form does not offer the joint project")
	}
	release := strings.SplitN(w.post("admin-a", "/projects", form, "done=drafted"), "?", 2)[0]
	edit := w.page("admin-a", release+"/edit")
	for _, v := range []string{"Our part", `value="` + project[1] + `" selected`} {
		if !strings.Contains(edit, v) {
			t.Errorf("the edit form does not hold %q", v)
		}
	}
	words.Set("title_en", "Safer side by side")
	w.post("admin-a", "/projects/"+project[1]+"/edit", words, "done=project")
	if body := w.page("approver-a", release); strings.Contains(body, "/approve") {
		t.Error("a text with replaced words may be approved")
	}
	form.Set("title_en", "Our own part")
	w.post("admin-a", release+"/edit", form, "done=edited")
	body := w.page("approver-a", release)
	if !strings.Contains(body, "Our own part") || !strings.Contains(body, "Our part") || !strings.Contains(body, "Safer side by side") {
		t.Error("the release does not show both versions")
	}
	for _, who := range []string{"approver-a", "approver2-a"} {
		w.post(who, release+"/approve", url.Values{"digest": {w.find(digestField, w.page(who, release))}}, "done=")
	}
	if a := w.ask("admin-a", release+"/edit", form); !strings.Contains(a.head.Get("Location"), "refused=release_state") {
		t.Errorf("a published text is edited: %d %s", a.code, a.head.Get("Location"))
	}
	list := w.page("donor-a", "/catalogue")
	joint := regexp.MustCompile(`href="(/joint/p-[0-9a-f]+)"`).FindStringSubmatch(list)
	if joint == nil {
		t.Fatal("the donor's list does not name the joint project")
	}
	page := w.page("donor-a", joint[1])
	if !strings.Contains(page, "Safer side by side") || strings.Contains(page, "Zrazkiv") && strings.Contains(page, "r-b") {
		t.Error("the donor's page of the project")
	}
	if a := w.ask("donor-b", joint[1], nil); a.code != http.StatusNotFound {
		t.Errorf("a donor outside the audience reads the project: %d", a.code)
	}
	entry := regexp.MustCompile(`href="(/catalogue/e-[0-9a-f]+)"`).FindStringSubmatch(page)[1]
	for _, p := range []struct{ login, path string }{{"donor-a", entry}, {"admin-a", release}} {
		form := w.page(p.login, p.path+"/print") // the reader's language first
		for _, v := range []string{`<article class="form" lang="uk">`, `<article class="form" lang="en">`, "Our own part", "Наша частина"} {
			if !strings.Contains(form, v) {
				t.Errorf("%s: the form for print lacks %q", p.login, v)
			}
		}
		if file := w.ask(p.login, p.path+"/print?file=1", nil).body; !strings.HasPrefix(file, "<!doctype html>") || strings.Contains(file, "/assets/") {
			t.Errorf("%s: the file is no file of its own", p.login)
		}
	}
}

// TestStatedAndShaped states a need by the form, bundles it, and restates and splits measured ones.
func TestStatedAndShaped(t *testing.T) {
	s := newSite(t)
	w := &walk{t: t, s: s, sessions: map[string]string{}}
	form := url.Values{"recipient": {"r-a"}, "kind": {"training"}, "capability": {"continuity"}, "line": {"build"}, "quantity": {"2"}, "low": {"4000"}, "high": {"6000"}}
	for _, f := range []string{"title", "text", "unit", "why"} {
		form.Set(f+"_uk", "Навчання "+f)
		form.Set(f+"_en", "Exercise "+f)
	}
	w.page("admin-a", "/stated/new")
	w.post("admin-a", "/stated", form, "done=stated")
	body := w.page("admin-a", "/needs")
	stated := regexp.MustCompile(`name="need" value="(sn-[a-z0-9]+)"`).FindStringSubmatch(body)
	if stated == nil || !strings.Contains(body, "Exercise title") {
		t.Fatal("the stated need is not on the page of needs")
	}
	if a := w.ask("admin-b", "/projects/new?need="+stated[1], nil); a.code != http.StatusNotFound {
		t.Errorf("b bundles a's stated need: %d", a.code)
	}
	if !strings.Contains(w.page("admin-a", "/projects/new?need="+stated[1]), "Exercise title") {
		t.Error("the stated need is not in the form of a project")
	}
	need := needLink.FindStringSubmatch(body)[1]
	w.post("admin-a", need+"/own", url.Values{"quantity": {"9"}}, "refused=screened_language")
	w.post("admin-a", need+"/own", url.Values{"quantity": {"9"}, "why_uk": {"Пораховано вручну"}, "why_en": {"Counted by hand"}}, "done=shaped")
	page := w.page("admin-a", need)
	if !strings.Contains(page, "Counted by hand") || !strings.Contains(page, `value="9"`) {
		t.Error("own figures do not show")
	}
	w.post("admin-a", need+"/split", url.Values{}, "refused=needs_gone")
	if a := w.ask("assessor-a", need+"/own", url.Values{"quantity": {"1"}}); a.code != http.StatusForbidden {
		t.Errorf("an assessor restates: %d", a.code)
	}
	w.post("admin-a", need+"/restore", url.Values{}, "done=shaped")
	if strings.Contains(w.page("admin-a", need), `value="9"`) {
		t.Error("own figures were not taken back")
	}
	w.post("admin-a", "/recipients/r-a/stated/"+stated[1]+"/close", url.Values{}, "done=stated_closed")
	if strings.Contains(w.page("admin-a", "/needs"), stated[1]) {
		t.Error("a closed stated need is listed")
	}
}
