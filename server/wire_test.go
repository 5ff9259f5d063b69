package server_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestMonthOnTheWire measures, on the wire between the two programs, what a month of hourly check-ins costs at the IP layer: the
// counters of the host's own interface, less its Ethernet headers, beside what the agent's meter says. The wire has no delay, so that
// QUIC sends some things twice on a busy machine: TestMonthOfCheckIns in ingest counts on a line with one, and holds the budget. It runs
// when VYMIR_WIRE names how many check-ins to measure (make bench-wire).
func TestMonthOnTheWire(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("VYMIR_WIRE"))
	if err != nil {
		t.Skip("set VYMIR_WIRE to a number of check-ins")
	}
	for _, c := range []struct{ name, protocol, every string }{
		{"quic, nothing new", "quic", "24h"},
		{"quic, an unchanged assessment each time", "quic", "1ms"},
		{"tcp, nothing new", "tcp", "24h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.write(w.agentConf, fmt.Sprintf("state_dir: %s/agent\nsocket: %s\nunchanged_every: %s\nprobes: {disable: true}\nuplink: {protocol: %s}\n", w.dir, w.socket, c.every, c.protocol))
			w.serve()
			w.enrol()
			d := w.daemon()
			done := func(n uint64) func() bool {
				return func() bool { return w.meter().CheckIns >= n }
			}
			w.eventually("the first check-in is over", d, done(1))
			next := func() {
				n := w.meter().CheckIns + 1
				if err := w.wake(); err != nil {
					t.Fatal(err)
				}
				w.eventually("the check-in is over", d, done(n))
			}
			next() // the first one after the first: both ends know each other now
			bytes, packets := w.wire()
			before := w.meter()
			for range rounds {
				next()
			}
			after := w.meter()
			bytes2, packets2 := w.wire()
			ip := float64(bytes2-bytes) - 14*float64(packets2-packets)
			n := float64(after.CheckIns - before.CheckIns)
			told := float64(after.SentBytes + after.ReceivedBytes - before.SentBytes - before.ReceivedBytes)
			t.Logf("%s: %.0f check-ins, %.0f bytes at the IP layer each, %.2f MB a month of 720; the agent's meter says %.0f each (%+.1f %%)",
				c.name, n, ip/n, ip/n*720/1e6, told/n, 100*(told-ip)/ip)
			if d := (told - ip) / ip; d < -0.1 || d > 0.1 {
				t.Errorf("the agent's meter is off by %.0f %%", 100*d)
			}
			d.stop(syscall.SIGTERM)
		})
	}
}

type month struct {
	SentBytes     uint64 `json:"sent_bytes"`
	ReceivedBytes uint64 `json:"received_bytes"`
	CheckIns      uint64 `json:"check_ins"`
}

// meter is what the agent says it sent and received this month.
func (w *world) meter() month {
	var s agentStatus
	w.status(&s)
	return s.Uplink.Month
}

// wire counts bytes and packets both ways on the host's interface.
func (w *world) wire() (bytes, packets uint64) {
	for _, dir := range []string{"rx", "tx"} {
		for what, sum := range map[string]*uint64{"bytes": &bytes, "packets": &packets} {
			text := w.must("ip", "netns", "exec", w.hostNS, "cat", "/sys/class/net/v0/statistics/"+dir+"_"+what)
			n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
			if err != nil {
				w.t.Fatal(err)
			}
			*sum += n
		}
	}
	return bytes, packets
}
