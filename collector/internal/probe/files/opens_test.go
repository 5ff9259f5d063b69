package files

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

func TestSecretsOpenedAreTold(t *testing.T) {
	hooktest.NeedRoot(t)
	dir := hooktest.TempDir(t)
	secret, public, home := filepath.Join(dir, "id_test"), filepath.Join(dir, "id_test.pub"), filepath.Join(dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{secret, public, filepath.Join(home, "answer.key")} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	saved := secrets
	secrets = []string{filepath.Join(dir, "id_*"), filepath.Join(dir, "none")}
	defer func() { secrets = saved }()
	opened := make(chan Change, 64)
	o := OpenReads(t.Context(), true, home, func(c Change) { opened <- c })
	defer o.Close()
	if h := o.Hook(); h.State == hook.Silent && !hooktest.Needed(Kind) {
		t.Skipf("needs a kernel that marks files in memory (5.13): %s", h.Reason)
	}
	hooktest.NeedProven(t, Kind, o.Hook())

	cat := func(path string) {
		t.Helper()
		cmd := osexec.Command("/proc/self/exe")
		cmd.Env = []string{opening + "=" + path}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	next := func(want string) {
		t.Helper()
		select {
		case c := <-opened:
			if c.Path != want || c.PID == 0 || int(c.PID) == os.Getpid() {
				t.Errorf("%+v, want %s opened by another", c, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: nothing was told", want)
		}
	}
	cat(public)
	cat(secret)
	next(secret)
	cat(filepath.Join(home, "answer.key"))
	next(filepath.Join(home, "answer.key"))
	if b, err := os.ReadFile(secret); err != nil || len(b) == 0 { // we ourselves
		t.Fatal(err)
	}
	// A file that takes its place is another one, until it is marked.
	if err := os.WriteFile(secret+".new", []byte("y"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(secret+".new", secret); err != nil {
		t.Fatal(err)
	}
	o.Mark()
	cat(secret)
	next(secret)
	if h := o.Hook(); h.Events != 3 || h.Lost != 0 || h.State != hook.Proven {
		t.Errorf("%+v", h)
	}
}

// opening makes the test binary open a file and end.
const opening = "VYMIR_TEST_OPEN"

func init() {
	if path := os.Getenv(opening); path != "" {
		if _, err := os.ReadFile(path); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
}
