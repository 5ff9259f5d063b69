package packetfilter

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

func open(proto, family string, limited bool, from, to uint16) facts.PortRange {
	return facts.PortRange{Protocol: proto, Family: family, Limited: limited, From: from, To: to}
}

// scripts are rule sets with the policy they amount to. The test with a kernel loads them too.
var scripts = []struct {
	name, text, iif string
	want            facts.InputPolicy
}{
	{name: "empty", text: "#!/usr/sbin/nft -f\nflush ruleset\n", want: facts.InputPolicy{IPv4: "accept", IPv6: "accept", Forward: "accept"}},
	{name: "debian_sample", text: `#!/usr/sbin/nft -f
flush ruleset
table inet filter {
	chain input {
		type filter hook input priority filter;
	}
	chain forward { type filter hook forward priority filter; }
	chain output { type filter hook output priority filter; }
}`, want: facts.InputPolicy{IPv4: "accept", IPv6: "accept", Forward: "accept"}},
	{name: "workstation", text: `flush ruleset
define ADMIN = { 10.0.0.0/8, 192.168.0.0/16 }
table inet filter {
	set blocked { type ipv4_addr; flags interval; elements = { 203.0.113.0/24 } }
	chain input {
		type filter hook input priority 0; policy drop;
		iif lo accept comment "loopback"
		ct state vmap { established : accept, related : accept, invalid : drop }
		ip saddr @blocked drop
		ip protocol icmp icmp type { echo-request, destination-unreachable } limit rate 4/second accept
		ip6 nexthdr icmpv6 accept
		tcp dport { 80, https } ct state new accept
		ip saddr $ADMIN tcp dport ssh accept
		udp dport 60000-61000 accept
		counter packets 0 bytes 0 log prefix "drop: " level info
		reject with icmpx type port-unreachable
	}
	chain forward { type filter hook forward priority 0; policy drop; }
}`, want: facts.InputPolicy{IPv4: "reject", IPv6: "reject", Forward: "drop", Open: []facts.PortRange{
		open("tcp", "ipv4", true, 22, 22), open("tcp", "both", false, 80, 80), open("tcp", "both", false, 443, 443), open("udp", "both", false, 60000, 61000),
	}}},
	{name: "only_ipv4", text: `table ip filter { chain input { type filter hook input priority 0; policy drop; tcp dport 22 accept;
}
}`,
		want: facts.InputPolicy{IPv4: "drop", IPv6: "accept", Forward: "accept", Open: []facts.PortRange{open("tcp", "ipv4", false, 22, 22)}}},
	{name: "drop_rule_at_end", text: `table inet f { chain in { type filter hook input priority 0; tcp dport 22 accept; iifname != "lo" drop;
}
}`,
		want: facts.InputPolicy{IPv4: "drop", IPv6: "drop", Forward: "accept", Open: []facts.PortRange{open("tcp", "both", false, 22, 22)}}},
	{name: "jump_and_return", text: `table inet f {
	chain in { type filter hook input priority 0; policy drop; jump web; }
	chain web { ip saddr 10.0.0.0/8 return; meta l4proto tcp th dport vmap { 80 : accept, 81 : jump deep }; }
	chain deep { tcp flags & (fin|syn|rst|ack) == syn accept; }
}`, want: facts.InputPolicy{IPv4: "drop", IPv6: "drop", Forward: "accept", Open: []facts.PortRange{open("tcp", "both", false, 80, 80), open("tcp", "both", false, 81, 81)}}},
	{name: "second_chain_drops", text: `table inet a { chain in { type filter hook input priority -5; accept;
}
}
table inet b { chain in { type filter hook input priority 5; policy drop;
}
}`, want: facts.InputPolicy{IPv4: "drop", IPv6: "drop", Forward: "accept", Open: []facts.PortRange{}}},
	{name: "unknown_accept_is_undecided", text: `table inet f { chain in { type filter hook input priority 0; policy drop; meta skuid 5 accept;
}
}`,
		want: facts.InputPolicy{Forward: "accept", Open: []facts.PortRange{}}},
	{name: "unknown_accept_before_accept", text: `table inet f { chain in { type filter hook input priority 0; meta skuid 5 accept;
}
}`,
		want: facts.InputPolicy{IPv4: "accept", IPv6: "accept", Forward: "accept"}},
	{name: "status_and_mark", text: `table inet f { chain in { type filter hook input priority 0; policy drop;
ct status dnat accept
meta mark 0x1 accept
tcp dport 25 meta mark != 0x1 accept
}
}`, want: facts.InputPolicy{IPv4: "drop", IPv6: "drop", Forward: "accept", Open: []facts.PortRange{open("tcp", "both", false, 25, 25)}}},
	{name: "marks_are_set", text: `table inet f {
chain pre { type filter hook prerouting priority -150; tcp dport 99 meta mark set 0x1
}
chain in { type filter hook input priority 0; policy drop; meta mark 0x1 accept
}
}`, want: facts.InputPolicy{Forward: "accept", Open: []facts.PortRange{}}},
	{name: "fw4", iif: "eth1", text: `table inet fw4 {
	chain input {
		type filter hook input priority filter; policy drop;
		iif "lo" accept comment "!fw4: Accept traffic from loopback"
		ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
		tcp flags & (fin | syn | rst | ack) == syn jump syn_flood comment "!fw4: Rate limit TCP syn packets"
		iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
		iifname "eth1" jump input_wan
		jump handle_reject
	}
	chain handle_reject { meta l4proto tcp reject with tcp reset comment "x"; reject with icmpx port-unreachable; }
	chain syn_flood { limit rate 25/second burst 50 packets return comment "Accept"; drop; }
	chain input_lan { jump accept_from_lan; }
	chain accept_from_lan { iifname "br-lan" counter packets 5 bytes 6 accept; }
	chain input_wan { meta nfproto ipv4 udp dport 68 counter accept comment "dhcp"; icmpv6 type . icmpv6 code { 1 . 2 } accept; jump reject_from_wan; }
	chain reject_from_wan { iifname "eth1" counter jump handle_reject; }
}`, want: facts.InputPolicy{IPv4: "reject", IPv6: "reject", Forward: "accept", Open: []facts.PortRange{open("udp", "ipv4", false, 68, 68)}}},
}

func TestScriptPolicy(t *testing.T) {
	for _, tt := range scripts {
		t.Run(tt.name, func(t *testing.T) {
			got := ParseScript(tt.text, nil).Policy(tt.iif)
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("policy (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSavePolicy(t *testing.T) {
	rs := ParseSave(`# by hand
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:f2b - [0:0]
-A INPUT -p tcp -m multiport --dports 22 -j f2b
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "the door" -j ACCEPT
-A INPUT -s 10.0.0.0/8 -p tcp --dport 5432 -j ACCEPT
-A INPUT ! -i eth+ -p udp --dport 53 -j ACCEPT
-A INPUT -m limit --limit 3/min -j LOG --log-prefix "[UFW BLOCK] "
-A INPUT -j REJECT --reject-with icmp-port-unreachable
-A f2b -s 203.0.113.9/32 -j REJECT
-A f2b -j RETURN
COMMIT
`, false)
	AddSave(rs, "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", true)
	want := &facts.InputPolicy{IPv4: "reject", IPv6: "accept", Forward: "drop", Open: []facts.PortRange{
		open("tcp", "both", false, 22, 22), open("tcp", "ipv6", false, 5432, 5432), open("tcp", "ipv4", true, 5432, 5432),
		open("udp", "ipv6", false, 53, 53),
	}}
	got := rs.Policy("eth0")
	got.Open = got.Open[:min(len(got.Open), 5)]
	if diff := cmp.Diff(want.IPv4+want.IPv6+want.Forward, got.IPv4+got.IPv6+got.Forward); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	if f := rs.Fate("input", Packet{Proto: 6, Port: 22}); f.Verdict != "accept" {
		t.Errorf("ssh = %+v", f)
	}
	if f := rs.Fate("input", Packet{Proto: 6, Port: 5432}); f.Verdict != "reject" || !f.Limited {
		t.Errorf("postgres = %+v", f)
	}
	if f := rs.Fate("input", Packet{Proto: 17, Port: 53}); f.Verdict != "reject" {
		t.Errorf("dns = %+v", f)
	}
}

func FuzzParseScript(f *testing.F) {
	f.Add("table inet f { set s { elements = { 1, 2 } }\nchain in { type filter hook input priority 0; policy drop; ip saddr @s tcp dport vmap { 22 : jump x } } }")
	f.Add("define A = { $A }\nadd rule inet f in ct state != { $A } limit rate over 5/second drop")
	f.Fuzz(func(t *testing.T, text string) {
		ParseScript(text, func(string) []string { return []string{text} }).Policy("eth0")
	})
}

func FuzzParseSave(f *testing.F) {
	f.Add("*filter\n:INPUT DROP [0:0]\n-A INPUT ! -s 1.2.3.4 -p tcp --dport 1: -j X\n-A X -g X")
	f.Fuzz(func(t *testing.T, text string) { ParseSave(text, false).Policy("") })
}
