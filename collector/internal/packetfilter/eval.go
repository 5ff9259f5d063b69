package packetfilter

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// Packet is the first packet of a new connection from off the host. Its sender is nobody in particular.
type Packet struct {
	IPv6  bool
	Proto uint32 // 6: TCP, 17: UDP
	Port  uint32 // destination
	IIf   string // interface it arrives on; "": not known
}

// sourcePort is what a client's port is taken to be.
const sourcePort = 54321

// Fate is what happens to a packet.
type Fate struct {
	Verdict string // accept, drop or reject; "" when it could not be decided
	Limited bool   // some senders or interfaces are accepted though the packet is not
}

// match is the answer to a condition: for no packet of the kind, for all of them, for some, or not known.
type match int

const (
	all match = iota
	some
	dunno
	none
)

// evaluation is one packet's way through the chains of a hook.
type evaluation struct {
	packet           Packet
	steps            int
	limited          bool
	mayPass, mayDrop bool
	table            *Table
	marks, outside   bool // marks are set by rules; of forwarded packets the outgoing interface is not known
}

// Fate returns what the chains of a hook (input or forward) do to a packet, those before them included.
func (r *Ruleset) Fate(hook string, p Packet) Fate {
	e := &evaluation{packet: p, outside: hook == "forward", marks: r.SetsMarks}
	for _, b := range r.baseChains(hook, p.IPv6) {
		e.table = b.table
		e.mayPass, e.mayDrop = false, false
		v, done := e.walk(b.chain, all, 0)
		if !done {
			v = b.chain.Policy
			if v == "" {
				v = "accept"
			}
		}
		switch {
		case e.steps > maxSteps:
			return Fate{}
		case v == "accept" && e.mayDrop, v != "accept" && e.mayPass:
			return Fate{}
		case v != "accept":
			return Fate{Verdict: v, Limited: e.limited}
		}
		e.limited = false // who was let in early is let in by this chain as everybody is
	}
	return Fate{Verdict: "accept"}
}

type baseChain struct {
	table *Table
	chain *Chain
}

// baseChains lists the filtering chains a packet passes, in their order.
func (r *Ruleset) baseChains(hook string, ipv6 bool) []baseChain {
	var out []baseChain
	rank := map[string]int{"ingress": 0, "prerouting": 1, hook: 2}
	for _, t := range r.Tables {
		if t.Family != "inet" && !(t.Family == "ip" && !ipv6) && !(t.Family == "ip6" && ipv6) {
			continue
		}
		for _, c := range t.Chains {
			if _, ok := rank[c.Hook]; ok && c.Type != "nat" {
				out = append(out, baseChain{t, c})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b baseChain) int {
		return cmp.Or(cmp.Compare(rank[a.chain.Hook], rank[b.chain.Hook]), cmp.Compare(a.chain.Priority, b.chain.Priority))
	})
	return out
}

// walk goes through a chain for the packets described by how. done means that the verdict is final for them all.
func (e *evaluation) walk(c *Chain, how match, depth int) (verdict string, done bool) {
	if c == nil || depth > maxDepth {
		e.mayDrop, e.mayPass = true, true
		return "", false
	}
	for i := range c.Rules {
		if e.steps++; e.steps > maxSteps {
			return "", false
		}
		r := &c.Rules[i]
		m := e.conditions(r)
		if m == none || r.Exceeds {
			continue
		}
		for _, v := range e.verdicts(r) {
			level := max(how, m, v.how)
			local := max(m, v.how)
			out, ends, final := e.apply(v.verdict, level, local, depth)
			if final {
				return out, true
			}
			if ends {
				return "", false
			}
		}
	}
	return "", false
}

type chosen struct {
	verdict Verdict
	how     match
}

// verdicts returns the verdict of a rule, or those of its map that the packet's value may choose.
func (e *evaluation) verdicts(r *Rule) []chosen {
	if r.Map == nil {
		return []chosen{{r.Verdict, all}}
	}
	var out []chosen
	for _, entry := range r.Map.Entries {
		switch m := e.condition(entry.Cond); m {
		case all:
			return append(out, chosen{entry.Verdict, all})
		case some, dunno:
			out = append(out, chosen{entry.Verdict, m})
		}
	}
	return out
}

// apply carries out one verdict. level says for which packets of all, local for which of those in this chain. ends: the
// chain is left; final: the verdict holds for every packet.
func (e *evaluation) apply(v Verdict, level, local match, depth int) (verdict string, ends, final bool) {
	switch v.Kind {
	case "accept":
		switch level {
		case all:
			return "accept", true, true
		case some:
			e.limited = true
		default:
			e.mayPass = true
		}
		return "", local == all, false
	case "drop", "reject":
		switch level {
		case all:
			return v.Kind, true, true
		case dunno:
			e.mayDrop = true
		}
		return "", local == all, false
	case "return":
		return "", local == all, false
	case "jump", "goto":
		out, done := e.walk(e.table.Chain(v.Chain), level, depth+1)
		if done {
			return out, true, true
		}
		return "", v.Kind == "goto" && local == all, false
	case "":
		return "", false, false
	}
	e.mayPass, e.mayDrop = true, true
	return "", false, false
}

func (e *evaluation) conditions(r *Rule) match {
	worst := all
	for i := range r.Conds {
		m := e.condition(r.Conds[i])
		if m == none {
			return none
		}
		worst = max(worst, m)
	}
	return worst
}

func (e *evaluation) condition(c Cond) match {
	m := e.plain(c)
	if !c.Not {
		return m
	}
	switch m {
	case all:
		return none
	case none:
		return all
	case some:
		// All but some senders: nobody in particular is one of the others.
		if c.Key == SAddr || c.Key == Sender || c.Key == SPort {
			return all
		}
	}
	return m
}

func (e *evaluation) plain(c Cond) match {
	p := e.packet
	switch c.Key {
	case L4Proto:
		return within(c.Ranges, p.Proto)
	case NFProto:
		if p.IPv6 {
			return within(c.Ranges, 10)
		}
		return within(c.Ranges, 2)
	case DPort:
		return within(c.Ranges, p.Port)
	case SPort:
		if m := within(c.Ranges, sourcePort); m == all {
			return all
		}
		return some
	case SAddr, DAddr:
		switch c.Addr {
		case AddrAll:
			return all
		case AddrMulticast, AddrLoopback:
			return none
		}
		return some
	case IIf:
		return interfaceMatch(c.Names, p.IIf)
	case OIf:
		if e.outside {
			return interfaceMatch(c.Names, "")
		}
		return none
	case CtState:
		for _, r := range c.Ranges {
			if r.Lo&CtNew != 0 {
				return all
			}
		}
		return none
	case CtStatus:
		return none
	case Mark:
		if e.marks {
			return dunno
		}
		return within(c.Ranges, 0)
	case TCPFlags:
		if p.Proto != 6 {
			return none
		}
		const syn = 2
		return within(c.Ranges, syn&c.Mask)
	case PktType:
		return within(c.Ranges, 0)
	case FibType:
		if e.outside {
			return within(c.Ranges, 1)
		}
		return within(c.Ranges, 2)
	case ICMP:
		return none
	case Sender:
		return some
	}
	return dunno
}

func within(ranges []Range, v uint32) match {
	for _, r := range ranges {
		if r.Lo <= v && v <= r.Hi {
			return all
		}
	}
	return none
}

func interfaceMatch(names []string, iface string) match {
	answer := none
	for _, n := range names {
		prefix, wild := strings.CutSuffix(n, "*")
		switch {
		case n == "*":
			return all
		case n == "lo":
		case iface == "":
			answer = some
		case n == iface, wild && strings.HasPrefix(iface, prefix):
			return all
		}
	}
	return answer
}

// Policy answers the questions of a facts document: the fate of a packet nothing names, and the ports that are open.
// iif is the interface towards the world; "" when it is not known.
func (r *Ruleset) Policy(iif string) *facts.InputPolicy {
	named := r.namedPorts()
	odd := unnamedPort(named)
	p := &facts.InputPolicy{
		IPv4:    r.both("input", false, odd, iif),
		IPv6:    r.both("input", true, odd, iif),
		Forward: r.both("forward", false, odd, iif),
	}
	if p.IPv4 == "accept" && p.IPv6 == "accept" {
		return p
	}
	// A family that accepts everything has no open ports to tell of.
	p.Open = []facts.PortRange{}
	for _, proto := range []struct {
		name   string
		number uint32
	}{{"tcp", 6}, {"udp", 17}} {
		for _, n := range named {
			p.Open = append(p.Open, r.open(p, proto.name, proto.number, n, iif)...)
		}
	}
	return p
}

// both is the fate of a packet to a port nobody names, when TCP and UDP share it.
func (r *Ruleset) both(hook string, ipv6 bool, port uint32, iif string) string {
	tcp := r.Fate(hook, Packet{IPv6: ipv6, Proto: 6, Port: port, IIf: iif}).Verdict
	udp := r.Fate(hook, Packet{IPv6: ipv6, Proto: 17, Port: port, IIf: iif}).Verdict
	switch {
	case tcp == "" || udp == "":
		return ""
	case tcp == "accept" || udp == "accept":
		return "accept"
	}
	return tcp
}

func (r *Ruleset) open(p *facts.InputPolicy, name string, proto uint32, n Range, iif string) []facts.PortRange {
	four := r.Fate("input", Packet{Proto: proto, Port: n.Lo, IIf: iif})
	six := r.Fate("input", Packet{IPv6: true, Proto: proto, Port: n.Lo, IIf: iif})
	var out []facts.PortRange
	for _, limited := range []bool{false, true} {
		lets := func(f Fate) bool {
			if limited {
				return f.Verdict != "" && f.Verdict != "accept" && f.Limited
			}
			return f.Verdict == "accept"
		}
		family := ""
		switch v4, v6 := lets(four) && p.IPv4 != "accept", lets(six) && p.IPv6 != "accept"; {
		case v4 && v6:
			family = "both"
		case v4:
			family = "ipv4"
		case v6:
			family = "ipv6"
		default:
			continue
		}
		out = append(out, facts.PortRange{Protocol: name, From: uint16(n.Lo), To: uint16(n.Hi), Family: family, Limited: limited})
	}
	return out
}

// namedPorts lists the ranges of destination ports that any rule names, sorted, at most 4,096.
func (r *Ruleset) namedPorts() []Range {
	var out []Range
	note := func(c Cond) {
		if c.Key == DPort && len(out) < 4096 {
			for _, n := range c.Ranges {
				if n.Hi <= 65535 && n.Lo <= n.Hi && n.Hi-n.Lo < 65000 {
					out = append(out, n)
				}
			}
		}
	}
	for _, t := range r.Tables {
		for _, c := range t.Chains {
			for _, rule := range c.Rules {
				for _, cond := range rule.Conds {
					note(cond)
				}
				if rule.Map != nil {
					for _, e := range rule.Map.Entries {
						note(e.Cond)
					}
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Range) int { return cmp.Or(cmp.Compare(a.Lo, b.Lo), cmp.Compare(a.Hi, b.Hi)) })
	return slices.Compact(out)
}

// unnamedPort finds a port that no range holds.
func unnamedPort(named []Range) uint32 {
	for port := uint32(45678); port > 1; port-- {
		if within(named, port) == none {
			return port
		}
	}
	return 45678
}
