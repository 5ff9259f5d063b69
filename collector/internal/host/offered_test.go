package host

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

func TestNFSExports(t *testing.T) {
	got := nfsExports([]byte("# nothing\n/srv  10.0.0.0/24(rw,root_squash) *.example(ro)\n\"/my files\" -sync host1 (rw,no_root_squash)\n/open\n/long \\\n  host2(ro)\n"))
	want := []facts.NFSExport{
		{Path: "/srv", Client: "10.0.0.0/24", Options: []string{"rw", "root_squash"}},
		{Path: "/srv", Client: "*.example", Options: []string{"ro"}},
		{Path: "/my files", Client: "host1", Options: []string{"sync"}},
		{Path: "/my files", Client: "*", Options: []string{"sync", "rw", "no_root_squash"}},
		{Path: "/open", Client: "*", Options: []string{}},
		{Path: "/long", Client: "host2", Options: []string{"ro"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSamba(t *testing.T) {
	env := testEnv(t, `
-- usr/sbin/smbd 0755 --
-- etc/samba/smb.conf --
[global]
   Server  Min  Protocol = NT1
; comment
[Data]
   guest ok = Yes
`, false)
	doc, _ := collect(t, env, "shares")
	s := doc.Shares.Samba
	if s == nil || s.Global["server min protocol"] != "NT1" || s.Shares["Data"]["guest ok"] != "Yes" {
		t.Errorf("samba = %+v", s)
	}
	if doc.Shares.NFS == nil || len(doc.Shares.NFS) != 0 {
		t.Errorf("no exports must be an empty list, got %#v", doc.Shares.NFS)
	}
}

func TestSNMPAccess(t *testing.T) {
	for _, tt := range []struct {
		name, text                          string
		v1v2, deflt, writable, loopbackOnly bool
	}{
		{"public", "rocommunity public default\n", true, true, false, false},
		{"own_community_local", "agentaddress udp:127.0.0.1:161,[::1]\nrocommunity s3cret 10.0.0.0/8\n", true, false, false, true},
		{"v3", "createUser a SHA x AES y\nrouser a priv\nagentAddress udp:161\n", false, false, false, false},
		{"com2sec", "com2sec notConfigUser default private\nrwcommunity x\n", true, true, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s facts.SNMP
			snmpAccess([]byte(tt.text), &s)
			if *s.V1V2 != tt.v1v2 || *s.DefaultCommunity != tt.deflt || *s.Writable != tt.writable || *s.LoopbackOnly != tt.loopbackOnly {
				t.Errorf("v1v2 %v default %v writable %v local %v", *s.V1V2, *s.DefaultCommunity, *s.Writable, *s.LoopbackOnly)
			}
		})
	}
}

func TestPostfix(t *testing.T) {
	for _, tt := range []struct {
		name, text     string
		loopback, open bool
		tls            string
	}{
		{"defaults", "", false, false, "none"},
		{"loopback_only", "inet_interfaces = all\ninet_interfaces = loopback-only\nsmtpd_tls_security_level=may\n", true, false, "may"},
		{"variable", "addr = 127.0.0.1\ninet_interfaces = $addr, [::1]\n", true, false, "none"},
		{"whole_internet", "mynetworks = 127.0.0.0/8,\n  0.0.0.0/0\nsmtpd_use_tls = yes\n", false, true, "may"},
		{"no_refusal", "smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = permit_mynetworks\n", false, true, "none"},
		{"refused_by_recipient_list", "smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination\n", false, false, "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m facts.Mail
			postfix([]byte(tt.text), &m)
			if *m.LoopbackOnly != tt.loopback || *m.OpenRelay != tt.open || m.TLS != tt.tls {
				t.Errorf("loopback %v open %v tls %q", *m.LoopbackOnly, *m.OpenRelay, m.TLS)
			}
		})
	}
}

func TestNoMailProgramIsANameThatIsEmpty(t *testing.T) {
	doc, _ := collect(t, testEnv(t, "-- etc/os-release --\n", false), "mail")
	if doc.Mail == nil || doc.Mail.Name != "" || doc.Mail.LoopbackOnly != nil {
		t.Errorf("mail = %+v", doc.Mail)
	}
}

func TestDatabases(t *testing.T) {
	env := testEnv(t, `
-- etc/postgresql/15/main/postgresql.conf --
#listen_addresses = 'localhost'
listen_addresses = '*'	# all of them
ssl = on
-- etc/postgresql/15/main/pg_hba.conf --
local all all peer
host all all 127.0.0.1/32 trust
host all all 10.0.0.0/8 trust
-- usr/sbin/mariadbd 0755 --
-- etc/mysql/my.cnf --
[client]
bind-address = 1.2.3.4
!includedir /etc/mysql/conf.d/
-- etc/mysql/conf.d/50-server.cnf --
[mysqld]
bind-address = 127.0.0.1 # local
-- etc/redis/redis.conf --
bind 0.0.0.0
protected-mode no
-- etc/mongod.conf --
net:
  bindIp: 127.0.0.1
security:
  authorization: enabled
-- etc/memcached.conf --
-m 64
-l 127.0.0.1
`, false)
	doc, status := collect(t, env, "databases")
	if status.State != facts.StateOK {
		t.Fatalf("%+v", status)
	}
	got := map[string][3]bool{}
	for _, s := range doc.Databases.Servers {
		got[s.Name] = [3]bool{*s.Exposed, *s.AuthRequired, s.TLS != nil && *s.TLS}
	}
	want := map[string][3]bool{
		"postgresql": {true, false, true}, "mariadb": {false, true, false}, "redis": {true, false, false},
		"mongodb": {false, true, false}, "memcached": {false, true, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exposed, asks, TLS (-want +got)\n%s", diff)
	}
}

func TestWebServers(t *testing.T) {
	env := testEnv(t, `
-- usr/sbin/nginx 0755 --
-- etc/nginx/nginx.conf --
user www-data;
http {
	ssl_protocols TLSv1 TLSv1.2; # old
	server_tokens "off";
	include /etc/nginx/sites-enabled/*;
}
-- etc/nginx/sites-enabled/default --
server { listen 80 default_server; listen [::]:80; location /x { autoindex on; } add_header X "a;b{"; }
-- usr/sbin/apache2 0755 --
-- etc/apache2/apache2.conf --
User www
ServerTokens Prod
IncludeOptional mods-enabled/*.conf
<Directory /srv>
  Options -Indexes +FollowSymLinks
</Directory>
Listen 443 https
-- etc/apache2/mods-enabled/ssl.conf --
SSLProtocol all -SSLv3 -TLSv1 -TLSv1.1
`, false)
	doc, _ := collect(t, env, "web_servers")
	if len(doc.WebServers.Servers) != 2 {
		t.Fatalf("servers = %+v", doc.WebServers.Servers)
	}
	n, a := doc.WebServers.Servers[0], doc.WebServers.Servers[1]
	if n.ServerTokens != "off" || !*n.Autoindex || !*n.PlainHTTPOnly || !slices.Equal(n.TLSProtocols, []string{"TLSv1", "TLSv1.2"}) || n.User != "www-data" {
		t.Errorf("nginx = %+v", n)
	}
	if a.ServerTokens != "Prod" || *a.Autoindex || *a.PlainHTTPOnly || !slices.Equal(a.TLSProtocols, []string{"TLSv1.2", "TLSv1.3"}) {
		t.Errorf("apache = %+v", a)
	}
}

// collectAll measures several families into one document, in order.
func collectAll(t *testing.T, env *Env, names ...string) *facts.Document {
	t.Helper()
	doc := &facts.Document{}
	for _, f := range All() {
		if slices.Contains(names, f.Name) {
			f.Collect(t.Context(), env, doc)
		}
	}
	return doc
}

func TestContainers(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	env := testEnv(t, `
-- usr/bin/dockerd 0755 --
-- etc/docker/daemon.json --
{"hosts": ["unix:///run/docker.sock", "tcp://0.0.0.0:2375"], "log-opts": {"max-size": "10m"}}
-- proc/stat --
btime 1767225600
-- proc/1/status --
Name:	systemd
PPid:	0
Uid:	0	0	0	0
CapBnd:	000001ffffffffff
-- proc/70/status --
Name:	app
PPid:	1
Uid:	0	0	0	0
CapBnd:	000001ffffffffff
-- proc/70/stat --
70 (app) S 1 70 70 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0
-- proc/70/cgroup --
0::/system.slice/docker-`+id+`.scope
-- proc/70/mountinfo --
1 2 0:1 /docker.sock /var/run/docker.sock rw - tmpfs tmpfs rw
-- var/lib/docker/containers/`+id+`/config.v2.json --
{"Name": "/web", "Config": {"Image": "nginx:1.25"}}
`, true)
	doc, _ := collect(t, env, "containers")
	e := doc.Containers.Engines
	if len(e) != 1 || !*e[0].TCPExposed || *e[0].TLSVerify || e[0].Settings["log-opts.max-size"] != "10m" {
		t.Errorf("engines = %+v", e)
	}
	c := doc.Containers.Running
	if len(c) != 1 || c[0].ID != id || c[0].Name != "web" || !*c[0].Privileged || !*c[0].EngineSocketMounted {
		t.Errorf("running = %+v", c)
	}
}

func TestEncryption(t *testing.T) {
	env := testEnv(t, `
-- etc/crypttab --
# name source key
data_crypt UUID=1 none luks
-- proc/self/mountinfo --
1 0 253:0 / / rw - ext4 /dev/dm-0 rw
2 1 8:1 / /boot rw - ext4 /dev/sda1 rw
-- proc/swaps --
Filename Type Size Used Priority
/dev/zram0 partition 1 0 1
/dev/sda3 partition 1 0 1
-- sys/class/block/dm-0/dm/uuid --
LVM-abc
-- sys/class/block/dm-0/slaves/dm-1/x --
-- sys/class/block/dm-1/dm/uuid --
CRYPT-LUKS2-abc
-- sys/class/block/sda1/ro --
0
-- sys/class/block/sda3/ro --
0
`, true)
	doc := collectAll(t, env, "mounts", "encryption")
	got := map[string]bool{}
	for _, v := range append(doc.Encryption.Volumes, doc.Encryption.Swap...) {
		if v.Encrypted != nil {
			got[v.Device] = *v.Encrypted
		}
	}
	want := map[string]bool{"/dev/dm-0": true, "/dev/sda1": false, "/dev/zram0": true, "/dev/sda3": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !slices.Equal(doc.Encryption.Crypttab, []string{"data_crypt"}) {
		t.Errorf("crypttab = %v", doc.Encryption.Crypttab)
	}
}

func TestContinuity(t *testing.T) {
	env := testEnv(t, `
-- usr/bin/restic 0755 --
-- usr/bin/borg 0755 --
-- etc/crontab --
17 3 * * * root restic -r sftp:backup@nas:/srv backup /etc
-- root/.cache/restic/abc/snapshots/ mtime=2025-12-30T02:00:00Z --
-- sys/class/power_supply/BAT0/type --
Battery
-- sys/class/power_supply/BAT0/capacity --
81
-- proc/mdstat --
Personalities : [raid1]
md0 : active raid1 sdb1[1] sda1[0]
      100 blocks [2/2] [UU]
md1 : active raid1 sda2[0]
      100 blocks [2/1] [U_]
`, true)
	doc := collectAll(t, env, "schedules", "continuity")
	c := doc.Continuity
	if len(c.Backups) != 2 || !*c.Backups[0].Scheduled || !*c.Backups[0].Remote || c.Backups[0].LastRun == nil || *c.Backups[1].Scheduled {
		t.Errorf("backups = %+v", c.Backups)
	}
	if len(c.Power) != 1 || c.Power[0].Type != "battery" || *c.Power[0].Percent != 81 {
		t.Errorf("power = %+v", c.Power)
	}
	if len(c.Raid) != 2 || c.Raid[0].Degraded || !c.Raid[1].Degraded || c.Raid[1].Level != "raid1" {
		t.Errorf("raid = %+v", c.Raid)
	}
}

func TestIntegrity(t *testing.T) {
	env := testEnv(t, `
-- etc/ld.so.preload --
# none
/usr/lib/evil.so
-- usr/bin/aide 0755 --
-- var/lib/aide/aide.db mtime=2025-12-01T00:00:00Z --
`, false)
	doc, _ := collect(t, env, "integrity")
	i := doc.Integrity
	if !slices.Equal(i.LdPreload, []string{"/usr/lib/evil.so"}) || len(i.FIM) != 1 || i.FIM[0].DatabaseAt == nil || i.AntiMalware == nil || i.Verified != nil {
		t.Errorf("integrity = %+v", i)
	}
	none, _ := collect(t, testEnv(t, "-- etc/os-release --\n", false), "integrity")
	if none.Integrity.LdPreload == nil || len(none.Integrity.LdPreload) != 0 {
		t.Errorf("an absent ld.so.preload is an empty list, got %#v", none.Integrity.LdPreload)
	}
}

func FuzzOfferedParsers(f *testing.F) {
	f.Add([]byte("/srv *(rw)\n"))
	f.Add([]byte("server { listen 80; \"a ${b} "))
	f.Add([]byte("inet_interfaces = $a\na = ${inet_interfaces}\n"))
	f.Add([]byte("SSLProtocol all -SSLv3\nmd0 : active raid1\n [U_]"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		nfsExports(b)
		sambaShares(b)
		snmpAccess(b, &facts.SNMP{})
		postfix(b, &facts.Mail{})
		eximDebian(b, &facts.Mail{})
		nginxParse(b, nil)
		mdstat(b)
		trustsNetwork(b)
		assignments(b, map[string]string{})
		apacheProtocols(fieldsQuoted(string(b)))
	})
}
