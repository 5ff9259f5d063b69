package catalogue

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

func TestBestSet(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	for i := range 3 {
		r := fmt.Sprint("r-", i)
		for _, remedy := range []string{"backup_software", "backup_training", "backup_setup"} {
			wish := w.wish(r, Named, "d-a")
			wish.Needs = []string{need.ID(r, remedy)}
			w.publish(wish)
		}
	}
	set, err := w.s.BestSet(t.Context(), donorA, Page, BudgetWish{EUR: 6000})
	if err != nil {
		t.Fatal(err)
	}
	if set.Considered != 9 || !set.Optimal || len(set.IDs) == 0 || set.Cost > 6000 || set.Value < set.Greedy.Value {
		t.Fatalf("set: %+v", set)
	}
	// Backup software needs the training first, at the same recipient.
	byRef := map[string]Entry{}
	for _, e := range w.entries(donorA) {
		byRef[e.Ref] = e
	}
	for _, ref := range set.IDs {
		e := byRef[ref]
		if e.Items[0].Title.In("en") != "Backup software" {
			continue
		}
		if !slices.ContainsFunc(set.IDs, func(o string) bool {
			return byRef[o].Recipient.In("en") == e.Recipient.In("en") && byRef[o].Items[0].Title.In("en") == "Backup and recovery training"
		}) {
			t.Errorf("backup software of %s without its training", e.Recipient.In("en"))
		}
	}
	if n := len(set.Frontier); n != 10 || set.Frontier[n-1].CostEUR <= set.Frontier[1].CostEUR {
		t.Errorf("frontier: %v", set.Frontier)
	}
	if _, err := w.s.BestSet(t.Context(), donorA, Page, BudgetWish{}); !errors.Is(err, ErrQuantity) {
		t.Errorf("no money: %v", err)
	}
	if _, err := w.s.BestSet(t.Context(), admin("r-0"), Page, BudgetWish{EUR: 1}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a recipient asks: %v", err)
	}
	far, err := w.s.BestSet(t.Context(), donorA, Page, BudgetWish{EUR: 6000, Floors: map[string]float64{"line_of_effort:sustain": 1}})
	if err != nil || far.Feasible {
		t.Errorf("a floor without entries: %+v, %v", far, err)
	}
}

// TestAnonymousEntriesAreNotLinked looks for prerequisites between entries that a donor cannot tell to be of one recipient.
func TestAnonymousEntriesAreNotLinked(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	for _, remedy := range []string{"backup_software", "backup_training"} {
		wish := w.wish("r-0", Anonymous, "d-a")
		wish.Needs = []string{need.ID("r-0", remedy)}
		w.publish(wish)
	}
	links, err := w.s.links(t.Context(), donorA)
	if err != nil || len(links) != 0 {
		t.Errorf("links %v, %v", links, err)
	}
}
