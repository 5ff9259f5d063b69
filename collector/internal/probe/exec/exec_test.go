package exec

import (
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

var bpfKinds = []string{hook.TracingBTF, hook.Raw, hook.Tracepoint}

func open(t *testing.T, kind string, o hook.Options) *Probe {
	t.Helper()
	hooktest.NeedRoot(t)
	p := Open(t.Context(), Options{Options: o, Kinds: []string{kind}})
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	hooktest.NeedProven(t, kind, p.Hook())
	return p
}

// drain gives all that was seen since the last time, by path.
func drain(t *testing.T, p *Probe) map[string]Seen {
	t.Helper()
	all := map[string]Seen{}
	err := p.Drain(hook.Now(), func(s Seen) {
		have, ok := all[s.Path]
		if ok {
			s.Count += have.Count
			s.Flags |= have.Flags
		}
		all[s.Path] = s
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := osexec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}

// copyTrue puts a copy of /bin/true into dir.
func copyTrue(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// ordinaryDir is a directory that only we may write, not below one like /tmp.
func ordinaryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/lib", "vymir-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestExecIsSeenByEveryKind(t *testing.T) {
	for _, kind := range append(slices.Clone(bpfKinds), hook.Netlink) {
		t.Run(kind, func(t *testing.T) {
			p := open(t, kind, hook.Options{Ring: hooktest.Ring(t)})
			dir := ordinaryDir(t)
			path := copyTrue(t, dir, "seen-by-all")
			drain(t, p)
			before := p.Hook().Events
			if kind == hook.Netlink { // the process must live until it is looked at
				cmd := osexec.Command("/bin/sleep", "300")
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				path, _ = os.Readlink("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/exe")
				defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
				var got Seen
				if !hooktest.Await(t, func() bool { got = drain(t, p)[path]; return got.Count > 0 }) {
					t.Fatalf("%s was not seen", path)
				}
				return
			}
			run(t, path)
			run(t, path)
			got := drain(t, p)[path]
			if got.Count != 2 || got.Flags&Notable != 0 || got.UID != 0 || got.PID == 0 {
				t.Errorf("seen %+v, want 2 ordinary runs", got)
			}
			if kind != hook.Tracepoint && got.Parent != hook.Command() {
				t.Errorf("parent %q, want %q", got.Parent, hook.Command())
			}
			if n := p.Hook().Events - before; n < 2 {
				t.Errorf("%d events counted, want at least 2", n)
			}
			if again := drain(t, p)[path]; again.Count != 0 {
				t.Errorf("handed over again: %+v", again)
			}
		})
	}
}

func TestNotableExecutions(t *testing.T) {
	for _, kind := range []string{hook.TracingBTF, hook.Raw} {
		t.Run(kind, func(t *testing.T) {
			p := open(t, kind, hook.Options{Ring: hooktest.Ring(t)})
			drain(t, p)

			temp := copyTrue(t, hooktest.TempDir(t), "from-temp")
			run(t, temp)

			gone := copyTrue(t, ordinaryDir(t), "deleted")
			fd, err := unix.Open(gone, unix.O_PATH|unix.O_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			if err := os.Remove(gone); err != nil {
				t.Fatal(err)
			}
			run(t, "/proc/"+strconv.Itoa(os.Getpid())+"/fd/"+strconv.Itoa(fd))

			mem, err := unix.MemfdCreate("vymir-test", unix.MFD_CLOEXEC)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(mem)
			b, err := os.ReadFile("/bin/true")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := unix.Write(mem, b); err != nil {
				t.Fatal(err)
			}
			run(t, "/proc/"+strconv.Itoa(os.Getpid())+"/fd/"+strconv.Itoa(mem))

			sealed, err := unix.MemfdCreate("vymir-sealed", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(sealed)
			if _, err := unix.Write(sealed, b); err != nil {
				t.Fatal(err)
			}
			seals := unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
			if _, err := unix.FcntlInt(uintptr(sealed), unix.F_ADD_SEALS, seals); err != nil {
				t.Fatal(err)
			}
			run(t, "/proc/"+strconv.Itoa(os.Getpid())+"/fd/"+strconv.Itoa(sealed))

			script := filepath.Join(hooktest.TempDir(t), "script.sh")
			if err := os.WriteFile(script, []byte("#!"+interpreter(t)+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			run(t, script)

			suid := copyTrue(t, ordinaryDir(t), "set-user-id")
			if err := os.Chmod(suid, 0o755|os.ModeSetuid); err != nil {
				t.Fatal(err)
			}
			run(t, suid)

			all := drain(t, p)
			fromScript, scriptKind, scriptName := Script|ScriptTemporary, "exec_temp", script
			fromSealed := Deleted | Memfd | Sealed
			if hooktest.LockedDown() {
				fromSealed = Deleted | Memfd // the seals stand where no direct load reaches
				fromScript, scriptKind, scriptName = Script, "exec", ""
			}
			tests := []struct {
				path string
				want Flags
				kind string
			}{
				{temp, Temporary, "exec_temp"},
				{gone, Deleted, "exec_deleted"},
				{"memfd:vymir-test", Deleted | Memfd, "exec_memfd"},
				{"memfd:vymir-sealed", fromSealed, "exec_memfd"},
				{interpreter(t), fromScript, scriptKind},
				{suid, SetUID, "exec"},
			}
			for _, tt := range tests {
				got, ok := all[tt.path]
				if !ok || got.Flags != tt.want || got.Flags.Kind() != tt.kind {
					t.Errorf("%s: flags %v kind %s, want %v %s", tt.path, got.Flags.Names(), got.Flags.Kind(), tt.want.Names(), tt.kind)
				}
			}
			if got := all[interpreter(t)].Script; got != scriptName {
				t.Errorf("script %q, want %q", got, scriptName)
			}
		})
	}
}

// interpreter is a program whose path nobody else runs while the test does.
func interpreter(t *testing.T) string {
	t.Helper()
	const path = "/var/lib/vymir-test-interpreter"
	if _, err := os.Stat(path); err == nil {
		return path
	}
	copyTrue(t, filepath.Dir(path), filepath.Base(path))
	t.Cleanup(func() { os.Remove(path) })
	return path
}

// becomeRoot is what the test binary does, as nobody, when it is told to: it runs a program as root.
const becomeRoot = "VYMIR_TEST_BECOME_ROOT"

func TestMain(m *testing.M) {
	if program := os.Getenv(becomeRoot); program != "" {
		cmd := osexec.Command(program)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{NoSetGroups: true}}
		if err := cmd.Run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestRootBelowNobodyIsAGain(t *testing.T) {
	for _, kind := range []string{hook.TracingBTF, hook.Raw} {
		t.Run(kind, func(t *testing.T) {
			p := open(t, kind, hook.Options{Ring: hooktest.Ring(t)})
			drain(t, p)
			dir := ordinaryDir(t)
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			usual, gained := copyTrue(t, dir, "usual"), copyTrue(t, dir, "gained")
			run(t, usual)
			cmd := osexec.Command("/proc/self/exe")
			cmd.Env = []string{becomeRoot + "=" + gained}
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Credential:  &syscall.Credential{Uid: 65534, Gid: 65534},
				AmbientCaps: []uintptr{unix.CAP_SETUID, unix.CAP_SETGID},
			}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			all := drain(t, p)
			if got := all[gained].Flags; got != Gained || got.Kind() != "privilege_gain" {
				t.Errorf("flags %v, want %v", got.Names(), Gained.Names())
			}
			if got, ok := all[usual]; !ok || got.Flags != 0 {
				t.Errorf("flags %v of a usual run", got.Flags.Names())
			}
		})
	}
}

func TestLongAndDeepPaths(t *testing.T) {
	p := open(t, hook.TracingBTF, hook.Options{Ring: hooktest.Ring(t)})
	drain(t, p)
	dir := ordinaryDir(t)
	outside := copyTrue(t, dir, "a-name-of-thirty-six-characters-long")
	run(t, outside)
	deep := dir
	for i := range 12 {
		deep = filepath.Join(deep, "d"+strconv.Itoa(i))
	}
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	below := copyTrue(t, deep, "bottom")
	run(t, below)
	all := drain(t, p)
	if all[outside].Count != 1 && !hooktest.LockedDown() {
		t.Errorf("%s was not seen", outside)
	}
	found := slices.ContainsFunc(slices.Collect(keys(all)), func(path string) bool { return filepath.Base(path) == "bottom" })
	if !found {
		t.Errorf("%s was not seen under any path", below)
	}
}

func keys(m map[string]Seen) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// A full map keeps counting: what it could not store stands among the losses, exactly.
func TestFullMapCounts(t *testing.T) {
	for _, kind := range bpfKinds {
		t.Run(kind, func(t *testing.T) {
			p := open(t, kind, hook.Options{Ring: hooktest.Ring(t), MaxEntries: map[string]uint32{"programs": 4}})
			dir := ordinaryDir(t)
			for i := range 12 {
				run(t, copyTrue(t, dir, "p"+strconv.Itoa(i)))
			}
			c, err := p.choice.Source.Counters()
			if err != nil {
				t.Fatal(err)
			}
			if c.Losses[hook.LostMapFull] < 8 {
				t.Errorf("losses %v, want at least 8 %s", c.Losses, hook.LostMapFull)
			}
			if c.Seen != c.Stored+c.Losses[hook.LostMapFull]+c.Losses[hook.LostMapBusy] {
				t.Errorf("%d seen, %d stored, lost %v: some are missing", c.Seen, c.Stored, c.Losses)
			}
		})
	}
}

func TestPollSeesWhatLasts(t *testing.T) {
	p, err := newPoller()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	cmd := osexec.Command("/bin/sleep", "300")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	exe, err := os.Readlink("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.look(); err != nil {
		t.Fatal(err)
	}
	var got uint64
	_ = p.drain(hook.Now(), func(s Seen) {
		if s.Path == exe {
			got += s.Count
		}
	})
	if got == 0 {
		t.Errorf("%s was not seen", exe)
	}
}

func TestNothingAllowedIsOff(t *testing.T) {
	p := Open(t.Context(), Options{Kinds: []string{}})
	if got := p.Hook().State; got != hook.Off {
		t.Errorf("state %q, want %q", got, hook.Off)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(make([]byte, keySize))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := &Probe{choice: hook.Choice[source]{Source: &kernel{}, Have: true}}
		if s, ok := p.Parse(hook.Header{}, b, hook.Now()); ok && len(s.Path) > 4096 {
			t.Errorf("path of %d bytes", len(s.Path))
		}
	})
}

func FuzzParseExec(f *testing.F) {
	f.Add(make([]byte, headerLength+24))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if pid, ok := parseExec(b); ok && pid <= 0 {
			t.Errorf("process id %d", pid)
		}
	})
}
