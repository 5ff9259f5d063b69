//go:build !thin && linux

package policies_test

import (
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
)

// ownLogs makes the test binary run the test of logins in a mount name space of its own.
const ownLogs = "VYMIR_TEST_OWN_LOGS"

// TestLoginControlsTurn lets somebody log in, and be guessed at, in a copy of this host's files: records like those that PAM's
// and OpenSSH's functions write, into /var/log/wtmp and btmp of a mount name space of its own.
func TestLoginControlsTurn(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to mount")
	}
	if os.Getenv(ownLogs) == "" {
		self, err := os.Executable()
		must(t, err)
		cmd := exec.Command(self, "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), ownLogs+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	must(t, unix.Mount("logs", "/var/log", "tmpfs", 0, "mode=755"))
	for _, name := range []string{"/var/log/wtmp", "/var/log/btmp"} {
		must(t, os.WriteFile(name, nil, 0o600))
	}
	passwd := filepath.Join(t.TempDir(), "passwd")
	must(t, os.WriteFile(passwd, []byte("root:x:0:0:Olena Shevchenko:/root:/bin/sh\nbackup2:x:1000:1000::/home:/bin/sh\n"), 0o644))
	must(t, unix.Mount(passwd, "/etc/passwd", "", unix.MS_BIND, ""))

	e := runtimeEngine(t)
	probes, err := collector.OpenProbes(collector.ProbeOptions{Kinds: []string{"poll"}})
	must(t, err)
	defer probes.Close()
	judged := func(control string) assessment.Result {
		t.Helper()
		doc, err := collector.Collect(t.Context(), collector.Options{Runtime: probes.Snapshot(time.Now()), Families: []string{"accounts", "runtime"}})
		must(t, err)
		return judge(t, e, doc)[control]
	}
	const owner, guessing = "runtime.logins_have_owner", "runtime.no_password_guessing"
	record(t, "/var/log/wtmp", "root", "203.0.113.7") // who has an owner
	for range 20 {
		record(t, "/var/log/btmp", "root", "203.0.113.7") // a few do not count
	}
	for _, control := range []string{owner, guessing} {
		if got := judged(control); got.Status != assessment.Pass {
			t.Errorf("before: %s %s (%s)", control, got.Status, got.Reason)
		}
	}
	record(t, "/var/log/wtmp", "backup2", "203.0.113.8")
	if got := judged(owner); got.Status != assessment.Fail || !strings.Contains(got.Reason, "backup2") {
		t.Errorf("after: %s (%s)", got.Status, got.Reason)
	}
	for range 100 {
		record(t, "/var/log/btmp", "root", "203.0.113.9")
	}
	if got := judged(guessing); got.Status != assessment.Fail || !strings.Contains(got.Reason, "root") {
		t.Errorf("after: %s (%s)", got.Status, got.Reason)
	}
}

// record appends a login of a user from an address, struct utmp of utmp(5) on 64-bit machines.
func record(t *testing.T, path, user, address string) {
	t.Helper()
	b := make([]byte, 384)
	n := binary.NativeEndian
	n.PutUint16(b, 7) // USER_PROCESS
	n.PutUint32(b[4:], uint32(os.Getpid()))
	copy(b[8:40], "pts/7")
	copy(b[44:76], user)
	copy(b[76:332], address)
	n.PutUint32(b[340:], uint32(time.Now().Unix()))
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	defer f.Close()
	_, err = f.Write(b)
	must(t, err)
}

// TestUnrecordedExecutionIsFound leaves the probe out that records executions, on a kernel whose audit is off.
func TestUnrecordedExecutionIsFound(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to attach probes")
	}
	e := runtimeEngine(t)
	judged := func(o collector.ProbeOptions) assessment.Result {
		t.Helper()
		probes, err := collector.OpenProbes(o)
		must(t, err)
		defer probes.Close()
		doc, err := collector.Collect(t.Context(), collector.Options{Runtime: probes.Snapshot(time.Now()), Families: []string{"audit", "runtime"}})
		must(t, err)
		if doc.Audit == nil || doc.Audit.Enabled == nil || *doc.Audit.Enabled != 0 {
			t.Skip("needs a kernel with audit that is switched off")
		}
		return judge(t, e, doc)["runtime.execution_recorded"]
	}
	if got := judged(collector.ProbeOptions{}); got.Status != assessment.Pass {
		t.Errorf("with the probe: %s (%s)", got.Status, got.Reason)
	}
	if got := judged(collector.ProbeOptions{Exclude: []string{"exec"}}); got.Status != assessment.Fail {
		t.Errorf("without it: %s (%s)", got.Status, got.Reason)
	}
}

// module is where the matrix of kernels puts a module of the kernel it boots, one that nothing calls for.
const module = "/lib/modules/dummy.ko"

// loadModule adds a module to the kernel.
func loadModule(t *testing.T) {
	t.Helper()
	f, err := os.Open(module)
	if err != nil {
		t.Skipf("needs a module of this kernel, as make test-kernels has: %v", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() == 0 {
		t.Skip("needs a module of this kernel, as make test-kernels has: there is none in this package")
	}
	if err := unix.FinitModule(int(f.Fd()), "", 0); errors.Is(err, unix.EPERM) || errors.Is(err, unix.EKEYREJECTED) {
		t.Skipf("needs a kernel that takes modules which this lockdown does not trust: %v", err)
	} else if err != nil && !errors.Is(err, unix.EEXIST) {
		t.Fatalf("load module: %v", err)
	}
	t.Cleanup(func() { _ = unix.DeleteModule("dummy", 0) })
}

// lockedDown says whether the kernel lets nobody read its memory, so that scripts are not told.
func lockedDown() bool {
	b, err := os.ReadFile("/sys/kernel/security/lockdown")
	return err == nil && strings.Contains(string(b), "[confidentiality]")
}

// TestEveryRuntimeControlIsCaused fails where a control of the family has no test that causes what it is there to notice.
func TestEveryRuntimeControlIsCaused(t *testing.T) {
	caused := []string{ // by tests of their own
		"runtime.exposed_services_used", "runtime.testimony_whole", "runtime.logins_have_owner", "runtime.no_password_guessing",
		"runtime.execution_recorded",
	}
	for _, b := range behaviours("") {
		caused = append(caused, b.control)
	}
	n := 0
	for _, c := range policies.BuiltIn().Controls {
		if !strings.HasPrefix(c.ID, "runtime.") {
			continue
		}
		if n++; !slices.Contains(caused, c.ID) {
			t.Errorf("%s: no test causes it", c.ID)
		}
	}
	if n < 15 {
		t.Errorf("%d controls of the family runtime, want at least 15", n)
	}
}
