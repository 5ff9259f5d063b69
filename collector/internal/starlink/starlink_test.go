package starlink

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/vymir-project/vymir/collector/facts"
)

// serve runs a dish that answers by f and gives its address.
func serve(t *testing.T, f http.HandlerFunc) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	s := &http.Server{Protocols: &protocols, Handler: f}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return netip.MustParseAddrPort(l.Addr().String())
}

// say writes framed messages and the status that ends an answer.
func say(w http.ResponseWriter, status string, messages ...[]byte) {
	w.Header().Set("Content-Type", "application/grpc")
	for _, m := range messages {
		w.Write(append([]byte{0, byte(len(m) >> 24), byte(len(m) >> 16), byte(len(m) >> 8), byte(len(m))}, m...))
	}
	if status != "" {
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", status)
	}
}

// Parts of messages, as a dish writes them.
func num(n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), v)
}

func float(n protowire.Number, v float32) []byte {
	return protowire.AppendFixed32(protowire.AppendTag(nil, n, protowire.Fixed32Type), math.Float32bits(v))
}

func part(n protowire.Number, parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), all)
}

func word(n protowire.Number, s string) []byte { return part(n, []byte(s)) }

// wellDish is the status of a dish of 2026 that says much.
func wellDish() []byte {
	return part(2004,
		part(1, word(1, "ut01000000-00000000-00000000"), word(2, "rev4_panda_prod1"), word(3, "2026.06.22.mr81471"), word(4, "UA")),
		part(2, num(1, 86400)), float(1003, 0.015625), part(1004, float(1, 0.25)), part(1005, num(3, 1), num(8, 1), num(7, 0), num(77, 1)),
		float(1009, 31.5), num(1021, 8), num(1024, 1), num(1044, 5), num(1045, 1), num(1056, 1))
}

func TestAsk(t *testing.T) {
	yes, up, drop, latency, sky := true, uint64(86400), 0.015625, 31.5, 0.25
	well := facts.Starlink{Present: true, Interface: "lo", HardwareVersion: "rev4_panda_prod1", SoftwareVersion: "2026.06.22.mr81471", UptimeSeconds: &up,
		UpdateState: "faulted", PingDropRate: &drop, PingLatencyMs: &latency, Obstructed: &sky, Metered: &yes, Restricted: "overage",
		Alerts: []string{"thermal_throttle", "install_pending", "alert_77"}, LANRead: &yes}
	answers := func(status string, messages ...[]byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { say(w, status, messages...) }
	}
	no := false
	for name, c := range map[string]struct {
		dish http.HandlerFunc
		want facts.Starlink
		err  error
	}{
		"well": {answers("0", wellDish()), well, nil},
		"silent-about-all": {answers("0", part(2004, part(2, num(1, 5)), part(1014, num(1, 6)))),
			facts.Starlink{Present: true, Interface: "lo", UptimeSeconds: ptr(uint64(5)), Outage: "obstructed", LANRead: &yes}, nil},
		"types-changed": {answers("0", part(2004, part(2, word(1, "long")), word(1003, "low"), num(1009, 3), float(1021, 1), word(1056, "yes"), num(1005, 1), num(1014, 1), num(1024, 7))),
			facts.Starlink{Present: true, Interface: "lo", Outage: "unknown", Disabled: "data_overage", LANRead: &yes}, nil},
		"not-numbers": {answers("0", part(2004, part(2, num(1, 5)), float(1003, 7), float(1009, float32(math.NaN())), part(1004, float(1, float32(math.Inf(1)))), num(1021, 99), num(1044, 4), word(1, "\x12\x03a\x00\xff"))),
			facts.Starlink{Present: true, Interface: "lo", HardwareVersion: "a", UptimeSeconds: ptr(uint64(5)), UpdateState: "code_99", Restricted: "code_4", LANRead: &yes}, nil},
		"router":            {answers("0", part(3004, word(1, "x"))), facts.Starlink{}, ErrAnswer},
		"empty":             {answers("0", nil), facts.Starlink{}, ErrAnswer},
		"no-message":        {answers("0"), facts.Starlink{}, ErrAnswer},
		"two-messages":      {answers("0", wellDish(), wellDish()), facts.Starlink{}, ErrAnswer},
		"no-trailers":       {answers("", wellDish()), facts.Starlink{}, ErrAnswer},
		"strange-trailers":  {answers("fine", wellDish()), facts.Starlink{}, ErrAnswer},
		"error-after-all":   {answers("13", wellDish()), facts.Starlink{}, &refusal{}},
		"unavailable":       {answers("14"), facts.Starlink{}, &refusal{}},
		"refuses-questions": {answers("7"), facts.Starlink{Present: true, Interface: "lo", LANRead: &no, LANControl: &no}, nil},
		"knows-no-question": {answers("12"), facts.Starlink{}, &refusal{}},
		"trailers-only": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Grpc-Status", "16") },
			facts.Starlink{Present: true, Interface: "lo", LANRead: &no, LANControl: &no}, nil},
		"diagnostics-alone": {func(w http.ResponseWriter, r *http.Request) {
			b := make([]byte, 64)
			if n, _ := r.Body.Read(b); n >= 9 && string(b[5:8]) == string(part(6000)[:3]) {
				say(w, "0", part(6001, word(1, "ut"), word(2, "rev3"), word(3, "2025.1"), part(5, num(8, 1)), num(6, 1), num(14, 1)))
				return
			}
			say(w, "7")
		}, facts.Starlink{Present: true, Interface: "lo", HardwareVersion: "rev3", SoftwareVersion: "2025.1", Alerts: []string{"install_pending"}, Restricted: "overage", LANRead: &yes}, nil},
		"web-server": {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }, facts.Starlink{}, ErrAnswer},
		"not-found":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, facts.Starlink{}, ErrAnswer},
		"compressed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte{1, 0, 0, 0, 1, 9})
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
		}, facts.Starlink{}, ErrAnswer},
		"says-more-than-it-sends": {func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte{0, 0xff, 0xff, 0xff, 0xff, 9})
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
		}, facts.Starlink{}, ErrAnswer},
		"message-cut": {answers("0", wellDish()[:40]), facts.Starlink{}, errAny},
		"dies-in-mid-answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte{0, 0, 0, 0, 99, 9})
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, facts.Starlink{}, errAny},
		"huge": {func(w http.ResponseWriter, _ *http.Request) {
			for junk := make([]byte, 32<<10); ; {
				if _, err := w.Write(junk); err != nil {
					return
				}
			}
		}, facts.Starlink{}, ErrTooMuch},
		"huge-headers": {func(w http.ResponseWriter, _ *http.Request) {
			for _, c := range "abcdefghijklmnopqrstuvwxyz" {
				w.Header().Set("X-"+string(c), strings.Repeat("x", 4<<10))
			}
			say(w, "0", wellDish())
		}, facts.Starlink{}, errAny},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Dish{Address: serve(t, c.dish), limit: time.Minute}.Ask(t.Context())
			var said *refusal
			switch {
			case c.err == nil && err != nil, c.err != nil && err == nil:
				t.Fatalf("got %v, want %v", err, c.err)
			case c.err == nil:
				if diff := cmp.Diff(&c.want, got); diff != "" {
					t.Errorf("facts (-want +got):\n%s", diff)
				}
			case errors.Is(c.err, errAny) || errors.As(c.err, &said) && errors.As(err, &said):
			case !errors.Is(err, c.err):
				t.Errorf("got %v, want %v", err, c.err)
			}
			if err != nil && (errors.Is(err, ErrNone) || strings.Contains(err.Error(), "127.0.0.1")) {
				t.Errorf("%v says that there is no dish, or where", err)
			}
		})
	}
}

var errAny = errors.New("any")

// TestSlow gives up a dish that says nothing, and one that speaks for ever without saying anything.
func TestSlow(t *testing.T) {
	for name, f := range map[string]http.HandlerFunc{
		"silent": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"half": func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte{0, 0, 0})
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := (Dish{Address: serve(t, f), limit: 100 * time.Millisecond}).Ask(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want a deadline", err)
			}
		})
	}
}

// TestOtherProtocol meets what listens there and is no dish: something that speaks first, and something that floods.
func TestOtherProtocol(t *testing.T) {
	for name, f := range map[string]func(net.Conn){
		"ssh":   func(c net.Conn) { c.Write([]byte("SSH-2.0-x\r\n")) },
		"close": func(net.Conn) {},
		"http1": func(c net.Conn) { c.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) },
		"pings": func(c net.Conn) {
			c.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0})
			for ping := []byte(strings.Repeat("\x00\x00\x08\x06\x01\x00\x00\x00\x0012345678", 512)); ; {
				if _, err := c.Write(ping); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				if c, err := l.Accept(); err == nil {
					f(c)
					c.Close()
				}
			}()
			got, err := Dish{Address: netip.MustParseAddrPort(l.Addr().String()), limit: time.Minute}.Ask(t.Context())
			if err == nil || errors.Is(err, ErrNone) {
				t.Errorf("got %+v, %v; want an error that is not the knowledge of no dish", got, err)
			}
		})
	}
}

// TestNone: only a refused connection and no way are the knowledge that there is none.
func TestNone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := (Dish{Address: netip.MustParseAddrPort(l.Addr().String())}).Ask(t.Context()); !errors.Is(err, ErrNone) {
		t.Errorf("nothing listens: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Dish{Address: netip.MustParseAddrPort(l.Addr().String())}).Ask(ctx); err == nil || errors.Is(err, ErrNone) {
		t.Errorf("given up: %v", err)
	}
}

func TestSuits(t *testing.T) {
	wire, tunnel := &net.Interface{Name: "eth0"}, &net.Interface{Name: "wg0", Flags: net.FlagPointToPoint}
	for name, c := range map[string]struct {
		own  string
		i    *net.Interface
		want error
	}{
		"behind-a-router": {"192.168.1.20:1", wire, nil},
		"at-the-dish":     {"100.79.3.4:1", wire, nil},
		"link-local":      {"169.254.9.9:1", wire, nil},
		"at-a-provider":   {"203.0.113.7:1", wire, ErrNotAsked},
		"in-a-tunnel":     {"10.8.0.2:1", tunnel, ErrNotAsked},
		"of-no-interface": {"10.8.0.2:1", nil, ErrNotAsked},
		"loopback":        {"127.0.0.1:1", wire, ErrNotAsked},
	} {
		t.Run(name, func(t *testing.T) {
			if err := suits(net.UDPAddrFromAddrPort(netip.MustParseAddrPort(c.own)), c.i); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func FuzzStatus(f *testing.F) {
	f.Add(wellDish())
	f.Add(part(6001, word(3, "x"), part(5, num(1, 1))))
	f.Add(part(2004, part(1005, []byte{0xff})))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func([]byte, *facts.Starlink) error{readStatus, readDiagnostics} {
			var s facts.Starlink
			if read(b, &s) != nil {
				continue
			}
			for name, v := range map[string]*float64{"drop": s.PingDropRate, "obstructed": s.Obstructed} {
				if v != nil && !(*v >= 0 && *v <= 1) {
					t.Errorf("%s %v", name, *v)
				}
			}
			if len(s.Alerts) > 64 || len(s.HardwareVersion) > 128 || strings.ContainsAny(s.SoftwareVersion, "\x00\x1b\n") {
				t.Errorf("out of bounds: %+v", s)
			}
		}
	})
}

func FuzzUnframe(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 1, 9})
	f.Add([]byte{1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := unframe(b); err == nil && len(m) != len(b)-5 {
			t.Errorf("%d of %d bytes", len(m), len(b))
		}
	})
}
