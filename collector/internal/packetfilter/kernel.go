package packetfilter

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Load reads the rule sets that the kernel has loaded by nftables (iptables-nft rules among them). It needs
// CAP_NET_ADMIN. ifname names an interface by its index.
//
// Two things could make it wrong: an expression that the netlink library does not know is dropped by it, which makes a
// rule look wider than it is; and a rule set changed between two questions is read half old, half new.
func Load(ifname func(index uint32) string) (*Ruleset, error) {
	conn, err := nftables.New()
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	tables, err := conn.ListTables()
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	chains, err := conn.ListChains()
	if err != nil {
		return nil, fmt.Errorf("list chains: %w", err)
	}
	rs := &Ruleset{}
	total := 0
	for _, kt := range tables {
		t := &Table{Backend: "nftables", Family: familyName(kt.Family), Name: kt.Name}
		rs.Tables = append(rs.Tables, t)
		l := &loader{conn: conn, table: kt, ifname: ifname, sets: map[string]*kernelSet{}}
		if sets, err := conn.GetSets(kt); err == nil {
			for _, s := range sets {
				l.sets[s.Name] = &kernelSet{set: s}
			}
		}
		for _, kc := range chains {
			if kc.Table.Name != kt.Name || kc.Table.Family != kt.Family {
				continue
			}
			c := kernelChain(kc, kt.Family)
			t.Chains = append(t.Chains, c)
			rules, err := conn.GetRules(kt, kc)
			if err != nil {
				return nil, fmt.Errorf("list rules of %s %s: %w", kt.Name, kc.Name, err)
			}
			for _, r := range rules {
				if total++; total > maxRules {
					return nil, fmt.Errorf("more than %d rules", maxRules)
				}
				c.Rules = append(c.Rules, l.rule(r.Exprs))
			}
		}
		rs.SetsMarks = rs.SetsMarks || l.marks
	}
	return rs, nil
}

func familyName(f nftables.TableFamily) string {
	switch f {
	case nftables.TableFamilyIPv4:
		return "ip"
	case nftables.TableFamilyIPv6:
		return "ip6"
	case nftables.TableFamilyINet:
		return "inet"
	case nftables.TableFamilyARP:
		return "arp"
	case nftables.TableFamilyBridge:
		return "bridge"
	case nftables.TableFamilyNetdev:
		return "netdev"
	}
	return fmt.Sprint(f)
}

func kernelChain(kc *nftables.Chain, family nftables.TableFamily) *Chain {
	c := &Chain{Name: kc.Name, Type: string(kc.Type)}
	if kc.Hooknum == nil {
		return c
	}
	names := []string{"prerouting", "input", "forward", "output", "postrouting"}
	switch n := int(*kc.Hooknum); {
	case family == nftables.TableFamilyNetdev, n == 5:
		c.Hook = "ingress"
	case n < len(names):
		c.Hook = names[n]
	}
	if kc.Priority != nil {
		c.Priority = int(*kc.Priority)
	}
	c.Policy = "accept"
	if kc.Policy != nil && *kc.Policy == nftables.ChainPolicyDrop {
		c.Policy = "drop"
	}
	return c
}

// kernelSet is a set with its elements, read when a rule asks for them.
type kernelSet struct {
	set    *nftables.Set
	elems  []nftables.SetElement
	loaded bool
}

type loader struct {
	marks  bool // a rule sets marks
	conn   *nftables.Conn
	table  *nftables.Table
	ifname func(uint32) string
	sets   map[string]*kernelSet
}

// bothPorts is the source and the destination port loaded as one value, as iptables-nft does.
const bothPorts Key = "ports"

// register is what a register holds while a rule runs.
type register struct {
	key   Key
	mask  []byte
	name  bool // interface by name, not by index
	order binary.ByteOrder
}

// reader translates the expressions of one rule.
type kernelRule struct {
	*loader
	regs    map[uint32]register
	pending int // registers loaded and not looked at yet
	out     Rule
}

func (l *loader) rule(exprs []expr.Any) Rule {
	r := &kernelRule{loader: l, regs: map[uint32]register{}}
	for _, e := range exprs {
		r.expr(e)
	}
	return r.out
}

// norm gives the 16-byte registers the numbers of the 4-byte ones they lie over.
func norm(reg uint32) uint32 {
	if reg >= 1 && reg <= 4 {
		return 8 + (reg-1)*4
	}
	return reg
}

func (r *kernelRule) load(reg uint32, key Key, order binary.ByteOrder) {
	r.regs[norm(reg)] = register{key: key, order: order}
	r.pending++
}

func (r *kernelRule) cond(c Cond) {
	r.out.Conds = append(r.out.Conds, c)
	r.pending = 0
}

func (r *kernelRule) expr(e expr.Any) {
	switch e := e.(type) {
	case *expr.Meta:
		if !e.SourceRegister {
			r.meta(e)
		} else if e.Key == expr.MetaKeyMARK {
			r.marks = true
		}
	case *expr.Payload:
		if e.OperationType == expr.PayloadLoad {
			r.load(e.DestRegister, r.payloadKey(e), binary.BigEndian)
		}
	case *expr.Ct:
		if e.SourceRegister {
			r.marks = r.marks || e.Key == expr.CtKeyMARK
			return
		}
		key := Unknown
		switch e.Key {
		case expr.CtKeySTATE:
			key = CtState
		case expr.CtKeySTATUS:
			key = CtStatus
		case expr.CtKeyMARK:
			key = Mark
		}
		r.load(e.Register, key, binary.NativeEndian)
	case *expr.Fib:
		switch {
		case e.ResultADDRTYPE && e.FlagDADDR:
			r.load(e.Register, FibType, binary.NativeEndian)
		default: // a check of the sender's route
			r.load(e.Register, Sender, binary.NativeEndian)
		}
	case *expr.Bitwise:
		src := r.regs[norm(e.SourceRegister)]
		src.mask = e.Mask
		r.regs[norm(e.DestRegister)] = src
	case *expr.Byteorder:
		r.regs[norm(e.DestRegister)] = register{key: r.regs[norm(e.SourceRegister)].key, order: binary.BigEndian}
	case *expr.Cmp:
		r.compare(e)
	case *expr.Range:
		reg := r.regs[norm(e.Register)]
		c := r.value(reg, e.FromData)
		if hi, ok := numberOf(reg.order, e.ToData); ok && len(c.Ranges) == 1 {
			c.Ranges[0].Hi = hi
		}
		c.Not = e.Op == expr.CmpOpNeq
		r.cond(c)
	case *expr.Lookup:
		r.lookup(e)
	case *expr.Verdict:
		r.out.Verdict = verdictOf(e)
	case *expr.Reject:
		r.out.Verdict = Verdict{Kind: "reject"}
	case *expr.Limit:
		r.out.Exceeds = r.out.Exceeds || e.Over
	case *expr.Connlimit, *expr.Dynset:
		r.cond(Cond{Key: Sender})
	case *expr.Match:
		r.match(e)
	case *expr.Target:
		r.marks = r.marks || e.Name == "MARK" || e.Name == "CONNMARK"
		r.out.Verdict = target(e.Name, "-j")
		if r.out.Verdict.Kind == "jump" {
			r.out.Verdict = Verdict{} // a target that is no chain and that we do not know: it changes the packet
		}
	case *expr.NAT, *expr.Masq, *expr.Redir:
		r.out.Verdict = Verdict{Kind: "accept"}
	case *expr.Queue, *expr.TProxy, *expr.SynProxy:
		r.out.Verdict = Verdict{Kind: "unknown"}
	case *expr.Quota:
		r.cond(Cond{Key: Unknown})
	case *expr.Exthdr:
		r.load(e.DestRegister, Unknown, binary.BigEndian)
	case *expr.Rt:
		r.load(e.Register, Unknown, binary.NativeEndian)
	case *expr.Socket:
		r.load(e.Register, Unknown, binary.NativeEndian)
	case *expr.Hash:
		r.load(e.DestRegister, Unknown, binary.NativeEndian)
	case *expr.Numgen:
		r.load(e.Register, Unknown, binary.NativeEndian)
	}
}

func (r *kernelRule) meta(e *expr.Meta) {
	keys := map[expr.MetaKey]Key{
		expr.MetaKeyIIF: IIf, expr.MetaKeyIIFNAME: IIf, expr.MetaKeyOIF: OIf, expr.MetaKeyOIFNAME: OIf,
		expr.MetaKeyL4PROTO: L4Proto, expr.MetaKeyNFPROTO: NFProto, expr.MetaKeyPKTTYPE: PktType,
		expr.MetaKeyMARK: Mark,
	}
	r.load(e.Register, keys[e.Key], binary.NativeEndian)
	if e.Key == expr.MetaKeyIIFNAME || e.Key == expr.MetaKeyOIFNAME {
		reg := r.regs[norm(e.Register)]
		reg.name = true
		r.regs[norm(e.Register)] = reg
	}
}

// payloadKey names the header field at an offset. In a table of both families the field tells the family: the offsets
// of addresses do not meet.
func (r *kernelRule) payloadKey(e *expr.Payload) Key {
	six := r.table.Family == nftables.TableFamilyIPv6
	switch e.Base {
	case expr.PayloadBaseNetworkHeader:
		switch {
		case e.Offset == 12 && e.Len <= 4 && !six:
			return SAddr
		case e.Offset == 16 && e.Len <= 4 && !six:
			return DAddr
		case e.Offset == 8 && e.Len <= 16:
			return SAddr
		case e.Offset == 24 && e.Len <= 16:
			return DAddr
		case e.Offset == 9 && e.Len == 1 && !six, e.Offset == 6 && e.Len == 1:
			return L4Proto
		}
	case expr.PayloadBaseTransportHeader:
		switch {
		case e.Offset == 0 && e.Len == 4:
			return bothPorts
		case e.Offset == 0 && e.Len == 2:
			return SPort
		case e.Offset == 2 && e.Len == 2:
			return DPort
		case e.Offset == 13 && e.Len == 1:
			return TCPFlags
		case e.Offset == 0 && e.Len == 1:
			return ICMP
		}
	}
	return Unknown
}

func numberOf(order binary.ByteOrder, b []byte) (uint32, bool) {
	if order == nil {
		order = binary.NativeEndian
	}
	switch len(b) {
	case 1:
		return uint32(b[0]), true
	case 2:
		return uint32(order.Uint16(b)), true
	case 4:
		return order.Uint32(b), true
	}
	return 0, false
}

// value makes a condition of a register and one value.
func (r *kernelRule) value(reg register, data []byte) Cond {
	c := Cond{Key: reg.key}
	switch reg.key {
	case SAddr, DAddr:
		c.Addr = classOfBytes(data, reg.mask)
		return c
	case IIf, OIf:
		c.Names = []string{r.interfaceOf(reg, data)}
		return c
	case Unknown, Sender, ICMP, CtStatus:
		return c
	}
	n, ok := numberOf(reg.order, data)
	if !ok {
		return Cond{Key: Unknown}
	}
	c.Ranges = []Range{{n, n}}
	return c
}

func (r *kernelRule) interfaceOf(reg register, data []byte) string {
	if reg.name {
		name, _, ended := bytes.Cut(data, []byte{0})
		if !ended && len(data) < unix.IFNAMSIZ {
			return string(name) + "*"
		}
		return string(name)
	}
	n, _ := numberOf(binary.NativeEndian, data)
	return r.ifname(n)
}

func (r *kernelRule) compare(e *expr.Cmp) {
	reg := r.regs[norm(e.Register)]
	if reg.key == bothPorts {
		if len(e.Data) != 4 || e.Op != expr.CmpOpEq || len(reg.mask) > 0 {
			r.cond(Cond{Key: Unknown})
			return
		}
		src, dst := uint32(binary.BigEndian.Uint16(e.Data)), uint32(binary.BigEndian.Uint16(e.Data[2:]))
		r.cond(Cond{Key: SPort, Ranges: []Range{{src, src}}})
		r.cond(Cond{Key: DPort, Ranges: []Range{{dst, dst}}})
		return
	}
	c := r.value(reg, e.Data)
	mask, masked := numberOf(reg.order, reg.mask)
	switch {
	case reg.key == CtState && masked: // state & mask != 0
		n := c.Ranges[0].Lo
		c.Ranges = []Range{{mask, mask}}
		c.Not = (e.Op == expr.CmpOpEq) == (n == 0)
		r.cond(c)
		return
	case reg.key == TCPFlags && len(c.Ranges) == 1:
		c.Mask = 0xff
		if masked {
			c.Mask = mask
		}
	case reg.key == CtStatus: // status & bits != 0
		r.cond(Cond{Key: CtStatus, Not: masked && e.Op == expr.CmpOpEq})
		return
	case masked && len(c.Ranges) == 1 && reg.key != NFProto && reg.key != Mark:
		c = Cond{Key: Unknown}
	}
	switch e.Op {
	case expr.CmpOpNeq:
		c.Not = true
	case expr.CmpOpLt, expr.CmpOpLte, expr.CmpOpGt, expr.CmpOpGte:
		if len(c.Ranges) != 1 {
			c = Cond{Key: Unknown}
			break
		}
		n := c.Ranges[0].Lo
		switch e.Op {
		case expr.CmpOpLt:
			c.Ranges[0] = Range{0, max(n, 1) - 1}
		case expr.CmpOpLte:
			c.Ranges[0] = Range{0, n}
			if r.closes(c) {
				return
			}
		case expr.CmpOpGt:
			c.Ranges[0] = Range{n + 1, 1<<32 - 1}
		default:
			c.Ranges[0] = Range{n, 1<<32 - 1}
		}
	}
	r.cond(c)
}

// closes joins "at most" to the "at least" of the same key that stands before it: together they are a range.
func (r *kernelRule) closes(c Cond) bool {
	if n := len(r.out.Conds); n > 0 {
		if last := &r.out.Conds[n-1]; last.Key == c.Key && !last.Not && len(last.Ranges) == 1 && last.Ranges[0].Hi == 1<<32-1 {
			last.Ranges[0].Hi = c.Ranges[0].Hi
			return true
		}
	}
	return false
}

// lookup reads a comparison with a set, or a choice of verdict by a map.
func (r *kernelRule) lookup(e *expr.Lookup) {
	reg := r.regs[norm(e.SourceRegister)]
	ks := r.sets[e.SetName]
	concat := r.pending > 1 || ks != nil && ks.set.Concatenation
	if ks == nil || concat || ks.set.Dynamic {
		key := Unknown
		for _, other := range r.regs {
			if other.key == SAddr || other.key == Sender {
				key = Sender
			}
		}
		r.cond(Cond{Key: key, Not: e.Invert})
		if e.IsDestRegSet {
			r.out.Verdict = Verdict{Kind: "unknown"}
		}
		return
	}
	if !ks.loaded {
		ks.elems, _ = r.conn.GetSetElements(ks.set)
		ks.loaded = true
	}
	conds := r.elements(reg, ks)
	if e.IsDestRegSet && e.DestRegister == unix.NFT_REG_VERDICT {
		m := &Map{Key: reg.key}
		for _, el := range conds {
			m.Entries = append(m.Entries, MapEntry{Cond: el.cond, Verdict: verdictOfBytes(el.data)})
		}
		r.out.Map = m
		r.pending = 0
		return
	}
	r.cond(merge(reg.key, conds, e.Invert))
}

type element struct {
	cond Cond
	data []byte // of a map
}

// elements turns a set's elements into conditions; of an interval set, whose ends stand by themselves, into ranges.
func (r *kernelRule) elements(reg register, ks *kernelSet) []element {
	elems := slices.Clone(ks.elems)
	slices.SortStableFunc(elems, func(a, b nftables.SetElement) int { return bytes.Compare(a.Key, b.Key) })
	var out []element
	for i, el := range elems {
		if el.IntervalEnd {
			continue
		}
		c := r.value(reg, el.Key)
		if ks.set.Interval && len(c.Ranges) == 1 {
			c.Ranges[0].Hi = 1<<32 - 1
			if i+1 < len(elems) {
				if end, ok := numberOf(reg.order, elems[i+1].Key); ok {
					c.Ranges[0].Hi = max(end, 1) - 1
				}
			}
		}
		if ks.set.Interval && c.Addr == AddrSome && (reg.key == SAddr || reg.key == DAddr) && i+1 == len(elems) && allZero(el.Key) {
			c.Addr = AddrAll
		}
		out = append(out, element{c, el.Val})
	}
	return out
}

// merge makes one condition of a set's elements.
func merge(key Key, elems []element, not bool) Cond {
	out := Cond{Key: key, Not: not, Addr: AddrSome}
	for i, e := range elems {
		out.Ranges = append(out.Ranges, e.cond.Ranges...)
		out.Names = append(out.Names, e.cond.Names...)
		switch {
		case e.cond.Addr == AddrAll:
			out.Addr = AddrAll
		case i == 0:
			out.Addr = e.cond.Addr
		case out.Addr != e.cond.Addr && out.Addr != AddrAll:
			out.Addr = AddrSome
		}
	}
	if key == TCPFlags {
		out.Mask = 0xff
	}
	return out
}

func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// classOfBytes sums up an address, or the leading bytes of one, under a mask.
func classOfBytes(b, mask []byte) AddrClass {
	if len(b) == 0 || len(mask) > 0 && allZero(mask) {
		return AddrAll
	}
	switch {
	case len(b) <= 4 && b[0] >= 224 && b[0] < 240, len(b) > 4 && b[0] == 0xff:
		return AddrMulticast
	case len(b) == 4 && bytes.Equal(b, []byte{255, 255, 255, 255}):
		return AddrMulticast
	case len(b) <= 4 && b[0] == 127, len(b) == 16 && allZero(b[:15]) && b[15] == 1:
		return AddrLoopback
	}
	return AddrSome
}

func verdictOf(v *expr.Verdict) Verdict {
	switch v.Kind {
	case expr.VerdictAccept:
		return Verdict{Kind: "accept"}
	case expr.VerdictDrop:
		return Verdict{Kind: "drop"}
	case expr.VerdictJump:
		return Verdict{Kind: "jump", Chain: v.Chain}
	case expr.VerdictGoto:
		return Verdict{Kind: "goto", Chain: v.Chain}
	case expr.VerdictReturn:
		return Verdict{Kind: "return"}
	case expr.VerdictContinue, expr.VerdictBreak:
		return Verdict{}
	}
	return Verdict{Kind: "unknown"}
}

// verdictOfBytes reads the nested attributes of a verdict in a map, which the library leaves as they are.
func verdictOfBytes(b []byte) Verdict {
	const code, chain = 1, 2
	ad, err := netlink.NewAttributeDecoder(b)
	if err != nil {
		return Verdict{Kind: "unknown"}
	}
	ad.ByteOrder = binary.BigEndian
	v := &expr.Verdict{Kind: expr.VerdictQueue}
	for ad.Next() {
		switch ad.Type() {
		case code:
			v.Kind = expr.VerdictKind(int32(ad.Uint32()))
		case chain:
			v.Chain = ad.String()
		}
	}
	if ad.Err() != nil {
		return Verdict{Kind: "unknown"}
	}
	return verdictOf(v)
}
