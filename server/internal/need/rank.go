package need

import (
	"cmp"
	"slices"
)

// rank orders the needs: duties of law first, then urgency, then needs of known size, then points per
// thousand euro; then it computes what
// each adds to the better ranked ones of the same recipient.
func (r *Run) rank() {
	slices.SortFunc(r.Needs, func(a, b Need) int {
		return cmp.Or(
			-compareBool(a.Legal, b.Legal),
			cmp.Compare(b.Urgency.Rank(), a.Urgency.Rank()),
			compareBool(a.SizeUnknown, b.SizeUnknown),
			cmp.Compare(b.PerThousand.Mid, a.PerThousand.Mid),
			cmp.Compare(a.ID, b.ID),
		)
	})
	left := residual{}
	for i := range r.Needs {
		r.Needs[i].Rank = i + 1
		r.Needs[i].Added = r.take(left, &r.Needs[i])
	}
}

// residual holds, per control of a gap, the share of its points that is left: low for the careful effects, and so on.
type residual map[[2]int]Interval

// take lets a need work on what is left and returns the points it removed.
func (r *Run) take(left residual, n *Need) Interval {
	var got Interval
	w := &r.in.Weights
	for _, t := range n.terms {
		k := [2]int{t.gap, t.control}
		rest, ok := left[k]
		if !ok {
			rest = Interval{1, 1, 1}
		}
		g := &r.in.Gaps[t.gap]
		p := points(w, r.recipient(n.Recipient), g, &g.Controls[t.control])
		got.Low += p * rest.Low * t.effect.Low
		got.Mid += p * rest.Mid * t.effect.Mid
		got.High += p * rest.High * t.effect.High
		left[k] = Interval{rest.Low * (1 - t.effect.Low), rest.Mid * (1 - t.effect.Mid), rest.High * (1 - t.effect.High)}
	}
	return got.round()
}

func (r *Run) recipient(id string) Recipient {
	i, ok := slices.BinarySearchFunc(r.in.Recipients, id, func(x Recipient, id string) int { return cmp.Compare(x.ID, id) })
	if !ok {
		return Recipient{ID: id}
	}
	return r.in.Recipients[i]
}

// Together is the benefit of several needs as a set: what is left of each control is the product of (1 - effect) over
// all of them, so that nothing is counted twice. Unknown ids count nothing.
func (r *Run) Together(ids ...string) Interval {
	left := residual{}
	var sum Interval
	for i := range r.Needs {
		if slices.Contains(ids, r.Needs[i].ID) {
			got := r.take(left, &r.Needs[i])
			sum = Interval{sum.Low + got.Low, sum.Mid + got.Mid, sum.High + got.High}
		}
	}
	return sum.round()
}
