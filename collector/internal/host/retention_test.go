package host

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

func TestLogRotation(t *testing.T) {
	env := testEnv(t, `
-- usr/sbin/logrotate 0755 --
-- etc/logrotate.conf --
# comment
weekly
rotate 4
create
include /etc/logrotate.d
-- etc/logrotate.d/rsyslog --
/var/log/syslog
/var/log/mail.log
/var/log/kern.log
{
	rotate 4
	weekly
	postrotate
		rotate 99
		}
	endscript
}
"/var/log/auth.log" {
	daily
	rotate 120
	maxage 90
}
/var/log/daemon.log {
	size 10M
	rotate 7
}
/var/log/messages { 
	missingok
	maxsize 1G
}
-- etc/logrotate.d/zz.dpkg-old --
/var/log/secure {
	rotate 1
}
-- etc/logrotate.d/zzz --
/var/log/*.log {
	daily
	rotate 1
}
-- var/log/syslog --
x
-- var/log/syslog.2.gz --
x
-- var/log/journal/0123/system.journal --
x
`, false)
	head := make([]byte, 240)
	copy(head, "LPKSHHRH")
	first := testNow.AddDate(0, 0, -200)
	binary.LittleEndian.PutUint64(head[184:], uint64(first.UnixMicro()))
	if err := os.WriteFile(filepath.Join(env.Root, "var/log/journal/0123/system.journal"), head, 0o640); err != nil {
		t.Fatal(err)
	}
	doc, _ := collect(t, env, "logging")
	const file = "/etc/logrotate.d/rsyslog"
	want := []facts.LogRotation{
		{Log: "/var/log/auth.log", File: file, KeptDays: ptr(90)},
		{Log: "/var/log/daemon.log", File: file},
		{Log: "/var/log/kern.log", File: file, KeptDays: ptr(28)},
		{Log: "/var/log/messages", File: file},
		{Log: "/var/log/syslog", File: file, KeptDays: ptr(28)},
	}
	if diff := cmp.Diff(want, doc.Logging.Rotation); diff != "" {
		t.Errorf("rotation (-want +got):\n%s", diff)
	}
	if got := doc.Logging.OldestAt; got == nil || !got.Equal(first) {
		t.Errorf("records reach back to %v, want %v", got, first)
	}
}

func FuzzRotationBlocks(f *testing.F) {
	f.Add([]byte("weekly\nrotate 4\n/var/log/x {\n daily\n}\ninclude /etc/x\n"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		rotationBlocks(b, &rotation{}, func(string) {}, func(_ []string, r rotation) { r.kept() })
	})
}

func TestAttestations(t *testing.T) {
	env := testEnv(t, `
-- etc/vymir/attested/restore.conf --
# what was tried
subject = Restore_Test
date = 2026-01-15
by = О. Коваль
evidence = /srv/restore.txt
-- etc/vymir/attested/copy.conf --
subject = offline_copy
date = soon
evidence = /srv/none
-- etc/vymir/attested/empty.conf --
date = 2026-01-01
-- srv/restore.txt 0640 --
`, false)
	doc, st := collect(t, env, "continuity")
	if st.State != facts.StatePartial || len(st.Unread) != 1 || st.Unread[0].What != "/etc/vymir/attested/empty.conf" {
		t.Errorf("status %+v", st)
	}
	got := doc.Continuity.Attested
	if len(got) != 2 {
		t.Fatalf("%d statements: %+v", len(got), got)
	}
	if c := got[0]; c.Subject != "offline_copy" || c.Date != nil || c.AgeDays != nil || c.Evidence == nil || c.Evidence.Kind != "absent" {
		t.Errorf("copy: %+v", c)
	}
	days := int(testNow.Sub(time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)).Hours() / 24)
	if c := got[1]; c.Subject != "restore_test" || c.By != "О. Коваль" || c.AgeDays == nil || *c.AgeDays != days || c.Evidence == nil || c.Evidence.Mode != "0640" {
		t.Errorf("restore: %+v, want an age of %d days", c, days)
	}
}

// wgAnswer is one message of WireGuard's answer: a device with peers, each with a key and a time.
func wgAnswer(peers map[byte]int64) []byte {
	nested := func(typ uint16, parts ...[]byte) []byte {
		var all []byte
		for _, p := range parts {
			all = append(all, p...)
		}
		return attribute(typ|unix.NLA_F_NESTED, all)
	}
	var list [][]byte
	for key, at := range peers {
		stamp := make([]byte, 16)
		binary.NativeEndian.PutUint64(stamp, uint64(at))
		list = append(list, nested(0, attribute(wgPeerKey, []byte{key, 1, 2, 3}), attribute(wgPeerHandshake, stamp)))
	}
	return append([]byte{wgGetDevice, 1, 0, 0}, append(attribute(wgDeviceIfname, []byte("wg0\x00")), nested(wgDevicePeers, list...)...)...)
}

func TestWireGuardPeers(t *testing.T) {
	last := testNow.Add(-90 * time.Second)
	tun := facts.Tunnel{Interface: "wg0", Kind: "wireguard"}
	seen := map[string]bool{}
	for _, m := range [][]byte{wgAnswer(map[byte]int64{1: 0, 2: last.Unix()}), wgAnswer(map[byte]int64{2: 0, 3: last.Unix() - 50})} {
		if err := wireGuardPeers(m, &tun, seen, testNow); err != nil {
			t.Fatal(err)
		}
	}
	if tun.Peers == nil || *tun.Peers != 3 || tun.LastHandshakeAt == nil || *tun.AgeSeconds != 90 {
		t.Errorf("%+v", tun)
	}
	tun = facts.Tunnel{}
	if err := wireGuardPeers(wgAnswer(map[byte]int64{1: 0}), &tun, map[string]bool{}, testNow); err != nil || *tun.Peers != 1 || tun.LastHandshakeAt != nil {
		t.Errorf("a peer that was never met: %+v, %v", tun, err)
	}
}

func FuzzWireGuardPeers(f *testing.F) {
	f.Add(wgAnswer(map[byte]int64{1: 5}))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_ = wireGuardPeers(b, &facts.Tunnel{}, map[string]bool{}, testNow)
	})
}

// TestGenericFamily asks the kernel for the number of the family that tells numbers, which is fixed.
func TestGenericFamily(t *testing.T) {
	conn, err := netlink.Dial(unix.NETLINK_GENERIC, nil)
	if err != nil {
		t.Skipf("needs generic netlink: %v", err)
	}
	defer conn.Close()
	for range 2 { // the first answer leaves nothing behind that the second would read
		if id, err := genericFamily(conn, "nlctrl"); err != nil || id != unix.GENL_ID_CTRL {
			t.Fatalf("nlctrl is %d, %v", id, err)
		}
	}
}
