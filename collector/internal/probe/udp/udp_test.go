package udp

import (
	"net"
	"net/netip"
	"testing"

	"github.com/vymir-project/vymir/collector/internal/probe/flow"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

func open(t testing.TB, o hook.Options) *Probe {
	t.Helper()
	hooktest.NeedRoot(t)
	p := Open(t.Context(), Options{Options: o})
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	hooktest.NeedProven(t, hook.Cgroup, p.Hook())
	return p
}

func TestAddressedPeersAreSeen(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(netip.MustParseAddrPort(address).Addr().String(), func(t *testing.T) {
			p := open(t, hook.Options{Ring: hooktest.Ring(t)})
			server, err := net.ListenPacket("udp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			at := server.LocalAddr().(*net.UDPAddr).AddrPort()
			for range 3 { // not connected: each datagram counts
				if _, err := server.WriteTo([]byte("x"), server.LocalAddr()); err != nil {
					t.Fatal(err)
				}
			}
			c, err := net.Dial("udp", at.String()) // connected: counts once, whatever is sent
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for range 5 {
				if _, err := c.Write([]byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			var got flow.Seen
			err = p.Drain(hook.Now(), func(s flow.Seen) {
				if s.Port == at.Port() && s.Peer == at.Addr() {
					s.Count += got.Count
					got = s
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if got.Count != 4 || got.UID != 0 || got.Program == "" || got.Direction != flow.Out {
				t.Errorf("%+v, want 4", got)
			}
		})
	}
}

func TestFullMapCountsWithoutPeers(t *testing.T) {
	p := open(t, hook.Options{Ring: hooktest.Ring(t), MaxEntries: map[string]uint32{"flows": 4}})
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	const peers, port = 12, 8123
	for i := range peers {
		to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)}), port))
		if _, err := server.WriteTo([]byte("x"), to); err != nil {
			t.Fatal(err)
		}
	}
	var total, together uint64
	err = p.Drain(hook.Now(), func(s flow.Seen) {
		if s.Port != port {
			return
		}
		total += s.Count
		if !s.Peer.IsValid() {
			together += s.Count
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if total != peers || together < peers-4 || !p.Coarse() {
		t.Errorf("%d in all, %d together, coarse %v", total, together, p.Coarse())
	}
}

// BenchmarkSend is what one datagram of a socket that is not connected costs in the kernel.
func BenchmarkSend(b *testing.B) {
	p := open(b, hook.Options{Ring: hooktest.Ring(b)})
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	hooktest.Measured(b, p.choice.Source.Program(udpProgUdpSendmsg4), "datagram", func() (n int) {
		for b.Loop() {
			if _, err := server.WriteTo([]byte("x"), server.LocalAddr()); err != nil {
				b.Fatal(err)
			}
			n++
		}
		return n
	})
}

// Peers for which there is no room are counted by how far away they are.
func TestFullMapTellsTheDistance(t *testing.T) {
	p := open(t, hook.Options{Ring: hooktest.Ring(t), MaxEntries: map[string]uint32{"flows": 1}})
	want := map[string]string{
		"127.9.8.7": "loopback", "::1": "loopback", "10.1.2.3": "private", "172.31.0.1": "private", "172.32.0.1": "public",
		"192.168.1.1": "private", "169.254.1.1": "private", "100.64.0.1": "private", "100.128.0.1": "public", "203.0.113.1": "public",
		"fd00::1": "private", "2001:db8::1": "public",
	}
	addressed := func(address string, port uint16) { // what counts is the attempt: there need be no way there
		if c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), port))); err == nil {
			c.Close()
		}
	}
	addressed("127.0.0.1", 999) // takes the only place
	ports := map[uint16]string{}
	port := uint16(1000)
	for address := range want {
		port++
		ports[port] = address
		addressed(address, port)
	}
	got := map[string]string{}
	err := p.Drain(hook.Now(), func(s flow.Seen) {
		if address := ports[s.Port]; address != "" && !s.Peer.IsValid() {
			got[address] = s.Class
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for address, class := range want {
		if got[address] != class && got[address] != "" { // IPv6 may be switched off
			t.Errorf("%s: %s, want %s", address, got[address], class)
		}
	}
	if got["10.1.2.3"] == "" || got["203.0.113.1"] == "" {
		t.Errorf("not seen: %v", got)
	}
}
