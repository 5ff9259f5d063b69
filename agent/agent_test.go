package agent

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/internal/control"
	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// measured gives what the child would: 30 controls, of which those named fail.
func measured(t *testing.T, failing ...uint32) *Measurement {
	t.Helper()
	m := &vymirv1.Assessment{
		BundleName: "vymir", BundleRevision: 1, BundleDigest: []byte{1}, MeasuredMs: time.Now().UnixMilli(),
		Baselines: []*vymirv1.Baseline{{Name: "essential", Revision: 1}}, Host: &vymirv1.HostLine{Os: "debian 12"},
	}
	for n := uint32(1); n <= 30; n++ {
		r := &vymirv1.Result{Control: n, Status: vymirv1.Status_STATUS_PASS}
		if slices.Contains(failing, n) {
			r.Status = vymirv1.Status_STATUS_FAIL
		}
		m.Results = append(m.Results, r)
	}
	lean, err := wire.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return &Measurement{Lean: lean, Severe: failing}
}

func outbox(t *testing.T, dir string) *spool.Spool {
	t.Helper()
	s, err := spool.Open(dir, spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) //nolint:errcheck // a test's outbox
	return s
}

func TestKeepOnlyWhatIsNews(t *testing.T) {
	s := outbox(t, t.TempDir())
	now := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	for i, step := range []struct {
		name     string
		m        *Measurement
		after    time.Duration
		sequence uint64
		urgent   bool
	}{
		{"first", measured(t, 1), 0, 1, false},
		{"unchanged", measured(t, 1), time.Hour, 0, false},
		{"mended", measured(t), 2 * time.Hour, 2, false},
		{"worse", measured(t, 5), 3 * time.Hour, 3, true},
		{"still-bad", measured(t, 5), 4 * time.Hour, 0, false},
		{"a-day-later", measured(t, 5), 28 * time.Hour, 4, false},
		{"clock-jumped-back", measured(t, 5), -1000 * time.Hour, 5, false},
	} {
		sequence, urgent, err := keep(s, step.m, now.Add(step.after), 24*time.Hour, false)
		if err != nil || sequence != step.sequence || urgent != step.urgent {
			t.Errorf("step %d, %s: sequence %d, urgent %t (%v); want %d, %t", i, step.name, sequence, urgent, err, step.sequence, step.urgent)
		}
		if step.name == "mended" {
			if err := s.Acknowledge(2); err != nil { // then the delivered one is what news is measured by
				t.Fatal(err)
			}
		}
	}
	if _, _, err := keep(s, &Measurement{Lean: []byte{0xff}}, now, time.Hour, false); err == nil {
		t.Error("rubbish was kept")
	}
}

// bench is a daemon with a server and a measuring that the test decides.
type bench struct {
	*Daemon
	server *fakeserver.Server
	config Config
	next   chan *Measurement
}

func newBench(t *testing.T, yaml string) *bench {
	t.Helper()
	// A unix socket's name must be short.
	dir, err := os.MkdirTemp("", "vymir")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // a test's directory
	c, err := ParseConfig([]byte("state_dir: " + dir + "/s\nprobes: {disable: true}\n" + yaml))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{server: fakeserver.Start(t, fakeserver.Options{}), config: c, next: make(chan *Measurement, 8)}
	b.Daemon = NewDaemon(c, "test", slog.New(slog.NewTextHandler(io.Discard, nil)), func(ctx context.Context) (*Measurement, error) {
		select {
		case m := <-b.next:
			if m == nil {
				return nil, errors.New("parser crashed")
			}
			return m, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	return b
}

func (b *bench) enrol(t *testing.T) {
	t.Helper()
	if _, _, err := identity.Enrol(t.Context(), b.config.StateDir, identity.EnrolOptions{Token: b.server.Token(t)}); err != nil {
		t.Fatal(err)
	}
}

// run runs the daemon until the test ends.
func (b *bench) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// eventually waits until ok holds; the daemon works by itself.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		select {
		case <-tick.C:
			if ok() {
				tick.Stop()
				return
			}
		case <-deadline:
			t.Fatalf("waited two minutes for: %s", what)
		}
	}
}

func (b *bench) stored() int {
	b.server.Mu.Lock()
	defer b.server.Mu.Unlock()
	n := 0
	for _, h := range b.server.Hosts {
		n += len(h.Order)
	}
	return n
}

func TestDaemonMeasuresSendsAndHurriesWithBadNews(t *testing.T) {
	b := newBench(t, "")
	b.enrol(t)
	b.next <- measured(t)
	b.run(t)
	eventually(t, "the first assessment at the server", func() bool { return b.stored() == 1 })
	live, err := control.Get[control.Live](t.Context(), b.config.Socket, "live")
	if err != nil {
		t.Fatal(err)
	}
	if live.PID != os.Getpid() || len(live.Problems) > 0 || live.NextCheckIn.IsZero() {
		t.Errorf("live is %+v", live)
	}
	if r, why := control.Runtime(t.Context(), b.config.Socket); r != nil || !strings.Contains(why, "disabled") {
		t.Errorf("runtime is %v, %q", r, why)
	}
	b.next <- measured(t, 9)
	if err := control.Wake(t.Context(), b.config.Socket); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the bad news at the server", func() bool { return b.stored() == 2 })
	// The server stores before the daemon learns it.
	eventually(t, "a status with the acknowledgement", func() bool {
		st, err := ReadStatus(t.Context(), b.config)
		return err == nil && st.Running && st.Enrolment != nil && st.Outbox.Acknowledged == 2 && st.Outbox.Damaged == 0
	})
}

// TestDaemonOutlivesItsMeasuring: a child that crashes is a problem that status shows, and the next one counts.
func TestDaemonOutlivesItsMeasuring(t *testing.T) {
	b := newBench(t, "")
	b.next <- nil
	b.run(t)
	problems := func() string {
		live, err := control.Get[control.Live](t.Context(), b.config.Socket, "live")
		if err != nil {
			return ""
		}
		return strings.Join(live.Problems, "\n")
	}
	eventually(t, "the problem in status", func() bool { return strings.Contains(problems(), "parser crashed") })
	b.next <- measured(t)
	if err := control.Wake(t.Context(), b.config.Socket); err != nil {
		t.Fatal(err)
	}
	eventually(t, "not enrolled as the one problem left", func() bool {
		p := problems()
		return strings.Contains(p, "not enrolled") && !strings.Contains(p, "parser crashed")
	})
	if st := b.outbox.Stats(); st.Items != 1 {
		t.Errorf("outbox is %+v, want what was assessed before enrolment", st)
	}
}

// TestNobodyToTell: bad news on a host that is not enrolled does not make the daemon try every second.
func TestNobodyToTell(t *testing.T) {
	b := newBench(t, "")
	if err := b.open(); err != nil {
		t.Fatal(err)
	}
	defer b.close()
	b.assess, b.checkIn = time.NewTimer(time.Hour), time.NewTimer(time.Hour)
	for _, m := range []*Measurement{measured(t), measured(t, 9)} {
		b.next <- m
		b.round(t.Context())
	}
	if !b.urgent() {
		t.Fatal("the bad news is not urgent")
	}
	b.send(t.Context())
	b.planCheckIn()
	if wait := time.Until(b.Live().NextCheckIn); wait < 30*time.Minute {
		t.Errorf("next check-in in %s", wait)
	}
}

func TestSecondDaemonIsRefused(t *testing.T) {
	b := newBench(t, "")
	b.next <- measured(t)
	b.run(t)
	eventually(t, "the daemon's socket", func() bool {
		_, err := control.Get[control.Live](t.Context(), b.config.Socket, "live")
		return err == nil
	})
	second := NewDaemon(b.config, "test", slog.New(slog.NewTextHandler(io.Discard, nil)), nil)
	if err := second.Run(t.Context()); !errors.Is(err, spool.ErrInUse) {
		t.Errorf("error is %v, want ErrInUse", err)
	}
}

// TestFullDiskHoldsTheMeasurement: what was assessed while the disk was full is kept and sent when there is room again.
func TestFullDiskHoldsTheMeasurement(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount a tmpfs")
	}
	b := newBench(t, "")
	if err := os.MkdirAll(b.config.StateDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", b.config.StateDir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("needs CAP_SYS_ADMIN to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(b.config.StateDir, syscall.MNT_DETACH) }) //nolint:errcheck // a test's mount
	b.enrol(t)
	if err := b.open(); err != nil {
		t.Fatal(err)
	}
	defer b.close()
	ballast := filepath.Join(b.config.StateDir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	f.Close() //nolint:errcheck // the disk is full

	b.next <- measured(t, 2)
	if err := b.measureAndKeep(t.Context()); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("error is %v, want no space", err)
	}
	b.send(t.Context()) // a check-in goes well, with an empty outbox
	if b.stored() != 0 || len(b.server.CheckIns) == 0 {
		t.Errorf("stored %d, %d check-ins", b.stored(), len(b.server.CheckIns))
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	b.send(t.Context())
	if b.stored() != 1 {
		t.Errorf("stored %d, want the held measurement", b.stored())
	}
}

func TestMeasureRedacts(t *testing.T) {
	for _, profile := range []string{"minimal", "detailed"} {
		t.Run(profile, func(t *testing.T) {
			c, err := ParseConfig([]byte("state_dir: " + t.TempDir() + "\nconsent: {profile: " + profile + "}\n"))
			if err != nil {
				t.Fatal(err)
			}
			m, err := Measure(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			var lean vymirv1.Assessment
			if err := proto.Unmarshal(m.Lean, &lean); err != nil {
				t.Fatal(err)
			}
			evidence := 0
			for _, r := range lean.Results {
				if strings.Contains(string(r.Target), `"evidence"`) {
					evidence++
				}
			}
			if (profile == "detailed") != (evidence > 0) || (profile == "detailed") != (lean.Host.Name != "") {
				t.Errorf("%d results carry evidence, host is %v", evidence, lean.Host)
			}
			if readLast(c) == nil {
				t.Error("the whole assessment was not kept for the administrator")
			}
		})
	}
}

func TestParseConfigRefuses(t *testing.T) {
	for yaml, want := range map[string]string{
		"colour: red":                       "field colour is not a setting",
		"uplink: {speed: 9}":                "field speed is not a setting",
		"role: toaster":                     "role",
		"language: fr":                      "language",
		"uplink: {protocol: carrier}":       "uplink.protocol",
		"assess_interval: soon":             "not a duration",
		"check_in_interval: 2000h":          "check_in_interval",
		"outbox: {max_items: -1}":           "not negative",
		"consent: {withhold: [everything]}": "withhold",
		"a: 1\n---\nb: 2":                   "field a",
		"{}\n---\nb: 2":                     "more than one document",
	} {
		if _, err := ParseConfig([]byte(yaml)); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error is %v, want one line with %q", yaml, err, want)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("consent: {profile: named}\nassess_interval: 2h\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseConfig(b)
		if err != nil {
			return
		}
		out, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseConfig(out); err != nil {
			t.Fatalf("what config show prints is refused: %v\n%s", err, out)
		}
	})
}
