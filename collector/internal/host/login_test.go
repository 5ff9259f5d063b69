package host

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

const loginHost = `
-- etc/passwd --
root:x:0:0::/root:/bin/bash
-- etc/issue --
Debian \n \l
-- etc/profile --
umask 022
if [ x ]; then umask 027; fi
TMOUT=900; export TMOUT
-- etc/profile.d/t.sh --
declare -xr TMOUT=600
-- etc/bash.bashrc --
# umask 000
-- etc/login.defs --
UMASK 077
-- etc/pam.d/common-session --
session optional pam_umask.so umask=0027
-- etc/security/limits.conf --
* hard core 0
-- etc/systemd/coredump.conf --
[Coredump]
#Storage=external
Storage=none
-- usr/lib/systemd/system/x.service --
[Service]
ExecStart=/bin/true
-- usr/lib/systemd/system/ctrl-alt-del.target --
[Unit]
-- etc/systemd/system/ctrl-alt-del.target -> /dev/null --
-- usr/sbin/gdm3 0755 --
-- run/systemd/sessions/1 --
USER=eva
CLASS=user
-- run/systemd/sessions/2 --
USER=gdm
CLASS=greeter
-- sys/class/bluetooth/hci0/rfkill0/soft --
1
`

func TestLogin(t *testing.T) {
	env := testEnv(t, loginHost, true)
	doc := &facts.Document{}
	for _, f := range All() {
		if f.Name == "accounts" || f.Name == "pam" || f.Name == "login" {
			if st := f.Collect(context.Background(), env, doc); st.State != facts.StateOK {
				t.Errorf("%s: %+v", f.Name, st)
			}
		}
	}
	want := &facts.Login{
		Banners:             map[string]string{"/etc/issue": "Debian \\n \\l\n"},
		Umask:               map[string]string{"/etc/profile": "027", "/etc/login.defs": "077", "/etc/pam.d/common-session": "0027"},
		ShellTimeoutSeconds: ptr(600),
		CoreDumps:           &facts.CoreDumps{Storage: "none", LimitHard: "0"},
		USBGuard:            ptr(false), Bluetooth: ptr(false), GUI: ptr(true), CtrlAltDel: "masked", Sessions: []string{"eva"},
	}
	if diff := cmp.Diff(want, doc.Login); diff != "" {
		t.Errorf("login (-want +got):\n%s", diff)
	}
	Identify(env, doc, "")
	if doc.Host.Role != "" { // the os family was not asked
		t.Errorf("role = %q", doc.Host.Role)
	}
	doc.OS = &facts.OS{Family: "debian"}
	if Identify(env, doc, ""); doc.Host.Role != "workstation" || doc.Host.RoleFrom != "found" {
		t.Errorf("host = %+v", doc.Host)
	}
}

const cronHost = `
-- etc/passwd --
root:x:0:0::/root:/bin/bash
eva:x:1000:1000::/home/eva:/bin/bash
-- etc/crontab --
SHELL=/bin/sh
17 *	* * *	root	cd / && run-parts --report /etc/cron.hourly
@reboot eva /opt/start.sh -x
-- etc/cron.d/job --
*/5 * * * * root FOO=1 /opt/start.sh
-- etc/cron.d/job.dpkg-old --
* * * * * root /bad
-- var/spool/cron/crontabs/eva 0600 --
0 3 * * 1-5 nice backup
broken
-- etc/cron.daily/logrotate 0755 --
-- etc/cron.daily/readme 0644 --
-- etc/cron.daily/x.disabled 0755 --
-- etc/anacrontab --
1	5	cron.daily	run-parts /etc/cron.daily
-- opt/start.sh 0777 eva:0 --
-- usr/lib/systemd/system/apt.timer --
[Timer]
OnCalendar=*-*-* 6:00
OnBootSec=1h
[Install]
WantedBy=timers.target
-- etc/systemd/system/timers.target.wants/apt.timer -> /usr/lib/systemd/system/apt.timer --
-- var/lib/systemd/timers/stamp-apt.timer --
-- etc/cron.allow --
`

func TestSchedules(t *testing.T) {
	env := testEnv(t, cronHost, false)
	doc, st := collect(t, env, "schedules")
	if st.State != facts.StateOK {
		t.Errorf("status = %+v", st)
	}
	start, rotate := env.Stat("/opt/start.sh"), env.Stat("/etc/cron.daily/logrotate")
	want := &facts.Schedules{
		Cron: []facts.CronEntry{
			{File: "/etc/crontab", User: "root", When: "17 * * * *", Command: "cd / && run-parts --report /etc/cron.hourly"},
			{File: "/etc/crontab", User: "eva", When: "@reboot", Command: "/opt/start.sh -x", CommandState: &start},
			{File: "/etc/cron.d/job", User: "root", When: "*/5 * * * *", Command: "FOO=1 /opt/start.sh", CommandState: &start},
			{File: "/var/spool/cron/crontabs/eva", User: "eva", When: "0 3 * * 1-5", Command: "nice backup"},
			{File: "/etc/cron.daily/logrotate", User: "root", When: "daily", Command: "/etc/cron.daily/logrotate", CommandState: &rotate},
			{File: "/etc/anacrontab", User: "root", When: "every 1 days", Command: "run-parts /etc/cron.daily"},
		},
		Timers: []facts.Timer{{
			Unit: "apt.timer", Service: "apt.service", When: []string{"OnCalendar=*-*-* 6:00", "OnBootSec=1h"}, Enabled: ptr(true),
			LastRun: env.Stat("/var/lib/systemd/timers/stamp-apt.timer").ModifiedAt,
		}},
		CronAllow: ptr(true), AtAllow: ptr(false),
	}
	if diff := cmp.Diff(want, doc.Schedules); diff != "" {
		t.Errorf("schedules (-want +got):\n%s", diff)
	}
}

func TestFiles(t *testing.T) {
	env := testEnv(t, `
-- etc/passwd --
root:x:0:0::/root:/bin/bash
-- etc/group --
root:x:0:
shadow:x:42:
-- etc/shadow 0640 root:shadow --
-- etc/resolv.conf -> ../run/resolv.conf --
-- run/resolv.conf 0666 --
-- etc/sudoers.d/x 0440 --
-- tmp/ 1777 --
`, false)
	doc, st := collect(t, env, "files")
	if st.State != facts.StateOK {
		t.Errorf("status = %+v", st)
	}
	p := doc.Files.Paths
	if s := p["/etc/shadow"]; s.Mode != "0640" || s.Group != "shadow" || s.WorldReadable {
		t.Errorf("shadow = %+v", s)
	}
	if p["/etc/resolv.conf"].Kind != "link" || !p["/run/resolv.conf"].WorldWritable || p["/etc/gshadow"].Kind != "absent" ||
		p["/etc/sudoers.d/x"].Mode != "0440" || p["/tmp"].Mode != "1777" {
		t.Errorf("paths = %+v", p)
	}
}

func FuzzParseCrontab(f *testing.F) {
	f.Add([]byte("* * * * * root /x\n@reboot y\nA=b\n"), "")
	f.Fuzz(func(_ *testing.T, b []byte, user string) {
		for _, e := range parseCrontab(b, user) {
			programPath(e.Command)
		}
		shellSettings(b)
		parseUtmp(b)
	})
}
