package vulnindex

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/google/osv-scalibr/semantic"
	"github.com/klauspost/compress/zstd"
)

// Result is what matching found.
type Result struct {
	Matches []Match // by place of the package, then by id
	// Uncompared are places of packages whose version cannot be read, so that nothing is known of them.
	Uncompared []int
}

// Match finds the records that affect the packages. It unpacks one block at a time, each at most once.
func (x *Index) Match(packages []Package) (Result, error) {
	m := matcher{index: x, byName: map[string][]installed{}}
	var err error
	if m.dec, err = newDecoder(nil); err != nil {
		return Result{}, fmt.Errorf("match packages: %w", err)
	}
	defer m.dec.Close()
	for i, p := range packages {
		name, version := compared(x.manifest.Ecosystem, p)
		parsed, err := parseInstalled(version, x.manifest.Ecosystem)
		if err != nil {
			m.out.Uncompared = append(m.out.Uncompared, i)
			continue
		}
		m.byName[name] = append(m.byName[name], installed{place: i, version: version, parsed: parsed})
	}
	if err := m.packages(); err != nil {
		return Result{}, fmt.Errorf("match packages: %w", err)
	}
	if err := m.records(); err != nil {
		return Result{}, fmt.Errorf("match packages: %w", err)
	}
	slices.SortFunc(m.out.Matches, func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), strings.Compare(a.Record.ID, b.Record.ID))
	})
	return m.out, nil
}

// parseInstalled refuses what would cost more than a version is worth.
func parseInstalled(version, ecosystem string) (semantic.Version, error) {
	if !plain(version) {
		return nil, fmt.Errorf("version %.60q", version)
	}
	return semantic.Parse(version, distribution(ecosystem))
}

type installed struct {
	place   int
	version string
	parsed  semantic.Version
}

type matcher struct {
	index   *Index
	dec     *zstd.Decoder
	byName  map[string][]installed
	scratch []byte
	out     Result
}

// visit calls f for every item of a section whose key is wanted.
func (m *matcher) visit(section int, wanted map[int]map[string]bool, f func(key string, value []byte) error) error {
	for i, keys := range wanted {
		raw, err := m.index.unpack(m.dec, section, i, m.scratch)
		if err != nil {
			return err
		}
		m.scratch = raw
		err = each(raw, func(key, value []byte) error {
			if !keys[string(key)] {
				return nil
			}
			return f(string(key), value)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// wanted sorts keys by the block they lie in.
func (m *matcher) wanted(section int, keys func(yield func(string) bool)) map[int]map[string]bool {
	n := len(m.index.frames[section])
	out := map[int]map[string]bool{}
	for k := range keys {
		i := blockOf(k, n)
		if out[i] == nil {
			out[i] = map[string]bool{}
		}
		out[i][k] = true
	}
	return out
}

func (m *matcher) packages() error {
	names := func(yield func(string) bool) {
		for name := range m.byName {
			if !yield(name) {
				return
			}
		}
	}
	return m.visit(sectionPackages, m.wanted(sectionPackages, names), func(name string, value []byte) error {
		return decodeAffects(value, func(a affect) error {
			for _, p := range m.byName[name] {
				s, in, err := inside(p.parsed, a.spans)
				if err != nil {
					return fmt.Errorf("%w: range of %s in %s: %w", ErrFormat, name, a.record, err)
				}
				if in = in && sameStream(p.version, s); !in && !slices.Contains(a.versions, p.version) {
					continue
				}
				match := Match{Package: p.place, Name: name, Version: p.version, Record: Record{ID: a.record}, Unimportant: a.unimportant}
				if !s.closed {
					match.Fixed = s.to
				}
				m.out.Matches = append(m.out.Matches, match)
			}
			return nil
		})
	})
}

// sameStream keeps a module's fix from a package that is not of the module: nginx 2:1.20.1 of AlmaLinux 9 itself is not older
// than the module's 2:1.26.3, it is another line that gets its own fixes.
func sameStream(version string, s span) bool {
	return s.to == "" || isModular(version) == isModular(s.to)
}

// isModular reports whether an rpm was built for a module: its release says so.
func isModular(version string) bool { return strings.Contains(version, ".module") }

// records fills in what is known of the records that were matched.
func (m *matcher) records() error {
	ids := func(yield func(string) bool) {
		for _, o := range m.out.Matches {
			if !yield(o.Record.ID) {
				return
			}
		}
	}
	records := map[string]Record{}
	err := m.visit(sectionRecords, m.wanted(sectionRecords, ids), func(id string, value []byte) (err error) {
		records[id], err = decodeRecord(id, value)
		return err
	})
	if err != nil {
		return err
	}
	cves := func(yield func(string) bool) {
		for _, r := range records {
			for _, cve := range r.CVEs {
				if !yield(cve) {
					return
				}
			}
		}
	}
	threats := map[string]Threat{}
	err = m.visit(sectionThreats, m.wanted(sectionThreats, cves), func(cve string, value []byte) (err error) {
		threats[cve], err = decodeThreat(value)
		return err
	})
	if err != nil {
		return err
	}
	for i, o := range m.out.Matches {
		r, ok := records[o.Record.ID]
		if !ok {
			return fmt.Errorf("%w: record %s is named and not there", ErrFormat, o.Record.ID)
		}
		for _, cve := range r.CVEs {
			r.Threat = worst(r.Threat, threats[cve])
		}
		m.out.Matches[i].Record = r
	}
	return nil
}

// worst joins what is known of two weaknesses.
func worst(a, b Threat) Threat {
	if a.Exploited.IsZero() || !b.Exploited.IsZero() && b.Exploited.Before(a.Exploited) {
		a.Exploited = b.Exploited
	}
	a.Ransomware = a.Ransomware || b.Ransomware
	a.EPSS = max(a.EPSS, b.EPSS)
	return a
}
