package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

func openSet(t *testing.T, o Options) *Set {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// As root on a kernel with BPF every hook proves itself; the matrix of kernels relies on it.
func TestSomeKindOfBPFProvesItself(t *testing.T) {
	hooktest.NeedRoot(t)
	ring := hook.NewRing()
	if ring != nil {
		defer ring.Close()
	}
	s := openSet(t, Options{Kinds: []string{hook.TracingBTF, hook.Raw, hook.Tracepoint, hook.Fentry, hook.Cgroup, hook.Poll}})
	for _, h := range s.Hooks() {
		t.Logf("%s: %s %s %s", h.Event, h.Kind, h.State, h.Reason)
		if h.Event == "login" {
			continue // a machine without the files has none
		}
		if h.State == hook.Refused && strings.HasPrefix(h.Reason, hook.Fentry) && !hooktest.Needed(hook.Fentry) {
			continue // nothing takes its place on every kernel
		}
		if h.State == hook.Refused && ring == nil && h.Event != "exec" && !strings.HasPrefix(h.Event, "tcp_") {
			continue // kernels before 5.8 are the degraded form
		}
		if h.State != hook.Proven && h.State != hook.Off {
			t.Errorf("%s is %s: %s", h.Event, h.State, h.Reason)
		}
	}
}

// Without BPF the hooks say so and something poorer takes their place.
func TestWithoutBPF(t *testing.T) {
	s := openSet(t, Options{Kinds: []string{hook.Netlink, hook.Poll}})
	for _, h := range s.Hooks() {
		if h.Event == "module_load" || h.Event == "login" {
			continue // a kernel without modules has none, nor a machine without the files
		}
		if h.Event == "exit" || h.Event == "udp_send" || h.Event == "protocol" || h.Event == "setuid" || h.Event == "capset" || h.Event == "namespace" || h.Event == "sensitive_write" || h.Event == "sensitive_read" {
			if h.State != hook.Off {
				t.Errorf("hook %+v, want off: nothing takes its place", h)
			}
			continue
		}
		if !slices.Contains([]string{hook.Netlink, hook.Poll}, h.Kind) || h.State != hook.Proven || h.Reason == "" {
			t.Errorf("hook %+v, want a proven poorer kind with its reason", h)
		}
	}
	if err := s.Watch(t.Context(), func(Event) {}); !errors.Is(err, ErrNoEvents) {
		t.Errorf("watch: %v, want %v", err, ErrNoEvents)
	}
}

func TestExcludedIsOff(t *testing.T) {
	s := openSet(t, Options{Exclude: []string{"exec", "exit", "tcp_connect", "udp_send", "protocol", "ptrace", "sensitive_write", "sensitive_read", "setuid", "capset", "namespace", "module_load", "bpf_load", "mount", "login"}})
	for _, h := range s.Hooks() {
		if h.State != hook.Off {
			t.Errorf("%s is %s, want %s", h.Event, h.State, hook.Off)
		}
	}
}

// A rare event is in the next snapshot, and what was seen outlives a restart.
func TestSnapshotOutlivesRestart(t *testing.T) {
	hooktest.NeedRoot(t)
	o := Options{StatePath: filepath.Join(t.TempDir(), "runtime.json")}
	program := copyTrue(t)

	first := openSet(t, o)
	needProven(t, first)
	run(t, program)
	var event facts.RuntimeEvent
	if !hooktest.Await(t, func() bool {
		for _, e := range first.Snapshot(time.Now()).Events {
			if e.Program == program {
				event = e
			}
		}
		return event.Program != ""
	}) {
		t.Fatalf("%s is no event", program)
	}
	if event.Kind != "exec_temp" || event.UID == nil || *event.UID != 0 {
		t.Errorf("event %+v", event)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	second := openSet(t, o)
	run(t, program)
	r := second.Snapshot(time.Now())
	i := slices.IndexFunc(r.Programs, func(p facts.Program) bool { return p.Path == program })
	if i < 0 || r.Programs[i].Count != 2 {
		t.Fatalf("%s was not remembered: %+v", program, r.Programs)
	}
	if !slices.Contains(r.Programs[i].Flags, "temporary_dir") || !r.Programs[i].FirstSeen.Before(r.Programs[i].LastSeen) {
		t.Errorf("program %+v", r.Programs[i])
	}
	if r.ObservedSeconds <= 0 || r.ObservedSeconds > time.Since(r.Since).Seconds() || len(r.Events) == 0 {
		t.Errorf("since %s, %f seconds observed, %d events", r.Since, r.ObservedSeconds, len(r.Events))
	}
}

func TestWatchTellsEveryEvent(t *testing.T) {
	hooktest.NeedRoot(t)
	s := openSet(t, Options{})
	needProven(t, s)
	program := copyTrue(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ready, wait := make(chan struct{}), make(chan error, 1)
	var got Event
	go func() {
		close(ready)
		wait <- s.Watch(ctx, func(e Event) {
			if e.Program == program {
				got = e
				cancel()
			}
		})
	}()
	<-ready
	for ctx.Err() == nil { // the first may come before the watch has begun
		run(t, program)
	}
	if err := <-wait; !errors.Is(err, context.Canceled) {
		t.Fatalf("watch: %v", err)
	}
	if got.Kind != "exec_temp" || got.PID == 0 || got.Parent != hook.Command() {
		t.Errorf("event %+v", got)
	}
}

func TestWatchEndsWithTheProbes(t *testing.T) {
	hooktest.NeedRoot(t)
	s := openSet(t, Options{})
	needProven(t, s)
	w := &watcher{events: make(chan Event), gone: make(chan struct{})}
	if err := s.join(w); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	<-w.gone
	if err := s.Watch(t.Context(), func(Event) {}); !errors.Is(err, ErrClosed) {
		t.Errorf("watch after close: %v", err)
	}
	if len(s.Hooks()) != 0 {
		t.Error("hooks after close")
	}
}

func TestDamagedStateIsSaidAndBegunAnew(t *testing.T) {
	for name, content := range map[string]string{
		"cut": `{"schema":"vymir.runtime/1","runtime":{"programs":[`, "foreign": `{"schema":"other/1"}`, "empty": "",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "runtime.json")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			s := openSet(t, Options{StatePath: path, Kinds: []string{}})
			if s.StateError() == nil {
				t.Error("no error")
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := readState(path); err != nil {
				t.Errorf("still damaged: %v", err)
			}
		})
	}
}

// State files grow only so far, and what rested longest goes first.
func TestStateIsBounded(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := saved{Schema: stateSchema}
	for i := range 30000 {
		s.Runtime.Programs = append(s.Runtime.Programs, facts.Program{
			Path: filepath.Join("/usr/bin", time.Duration(i).String()), LastSeen: now.Add(time.Duration(i) * time.Second),
			Parents: []string{"a-long-name-of-", "another-long-na"},
		})
	}
	b, err := s.encode()
	if err != nil || len(b) > maxState {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	var back saved
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if n := len(back.Runtime.Programs); n == 0 || n == 30000 || !back.Runtime.Truncated {
		t.Errorf("%d programs, truncated %v", n, back.Runtime.Truncated)
	}
	if got := back.Runtime.Programs[0].LastSeen; !got.Equal(now.Add(29999 * time.Second)) {
		t.Errorf("the newest is %s", got)
	}
}

func TestObservedLeavesHolesOut(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	spans := []span{
		{ago(40 * 24 * time.Hour), ago(30 * 24 * time.Hour)}, // reaches one day into the window
		{ago(3 * time.Hour), ago(2 * time.Hour)},
		{ago(time.Hour), now},
	}
	since, total := observed(spans, now)
	if !since.Equal(ago(window)) || total != 26*time.Hour {
		t.Errorf("since %s, %s observed", since, total)
	}
	if got := prune(slices.Clone(spans), now.Add(2*24*time.Hour)); len(got) != 2 {
		t.Errorf("%d spans are left, want 2", len(got))
	}
}

func TestContainerOf(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for path, want := range map[string]string{
		"/system.slice/docker-" + id + ".scope": id,
		"/docker/" + id:                         id,
		"/docker/" + id + "/init":               id,
		"/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + id + ".scope": id,
		"/machine.slice/libpod-" + id + ".scope/container":                    id,
		"/lxc.payload.router/system.slice":                                    "router",
		"/machine.slice/machine-web.scope":                                    "web",
		"/system.slice/ssh.service":                                           "",
		"/":                                                                   "",
	} {
		if got := containerOf(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func FuzzDecodeState(f *testing.F) {
	f.Add([]byte(`{"schema":"vymir.runtime/1","watched":[{"from":"2026-01-01T00:00:00Z","until":"2026-01-02T00:00:00Z"}]}`))
	f.Add([]byte(`{"schema":"vymir.runtime/1","runtime":{"connections":[{"peer":"::1"},{"peer":"x"}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := decodeState(bytes.NewReader(b)); err == nil {
			newTable(0).load(&s.Runtime)
		}
	})
}

func TestLoadAndFillAgree(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	uid := uint32(7)
	want := facts.Runtime{
		Spoken:    []facts.Spoken{{Protocol: "telnet", Direction: "out", Peer: "10.0.0.1", PeerClass: "private", Port: 23, Count: 1, FirstSeen: at, LastSeen: at}},
		Logins:    []facts.LoginSeen{{User: "olena", Origin: "private", Count: 2, Failed: 1, FirstSeen: at, LastSeen: at}},
		Listening: []facts.Listening{{Program: "a", UID: 3, Port: 23, FirstSeen: at, LastSeen: at}},
		Programs:  []facts.Program{{Path: "/bin/a", Count: 3, FirstSeen: at, LastSeen: at, UIDs: []uint32{1, 2}}},
		Connections: []facts.Connection{
			{Program: "a", Direction: "in", PeerClass: "unknown", Port: 1, Count: 2, FirstSeen: at, LastSeen: at},
			{Program: "a", Direction: "out", Peer: "10.0.0.1", PeerClass: "private", Port: 22, Count: 2, FirstSeen: at, LastSeen: at},
		},
		Datagrams: []facts.Connection{
			{Program: "b", Direction: "out", Peer: "9.9.9.9", PeerClass: "public", Port: 53, Count: 1, FirstSeen: at, LastSeen: at},
		},
		Acts:    []facts.Act{{Kind: "namespace", Program: "runc", Detail: "mount", Count: 2, FirstSeen: at, LastSeen: at}},
		Crashes: []facts.Crash{{Program: "c", UID: 3, Signal: 11, Count: 4, FirstSeen: at, LastSeen: at}},
		Events:  []facts.RuntimeEvent{{At: at, Kind: "exec_memfd", UID: &uid}, {At: at.Add(-time.Hour), Kind: "exec_temp"}},
	}
	table := newTable(0)
	table.load(&want)
	var got facts.Runtime
	table.fill(&got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func needProven(t testing.TB, s *Set) {
	t.Helper()
	for _, h := range s.Hooks() {
		if h.Event != "exec" {
			continue
		}
		if h.Kind != hook.TracingBTF && h.Kind != hook.Raw {
			t.Skipf("needs a kernel with type information: %s", h.Reason)
		}
		hooktest.NeedProven(t, hook.TracingBTF, h)
	}
}

// copyTrue gives a program in a directory like /tmp.
func copyTrue(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(hooktest.TempDir(t), "true")
	if err := os.WriteFile(path, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func run(t testing.TB, name string) {
	t.Helper()
	if out, err := osexec.Command(name).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
}
