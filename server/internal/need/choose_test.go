package need

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// brute tries every set.
func brute(options []Option, b Budget) (best float64, found bool) {
	for set := range 1 << len(options) {
		value, cost, ok := 0.0, 0.0, true
		groups := map[string]float64{}
		has := func(id string) bool {
			i := slices.IndexFunc(options, func(o Option) bool { return o.ID == id })
			return i < 0 || set&(1<<i) != 0
		}
		for i, o := range options {
			if set&(1<<i) == 0 {
				continue
			}
			value, cost = value+o.Value, cost+o.Cost
			for _, id := range o.Requires {
				ok = ok && has(id)
			}
			for _, g := range o.Groups {
				groups[g] += o.Cost
			}
		}
		for g, least := range b.Floors {
			ok = ok && groups[g] >= least
		}
		if ok && cost <= b.EUR && (!found || value > best) {
			best, found = value, true
		}
	}
	return best, found
}

func TestChooseAgreesWithBruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(20261121, 1))
	for n := range 400 {
		var options []Option
		for i := range 3 + n%10 {
			o := Option{ID: fmt.Sprint("o", i), Cost: 1 + float64(rng.IntN(40)), Value: float64(rng.IntN(50)), Groups: []string{fmt.Sprint("g", rng.IntN(2))}}
			if i > 0 && rng.IntN(3) == 0 {
				o.Requires = append(o.Requires, fmt.Sprint("o", rng.IntN(i)))
			}
			if rng.IntN(8) == 0 {
				o.Requires = append(o.Requires, "already-there")
			}
			options = append(options, o)
		}
		rng.Shuffle(len(options), func(i, j int) { options[i], options[j] = options[j], options[i] })
		b := Budget{EUR: float64(20 + rng.IntN(120))}
		if n%2 == 0 {
			b.Floors = map[string]float64{"g1": float64(rng.IntN(60))}
		}
		want, feasible := brute(options, b)
		got := Choose(options, b)
		if got.Feasible != feasible || feasible && math.Abs(got.Value-want) > 1e-6 || !got.Optimal {
			t.Fatalf("case %d: got %+v, want value %v, feasible %v\n%+v\n%+v", n, got, want, feasible, options, b)
		}
		if feasible && got.Bound < got.Value-1e-9 {
			t.Fatalf("case %d: bound %v below value %v", n, got.Bound, got.Value)
		}
	}
}

func TestChooseEdges(t *testing.T) {
	tests := []struct {
		name    string
		options []Option
		budget  Budget
		want    []string
		ok      bool
	}{
		{"nothing_offered", nil, Budget{EUR: 10}, []string{}, true},
		{"no_money", []Option{{ID: "a", Cost: 5, Value: 5}}, Budget{}, []string{}, true},
		{"requires_itself", []Option{{ID: "a", Cost: 1, Value: 9, Requires: []string{"b"}}, {ID: "b", Cost: 1, Value: 9, Requires: []string{"a"}}, {ID: "c", Cost: 1, Value: 1}}, Budget{EUR: 10}, []string{"c"}, true},
		{"requires_what_is_too_dear", []Option{{ID: "a", Cost: 1, Value: 9, Requires: []string{"b"}}, {ID: "b", Cost: 99, Value: 9}}, Budget{EUR: 10}, []string{}, true},
		{"floor_out_of_reach", []Option{{ID: "a", Cost: 1, Value: 9, Groups: []string{"x"}}}, Budget{EUR: 10, Floors: map[string]float64{"x": 5}}, []string{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Choose(tt.options, tt.budget)
			if diff := cmp.Diff(tt.want, got.IDs); diff != "" || got.Feasible != tt.ok {
				t.Errorf("feasible %v (-want +got):\n%s", got.Feasible, diff)
			}
		})
	}
}

func packages(n int, prerequisites bool) ([]Option, Budget) {
	rng := rand.New(rand.NewPCG(20261121, 2))
	var options []Option
	for i := range n {
		o := Option{ID: fmt.Sprint("p", i), Cost: 5000 + float64(rng.IntN(395_000)), Value: 1 + 100*rng.Float64()}
		if prerequisites && i > 0 && i%4 == 0 {
			o.Requires = []string{fmt.Sprint("p", rng.IntN(i))}
		}
		options = append(options, o)
	}
	return options, Budget{EUR: 5_000_000}
}

func TestChooseIsBounded(t *testing.T) {
	options, b := packages(3000, true)
	b.Within = time.Nanosecond
	c := Choose(options, b)
	if !c.Feasible || c.Cost > b.EUR || c.Value < c.Greedy.Value {
		t.Errorf("stopped early: %+v", c)
	}
	if !c.Optimal && c.Bound < c.Value {
		t.Errorf("bound %v below value %v", c.Bound, c.Value)
	}
}

func BenchmarkChoose(b *testing.B) {
	for _, n := range []int{200, 1000, 5000} {
		for _, p := range []bool{false, true} {
			b.Run(fmt.Sprintf("n=%d/prerequisites=%v", n, p), func(b *testing.B) {
				options, budget := packages(n, p)
				for b.Loop() {
					c := Choose(options, budget)
					b.ReportMetric(100*c.Greedy.Value/c.Value, "greedy_percent")
					b.ReportMetric(100*c.Value/c.Bound, "of_bound_percent")
				}
			})
		}
	}
}
