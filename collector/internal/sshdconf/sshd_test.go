package sshdconf

import (
	"crypto/ed25519"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
)

// variants are configurations that a real sshd and we must read alike. DIR stands for a directory of its own.
var variants = map[string]tree{
	"empty":              {"sshd_config": ""},
	"case":               {"sshd_config": "permitrootlogin YES\nPASSWORDAUTHENTICATION No\n"},
	"equals":             {"sshd_config": "PermitRootLogin=yes\nX11Forwarding =no\nMaxAuthTries = 3\n"},
	"quotes":             {"sshd_config": "PermitRootLogin \"no\"\nBanner '/etc/issue net'\nAllowUsers \"a b\" c\\\"d\n\"UseDNS\" yes\n"},
	"blanks":             {"sshd_config": "\n   \n\t PermitRootLogin \t no \t\r\n"},
	"comments":           {"sshd_config": "# PermitRootLogin yes\n #x\nPermitRootLogin no # x\nAllowUsers a # b\n"},
	"comment_glued":      {"sshd_config": "PermitRootLogin no#x\n"},
	"first_wins":         {"sshd_config": "PermitRootLogin no\nPermitRootLogin yes\nLogLevel verbose\nLogLevel debug\n"},
	"include_first":      {"sshd_config": "Include DIR/d/*.conf\nPermitRootLogin no\n", "d/10.conf": "PermitRootLogin yes\n", "d/02.conf": "MaxSessions 3\n", "d/9.conf": "MaxSessions 4\n"},
	"include_last":       {"sshd_config": "PermitRootLogin no\nInclude DIR/d/*\n", "d/a": "PermitRootLogin yes\nPermitTTY no\n"},
	"include_two":        {"sshd_config": "Include DIR/b DIR/a DIR/none*\n", "a": "PermitRootLogin yes\n", "b": "PermitRootLogin no\n"},
	"include_nested":     {"sshd_config": "Include DIR/a\n", "a": "Include DIR/b\nMaxAuthTries 2\n", "b": "MaxAuthTries 3\nMatch all\nUseDNS yes\n"},
	"include_in_match":   {"sshd_config": "Match User nobody\nInclude DIR/a\nMatch all\nInclude DIR/b\n", "a": "PermitRootLogin yes\nMatch all\nPermitTTY no\n", "b": "X11Forwarding yes\n"},
	"include_match_leak": {"sshd_config": "Include DIR/a\nPermitRootLogin no\nPort 99\n", "a": "Match User x\nPermitRootLogin yes\n"},
	"match_all":          {"sshd_config": "PermitRootLogin no\nMatch all\nPermitRootLogin yes\nPort 2222\nMaxStartups 5\n"},
	"match_inactive":     {"sshd_config": "Match User bob Address 10.0.0.0/8\nPermitRootLogin yes\nMatch host=x\nX11Forwarding yes\n"},
	"match_bad_keyword":  {"sshd_config": "Match User bob\nPort 99\n"},
	"match_bad_attr":     {"sshd_config": "Match Colour red\nPermitRootLogin yes\n"},
	"match_all_combined": {"sshd_config": "Match all User bob\nPermitRootLogin yes\n"},
	"accumulate":         {"sshd_config": "AllowUsers a b\nAllowUsers c\nDenyGroups x\nDenyGroups y\nAcceptEnv A\nAcceptEnv B C\nPort 22\nPort 222\n"},
	"lists_first":        {"sshd_config": "AuthorizedKeysFile a b\nAuthorizedKeysFile c\nSetEnv A=1 B=2\nSetEnv C=3\nPermitOpen a:1 b:2\nPermitOpen c:3\n"},
	"aliases":            {"sshd_config": "ChallengeResponseAuthentication no\nPubkeyAcceptedKeyTypes +ssh-rsa\nKeepAlive no\nHostbasedAcceptedKeyTypes ssh-ed25519\n"},
	"alias_first":        {"sshd_config": "KbdInteractiveAuthentication yes\nChallengeResponseAuthentication no\n"},
	"spans":              {"sshd_config": "LoginGraceTime 1m30\nClientAliveInterval 1h\nClientAliveCountMax 0\nRekeyLimit 512M 2h\nUnusedConnectionTimeout 2m\n"},
	"bad_span":           {"sshd_config": "LoginGraceTime soon\n"},
	"enums":              {"sshd_config": "Compression delayed\nAllowTcpForwarding all\nAllowStreamLocalForwarding local\nGatewayPorts clientspecified\nIgnoreRhosts shosts-only\nPermitRootLogin without-password\nAddressFamily INET\n"},
	"bad_enum":           {"sshd_config": "PermitRootLogin maybe\n"},
	"upper":              {"sshd_config": "LogLevel verbose\nSyslogFacility authpriv\nFingerprintHash md5\n"},
	"numbers":            {"sshd_config": "MaxAuthTries 3\nMaxSessions 0\nX11DisplayOffset 20\nRequiredRSASize 3072\nStreamLocalBindMask 0077\n"},
	"bad_number":         {"sshd_config": "MaxAuthTries three\n"},
	"startups":           {"sshd_config": "MaxStartups 3:50:20\nPerSourceMaxStartups 4\n"},
	"startups_one":       {"sshd_config": "MaxStartups 7\n"},
	"startups_bad":       {"sshd_config": "MaxStartups 9:50:3\n"},
	"algorithms":         {"sshd_config": "Ciphers +aes128-cbc\nMACs -*-etm@openssh.com,hmac-sha1*\nKexAlgorithms ^diffie-hellman-group14-sha256\nHostKeyAlgorithms ssh-ed25519,rsa-sha2-512\n"},
	"listen":             {"sshd_config": "ListenAddress 127.0.0.1\nPort 2022\nPort 2023\nListenAddress [::1]:99\n"},
	"extra":              {"sshd_config": "PermitRootLogin no yes\n"},
	"unknown":            {"sshd_config": "NoSuchKeyword yes\n"},
	"obsolete":           {"sshd_config": "Protocol 2\nUsePrivilegeSeparation yes\nRSAAuthentication yes\nKeyRegenerationInterval 1h\nServerKeyBits 768\n"},
	"rest_of_line":       {"sshd_config": "ForceCommand  echo \"a  b\" # not a comment\nVersionAddendum hello  there\nAuthorizedKeysCommand /bin/x %u  %h\nAuthorizedKeysCommandUser nobody\n"},
	"subsystem":          {"sshd_config": "Subsystem sftp internal-sftp -f AUTH  -l INFO\nSubsystem other /bin/other\n"},
	"methods":            {"sshd_config": "AuthenticationMethods publickey,password publickey,keyboard-interactive\nAuthenticationMethods password\n"},
	"methods_unknown":    {"sshd_config": "AuthenticationMethods publickey,magic\n"}, "level_unknown": {"sshd_config": "LogLevel loud\n"},
	"environment":      {"sshd_config": "PermitUserEnvironment LANG,LC_*\nPermitUserRC no\nDebianBanner no\n"},
	"missing_argument": {"sshd_config": "PermitRootLogin\n"},
	"open_quote":       {"sshd_config": "PermitRootLogin \"no\n"},
}

// notCompared are settings that "sshd -T" prints by rules of its own, of another system's state, or not at all.
var notCompared = []string{"debianbanner", "gssapikexalgorithms", "listenaddress", "rdomain", "hostcertificate",
	"logverbose", "pamservicename", "channeltimeout", "kerberosgetafstoken"}

// TestAgainstSSHD compares every setting of every variant with what the installed sshd computes.
func TestAgainstSSHD(t *testing.T) {
	program, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		t.Skip("needs openssh-server (/usr/sbin/sshd)")
	}
	banner, _ := exec.Command(program, "-V").CombinedOutput()
	version := ParseVersion(strings.TrimPrefix(string(banner), "OpenSSH_"))
	if version == 0 {
		t.Skipf("needs an sshd that knows -V (OpenSSH 9.2), says %q", banner)
	}
	if _, err := os.Stat("/run/sshd"); err != nil {
		if os.Mkdir("/run/sshd", 0o755) != nil {
			t.Skip("needs /run/sshd, or root to make it")
		}
		t.Cleanup(func() { os.Remove("/run/sshd") })
	}
	key := hostKey(t)
	for name, files := range variants {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for p, text := range files {
				full := filepath.Join(dir, p)
				if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(full, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			main := filepath.Join(dir, "sshd_config")
			out, runErr := exec.Command(program, "-T", "-f", main, "-h", key).Output()
			cfg, err := Parse(Options{
				Files:   Files{Read: os.ReadFile, Glob: func(p string) []string { m, _ := filepath.Glob(p); return m }},
				Args:    []string{"-T", "-f", main, "-h", key},
				Version: version,
				Distro:  distro(),
			})
			if err != nil {
				t.Fatal(err)
			}
			if refused := runErr != nil; refused != (len(cfg.Errors) > 0) {
				t.Fatalf("sshd refuses: %v, our errors: %q", refused, cfg.Errors)
			}
			if runErr == nil {
				compare(t, string(out), cfg.Settings)
			}
		})
	}
}

func compare(t *testing.T, out string, settings map[string][]string) {
	t.Helper()
	theirs := map[string][]string{}
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if slices.Contains(notCompared, key) {
			continue
		}
		if value == "without-password" {
			value = "prohibit-password"
		}
		theirs[key] = append(theirs[key], value)
	}
	for key, want := range theirs {
		got := settings[key]
		k := keywords[key]
		switch {
		case k.kind == algorithms:
			got = []string{strings.Join(got, ",")}
		case k.kind == listFirst && key != "setenv", key == "rekeylimit":
			got = []string{strings.Join(got, " ")}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-sshd +ours):\n%s", key, diff)
		}
	}
	for key, got := range settings {
		if _, ok := theirs[key]; !ok && len(got) > 0 && !slices.Contains(notCompared, key) {
			t.Logf("sshd -T does not print %s, we say %q", key, got)
		}
	}
}

func distro() string {
	b, _ := os.ReadFile("/etc/os-release")
	if strings.Contains(string(b), "debian") {
		return "debian"
	}
	return ""
}

func hostKey(t *testing.T) string {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
