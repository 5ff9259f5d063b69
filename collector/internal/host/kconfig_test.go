package host

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

const debianConfig = `# CONFIG_LOCALVERSION is not set
CONFIG_SECURITY_DMESG_RESTRICT=y
CONFIG_BPF_UNPRIV_DEFAULT_OFF=y
CONFIG_SECURITY_PERF_EVENTS_RESTRICT=y
CONFIG_DEFAULT_MMAP_MIN_ADDR=65536
CONFIG_MAGIC_SYSRQ_DEFAULT_ENABLE=0x01b6
# CONFIG_LDISC_AUTOLOAD is not set
CONFIG_BPF_JIT_DEFAULT_ON=y
CONFIG_SECURITY_APPARMOR=y
CONFIG_SECURITY_SELINUX=y
CONFIG_SECURITY_TOMOYO=y
CONFIG_SECURITY_YAMA=y
CONFIG_SECURITY_LANDLOCK=y
CONFIG_SECURITY_LOCKDOWN_LSM=y
CONFIG_LOCK_DOWN_KERNEL_FORCE_NONE=y
CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT=y
CONFIG_LSM="landlock,lockdown,yama,loadpin,safesetid,integrity,apparmor,selinux,smack,tomoyo,bpf"
`

// TestNextKernel measures a host at rest: what its next boot does with parameters that no file names.
func TestNextKernel(t *testing.T) {
	env := testEnv(t, `
-- etc/os-release --
ID=debian
-- boot/vmlinuz-6.1.0-30-amd64 --
x
-- boot/config-6.1.0-30-amd64 --
`+debianConfig+`-- etc/default/grub --
GRUB_CMDLINE_LINUX="quiet sysctl.kernel.kptr_restrict=2 sysctl.kernel.sysrq=0"
-- etc/sysctl.d/a.conf --
kernel.panic = 10
`, false)
	doc := &facts.Document{}
	for _, f := range All() {
		if slices.Contains([]string{"os", "kernel", "sysctl"}, f.Name) {
			if st := f.Collect(t.Context(), env, doc); st.State != facts.StateOK {
				t.Errorf("%s: %+v", f.Name, st)
			}
		}
	}
	if k := doc.Kernel; k.ConfigFile != "/boot/config-6.1.0-30-amd64" || k.LockdownNext != "" {
		t.Errorf("config %q, lockdown %q, want the file of the newest kernel, and no word on lockdown where Secure Boot is not known", k.ConfigFile, k.LockdownNext)
	}
	if diff := cmp.Diff([]string{"landlock", "lockdown", "yama", "apparmor", "tomoyo"}, doc.Kernel.LSMNext); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
	got := map[string]string{}
	for _, key := range []string{
		"kernel.dmesg_restrict", "kernel.unprivileged_bpf_disabled", "kernel.perf_event_paranoid", "vm.mmap_min_addr", "kernel.sysrq",
		"dev.tty.ldisc_autoload", "dev.tty.legacy_tiocsti", "kernel.kptr_restrict", "kernel.yama.ptrace_scope", "kernel.panic", "net.core.bpf_jit_enable",
	} {
		if v, ok := doc.Sysctl.Defaults[key]; ok {
			got[key] = v
		}
	}
	want := map[string]string{
		"kernel.dmesg_restrict": "1", "kernel.unprivileged_bpf_disabled": "2", "kernel.perf_event_paranoid": "3", "vm.mmap_min_addr": "65536",
		"kernel.sysrq": "0", "dev.tty.ldisc_autoload": "0", "kernel.kptr_restrict": "2", "net.core.bpf_jit_enable": "1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestLockdownNext(t *testing.T) {
	yes, no := true, false
	const forced = "CONFIG_SECURITY_LOCKDOWN_LSM=y\nCONFIG_LSM=\"lockdown,yama\"\nCONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y\n"
	for name, c := range map[string]struct {
		config     string
		cmdline    []string
		secureBoot *bool
		want       string
	}{
		"debian_with_secure_boot":    {debianConfig, nil, &yes, "integrity"},
		"debian_without_secure_boot": {debianConfig, nil, &no, "none"},
		"debian_unknown":             {debianConfig, nil, nil, ""},
		"asked":                      {debianConfig, []string{"lockdown=integrity", "lockdown=confidentiality"}, nil, "confidentiality"},
		"asked_without_module":       {debianConfig, []string{"lockdown=integrity", "lsm=yama"}, nil, ""},
		"forced":                     {forced, nil, nil, "integrity"},
		"not_built":                  {"# CONFIG_SECURITY_LOCKDOWN_LSM is not set\n", nil, &yes, "none"},
		"older_kernel":               {"CONFIG_X=y\n", nil, &yes, ""},
	} {
		if got := parseKernelConfig([]byte(c.config), "").lockdown(c.cmdline, c.secureBoot); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestNextModules(t *testing.T) {
	for cmdline, want := range map[string][]string{
		"apparmor=0":         {"landlock", "lockdown", "yama", "selinux", "tomoyo"},
		"security=selinux":   {"landlock", "lockdown", "yama", "selinux"},
		"lsm=yama,selinux":   {"yama", "selinux"},
		"lsm=smack,apparmor": {"apparmor"},
		"quiet":              {"landlock", "lockdown", "yama", "apparmor", "tomoyo"},
	} {
		if diff := cmp.Diff(want, parseKernelConfig([]byte(debianConfig), "").modules([]string{cmdline})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", cmdline, diff)
		}
	}
}

func FuzzKernelConfig(f *testing.F) {
	f.Add([]byte(debianConfig))
	f.Fuzz(func(_ *testing.T, b []byte) {
		c := parseKernelConfig(b, "")
		c.modules([]string{"lsm=a,b", "security=x"})
		c.lockdown(nil, nil)
		c.sysctlDefaults(&facts.Document{})
	})
}
