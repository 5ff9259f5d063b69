package catalogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/gap"
	"github.com/vymir-project/vymir/server/internal/store"
)

// An effect is verified when this many measurements after commissioning, on different days and this far apart, show
// at least this share of the findings closed while at least this share of the hosts is still measured.
const (
	verifyTimes    = 3
	verifySpan     = 7 * 24 * time.Hour
	verifyShare    = 0.8
	verifyCoverage = 0.8
	sustainedAfter = 180 * 24 * time.Hour
)

// Measurement is the gap behind a pledge at one time. It is the recipient's and the assessor's.
type Measurement struct {
	At       time.Time        `json:"at"`
	Findings int              `json:"findings"`                    // open, hosts times controls
	Measured int              `json:"measured_hosts"`              // the most of any control
	Newest   time.Time        `json:"newest_measured_at,omitzero"` // of the measurements this rests on
	Controls []ControlMeasure `json:"controls"`
}

// ControlMeasure is one control of a [Measurement], over the sites of the need.
type ControlMeasure struct {
	Control  string `json:"control"`
	Affected int    `json:"affected_hosts"`
	Measured int    `json:"measured_hosts"`
}

// Closed is the share of the findings of before that is closed in m, 0 to 1. Ok is false when nothing can be said:
// nothing was open before, or too few of the hosts are measured now, which must not look like success.
func (m Measurement) Closed(before Measurement) (share float64, ok bool) {
	if before.Findings == 0 || float64(m.Measured) < verifyCoverage*float64(before.Measured) {
		return 0, false
	}
	return max(0, float64(before.Findings-m.Findings)/float64(before.Findings)), true
}

// measureItems adds up what areas say of the controls and sites of the items.
func measureItems(at time.Time, areas []gap.Gap, items []item) Measurement {
	m := Measurement{At: at, Controls: []ControlMeasure{}}
	sites, controls := map[string]bool{}, map[string]bool{}
	for _, i := range items {
		for _, s := range i.Sites {
			sites[s] = true
		}
		for _, c := range i.Controls {
			controls[c] = true
		}
	}
	sums := map[string]ControlMeasure{}
	for _, g := range areas {
		if !sites[g.Site] {
			continue
		}
		for _, c := range g.Controls {
			if controls[c.Control] {
				if g.Newest.After(m.Newest) {
					m.Newest = g.Newest
				}
				s := sums[c.Control]
				sums[c.Control] = ControlMeasure{c.Control, s.Affected + c.Affected, s.Measured + c.Measured}
			}
		}
	}
	for _, c := range sums {
		m.Controls = append(m.Controls, c)
		m.Findings += c.Affected
		m.Measured = max(m.Measured, c.Measured)
	}
	slices.SortFunc(m.Controls, func(a, b ControlMeasure) int {
		if a.Control < b.Control {
			return -1
		}
		return 1
	})
	return m
}

// verifiable reports whether agents can measure the effect of at least one item.
func verifiable(items []item) bool {
	return slices.ContainsFunc(items, func(i item) bool { return i.Donor.Verifiable && len(i.Controls) > 0 })
}

// baseline measures the gap behind a pledge now, as JSON; "" when no control can show its effect.
func (s *Service) baseline(ctx context.Context, recipient, pledge string) (string, error) {
	d, err := s.derive(ctx, recipient, true)
	if err != nil {
		return "", err
	}
	var items []item
	err = s.st.View(ctx, func(tx *store.Tx) error {
		p, err := tx.Pledge(pledge)
		if err != nil {
			return err
		}
		items, err = basisOf(tx, p.ReleaseID)
		return err
	})
	if err != nil || !verifiable(items) {
		return "", err
	}
	data, err := json.Marshal(measureItems(s.now().UTC(), d.areas, items))
	return string(data), err
}

// Measure looks again at the gap behind every pledge that is committed or further, writes the measurement of the day,
// and moves pledges to verified, sustained or regressed where the measurements say so. It is called by the server's
// clock, once a day or after arrivals; calling it twice a day changes nothing. It returns how many pledges moved.
func (s *Service) Measure(ctx context.Context) (moved int, err error) {
	var all []store.Pledge
	if err := s.st.View(ctx, func(tx *store.Tx) (err error) { all, err = tx.Pledges(store.PledgeFilter{}); return err }); err != nil {
		return 0, err
	}
	byRecipient := map[string][]store.Pledge{}
	for _, p := range all {
		if p.Baseline != "" && p.State != Cancelled {
			byRecipient[p.RecipientID] = append(byRecipient[p.RecipientID], p)
		}
	}
	for recipient, pledges := range byRecipient {
		d, err := s.derive(ctx, recipient, true)
		if err != nil {
			return moved, err
		}
		for _, p := range pledges {
			did, err := s.measureOne(ctx, p.ID, d.areas)
			if err != nil {
				return moved, err
			}
			if did {
				moved++
			}
		}
	}
	return moved, nil
}

func (s *Service) measureOne(ctx context.Context, id string, areas []gap.Gap) (moved bool, err error) {
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		p, err := tx.LockPledge(id)
		if err != nil {
			return err
		}
		items, err := basisOf(tx, p.ReleaseID)
		if err != nil {
			return err
		}
		m := measureItems(s.now().UTC(), areas, items)
		body, err := json.Marshal(m)
		if err != nil {
			return fmt.Errorf("encode measurement: %w", err)
		}
		if err := tx.PutEffect(store.EffectRow{PledgeID: id, At: m.At, Body: string(body)}); err != nil {
			return fmt.Errorf("store measurement: %w", err)
		}
		before, list, err := measurements(tx, &p)
		if err != nil {
			return err
		}
		state := judge(p.State, p.Commissioned, p.Verified, before, list)
		if state == "" {
			return nil
		}
		moved = true
		return s.move(tx, access.Actor{UserID: "measurement"}, &p, state, map[string]any{"findings_before": before.Findings, "findings_now": m.Findings})
	})
	return moved, err
}

// judge says to which state the measurements move a pledge; "" is nowhere. List is oldest first.
func judge(state string, commissioned, verified time.Time, before Measurement, list []Measurement) string {
	last := list[len(list)-1]
	share, known := last.Closed(before)
	switch state {
	case Commissioned, Regressed:
		after := list[:0:0]
		var newest time.Time
		for _, m := range list {
			if !m.Newest.IsZero() && !m.Newest.After(newest) {
				continue // no host reported since: looking twice is not measuring twice
			}
			newest = m.Newest
			if closed, ok := m.Closed(before); ok && closed >= verifyShare && m.At.After(commissioned) {
				after = append(after, m)
			} else {
				after = after[:0]
			}
		}
		if len(after) >= verifyTimes && last.At.Sub(after[0].At) >= verifySpan {
			return Verified
		}
	case Verified, Sustained:
		if known && share < verifyShare {
			return Regressed
		}
		if state == Verified && known && last.At.Sub(verified) >= sustainedAfter {
			return Sustained
		}
	}
	return ""
}

func measurements(tx *store.Tx, p *store.Pledge) (before Measurement, list []Measurement, err error) {
	if err := json.Unmarshal([]byte(p.Baseline), &before); err != nil {
		return before, nil, fmt.Errorf("decode baseline: %w", err)
	}
	rows, err := tx.Effects(p.ID)
	if err != nil {
		return before, nil, fmt.Errorf("read measurements: %w", err)
	}
	for _, r := range rows {
		var m Measurement
		if err := json.Unmarshal([]byte(r.Body), &m); err != nil {
			return before, nil, fmt.Errorf("decode measurement: %w", err)
		}
		list = append(list, m)
	}
	return before, list, nil
}

// Effect is what a donor reads of what the help changed.
type Effect struct {
	Verifiable bool `json:"machine_verifiable"` // false: no control can show it
	Verified   bool `json:"verified"`           // see docs/spec/needs.md for the rule
	// ClosedPercent is the share of what was open at commitment and is closed now, in tens and never below 20 or above
	// 80 (a bound, not a figure, at both ends); 0 until commissioned.
	ClosedPercent      int `json:"closed_percent,omitzero"`
	DaysToCommissioned int `json:"days_to_commissioned,omitzero"` // from the pledge
}

func (s *Service) donorEffect(tx *store.Tx, p *store.Pledge) (*Effect, error) {
	if p.Commissioned.IsZero() {
		return nil, nil
	}
	e := &Effect{
		Verifiable: p.Baseline != "", Verified: p.State == Verified || p.State == Sustained,
		DaysToCommissioned: int(math.Ceil(p.Commissioned.Sub(p.Created).Hours() / 24)),
	}
	if !e.Verifiable {
		return e, nil
	}
	before, list, err := measurements(tx, p)
	if err != nil || len(list) == 0 {
		return e, err
	}
	if share, ok := list[len(list)-1].Closed(before); ok {
		e.ClosedPercent = clip(share)
	}
	return e, nil
}

// clip turns a share into tens of a per cent between 20 and 80.
func clip(share float64) int { return min(80, max(20, int(math.Round(share*10))*10)) }

// EffectReport is the full effect of one pledge, for the recipient and the assessor.
type EffectReport struct {
	Pledge        store.Pledge
	Text          DonorNeed // what was funded
	Verifiable    bool
	Before        Measurement   // at commitment
	After         []Measurement // by day, oldest first
	ClosedPercent float64       // of the newest measurement; -1: nothing can be said
	// EURPerFinding is the amount divided by the findings closed; 0 when none is, and until the help is in use.
	EURPerFinding      float64
	DaysToCommissioned int // -1: not commissioned
	Events             []store.PledgeEvent
}

// Effects reports on every pledge to a recipient that is committed or further, oldest first.
func (s *Service) Effects(ctx context.Context, a access.Actor, recipient string) ([]EffectReport, error) {
	if err := may(a, access.EffectRead, recipient); err != nil {
		return nil, err
	}
	out := []EffectReport{}
	err := s.st.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Pledges(store.PledgeFilter{Recipient: recipient})
		if err != nil {
			return err
		}
		for _, p := range rows {
			if p.Committed.IsZero() {
				continue
			}
			r, err := s.report(tx, p)
			if err != nil {
				return err
			}
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

func (s *Service) report(tx *store.Tx, p store.Pledge) (EffectReport, error) {
	r := EffectReport{Pledge: p, ClosedPercent: -1, DaysToCommissioned: -1, Verifiable: p.Baseline != ""}
	row, err := tx.Release(p.ReleaseID)
	if err != nil {
		return r, fmt.Errorf("read release: %w", err)
	}
	if err := json.Unmarshal([]byte(row.Text), &r.Text); err != nil {
		return r, fmt.Errorf("decode text: %w", err)
	}
	if r.Events, err = tx.PledgeEvents(p.ID); err != nil {
		return r, fmt.Errorf("read events: %w", err)
	}
	if !p.Commissioned.IsZero() {
		r.DaysToCommissioned = int(math.Ceil(p.Commissioned.Sub(p.Created).Hours() / 24))
	}
	if !r.Verifiable {
		return r, nil
	}
	if r.Before, r.After, err = measurements(tx, &p); err != nil || len(r.After) == 0 {
		return r, err
	}
	last := r.After[len(r.After)-1]
	if share, ok := last.Closed(r.Before); ok {
		r.ClosedPercent = math.Round(share*1000) / 10
		if closed := r.Before.Findings - last.Findings; closed > 0 && !p.Commissioned.IsZero() { // before, it was not the help
			r.EURPerFinding = math.Round(p.AmountEUR/float64(closed)*100) / 100
		}
	}
	return r, nil
}

// Tick is the service's share of the server's clock: it keeps the state of all recipients derived, so that no page
// waits for it, and measures effects once a day. Several processes may call it; one of them measures.
func (s *Service) Tick(ctx context.Context) error {
	if _, err := s.derive(ctx, "", false); err != nil {
		return fmt.Errorf("derive needs: %w", err)
	}
	mine := false
	err := s.st.Tx(ctx, func(tx *store.Tx) error {
		today := s.now().UTC().Format(time.DateOnly)
		last, err := tx.Setting("effects_measured_on")
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		mine = last != today
		return tx.PutSetting("effects_measured_on", today)
	})
	if err != nil || !mine {
		return err
	}
	_, err = s.Measure(ctx)
	return err
}
