package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

const sysctlHost = `
-- etc/os-release --
ID=debian
-- usr/lib/systemd/systemd-sysctl --
-- lib -> usr/lib --
-- usr/lib/sysctl.d/50-default.conf --
# comment
net.ipv4.conf.*.rp_filter = 2
-net.ipv4.conf.all.rp_filter
-kernel.sysrq = 16
fs.protected_fifos=1
-- usr/lib/sysctl.d/10-masked.conf --
kernel.kptr_restrict = 9
-- etc/sysctl.d/10-masked.conf -> /dev/null --
-- usr/lib/sysctl.d/20-replaced.conf --
kernel.dmesg_restrict = 0
-- etc/sysctl.d/20-replaced.conf --
net/ipv4/conf/eth0.100/rp_filter = 1
; other comment
fs.suid_dumpable = 0x0
-- etc/sysctl.conf --
net.ipv4.ip_forward=1
-- proc/sys/net/ipv4/ip_forward --
0
-- proc/sys/kernel/sysrq --
438
-- proc/sys/fs/suid_dumpable --
0
-- proc/sys/kernel/printk --
4	4	1	7
-- proc/sys/net/ipv4/conf/all/rp_filter --
0
-- proc/sys/net/ipv4/conf/default/rp_filter --
2
-- proc/sys/net/ipv4/conf/eth0/rp_filter --
2
-- proc/sys/net/ipv4/conf/eth0.100/rp_filter --
1
`

func TestSysctlSystemd(t *testing.T) {
	env := testEnv(t, sysctlHost, true)
	doc, st := collect(t, env, "sysctl")
	if st.State != facts.StateOK {
		t.Errorf("status = %+v", st)
	}
	def, rep := "/usr/lib/sysctl.d/50-default.conf", "/etc/sysctl.d/20-replaced.conf"
	want := map[string]facts.SysctlEntry{
		"fs.suid_dumpable":                 {Value: "0x0", File: rep},
		"net.ipv4.conf.eth0/100.rp_filter": {Value: "1", File: rep},
		"net.ipv4.conf.*.rp_filter":        {Value: "2", File: def},
		"net.ipv4.conf.default.rp_filter":  {Value: "2", File: def},
		"net.ipv4.conf.eth0.rp_filter":     {Value: "2", File: def},
		"kernel.sysrq":                     {Value: "16", File: def},
		"fs.protected_fifos":               {Value: "1", File: def},
	}
	if diff := cmp.Diff(want, doc.Sysctl.Configured); diff != "" {
		t.Errorf("configured (-want +got):\n%s", diff)
	}
	wantLive := map[string]string{
		"net.ipv4.ip_forward": "0", "kernel.sysrq": "438", "fs.suid_dumpable": "0", "kernel.printk": "4 4 1 7",
		"net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.default.rp_filter": "2",
		"net.ipv4.conf.eth0.rp_filter": "2", "net.ipv4.conf.eth0/100.rp_filter": "1",
	}
	if diff := cmp.Diff(wantLive, doc.Sysctl.Live); diff != "" {
		t.Errorf("live (-want +got):\n%s", diff)
	}
	wantDrift := []facts.Drift{{Family: "sysctl", Subject: "kernel.sysrq", Persisted: "16", Live: "438"}}
	if diff := cmp.Diff(wantDrift, doc.Drift); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
	if doc.Sysctl.Defaults["net.ipv4.ip_forward"] != "0" {
		t.Error("systemd does not read /etc/sysctl.conf, so the built-in value holds")
	}
}

func TestSysctlOrderByDistribution(t *testing.T) {
	tests := []struct {
		name, host string
		want       map[string]facts.SysctlEntry
	}{
		{"debian_link", `
-- usr/lib/systemd/systemd-sysctl --
-- etc/sysctl.conf --
kernel.sysrq=1
-- etc/sysctl.d/99-sysctl.conf -> ../sysctl.conf --
-- etc/sysctl.d/zz.conf --
kernel.sysrq=2
`, map[string]facts.SysctlEntry{"kernel.sysrq": {Value: "2", File: "/etc/sysctl.d/zz.conf"}}},
		{"procps_reads_sysctl_conf_last", `
-- etc/sysctl.conf --
kernel.sysrq=1
-- etc/sysctl.d/zz.conf --
kernel.sysrq=2
-- lib/sysctl.d/00-alpine.conf --
kernel.kptr_restrict=1
`, map[string]facts.SysctlEntry{
			"kernel.sysrq":         {Value: "1", File: "/etc/sysctl.conf"},
			"kernel.kptr_restrict": {Value: "1", File: "/lib/sysctl.d/00-alpine.conf"},
		}},
		{"ufw_writes_over_all", `
-- usr/lib/systemd/systemd-sysctl --
-- etc/sysctl.d/a.conf --
net.ipv4.tcp_syncookies=1
-- etc/ufw/ufw.conf --
ENABLED=yes
-- etc/ufw/sysctl.conf --
net/ipv4/tcp_syncookies=0
`, map[string]facts.SysctlEntry{"net.ipv4.tcp_syncookies": {Value: "0", File: "/etc/ufw/sysctl.conf"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, _ := collect(t, testEnv(t, tt.host, false), "sysctl")
			if diff := cmp.Diff(tt.want, doc.Sysctl.Configured); diff != "" {
				t.Errorf("configured (-want +got):\n%s", diff)
			}
			if doc.Sysctl.Live != nil {
				t.Error("a live half without a live host")
			}
		})
	}
}

func FuzzParseSysctl(f *testing.F) {
	f.Add([]byte("kernel.sysrq = 1\n-net.ipv4.conf.all.rp_filter\nnet/ipv4/conf/a.b/x=\n=\n-\n\xff=\x00\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		settings, _ := parseSysctl(b, "f")
		c := &sysctlConf{}
		for _, s := range settings {
			c.add(s)
		}
		c.expand(sysctlKeys)
	})
}
