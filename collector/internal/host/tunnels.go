package host

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"strconv"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

// Numbers of WireGuard's netlink interface (linux/wireguard.h).
const (
	wgGetDevice     = 0
	wgDeviceIfname  = 2
	wgDevicePeers   = 8
	wgPeerKey       = 1
	wgPeerHandshake = 6
	maxWGPeers      = 65536
)

// tunnels describes the interfaces that lead into a VPN; nil where the interfaces are not known. WireGuard is asked over
// netlink, which needs CAP_NET_ADMIN and answers with its keys, too: they are dropped as they come.
func (e *Env) tunnels(n *facts.Network, r *reading) []facts.Tunnel {
	if n.Interfaces == nil {
		return nil
	}
	out := []facts.Tunnel{}
	for _, i := range n.Interfaces {
		flags, err := strconv.ParseUint(e.procLine("/sys/class/net/"+i.Name+"/tun_flags"), 0, 32)
		if err != nil || flags&unix.IFF_TUN == 0 {
			continue // a tap is a wire of a virtual machine, as a rule
		}
		t := facts.Tunnel{Interface: i.Name, Kind: "tun"}
		if v := e.procLine("/sys/class/net/" + i.Name + "/carrier"); v != "" {
			t.Connected = ptr(v == "1")
		}
		out = append(out, t)
	}
	if len(n.WireGuard) == 0 {
		return out
	}
	conn, err := netlink.Dial(unix.NETLINK_GENERIC, nil)
	if err != nil {
		r.note("WireGuard (netlink)", err.Error())
	} else {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(2 * time.Second))
	}
	for _, name := range n.WireGuard {
		t := facts.Tunnel{Interface: name, Kind: "wireguard"}
		if conn != nil {
			if err := askWireGuard(conn, &t, e.Now); err != nil {
				r.note("WireGuard "+name, err.Error())
			}
		}
		out = append(out, t)
	}
	return out
}

func askWireGuard(conn *netlink.Conn, t *facts.Tunnel, now time.Time) error {
	family, err := genericFamily(conn, "wireguard")
	if err != nil {
		return err
	}
	msgs, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(family), Flags: netlink.Request | netlink.Dump},
		Data:   append([]byte{wgGetDevice, 1, 0, 0}, attribute(wgDeviceIfname, append([]byte(t.Interface), 0))...),
	})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, m := range msgs {
		if err := wireGuardPeers(m.Data, t, seen, now); err != nil {
			return err
		}
	}
	return nil
}

// wireGuardPeers reads one message of an answer. A large interface comes in several, and a peer whose addresses do not fit
// into one comes again in the next: seen holds the public keys of those that were counted.
func wireGuardPeers(b []byte, t *facts.Tunnel, seen map[string]bool, now time.Time) error {
	if len(b) < 4 {
		return errors.New("short answer")
	}
	device, err := netlink.NewAttributeDecoder(b[4:])
	if err != nil {
		return err
	}
	for device.Next() {
		if device.Type() != wgDevicePeers {
			continue
		}
		device.Nested(func(peers *netlink.AttributeDecoder) error {
			for peers.Next() && len(seen) < maxWGPeers {
				peers.Nested(func(peer *netlink.AttributeDecoder) error {
					for peer.Next() {
						switch peer.Type() {
						case wgPeerKey:
							seen[string(peer.Bytes())] = true
						case wgPeerHandshake:
							noteHandshake(peer.Bytes(), t, now)
						}
					}
					return nil
				})
			}
			return nil
		})
	}
	t.Peers = ptr(len(seen))
	return device.Err()
}

// noteHandshake keeps the newest handshake: a timespec of two 64-bit numbers, zero for never.
func noteHandshake(b []byte, t *facts.Tunnel, now time.Time) {
	if len(b) < 16 {
		return
	}
	seconds := int64(binary.NativeEndian.Uint64(b))
	if seconds <= 0 || seconds > math.MaxUint32*4 {
		return
	}
	at := time.Unix(seconds, 0).UTC()
	if t.LastHandshakeAt == nil || at.After(*t.LastHandshakeAt) {
		t.LastHandshakeAt, t.AgeSeconds = &at, ptr(int64(now.Sub(at).Seconds()))
	}
}

// genericFamily asks for the number of a generic netlink family (linux/genetlink.h).
func genericFamily(conn *netlink.Conn, name string) (uint16, error) {
	const getFamily, familyID, familyName = 3, 1, 2
	msgs, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.GENL_ID_CTRL, Flags: netlink.Request},
		Data:   append([]byte{getFamily, 1, 0, 0}, attribute(familyName, append([]byte(name), 0))...),
	})
	if err != nil {
		return 0, err
	}
	for _, m := range msgs {
		if len(m.Data) < 4 {
			continue
		}
		d, err := netlink.NewAttributeDecoder(m.Data[4:])
		if err != nil {
			return 0, err
		}
		for d.Next() {
			if d.Type() == familyID {
				return d.Uint16(), nil
			}
		}
	}
	return 0, fs.ErrNotExist
}

// attribute encodes one netlink attribute, padded to four bytes.
func attribute(typ uint16, data []byte) []byte {
	b := make([]byte, (4+len(data)+3)&^3)
	binary.NativeEndian.PutUint16(b, uint16(4+len(data)))
	binary.NativeEndian.PutUint16(b[2:], typ)
	copy(b[4:], data)
	return b
}
