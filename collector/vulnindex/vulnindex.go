// Package vulnindex is the vulnerability index of one release of one distribution: built from OSV records, signed, read
// and matched against a host's packages, and brought up to date by small deltas.
//
// An index answers for one release only ("Debian:11"), so that an agent fetches some hundred kilobytes and matches all its
// packages in a tenth of a second and a few megabytes of memory. It is a leaf: the server builds with it, the agent
// reads with it, and neither is known here.
//
// The file is a magic line, a minisign signature, the manifest it covers, and compressed blocks. The manifest lists
// every block with its size and its sha256, so that nothing is unpacked that was not signed, and unpacking is bounded by
// what was signed. A block holds what a hash of the name puts there: one more package changes one block, and a day's
// delta is the blocks that changed, each compressed against its former content.
//
// Three sections: packages (name → records with the ranges of affected versions), records (id → aliases, dates,
// severity), threats (CVE → known exploitation and its probability, which change daily and would otherwise change
// every other block). Texts are left out: an id leads to them.
package vulnindex

import (
	"errors"
	"fmt"
	"time"
)

// Schema names the format of [Meta] and of the file.
const Schema = "vymir.vulnindex/1"

// Why an index, a delta or a record is not taken.
var (
	ErrFormat   = errors.New("not a vulnerability index") // truncated, of another format, or with forbidden content
	ErrUnsigned = errors.New("not signed by a key we trust")
	ErrTooLarge = errors.New("larger than the limits of a vulnerability index")
	ErrOlder    = errors.New("older than the vulnerability index in force")
	ErrOther    = errors.New("an index of another release")
	ErrExpired  = errors.New("vulnerability index expired before it was taken")
	ErrBase     = errors.New("delta of another index than this one")
	ErrRecord   = errors.New("not a usable OSV record")
)

// Release is what an index is built for.
type Release struct {
	Ecosystem string    // as OSV writes it, in the form of [Canonical]: "Debian:11", "Ubuntu:24.04", "AlmaLinux:9"
	EndOfLife time.Time // when the maker's security support ends or ended; zero: not known
}

// Edition is one publication of an index.
type Edition struct {
	Revision uint64    // monotonic per release, from 1
	Created  time.Time // UTC
	Expires  time.Time // UTC; not taken as an update afterwards; zero: never
}

// Meta says what an index is. It is what the signature covers, with the list of blocks.
type Meta struct {
	Schema    string    `json:"schema"` // always [Schema]
	Ecosystem string    `json:"ecosystem"`
	Revision  uint64    `json:"revision"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires,omitzero"`
	Newest    time.Time `json:"newest"`               // latest modification of any record: how old the knowledge is
	EndOfLife time.Time `json:"end_of_life,omitzero"` // zero: not known
	KEVDate   time.Time `json:"kev_date,omitzero"`    // of the list of known exploited vulnerabilities; zero: none was given
	EPSSDate  time.Time `json:"epss_date,omitzero"`   // of the exploit predictions; zero: none were given
	Records   int       `json:"records"`              // that affect this release
	Packages  int       `json:"packages"`             // with at least one record
	Withdrawn int       `json:"withdrawn,omitzero"`   // records left out because they were withdrawn
	Sources   []string  `json:"sources,omitzero"`     // what the records were taken from, as the builder was told
}

// Expired reports whether the index should no longer be taken as an update at now.
func (m Meta) Expired(now time.Time) bool { return !m.Expires.IsZero() && !now.Before(m.Expires) }

// Age is how old the newest knowledge in the index is at now; never negative.
func (m Meta) Age(now time.Time) time.Duration { return max(now.Sub(m.Newest), 0) }

// Accept decides whether next may replace current (the zero Meta: nothing is in force yet) on a host of the release
// ecosystem. The same revision is taken again, a smaller one is not.
func Accept(current, next Meta, ecosystem string, now time.Time) error {
	if next.Ecosystem != Canonical(ecosystem) {
		return fmt.Errorf("accept vulnerability index for %s on %s: %w", next.Ecosystem, Canonical(ecosystem), ErrOther)
	}
	if current.Ecosystem == next.Ecosystem && next.Revision < current.Revision {
		return fmt.Errorf("accept vulnerability index revision %d in place of %d: %w", next.Revision, current.Revision, ErrOlder)
	}
	if next.Expired(now) {
		return fmt.Errorf("accept vulnerability index that expired %s: %w", next.Expires.Format(time.RFC3339), ErrExpired)
	}
	return nil
}

// Package is one installed package as the host's data base names it.
type Package struct {
	Name          string
	Version       string
	Source        string // empty: equal to Name
	SourceVersion string // empty: equal to Version
}

// Match is one record that affects one installed package.
type Match struct {
	Package int    // place in the packages that were given
	Name    string // under which the record names the package: its source, or itself where the distribution does so
	Version string // the version that was compared
	Record  Record
	Fixed   string // first version without the weakness that is newer than Version; empty: there is none yet
	// Unimportant: the distribution itself says that it does not matter there.
	Unimportant bool
}

// Record is one OSV record as far as an index keeps it.
type Record struct {
	ID        string
	CVEs      []string  // the CVE ids it is about: itself, its aliases and what it follows from; sorted
	Aliases   []string  // other ids of the same; sorted
	Published time.Time // day; zero: not known
	Modified  time.Time // day
	Score     float64   // CVSS base score, 0.1 to 10; 0: not known
	Network   bool      // CVSS: reachable over the network
	Automatic bool      // CVSS: over the network, without conditions, rights or anybody's help: an attack can be automated
	Severity  string    // critical, high, medium or low, by the score or the distribution's own word; empty: not known
	Threat    Threat    // the worst of its CVEs
}

// Threat is what is known of attackers using a weakness.
type Threat struct {
	Exploited  time.Time // day it was listed as exploited in the wild; zero: it is not listed
	Ransomware bool      // listed as used by ransomware
	// EPSS is a lower bound of the predicted probability of exploitation within 30 days: one of [EPSSSteps]; 0: below the
	// least of them, or not predicted.
	EPSS float64
}

// EPSSSteps are the probabilities an index tells apart. The exact ones change daily and would be sent daily.
var EPSSSteps = []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9}

// Advisory reports whether the record announces a fix (DSA, USN, RHSA and their like), so that its day of publication is the
// day since when the fix could be had.
func (r Record) Advisory() bool { return isAdvisory(r.ID) }
