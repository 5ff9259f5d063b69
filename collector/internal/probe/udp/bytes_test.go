package udp

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/flow"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

// traffic is what went to a peer and came from it, in bytes of payload.
type traffic struct{ sent, received uint64 }

// talked sums what the probe saw, by peer.
func talked(t *testing.T, p *Probe) map[netip.AddrPort]traffic {
	t.Helper()
	all := map[netip.AddrPort]traffic{}
	err := p.Drain(hook.Now(), func(s flow.Seen) {
		at := netip.AddrPortFrom(s.Peer, s.Port)
		all[at] = traffic{all[at].sent + s.Sent, all[at].received + s.Received}
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func listen(t *testing.T, address string) *net.UDPConn {
	t.Helper()
	at, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.ListenUDP("udp", at)
	if errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EAFNOSUPPORT) {
		t.Skipf("needs IPv6: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// at is where others of its family reach a socket.
func at(c *net.UDPConn) netip.AddrPort {
	a := c.LocalAddr().(*net.UDPAddr).AddrPort()
	if a.Addr().IsUnspecified() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.Port())
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// send gives one datagram of n bytes to a peer, and waits for it there: what has come, is counted.
func send(t *testing.T, from, to *net.UDPConn, n int) {
	t.Helper()
	var err error
	if from.RemoteAddr() != nil {
		_, err = from.Write(make([]byte, n))
	} else {
		_, err = from.WriteToUDPAddrPort(make([]byte, n), at(to))
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := to.ReadFromUDPAddrPort(make([]byte, 1<<16)); err != nil || got != n {
		t.Fatalf("%d bytes, %v", got, err)
	}
}

func TestBytesGoBothWays(t *testing.T) {
	for _, c := range []struct {
		name, server, client string
		connected            bool
	}{
		{"v4, connected", "127.0.0.1:0", "127.0.0.1:0", true},
		{"v4, not connected", "127.0.0.1:0", "127.0.0.1:0", false},
		{"v6, connected", "[::1]:0", "[::1]:0", true},
		{"v6, not connected", "[::1]:0", "[::1]:0", false},
		{"both families on one socket", "[::]:0", "127.0.0.1:0", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := open(t, hook.Options{Ring: hooktest.Ring(t)})
			server, client := listen(t, c.server), (*net.UDPConn)(nil)
			if c.connected {
				var err error
				if client, err = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(at(server))); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { client.Close() })
			} else {
				client = listen(t, c.client)
			}
			send(t, client, server, 100) // of a stranger, as far as the server has told
			send(t, server, client, 300)
			send(t, client, server, 20000)
			send(t, server, client, 4000)
			send(t, client, server, 0)
			all := talked(t, p)
			got := []traffic{all[at(server)], all[at(client)]}
			if want := []traffic{{20100, 4300}, {4300, 20000}}; !cmp.Equal(got, want, cmp.AllowUnexported(traffic{})) {
				t.Errorf("client and server: %+v, want %+v", got, want)
			}
			send(t, client, server, 7) // the next time only what is new
			if got, want := talked(t, p)[at(server)], (traffic{sent: 7}); got != want {
				t.Errorf("later %+v, want %+v", got, want)
			}
		})
	}
}

// A socket with many peers mixes none of them up, and a stranger is nobody's.
func TestBytesBelongToTheirPeers(t *testing.T) {
	p := open(t, hook.Options{Ring: hooktest.Ring(t)})
	server, a, b, stranger := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.2:0"), listen(t, "127.0.0.3:0"), listen(t, "127.0.0.4:0")
	for range 10 {
		send(t, server, a, 1000)
		send(t, server, b, 10)
		send(t, a, server, 50)
		send(t, stranger, server, 5000)
		send(t, b, server, 3)
	}
	all := talked(t, p)
	if _, have := all[at(stranger)]; have {
		t.Error("the server has addressed no stranger")
	}
	if a, b := all[at(a)], all[at(b)]; a != (traffic{10000, 500}) || b != (traffic{100, 30}) {
		t.Errorf("%+v and %+v", a, b)
	}
}

// Peers that are counted together have what was sent to them together, too.
func TestBytesOfPeersWithoutRoom(t *testing.T) {
	p := open(t, hook.Options{Ring: hooktest.Ring(t), MaxEntries: map[string]uint32{"flows": 1}})
	from, first, second := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.2:0"), listen(t, "127.0.0.3:0")
	send(t, from, first, 10)
	send(t, from, second, 500)
	send(t, second, from, 70)
	var sent, received uint64
	err := p.Drain(hook.Now(), func(s flow.Seen) {
		if s.Class == "loopback" && (s.Port == at(second).Port() || s.Port == 0) {
			sent, received = sent+s.Sent, received+s.Received
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if sent < 500 || received < 70 {
		t.Errorf("sent %d, received %d", sent, received)
	}
}

// What a program leaves to the kernel to cut into datagrams goes by as one packet, and counts as all of them.
func TestBytesOfCutDatagrams(t *testing.T) {
	p := open(t, hook.Options{Ring: hooktest.Ring(t)})
	server := listen(t, "127.0.0.1:0")
	client, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(at(server)))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	raw, err := client.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var refused error
	if err := raw.Control(func(fd uintptr) { refused = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, 100) }); err != nil {
		t.Fatal(err)
	}
	if refused != nil {
		t.Skipf("needs UDP_SEGMENT (4.18): %v", refused)
	}
	if _, err := client.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := server.Read(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := server.WriteToUDPAddrPort([]byte("x"), at(client)); err != nil { // from now on it knows its peer
		t.Fatal(err)
	}
	if _, err := client.Write(make([]byte, 500)); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := server.Read(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	all := talked(t, p)
	if out, in := all[at(server)].sent, all[at(client)].received; out != 1500 || in != 500 {
		t.Errorf("sent %d, received %d", out, in)
	}
}

// Where the kernel refuses to show datagrams, who is addressed is counted all the same, and the hook says what is missing.
func TestWithoutBytes(t *testing.T) {
	for _, c := range []struct {
		name string
		code asm.Instructions
		why  string
	}{
		{"refused", asm.Instructions{asm.Return()}, "load " + udpProgUdpEgress},
		{"silent", asm.Instructions{asm.Mov.Imm(asm.R0, 1), asm.Return()}, hook.ErrSilent.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			ring := hooktest.Ring(t)
			p := openFrom(t.Context(), Options{Options: hook.Options{Ring: ring}}, func() (*ebpf.CollectionSpec, error) {
				spec, err := loadUdp()
				if err == nil {
					spec.Programs[udpProgUdpEgress].Instructions = c.code
				}
				return spec, err
			})
			defer p.Close()
			hooktest.NeedProven(t, hook.Cgroup, p.Hook())
			if why := p.Hook().Reason; !strings.Contains(why, c.why) || !strings.HasSuffix(why, noBytes) {
				t.Errorf("it says %q", why)
			}
			server, client := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
			send(t, client, server, 100)
			got := -1
			err := p.Drain(hook.Now(), func(s flow.Seen) {
				if s.Port == at(server).Port() && s.Count == 1 {
					got = int(s.Sent + s.Received)
				}
			})
			if err != nil || got != 0 {
				t.Errorf("%d bytes, %v: want one datagram, and none", got, err)
			}
		})
	}
}

func TestBestSaysNothing(t *testing.T) {
	p := open(t, hook.Options{Ring: hooktest.Ring(t)})
	if why := p.Hook().Reason; why != "" {
		t.Errorf("it says %q", why)
	}
}

// BenchmarkBytes is what the bytes of one datagram cost in the kernel, on each side.
func BenchmarkBytes(b *testing.B) {
	for _, program := range []string{udpProgUdpEgress, udpProgUdpIngress} {
		b.Run(strings.TrimPrefix(program, "udp_"), func(b *testing.B) {
			p := open(b, hook.Options{Ring: hooktest.Ring(b)})
			server, err := net.ListenPacket("udp4", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer server.Close()
			hooktest.Measured(b, p.choice.Source.Program(program), "datagram", func() (n int) {
				for b.Loop() {
					if _, err := server.WriteTo([]byte("x"), server.LocalAddr()); err != nil {
						b.Fatal(err)
					}
					n++
				}
				return n
			})
		})
	}
}

// BenchmarkOthers is what a packet that is none of UDP's costs in the kernel, on each side: a byte over TCP, and its
// acknowledgement.
func BenchmarkOthers(b *testing.B) {
	for _, program := range []string{udpProgUdpEgress, udpProgUdpIngress} {
		b.Run(strings.TrimPrefix(program, "udp_"), func(b *testing.B) {
			p := open(b, hook.Options{Ring: hooktest.Ring(b)})
			l, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			c, err := net.Dial("tcp4", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			s, err := l.Accept()
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			hooktest.Measured(b, p.choice.Source.Program(program), "exchange", func() (n int) {
				for b.Loop() {
					if _, err := c.Write([]byte("x")); err != nil {
						b.Fatal(err)
					}
					if _, err := io.ReadFull(s, make([]byte, 1)); err != nil {
						b.Fatal(err)
					}
					n++
				}
				return n
			})
		})
	}
}
