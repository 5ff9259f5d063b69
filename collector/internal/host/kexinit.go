package host

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	maxPacket  = 35000 // bytes, RFC 4253 section 6.1
	maxBanner  = 32    // lines before the version line
	askTimeout = 3 * time.Second
)

// askServer connects to one of our own listening ports and reads what the server offers before authentication. It
// sends a version line and nothing else. nil when no address answers as an SSH server.
func askServer(ctx context.Context, addrs []netip.AddrPort) *facts.SSHOffer {
	for _, a := range addrs {
		if o, err := askOne(ctx, dialable(a)); err == nil {
			return o
		}
	}
	return nil
}

// dialable replaces the unspecified address by the loopback one.
func dialable(a netip.AddrPort) netip.AddrPort {
	switch addr := a.Addr().Unmap(); {
	case !addr.IsUnspecified():
		return a
	case addr.Is4():
		return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), a.Port())
	}
	return netip.AddrPortFrom(netip.IPv6Loopback(), a.Port())
}

func askOne(ctx context.Context, a netip.AddrPort) (*facts.SSHOffer, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", a.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	if _, err := io.WriteString(conn, "SSH-2.0-Vymir\r\n"); err != nil {
		return nil, err
	}
	return readOffer(conn)
}

// readOffer reads the version line and the first packet of a server.
func readOffer(r io.Reader) (*facts.SSHOffer, error) {
	br := bufio.NewReaderSize(r, 4096)
	o := &facts.SSHOffer{}
	for range maxBanner {
		line, err := br.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if text := strings.TrimRight(string(line), "\r\n"); strings.HasPrefix(text, "SSH-") {
			o.Banner = text[:min(len(text), 255)]
			break
		}
	}
	if o.Banner == "" {
		return nil, errors.New("no version line")
	}
	var size [4]byte
	if _, err := io.ReadFull(br, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 2 || n > maxPacket {
		return nil, errors.New("packet of a wrong size")
	}
	packet := make([]byte, n)
	if _, err := io.ReadFull(br, packet); err != nil {
		return nil, err
	}
	padding := int(packet[0])
	if padding+1 > len(packet) {
		return nil, errors.New("padding longer than the packet")
	}
	return o, parseKexInit(packet[1:len(packet)-padding], o)
}

// parseKexInit reads SSH_MSG_KEXINIT (RFC 4253 section 7.1): a cookie, then the name lists. Of the two directions the
// one from the server to the client is taken; OpenSSH offers the same in both.
func parseKexInit(b []byte, o *facts.SSHOffer) error {
	const message, cookie = 20, 16
	if len(b) < 1+cookie || b[0] != message {
		return errors.New("not a KEXINIT")
	}
	b = b[1+cookie:]
	var lists [6][]string // kex, host keys, ciphers to and from, MACs to and from
	for i := range lists {
		if len(b) < 4 {
			return errors.New("KEXINIT is cut")
		}
		n := binary.BigEndian.Uint32(b)
		if uint64(n) > uint64(len(b)-4) {
			return errors.New("KEXINIT is cut")
		}
		lists[i] = []string{}
		if n > 0 {
			lists[i] = strings.Split(strings.ToValidUTF8(string(b[4:4+n]), "?"), ",")
		}
		b = b[4+n:]
	}
	o.Kex, o.HostKeyAlgorithms, o.Ciphers, o.MACs = lists[0], lists[1], lists[3], lists[5]
	return nil
}
