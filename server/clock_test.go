package server_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// clocked is a server that goes by a clock of its own, with one host whose program goes by the machine's.
type clocked struct {
	t      *testing.T
	s      *server.Server
	ahead  atomic.Int64 // of the machine's clock
	addr   string
	config string
	state  string
	host   string
}

func (c *clocked) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func newClocked(t *testing.T, ahead time.Duration) *clocked {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs both programs: left out by -short")
	}
	c := &clocked{t: t, state: filepath.Join(t.TempDir(), "agent"), config: filepath.Join(t.TempDir(), "agent.yaml")}
	c.ahead.Store(int64(ahead))
	conf := server.Config{State: t.TempDir(), Agents: server.Agents{Listen: "127.0.0.1:0"}, Web: server.Web{Listen: "127.0.0.1:0"}}
	if err := conf.Check(); err != nil {
		t.Fatal(err)
	}
	s, err := server.OpenAt(t.Context(), conf, nil, c.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c.s = s
	ctx, stop := context.WithCancel(context.Background())
	ready, done := make(chan server.Running, 1), make(chan error, 1)
	go func() { done <- s.Serve(ctx, func(r server.Running) { ready <- r }) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	select {
	case r := <-ready:
		c.addr = r.Agents
	case err := <-done:
		done <- nil
		t.Fatal(err)
	}
	r, err := s.AddRecipient(t.Context(), store.Recipient{ID: "r-1", NameUK: "Лікарня"}, "cli:test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddSite(t.Context(), store.Site{ID: "s-1", RecipientID: r.ID, NameUK: "Корпус"}, "cli:test"); err != nil {
		t.Fatal(err)
	}
	text := "state_dir: " + c.state + "\nunchanged_every: 1ms\nprobes: {disable: true}\nstarlink: {disable: true}\ntpm: {use: 'off'}\n"
	if err := os.WriteFile(c.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// agent runs the agent's program.
func (c *clocked) agent(args ...string) string {
	c.t.Helper()
	bin, err := programs()
	if err != nil {
		c.t.Fatal(err)
	}
	out, err := exec.Command(filepath.Join(bin, "vymir-agent"), append(args, "--config", c.config)...).Output()
	if err != nil {
		why := ""
		if e, ok := err.(*exec.ExitError); ok { //nolint:errorlint // of this very call
			why = string(e.Stderr)
		}
		c.t.Fatalf("vymir-agent %s: %v: %s", args[0], err, why)
	}
	return string(out)
}

func (c *clocked) enrol() {
	c.t.Helper()
	token, _, err := c.s.Enroller.CreateToken(c.t.Context(), enrol.NewToken{Recipient: "r-1", Site: "s-1", Server: c.addr, Uses: 1, TTL: time.Hour, By: "cli:test"})
	if err != nil {
		c.t.Fatal(err)
	}
	c.agent("enrol", "--token", token)
	c.host = c.status().Enrolment.HostID
}

func (c *clocked) status() (st struct {
	Enrolment struct {
		HostID           string    `json:"host_id"`
		CertificateUntil time.Time `json:"certificate_until"`
	} `json:"enrolment"`
	Uplink struct {
		LastCheckIn time.Time `json:"last_check_in"`
		SkewSeconds float64   `json:"skew_seconds"`
	} `json:"uplink"`
}) {
	c.t.Helper()
	if err := json.Unmarshal([]byte(c.agent("status", "--format", "json")), &st); err != nil {
		c.t.Fatal(err)
	}
	return st
}

// near fails when two moments are further apart than what a busy machine needs for a round.
func (c *clocked) near(what string, got, want time.Time) {
	c.t.Helper()
	if d := got.Sub(want); d < -10*time.Minute || d > 10*time.Minute {
		c.t.Errorf("%s is %s, want about %s", what, got.UTC().Format(time.RFC3339), want.UTC().Format(time.RFC3339))
	}
}

// known gives what the server knows of the host, its reports, newest first, and whether the clock is a finding.
func (c *clocked) known() (h store.Host, reports []store.Assessment, clock *store.Finding) {
	c.t.Helper()
	if err := c.s.Store.View(c.t.Context(), func(tx *store.Tx) (err error) {
		if h, err = tx.Host(c.host); err != nil {
			return err
		}
		if reports, err = tx.Assessments(c.host, 0, 0); err != nil {
			return err
		}
		all, err := tx.HostFindings(c.host)
		for i := range all {
			if all[i].Control == "time.right" {
				clock = &all[i]
			}
		}
		return err
	}); err != nil {
		c.t.Fatal(err)
	}
	return h, reports, clock
}

// TestClockYearsOff takes a host whose clock is years behind or ahead of its server's through its first weeks with the agent's real
// program: enrolment, whose token and certificate the server dates; check-ins; what the server writes of them; the finding; and the renewal
// when the server's clock says that it is due. It is the server's clock that is moved: a process cannot be given another one than the
// machine's. (The server holds that nothing was measured before 2024.)
func TestClockYearsOff(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, ahead := range map[string]time.Duration{"host-behind": 11 * 365 * day, "host-ahead": -2 * 365 * day} {
		t.Run(name, func(t *testing.T) {
			c := newClocked(t, ahead)
			c.enrol()
			first := c.status().Enrolment.CertificateUntil
			c.near("the certificate's end", first, c.now().Add(30*day))
			c.agent("run", "--once")
			c.agent("run", "--once") // measured by a host that has learnt the server's time
			h, reports, clock := c.known()
			if len(reports) != 2 || reports[0].Sequence != 2 || h.LastSequence != 2 {
				t.Fatalf("%d reports, last sequence %d, want 2 in order", len(reports), h.LastSequence)
			}
			c.near("measured at", h.Measured, c.now())
			c.near("last seen", h.LastSeen, c.now())
			c.near("by the host's clock", reports[0].Created, time.Now())
			if d := h.Skew + ahead; d < -10*time.Minute || d > 10*time.Minute {
				t.Errorf("the server knows a skew of %v, want about %v", h.Skew, -ahead)
			}
			if clock == nil || clock.State != review.Open || clock.Status != assessment.Fail {
				t.Fatalf("the clock is no finding: %+v", clock)
			}
			c.near("the finding's begin", clock.Opened, c.now())
			st := c.status()
			c.near("the agent's last check-in", st.Uplink.LastCheckIn, c.now())
			if d := st.Uplink.SkewSeconds - ahead.Seconds(); d < -600 || d > 600 {
				t.Errorf("the agent knows a skew of %.0f s, want about %.0f", st.Uplink.SkewSeconds, ahead.Seconds())
			}

			c.ahead.Add(int64(21 * day)) // more than two thirds of the certificate's time
			c.agent("run", "--once")
			if until := c.status().Enrolment.CertificateUntil; !until.After(first) {
				t.Errorf("the certificate ends %s still: it was not renewed by the server's time", until)
			}
			if h, reports, _ = c.known(); len(reports) != 3 || h.LastSequence != 3 {
				t.Errorf("%d reports, last sequence %d, want 3", len(reports), h.LastSequence)
			}
		})
	}
}
