package server_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// TestMemoryPerAgent says what agents take of a real server process's resident memory: those that it knows and that are away, as agents
// are between two check-ins, and those that hold a connection and say nothing, up to the idle timeout. VYMIR_MEMORY names how many
// (make bench-memory: 2,000).
func TestMemoryPerAgent(t *testing.T) {
	most, err := strconv.Atoi(os.Getenv("VYMIR_MEMORY"))
	if err != nil {
		t.Skip("set VYMIR_MEMORY to a number of agents")
	}
	n := install(t, freeAddress(t), "")
	n.metrics = freeAddress(t)
	p := n.serve(n.address)
	open := func() int {
		r, err := http.Get("http://" + n.metrics + "/metrics")
		if err != nil {
			log := n.log()
			t.Fatalf("%v; %v\n%s", err, p.cmd.ProcessState, log[max(0, len(log)-2000):])
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if v, ok := strings.CutPrefix(line, "vymir_connections_open "); ok {
				count, err := strconv.Atoi(strings.TrimSpace(v))
				if err != nil {
					t.Fatal(err)
				}
				return count
			}
		}
		t.Fatal("the metrics do not say how many connections are open")
		return 0
	}
	// settled waits until nobody is connected and memory does not change any more.
	settled := func() int {
		for end := time.Now().Add(5 * time.Minute); open() > 0; time.Sleep(time.Second) {
			if time.Now().After(end) {
				t.Fatal("agents that are away are still connected")
			}
		}
		low := memory(p, "VmRSS:")
		for range 30 {
			time.Sleep(time.Second)
			low = min(low, memory(p, "VmRSS:"))
		}
		return low
	}
	empty := settled()
	var count tally
	var fleet []*simulated
	away := empty
	for half := range 2 {
		more := n.enrolled(most/2, uint64(half+1))
		each(more, 64, func(a *simulated) {
			a.protocol = wire.QUIC
			if err := a.measure(&count); err != nil {
				t.Error(err)
				return
			}
			for try := 0; len(a.waiting) > 0 && try < 20; try++ {
				a.checkIn(t.Context(), 0, &count) //nolint:errcheck // what failed comes again
			}
		})
		first := len(fleet)
		for i, a := range more {
			a.number = first + i
		}
		fleet = append(fleet, more...)
		before := away
		away = settled()
		t.Logf("%d MB with %d that reported and are away: %+.1f MB for the last %d", away>>10, len(fleet), float64(away-before)/1024, len(more))
	}
	t.Logf("%d MB without agents", empty>>10)
	for _, part := range []int{len(fleet) / 2, len(fleet)} {
		clients := make([]*wire.Client, part)
		begin := time.Now()
		each(fleet[:part], 64, func(a *simulated) {
			o := a.options()
			o.Roots, o.Certificate, o.Sessions, o.IdleTimeout = a.roots, &a.cert, a.sessions, time.Minute
			c, err := wire.NewClient(o)
			if err == nil {
				clients[a.number] = c
				_, err = c.CheckIn(t.Context(), connect.NewRequest(&vymirv1.CheckInRequest{WireVersion: wire.Version, NowMs: time.Now().UnixMilli()}))
			}
			if err != nil {
				t.Errorf("agent %d: %v", a.number, err)
			}
		})
		at, now := open(), memory(p, "VmRSS:")
		t.Logf("%d connected after %s: %d MB, %.0f KB each beside those away", at, time.Since(begin).Round(time.Second), now>>10, float64(now-away)/float64(max(1, at)))
		for _, c := range clients {
			c.Close()
		}
		t.Logf("%d MB when they are gone", settled()>>10)
	}
}

// memory is a line of a process's status, in KiB; 0 when it cannot be told.
func memory(p *process, name string) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, name); ok {
			kib, _ := strconv.Atoi(strings.Fields(v)[0])
			return kib
		}
	}
	return 0
}
