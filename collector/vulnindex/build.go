package vulnindex

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/osv-scalibr/semantic"
)

// Limits of one index.
const (
	maxPackages = 500_000
	maxRecords  = 1_000_000
)

// Builder gathers the records of one release. It is for one goroutine.
type Builder struct {
	release   Release
	packages  map[string][]affect // by the name records use
	records   map[string]Record
	names     map[string][]string // of the packages of a record
	kev       map[string]KEV
	epss      map[string]float64
	meta      Meta
	withdrawn int
	order     order
	parsed    map[string]bool // versions that [Builder.Check] could read
}

// KEV is one line of the catalogue of known exploited vulnerabilities.
type KEV struct {
	Added      time.Time // day
	Ransomware bool
}

// affect is what one record says of one package.
type affect struct {
	record      string
	unimportant bool
	spans       []span
	versions    []string // affected ones that no span covers
}

// span is a range of affected versions.
type span struct {
	from, to string // inclusive from; empty: from the first, to the last
	closed   bool   // to is affected too
}

// NewBuilder begins an index. It fails for an ecosystem whose versions cannot be compared.
func NewBuilder(r Release) (*Builder, error) {
	r.Ecosystem = Canonical(r.Ecosystem)
	if !plain(r.Ecosystem) || !known(r.Ecosystem) {
		return nil, fmt.Errorf("build vulnerability index of %.60q: %w", r.Ecosystem, semantic.ErrUnsupportedEcosystem)
	}
	return &Builder{release: r, packages: map[string][]affect{}, records: map[string]Record{}, names: map[string][]string{}}, nil
}

// Add takes what the record says of this release; a record of others is passed over. Of the same id the last one holds
// that was modified latest. Errors wrap [ErrRecord] and leave the builder as it was.
func (b *Builder) Add(raw []byte) error {
	r, err := ParseRecord(raw)
	if err != nil {
		return err
	}
	return b.AddRecord(r)
}

// AddRecord is [Builder.Add] for a record that was parsed, for whoever builds several releases in one pass.
func (b *Builder) AddRecord(r *OSV) error {
	if !r.Withdrawn.IsZero() {
		b.withdrawn++
		return nil
	}
	found := map[string]affect{}
	var kept Record
	for i := range r.Affected {
		a := &r.Affected[i]
		if Canonical(a.Package.Ecosystem) != b.release.Ecosystem {
			continue
		}
		of, err := b.affected(r.ID, a)
		if err != nil {
			return fmt.Errorf("%w %.60q: %w", ErrRecord, r.ID, err)
		}
		if kept.ID == "" {
			kept = r.record(a)
		}
		if have, ok := found[a.Package.Name]; ok { // a package listed twice: the ranges add up
			of.spans, of.versions = append(have.spans, of.spans...), append(have.versions, of.versions...)
			of.unimportant = of.unimportant && have.unimportant
		}
		found[a.Package.Name] = of
	}
	if len(found) == 0 {
		return nil
	}
	if have, ok := b.records[r.ID]; ok {
		if have.Modified.After(kept.Modified) {
			return nil
		}
		b.forget(r.ID)
	}
	if len(b.records) >= maxRecords || len(b.packages)+len(found) > maxPackages {
		return fmt.Errorf("build vulnerability index: %w", ErrTooLarge)
	}
	b.records[r.ID] = kept
	for name, of := range found {
		b.packages[name] = append(b.packages[name], of)
	}
	b.names[r.ID] = slices.Collect(maps.Keys(found))
	if r.Modified.After(b.meta.Newest) {
		b.meta.Newest = r.Modified.UTC().Truncate(time.Second)
	}
	return nil
}

// Check tells whether [Builder.AddRecord] would take the record, and adds nothing. What it read of versions is remembered: a kernel's
// records list the same ones again and again, for which one builder is asked about many records.
func (b *Builder) Check(r *OSV) error {
	if !r.Withdrawn.IsZero() {
		return nil
	}
	for i := range r.Affected {
		a := &r.Affected[i]
		if Canonical(a.Package.Ecosystem) != b.release.Ecosystem {
			continue
		}
		if err := b.readable(a); err != nil {
			return fmt.Errorf("%w %.60q: %w", ErrRecord, r.ID, err)
		}
	}
	return nil
}

// readable is [Builder.affected] without its result.
func (b *Builder) readable(a *Affected) error {
	ranged := false
	for _, g := range a.Ranges {
		if g.Type != "ECOSYSTEM" && g.Type != "SEMVER" {
			continue
		}
		ranged = true
		if _, err := b.spans(g.Events); err != nil {
			return fmt.Errorf("ranges of %s: %w", a.Package.Name, err)
		}
	}
	if !ranged {
		return nil
	}
	for _, v := range a.Versions {
		if b.parsed[v] {
			continue
		}
		if _, err := b.parse(v); err != nil {
			return err
		}
		if b.parsed == nil || len(b.parsed) >= maxOrder {
			b.parsed = map[string]bool{}
		}
		b.parsed[strings.Clone(v)] = true
	}
	return nil
}

func (b *Builder) forget(id string) {
	for _, name := range b.names[id] {
		list := slices.DeleteFunc(b.packages[name], func(a affect) bool { return a.record == id })
		if len(list) == 0 {
			delete(b.packages, name)
		} else {
			b.packages[name] = list
		}
	}
}

// SetKEV gives the known exploited vulnerabilities by CVE, as of a day.
func (b *Builder) SetKEV(list map[string]KEV, asOf time.Time) {
	b.kev, b.meta.KEVDate = list, day(asOf)
}

// SetEPSS gives the predicted probabilities of exploitation, 0 to 1, by CVE, as of a day.
func (b *Builder) SetEPSS(list map[string]float64, asOf time.Time) {
	b.epss, b.meta.EPSSDate = list, day(asOf)
}

// SetSources names what the records were taken from, for the reader: "Debian/all.zip 2026-11-20".
func (b *Builder) SetSources(names ...string) { b.meta.Sources = names }

// affected turns the ranges of one affected package into spans.
func (b *Builder) affected(id string, a *Affected) (affect, error) {
	out := affect{record: id, unimportant: word(a.EcosystemSpecific.Urgency) == "unimportant"}
	ranged := false
	for _, g := range a.Ranges {
		if g.Type != "ECOSYSTEM" && g.Type != "SEMVER" {
			continue
		}
		ranged = true
		spans, err := b.spans(g.Events)
		if err != nil {
			return out, fmt.Errorf("ranges of %s: %w", a.Package.Name, err)
		}
		out.spans = append(out.spans, spans...)
	}
	// A distribution lists every version it ever had beside the range that says the same.
	for _, v := range a.Versions {
		if ranged {
			in, err := b.covered(v, out.spans)
			if err != nil {
				return out, err
			}
			if in {
				continue
			}
		}
		out.versions = append(out.versions, v)
	}
	return out, nil
}

// covered reports whether a listed version lies in any of the spans. A version that cannot be read is an error, also where no span is.
func (b *Builder) covered(version string, spans []span) (bool, error) {
	if b.order.full() {
		b.order = order{}
	}
	v, err := b.place(version)
	if err != nil {
		return false, err
	}
	for _, s := range spans {
		var from, to *placed
		if s.from != "" {
			if from, err = b.place(s.from); err != nil {
				return false, err
			}
		}
		if s.to != "" {
			if to, err = b.place(s.to); err != nil {
				return false, err
			}
		}
		if (from == nil || v.at >= from.at) && (to == nil || v.at < to.at || s.closed && v.at == to.at) {
			return true, nil
		}
	}
	return false, nil
}

// place gives where a version stands in the order of all that were seen.
func (b *Builder) place(version string) (*placed, error) {
	if p, ok := b.order.places[version]; ok {
		return p, nil
	}
	parsed, err := b.parse(version)
	if err != nil {
		return nil, err
	}
	return b.order.insert(version, parsed)
}

func (b *Builder) parse(version string) (semantic.Version, error) {
	return semantic.Parse(version, distribution(b.release.Ecosystem))
}

// spans orders the events of one range by version, as the specification of OSV has it, and pairs them.
func (b *Builder) spans(events []Event) ([]span, error) {
	type end struct {
		version string
		parsed  semantic.Version // nil: the beginning
		kind    int              // 0 fixed, 1 introduced, 2 last affected: in this order at the same version
	}
	var ends []end
	for _, e := range events {
		at := end{version: e.Introduced, kind: 1}
		switch {
		case e.Fixed != "":
			at = end{version: e.Fixed}
		case e.LastAffected != "":
			at = end{version: e.LastAffected, kind: 2}
		case e.Limit != "":
			continue
		}
		if at.kind == 1 && at.version == "0" {
			at.version = ""
		} else {
			var err error
			if at.parsed, err = b.parse(at.version); err != nil {
				return nil, err
			}
		}
		ends = append(ends, at)
	}
	var bad error
	slices.SortStableFunc(ends, func(x, y end) int {
		switch {
		case x.parsed == nil && y.parsed == nil:
			return 0
		case x.parsed == nil:
			return -1
		case y.parsed == nil:
			return 1
		}
		c, err := x.parsed.CompareStr(y.version)
		bad = errors.Join(bad, err)
		return cmp.Or(c, cmp.Compare(x.kind, y.kind))
	})
	if bad != nil {
		return nil, bad
	}
	var out []span
	open := false
	for _, e := range ends {
		switch {
		case e.kind == 1 && !open:
			out, open = append(out, span{from: e.version}), true
		case e.kind != 1 && open:
			out[len(out)-1].to, out[len(out)-1].closed, open = e.version, e.kind == 2, false
		}
	}
	return out, nil
}

// inside finds the span a version lies in.
func inside(v semantic.Version, spans []span) (span, bool, error) {
	for _, s := range spans {
		if s.from != "" {
			if c, err := v.CompareStr(s.from); err != nil || c < 0 {
				if err != nil {
					return span{}, false, err
				}
				continue
			}
		}
		if s.to == "" {
			return s, true, nil
		}
		c, err := v.CompareStr(s.to)
		if err != nil {
			return span{}, false, err
		}
		if c < 0 || c == 0 && s.closed {
			return s, true, nil
		}
	}
	return span{}, false, nil
}

// threats are the CVEs of the index that anything is known of.
func (b *Builder) threats() map[string]Threat {
	out := map[string]Threat{}
	for _, r := range b.records {
		for _, cve := range r.CVEs {
			t := Threat{EPSS: epssStep(b.epss[cve])}
			if k, ok := b.kev[cve]; ok {
				t.Exploited, t.Ransomware = day(k.Added), k.Ransomware
			}
			if t != (Threat{}) {
				out[cve] = t
			}
		}
	}
	return out
}

func epssStep(p float64) float64 {
	step := 0.0
	for _, s := range EPSSSteps {
		if p >= s {
			step = s
		}
	}
	return step
}

// content lays the index out in blocks, the same for the same records whatever order they came in.
func (b *Builder) content() (Meta, [sections][][]byte) {
	m := b.meta
	m.Schema, m.Ecosystem, m.EndOfLife = Schema, b.release.Ecosystem, day(b.release.EndOfLife)
	m.Records, m.Packages, m.Withdrawn = len(b.records), len(b.packages), b.withdrawn

	var out [sections][][]byte
	var items [sections]map[string][]byte
	for i := range items {
		items[i] = map[string][]byte{}
	}
	for name, list := range b.packages {
		slices.SortFunc(list, func(x, y affect) int { return strings.Compare(x.record, y.record) })
		items[sectionPackages][name] = encodeAffects(list)
	}
	for id, r := range b.records {
		items[sectionRecords][id] = encodeRecord(r)
	}
	for cve, t := range b.threats() {
		items[sectionThreats][cve] = encodeThreat(t)
	}
	for i := range items {
		out[i] = layOut(items[i])
	}
	return m, out
}

// layOut distributes items over blocks by a hash of their keys.
func layOut(items map[string][]byte) [][]byte {
	total := 0
	for k, v := range items {
		total += len(k) + len(v) + 4
	}
	n := 1
	for n*targetBlock < total && n < maxBlocks {
		n *= 2
	}
	blocks := make([][]byte, n)
	for _, k := range slices.Sorted(maps.Keys(items)) {
		i := blockOf(k, n)
		blocks[i] = appendBytes(appendBytes(blocks[i], []byte(k)), items[k])
	}
	return blocks
}
