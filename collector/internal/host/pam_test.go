package host

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

const pamHost = `
-- etc/pam.d/sshd --
# PAM for sshd
@include common-auth
account    required     pam_nologin.so
-session   optional     pam_systemd.so
password include system
auth substack system
-- etc/pam.d/common-auth --
auth	[success=1   default=ignore]	pam_unix.so nullok
auth	requisite	\
   pam_deny.so
-- etc/pam.d/common-password --
password requisite /lib/security/pam_pwquality.so retry=3 minlen=10
password [success=1 default=ignore] pam_unix.so obscure use_authtok yescrypt
password required pam_pwhistory.so remember=5 [text=a \] b]
-- etc/pam.d/login --
auth required pam_faillock.so preauth deny=5
nonsense required x.so
auth required
-- etc/pam.d/loop --
auth include loop
-- etc/pam.d/old.dpkg-old --
auth required pam_permit.so
-- usr/lib/pam.d/system --
auth required pam_env.so
password required pam_cracklib.so
-- usr/lib/pam.d/sshd --
auth required pam_shadowed.so
-- etc/security/pwquality.conf.d/50.conf --
minlen = 8
minclass=3
-- etc/security/pwquality.conf --
# minlen = 1
minlen = 14
enforce_for_root
-- etc/security/faillock.conf --
deny = 3
unlock_time = 900
-- etc/security/limits.conf --
# comment
* hard core 0
broken
-- etc/security/limits.d/a.conf --
@ops - nofile 100 # many
`

func TestPAM(t *testing.T) {
	doc, st := collect(t, testEnv(t, pamHost, false), "pam")
	if st.State != facts.StatePartial || len(st.Unread) != 1 || st.Unread[0].What != "pam.d/loop" {
		t.Errorf("status = %+v", st)
	}
	p := doc.PAM
	sshd := []facts.PAMRule{
		{Type: "auth", Control: "[success=1 default=ignore]", Module: "pam_unix.so", Args: []string{"nullok"}, File: "/etc/pam.d/common-auth"},
		{Type: "auth", Control: "requisite", Module: "pam_deny.so", File: "/etc/pam.d/common-auth"},
		{Type: "account", Control: "required", Module: "pam_nologin.so", File: "/etc/pam.d/sshd"},
		{Type: "session", Control: "optional", Module: "pam_systemd.so", File: "/etc/pam.d/sshd"},
		{Type: "password", Control: "required", Module: "pam_cracklib.so", File: "/usr/lib/pam.d/system"},
		{Type: "auth", Control: "required", Module: "pam_env.so", File: "/usr/lib/pam.d/system", SubstackDepth: 1},
	}
	if diff := cmp.Diff(sshd, p.Services["sshd"]); diff != "" {
		t.Errorf("sshd (-want +got):\n%s", diff)
	}
	if got := p.Services["common-password"][2].Args; !cmp.Equal(got, []string{"remember=5", "text=a ] b"}) {
		t.Errorf("bracketed argument = %q", got)
	}
	if _, ok := p.Services["old.dpkg-old"]; ok {
		t.Error("a file that dpkg left behind was taken for a service")
	}
	if diff := cmp.Diff(map[string]string{"minlen": "10", "minclass": "3", "enforce_for_root": "", "retry": "3"}, p.PwQuality); diff != "" {
		t.Errorf("pwquality (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"deny": "5", "unlock_time": "900", "preauth": ""}, p.Faillock); diff != "" {
		t.Errorf("faillock (-want +got):\n%s", diff)
	}
	if p.PwHistory["remember"] != "5" {
		t.Errorf("pwhistory = %v", p.PwHistory)
	}
	wantLimits := []facts.Limit{
		{Domain: "*", Type: "hard", Item: "core", Value: "0", File: "/etc/security/limits.conf"},
		{Domain: "@ops", Type: "-", Item: "nofile", Value: "100", File: "/etc/security/limits.d/a.conf"},
	}
	if diff := cmp.Diff(wantLimits, p.Limits); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
}

func TestPAMNotThere(t *testing.T) {
	if _, st := collect(t, testEnv(t, "-- etc/passwd --\n", false), "pam"); st.State != facts.StateNotApplicable {
		t.Errorf("status = %+v", st)
	}
}

func FuzzParsePAM(f *testing.F) {
	f.Add([]byte("auth [a=b c=d] pam_unix.so [x \\] y]\n@include x\n-session optional \\\n pam_x.so\nauth ["))
	f.Fuzz(func(_ *testing.T, b []byte) {
		parsePAM(b, "f")
		parseLimits(b, "f")
	})
}
