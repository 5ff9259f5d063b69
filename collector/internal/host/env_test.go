package host

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/hosttest"
)

// testNow is the time of every collection in tests.
var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// testEnv opens a host given as a txtar text (see package hosttest). With live set, its proc/ and sys/ stand for those
// of a running host.
func testEnv(t testing.TB, text string, live bool) *Env {
	t.Helper()
	root := hosttest.LoadText(t, text)
	o := Options{Root: root, Now: testNow}
	if live {
		o.Proc = root
	}
	e, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// collect runs one family on a fresh document.
func collect(t testing.TB, env *Env, name string) (*facts.Document, facts.Status) {
	t.Helper()
	doc := &facts.Document{Live: env.Live, MeasuredAt: env.Now}
	for _, f := range All() {
		if f.Name == name {
			return doc, f.Collect(context.Background(), env, doc)
		}
	}
	t.Fatalf("no family %q", name)
	return nil, facts.Status{}
}

const hostileHost = `
-- etc/passwd --
root:x:0:0:root:/root:/bin/sh
eva:x:1000:1000::/home/eva:/bin/sh
-- etc/group --
root:x:0:
eva:x:1000:
-- etc/plain --
plain
-- etc/absolute -> /etc/plain --
-- etc/relative -> ../etc/plain --
-- etc/climbing -> ../../../../../../../../etc/plain --
-- etc/outside -> ../../../../../../outside --
-- etc/a -> b --
-- etc/b -> a --
-- etc/self -> self/self --
-- etc/fifo fifo --
-- etc/linkdir -> /usr/share --
-- usr/share/inner --
inner
-- etc/huge size=10737418240 --
-- etc/dir/.hidden --
-- etc/dir/b.conf --
-- etc/dir/a.conf --
-- etc/dir/c.txt --
-- etc/evasfile 0640 eva:eva --
`

func TestEnvHostilePaths(t *testing.T) {
	for _, byHand := range []bool{false, true} {
		name := "openat2"
		if byHand {
			name = "by_hand"
		}
		t.Run(name, func(t *testing.T) {
			env := testEnv(t, hostileHost, false)
			if !byHand && env.noAt2 {
				t.Skip("needs openat2 (Linux 5.6)")
			}
			env.noAt2 = byHand
			// a file beside the root that nothing may reach
			if err := os.WriteFile(filepath.Join(filepath.Dir(env.Root), "outside"), []byte("secret"), 0o600); err != nil {
				t.Fatal(err)
			}
			tests := []struct {
				path string
				want string
				err  error
			}{
				{path: "/etc/plain", want: "plain\n"},
				{path: "//etc/./plain", want: "plain\n"},
				{path: "/etc/absolute", want: "plain\n"},
				{path: "/etc/relative", want: "plain\n"},
				{path: "/etc/climbing", want: "plain\n"},
				{path: "/etc/linkdir/inner", want: "inner\n"},
				{path: "/etc/linkdir/../etc/plain", err: fs.ErrNotExist}, // ".." of /usr/share, not of /etc
				{path: "/../../etc/plain", want: "plain\n"},
				{path: "/etc/outside", err: fs.ErrNotExist},
				{path: "/../outside", err: fs.ErrNotExist},
				{path: "/etc/fifo", err: ErrNotRegular},
				{path: "/etc", err: ErrNotRegular},
				{path: "/etc/huge", err: ErrTooLarge},
				{path: "/etc/missing", err: fs.ErrNotExist},
			}
			for _, tt := range tests {
				b, err := env.ReadFile(tt.path)
				if !errors.Is(err, tt.err) || string(b) != tt.want {
					t.Errorf("ReadFile(%s) = %q, %v; want %q, %v", tt.path, b, err, tt.want, tt.err)
				}
			}
			for _, p := range []string{"/etc/a", "/etc/self", "etc/plain", "/etc/pl\x00ain", "/etc/plain/x"} {
				if b, err := env.ReadFile(p); err == nil {
					t.Errorf("ReadFile(%q) = %q, want an error", p, b)
				}
			}
			if got := env.Stat("/etc/a"); got.Kind != "unknown" {
				t.Errorf("Stat of a loop: kind %q, want unknown", got.Kind)
			}
		})
	}
}

func TestEnvStat(t *testing.T) {
	env := testEnv(t, hostileHost, false)
	link := env.Lstat("/etc/absolute")
	if link.Kind != "link" || link.Link != "/etc/plain" || link.Mode != "" {
		t.Errorf("Lstat of a link = %+v", link)
	}
	uid, gid, size := uint32(1000), uint32(1000), int64(0)
	want := facts.FileState{
		Path: "/etc/evasfile", Kind: "file", Mode: "0640", UID: &uid, GID: &gid, User: "eva", Group: "eva",
		Bytes: &size, ModifiedAt: &hosttest.Epoch,
	}
	if diff := cmp.Diff(want, env.Stat("/etc/evasfile")); diff != "" {
		t.Errorf("Stat (-want +got):\n%s", diff)
	}
	if got := env.Lstat("/nowhere/at/all"); got.Kind != "absent" || got.UID != nil {
		t.Errorf("Lstat of nothing = %+v", got)
	}
	if got, err := env.Resolve("/etc/linkdir/inner"); err != nil || got != "/usr/share/inner" {
		t.Errorf("Resolve = %q, %v", got, err)
	}
}

func TestEnvGlob(t *testing.T) {
	env := testEnv(t, hostileHost, false)
	tests := map[string][]string{
		"/etc/dir/*.conf":  {"/etc/dir/a.conf", "/etc/dir/b.conf"},
		"/etc/dir/.*":      {"/etc/dir/.hidden"},
		"/*/dir/[bc]*":     {"/etc/dir/b.conf", "/etc/dir/c.txt"},
		"/etc/linkdir/in*": {"/etc/linkdir/inner"},
		"/etc/plain":       {"/etc/plain"},
		"/etc/none*":       nil,
		"etc/*":            nil,
		"/etc/[":           nil,
	}
	for pattern, want := range tests {
		if diff := cmp.Diff(want, env.Glob(pattern)); diff != "" {
			t.Errorf("Glob(%s) (-want +got):\n%s", pattern, diff)
		}
	}
}

func TestEnvProcNeedsLive(t *testing.T) {
	dead := testEnv(t, "-- proc/version --\nLinux\n", false)
	if _, err := dead.ReadProc("/proc/version"); !errors.Is(err, ErrNotLive) {
		t.Errorf("ReadProc under --root: %v, want ErrNotLive", err)
	}
	live := testEnv(t, "-- proc/version --\nLinux\n", true)
	if b, err := live.ReadProc("/proc/version"); err != nil || !strings.HasPrefix(string(b), "Linux") {
		t.Errorf("ReadProc = %q, %v", b, err)
	}
	if _, err := live.ReadProc("/proc/../etc/passwd"); err == nil {
		t.Error("ReadProc left /proc")
	}
	if live.Native() || dead.Native() {
		t.Error("a recorded host calls itself native")
	}
}
