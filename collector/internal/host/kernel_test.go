package host

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

// kernelImage makes the header of an x86 image that carries the version text, as base64 for a host archive.
func kernelImage(version string) string {
	b := make([]byte, 0x400)
	copy(b[0x202:], "HdrS")
	binary.LittleEndian.PutUint16(b[0x20e:], 0x100)
	copy(b[0x300:], version+"\x00")
	return base64.StdEncoding.EncodeToString(b) + "\n"
}

var kernelHost = `
-- proc/sys/kernel/osrelease --
6.1.0-18-amd64
-- proc/sys/kernel/version --
#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)
-- proc/cmdline --
BOOT_IMAGE=/boot/vmlinuz-6.1.0-18-amd64 root=/dev/sda1 ro quiet apparmor=0 foo="a b"
-- proc/sys/kernel/tainted --
12288
-- proc/sys/kernel/modules_disabled --
0
-- sys/kernel/security/lockdown --
none [integrity] confidentiality
-- sys/kernel/security/lsm --
lockdown,capability,apparmor
-- sys/module/apparmor/parameters/enabled --
Y
-- proc/modules --
zfs 100 1 spl, Live 0x0000000000000000 (POE)
ext4 999424 1 - Live 0x0000000000000000
-- sys/module/ext4/initstate --
live
-- sys/module/evil/initstate --
live
-- sys/module/printk/parameters/time --
Y
-- sys/devices/system/cpu/vulnerabilities/meltdown --
Mitigation: PTI
-- boot/vmlinuz-6.1.0-18-amd64 base64 --
` + kernelImage("6.1.0-18-amd64 (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC Debian 6.1.85-1 (2024-04-11)") + `
-- boot/vmlinuz-6.1.0-9-amd64 --
-- boot/vmlinuz-6.9.0-1-rt-amd64 --
-- boot/vmlinuz-0-rescue-abc --
-- usr/lib/modules/6.1.0-18-amd64/modules.dep --
kernel/fs/cramfs/cramfs.ko: kernel/lib/x.ko
kernel/drivers/usb/storage/usb-storage.ko.xz:
-- usr/lib/modules/6.1.0-18-amd64/modules.builtin --
kernel/fs/squashfs/squashfs.ko
-- usr/lib/modules/5.10.0-1-amd64/updates/dkms/left.ko --
-- boot/grub/grub.cfg 0600 --
set superusers="root"
password_pbkdf2 root grub.pbkdf2.sha512.10000.AA
menuentry 'Debian' --class debian {
	linux	/boot/vmlinuz-6.1.0-18-amd64 root=UUID=1 ro quiet audit=1
}
menuentry 'Debian (recovery mode)' {
	linux	/boot/vmlinuz-6.1.0-18-amd64 root=UUID=1 ro single
}
-- etc/modprobe.d/a.conf --
# rare
install cramfs /bin/false
install cramfs /bin/true
blacklist usb-storage
options x \
  y=1
-- lib/modprobe.d/a.conf --
blacklist masked
-- usr/lib/modprobe.d/b.conf --
blacklist firewire-core
-- etc/selinux/config --
SELINUX=permissive
-- sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c base64 --
BgAAAAE=
-- proc/uptime --
3600.50 7000.00
-- proc/stat --
cpu 1 2 3
btime 1772359200
`

func TestKernel(t *testing.T) {
	env := testEnv(t, kernelHost, true)
	doc, st := collect(t, env, "kernel")
	if st.State != facts.StateOK {
		t.Errorf("status = %+v", st)
	}
	want := &facts.Kernel{
		Release: "6.1.0-18-amd64", Build: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)",
		Installed: []facts.InstalledKernel{
			{Release: "6.1.0-9-amd64", Image: "/boot/vmlinuz-6.1.0-9-amd64"},
			{Release: "6.1.0-18-amd64", Image: "/boot/vmlinuz-6.1.0-18-amd64", Build: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.85-1 (2024-04-11)"},
			{Release: "6.9.0-1-rt-amd64", Image: "/boot/vmlinuz-6.9.0-1-rt-amd64"},
		},
		NewestInstalled: "6.9.0-1-rt-amd64", RunningIsNewest: ptr(false),
		Cmdline:           []string{"BOOT_IMAGE=/boot/vmlinuz-6.1.0-18-amd64", "root=/dev/sda1", "ro", "quiet", "apparmor=0", "foo=a b"},
		CmdlineConfigured: []string{"root=UUID=1", "ro", "quiet", "audit=1"},
		Tainted:           ptr(uint64(12288)), Lockdown: "integrity", LSM: []string{"lockdown", "capability", "apparmor"},
		LSMEnforcing:  map[string]string{"apparmor": "enabled", "selinux": "disabled"},
		LSMConfigured: map[string]string{"selinux": "permissive"},
		Modules:       []facts.Module{{Name: "ext4"}, {Name: "zfs", Taint: "POE"}}, ModulesDisabled: ptr(false),
		HiddenModules: []string{"evil"},
		Modprobe: &facts.Modprobe{
			Blacklisted: []string{"firewire_core", "usb_storage"}, Install: map[string]string{"cramfs": "/bin/false"},
			Builtin: []string{"squashfs"}, Available: []string{"cramfs", "usb_storage"},
		},
		CPUVulnerabilities: map[string]string{"meltdown": "Mitigation: PTI"},
	}
	if diff := cmp.Diff(want, doc.Kernel); diff != "" {
		t.Errorf("kernel (-want +got):\n%s", diff)
	}
	wantDrift := []facts.Drift{
		{Family: "kernel", Subject: "cmdline apparmor", Live: "apparmor=0"},
		{Family: "kernel", Subject: "cmdline audit", Persisted: "audit=1"},
		{Family: "kernel", Subject: "cmdline foo", Live: "foo=a b"},
		{
			Family: "kernel", Subject: "build", Persisted: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.85-1 (2024-04-11)",
			Live: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)",
		},
	}
	if diff := cmp.Diff(wantDrift, doc.Drift); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
}

func TestBoot(t *testing.T) {
	env := testEnv(t, kernelHost, true)
	doc, _ := collect(t, env, "kernel")
	if st := collectBoot(t.Context(), env, doc); st.State != facts.StateOK {
		t.Errorf("status = %+v", st)
	}
	want := &facts.Boot{
		EFI: ptr(true), SecureBoot: ptr(true), BootedAt: ptr(time.Unix(1772359200, 0).UTC()), UptimeSeconds: ptr(3600.5),
		RebootRequired: ptr(true), GrubPassword: ptr(true), Loader: "grub",
	}
	if diff := cmp.Diff(want, doc.Boot); diff != "" {
		t.Errorf("boot (-want +got):\n%s", diff)
	}
	dead, _ := collect(t, testEnv(t, kernelHost, false), "boot")
	if diff := cmp.Diff(&facts.Boot{GrubPassword: ptr(true), Loader: "grub"}, dead.Boot); diff != "" {
		t.Errorf("boot under --root (-want +got):\n%s", diff)
	}
}

func TestCmpKernel(t *testing.T) {
	ordered := []string{
		"4.19.0-27-amd64", "5.4.0", "5.14.0-70.13.1.el9_0.x86_64", "5.14.0-427.13.1.el9_4.x86_64", "5.15.0-9-generic", "5.15.0-105-generic",
		"6.1.0-rc1", "6.1.0", "6.1.0-9-amd64", "6.1.0-18-amd64", "6.10.0-1-amd64",
	}
	for i := range ordered {
		for j := range ordered {
			got, want := cmpKernel(ordered[i], ordered[j]), 0
			switch {
			case i < j:
				want = -1
			case i > j:
				want = 1
			}
			if got != want {
				t.Errorf("cmpKernel(%s, %s) = %d, want %d", ordered[i], ordered[j], got, want)
			}
		}
	}
}

func TestKernelFlavour(t *testing.T) {
	for release, want := range map[string]string{
		"6.1.0-18-amd64": "amd64", "6.1.0-18-cloud-amd64": "cloud-amd64", "5.14.0-427.el9.x86_64": "", "6.6.31-0-lts": "lts",
		"6.1.0-rc1-amd64": "amd64", "5.14.0-427.el9.x86_64+rt": "+rt", "5.15.134": "",
	} {
		if got := kernelFlavour(release); got != want {
			t.Errorf("kernelFlavour(%s) = %q, want %q", release, got, want)
		}
	}
}

func TestConfiguredCmdline(t *testing.T) {
	tests := []struct {
		name, host string
		want       []string
	}{
		{"entries_with_grubenv", `
-- boot/loader/entries/a.conf --
version 5.14.0-1
options $kernelopts audit=1
-- boot/grub2/grubenv --
# GRUB Environment Block
kernelopts=root=/dev/x ro
`, []string{"root=/dev/x", "ro", "audit=1"}},
		{"extlinux", `
-- boot/extlinux.conf --
DEFAULT virt
LABEL lts
  APPEND root=a
LABEL virt
  APPEND root=b modules=ext4
`, []string{"root=b", "modules=ext4"}},
		{"default_grub", `
-- etc/default/grub --
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX='audit=1 lockdown=integrity'
`, []string{"audit=1", "lockdown=integrity", "quiet"}},
		{"nothing", "-- etc/passwd --\n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := configuredCmdline(testEnv(t, tt.host, false), &facts.Kernel{}, &reading{})
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestHardware(t *testing.T) {
	const host = `
-- sys/class/dmi/id/sys_vendor --
QEMU
-- sys/class/dmi/id/product_name --
Standard PC
-- sys/class/dmi/id/bios_date --
04/01/2014
-- sys/class/dmi/id/chassis_type --
1
-- sys/class/tpm/tpm0/x --
-- sys/class/thermal/thermal_zone0/temp --
45500
-- sys/block/mmcblk0/size --
62160896
-- sys/block/mmcblk0/removable --
0
-- sys/block/mmcblk0/queue/rotational --
0
-- sys/block/mmcblk0/device/name --
DF4032
-- sys/block/mmcblk0/device/life_time --
0x02 0x0b
-- sys/block/mmcblk0/device/pre_eol_info --
0x02
-- sys/block/loop0/size --
100
-- proc/cpuinfo --
processor	: 0
model name	: Test CPU
microcode	: 0x2b
flags		: fpu hypervisor

processor	: 1
model name	: Test CPU
flags		: fpu hypervisor

-- proc/meminfo --
MemTotal:        2048 kB
MemFree:         1024 kB
`
	doc, st := collect(t, testEnv(t, host, true), "hardware")
	if st.State != facts.StateOK {
		t.Errorf("status = %+v", st)
	}
	want := &facts.Hardware{
		Virtualization: "qemu", Vendor: "QEMU", Product: "Standard PC", BIOSDate: "2014-04-01", CPUModel: "Test CPU", CPUs: 2,
		MemoryBytes: 2 << 20, TPM: ptr(true), Chassis: "other", ThermalCelsius: ptr(45.5),
		Microcode: "0x2b",
		Disks: []facts.Disk{{
			Name: "mmcblk0", Model: "DF4032", SizeBytes: 62160896 * 512, Rotational: ptr(false), Removable: ptr(false), LifeUsedPercent: ptr(110),
			PreEOL: "warning",
		}},
	}
	if diff := cmp.Diff(want, doc.Hardware); diff != "" {
		t.Errorf("hardware (-want +got):\n%s", diff)
	}
	if doc, st := collect(t, testEnv(t, host, false), "hardware"); doc.Hardware != nil || st.State != facts.StateUnmeasured {
		t.Errorf("hardware under --root: %+v, %+v", doc.Hardware, st)
	}
}

func FuzzParseModprobe(f *testing.F) {
	f.Add([]byte("install a-b /bin/true\nblacklist c\\\nd\n#x\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := &facts.Modprobe{Install: map[string]string{}}
		parseModprobe(b, m)
		for _, n := range m.Blacklisted {
			if strings.Contains(n, "-") {
				t.Errorf("name %q", n)
			}
		}
		parseModules(b)
		grubCmdline(b, "1")
		extlinuxCmdline(b)
		splitCmdline(string(b))
	})
}

func FuzzCmpKernel(f *testing.F) {
	f.Add("6.1.0-18-amd64", "6.1.0~rc1")
	f.Fuzz(func(t *testing.T, a, b string) {
		if cmpKernel(a, b) != -cmpKernel(b, a) {
			t.Errorf("cmpKernel(%q, %q) is not antisymmetric", a, b)
		}
	})
}
