package ptrace

import (
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// traceIt makes the test binary trace a process until its standard input ends.
const traceIt = "VYMIR_TEST_TRACE"

func TestMain(m *testing.M) {
	if pid, err := strconv.Atoi(os.Getenv(traceIt)); err == nil {
		runtime.LockOSThread()
		if err := unix.PtraceSeize(pid); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("traced")
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Where no program in the kernel can tell, a look now and then finds who traces whom, once for each, and says what it misses.
func TestPollFindsTracing(t *testing.T) {
	p := Open(t.Context(), Options{Kinds: []string{hook.Poll}})
	defer p.Close()
	h := p.Hook()
	if h.State != hook.Proven || h.Kind != hook.Poll || !strings.Contains(h.Reason, pollNote) {
		t.Fatalf("%+v, want a proven poller that says what it misses", h)
	}
	target := osexec.Command("/bin/sleep", "60")
	if err := target.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = target.Process.Kill(); _ = target.Wait() }()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tracer := osexec.Command(self)
	tracer.Env = []string{traceIt + "=" + strconv.Itoa(target.Process.Pid)}
	hold, err := tracer.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := tracer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { hold.Close(); _ = tracer.Wait() }()
	line := make([]byte, len("traced"))
	if _, err := io.ReadFull(said, line); err != nil || string(line) != "traced" {
		t.Skipf("needs a host that lets a process trace another: %s", line)
	}
	var found []Tracing
	look := func() {
		p.Look(func(x Tracing) {
			if int(x.TargetPID) == target.Process.Pid {
				found = append(found, x)
			}
		})
	}
	look()
	look()
	if len(found) != 1 || int(found[0].PID) != tracer.Process.Pid || found[0].Target != "sleep" || found[0].Program == "" {
		t.Errorf("found %+v, want it once, traced by %d", found, tracer.Process.Pid)
	}
	if p.Hook().Events == 0 {
		t.Error("not counted")
	}
}

func FuzzParseNumber(f *testing.F) {
	f.Add([]byte("Name:\tsleep\nTracerPid:\t17\nUid:\t0\n"))
	f.Add([]byte("\nTracerPid:"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if parseNumber(b, "TracerPid") < 0 {
			t.Error("below zero")
		}
	})
}
