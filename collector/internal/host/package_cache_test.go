package host

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/banned"
	"github.com/vymir-project/vymir/collector/facts"
)

// rpmHost is a root with a data base that rpm 4.18 wrote: probe, probe-libs (which lists /lib64/libprobe.so.1), probe-data and probe-meta, which
// has no files; vendor and packager are given.
func rpmHost(t *testing.T) *Env {
	t.Helper()
	f, err := os.Open("../rpmdb/testdata/used.sqlite.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	db, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return rootWith(t, map[string]string{"var/lib/rpm/rpmdb.sqlite": string(db)})
}

// rootWith is a mounted file system with these files.
func rootWith(t *testing.T, files map[string]string) *Env {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		at := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env, err := Open(Options{Root: root, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { env.Close() })
	return env
}

const status = "Package: nginx\nStatus: install ok installed\nVersion: 1.0\nArchitecture: amd64\n\n"

// An unchanged data base is not read again; one that changed in any way is.
func TestUnchangedPackagesAreNotRead(t *testing.T) {
	env := rootWith(t, map[string]string{"var/lib/dpkg/status": status})
	env.StateDir = t.TempDir()
	stamps := env.stampsOf([]string{"/var/lib/dpkg/status"})
	reads := 0
	read := func() []facts.Package {
		t.Helper()
		var p facts.Packages
		var r reading
		env.readPackages(&p, &r, []string{"/var/lib/dpkg/status"}, func(r *reading) {
			reads++
			env.dpkgStatus(&p, r, "/var/lib/dpkg/status")
		})
		if len(r.unread) > 0 {
			t.Errorf("unread: %v", r.unread)
		}
		return p.Installed
	}
	env.Now = time.Unix(0, stamps[0].CTime)
	first := read()
	if read(); reads != 2 {
		t.Error("what was written a moment ago was remembered: a second change might not be seen")
	}
	env.Now = env.Now.Add(time.Hour)
	for range 3 {
		if diff := cmp.Diff(first, read()); diff != "" {
			t.Errorf("what is remembered differs (-want +got):\n%s", diff)
		}
	}
	if reads != 3 {
		t.Errorf("read %d times", reads)
	}
	for name, change := range map[string]func(*packageStamp){
		"size": func(s *packageStamp) { s.Size++ }, "mtime": func(s *packageStamp) { s.MTime++ }, "ctime": func(s *packageStamp) { s.CTime++ },
		"inode": func(s *packageStamp) { s.Inode++ }, "other-file": func(s *packageStamp) { s.Path = "/var/lib/rpm/rpmdb.sqlite" },
	} {
		other := append([]packageStamp{}, stamps...)
		change(&other[0])
		if env.packageCache(other) != nil {
			t.Errorf("%s: the data base counts as unchanged", name)
		}
	}
	name := filepath.Join(env.StateDir, packageCacheName)
	for what, text := range map[string]string{"nonsense": "{", "another-form": `{"form":99}`, "empty": ""} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if env.packageCache(stamps) != nil {
			t.Errorf("%s: taken", what)
		}
	}
}

// A data base that is rewritten while it is read is read again, a bounded number of times, and said to have changed when it goes on.
func TestPackagesRewrittenWhileRead(t *testing.T) {
	env := rootWith(t, map[string]string{"var/lib/dpkg/status": status})
	file := filepath.Join(env.Root, "var/lib/dpkg/status")
	for _, c := range []struct{ writes, reads int }{{0, 1}, {1, 2}, {99, rereads}} {
		writes, reads := c.writes, 0
		var p facts.Packages
		var r reading
		env.readPackages(&p, &r, []string{"/var/lib/dpkg/status"}, func(r *reading) {
			reads++
			env.dpkgStatus(&p, r, "/var/lib/dpkg/status")
			if writes--; writes >= 0 {
				if err := os.WriteFile(file+".new", []byte(status+strings.Repeat("#", writes)), 0o644); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(file+".new", file); err != nil {
					t.Fatal(err)
				}
			}
		})
		if reads != c.reads || len(p.Installed) != 1 || (len(r.unread) > 0) != (c.writes > rereads) {
			t.Errorf("%d writes: %d reads, %d packages, unread %v", c.writes, reads, len(p.Installed), r.unread)
		}
	}
}

// Of rpm packages it is told which files are whose, also by the path before /usr was merged; a package that lists none is not called unused.
func TestRPMPackagesInUse(t *testing.T) {
	env := rpmHost(t)
	wanted := map[string]bool{"/usr/lib64/libprobe.so.1": true, "/usr/sbin/probed": true, "/usr/bin/mine": true}
	owners, listed := env.ownersAmong(wanted, map[string]bool{"probe": true, "probe-libs": true})
	if diff := cmp.Diff(map[string]string{"/usr/lib64/libprobe.so.1": "probe-libs", "/usr/sbin/probed": "probe"}, owners); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	if !listed["probe-data"] || listed["probe-meta"] {
		t.Errorf("listed %v", listed)
	}
}

// Makers are read from each kind of data base.
func TestForbiddenMakers(t *testing.T) {
	for name, c := range map[string]struct {
		env   *Env
		entry banned.Entry
		want  []string
	}{
		"rpm-vendor":   {rpmHost(t), banned.Entry{Makers: []string{"bad people*"}}, []string{"probe 1:1.0-1.el9", "probe-data 1:1.0-1.el9", "probe-libs 1:1.0-1.el9", "probe-meta 1:1.0-1.el9"}},
		"rpm-packager": {rpmHost(t), banned.Entry{Makers: []string{"*@badsoft.example>"}}, []string{"probe 1:1.0-1.el9", "probe-data 1:1.0-1.el9", "probe-libs 1:1.0-1.el9", "probe-meta 1:1.0-1.el9"}},
		"apk": {rootWith(t, map[string]string{"lib/apk/db/installed": "P:good\nV:1-r0\nm:Good <g@good.example>\nF:usr/bin\n\nP:bad\nV:2-r0\nm:Bad <b@badsoft.example>\n"}),
			banned.Entry{Makers: []string{"*@badsoft.example>"}}, []string{"bad 2-r0"}},
		"opkg": {rootWith(t, map[string]string{"usr/lib/opkg/status": "Package: bad\nStatus: install user installed\nMaintainer: Bad <b@badsoft.example>\nVersion: 3\n\n"}),
			banned.Entry{Makers: []string{"*@badsoft.example>"}}, []string{"bad 3"}},
		"nobody": {rpmHost(t), banned.Entry{Makers: []string{"(none)"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c.entry.ID, c.entry.Name = "X-1", "BadSoft"
			got, st := forbidden(t, c.env, &facts.Document{Packages: &facts.Packages{Installed: []facts.Package{}}}, c.entry)
			var found []string
			for _, f := range got.Found {
				if f.By != "maker" {
					t.Errorf("found by %s", f.By)
				}
				found = append(found, f.What)
			}
			if diff := cmp.Diff(c.want, found); diff != "" || st.State != facts.StateOK {
				t.Errorf("%+v (-want +got):\n%s", st, diff)
			}
		})
	}
}
