package sshdconf

import (
	"io/fs"
	"path"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
)

// tree is a file system of texts.
type tree map[string]string

func (t tree) files() Files {
	return Files{
		Read: func(name string) ([]byte, error) {
			s, ok := t[name]
			if !ok {
				return nil, fs.ErrNotExist
			}
			return []byte(s), nil
		},
		Glob: func(pattern string) []string {
			var out []string
			for name := range t {
				if ok, _ := path.Match(pattern, name); ok {
					out = append(out, name)
				}
			}
			slices.Sort(out)
			return out
		},
	}
}

func parse(t testing.TB, files tree, v Version, args ...string) *facts.SSHDConfig {
	t.Helper()
	cfg, err := Parse(Options{Files: files.files(), Version: v, Distro: "debian", Args: args})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestParseSettings(t *testing.T) {
	const main = "/etc/ssh/sshd_config"
	tests := []struct {
		name  string
		files tree
		args  []string
		v     Version
		want  map[string][]string
		errs  int
	}{
		{name: "defaults", files: tree{main: ""}, want: map[string][]string{
			"permitrootlogin": {"prohibit-password"}, "passwordauthentication": {"yes"}, "kbdinteractiveauthentication": {"yes"},
			"usepam": {"no"}, "x11forwarding": {"no"}, "allowusers": {}, "port": {"22"}, "listenaddress": {"0.0.0.0:22", "[::]:22"},
			"maxstartups": {"10:30:100"}, "hostkey": {"/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key", "/etc/ssh/ssh_host_ed25519_key"},
		}},
		{name: "case_and_equals", files: tree{main: "PERMITROOTLOGIN=No\npasswordAuthentication =  \"no\"\n\tMaxAuthTries\t4\r\n"}, want: map[string][]string{
			"permitrootlogin": {"no"}, "passwordauthentication": {"no"}, "maxauthtries": {"4"},
		}},
		{name: "first_wins", files: tree{main: "PermitRootLogin yes\nPermitRootLogin no\n"}, want: map[string][]string{"permitrootlogin": {"yes"}}},
		{name: "include_first", files: tree{
			main:                              "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\n",
			"/etc/ssh/sshd_config.d/b.conf":   "PermitRootLogin no\n",
			"/etc/ssh/sshd_config.d/a.conf":   "PermitRootLogin yes\n",
			"/etc/ssh/sshd_config.d/0.notinc": "PermitRootLogin forced-commands-only\n",
		}, want: map[string][]string{"permitrootlogin": {"yes"}}},
		{name: "include_last", files: tree{
			main:                            "PermitRootLogin no\nInclude sshd_config.d/*.conf\n",
			"/etc/ssh/sshd_config.d/a.conf": "PermitRootLogin yes\n",
		}, want: map[string][]string{"permitrootlogin": {"no"}}},
		{name: "include_match_does_not_leak", files: tree{
			main:                            "Include sshd_config.d/*.conf\nPermitRootLogin no\n",
			"/etc/ssh/sshd_config.d/a.conf": "Match User bob\nX11Forwarding yes\n",
		}, want: map[string][]string{"permitrootlogin": {"no"}, "x11forwarding": {"no"}}},
		{name: "match_all_overrides", files: tree{main: "PermitRootLogin no\nMatch all\nPermitRootLogin yes\n"}, want: map[string][]string{"permitrootlogin": {"yes"}}},
		{name: "match_user_root", files: tree{main: "PermitRootLogin yes\nMatch User root\nPermitRootLogin no\n"}, want: map[string][]string{"permitrootlogin": {"no"}}},
		{name: "match_other_user", files: tree{main: "PermitRootLogin no\nMatch User bob\nPermitRootLogin yes\n"}, want: map[string][]string{"permitrootlogin": {"no"}}},
		{name: "aliases", files: tree{main: "ChallengeResponseAuthentication no\nKbdInteractiveAuthentication yes\nPubkeyAcceptedKeyTypes ssh-ed25519\nPermitRootLogin without-password\n"}, want: map[string][]string{
			"kbdinteractiveauthentication": {"no"}, "pubkeyacceptedalgorithms": {"ssh-ed25519"}, "permitrootlogin": {"prohibit-password"},
		}},
		{name: "trailing_comment", files: tree{main: "PermitRootLogin no # never\n"}, want: map[string][]string{"permitrootlogin": {"no"}}},
		{name: "trailing_comment_old", v: 804, files: tree{main: "PermitRootLogin no # never\n"}, want: map[string][]string{"permitrootlogin": {"no"}}},
		{name: "comment_glued", files: tree{main: "PermitRootLogin no#never\n"}, errs: 1, want: map[string][]string{"permitrootlogin": {"prohibit-password"}}},
		{name: "comment_in_list", files: tree{main: "AllowUsers eva adam # the gardeners\nAllowUsers \"snake\"\n"}, want: map[string][]string{"allowusers": {"eva", "adam", "snake"}}},
		{name: "spans", files: tree{main: "LoginGraceTime 1m30s\nClientAliveInterval 5m\nRekeyLimit 1G 1h\nMaxStartups 5\n"}, want: map[string][]string{
			"logingracetime": {"90"}, "clientaliveinterval": {"300"}, "rekeylimit": {"1073741824", "3600"}, "maxstartups": {"5:30:5"},
		}},
		{name: "command_line_wins", args: []string{"-D", "-o", "PermitRootLogin=yes", "-oMaxAuthTries 2", "-p", "2222", "-4"}, files: tree{main: "PermitRootLogin no\nPort 22\n"}, want: map[string][]string{
			"permitrootlogin": {"yes"}, "maxauthtries": {"2"}, "port": {"2222"}, "listenaddress": {"0.0.0.0:2222"},
		}},
		{name: "other_file", args: []string{"-Df/etc/other"}, files: tree{main: "PermitRootLogin no\n", "/etc/other": "PermitRootLogin yes\n"}, want: map[string][]string{"permitrootlogin": {"yes"}}},
		{name: "algorithms", files: tree{main: "MACs -*sha1*,umac-64*\nKexAlgorithms ^diffie-hellman-group14-sha256\nCiphers aes256-ctr,aes128-cbc\n"}, v: 902, want: map[string][]string{
			"ciphers": {"aes256-ctr", "aes128-cbc"},
			"macs":    {"umac-128-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "umac-128@openssh.com", "hmac-sha2-256", "hmac-sha2-512"},
		}},
		{name: "unknown_and_ignored", files: tree{main: "Protocol 2\nUsePrivilegeSeparation sandbox\nNoSuchThing yes\n"}, errs: 1, want: map[string][]string{"permitrootlogin": {"prohibit-password"}}},
		{name: "match_forbids_port", files: tree{main: "Match User bob\nPort 99\n"}, errs: 1, want: map[string][]string{"port": {"22"}}},
		{name: "listen", files: tree{main: "ListenAddress 127.0.0.1\nPort 2022\nPort 2023\nListenAddress [::1]:99\nListenAddress ::1\n"}, want: map[string][]string{
			"listenaddress": {"127.0.0.1:2022", "127.0.0.1:2023", "[::1]:99", "[::1]:2022", "[::1]:2023"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := parse(t, tt.files, tt.v, tt.args...)
			for name, want := range tt.want {
				if diff := cmp.Diff(want, cfg.Settings[name]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			if len(cfg.Errors) != tt.errs {
				t.Errorf("errors = %q, want %d", cfg.Errors, tt.errs)
			}
		})
	}
}

func TestParseMatches(t *testing.T) {
	cfg := parse(t, tree{
		"/etc/ssh/sshd_config": `
PermitRootLogin no
Match Address 10.0.0.0/8,!10.1.0.0/16 User *
	PermitRootLogin yes   # from the office
	PasswordAuthentication yes
	Include /etc/ssh/inner
	X11Forwarding yes
Match User !root
	PasswordAuthentication yes
Match Group "sftp users"
	ForceCommand internal-sftp -u 0077
Match all
	X11Forwarding no
Match Host late
	X11Forwarding yes
	AllowTcpForwarding no
`,
		"/etc/ssh/inner": "AllowAgentForwarding no\nMatch User eva\nBanner /etc/x\n",
	}, 0)
	want := []facts.SSHDMatch{
		{Criteria: "address 10.0.0.0/8,!10.1.0.0/16 user *", Source: "/etc/ssh/sshd_config:3", Settings: map[string][]string{
			"permitrootlogin": {"yes"}, "passwordauthentication": {"yes"}, "allowagentforwarding": {"no"}, "x11forwarding": {"yes"}}},
		{Criteria: "address 10.0.0.0/8,!10.1.0.0/16 user * user eva", Source: "/etc/ssh/inner:2", Settings: map[string][]string{"banner": {"/etc/x"}}},
		{Criteria: "group sftp users", Source: "/etc/ssh/sshd_config:10", Settings: map[string][]string{"forcecommand": {"internal-sftp -u 0077"}}},
		{Criteria: "host late", Source: "/etc/ssh/sshd_config:14", Settings: map[string][]string{"allowtcpforwarding": {"no"}}},
	}
	if diff := cmp.Diff(want, cfg.Matches); diff != "" {
		t.Errorf("matches (-want +got):\n%s", diff)
	}
	if got := cfg.Sources["permitrootlogin"]; got != "/etc/ssh/sshd_config:2" {
		t.Errorf("source = %q", got)
	}
}

func TestIncludeLoopEnds(t *testing.T) {
	cfg := parse(t, tree{"/etc/ssh/sshd_config": "Include /etc/ssh/sshd_config\nInclude /etc/ssh/sshd_config\nPermitRootLogin no\n"}, 0)
	if len(cfg.Errors) == 0 || len(cfg.Errors) > maxErrors {
		t.Errorf("%d errors", len(cfg.Errors))
	}
}

func TestParseVersion(t *testing.T) {
	for in, want := range map[string]Version{
		"1:9.2p1-2+deb12u3": 902, "OpenSSH_8.0p1": 800, "10.0p1-7": 1000, "9.9_p2-r0": 909, "": 0, "none": 0,
	} {
		if got := ParseVersion(in); got != want {
			t.Errorf("ParseVersion(%q) = %d, want %d", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("PermitRootLogin no\nMatch User a,!b Address 10.0.0.0/8\n\tInclude sub\nPort 22", "Ciphers +a,-b")
	f.Add("Include *\n\"", "Match all\n-o'x\\")
	f.Fuzz(func(t *testing.T, main, sub string) {
		files := tree{"/etc/ssh/sshd_config": main, "/etc/ssh/sub": sub}
		for _, v := range []Version{704, 0} {
			cfg, err := Parse(Options{Files: files.files(), Version: v, Args: []string{"-o", sub}})
			if err == nil && len(cfg.Settings["port"]) == 0 {
				t.Error("no port")
			}
		}
	})
}
