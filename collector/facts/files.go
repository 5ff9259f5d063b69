package facts

import "time"

// Sysctl is the kernel's parameters: as they are, and as the files will set them at the next boot.
type Sysctl struct {
	Live       map[string]string      `json:"live,omitzero"`       // dotted name → value, white space folded to one space
	Configured map[string]SysctlEntry `json:"configured,omitzero"` // after order and precedence of sysctl.d(5)
	Defaults   map[string]string      `json:"defaults,omitzero"`   // where the files are silent: what the next kernel's command line, its configuration or every kernel's source gives; absent: not decided
}

// SysctlEntry is the last value the files give.
type SysctlEntry struct {
	Value string `json:"value"`
	File  string `json:"file"`
}

// Mounts are the file systems: mounted now, and configured.
type Mounts struct {
	Live  []Mount `json:"live,omitzero"`  // /proc/self/mountinfo of the host's namespace
	Fstab []Mount `json:"fstab,omitzero"` // fstab and systemd .mount units
	Usage []Usage `json:"usage,omitzero"` // statfs of writable disk file systems
}

// Mount is one mounted or configured file system.
type Mount struct {
	Target  string   `json:"target"`
	Source  string   `json:"source"`
	FSType  string   `json:"fs_type"`
	Options []string `json:"options"`
	Origin  string   `json:"origin,omitzero"` // "fstab", "unit:tmp.mount"; empty for live ones
}

// Usage is how full a file system is.
type Usage struct {
	Target            string   `json:"target"`
	TotalBytes        uint64   `json:"total_bytes"`
	FreeBytes         uint64   `json:"free_bytes"`
	UsedPercent       float64  `json:"used_percent"`
	InodesUsedPercent *float64 `json:"inodes_used_percent,omitzero"` // nil: the file system has no fixed number
}

// Files are the modes and owners of the files that matter.
type Files struct {
	Paths map[string]FileState `json:"paths,omitzero"` // absolute path → state; a missing file has kind "absent"
}

// FileState is the lstat of one path. Kind absent and unknown come alone.
type FileState struct {
	Path          string     `json:"path"`
	Kind          string     `json:"kind"`          // file, dir, link, fifo, socket, device, absent, or unknown when it may not be looked at
	Mode          string     `json:"mode,omitzero"` // four octal digits: "0640"
	UID           *uint32    `json:"uid,omitzero"`
	GID           *uint32    `json:"gid,omitzero"`
	User          string     `json:"user,omitzero"` // name of UID in the same root; empty: none
	Group         string     `json:"group,omitzero"`
	Bytes         *int64     `json:"bytes,omitzero"`
	ModifiedAt    *time.Time `json:"modified_at,omitzero"`
	GroupWritable bool       `json:"group_writable,omitzero"`
	WorldWritable bool       `json:"world_writable,omitzero"`
	WorldReadable bool       `json:"world_readable,omitzero"`
	Link          string     `json:"link,omitzero"`         // target of a symbolic link
	Capabilities  []string   `json:"capabilities,omitzero"` // file capabilities (capabilities(7)), looked for by the walk only
	Package       string     `json:"package,omitzero"`      // package that lists it, looked up by the walk only; see [Walk].OwnersKnown
}

// Walk is what a budgeted walk over the local disk file systems found. It goes on from collection to collection; the lists
// are those of the last walk that was completed, and absent until one was.
type Walk struct {
	Complete      bool        `json:"complete"`                // a walk was completed: the lists hold
	CompletedAt   *time.Time  `json:"completed_at,omitzero"`   // UTC
	InodesSeen    uint64      `json:"inodes_seen"`             // by the completed walk, else by the one under way
	WorldWritable []FileState `json:"world_writable,omitzero"` // files, and directories without the sticky bit
	Unowned       []FileState `json:"unowned,omitzero"`        // uid or gid without a name; absent where a directory service names some
	SetID         []FileState `json:"set_id,omitzero"`         // SUID and SGID programs
	Capable       []FileState `json:"capable,omitzero"`        // programs with file capabilities
	OwnersKnown   bool        `json:"owners_known,omitzero"`   // set_id and capable were looked up in the package data base: one without a package is in none
	Truncated     bool        `json:"truncated,omitzero"`      // a list was cut at its limit
}

// Schedules are cron, anacron, at and systemd timers.
type Schedules struct {
	Cron      []CronEntry `json:"cron,omitzero"`
	Timers    []Timer     `json:"timers,omitzero"`
	CronAllow *bool       `json:"cron_allow,omitzero"` // /etc/cron.allow exists
	AtAllow   *bool       `json:"at_allow,omitzero"`
}

// CronEntry is one line of a crontab or one script of cron.daily and its like.
type CronEntry struct {
	File         string     `json:"file"`
	User         string     `json:"user"`
	When         string     `json:"when"` // "0 3 * * *", "@reboot", "daily"
	Command      string     `json:"command"`
	CommandState *FileState `json:"command_state,omitzero"` // of the program, when its path is absolute
}

// Timer is one systemd timer.
type Timer struct {
	Unit    string     `json:"unit"`
	Service string     `json:"service"`
	When    []string   `json:"when,omitzero"` // OnCalendar= and its like, verbatim
	Enabled *bool      `json:"enabled,omitzero"`
	LastRun *time.Time `json:"last_run,omitzero"` // stamp file; nil: never, or not Persistent=
}

// Integrity is the state of files against their packages, and of tools that watch them.
type Integrity struct {
	Verified      *bool      `json:"verified,omitzero"`       // every package file was hashed at least once; false: not all yet (a collection that remembers nothing reads programs first and stops after 64 MiB or 0.25 CPU-s); nil: no checksums are kept here
	VerifiedAt    *time.Time `json:"verified_at,omitzero"`    // UTC: end of the last complete pass; a new one begins 20 hours later
	FilesVerified *uint64    `json:"files_verified,omitzero"` // files of the last complete pass, or of the one under way if that is more
	ModifiedFiles []string   `json:"modified_files,omitzero"` // content differs from the package's checksum now; configuration files left out, and on a running host what an upgrade may be putting there at this moment; told as soon as found; 1,000 at most
	MissingFiles  []string   `json:"missing_files,omitzero"`  // listed with a checksum and not there; told as soon as found
	LdPreload     []string   `json:"ld_preload,omitzero"`     // lines of /etc/ld.so.preload; empty: file absent or empty
	FIM           []Tool     `json:"fim,omitzero"`            // aide, tripwire, samhain, ossec ... found here
	AntiMalware   []Tool     `json:"anti_malware,omitzero"`   // clamav and other engines found here
	RootkitTools  []Tool     `json:"rootkit_tools,omitzero"`
}

// Tool is a security tool found on the host.
type Tool struct {
	Name       string     `json:"name"`
	Installed  bool       `json:"installed"`
	Running    *bool      `json:"running,omitzero"`
	DatabaseAt *time.Time `json:"database_at,omitzero"` // newest signature or baseline file
}
