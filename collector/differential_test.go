package collector

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vymir-project/vymir/collector/facts"
)

// TestAgreesWithTools measures the machine it runs on and asks independent tools the same questions. A difference fails.
// It changes nothing and may run anywhere as root; each part names the tool it needs.
func TestAgreesWithTools(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: what is compared is what root may read")
	}
	doc, err := Collect(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("sysctl", func(t *testing.T) { agreeSysctl(t, doc) })
	t.Run("findmnt", func(t *testing.T) { agreeInPassing(t, mountDifferences) })
	t.Run("chage", func(t *testing.T) { agreeAgeing(t, doc) })
	t.Run("passwd_status", func(t *testing.T) { agreePasswords(t, doc) })
	t.Run("id", func(t *testing.T) { agreeGroups(t, doc) })
	t.Run("uname", func(t *testing.T) { agreeKernel(t, doc) })
	t.Run("modprobe", func(t *testing.T) { agreeModprobe(t, doc) })
	t.Run("sudo", func(t *testing.T) { agreeSudo(t, doc) })
	t.Run("stat", func(t *testing.T) { agreeFiles(t, doc) })
	t.Run("ss", func(t *testing.T) { agreeInPassing(t, listenerDifferences) })
	t.Run("systemctl_files", func(t *testing.T) { agreeUnitFiles(t, doc) })
	t.Run("systemctl_active", func(t *testing.T) { agreeInPassing(t, unitStateDifferences) })
	t.Run("systemctl_show", func(t *testing.T) { agreeUnitSettings(t, doc) })
	t.Run("nft", func(t *testing.T) { agreeRules(t, doc) })
	t.Run("reachable", func(t *testing.T) { agreeReachable(t, doc) })
	t.Run("sshd", func(t *testing.T) { agreeSSHD(t, doc) })
	t.Run("dpkg_verify", func(t *testing.T) { agreePackageFiles(t) })
	t.Run("sudo_rules", func(t *testing.T) { agreeSudoRules(t, doc) })
}

// ask runs a tool in the C locale and returns what it printed; the test is skipped where the tool is not installed.
func ask(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("needs the program %s", name)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	out, err := cmd.Output()
	if err != nil && len(out) == 0 {
		t.Logf("%s %v: %v", name, args, err)
	}
	return string(out)
}

func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

func agreeSysctl(t *testing.T, doc *facts.Document) {
	all := map[string]string{}
	for line := range strings.Lines(ask(t, "sysctl", "-a")) {
		if name, value, ok := strings.Cut(line, " = "); ok {
			all[name] = fold(value)
		}
	}
	for key, have := range doc.Sysctl.Live {
		if want, ok := all[key]; ok && want != have {
			t.Errorf("%s = %q, sysctl says %q", key, have, want)
		}
	}
	if len(doc.Sysctl.Live) < 50 {
		t.Errorf("only %d parameters were read", len(doc.Sysctl.Live))
	}
	for name := range all { // every interface the tool knows is among ours, with every one of our parameters
		for _, dir := range []string{"net.ipv4.conf.", "net.ipv6.conf."} {
			rest, ok := strings.CutPrefix(name, dir)
			iface, key, cut := strings.Cut(rest, ".")
			if _, asked := doc.Sysctl.Live[dir+"all."+key]; !ok || !cut || !asked {
				continue
			}
			if _, have := doc.Sysctl.Live[dir+iface+"."+key]; !have {
				t.Errorf("sysctl knows %s, we do not", name)
			}
		}
	}
}

func mountDifferences(t *testing.T, doc *facts.Document, _, _ toolAnswers) map[string]bool {
	var said struct {
		Filesystems []struct{ Target, Source, Fstype, Options string }
	}
	if err := json.Unmarshal([]byte(ask(t, "findmnt", "--task", "1", "-J", "-l", "-o", "TARGET,SOURCE,FSTYPE,OPTIONS")), &said); err != nil {
		t.Fatal(err)
	}
	last := map[string]string{}
	for _, m := range said.Filesystems {
		options := strings.Split(m.Options, ",")
		slices.Sort(options)
		last[m.Target] = m.Fstype + " " + strings.Join(options, ",")
	}
	have := map[string]string{}
	for _, m := range doc.Mounts.Live {
		options := slices.Sorted(slices.Values(m.Options))
		have[m.Target] = m.FSType + " " + strings.Join(options, ",")
	}
	out := map[string]bool{}
	for target, want := range last {
		if have[target] != want {
			out[fmt.Sprintf("%s is %q, findmnt says %q", target, have[target], want)] = true
		}
	}
	return out
}

func agreeAgeing(t *testing.T, doc *facts.Document) {
	for _, u := range doc.Accounts.Users {
		if u.Password == nil || u.Password.State == "none" {
			continue
		}
		said := map[string]string{}
		for line := range strings.Lines(ask(t, "chage", "-l", u.Name)) {
			name, value, _ := strings.Cut(line, ":")
			said[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
		for name, have := range map[string]*int{
			"Maximum number of days between password change": u.Password.MaxDays,
			"Minimum number of days between password change": u.Password.MinDays,
		} {
			if have != nil && said[name] != strconv.Itoa(*have) {
				t.Errorf("%s: %s is %d, chage says %q", u.Name, name, *have, said[name])
			}
		}
	}
}

func agreePasswords(t *testing.T, doc *facts.Document) {
	letters := map[string]string{"L": "locked", "NP": "empty", "P": "set"}
	for _, u := range doc.Accounts.Users {
		f := strings.Fields(ask(t, "passwd", "-S", u.Name))
		if u.Password == nil || len(f) < 2 || letters[f[1]] == "" {
			continue
		}
		if letters[f[1]] != u.Password.State {
			t.Errorf("password of %s is %s, passwd says %s", u.Name, u.Password.State, f[1])
		}
	}
}

func agreeGroups(t *testing.T, doc *facts.Document) {
	for _, u := range doc.Accounts.Users {
		want := strings.Fields(ask(t, "id", "-nG", u.Name))
		slices.Sort(want)
		if !slices.Equal(want, u.Groups) {
			t.Errorf("groups of %s are %v, id says %v", u.Name, u.Groups, want)
		}
	}
}

func agreeKernel(t *testing.T, doc *facts.Document) {
	for flag, have := range map[string]string{"-r": doc.Kernel.Release, "-v": doc.Kernel.Build, "-m": doc.OS.Arch} {
		if want := strings.TrimSpace(ask(t, "uname", flag)); have != want {
			t.Errorf("uname %s says %q, we %q", flag, want, have)
		}
	}
}

func agreeModprobe(t *testing.T, doc *facts.Document) {
	var blacklisted []string
	install := map[string]string{}
	for line := range strings.Lines(ask(t, "modprobe", "-c")) {
		f := strings.Fields(line)
		switch {
		case len(f) == 2 && f[0] == "blacklist":
			blacklisted = append(blacklisted, f[1])
		case len(f) > 2 && f[0] == "install" && install[f[1]] == "":
			install[f[1]] = strings.Join(f[2:], " ")
		}
	}
	slices.Sort(blacklisted)
	if blacklisted = slices.Compact(blacklisted); !slices.Equal(blacklisted, doc.Kernel.Modprobe.Blacklisted) {
		t.Errorf("blacklisted are %v, modprobe says %v", doc.Kernel.Modprobe.Blacklisted, blacklisted)
	}
	for name, want := range install {
		if have := doc.Kernel.Modprobe.Install[name]; have != want {
			t.Errorf("install %s is %q, modprobe says %q", name, have, want)
		}
	}
}

// agreeSudo compares who may run everything without a password.
func agreeSudo(t *testing.T, doc *facts.Document) {
	if !doc.Sudo.Installed {
		t.Skip("needs the program sudo")
	}
	for _, u := range doc.Accounts.Users {
		want := false
		for line := range strings.Lines(ask(t, "sudo", "-n", "-l", "-U", u.Name)) {
			want = want || strings.HasPrefix(strings.TrimSpace(line), "(") && strings.Contains(line, "NOPASSWD: ALL")
		}
		have := false
		for _, r := range doc.Sudo.Rules {
			named := slices.Contains(r.Users, u.Name) || slices.Contains(r.Users, "ALL") ||
				slices.ContainsFunc(u.Groups, func(g string) bool { return slices.Contains(r.Users, "%"+g) })
			have = have || named && slices.Contains(r.Tags, "NOPASSWD") && slices.Contains(r.Commands, "ALL")
		}
		if have != want {
			t.Errorf("%s may do everything without a password: %v, sudo says %v", u.Name, have, want)
		}
	}
}

func agreeFiles(t *testing.T, doc *facts.Document) {
	for p, have := range doc.Files.Paths {
		if have.Kind == "absent" || have.Kind == "link" || strings.HasPrefix(p, "/var/log/") {
			continue
		}
		f := strings.Fields(ask(t, "stat", "-c", "%04a %u %g", p))
		if len(f) != 3 {
			t.Errorf("%s: stat says nothing, we %+v", p, have)
			continue
		}
		mode := "0" + f[0]
		if got := []string{have.Mode, strconv.FormatUint(uint64(*have.UID), 10), strconv.FormatUint(uint64(*have.GID), 10)}; got[0] != mode[len(mode)-4:] || got[1] != f[1] || got[2] != f[2] {
			t.Errorf("%s is %v, stat says %v", p, got, f)
		}
	}
}
