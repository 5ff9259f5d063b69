package hook

import "fmt"

// cause numbers what became of events; an agreement with enum cause in headers/vymir.h.
type cause uint32

const (
	seen cause = iota
	stored
	told
	mapFull
	mapBusy
	trackFull
	ringFull
	heldBack
	seenIn
	coarse
	causes
)

// Counters say what became of a hook's events since it was attached.
type Counters struct {
	Seen   uint64            // events of the first kind the program ran for
	SeenIn uint64            // events of its second kind, where it has one
	Stored uint64            // counted under their keys
	Coarse uint64            // connections counted without their peer, for which there was no room
	Told   uint64            // written to the ring
	Held   uint64            // rare events of a key that was told less than a second before; not lost
	Losses map[string]uint64 // by cause, only those above zero
}

// Names of the causes of loss.
const (
	LostMapFull   = "map_full"   // no room for a new key
	LostMapBusy   = "map_busy"   // the kernel refused a nested update
	LostTrackFull = "track_full" // no room to remember an open socket
	LostRingFull  = "ring_full"  // the reader was too slow for a rare event; its count is kept all the same
	LostRecursion = "recursion"  // the kernel did not run the program inside of itself
	LostGone      = "gone"       // the process had ended before it could be looked at (without BPF)
	LostOverrun   = "overrun"    // the socket's queue was full (without BPF)
)

// Lost is the sum over all causes.
func (c Counters) Lost() uint64 {
	var n uint64
	for _, v := range c.Losses {
		n += v
	}
	return n
}

// Counters reads the object's counters, summed over all processors.
func (a *Attachment) Counters() (Counters, error) {
	var sum [causes]uint64
	m := a.Map(mapCounters)
	var each []uint64
	for i := range causes {
		if err := m.Lookup(uint32(i), &each); err != nil {
			return Counters{}, fmt.Errorf("read counters of %s: %w", a.candidate.Program, err)
		}
		for _, n := range each {
			sum[i] += n
		}
	}
	c := Counters{Seen: sum[seen], SeenIn: sum[seenIn], Stored: sum[stored], Told: sum[told], Held: sum[heldBack], Coarse: sum[coarse]}
	c.Lose(LostMapFull, sum[mapFull])
	c.Lose(LostMapBusy, sum[mapBusy])
	c.Lose(LostTrackFull, sum[trackFull])
	c.Lose(LostRingFull, sum[ringFull])
	for _, p := range a.collection.Programs {
		if s, err := p.Stats(); err == nil {
			c.Lose(LostRecursion, s.RecursionMisses)
		}
	}
	return c, nil
}

// Lose adds n events lost for a cause.
func (c *Counters) Lose(cause string, n uint64) {
	if n == 0 {
		return
	}
	if c.Losses == nil {
		c.Losses = map[string]uint64{}
	}
	c.Losses[cause] += n
}
