package host

import (
	"encoding/xml"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/packetfilter"
	"github.com/vymir-project/vymir/collector/internal/uci"
)

// manager is a program that loads rules at boot.
type manager struct {
	name       string
	enabled    *bool
	configured func(*Env, *reading, string) (*facts.InputPolicy, string)
}

// findManager returns the manager that is enabled, else the first one that is there.
func findManager(env *Env) manager {
	var first manager
	for _, m := range []struct {
		manager
		present bool
	}{
		{manager{"fw4", env.serviceEnabled("firewall"), configuredFW4}, env.Exists("/etc/config/firewall")},
		{manager{"ufw", ufwEnabled(env), configuredUFW}, env.Exists("/etc/ufw/ufw.conf")},
		{manager{"firewalld", env.serviceEnabled("firewalld"), configuredFirewalld}, env.firstExisting("/etc/firewalld/firewalld.conf", "/usr/sbin/firewalld") != ""},
		{manager{"nftables", env.serviceEnabled("nftables"), configuredNFT}, env.firstExisting(nftFiles...) != ""},
		{manager{"iptables-persistent", env.serviceEnabled("netfilter-persistent", "iptables-persistent", "iptables"), configuredSave}, env.firstExisting(saveFiles...) != ""},
	} {
		if !m.present {
			continue
		}
		if m.enabled != nil && *m.enabled {
			return m.manager
		}
		if first.name == "" {
			first = m.manager
		}
	}
	return first
}

var (
	nftFiles  = []string{"/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft"}
	saveFiles = []string{"/etc/iptables/rules.v4", "/etc/sysconfig/iptables", "/etc/iptables/rules-save"}
)

func configuredNFT(env *Env, r *reading, iif string) (*facts.InputPolicy, string) {
	file := env.firstExisting(nftFiles...)
	if u := env.unitSet().Unit("nftables.service"); u != nil { // the unit may name another file
		for _, w := range env.unitSet().Command(u) {
			if strings.HasPrefix(w, "/etc/") && env.Exists(w) {
				file = w
			}
		}
	}
	b, ok := r.file(env, file)
	if !ok {
		return nil, ""
	}
	rs := packetfilter.ParseScript(string(b), func(pattern string) []string {
		if !strings.HasPrefix(pattern, "/") {
			pattern = path.Join(path.Dir(file), pattern)
		}
		var texts []string
		for _, f := range env.Glob(pattern) {
			if b, ok := r.file(env, f); ok {
				texts = append(texts, string(b))
			}
		}
		return texts
	})
	return rs.Policy(iif), file
}

func configuredSave(env *Env, r *reading, iif string) (*facts.InputPolicy, string) {
	file := env.firstExisting(saveFiles...)
	b, ok := r.file(env, file)
	if !ok {
		return nil, ""
	}
	rs := packetfilter.ParseSave(string(b), false)
	for _, f := range []string{"/etc/iptables/rules.v6", "/etc/sysconfig/ip6tables", "/etc/iptables/rules6-save"} {
		if b, ok := r.file(env, f); ok {
			packetfilter.AddSave(rs, string(b), true)
			break
		}
	}
	return rs.Policy(iif), file
}

// ufwEnabled says whether ufw will filter at the next boot: it is switched on and its service starts.
func ufwEnabled(env *Env) *bool {
	b, err := env.ReadFile("/etc/ufw/ufw.conf")
	if err != nil {
		return nil
	}
	on := strings.EqualFold(shellAssignments(b)["ENABLED"], "yes")
	if s := env.serviceEnabled("ufw"); s != nil && !*s {
		on = false
	}
	return &on
}

// configuredUFW puts together what ufw would load: the default policies, its own rules, then the user's.
func configuredUFW(env *Env, r *reading, iif string) (*facts.InputPolicy, string) {
	b, _ := r.file(env, "/etc/default/ufw")
	kv := shellAssignments(b)
	rs := &packetfilter.Ruleset{}
	for _, ipv6 := range []bool{false, true} {
		prefix, suffix := "ufw", ""
		if ipv6 {
			prefix, suffix = "ufw6", "6"
			if strings.EqualFold(kv["IPV6"], "no") {
				packetfilter.AddSave(rs, "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n", true)
				continue
			}
		}
		packetfilter.AddSave(rs, ufwFrame(prefix, "INPUT", kv["DEFAULT_INPUT_POLICY"])+ufwFrame(prefix, "FORWARD", kv["DEFAULT_FORWARD_POLICY"]), ipv6)
		for _, dirs := range [][]string{
			{"/etc/ufw/before" + suffix + ".rules"},
			{"/etc/ufw/user" + suffix + ".rules", "/lib/ufw/user" + suffix + ".rules", "/var/lib/ufw/user" + suffix + ".rules"},
		} {
			if f := env.firstExisting(dirs...); f != "" {
				if b, ok := r.file(env, f); ok {
					packetfilter.AddSave(rs, string(b), ipv6)
				}
			}
		}
	}
	return rs.Policy(iif), "/etc/ufw/user.rules"
}

// ufwFrame is the part of ufw's rules that its program adds by itself.
func ufwFrame(prefix, chain, policy string) string {
	low := strings.ToLower(chain)
	last := ""
	switch strings.ToUpper(policy) {
	case "ACCEPT":
	case "REJECT":
		policy, last = "DROP", "-A "+chain+" -j REJECT\n"
	default:
		policy = "DROP"
	}
	before, user := prefix+"-before-"+low, prefix+"-user-"+low
	return "*filter\n:" + chain + " " + policy + " [0:0]\n:" + before + " - [0:0]\n:" + user + " - [0:0]\n:ufw-not-local - [0:0]\n" +
		":" + prefix + "-user-limit-accept - [0:0]\n:" + prefix + "-user-limit - [0:0]\n:" + prefix + "-logging-deny - [0:0]\n" +
		"-A " + chain + " -j " + before + "\n-A " + chain + " -j " + user + "\n" + last
}

// zone is a firewalld zone file.
type zone struct {
	Target     string `xml:"target,attr"`
	Interfaces []struct {
		Name string `xml:"name,attr"`
	} `xml:"interface"`
	Sources  []struct{}    `xml:"source"`
	Services []named       `xml:"service"`
	Ports    []servicePort `xml:"port"`
	Rules    []struct {
		Family  string       `xml:"family,attr"`
		Source  *struct{}    `xml:"source"`
		Service *named       `xml:"service"`
		Port    *servicePort `xml:"port"`
		Accept  *struct{}    `xml:"accept"`
	} `xml:"rule"`
}

type named struct {
	Name string `xml:"name,attr"`
}

type servicePort struct {
	Port     string `xml:"port,attr"`
	Protocol string `xml:"protocol,attr"`
}

// configuredFirewalld reads the zone that connections without another zone fall into.
func configuredFirewalld(env *Env, r *reading, iif string) (*facts.InputPolicy, string) {
	name := "public"
	if b, ok := r.file(env, "/etc/firewalld/firewalld.conf"); ok {
		if v := shellAssignments(b)["DefaultZone"]; v != "" {
			name = v
		}
	}
	if iif != "" { // a zone may claim the interface
		for _, f := range env.Glob("/etc/firewalld/zones/*.xml") {
			if z := readZone(env, r, f); z != nil {
				for _, i := range z.Interfaces {
					if i.Name == iif {
						name = strings.TrimSuffix(path.Base(f), ".xml")
					}
				}
			}
		}
	}
	file := env.firstExisting("/etc/firewalld/zones/"+name+".xml", "/usr/lib/firewalld/zones/"+name+".xml")
	if file == "" {
		return nil, ""
	}
	z := readZone(env, r, file)
	if z == nil {
		return nil, ""
	}
	fate := "reject"
	switch strings.ToUpper(z.Target) {
	case "ACCEPT":
		fate = "accept"
	case "DROP":
		fate = "drop"
	}
	p := &facts.InputPolicy{IPv4: fate, IPv6: fate, Forward: fate}
	if fate == "accept" {
		return p, file
	}
	p.Open = []facts.PortRange{}
	add := func(ports []servicePort, family string, limited bool) {
		for _, sp := range ports {
			if pr, ok := portRange(sp.Protocol, sp.Port, "-"); ok {
				pr.Family, pr.Limited = family, limited
				p.Open = append(p.Open, pr)
			}
		}
	}
	for _, s := range z.Services {
		add(firewalldService(env, r, s.Name), "both", false)
	}
	add(z.Ports, "both", false)
	for _, rule := range z.Rules {
		if rule.Accept == nil {
			continue
		}
		family := "both"
		if rule.Family != "" {
			family = rule.Family
		}
		if rule.Service != nil {
			add(firewalldService(env, r, rule.Service.Name), family, rule.Source != nil)
		}
		if rule.Port != nil {
			add([]servicePort{*rule.Port}, family, rule.Source != nil)
		}
	}
	return p, file
}

func readZone(env *Env, r *reading, file string) *zone {
	b, ok := r.file(env, file)
	if !ok {
		return nil
	}
	z := &zone{}
	if err := xml.Unmarshal(b, z); err != nil {
		r.note(file, "not well-formed XML")
		return nil
	}
	return z
}

// firewalldService returns the ports of a service; for the few that matter most also where its file is not there.
func firewalldService(env *Env, r *reading, name string) []servicePort {
	if strings.Contains(name, "/") {
		return nil
	}
	f := env.firstExisting("/etc/firewalld/services/"+name+".xml", "/usr/lib/firewalld/services/"+name+".xml")
	if f == "" {
		known := map[string]servicePort{
			"ssh": {"22", "tcp"}, "http": {"80", "tcp"}, "https": {"443", "tcp"}, "dhcpv6-client": {"546", "udp"}, "cockpit": {"9090", "tcp"},
			"smtp": {"25", "tcp"}, "dns": {"53", "udp"}, "telnet": {"23", "tcp"}, "ftp": {"21", "tcp"}, "mysql": {"3306", "tcp"}, "postgresql": {"5432", "tcp"},
		}
		if p, ok := known[name]; ok {
			return []servicePort{p}
		}
		return nil
	}
	b, ok := r.file(env, f)
	if !ok {
		return nil
	}
	var s struct {
		Ports []servicePort `xml:"port"`
	}
	if xml.Unmarshal(b, &s) != nil {
		return nil
	}
	return s.Ports
}

// portRange reads "80" or "6000-6010" of TCP or UDP.
func portRange(protocol, ports, sep string) (facts.PortRange, bool) {
	lo, hi, ranged := strings.Cut(ports, sep)
	if !ranged {
		hi = lo
	}
	a, err1 := strconv.ParseUint(strings.TrimSpace(lo), 10, 16)
	b, err2 := strconv.ParseUint(strings.TrimSpace(hi), 10, 16)
	ok := err1 == nil && err2 == nil && (protocol == "tcp" || protocol == "udp")
	return facts.PortRange{Protocol: protocol, From: uint16(a), To: uint16(b), Family: "both"}, ok
}

// configuredFW4 reads OpenWrt's firewall: the zone towards the world, and the rules for what comes from it.
func configuredFW4(env *Env, r *reading, iif string) (*facts.InputPolicy, string) {
	const file = "/etc/config/firewall"
	b, ok := r.file(env, file)
	if !ok {
		return nil, ""
	}
	sections := uci.Parse(b)
	input, forward := "drop", "drop"
	for _, s := range uci.OfType(sections, "defaults") {
		input, forward = lowerOr(s.Get("input"), input), lowerOr(s.Get("forward"), forward)
	}
	wan := ""
	for _, z := range uci.OfType(sections, "zone") {
		networks := strings.Fields(strings.Join(z.Options["network"], " "))
		if z.Get("name") != "wan" && !slices.Contains(networks, "wan") {
			continue
		}
		wan = z.Get("name")
		input, forward = lowerOr(z.Get("input"), input), lowerOr(z.Get("forward"), forward)
		break
	}
	p := &facts.InputPolicy{IPv4: input, IPv6: input, Forward: forward, Open: []facts.PortRange{}}
	for _, s := range uci.OfType(sections, "rule") {
		if !s.Bool("enabled", true) || s.Get("dest") != "" || !strings.EqualFold(s.Get("target"), "ACCEPT") {
			continue
		}
		if src := s.Get("src"); src != wan && src != "*" || src == "" {
			continue
		}
		p.Open = append(p.Open, fw4Ports(s)...)
	}
	return p, file
}

func fw4Ports(s uci.Section) []facts.PortRange {
	family := "both"
	if f := s.Get("family"); f == "ipv4" || f == "ipv6" {
		family = f
	}
	protos := strings.Fields(strings.Join(s.Options["proto"], " "))
	if len(protos) == 0 || slices.Contains(protos, "tcpudp") {
		protos = []string{"tcp", "udp"}
	}
	var out []facts.PortRange
	for _, proto := range protos {
		for _, port := range strings.Fields(strings.Join(s.Options["dest_port"], " ")) {
			if pr, ok := portRange(proto, port, "-"); ok {
				pr.Family = family
				pr.Limited = len(s.Options["src_ip"]) > 0 || len(s.Options["src_mac"]) > 0
				out = append(out, pr)
			}
		}
	}
	return out
}

func lowerOr(s, def string) string {
	if s == "" {
		return def
	}
	return strings.ToLower(s)
}
