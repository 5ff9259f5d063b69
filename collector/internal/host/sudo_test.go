package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

const sudoHost = `
-- usr/bin/sudo 4755 --
-- etc/hostname --
srv.example.org
-- etc/sudoers 0440 --
Defaults	env_reset, !lecture
Defaults	secure_path="/usr/local/sbin:/usr/bin, x"
Defaults:OPS,eva !authenticate
Defaults!/usr/bin/less noexec
Defaults@LAN log_output
Defaults env_keep += "HOME LANG"
User_Alias OPS = ivan, %ops, !old : NEST = OPS, "odd name"
Cmnd_Alias SHELLS = /bin/sh, \
    /bin/bash
Cmnd_Alias SAFE = ALL, !SHELLS
Host_Alias LAN = 10.0.0.0/8, fe80::1
Runas_Alias DB = postgres, mysql
root	ALL=(ALL:ALL) ALL
%sudo ALL=(ALL) NOPASSWD: ALL   # everything
#1000 ALL = /bin/ls, (DB) NOPASSWD: SETENV: /bin/cat, PASSWD: /bin/a\,b --x\=1, CWD=/tmp /bin/pwd
NEST LAN = SAFE : web = (root) sudoedit /etc/motd
eva ALL=(ALL) /usr/bin/id
ivan ALL=/usr/bin/apt update, sha256:ab+c== /bin/x
this is wrong
@includedir /etc/sudoers.d
@include /etc/sudoers.%h
-- etc/sudoers.srv --
late ALL = (:adm) LATER
Cmnd_Alias LATER = /bin/late
-- etc/sudoers.d/10-first --
%#27 ALL=(ALL) ALL
-- etc/sudoers.d/backup~ --
bad1 ALL=ALL
-- etc/sudoers.d/x.conf --
bad2 ALL=ALL
-- etc/sudoers.d/20-open 0666 --
bad3 ALL=ALL
-- etc/sudoers.d/30-loop --
#include /etc/sudoers.d/30-loop
-- etc/doas.conf --
# doas
permit nopass  :wheel
`

func TestSudo(t *testing.T) {
	doc, st := collect(t, testEnv(t, sudoHost, false), "sudo")
	if st.State != facts.StateOK {
		t.Errorf("status = %+v", st)
	}
	s := doc.Sudo
	const f = "/etc/sudoers"
	wantDefaults := []facts.SudoDefault{
		{Name: "env_reset", File: f},
		{Name: "lecture", Negated: true, File: f},
		{Name: "secure_path", Value: "/usr/local/sbin:/usr/bin, x", File: f},
		{Scope: ":OPS,eva", Name: "authenticate", Negated: true, File: f},
		{Scope: "!/usr/bin/less", Name: "noexec", File: f},
		{Scope: "@LAN", Name: "log_output", File: f},
		{Name: "env_keep", Value: `+="HOME LANG"`, File: f},
	}
	if diff := cmp.Diff(wantDefaults, s.Defaults); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	all := []string{"ALL"}
	want := []facts.SudoRule{
		{Users: []string{"root"}, Hosts: all, RunAs: []string{"ALL", ":ALL"}, Commands: all, File: f, Line: 13},
		{Users: []string{"%sudo"}, Hosts: all, RunAs: all, Tags: []string{"NOPASSWD"}, NoPasswd: true, Commands: all, File: f, Line: 14},
		{Users: []string{"#1000"}, Hosts: all, Commands: []string{"/bin/ls"}, File: f, Line: 15},
		{
			Users: []string{"#1000"}, Hosts: all, RunAs: []string{"postgres", "mysql"}, Tags: []string{"NOPASSWD", "SETENV"}, NoPasswd: true,
			Commands: []string{"/bin/cat"}, File: f, Line: 15,
		},
		{
			Users: []string{"#1000"}, Hosts: all, RunAs: []string{"postgres", "mysql"}, Tags: []string{"SETENV", "PASSWD"},
			Commands: []string{"/bin/a,b --x=1", "/bin/pwd"}, File: f, Line: 15,
		},
		{
			Users: []string{"ivan", "%ops", "!old", "odd name"}, Hosts: []string{"10.0.0.0/8", "fe80::1"}, NoPasswd: true,
			Commands: []string{"ALL", "!/bin/sh", "!/bin/bash"}, File: f, Line: 16,
		},
		{
			Users: []string{"ivan", "%ops", "!old", "odd name"}, Hosts: []string{"web"}, RunAs: []string{"root"}, NoPasswd: true,
			Commands: []string{"sudoedit /etc/motd"}, File: f, Line: 16,
		},
		{Users: []string{"eva"}, Hosts: all, RunAs: all, NoPasswd: true, Commands: []string{"/usr/bin/id"}, File: f, Line: 17},
		{Users: []string{"ivan"}, Hosts: all, NoPasswd: true, Commands: []string{"/usr/bin/apt update", "/bin/x"}, File: f, Line: 18},
		{Users: []string{"%#27"}, Hosts: all, RunAs: all, Commands: all, File: "/etc/sudoers.d/10-first", Line: 1},
		{Users: []string{"late"}, Hosts: all, RunAs: []string{":adm"}, Commands: []string{"/bin/late"}, File: "/etc/sudoers.srv", Line: 1},
	}
	if diff := cmp.Diff(want, s.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	wantErrs := []string{
		"/etc/sudoers:19: not a user specification",
		"/etc/sudoers.d/20-open:0: refused by sudo: owner 0, mode 0666",
		"/etc/sudoers.d/30-loop:0: too many includes",
	}
	if diff := cmp.Diff(wantErrs, s.Errors); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"permit nopass :wheel"}, s.Doas); diff != "" {
		t.Errorf("doas (-want +got):\n%s", diff)
	}
}

func TestSudoNotInstalled(t *testing.T) {
	doc, st := collect(t, testEnv(t, "-- etc/passwd --\n", false), "sudo")
	if st.State != facts.StateOK || doc.Sudo == nil || doc.Sudo.Installed || doc.Sudo.Doas != nil {
		t.Errorf("status %+v, sudo %+v", st, doc.Sudo)
	}
}

func FuzzParseSudoers(f *testing.F) {
	f.Add([]byte("Defaults:A,B !x, y=\"z,\\\"\"\nUser_Alias A = B : B = !A\nA ALL=(x:y) NOPASSWD: a, b : c = d\n#include x\n\\\n"))
	f.Add([]byte("Defaults"))
	env, err := Open(Options{Root: f.TempDir()})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { env.Close() })
	f.Fuzz(func(_ *testing.T, b []byte) {
		s := newSudoers(env, "h", &reading{})
		s.parse(b, "/etc/sudoers", maxSudoDepth)
		for _, r := range s.rules {
			s.resolve("user", r.Users)
			s.resolve("cmnd", r.Commands)
			s.resolve("runas", r.RunAs)
		}
	})
}
