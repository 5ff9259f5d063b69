package facts

// SSHD is the SSH server: what its files will make it do, and what the running one does.
type SSHD struct {
	Installed      bool        `json:"installed"`
	Implementation string      `json:"implementation,omitzero"` // openssh or dropbear
	Version        string      `json:"version,omitzero"`        // "9.2p1"
	Enabled        *bool       `json:"enabled,omitzero"`        // starts at boot
	Running        *bool       `json:"running,omitzero"`        // nil under --root
	Persisted      *SSHDConfig `json:"persisted,omitzero"`      // what holds after the next restart
	Live           *SSHDConfig `json:"live,omitzero"`           // what the listening process does; nil: not decided, see LiveReason
	LiveReason     string      `json:"live_reason,omitzero"`    // how Live was decided, or why it was not
	HostKeys       []HostKey   `json:"host_keys,omitzero"`
	Offered        *SSHOffer   `json:"offered,omitzero"` // algorithms from the KEXINIT of the open port; nil: not asked
}

// SSHDConfig is sshd's effective configuration as sshd itself computes it (sshd_config(5)): Include
// resolved, first value wins, built-in defaults of that version and distribution filled in. Match blocks that hold for every
// connection ("Match all"), and for PermitRootLogin those that hold whenever root logs in, are part of Settings.
//
// Values are as "sshd -T" prints them, with these differences: lists are split (algorithms at commas, words at blanks),
// without-password is prohibit-password, time spans are seconds, and lists that hold nothing are empty, not absent. A
// deprecated name stands under the name sshd reads in its place. Where Errors is not empty sshd would not start, and
// Settings is what the other lines amount to. Further servers that listen stand in Matches of the live half as "server on
// port N".
type SSHDConfig struct {
	Settings map[string][]string `json:"settings"`         // lower-case keyword → values, lower-cased where sshd ignores case
	Sources  map[string]string   `json:"sources,omitzero"` // keyword → "file:line", "command line" or "default"
	Matches  []SSHDMatch         `json:"matches,omitzero"` // Match blocks in order
	Files    []string            `json:"files,omitzero"`   // every file read
	Errors   []string            `json:"errors,omitzero"`  // lines sshd would refuse
}

// SSHDMatch is one Match block.
type SSHDMatch struct {
	Criteria string              `json:"criteria"` // "user backup address 10.0.0.0/8"
	Settings map[string][]string `json:"settings"` // only what the block sets and would take effect
	Source   string              `json:"source"`   // "file:line"
}

// HostKey is one private host key file.
type HostKey struct {
	File        FileState `json:"file"`
	Type        string    `json:"type,omitzero"`
	Bits        int       `json:"bits,omitzero"`
	Fingerprint string    `json:"fingerprint,omitzero"` // of the public half
}

// SSHOffer is what the server offers before authentication.
type SSHOffer struct {
	Banner            string   `json:"banner,omitzero"`
	Kex               []string `json:"kex,omitzero"`
	Ciphers           []string `json:"ciphers,omitzero"`
	MACs              []string `json:"macs,omitzero"`
	HostKeyAlgorithms []string `json:"host_key_algorithms,omitzero"`
}

// SSHClient is the system-wide client configuration (ssh_config(5)), the part that holds for every host.
type SSHClient struct {
	Settings map[string][]string `json:"settings,omitzero"`
	Files    []string            `json:"files,omitzero"`
}
