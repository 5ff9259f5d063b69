package catalogue

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

func TestBoard(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	w.publish(w.wish("r-0", Named, "d-a", "d-b"))
	other := w.wish("r-1", Named, "d-a")
	other.Needs = []string{need.ID("r-1", "backup_software")}
	w.now = w.now.Add(time.Minute)
	untaken := w.publish(other)
	a, err := w.pledge(donorA, Offer{AmountEUR: 100}) // the newest entry: the software
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Board(t.Context(), donorA); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a donor reads the board: %v", err)
	}
	p, err := w.pledge(donorB, Offer{AmountEUR: 700}) // all that donor B reads: the storage
	if err != nil {
		t.Fatal(err)
	}
	w.now = w.now.AddDate(0, 0, 61)
	b, err := w.s.Board(t.Context(), coordinator)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Waiting) != 2 || !b.Waiting[0].Late || b.Waiting[0].On != "donor" || len(b.Overlaps) != 0 || len(b.Untaken) != 0 {
		t.Errorf("board: %+v", b)
	}
	if err := w.s.Commit(t.Context(), donorB, p.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.s.Cancel(t.Context(), donorA, a.ID); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.AddDate(0, 0, 7*12+1)
	if b, err = w.s.Board(t.Context(), coordinator); err != nil {
		t.Fatal(err)
	}
	if len(b.Due) != 1 || !b.Due[0].Late || len(b.Quarters) != 2 || b.Quarters[0].Committed != 700 {
		t.Errorf("board later: %+v", b)
	}
	if err := w.s.Withdraw(t.Context(), admin("r-1"), untaken.ID, "canary"); err != nil {
		t.Fatal(err)
	}
	if b, err = w.s.Board(t.Context(), coordinator); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "canary") || strings.Contains(string(data), "Backup software") {
		t.Errorf("the board holds what was taken back: %s", data)
	}
}

func TestBoardShowsOverlaps(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	w.publish(w.wish("r-0", Named, "d-a", "d-b"))
	ref := w.entries(donorA)[0].Ref
	if _, err := w.s.Pledge(t.Context(), donorA, ref, Offer{AmountEUR: 500}); err != nil {
		t.Fatal(err)
	}
	_, seen, err := w.s.Overlaps(t.Context(), donorB, ref, Offer{AmountEUR: 700})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Pledge(t.Context(), donorB, ref, Offer{AmountEUR: 700, Seen: seen}); err != nil {
		t.Fatal(err)
	}
	b, err := w.s.Board(t.Context(), coordinator)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Overlaps) != 1 || b.Overlaps[0].Why != "same_need" || len(b.Overlaps[0].Donors) != 2 || b.Overlaps[0].AmountEUR != 1200 {
		t.Errorf("overlaps: %+v", b.Overlaps)
	}
}

func TestEntriesFor(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	w.publish(w.wish("r-0", Named, "d-a"))
	list, err := w.s.EntriesFor(t.Context(), "d-a", "cli")
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	if list, err := w.s.EntriesFor(t.Context(), "d-b", "cli"); err != nil || len(list) != 0 {
		t.Errorf("donor B: %v, %v", list, err)
	}
	if _, err := w.s.EntriesFor(t.Context(), "d-x", "cli"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown donor: %v", err)
	}
	reads, err := w.s.Reads(t.Context(), admin("r-0"), "r-0")
	if err != nil || len(reads) != 1 || reads[0].Channel != File || reads[0].UserID != "cli" {
		t.Errorf("ledger: %+v, %v", reads, err)
	}
}
