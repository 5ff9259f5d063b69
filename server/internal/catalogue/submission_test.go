package catalogue

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// TestSubmission holds the form of every level against the text it is made of: both languages, no more and no less.
func TestSubmission(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	p, _ := w.project("r-2")
	for level, r := range map[Level]string{Anonymous: "r-0", Named: "r-1", Reasoned: "r-2"} {
		wish := w.wish(r, level, "d-a")
		wish.Schedule = Schedule{From: "2027-02-01", To: "2027-09-30", Steps: []ScheduleStep{{"2027-05-01", remedies.Text{"uk": "Закупівлю завершено", "en": "Procurement <done>"}}}}
		if r == "r-2" {
			wish.Project = p.ID
		}
		w.publish(wish)
	}
	for _, e := range w.entries(donorA) {
		var b, again bytes.Buffer
		if err := errors.Join(WriteSubmission(&b, []DonorNeed{e.DonorNeed}, []string{e.Ref}, w.now), WriteSubmission(&again, []DonorNeed{e.DonorNeed}, []string{e.Ref}, w.now)); err != nil {
			t.Fatal(err)
		}
		got := b.String()
		if got != again.String() {
			t.Error("the same text gave other bytes")
		}
		has := func(word string, want bool) {
			t.Helper()
			if strings.Contains(got, word) != want {
				t.Errorf("level %d: %q in the form: %v, want %v", e.Level, word, !want, want)
			}
		}
		for _, lang := range remedies.Langs {
			has(`<article lang="`+lang+`">`, true)
			has(e.Items[0].Title.In(lang), true)
			has(formTexts["heading"].In(lang), true)
		}
		has("Hospital", e.Level >= Named)
		has("2027-05-01", e.Level >= Named)
		has("Procurement &lt;done&gt;", e.Level >= Named)
		has("To recover quickly.", e.Level >= Reasoned)
		has("Backups for the hospitals of the region", e.Project != nil)
		has("<script", false)
		has("http", false) // needs nothing from anywhere
	}
	if err := WriteSubmission(io.Discard, nil, nil, w.now); !errors.Is(err, ErrNothing) {
		t.Errorf("no text: %v", err)
	}
	for key, text := range formTexts {
		for _, lang := range remedies.Langs {
			if text[lang] == "" {
				t.Errorf("%s lacks %s", key, lang)
			}
		}
	}
	for key, text := range plain {
		for _, lang := range remedies.Langs {
			if text[lang] == "" {
				t.Errorf("%s lacks %s", key, lang)
			}
		}
	}
}
