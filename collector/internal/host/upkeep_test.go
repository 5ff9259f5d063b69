package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

func TestCompareDebian(t *testing.T) {
	order := []string{"1.0~rc1-1", "1.0-1", "1.0-1+b1", "1.0-1.1", "1.0a-1", "1.0+1-1", "1.00001-1", "1.2-1", "1.10-1", "1:0.1-1"}
	for i, a := range order {
		for j, b := range order {
			want := 0
			switch {
			case i < j:
				want = -1
			case i > j:
				want = 1
			}
			if got := compareDebian(a, b); got != want {
				t.Errorf("compareDebian(%s, %s) = %d, want %d", a, b, got, want)
			}
		}
	}
	if compareDebian("1.0", "1.0-0") != 0 || compareDebian("0:1", "1") != 0 {
		t.Error("versions that are equal differ")
	}
}

func TestTime(t *testing.T) {
	env := testEnv(t, `
-- etc/localtime -> /usr/share/zoneinfo/Europe/Kyiv --
-- usr/sbin/chronyd 0755 --
-- etc/chrony/chrony.conf --
# pool x
pool 2.debian.pool.ntp.org iburst
confdir /etc/chrony/conf.d
sourcedir /run/chrony-dhcp /etc/chrony/sources.d
-- etc/chrony/conf.d/a.conf --
server ntp.time.in.ua nts
-- etc/chrony/sources.d/b.sources --
server 10.0.0.1
-- usr/lib/systemd/system/chrony.service --
[Service]
ExecStart=/usr/sbin/chronyd
[Install]
WantedBy=multi-user.target
-- etc/systemd/system/multi-user.target.wants/chrony.service -> /usr/lib/systemd/system/chrony.service --
-- usr/lib/systemd/system/systemd-timesyncd.service --
[Service]
ExecStart=/x
[Install]
WantedBy=sysinit.target
-- etc/systemd/timesyncd.conf --
[Time]
NTP=unused.example
`, false)
	doc, _ := collect(t, env, "time")
	want := &facts.Time{
		Daemons:  []facts.TimeDaemon{{Name: "chrony", Enabled: ptr(true)}, {Name: "systemd-timesyncd", Enabled: ptr(false)}},
		Servers:  []string{"10.0.0.1", "2.debian.pool.ntp.org", "dhcp", "ntp.time.in.ua"},
		Timezone: "Europe/Kyiv",
	}
	if diff := cmp.Diff(want, doc.Time); diff != "" {
		t.Errorf("time (-want +got):\n%s", diff)
	}
}

const upgradingHost = `
-- usr/bin/unattended-upgrade 0755 --
-- etc/apt/apt.conf.d/20auto-upgrades --
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
-- etc/apt/apt.conf.d/50unattended-upgrades --
Unattended-Upgrade::Origins-Pattern {
        "origin=Debian,codename=${distro_codename}-security,label=Debian-Security";
};
-- usr/lib/systemd/system/apt-daily.timer --
[Install]
WantedBy=timers.target
-- usr/lib/systemd/system/apt-daily-upgrade.timer --
[Install]
WantedBy=timers.target
-- etc/systemd/system/timers.target.wants/apt-daily.timer -> /usr/lib/systemd/system/apt-daily.timer --
-- etc/systemd/system/timers.target.wants/apt-daily-upgrade.timer -> /usr/lib/systemd/system/apt-daily-upgrade.timer --
-- etc/apt/sources.list.d/debian.sources --
Types: deb
URIs: https://deb.debian.org/debian-security
Suites: bookworm-security
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
-- var/lib/dpkg/status mtime=2026-02-19T12:00:00Z --
Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.0.11-1

Package: held
Status: hold ok installed
Architecture: amd64
Version: 1

Package: broken
Status: install ok half-installed
Architecture: amd64
Version: 1
-- var/lib/apt/lists/deb.debian.org_debian-security_dists_bookworm-security_main_binary-amd64_Packages --
Package: openssl
Architecture: amd64
Version: 3.0.11-1~deb12u2

Package: openssl
Architecture: amd64
Version: 3.0.13-1

Package: held
Architecture: amd64
Version: 2
`

func TestUpdates(t *testing.T) {
	env := testEnv(t, upgradingHost, false)
	doc := &facts.Document{}
	for _, f := range All() {
		if f.Name == "packages" || f.Name == "updates" {
			f.Collect(t.Context(), env, doc)
		}
	}
	u := doc.Updates
	if u.Automatic == nil || !*u.Automatic || u.Pending == nil || *u.Pending != 1 || *u.PendingSecurity != 1 || *u.RebootOnUpdate {
		t.Errorf("updates = %+v", u)
	}
	if u.LastUpgradeAgeDays == nil || *u.LastUpgradeAgeDays != 10 {
		t.Errorf("last upgrade = %v", u.LastUpgradeAt)
	}
	p := doc.Packages
	if len(p.Installed) != 2 || !p.Installed[0].Hold || len(p.Broken) != 1 || len(p.Sources) != 1 || !p.Sources[0].Security || !p.Sources[0].TLS {
		t.Errorf("packages = %+v", p)
	}
	off := testEnv(t, upgradingHost+"-- etc/systemd/system/apt-daily-upgrade.timer -> /dev/null --\n", false)
	doc, _ = collect(t, off, "updates")
	if *doc.Updates.Automatic {
		t.Error("a masked timer upgrades")
	}
}

func TestRepositories(t *testing.T) {
	env := testEnv(t, `
-- var/lib/dpkg/status --
-- etc/apt/sources.list --
deb [trusted=yes arch=amd64] http://user:pass@repo.example/x ./
deb http://security.debian.org/debian-security bookworm-security main # all
# deb http://off.example x
deb-src http://deb.debian.org/debian bookworm main
-- etc/apt/sources.list.d/a.list.save --
deb http://no.example x
`, false)
	doc, _ := collect(t, env, "packages")
	want := []facts.Repository{
		{File: "/etc/apt/sources.list", URI: "http://repo.example/x", Suite: "./", Enabled: true, Trusted: true},
		{File: "/etc/apt/sources.list", URI: "http://security.debian.org/debian-security", Suite: "bookworm-security", Enabled: true, Security: true},
	}
	if diff := cmp.Diff(want, doc.Packages.Sources); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

func TestLogging(t *testing.T) {
	env := testEnv(t, `
-- etc/debian_version --
12
-- etc/systemd/journald.conf --
[Journal]
#Storage=auto
Storage=volatile
Compress=yes
-- etc/systemd/journald.conf.d/10.conf --
[Journal]
Storage=persistent
-- usr/sbin/rsyslogd 0755 --
-- etc/rsyslog.conf --
module(load="imuxsock") # local
$FileCreateMode 0640
$IncludeConfig /etc/rsyslog.d/*.conf
auth,authpriv.*   /var/log/auth.log
*.*  @@(o)logs.example.org:6514
*.emerg :omusrmsg:*
#*.* @commented.example
-- etc/rsyslog.d/60.conf --
*.info action(type="omfwd"
    target="192.0.2.7" port="514" protocol="udp")
input(type="imudp" port="514")
kern.* @127.0.0.1
-- var/log/syslog mtime=2026-02-28T00:00:00Z --
-- var/log/syslog.1 mtime=2026-02-01T00:00:00Z --
`, false)
	doc, _ := collect(t, env, "logging")
	l := doc.Logging
	if l.Journal == nil || !*l.Journal.Persistent || !*l.Journal.ForwardSyslog || l.Journal.Settings["Compress"] != "yes" {
		t.Errorf("journal = %+v", l.Journal)
	}
	want := []string{"192.0.2.7:514", "logs.example.org:6514"}
	if diff := cmp.Diff(want, l.Syslog.Remote); diff != "" {
		t.Errorf("remote (-want +got):\n%s", diff)
	}
	if l.Syslog.FileMode != "0640" || !*l.Syslog.Receives || l.OldestAt == nil || l.OldestAt.Day() != 1 || l.NewestAt.Day() != 28 {
		t.Errorf("logging = %+v %+v", l, l.Syslog)
	}
}

func TestAuditFiles(t *testing.T) {
	env := testEnv(t, `
-- sbin/auditd 0755 --
-- etc/audit/auditd.conf --
log_file = /var/log/audit/audit.log
max_log_file_action = keep_logs
-- etc/audit/rules.d/10.rules --
# comment
-D
-w /etc/passwd -p wa -k identity
-- etc/audit/audit.rules --
-w /old
`, false)
	doc, status := collect(t, env, "audit")
	a := doc.Audit
	if status.State != facts.StateOK || !*a.Installed || a.Settings["max_log_file_action"] != "keep_logs" || a.Enabled != nil {
		t.Errorf("%+v %+v", status, a)
	}
	if diff := cmp.Diff([]string{"-D", "-w /etc/passwd -p wa -k identity"}, a.RulesConfigured); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}
