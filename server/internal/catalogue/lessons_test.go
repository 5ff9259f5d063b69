package catalogue

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

func TestDiff(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	w.publish(w.wish("r-0", Reasoned, "d-a"))
	w.now = w.now.Add(time.Hour)
	wish := w.wish("r-0", Reasoned, "d-a")
	wish.Quantities = map[string]int{wish.Needs[0]: 2}
	r := w.draft(wish)
	lines, previous, err := w.s.Diff(t.Context(), approver("r-0", 1), r.ID, "en")
	if err != nil {
		t.Fatal(err)
	}
	marks := map[byte]int{}
	for _, l := range lines {
		marks[l.Mark]++
	}
	if previous == "" || marks['+'] == 0 || marks['+'] != marks['-'] || marks[' '] < 5 {
		t.Errorf("previous %q, lines %+v", previous, lines)
	}
	if _, _, err := w.s.Diff(t.Context(), donorA, r.ID, "en"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a donor reads the diff: %v", err)
	}
	first := w.draft(w.wish("r-1", Named, "d-a"))
	lines, previous, err = w.s.Diff(t.Context(), admin("r-1"), first.ID, "uk")
	if err != nil || previous != "" || lines[0].Mark != '+' {
		t.Errorf("first release: previous %q, %+v, %v", previous, lines, err)
	}
}

func TestDiffLines(t *testing.T) {
	split := func(s string) []string { return strings.Fields(s) }
	var got strings.Builder
	for _, l := range diffLines(split("a b c d"), split("a x c d e")) {
		got.WriteString(string(l.Mark) + l.Text)
	}
	if diff := cmp.Diff(" a-b+x c d+e", got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLessons(t *testing.T) {
	t0 := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	base := func() EffectReport {
		return EffectReport{
			Pledge: store.Pledge{AmountEUR: 4000, Quantity: 2, Delivered: 2, State: Verified}, Verifiable: true, ClosedPercent: 90, EURPerFinding: 444.44,
			Text: DonorNeed{Title: remedies.Text{"uk": "Сховище", "en": "Storage"}, Items: []DonorItem{{
				Title: remedies.Text{"uk": "Сховище", "en": "Storage"}, Quantity: 2, Unit: remedies.Text{"uk": "шт.", "en": "pcs"}, LeadWeeks: need.Money{Low: 4, High: 12},
			}}},
			Before: Measurement{At: t0, Findings: 10, Measured: 10}, After: []Measurement{{At: t0.AddDate(0, 4, 0), Findings: 1, Measured: 10}}, DaysToCommissioned: 50,
			Events: []store.PledgeEvent{{At: t0, Event: Pledged}, {At: t0.AddDate(0, 0, 50), Event: Commissioned}},
		}
	}
	for _, tt := range []struct {
		name   string
		change func(*EffectReport)
		want   string
	}{
		{"verified", func(*EffectReport) {}, "a measured and steady result"},
		{"partly", func(r *EffectReport) { r.Pledge.Delivered = 1 }, "Not everything arrived"},
		{"slow", func(r *EffectReport) { r.DaysToCommissioned = 90 }, "longer than the usual lead time"},
		{"unverifiable", func(r *EffectReport) { r.Verifiable = false }, "agree beforehand"},
		{"regressed", func(r *EffectReport) { r.Pledge.State = Regressed }, "did not last"},
		{"little", func(r *EffectReport) { r.Pledge.State, r.ClosedPercent = Commissioned, 10 }, "Little changed"},
		{"not_in_use", func(r *EffectReport) { r.Pledge.State, r.ClosedPercent, r.DaysToCommissioned = Committed, 1, -1 }, "no conclusion yet"},
		{"too_few_measured", func(r *EffectReport) { r.Pledge.State, r.ClosedPercent = Commissioned, -1 }, "Too few hosts are measured"},
		{"not_yet", func(r *EffectReport) { r.Pledge.State, r.After, r.ClosedPercent = Delivered, nil, -1 }, "no conclusion yet"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := base()
			tt.change(&r)
			if got := r.Lessons("en"); !strings.Contains(got, tt.want) || strings.Contains(got, "%!") {
				t.Errorf("no %q in:\n%s", tt.want, got)
			}
			if got := r.Lessons("uk"); strings.Contains(got, "%!") {
				t.Errorf("%s", got)
			}
		})
	}
}

// TestTextsInBothLanguages fails on a sentence that one language lacks or that takes other arguments there.
func TestTextsInBothLanguages(t *testing.T) {
	all := map[string]map[string]string{}
	for k, v := range plain {
		all["plain "+k] = v
	}
	for k, v := range lessons {
		all["lessons "+k] = v
	}
	for k, v := range oscalTexts {
		all["oscal "+k] = v
	}
	for k, v := range all {
		for _, lang := range remedies.Langs {
			if v[lang] == "" {
				t.Errorf("%s has no text in %s", k, lang)
			}
		}
		if a, b := strings.Count(v["uk"], "%"), strings.Count(v["en"], "%"); a != b {
			t.Errorf("%s: %d arguments in uk, %d in en", k, a, b)
		}
	}
	for state := range maps.Keys(next) {
		if lessons["state_"+state] == nil {
			t.Errorf("no text for state %s", state)
		}
	}
}
