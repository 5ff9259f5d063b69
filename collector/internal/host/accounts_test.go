package host

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	rsaKey = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC9r8uIRrVX528NQPTsdW5EO06yvDziWm1d0jy7IFGDg6xcXf23HzMfzIzyQaV8vdpZOzP4k7WNCdGA+2HOErBIVy7B52Uj7i95GCFookS9sTd5y5q16jZwuJbyMKZu0SKvfTpvGb8kmSoctvOlKBPNUp4Sehr9SaSAEL4FYLncRQ== old key"
	edKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILmRcXFgX/JdRAKhqr5I1OXK9IanwLuPQCEWpC3e6fHA admin@x"
)

const accountsHost = `
-- etc/passwd --
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
toor:x:0:0:::
eva:x:1000:1000:Eva:/home/eva:/bin/bash
old::1001:1001::/home/old:/bin/sh
lost:x:1002:1000::/home/lost:/bin/false
broken line
+::::::
-- etc/shadow 0640 --
root:$y$j9T$abc$def:20500:0:99999:7:::
daemon:*:20000::::::
toor:!$6$salt$hash:0:1:60:7:30:20600:
eva:$1$salt$hash:20513:0:90:7:::
-- etc/group --
root:x:0:
daemon:x:1:
sudo:x:27:eva, old
eva:x:1000:
dup:x:27:
-- etc/login.defs --
# comment
PASS_MAX_DAYS	99999
UID_MIN			 1000
PASS_MAX_DAYS 365
ENV_SUPATH	PATH=/usr/sbin:/opt/open:relative:/missing
-- etc/default/useradd --
INACTIVE=30
-- etc/shells --
# shells
/bin/sh
/bin/bash
-- etc/nsswitch.conf --
passwd: files systemd
-- opt/open/ 0777 --
-- home/eva/ 0755 1000:1000 --
-- home/eva/.ssh/authorized_keys 0600 1000:1000 --
# a comment
` + edKey + `
from="10.0.0.0/8",command="echo \"hi there\"" ` + rsaKey + `
ssh-rsa notbase64 x
-- home/eva/.netrc 0600 1000:1000 --
-- home/eva/.bashrc 0666 1000:1000 --
-- home/eva/.profile 0644 1000:1000 --
-- root/ 0700 --
-- var/log/lastlog size=292584 --
`

func TestAccounts(t *testing.T) {
	doc, st := collect(t, testEnv(t, accountsHost, false), "accounts")
	if st.State != facts.StateOK {
		t.Errorf("status = %+v", st)
	}
	a := doc.Accounts
	byName := map[string]facts.User{}
	for _, u := range a.Users {
		byName[u.Name] = u
	}
	if len(byName) != 6 || !a.ShadowRead || a.NIS == nil || !*a.NIS || *a.UseraddInactiveDays != 30 {
		t.Errorf("accounts = %+v", a)
	}
	wantPasswords := map[string]*facts.Password{
		"root":   {State: "set", Algorithm: "yescrypt", LastChangeDays: ptr(20500), AgeDays: ptr(13), MinDays: ptr(0), MaxDays: ptr(99999), WarnDays: ptr(7)},
		"daemon": {State: "locked", LastChangeDays: ptr(20000), AgeDays: ptr(513)},
		"toor": {
			State: "locked", Algorithm: "sha512", LastChangeDays: ptr(0), MinDays: ptr(1), MaxDays: ptr(60), WarnDays: ptr(7),
			InactiveDays: ptr(30), ExpireDays: ptr(20600),
		},
		"eva":  {State: "set", Algorithm: "md5", WeakTested: true, LastChangeDays: ptr(20513), AgeDays: ptr(0), MinDays: ptr(0), MaxDays: ptr(90), WarnDays: ptr(7)},
		"old":  {State: "empty"},
		"lost": {State: "none"},
	}
	for name, want := range wantPasswords {
		if diff := cmp.Diff(want, byName[name].Password); diff != "" {
			t.Errorf("password of %s (-want +got):\n%s", name, diff)
		}
	}
	eva := byName["eva"]
	if !eva.CanLogin || eva.System || !byName["toor"].CanLogin || byName["daemon"].CanLogin || byName["lost"].CanLogin || !byName["daemon"].System {
		t.Error("can_login or system is wrong")
	}
	if diff := cmp.Diff([]string{"eva", "sudo"}, eva.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	wantKeys := []facts.AuthorizedKey{
		{File: "/home/eva/.ssh/authorized_keys", Type: "ssh-ed25519", Bits: 256, Fingerprint: "SHA256:uNhs24bdhd5DcFG1rImEFzOWKCH3vTmW6aDxU49ZX3Y", Comment: "admin@x"},
		{
			File: "/home/eva/.ssh/authorized_keys", Type: "ssh-rsa", Bits: 1024, Fingerprint: "SHA256:BA+PCbWz7bTrxjx9Uv2OvKbDsnLBRR6lLRUewrk6yNk",
			Options: `from="10.0.0.0/8",command="echo \"hi there\""`, Comment: "old key",
		},
	}
	if diff := cmp.Diff(wantKeys, eva.AuthorizedKeys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	var dots []string
	for _, f := range eva.DotFiles {
		dots = append(dots, f.Path)
	}
	if diff := cmp.Diff([]string{"/home/eva/.bashrc", "/home/eva/.netrc"}, dots); diff != "" {
		t.Errorf("dot files (-want +got):\n%s", diff)
	}
	if k := byName["root"].AuthorizedKeys; k == nil || len(k) != 0 {
		t.Errorf("root's keys = %#v, want an empty list: measured, none", k)
	}
	wantDup := []facts.Duplicate{
		{Kind: "gid", Value: "27", Names: []string{"sudo", "dup"}},
		{Kind: "uid", Value: "0", Names: []string{"root", "toor"}},
	}
	if diff := cmp.Diff(wantDup, a.Duplicates); diff != "" {
		t.Errorf("duplicates (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/opt/open", "relative"}, a.RootPathUnsafe); diff != "" {
		t.Errorf("unsafe path (-want +got):\n%s", diff)
	}
	if a.LoginDefs["PASS_MAX_DAYS"] != "365" || eva.LastLogin != nil {
		t.Errorf("login.defs %v, last login %v", a.LoginDefs, eva.LastLogin)
	}
}

func TestAccountsWithoutPasswd(t *testing.T) {
	doc, st := collect(t, testEnv(t, "-- etc/group --\n", false), "accounts")
	if st.State != facts.StateUnmeasured || doc.Accounts != nil {
		t.Errorf("status %+v, accounts %+v", st, doc.Accounts)
	}
}

func TestHashAlgorithm(t *testing.T) {
	for hash, want := range map[string]string{
		"$y$j9T$x": "yescrypt", "$2b$05$x": "bcrypt", "$5$r": "sha256", "abJnggxhB/yWI": "des", "_J9..rasmBYk8r9AiWNc": "bsdi",
		"": "", "x": "", "$1$": "md5",
	} {
		if got := hashAlgorithm(hash); got != want {
			t.Errorf("hashAlgorithm(%q) = %q, want %q", hash, got, want)
		}
	}
}

func TestParseWtmp(t *testing.T) {
	rec := func(kind uint16, name string, at time.Time) []byte {
		b := make([]byte, 384)
		binary.NativeEndian.PutUint16(b, kind)
		copy(b[44:], name)
		binary.NativeEndian.PutUint32(b[340:], uint32(at.Unix()))
		return b
	}
	day := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	b := append(rec(7, "eva", day), rec(7, "eva", day.Add(time.Hour))...)
	b = append(b, rec(8, "eva", day.Add(2*time.Hour))...)
	b = append(b, "cut"...)
	if diff := cmp.Diff(map[string]int64{"eva": day.Add(time.Hour).Unix()}, parseWtmp(b)); diff != "" {
		t.Errorf("wtmp (-want +got):\n%s", diff)
	}
}

func FuzzParseShadow(f *testing.F) {
	f.Add([]byte("root:$y$j9T$abc$def:20500:0:99999:7:::\na:\n::\nb:!:-1:999999999999999999999\n"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		shadow := parseColons(b)
		for _, line := range shadow {
			passwordState("x", line, 20513)
		}
		parsePasswd(b)
		parseGroup(b)
		parseLoginDefs(b)
		parseWtmp(b)
	})
}

func FuzzParseAuthorizedKeys(f *testing.F) {
	f.Add([]byte(edKey + "\nfrom=\"a b\" " + rsaKey))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, k := range parseAuthorizedKeys(b) {
			if !strings.HasPrefix(k.Fingerprint, "SHA256:") {
				t.Errorf("a key without a fingerprint: %+v", k)
			}
		}
	})
}
