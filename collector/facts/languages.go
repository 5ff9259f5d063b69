package facts

import "time"

// Languages are the packages of programming languages that `vymir-osvscan` found: Go programs, Python, npm, PHP composer and
// Java archives. Where that program is not set up the family is unmeasured.
type Languages struct {
	ScannedAt  time.Time           `json:"scanned_at"`           // the scan may be older than this document; see the agent's setting "every"
	AgeHours   int                 `json:"age_hours"`            // since then, at the time of measuring
	Packages   int                 `json:"packages"`             // found, of all ecosystems
	Ecosystems []LanguageEcosystem `json:"ecosystems"`           // of which packages were found
	Vulnerable []LanguagePackage   `json:"vulnerable"`           // with a known weakness; of an unmeasured ecosystem others may be missing
	Truncated  bool                `json:"truncated,omitzero"`   // there was more than the limits allow
	Unread     int                 `json:"unread,omitzero"`      // files that could not be read
	Paths      []string            `json:"paths,omitzero"`       // that were looked at
	Scanner    string              `json:"scanner,omitzero"`     // "osv-scanner 2.5.1"
	CPUSeconds float64             `json:"cpu_seconds,omitzero"` // what the scan took
	PeakBytes  uint64              `json:"peak_bytes,omitzero"`  // largest resident set of the scan
}

// LanguageEcosystem says how far packages of one ecosystem could be matched.
type LanguageEcosystem struct {
	Name     string     `json:"name"`               // Go, PyPI, npm, Packagist, Maven
	State    State      `json:"state"`              // ok or unmeasured; unmeasured never means that there are no weaknesses
	Reason   string     `json:"reason,omitzero"`    // why it is unmeasured
	Packages int        `json:"packages"`           // found
	NewestAt *time.Time `json:"newest_at,omitzero"` // latest change among the data; absent: there are none
}

// LanguagePackage is one package version with known weaknesses.
type LanguagePackage struct {
	Ecosystem       string                  `json:"ecosystem"`
	Name            string                  `json:"name"`
	Version         string                  `json:"version"`
	Locations       []string                `json:"locations"` // files it was found in, 8 at most
	Vulnerabilities []LanguageVulnerability `json:"vulnerabilities"`
}

// LanguageVulnerability is one known weakness.
type LanguageVulnerability struct {
	ID       string   `json:"id"`
	Aliases  []string `json:"aliases,omitzero"`
	Fixed    string   `json:"fixed,omitzero"`    // lowest mended version above the installed one; absent: none is known
	Severity string   `json:"severity,omitzero"` // CVSS vector; absent: not stated
}
