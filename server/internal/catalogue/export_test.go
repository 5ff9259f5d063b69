package catalogue

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vymir-project/vymir/policies/oscal/oscaltest"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

func validate(t *testing.T, s *jsonschema.Schema, data []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("not valid: %v", err)
	}
}

// funded is a world with an entry of every level, one of them with help.
func funded(t *testing.T) (*world, []Entry) {
	w := newWorld(t, storetest.New(t))
	for i, level := range []Level{Anonymous, Named, Reasoned} {
		r := []string{"r-0", "r-1", "r-2"}[i]
		wish := w.wish(r, level, "d-a")
		wish.Needs = []string{need.ID(r, "backup_storage"), need.ID(r, "backup_training")}
		wish.Title = remedies.Text{"uk": "Відновлення даних, «коротко» & ясно", "en": "Data recovery, in short & clearly"}
		w.publish(wish)
	}
	for i, e := range w.entries(donorA) {
		p, err := w.s.Pledge(t.Context(), donorA, e.Ref, Offer{AmountEUR: 1500})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			continue
		}
		if err := w.s.Commit(t.Context(), donorA, p.ID); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			if err := w.s.Deliver(t.Context(), donorA, p.ID, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	return w, w.entries(donorA)
}

func TestPOAM(t *testing.T) {
	schema := oscaltest.Schema(t)
	w, entries := funded(t)
	for _, lang := range remedies.Langs {
		var first, again bytes.Buffer
		if err := WritePOAM(&first, entries, lang, w.now); err != nil {
			t.Fatal(err)
		}
		validate(t, schema, first.Bytes())
		if err := WritePOAM(&again, entries, lang, w.now); err != nil || first.String() != again.String() {
			t.Errorf("the same entries gave other bytes (%v)", err)
		}
		if !strings.Contains(first.String(), `"marking"`) || !strings.Contains(first.String(), "TLP:AMBER+STRICT") {
			t.Error("no marking")
		}
		run, err := w.s.Needs(t.Context(), admin("r-0"), "r-0")
		if err != nil {
			t.Fatal(err)
		}
		var own bytes.Buffer
		if err := WriteRecipientPOAM(&own, run, "r-0", lang); err != nil {
			t.Fatal(err)
		}
		validate(t, schema, own.Bytes())
		if !strings.Contains(own.String(), "continuity.backup_recent") {
			t.Error("the recipient's own plan does not name its controls")
		}
	}
	if err := WritePOAM(io.Discard, nil, "en", w.now); !errors.Is(err, ErrNothing) {
		t.Errorf("an empty plan: %v", err)
	}
}

func TestIATI(t *testing.T) {
	w, entries := funded(t)
	r := Reporter{Ref: "XM-EXAMPLE-1", Type: "10", Name: remedies.Text{"uk": "Донор А", "en": "Donor A"}}
	var buf bytes.Buffer
	if err := WriteIATI(&buf, entries, r, w.now); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{`<transaction-type code="12">`, `<transaction-type code="2">`, `<transaction-type code="3">`, `<activity-status code="2">`} {
		if !strings.Contains(buf.String(), code) {
			t.Errorf("no %s in:\n%s", code, buf.String())
		}
	}
	if strings.Contains(buf.String(), "Щоб швидко відновлювати роботу") {
		t.Error("the purpose of a level 3 entry is in a public report")
	}
	if strings.Contains(buf.String(), "Hospital 0") {
		t.Error("the recipient of a level 1 entry is named")
	}
	file := filepath.Join(t.TempDir(), "activities.xml")
	if err := os.WriteFile(file, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("needs xmllint (Debian package libxml2-utils)")
	}
	schema := filepath.Join("testdata", "iati-2.03", "iati-activities-schema.xsd")
	if out, err := exec.Command(xmllint, "--nonet", "--noout", "--schema", schema, file).CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v\n%s\n%s", err, out, buf.String())
	}
}

func TestIATIRefuses(t *testing.T) {
	w, entries := funded(t)
	r := Reporter{Ref: "x", Type: "99", Name: remedies.Text{"uk": "Д", "en": "D"}}
	if err := WriteIATI(io.Discard, entries, r, w.now); err == nil || !strings.Contains(err.Error(), "codelist org-type") {
		t.Errorf("an unknown code: %v", err)
	}
	for i := range entries {
		entries[i].Pledges = nil
	}
	if err := WriteIATI(io.Discard, entries, r, w.now); !errors.Is(err, ErrNothing) {
		t.Errorf("nothing to report: %v", err)
	}
}

func TestCSV(t *testing.T) {
	_, entries := funded(t)
	entries[0].Items[0].Title = remedies.Text{"uk": "=HYPERLINK(1)", "en": "=HYPERLINK(1)"}
	var buf bytes.Buffer
	if err := WriteCSV(&buf, entries, "en"); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&buf).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2+2*len(entries) {
		t.Fatalf("got %d rows for %d entries of two items", len(rows), len(entries))
	}
	for i, tag := range rows[1] {
		if !strings.HasPrefix(tag, "#") {
			t.Errorf("column %s has no HXL tag", rows[0][i])
		}
	}
	if rows[2][9] != "'=HYPERLINK(1)" {
		t.Errorf("a formula went through: %q", rows[2][9])
	}
}
