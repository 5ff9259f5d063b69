package host

import (
	"compress/gzip"
	"crypto/md5"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
	if got := verify(t, env); got.Verified != nil || got.ModifiedFiles != nil {
		t.Errorf("without a state directory: %+v", got)
	}
	env.StateDir = t.TempDir()
	got := verify(t, env)
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

// TestVerifySettles does not tell a file that an upgrade may be putting there just now.
func TestVerifySettles(t *testing.T) {
	env := testEnv(t, dpkgHost(), false)
	env.StateDir = t.TempDir()
	env.Now = time.Now().Add(time.Minute)
	if got := verify(t, env); len(got.ModifiedFiles) != 0 {
		t.Errorf("changed a minute ago, told: %v", got.ModifiedFiles)
	}
	env.Now = env.Now.Add(time.Hour)
	if got := verify(t, env); len(got.ModifiedFiles) != 2 {
		t.Errorf("changed an hour ago: %v", got.ModifiedFiles)
	}
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
