package systemd

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree is a file system; a value that begins with "-> " is a link.
type tree map[string]string

func (t tree) ReadFile(name string) ([]byte, error) {
	s, ok := t[name]
	if l, isLink := strings.CutPrefix(s, "-> "); isLink {
		if !strings.HasPrefix(l, "/") {
			l = path.Join(path.Dir(name), l)
		}
		return t.ReadFile(l)
	}
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(s), nil
}

func (t tree) Names(dir string) []string {
	var out []string
	for p := range t {
		if rest, ok := strings.CutPrefix(p, dir+"/"); ok {
			first, _, _ := strings.Cut(rest, "/")
			out = append(out, first)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (t tree) Readlink(name string) (string, error) {
	if l, ok := strings.CutPrefix(t[name], "-> "); ok {
		return l, nil
	}
	return "", fs.ErrInvalid
}

func (t tree) Exists(name string) bool { _, ok := t[name]; return ok || len(t.Names(name)) > 0 }

const install = "\n[Install]\nWantedBy=multi-user.target\n"

var host = tree{
	"/usr/lib/systemd/system/ssh.service":                       "[Service]\nEnvironmentFile=-/etc/default/ssh\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS ${ONE}\n" + install + "Alias=sshd.service\n",
	"/usr/lib/systemd/system/cron.service":                      "[Service]\nExecStart=/usr/sbin/cron\n" + install,
	"/usr/lib/systemd/system/dbus.service":                      "[Service]\nExecStart=@/usr/bin/dbus-daemon dbus\n",
	"/usr/lib/systemd/system/getty@.service":                    "[Service]\nExecStart=-/sbin/agetty %I\n[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n",
	"/usr/lib/systemd/system/old.service":                       "[Service]\nExecStart=/bin/old" + install,
	"/usr/lib/systemd/system/sysinit.target.wants/v.service":    "-> ../v.service",
	"/usr/lib/systemd/system/v.service":                         "[Service]\nExecStart=/bin/v" + install,
	"/usr/lib/systemd/system/also.service":                      "[Service]\nExecStart=/bin/a\n[Install]\nAlso=also.socket\n",
	"/usr/lib/systemd/system/also.socket":                       "[Socket]\nListenStream=1\n[Install]\nWantedBy=sockets.target\n",
	"/usr/lib/systemd/system/multi-user.target":                 "[Unit]\n",
	"/usr/lib/systemd/system/default.target":                    "-> graphical.target",
	"/etc/systemd/system/default.target":                        "-> /lib/systemd/system/multi-user.target",
	"/etc/systemd/system/sshd.service":                          "-> /lib/systemd/system/ssh.service",
	"/etc/systemd/system/multi-user.target.wants/ssh.service":   "-> /lib/systemd/system/ssh.service",
	"/etc/systemd/system/getty.target.wants/getty@tty1.service": "-> /lib/systemd/system/getty@.service",
	"/etc/systemd/system/old.service":                           "-> /dev/null",
	"/etc/systemd/system/ssh.service.d/20-x.conf":               "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -e \\\n  $SSHD_OPTS\nUser=other\n",
	"/usr/lib/systemd/system/ssh.service.d/20-x.conf":           "[Service]\nExecStart=/bin/hidden\n",
	"/run/systemd/generator.late/sysv.service":                  "[Service]\nExecStart=/etc/init.d/sysv start\n",
	"/etc/default/ssh":                                          "# options\nSSHD_OPTS='-o PermitRootLogin=yes'\n",
}

func TestEnabled(t *testing.T) {
	s := Open(host)
	for name, want := range map[string]string{
		"ssh.service": "enabled", "sshd.service": "alias", "cron.service": "disabled", "dbus.service": "static",
		"getty@tty1.service": "enabled", "getty@.service": "enabled", "getty@tty9.service": "disabled", "old.service": "masked", "v.service": "enabled",
		"also.service": "indirect", "also.socket": "disabled", "sysv.service": "generated", "none.service": "",
	} {
		if got := s.Enabled(name); got != want {
			t.Errorf("Enabled(%s) = %q, want %q", name, got, want)
		}
	}
	if !s.StartsAtBoot("sshd.service") || s.StartsAtBoot("cron.service") || s.StartsAtBoot("old.service") {
		t.Error("StartsAtBoot is wrong")
	}
	if got := s.DefaultTarget(); got != "multi-user.target" {
		t.Errorf("DefaultTarget = %q", got)
	}
}

func TestUnitDropInsAndCommand(t *testing.T) {
	s := Open(host)
	u := s.Unit("sshd.service")
	if u == nil || u.Name != "ssh.service" || u.Value("Service", "User") != "other" {
		t.Fatalf("unit = %+v", u)
	}
	want := []string{"/usr/sbin/sshd", "-D", "-e", "-o", "PermitRootLogin=yes"}
	if diff := cmp.Diff(want, s.Command(u)); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
	if names := s.Names(".socket"); !slices.Equal(names, []string{"also.socket"}) {
		t.Errorf("sockets = %q", names)
	}
}

func FuzzUnit(f *testing.F) {
	f.Add("[Service]\nExecStart=/bin/x \\\n y $A ${B\n[Install]\nAlias=a.service", "A='b c'")
	f.Fuzz(func(t *testing.T, unit, env string) {
		s := Open(tree{"/usr/lib/systemd/system/a.service": unit + "\n[Service]\nEnvironmentFile=/e\n", "/e": env})
		if u := s.Unit("a.service"); u != nil {
			s.Command(u)
		}
		s.Enabled("a.service")
	})
}

func TestPreset(t *testing.T) {
	set := Open(tree{
		"/etc/systemd/system-preset/10-mine.preset":      "# mine\ndisable telnet*\nenable getty@.service tty1 tty2\n",
		"/usr/lib/systemd/system-preset/10-mine.preset":  "enable telnet*\n",
		"/usr/lib/systemd/system-preset/90-sys.preset":   "ignore clock.service\ndisable getty@.service\ndisable *.timer\nenable late.timer\n",
		"/usr/lib/systemd/system-preset/95-broken.other": "disable *\n",
	})
	for unit, want := range map[string]string{
		"telnetd.socket": "disabled", "ssh.service": "enabled", "clock.service": "ignored", "late.timer": "disabled",
		"getty@tty2.service": "enabled", "getty@.service": "enabled",
	} {
		if got := set.Preset(unit); got != want {
			t.Errorf("%s is to be %s, want %s", unit, got, want)
		}
	}
}
