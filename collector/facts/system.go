package facts

import "time"

// OS is the operating system's release, from os-release (freedesktop.org os-release(5)) or openwrt_release.
type OS struct {
	ID         string   `json:"id,omitzero"`          // debian, ubuntu, rhel, alpine, openwrt, ...
	IDLike     []string `json:"id_like,omitzero"`     // ID_LIKE, split
	VersionID  string   `json:"version_id,omitzero"`  // "12", "22.04", "9.4"
	Codename   string   `json:"codename,omitzero"`    // VERSION_CODENAME
	PrettyName string   `json:"pretty_name,omitzero"` // PRETTY_NAME
	Family     string   `json:"family,omitzero"`      // debian, rhel, alpine, openwrt, suse, arch or other
	Arch       string   `json:"arch,omitzero"`        // machine name as uname prints it; absent under --root
	Target     string   `json:"target,omitzero"`      // OpenWrt target/subtarget
}

// Kernel is the running kernel and the ones installed beside it.
type Kernel struct {
	Release            string            `json:"release,omitzero"`             // uname -r; absent under --root
	Build              string            `json:"build,omitzero"`               // uname -v; absent under --root
	Installed          []InstalledKernel `json:"installed,omitzero"`           // kernels with an image or a module tree on disk
	NewestInstalled    string            `json:"newest_installed,omitzero"`    // release of the newest of them, compared as versions
	RunningIsNewest    *bool             `json:"running_is_newest,omitzero"`   // nil: one side is unknown
	Cmdline            []string          `json:"cmdline,omitzero"`             // /proc/cmdline, split on spaces outside quotes
	CmdlineConfigured  []string          `json:"cmdline_configured,omitzero"`  // what the boot loader's files will pass next time
	Tainted            *uint64           `json:"tainted,omitzero"`             // /proc/sys/kernel/tainted, bits of tainted-kernels.rst
	Lockdown           string            `json:"lockdown,omitzero"`            // none, integrity or confidentiality
	LSM                []string          `json:"lsm,omitzero"`                 // active security modules, in order
	LSMEnforcing       map[string]string `json:"lsm_enforcing,omitzero"`       // selinux: enforcing|permissive|disabled; apparmor: enabled|disabled
	LSMConfigured      map[string]string `json:"lsm_configured,omitzero"`      // what the files ask for: selinux by /etc/selinux/config
	ConfigFile         string            `json:"config_file,omitzero"`         // configuration of the kernel that starts next; absent: not on disk
	LSMNext            []string          `json:"lsm_next,omitzero"`            // of apparmor, landlock, lockdown, selinux, smack, tomoyo and yama those that start at the next boot, by configuration and command line
	LockdownNext       string            `json:"lockdown_next,omitzero"`       // mode at the next boot, with Secure Boot as it is now; absent: not decided
	Modules            []Module          `json:"modules,omitzero"`             // loaded modules; empty: none, or built without
	ModulesDisabled    *bool             `json:"modules_disabled,omitzero"`    // kernel.modules_disabled = 1, or no module support
	HiddenModules      []string          `json:"hidden_modules,omitzero"`      // in /sys/module with a refcount but not in /proc/modules
	Modprobe           *Modprobe         `json:"modprobe,omitzero"`            // modprobe.d as modprobe would read it
	CPUVulnerabilities map[string]string `json:"cpu_vulnerabilities,omitzero"` // /sys/devices/system/cpu/vulnerabilities
	BPFPrograms        []BPFProgram      `json:"bpf_programs,omitzero"`        // programs loaded in the kernel
	BPFHoldersKnown    *bool             `json:"bpf_holders_known,omitzero"`   // every descriptor, pin and cgroup was looked through: a program without holder, pin and cgroup has none of them
}

// InstalledKernel is one kernel on disk.
type InstalledKernel struct {
	Release string `json:"release"`        // as uname -r would print it
	Image   string `json:"image,omitzero"` // path of the image; empty: only a module tree
	Build   string `json:"build,omitzero"` // as uname -v would print it, from the image's header; empty: not known
}

// Module is one loaded kernel module.
type Module struct {
	Name  string `json:"name"`
	Taint string `json:"taint,omitzero"` // letters after the address in /proc/modules: O out of tree, E unsigned, F forced
}

// Modprobe is the effective modprobe configuration (modprobe.d(5)).
type Modprobe struct {
	Blacklisted []string          `json:"blacklisted,omitzero"` // names; stops loading by alias only
	Install     map[string]string `json:"install,omitzero"`     // module → command; /bin/true and /bin/false disable it
	Builtin     []string          `json:"builtin,omitzero"`     // of the modules we ask for, those built into the kernel
	Available   []string          `json:"available,omitzero"`   // of the modules we ask for, those present on disk
}

// BPFProgram is one eBPF program loaded in the kernel. What holds a program at a network device (tc, XDP), in a network name
// space or in a map of programs is not looked for: those types can stand without holder on any host. A descriptor that is only
// in flight over a socket is not seen either.
type BPFProgram struct {
	ID     uint32  `json:"id"`
	Type   string  `json:"type"`
	Name   string  `json:"name,omitzero"`
	UID    *uint32 `json:"uid,omitzero"`
	Pinned bool    `json:"pinned,omitzero"` // it, or a link to it, is pinned below /sys/fs/bpf
	Holder string  `json:"holder,omitzero"` // path of the program that holds it or a link to it open; its name where there is no path
	Cgroup string  `json:"cgroup,omitzero"` // a cgroup it is attached to; looked for where there is neither holder nor pin
	Ours   bool    `json:"ours,omitzero"`   // held open by this agent's program
}

// Boot is how the machine starts and when it last did.
type Boot struct {
	EFI            *bool      `json:"efi,omitzero"`             // /sys/firmware/efi exists
	SecureBoot     *bool      `json:"secure_boot,omitzero"`     // efivar SecureBoot; nil: no EFI or not readable
	SetupMode      *bool      `json:"setup_mode,omitzero"`      // efivar SetupMode: true means that keys can be replaced
	BootedAt       *time.Time `json:"booted_at,omitzero"`       // UTC, by the host's clock
	UptimeSeconds  *float64   `json:"uptime_seconds,omitzero"`  // monotonic
	RebootRequired *bool      `json:"reboot_required,omitzero"` // /run/reboot-required or a newer kernel
	GrubPassword   *bool      `json:"grub_password,omitzero"`   // password_pbkdf2 with superusers; nil: no grub
	Loader         string     `json:"loader,omitzero"`          // grub, systemd-boot, u-boot, extlinux; empty: none found
}

// Hardware is what the firmware says of the machine, for equipment needs.
type Hardware struct {
	Virtualization string   `json:"virtualization,omitzero"` // kvm, vmware, lxc, docker, ...; "none": bare metal
	Vendor         string   `json:"vendor,omitzero"`         // DMI sys_vendor
	Product        string   `json:"product,omitzero"`        // DMI product_name or device-tree model
	BIOSDate       string   `json:"bios_date,omitzero"`      // YYYY-MM-DD
	CPUModel       string   `json:"cpu_model,omitzero"`
	CPUs           int      `json:"cpus,omitzero"` // logical processors online
	MemoryBytes    uint64   `json:"memory_bytes,omitzero"`
	TPM            *bool    `json:"tpm,omitzero"`             // a TPM device is present
	Chassis        string   `json:"chassis,omitzero"`         // desktop, laptop, server, ... from DMI chassis_type
	ThermalCelsius *float64 `json:"thermal_celsius,omitzero"` // hottest zone
	Microcode      string   `json:"microcode,omitzero"`       // revision the first processor runs, as /proc/cpuinfo prints it
	Disks          []Disk   `json:"disks,omitzero"`           // whole disks; virtual ones (loop, zram, device mapper) left out
}

// Disk is one whole disk by /sys/block.
type Disk struct {
	Name            string `json:"name"` // sda, nvme0n1, mmcblk0
	Model           string `json:"model,omitzero"`
	SizeBytes       uint64 `json:"size_bytes"`
	Rotational      *bool  `json:"rotational,omitzero"`
	Removable       *bool  `json:"removable,omitzero"`
	LifeUsedPercent *int   `json:"life_used_percent,omitzero"` // eMMC: the worse of its two estimates, in steps of 10; above 100: past its rated life
	PreEOL          string `json:"pre_eol,omitzero"`           // eMMC: normal, warning or urgent, by its spare blocks
}
