package need

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// Option is something a donor could fund, as [Choose] sees it.
type Option struct {
	ID       string
	Cost     float64  // EUR, above 0
	Value    float64  // risk points, 0 or more
	Requires []string // ids that must be chosen with it; an id that is no option counts as present
	Groups   []string // for floors: "line_of_effort:sustain", "sector:health"
}

// Budget says how much there is and what must be kept.
type Budget struct {
	EUR    float64
	Floors map[string]float64 // group → EUR that must at least go there
	// Within bounds the search; zero is two seconds. Past it the best set so far is returned with the bound it is short of.
	Within time.Duration
}

// Choice is a set within the budget.
type Choice struct {
	IDs      []string `json:"ids"` // sorted
	Value    float64  `json:"value"`
	Cost     float64  `json:"cost_eur"`
	Feasible bool     `json:"feasible"` // false: no set keeps the floors; the set is empty then
	Optimal  bool     `json:"optimal"`  // proven: no set is better
	Bound    float64  `json:"bound"`    // no set is better than this
	Greedy   Greedy   `json:"greedy"`   // the plain ranking, to compare
}

// Greedy is what the plain ranking would take: by value per euro, with what each requires, while the money lasts. It
// keeps no floors.
type Greedy struct {
	IDs   []string `json:"ids"` // in the order of taking
	Value float64  `json:"value"`
	Cost  float64  `json:"cost_eur"`
}

// Choose picks the set of greatest value within the budget, with prerequisites and floors, by branch and bound. The
// value of a set is the sum of its options' values.
func Choose(options []Option, b Budget) Choice {
	if b.Within == 0 {
		b.Within = 2 * time.Second
	}
	s := newSearch(options, b)
	c := Choice{Greedy: s.greedy()}
	if s.keepsFloors(c.Greedy.IDs) {
		s.offer(c.Greedy.Value, c.Greedy.Cost, c.Greedy.IDs)
	}
	s.relax()
	s.fix()
	s.visit(0)
	c.Feasible, c.Optimal = s.found, !s.stopped
	c.Value, c.Cost, c.IDs = s.best, s.bestCost, s.bestIDs
	c.Bound = max(s.best, s.open)
	if c.IDs == nil {
		c.IDs = []string{}
	}
	slices.Sort(c.IDs)
	return c
}

const (
	open = iota
	in
	out
)

type search struct {
	opts       []Option // by value per euro
	needs      [][]int  // prerequisites, transitive
	neededBy   [][]int  // dependents, transitive
	cost, gain []float64
	sumCost    []float64 // over the first i options
	sumGain    []float64
	state      []int8
	trail      []int // decided, in order
	ahead      int   // decided options not yet passed by visit
	forest     forest
	budget     Budget
	floors     []string

	value, spent   float64
	found          bool
	best, bestCost float64
	bestIDs        []string
	open           float64 // the best bound of what was not searched
	stopped        bool
	nodes          int
	deadline       time.Time
}

func newSearch(options []Option, b Budget) *search {
	s := &search{budget: b, deadline: time.Now().Add(b.Within), best: -1}
	for _, o := range options {
		if o.Cost > 0 && o.Cost <= b.EUR {
			s.opts = append(s.opts, o)
		}
	}
	slices.SortFunc(s.opts, func(x, y Option) int {
		return cmp.Or(cmp.Compare(y.Value/y.Cost, x.Value/x.Cost), cmp.Compare(x.ID, y.ID))
	})
	n := len(s.opts)
	place := make(map[string]int, n)
	for i, o := range s.opts {
		place[o.ID] = i
	}
	known := map[string]bool{} // options too dear to take are still options: what requires them cannot be had
	for _, o := range options {
		known[o.ID] = true
	}
	s.needs, s.neededBy, s.state = make([][]int, n), make([][]int, n), make([]int8, n)
	for i := range s.opts {
		seen := map[int]bool{}
		if !s.reach(i, i, place, known, seen) {
			s.state[i] = out
		}
		for j := range seen {
			s.needs[i] = append(s.needs[i], j)
		}
		sort.Ints(s.needs[i])
		for _, j := range s.needs[i] {
			s.neededBy[j] = append(s.neededBy[j], i)
		}
	}
	s.sumCost, s.sumGain = make([]float64, n+1), make([]float64, n+1)
	for i, o := range s.opts {
		s.cost, s.gain = append(s.cost, o.Cost), append(s.gain, o.Value)
		s.sumCost[i+1], s.sumGain[i+1] = s.sumCost[i]+o.Cost, s.sumGain[i]+o.Value
	}
	for f := range b.Floors {
		s.floors = append(s.floors, f)
	}
	sort.Strings(s.floors)
	for i, st := range s.state {
		if st == out {
			s.trail = append(s.trail, i)
			s.ahead++
		}
	}
	return s
}

// reach collects the prerequisites of i; false when one cannot be had or leads back.
func (s *search) reach(root, i int, place map[string]int, known map[string]bool, seen map[int]bool) bool {
	for _, id := range s.opts[i].Requires {
		j, ok := place[id]
		switch {
		case !ok && known[id], ok && j == root:
			return false
		case !ok || seen[j]:
			continue
		}
		seen[j] = true
		if !s.reach(root, j, place, known, seen) {
			return false
		}
	}
	return true
}

// set decides an option; false when it was decided otherwise.
func (s *search) set(i int, v int8, at int) bool {
	if s.state[i] != open {
		return s.state[i] == v
	}
	s.state[i] = v
	s.trail = append(s.trail, i)
	if i >= at {
		s.ahead++
	}
	if v == in {
		s.value += s.gain[i]
		s.spent += s.cost[i]
	}
	return true
}

func (s *search) undo(mark, at int) {
	for len(s.trail) > mark {
		i := s.trail[len(s.trail)-1]
		s.trail = s.trail[:len(s.trail)-1]
		if s.state[i] == in {
			s.value -= s.gain[i]
			s.spent -= s.cost[i]
		}
		s.state[i] = open
		if i >= at {
			s.ahead--
		}
	}
}

// bound is the value that no completion from option i on can exceed: the fractional knapsack of what is undecided.
func (s *search) bound(i int) float64 {
	left := s.budget.EUR - s.spent
	if s.ahead == 0 {
		base := s.sumCost[i]
		k := sort.Search(len(s.opts)-i, func(k int) bool { return s.sumCost[i+k+1]-base > left }) + i
		v := s.value + s.sumGain[k] - s.sumGain[i]
		if k < len(s.opts) {
			v += (left - (s.sumCost[k] - base)) * s.gain[k] / s.cost[k]
		}
		return v
	}
	v := s.value
	for ; i < len(s.opts); i++ {
		if s.state[i] != open {
			continue
		}
		if s.cost[i] > left {
			return v + left*s.gain[i]/s.cost[i]
		}
		left -= s.cost[i]
		v += s.gain[i]
	}
	return v
}

func (s *search) visit(i int) {
	const slack = 1e-9
	for i < len(s.opts) && s.state[i] != open {
		i++
		s.ahead--
		defer func() { s.ahead++ }()
	}
	if s.spent > s.budget.EUR+slack || !s.floorsReachable(i) {
		return
	}
	bound := s.bound(i)
	if s.found && bound > s.best+slack {
		bound = min(bound, s.forest.bound(s))
	}
	if s.found && bound <= s.best+slack {
		return
	}
	if i == len(s.opts) {
		if s.floorsKept() {
			s.take()
		}
		return
	}
	s.nodes++
	if s.stopped || s.nodes%1024 == 0 && time.Now().After(s.deadline) {
		s.stopped = true
		s.open = max(s.open, bound)
		return
	}
	order := [2]int8{in, out}
	if s.forest.linked && !s.forest.picked[i] {
		order = [2]int8{out, in}
	}
	for _, v := range order {
		mark := len(s.trail)
		if s.decide(i, v, i+1) {
			s.visit(i + 1)
		}
		s.undo(mark, i+1)
	}
}

// decide sets an option with everything that follows: what it requires, or what requires it.
func (s *search) decide(i int, v int8, at int) bool {
	ok := s.set(i, v, at)
	links := s.needs[i]
	if v == out {
		links = s.neededBy[i]
	}
	for _, j := range links {
		ok = ok && s.set(j, v, at)
	}
	return ok
}

func (s *search) take() {
	var ids []string
	for i, st := range s.state {
		if st == in {
			ids = append(ids, s.opts[i].ID)
		}
	}
	s.offer(s.value, s.spent, ids)
}

func (s *search) offer(value, cost float64, ids []string) {
	if !s.found || value > s.best {
		s.found, s.best, s.bestCost, s.bestIDs = true, value, cost, slices.Clone(ids)
	}
}

// inGroup adds up the cost of a group's options in the given states.
func (s *search) inGroup(group string, states ...int8) float64 {
	sum := 0.0
	for i, o := range s.opts {
		if slices.Contains(states, s.state[i]) && slices.Contains(o.Groups, group) {
			sum += s.cost[i]
		}
	}
	return sum
}

func (s *search) floorsReachable(int) bool {
	for _, f := range s.floors {
		if s.inGroup(f, in, open) < s.budget.Floors[f] {
			return false
		}
	}
	return true
}

func (s *search) floorsKept() bool {
	for _, f := range s.floors {
		if s.inGroup(f, in) < s.budget.Floors[f] {
			return false
		}
	}
	return true
}

func (s *search) keepsFloors(ids []string) bool {
	for _, f := range s.floors {
		sum := 0.0
		for i, o := range s.opts {
			if slices.Contains(ids, o.ID) && slices.Contains(o.Groups, f) {
				sum += s.cost[i]
			}
		}
		if sum < s.budget.Floors[f] {
			return false
		}
	}
	return true
}

// greedy takes what brings most per euro together with what it requires, again and again, while the money lasts.
func (s *search) greedy() Greedy {
	g := Greedy{IDs: []string{}}
	taken := make([]bool, len(s.opts))
	pack := func(i int) (cost, gain float64) {
		for _, j := range s.needs[i] {
			if !taken[j] {
				cost, gain = cost+s.cost[j], gain+s.gain[j]
			}
		}
		return cost + s.cost[i], gain + s.gain[i]
	}
	take := func(i int) {
		for _, j := range append(slices.Clone(s.needs[i]), i) {
			if !taken[j] {
				taken[j] = true
				g.IDs, g.Cost, g.Value = append(g.IDs, s.opts[j].ID), g.Cost+s.cost[j], g.Value+s.gain[j]
			}
		}
	}
	for {
		best, bestRatio := -1, -1.0
		for i := range s.opts {
			if taken[i] || s.state[i] == out {
				continue
			}
			if ratio := s.gain[i] / s.cost[i]; len(s.needs[i]) == 0 && ratio <= bestRatio {
				break // the rest is ranked below; options with prerequisites behind here are looked at once it is taken
			}
			cost, gain := pack(i)
			if g.Cost+cost <= s.budget.EUR && gain/cost > bestRatio {
				best, bestRatio = i, gain/cost
			}
		}
		if best < 0 {
			return g
		}
		take(best)
	}
}
