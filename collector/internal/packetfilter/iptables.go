package packetfilter

import (
	"slices"
	"strconv"
	"strings"
)

// ParseSave reads the output of iptables-save or ip6tables-save, as rules.v4 and rules.v6 hold it and as ufw's
// user.rules and before.rules are written.
func ParseSave(text string, ipv6 bool) *Ruleset {
	rs := &Ruleset{}
	AddSave(rs, text, ipv6)
	return rs
}

// AddSave adds such a text to a rule set, as iptables-restore -n would.
func AddSave(rs *Ruleset, text string, ipv6 bool) {
	family := "ip"
	if ipv6 {
		family = "ip6"
	}
	var t *Table
	count := 0
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		switch line[0] {
		case '*':
			t = rs.saveTable(family, line[1:])
		case ':':
			if w := strings.Fields(line[1:]); t != nil && len(w) > 1 {
				c := t.chain(w[0])
				if w[1] != "-" {
					c.Policy = strings.ToLower(w[1])
				}
			}
		case '-', '[':
			if i := strings.Index(line, "-"); i >= 0 && t != nil {
				if count++; count > maxRules {
					return
				}
				t.saveLine(shellWords(line[i:]), ipv6)
			}
		}
	}
}

// hooks of iptables' built-in chains, by table.
func (r *Ruleset) saveTable(family, name string) *Table {
	for _, t := range r.Tables {
		if t.Family == family && t.Name == name {
			return t
		}
	}
	t := &Table{Backend: "iptables", Family: family, Name: name}
	r.Tables = append(r.Tables, t)
	return t
}

func (t *Table) chain(name string) *Chain {
	if c := t.Chain(name); c != nil {
		return c
	}
	c := &Chain{Name: name}
	if hook := strings.ToLower(name); slices.Contains([]string{"INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"}, name) {
		c.Hook, c.Policy, c.Type = hook, "accept", "filter"
		if t.Name == "nat" {
			c.Type = "nat"
		}
		c.Priority = priorities[t.Name]
	}
	t.Chains = append(t.Chains, c)
	return c
}

// saveLine reads "-A CHAIN ..." and "-P CHAIN POLICY".
func (t *Table) saveLine(w []string, ipv6 bool) {
	if len(w) < 3 {
		return
	}
	switch w[0] {
	case "-P", "--policy":
		t.chain(w[1]).Policy = strings.ToLower(w[2])
	case "-A", "--append":
		c := t.chain(w[1])
		c.Rules = append(c.Rules, saveRule(w[2:], ipv6))
	case "-I", "--insert":
		c := t.chain(w[1])
		args := w[2:]
		if _, err := strconv.Atoi(args[0]); err == nil {
			args = args[1:]
		}
		c.Rules = slices.Insert(c.Rules, 0, saveRule(args, ipv6))
	}
}

// saveRule reads the options of one iptables rule.
func saveRule(w []string, ipv6 bool) Rule {
	var r Rule
	not := false
	add := func(c Cond) {
		c.Not = c.Not || not
		r.Conds = append(r.Conds, c)
		not = false
	}
	arg := func(i *int) string {
		*i++
		if *i < len(w) && w[*i] == "!" { // the old spelling
			not = true
			*i++
		}
		if *i < len(w) {
			return w[*i]
		}
		return ""
	}
	for i := 0; i < len(w); i++ {
		switch w[i] {
		case "!":
			not = true
		case "-p", "--protocol":
			v := arg(&i)
			if v != "all" {
				add(fill(Cond{Key: L4Proto}, []string{v}))
			}
		case "-i", "--in-interface":
			add(Cond{Key: IIf, Names: []string{plus(arg(&i))}})
		case "-o", "--out-interface":
			add(Cond{Key: OIf, Names: []string{plus(arg(&i))}})
		case "-s", "--source", "--src":
			add(fill(Cond{Key: SAddr}, strings.Split(arg(&i), ",")))
		case "-d", "--destination", "--dst":
			add(fill(Cond{Key: DAddr}, strings.Split(arg(&i), ",")))
		case "--dport", "--destination-port", "--dports", "--destination-ports":
			add(ports(DPort, arg(&i)))
		case "--sport", "--source-port", "--sports", "--source-ports":
			add(ports(SPort, arg(&i)))
		case "--state", "--ctstate":
			states := strings.ToLower(arg(&i))
			if states == "dnat" || states == "snat" || states == "dnat,snat" {
				add(Cond{Key: CtStatus})
				continue
			}
			add(fill(Cond{Key: CtState}, strings.Split(states, ",")))
		case "--ctstatus", "--rt-type", "--rt-segsleft", "--ahspi", "--espspi":
			arg(&i)
			add(Cond{Key: CtStatus})
		case "--dst-type":
			add(fill(Cond{Key: FibType}, strings.Split(strings.ToLower(arg(&i)), ",")))
		case "--src-type":
			arg(&i)
			add(Cond{Key: Sender})
		case "--pkt-type":
			add(fill(Cond{Key: PktType}, []string{arg(&i)}))
		case "--icmp-type", "--icmpv6-type":
			arg(&i)
			add(Cond{Key: ICMP})
		case "--syn":
			add(Cond{Key: TCPFlags, Mask: 0x17, Ranges: []Range{{2, 2}}})
		case "--tcp-flags":
			add(tcpFlags(arg(&i), arg(&i)))
		case "--limit", "--limit-burst", "--hashlimit-upto", "--hashlimit":
			arg(&i)
		case "--hashlimit-above":
			arg(&i)
			r.Exceeds = true
		case "--comment", "--hashlimit-name", "--hashlimit-mode", "--hashlimit-burst", "--hashlimit-srcmask", "--log-prefix", "--log-level",
			"--reject-with", "--nflog-group", "--nflog-prefix", "--ulog-prefix", "--seconds", "--hitcount", "--name", "--mask", "--connlimit-mask", "-c", "--nflog-threshold":
			arg(&i)
			if w[max(i-1, 0)] == "-c" {
				arg(&i)
			}
		case "-m", "--match":
			matchModule(arg(&i), add)
		case "--connlimit-above", "--connlimit-upto", "--match-set", "--mac-source", "--src-range", "--source-country", "--src-cc":
			arg(&i)
			add(Cond{Key: Sender})
		case "src", "dst", "src,src", "--set", "--update", "--rcheck", "--remove", "--rsource", "--rdest", "--rttl", "--connlimit-saddr",
			"--log-tcp-options", "--log-ip-options", "--log-uid", "--log-tcp-sequence", "-4", "-6", "--ipv4", "--ipv6", "--limit-iface-in", "--limit-iface-out", "--random":
		case "-j", "--jump", "-g", "--goto":
			r.Verdict = target(arg(&i), w[max(i-1, 0)])
		default:
			if strings.HasPrefix(w[i], "-") {
				add(Cond{Key: Unknown})
			}
		}
	}
	return r
}

// matchModule adds conditions for modules that narrow by themselves.
func matchModule(name string, add func(Cond)) {
	switch name {
	case "recent", "connlimit", "set", "mac", "iprange", "geoip":
		add(Cond{Key: Sender})
	case "icmp", "icmp6", "icmpv6":
		add(Cond{Key: ICMP})
	case "rpfilter":
		add(Cond{Key: Sender})
	}
}

func target(name, option string) Verdict {
	switch name {
	case "ACCEPT":
		return Verdict{Kind: "accept"}
	case "DROP":
		return Verdict{Kind: "drop"}
	case "REJECT", "TARPIT":
		return Verdict{Kind: "reject"}
	case "RETURN":
		return Verdict{Kind: "return"}
	case "LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "TCPMSS", "CT", "SET", "AUDIT", "TRACE", "DSCP", "CLASSIFY", "NOTRACK", "CHECKSUM", "TOS":
		return Verdict{}
	case "MASQUERADE", "SNAT", "DNAT", "REDIRECT":
		return Verdict{Kind: "accept"}
	case "NFQUEUE", "QUEUE", "TPROXY", "":
		return Verdict{Kind: "unknown"}
	}
	if option == "-g" || option == "--goto" {
		return Verdict{Kind: "goto", Chain: name}
	}
	return Verdict{Kind: "jump", Chain: name}
}

// plus turns iptables' wildcard into ours.
func plus(name string) string {
	if p, ok := strings.CutSuffix(name, "+"); ok {
		return p + "*"
	}
	return name
}

// ports reads "22", "80,443" and "6000:6010".
func ports(key Key, s string) Cond {
	c := Cond{Key: key}
	for part := range strings.SplitSeq(s, ",") {
		lo, hi, isRange := strings.Cut(part, ":")
		if lo == "" {
			lo = "0"
		}
		a, ok := number(key, lo)
		b := a
		if isRange {
			if hi == "" {
				hi = "65535"
			}
			var ok2 bool
			b, ok2 = number(key, hi)
			ok = ok && ok2
		}
		if !ok {
			return Cond{Key: Unknown}
		}
		c.Ranges = append(c.Ranges, Range{a, b})
	}
	return c
}

// tcpFlags reads "SYN,ACK SYN": of the first ones, exactly the second ones are set.
func tcpFlags(mask, set string) Cond {
	bits := map[string]uint32{"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ALL": 63, "NONE": 0}
	sum := func(s string) (n uint32) {
		for w := range strings.SplitSeq(s, ",") {
			n |= bits[w]
		}
		return n
	}
	v := sum(set)
	return Cond{Key: TCPFlags, Mask: sum(mask), Ranges: []Range{{v, v}}}
}

// shellWords splits a line at blanks, double quotes holding words together.
func shellWords(s string) []string {
	var out []string
	var w strings.Builder
	quoted, in := false, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s):
			i++
			w.WriteByte(s[i])
			in = true
		case c == '"':
			quoted, in = !quoted, true
		case !quoted && (c == ' ' || c == '\t'):
			if in {
				out = append(out, w.String())
				w.Reset()
				in = false
			}
		default:
			w.WriteByte(c)
			in = true
		}
	}
	if in {
		out = append(out, w.String())
	}
	return out
}
