package collector

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

// agreeInPassing compares what comes and goes. The tools are asked before and after the facts are measured; a difference
// counts when it is found twice running, for a busy machine opens and closes sockets between any two looks.
func agreeInPassing(t *testing.T, differences func(t *testing.T, doc *facts.Document, steady, ever toolAnswers) map[string]bool) {
	var last map[string]bool
	for round := 0; round == 0 || round == 1 && len(last) > 0; round++ {
		before := toolsNow(t)
		doc, err := Collect(t.Context(), Options{Families: []string{"mounts", "services", "sockets"}})
		if err != nil {
			t.Fatal(err)
		}
		after := toolsNow(t)
		found := differences(t, doc, before.steady(after), before.ever(after))
		if last != nil {
			maps.DeleteFunc(found, func(d string, _ bool) bool { return !last[d] })
		}
		last = found
	}
	for _, d := range slices.Sorted(maps.Keys(last)) {
		t.Error(d)
	}
}

// toolAnswers is what tools say of things that come and go.
type toolAnswers struct {
	sockets map[string]string // "tcp 0.0.0.0 22" → the programs with "name,pid"
	units   map[string]string // unit → ACTIVE column
}

func toolsNow(t *testing.T) toolAnswers {
	t.Helper()
	a := toolAnswers{map[string]string{}, map[string]string{}}
	if _, err := exec.LookPath("ss"); err == nil {
		for line := range strings.Lines(ask(t, "ss", "-Hltunp")) {
			f := strings.Fields(line)
			if len(f) < 6 {
				continue
			}
			i := strings.LastIndexByte(f[4], ':')
			addr, _, _ := strings.Cut(strings.Trim(f[4][:i], "[]"), "%")
			if addr == "*" {
				addr = "::"
			}
			a.sockets[strings.Join([]string{f[0], addr, f[4][i+1:]}, " ")] += strings.Join(f[6:], " ")
		}
	}
	if _, err := os.Stat("/run/systemd/system"); err == nil {
		for line := range strings.Lines(ask(t, "systemctl", "list-units", "--all", "--type=service,socket,timer", "--plain", "--no-legend", "--no-pager")) {
			if f := strings.Fields(line); len(f) > 3 && f[1] != "not-found" {
				a.units[f[0]] = f[2]
			}
		}
	}
	return a
}

// steady leaves what was said both times.
func (a toolAnswers) steady(b toolAnswers) toolAnswers {
	same := func(x, y map[string]string) map[string]string {
		out := maps.Clone(x)
		maps.DeleteFunc(out, func(k, v string) bool { return y[k] != v })
		return out
	}
	return toolAnswers{same(a.sockets, b.sockets), same(a.units, b.units)}
}

// ever holds what was said at least once.
func (a toolAnswers) ever(b toolAnswers) toolAnswers {
	a = toolAnswers{maps.Clone(a.sockets), maps.Clone(a.units)}
	maps.Copy(a.sockets, b.sockets)
	maps.Copy(a.units, b.units)
	return a
}

// listenerDifferences compares listening TCP and bound UDP sockets, in both directions, and the programs that hold them.
func listenerDifferences(t *testing.T, doc *facts.Document, said, ever toolAnswers) map[string]bool {
	out := map[string]bool{}
	differ := func(format string, args ...any) { out[fmt.Sprintf(format, args...)] = true }
	if _, err := exec.LookPath("ss"); err != nil {
		t.Skip("needs the program ss")
	}
	ours := map[string][]facts.Listener{}
	for _, l := range doc.Sockets.Listeners {
		key := fmt.Sprintf("%s %s %d", strings.TrimSuffix(l.Protocol, "6"), l.Address, l.Port)
		ours[key] = append(ours[key], l)
	}
	for key, users := range said.sockets {
		if len(ours[key]) == 0 {
			differ("ss shows %s, we do not", key)
			continue
		}
		for _, l := range ours[key] {
			if l.PID == 0 {
				if users != "" {
					differ("%s: ss knows who holds it (%s), we do not", key, users)
				}
				continue
			}
			if !strings.Contains(users, fmt.Sprintf("pid=%d,", l.PID)) || !strings.Contains(users, `("`+l.Program+`"`) {
				differ("%s is held by %s (%d), ss says %s", key, l.Program, l.PID, users)
			}
		}
	}
	for key := range ours {
		if _, ok := ever.sockets[key]; !ok {
			differ("we show %s, ss does not", key)
		}
	}
	return out
}

// agreeUnitFiles compares what the next boot does with every unit, and what its presets wanted.
func agreeUnitFiles(t *testing.T, doc *facts.Document) {
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		t.Skip("needs a running systemd")
	}
	n := 0
	for line := range strings.Lines(ask(t, "systemctl", "list-unit-files", "--type=service,socket,timer", "--no-legend", "--no-pager")) {
		w := strings.Fields(line)
		if len(w) < 3 {
			continue
		}
		u, ok := doc.Services.Units[w[0]]
		// A template is told of by its default instance; "indirect" and "static" differ only in what "enable" would do.
		if strings.Contains(w[0], "@") || ok && u.Enabled == w[1] {
			if ok && !strings.Contains(w[0], "@") && u.Preset != strings.Trim(w[2], "-") {
				t.Errorf("%s: its preset is %q, systemctl says %s", w[0], u.Preset, w[2])
			}
			n++
			continue
		}
		t.Errorf("%s is %q, systemctl says %s", w[0], u.Enabled, w[1])
	}
	if n < 20 {
		t.Errorf("only %d units were compared", n)
	}
}

// unitStateDifferences compares what runs, in both directions.
func unitStateDifferences(t *testing.T, doc *facts.Document, said, _ toolAnswers) map[string]bool {
	out := map[string]bool{}
	differ := func(format string, args ...any) { out[fmt.Sprintf(format, args...)] = true }
	if len(said.units) == 0 {
		t.Skip("needs a running systemd")
	}
	word := map[string]string{"activating": "active", "reloading": "active", "deactivating": "inactive"}
	for name, want := range said.units {
		if w := word[want]; w != "" {
			want = w
		}
		u, ok := doc.Services.Units[name]
		if !ok {
			continue // transient, or an instance without a link: listed by its template
		}
		if u.Active != want {
			differ("%s is %q, systemctl says %s", name, u.Active, want)
		}
	}
	for name, u := range doc.Services.Units {
		if want, ok := said.units[name]; u.Active == "active" && ok && want != "active" && word[want] != "active" {
			differ("%s is active, systemctl says %q", name, want)
		}
	}
	return out
}

// agreeUnitSettings compares what drop-ins make of a unit: its file, its user and its program.
func agreeUnitSettings(t *testing.T, doc *facts.Document) {
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		t.Skip("needs a running systemd")
	}
	var names []string
	for name, u := range doc.Services.Units {
		if strings.HasSuffix(name, ".service") && !strings.Contains(name, "@") && u.File != "" && !strings.HasPrefix(u.Enabled, "masked") && u.Enabled != "alias" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	args := append([]string{"show", "--property=Id,User,FragmentPath,DropInPaths,ExecStart", "--no-pager"}, names...)
	compared := 0
	for block := range strings.SplitSeq(ask(t, "systemctl", args...), "\n\n") {
		said := map[string]string{}
		for line := range strings.Lines(block) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			if _, seen := said[key]; !seen { // several ExecStart: the first counts
				said[key] = value
			}
		}
		u, ok := doc.Services.Units[said["Id"]]
		if !ok || strings.HasPrefix(said["FragmentPath"], "/run/") {
			continue
		}
		compared++
		if u.User != said["User"] {
			t.Errorf("%s runs as %q, systemctl says %q", said["Id"], u.User, said["User"])
		}
		if real(u.File) != real(said["FragmentPath"]) {
			t.Errorf("%s stands in %s, systemctl says %s", said["Id"], u.File, said["FragmentPath"])
		}
		if want := strings.Fields(said["DropInPaths"]); !slices.EqualFunc(u.DropIns, want, func(a, b string) bool { return real(a) == real(b) }) {
			t.Errorf("%s is changed by %v, systemctl says %v", said["Id"], u.DropIns, want)
		}
		_, prog, _ := strings.Cut(said["ExecStart"], "path=")
		prog, _, _ = strings.Cut(prog, " ;")
		if prog != "" && path(u.Exec) != path(prog) {
			t.Errorf("%s starts %q, systemctl says %q", said["Id"], u.Exec, prog)
		}
	}
	if compared < 10 {
		t.Errorf("only %d services were compared", compared)
	}
}

// real follows links, for /lib is one where /usr is merged.
func real(p string) string {
	if r, err := filepath.EvalSymlinks(p); err == nil {
		return r
	}
	return p
}

// path makes a program known by one name: systemctl prints a relative one with the directory it was found in.
func path(p string) string {
	if !strings.HasPrefix(p, "/") {
		if full, err := exec.LookPath(p); err == nil {
			p = full
		}
	}
	return real(p)
}

// agreeRules compares tables, chains, policies and the number of rules with what nft lists.
func agreeRules(t *testing.T, doc *facts.Document) {
	var said struct {
		Nftables []struct {
			Chain *struct{ Family, Table, Name, Hook, Policy string }
			Rule  *struct{ Family, Table, Chain string }
		}
	}
	if err := json.Unmarshal([]byte(ask(t, "nft", "-j", "list", "ruleset")), &said); err != nil {
		t.Fatal(err)
	}
	type chain struct {
		hook, policy string
		rules        int
	}
	want, have := map[string]chain{}, map[string]chain{}
	for _, e := range said.Nftables {
		if c := e.Chain; c != nil {
			want[c.Family+" "+c.Table+" "+c.Name] = chain{hook: c.Hook, policy: c.Policy}
		}
		if r := e.Rule; r != nil {
			key := r.Family + " " + r.Table + " " + r.Chain
			c := want[key]
			c.rules++
			want[key] = c
		}
	}
	for _, table := range doc.Firewall.Tables {
		for _, c := range table.Chains {
			if table.Backend == "nftables" {
				have[table.Family+" "+table.Name+" "+c.Name] = chain{c.Hook, c.Policy, c.Rules}
			}
		}
	}
	if !maps.Equal(want, have) {
		t.Errorf("loaded are %+v, nft says %+v", have, want)
	}
	t.Logf("%d chains", len(want))
}

// agreeReachable knocks at every TCP listener from another network name space, which stands for a stranger's host:
// VYMIR_PEER_NETNS names it and VYMIR_PEER_ADDR this host's address as seen from there.
func agreeReachable(t *testing.T, doc *facts.Document) {
	peer, addr := os.Getenv("VYMIR_PEER_NETNS"), os.Getenv("VYMIR_PEER_ADDR")
	if peer == "" {
		t.Skip("needs a second network name space, see installer/test/compare.sh")
	}
	ns, err := os.Open(peer)
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	answers := make(chan map[uint16]bool, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and the name space with it
		got := map[uint16]bool{}
		defer func() { answers <- got }()
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			t.Error(err)
			return
		}
		for _, l := range doc.Sockets.Listeners {
			if l.Protocol != "tcp" || l.Exposure == "loopback" {
				continue
			}
			got[l.Port] = knock(addr, l.Port)
		}
	}()
	got := <-answers
	for _, l := range doc.Sockets.Listeners {
		open, tried := got[l.Port]
		if !tried || l.Protocol != "tcp" {
			continue
		}
		// A limited listener is open to some: which, the address from here decides.
		if l.Reachable == "limited" {
			t.Logf("port %d is limited, and open from here: %v", l.Port, open)
		} else if open != (l.Reachable == "yes") {
			t.Errorf("port %d is reachable: %s, but a stranger gets in: %v", l.Port, l.Reachable, open)
		}
	}
	if len(got) < 2 {
		t.Errorf("only %d ports were tried", len(got))
	}
}

// knock opens a TCP connection by hand in this thread: package net would do it in another, in another name space.
func knock(addr string, port uint16) bool {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	// As long as the kernel tries: three times, 7 s. A dropped packet is told from an open port by nothing else.
	if unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_SYNCNT, 1) != nil {
		return false
	}
	sa := &unix.SockaddrInet4{Port: int(port)}
	copy(sa.Addr[:], net.ParseIP(addr).To4())
	return unix.Connect(fd, sa) == nil
}

// agreeSSHD compares the files' half with what sshd itself computes.
func agreeSSHD(t *testing.T, doc *facts.Document) {
	if doc.SSHD == nil || doc.SSHD.Persisted == nil {
		t.Skip("needs openssh-server")
	}
	// Printed by rules of their own, of another system's state, or under several names.
	skip := []string{"debianbanner", "gssapikexalgorithms", "listenaddress", "rdomain", "hostcertificate", "logverbose", "pamservicename",
		"channeltimeout", "kerberosgetafstoken"}
	said := map[string][]string{}
	for line := range strings.Lines(ask(t, "/usr/sbin/sshd", "-T")) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		said[key] = append(said[key], words(value)...)
	}
	if len(said) < 50 {
		t.Skip("needs an sshd that answers -T: its host keys and /run/sshd")
	}
	for key, want := range said {
		if slices.Contains(skip, key) {
			continue
		}
		var have []string
		for _, v := range doc.SSHD.Persisted.Settings[key] {
			have = append(have, words(v)...)
		}
		if !slices.Equal(have, want) {
			t.Errorf("%s is %q, sshd says %q", key, have, want)
		}
	}
}

func words(s string) []string {
	if s == "without-password" {
		s = "prohibit-password"
	}
	if s == "none" {
		return nil // a list that holds nothing
	}
	return strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ' ' })
}

// agreePackageFiles hashes every file of every package, as many collections as it takes, and compares what differs with what
// dpkg finds.
func agreePackageFiles(t *testing.T) {
	if _, err := os.Stat("/var/lib/dpkg/info"); err != nil {
		t.Skip("needs dpkg")
	}
	if os.Getenv("VYMIR_VERIFY") == "" {
		t.Skip("reads every packaged file twice: set VYMIR_VERIFY=1, as installer/test/compare.sh does")
	}
	dir := t.TempDir()
	var i *facts.Integrity
	for n := 0; i == nil || i.Verified == nil || !*i.Verified; n++ {
		if n > 10_000 {
			t.Fatalf("not done after %d collections: %+v", n, i)
		}
		// Half an hour on: what the container's making changed has settled by then.
		doc, err := Collect(t.Context(), Options{Families: []string{"packages", "integrity"}, StateDir: dir, Now: time.Now().Add(30 * time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		i = doc.Integrity
	}
	wantModified, wantMissing := []string{}, []string{}
	for line := range strings.Lines(ask(t, "dpkg", "-V")) {
		f := strings.Fields(line)
		switch {
		case len(f) < 2 || len(f) > 2 && f[1] == "c": // configuration
		case f[0] == "missing":
			wantMissing = append(wantMissing, f[len(f)-1])
		case len(f[0]) > 2 && f[0][2] == '5':
			wantModified = append(wantModified, f[len(f)-1])
		}
	}
	slices.Sort(wantModified)
	slices.Sort(wantMissing)
	if !slices.Equal(i.ModifiedFiles, wantModified) {
		t.Errorf("modified are %v, dpkg says %v", i.ModifiedFiles, wantModified)
	}
	if !slices.Equal(i.MissingFiles, wantMissing) {
		t.Errorf("missing are %v, dpkg says %v", i.MissingFiles, wantMissing)
	}
	if len(wantModified) == 0 || len(wantMissing) == 0 {
		t.Errorf("dpkg finds nothing: modified %v, missing %v", wantModified, wantMissing)
	}
	t.Logf("%d files, modified %v, missing %v", *i.FilesVerified, wantModified, wantMissing)
}

// agreeSudoRules compares every command that every user may run, as whom, and whether the password is asked.
func agreeSudoRules(t *testing.T, doc *facts.Document) {
	if !doc.Sudo.Installed {
		t.Skip("needs the program sudo")
	}
	for _, u := range doc.Accounts.Users {
		want := map[string]bool{}
		for line := range strings.Lines(ask(t, "sudo", "-n", "-l", "-U", u.Name)) {
			runas, rest, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "("), ") ")
			if !ok || !strings.HasPrefix(strings.TrimSpace(line), "(") {
				continue
			}
			users, _, _ := strings.Cut(runas, ":")
			free := false
			for _, c := range strings.Split(strings.TrimSpace(rest), ", ") {
				for {
					tag, cmd, ok := strings.Cut(c, ": ")
					if !ok || tag != strings.ToUpper(tag) || strings.ContainsAny(tag, " /") {
						break
					}
					free = tag == "NOPASSWD" || free && tag != "PASSWD"
					c = cmd
				}
				want[fmt.Sprintf("%s as %s, free %v", c, strings.Join(words(users), ","), free)] = true
			}
		}
		have := map[string]bool{}
		for _, r := range doc.Sudo.Rules {
			if !slices.ContainsFunc(r.Users, func(n string) bool {
				return n == "ALL" || n == u.Name || n == "#"+strconv.Itoa(int(u.UID)) || strings.HasPrefix(n, "%") && slices.Contains(u.Groups, n[1:])
			}) {
				continue
			}
			as := "root"
			if r.RunAs != nil {
				as = strings.Join(slices.DeleteFunc(slices.Clone(r.RunAs), func(s string) bool { return strings.HasPrefix(s, ":") }), ",")
			}
			for _, c := range r.Commands {
				// By its tag alone: "Defaults !authenticate" frees him too, and sudo -l tells that elsewhere.
				have[fmt.Sprintf("%s as %s, free %v", c, as, slices.Contains(r.Tags, "NOPASSWD"))] = true
			}
		}
		if !maps.Equal(want, have) {
			t.Errorf("%s may do %v, sudo says %v", u.Name, slices.Sorted(maps.Keys(have)), slices.Sorted(maps.Keys(want)))
		}
	}
}
