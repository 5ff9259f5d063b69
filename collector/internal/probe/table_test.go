package probe

import (
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/exec"
	"github.com/vymir-project/vymir/collector/internal/probe/flow"
	"github.com/vymir-project/vymir/collector/internal/probe/tcp"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestTableForgetsWhatRestedLongest(t *testing.T) {
	table := newTable(2)
	add := func(path string, at time.Time) {
		table.addProgram(exec.Seen{Path: path, Count: 1, First: at, Last: at}, container{})
	}
	add("/a", noon.Add(-48*time.Hour))
	add("/b", noon)
	if !table.truncated.IsZero() {
		t.Error("truncated too early")
	}
	add("/c", noon) // takes the place of /a
	add("/d", noon) // finds none: /b and /c were seen today
	var r facts.Runtime
	table.fill(&r)
	if len(r.Programs) != 2 || r.Programs[0].Path != "/b" || r.Programs[1].Path != "/c" || !r.Truncated {
		t.Errorf("%+v, truncated %v", r.Programs, r.Truncated)
	}
}

func TestTableCountsPeersTogetherWhenFull(t *testing.T) {
	table := newTable(4)
	for i := range 10 {
		table.addConnection(flow.Seen{
			Program: "web", Direction: flow.In, Port: 443, Count: 1, First: noon, Last: noon,
			Peer: netip.MustParseAddr("203.0.113." + strconv.Itoa(i)),
		})
	}
	var r facts.Runtime
	table.fill(&r)
	var total, together uint64
	for _, c := range r.Connections {
		total += c.Count
		if c.Peer == "" && c.PeerClass == "public" && c.Port == 443 {
			together += c.Count
		}
	}
	if total != 10 || together != 6 || r.Truncated {
		t.Errorf("%d in all, %d together, truncated %v", total, together, r.Truncated)
	}
	// A day later old peers make room for new ones, and what they did is kept.
	table.addConnection(flow.Seen{
		Program: "web", Direction: flow.In, Port: 443, Count: 1, First: noon.Add(25 * time.Hour), Last: noon.Add(25 * time.Hour),
		Peer: netip.MustParseAddr("203.0.113.99"),
	})
	table.fill(&r)
	total = 0
	for _, c := range r.Connections {
		total += c.Count
	}
	if total != 11 || r.Truncated {
		t.Errorf("%d in all, truncated %v", total, r.Truncated)
	}
}

// Of programs and ports themselves there is an end, too; that is said until the window has passed.
func TestTableSaysWhenKeysAreMissing(t *testing.T) {
	table := newTable(4)
	for port := range uint16(40) {
		table.addConnection(flow.Seen{Program: "scan", Direction: flow.Out, Port: port + 1, Count: 1, First: noon, Last: noon, Peer: netip.MustParseAddr("192.0.2.1")})
	}
	var r facts.Runtime
	if table.fill(&r); !r.Truncated {
		t.Error("not truncated")
	}
	table.expire(noon.Add(window - time.Hour))
	if table.fill(&r); !r.Truncated {
		t.Error("not truncated any more within the window")
	}
	table.expire(noon.Add(window + time.Hour))
	if table.fill(&r); r.Truncated {
		t.Error("truncated for ever")
	}
}

func TestRepeatedEventsAreOne(t *testing.T) {
	table := newTable(0)
	uid := func(n uint32) *uint32 { return &n }
	for i := range 5 {
		table.addEvent(facts.RuntimeEvent{At: noon.Add(time.Duration(i) * time.Second), Kind: "exec_temp", Program: "/tmp/a", UID: uid(1)})
	}
	table.addEvent(facts.RuntimeEvent{At: noon.Add(time.Minute), Kind: "exec_temp", Program: "/tmp/a", UID: uid(2)})
	if len(table.events) != 2 {
		t.Errorf("%d events, want 2", len(table.events))
	}
	for i := range 2 * maxEvents {
		table.addEvent(facts.RuntimeEvent{At: noon.Add(time.Duration(i) * time.Hour), Kind: "exec_temp"})
	}
	if len(table.events) != maxEvents {
		t.Errorf("%d events, want %d", len(table.events), maxEvents)
	}
}

func TestClassOf(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1": "loopback", "::1": "loopback", "10.1.2.3": "private", "fe80::1": "private", "fd00::1": "private",
		"100.64.0.1": "private", "8.8.8.8": "public", "2001:4860:4860::8888": "public",
	} {
		if got := classOf(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	if got := classOf(netip.Addr{}); got != "unknown" {
		t.Errorf("no address: %s", got)
	}
}

// A recognised protocol gets the name of the program that connected the same ends, what stays on the host is left out, and
// a restart forgets neither.
func TestSpokenAndListening(t *testing.T) {
	table := newTable(0)
	peer := netip.MustParseAddr("203.0.113.9")
	table.addConnection(flow.Seen{Program: "mail", UID: 8, Direction: flow.Out, Peer: peer, Port: 25, Count: 1, First: noon, Last: noon})
	said := flow.Seen{Program: "smtp", UID: 8, Direction: flow.Out, Peer: peer, Port: 25, Count: 2, First: noon, Last: noon}
	table.addSpoken(said)
	table.addSpoken(said)
	table.addSpoken(flow.Seen{Program: "http", Direction: flow.In, Peer: netip.MustParseAddr("127.0.0.1"), Port: 80, Count: 1, First: noon, Last: noon})
	table.addListening(tcp.Listening{Program: "sshd", Port: 22}, noon)
	table.addListening(tcp.Listening{Program: "sshd", Port: 22, Since: noon.Add(time.Minute)}, noon.Add(time.Hour)) // begun anew
	var r facts.Runtime
	table.fill(&r)
	wantSpoken := []facts.Spoken{{
		Protocol: "smtp", Program: "mail", UID: 8, Direction: "out", Peer: peer.String(), PeerClass: "public", Port: 25, Count: 4,
		FirstSeen: noon, LastSeen: noon,
	}}
	wantListening := []facts.Listening{{Program: "sshd", Port: 22, FirstSeen: noon, LastSeen: noon.Add(time.Hour)}}
	if diff := cmp.Diff(wantSpoken, r.Spoken) + cmp.Diff(wantListening, r.Listening); diff != "" {
		t.Error(diff)
	}
	later := newTable(0)
	later.load(&r)
	later.addSpoken(said)
	var again facts.Runtime
	later.fill(&again)
	if len(again.Spoken) != 1 || again.Spoken[0].Count != 6 || len(again.Listening) != 1 {
		t.Errorf("after a restart: %+v %+v", again.Spoken, again.Listening)
	}
	later.expire(noon.Add(window + 2*time.Hour))
	if len(later.spoken) != 0 || len(later.listening) != 0 {
		t.Error("kept beyond the window")
	}
}
