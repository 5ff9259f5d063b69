package need

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/gap"
)

// threeSites is a recipient whose backups fail at three sites: on 4, 2 and 1 hosts.
func threeSites(t testing.TB) Input {
	in := input(t)
	in.Recipients = []Recipient{{ID: "r", Users: 100, Admins: 2}}
	b := gap.New(gap.Options{AsOf: now, Controls: controls, SSVC: in.Remedies.SSVC, Recipients: []gap.Recipient{{ID: "r", Impact: remedies.MediumImpact}}})
	for site, hosts := range map[string]int{"s-1": 4, "s-2": 2, "s-3": 1} {
		for h := range hosts {
			b.Add(gap.Host{ID: fmt.Sprint(site, h), Recipient: "r", Site: site, LastMeasured: now},
				[]gap.Result{{Control: "accounts.password_hash", Status: assessment.Fail}, {Control: "time.synchronised", Status: assessment.Fail}})
		}
	}
	in.Gaps = b.Gaps()
	return in
}

// splittable finds a need of the run that can be split.
func splittable(t *testing.T, r *Run) *Need {
	t.Helper()
	for i := range r.Needs {
		if r.Needs[i].Splittable() {
			return &r.Needs[i]
		}
	}
	t.Fatal("no need can be split")
	return nil
}

func TestSplit(t *testing.T) {
	in := threeSites(t)
	plain := compute(t, in)
	whole := splittable(t, plain)
	in.Shapes = []Shape{{Recipient: "r", Version: 1, Splits: []Split{{whole.ID, []string{"s-2"}}}}}
	r := compute(t, in)
	if r.ID == plain.ID {
		t.Error("a split is not in the run's id")
	}
	rest, ok1 := r.Find(whole.ID)
	part, ok2 := r.Find(PartID(whole.ID, []string{"s-2"}))
	if !ok1 || !ok2 {
		t.Fatal("one of the two parts is missing")
	}
	if !slices.Equal(rest.Sites, []string{"s-1", "s-3"}) || !slices.Equal(part.Sites, []string{"s-2"}) || part.PartOf != whole.ID {
		t.Errorf("sites: %v and %v, part of %q", rest.Sites, part.Sites, part.PartOf)
	}
	if rest.Coverage.Affected+part.Coverage.Affected != whole.Coverage.Affected {
		t.Errorf("hosts: %d + %d of %d", rest.Coverage.Affected, part.Coverage.Affected, whole.Coverage.Affected)
	}
	if sum := rest.Benefit.Mid + part.Benefit.Mid; math.Abs(sum-whole.Benefit.Mid) > 0.01 {
		t.Errorf("a split changed the benefit: %g, was %g", sum, whole.Benefit.Mid)
	}
	if len(r.Needs) != len(plain.Needs)+1 {
		t.Errorf("%d needs, were %d", len(r.Needs), len(plain.Needs))
	}
	in.Shapes[0].Splits[0].Sites = []string{"s-gone"} // the site is mended or closed: nothing stands apart
	if r := compute(t, in); len(r.Needs) != len(plain.Needs) {
		t.Errorf("a split of a site without gaps makes %d needs of %d", len(r.Needs), len(plain.Needs))
	}
}

func TestMerge(t *testing.T) {
	in := threeSites(t)
	plain := compute(t, in)
	if len(plain.Needs) < 3 {
		t.Fatalf("%d needs", len(plain.Needs))
	}
	// Two needs that share a control, so that a plain sum would count it twice.
	var a, b *Need
	for i := range plain.Needs {
		for k := range i {
			if slices.ContainsFunc(plain.Needs[i].Controls, func(c string) bool { return slices.Contains(plain.Needs[k].Controls, c) }) {
				a, b = &plain.Needs[k], &plain.Needs[i]
			}
		}
	}
	if a == nil {
		t.Fatal("no two needs share a control")
	}
	in.Shapes = []Shape{{Recipient: "r", Version: 1, Merges: []Merge{{a.ID, b.ID}, {"n-gone", a.ID}, {a.ID, a.ID}}}}
	r := compute(t, in)
	n, ok := r.Find(a.ID)
	if _, still := r.Find(b.ID); !ok || still {
		t.Fatalf("merged need there: %v, the other still there: %v", ok, still)
	}
	want := plain.Together(a.ID, b.ID)
	if math.Abs(n.Benefit.Mid-want.Mid) > 0.01 || n.Benefit.Mid >= a.Benefit.Mid+b.Benefit.Mid {
		t.Errorf("benefit %g, want what both bring together, %g, and less than the sum %g", n.Benefit.Mid, want.Mid, a.Benefit.Mid+b.Benefit.Mid)
	}
	if n.Cost.High != a.Cost.High+b.Cost.High || len(n.Includes) != 1 || n.Includes[0].Remedy != b.Remedy || len(n.Parts()) != 2 {
		t.Errorf("cost %v, includes %+v", n.Cost, n.Includes)
	}
	x := r.Explain(n, "en")
	sum := 0.0
	for _, row := range x.Rows {
		sum += row.Removed.Mid
		if math.Abs(row.Points*row.Effect.Mid-row.Removed.Mid) > 0.02 {
			t.Errorf("row does not multiply: %+v", row)
		}
	}
	if math.Abs(sum-n.Benefit.Mid) > 0.02 {
		t.Errorf("rows add up to %g, benefit is %g", sum, n.Benefit.Mid)
	}
	if !strings.Contains(x.Steps[4].Text, b.Title.In("en")) {
		t.Errorf("the printed sum does not name what was merged: %s", x.Steps[4].Text)
	}
	if s := r.Stability(Sensitivity{Seed: 1, Draws: 50, Top: len(r.Needs)}, "r"); s[n.ID] != 1 {
		t.Errorf("stability of the merged need: %v", s)
	}
}

func TestOwnFigures(t *testing.T) {
	in := threeSites(t)
	plain := compute(t, in)
	n := &plain.Needs[0]
	why := remedies.Text{"uk": "Два вузли виводять з експлуатації.", "en": "Two hosts are retired."}
	in.Shapes = []Shape{{Recipient: "r", Version: 1, Own: []Own{{Need: n.ID, Quantity: n.Quantity + 3, UnitCost: Money{100, 200}, Why: why}}}}
	got, ok := compute(t, in).Find(n.ID)
	if !ok {
		t.Fatal("the need is gone")
	}
	q := float64(n.Quantity + 3)
	if got.Quantity != n.Quantity+3 || got.Cost != (Money{100 * q, 200 * q}) || got.CostSource != "recipient" {
		t.Errorf("quantity %d, cost %v, source %s", got.Quantity, got.Cost, got.CostSource)
	}
	if got.Own == nil || got.Own.DerivedQuantity != n.Quantity || got.Own.DerivedCost != n.Cost {
		t.Errorf("what was derived is not kept: %+v", got.Own)
	}
	if got.Benefit != n.Benefit {
		t.Error("an own figure changed what was measured")
	}
	for _, lang := range remedies.Langs {
		if r := compute(t, in); !strings.Contains(r.Explain(got, lang).Steps[4].Text, why.In(lang)) {
			t.Errorf("%s: the printed sum does not say why", lang)
		}
	}
}

// TestShapeFollowsWhatCameBack has help for a split and merged need lose its effect: how the recipient arranged the need and what
// it said of its price hold for the need that came back, what it said of the quantity does not.
func TestShapeFollowsWhatCameBack(t *testing.T) {
	in := threeSites(t)
	plain := compute(t, in)
	whole := splittable(t, plain)
	var other *Need
	for i := range plain.Needs {
		if plain.Needs[i].ID != whole.ID {
			other = &plain.Needs[i]
		}
	}
	part, why := PartID(whole.ID, []string{"s-2"}), remedies.Text{"uk": "Є кошторис.", "en": "There is a quote."}
	in.Shapes = []Shape{{Recipient: "r", Version: 1, Splits: []Split{{whole.ID, []string{"s-2"}}}, Merges: []Merge{{other.ID, part}},
		Own: []Own{{Need: whole.ID, Quantity: 77, UnitCost: Money{100, 200}, Why: why}}}}
	before := compute(t, in)
	if n, ok := before.Find(whole.ID); !ok || n.Quantity != 77 {
		t.Fatalf("the own quantity is not taken: %+v", n)
	}
	lost := func(id, pledge string, day int) Lost {
		return Lost{Recipient: "r", Need: id, Pledge: pledge, Verified: now.AddDate(0, 0, day-9), At: now.AddDate(0, 0, day-8)}
	}
	for name, tc := range map[string]struct {
		lost       []Lost
		rest, part string // ids
	}{
		"the rest": {[]Lost{lost(whole.ID, "p-1", 0)}, ReturnedID(whole.ID, "p-1"), part},
		"the part": {[]Lost{lost(part, "p-2", 0)}, whole.ID, ReturnedID(part, "p-2")},
		"the rest twice and the part": {[]Lost{lost(whole.ID, "p-1", 0), lost(part, "p-2", 1), lost(ReturnedID(whole.ID, "p-1"), "p-3", 2)},
			ReturnedID(ReturnedID(whole.ID, "p-1"), "p-3"), ReturnedID(part, "p-2")},
		"what the part was merged into": {[]Lost{lost(other.ID, "p-4", 0)}, whole.ID, part},
	} {
		in.Lost = tc.lost
		r := compute(t, in)
		rest, ok := r.Find(tc.rest)
		if !ok {
			t.Errorf("%s: no need %s", name, tc.rest)
			continue
		}
		if !slices.Equal(rest.Sites, []string{"s-1", "s-3"}) || rest.CostSource != "recipient" || rest.Own == nil {
			t.Errorf("%s: sites %v, price of %s", name, rest.Sites, rest.CostSource)
		}
		if back := tc.rest != whole.ID; (rest.Quantity != 77) != back || (rest.Returned != nil) != back {
			t.Errorf("%s: quantity %d, came back %v", name, rest.Quantity, rest.Returned)
		}
		i := slices.IndexFunc(r.Needs, func(n Need) bool { return n.Was(other.ID) })
		if i < 0 || len(r.Needs[i].Includes) != 1 || r.Needs[i].Includes[0].Need != tc.part {
			t.Errorf("%s: the part is not merged under the id %s it has now", name, tc.part)
		}
		if len(r.Needs) != len(before.Needs) {
			t.Errorf("%s: %d needs, were %d", name, len(r.Needs), len(before.Needs))
		}
	}
}
