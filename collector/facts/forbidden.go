package facts

import "time"

// ForbiddenSoftware is what on this host stands on the official list of software and equipment that must not be used. The list is
// not shipped: where none was given the family is unmeasured.
type ForbiddenSoftware struct {
	Source  string           `json:"source"` // of the list
	AsOf    time.Time        `json:"as_of"`  // the list's own date
	Entries int              `json:"entries"`
	Found   []ForbiddenMatch `json:"found"`
	// Persisted and Live say whether what is installed and what runs could be looked at; false: an absent match means nothing.
	Persisted bool `json:"persisted"`
	Live      bool `json:"live"`
	Truncated bool `json:"truncated,omitzero"` // more than 1,000 were found
}

// ForbiddenMatch is one thing on this host that an entry of the list means.
type ForbiddenMatch struct {
	Entry     string `json:"entry"` // id on the list
	Name      string `json:"name"`  // of the product, as the list writes it
	Maker     string `json:"maker,omitzero"`
	Reference string `json:"reference,omitzero"` // clause or decision
	By        string `json:"by"`                 // package, maker, signer, path, sha256, process, service or equipment
	What      string `json:"what"`               // the package, path, program, service or machine
	Live      bool   `json:"live,omitzero"`      // it runs or listens now; else it is installed or built in
}
