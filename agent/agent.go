// Package agent is the program on the recipient's host. One round of it reads from left to right: collect, assess, redact,
// spool, send. Measuring runs in a short-lived child, so that the daemon stays small; this file holds the round, daemon.go
// the loop around it, config.go what an administrator can set.
package agent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/internal/control"
	"github.com/vymir-project/vymir/agent/internal/memory"
	"github.com/vymir-project/vymir/agent/internal/osvscan"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/internal/uplink"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/collector"
	"github.com/vymir-project/vymir/policies/assessment"
)

// Measurement is what the measuring child hands to the daemon: what may leave this host, and nothing else.
type Measurement struct {
	Lean    []byte             `json:"lean,omitzero"`  // vymirv1.Assessment, redacted; empty in a build without a policy engine
	Facts   []byte             `json:"facts,omitzero"` // facts for the server to judge, packed; from a build without a policy engine only
	Severe  []uint32           `json:"severe"`         // numbers of failing controls of severity high and critical
	Summary assessment.Summary `json:"summary"`        // for status
	Problem string             `json:"problem"`        // with the policies a server sent; empty: none
}

// Measure collects, assesses and redacts. It runs in the child. The whole assessment stays on the host, for its
// administrator, in the state directory.
func Measure(ctx context.Context, c Config) (*Measurement, error) {
	memory.Release() // of starting
	runtime, why := control.Runtime(ctx, c.Socket)
	list, withoutList, listProblem := takeBanned(c)
	vulns, noVulns, vulnsProblem := takeVulns(ctx, c)
	doc, err := collector.Collect(ctx, collector.Options{
		Role: c.Role, Runtime: runtime, RuntimeReason: why, StateDir: c.collectorDir(), Banned: list, BannedReason: withoutList,
		Vulnerabilities: vulns, VulnerabilitiesReason: noVulns, AskDish: !c.Starlink.Disable, DishAddress: c.Starlink.Address,
	})
	if err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	DescribeSelf(doc, c)
	rememberDish(c, doc, time.Now())
	doc.Languages, doc.Families["languages"] = osvscan.Scan(ctx, c.osvscanOptions(), doc.MeasuredAt)
	memory.Release() // of collecting, before judging needs its own
	m, err := conclude(ctx, c, doc, c.Consent.Narrow(uplink.LoadState(c.StateDir).Withhold))
	if err != nil {
		return nil, err
	}
	m.Problem = joinProblems(joinProblems(m.Problem, vulnsProblem), listProblem)
	return m, nil
}

// joinProblems joins what is wrong; an empty part says nothing.
func joinProblems(a, b string) string { return strings.Trim(a+"; "+b, "; ") }

// keep puts a measurement into the outbox, unless it says what the newest one there (or the last delivered) says and that
// one is younger than unchanged_every. What has got worse by a severe control is urgent, and what the server asked for.
func keep(outbox *spool.Spool, m *Measurement, now time.Time, unchangedEvery time.Duration, asked bool) (sequence uint64, urgent bool, err error) {
	if len(m.Facts) > 0 {
		return keepFacts(outbox, m.Facts, now, unchangedEvery, asked)
	}
	next := &vymirv1.Assessment{}
	if err := proto.Unmarshal(m.Lean, next); err != nil {
		return 0, false, fmt.Errorf("read measurement: %w", err)
	}
	previous, at := newest(outbox)
	age := now.Sub(at)
	if previous != nil && !asked && same(previous, next) && age >= 0 && age < unchangedEvery {
		return 0, false, nil
	}
	payload, err := wire.Marshal(&vymirv1.Item{Body: &vymirv1.Item_Assessment{Assessment: next}})
	if err != nil {
		return 0, false, err
	}
	urgent = asked || worse(previous, m.Severe)
	sequence, err = outbox.Append(spool.Item{Kind: spool.State, Created: now, Urgent: urgent, Payload: payload})
	return sequence, urgent, err
}

// keepFacts puts facts into the outbox, unless the newest there (or the last delivered) are younger than unchangedEvery: what
// turned can only be told once they are judged.
func keepFacts(outbox *spool.Spool, facts []byte, now time.Time, unchangedEvery time.Duration, asked bool) (sequence uint64, urgent bool, err error) {
	last, ok := newestItem(outbox)
	if age := now.Sub(last.Created); ok && !asked && age >= 0 && age < unchangedEvery {
		return 0, false, nil
	}
	payload, err := wire.Marshal(&vymirv1.Item{Body: &vymirv1.Item_Facts{Facts: facts}})
	if err != nil {
		return 0, false, err
	}
	sequence, err = outbox.Append(spool.Item{Kind: spool.State, Created: now, Urgent: asked, Payload: payload})
	return sequence, asked, err
}

// newest gives the last assessment that was put into the outbox, waiting or delivered.
func newest(outbox *spool.Spool) (*vymirv1.Assessment, time.Time) {
	last, ok := newestItem(outbox)
	var it vymirv1.Item
	if !ok || proto.Unmarshal(last.Payload, &it) != nil {
		return nil, time.Time{}
	}
	return it.GetAssessment(), last.Created
}

// newestItem gives the last state that was put into the outbox, waiting or delivered.
func newestItem(outbox *spool.Spool) (last spool.Item, ok bool) {
	last, ok = outbox.Base()
	for _, it := range outbox.List() {
		if it.Kind == spool.State {
			if read, err := outbox.Read(it.Sequence); err == nil {
				last, ok = read, true
			}
		}
	}
	return last, ok
}

// same reports whether two assessments differ in nothing but when they were made.
func same(a, b *vymirv1.Assessment) bool {
	x, y := proto.CloneOf(a), proto.CloneOf(b)
	for _, m := range []*vymirv1.Assessment{x, y} {
		m.MeasuredMs, m.JudgedMs, m.DurationMs = 0, 0, 0
	}
	return proto.Equal(x, y)
}

// worse reports whether a control among severe did not fail in previous. A first assessment is no news.
func worse(previous *vymirv1.Assessment, severe []uint32) bool {
	if previous == nil {
		return false
	}
	failed := map[uint32]bool{}
	for _, r := range previous.Results {
		failed[r.Control] = r.Status == vymirv1.Status_STATUS_FAIL
	}
	for _, n := range severe {
		if !failed[n] {
			return true
		}
	}
	return false
}
