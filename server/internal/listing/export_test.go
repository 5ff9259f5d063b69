package listing_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/oscal"
	"github.com/vymir-project/vymir/policies/oscal/oscaltest"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/listing"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
	"github.com/vymir-project/vymir/server/internal/web/webtest"
)

func world(t *testing.T) *store.Store {
	t.Helper()
	st := storetest.New(t)
	people, err := access.New(st, func() time.Time { return storetest.Now })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := webtest.Fill(t.Context(), st, people, storetest.Now); err != nil {
		t.Fatal(err)
	}
	if err := st.Tx(t.Context(), func(tx *store.Tx) error {
		return controls.Accept(tx, policies.BuiltIn(), nil, "server", storetest.Now)
	}); err != nil {
		t.Fatal(err)
	}
	return st
}

// TestOSCAL holds the assessment results of a host against NIST's schema.
func TestOSCAL(t *testing.T) {
	st := world(t)
	schema := oscaltest.Schema(t)
	for _, lang := range []string{"uk", "en"} {
		var a *assessment.Assessment
		if err := st.View(t.Context(), func(tx *store.Tx) (err error) {
			a, err = listing.ReadAssessment(tx, &controls.Book{}, "h-00", time.Time{}, lang)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if a.Summary.Fail == 0 || a.Results[0].Title == a.Results[0].Control {
			t.Fatalf("%s: %+v", lang, a.Summary)
		}
		var b bytes.Buffer
		if err := oscal.Write(&b, a); err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", lang, err)
		}
	}
	if err := st.View(t.Context(), func(tx *store.Tx) error {
		a, err := listing.ReadAssessment(tx, &controls.Book{}, "h-00", storetest.Now.AddDate(-1, 0, 0), "uk")
		if err == nil && len(a.Results) != 0 {
			t.Error("results from before the host was there")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestFindingsCSV(t *testing.T) {
	st := world(t)
	var list listing.Findings
	if err := st.View(t.Context(), func(tx *store.Tx) (err error) {
		list, err = listing.ReadFindings(tx, &controls.Book{}, store.FindingFilter{Recipient: "r-a"}, "uk")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	list.Findings[0].Title = "=HYPERLINK(1)"
	var b bytes.Buffer
	if err := listing.WriteFindingsCSV(&b, list); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != len(list.Findings)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	const heads = "id recipient site host control title family capability severity state status decision accepted_until reason opened_at closed_at reopened_at last_fail_at due_at fails remedy"
	if got := strings.Join(rows[0], " "); got != heads {
		t.Errorf("columns moved: %s", got)
	}
	if rows[1][5] != "'=HYPERLINK(1)" {
		t.Errorf("a formula went through: %q", rows[1][5])
	}
}
