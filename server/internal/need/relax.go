package need

// forest is the Lagrangian relaxation of [Choose]: the budget becomes a price on every euro, and of an option's
// prerequisites one is kept. What is left decomposes into trees and is solved exactly in one pass, so that for any
// price the outcome is an upper bound; the best price makes it a tight one.
type forest struct {
	linked bool  // some option requires another one: else the plain bound is as good and cheaper
	parent []int // the prerequisite kept; -1: none
	order  []int // dependents before what they require
	price  float64
	sum    []float64
	picked []bool // whether the relaxed solution takes an option
}

// relax builds the forest and searches the price.
func (s *search) relax() {
	n := len(s.opts)
	f := &s.forest
	f.parent, f.sum, f.picked = make([]int, n), make([]float64, n), make([]bool, n)
	depth := make([][]int, n+1)
	for i := range s.opts {
		f.parent[i] = -1
		most := -1
		for _, j := range s.needs[i] { // the last of the chain has the most prerequisites itself
			if len(s.needs[j]) > most {
				f.parent[i], most = j, len(s.needs[j])
			}
		}
		f.linked = f.linked || f.parent[i] >= 0
		depth[len(s.needs[i])] = append(depth[len(s.needs[i])], i)
	}
	for k := n; k >= 0; k-- {
		f.order = append(f.order, depth[k]...)
	}
	if !f.linked {
		return
	}
	low, high := 0.0, 0.0
	for i := range s.opts {
		high = max(high, s.gain[i]/s.cost[i])
	}
	for range 60 { // the bound is convex in the price; its slope is what is left of the budget
		f.price = (low + high) / 2
		f.bound(s)
		if f.spent(s) > s.budget.EUR {
			low = f.price
		} else {
			high = f.price
		}
	}
	f.price = high
	f.bound(s)
	s.complete()
}

// bound is the value that no completion of the decided options exceeds.
func (f *forest) bound(s *search) float64 {
	if !f.linked {
		return s.value + 1e300
	}
	for i := range f.sum {
		f.sum[i] = s.gain[i] - f.price*s.cost[i]
	}
	total := f.price * s.budget.EUR
	for _, i := range f.order {
		v := f.sum[i]
		switch s.state[i] {
		case out:
			continue
		case open:
			if v <= 0 {
				continue
			}
		}
		if p := f.parent[i]; p >= 0 && s.state[p] != out {
			f.sum[p] += v
		} else {
			total += v
		}
	}
	return total
}

// spent is the cost of the relaxed solution that bound found last, which it marks in picked.
func (f *forest) spent(s *search) float64 {
	cost := 0.0
	for k := len(f.order) - 1; k >= 0; k-- {
		i := f.order[k]
		f.picked[i] = s.state[i] == in || s.state[i] == open && f.sum[i] > 0 && (f.parent[i] < 0 || f.picked[f.parent[i]])
		if f.picked[i] {
			cost += s.cost[i]
		}
	}
	return cost
}

// complete makes a set of the relaxed solution, filled up by the ranking, and offers it.
func (s *search) complete() {
	s.forest.spent(s)
	taken := make([]bool, len(s.opts))
	cost, value := 0.0, 0.0
	try := func(i int) {
		if taken[i] || s.state[i] == out {
			return
		}
		more := s.cost[i]
		for _, j := range s.needs[i] {
			if !taken[j] {
				more += s.cost[j]
			}
		}
		if cost+more > s.budget.EUR {
			return
		}
		for _, j := range append([]int{i}, s.needs[i]...) {
			if !taken[j] {
				taken[j] = true
				cost, value = cost+s.cost[j], value+s.gain[j]
			}
		}
	}
	for i := range s.opts {
		if s.forest.picked[i] {
			try(i)
		}
	}
	for i := range s.opts {
		try(i)
	}
	var ids []string
	for i, t := range taken {
		if t {
			ids = append(ids, s.opts[i].ID)
		}
	}
	if s.keepsFloors(ids) {
		s.offer(value, cost, ids)
	}
}

// fix decides for good every option whose other decision could not lead to anything better than the best set known.
func (s *search) fix() {
	if !s.forest.linked || !s.found {
		return
	}
	for i := range s.opts {
		for _, v := range []int8{in, out} {
			if s.state[i] != open {
				break
			}
			mark := len(s.trail)
			hopeless := !s.decide(i, v, 0) || s.spent > s.budget.EUR || s.forest.bound(s) <= s.best+1e-9
			s.undo(mark, 0)
			if hopeless {
				s.decide(i, in+out-v, 0)
			}
		}
	}
}
