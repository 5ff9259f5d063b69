package host

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/sockdiag"
)

const maxListeners = 4096

// socket is one listening TCP socket or unconnected UDP socket.
type socket struct {
	proto string // tcp, tcp6, udp, udp6
	addr  netip.AddrPort
	uid   uint32
	inode uint64
	iface string // bound device
}

// collectSockets lists what listens. The sockets are those of our own network name space, the host's; owners are found
// by the file descriptors of all processes, which needs root for the processes of others.
func collectSockets(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	if !env.Live {
		return unmeasured("needs the running system")
	}
	var r reading
	socks, err := env.listeningSockets()
	if err != nil {
		return unmeasured("list sockets: " + err.Error())
	}
	scan := env.processTable()
	if scan.err != nil {
		r.miss("/proc", scan.err)
	} else if scan.denied > 0 && !env.Privileged {
		r.note("/proc/*/fd", "needs root: owners of "+strconv.Itoa(scan.denied)+" processes' sockets are not visible")
	}
	out := []facts.Listener{}
	for _, s := range socks {
		out = append(out, env.listener(s, scan))
	}
	slices.SortFunc(out, func(a, b facts.Listener) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), strings.Compare(a.Protocol, b.Protocol), strings.Compare(a.Address, b.Address), cmp.Compare(a.PID, b.PID))
	})
	out = slices.CompactFunc(out, func(a, b facts.Listener) bool {
		return a.Port == b.Port && a.Protocol == b.Protocol && a.Address == b.Address && a.PID == b.PID && a.Interface == b.Interface
	})
	if len(out) > maxListeners {
		r.note("sockets", "more than "+strconv.Itoa(maxListeners)+" listeners")
		out = out[:maxListeners]
	}
	doc.Sockets = &facts.Sockets{Listeners: out}
	return r.status()
}

func (e *Env) listener(s socket, scan *procScan) facts.Listener {
	l := facts.Listener{
		Protocol:  s.proto,
		Address:   s.addr.Addr().String(),
		Port:      s.addr.Port(),
		Exposure:  exposure(s.addr.Addr(), s.iface),
		Interface: s.iface,
	}
	p := scan.byInode[s.inode]
	if p == nil {
		l.UID = &s.uid
		l.User = e.UserName(s.uid)
		return l
	}
	l.PID, l.Program, l.Exe, l.ExeDeleted, l.UID, l.Unit = p.pid, p.comm, p.exe, p.exeDeleted, &p.uid, p.unit
	l.User, l.Script = e.UserName(p.uid), p.script
	if p.pid == 1 {
		l.Unit = ""
	}
	if owners, ok := e.packageOwners(); ok && p.exe != "" && !p.contained {
		l.Package, l.PackageKnown = owners[p.exe], true
		if script := p.script; script != "" {
			l.Package, l.PackageKnown = owners[script], !strings.HasPrefix(script, "-m ")
		}
	}
	return l
}

// exposure classes an address by who can reach it. An address of a multicast group is reached from the link.
func exposure(a netip.Addr, iface string) string {
	a = a.Unmap()
	shared := netip.MustParsePrefix("100.64.0.0/10")
	switch {
	case a.IsLoopback(), iface == "lo":
		return "loopback"
	case a.IsUnspecified():
		return "all"
	case a.IsLinkLocalUnicast(), a.IsMulticast():
		return "link"
	case a.IsPrivate(), shared.Contains(a):
		return "private"
	}
	return "public"
}

// listeningSockets asks the kernel by sock_diag, or reads /proc/net where that is not to be had.
func (e *Env) listeningSockets() ([]socket, error) {
	if e.Native() {
		if socks, err := diagSockets(); err == nil {
			return socks, nil
		}
	}
	var out []socket
	found := false
	for _, proto := range []string{"tcp", "tcp6", "udp", "udp6"} {
		b, err := e.ReadProcLimit("/proc/net/"+proto, 64<<20)
		if err != nil {
			continue // a kernel without IPv6 has no tcp6
		}
		found = true
		out = append(out, parseProcNet(b, proto)...)
	}
	if !found {
		return nil, errors.New("neither sock_diag nor /proc/net answers")
	}
	return out, nil
}

// parseProcNet reads /proc/net/tcp and its like. TCP sockets count when they listen, UDP sockets when they are bound
// and not connected.
func parseProcNet(b []byte, proto string) []socket {
	want := "0A"
	if strings.HasPrefix(proto, "udp") {
		want = "07"
	}
	var out []socket
	for n, line := range lines(b) {
		f := strings.Fields(line)
		if n == 1 || len(f) < 10 || f[3] != want {
			continue
		}
		addr, ok := parseHexAddr(f[1])
		if !ok || addr.Port() == 0 {
			continue
		}
		uid, _ := strconv.ParseUint(f[7], 10, 32)
		inode, _ := strconv.ParseUint(f[9], 10, 64)
		out = append(out, socket{proto: proto, addr: addr, uid: uint32(uid), inode: inode})
	}
	return out
}

// parseHexAddr reads "0100007F:0016": each 32-bit word in the host's byte order, the port as a number.
func parseHexAddr(s string) (netip.AddrPort, bool) {
	host, port, ok := strings.Cut(s, ":")
	if !ok {
		return netip.AddrPort{}, false
	}
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		word := binary.BigEndian.Uint32(raw[i:])
		binary.NativeEndian.PutUint32(raw[i:], word)
	}
	p, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr, uint16(p)), true
}

// diagSockets lists the listening sockets by NETLINK_SOCK_DIAG.
func diagSockets() ([]socket, error) {
	list, err := sockdiag.Listening()
	if err != nil {
		return nil, err
	}
	ifaces := map[uint32]string{}
	out := make([]socket, 0, len(list))
	for _, l := range list {
		s := socket{proto: l.Protocol, addr: l.Local, uid: l.UID, inode: uint64(l.Inode)}
		if l.Interface != 0 {
			if _, ok := ifaces[l.Interface]; !ok {
				ifaces[l.Interface] = interfaceName(l.Interface)
			}
			s.iface = ifaces[l.Interface]
		}
		out = append(out, s)
	}
	return out, nil
}

// listensOf returns the TCP listeners of a program, by the base names of its executable.
func listensOf(doc *facts.Document, names ...string) []facts.Listener {
	var out []facts.Listener
	if doc.Sockets == nil {
		return nil
	}
	for _, l := range doc.Sockets.Listeners {
		if slices.Contains(names, path.Base(l.Exe)) || l.Exe == "" && slices.Contains(names, l.Program) {
			out = append(out, l)
		}
	}
	return out
}

// interfaceName returns the name of a network interface of our own name space, "" when it is gone.
func interfaceName(index uint32) string {
	i, err := net.InterfaceByIndex(int(index))
	if err != nil {
		return ""
	}
	return i.Name
}
