package store_test

import (
	"bufio"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

const (
	killedDSN = "VYMIR_TEST_KILLED_DSN"
	leaseTTL  = time.Minute
)

// TestKilledProcess kills a process that holds the lease, in the middle of what it does under it. Another takes over
// when the lease has run out, and does that work exactly once.
func TestKilledProcess(t *testing.T) {
	if dsn := os.Getenv(killedDSN); dsn != "" {
		beKilled(t, dsn)
		return
	}
	dsn := os.Getenv("VYMIR_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("needs PostgreSQL: set VYMIR_TEST_POSTGRES to the DSN of a database")
	}
	dsn = storetest.Schema(t, dsn)
	st, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if _, err := st.Migrate(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	seed(t, st)
	var id string
	tx(t, st, func(tx *store.Tx) error {
		if err := tx.Observe(store.Change{Host: host, Measured: now, Received: now, Results: []assessment.Result{result("ssh.a", assessment.Fail)}}); err != nil {
			return err
		}
		list, err := tx.HostFindings("h-1")
		if err != nil {
			return err
		}
		id = list[0].ID
		_, err = tx.DecideFinding(id, review.Accepted, "until tomorrow", "user:u-1", now.AddDate(0, 0, 1), now)
		return err
	})
	other := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledProcess$", "-test.v")
	other.Env = append(os.Environ(), killedDSN+"="+dsn)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	ready := false
	for lines := bufio.NewScanner(out); !ready && lines.Scan(); {
		ready = lines.Text() == "working"
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := other.Wait(); err == nil || !ready {
		t.Fatalf("the other process: ready %v, %v", ready, err)
	}
	due := now.AddDate(0, 0, 1)
	for _, c := range []struct {
		at    time.Time
		mine  bool
		ended int
	}{{due.Add(time.Second), false, 0}, {due.Add(leaseTTL + time.Second), true, 1}, {due.Add(leaseTTL + 2*time.Second), true, 0}} {
		tx(t, st, func(tx *store.Tx) error {
			mine, err := tx.Lease("sweep", "survivor", c.at, leaseTTL)
			if err != nil || mine != c.mine {
				t.Errorf("at %v: lease %v, %v; want %v", c.at, mine, err, c.mine)
			}
			if !mine {
				return err
			}
			n, err := tx.ExpireWaivers(c.at, 10)
			if n != c.ended {
				t.Errorf("at %v: %d waivers ended, want %d", c.at, n, c.ended)
			}
			return err
		})
	}
	tx(t, st, func(tx *store.Tx) error {
		events, err := tx.FindingEvents(id)
		ended := 0
		for _, e := range events {
			if e.Event == string(review.WaiverEnded) {
				ended++
			}
		}
		if ended != 1 {
			t.Errorf("the waiver ended %d times", ended)
		}
		if _, _, err := tx.VerifyAudit(); err != nil {
			t.Error(err)
		}
		return err
	})
}

// beKilled takes the lease, begins the work and waits for its end.
func beKilled(t *testing.T, dsn string) {
	st, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	due := now.AddDate(0, 0, 1)
	tx(t, st, func(tx *store.Tx) error { _, err := tx.Lease("sweep", "killed", due, leaseTTL); return err })
	tx(t, st, func(tx *store.Tx) error {
		if n, err := tx.ExpireWaivers(due, 10); err != nil || n != 1 {
			t.Fatalf("%d, %v", n, err)
		}
		os.Stdout.WriteString("working\n")
		select {} // killed here, before it commits
	})
}
