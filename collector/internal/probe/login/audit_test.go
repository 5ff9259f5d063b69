package login

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

func TestParseReport(t *testing.T) {
	const head = "audit(1763770000.123:45): pid=811 uid=0 auid=1000 ses=3 msg='"
	for text, want := range map[string]report{
		head + `op=login id=1000 exe="/usr/sbin/sshd" hostname=192.0.2.7 addr=192.0.2.7 terminal=/dev/pts/0 res=success'`: {uid: "1000", host: "192.0.2.7"},
		head + `op=login acct="olena" exe="/usr/sbin/sshd" hostname=? addr=203.0.113.9 terminal=ssh res=failed'`:          {user: "olena", host: "203.0.113.9", failed: true},
		head + `op=login acct=68756E746572322031 exe="/usr/bin/login" hostname=? addr=? terminal=/dev/tty1 res=failed'`:   {user: "hunter2 1", failed: true},
		head + `op=login acct="root" exe="/usr/bin/login" hostname=gate.example addr=? terminal=/dev/tty1 res=success`:    {user: "root"},
		head + `op=login acct="root" exe="/usr/sbin/in.telnetd" hostname=gate.example terminal=/dev/tty1 res=1'`:          {user: "root", host: "gate.example"},
		head + `op=PAM:session_open acct="root" exe="/usr/bin/su" hostname=? addr=? terminal=pts/1 res=success'`:          {},
		head + `op=login acct="olena" exe="/usr/sbin/sshd" hostname=? addr=203.0.113.9 terminal=ssh`:                      {},
		`audit(1:2): pid=1 uid=0 op=login acct="olena" res=success`:                                                       {},
	} {
		got, ok := parseReport(text)
		if wanted := want != (report{}); ok != wanted || ok && got != want {
			t.Errorf("%s\ngot  %+v, %v\nwant %+v", text, got, ok, want)
		}
	}
}

func FuzzParseReport(f *testing.F) {
	f.Add([]byte(`audit(1:2): msg='op=login acct=6F addr=? res=failed'`))
	f.Add([]byte(`msg='op=login id=`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, ok := parseReport(string(b)); ok && r.user == "" && r.uid == "" {
			t.Error("a login of nobody")
		}
		(&audit{}).take(b)
	})
}

// On a host without wtmp and btmp the audit is listened to: a login is reported as OpenSSH reports it.
func TestAuditIsListenedTo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: CAP_AUDIT_READ and CAP_AUDIT_WRITE")
	}
	if os.Getenv("VYMIR_NEED_KINDS") != "" { // in the matrix of kernels the machine is ours
		switchAudit(t, 1)
		t.Cleanup(func() { switchAudit(t, 0) })
	}
	a, err := listen(t.Context())
	if err != nil {
		t.Skipf("needs an audit that is switched on, as make test-kernels has: %v", err)
	}
	root := t.TempDir() + "/"
	if err := os.MkdirAll(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root+"etc/passwd", []byte("root:x:0:0::/root:/bin/sh\nolena:x:1000:1000::/:/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := open(true, time.Time{}, root)
	p.audit = a
	defer p.Close()
	for _, said := range []string{
		`op=login id=1000 exe="/usr/sbin/sshd" hostname=192.0.2.7 addr=192.0.2.7 terminal=/dev/pts/0 res=success`,
		`op=login acct="hunter2" exe="/usr/sbin/sshd" hostname=? addr=203.0.113.9 terminal=ssh res=failed`,
	} {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_AUDIT)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.Sendto(fd, message(auditLogin, said), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			t.Fatal(err)
		}
	}
	var got []Seen
	hooktest.Await(t, func() bool {
		p.Drain(func(s Seen) { s.At = time.Time{}; got = append(got, s) })
		return len(got) >= 2
	})
	want := []Seen{
		{User: "olena", Origin: netip.MustParseAddr("192.0.2.7")},
		{User: Unknown, Origin: netip.MustParseAddr("203.0.113.9"), Failed: true},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if h := p.Hook(); h.State != hook.Proven || h.Kind != hook.Netlink || h.Events != 2 || h.Reason == "" {
		t.Errorf("hook %+v", h)
	}
}

// switchAudit sends AUDIT_SET with AUDIT_STATUS_ENABLED: 1 on, 0 off.
func switchAudit(t *testing.T, enabled uint32) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_AUDIT)
	if err != nil {
		t.Skipf("needs a kernel with audit: %v", err)
	}
	defer unix.Close(fd)
	status := make([]byte, 44) // struct audit_status
	binary.NativeEndian.PutUint32(status, 1)
	binary.NativeEndian.PutUint32(status[4:], enabled)
	b := message(1001, "")
	b = append(b[:unix.NLMSG_HDRLEN], status...)
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	if err := unix.Sendto(fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		t.Fatal(err)
	}
}
