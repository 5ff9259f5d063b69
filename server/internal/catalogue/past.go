package catalogue

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/gap"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Past is what would have been derived at a time, from the results and decisions of then and the remedies, weights and
// profiles of now. As long as the history of that time is kept, the same time gives the same bytes and the same run id,
// unless a report that was measured before it arrives later.
type Past struct {
	At   time.Time `json:"at"`
	Gaps []gap.Gap `json:"gaps"`
	Run  *need.Run `json:"needs"`
}

// Past derives the gaps and needs of a recipient ("" for every one that is the actor's to see) as of a time that lies
// behind.
func (s *Service) Past(ctx context.Context, a access.Actor, recipient string, at time.Time) (Past, error) {
	ids, err := scope(a, access.NeedsRead, recipient)
	if err != nil {
		return Past{}, err
	}
	if at.After(s.now()) {
		return Past{}, ErrUntil
	}
	id := ""
	if len(ids) == 1 {
		id = ids[0]
	}
	w := state{at: at.UTC().Truncate(time.Second)}
	if err := s.st.View(ctx, func(tx *store.Tx) error { return w.before(tx, id) }); err != nil {
		return Past{}, fmt.Errorf("read the past: %w", err)
	}
	b, skills, in, err := s.count(id, &w, w.each)
	if err != nil {
		return Past{}, err
	}
	out := Past{At: w.at, Gaps: append(b.Gaps(), skills...)}
	gap.Sort(out.Gaps)
	in.Gaps = out.Gaps
	if out.Run, err = need.Compute(in); err != nil {
		return Past{}, err
	}
	if len(ids) > 1 {
		mine := map[string]bool{}
		for _, id := range ids {
			mine[id] = true
		}
		out.Run = out.Run.Only(func(n *need.Need) bool { return mine[n.Recipient] })
		kept := out.Gaps[:0:0]
		for _, g := range out.Gaps {
			if mine[g.Recipient] {
				kept = append(kept, g)
			}
		}
		out.Gaps = kept
	}
	return out, nil
}

// before reads the state of w.at.
func (w *state) before(tx *store.Tx, recipient string) error {
	err := tx.EachHostAt(recipient, w.at, func(h store.Host, results []store.Result) error {
		h.Revoked = time.Time{} // it was not, then
		w.hosts = append(w.hosts, h)
		for _, r := range results {
			w.results = append(w.results, store.ResultState{HostID: r.HostID, Control: r.Control, Status: r.Status, Severity: r.Severity, Capability: r.Capability, Since: r.Since})
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.controls = w.results
	findings, err := tx.FindingsAt(recipient, w.at)
	if err != nil {
		return err
	}
	for i := range findings {
		w.findings = append(w.findings, findings[i].Brief(w.at))
	}
	return w.sizes(tx, recipient)
}

// each gives the results that were read, host by host.
func (w *state) each(f func(host string, results []store.ResultState) error) error {
	for rest := w.results; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].HostID == rest[0].HostID {
			n++
		}
		if err := f(rest[0].HostID, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// TrendPoint is how a recipient stood at a time. Coverage stands beside the findings, so that hosts that fell silent do
// not look like success.
type TrendPoint struct {
	At       time.Time `json:"at"`
	Known    int       `json:"known_hosts"`
	Measured int       `json:"measured_hosts"` // within the month before
	Open     int       `json:"open_findings"`  // that count: neither waived nor false
	Severe   int       `json:"severe_findings"`
	Opened   int       `json:"opened"`   // since the point before, reopened ones included
	Closed   int       `json:"closed"`   // since the point before: mended, or the control no longer applies
	Reopened int       `json:"reopened"` // of the opened ones, those that failed before
}

// trend holds how a recipient stood at the times last asked for; its lock keeps two from deriving the same at once. The
// points are shared and not changed.
type trend struct {
	sync.Mutex
	version string
	points  []TrendPoint
}

// Trend tells how a recipient stood at each of the times, which ascend. What was derived is used until something arrives or
// is decided; times of one hour are one time then, as waivers end by the hour. The points are shared: do not change them.
func (s *Service) Trend(ctx context.Context, a access.Actor, recipient string, at []time.Time) ([]TrendPoint, error) {
	if err := may(a, access.GapsRead, recipient); err != nil {
		return nil, err
	}
	if len(at) == 0 {
		return nil, nil
	}
	v, _ := s.trends.LoadOrStore(fmt.Sprintf("%s %d", recipient, len(at)), &trend{})
	place := v.(*trend)
	place.Lock()
	defer place.Unlock()
	err := s.st.View(ctx, func(tx *store.Tx) error {
		version, err := tx.MeasuredVersion(recipient)
		if err != nil {
			return fmt.Errorf("look for changes: %w", err)
		}
		for _, t := range at {
			version += t.UTC().Format(" 2006-01-02T15")
		}
		if version == place.version {
			return nil
		}
		points, err := trendOf(tx, recipient, at)
		if err == nil {
			place.version, place.points = version, points
		}
		return err
	})
	return place.points, err
}

// trendOf reads how a recipient stood at each of the times.
func trendOf(tx *store.Tx, recipient string, at []time.Time) ([]TrendPoint, error) {
	findings, err := tx.FindingsOver(recipient, at)
	if err != nil {
		return nil, err
	}
	out, before := make([]TrendPoint, 0, len(at)), map[string]bool{}
	for i, t := range at {
		hosts, err := tx.HostsAt(recipient, t)
		if err != nil {
			return nil, err
		}
		p, open := point(t, hosts, findings[i])
		for id, f := range open {
			if i > 0 && !before[id] {
				p.Opened++
				if f.Reopens > 0 {
					p.Reopened++
				}
			}
		}
		for id := range before {
			if _, still := open[id]; !still {
				p.Closed++
			}
		}
		clear(before)
		for id := range open {
			before[id] = true
		}
		out = append(out, p)
	}
	return out, nil
}

// point is how hosts and open findings stood at a time.
func point(at time.Time, hosts []store.Host, findings []store.Finding) (TrendPoint, map[string]*store.Finding) {
	p, open := TrendPoint{At: at, Known: len(hosts)}, map[string]*store.Finding{}
	for _, h := range hosts {
		if !h.Measured.IsZero() && at.Sub(h.Measured) <= gap.DefaultFreshness {
			p.Measured++
		}
	}
	for i := range findings {
		f := &findings[i]
		open[f.ID] = f
		if f.Counts(at) {
			p.Open++
			if f.Severity.Rank() >= assessment.High.Rank() {
				p.Severe++
			}
		}
	}
	return p, open
}

// Stability draws the weights a thousand times anew, with a fixed seed, and tells for each need of a recipient ("" for
// every one that is the actor's to see) how often it stays among the first ten.
func (s *Service) Stability(ctx context.Context, a access.Actor, recipient string, how need.Sensitivity) (*need.Run, map[string]float64, error) {
	run, err := s.Needs(ctx, a, recipient)
	if err != nil {
		return nil, nil, err
	}
	return run, run.Stability(how, recipient), nil
}
