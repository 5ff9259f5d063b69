package packetfilter

import (
	"encoding/binary"

	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
)

// match reads the matches of iptables that iptables-nft hands over as they are.
func (r *kernelRule) match(e *expr.Match) {
	switch info := e.Info.(type) {
	case *xt.Comment:
	case *xt.Tcp:
		r.ports(info.DstPorts, info.SrcPorts, info.InvFlags&xt.TcpInvDestPorts != 0, info.InvFlags&xt.TcpInvSrcPorts != 0)
		if info.FlagsMask != 0 {
			v := uint32(info.FlagsCmp)
			r.cond(Cond{Key: TCPFlags, Mask: uint32(info.FlagsMask), Ranges: []Range{{v, v}}, Not: info.InvFlags&xt.TcpInvFlags != 0})
		}
	case *xt.Udp:
		r.ports(info.DstPorts, info.SrcPorts, info.InvFlags&xt.UdpInvDestPorts != 0, info.InvFlags&xt.UdpInvSrcPorts != 0)
	case *xt.ConntrackMtinfo3:
		r.conntrack(info.MatchFlags, info.InvertFlags, info.StateMask)
	case *xt.ConntrackMtinfo2:
		r.conntrack(info.MatchFlags, info.InvertFlags, info.StateMask)
	case *xt.ConntrackMtinfo1:
		r.conntrack(info.MatchFlags, info.InvertFlags, uint16(info.StateMask))
	case *xt.AddrType:
		r.addrType(info.Source, info.Dest, info.InvertDest)
	case *xt.AddrTypeV1:
		const invertDest = 2
		r.addrType(info.Source, info.Dest, uint32(info.Flags)&invertDest != 0)
	default:
		r.rawMatch(e)
	}
}

func (r *kernelRule) ports(dst, src [2]uint16, notDst, notSrc bool) {
	add := func(key Key, p [2]uint16, not bool) {
		if p[0] != 0 || p[1] != 65535 {
			r.cond(Cond{Key: key, Ranges: []Range{{uint32(p[0]), uint32(p[1])}}, Not: not})
		}
	}
	add(DPort, dst, notDst)
	add(SPort, src, notSrc)
}

// conntrack reads the state mask of xt_conntrack: bit 0 is invalid, then established, related and new; bit 6 untracked.
func (r *kernelRule) conntrack(flags, invert uint16, states uint16) {
	if flags&uint16(xt.ConntrackStatus) != 0 {
		r.cond(Cond{Key: CtStatus, Not: invert&uint16(xt.ConntrackStatus) != 0})
	}
	if flags&uint16(xt.ConntrackState|xt.ConntrackStateAlias) == 0 {
		if flags&uint16(xt.ConntrackStatus) == 0 {
			r.cond(Cond{Key: Unknown})
		}
		return
	}
	n := uint32(states)
	r.cond(Cond{Key: CtState, Ranges: []Range{{n, n}}, Not: invert&uint16(xt.ConntrackState) != 0})
}

// addrType reads masks with one bit for each type of route.
func (r *kernelRule) addrType(source, dest uint16, invert bool) {
	if source != 0 {
		r.cond(Cond{Key: Sender})
	}
	if dest == 0 {
		return
	}
	c := Cond{Key: FibType, Not: invert}
	for bit := range uint32(16) {
		if dest&(1<<bit) != 0 {
			c.Ranges = append(c.Ranges, Range{bit, bit})
		}
	}
	r.cond(c)
}

// rawMatch reads matches the library leaves undecoded.
func (r *kernelRule) rawMatch(e *expr.Match) {
	var raw []byte
	if u, ok := e.Info.(*xt.Unknown); ok {
		raw = []byte(*u)
	}
	switch e.Name {
	case "limit", "hashlimit":
	case "icmp", "icmp6":
		r.cond(Cond{Key: ICMP})
	case "recent", "set", "mac", "iprange", "connlimit", "geoip", "rpfilter":
		r.cond(Cond{Key: Sender})
	case "rt", "frag", "dst", "hbh", "ah", "esp", "ipv6header", "eui64":
		r.cond(Cond{Key: CtStatus})
	case "multiport":
		r.multiport(raw)
	case "state": // a mask of the same bits
		if n, ok := numberOf(binary.NativeEndian, raw[:min(len(raw), 4)]); ok {
			r.cond(Cond{Key: CtState, Ranges: []Range{{n, n}}})
			return
		}
		r.cond(Cond{Key: Unknown})
	default:
		r.cond(Cond{Key: Unknown})
	}
}

// multiport reads struct xt_multiport_v1: which side, how many, fifteen ports, marks of ranges, inversion.
func (r *kernelRule) multiport(b []byte) {
	if len(b) < 48 || int(b[1]) > 15 {
		r.cond(Cond{Key: Unknown})
		return
	}
	c := Cond{Key: SPort, Not: b[47] != 0}
	switch b[0] {
	case 1:
		c.Key = DPort
	case 2: // either side
		c.Key = DPort
	}
	for i := 0; i < int(b[1]); i++ {
		lo := uint32(binary.NativeEndian.Uint16(b[2+2*i:]))
		hi := lo
		if b[32+i] != 0 && i+1 < int(b[1]) {
			i++
			hi = uint32(binary.NativeEndian.Uint16(b[2+2*i:]))
		}
		c.Ranges = append(c.Ranges, Range{lo, hi})
	}
	r.cond(c)
}
