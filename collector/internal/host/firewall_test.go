package host

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

func TestFirewallConfigured(t *testing.T) {
	tests := []struct {
		name, host, manager string
		enabled             *bool
		want                *facts.InputPolicy
	}{
		{name: "none", host: "-- etc/hostname --\nx\n"},
		{name: "nftables", manager: "nftables", enabled: ptr(true), host: `
-- usr/lib/systemd/system/nftables.service --
[Service]
ExecStart=/usr/sbin/nft -f /etc/nftables.conf
[Install]
WantedBy=sysinit.target
-- etc/systemd/system/sysinit.target.wants/nftables.service -> /usr/lib/systemd/system/nftables.service --
-- etc/nftables.conf --
flush ruleset
include "/etc/nftables.d/*.nft"
-- etc/nftables.d/10.nft --
table inet filter { chain input { type filter hook input priority 0; policy drop;
ct state established,related accept
iif lo accept
tcp dport 22 accept
} }
`, want: &facts.InputPolicy{IPv4: "drop", IPv6: "drop", Forward: "accept", Open: []facts.PortRange{{Protocol: "tcp", From: 22, To: 22, Family: "both"}}}},
		{name: "ufw_on", manager: "ufw", enabled: ptr(true), host: `
-- usr/lib/systemd/system/ufw.service --
[Service]
ExecStart=/usr/lib/ufw/ufw-init start
[Install]
WantedBy=multi-user.target
-- etc/systemd/system/multi-user.target.wants/ufw.service -> /usr/lib/systemd/system/ufw.service --
-- etc/ufw/ufw.conf --
ENABLED=yes
-- etc/default/ufw --
IPV6=yes
DEFAULT_INPUT_POLICY="DROP"
DEFAULT_FORWARD_POLICY="DROP"
-- etc/ufw/before.rules --
*filter
:ufw-before-input - [0:0]
:ufw-not-local - [0:0]
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp --icmp-type echo-request -j ACCEPT
-A ufw-before-input -p udp --sport 67 --dport 68 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny
-A ufw-not-local -j DROP
COMMIT
-- etc/ufw/user.rules --
*filter
:ufw-user-input - [0:0]
:ufw-user-limit - [0:0]
### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in
-A ufw-user-input -p tcp --dport 22 -j ACCEPT
-A ufw-user-input -p tcp --dport 5432 -s 10.0.0.0/8 -j ACCEPT
COMMIT
-- etc/ufw/user6.rules --
*filter
:ufw6-user-input - [0:0]
COMMIT
`, want: &facts.InputPolicy{IPv4: "drop", IPv6: "drop", Forward: "drop", Open: []facts.PortRange{
			{Protocol: "tcp", From: 22, To: 22, Family: "ipv4"}, {Protocol: "tcp", From: 5432, To: 5432, Family: "ipv4", Limited: true},
			{Protocol: "udp", From: 68, To: 68, Family: "ipv4", Limited: true}}}},
		{name: "ufw_off", manager: "ufw", enabled: ptr(false), host: "-- etc/ufw/ufw.conf --\nENABLED=no\n-- etc/default/ufw --\nDEFAULT_INPUT_POLICY=\"ACCEPT\"\nIPV6=no\n",
			want: &facts.InputPolicy{IPv4: "accept", IPv6: "drop", Forward: "drop", Open: []facts.PortRange{}}},
		{name: "firewalld", manager: "firewalld", host: `
-- etc/firewalld/firewalld.conf --
DefaultZone=office
-- etc/firewalld/zones/office.xml --
<?xml version="1.0" encoding="utf-8"?>
<zone>
  <service name="ssh"/>
  <port port="8000-8010" protocol="tcp"/>
  <rule family="ipv4"><source address="10.0.0.0/8"/><port port="161" protocol="udp"/><accept/></rule>
</zone>
`, want: &facts.InputPolicy{IPv4: "reject", IPv6: "reject", Forward: "reject", Open: []facts.PortRange{
			{Protocol: "tcp", From: 22, To: 22, Family: "both"}, {Protocol: "tcp", From: 8000, To: 8010, Family: "both"},
			{Protocol: "udp", From: 161, To: 161, Family: "ipv4", Limited: true}}}},
		{name: "fw4", manager: "fw4", enabled: ptr(true), host: `
-- etc/rc.d/S19firewall -> ../init.d/firewall --
-- etc/config/firewall --
config defaults
	option input REJECT
	option forward REJECT
config zone
	option name wan
	list network 'wan'
	option input DROP
config rule
	option src wan
	option proto tcp
	option dest_port '22 443'
	option target ACCEPT
config rule
	option src lan
	option dest_port 53
	option target ACCEPT
`, want: &facts.InputPolicy{IPv4: "drop", IPv6: "drop", Forward: "reject", Open: []facts.PortRange{
			{Protocol: "tcp", From: 22, To: 22, Family: "both"}, {Protocol: "tcp", From: 443, To: 443, Family: "both"}}}},
		{name: "persistent", manager: "iptables-persistent", host: "-- etc/iptables/rules.v4 --\n*filter\n:INPUT DROP [0:0]\nCOMMIT\n",
			want: &facts.InputPolicy{IPv4: "drop", IPv6: "accept", Forward: "accept", Open: []facts.PortRange{}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, status := collect(t, testEnv(t, tt.host, false), "firewall")
			f := doc.Firewall
			if status.State != facts.StateOK || f.Manager != tt.manager || f.Input != nil {
				t.Errorf("%+v %+v", status, f)
			}
			if diff := cmp.Diff(tt.enabled, f.ManagerEnabled); diff != "" {
				t.Errorf("enabled (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, f.Configured); diff != "" {
				t.Errorf("configured (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFirewallLive loads a rule set into a network name space of its own and reads it back with its drift.
func TestFirewallLive(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: a network name space")
	}
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs nft")
	}
	runtime.LockOSThread() // never unlocked: the thread dies with the goroutine
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("needs unshare(CLONE_NEWNET): %v", err)
	}
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader("table inet f { chain i { type filter hook input priority 0; policy drop; tcp dport 80 accept\n}\n}\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("needs a kernel with nf_tables: %s", out)
	}
	env, err := Open(Options{Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	defer env.Close()
	doc := &facts.Document{Sockets: &facts.Sockets{Listeners: []facts.Listener{
		{Protocol: "tcp6", Address: "::", Port: 80, Exposure: "all"}, {Protocol: "udp", Address: "0.0.0.0", Port: 161, Exposure: "all"},
		{Protocol: "tcp", Address: "127.0.0.1", Port: 25, Exposure: "loopback"},
	}}}
	collectFirewall(t.Context(), env, doc)
	f := doc.Firewall
	if f.Input == nil || f.Input.IPv4 != "drop" || len(f.Tables) != 1 || len(f.Backends) != 1 {
		t.Fatalf("firewall = %+v", f)
	}
	for i, want := range []string{"yes", "no", "no"} {
		if got := doc.Sockets.Listeners[i].Reachable; got != want {
			t.Errorf("listener %d reachable = %q, want %q", i, got, want)
		}
	}
}
