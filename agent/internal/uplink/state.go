package uplink

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/vymir-project/vymir/agent/internal/durable"
	"github.com/vymir-project/vymir/agent/wire"
)

// State is what the uplink remembers between check-ins. It is one small file, written once per check-in; losing it
// costs a QUIC attempt and this month's meter, nothing else.
type State struct {
	LastCheckIn   time.Time     `json:"last_check_in,omitzero"` // last success, by the server's clock
	LastAttempt   time.Time     `json:"last_attempt,omitzero"`  // by this host's clock
	LastError     string        `json:"last_error,omitzero"`    // of the last attempt; empty: it went well
	Failures      int           `json:"failures"`               // attempts in a row that failed
	Refused       bool          `json:"refused"`                // the server does not take this host's identity
	Protocol      wire.Protocol `json:"protocol,omitzero"`      // of the last success
	ServerTime    time.Time     `json:"server_time,omitzero"`   // latest time the server told: the truth is not before it
	SkewSeconds   float64       `json:"skew_seconds"`           // server's clock minus this host's, at the last check-in
	Anchor        Anchor        `json:"anchor,omitzero"`        // what tells how long ago that was, whatever the clock did since
	Withhold      []string      `json:"withhold,omitzero"`      // what the server asked to withhold
	IntervalS     uint32        `json:"interval_seconds,omitzero"`
	RecoveredAt   time.Time     `json:"recovered_at,omitzero"` // last attempt to recover, by this host's clock
	Answer        AnswerMemory  `json:"answer,omitzero"`       // the last sealed answer that was taken
	Month         Month         `json:"month"`
	MeteredMonth  Month         `json:"metered_month,omitzero"`  // what of it went over metered links
	UsualBytes    uint64        `json:"usual_bytes"`             // of check-ins lately that fetched nothing, moving average
	UDP           UDPMemory     `json:"udp"`                     // on the network of the last check-in
	UDPElsewhere  []UDPMemory   `json:"udp_elsewhere,omitempty"` // other networks on which it was blocked, oldest first
	LastSentBytes uint64        `json:"last_sent_bytes"`         // of the last check-in, IP layer
	LastRecvBytes uint64        `json:"last_received_bytes"`
}

// Month is the byte meter, at the IP layer.
type Month struct {
	Name          string `json:"name"` // "2026-11", by the best known time
	SentBytes     uint64 `json:"sent_bytes"`
	ReceivedBytes uint64 `json:"received_bytes"`
	CheckIns      uint64 `json:"check_ins"`
}

// AnswerMemory says which sealed answer was taken last.
type AnswerMemory struct {
	Host    string    `json:"host"`
	Number  uint64    `json:"number"`
	Written time.Time `json:"written"` // by the server's clock
}

// UDPMemory is what is known of UDP on one network.
type UDPMemory struct {
	Network string    `json:"network,omitzero"`    // prefix of our address towards the server
	Blocked bool      `json:"blocked"`             // QUIC did not get through
	ProbeAt time.Time `json:"probe_at,omitzero"`   // when QUIC is tried again, by this host's clock
	Reason  string    `json:"reason,omitzero"`     // of the last failure
	Times   int       `json:"times_failed"`        // in a row; each doubles the distance of probes
	Set     time.Time `json:"blocked_at,omitzero"` // by this host's clock
}

func statePath(dir string) string { return filepath.Join(dir, "uplink.json") }

// LoadState reads the state below dir; what is missing or damaged is the zero state.
func LoadState(dir string) State {
	var s State
	b, err := os.ReadFile(statePath(dir))
	if err != nil || json.Unmarshal(b, &s) != nil {
		return State{}
	}
	return s
}

func (s *State) save(dir string) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode uplink state: %w", err)
	}
	return durable.WriteFile(statePath(dir), b)
}

// Now gives the best known time: this host's clock, set right by the last skew, and never before the latest time a
// server told.
func (s *State) Now(host time.Time) time.Time {
	t := host.Add(time.Duration(s.SkewSeconds * float64(time.Second)))
	if t.Before(s.ServerTime) {
		return s.ServerTime
	}
	return t.UTC()
}

// maxFloorFailures is about two days of hourly attempts.
const maxFloorFailures = 48

// floor gives the time that the server's certificate must reach. A server that once told a wrong time from the future must not
// lock its hosts out for good, so after two days of nothing but failures the floor is given up; pinned roots and usage still hold.
func (s *State) floor() time.Time {
	if s.Failures >= maxFloorFailures {
		return time.Time{}
	}
	return s.ServerTime
}

// count adds to the meters, and begins a new month when there is one.
func (s *State) count(u wire.Usage, metered bool, now time.Time) {
	s.Month.add(u, now)
	if metered {
		s.MeteredMonth.add(u, now)
	}
	s.LastSentBytes, s.LastRecvBytes = u.SentBytes, u.ReceivedBytes
}

// learnCost follows what a check-in costs.
func (s *State) learnCost(u wire.Usage) {
	now := u.SentBytes + u.ReceivedBytes
	if s.UsualBytes == 0 {
		s.UsualBytes = now
	}
	s.UsualBytes = (3*s.UsualBytes + now) / 4
}

func (m *Month) add(u wire.Usage, now time.Time) {
	if name := now.UTC().Format("2006-01"); name != m.Name {
		*m = Month{Name: name}
	}
	m.SentBytes += u.SentBytes
	m.ReceivedBytes += u.ReceivedBytes
}

// maxElsewhere bounds the networks that are remembered: a laptop meets many.
const maxElsewhere = 8

// udpOn gives what is known of UDP on a network.
func (s *State) udpOn(network string) UDPMemory {
	if s.UDP.Network == network {
		return s.UDP
	}
	for _, m := range s.UDPElsewhere {
		if m.Network == network {
			return m
		}
	}
	return UDPMemory{Network: network}
}

// learnUDP remembers how a check-in on a network went, and what is known of the one before when the host changed over.
func (s *State) learnUDP(network string, used wire.Protocol, noUDP error, now time.Time) {
	if before := s.UDP; before.Network != network {
		s.UDP = s.udpOn(network)
		s.UDPElsewhere = slices.DeleteFunc(s.UDPElsewhere, func(m UDPMemory) bool { return m.Network == network || m.Network == before.Network })
		if before.Blocked {
			s.UDPElsewhere = append(s.UDPElsewhere, before)
		}
		s.UDPElsewhere = s.UDPElsewhere[max(0, len(s.UDPElsewhere)-maxElsewhere):]
	}
	s.UDP.learn(network, used, noUDP, now)
}

const (
	firstProbe = time.Hour
	lastProbe  = 7 * 24 * time.Hour
)

// choose gives the protocol to ask for on a network: Auto, or TCP while UDP is known to be blocked on this very network and
// the next probe is not due. A clock that jumped back makes the probe due.
func (m *UDPMemory) choose(network string, now time.Time) wire.Protocol {
	if !m.Blocked || m.Network != network || !now.Before(m.ProbeAt) || now.Before(m.Set) {
		return wire.Auto
	}
	return wire.TCP
}

// learn remembers how a check-in went: noUDP is why QUIC was given up, nil when it was not.
func (m *UDPMemory) learn(network string, used wire.Protocol, noUDP error, now time.Time) {
	switch {
	case used == wire.QUIC:
		*m = UDPMemory{Network: network}
	case used == wire.TCP && noUDP != nil:
		if m.Network != network {
			m.Times = 0
		}
		wait := min(firstProbe<<min(m.Times, 16), lastProbe)
		*m = UDPMemory{Network: network, Blocked: true, Times: m.Times + 1, Set: now, ProbeAt: now.Add(wait), Reason: noUDP.Error()}
	}
}

// network names the network by which server would be reached: the prefix of our own address. Nothing is sent.
func network(server string) string {
	c, err := net.Dial("udp", server)
	if err != nil {
		return ""
	}
	defer c.Close() //nolint:errcheck // nothing was written
	a, err := netip.ParseAddrPort(c.LocalAddr().String())
	if err != nil {
		return ""
	}
	bits := 24
	if !a.Addr().Unmap().Is4() {
		bits = 56
	}
	p, err := a.Addr().Unmap().WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
