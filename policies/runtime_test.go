//go:build !thin && linux

package policies_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector"
	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/bundle"
)

// becomeRoot makes the test binary, as nobody, run a program as root.
const becomeRoot = "VYMIR_TEST_BECOME_ROOT"

// traceIt makes the test binary trace a process until its standard input ends.
const traceIt = "VYMIR_TEST_TRACE"

func init() {
	runtime.LockOSThread() // the first thread stays in the host's network, which procfs shows for the whole process
	if pid, err := strconv.Atoi(os.Getenv(traceIt)); err == nil {
		if err := unix.PtraceSeize(pid); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("traced")
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	if program := os.Getenv(becomeRoot); program != "" {
		cmd := exec.Command(program)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{NoSetGroups: true}}
		if err := cmd.Run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// behaviour is something a host does that one control of the family runtime has to notice.
type behaviour struct {
	control string
	hook    string // the event that has to be proven; "": none
	cause   func(*testing.T)
}

// TestRuntimeControlsTurn lets this machine do what the controls of the family runtime are there to notice, and looks
// whether each turns from pass to fail. What this kernel does not offer is skipped by name.
func TestRuntimeControlsTurn(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to attach probes and to cause what they see")
	}
	e := runtimeEngine(t)
	dir := ownDir(t)
	probes, before := calm(t, e, dir)
	defer probes.Close()
	proven, kind := map[string]bool{}, map[string]string{}
	for _, h := range probes.Hooks() {
		proven[h.Event], kind[h.Event] = h.State == "proven", h.Kind
	}
	polled := map[string]bool{"ptrace": kind["ptrace"] == "poll"}
	for _, b := range behaviours(dir) {
		t.Run(b.control, func(t *testing.T) {
			if !proven[b.hook] {
				t.Skipf("needs a kernel that offers the hook %s: see vymir-agent doctor", b.hook)
			}
			if b.control == "runtime.no_scripts_from_temp" && lockedDown() {
				t.Skip("needs a kernel that lets its memory be read, where scripts have names")
			}
			if needsParents[b.control] && kind["exec"] != "tp_btf" && kind["exec"] != "raw_tp" {
				if got := before[b.control]; got.Status != assessment.Unmeasured {
					t.Errorf("%s (%s), where the hook %s cannot tell", got.Status, got.Reason, kind["exec"])
				}
				t.Skipf("needs executions with their files and parents, which %s does not tell", kind["exec"])
			}
			if got := before[b.control]; got.Status != assessment.Pass && !leftFromOutside[b.control] && !polled[b.hook] {
				t.Errorf("before: %s (%s)", got.Status, got.Reason)
			}
			b.cause(t)
			var got assessment.Result
			for end := time.Now().Add(time.Minute); time.Now().Before(end); { // fanotify and the ring are read by goroutines of their own
				if got = judge(t, e, behaving(probes))[b.control]; got.Status == assessment.Fail {
					return
				}
				runtime.Gosched()
			}
			t.Errorf("after: %s (%s)", got.Status, got.Reason)
		})
	}
}

// calm opens probes, and does so again where other programs of this machine, such as another test, did just then what a control is
// there to notice.
func calm(t *testing.T, e *policies.Engine, dir string) (probes *collector.Probes, before map[string]assessment.Result) {
	t.Helper()
	for try := range 5 {
		probes, err := collector.OpenProbes(collector.ProbeOptions{StatePath: filepath.Join(dir, fmt.Sprintf("runtime-%d.state", try))})
		must(t, err)
		before = judge(t, e, behaving(probes))
		noticed := func(b behaviour) bool {
			return before[b.control].Status == assessment.Fail && !leftFromOutside[b.control]
		}
		if try == 4 || !slices.ContainsFunc(behaviours(dir), noticed) {
			return probes, before
		}
		probes.Close()
	}
	return nil, nil
}

// leftFromOutside are controls that whatever else runs on the machine of the test may turn at any moment.
var leftFromOutside = map[string]bool{
	"runtime.resolvers_as_configured": true, "runtime.no_execution_from_temp": true, "runtime.no_scripts_from_temp": true,
	"runtime.no_fileless_execution": true, "runtime.no_crashing_programs": true, "runtime.no_unknown_bpf": true,
	"runtime.no_user_namespaces_by_services": true, // and is unmeasured where the kernel has no fentry
}

// needsParents are controls that rest on whose file was run below whom, which only the two best kinds of hooks tell.
var needsParents = map[string]bool{
	"runtime.no_privilege_gain": true, "runtime.no_scripts_from_temp": true, "runtime.no_fileless_execution": true,
	"runtime.no_tools_from_services": true, "runtime.no_stray_setuid": true,
}

func behaviours(dir string) []behaviour {
	return []behaviour{
		{"runtime.no_privilege_gain", "exec", func(t *testing.T) { gain(t, dir) }},
		{"runtime.no_crashing_programs", "exit", func(t *testing.T) {
			for range 5 {
				_ = exec.Command("/bin/sh", "-c", "kill -SEGV $$").Run()
			}
		}},
		{"runtime.resolvers_as_configured", "udp_send", func(t *testing.T) {
			c, err := net.Dial("udp4", "198.51.100.1:53")
			must(t, err)
			c.Close()
		}},
		{"runtime.no_foreign_memory_access", "ptrace", func(t *testing.T) {
			child := exec.Command("/bin/sleep", "30")
			must(t, child.Start())
			defer func() { _ = child.Process.Kill(); _ = child.Wait() }()
			reader := copyOf(t, "/bin/cat", filepath.Join(dir, "peeps"))
			_ = exec.Command(reader, "/proc/"+strconv.Itoa(child.Process.Pid)+"/mem").Run()
			trace(t, dir) // which a look now and then finds, too
		}},
		{"runtime.no_security_files_by_services", "sensitive_write", func(t *testing.T) {
			file := "/etc/cron.d/vymir-test-" + strconv.Itoa(os.Getpid())
			t.Cleanup(func() { os.Remove(file) })
			run(t, copyOf(t, "/bin/cp", filepath.Join(dir, "curl")), "/dev/null", file)
		}},
		{"runtime.no_unknown_bpf", "bpf_load", func(t *testing.T) {
			other, err := collector.OpenProbes(collector.ProbeOptions{})
			must(t, err)
			t.Cleanup(func() { _ = other.Close() })
		}},
		{"runtime.no_scripts_from_temp", "exec", func(t *testing.T) {
			script := filepath.Join(shortTemp(t), "x.sh")
			must(t, os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755))
			run(t, script)
		}},
		{"runtime.no_execution_from_temp", "exec", func(t *testing.T) { run(t, copyOf(t, "/bin/true", filepath.Join(shortTemp(t), "x"))) }},
		{"runtime.no_fileless_execution", "exec", fromMemory},
		{"runtime.no_remote_control_used", "exec", func(t *testing.T) { run(t, copyOf(t, "/bin/true", filepath.Join(dir, "anydesk"))) }},
		{"runtime.no_tools_from_services", "exec", func(t *testing.T) {
			run(t, copyOf(t, "/bin/sh", filepath.Join(dir, "php-fpm8.2")), "-c", "whoami; true")
		}},
		{"runtime.no_stray_setuid", "exec", func(t *testing.T) {
			program := copyOf(t, "/bin/true", filepath.Join(dir, "borrowed"))
			must(t, os.Chmod(program, 0o755|os.ModeSetuid))
			run(t, program)
		}},
		{"runtime.no_shell_connections", "tcp_connect", func(t *testing.T) {
			elsewhere(t, 4444, func(at string, _ net.Listener) { run(t, "/bin/bash", "-c", "exec 3<>/dev/tcp/"+at+"/4444") })
		}},
		{"runtime.no_plaintext_outbound", "tcp_connect", func(t *testing.T) { elsewhere(t, 23, func(at string, _ net.Listener) { dial(t, at+":23") }) }},
		{"runtime.no_internet_to_management", "tcp_accept", func(t *testing.T) {
			elsewhere(t, 5432, func(at string, _ net.Listener) { dial(t, at+":5432") })
		}},
		{"runtime.no_removable_media", "mount", plugIn},
		{"runtime.no_unusual_modules", "module_load", loadModule},
		{"runtime.no_user_namespaces_by_services", "namespace", func(t *testing.T) {
			cmd := exec.Command("unshare", "-U", "-n", "/bin/true")
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 33, Gid: 33}}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Skipf("needs namespaces of users for everybody: %v: %s", err, out)
			}
		}},
		{"runtime.no_plaintext_inbound", "protocol", func(t *testing.T) { converse(t, 2110, "> USER olena\r\n") }},
		{"runtime.no_legacy_tls", "protocol", func(t *testing.T) {
			converse(t, 4433, "> "+hello(1, 3), "< "+hello(2, 1))
		}},
		{"runtime.no_plaintext_mail", "protocol", func(t *testing.T) {
			converse(t, 2525, "< 220 mx\r\n", "> EHLO a\r\n", "< 250 mx\r\n", "> MAIL FROM:<a@b>\r\n")
		}},
		{"runtime.no_snmp_communities", "protocol", func(t *testing.T) {
			elsewhere(t, 161, func(at string, _ net.Listener) {
				c, err := net.Dial("udp4", at+":161")
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				if _, err := c.Write(append([]byte{0x30, 20, 2, 1, 1, 4, 6}, "publicxxxxxxxxx"...)); err != nil {
					t.Error(err)
				}
			})
		}},
	}
}

// runtimeEngine judges by the controls of the family runtime alone: where a kernel is emulated, all would take minutes.
func runtimeEngine(t *testing.T) *policies.Engine {
	t.Helper()
	modules, err := policies.BuiltInModules()
	must(t, err)
	maps.DeleteFunc(modules, func(path string, _ []byte) bool {
		return !strings.HasPrefix(path, "lib/") && !strings.HasPrefix(path, "baseline/runtime/")
	})
	some := *policies.BuiltIn()
	some.Controls = slices.DeleteFunc(slices.Clone(some.Controls), func(c policies.Control) bool { return !strings.HasPrefix(c.ID, "runtime.") })
	catalogue, err := json.Marshal(&some)
	must(t, err)
	e, err := policies.New(&bundle.Bundle{Modules: modules, Catalogue: catalogue})
	must(t, err)
	return e
}

// behaving is a document of this machine: what the probes saw, and little beside it.
func behaving(p *collector.Probes) *facts.Document {
	now := time.Now().UTC()
	ok := facts.Status{State: facts.StateOK}
	return &facts.Document{
		Schema: facts.Schema, MeasuredAt: now, Root: "/", Live: true, Privileged: true, Host: facts.Host{Role: "server"},
		Families: map[string]facts.Status{"runtime": ok, "network": ok, "sockets": ok},
		Network:  &facts.Network{Resolvers: []string{"192.0.2.53"}, Interfaces: []facts.Interface{}},
		Sockets:  &facts.Sockets{Listeners: []facts.Listener{}},
		Runtime:  p.Snapshot(now),
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", program, err, out)
	}
}

// ownDir is a directory that only root may write, not below one like /tmp.
func ownDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/lib", "vymir-test-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	return dir
}

func shortTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "vymir-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func copyOf(t *testing.T, program, to string) string {
	t.Helper()
	b, err := os.ReadFile(program)
	must(t, err)
	must(t, os.WriteFile(to, b, 0o755))
	return to
}

// trace lets a program trace another until the test ends.
func trace(t *testing.T, dir string) {
	t.Helper()
	traced := exec.Command("/bin/sleep", "60")
	must(t, traced.Start())
	self, err := os.Executable()
	must(t, err)
	tracer := exec.Command(copyOf(t, self, filepath.Join(dir, "tracer")))
	tracer.Env = []string{traceIt + "=" + strconv.Itoa(traced.Process.Pid)}
	hold, err := tracer.StdinPipe()
	must(t, err)
	said, err := tracer.StdoutPipe()
	must(t, err)
	must(t, tracer.Start())
	t.Cleanup(func() {
		hold.Close()
		_ = tracer.Wait()
		_ = traced.Process.Kill()
		_ = traced.Wait()
	})
	if _, err := io.ReadFull(said, make([]byte, len("traced\n"))); err != nil {
		t.Fatalf("trace: %v", err)
	}
}

// gain runs a program as root below a process that is nobody: our own binary, with the right to change its user.
func gain(t *testing.T, dir string) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.Command(copyOf(t, self, filepath.Join(dir, "self")))
	cmd.Env = []string{becomeRoot + "=" + copyOf(t, "/bin/true", filepath.Join(dir, "gained"))}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: 65534, Gid: 65534}, AmbientCaps: []uintptr{unix.CAP_SETUID, unix.CAP_SETGID},
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func fromMemory(t *testing.T) {
	t.Helper()
	fd, err := unix.MemfdCreate("vymir-test", unix.MFD_CLOEXEC)
	must(t, err)
	defer unix.Close(fd)
	b, err := os.ReadFile("/bin/true")
	must(t, err)
	_, err = unix.Write(fd, b)
	must(t, err)
	run(t, fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd))
}

// elsewhere runs f in a network of its own, where a public address answers at a port.
func elsewhere(t *testing.T, port int, f func(address string, l net.Listener)) {
	t.Helper()
	const address = "198.51.100.7"
	failed := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread, and its network with it, ends with this goroutine
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			failed <- fmt.Errorf("make a network: %w", err)
			return
		}
		for _, args := range [][]string{{"link", "set", "lo", "up"}, {"addr", "add", address + "/32", "dev", "lo"}} {
			if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
				failed <- fmt.Errorf("ip %v: %w: %s", args, err, out)
				return
			}
		}
		var lc net.ListenConfig
		lc.SetMultipathTCP(false)
		l, err := lc.Listen(t.Context(), "tcp4", net.JoinHostPort(address, strconv.Itoa(port)))
		if err != nil {
			failed <- err
			return
		}
		defer l.Close()
		f(address, l)
	}()
	<-done
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
}

func dial(t *testing.T, address string) {
	t.Helper()
	c, err := net.Dial("tcp4", address)
	if err != nil {
		t.Error(err)
		return
	}
	c.Close()
}

// converse lets a client elsewhere and a server there say their lines in turn: "> " is the client's, "< " the server's.
func converse(t *testing.T, port int, lines ...string) {
	t.Helper()
	elsewhere(t, port, func(at string, l net.Listener) {
		client, err := net.Dial("tcp4", net.JoinHostPort(at, strconv.Itoa(port)))
		if err != nil {
			t.Error(err)
			return
		}
		defer client.Close()
		server, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer server.Close()
		for _, line := range lines {
			from, to := client, server
			if line[0] == '<' {
				from, to = server, client
			}
			if _, err := io.WriteString(from, line[2:]); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadFull(to, make([]byte, len(line)-2)); err != nil {
				t.Error(err)
			}
		}
	})
}

// hello is the beginning of a TLS handshake message: 1 by the client, 2 by the server.
func hello(kind, minor byte) string {
	return string(append([]byte{0x16, 3, 1, 0, 60, kind, 0, 0, 56, 3, minor}, make([]byte, 54)...))
}

// TestUnusedServiceIsFound lets the probes remember 31 days in which a service listened and nobody came.
func TestUnusedServiceIsFound(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to attach probes")
	}
	e := runtimeEngine(t)
	l, err := net.Listen("tcp4", "0.0.0.0:0")
	must(t, err)
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).AddrPort().Port()
	state := filepath.Join(t.TempDir(), "runtime.state")
	judged := func(days int) assessment.Result {
		t.Helper()
		now := time.Now().UTC()
		from := now.AddDate(0, 0, -days).Format(time.RFC3339)
		must(t, os.WriteFile(state, fmt.Appendf(nil, `{"schema":"vymir.runtime/1","watched":[{"from":%q,"until":%q}],"runtime":{
			"since":%q,"listening":[{"program":"x","uid":0,"port":%d,"first_seen":%q,"last_seen":%q}]}}`,
			from, now.Format(time.RFC3339), from, port, from, now.Format(time.RFC3339)), 0o600))
		p, err := collector.OpenProbes(collector.ProbeOptions{StatePath: state})
		must(t, err)
		defer p.Close()
		if !slices.ContainsFunc(p.Hooks(), func(h facts.Hook) bool { return h.Event == "tcp_accept" && h.State == "proven" }) {
			t.Skip("needs a kernel that offers the hook tcp_accept")
		}
		doc, err := collector.Collect(t.Context(), collector.Options{Runtime: p.Snapshot(now), Families: []string{"sockets", "runtime"}})
		must(t, err)
		doc.Sockets.Listeners = slices.DeleteFunc(doc.Sockets.Listeners, func(l facts.Listener) bool { return l.Port != port })
		return judge(t, e, doc)["runtime.exposed_services_used"]
	}
	if got := judged(20); got.Status != assessment.Unmeasured {
		t.Errorf("after 20 days: %s (%s)", got.Status, got.Reason)
	}
	if got := judged(31); got.Status != assessment.Fail {
		t.Errorf("after 31 days: %s (%s)", got.Status, got.Reason)
	}
}

// TestLostEventsAreSaid runs more programs than the probes have room for.
func TestLostEventsAreSaid(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to attach probes")
	}
	e := runtimeEngine(t)
	p, err := collector.OpenProbes(collector.ProbeOptions{MaxEntries: 16})
	must(t, err)
	defer p.Close()
	if !slices.ContainsFunc(p.Hooks(), func(h facts.Hook) bool { return h.Event == "exec" && h.State == "proven" }) {
		t.Skip("needs a kernel that offers the hook exec")
	}
	const control = "runtime.testimony_whole"
	if got := judge(t, e, behaving(p))[control]; got.Status != assessment.Pass {
		t.Errorf("before: %s (%s)", got.Status, got.Reason)
	}
	dir := ownDir(t)
	for i := range 40 {
		run(t, copyOf(t, "/bin/true", filepath.Join(dir, "p"+strconv.Itoa(i))))
	}
	if got := judge(t, e, behaving(p))[control]; got.Status != assessment.Fail {
		t.Errorf("after: %s (%s)", got.Status, got.Reason)
	}
}

// plugIn mounts what looks like a stick: a file system of a block device whose driver is a program. Nobody answers for it,
// and nobody asks.
func plugIn(t *testing.T) {
	known, err := os.ReadFile("/proc/filesystems")
	must(t, err)
	if !slices.Contains(strings.Fields(string(known)), "fuseblk") {
		t.Skip("needs a kernel with FUSE on block devices")
	}
	dir := ownDir(t)
	image := filepath.Join(dir, "image")
	must(t, os.WriteFile(image, make([]byte, 1<<20), 0o600))
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("needs loop devices: %v", err)
	}
	defer control.Close()
	n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
	if err != nil {
		t.Skipf("needs a free loop device: %v", err)
	}
	stick := filepath.Join(dir, "stick")
	must(t, unix.Mknod(stick, unix.S_IFBLK|0o600, int(unix.Mkdev(7, uint32(n)))))
	device, err := os.OpenFile(stick, os.O_RDWR, 0)
	if err != nil {
		t.Skipf("needs loop devices: %v", err)
	}
	defer device.Close()
	backing, err := os.OpenFile(image, os.O_RDWR, 0)
	must(t, err)
	defer backing.Close()
	must(t, unix.IoctlSetInt(int(device.Fd()), unix.LOOP_SET_FD, int(backing.Fd())))
	defer func() { _ = unix.IoctlSetInt(int(device.Fd()), unix.LOOP_CLR_FD, 0) }()
	fuse, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("needs FUSE: %v", err)
	}
	point := filepath.Join(dir, "point")
	must(t, os.Mkdir(point, 0o700))
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,blksize=512", fuse.Fd())
	must(t, unix.Mount(stick, point, "fuseblk", unix.MS_NODEV|unix.MS_NOSUID, options))
	t.Cleanup(func() {
		fuse.Close()
		_ = unix.Unmount(point, unix.MNT_DETACH)
	})
}
