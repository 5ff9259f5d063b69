package agent

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/vymir-project/vymir/collector"
	"github.com/vymir-project/vymir/collector/facts"
)

// dishOf serves one answer as a dish does and gives its address.
func dishOf(t *testing.T, answer string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	s := &http.Server{Protocols: &protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Write(append([]byte{0, 0, 0, 0, byte(len(answer))}, answer...))
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
	})}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return netip.MustParseAddrPort(l.Addr().String())
}

// Answers of a dish with uptime 9 s, as bytes: the second says treat_as_metered.
const (
	freeDish    = "\xa2\x7d\x04\x12\x02\x08\x09"
	meteredDish = "\xa2\x7d\x07\x12\x02\x08\x09\x80\x42\x01"
)

// TestMeteredByDish asks a dish and looks at what that does to the budget and the distance of check-ins, until it says otherwise.
func TestMeteredByDish(t *testing.T) {
	c := newBench(t, "").config
	if err := os.MkdirAll(c.StateDir, 0o700); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	ask := func(answer string) facts.Status {
		t.Helper()
		doc, err := collector.Collect(context.Background(), collector.Options{Families: []string{"starlink"}, AskDish: true, DishAddress: dishOf(t, answer)})
		if err != nil {
			t.Fatal(err)
		}
		rememberDish(c, doc, now)
		return doc.Families["starlink"]
	}
	if st := ask(freeDish); st.State != facts.StateOK || costlyDish(c, now) != "" {
		t.Fatalf("a dish that says nothing: %+v, costs by %q", st, costlyDish(c, now))
	}
	ask(meteredDish)
	if got := costlyDish(c, now); got != "lo" {
		t.Fatalf("a metered dish costs by %q, want lo", got)
	}
	if st := ask("nothing of a dish"); st.State != facts.StateUnmeasured || costlyDish(c, now) != "lo" {
		t.Errorf("an answer that is none: %+v; the last word stands no more", st)
	}
	for name, at := range map[string]time.Time{"two-days": now.Add(dishHolds + time.Hour), "clock-back": now.AddDate(-3, 0, 0)} {
		if got := costlyDish(c, at); got != "" {
			t.Errorf("%s: still costs by %q", name, got)
		}
	}
	off := c
	off.Starlink.Disable = true
	if got := costlyDish(off, now); got != "" {
		t.Errorf("switched off: costs by %q", got)
	}
	ask(freeDish)
	if got := costlyDish(c, now); got != "" {
		t.Errorf("after the dish took it back: costs by %q", got)
	}
}

func TestStretchedByDish(t *testing.T) {
	host := newBench(t, "")
	host.enrol(t)
	c := host.config
	rememberDish(c, &facts.Document{Starlink: &facts.Starlink{Present: true, Interface: "lo", Restricted: "overage"}}, time.Now())
	b := budget(c)
	if b.Metered != "dish" || b.Limit != c.Uplink.MeteredBytes {
		t.Fatalf("budget %+v, want the metered one by the dish", b)
	}
	if got := stretched(c, b, time.Hour); got != 3*time.Hour {
		t.Errorf("a check-in every %s, want 3h", got)
	}
	rememberDish(c, &facts.Document{Starlink: &facts.Starlink{}}, time.Now())
	if got := stretched(c, budget(c), time.Hour); got != time.Hour {
		t.Errorf("without a dish a check-in every %s, want 1h", got)
	}
}

func TestDishAddress(t *testing.T) {
	for in, ok := range map[string]bool{
		"192.168.100.1:9200": true, "10.0.0.7:9200": true, "127.0.0.1:1": true, "206.214.239.195:9200": false, "dish:9200": false, "192.168.100.1": false,
	} {
		if _, err := ParseConfig([]byte("starlink:\n  address: " + in + "\n")); (err == nil) != ok {
			t.Errorf("%s: %v", in, err)
		}
	}
	c, err := ParseConfig(nil)
	if err != nil || c.Starlink.Address.IsValid() {
		t.Fatalf("preset %v: %v", c.Starlink.Address, err)
	}
	b, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseConfig(b); err != nil {
		t.Errorf("what config show prints is refused: %v", err)
	}
}
