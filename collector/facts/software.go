package facts

import "time"

// Packages are the operating system's packages.
type Packages struct {
	Manager   string       `json:"manager,omitzero"` // dpkg, rpm, apk or opkg
	Installed []Package    `json:"installed,omitzero"`
	Sources   []Repository `json:"sources,omitzero"`
	Broken    []string     `json:"broken,omitzero"` // half-installed or unpacked only
}

// Package is one installed package.
type Package struct {
	Name          string `json:"name"`
	Version       string `json:"version"`
	Arch          string `json:"arch,omitzero"`
	Source        string `json:"source,omitzero"`         // equal to Name when absent
	SourceVersion string `json:"source_version,omitzero"` // equal to Version when absent
	Hold          bool   `json:"hold,omitzero"`
}

// Repository is one package source.
type Repository struct {
	File     string `json:"file"`
	URI      string `json:"uri"` // credentials removed
	Suite    string `json:"suite,omitzero"`
	Enabled  bool   `json:"enabled"`
	Security bool   `json:"security"`         // the distribution's security archive
	Trusted  bool   `json:"trusted,omitzero"` // signature check switched off ([trusted=yes], gpgcheck=0, or by apt.conf for all)
	SignedBy string `json:"signed_by,omitzero"`
	TLS      bool   `json:"tls,omitzero"`
}

// Updates is how fresh the system is kept.
type Updates struct {
	ListsAt            *time.Time `json:"lists_at,omitzero"`        // newest package list on disk
	LastUpgradeAt      *time.Time `json:"last_upgrade_at,omitzero"` // newest change of the package data base
	ListsAgeDays       *int       `json:"lists_age_days,omitzero"`
	LastUpgradeAgeDays *int       `json:"last_upgrade_age_days,omitzero"`
	Automatic          *bool      `json:"automatic,omitzero"`      // installs security updates by itself, by its files
	AutomaticTool      string     `json:"automatic_tool,omitzero"` // unattended-upgrades, dnf-automatic, ...
	AutomaticLastRun   *time.Time `json:"automatic_last_run,omitzero"`
	Pending            *int       `json:"pending,omitzero"`          // upgrades the lists on disk offer
	PendingSecurity    *int       `json:"pending_security,omitzero"` // of them from the security archive
	RebootOnUpdate     *bool      `json:"reboot_on_update,omitzero"`
}

// Encryption is what protects data on disks that are carried away.
type Encryption struct {
	Volumes  []Volume `json:"volumes,omitzero"` // mounted data file systems on block devices
	Swap     []Volume `json:"swap,omitzero"`
	Crypttab []string `json:"crypttab,omitzero"` // names in /etc/crypttab
}

// Volume is one block device in use.
type Volume struct {
	Device    string `json:"device"`
	Target    string `json:"target,omitzero"`
	Encrypted *bool  `json:"encrypted,omitzero"` // a dm-crypt layer stands below; nil: not decided
}

// Logging is where log lines go and how long they stay.
type Logging struct {
	Journal   *Journal      `json:"journal,omitzero"`
	Syslog    *Syslog       `json:"syslog,omitzero"`
	Logrotate *bool         `json:"logrotate,omitzero"` // installed with a configuration
	Rotation  []LogRotation `json:"rotation,omitzero"`  // system logs that logrotate turns; absent without logrotate
	OldestAt  *time.Time    `json:"oldest_at,omitzero"` // system logs reach back at least to here: the first record of a journal file, the last write of a text log
	NewestAt  *time.Time    `json:"newest_at,omitzero"` // last write to any system log
}

// LogRotation is how long logrotate(8) keeps one log.
type LogRotation struct {
	Log      string `json:"log"`
	KeptDays *int   `json:"kept_days,omitzero"` // days of records that stay; absent: size decides, or nothing is thrown away
	File     string `json:"file"`               // the configuration file
}

// Journal is systemd-journald.
type Journal struct {
	Settings      map[string]string `json:"settings"`            // effective [Journal] settings, drop-ins applied, defaults left out
	Persistent    *bool             `json:"persistent,omitzero"` // by Storage= and the presence of /var/log/journal
	ForwardSyslog *bool             `json:"forward_syslog,omitzero"`
	Remote        *bool             `json:"remote,omitzero"` // systemd-journal-upload enabled
}

// Syslog is rsyslog, syslog-ng or busybox syslogd.
type Syslog struct {
	Implementation  string   `json:"implementation"`
	Enabled         *bool    `json:"enabled,omitzero"`
	Running         *bool    `json:"running,omitzero"`
	Remote          []string `json:"remote,omitzero"`           // targets off the host
	RemoteConnected *bool    `json:"remote_connected,omitzero"` // an established flow to one of them; nil for UDP
	FileMode        string   `json:"file_mode,omitzero"`        // $FileCreateMode
	Receives        *bool    `json:"receives,omitzero"`         // accepts logs from the network
}

// Audit is the kernel's audit subsystem.
type Audit struct {
	Installed       *bool             `json:"installed,omitzero"` // auditd
	DaemonEnabled   *bool             `json:"daemon_enabled,omitzero"`
	Enabled         *int              `json:"enabled,omitzero"`    // kernel: 0 off, 1 on, 2 locked
	DaemonPID       *int              `json:"daemon_pid,omitzero"` // 0: nobody listens
	Lost            *uint64           `json:"lost,omitzero"`
	RulesLoaded     *int              `json:"rules_loaded,omitzero"`     // rules in the kernel
	RulesConfigured []string          `json:"rules_configured,omitzero"` // lines of audit.rules and rules.d
	Settings        map[string]string `json:"settings,omitzero"`         // auditd.conf
}

// WebServers are HTTP servers found on the host.
type WebServers struct {
	Servers []WebServer `json:"servers,omitzero"`
}

// WebServer is one HTTP server's effective configuration, as far as its files tell.
type WebServer struct {
	Name          string   `json:"name"` // nginx, apache2, lighttpd, uhttpd, caddy
	Version       string   `json:"version,omitzero"`
	Running       *bool    `json:"running,omitzero"`
	User          string   `json:"user,omitzero"`
	TLSProtocols  []string `json:"tls_protocols,omitzero"` // as configured; absent: the default
	ServerTokens  string   `json:"server_tokens,omitzero"`
	Autoindex     *bool    `json:"autoindex,omitzero"`
	PlainHTTPOnly *bool    `json:"plain_http_only,omitzero"` // serves beyond loopback and has no TLS listener
	HSTS          *bool    `json:"hsts,omitzero"`
	Files         []string `json:"files,omitzero"`
}

// Mail is the mail transfer agent.
type Mail struct {
	Name         string            `json:"name"` // postfix, exim, sendmail, opensmtpd, msmtp; empty: none
	LoopbackOnly *bool             `json:"loopback_only,omitzero"`
	OpenRelay    *bool             `json:"open_relay,omitzero"` // by its files
	TLS          string            `json:"tls,omitzero"`        // none, may or encrypt
	Settings     map[string]string `json:"settings,omitzero"`   // postfix main.cf, effective
}

// Databases are data base servers.
type Databases struct {
	Servers []Database `json:"servers,omitzero"`
}

// Database is one data base server.
type Database struct {
	Name         string   `json:"name"` // postgresql, mysql, mariadb, redis, mongodb, memcached, elasticsearch
	Running      *bool    `json:"running,omitzero"`
	Listen       []string `json:"listen,omitzero"`      // configured addresses
	Exposed      *bool    `json:"exposed,omitzero"`     // listens beyond loopback, live where known
	WillExpose   *bool    `json:"will_expose,omitzero"` // its files make it answer beyond loopback at the next start
	TLS          *bool    `json:"tls,omitzero"`
	AuthRequired *bool    `json:"auth_required,omitzero"` // no trust or empty-password way in from the network
	Files        []string `json:"files,omitzero"`
}

// Shares are file shares offered to others.
type Shares struct {
	NFS   []NFSExport `json:"nfs,omitzero"`
	Samba *Samba      `json:"samba,omitzero"`
}

// NFSExport is one line of exports(5).
type NFSExport struct {
	Path    string   `json:"path"`
	Client  string   `json:"client"`
	Options []string `json:"options,omitzero"`
}

// Samba is the global section and the shares of smb.conf.
type Samba struct {
	Global map[string]string            `json:"global,omitzero"`
	Shares map[string]map[string]string `json:"shares,omitzero"`
}

// SNMP is the agent's access configuration; community strings are never kept.
type SNMP struct {
	Installed        bool  `json:"installed"`
	Running          *bool `json:"running,omitzero"`
	V1V2             *bool `json:"v1_v2,omitzero"`             // a community is configured
	DefaultCommunity *bool `json:"default_community,omitzero"` // it is public or private
	Writable         *bool `json:"writable,omitzero"`
	LoopbackOnly     *bool `json:"loopback_only,omitzero"`
}
