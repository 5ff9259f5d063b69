package facts

import "time"

// Vulnerabilities are the known weaknesses of the installed packages, by the index of the host's release, with what was
// seen of the packages' use. Without an index for this very release the family is unmeasured: nothing is ever called clean for
// want of data.
type Vulnerabilities struct {
	Index      *VulnerabilityIndex `json:"index,omitzero"`
	Packages   int                 `json:"packages"`            // that were compared, those of containers left out
	Uncompared []string            `json:"uncompared,omitzero"` // packages whose version could not be read
	// ObservedDays is how long programs have been watched, 30 at most; absent: they are not, and unseen means not at this moment.
	ObservedDays *int            `json:"observed_days,omitzero"`
	Found        []Vulnerability `json:"found"`
	Truncated    bool            `json:"truncated,omitzero"` // more than 20,000 were found
	Containers   []ContainerScan `json:"containers,omitzero"`
}

// VulnerabilityIndex says what was compared with.
type VulnerabilityIndex struct {
	Ecosystem string     `json:"ecosystem"` // "Debian:11"
	Revision  uint64     `json:"revision"`
	CreatedAt time.Time  `json:"created_at"`
	NewestAt  time.Time  `json:"newest_at"` // latest change of any record in it
	AgeDays   int        `json:"age_days"`  // since NewestAt, at the time of measuring
	EndOfLife *time.Time `json:"end_of_life,omitzero"`
	KEVAt     *time.Time `json:"kev_at,omitzero"`  // day of the list of exploited vulnerabilities; absent: none was in it
	EPSSAt    *time.Time `json:"epss_at,omitzero"` // day of the exploit predictions; absent: none were in it
	Records   int        `json:"records"`          // about this release
}

// Vulnerability is one weakness of one installed source package.
type Vulnerability struct {
	ID       string   `json:"id"`
	CVEs     []string `json:"cves,omitzero"`
	Source   string   `json:"source"`   // package as the record names it: the source, or the binary where the distribution does so
	Packages []string `json:"packages"` // installed packages it is in
	Version  string   `json:"version"`
	Fixed    string   `json:"fixed,omitzero"` // first mended version; absent: there is none yet

	Severity    string     `json:"severity,omitzero"` // critical, high, medium or low; absent: nobody says
	Score       float64    `json:"score,omitzero"`    // CVSS base score; absent: not known
	Published   *time.Time `json:"published,omitzero"`
	FixedSince  *time.Time `json:"fixed_since,omitzero"` // day the fix was announced; absent: not known, or no fix
	FixedDays   *int       `json:"fixed_days,omitzero"`  // days since then, at the time of measuring
	Exploited   *time.Time `json:"exploited,omitzero"`   // day it was listed as exploited in the wild; absent: it is not listed
	Ransomware  bool       `json:"ransomware,omitzero"`  // listed as used by ransomware
	EPSS        float64    `json:"epss,omitzero"`        // lower bound of the predicted probability of exploitation within 30 days, 0..1
	Network     bool       `json:"network,omitzero"`     // CVSS: the way in is the network
	Automatable bool       `json:"automatable,omitzero"` // CVSS: over the network without rights, conditions or help
	Unimportant bool       `json:"unimportant,omitzero"` // the distribution says that it does not matter there
	// Use is running (its files are mapped or executed now), recent (executed within the observed days), on_demand (a program
	// that gives rights to whoever starts it), unseen, or unknown (could not be told: code of an interpreter, no rights to see).
	Use string `json:"use"`
	// Exposure is the farthest from where code of the package can be reached, by the listening programs that map it and the loaded
	// firewall: none (no such program), local, controlled (the network) or open (the Internet); unknown where Use is.
	Exposure string   `json:"exposure"`
	Root     bool     `json:"root,omitzero"`     // runs with uid 0, is in the running kernel, or gives root to whoever starts it
	Programs []string `json:"programs,omitzero"` // running programs that use it, 5 at most
}

// ContainerScan is the package data base of one running container's root file system.
type ContainerScan struct {
	ID        string   `json:"id"`                 // of the container, or "pid N" of its first process
	OS        string   `json:"os,omitzero"`        // "alpine 3.11.3"
	Ecosystem string   `json:"ecosystem,omitzero"` // empty: no index is made for it
	Manager   string   `json:"manager,omitzero"`
	Packages  int      `json:"packages"`
	Reason    string   `json:"reason,omitzero"` // why nothing was compared
	Found     []string `json:"found,omitzero"`  // "id package version", 200 at most; absent: not compared
}
