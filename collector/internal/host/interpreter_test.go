package host

import "testing"

func TestScriptArg(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"perl", []string{"-MIO::Socket::INET", "-e", "listen"}, "-"},
		{"perl5.36.0", []string{"-we", "listen"}, "-"},
		{"perl", []string{"-w", "/usr/sbin/munin-node", "--foreground"}, "/usr/sbin/munin-node"},
		{"python3.11", []string{"-m", "http.server", "8000"}, "-m http.server"},
		{"python3", []string{"-W", "ignore", "/usr/bin/fail2ban-server", "-xf", "start"}, "/usr/bin/fail2ban-server"},
		{"python3", []string{"-c", "import socket"}, "-"},
		{"node", []string{"server.js"}, "server.js"},
		{"node", []string{"-r", "dotenv/config", "server.js"}, "server.js"},
		{"bash", nil, "-"},
		{"nc.openbsd", []string{"-l", "4444"}, "-"},
		{"php8.2", []string{"-S", "0.0.0.0:80"}, "0.0.0.0:80"},
		{"busybox", []string{"telnetd"}, ""},
	} {
		if got := scriptArg(c.name, c.args); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.name, c.args, got, c.want)
		}
	}
	if interpreters.MatchString("nginx") || interpreters.MatchString("sshd") || interpreters.MatchString("nodemanager") || !interpreters.MatchString("nc.openbsd") || !interpreters.MatchString("python3.11") {
		t.Error("interpreters are not told from programs")
	}
}
