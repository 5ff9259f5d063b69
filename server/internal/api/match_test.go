package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// TestMatch has of two people who read the same finding only one change it, and says so to the other.
func TestMatch(t *testing.T) {
	b := newBench(t)
	session := b.session(t, "assessor")
	ask := func(method, path, tag, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, Prefix+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+session)
		r.Header.Set("Content-Type", "application/json")
		if tag != "" {
			r.Header.Set("If-Match", tag)
		}
		w := httptest.NewRecorder()
		b.h.ServeHTTP(w, r)
		b.checks.check(t, r, w)
		return w
	}
	finding := "/findings/" + b.objects["a"].finding
	tag := ask("GET", finding, "", "").Header().Get("ETag")
	for _, bad := range []string{`"x"`, "W/" + tag, `"x", "y"`} {
		w := ask("POST", finding+"/comments", bad, `{"text":"lost"}`)
		if w.Code != 412 || w.Header().Get("ETag") != tag || !strings.Contains(w.Body.String(), "read it again") {
			t.Errorf("If-Match %s: %d %s", bad, w.Code, w.Body)
		}
	}
	var wg sync.WaitGroup
	var codes [6]int
	for i := range codes { // all read the same
		wg.Go(func() { codes[i] = ask("POST", finding+"/comments", tag, `{"text":"kept"}`).Code })
	}
	wg.Wait()
	done := 0
	for _, c := range codes {
		switch c {
		case http.StatusOK:
			done++
		case http.StatusPreconditionFailed:
		default:
			t.Errorf("status %d", c)
		}
	}
	after := ask("GET", finding, "", "")
	if done != 1 || strings.Count(after.Body.String(), "kept") != 1 || strings.Contains(after.Body.String(), "lost") {
		t.Errorf("%d of 6 changes were made: %s", done, after.Body)
	}
	if w := ask("POST", finding+"/comments", `"x", `+after.Header().Get("ETag"), `{"text":"third"}`); w.Code != 200 {
		t.Errorf("the tag of now: %d %s", w.Code, w.Body)
	}
	if w := ask("POST", finding+"/comments", `*`, `{"text":"any"}`); w.Code != 200 {
		t.Errorf("any tag: %d", w.Code)
	}
	for path, want := range map[string]int{"/findings/none/comments": 404, "/releases/" + b.objects["a"].release + "/withdraw": 403, "/me/totp": 412} {
		if w := ask("POST", path, `"x"`, `{"text":"x"}`); w.Code != want && path != "/releases/"+b.objects["a"].release+"/withdraw" || w.Code == 200 {
			t.Errorf("%s: %d, want %d: %s", path, w.Code, want, w.Body)
		}
	}
}

// TestProblemsInTheReadersLanguage reads refusals of every kind in both languages.
func TestProblemsInTheReadersLanguage(t *testing.T) {
	b := newBench(t)
	session := b.session(t, "assessor")
	finding := "/findings/" + b.objects["a"].finding
	for _, tc := range []struct {
		method, path, body, accept string
		nobody                     bool
		title, says                string
	}{
		{"GET", "/findings/none", "", "uk-UA,uk;q=0.9,en;q=0.5", false, "Не знайдено", "доступне не вам"},
		{"GET", "/findings/none", "", "en,uk;q=0.5", false, "Not Found", "not yours to see"},
		{"GET", "/findings/none", "", "", false, "Not Found", "not yours to see"},
		{"GET", "/findings/none", "", "de", false, "Not Found", "not yours to see"},
		{"GET", "/nowhere", "", "uk", false, "Не знайдено", "нічого немає"},
		{"GET", "/findings", "", "uk", true, "Потрібен вхід", "чинний токен"},
		{"GET", "/audit", "", "uk", false, "Немає права", "потрібне право audit:read"},
		{"GET", "/findings?limit=0", "", "uk", false, "Дані не прийнято", "число, не менше за 1"},
		{"GET", "/findings?colour=red", "", "uk", false, "Дані не прийнято", "невідомий параметр"},
		{"GET", "/findings?state=odd", "", "uk", false, "Дані не прийнято", `очікується одне з \"open`},
		{"GET", "/findings?cursor=x", "", "uk", false, "Дані не прийнято", "курсор пошкоджено"},
		{"GET", "/findings?q=" + strings.Repeat("x", maxQuery), "", "uk", false, "Адреса задовга", "понад 2048 байтів"},
		{"POST", finding + "/decision", `{"decision":"accepted","reason":"x"}`, "uk", false, "Дані не прийнято", "виняток потребує кінцевої дати"},
		{"POST", finding + "/decision", `{"decision":"accepted"}`, "uk", false, "Дані не прийнято", "потрібне обґрунтування"},
		{"POST", finding + "/decision", `{}`, "uk", false, "Дані не прийнято", "бракує обов'язкового поля decision"},
		{"POST", finding + "/comments", `{"text":""}`, "uk", false, "Дані не прийнято", "довжина, не менша за 1"},
		{"POST", finding + "/comments", ``, "uk", false, "Запит неправильний", "потрібне тіло запиту"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), tc.method, Prefix+tc.path, strings.NewReader(tc.body))
		if !tc.nobody {
			r.Header.Set("Authorization", "Bearer "+session)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept-Language", tc.accept)
		w := httptest.NewRecorder()
		b.h.ServeHTTP(w, r)
		b.checks.check(t, r, w)
		var v struct {
			Title  string `json:"title"`
			Status int    `json:"status"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || v.Status != w.Code || v.Title != tc.title || !strings.Contains(w.Body.String(), tc.says) ||
			!strings.HasPrefix(w.Header().Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s %.60s (%s): %d %s %v", tc.method, tc.path, tc.accept, w.Code, w.Body, err)
		}
	}
}

// TestSentencesHoldTogether keeps the places of a sentence in both languages.
func TestSentencesHoldTogether(t *testing.T) {
	for en, uk := range sentences {
		if strings.Count(en, "%v") != strings.Count(uk, "%v") || strings.ContainsAny(strings.ReplaceAll(en, "%v", ""), "%") || !strings.ContainsAny(uk, "абвгдеєжзиіїклмнопрстуфхцчшщьюя") {
			t.Errorf("%q: %q", en, uk)
		}
		if got := ukrainian(strings.ReplaceAll(en, "%v", "7")); got != strings.ReplaceAll(uk, "%v", "7") {
			t.Errorf("%q is given as %q", en, got)
		}
	}
}
