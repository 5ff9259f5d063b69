package server_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/server/internal/store"
)

// installation is a server's state and configuration on this machine's loopback, of which one or several processes are started.
type installation struct {
	t        *testing.T
	bin, dir string
	address  string // that hosts call
	database string // DSN or file
	metrics  string // address; "": none
}

// install makes an installation with a recipient and a site. database "" is SQLite.
func install(t *testing.T, address, database string) *installation {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs both programs: left out by -short")
	}
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	n := &installation{t: t, bin: bin, dir: t.TempDir(), address: address, database: database}
	if n.database == "" {
		n.database = filepath.Join(n.dir, "state", "vymir.db")
	}
	n.run("recipient", "create", "--id", "r-1", "--name", "Лікарня")
	n.run("site", "create", "--id", "s-1", "--recipient", "r-1", "--name", "Корпус")
	return n
}

// conf writes the configuration of a process that listens on an address for hosts.
func (n *installation) conf(listen string) string {
	n.t.Helper()
	name := filepath.Join(n.dir, "conf-"+strings.ReplaceAll(listen, ":", "-")+".json")
	text, err := json.Marshal(map[string]any{ // JSON is YAML
		"state": filepath.Join(n.dir, "state"), "database": n.database, "web": map[string]string{"listen": "127.0.0.1:0"},
		"agents": map[string]string{"listen": listen, "address": n.address}, "webhooks": map[string]bool{"allow_private": true},
		"metrics": map[string]string{"listen": n.metrics},
	})
	if err != nil {
		n.t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		n.t.Fatal(err)
	}
	return name
}

// run runs a command of the server and gives its standard output.
func (n *installation) run(args ...string) string {
	n.t.Helper()
	cmd := exec.Command(filepath.Join(n.bin, "vymir-server"), append(args, "--config", n.conf(n.address))...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		n.t.Fatalf("vymir-server %s: %v: %s", args[0], err, complaint.String())
	}
	return strings.TrimSpace(string(out))
}

// serve starts a process and waits until it answers on listen.
func (n *installation) serve(listen string) *process {
	n.t.Helper()
	before := strings.Count(n.log(), "msg=serving")
	p := launch(n.t, filepath.Join(n.dir, "server.log"), filepath.Join(n.bin, "vymir-server"), "serve", "--config", n.conf(listen))
	deadline := time.Now().Add(2 * time.Minute)
	for {
		if strings.Count(n.log(), "msg=serving") > before {
			return p
		}
		select {
		case <-p.done:
			n.t.Fatalf("the server ended: %s", n.log())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("the server does not listen: %s", n.log())
		}
	}
}

func (n *installation) log() string {
	b, err := os.ReadFile(filepath.Join(n.dir, "server.log"))
	if err != nil {
		return ""
	}
	return string(b)
}

func (n *installation) open() *store.Store {
	n.t.Helper()
	st, err := store.Open(n.t.Context(), n.database)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { st.Close() })
	return st
}

// freeAddress is an address of the loopback whose port nothing uses, neither for UDP nor for TCP.
func freeAddress(t *testing.T) string {
	t.Helper()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p, err := net.ListenPacket("udp", l.Addr().String())
		l.Close()
		if err == nil {
			p.Close()
			return l.Addr().String()
		}
	}
}

// each calls f for every agent, width of them at once.
func each(fleet []*simulated, width int, f func(*simulated)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, width)
	for _, a := range fleet {
		slots <- struct{}{}
		wg.Go(func() { defer func() { <-slots }(); f(a) })
	}
	wg.Wait()
}

// enrolled makes a fleet of agents with certificates; every tenth reports by TCP.
func (n *installation) enrolled(size int, seed uint64) []*simulated {
	n.t.Helper()
	token := n.run("token", "create", "--recipient", "r-1", "--uses", strconv.Itoa(size))
	fleet := make([]*simulated, size)
	for i := range fleet {
		p := wire.QUIC
		if i%10 == 9 {
			p = wire.TCP
		}
		fleet[i] = newSimulated(i, n.address, p, seed)
	}
	each(fleet, 32, func(a *simulated) {
		o := *a
		o.protocol = wire.QUIC
		var err error
		for range 5 {
			if err = o.enrol(n.t.Context(), token); err == nil {
				a.id, a.cert, a.roots = o.id, o.cert, o.roots
				return
			}
		}
		n.t.Errorf("enrol agent %d: %v", a.number, err)
	})
	if n.t.Failed() {
		n.t.FailNow()
	}
	return fleet
}

// TestSoak has simulated agents report to one real server process while both are killed at random (kill -9): what was measured must be
// stored, all of it, once, as it was. VYMIR_SOAK names the number of agents, VYMIR_SOAK_ROUNDS how often each measures; without them a
// small one runs (make soak: 2,000 agents).
func TestSoak(t *testing.T) {
	t.Parallel()
	agents, rounds, pause, times := 24, 5, 100*time.Millisecond, int64(5)
	if v, err := strconv.Atoi(os.Getenv("VYMIR_SOAK")); err == nil {
		agents, rounds, pause, times = v, 8, 2*time.Second, 20
	}
	if v, err := strconv.Atoi(os.Getenv("VYMIR_SOAK_ROUNDS")); err == nil {
		rounds = v
	}
	seed := uint64(time.Now().UnixNano())
	rnd := rand.New(rand.NewPCG(seed, 1))
	address := freeAddress(t)
	n := install(t, address, "")
	p := n.serve(address)
	begin, empty := time.Now(), resident(p)
	fleet := n.enrolled(agents, seed)
	t.Logf("seed %d: %d agents enrolled in %s", seed, agents, time.Since(begin).Round(time.Second))

	var count tally
	var failure sync.Map
	done := make(chan struct{})
	go func() {
		defer close(done)
		each(fleet, min(agents, 256), func(a *simulated) {
			for range rounds {
				if err := a.measure(&count); err != nil {
					failure.Store(a.number, err)
					return
				}
				a.checkIn(t.Context(), 0.2, &count) //nolint:errcheck // counted; what failed comes again
				time.Sleep(time.Duration(a.rnd.Int64N(int64(pause))))
			}
		})
	}()
	// The server is killed whenever so many calls more were made.
	kills, peak := 0, 0
	total := int64(agents * rounds)
	for at := total / times; at < total; at += total/times/2 + rnd.Int64N(total/times) {
		for over := false; !over && count.calls.Load() < at; {
			select {
			case <-done:
				over = true
			case <-time.After(time.Millisecond):
			}
		}
		peak = max(peak, resident(p))
		p.stop(syscall.SIGKILL)
		p = n.serve(address)
		kills++
	}
	<-done
	peak = max(peak, resident(p))
	// Everything that waits is delivered, with no more kills.
	each(fleet, 128, func(a *simulated) {
		var err error
		for try := 0; len(a.waiting) > 0 && try < 200; try++ {
			if err = a.checkIn(t.Context(), 0, &count); err != nil {
				time.Sleep(200 * time.Millisecond)
			}
		}
		if len(a.waiting) > 0 {
			failure.Store(a.number, fmt.Errorf("%d items still wait: %w", len(a.waiting), err))
		}
	})
	failure.Range(func(k, v any) bool { t.Errorf("agent %v: %v", k, v); return true })
	peak = max(peak, resident(p))
	p.stop(syscall.SIGTERM)
	stored := compare(t, n.open(), fleet)
	t.Logf("%d agents, %s: %d measured, %d stored, %d calls; server killed %d times, agents killed %d times in a call and %d times with its answer unread, "+
		"%d calls failed, %d put off, %d items sent as deltas, %d times the whole was asked for; server's resident memory at most %d MB, %d without agents",
		agents, time.Since(begin).Round(time.Second), count.measured.Load(), stored, count.calls.Load(), kills, count.killed.Load(), count.unheard.Load(),
		count.failed.Load(), count.putOff.Load(), count.deltas.Load(), count.needFull.Load(), peak>>10, empty>>10)
	if int64(stored) != count.measured.Load() {
		t.Errorf("%d were measured and %d are stored", count.measured.Load(), stored)
	}
	if kills == 0 || count.killed.Load() == 0 {
		t.Errorf("the server was killed %d times and agents %d times: nothing was tried", kills, count.killed.Load())
	}
}

// resident is the highest resident memory of a process so far, in KiB; 0 when it cannot be told.
func resident(p *process) int { return memory(p, "VmHWM:") }
