package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/api"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
	"github.com/vymir-project/vymir/server/internal/web"
)

// inAPI names the operations of the API that do what a page does; what begins with "-" is why there is none.
var inAPI = map[string]string{
	"GET /{$}":                                  "- a way to the first page",
	"GET /sign-in":                              "- the form of POST /sign-in",
	"POST /sign-in":                             "sign-in",
	"GET /sign-in/link":                         "- the form of POST /sign-in/link",
	"POST /sign-in/link":                        "sign-in",
	"POST /sign-in/second":                      "sign-in",
	"POST /sign-in/passkey":                     "- a passkey answers a browser on the server's own pages alone; programs have tokens",
	"POST /sign-in/passkey/finish":              "- as above",
	"GET /sign-in/oidc":                         "- a way through the browser to the provider and back",
	"GET " + access.CallbackPath:                "- as above",
	"POST /language":                            "- the API speaks by Accept-Language and lang",
	"POST /sign-out":                            "sign-out",
	"GET /account":                              "me list-sessions get-factors list-tokens",
	"POST /account/sessions/{id}/end":           "end-session",
	"POST /account/sessions/end-others":         "end-other-sessions",
	"POST /account/password":                    "change-password",
	"POST /account/totp":                        "begin-totp",
	"POST /account/totp/confirm":                "confirm-totp",
	"POST /account/totp/off":                    "end-totp",
	"POST /account/recovery":                    "make-recovery-codes",
	"POST /account/passkeys/begin":              "begin-passkey",
	"POST /account/passkeys":                    "add-passkey",
	"POST /account/passkeys/{id}/drop":          "drop-passkey",
	"GET /people":                               "list-people",
	"POST /people":                              "add-person",
	"POST /people/{id}/{change}":                "change-person",
	"POST /account/tokens":                      "make-token",
	"POST /account/tokens/{id}/revoke":          "revoke-token",
	"GET /work":                                 "get-work",
	"GET /recipients":                           "list-recipients get-work",
	"GET /recipients/{id}":                      "get-recipient list-standings",
	"GET /recipients/{id}/report":               "get-recipient list-needs",
	"POST /recipients/{id}/targets":             "set-targets",
	"GET /heat":                                 "list-standings",
	"GET /profiles":                             "list-standings",
	"GET /mend":                                 "get-tasks",
	"GET /hosts":                                "list-hosts",
	"GET /hosts/{id}":                           "get-host list-results list-reports",
	"GET /findings":                             "list-findings",
	"GET /findings/{id}":                        "get-finding list-attachments list-reviewers",
	"POST /findings/{id}/decision":              "decide-finding",
	"POST /findings/{id}/comment":               "comment-finding",
	"POST /findings/{id}/assign":                "assign-finding",
	"GET /gaps":                                 "list-gaps",
	"GET /needs":                                "list-needs",
	"GET /needs/{id}":                           "get-need",
	"POST /needs/{id}/draft":                    "draft-release",
	"POST /needs/{id}/{change}":                 "split-need merge-needs restore-need state-own-figures",
	"GET /stated/new":                           "- the form of POST /stated",
	"POST /stated":                              "state-need",
	"POST /recipients/{id}/stated/{need}/close": "close-stated-need",
	"GET /projects":                             "list-projects",
	"GET /projects/start":                       "- the form of POST /projects/start",
	"POST /projects/start":                      "new-project",
	"POST /projects/join":                       "join-project",
	"GET /projects/{id}":                        "get-project",
	"POST /projects/{id}/{change}":              "edit-project close-project new-project-code leave-project",
	"GET /projects/new":                         "- the form of POST /projects",
	"POST /projects":                            "draft-release",
	"POST /recipients/{id}/profile":             "put-profile",
	"GET /trend":                                "get-trend",
	"GET /past":                                 "get-past",
	"GET /stability":                            "get-stability",
	"GET /reads":                                "list-reads",
	"GET /effects":                              "list-effects",
	"GET /effects/{id}":                         "list-effects",
	"GET /board":                                "get-board",
	"GET /catalogue/best":                       "find-best-set",
	"GET /releases":                             "list-releases list-stated-needs list-pledges-to",
	"GET /releases/{id}":                        "get-release preview-release list-release-versions",
	"GET /releases/{id}/edit":                   "- the form of POST /releases/{id}/edit",
	"POST /releases/{id}/edit":                  "edit-release",
	"GET /releases/{id}/print":                  "get-release",
	"POST /releases/{id}/approve":               "approve-release",
	"POST /releases/{id}/withdraw":              "withdraw-release",
	"POST /pledges/{id}/commission":             "commission-pledge",
	"GET /catalogue":                            "list-entries",
	"GET /joint/{ref}":                          "list-joint-entries",
	"GET /catalogue/{ref}/print":                "get-entry",
	"GET /catalogue/{ref}":                      "get-entry list-overlaps",
	"POST /catalogue/{ref}/pledge":              "pledge",
	"POST /pledges/{id}/step":                   "commit-pledge procure-pledge deliver-pledge cancel-pledge list-own-pledges",
	"GET /queue":                                "list-entries get-totals list-withdrawals",
	"POST /queue/freeze":                        "freeze-totals",
	"POST /hosts/{id}/reports":                  "import-report", "GET /reports/{id}": "get-report",
	"GET /install": "list-enrolment-tokens", "POST /install": "make-enrolment-token", "POST /install/{id}/revoke": "revoke-enrolment-token",
	"GET /webhooks": "list-webhooks", "POST /webhooks": "add-webhook", "POST /webhooks/{id}/drop": "drop-webhook",
	"GET /leaves": "list-hosts", "POST /findings/decisions": "decide-findings", "POST /findings/filters": "save-filter",
	"POST /findings/filters/drop": "drop-filter", "POST /findings/{id}/files": "attach-file", "GET /files/{id}": "get-attachment",
	"POST /files/{id}/remove": "remove-attachment",
	"GET /search":             "search",
	"GET /audit":              "list-audit",
}

// TestPagesAreInTheAPI fails when a page shows or does what the API does not, without a reason given above.
func TestPagesAreInTheAPI(t *testing.T) {
	st := storetest.New(t)
	people, err := access.New(st, nil)
	if err != nil {
		t.Fatal(err)
	}
	h, err := api.Handler(api.Deps{Store: st, Access: people, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, api.Prefix+"/openapi.json", nil))
	var doc struct {
		Paths map[string]map[string]struct {
			ID string `json:"operationId"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, item := range doc.Paths {
		for _, o := range item {
			known[o.ID] = true
		}
	}
	pages := web.Patterns()
	reasons := 0
	for _, p := range pages {
		said, ok := inAPI[p]
		if !ok {
			t.Errorf("%s: name the operations of the API that do this, or why there is none", p)
		}
		if strings.HasPrefix(said, "-") {
			reasons++
			continue
		}
		for id := range strings.FieldsSeq(said) {
			if !known[id] {
				t.Errorf("%s: the API has no operation %s", p, id)
			}
		}
	}
	for p := range inAPI {
		if !slices.Contains(pages, p) {
			t.Errorf("%s: there is no such page any more", p)
		}
	}
	t.Logf("%d pages and forms, %d operations, %d without one for a reason", len(pages), len(known), reasons)
}
