package packetfilter

import (
	"slices"
	"strconv"
	"strings"
)

// ruleReader reads the words of one nft rule.
type ruleReader struct {
	vars map[string][]string
	t    []string
	sets bool // the rule sets a mark
	out  Rule
}

func (r *ruleReader) next() string {
	if len(r.t) == 0 {
		return ""
	}
	w := r.t[0]
	r.t = r.t[1:]
	return plain(w)
}

func (r *ruleReader) peek() string {
	if len(r.t) == 0 {
		return ""
	}
	return plain(r.t[0])
}

// skip passes over the words that follow a statement, as long as they are of the given ones or numbers.
func (r *ruleReader) skip(words ...string) {
	for len(r.t) > 0 {
		w := plain(r.t[0])
		if _, err := strconv.ParseFloat(w, 64); err != nil && !slices.Contains(words, w) && !strings.HasPrefix(r.t[0], "\x00") {
			return
		}
		r.t = r.t[1:]
	}
}

func (r *ruleReader) cond(c Cond) { r.out.Conds = append(r.out.Conds, c) }

func (r *ruleReader) read() Rule {
	for len(r.t) > 0 {
		switch w := r.next(); w {
		case "accept", "drop", "return":
			r.out.Verdict = Verdict{Kind: w}
		case "reject":
			r.out.Verdict = Verdict{Kind: "reject"}
			r.t = nil
		case "jump", "goto":
			r.out.Verdict = Verdict{Kind: w, Chain: r.next()}
		case "queue", "tproxy":
			r.out.Verdict = Verdict{Kind: "unknown"}
			r.t = nil
		case "masquerade", "snat", "dnat", "redirect":
			r.out.Verdict = Verdict{Kind: "accept"}
			r.t = nil
		case "continue", "notrack":
		case "counter":
			r.skip("packets", "bytes", "name")
		case "log":
			r.skip("prefix", "level", "group", "flags", "all", "snaplen", "queue-threshold", "emerg", "alert", "crit", "err", "warn",
				"notice", "info", "debug", "audit", "tcp", "sequence", "options", "ip", "skuid", "ether")
		case "comment":
			r.next()
		case "limit":
			r.limit()
		default:
			r.match(w)
		}
	}
	return r.out
}

// limit reads "limit rate [over] 10/minute burst 5 packets". A packet by itself is within every rate.
func (r *ruleReader) limit() {
	for len(r.t) > 0 {
		w := r.peek()
		_, err := strconv.Atoi(strings.TrimLeft(w, "0123456789/"))
		number := err == nil || w != "" && w[0] >= '0' && w[0] <= '9'
		if !number && !slices.Contains([]string{"rate", "over", "until", "burst", "packets", "bytes", "kbytes", "mbytes", "name",
			"/second", "/minute", "/hour", "/day", "bytes/second", "kbytes/second", "mbytes/second"}, w) {
			return
		}
		r.out.Exceeds = r.out.Exceeds || w == "over"
		r.next()
	}
}

// match reads one condition that begins with word w.
func (r *ruleReader) match(w string) {
	if w == "meta" {
		w = r.next()
		switch w {
		case "iif", "iifname", "oif", "oifname", "l4proto", "nfproto", "pkttype":
		case "mark":
			r.mark()
			return
		default: // skuid, time, ...
			r.values(Unknown)
			return
		}
	}
	switch w {
	case "iif", "iifname":
		r.values(IIf)
	case "oif", "oifname":
		r.values(OIf)
	case "l4proto":
		r.values(L4Proto)
	case "nfproto":
		r.values(NFProto)
	case "pkttype":
		r.values(PktType)
	case "ct":
		switch r.next() {
		case "state":
			r.values(CtState)
		case "status":
			r.list()
			r.cond(Cond{Key: CtStatus})
		case "mark":
			r.mark()
		default:
			r.values(Unknown)
		}
	case "mark":
		r.mark()
	case "tcp", "udp", "sctp", "dccp", "udplite", "th":
		r.transport(w)
	case "ip", "ip6":
		r.network(w)
	case "icmp", "icmpv6", "icmpx", "igmp":
		r.next()
		r.values(ICMP)
	case "fib":
		r.fib()
	default: // ether, vlan, arp, socket, quota, "add @set { ... }" and what we do not know
		r.unknown()
	}
}

// unknown adds a condition nobody understands and passes over to the verdict.
func (r *ruleReader) unknown() {
	r.cond(Cond{Key: Unknown})
	for len(r.t) > 0 {
		switch r.peek() {
		case "accept", "drop", "reject", "jump", "goto", "return", "counter", "log", "queue":
			return
		}
		r.next()
	}
}

// mark reads "mark set ..." and comparisons with a mark. Masks ("mark and 0xff == 1") are not followed.
func (r *ruleReader) mark() {
	if r.peek() == "set" {
		r.sets = true
		for len(r.t) > 0 && !slices.Contains([]string{"accept", "drop", "reject", "jump", "goto", "return", "counter", "log"}, r.peek()) {
			r.next()
		}
		return
	}
	if op := r.peek(); op == "and" || op == "&" {
		r.unknown()
		return
	}
	r.values(Mark)
}

func (r *ruleReader) transport(proto string) {
	switch proto {
	case "tcp":
		r.cond(Cond{Key: L4Proto, Ranges: []Range{{6, 6}}})
	case "udp":
		r.cond(Cond{Key: L4Proto, Ranges: []Range{{17, 17}}})
	case "th":
	default:
		r.cond(Cond{Key: L4Proto, Ranges: []Range{{132, 132}}})
	}
	switch r.next() {
	case "dport":
		r.values(DPort)
	case "sport":
		r.values(SPort)
	case "flags":
		r.flags()
	default:
		r.unknown()
	}
}

func (r *ruleReader) network(family string) {
	n := uint32(2)
	if family == "ip6" {
		n = 10
	}
	r.cond(Cond{Key: NFProto, Ranges: []Range{{n, n}}})
	switch r.next() {
	case "saddr":
		r.values(SAddr)
	case "daddr":
		r.values(DAddr)
	case "protocol", "nexthdr":
		r.values(L4Proto)
	default:
		r.unknown()
	}
}

// fib reads "fib daddr . iif type local" and "fib saddr . iif oif missing" (a check for forged senders).
func (r *ruleReader) fib() {
	for len(r.t) > 0 {
		switch r.next() {
		case "type":
			r.values(FibType)
			return
		case "oif", "oifname":
			r.next()
			r.cond(Cond{Key: Sender})
			return
		case "daddr", "saddr", ".", "iif", "mark":
		default:
			r.cond(Cond{Key: Unknown})
			return
		}
	}
}

// flags reads "tcp flags [& (mask)] [==|!=] value" in the forms that are in use; anything else narrows to unknown.
func (r *ruleReader) flags() {
	bits := map[string]uint32{"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}
	sum := func(text string) (n uint32, ok bool) {
		for w := range strings.FieldsFuncSeq(text, func(c rune) bool { return strings.ContainsRune("()|,{} ", c) }) {
			b, known := bits[w]
			if !known {
				v, err := strconv.ParseUint(w, 0, 8)
				if err != nil {
					return 0, false
				}
				b = uint32(v)
			}
			n |= b
		}
		return n, true
	}
	var words []string
	for len(r.t) > 0 {
		w := r.peek()
		if slices.Contains([]string{"accept", "drop", "reject", "jump", "goto", "return", "counter", "log", "ct", "limit", "tcp", "ip", "meta", "continue", "iifname"}, w) {
			break
		}
		words = append(words, r.next())
	}
	text := strings.Join(words, " ")
	not := strings.Contains(text, "!=")
	left, right, compares := strings.Cut(strings.ReplaceAll(text, "!=", "=="), "==")
	mask, masked := strings.CutPrefix(strings.TrimSpace(left), "&")
	value := right
	if a, b, slash := strings.Cut(text, "/"); slash && !compares { // value / mask
		value, mask, masked, compares = a, b, true, true
	}
	v, ok := sum(value)
	m, mok := sum(mask)
	switch {
	case compares && masked && ok && mok:
		r.cond(Cond{Key: TCPFlags, Mask: m, Ranges: []Range{{v, v}}, Not: not})
	case !compares && !masked: // "tcp flags syn": that bit is set
		if v, ok := sum(text); ok && v == 2 {
			r.cond(Cond{Key: TCPFlags, Mask: 2, Ranges: []Range{{2, 2}}})
			return
		}
		fallthrough
	default:
		r.cond(Cond{Key: Unknown})
	}
}

// values reads "[==|!=|<|>|<=|>=] value|{set}|@set|vmap {...}" for a key.
func (r *ruleReader) values(key Key) {
	c := Cond{Key: key}
	switch op := r.peek(); op {
	case ".": // a concatenation of values
		if key == ICMP {
			r.cond(c)
		}
		r.unknown()
		return
	case "==", "eq":
		r.next()
	case "!=", "ne", "not":
		r.next()
		c.Not = true
	case "<", ">", "<=", ">=", "lt", "gt", "le", "ge":
		r.next()
		n, ok := number(key, r.next())
		if !ok {
			r.cond(Cond{Key: Unknown})
			return
		}
		switch op {
		case "<", "lt":
			c.Ranges = []Range{{0, max(n, 1) - 1}}
		case "<=", "le":
			c.Ranges = []Range{{0, n}}
		case ">", "gt":
			c.Ranges = []Range{{n + 1, 1<<32 - 1}}
		default:
			c.Ranges = []Range{{n, 1<<32 - 1}}
		}
		r.cond(c)
		return
	case "vmap":
		r.next()
		r.vmap(key)
		return
	}
	values, known := r.list()
	if !known {
		r.narrow(key, c.Not)
		return
	}
	r.cond(fill(c, values))
}

// narrow adds the condition for a named set whose elements are not known.
func (r *ruleReader) narrow(key Key, not bool) {
	switch key {
	case SAddr:
		r.cond(Cond{Key: Sender, Not: not})
	case IIf, ICMP:
		r.cond(Cond{Key: key, Not: not})
	default:
		r.cond(Cond{Key: Unknown})
	}
}

// fill turns texts into the values of a condition.
func fill(c Cond, values []string) Cond {
	switch c.Key {
	case SAddr, DAddr:
		c.Addr = addrClassOf(values)
	case IIf, OIf:
		c.Names = values
	case ICMP, Unknown:
	default:
		for _, v := range values {
			lo, hi, isRange := strings.Cut(v, "-")
			a, ok := number(c.Key, lo)
			b := a
			if !ok && isRange {
				a, ok = number(c.Key, v) // a name with a hyphen
				isRange, b = false, a
			}
			if isRange {
				b, ok = number(c.Key, hi)
			}
			if !ok {
				return Cond{Key: Unknown}
			}
			c.Ranges = append(c.Ranges, Range{a, b})
		}
	}
	return c
}

// list reads one value, values joined by commas, a set in braces or a named set.
func (r *ruleReader) list() (values []string, known bool) {
	if r.peek() == "{" {
		r.next()
		for len(r.t) > 0 {
			w := r.next()
			switch w {
			case "}":
				return values, true
			case ",":
			case "{": // a variable that is itself a set
			case "counter", "timeout", "comment", "expires":
				r.next()
			default:
				values = append(values, w)
			}
		}
		return values, true
	}
	w := r.next()
	if name, ok := strings.CutPrefix(w, "@"); ok {
		elems := r.vars["@"+name]
		if len(elems) == 0 {
			return nil, false
		}
		sub := ruleReader{vars: r.vars, t: slices.Clone(elems)}
		return sub.list()
	}
	values = []string{w}
	for r.peek() == "," {
		r.next()
		values = append(values, r.next())
	}
	return values, true
}

// vmap reads "{ value : verdict, ... }" or a named map, whose elements we do not follow.
func (r *ruleReader) vmap(key Key) {
	if r.next() != "{" {
		r.out.Verdict = Verdict{Kind: "unknown"}
		return
	}
	m := &Map{Key: key}
	for len(r.t) > 0 {
		var entry []string
		for len(r.t) > 0 && r.peek() != "," && r.peek() != "}" {
			entry = append(entry, r.next())
		}
		last := r.next() == "}"
		if e, ok := mapEntry(key, entry); ok {
			m.Entries = append(m.Entries, e)
		}
		if last {
			break
		}
	}
	r.out.Map = m
}

// mapEntry reads "22 : accept", "lo: accept" or "eth0 : jump in".
func mapEntry(key Key, words []string) (MapEntry, bool) {
	text := strings.Join(words, " ")
	i := strings.LastIndex(text, ":")
	if i < 0 {
		return MapEntry{}, false
	}
	value, verdict := strings.TrimSpace(text[:i]), strings.Fields(text[i+1:])
	if len(verdict) == 0 {
		return MapEntry{}, false
	}
	e := MapEntry{Cond: fill(Cond{Key: key}, []string{value}), Verdict: Verdict{Kind: verdict[0]}}
	if len(verdict) > 1 {
		e.Verdict.Chain = verdict[1]
	}
	return e, true
}

var symbols = map[Key]map[string]uint32{
	CtState: {"invalid": CtInvalid, "established": CtEstablished, "related": CtRelated, "new": CtNew, "untracked": CtUntracked},
	L4Proto: {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58, "ipv6-icmp": 58, "igmp": 2, "esp": 50, "ah": 51, "gre": 47, "sctp": 132, "ospf": 89, "vrrp": 112, "udplite": 136, "ipip": 4, "ipv6": 41},
	NFProto: {"ipv4": 2, "ipv6": 10},
	PktType: {"host": 0, "unicast": 0, "broadcast": 1, "multicast": 2, "other": 3},
	FibType: {"unicast": 1, "local": 2, "broadcast": 3, "anycast": 4, "multicast": 5, "blackhole": 6, "unreachable": 7, "prohibit": 8},
}

// services are the names of ports that rules use.
var services = map[string]uint32{
	"ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53, "bootps": 67, "bootpc": 68, "tftp": 69, "http": 80, "www": 80,
	"kerberos": 88, "pop3": 110, "sunrpc": 111, "ntp": 123, "netbios-ns": 137, "netbios-dgm": 138, "netbios-ssn": 139, "imap": 143, "imap2": 143,
	"snmp": 161, "snmp-trap": 162, "ldap": 389, "https": 443, "microsoft-ds": 445, "submissions": 465, "urd": 465, "isakmp": 500, "syslog": 514,
	"dhcpv6-client": 546, "dhcpv6-server": 547, "submission": 587, "ipp": 631, "ldaps": 636, "rsync": 873, "imaps": 993, "pop3s": 995,
	"openvpn": 1194, "ms-sql-s": 1433, "nfs": 2049, "mysql": 3306, "rdp": 3389, "ms-wbt-server": 3389, "ipsec-nat-t": 4500, "sip": 5060, "mdns": 5353,
	"postgresql": 5432, "x11": 6000, "redis": 6379, "http-alt": 8080, "zabbix-agent": 10050, "zabbix-trapper": 10051,
}

func number(key Key, s string) (uint32, bool) {
	if n, err := strconv.ParseUint(s, 0, 32); err == nil {
		return uint32(n), true
	}
	if key == DPort || key == SPort {
		n, ok := services[s]
		return n, ok
	}
	n, ok := symbols[key][s]
	return n, ok
}
