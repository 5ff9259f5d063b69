package packetfilter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Legacy iptables keeps a table as one blob, read by getsockopt on a raw socket.
const (
	getInfo     = 64 // IPT_SO_GET_INFO and IP6T_SO_GET_INFO
	getEntries  = 65
	maxBlob     = 64 << 20
	ipEntry     = 112 // size of struct ipt_entry
	ip6Entry    = 168 // size of struct ip6t_entry
	matchHeader = 32  // struct xt_entry_match and xt_entry_target before their data
)

// LoadLegacy adds the filter tables of legacy iptables and ip6tables to a rule set. A table that was never loaded is no
// error: asking for it would load it, so the caller asks only where /proc/net/ip_tables_names tells of one, or does not
// mind. It needs CAP_NET_ADMIN.
func LoadLegacy(rs *Ruleset) error {
	four := legacy{family: "ip", domain: unix.AF_INET, level: unix.IPPROTO_IP, entry: ipEntry}
	six := legacy{family: "ip6", domain: unix.AF_INET6, level: unix.IPPROTO_IPV6, entry: ip6Entry}
	return errors.Join(four.load(rs), six.load(rs))
}

// legacy is one address family.
type legacy struct {
	family        string
	domain, level int
	entry         int
}

func (l legacy) load(rs *Ruleset) error {
	fd, err := unix.Socket(l.domain, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return fmt.Errorf("open raw socket: %w", err)
	}
	defer unix.Close(fd)
	// struct ipt_getinfo: name, valid hooks, five entry points, five underflows, entries, size.
	info := make([]byte, 84)
	copy(info, "filter")
	if err := getsockopt(fd, l.level, getInfo, info); err != nil {
		if errors.Is(err, unix.ENOPROTOOPT) || errors.Is(err, unix.ENOENT) {
			return nil // not built, or never loaded
		}
		return fmt.Errorf("read %s filter table: %w", l.family, err)
	}
	size := binary.NativeEndian.Uint32(info[80:])
	if size == 0 || size > maxBlob {
		return fmt.Errorf("%s filter table of %d bytes", l.family, size)
	}
	blob := make([]byte, 40+size)
	copy(blob, "filter")
	binary.NativeEndian.PutUint32(blob[32:], size)
	if err := getsockopt(fd, l.level, getEntries, blob); err != nil {
		return fmt.Errorf("read %s filter rules: %w", l.family, err)
	}
	t, err := l.parse(blob[40:], info)
	if err != nil {
		return err
	}
	rs.Tables = append(rs.Tables, t)
	return nil
}

func getsockopt(fd, level, name int, buf []byte) error {
	n := uint32(len(buf))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name),
		uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&n)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// legacyEntry is one entry of the blob, not yet in a chain.
type legacyEntry struct {
	offset, next int
	rule         Rule
	jump         int    // offset a jump leads to; -1: none
	errorName    string // of an ERROR target: the head of a chain
}

// parse cuts the blob into entries, and these into chains: the built-in ones by their hooks' entry points, the others by
// the ERROR entries that head them.
func (l legacy) parse(blob, info []byte) (*Table, error) {
	var entries []legacyEntry
	for at := 0; at < len(blob); {
		e, err := l.parseEntry(blob, at)
		if err != nil {
			return nil, err
		}
		if len(entries) > maxRules {
			return nil, errors.New("too many rules")
		}
		entries = append(entries, e)
		at = e.next
	}
	t := &Table{Backend: "iptables-legacy", Family: l.family, Name: "filter"}
	hooks := map[int]string{}
	under := map[int]bool{}
	names := []string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}
	valid := binary.NativeEndian.Uint32(info[32:])
	for i, n := range names {
		if valid&(1<<i) != 0 {
			hooks[int(binary.NativeEndian.Uint32(info[36+4*i:]))] = n
			under[int(binary.NativeEndian.Uint32(info[56+4*i:]))] = true
		}
	}
	heads := map[int]string{} // offset of a chain's first rule → its name
	var c *Chain
	for _, e := range entries {
		if n, ok := hooks[e.offset]; ok {
			c = t.chain(n)
		}
		if e.errorName != "" {
			if e.errorName == "ERROR" {
				break
			}
			c = t.chain(e.errorName)
			heads[e.next] = e.errorName
			continue
		}
		if c == nil {
			return nil, errors.New("a rule outside chains")
		}
		if under[e.offset] {
			c.Policy = e.rule.Verdict.Kind
			c = nil
			continue
		}
		c.Rules = append(c.Rules, e.rule)
	}
	for _, chain := range t.Chains {
		for i, r := range chain.Rules {
			if r.Verdict.Kind != "jump" && r.Verdict.Kind != "goto" {
				continue
			}
			var to int
			_, _ = fmt.Sscan(r.Verdict.Chain, &to)
			chain.Rules[i].Verdict.Chain = heads[to]
		}
	}
	return t, nil
}

// parseEntry reads one struct ipt_entry or ip6t_entry: the header's own conditions, the matches, the target.
func (l legacy) parseEntry(blob []byte, at int) (legacyEntry, error) {
	bad := errors.New("rule blob is cut")
	if at+l.entry > len(blob) {
		return legacyEntry{}, bad
	}
	h := blob[at : at+l.entry]
	// The header ends with nfcache, target_offset, next_offset, comefrom and two counters of eight bytes.
	tail := h[l.entry-28:]
	if l.entry == ip6Entry {
		tail = h[l.entry-32:]
	}
	target, next := int(binary.NativeEndian.Uint16(tail[4:])), int(binary.NativeEndian.Uint16(tail[6:]))
	if target < l.entry || next < target+matchHeader || at+next > len(blob) {
		return legacyEntry{}, bad
	}
	e := legacyEntry{offset: at, next: at + next, jump: -1}
	l.header(h, &e.rule)
	k := &kernelRule{}
	for m := l.entry; m < target; {
		b := blob[at+m : at+target]
		if len(b) < matchHeader {
			return e, bad
		}
		size := int(binary.NativeEndian.Uint16(b))
		if size < matchHeader || size > len(b) {
			return e, bad
		}
		name, _, _ := bytes.Cut(b[2:31], []byte{0})
		k.rawLegacy(string(name), b[31], b[matchHeader:size], l.family)
		m += size
	}
	e.rule.Conds = append(e.rule.Conds, k.out.Conds...)
	l.target(blob[at+target:at+next], at+next, &e)
	return e, nil
}

// header reads the conditions of struct ipt_ip or ip6t_ip6.
func (l legacy) header(h []byte, r *Rule) {
	src, dst, srcMask, dstMask := h[0:4], h[4:8], h[8:12], h[12:16]
	rest := h[16:]
	if l.entry == ip6Entry {
		src, dst, srcMask, dstMask = h[0:16], h[16:32], h[32:48], h[48:64]
		rest = h[64:]
	}
	in, out := name(rest[0:16], rest[32:48]), name(rest[16:32], rest[48:64])
	proto := uint32(binary.NativeEndian.Uint16(rest[64:]))
	inv := rest[67]
	if l.entry == ip6Entry {
		inv = rest[68]
	}
	const invIn, invOut, invSrc, invDst, invProto = 1, 2, 8, 16, 64
	if !allZero(srcMask) {
		r.Conds = append(r.Conds, Cond{Key: SAddr, Addr: classOfBytes(src, srcMask), Not: inv&invSrc != 0})
	}
	if !allZero(dstMask) {
		r.Conds = append(r.Conds, Cond{Key: DAddr, Addr: classOfBytes(dst, dstMask), Not: inv&invDst != 0})
	}
	if in != "" {
		r.Conds = append(r.Conds, Cond{Key: IIf, Names: []string{in}, Not: inv&invIn != 0})
	}
	if out != "" {
		r.Conds = append(r.Conds, Cond{Key: OIf, Names: []string{out}, Not: inv&invOut != 0})
	}
	if proto != 0 {
		r.Conds = append(r.Conds, Cond{Key: L4Proto, Ranges: []Range{{proto, proto}}, Not: inv&invProto != 0})
	}
}

// name reads an interface name with its mask, which ends early for a wildcard.
func name(b, mask []byte) string {
	if allZero(mask) {
		return ""
	}
	n, _, _ := bytes.Cut(b, []byte{0})
	if len(n) < len(mask) && mask[len(n)] == 0 {
		return string(n) + "*"
	}
	return string(n)
}

// target reads the standard target, whose number is a verdict or an offset, and the names of the others.
func (l legacy) target(b []byte, next int, e *legacyEntry) {
	text, _, _ := bytes.Cut(b[2:31], []byte{0})
	data := b[matchHeader:]
	switch {
	case string(text) == "ERROR":
		n, _, _ := bytes.Cut(data, []byte{0})
		e.errorName = string(n)
	case len(text) > 0:
		e.rule.Verdict = target(string(text), "-j")
		if e.rule.Verdict.Kind == "jump" {
			e.rule.Verdict = Verdict{}
		}
	case len(data) >= 4:
		switch v := int32(binary.NativeEndian.Uint32(data)); {
		case v == -1:
			e.rule.Verdict = Verdict{Kind: "drop"}
		case v == -2:
			e.rule.Verdict = Verdict{Kind: "accept"}
		case v == -5:
			e.rule.Verdict = Verdict{Kind: "return"}
		case v == -4:
			e.rule.Verdict = Verdict{Kind: "unknown"}
		case v >= 0 && int(v) == next:
			// falls through to the next rule
		case v >= 0:
			e.rule.Verdict = Verdict{Kind: "jump", Chain: fmt.Sprint(v)}
		}
	}
}

// rawLegacy reads one match.
func (r *kernelRule) rawLegacy(name string, revision byte, data []byte, family string) {
	switch name {
	case "tcp", "udp":
		if len(data) < 9 {
			r.cond(Cond{Key: Unknown})
			return
		}
		u := func(i int) uint16 { return binary.NativeEndian.Uint16(data[i:]) }
		src, dst := [2]uint16{u(0), u(2)}, [2]uint16{u(4), u(6)}
		if name == "udp" {
			r.ports(dst, src, data[8]&2 != 0, data[8]&1 != 0)
			return
		}
		if len(data) < 12 {
			r.cond(Cond{Key: Unknown})
			return
		}
		r.ports(dst, src, data[11]&2 != 0, data[11]&1 != 0)
		if data[9] != 0 {
			v := uint32(data[10])
			r.cond(Cond{Key: TCPFlags, Mask: uint32(data[9]), Ranges: []Range{{v, v}}, Not: data[11]&4 != 0})
		}
	case "conntrack":
		r.rawConntrack(revision, data)
	case "state":
		if len(data) >= 4 {
			n := binary.NativeEndian.Uint32(data)
			r.cond(Cond{Key: CtState, Ranges: []Range{{n, n}}})
		}
	case "comment", "limit", "hashlimit":
	case "addrtype":
		if len(data) < 12 {
			r.cond(Cond{Key: Unknown})
			return
		}
		source, dest := binary.NativeEndian.Uint16(data), binary.NativeEndian.Uint16(data[2:])
		flags := binary.NativeEndian.Uint32(data[4:])
		if revision == 0 {
			flags = binary.NativeEndian.Uint32(data[8:]) << 1
		}
		r.addrType(source, dest, flags&2 != 0)
	case "multiport":
		r.multiport(data)
	case "icmp", "icmp6":
		r.cond(Cond{Key: ICMP})
	case "rt", "frag", "dst", "hbh", "ah", "esp", "ipv6header", "eui64":
		r.cond(Cond{Key: CtStatus})
	case "recent", "set", "mac", "iprange", "connlimit", "geoip", "rpfilter":
		r.cond(Cond{Key: Sender})
	case "standard", "":
	default:
		r.cond(Cond{Key: Unknown})
	}
}

// rawConntrack reads struct xt_conntrack_mtinfo1 to 3: eight addresses of 16 bytes, two times, five ports, flags, masks.
func (r *kernelRule) rawConntrack(revision byte, b []byte) {
	const flags = 8*16 + 2*4 + 5*2
	if revision < 1 || len(b) < flags+8 {
		r.cond(Cond{Key: Unknown})
		return
	}
	match, invert := binary.NativeEndian.Uint16(b[flags:]), binary.NativeEndian.Uint16(b[flags+2:])
	states := uint16(b[flags+4])
	if revision >= 2 {
		states = binary.NativeEndian.Uint16(b[flags+4:])
	}
	r.conntrack(match, invert, states)
}
