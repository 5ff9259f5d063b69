package host

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vymir-project/vymir/collector/facts"
)

func liveEnv(t *testing.T) *Env {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: sockets and units of everybody")
	}
	env, err := Open(Options{Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { env.Close() })
	return env
}

// TestAgainstSystemctl compares the states of all units with systemctl's.
func TestAgainstSystemctl(t *testing.T) {
	env := liveEnv(t)
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		t.Skip("needs a running systemd")
	}
	doc, _ := collect(t, env, "services")
	files, err := exec.Command("systemctl", "list-unit-files", "--type=service,socket,timer", "--no-legend", "--no-pager").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(files)) {
		w := strings.Fields(line)
		if len(w) < 2 || strings.Contains(w[0], "@") {
			continue // systemctl tells of templates by their default instance
		}
		if got := doc.Services.Units[w[0]].Enabled; got != w[1] {
			t.Errorf("%s: systemctl says %s, we say %q", w[0], w[1], got)
		}
	}
	active, err := exec.Command("systemctl", "list-units", "--type=service,socket,timer", "--state=active", "--plain", "--no-legend", "--no-pager").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(active)) {
		w := strings.Fields(line)
		if u, ok := doc.Services.Units[w[0]]; ok && u.Active != "active" {
			t.Errorf("%s: systemctl says active, we say %q", w[0], u.Active)
		}
	}
}

// TestAgainstSS compares the listening TCP sockets, with the programs that hold them, with ss's.
func TestAgainstSS(t *testing.T) {
	env := liveEnv(t)
	ss, err := exec.LookPath("ss")
	if err != nil {
		t.Skip("needs ss (iproute2)")
	}
	doc, _ := collect(t, env, "sockets")
	out, err := exec.Command(ss, "-Htlnp").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		_, text := splitLast(f[3], ':')
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			continue
		}
		i := slices.IndexFunc(doc.Sockets.Listeners, func(l facts.Listener) bool {
			return l.Port == uint16(port) && strings.HasPrefix(l.Protocol, "tcp")
		})
		if i < 0 {
			t.Errorf("ss shows %s, we do not", f[3])
			continue
		}
		if l := doc.Sockets.Listeners[i]; strings.Contains(line, "pid=") && l.PID == 0 {
			t.Errorf("%s: ss knows the owner, we do not", f[3])
		}
	}
}
