package proto

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

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

// talk lets a client and a server on this host say their lines in turn: "> " is the client's, "< " the server's.
func talk(t *testing.T, address string, lines ...string) netip.AddrPort {
	t.Helper()
	l := listenLow(t, address)
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for _, line := range lines {
		from, to := client, server
		if line[0] == '<' {
			from, to = server, client
		}
		words := line[2:]
		if _, err := io.WriteString(from, words); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(to, make([]byte, len(words))); err != nil {
			t.Fatal(err)
		}
	}
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// listenLow listens at a port below all that clients are given: where a greeting does not tell the ends apart, the lower port is
// taken for the server's.
func listenLow(t *testing.T, address string) net.Listener {
	t.Helper()
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	for port := 2300; ; port++ {
		l, err := lc.Listen(t.Context(), "tcp", net.JoinHostPort(address, strconv.Itoa(port)))
		if err == nil {
			return l
		}
		if !errors.Is(err, unix.EADDRINUSE) || port > 4000 {
			t.Fatal(err)
		}
	}
}

// heard gives what was recognised at a port: "out http 1".
func heard(t *testing.T, p *Probe, at netip.AddrPort) map[string]uint64 {
	t.Helper()
	got := map[string]uint64{}
	err := p.Drain(hook.Now(), func(s flow.Seen) {
		if s.Port == at.Port() && s.Peer == at.Addr() {
			got[s.Direction.String()+" "+s.Program] += s.Count
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func both(protocol string) map[string]uint64 {
	return map[string]uint64{"out " + protocol: 1, "in " + protocol: 1}
}

// hello is the beginning of a TLS handshake message: 1 by the client, 2 by the server.
func hello(kind, minor byte) string {
	return string(append([]byte{0x16, 3, 1, 0, 60, kind, 0, 0, 56, 3, minor}, make([]byte, 54)...))
}

// bind is an LDAP bind with a password, or without.
func bind(name, password string) string {
	auth := "\x80" + string(rune(len(password))) + password
	op := "\x02\x01\x03\x04" + string(rune(len(name))) + name + auth
	return "\x30" + string(rune(len(op)+5)) + "\x02\x01\x01\x60" + string(rune(len(op))) + op
}

func TestProtocolsAreRecognised(t *testing.T) {
	p := open(t, hook.Options{Ring: hooktest.Ring(t)})
	tests := []struct {
		name  string
		lines []string
		want  map[string]uint64
	}{
		{"http", []string{"> GET / HTTP/1.1\r\nHost: a\r\n\r\n", "< HTTP/1.1 200 OK\r\n\r\n", "> GET /2 HTTP/1.1\r\n\r\n"}, both("http")},
		{"large http", []string{"> POST / HTTP/1.1\r\n\r\n" + strings.Repeat("x", 300<<10)}, both("http")},
		{"ftp", []string{"< 220 ready\r\n", "> USER olena\r\n", "< 331 password\r\n", "> PASS secret\r\n"}, both("ftp")},
		{"ftp over tls", []string{"< 220 ready\r\n", "> AUTH TLS\r\n", "< 234 go\r\n", "> " + hello(1, 3), "< " + hello(2, 3)}, nil},
		{"smtp in the clear", []string{"< 220 mx\r\n", "> EHLO a\r\n", "< 250 mx\r\n", "> MAIL FROM:<a@b>\r\n"}, both("smtp")},
		{"smtp with a password", []string{"< 220 mx\r\n", "> EHLO a\r\n", "< 250 mx\r\n", "> AUTH PLAIN AGEAYg==\r\n"}, both("smtp_auth")},
		{"smtp with a proof", []string{"< 220 mx\r\n", "> EHLO a\r\n", "< 250 mx\r\n", "> AUTH CRAM-MD5\r\n"}, nil},
		{"smtp with starttls", []string{"< 220 mx\r\n", "> EHLO a\r\n", "< 250 mx\r\n", "> STARTTLS\r\n", "< 220 go\r\n", "> " + hello(1, 3)}, nil},
		{"imap", []string{"< * OK ready\r\n", "> a1 LOGIN olena secret\r\n"}, both("imap")},
		{"imap over tls", []string{"< * OK ready\r\n", "> a1 STARTTLS\r\n"}, nil},
		{"telnet", []string{"< \xff\xfd\x18\xff\xfd\x20", "> \xff\xfb\x18"}, map[string]uint64{"out telnet": 2, "in telnet": 2}},
		{"ldap", []string{"> " + bind("cn=admin,dc=example,dc=org", "secret")}, both("ldap")},
		{"ldap without a password", []string{"> " + bind("", "")}, nil},
		{"tls 1.0", []string{"> " + hello(1, 1), "< " + hello(2, 1)}, map[string]uint64{"out tls1.0": 1, "in tls1.0": 1, "out tls1.0?": 1, "in tls1.0?": 1}},
		{"tls 1.1 of more", []string{"> " + hello(1, 3), "< " + hello(2, 2)}, both("tls1.1")},
		{"ssl 3", []string{"> " + hello(1, 3), "< " + hello(2, 0)}, both("ssl3")},
		{"tls 1.2", []string{"> " + hello(1, 3), "< " + hello(2, 3)}, nil},
		{"ssh", []string{"< SSH-2.0-x\r\n", "> SSH-2.0-y\r\n"}, nil},
		{"a word", []string{"> GE"}, nil},
		{"late words", []string{"> a\r\n", "> b\r\n", "> c\r\n", "> d\r\n", "> e\r\n", "> f\r\n", "> USER x\r\n"}, nil},
	}
	for _, address := range []string{"127.0.0.1", "::1"} {
		for _, tt := range tests {
			t.Run(address+" "+tt.name, func(t *testing.T) {
				at := talk(t, address, tt.lines...)
				got := heard(t, p, at)
				if len(got) == 0 {
					got = nil
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestSNMPIsRecognised(t *testing.T) {
	p := open(t, hook.Options{Ring: hooktest.Ring(t)})
	for version, want := range map[byte]string{0: "out snmp1", 1: "out snmp2c", 3: ""} {
		c, err := net.Dial("udp4", "127.0.0.1:161")
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Write(append([]byte{0x30, 20, 2, 1, version, 4, 6}, "publicxxxxxxxxx"...))
		c.Close()
		if err != nil {
			t.Fatal(err)
		}
		got := heard(t, p, netip.MustParseAddrPort("127.0.0.1:161"))
		if want == "" && len(got) > 0 || want != "" && got[want] != 1 {
			t.Errorf("version %d: %v, want %q", version, got, want)
		}
	}
}

// BenchmarkSegment is what the programs cost a connection that stays: one small message there and one back.
func BenchmarkSegment(b *testing.B) {
	p := open(b, hook.Options{Ring: hooktest.Ring(b)})
	c, err := hook.Connect(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for name, program := range map[string]string{"egress": protoProgProtoEgress, "ingress": protoProgProtoIngress} {
		b.Run(name, func(b *testing.B) {
			hooktest.Measured(b, p.choice.Source.Program(program), "message", func() (n int) {
				for b.Loop() {
					if err := c.Say(b.Context(), "x"); err != nil {
						b.Fatal(err)
					}
					n++
				}
				return n
			})
		})
	}
}

// BenchmarkRecognition is a connection with one request of HTTP, both ends.
func BenchmarkRecognition(b *testing.B) {
	p := open(b, hook.Options{Ring: hooktest.Ring(b)})
	for name, program := range map[string]string{"egress": protoProgProtoEgress, "ingress": protoProgProtoIngress} {
		b.Run(name, func(b *testing.B) {
			hooktest.Measured(b, p.choice.Source.Program(program), "connection", func() (n int) {
				for b.Loop() {
					c, err := hook.Connect(b.Context())
					if err != nil {
						b.Fatal(err)
					}
					if err := c.Say(b.Context(), "GET / HTTP/1.0\r\n\r\n"); err != nil {
						b.Fatal(err)
					}
					c.Close()
					n++
				}
				return n
			})
		})
	}
}
