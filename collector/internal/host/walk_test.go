package host

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
