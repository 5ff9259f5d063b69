package sockdiag

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestListening(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at := l.Addr().(*net.TCPAddr).AddrPort()
	list, err := Listening()
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EAFNOSUPPORT) {
		t.Skipf("needs a kernel with socket diagnosis: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(s Socket) bool { return s.Local == at })
	if i < 0 {
		t.Fatalf("%s is not among %v", at, list)
	}
	if s := list[i]; s.Protocol != "tcp" || int(s.UID) != os.Getuid() || s.Inode == 0 {
		t.Errorf("%+v", s)
	}
}

func FuzzParse(f *testing.F) {
	b := make([]byte, messageLength)
	b[0], b[4], b[5] = unix.AF_INET, 0, 22
	f.Add(b)
	f.Add(b[:71])
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, ok := parse(b, "tcp"); ok && (s.Local.Port() == 0 || s.Local.Addr() == netip.Addr{}) {
			t.Errorf("%+v", s)
		}
	})
}
