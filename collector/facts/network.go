package facts

import "time"

// Firewall is the packet filter as loaded in the kernel, and as the files would load it.
type Firewall struct {
	Backends       []string        `json:"backends,omitzero"`        // nftables, iptables-legacy that hold rules now
	Tables         []FirewallTable `json:"tables,omitzero"`          // loaded rule sets
	Input          *InputPolicy    `json:"input,omitzero"`           // evaluated: what happens to a packet nothing names
	Manager        string          `json:"manager,omitzero"`         // ufw, firewalld, nftables, iptables-persistent, fw4; empty: none
	ManagerEnabled *bool           `json:"manager_enabled,omitzero"` // starts at boot
	Configured     *InputPolicy    `json:"configured,omitzero"`      // what the manager's files would load
	ConfiguredFile string          `json:"configured_file,omitzero"`
}

// FirewallTable is one table with its base chains.
type FirewallTable struct {
	Backend string          `json:"backend"`
	Family  string          `json:"family"` // ip, ip6, inet, bridge, arp, netdev
	Name    string          `json:"name"`
	Chains  []FirewallChain `json:"chains"`
}

// FirewallChain is one chain.
type FirewallChain struct {
	Name   string `json:"name"`
	Hook   string `json:"hook,omitzero"`   // input, forward, output, prerouting, postrouting; empty: not a base chain
	Policy string `json:"policy,omitzero"` // accept or drop
	Rules  int    `json:"rules"`
}

// InputPolicy is the fate of an unexpected inbound packet from off the host.
type InputPolicy struct {
	IPv4    string      `json:"ipv4,omitzero"` // drop, reject or accept; absent: not decided
	IPv6    string      `json:"ipv6,omitzero"`
	Forward string      `json:"forward,omitzero"` // the same for IPv4 packets routed through
	Open    []PortRange `json:"open,omitzero"`    // ports accepted from anywhere
}

// PortRange is a range of ports of one protocol.
type PortRange struct {
	Protocol string `json:"protocol"` // tcp or udp
	From     uint16 `json:"from"`
	To       uint16 `json:"to"`
	Family   string `json:"family"`           // ipv4, ipv6 or both
	Limited  bool   `json:"limited,omitzero"` // only from some addresses or interfaces
}

// Network is interfaces, routes, names and proxies.
type Network struct {
	// Exposure is the farthest from where anything that listens on this host can be reached, through the loaded firewall: small (it
	// listens nowhere beyond itself), controlled (an internal network) or open (the Internet); absent: could not be told.
	Exposure         string            `json:"exposure,omitzero"`
	Interfaces       []Interface       `json:"interfaces,omitzero"`
	DefaultRoutes    []Route           `json:"default_routes,omitzero"`
	Resolvers        []string          `json:"resolvers,omitzero"`         // name servers in force: resolv.conf, or systemd-resolved's upstreams
	ResolvedSettings map[string]string `json:"resolved_settings,omitzero"` // DNSSEC=, DNSOverTLS=, LLMNR=, MulticastDNS=
	Proxies          map[string]string `json:"proxies,omitzero"`           // http_proxy and its like from system files, credentials removed
	HostsFile        []string          `json:"hosts_file,omitzero"`        // names in /etc/hosts that point off the host
	WiFi             []WiFi            `json:"wifi,omitzero"`
	WireGuard        []string          `json:"wireguard,omitzero"` // interface names
	Tunnels          []Tunnel          `json:"tunnels,omitzero"`   // VPN interfaces; IPsec without an interface of its own is not seen
}

// Tunnel is one interface that leads into a VPN.
type Tunnel struct {
	Interface       string     `json:"interface"`
	Kind            string     `json:"kind"`                       // wireguard, or tun (OpenVPN, Tailscale and others)
	Connected       *bool      `json:"connected,omitzero"`         // tun: a program holds it open
	Peers           *int       `json:"peers,omitzero"`             // wireguard: configured peers; absent: the kernel was not asked
	LastHandshakeAt *time.Time `json:"last_handshake_at,omitzero"` // wireguard: newest of all peers, UTC; absent with peers known: none since the interface was made
	AgeSeconds      *int64     `json:"age_seconds,omitzero"`       // since LastHandshakeAt; a tunnel in use renews it every 2 minutes, an idle one without keep-alive does not
}

// Interface is one network interface.
type Interface struct {
	Name        string   `json:"name"`
	Up          bool     `json:"up"`
	Loopback    bool     `json:"loopback,omitzero"`
	Promiscuous bool     `json:"promiscuous,omitzero"`
	Upper       []string `json:"upper,omitzero"` // interfaces stacked on it: its bridge, bond, VLANs
	Wireless    bool     `json:"wireless,omitzero"`
	Addresses   []string `json:"addresses,omitzero"` // CIDR
}

// Route is one default route.
type Route struct {
	Family    string `json:"family"` // ipv4 or ipv6
	Gateway   string `json:"gateway,omitzero"`
	Interface string `json:"interface"`
	Metric    uint32 `json:"metric,omitzero"`
}

// WiFi is one wireless network the host offers or joins.
type WiFi struct {
	Interface  string `json:"interface,omitzero"`
	Mode       string `json:"mode"`       // ap or sta
	Encryption string `json:"encryption"` // none, wep, wpa, wpa2, wpa3, mixed
	WPS        *bool  `json:"wps,omitzero"`
	Disabled   bool   `json:"disabled,omitzero"`
}

// Time is the clock and what keeps it right.
type Time struct {
	Synchronised      *bool        `json:"synchronised,omitzero"`   // adjtimex: STA_UNSYNC clear
	OffsetSeconds     *float64     `json:"offset_seconds,omitzero"` // adjtimex offset
	MaxErrorSeconds   *float64     `json:"max_error_seconds,omitzero"`
	Daemons           []TimeDaemon `json:"daemons,omitzero"` // those installed
	Servers           []string     `json:"servers,omitzero"` // configured servers, pools, peers and reference clocks of the services that start or run; "dhcp" for those that DHCP hands out
	Timezone          string       `json:"timezone,omitzero"`
	RTCOffsetSeconds  *float64     `json:"rtc_offset_seconds,omitzero"`  // hardware clock minus system clock
	ServerSkewSeconds *float64     `json:"server_skew_seconds,omitzero"` // host clock minus the server's, by the last check-in since the host booted and what passed since; absent: there was none. To a second
}

// TimeDaemon is one time service.
type TimeDaemon struct {
	Name    string `json:"name"` // chrony, systemd-timesyncd, ntpd, ntpsec, openntpd, busybox-ntpd
	Enabled *bool  `json:"enabled,omitzero"`
	Running *bool  `json:"running,omitzero"`
}

// Certificates are X.509 certificates in use by services or standing in the usual places.
type Certificates struct {
	Files       []Certificate `json:"files,omitzero"`
	Served      []Certificate `json:"served,omitzero"`       // presented by our own listeners in a handshake
	PrivateKeys []FileState   `json:"private_keys,omitzero"` // key files found beside them
}

// Certificate is one end-entity certificate.
type Certificate struct {
	Path        string    `json:"path,omitzero"`
	Port        uint16    `json:"port,omitzero"`
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	DaysLeft    int       `json:"days_left"` // whole days from measured_at; negative: expired
	KeyType     string    `json:"key_type"`  // rsa, ecdsa, ed25519
	KeyBits     int       `json:"key_bits"`
	Signature   string    `json:"signature"` // SHA256-RSA, ...
	SelfSigned  bool      `json:"self_signed,omitzero"`
	CA          bool      `json:"ca,omitzero"`
	Configured  bool      `json:"configured,omitzero"`   // a server's configuration names the file
	TLSVersions []string  `json:"tls_versions,omitzero"` // versions the listener accepted: "1.0" ... "1.3"
}

// OpenWrt is what only a router of that kind has.
type OpenWrt struct {
	UCI             map[string]map[string]map[string][]string `json:"uci,omitzero"` // package → section → option → values
	RootPasswordSet *bool                                     `json:"root_password_set,omitzero"`
	CheckSignature  *bool                                     `json:"check_signature,omitzero"` // opkg checks package lists
}

// Continuity is what keeps a site working: backups, power, a second way out.
type Continuity struct {
	Backups    []BackupTool  `json:"backups,omitzero"`
	Power      []PowerSource `json:"power,omitzero"` // UPS and batteries; empty: none seen
	NUT        *bool         `json:"nut,omitzero"`   // a UPS monitor is installed and enabled
	DiskHealth []DiskHealth  `json:"disk_health,omitzero"`
	Raid       []Raid        `json:"raid,omitzero"`
	Attested   []Attestation `json:"attested,omitzero"` // what the administrator states, from /etc/vymir/attested/*.conf; empty: nothing
}

// Attestation is a statement of the host's administrator about what no program can see: that a restore was tried, that a copy
// lies elsewhere. It is one file of "key = value" lines: subject, date (YYYY-MM-DD), by, evidence (a path on this host).
type Attestation struct {
	Subject  string     `json:"subject"`           // restore_test, offline_copy, ...: as written, in lower case
	Date     *time.Time `json:"date,omitzero"`     // UTC midnight; absent: none, or not a date
	AgeDays  *int       `json:"age_days,omitzero"` // from Date to measured_at; negative: a date to come
	By       string     `json:"by,omitzero"`
	Evidence *FileState `json:"evidence,omitzero"` // kind absent: the file it names is not there; nil: none is named
	File     string     `json:"file"`
}

// BackupTool is one backup program with signs of its use.
type BackupTool struct {
	Name      string     `json:"name"` // restic, borg, duplicity, rsnapshot, bacula, veeam, timeshift ...
	Installed bool       `json:"installed"`
	Scheduled *bool      `json:"scheduled,omitzero"` // a cron line, timer or service names it
	Remote    *bool      `json:"remote,omitzero"`    // its target is off the host
	LastRun   *time.Time `json:"last_run,omitzero"`  // newest state, cache or log file it writes
}

// PowerSource is one battery or UPS as the kernel shows it.
type PowerSource struct {
	Name    string `json:"name"`
	Type    string `json:"type"` // battery, ups or mains
	Online  *bool  `json:"online,omitzero"`
	Percent *int   `json:"percent,omitzero"`
}

// DiskHealth is wear as the kernel shows it without asking the disk by ioctl.
type DiskHealth struct {
	Device          string `json:"device"`
	Rotational      *bool  `json:"rotational,omitzero"`
	LifeUsedPercent *int   `json:"life_used_percent,omitzero"` // eMMC life_time, upper bound
	ReadOnly        bool   `json:"read_only,omitzero"`
}

// Raid is one software array.
type Raid struct {
	Device   string `json:"device"`
	Level    string `json:"level"`
	Degraded bool   `json:"degraded"`
}

// Starlink is the dish and its link, asked once on the local network, without changing anything. A dish leaves out what is zero or no:
// an absent number is not known, never zero, and an absent yes is no or not known. Its id and its place are not asked for.
type Starlink struct {
	Present         bool     `json:"present"`                      // a dish answers; false: there is no way to its address, or nothing there that listens. One without power looks the same
	Interface       string   `json:"interface,omitzero"`           // of this host, by which the dish is reached
	HardwareVersion string   `json:"hardware_version,omitzero"`    // as the dish names its model
	SoftwareVersion string   `json:"software_version,omitzero"`    // of the dish
	UptimeSeconds   *uint64  `json:"uptime_seconds,omitzero"`      // of the dish
	UpdateState     string   `json:"update_state,omitzero"`        // idle, fetching, pre_check, writing, post_check, reboot_required, disabled, faulted
	PingDropRate    *float64 `json:"ping_drop_rate,omitzero"`      // 0..1
	PingLatencyMs   *float64 `json:"ping_latency_ms,omitzero"`     // to the point of presence
	Obstructed      *float64 `json:"obstructed_fraction,omitzero"` // of the sky, 0..1
	Metered         *bool    `json:"metered,omitzero"`             // true: the dish says to treat the link as metered (treat_as_metered)
	Restricted      string   `json:"restricted,omitzero"`          // why bandwidth is restricted: overage, policy, user_custom, low_speed_policy; empty: it is not, or not known
	Disabled        string   `json:"disabled,omitzero"`            // why there is no service: data_overage, no_active_account, unsupported_version ...; empty: there is, or not known
	Alerts          []string `json:"alerts,omitzero"`              // that are on; absent: not told
	Outage          string   `json:"outage,omitzero"`              // cause; empty: none now
	LANRead         *bool    `json:"lan_read,omitzero"`            // the dish answers questions of this network without a credential
	LANControl      *bool    `json:"lan_control,omitzero"`         // false: it refuses even to be asked; absent: only a request that changes something would tell, and none is sent
}
