// Package sockdiag asks the kernel which sockets wait to be spoken to, by NETLINK_SOCK_DIAG. It hands over only those,
// however many connections the host has, where procfs lists them all.
package sockdiag

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Socket is one listening TCP socket, or a bound UDP socket that is not connected, of our own network namespace.
type Socket struct {
	Protocol  string // tcp, tcp6, udp, udp6
	Local     netip.AddrPort
	UID       uint32
	Inode     uint32
	Interface uint32 // index of the device it is bound to; 0: none
}

const (
	sockDiagByFamily = 20
	tcpListen        = 10
	udpUnconnected   = 7
	requestLength    = 56 // of struct inet_diag_req_v2
	messageLength    = 72 // of struct inet_diag_msg
)

// Listening lists them. An error says that the kernel does not answer for one of the protocols, as where its diag module is
// missing: procfs has to answer then.
func Listening() ([]Socket, error) {
	conn, err := netlink.Dial(unix.NETLINK_SOCK_DIAG, nil)
	if err != nil {
		return nil, fmt.Errorf("open socket diagnosis: %w", err)
	}
	defer conn.Close()
	var out []Socket
	for _, q := range []struct {
		protocol    string
		family, ipp byte
		state       uint
	}{
		{"tcp", unix.AF_INET, unix.IPPROTO_TCP, tcpListen}, {"tcp6", unix.AF_INET6, unix.IPPROTO_TCP, tcpListen},
		{"udp", unix.AF_INET, unix.IPPROTO_UDP, udpUnconnected}, {"udp6", unix.AF_INET6, unix.IPPROTO_UDP, udpUnconnected},
	} {
		req := make([]byte, requestLength)
		req[0], req[1] = q.family, q.ipp
		binary.NativeEndian.PutUint32(req[4:], 1<<q.state)
		msgs, err := conn.Execute(netlink.Message{
			Header: netlink.Header{Type: sockDiagByFamily, Flags: netlink.Request | netlink.Dump},
			Data:   req,
		})
		if err != nil {
			return nil, fmt.Errorf("ask for %s sockets: %w", q.protocol, err)
		}
		for _, m := range msgs {
			if s, ok := parse(m.Data, q.protocol); ok {
				out = append(out, s)
			}
		}
	}
	return out, nil
}

// parse reads one struct inet_diag_msg; false: it is too short, or of no port.
func parse(b []byte, protocol string) (Socket, bool) {
	if len(b) < messageLength {
		return Socket{}, false
	}
	size := 4
	if b[0] == unix.AF_INET6 {
		size = 16
	}
	addr, _ := netip.AddrFromSlice(b[8 : 8+size])
	n := binary.NativeEndian
	s := Socket{
		Protocol: protocol, Local: netip.AddrPortFrom(addr, binary.BigEndian.Uint16(b[4:])),
		Interface: n.Uint32(b[40:]), UID: n.Uint32(b[64:]), Inode: n.Uint32(b[68:]),
	}
	return s, s.Local.Port() != 0
}
