package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// contract holds every answer of the tests against the OpenAPI document that the server itself hands out.
type contract struct {
	doc      map[string]any
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema
	checked  int
}

func newContract(t testing.TB, h http.Handler) *contract {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, Prefix+"/openapi.json", nil))
	v, err := jsonschema.UnmarshalJSON(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	c := &contract{doc: v.(map[string]any), compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource("https://vymir.example/openapi.json", v); err != nil {
		t.Fatal(err)
	}
	return c
}

// operation finds the path of the document that a request's path goes with.
func (c *contract) operation(method, path string) (template string, op map[string]any) {
	best := -1
	for tpl, item := range c.doc["paths"].(map[string]any) {
		want, got := strings.Split(tpl, "/"), strings.Split(path, "/")
		if len(want) != len(got) {
			continue
		}
		literal, fits := 0, true
		for i := range want {
			if strings.HasPrefix(want[i], "{") {
				continue
			}
			if want[i] != got[i] {
				fits = false
			}
			literal++
		}
		o, ok := item.(map[string]any)[strings.ToLower(method)].(map[string]any)
		if fits && ok && literal > best {
			best, template, op = literal, tpl, o
		}
	}
	return template, op
}

// check fails the test when an answer is not what the document says of it.
func (c *contract) check(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	body := w.Body.Bytes()
	template, op := c.operation(r.Method, r.URL.Path)
	if op == nil || len(body) == 0 {
		return
	}
	kind, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
	responses := op["responses"].(map[string]any)
	status := http.StatusText(w.Code)
	key := "default"
	for _, k := range []string{itoa(w.Code), "default"} {
		if _, ok := responses[k]; ok {
			key = k
			break
		}
	}
	resp, ok := responses[key].(map[string]any)
	if !ok {
		t.Errorf("%s %s: the document says nothing of %d %s", r.Method, template, w.Code, status)
		return
	}
	content, _ := resp["content"].(map[string]any)
	if _, ok := content[kind]; !ok {
		if _, any := content["*/*"]; any {
			return
		}
		t.Errorf("%s %s: %d came as %q, which the document does not name", r.Method, template, w.Code, kind)
		return
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	at := "https://vymir.example/openapi.json#/paths/" + escape.Replace(template) + "/" + strings.ToLower(r.Method) + "/responses/" + key + "/content/" + escape.Replace(kind) + "/schema"
	s := c.schemas[at]
	if s == nil {
		var err error
		if s, err = c.compiler.Compile(at); err != nil {
			t.Fatalf("compile %s: %v", at, err)
		}
		c.schemas[at] = s
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Errorf("%s %s: %v", r.Method, template, err)
		return
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%s %s: the answer is not what the document says: %v", r.Method, template, err)
	}
	c.checked++
}

func TestConditional(t *testing.T) {
	b := newBench(t)
	session := b.session(t, "assessor")
	ask := func(path, tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, Prefix+path, nil)
		r.Header.Set("Authorization", "Bearer "+session)
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		w := httptest.NewRecorder()
		b.h.ServeHTTP(w, r)
		return w
	}
	first := ask("/findings?limit=5", "")
	tag := first.Header().Get("ETag")
	if first.Code != 200 || tag == "" || !strings.Contains(first.Header().Get("Cache-Control"), "private") {
		t.Fatalf("first: %d %q", first.Code, tag)
	}
	for sent, want := range map[string]int{tag: 304, `"x", W/` + tag: 304, `"x"`: 200, "": 200} {
		if got := ask("/findings?limit=5", sent); got.Code != want || want == 304 && got.Body.Len() > 0 {
			t.Errorf("If-None-Match %q: %d", sent, got.Code)
		}
	}
	if code, _ := b.call(t, session, "POST", Prefix+"/findings/"+b.objects["a"].finding+"/comments", map[string]any{"text": "x"}); code != 200 {
		t.Fatal(code)
	}
	if got := ask("/findings/"+b.objects["a"].finding, tag); got.Code != 200 || got.Header().Get("ETag") == tag {
		t.Errorf("another page has the same tag: %d", got.Code)
	}
	if got := ask("/findings/none", ""); got.Code != 404 || got.Header().Get("ETag") != "" {
		t.Errorf("an error has a tag: %d", got.Code)
	}
}

func TestIdempotent(t *testing.T) {
	b := newBench(t)
	admin, other := b.session(t, "admin-a"), b.session(t, "admin-b")
	ask := func(session, key, path string, body any) *httptest.ResponseRecorder {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, Prefix+path, bytes.NewReader(data))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+session)
		r.Header.Set("Idempotency-Key", key)
		w := httptest.NewRecorder()
		b.h.ServeHTTP(w, r)
		return w
	}
	body := map[string]any{"name": "report", "scopes": []string{"gaps:read"}, "days": 7}
	first, again := ask(admin, "k1", "/tokens", body), ask(admin, "k1", "/tokens", body)
	if first.Code != 200 || again.Code != 200 || first.Body.String() != again.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("again: %d %d %s %s", first.Code, again.Code, first.Body, again.Body)
	}
	_, list := b.call(t, admin, "GET", Prefix+"/tokens", nil)
	if strings.Count(list, `"id"`) != 1 {
		t.Errorf("one request sent twice made %s", list)
	}
	body["days"] = 8
	if got := ask(admin, "k1", "/tokens", body); got.Code != 422 {
		t.Errorf("the key with other content: %d", got.Code)
	}
	if got := ask(other, "k1", "/tokens", body); got.Code != 200 || got.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("another person's key: %d", got.Code)
	}
	if got := ask(admin, "k2", "/tokens", map[string]any{}); got.Code != 422 {
		t.Errorf("malformed: %d", got.Code)
	}
	if got := ask(admin, strings.Repeat("k", 201), "/tokens", body); got.Code != 400 {
		t.Errorf("long key: %d", got.Code)
	}
	to := t.TempDir() + "/copy.db"
	if err := b.store.Backup(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	var tok Token
	if err := json.Unmarshal(first.Body.Bytes(), &tok); err != nil || strings.Contains(readFile(t, to), tok.Secret) {
		t.Errorf("the kept answer gives the secret away: %v", err)
	}
}

// TestEvidence puts files to a finding, the good ones and the others.
func TestEvidence(t *testing.T) {
	b := newBench(t)
	o, session := b.objects["a"], b.session(t, "assessor")
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	for name, tc := range map[string]struct {
		file, content string
		want          int
	}{
		"picture": {"screen.png", png, 200}, "text": {"notes.log", "line", 200}, "twice": {"other.log", "seen at a", 422}, "script": {"x.html", "<html><script>", 422},
		"not-a-picture": {"x.png", "plain text", 422}, "program": {"x.txt", "\x7fELF\x02\x01\x01\x00", 422}, "empty": {"x.txt", "", 400}, "svg": {"x.svg", "<svg xmlns='x'>", 422},
		"large": {"x.txt", strings.Repeat("x", 5<<20+1), 413},
	} {
		if code, answer := b.call(t, session, "POST", Prefix+"/findings/"+o.finding+"/attachments?name="+tc.file, tc.content); code != tc.want {
			t.Errorf("%s: %d %.200s", name, code, answer)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, Prefix+"/attachments/"+o.file, nil)
	r.Header.Set("Authorization", "Bearer "+session)
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	if w.Code != 200 || w.Body.String() != "seen at a" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment;") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("download: %d %v", w.Code, w.Header())
	}
	if code, _ := b.call(t, session, "DELETE", Prefix+"/attachments/"+o.file, nil); code != 204 {
		t.Errorf("remove: %d", code)
	}
	if code, _ := b.call(t, session, "GET", Prefix+"/attachments/"+o.file, nil); code != 404 {
		t.Errorf("a removed file: %d", code)
	}
	if _, list := b.call(t, session, "GET", Prefix+"/findings/"+o.finding+"/attachments", nil); !strings.Contains(list, `"removed_at"`) {
		t.Error("that it was there is not on record")
	}
}

func TestManyAtOnce(t *testing.T) {
	b := newBench(t)
	code, answer := b.call(t, b.session(t, "assessor-a"), "POST", Prefix+"/findings/decisions", map[string]any{"decision": "accepted", "reason": "old pump",
		"until": "2027-01-01T00:00:00Z", "findings": []string{b.objects["a"].finding, b.objects["b"].finding, "f-none"}})
	var out Outcome
	if err := json.Unmarshal([]byte(answer), &out); err != nil || code != 200 || out.Decided != 1 || len(out.Refused) != 2 {
		t.Errorf("%d %s", code, answer)
	}
	for _, bad := range []map[string]any{{"name": "", "query": ""}, {"name": "x", "query": "colour=red"}, {"name": "x", "query": "%zz"}} {
		if code, _ := b.call(t, b.session(t, "assessor"), "PUT", Prefix+"/me/filters", bad); code != 422 {
			t.Errorf("filter %v: %d", bad, code)
		}
	}
	if code, _ := b.call(t, b.session(t, "assessor"), "PUT", Prefix+"/me/filters", map[string]any{"name": "severe", "query": "severity=high&state=open"}); code != 204 {
		t.Error(code)
	}
	if _, list := b.call(t, b.session(t, "assessor"), "GET", Prefix+"/me/filters", nil); !strings.Contains(list, "severe") {
		t.Error(list)
	}
	if _, list := b.call(t, b.session(t, "assessor-a"), "GET", Prefix+"/me/filters", nil); strings.Contains(list, "severe") {
		t.Error("another person's filter")
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
