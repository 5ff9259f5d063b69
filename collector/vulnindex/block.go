package vulnindex

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"
)

// The sections of an index, in the order of the file.
const (
	sectionPackages = iota
	sectionRecords
	sectionThreats
	sections
)

const (
	targetBlock = 32 << 10 // bytes a block is meant to have unpacked
	maxBlock    = 8 << 20  // bytes a block may have unpacked: one package has all its records in one
	maxBlocks   = 4096     // of one section; a power of two
)

// blockOf says in which of n blocks, a power of two, the item of a key lies.
func blockOf(key string, n int) int {
	h := fnv.New32a()
	h.Write([]byte(key)) //nolint:errcheck // a hash does not fail
	return int(h.Sum32() & uint32(n-1))
}

func appendBytes(b, v []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendStrings(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendString(b, s)
	}
	return b
}

// appendDay writes days since 1970, 0 for none; what is listed here was published after that.
func appendDay(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	return binary.AppendUvarint(b, uint64(max(t.Unix()/86400, 0)))
}

const (
	spanFrom, spanTo, spanClosed = 1, 2, 4 // bits of a span: has a beginning, has an end, the end is affected
	flagUnimportant              = 1
	flagNetwork, flagAutomatic   = 1, 2
	flagRansomware               = 1
)

func encodeAffects(list []affect) []byte {
	b := binary.AppendUvarint(nil, uint64(len(list)))
	for _, a := range list {
		b = appendString(b, a.record)
		flags := byte(0)
		if a.unimportant {
			flags = flagUnimportant
		}
		b = append(b, flags)
		b = binary.AppendUvarint(b, uint64(len(a.spans)))
		for _, s := range a.spans {
			kind := byte(0)
			if s.from != "" {
				kind |= spanFrom
			}
			if s.to != "" {
				kind |= spanTo
			}
			if s.closed {
				kind |= spanClosed
			}
			b = append(b, kind)
			if s.from != "" {
				b = appendString(b, s.from)
			}
			if s.to != "" {
				b = appendString(b, s.to)
			}
		}
		b = appendStrings(b, a.versions)
	}
	return b
}

func encodeRecord(r Record) []byte {
	b := appendStrings(appendStrings(nil, r.CVEs), r.Aliases)
	b = appendDay(appendDay(b, r.Published), r.Modified)
	flags := byte(0)
	if r.Network {
		flags |= flagNetwork
	}
	if r.Automatic {
		flags |= flagAutomatic
	}
	return append(b, flags, byte(math.Round(r.Score*10)), byte(slices.Index(severityWords, r.Severity)))
}

var severityWords = []string{"", "low", "medium", "high", "critical"}

func encodeThreat(t Threat) []byte {
	flags := byte(0)
	if t.Ransomware {
		flags = flagRansomware
	}
	return append(appendDay(nil, t.Exploited), flags, byte(slices.Index(EPSSSteps, t.EPSS)+1))
}

// reader takes values off a block. The first thing that does not fit stops it: bad is set and all that follows is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) string() string { return string(r.bytes()) }

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

// count reads how many things follow, each of which takes a byte at least.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return 0
	}
	return int(n)
}

func (r *reader) strings() []string {
	n := r.count()
	if n == 0 {
		return nil
	}
	out := make([]string, 0, min(n, 1024))
	for range n {
		out = append(out, r.string())
	}
	return out
}

func (r *reader) day() time.Time {
	n := r.uvarint()
	if n == 0 || n > 100_000 {
		return time.Time{}
	}
	return time.Unix(int64(n)*86400, 0).UTC()
}

// each calls f with every item of a block; f must not keep value.
func each(block []byte, f func(key, value []byte) error) error {
	r := reader{b: block}
	for len(r.b) > 0 && !r.bad {
		key, value := r.bytes(), r.bytes()
		if r.bad {
			break
		}
		if err := f(key, value); err != nil {
			return err
		}
	}
	if r.bad {
		return fmt.Errorf("%w: a block is cut short", ErrFormat)
	}
	return nil
}

func decodeAffects(b []byte, f func(affect) error) error {
	r := reader{b: b}
	for range r.count() {
		a := affect{record: r.string(), unimportant: r.byte()&flagUnimportant != 0}
		for range r.count() {
			kind := r.byte()
			s := span{closed: kind&spanClosed != 0}
			if kind&spanFrom != 0 {
				s.from = r.string()
			}
			if kind&spanTo != 0 {
				s.to = r.string()
			}
			a.spans = append(a.spans, s)
		}
		a.versions = r.strings()
		if r.bad {
			return fmt.Errorf("%w: a package is cut short", ErrFormat)
		}
		if err := f(a); err != nil {
			return err
		}
	}
	if r.bad {
		return fmt.Errorf("%w: a package is cut short", ErrFormat)
	}
	return nil
}

func decodeRecord(id string, b []byte) (Record, error) {
	r := reader{b: b}
	out := Record{ID: id, CVEs: r.strings(), Aliases: r.strings(), Published: r.day(), Modified: r.day()}
	flags := r.byte()
	out.Network, out.Automatic = flags&flagNetwork != 0, flags&flagAutomatic != 0
	out.Score = float64(min(r.byte(), 100)) / 10
	out.Severity = severityWords[min(int(r.byte()), len(severityWords)-1)]
	if r.bad {
		return out, fmt.Errorf("%w: a record is cut short", ErrFormat)
	}
	return out, nil
}

func decodeThreat(b []byte) (Threat, error) {
	r := reader{b: b}
	t := Threat{Exploited: r.day(), Ransomware: r.byte()&flagRansomware != 0}
	if step := min(int(r.byte()), len(EPSSSteps)); step > 0 {
		t.EPSS = EPSSSteps[step-1]
	}
	if r.bad {
		return t, fmt.Errorf("%w: a threat is cut short", ErrFormat)
	}
	return t, nil
}
