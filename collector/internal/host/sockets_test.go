package host

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

func TestParseProcNet(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("needs a little-endian machine: the sample is from one")
	}
	got := parseProcNet([]byte(`  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100 0 0 10 0
   1: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   2: junk
`), "tcp6")
	want := []socket{{proto: "tcp6", addr: netip.MustParseAddrPort("[::1]:22"), uid: 1000, inode: 4242}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(socket{}), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
		t.Errorf("sockets (-want +got):\n%s", diff)
	}
}

func TestExposure(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.53": "loopback", "::1": "loopback", "0.0.0.0": "all", "::": "all", "::ffff:0.0.0.0": "all", "fe80::1": "link",
		"224.0.0.251": "link", "10.1.2.3": "private", "fd00::1": "private", "100.64.0.1": "private", "8.8.8.8": "public", "2001:db8::1": "public",
	} {
		if got := exposure(netip.MustParseAddr(addr), ""); got != want {
			t.Errorf("exposure(%s) = %s, want %s", addr, got, want)
		}
	}
}

// TestSocketsLive listens itself and looks for its own socket, by sock_diag and by /proc/net.
func TestSocketsLive(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("needs a loopback interface")
	}
	defer l.Close()
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	env, err := Open(Options{Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	defer env.Close()
	doc, status := collect(t, env, "sockets")
	if doc.Sockets == nil {
		t.Fatalf("status %+v", status)
	}
	var mine *facts.Listener
	for i, s := range doc.Sockets.Listeners {
		if s.Port == port && s.Address == "127.0.0.1" {
			mine = &doc.Sockets.Listeners[i]
		}
	}
	if mine == nil || mine.PID == 0 || mine.Exposure != "loopback" || mine.Exe == "" {
		t.Errorf("own listener = %+v", mine)
	}
}
