package catalogue

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/gap"
	"github.com/vymir-project/vymir/server/internal/need"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Gaps derives the open gaps of a recipient ("" for every one that is the actor's to see) as of now.
func (s *Service) Gaps(ctx context.Context, a access.Actor, recipient string) ([]gap.Gap, error) {
	ids, err := scope(a, access.GapsRead, recipient)
	if err != nil {
		return nil, err
	}
	var out []gap.Gap
	for _, id := range ids {
		d, err := s.derive(ctx, id, false)
		if err != nil {
			return nil, err
		}
		out = append(out, d.gaps...)
	}
	return out, nil
}

// Needs derives the needs of a recipient ("" for every one that is the actor's to see, ranked together) as of now.
func (s *Service) Needs(ctx context.Context, a access.Actor, recipient string) (*need.Run, error) {
	ids, err := scope(a, access.NeedsRead, recipient)
	if err != nil {
		return nil, err
	}
	return s.compute(ctx, ids)
}

// Run derives the needs of a recipient, or of all with "", and asks nobody: it is for the operator's command line.
// What it returns is shared; do not change it.
func (s *Service) Run(ctx context.Context, recipient string) (*need.Run, []gap.Gap, error) {
	d, err := s.derive(ctx, recipient, false)
	if err != nil {
		return nil, nil, err
	}
	return d.run, d.gaps, nil
}

// derived is everything that follows from what is measured at a recipient. It is shared and not changed.
type derived struct {
	version string
	made    time.Time     // by the machine's clock
	cost    time.Duration // of making it
	areas   []gap.Gap
	gaps    []gap.Gap
	run     *need.Run
}

// slot holds the derived state of one recipient; its lock keeps two from deriving the same at once.
type slot struct {
	sync.Mutex
	d *derived
}

// A derived state that took longer than dear to make is used for patience times as long before anybody looks whether
// something changed: deriving takes at most a share of 1/patience of one processor, however often pages ask. Exact
// asks for what is true now.
const (
	dear     = 250 * time.Millisecond
	patience = 20
)

// derive returns the derived state of a recipient ("" for all together), made anew when something arrived or was
// decided since, and every hour, as waivers end.
func (s *Service) derive(ctx context.Context, recipient string, exact bool) (*derived, error) {
	v, _ := s.slots.LoadOrStore(recipient, &slot{})
	place := v.(*slot)
	place.Lock()
	defer place.Unlock()
	if d := place.d; d != nil && !exact && d.cost > dear && time.Since(d.made) < patience*d.cost {
		return d, nil
	}
	var version string
	err := s.st.View(ctx, func(tx *store.Tx) (err error) { version, err = tx.MeasuredVersion(recipient); return err })
	if err != nil {
		return nil, fmt.Errorf("look for changes: %w", err)
	}
	version += s.now().UTC().Format(" 2006-01-02T15")
	if place.d != nil && place.d.version == version {
		return place.d, nil
	}
	start := time.Now()
	b, skills, in, err := s.gather(ctx, recipient)
	if err != nil {
		return nil, err
	}
	d := &derived{version: version, areas: append(b.Areas(), skills...), gaps: append(b.Gaps(), skills...)}
	gap.Sort(d.gaps)
	in.Gaps = d.gaps
	if d.run, err = need.Compute(in); err != nil {
		return nil, err
	}
	d.made = time.Now()
	d.cost = d.made.Sub(start)
	place.d = d
	return d, nil
}

func (s *Service) compute(ctx context.Context, ids []string) (*need.Run, error) {
	if len(ids) == 1 {
		r, _, err := s.Run(ctx, ids[0])
		return r, err
	}
	// Several recipients, yet not all: the run is made of everything and cut afterwards, so that ranks compare.
	r, _, err := s.Run(ctx, "")
	if err != nil {
		return nil, err
	}
	mine := map[string]bool{}
	for _, id := range ids {
		mine[id] = true
	}
	return r.Only(func(n *need.Need) bool { return mine[n.Recipient] }), nil
}

// scope turns a wish for a recipient into ids; [""] stands for all.
func scope(a access.Actor, action access.Action, recipient string) ([]string, error) {
	ids, all := access.Recipients(a, action)
	switch {
	case recipient != "" && !access.Can(a, action, access.Object{Recipient: recipient}):
		return nil, store.ErrNotFound
	case recipient != "":
		return []string{recipient}, nil
	case all:
		return []string{""}, nil
	}
	return ids, nil
}

// state is what is known of recipients at one time.
type state struct {
	at       time.Time
	hosts    []store.Host
	controls []store.ResultState  // every control that has a result, with its capability and severity
	results  []store.ResultState  // host by host; nil where they are read one host at a time
	findings []store.FindingState // open ones
	profiles []store.Profile
	orgs     []store.Recipient
	shapes   []need.Shape // as they were then
	lost     []need.Lost  // help whose effect was lost by then
}

// gather reads hosts, results and findings of a recipient ("" for all) and counts them; skills are the gaps that
// patterns in them leave.
func (s *Service) gather(ctx context.Context, recipient string) (b *gap.Builder, skills []gap.Gap, in need.Input, err error) {
	w := state{at: s.now().UTC().Truncate(time.Second)}
	err = s.st.View(ctx, func(tx *store.Tx) (err error) {
		if w.hosts, err = tx.Hosts(recipient, "", 0); err != nil {
			return fmt.Errorf("read hosts: %w", err)
		}
		if w.controls, err = tx.MeasuredControls(); err != nil {
			return fmt.Errorf("read controls: %w", err)
		}
		if w.findings, err = tx.OpenStates(recipient, w.at); err != nil {
			return fmt.Errorf("read findings: %w", err)
		}
		if err := w.sizes(tx, recipient); err != nil {
			return err
		}
		b, skills, in, err = s.count(recipient, &w, func(f func(string, []store.ResultState) error) error { return tx.EachResults(recipient, f) })
		return err
	})
	return b, skills, in, err
}

// sizes reads what recipients state of themselves.
func (w *state) sizes(tx *store.Tx, recipient string) (err error) {
	if w.profiles, err = tx.Profiles(recipient); err != nil {
		return fmt.Errorf("read profiles: %w", err)
	}
	rows, err := tx.ShapesAt(recipient, w.at.Add(time.Second)) // the time is cut to whole seconds
	if err != nil {
		return fmt.Errorf("read shapes: %w", err)
	}
	for _, row := range rows {
		v, err := decodeShape(row)
		if err != nil {
			return err
		}
		w.shapes = append(w.shapes, v)
	}
	if w.lost, err = lost(tx, recipient, w.at); err != nil {
		return err
	}
	w.orgs, err = tx.Recipients()
	return err
}

// lost lists the help for a recipient ("" for all) whose verified effect was lost by a time and not verified again since.
func lost(tx *store.Tx, recipient string, at time.Time) ([]need.Lost, error) {
	pledges, err := tx.Pledges(store.PledgeFilter{Recipient: recipient})
	if err != nil {
		return nil, fmt.Errorf("read pledges: %w", err)
	}
	var out []need.Lost
	for _, p := range pledges {
		if p.Verified.IsZero() {
			continue
		}
		events, err := tx.PledgeEvents(p.ID)
		if err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		var l need.Lost
		for _, e := range events {
			switch {
			case e.At.After(at.Add(time.Second)): // the time is cut to whole seconds
			case e.Event == Verified:
				l = need.Lost{Recipient: p.RecipientID, Pledge: p.ID, Verified: e.At}
			case e.Event == Regressed:
				l.At = e.At
			}
		}
		if l.At.IsZero() {
			continue
		}
		items, err := basisOf(tx, p.ReleaseID)
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			l.Need = i.Key
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b need.Lost) int { return a.At.Compare(b.At) })
	return out, nil
}

// count is the pure part of deriving: from a state to gaps and the input of needs. each gives the results host by host, so
// that those of all hosts need not be held at once.
func (s *Service) count(recipient string, w *state, each func(f func(host string, results []store.ResultState) error) error) (*gap.Builder, []gap.Gap, need.Input, error) {
	in := need.Input{AsOf: w.at, Remedies: s.set, Weights: s.weights, Shapes: w.shapes, Lost: w.lost}
	known := map[string]store.Profile{}
	for _, p := range w.profiles {
		known[p.RecipientID] = p
	}
	options := gap.Options{AsOf: w.at, SSVC: s.set.SSVC, Controls: s.controls(w.controls)}
	for _, o := range w.orgs {
		if recipient != "" && o.ID != recipient {
			continue
		}
		p := known[o.ID]
		in.Recipients = append(in.Recipients, need.Recipient{ID: o.ID, Criticality: p.Criticality, Users: p.Users, Admins: p.Admins})
		options.Recipients = append(options.Recipients, gap.Recipient{ID: o.ID, Impact: s.weights.ImpactOf(p.Criticality)})
	}
	b := gap.New(options)
	if err := w.count(b, each); err != nil {
		return nil, nil, in, fmt.Errorf("read results: %w", err)
	}
	var history []gap.History
	for i := range w.findings {
		if f := &w.findings[i]; f.Counts {
			history = append(history, gap.History{Host: f.HostID, Control: f.Control, Severity: f.Severity, Opened: f.Opened, Reopens: f.Reopens, Handled: f.Handled})
		}
	}
	return b, b.Skills(history), in, nil
}

// controls lists the controls behind results, as the agents' bundles declared them.
func (s *Service) controls(results []store.ResultState) []gap.Control {
	seen := map[string]bool{}
	var out []gap.Control
	for _, r := range results {
		if !seen[r.Control] {
			seen[r.Control] = true
			out = append(out, s.weights.Control(r.Control, r.Capability, r.Severity))
		}
	}
	return out
}

// count adds every host that is not revoked, with its results and what assessors said of them.
func (w *state) count(b *gap.Builder, each func(f func(host string, results []store.ResultState) error) error) error {
	findings := make(map[string][]*store.FindingState, len(w.hosts))
	for i := range w.findings {
		f := &w.findings[i]
		findings[f.HostID] = append(findings[f.HostID], f)
	}
	hosts := make(map[string]*store.Host, len(w.hosts))
	for i := range w.hosts {
		if h := &w.hosts[i]; h.Revoked.IsZero() {
			hosts[h.ID] = h
		}
	}
	add := func(h *store.Host, results []gap.Result) {
		b.Add(gap.Host{ID: h.ID, Recipient: h.RecipientID, Site: h.SiteID, Role: h.Role, Exposure: remedies.Exposure(h.Exposure), LastMeasured: h.Measured}, results)
	}
	var page []gap.Result
	err := each(func(host string, results []store.ResultState) error {
		h := hosts[host]
		if h == nil {
			return nil
		}
		delete(hosts, host)
		page = page[:0]
		for i := range results {
			page = append(page, reviewed(&results[i], findings[host]))
		}
		gap.Exploited(page)
		add(h, page)
		return nil
	})
	for i := range w.hosts { // those without results
		if h := &w.hosts[i]; hosts[h.ID] == h {
			add(h, nil)
		}
	}
	return err
}

// reviewed is a result with what its finding says of it.
func reviewed(r *store.ResultState, findings []*store.FindingState) gap.Result {
	g := gap.Result{Control: r.Control, Status: r.Status, Since: r.Since}
	if r.Status != assessment.Fail {
		return g
	}
	for _, f := range findings {
		if f.Control != r.Control {
			continue
		}
		g.Waived = !f.Counts
		if !f.Opened.IsZero() {
			g.Since = f.Opened
		}
		if !f.Reopened.IsZero() {
			g.Since = f.Reopened
		}
	}
	return g
}
