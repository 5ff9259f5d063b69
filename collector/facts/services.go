package facts

import "time"

// Services are the units of the init system.
type Services struct {
	Init          string          `json:"init,omitzero"`  // systemd, openrc, procd, sysv or other
	Units         map[string]Unit `json:"units,omitzero"` // "ssh.service" → unit; OpenRC and procd services carry no suffix
	DefaultTarget string          `json:"default_target,omitzero"`
	OwnersKnown   bool            `json:"owners_known,omitzero"` // the package data base was asked: a unit file without a package is in none
	Inetd         []string        `json:"inetd,omitzero"`        // services that inetd or xinetd is set to start, by name: "telnet", "tftp"; absent: neither is there
}

// Unit is one service, socket or timer.
type Unit struct {
	Exists  bool     `json:"exists"`            // a unit file or init script is there
	Enabled string   `json:"enabled,omitzero"`  // enabled, disabled, masked, static, alias, generated; what holds at the next boot
	Active  string   `json:"active,omitzero"`   // active, inactive, failed; absent under --root or when not known
	MainPID int      `json:"main_pid,omitzero"` // 0: none or not known
	File    string   `json:"file,omitzero"`
	DropIns []string `json:"drop_ins,omitzero"` // files that change it, in the order they apply
	Preset  string   `json:"preset,omitzero"`   // systemd: enabled, disabled or ignored when it was installed, by its preset files; only where Enabled can be changed
	Package string   `json:"package,omitzero"`  // package that lists File; see [Services].OwnersKnown
	User    string   `json:"user,omitzero"`     // User= ; empty: root
	Exec    string   `json:"exec,omitzero"`     // program of the first ExecStart=
}

// Sockets are the listening sockets of the host's own network namespace.
type Sockets struct {
	Listeners []Listener `json:"listeners,omitzero"`
}

// Listener is one listening TCP socket or bound UDP socket.
type Listener struct {
	Protocol     string  `json:"protocol"` // tcp, tcp6, udp, udp6
	Address      string  `json:"address"`  // "0.0.0.0", "::", "127.0.0.1"
	Port         uint16  `json:"port"`
	Exposure     string  `json:"exposure"`           // loopback, link, private, public or all (unspecified address)
	Interface    string  `json:"interface,omitzero"` // bound device
	PID          int     `json:"pid,omitzero"`       // 0: owner not visible to us
	Program      string  `json:"program,omitzero"`   // command name
	Exe          string  `json:"exe,omitzero"`       // path of the program
	ExeDeleted   bool    `json:"exe_deleted,omitzero"`
	Script       string  `json:"script,omitzero"` // what an interpreter runs: a file, "-" for code from its command line or standard input, "-m NAME" for a module; empty: Exe is no interpreter
	User         string  `json:"user,omitzero"`
	UID          *uint32 `json:"uid,omitzero"`
	Package      string  `json:"package,omitzero"`       // package that owns Script where that is a file, else Exe; empty: none or not known
	PackageKnown bool    `json:"package_known,omitzero"` // true: the package data base was asked; false for a module, whose file is not looked for
	Unit         string  `json:"unit,omitzero"`          // systemd unit by cgroup
	Reachable    string  `json:"reachable,omitzero"`     // yes, no or limited, by the loaded firewall; absent: not evaluated
	PeersSeen    *uint64 `json:"peers_seen,omitzero"`    // distinct peers outside the host seen by the probes in 31 days; at least so many on busy hosts
}

// Processes are the running programs, as far as they bear on trust.
type Processes struct {
	Count          int       `json:"count"`
	DeletedExe     []Process `json:"deleted_exe,omitzero"`     // the program's file is gone or replaced
	Memfd          []Process `json:"memfd,omitzero"`           // run from anonymous memory; Detail is sealed where nobody can change that any more
	TempExe        []Process `json:"temp_exe,omitzero"`        // run from /tmp, /var/tmp, /dev/shm or another world-writable directory
	StaleLibraries []Process `json:"stale_libraries,omitzero"` // maps libraries that were deleted or replaced
	LdPreload      []Process `json:"ld_preload,omitzero"`      // LD_PRELOAD in the environment of a root or network process
	Unconfined     []Process `json:"unconfined,omitzero"`      // listens beyond loopback, and no LSM profile confines it
	Hidden         []int     `json:"hidden,omitzero"`          // PIDs the kernel's task iterator shows and /proc does not
	RemoteControl  []Process `json:"remote_control,omitzero"`  // remote management programs: anydesk, teamviewer, rustdesk, ...
	Names          []string  `json:"names,omitzero"`           // distinct command names, sorted
}

// Process is one running program.
type Process struct {
	PID       int        `json:"pid"`
	Name      string     `json:"name"`
	Exe       string     `json:"exe,omitzero"`
	User      string     `json:"user,omitzero"`
	UID       *uint32    `json:"uid,omitzero"`
	StartedAt *time.Time `json:"started_at,omitzero"`
	Detail    string     `json:"detail,omitzero"` // the library, the variable, the profile
	Unit      string     `json:"unit,omitzero"`
	Package   string     `json:"package,omitzero"`
}

// Containers are the container engines and what they run.
type Containers struct {
	Engines []ContainerEngine `json:"engines,omitzero"`
	Running []Container       `json:"running,omitzero"`
}

// ContainerEngine is one engine found on the host.
type ContainerEngine struct {
	Name          string            `json:"name"` // docker, podman, containerd, lxc
	Running       *bool             `json:"running,omitzero"`
	Socket        *FileState        `json:"socket,omitzero"`
	TCPExposed    *bool             `json:"tcp_exposed,omitzero"`    // the API listens on TCP beyond loopback
	TCPConfigured *bool             `json:"tcp_configured,omitzero"` // its files make the API listen there at the next start; known for docker
	TLSVerify     *bool             `json:"tls_verify,omitzero"`
	Settings      map[string]string `json:"settings,omitzero"` // daemon.json, flattened
}

// Container is one running container.
type Container struct {
	ID                  string   `json:"id"`
	Image               string   `json:"image,omitzero"`
	Name                string   `json:"name,omitzero"`
	Privileged          *bool    `json:"privileged,omitzero"`
	Capabilities        []string `json:"capabilities,omitzero"` // bounding set of its first process
	HostNetwork         *bool    `json:"host_network,omitzero"`
	HostPID             *bool    `json:"host_pid,omitzero"`
	EngineSocketMounted *bool    `json:"engine_socket_mounted,omitzero"`
	RootUser            *bool    `json:"root_user,omitzero"` // its first process is uid 0 outside a user namespace
}

// Login is what a person meets at the door: banners, shells' defaults, core dumps, USB.
type Login struct {
	Banners             map[string]string `json:"banners,omitzero"`               // path → text of issue, issue.net, motd, 4 KiB at most
	Umask               map[string]string `json:"umask,omitzero"`                 // file → umask it sets
	ShellTimeoutSeconds *int              `json:"shell_timeout_seconds,omitzero"` // TMOUT made read-only for all shells
	CoreDumps           *CoreDumps        `json:"core_dumps,omitzero"`
	USBGuard            *bool             `json:"usbguard,omitzero"`     // installed and enabled
	Bluetooth           *bool             `json:"bluetooth,omitzero"`    // an adapter is present and powered, or the service is enabled
	GUI                 *bool             `json:"gui,omitzero"`          // a display manager or compositor is installed
	CtrlAltDel          string            `json:"ctrl_alt_del,omitzero"` // masked or enabled
	Sessions            []string          `json:"sessions,omitzero"`     // users logged in now
}

// CoreDumps is how crashes are kept.
type CoreDumps struct {
	Pattern   string `json:"pattern,omitzero"`    // kernel.core_pattern
	Storage   string `json:"storage,omitzero"`    // systemd-coredump Storage=
	LimitHard string `json:"limit_hard,omitzero"` // "* hard core" of limits.conf
}
