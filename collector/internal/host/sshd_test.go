package host

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

const debianSSHD = `
-- etc/os-release --
ID=debian
VERSION_ID="12"
-- var/lib/dpkg/status --
Package: openssh-server
Status: install ok installed
Source: openssh
Version: 1:9.2p1-2+deb12u3
-- usr/sbin/sshd 0755 --
-- usr/lib/systemd/system/ssh.service --
[Service]
EnvironmentFile=-/etc/default/ssh
ExecStart=/usr/sbin/sshd -D $SSHD_OPTS
[Install]
WantedBy=multi-user.target
Alias=sshd.service
-- etc/systemd/system/multi-user.target.wants/ssh.service -> /usr/lib/systemd/system/ssh.service --
-- etc/default/ssh --
SSHD_OPTS="-o MaxAuthTries=2"
-- etc/ssh/sshd_config --
Include /etc/ssh/sshd_config.d/*.conf
KbdInteractiveAuthentication no
UsePAM yes
PermitRootLogin no
-- etc/ssh/sshd_config.d/50-cloud.conf --
PasswordAuthentication yes
-- etc/ssh/sshd_config.d/10-hard.conf --
passwordauthentication=no
-- etc/ssh/ssh_host_ed25519_key 0600 --
-- etc/ssh/ssh_host_ed25519_key.pub --
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f root@x
`

func TestSSHDPersisted(t *testing.T) {
	env := testEnv(t, debianSSHD, false)
	doc, status := collect(t, env, "sshd")
	if status.State != facts.StateOK {
		t.Errorf("status = %+v", status)
	}
	d := doc.SSHD
	if d.Version != "9.2p1" || d.Enabled == nil || !*d.Enabled || d.Running != nil || d.Live != nil {
		t.Errorf("sshd = %+v", d)
	}
	for name, want := range map[string][]string{
		"passwordauthentication": {"no"}, "permitrootlogin": {"no"}, "usepam": {"yes"}, "maxauthtries": {"2"}, "kbdinteractiveauthentication": {"no"},
	} {
		if diff := cmp.Diff(want, d.Persisted.Settings[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if len(d.HostKeys) != 1 || d.HostKeys[0].Type != "ed25519" || d.HostKeys[0].File.Mode != "0600" {
		t.Errorf("host keys = %+v", d.HostKeys)
	}
}

func TestSSHDAbsentOrRemoved(t *testing.T) {
	for name, text := range map[string]string{
		"absent": "-- etc/hostname --\nx\n",
		"removed": `-- etc/ssh/sshd_config --
PermitRootLogin yes
-- var/lib/dpkg/status --
Package: openssh-server
Status: deinstall ok config-files
Version: 1:9.2p1-2
`,
	} {
		doc, status := collect(t, testEnv(t, text, false), "sshd")
		if status.State != facts.StateOK || doc.SSHD == nil || doc.SSHD.Installed || doc.SSHD.Persisted != nil {
			t.Errorf("%s: %+v %+v", name, status, doc.SSHD)
		}
	}
}

func TestDropbearUCI(t *testing.T) {
	env := testEnv(t, `
-- usr/sbin/dropbear 0755 --
-- etc/rc.d/S19dropbear -> ../init.d/dropbear --
-- etc/config/dropbear --
config dropbear 'main'
	option PasswordAuth 'off'
	option RootPasswordAuth 'off'
	option Port '22'
config dropbear
	option enable '0'
	option PasswordAuth 'on'
config dropbear
	option PasswordAuth 'off'
	option Port '2222'
`, false)
	doc, _ := collect(t, env, "sshd")
	d := doc.SSHD
	if d.Implementation != "dropbear" || d.Enabled == nil || !*d.Enabled {
		t.Fatalf("sshd = %+v", d)
	}
	for name, want := range map[string][]string{"passwordauthentication": {"no"}, "permitrootlogin": {"yes"}, "port": {"22", "2222"}} {
		if diff := cmp.Diff(want, d.Persisted.Settings[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSSHDLiveArgs(t *testing.T) {
	tests := []struct {
		argv, want []string
		undecided  bool
	}{
		{argv: []string{"/usr/sbin/sshd", "-D", "-o", "Port 99"}, want: []string{"-D", "-o", "Port 99"}},
		{argv: []string{"sshd: /usr/sbin/sshd -D -o PermitRootLogin=yes [listener] 0 of 10-100 startups"}, want: []string{"-D", "-o", "PermitRootLogin=yes"}},
		{argv: []string{"sshd: /usr/sbin/sshd -D -o PermitRootLogin yes -oBanner /a b -p 9 [listener] 1 of 10-100 startups"}, want: []string{"-D", "-o", "PermitRootLogin yes", "-oBanner /a b", "-p", "9"}},
		{argv: []string{"sshd: /usr/sbin/sshd -D -o Permit"}, undecided: true},
		{undecided: true},
	}
	for _, tt := range tests {
		got, reason := sshdLiveArgs(tt.argv)
		if diff := cmp.Diff(tt.want, got); diff != "" || (reason != "") != tt.undecided {
			t.Errorf("%q: %q (-want +got):\n%s", tt.argv, reason, diff)
		}
	}
}

// TestSSHDLive runs a real server and follows it through a change of its file and a SIGHUP.
func TestSSHDLive(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: sshd and the sockets of its process")
	}
	if _, err := os.Stat("/usr/sbin/sshd"); err != nil {
		t.Skip("needs openssh-server (/usr/sbin/sshd)")
	}
	if _, err := os.Stat("/run/sshd"); err != nil {
		if err := os.Mkdir("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Remove("/run/sshd") })
	}
	dir := t.TempDir()
	conf, key, pid := filepath.Join(dir, "conf"), filepath.Join(dir, "key"), filepath.Join(t.TempDir(), "pid")
	writeHostKey(t, key)
	port := freePort(t)
	settings := fmt.Sprintf("HostKey %s\nPidFile %s\nListenAddress 127.0.0.1\nInclude %s/d/*\n", key, pid, dir)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(conf, []byte(settings+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("PermitRootLogin no\n")
	cmd := exec.Command("/usr/sbin/sshd", "-D", "-f", conf, "-p", fmt.Sprint(port), "-o", "MaxAuthTries 2")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	addr := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	wait(t, "the server to write its pid file", func() bool { b, err := os.ReadFile(pid); return err == nil && len(b) > 0 })
	offer := askServer(context.Background(), []netip.AddrPort{addr})
	if offer == nil || !strings.HasPrefix(offer.Banner, "SSH-2.0-OpenSSH_") || !slices.Contains(offer.Ciphers, "aes256-ctr") || len(offer.HostKeyAlgorithms) == 0 {
		t.Fatalf("offer = %+v", offer)
	}
	live := func() (*facts.SSHDConfig, string) {
		t.Helper()
		env, err := Open(Options{Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		defer env.Close()
		doc := &facts.Document{SSHD: &facts.SSHD{Offered: offer}}
		for _, p := range env.processTable().procs {
			if p.pid == cmd.Process.Pid {
				return readLive(env, doc, p, &reading{})
			}
		}
		t.Fatal("the server is not in the process table")
		return nil, ""
	}
	cfg, reason := live()
	if cfg == nil || cfg.Settings["permitrootlogin"][0] != "no" || cfg.Settings["maxauthtries"][0] != "2" || cfg.Settings["port"][0] != fmt.Sprint(port) {
		t.Fatalf("after start: %v %s", cfg, reason)
	}
	time.Sleep(30 * time.Millisecond) // the kernel's clock for files and for process starts is coarse
	write("PermitRootLogin yes\n")
	if cfg, reason := live(); cfg != nil || !strings.Contains(reason, conf) {
		t.Fatalf("after a change: %v %s", cfg, reason)
	}
	before, _ := os.Stat(pid)
	time.Sleep(rereadMargin)
	cmd.Process.Signal(unix.SIGHUP)
	wait(t, "the server to write its pid file again", func() bool {
		b, _ := os.ReadFile(pid)
		now, err := os.Stat(pid)
		return err == nil && len(b) > 0 && now.ModTime().After(before.ModTime())
	})
	if cfg, reason := live(); cfg == nil || cfg.Settings["permitrootlogin"][0] != "yes" {
		t.Fatalf("after SIGHUP: %v %s", cfg, reason)
	}
	time.Sleep(30 * time.Millisecond)
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	if cfg, reason := live(); cfg != nil {
		t.Fatalf("after a new include directory: %s", reason)
	}
}

func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatal("waited for " + what)
}

func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

func writeHostKey(t *testing.T, name string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
}

func kexPacket(lists ...string) []byte {
	body := append([]byte{4, 20}, make([]byte, 16)...)
	for _, l := range lists {
		body = binary.BigEndian.AppendUint32(body, uint32(len(l)))
		body = append(body, l...)
	}
	body = append(body, make([]byte, 5+4)...)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func TestReadOffer(t *testing.T) {
	good := append([]byte("hello\r\nSSH-2.0-x\r\n"), kexPacket("k1,k2", "h", "c", "c1,c2", "m", "m1", "none", "none", "", "")...)
	got, err := readOffer(bytes.NewReader(good))
	want := &facts.SSHOffer{Banner: "SSH-2.0-x", Kex: []string{"k1", "k2"}, HostKeyAlgorithms: []string{"h"}, Ciphers: []string{"c1", "c2"}, MACs: []string{"m1"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for n := range len(good) - 60 {
		if _, err := readOffer(bytes.NewReader(good[:n])); err == nil {
			t.Errorf("cut at %d: no error", n)
		}
	}
}

func FuzzReadOffer(f *testing.F) {
	f.Add(append([]byte("SSH-2.0-x\r\n"), kexPacket("a", "b", "c", "d", "e", "f")...))
	f.Add([]byte("SSH-2.0-x\n\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		readOffer(bytes.NewReader(b))
	})
}
