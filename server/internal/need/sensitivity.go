package need

import (
	"container/heap"
	"math/rand/v2"

	"github.com/vymir-project/vymir/policies/assessment"
)

// Sensitivity says how stable the top of the ranking is when the weights are a little wrong.
type Sensitivity struct {
	Draws  int     `json:"draws"`  // 0: 1000
	Spread float64 `json:"spread"` // each weight is drawn from 1-Spread to 1+Spread times itself; 0: 0.2
	Seed   uint64  `json:"seed"`   // equal seeds give equal answers
	Top    int     `json:"top"`    // size of the top set; 0: 10
}

// Stability draws the weights anew and returns, for every need that was ever in the top set, the share of draws in
// which it was (0 to 1). Recipient narrows the ranking to one recipient; empty means all.
func (r *Run) Stability(s Sensitivity, recipient string) map[string]float64 {
	if s.Draws == 0 {
		s.Draws = 1000
	}
	if s.Spread == 0 {
		s.Spread = 0.2
	}
	if s.Top == 0 {
		s.Top = 10
	}
	severities := []assessment.Severity{assessment.Info, assessment.Low, assessment.Medium, assessment.High, assessment.Critical}
	crits := keys(r.in.Weights.Criticality)
	cands := r.candidates(recipient, severities, crits)
	rng := rand.New(rand.NewPCG(s.Seed, s.Seed^0x9e3779b97f4a7c15))
	hits := make([]int, len(cands))
	top := make(topSet, 0, s.Top+1)
	for range s.Draws {
		var w [5]float64
		for i, sev := range severities {
			w[i] = r.in.Weights.Severity[sev] * s.draw(rng)
		}
		factor := make([]float64, len(crits))
		for i, c := range crits {
			factor[i] = r.in.Weights.Criticality[c] * s.draw(rng)
		}
		top = top[:0]
		for i := range cands {
			c := &cands[i]
			score := 0.0
			for k := range w {
				score += w[k] * c.bySeverity[k]
			}
			top.offer(scored{class: c.class, score: score * factor[c.criticality], index: i}, s.Top)
		}
		for _, t := range top {
			hits[t.index]++
		}
	}
	out := map[string]float64{}
	for i, n := range hits {
		if n > 0 {
			out[cands[i].id] = float64(n) / float64(s.Draws)
		}
	}
	return out
}

func (s Sensitivity) draw(rng *rand.Rand) float64 { return 1 - s.Spread + 2*s.Spread*rng.Float64() }

type candidate struct {
	id          string
	class       int // gate, urgency and whether the size is known, which weights do not move
	criticality int
	bySeverity  [5]float64 // middle benefit per thousand euro, before the severity's weight and the criticality
}

func (r *Run) candidates(recipient string, severities []assessment.Severity, crits []string) []candidate {
	var out []candidate
	for i := range r.Needs {
		n := &r.Needs[i]
		if recipient != "" && n.Recipient != recipient {
			continue
		}
		c := candidate{id: n.ID, class: 2 * n.Urgency.Rank()}
		if n.Legal {
			c.class += 10
		}
		if !n.SizeUnknown {
			c.class++
		}
		category := r.recipient(n.Recipient).Criticality
		for k, name := range crits {
			if name == category {
				c.criticality = k
			}
		}
		n.each(func(t *term, effect Interval) {
			ctl := &r.in.Gaps[t.gap].Controls[t.control]
			for k, sev := range severities {
				if sev == ctl.Severity {
					c.bySeverity[k] += ctl.Share() * Reach(ctl.Affected) * effect.Mid * 1000 / n.Cost.Mid()
				}
			}
		})
		out = append(out, c)
	}
	return out
}

type scored struct {
	class, index int
	score        float64
}

func (a scored) below(b scored) bool {
	if a.class != b.class {
		return a.class < b.class
	}
	if a.score != b.score {
		return a.score < b.score
	}
	return a.index > b.index
}

// topSet is a heap with the least of the best on top.
type topSet []scored

func (t *topSet) offer(s scored, limit int) {
	if len(*t) < limit {
		heap.Push(t, s)
		return
	}
	if (*t)[0].below(s) {
		(*t)[0] = s
		heap.Fix(t, 0)
	}
}

// Len, Less, Swap, Push and Pop implement [heap.Interface].
func (t topSet) Len() int           { return len(t) }
func (t topSet) Less(i, j int) bool { return t[i].below(t[j]) }
func (t topSet) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *topSet) Push(x any)        { *t = append(*t, x.(scored)) }
func (t *topSet) Pop() any {
	old := *t
	x := old[len(old)-1]
	*t = old[:len(old)-1]
	return x
}
