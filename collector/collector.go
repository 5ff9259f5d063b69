package collector

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/banned"
	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/host"
	"github.com/vymir-project/vymir/collector/internal/starlink"
	"github.com/vymir-project/vymir/collector/vulnindex"
)

// familyTimeout bounds one family. A family that does not come back (a dead network file system below a path it looks
// at) is given up and reported as an error; the others go on.
const familyTimeout = 60 * time.Second

// Options say what to measure. The zero value measures every family of the live host, now.
type Options struct {
	Root          string         // "" or "/": the live host; else a directory, live halves off, never read outside it
	Role          string         // server, workstation or appliance; "": found from the facts
	Now           time.Time      // zero: time.Now()
	Families      []string       // names as in [Families]; nil: all
	Runtime       *facts.Runtime // from the probes of a running daemon; nil: none available
	RuntimeReason string         // why Runtime is nil
	StateDir      string         // where incremental work (walks, hashes) is remembered; "": nothing is remembered

	Vulnerabilities       *vulnindex.Index // the index of this host's release; nil: none, and vulnerabilities are unmeasured
	VulnerabilitiesReason string           // why Vulnerabilities is nil

	Banned       *banned.List // software that must not be used; nil: none, and forbidden software is unmeasured
	BannedReason string       // why Banned is nil

	AskDish     bool           // ask a Starlink dish on the local network, once; false: that family is unmeasured
	DishAddress netip.AddrPort // of the dish; zero: where every dish answers, and only over a way that can lead to one

	proc string // tests: a directory that stands for / in reads of /proc and /sys, and makes the root live
}

// Families lists the names of all families in the order they are measured.
func Families() []string {
	var names []string
	for _, f := range all() {
		names = append(names, f.Name)
	}
	return append(names, runtimeFamily)
}

const runtimeFamily = "runtime"

// Collect measures the host. It returns an error only when nothing could be measured at all: the root cannot be opened,
// a family name is unknown, or ctx ended. What a family could not read is in its status in the document.
//
// Collect may be called by several goroutines at once as long as their StateDir differs.
func Collect(ctx context.Context, o Options) (*facts.Document, error) {
	if err := checkFamilies(o.Families); err != nil {
		return nil, err
	}
	start := time.Now()
	now := o.Now
	if now.IsZero() {
		now = start
	}
	env, err := host.Open(host.Options{Root: o.Root, Now: now.UTC(), StateDir: o.StateDir, Proc: o.proc, Vulns: o.Vulnerabilities, VulnsReason: o.VulnerabilitiesReason, Banned: o.Banned, BannedReason: o.BannedReason, Dish: o.dish()})
	if err != nil {
		return nil, fmt.Errorf("open root: %w", err)
	}
	abandoned := false
	defer func() {
		if !abandoned { // a family that was given up may still hold the root
			env.Close()
		}
	}()

	doc := &facts.Document{
		Schema:     facts.Schema,
		MeasuredAt: env.Now,
		Root:       env.Root,
		Live:       env.Live,
		Privileged: env.Privileged,
		Families:   map[string]facts.Status{},
	}
	if wanted(o.Families, runtimeFamily) {
		doc.Runtime = o.Runtime // families may read it
	}
	for _, f := range all() {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("collect %s: %w", f.Name, err)
		}
		if wanted(o.Families, f.Name) {
			st, left := run(ctx, f, env, doc)
			doc.Families[f.Name] = st
			abandoned = abandoned || left
		}
	}
	if wanted(o.Families, runtimeFamily) {
		doc.Families[runtimeFamily] = runtimeStatus(o, env)
		countPeers(doc)
	}
	host.Identify(env, doc, o.Role)
	doc.DurationSeconds = time.Since(start).Seconds()
	return doc, nil
}

// dish says which dish is asked; nil: none.
func (o Options) dish() *starlink.Dish {
	if !o.AskDish || !wanted(o.Families, "starlink") {
		return nil
	}
	return &starlink.Dish{Address: o.DishAddress}
}

// DishCosts reports whether what a dish said means that its link costs by the byte, or soon will: it says so itself, or the data that were
// paid for are used up. nil: no dish, nothing said.
func DishCosts(s *facts.Starlink) bool {
	return s != nil && s.Present && (s.Metered != nil && *s.Metered || s.Restricted == starlink.Overage || s.Disabled == starlink.DataOverage)
}

// Towards gives the interface by which an address (host:port) would be reached; nil: there is none, or it is not known. Nothing is sent.
func Towards(address string) *net.Interface { return starlink.Towards(address) }

func checkFamilies(names []string) error {
	known := Families()
	for _, n := range names {
		if !slices.Contains(known, n) {
			return fmt.Errorf("unknown fact family %q, one of %s", n, strings.Join(known, ", "))
		}
	}
	return nil
}

func wanted(names []string, name string) bool {
	return names == nil || slices.Contains(names, name)
}

func runtimeStatus(o Options, env *host.Env) facts.Status {
	switch {
	case o.Runtime != nil:
		return facts.Status{State: facts.StateOK}
	case !env.Live:
		return facts.Status{State: facts.StateUnmeasured, Reason: "needs the running system"}
	case o.RuntimeReason != "":
		return facts.Status{State: facts.StateUnmeasured, Reason: o.RuntimeReason}
	}
	return facts.Status{State: facts.StateUnmeasured, Reason: "no probes are running"}
}

// run measures one family on a copy of the document and takes the copy over when the family is done. A family that
// panics or does not end in time leaves no trace but its status; in the second case its goroutine is abandoned, for a
// thread stuck in the kernel cannot be called back.
func run(ctx context.Context, f host.Family, env *host.Env, doc *facts.Document) (st facts.Status, abandoned bool) {
	ctx, cancel := context.WithTimeout(ctx, familyTimeout)
	defer cancel()
	scratch := *doc
	scratch.Families = nil
	scratch.Drift = slices.Clip(scratch.Drift)

	start := time.Now()
	done := make(chan facts.Status, 1)
	go func() {
		done <- guard(ctx, f, env, &scratch)
	}()
	select {
	case st = <-done:
		if st.State != facts.StateError {
			families := doc.Families
			*doc = scratch
			doc.Families = families
		}
	case <-ctx.Done():
		st, abandoned = facts.Status{State: facts.StateError, Reason: "given up: " + ctx.Err().Error()}, true
	}
	st.DurationSeconds = time.Since(start).Seconds()
	return st, abandoned
}

// guard turns a panic of a family into its status.
func guard(ctx context.Context, f host.Family, env *host.Env, doc *facts.Document) (st facts.Status) {
	defer func() {
		if r := recover(); r != nil {
			st = facts.Status{State: facts.StateError, Reason: fmt.Sprintf("panic: %v at %s", r, panicSite())}
		}
	}()
	return f.Collect(ctx, env, doc)
}

// panicSite names the function and line that panicked, without paths of the machine that built us.
func panicSite() string {
	lines := strings.Split(string(debug.Stack()), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "panic(") && i+3 < len(lines) {
			at := strings.TrimSpace(lines[i+3])
			if cut := strings.LastIndexByte(at, '/'); cut >= 0 {
				at = at[cut+1:]
			}
			at, _, _ = strings.Cut(at, " ")
			return at
		}
	}
	return "unknown"
}
