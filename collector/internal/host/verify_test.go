package host

import (
	"compress/gzip"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

func md5Of(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func dpkgHost() string {
	return `
-- var/lib/dpkg/status --
Package: a
Status: install ok installed
Version: 1
Conffiles:
 /etc/a.conf 0123456789abcdef0123456789abcdef

Package: b
Status: install ok installed
Version: 1

Package: half
Status: install ok half-installed
Version: 1
-- var/lib/dpkg/diversions --
/usr/bin/moved
/usr/bin/moved.a
b
-- etc/dpkg/dpkg.cfg.d/docs --
path-exclude=/usr/share/doc/*
path-include = /usr/share/doc/*/copyright
-- var/lib/dpkg/info/a.md5sums --
` + md5Of("good\n") + `  usr/bin/good
` + md5Of("good\n") + `  usr/bin/changed
` + md5Of("good\n") + `  usr/bin/moved
` + md5Of("good\n") + `  usr/bin/gone
` + md5Of("x") + `  usr/share/doc/a/README
` + md5Of("x") + `  usr/share/doc/a/copyright
` + md5Of("x") + `  etc/a.conf
-- var/lib/dpkg/info/b:amd64.md5sums --
` + md5Of("mine\n") + `  usr/bin/moved
` + md5Of("x") + `  usr/lib/dir
-- var/lib/dpkg/info/half.md5sums --
` + md5Of("x") + `  usr/bin/half
-- usr/bin/good --
good
-- usr/bin/changed --
bad
-- usr/bin/moved --
mine
-- usr/bin/moved.a --
good
-- usr/bin/half --
y
-- usr/lib/dir/ --
-- etc/a.conf --
changed by hand
`
}

// verify runs one collection of the packages and integrity families and returns what the second found.
func verify(t *testing.T, env *Env) *facts.Integrity {
	t.Helper()
	doc := &facts.Document{}
	for _, f := range All() {
		if f.Name == "packages" || f.Name == "integrity" {
			f.Collect(t.Context(), env, doc)
		}
	}
	return doc.Integrity
}

// TestVerifyDpkg wants what differs, and a file that is put right off the list again; files stand at the time at which the
// test makes them, which is after the collection's clock.
func TestVerifyDpkg(t *testing.T) {
	env := testEnv(t, dpkgHost(), false)
	once := verify(t, env)
	env.StateDir = t.TempDir()
	got := verify(t, env)
	if diff := cmp.Diff(got, once); diff != "" {
		t.Errorf("without a state directory (-with +without):\n%s", diff)
	}
	if got.Verified == nil || !*got.Verified || *got.FilesVerified != 7 {
		t.Errorf("verified %v, %v files", got.Verified, got.FilesVerified)
	}
	if diff := cmp.Diff([]string{"/usr/bin/changed", "/usr/lib/dir"}, got.ModifiedFiles); diff != "" {
		t.Errorf("modified (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/usr/bin/gone", "/usr/share/doc/a/copyright"}, got.MissingFiles); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if err := os.WriteFile(filepath.Join(env.Root, "usr/bin/changed"), []byte("good\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/usr/lib/dir"}, verify(t, env).ModifiedFiles); diff != "" {
		t.Errorf("after the file was put right (-want +got):\n%s", diff)
	}
}

// TestVerifyResumes stops the pass after every file and expects the same in the end, and true only then.
func TestVerifyResumes(t *testing.T) {
	env := testEnv(t, dpkgHost(), false)
	env.StateDir = t.TempDir()
	for step := 1; ; step++ {
		if step > 50 {
			t.Fatal("the pass does not end")
		}
		st := loadVerify(env)
		v := &verifier{env: env, ctx: t.Context(), state: st, read: &reading{}, left: 1, again: 1 << 20, until: time.Now().Add(time.Hour)}
		v.pass(&facts.Document{Packages: &facts.Packages{Broken: []string{"half"}}}, false)
		if err := saveState(env, "integrity.json", st); err != nil {
			t.Fatal(err)
		}
		if st.DoneAt == nil {
			continue
		}
		if st.Done != 7 || len(st.Differ) != 4 || step < 4 {
			t.Errorf("after %d steps: %d files, differ %+v", step, st.Done, st.Differ)
		}
		return
	}
}

// TestVerifyOnceBeginsWithPrograms lets the budget end after one file, and wants that to be the one that runs with another's rights.
func TestVerifyOnceBeginsWithPrograms(t *testing.T) {
	sum := md5Of("good\n")
	env := testEnv(t, `
-- var/lib/dpkg/status --
Package: a
Status: install ok installed
Version: 1
-- var/lib/dpkg/info/a.md5sums --
`+sum+`  etc/other
`+sum+`  usr/bin/plain
`+sum+`  usr/bin/set-id
`+sum+`  lib/x86_64-linux-gnu/security/pam_x.so
-- etc/other --
bad
-- usr/bin/plain 0755 --
bad
-- usr/bin/set-id 4755 --
much longer than the others
-- lib/x86_64-linux-gnu/security/pam_x.so --
bad
`, false)
	for _, c := range []struct {
		left int64
		want []string
	}{
		{1, []string{"/usr/bin/set-id"}},
		{4096 + 100, []string{"/usr/bin/plain", "/usr/bin/set-id"}},
		{2*4096 + 100, []string{"/lib/x86_64-linux-gnu/security/pam_x.so", "/usr/bin/plain", "/usr/bin/set-id"}},
		{1 << 20, []string{"/etc/other", "/lib/x86_64-linux-gnu/security/pam_x.so", "/usr/bin/plain", "/usr/bin/set-id"}},
	} {
		v := &verifier{env: env, ctx: t.Context(), state: &verifyState{}, read: &reading{}, left: c.left, until: time.Now().Add(time.Hour)}
		if !v.once(&facts.Document{}) {
			t.Fatal("not supported")
		}
		var got []string
		for _, d := range v.state.Differ {
			got = append(got, d.Path)
		}
		slices.Sort(got)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("with %d bytes (-want +got):\n%s", c.left, diff)
		}
		if done := v.state.DoneAt != nil; done != (len(c.want) == 4) {
			t.Errorf("with %d bytes: done %v", c.left, done)
		}
	}
}

// TestVerifySettles wants a file that differs told at once, except while a package manager may be putting it there.
func TestVerifySettles(t *testing.T) {
	const lock = "-- var/lib/dpkg/lock 0640 --\n"
	minute := func(env *Env) { env.Now = time.Now().Add(time.Minute) }
	for name, c := range map[string]struct {
		host   string
		live   bool
		before func(t *testing.T, env *Env)
		told   bool
	}{
		"mounted":            {dpkgHost(), false, nil, true},
		"live-after-install": {dpkgHost() + lock, true, touchLater("usr/bin/changed"), true},
		"live-never-locked":  {dpkgHost(), true, touchLater("usr/bin/changed"), true},
		"live-upgraded":      {dpkgHost() + lock, true, touchLater("var/lib/dpkg/status"), false},
		"live-locked":        {dpkgHost() + lock, true, func(t *testing.T, env *Env) { touchLater("usr/bin/changed")(t, env); holdLock(t, env) }, false},
		"live-an-hour-ago":   {dpkgHost() + lock, true, func(t *testing.T, env *Env) { holdLock(t, env); env.Now = env.Now.Add(time.Hour) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			env := testEnv(t, c.host, c.live)
			minute(env)
			if c.before != nil {
				c.before(t, env)
			}
			got := slices.Contains(verify(t, env).ModifiedFiles, "/usr/bin/changed")
			if got != c.told {
				t.Errorf("told is %v, want %v", got, c.told)
			}
		})
	}
}

// touchLater makes a file the one that changed last, by the clock of the file system, which may be a coarse one.
func touchLater(name string) func(*testing.T, *Env) {
	return func(t *testing.T, env *Env) {
		t.Helper()
		v := &verifier{env: env}
		latest := time.Time{}
		for _, other := range []string{"/usr/bin/changed", "/var/lib/dpkg/status", "/var/lib/dpkg/info"} {
			if at := v.changed(other); at.After(latest) {
				latest = at
			}
		}
		for !v.changed("/" + name).After(latest) {
			if err := os.Chmod(filepath.Join(env.Root, name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// holdLock takes dpkg's lock as dpkg does, in a process of its own: a lock is no obstacle to the process that holds it.
func holdLock(t *testing.T, env *Env) {
	t.Helper()
	file := filepath.Join(env.Root, "var/lib/dpkg/lock")
	cmd := exec.Command(os.Args[0], "-test.run=^TestHoldLock$")
	cmd.Env = append(os.Environ(), "VYMIR_HOLD_LOCK="+file)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	if _, err := io.ReadFull(out, make([]byte, len("held\n"))); err != nil {
		t.Fatal(err)
	}
}

// TestHoldLock is the process that [holdLock] starts: it holds the lock until its standard input ends.
func TestHoldLock(t *testing.T) {
	file := os.Getenv("VYMIR_HOLD_LOCK")
	if file == "" {
		t.Skip("is started by TestVerifySettles")
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestVerifyApk(t *testing.T) {
	env := testEnv(t, `
-- lib/apk/db/installed --
P:busybox
V:1.36
F:bin
R:busybox
Z:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=
R:sh
Z:Q1BBBBBBBBBBBBBBBBBBBBBBBBBBB=
F:etc
R:securetty
Z:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=

P:good
V:1
F:usr/bin
R:good
Z:Q1H4rNMmXlugmN7Ele7OQcEboJNGM=

-- bin/busybox --
x
-- bin/sh -> busybox --
-- etc/securetty --
x
-- usr/bin/good --
good
`, false)
	env.StateDir = t.TempDir()
	got := verify(t, env)
	if diff := cmp.Diff([]string{"/bin/busybox"}, got.ModifiedFiles); diff != "" || len(got.MissingFiles) != 0 || *got.FilesVerified != 3 {
		t.Errorf("%d files, missing %v, modified (-want +got):\n%s", *got.FilesVerified, got.MissingFiles, diff)
	}
}

// TestVerifyRPM uses a data base that rpm itself wrote, and wants what "rpm -Va" says of the same tree.
func TestVerifyRPM(t *testing.T) {
	env := testEnv(t, `
-- usr/bin/probe 0755 --
one
-- usr/bin/other --
changed
-- usr/bin/link -> probe --
-- etc/probe.conf --
changed
-- var/lib/probe/state --
changed
-- var/lib/rpm/ --
`, false)
	packed, err := os.Open("../rpmdb/testdata/files.sqlite.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	db, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(env.Root, "var/lib/rpm/rpmdb.sqlite"), db, 0o644); err != nil {
		t.Fatal(err)
	}
	env.StateDir = t.TempDir()
	got := verify(t, env)
	if diff := cmp.Diff([]string{"/usr/bin/other"}, got.ModifiedFiles); diff != "" {
		t.Errorf("modified (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/usr/share/doc/probe/README"}, got.MissingFiles); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	owners, ok := env.ownersOf(map[string]bool{"/usr/bin/probe": true, "/usr/bin/mine": true})
	if diff := cmp.Diff(map[string]string{"/usr/bin/probe": "probe"}, owners); diff != "" || !ok {
		t.Errorf("owners %v (-want +got):\n%s", ok, diff)
	}
}

func TestStarMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"/usr/share/doc/*", "/usr/share/doc/a/b/c", true}, {"/usr/share/doc/*/copyright", "/usr/share/doc/a/copyright", true},
		{"/usr/share/doc/*/copyright", "/usr/share/doc/a/copyright.old", false}, {"*", "", true}, {"?", "", false},
		{"/a[bc]", "/ab", true}, {"/a*b*c", "/axxbyybzzc", true}, {"", "x", false},
	} {
		if got := starMatch(c.pattern, c.name); got != c.want {
			t.Errorf("starMatch(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}

func FuzzApkFiles(f *testing.F) {
	f.Add([]byte("P:a\nF:bin\nR:x\nZ:Q1AAAA=\n\n"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_ = apkFiles(b, func(string, []packagedFile) error { return nil })
	})
}
