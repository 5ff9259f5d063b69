// Package hooktest says what tests of probes need, and skips those whose need is not met.
package hooktest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// NeedRoot skips the test for users who may not load BPF programs, and raises the limit that older kernels put on maps.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root (or CAP_BPF, CAP_PERFMON and, for tracepoints, CAP_DAC_READ_SEARCH)")
	}
	if err := hook.RaiseLimit(); err != nil {
		t.Fatal(err)
	}
}

// needed lists, in the matrix of kernels, the kinds of hooks that this kernel must offer.
const needed = "VYMIR_NEED_KINDS"

// Needed says whether this kernel is known to offer a kind of hook.
func Needed(kind string) bool { return slices.Contains(strings.Split(os.Getenv(needed), ","), kind) }

// NeedProven skips the test where the kernel refuses this kind of hook, unless it is known to offer it, and fails it
// where the hook is there and silent.
func NeedProven(t testing.TB, kind string, h facts.Hook) {
	t.Helper()
	switch h.State {
	case hook.Proven:
	case hook.Refused:
		if Needed(kind) {
			t.Fatalf("this kernel must offer %s: %s", kind, h.Reason)
		}
		t.Skipf("needs a kernel that offers this hook: %s", h.Reason)
	default:
		t.Fatalf("hook %s is %s: %s", h.Event, h.State, h.Reason)
	}
}

// Ring gives a ring that nobody reads.
func Ring(t testing.TB) *ebpf.Map {
	t.Helper()
	NeedRoot(t)
	m := hook.NewRing()
	if m == nil {
		t.Skip("needs a kernel with a ring buffer (5.8)")
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// TempDir is a directory below /tmp with a short name: where the kernel lets nobody read its memory, longer names than
// 31 bytes are not seen.
func TempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "vymir-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// LockedDown says whether the kernel lets nobody read its memory, so that scripts and long file names are not told.
func LockedDown() bool {
	b, err := os.ReadFile("/sys/kernel/security/lockdown")
	return err == nil && strings.Contains(string(b), "[confidentiality]")
}

// NeedKernel skips the test on kernels before a release. It is for what comes with a release and takes seconds to refuse in
// an emulated machine; what a kernel offers is otherwise found out by trying.
func NeedKernel(t testing.TB, major, minor int) {
	t.Helper()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	var a, b int
	if n, _ := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &a, &b); n == 2 && (a < major || a == major && b < minor) {
		t.Skipf("needs Linux %d.%d", major, minor)
	}
}

// Await asks until seen says yes; false: a minute has gone, in which it did not.
func Await(t testing.TB, seen func() bool) bool {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if seen() {
			return true
		}
		if t.Context().Err() != nil || time.Now().After(until) {
			return false
		}
	}
}
