package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestSearch finds by the API what the caller's lists hold, in both languages, and nothing of another tenant.
func TestSearch(t *testing.T) {
	b := newBench(t)
	find := func(login, text string) (int, Hits, string) {
		t.Helper()
		code, body := b.call(t, b.session(t, login), http.MethodGet, Prefix+"/search?q="+url.QueryEscape(text), nil)
		var v Hits
		if code == http.StatusOK {
			if err := json.Unmarshal([]byte(body), &v); err != nil {
				t.Fatal(err)
			}
		}
		return code, v, body
	}
	own, other := b.objects["a"], b.objects["b"]
	for _, tc := range []struct{ login, text, want, not string }{
		{"admin-a", own.finding, `"kind":"findings","id":"` + own.finding + `"`, other.recipient},
		{"admin-a", other.finding, `"items":[]`, other.recipient},
		{"admin-a", other.host, `"items":[]`, other.recipient},
		{"admin-a", own.host, `"kind":"hosts","id":"` + own.host + `"`, other.host},
		{"assessor", other.host, `"kind":"hosts","id":"` + other.host + `"`, own.host},
		{"assessor", own.recipient, `"kind":"recipients","id":"` + own.recipient + `"`, ""},
		{"admin-a", "ssh.", `"kind":"controls"`, other.recipient},
		{"approver-a", "резервн", `"kind":"needs"`, `"kind":"hosts"`},
		{"approver-a", own.host, `"items":[]`, ""}, // who may not see hosts finds none
	} {
		code, _, body := find(tc.login, tc.text)
		if code != http.StatusOK || !strings.Contains(body, tc.want) || tc.not != "" && strings.Contains(body, tc.not) {
			t.Errorf("%s searches %q: %d %.400s, want %s and not %s", tc.login, tc.text, code, body, tc.want, tc.not)
		}
	}
	if _, v, _ := find("assessor", "e"+"n"); len(v.More) == 0 {
		t.Error("a common text has no more than is shown")
	}
	for _, text := range []string{"", "x", " x ", strings.Repeat("x", 101)} {
		if code, _, body := find("assessor", text); code != http.StatusUnprocessableEntity {
			t.Errorf("%.10q: %d %s", text, code, body)
		}
	}
	if code, _, _ := find("donor-a", "backup"); code != http.StatusForbidden {
		t.Errorf("a donor searches what recipients have: %d", code)
	}
}
