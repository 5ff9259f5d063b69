package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

const walkHost = `
-- etc/passwd --
root:x:0:0::/root:/bin/sh
-- etc/group --
root:x:0:
-- a/open 0666 --
-- a/b/opendir/ 0777 --
-- a/b/sticky/ 1777 --
-- a/b/link -> /etc/passwd --
-- a.b/x --
-- c/suid 4755 --
-- c/d/e/sgid 2755 --
-- c/lost 0644 777:0 --
-- proc/open 0666 --
-- var/lib/docker/open 0666 --
-- z/open 0666 --
`

func names(list []facts.FileState) []string {
	out := []string{}
	for _, f := range list {
		out = append(out, f.Path)
	}
	return out
}

func checkWalk(t *testing.T, w *facts.Walk) {
	t.Helper()
	if w == nil || !w.Complete {
		t.Fatalf("walk = %+v", w)
	}
	got := map[string][]string{"world_writable": names(w.WorldWritable), "set_id": names(w.SetID), "unowned": names(w.Unowned)}
	want := map[string][]string{
		"world_writable": {"/a/open", "/a/b/opendir", "/z/open"}, "set_id": {"/c/suid", "/c/d/e/sgid"}, "unowned": {"/c/lost"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("walk (-want +got):\n%s", diff)
	}
}

func TestWalkAtOnce(t *testing.T) {
	doc, st := collect(t, testEnv(t, walkHost, false), "walk")
	if st.State != facts.StateOK {
		t.Errorf("status = %+v", st)
	}
	checkWalk(t, doc.Walk)
}

// TestWalkResumes stops the walk after every single directory and expects the same lists in the end.
func TestWalkResumes(t *testing.T) {
	env := testEnv(t, walkHost, false)
	env.StateDir = t.TempDir()
	doc := &facts.Document{}
	for step := 0; ; step++ {
		if step > 100 {
			t.Fatal("the walk does not end")
		}
		st := loadWalk(env)
		w := newWalk(env, doc, st)
		w.left = 1
		err := w.all(t.Context(), []string{"/"})
		if serr := saveWalk(env, st); serr != nil {
			t.Fatal(serr)
		}
		if err == nil {
			st.Now.Complete = true
			checkWalk(t, &st.Now)
			if step < 5 {
				t.Errorf("the walk ended after %d steps: it was not stopped", step)
			}
			return
		}
	}
}

func TestWalkRemembersCompleted(t *testing.T) {
	env := testEnv(t, walkHost, false)
	env.StateDir = t.TempDir()
	for range 2 {
		doc := &facts.Document{}
		if st := collectWalk(t.Context(), env, doc); st.State != facts.StateOK {
			t.Errorf("status = %+v", st)
		}
		checkWalk(t, doc.Walk)
	}
}

func TestWalkOverBudget(t *testing.T) {
	var host strings.Builder
	for i := range 50 {
		fmt.Fprintf(&host, "-- d%d/x --\n", i)
	}
	env := testEnv(t, host.String(), false)
	doc := &facts.Document{}
	w := newWalk(env, doc, &walkState{})
	w.left = 10
	if err := w.all(t.Context(), []string{"/"}); err == nil {
		t.Error("the budget did not stop the walk")
	}
}

// TestWalkPrivileged wants the packages of programs with privileges: of one known by another path than the list has, of one
// that another package moved aside, and none of one that no package brought.
func TestWalkPrivileged(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to give a file capabilities")
	}
	env := testEnv(t, `
-- etc/passwd --
root:x:0:0::/root:/bin/sh
-- etc/group --
root:x:0:
-- usr/bin/su 4755 --
-- usr/bin/mount.real 4755 --
-- usr/bin/mount 4755 --
-- usr/bin/ping 0755 --
-- usr/local/bin/mine 0755 --
-- usr/share/data 0644 --
-- var/lib/dpkg/diversions --
/bin/mount
/usr/bin/mount.real
safe-mount
-- var/lib/dpkg/info/util-linux.list --
/bin/su
/bin/mount
-- var/lib/dpkg/info/safe-mount.list --
/bin/mount
-- var/lib/dpkg/info/iputils-ping:amd64.list --
/usr/bin/ping
`, false)
	netRaw := []byte{1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} // revision 2, effective, permitted net_raw
	for _, p := range []string{"usr/bin/ping", "usr/local/bin/mine", "usr/share/data"} {
		if err := unix.Lsetxattr(filepath.Join(env.Root, p), "security.capability", netRaw, 0); err != nil {
			t.Skipf("needs a file system with capabilities: %v", err)
		}
	}
	doc, _ := collect(t, env, "walk")
	if !doc.Walk.OwnersKnown {
		t.Error("the package data base was not asked")
	}
	got := map[string]string{}
	for _, f := range append(doc.Walk.SetID, doc.Walk.Capable...) {
		got[f.Path] = strings.Join(append([]string{f.Package}, f.Capabilities...), " ")
	}
	want := map[string]string{
		"/usr/bin/su": "util-linux", "/usr/bin/mount": "safe-mount", "/usr/bin/mount.real": "util-linux",
		"/usr/bin/ping": "iputils-ping cap_net_raw", "/usr/local/bin/mine": " cap_net_raw",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("programs with privileges (-want +got):\n%s", diff)
	}
}

func TestParseFileCapabilities(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		want []string
	}{
		"revision_1": {[]byte{0, 0, 0, 1, 0, 4, 0, 0, 0, 0, 0, 0}, []string{"cap_net_bind_service"}},
		"revision_3": {[]byte{1, 0, 0, 3, 0, 0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0xe8, 3, 0, 0}, []string{"cap_setuid", "cap_bpf"}},
		"unnamed":    {[]byte{0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0}, []string{"cap_63"}},
		"cut":        {[]byte{0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1}, nil},
		"unknown":    {[]byte{0, 0, 0, 9, 255, 255, 255, 255, 0, 0, 0, 0}, nil},
	} {
		if diff := cmp.Diff(c.want, parseFileCapabilities(c.in)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzFileCapabilities(f *testing.F) {
	f.Add([]byte{1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := parseFileCapabilities(b); len(got) > 64 {
			t.Errorf("%d capabilities", len(got))
		}
	})
}
