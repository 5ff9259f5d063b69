package files

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

func TestChangesAreTold(t *testing.T) {
	hooktest.NeedRoot(t)
	base := hooktest.TempDir(t)
	all, some := filepath.Join(base, "all"), filepath.Join(base, "some")
	for _, dir := range []string{all, some} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	saved := places
	places = []place{{base + "/a*", nil}, {some, []string{"shadow"}}, {base + "/none", nil}}
	defer func() { places = saved }()
	changes := make(chan Change, 64)
	p := Open(t.Context(), true, "", func(c Change) { changes <- c })
	defer p.Close()
	hooktest.NeedProven(t, Kind, p.Hook())

	write := func(path string) {
		t.Helper()
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(some, "motd")) // not one that counts
	write(filepath.Join(some, "shadow"))
	write(filepath.Join(all, "key.new"))
	if err := os.Rename(filepath.Join(all, "key.new"), filepath.Join(all, "key")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(all, "key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(all, "key")); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]bool{}
	deadline := time.After(time.Minute)
	for !found[filepath.Join(all, "key")]["deleted"] {
		select {
		case c := <-changes:
			if found[c.Path] == nil {
				found[c.Path] = map[string]bool{}
			}
			found[c.Path][c.What] = true
			if c.Program != exe || c.UID == nil || *c.UID != 0 || int(c.PID) != os.Getpid() {
				t.Errorf("%+v, want it by us", c)
			}
		case <-deadline:
			t.Fatalf("found only %v", found)
		}
	}
	key := found[filepath.Join(all, "key")]
	if !found[filepath.Join(some, "shadow")]["written"] || !key["replaced"] && !key["deleted"] || found[filepath.Join(some, "motd")] != nil {
		t.Errorf("found %v", found)
	}
	if h := p.Hook(); h.Events == 0 || h.Kind != Kind {
		t.Errorf("hook %+v", h)
	}
}

func TestOffAndClose(t *testing.T) {
	p := Open(t.Context(), false, "", nil)
	if h := p.Hook(); h.State != hook.Off {
		t.Errorf("%+v", h)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(make([]byte, metadataLength))
	f.Add([]byte{60, 0, 0, 0, 3, 0, 24, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0,
		2, 0, 36, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 'p', 'a', 's', 's', 'w', 'd', 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		parse(b, func(e event) {
			if len(e.name) > len(b) {
				t.Error("a name longer than its record")
			}
			_ = e.what()
		})
	})
}
