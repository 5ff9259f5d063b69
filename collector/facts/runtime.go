package facts

import "time"

// Runtime is the kernel's testimony: what was run and who talked to whom since Since, aggregated by the probes.
type Runtime struct {
	Since           time.Time      `json:"since"`                // start of the observation, UTC; earlier behaviour is unmeasured
	ObservedSeconds float64        `json:"observed_seconds"`     // time really observed within the window, restarts' holes left out
	Hooks           []Hook         `json:"hooks,omitzero"`       // every hook with its health
	Programs        []Program      `json:"programs,omitzero"`    // programs run in the window
	Connections     []Connection   `json:"connections,omitzero"` // TCP connections by program, direction and peer class
	Datagrams       []Connection   `json:"datagrams,omitzero"`   // UDP by program and peer; Count is how often it was addressed: once per connected socket, else per datagram; port 53 are name servers
	Spoken          []Spoken       `json:"spoken,omitzero"`      // protocols recognised by first bytes, beyond loopback
	Listening       []Listening    `json:"listening,omitzero"`   // who waited for TCP connections, in any network namespace
	Logins          []LoginSeen    `json:"logins,omitzero"`      // who logged in or failed to, by what wtmp and btmp tell
	Acts            []Act          `json:"acts,omitzero"`        // changes of user, capabilities and namespaces, mounts, loads into the kernel
	Crashes         []Crash        `json:"crashes,omitzero"`     // processes that died of a fault, or were killed by force
	Events          []RuntimeEvent `json:"events,omitzero"`      // rare notable events, newest first, bounded
	Truncated       bool           `json:"truncated,omitzero"`   // a table was full within the window: counts hold, programs or ports are missing (peers alone do not count)
}

// Hook is one attachment to the kernel.
type Hook struct {
	Event  string `json:"event"`           // exec, exit, tcp_connect, tcp_accept, udp_send, protocol, ptrace, sensitive_write, sensitive_read, setuid, capset, namespace, module_load, bpf_load, mount, login
	Kind   string `json:"kind"`            // tp_btf, raw_tp, tracepoint, fentry, lsm, cgroup, fanotify, netlink, poll
	State  string `json:"state"`           // proven (its canary was seen), silent, refused, off
	Reason string `json:"reason,omitzero"` // why degraded
	Events uint64 `json:"events"`          // seen since attach
	Lost   uint64 `json:"lost"`            // counted in the kernel, all causes
	// Losses is Lost by cause: map_full, map_busy, track_full, ring_full, recursion; without BPF gone and overrun.
	Losses map[string]uint64 `json:"losses,omitzero"`
}

// Program is one executable seen running.
type Program struct {
	Path      string    `json:"path"`
	Count     uint64    `json:"count"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
	UIDs      []uint32  `json:"uids,omitzero"`      // distinct, bounded to 16
	Parents   []string  `json:"parents,omitzero"`   // distinct command names, bounded to 16
	Flags     []string  `json:"flags,omitzero"`     // deleted, memfd, memfd_sealed, temporary_dir, world_writable_dir, script, script_temporary_dir, setuid, privilege_gain
	Container string    `json:"container,omitzero"` // id, or a machine's name; empty: none, or it had gone when we looked
	Image     string    `json:"image,omitzero"`     // of that container, as its runtime's files name it
}

// Act counts what programs did of one kind of what changes who may do what, or what the kernel is.
type Act struct {
	Kind    string `json:"kind"`    // setuid, capset, namespace, mount, bpf_load, module_load, sensitive_read
	Program string `json:"program"` // command name, of sensitive_read the path; "?": any, for which there was no room; empty: it had gone
	UID     uint32 `json:"uid"`     // before
	// What was done: the user become ("to user 33"; "from user 33 to 0": root, and in no way before), capabilities raised ("fewer":
	// none), namespaces made or entered ("mount network"), kind of file system, BPF program by type and name, module with taints, the secret file opened.
	Detail    string    `json:"detail"`
	Container string    `json:"container,omitzero"` // of the last
	Image     string    `json:"image,omitzero"`
	Count     uint64    `json:"count"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

// Connection is a TCP (or, among the datagrams, a UDP) relation between a program and a class of peers.
type Connection struct {
	Program       string    `json:"program"` // command name
	UID           uint32    `json:"uid"`
	Direction     string    `json:"direction"`               // out (connect) or in (accept)
	Peer          string    `json:"peer,omitzero"`           // address; target detail; empty: all peers for which there was no room
	PeerClass     string    `json:"peer_class"`              // loopback, private, public
	Port          uint16    `json:"port"`                    // 0: any above 32767, where there was no room for each; remote port when out, local port when in
	Count         uint64    `json:"count"`                   // established
	Failed        uint64    `json:"failed,omitzero"`         // tried by us and not established
	SentBytes     uint64    `json:"sent_bytes,omitzero"`     // payload, without headers: of TCP connections that ended, and of UDP datagrams; absent: none were counted, as the hook may not count them
	ReceivedBytes uint64    `json:"received_bytes,omitzero"` // the same the other way; of UDP only from peers that the program had addressed before
	FirstSeen     time.Time `json:"first_seen"`
	LastSeen      time.Time `json:"last_seen"`
}

// Spoken is a protocol in the clear, or TLS that is too old, recognised by the kernel in the first bytes of what two ends said.
type Spoken struct {
	// telnet, ftp, pop3, imap, ldap, smtp_auth (a password follows), smtp (mail without STARTTLS), http, snmp1, snmp2c; ssl3, tls1.0,
	// tls1.1 as the server chose them, and with "?" as the newest that a client offered.
	Protocol  string    `json:"protocol"`
	Program   string    `json:"program,omitzero"` // command name of our end, by the connections seen; empty: not known
	UID       uint32    `json:"uid"`              // whose socket it was; 65534 or 4294967295: nobody's
	Direction string    `json:"direction"`        // out: we are the client; in: we are the server
	Peer      string    `json:"peer,omitzero"`    // address; empty: all peers for which there was no room
	PeerClass string    `json:"peer_class"`       // private, public
	Port      uint16    `json:"port"`             // the server's
	Count     uint64    `json:"count"`            // messages recognised: one or two per connection
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

// Listening is a program that waited for TCP connections at a port.
type Listening struct {
	Program   string    `json:"program"` // command name
	UID       uint32    `json:"uid"`
	Port      uint16    `json:"port"`
	FirstSeen time.Time `json:"first_seen"` // when it began to, or when we found it
	LastSeen  time.Time `json:"last_seen"`  // when it was last found to
}

// LoginSeen counts logins of one account from one class of places; addresses are not kept.
type LoginSeen struct {
	User      string    `json:"user"`   // an account of this host; "?": any other name, which may have been a password
	Origin    string    `json:"origin"` // local, loopback, private, public; unknown: a name stands where the address would
	Count     uint64    `json:"count,omitzero"`
	Failed    uint64    `json:"failed,omitzero"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

// Crash counts how often processes of one program and user died by one signal.
type Crash struct {
	Program   string    `json:"program"` // command name
	UID       uint32    `json:"uid"`
	Signal    uint32    `json:"signal"` // 4, 5, 6, 7, 8, 11, 31: a fault; 9: killed by force, by somebody or for lack of memory
	Count     uint64    `json:"count"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

// RuntimeEvent is one rare event worth keeping as such.
type RuntimeEvent struct {
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"` // module_load, bpf_load, ptrace, exec_deleted, exec_memfd, exec_temp, privilege_gain, setuid (root gained), mount, sensitive_write
	Program string    `json:"program,omitzero"`
	UID     *uint32   `json:"uid,omitzero"`
	Detail  string    `json:"detail,omitzero"`

	PID       uint32 `json:"pid,omitzero"`       // of who did it, or became it; 0: not known
	Parent    string `json:"parent,omitzero"`    // command name of who started it
	Container string `json:"container,omitzero"` // id, or a machine's name
	Image     string `json:"image,omitzero"`     // of that container, as its runtime's files name it
}

// Agent is the agent's view of itself.
type Agent struct {
	Version        string     `json:"version,omitzero"`
	BundleRevision *uint64    `json:"bundle_revision,omitzero"`
	BundleSigned   *bool      `json:"bundle_signed,omitzero"`
	OutboxItems    *int       `json:"outbox_items,omitzero"`
	OutboxDropped  *uint64    `json:"outbox_dropped,omitzero"`
	LastCheckIn    *time.Time `json:"last_check_in,omitzero"`
	BinaryState    *FileState `json:"binary_state,omitzero"`
}
