package host

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/vulnindex"
)

func indexOf(t *testing.T, ecosystem string, records ...string) *vulnindex.Index {
	t.Helper()
	pub, priv, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := vulnindex.NewBuilder(vulnindex.Release{Ecosystem: ecosystem})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := b.Add([]byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := b.Write(&out, vulnindex.Edition{Revision: 1, Created: testNow}, priv); err != nil {
		t.Fatal(err)
	}
	x, err := vulnindex.Open(out.Bytes(), pub)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func weakness(id, source, fixed string, cves ...string) string {
	list := `"` + strings.Join(cves, `","`) + `"`
	if len(cves) == 0 {
		list = ""
	}
	return `{"id":"` + id + `","published":"2026-01-02T00:00:00Z","modified":"2026-01-02T00:00:00Z","upstream":[` + list + `],
	 "affected":[{"package":{"ecosystem":"Debian:12","name":"` + source + `"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"` + fixed + `"}]}]}]}`
}

// webHost runs nginx as root behind the network and a local daemon as a user; sudo is set-uid, git lies there unused, a Python
// library is read by a running interpreter, an older kernel is installed beside the running one.
func webHost(t *testing.T) (*Env, *facts.Document) {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"var/lib/dpkg/info/nginx-core.list":                "/usr/sbin/nginx\n",
		"var/lib/dpkg/info/libssl3:amd64.list":             "/usr/lib/x86_64-linux-gnu/libssl.so.3\n",
		"var/lib/dpkg/info/libexpat1:amd64.list":           "/lib/x86_64-linux-gnu/libexpat.so.1.8.10\n",
		"var/lib/dpkg/info/sudo.list":                      "/usr/bin/sudo\n",
		"var/lib/dpkg/info/git.list":                       "/usr/bin/git\n",
		"var/lib/dpkg/info/curl.list":                      "/usr/bin/curl\n",
		"var/lib/dpkg/info/python3-jinja2.list":            "/usr/lib/python3/dist-packages/jinja2/__init__.py\n",
		"var/lib/dpkg/info/linux-image-6.1.0-9-amd64.list": "/boot/vmlinuz-6.1.0-9-amd64\n",
		"var/lib/dpkg/info/linux-image-6.1.0-8-amd64.list": "/boot/vmlinuz-6.1.0-8-amd64\n",
		"proc/stat": "btime 1700000000\n",
	}
	process := func(pid, comm, uid, maps string) {
		files["proc/"+pid+"/status"] = "Name:\t" + comm + "\nPPid:\t1\nUid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid + "\n"
		files["proc/"+pid+"/maps"] = maps
	}
	process("100", "nginx", "0", "55d0-55d1 r-xp 00000000 08:01 1 /usr/sbin/nginx\n7f00-7f01 r-xp 00000000 08:01 2 /usr/lib/x86_64-linux-gnu/libssl.so.3\n7f01-7f02 r--p 0 08:01 2 /usr/lib/x86_64-linux-gnu/libssl.so.3\n7ffd-7ffe rw-p 0 00:00 0 [stack]\n")
	process("200", "python3", "1000", "7f00-7f01 r-xp 0 08:01 3 /usr/lib/x86_64-linux-gnu/libexpat.so.1.8.10 (deleted)\n")
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for pid, exe := range map[string]string{"100": "/usr/sbin/nginx", "200": "/usr/bin/python3.11"} {
		if err := os.Symlink(exe, filepath.Join(dir, "proc", pid, "exe")); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(dir, "proc", pid, "fd"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	env, err := Open(Options{Root: dir, Proc: dir, Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { env.Close() })
	root := uint32(0)
	return env, &facts.Document{
		OS: &facts.OS{ID: "debian", VersionID: "12"},
		Packages: &facts.Packages{Manager: "dpkg", Installed: []facts.Package{
			{Name: "nginx-core", Version: "1.22-1", Source: "nginx"}, {Name: "libssl3", Version: "3.0.1-1", Source: "openssl"},
			{Name: "libexpat1", Version: "2.5-1", Source: "expat"}, {Name: "sudo", Version: "1.9-1"}, {Name: "git", Version: "1:2.39-1"},
			{Name: "curl", Version: "7.88-1"}, {Name: "python3-jinja2", Version: "3.1-1", Source: "jinja2"},
			{Name: "linux-image-6.1.0-9-amd64", Version: "6.1.27-1", Source: "linux-signed-amd64", SourceVersion: "6.1.27+1"},
			{Name: "linux-image-6.1.0-8-amd64", Version: "6.1.25-1", Source: "linux-signed-amd64", SourceVersion: "6.1.25+1"},
		}},
		Kernel:  &facts.Kernel{Release: "6.1.0-9-amd64"},
		Sockets: &facts.Sockets{Listeners: []facts.Listener{{Protocol: "tcp", Address: "0.0.0.0", Port: 443, Exposure: "all", PID: 100, Reachable: "yes"}}},
		Network: &facts.Network{Interfaces: []facts.Interface{{Name: "eth0", Up: true, Addresses: []string{"203.0.113.7/24"}}}},
		Walk:    &facts.Walk{Complete: true, SetID: []facts.FileState{{Path: "/usr/bin/sudo", Mode: "4755", UID: &root}}},
		Runtime: &facts.Runtime{ObservedSeconds: 10 * 86400, Programs: []facts.Program{{Path: "/usr/bin/curl", LastSeen: testNow.Add(-time.Hour), UIDs: []uint32{1000}}}},
	}
}

func TestVulnerabilitiesAndTheirUse(t *testing.T) {
	env, doc := webHost(t)
	env.Vulns = indexOf(t, "Debian:12", weakness("CVE-2026-1001", "nginx", "1.23-1"), weakness("CVE-2026-1002", "openssl", "3.0.2-1"),
		weakness("CVE-2026-1003", "expat", "2.6-1"), weakness("CVE-2026-1004", "sudo", "1.9-2"), weakness("CVE-2026-1005", "git", "1:2.40-1"),
		weakness("CVE-2026-1006", "curl", "8-1"), weakness("CVE-2026-1007", "jinja2", "4-1"), weakness("CVE-2026-1008", "linux", "6.1.30-1"),
		weakness("DSA-1-1", "nginx", "1.23-1", "CVE-2026-1001"), weakness("DSA-2-1", "git", "1:2.40-1", "CVE-2026-1005", "CVE-2026-2000"))
	st := collectVulnerabilities(t.Context(), env, doc)
	if st.State != facts.StateOK || doc.Vulnerabilities == nil {
		t.Fatalf("status %+v", st)
	}
	got := []string{}
	for _, v := range doc.Vulnerabilities.Found {
		root := ""
		if v.Root {
			root = " root"
		}
		got = append(got, v.ID+" "+v.Source+" "+v.Version+" "+v.Use+" "+v.Exposure+root)
	}
	want := []string{
		"CVE-2026-1006 curl 7.88-1 recent local",
		"CVE-2026-1003 expat 2.5-1 running local",
		"CVE-2026-1005 git 1:2.39-1 unseen none",
		"DSA-2-1 git 1:2.39-1 unseen none",
		"CVE-2026-1007 jinja2 3.1-1 unknown unknown",
		"CVE-2026-1008 linux 6.1.25-1 unseen none",
		"CVE-2026-1008 linux 6.1.27-1 running open root",
		"CVE-2026-1001 nginx 1.22-1 running open root",
		"CVE-2026-1002 openssl 3.0.1-1 running open root",
		"CVE-2026-1004 sudo 1.9-1 on_demand local root",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, v := range doc.Vulnerabilities.Found {
		if v.ID == "CVE-2026-1001" && (v.FixedDays == nil || v.FixedSince == nil) {
			t.Error("the advisory's day is not the fix's day")
		}
	}
	if d := doc.Vulnerabilities.ObservedDays; d == nil || *d != 10 {
		t.Errorf("observed %v", d)
	}
}

// A listener that the loaded firewall closes is local, one whose firewall is not known is not.
func TestFirewallDecidesExposure(t *testing.T) {
	for reachable, want := range map[string]string{"yes": "open", "": "open", "limited": "controlled", "no": "local"} {
		env, doc := webHost(t)
		doc.Sockets.Listeners[0].Reachable = reachable
		env.Vulns = indexOf(t, "Debian:12", weakness("CVE-2026-1001", "nginx", "1.23-1"))
		collectVulnerabilities(t.Context(), env, doc)
		if got := doc.Vulnerabilities.Found[0].Exposure; got != want {
			t.Errorf("%q: got %s, want %s", reachable, got, want)
		}
	}
}

// How far the host can be reached is told only where no listener with an unknown firewall could change the answer.
func TestHostExposure(t *testing.T) {
	listener := func(exposure, reachable string) facts.Listener {
		return facts.Listener{Protocol: "tcp", Port: 443, Exposure: exposure, Reachable: reachable}
	}
	public := &facts.Network{Interfaces: []facts.Interface{{Name: "eth0", Up: true, Addresses: []string{"198.51.100.7/24", "1.1.1.1/32"}}}}
	private := &facts.Network{Interfaces: []facts.Interface{{Name: "eth0", Up: true, Addresses: []string{"10.0.0.7/24"}}}}
	for name, c := range map[string]struct {
		network   *facts.Network
		listeners []facts.Listener
		want      string
	}{
		"nothing-listens":          {public, nil, "small"},
		"only-itself":              {public, []facts.Listener{listener("loopback", "no")}, "small"},
		"closed":                   {public, []facts.Listener{listener("all", "no")}, "small"},
		"open":                     {public, []facts.Listener{listener("loopback", "no"), listener("all", "yes")}, "open"},
		"only-some-may":            {public, []facts.Listener{listener("all", "limited")}, "controlled"},
		"internal":                 {private, []facts.Listener{listener("all", "yes")}, "controlled"},
		"internal-firewall-unread": {private, []facts.Listener{listener("all", "")}, ""},
		"firewall-unread":          {public, []facts.Listener{listener("all", "")}, ""},
		"another-is-open-anyway":   {public, []facts.Listener{listener("all", "yes"), listener("all", "")}, "open"},
	} {
		doc := &facts.Document{Network: c.network, Sockets: &facts.Sockets{Listeners: c.listeners}}
		if got := hostExposure(doc); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if got := hostExposure(&facts.Document{}); got != "" {
		t.Errorf("sockets unmeasured: got %q", got)
	}
}

func TestVulnerabilitiesUnmeasured(t *testing.T) {
	for name, change := range map[string]func(*Env, *facts.Document){
		"no-index":      func(e *Env, _ *facts.Document) { e.Vulns, e.VulnsReason = nil, "none came" },
		"other-release": func(_ *Env, d *facts.Document) { d.OS.VersionID = "13" },
		"no-ecosystem":  func(_ *Env, d *facts.Document) { d.OS.ID = "openwrt" },
		"no-packages":   func(_ *Env, d *facts.Document) { d.Packages.Installed = nil },
		"empty-index":   func(e *Env, _ *facts.Document) { e.Vulns = indexOf(t, "Debian:12") },
		"no-os":         func(_ *Env, d *facts.Document) { d.OS = nil },
	} {
		env, doc := webHost(t)
		env.Vulns = indexOf(t, "Debian:12", weakness("CVE-2026-1001", "nginx", "1.23-1"))
		change(env, doc)
		st := collectVulnerabilities(t.Context(), env, doc)
		if st.State != facts.StateUnmeasured || st.Reason == "" || doc.Vulnerabilities != nil {
			t.Errorf("%s: %+v", name, st)
		}
	}
}

// A file list that vanishes while dpkg works, or the programs of others that we may not see: nothing is called unused.
func TestNothingIsUnusedByGuess(t *testing.T) {
	env, doc := webHost(t)
	if err := os.Remove(filepath.Join(env.Root, "var/lib/dpkg/info/git.list")); err != nil {
		t.Fatal(err)
	}
	env.Vulns = indexOf(t, "Debian:12", weakness("CVE-2026-1005", "git", "1:2.40-1"))
	collectVulnerabilities(t.Context(), env, doc)
	if got := doc.Vulnerabilities.Found[0].Use; got != "unknown" {
		t.Errorf("no list of files: %s", got)
	}
	env, doc = webHost(t)
	if err := os.Remove(filepath.Join(env.Root, "proc/200/exe")); err != nil {
		t.Fatal(err)
	}
	env.Vulns = indexOf(t, "Debian:12", weakness("CVE-2026-1005", "git", "1:2.40-1"))
	collectVulnerabilities(t.Context(), env, doc)
	if got := doc.Vulnerabilities.Found[0].Use; got != "unknown" {
		t.Errorf("a program that cannot be seen: %s", got)
	}
}

// A version that cannot be compared leaves the family partial: no pass may rest on it.
func TestUncomparedIsPartial(t *testing.T) {
	env, doc := webHost(t)
	doc.Packages.Installed[0].Version = strings.Repeat("9", 400)
	env.Vulns = indexOf(t, "Debian:12", weakness("CVE-2026-1005", "git", "1:1-1"))
	st := collectVulnerabilities(t.Context(), env, doc)
	if st.State != facts.StatePartial || !cmp.Equal(doc.Vulnerabilities.Uncompared, []string{"nginx-core"}) {
		t.Errorf("%+v, %v", st, doc.Vulnerabilities.Uncompared)
	}
}

// A container's links lead into itself; its packages are compared only by an index of its own release.
func TestContainerRoot(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"etc/os-release":   "ID=debian\nVERSION_ID=\"12\"\n",
		"real/dpkg/status": "Package: git\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2.39-1\n\n",
	} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "var/lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/real/dpkg", filepath.Join(dir, "var/lib/dpkg")); err != nil {
		t.Fatal(err)
	}
	env, _ := webHost(t)
	env.Vulns = indexOf(t, "Debian:12", weakness("CVE-2026-1005", "git", "1:2.40-1"))
	got := env.scanRoot(t.Context(), "c1", dir)
	want := facts.ContainerScan{ID: "c1", OS: "debian 12", Ecosystem: "Debian:12", Manager: "dpkg", Packages: 1, Found: []string{"CVE-2026-1005 git 1:2.39-1"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	env.Vulns = indexOf(t, "Debian:11", weakness("CVE-2026-1005", "git", "1:2.40-1"))
	if got := env.scanRoot(t.Context(), "c1", dir); got.Found != nil || got.Reason == "" {
		t.Errorf("another release: %+v", got)
	}
	if got := env.scanRoot(t.Context(), "c2", filepath.Join(dir, "gone")); got.Reason == "" {
		t.Errorf("gone: %+v", got)
	}
}
