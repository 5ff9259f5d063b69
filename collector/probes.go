package collector

import (
	"context"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe"
)

// ProbeOptions say what the probes watch and how much of it is kept. The zero value watches everything and keeps
// nothing on disk.
type ProbeOptions = probe.Options

// ProbeEvent is one event of the kernel as it came.
type ProbeEvent = probe.Event

// ProbeEventsMissed is the kind of event that tells a watcher how many others he was too slow for.
const ProbeEventsMissed = probe.Missed

// Probes are the hooks of a running daemon into the kernel. All methods may be called by any goroutine.
type Probes struct{ set *probe.Set }

// OpenProbes attaches the best hooks this kernel offers and proves each by an event of our own: a run of our own
// binary and a loopback connection. It never fails for lack of BPF or of privilege: a hook that could not be had, or
// that is replaced by something poorer, says why in [Probes.Hooks]. The caller closes the probes.
func OpenProbes(o ProbeOptions) (*Probes, error) {
	set, err := probe.Open(context.Background(), o)
	if err != nil {
		return nil, err
	}
	return &Probes{set}, nil
}

// Hooks reports every hook with its health.
func (p *Probes) Hooks() []facts.Hook { return p.set.Hooks() }

// Snapshot gives the runtime family as of now: all that was seen in the last 31 days while the probes were at work.
func (p *Probes) Snapshot(now time.Time) *facts.Runtime { return p.set.Snapshot(now) }

// Watch calls f for every event as it comes, until ctx ends (its error) or the probes are closed.
func (p *Probes) Watch(ctx context.Context, f func(ProbeEvent)) error { return p.set.Watch(ctx, f) }

// StateError says why what was seen could not be read or saved the last time; nil: it could.
func (p *Probes) StateError() error { return p.set.StateError() }

// Close detaches all hooks, leaves nothing in the kernel, and saves what was seen.
func (p *Probes) Close() error { return p.set.Close() }
