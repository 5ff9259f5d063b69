package vulnindex

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/google/osv-scalibr/semantic"
)

// order keeps versions sorted and gives each a number by which two of them are compared without being read again. A kernel's record lists some hundred
// versions for each flavour, and they come again with every record: comparing them took nine tenths of the time of a build. The zero
// order is empty.
type order struct {
	places map[string]*placed
	sorted []*placed // by version; of equal ones there is one
}

// placed is a version in the order; at changes when the order is numbered anew.
type placed struct {
	parsed semantic.Version
	at     uint64
}

const (
	maxOrder = 1 << 17 // versions that are kept
	gap      = 1 << 40 // between two places at first
)

// full reports whether it is time to begin anew.
func (o *order) full() bool { return len(o.places) >= maxOrder }

// insert puts a version at its place.
func (o *order) insert(version string, parsed semantic.Version) (*placed, error) {
	if o.places == nil {
		o.places = map[string]*placed{}
	}
	var bad error
	i, found := slices.BinarySearchFunc(o.sorted, parsed, func(p *placed, v semantic.Version) int {
		c, err := p.parsed.Compare(v)
		bad = errors.Join(bad, err)
		return c
	})
	if bad != nil {
		return nil, fmt.Errorf("compare version %.60q: %w", version, bad)
	}
	if !found {
		o.sorted = slices.Insert(o.sorted, i, &placed{parsed: parsed, at: o.between(i)})
		if o.crowded(i) {
			o.renumber()
		}
	}
	o.places[strings.Clone(version)] = o.sorted[i]
	return o.sorted[i], nil
}

// between is the place of what is put before element i.
func (o *order) between(i int) uint64 {
	low, high := uint64(0), uint64(math.MaxUint64)
	if i > 0 {
		low = o.sorted[i-1].at
	}
	if i < len(o.sorted) {
		high = o.sorted[i].at
	} else if high-low > 2*gap {
		return low + gap
	}
	return low + (high-low)/2
}

// crowded reports whether element i has no place of its own.
func (o *order) crowded(i int) bool {
	at := o.sorted[i].at
	return at == 0 || i > 0 && o.sorted[i-1].at == at || i+1 < len(o.sorted) && o.sorted[i+1].at == at
}

// renumber spreads the places evenly.
func (o *order) renumber() {
	step := math.MaxUint64 / uint64(len(o.sorted)+1)
	for i, p := range o.sorted {
		p.at = uint64(i+1) * step
	}
}
