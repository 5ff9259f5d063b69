package host

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/packetfilter"
)

// collectFirewall reads the rule sets that are loaded, works out what they do to a packet nothing names, and compares
// that with what the firewall manager's files would load.
//
// The interface towards the world is the one of the default route. Where the kernel's answer could not be had, or a rule
// is not understood that could matter, the outcome is absent.
func collectFirewall(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	f := &facts.Firewall{}
	doc.Firewall = f
	iif := ""
	if env.Live {
		iif = env.defaultInterface()
	}
	if env.Native() {
		if rs := loadedRules(env, &r); rs != nil {
			f.Input = rs.Policy(iif)
			f.Backends, f.Tables = describeRules(rs)
			markReachable(doc, rs, iif)
		}
	}
	m := findManager(env)
	f.Manager, f.ManagerEnabled = m.name, m.enabled
	if m.configured != nil {
		f.Configured, f.ConfiguredFile = m.configured(env, &r, iif)
	}
	firewallDrift(doc)
	return r.status()
}

func loadedRules(env *Env, r *reading) *packetfilter.Ruleset {
	if !env.Privileged {
		r.note("loaded packet filter rules", "needs root (CAP_NET_ADMIN)")
		return nil
	}
	rs, err := packetfilter.Load(interfaceName)
	if err != nil {
		r.note("nftables rules", err.Error())
		return nil
	}
	for _, names := range []string{"/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"} {
		b, err := env.ReadProc(names)
		if err != nil || !strings.Contains("\n"+string(b), "\nfilter\n") {
			continue // legacy iptables has no filter table loaded, and asking for it would load one
		}
		if err := packetfilter.LoadLegacy(rs); err != nil {
			r.note("legacy iptables rules", err.Error())
			return nil
		}
		break
	}
	return rs
}

func describeRules(rs *packetfilter.Ruleset) (backends []string, tables []facts.FirewallTable) {
	backends, tables = []string{}, []facts.FirewallTable{}
	for _, t := range rs.Tables {
		ft := facts.FirewallTable{Backend: t.Backend, Family: t.Family, Name: t.Name, Chains: []facts.FirewallChain{}}
		holds := false
		for _, c := range t.Chains {
			fc := facts.FirewallChain{Name: c.Name, Hook: c.Hook, Rules: len(c.Rules)}
			if c.Hook != "" {
				fc.Policy = c.Policy
			}
			holds = holds || len(c.Rules) > 0 || fc.Policy == "drop"
			ft.Chains = append(ft.Chains, fc)
		}
		tables = append(tables, ft)
		if holds && !slices.Contains(backends, t.Backend) {
			backends = append(backends, t.Backend)
		}
	}
	return backends, tables
}

// markReachable says of each listener whether the loaded rules let strangers reach it.
func markReachable(doc *facts.Document, rs *packetfilter.Ruleset, iif string) {
	if doc.Sockets == nil {
		return
	}
	for i := range doc.Sockets.Listeners {
		l := &doc.Sockets.Listeners[i]
		if l.Exposure == "loopback" {
			l.Reachable = "no"
			continue
		}
		addr, err := netip.ParseAddr(l.Address)
		if err != nil {
			continue
		}
		proto := uint32(6)
		if strings.HasPrefix(l.Protocol, "udp") {
			proto = 17
		}
		device := cmp.Or(l.Interface, iif)
		var fates []packetfilter.Fate
		if addr.Is4() || addr.IsUnspecified() || addr.Is4In6() {
			fates = append(fates, rs.Fate("input", packetfilter.Packet{Proto: proto, Port: uint32(l.Port), IIf: device}))
		}
		if addr.Is6() && !addr.Is4In6() {
			fates = append(fates, rs.Fate("input", packetfilter.Packet{IPv6: true, Proto: proto, Port: uint32(l.Port), IIf: device}))
		}
		l.Reachable = reachable(fates)
	}
}

func reachable(fates []packetfilter.Fate) string {
	answer := "no"
	for _, f := range fates {
		switch {
		case f.Verdict == "accept":
			return "yes"
		case f.Verdict == "":
			answer = ""
		case f.Limited && answer == "no":
			answer = "limited"
		}
	}
	return answer
}

func firewallDrift(doc *facts.Document) {
	f := doc.Firewall
	if f.Input == nil || f.Configured == nil || f.ManagerEnabled == nil || !*f.ManagerEnabled {
		return
	}
	for _, d := range []struct{ subject, persisted, live string }{
		{"input policy ipv4", f.Configured.IPv4, f.Input.IPv4},
		{"input policy ipv6", f.Configured.IPv6, f.Input.IPv6},
	} {
		refuses := func(s string) bool { return s == "drop" || s == "reject" }
		if d.persisted != "" && d.live != "" && refuses(d.persisted) != refuses(d.live) {
			doc.Drift = append(doc.Drift, facts.Drift{Family: "firewall", Subject: d.subject, Persisted: d.persisted, Live: d.live})
		}
	}
}

// defaultInterface returns the interface of the IPv4 default route with the lowest metric, else of the IPv6 one; ""
// when there is none.
func (e *Env) defaultInterface() string {
	routes := e.defaultRoutes()
	best := ""
	var metric uint32
	for _, r := range routes {
		if best == "" || r.Family == "ipv4" && r.Metric < metric {
			best, metric = r.Interface, r.Metric
		}
	}
	return best
}
