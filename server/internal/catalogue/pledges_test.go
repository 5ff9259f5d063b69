package catalogue

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

func (w *world) pledge(a access.Actor, o Offer) (OwnHelp, error) {
	w.t.Helper()
	return w.s.Pledge(w.t.Context(), a, w.entries(a)[0].Ref, o)
}

// anonymous is the reference of the donor's only anonymous entry beside known ones.
func (w *world) anonymous(a access.Actor, known ...string) string {
	w.t.Helper()
	for _, e := range w.entries(a) {
		if e.Level == Anonymous && !slices.Contains(known, e.Ref) {
			return e.Ref
		}
	}
	w.t.Fatal("no anonymous entry")
	return ""
}

func TestWhoMayPledge(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	w.publish(w.wish("r-0", Named, "d-a", "d-obs"))
	ref := w.entries(donorA)[0].Ref
	for _, tt := range []struct {
		name  string
		actor access.Actor
		want  error
	}{
		{"donor", donorA, nil},
		{"donor_outside_the_audience", donorB, store.ErrNotFound},
		{"observer", observer, ErrForbidden},
		{"donor_role_at_an_observer", impostor, ErrMember},
		{"coordinator", coordinator, ErrForbidden},
		{"recipient", admin("r-0"), store.ErrNotFound},
		{"assessor", assessor, store.ErrNotFound},
		{"nobody", access.Actor{}, store.ErrNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list, seen, err := w.s.Overlaps(t.Context(), tt.actor, ref, Offer{Quantity: 1})
			if errors.Is(tt.want, store.ErrNotFound) {
				if !errors.Is(err, tt.want) {
					t.Errorf("overlaps: got %v and %v, want %v", list, err, tt.want)
				}
			}
			if _, err := w.s.Pledge(t.Context(), tt.actor, ref, Offer{Quantity: 1, Seen: seen}); !errors.Is(err, tt.want) {
				t.Errorf("pledge: got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestOverlapIsShownBefore(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	w.publish(w.wish("r-0", Named, "d-a", "d-b"))
	if _, err := w.pledge(donorB, Offer{Quantity: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.pledge(donorA, Offer{Quantity: 1}); !errors.Is(err, ErrOverlap) {
		t.Fatalf("a second pledge unseen: %v", err)
	}
	ref := w.entries(donorA)[0].Ref
	list, seen, err := w.s.Overlaps(t.Context(), donorA, ref, Offer{Quantity: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Why != "same_need" || list[0].Donor.In("en") != "Donor B" || list[1].Why != "more_than_needed" {
		t.Errorf("overlaps: %+v", list)
	}
	if _, err := w.pledge(donorA, Offer{Quantity: 1, Seen: seen}); err != nil {
		t.Errorf("a pledge after looking: %v", err)
	}
	// Donor A does not allow its name to be shown to others.
	list, _, err = w.s.Overlaps(t.Context(), donorB, ref, Offer{Quantity: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list {
		if !o.Own && len(o.Donor) > 0 {
			t.Errorf("donor A is named: %+v", o)
		}
	}
}

func TestSimilarHelpIsAWarning(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	other := w.wish("r-0", Named, "d-b")
	other.Needs = []string{need.ID("r-0", "backup_training")}
	w.publish(other)
	if _, err := w.pledge(donorB, Offer{Quantity: 1}); err != nil {
		t.Fatal(err)
	}
	wish := w.wish("r-0", Named, "d-a")
	wish.Needs = []string{need.ID("r-0", "linux_training")} // the same kind and group of codes as the other training
	w.publish(wish)
	list, _, err := w.s.Overlaps(t.Context(), donorA, w.entries(donorA)[0].Ref, Offer{Quantity: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Why != "similar_kind" {
		t.Errorf("overlaps: %+v", list)
	}
	w.now = w.now.AddDate(0, 0, 800)
	wish.Until = w.now.AddDate(0, 1, 0)
	w.publish(wish)
	list, _, err = w.s.Overlaps(t.Context(), donorA, w.entries(donorA)[0].Ref, Offer{Quantity: 1})
	if err != nil || len(list) != 0 {
		t.Errorf("overlaps after more than two years: %+v, %v", list, err)
	}
}

// TestOverlapDoesNotUnmask pledges for a recipient by name and then asks for overlaps of an anonymous entry of the same
// recipient: the answer must not tell that the two belong together.
func TestOverlapDoesNotUnmask(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	named := w.wish("r-0", Named, "d-a")
	named.Needs = []string{need.ID("r-0", "backup_training")}
	w.publish(named)
	if _, err := w.pledge(donorA, Offer{Quantity: 1}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Minute)
	hidden := w.wish("r-0", Anonymous, "d-a", "d-b")
	hidden.Needs = []string{need.ID("r-0", "linux_training")} // similar to what the donor helps with under the name
	w.publish(hidden)
	list, _, err := w.s.Overlaps(t.Context(), donorA, w.anonymous(donorA), Offer{Quantity: 1})
	if err != nil || len(list) != 0 {
		t.Errorf("overlaps of an anonymous entry: %+v, %v", list, err)
	}
	// Another donor's help for the very same need, under the name, is told without any figure.
	w.now = w.now.Add(time.Minute)
	w.publish(w.wish("r-1", Named, "d-b"))
	if _, err := w.pledge(donorB, Offer{Quantity: 1}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Minute)
	other := w.anonymous(donorA)
	w.publish(w.wish("r-1", Anonymous, "d-a"))
	list, _, err = w.s.Overlaps(t.Context(), donorA, w.anonymous(donorA, other), Offer{Quantity: 1})
	if err != nil || len(list) != 1 || list[0].Why != "same_need" {
		t.Fatalf("overlaps: %+v, %v", list, err)
	}
	for _, o := range list {
		if o.AmountEUR != 0 || o.Since != "" || o.Own || len(o.Donor) > 0 {
			t.Errorf("overlap tells %+v", o)
		}
	}
}

func TestFunding(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	w.publish(w.wish("r-0", Named, "d-a", "d-b"))
	e := w.entries(donorA)[0]
	p, err := w.pledge(donorA, Offer{AmountEUR: 1000})
	if err != nil {
		t.Fatal(err)
	}
	required := e.Cost.Mid()
	check := func(want Funding) {
		t.Helper()
		if diff := cmp.Diff(want, w.entries(donorB)[0].Funding); diff != "" {
			t.Errorf("funding (-want +got):\n%s", diff)
		}
	}
	check(Funding{Required: required, Pledged: 1000, Uncovered: required}) // a pledge is not counted
	steps := []struct {
		name string
		do   func() error
		want Funding
	}{
		{"commit", func() error { return w.s.Commit(t.Context(), donorA, p.ID) }, Funding{Required: required, Committed: 1000, Uncovered: required - 1000}},
		{"procure", func() error { return w.s.Procure(t.Context(), donorA, p.ID) }, Funding{Required: required, Committed: 1000, Uncovered: required - 1000}},
		{"deliver", func() error { return w.s.Deliver(t.Context(), donorA, p.ID, 1) }, Funding{Required: required, Delivered: 1000, Uncovered: required - 1000}},
		{"commission", func() error { return w.s.Commission(t.Context(), admin("r-0"), p.ID) }, Funding{Required: required, Delivered: 1000, Uncovered: required - 1000}},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		check(s.want)
	}
}

func TestStepsInOrderByTheRightPeople(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	w.publish(w.wish("r-0", Named, "d-a", "d-b"))
	p, err := w.pledge(donorA, Offer{Quantity: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for _, tt := range []struct {
		name string
		do   func() error
		want error
	}{
		{"deliver_before_commitment", func() error { return w.s.Deliver(ctx, donorA, p.ID, 1) }, ErrState},
		{"commission_before_delivery", func() error { return w.s.Commission(ctx, admin("r-0"), p.ID) }, ErrState},
		{"commit_by_another_donor", func() error { return w.s.Commit(ctx, donorB, p.ID) }, store.ErrNotFound},
		{"commit_by_the_recipient", func() error { return w.s.Commit(ctx, admin("r-0"), p.ID) }, store.ErrNotFound},
		{"commit", func() error { return w.s.Commit(ctx, donorA, p.ID) }, nil},
		{"commit_again", func() error { return w.s.Commit(ctx, donorA, p.ID) }, ErrState},
		{"deliver_too_much", func() error { return w.s.Deliver(ctx, donorA, p.ID, 5) }, ErrQuantity},
		{"deliver_nothing", func() error { return w.s.Deliver(ctx, donorA, p.ID, 0) }, ErrQuantity},
		{"deliver", func() error { return w.s.Deliver(ctx, donorA, p.ID, 1) }, nil},
		{"cancel_after_delivery", func() error { return w.s.Cancel(ctx, donorA, p.ID) }, ErrState},
		{"commission_by_the_donor", func() error { return w.s.Commission(ctx, donorA, p.ID) }, store.ErrNotFound},
		{"commission_by_another_recipient", func() error { return w.s.Commission(ctx, admin("r-1"), p.ID) }, store.ErrNotFound},
		{"commission_by_an_assessor", func() error { return w.s.Commission(ctx, assessor, p.ID) }, ErrForbidden},
		{"commission", func() error { return w.s.Commission(ctx, admin("r-0"), p.ID) }, nil},
		{"unknown", func() error { return w.s.Commit(ctx, donorA, "pl-none") }, store.ErrNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.do(); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// TestEffectIsMeasured goes from commitment over delivery to a verified effect and back.
func TestEffectIsMeasured(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	w.publish(w.wish("r-0", Named, "d-a"))
	p, err := w.pledge(donorA, Offer{Quantity: 1})
	if err != nil {
		t.Fatal(err)
	}
	state := func() string {
		own, err := w.s.OwnPledges(t.Context(), donorA)
		if err != nil || len(own) != 1 {
			t.Fatalf("own pledges: %v, %v", own, err)
		}
		return own[0].State
	}
	measure := func(days int, status assessment.Status, hosts int) {
		t.Helper()
		w.now = w.now.AddDate(0, 0, days)
		for h := range hosts {
			w.host("r-0", h, status)
		}
		if _, err := w.s.Measure(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{w.s.Commit(t.Context(), donorA, p.ID), w.s.Deliver(t.Context(), donorA, p.ID, 1)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	measure(1, assessment.Pass, 3)
	if got := state(); got != Delivered {
		t.Fatalf("state %s: measured good before it was commissioned is not an effect", got)
	}
	if err := w.s.Commission(t.Context(), admin("r-0"), p.ID); err != nil {
		t.Fatal(err)
	}
	measure(1, assessment.Pass, 3)
	measure(1, assessment.Pass, 3)
	if got := state(); got != Commissioned {
		t.Fatalf("state %s after two days", got)
	}
	measure(1, assessment.Fail, 3) // a bad day starts the count anew
	measure(1, assessment.Pass, 3)
	measure(3, assessment.Pass, 3)
	if got := state(); got != Commissioned {
		t.Fatalf("state %s three days after a bad day", got)
	}
	measure(4, assessment.Pass, 3)
	if got := state(); got != Verified {
		t.Fatalf("state %s, want verified", got)
	}
	own, err := w.s.OwnPledges(t.Context(), donorA)
	if err != nil {
		t.Fatal(err)
	}
	if e := own[0].Effect; e == nil || !e.Verified || e.ClosedPercent != 80 {
		t.Errorf("the donor reads %+v, want verified and at most 80 %%", e)
	}
	reports, err := w.s.Effects(t.Context(), admin("r-0"), "r-0")
	if err != nil || len(reports) != 1 {
		t.Fatal(reports, err)
	}
	if r := reports[0]; r.ClosedPercent != 100 || r.Before.Findings != 3 || r.EURPerFinding <= 0 || r.DaysToCommissioned != 1 {
		t.Errorf("the recipient reads %+v", r)
	}
	measure(1, assessment.Fail, 3)
	if got := state(); got != Regressed {
		t.Errorf("state %s after the gap came back", got)
	}
	comesBack(t, w, p.ID)
	if _, err := w.s.Effects(t.Context(), donorA, "r-0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a donor reads the full report: %v", err)
	}
}

// comesBack looks at the need that follows a lost effect: a new one that points back, on the recipient's list and the
// coordinator's board.
func comesBack(t *testing.T, w *world, pledge string) {
	t.Helper()
	old := need.ID("r-0", "backup_storage")
	again := need.ReturnedID(old, pledge)
	run, err := w.s.Needs(t.Context(), admin("r-0"), "r-0")
	if err != nil {
		t.Fatal(err)
	}
	n, ok := run.Find(again)
	if _, still := run.Find(old); !ok || still {
		t.Fatalf("the need that came back is there: %v; the one that was met: %v", ok, still)
	}
	if n.Returned == nil || n.Returned.Pledge != pledge || n.Returned.Need != old || n.Returned.At.Before(n.Returned.Verified) {
		t.Errorf("it points back to %+v", n.Returned)
	}
	for _, lang := range remedies.Langs {
		if text := run.Explain(n, lang).Steps[0].Text; !strings.Contains(text, n.Returned.At.Format("2006-01-02")) {
			t.Errorf("%s: the printed sum does not say so: %s", lang, text)
		}
	}
	past, err := w.s.Past(t.Context(), admin("r-0"), "r-0", n.Returned.Verified.Add(-24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := past.Run.Find(again); ok {
		t.Error("it came back before it went")
	}
	board, err := w.s.Board(t.Context(), coordinator)
	if err != nil || len(board.Lost) != 1 || board.Lost[0].Pledge != pledge || board.Lost[0].Again != "" {
		t.Fatalf("the board: %+v, %v", board.Lost, err)
	}
	wish := w.wish("r-0", Named, "d-a")
	wish.Needs = []string{again}
	w.publish(wish)
	if board, err = w.s.Board(t.Context(), coordinator); err != nil || board.Lost[0].Again == "" {
		t.Errorf("the board does not name the new entry: %+v, %v", board.Lost, err)
	}
}

// TestFewerHostsAreNoSuccess lets hosts disappear instead of being mended.
func TestFewerHostsAreNoSuccess(t *testing.T) {
	before := Measurement{Findings: 10, Measured: 10}
	for _, tt := range []struct {
		name  string
		now   Measurement
		share float64
		ok    bool
	}{
		{"mended", Measurement{Findings: 1, Measured: 10}, 0.9, true},
		{"gone_dark", Measurement{Findings: 0, Measured: 7}, 0, false},
		{"some_dark_yet_enough", Measurement{Findings: 2, Measured: 8}, 0.8, true},
		{"worse", Measurement{Findings: 12, Measured: 12}, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if share, ok := tt.now.Closed(before); share != tt.share || ok != tt.ok {
				t.Errorf("Closed = %v, %v, want %v, %v", share, ok, tt.share, tt.ok)
			}
		})
	}
}

func TestStatedNeedTakesTheSameWay(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	n := StatedNeed{
		Recipient: "r-0", Kind: remedies.Training, Capability: "skills", Quantity: 2, Line: remedies.Sustain,
		Title: remedies.Text{"uk": "Навчання для чергової зміни", "en": "Training for the duty shift"},
		Text:  remedies.Text{"uk": "Два дні занять.", "en": "Two days of lessons."}, Unit: remedies.Text{"uk": "навчання", "en": "trainings"},
		LineReason: remedies.Text{"uk": "Щороку.", "en": "Every year."}, UnitCost: need.Money{Low: 1000, High: 3000},
	}
	if _, err := w.s.State(t.Context(), donorA, n); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a donor states a need: %v", err)
	}
	bad := n
	bad.Text = remedies.Text{"uk": "Вузол srv-r-0-1.", "en": "x"}
	var screened *ScreenError
	if _, err := w.s.State(t.Context(), admin("r-0"), bad); !errors.As(err, &screened) {
		t.Errorf("a host name passed: %v", err)
	}
	got, err := w.s.State(t.Context(), admin("r-0"), n)
	if err != nil {
		t.Fatal(err)
	}
	wish := w.wish("r-0", Named, "d-a")
	wish.Needs = []string{got.ID}
	w.publish(wish)
	e := w.entries(donorA)[0]
	if e.Origin != Stated || e.Points.High != 0 || e.Items[0].Verifiable {
		t.Errorf("a stated need reads %+v", e)
	}
	if err := w.s.CloseStated(t.Context(), admin("r-0"), "r-0", got.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Draft(t.Context(), admin("r-0"), wish); !errors.Is(err, ErrNeeds) {
		t.Errorf("a closed need was drafted: %v", err)
	}
}

func TestTotals(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	for i := range recipients {
		w.publish(w.wish(fmt.Sprint("r-", i), TotalsOnly, "d-a"))
	}
	if _, err := w.s.Totals(t.Context(), donorA); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("totals before they were frozen: %v", err)
	}
	if _, err := w.s.Freeze(t.Context(), donorA); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a donor freezes: %v", err)
	}
	first, err := w.s.Freeze(t.Context(), coordinator)
	if err != nil {
		t.Fatal(err)
	}
	cell := func(t Totals, by, name string) Cell {
		for _, table := range t.Tables {
			for _, c := range table.Cells {
				if table.By == by && c.Name == name {
					return c
				}
			}
		}
		return Cell{}
	}
	if c := cell(first, "kind", "equipment"); c.Recipients != 5 || c.Cost.Low <= 0 {
		t.Errorf("equipment of seven recipients: %+v", c)
	}
	if c := cell(first, "sector", "energy"); c.Recipients != 0 {
		t.Errorf("a sector of two is published: %+v", c)
	}
	if c := cell(first, "sector", "health"); c.Recipients != 0 {
		t.Errorf("the second cell gives the suppressed one away: %+v", c)
	}
	// One recipient leaves: the cell must not move, since the difference would be that recipient.
	rel, err := w.s.Releases(t.Context(), admin("r-0"), "r-0", Published)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.s.Withdraw(t.Context(), admin("r-0"), rel[0].ID, ""); err != nil {
		t.Fatal(err)
	}
	second, err := w.s.Freeze(t.Context(), coordinator)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cell(first, "kind", "equipment"), cell(second, "kind", "equipment")); diff != "" {
		t.Errorf("the cell moved by one recipient:\n%s", diff)
	}
	read, err := w.s.Totals(t.Context(), donorA)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(second, read); diff != "" {
		t.Errorf("totals read (-frozen +read):\n%s", diff)
	}
}

// TestOnce counts what overlaps a single time, and what does not each time.
func TestOnce(t *testing.T) {
	o := func(recipient, key, remedy string, sites ...string) offered {
		return offered{recipient, item{Key: key, Remedy: remedy, Sites: sites}}
	}
	for name, tc := range map[string]struct {
		all  []offered
		want string // keys, sorted
	}{
		"two levels":            {[]offered{o("r", "n", "x", "a"), o("r", "n", "x", "a")}, "n"},
		"the whole and a part":  {[]offered{o("r", "part", "x", "b"), o("r", "whole", "x", "a", "b")}, "whole"},
		"parts":                 {[]offered{o("r", "n", "x", "a"), o("r", "m", "x", "b")}, "m n"},
		"came back":             {[]offered{o("r", "old", "x", "a"), o("r", "new", "x", "a")}, "new"},
		"other remedy":          {[]offered{o("r", "n", "x", "a"), o("r", "m", "y", "a")}, "m n"},
		"other recipient":       {[]offered{o("r", "n", "x", "a"), o("s", "m", "x", "a")}, "m n"},
		"stated, twice and two": {[]offered{o("r", "st-1", ""), o("r", "st-1", ""), o("r", "st-2", "")}, "st-1 st-2"},
	} {
		var got []string
		for _, v := range once(tc.all) {
			got = append(got, v.item.Key)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s: %v, want %s", name, got, tc.want)
		}
	}
}

func TestTotalsCells(t *testing.T) {
	group := func(costs ...float64) map[string]contribution {
		g := map[string]contribution{}
		for i, c := range costs {
			g[fmt.Sprint("r", i)] = contribution{1, need.Money{Low: c, High: c}}
		}
		return g
	}
	for _, tt := range []struct {
		name   string
		group  map[string]contribution
		hidden bool
	}{
		{"four", group(1, 1, 1, 1), true},
		{"five", group(1, 1, 1, 1, 1), false},
		{"one_dominates", group(100, 1, 1, 1, 1), true},
		{"none", group(), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if c := cell("x", tt.group); c.Suppressed != tt.hidden || tt.hidden && (c.Needs != 0 || c.Cost.Low != 0) {
				t.Errorf("cell: %+v", c)
			}
		})
	}
}

// TestTotalsAttack plays somebody who keeps every frozen release and knows the sums of the tables. Recipients come, go and
// change in random order; whatever two values of a cell are subtracted, whatever hidden cells are found by a sum, it must
// be of at least five recipients of whom none outweighs the rest.
func TestTotalsAttack(t *testing.T) {
	sectors := []string{"health", "energy", "water", "transport", "state"}
	published, kept := 0, 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		now := map[string]contribution{}
		home := map[string]string{}
		before := shown{}
		type value struct {
			cell  Cell
			group map[string]contribution
		}
		history := map[string][]value{}
		for range 40 {
			for range 1 + rng.IntN(4) {
				r := fmt.Sprint("r", rng.IntN(45))
				if _, there := now[r]; there && rng.IntN(3) == 0 {
					delete(now, r)
					continue
				}
				low := 100 * math.Exp(3*rng.Float64())
				now[r] = contribution{1 + rng.IntN(3), need.Money{Low: low, High: 2 * low}}
				if home[r] == "" {
					home[r] = sectors[min(rng.IntN(len(sectors)), rng.IntN(len(sectors)))]
				}
			}
			fresh := cells{"sector": {}}
			for r, c := range now {
				if fresh["sector"][home[r]] == nil {
					fresh["sector"][home[r]] = map[string]contribution{}
				}
				fresh["sector"][home[r]][r] = c
			}
			if len(now) == 0 {
				continue
			}
			table := freeze(fresh, before).Tables[0]
			hidden, count := map[string]contribution{}, 0
			open := 0
			for _, c := range table.Cells {
				if c.Suppressed {
					count++
					for r, x := range fresh["sector"][c.Name] {
						hidden[r] = x
					}
					continue
				}
				open++
				list := before["sector"][c.Name]
				group := list[len(list)-1].Group
				if !safe(group) {
					t.Fatalf("seed %d: %s is read of %d recipients", seed, c.Name, len(group))
				}
				for _, old := range history[c.Name] {
					if tooClose(old.group, group) {
						t.Fatalf("seed %d: two values of %s differ by fewer than five recipients", seed, c.Name)
					}
					kept++
				}
				history[c.Name] = append(history[c.Name], value{c, group})
				published++
			}
			if open > 0 && count > 0 && (count < 2 || !safe(hidden)) {
				t.Fatalf("seed %d: %d hidden cells of %d recipients can be found by the table's sum", seed, count, len(hidden))
			}
		}
	}
	t.Logf("%d published cells, %d pairs subtracted", published, kept)
	if published < 500 {
		t.Errorf("only %d cells were published: the attack had nothing to attack", published)
	}
}

// TestTotalsOldFormat goes on from totals that were frozen before hidden cells were remembered.
func TestTotalsOldFormat(t *testing.T) {
	w := newWorld(t, storetest.New(t))
	w.tx(func(tx *store.Tx) error {
		return tx.AddTotals(store.TotalsRow{ID: "tot-old", Frozen: w.now, FrozenBy: "x",
			Body:  `{"frozen_on":"2026-01-01","tables":[{"by":"kind","cells":[{"name":"equipment","recipients":5,"needs":5,"cost_eur":{"low":1,"high":2}},{"name":"service","suppressed":true}]}]}`,
			Basis: `{"kind":{"equipment":{"r-0":{"needs":1,"cost_eur":{"low":1,"high":2}}},"service":{}}}`})
	})
	var before shown
	w.tx(func(tx *store.Tx) (err error) { before, err = lastShown(tx); return err })
	if list := before["kind"]["equipment"]; len(list) != 1 || len(list[0].Group) != 1 || len(before["kind"]["service"]) != 0 {
		t.Errorf("read of the old format: %+v", before)
	}
}

func TestJudgeSustains(t *testing.T) {
	t0 := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	before := Measurement{Findings: 10, Measured: 10}
	good := Measurement{At: t0.AddDate(0, 0, 200), Measured: 10}
	if got := judge(Verified, t0, t0, before, []Measurement{good}); got != Sustained {
		t.Errorf("got %q, want sustained", got)
	}
	good.Measured = 3
	if got := judge(Verified, t0, t0, before, []Measurement{good}); got != "" {
		t.Errorf("got %q with too few hosts measured, want nothing", got)
	}
}

// TestLookingIsNotMeasuring: an effect is verified by reports that came since, not by looking at the same ones again.
func TestLookingIsNotMeasuring(t *testing.T) {
	t0 := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	before := Measurement{Findings: 10, Measured: 10}
	var old, fresh []Measurement
	for day := 1; day <= 15; day += 7 {
		m := Measurement{At: t0.AddDate(0, 0, day), Measured: 10, Newest: t0.Add(time.Hour)}
		old = append(old, m)
		m.Newest = m.At.Add(-time.Hour)
		fresh = append(fresh, m)
	}
	if got := judge(Commissioned, t0, time.Time{}, before, old); got != "" {
		t.Errorf("got %q from one report looked at three times, want nothing", got)
	}
	if got := judge(Commissioned, t0, time.Time{}, before, fresh); got != Verified {
		t.Errorf("got %q from three reports, want verified", got)
	}
}
