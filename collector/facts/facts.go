// Package facts is the document a host is described by: values that were measured, never verdicts.
//
// The package is a leaf: it holds types, the schema name and the per-family status, and imports the
// standard library only. One file holds one family. Every family is a pointer in [Document]: nil means
// that the family was not measured, and its line in [Document.Families] says why.
//
// Absence is never a value. A scalar that may be unknown is a pointer (nil: not measured); a slice or
// map that is nil was not measured, one that is empty was measured and holds nothing. All JSON tags use
// omitzero, so that nil vanishes from the document and an empty list stays.
package facts

import "time"

// Schema names the format of [Document]; a reader refuses any other major number.
const Schema = "vymir.facts/1"

// Document is everything measured on one host in one collection.
type Document struct {
	Schema          string            `json:"schema"`           // always [Schema]
	Host            Host              `json:"host"`             // who was measured
	MeasuredAt      time.Time         `json:"measured_at"`      // UTC by the host's own clock; may be wrong, see [Time]
	DurationSeconds float64           `json:"duration_seconds"` // wall time of the whole collection
	Root            string            `json:"root"`             // "/" on a live host, else the directory given by --root
	Live            bool              `json:"live"`             // true: the running system was asked too
	Privileged      bool              `json:"privileged"`       // true: collected with effective uid 0
	Families        map[string]Status `json:"families"`         // status of every family that was tried
	Drift           []Drift           `json:"drift,omitzero"`   // where file and running system differ

	OS           *OS           `json:"os,omitzero"`
	Kernel       *Kernel       `json:"kernel,omitzero"`
	Boot         *Boot         `json:"boot,omitzero"`
	Hardware     *Hardware     `json:"hardware,omitzero"`
	Accounts     *Accounts     `json:"accounts,omitzero"`
	PAM          *PAM          `json:"pam,omitzero"`
	Sudo         *Sudo         `json:"sudo,omitzero"`
	SSHD         *SSHD         `json:"sshd,omitzero"`
	SSHClient    *SSHClient    `json:"ssh_client,omitzero"`
	Sysctl       *Sysctl       `json:"sysctl,omitzero"`
	Mounts       *Mounts       `json:"mounts,omitzero"`
	Files        *Files        `json:"files,omitzero"`
	Walk         *Walk         `json:"walk,omitzero"`
	Schedules    *Schedules    `json:"schedules,omitzero"`
	Services     *Services     `json:"services,omitzero"`
	Sockets      *Sockets      `json:"sockets,omitzero"`
	Processes    *Processes    `json:"processes,omitzero"`
	Firewall     *Firewall     `json:"firewall,omitzero"`
	Network      *Network      `json:"network,omitzero"`
	Logging      *Logging      `json:"logging,omitzero"`
	Audit        *Audit        `json:"audit,omitzero"`
	Time         *Time         `json:"time,omitzero"`
	Packages     *Packages     `json:"packages,omitzero"`
	Updates      *Updates      `json:"updates,omitzero"`
	Certificates *Certificates `json:"certificates,omitzero"`
	Encryption   *Encryption   `json:"encryption,omitzero"`
	Containers   *Containers   `json:"containers,omitzero"`
	WebServers   *WebServers   `json:"web_servers,omitzero"`
	Mail         *Mail         `json:"mail,omitzero"`
	Databases    *Databases    `json:"databases,omitzero"`
	Shares       *Shares       `json:"shares,omitzero"`
	SNMP         *SNMP         `json:"snmp,omitzero"`
	Login        *Login        `json:"login,omitzero"`
	OpenWrt      *OpenWrt      `json:"openwrt,omitzero"`
	Continuity   *Continuity   `json:"continuity,omitzero"`
	Starlink     *Starlink     `json:"starlink,omitzero"`
	Integrity    *Integrity    `json:"integrity,omitzero"`
	Runtime      *Runtime      `json:"runtime,omitzero"`
	Agent        *Agent        `json:"agent,omitzero"`

	Vulnerabilities   *Vulnerabilities   `json:"vulnerabilities,omitzero"`    // measured where an index of the release is given
	ForbiddenSoftware *ForbiddenSoftware `json:"forbidden_software,omitzero"` // measured where the official list is given
	Languages         *Languages         `json:"languages,omitzero"`          // measured where vymir-osvscan is set up
}

// Host identifies the machine. Name and MachineID are target detail: consent governs whether they leave it.
type Host struct {
	Name      string `json:"name,omitzero"`       // kernel host name, or /etc/hostname under --root
	MachineID string `json:"machine_id,omitzero"` // /etc/machine-id; empty where there is none
	Role      string `json:"role,omitzero"`       // server, workstation or appliance
	RoleFrom  string `json:"role_from,omitzero"`  // "set" by the administrator, or "found" from the facts
}

// State says how the measuring of one family went.
type State string

// States of a family. Only StateOK and StatePartial come with values.
const (
	StateOK            State = "ok"             // everything the family names was read
	StatePartial       State = "partial"        // some of it was read; Unread says what was not
	StateUnmeasured    State = "unmeasured"     // nothing could be read; Reason says why
	StateNotApplicable State = "not_applicable" // the system has no such thing
	StateError         State = "error"          // our own failure
)

// Status is a family's report about itself.
type Status struct {
	State           State    `json:"state"`
	Reason          string   `json:"reason,omitzero"`           // one sentence; empty when State is ok
	DurationSeconds float64  `json:"duration_seconds,omitzero"` // wall time
	Unread          []Unread `json:"unread,omitzero"`           // what could not be read
}

// Unread is one thing a family wanted and did not get.
type Unread struct {
	What   string `json:"what"`   // a path or the name of an interface of the kernel
	Reason string `json:"reason"` // "permission denied", "needs root", "larger than 1 MiB", ...
}

// Drift is one difference between what the files say and what the running system does.
type Drift struct {
	Family    string `json:"family"`             // the family it was seen in
	Subject   string `json:"subject"`            // "net.ipv4.ip_forward", "PermitRootLogin", "nftables.service"
	Persisted string `json:"persisted,omitzero"` // what the files say; empty: nothing
	Live      string `json:"live,omitzero"`      // what runs; empty: nothing
}
