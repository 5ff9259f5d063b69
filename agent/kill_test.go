package agent

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// TestMain lets the test binary be the agent that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("AGENT_TEST_CHILD"); dir != "" {
		roundsUntilKilled(dir)
		return
	}
	os.Exit(m.Run())
}

// roundsUntilKilled measures, keeps and delivers without end, and says what it kept.
func roundsUntilKilled(dir string) {
	c, err := ParseConfig([]byte("state_dir: " + dir + "\nprobes: {disable: true}\n"))
	if err != nil {
		fmt.Println("config:", err)
		os.Exit(1)
	}
	made := time.Now().UnixNano()
	d := NewDaemon(c, "test", slog.New(slog.NewTextHandler(io.Discard, nil)), func(context.Context) (*Measurement, error) {
		made++
		m := &vymirv1.Assessment{
			BundleName: "vymir", BundleDigest: []byte{1}, MeasuredMs: made, Host: &vymirv1.HostLine{},
			Baselines: []*vymirv1.Baseline{{Name: "essential"}},
		}
		for n := uint32(1); n <= 30; n++ {
			m.Results = append(m.Results, &vymirv1.Result{Control: n, Status: vymirv1.Status(1 + (made+int64(n))%3), Reason: uint32(made)}) // no two are alike
		}
		lean, err := wire.Marshal(m)
		return &Measurement{Lean: lean}, err
	})
	for {
		if err := d.open(); err != nil {
			fmt.Println("open:", err)
			os.Exit(1)
		}
		if err := d.measureAndKeep(context.Background()); err != nil {
			fmt.Println("keep:", err)
			os.Exit(1)
		}
		fmt.Println("kept", made)
		d.deliver(context.Background()) //nolint:errcheck // the next one delivers it
		d.close()
	}
}

// TestKilledAgentLosesNothing kills the agent 30 times at random moments of its rounds; then one last check-in, and all that
// was ever kept is at the server exactly once, each under a number of its own.
func TestKilledAgentLosesNothing(t *testing.T) {
	s := fakeserver.Start(t, fakeserver.Options{})
	dir := t.TempDir()
	if _, _, err := identity.Enrol(t.Context(), dir, identity.EnrolOptions{Token: s.Token(t)}); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(11, 11))
	kept := map[int64]bool{}
	for range 30 {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "AGENT_TEST_CHILD="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		rounds, more := rnd.IntN(4), time.Duration(rnd.IntN(30))*time.Millisecond
		for lines := bufio.NewScanner(out); lines.Scan(); rounds-- {
			word, number, _ := strings.Cut(lines.Text(), " ")
			made, err := strconv.ParseInt(number, 10, 64)
			if word != "kept" || err != nil {
				t.Fatalf("child says %q", lines.Text())
			}
			kept[made] = true
			if rounds == 0 {
				time.AfterFunc(more, func() { cmd.Process.Kill() }) //nolint:errcheck // it may have ended
			}
		}
		cmd.Wait() //nolint:errcheck // it was killed
	}
	c, err := ParseConfig([]byte("state_dir: " + dir + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	d := NewDaemon(c, "test", slog.New(slog.NewTextHandler(io.Discard, nil)), nil)
	if err := d.open(); err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if err := d.deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, h := s.Host(t)
	seen := map[int64]int{}
	for _, sequence := range h.Order {
		seen[h.Stored[sequence].MeasuredMs]++
	}
	for made := range kept {
		if seen[made] != 1 {
			t.Errorf("assessment %d is stored %d times, want once", made, seen[made])
		}
	}
	for made, n := range seen {
		if n != 1 {
			t.Errorf("assessment %d is stored %d times", made, n)
		}
	}
	if len(h.Order) != len(h.Stored) || len(kept) < 30 {
		t.Errorf("%d deliveries of %d numbers, %d kept", len(h.Order), len(h.Stored), len(kept))
	}
	last := h.Stored[h.Acknowledged]
	if last == nil || !proto.Equal(last, h.Base) {
		t.Error("the server's base is not the last assessment")
	}
	t.Logf("%d assessments kept over 30 kills, %d stored, each once", len(kept), len(seen))
}
