// Package uplink delivers the outbox: it checks in, turns assessments into deltas, takes acknowledgements, refusals and
// directives, keeps the identity fresh, remembers whether UDP gets through, and counts bytes.
package uplink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"connectrpc.com/connect"

	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// Options make an uplink. Those before Bundle are needed.
type Options struct {
	StateDir string
	Identity *identity.Identity
	Outbox   *spool.Spool
	Version  string // of the agent

	Bundle           func() uint64    // revision of the policies that judge; nil: 0
	Kinds            []string         // of signed artefacts that this host takes; nil: none
	Protocol         wire.Protocol    // Auto unless the administrator fixed one
	Now              func() time.Time // this host's clock; nil: time.Now
	Budget           func() Budget    // asked once for each check-in; nil: no bounds
	Boot             BootClock        // of this host; zero: the kernel's
	HandshakeTimeout time.Duration    // of QUIC; 0: the client's default
	IdleTimeout      time.Duration    // of QUIC; 0: the client's default

	PacketConn func(network string) (net.PacketConn, error) // see wire.ClientOptions
}

// Uplink talks to one server. Its methods are called by one goroutine; Status may be called by any.
type Uplink struct {
	o        Options
	state    State
	sessions tls.ClientSessionCache
	fullFrom uint64 // items from here on go in full
	offers   []*vymirv1.Offer
	budget   Budget // of this check-in
}

// Outcome is what a check-in brought.
type Outcome struct {
	Delivered  int           // items acknowledged
	Refused    []Refusal     // items the server will not take
	RetryAfter time.Duration // the server's wish; 0: none
	Protocol   wire.Protocol
	Usage      wire.Usage
	MeasureNow bool
	Interval   time.Duration // the server's wish; 0: none
	Fetched    []string      // kinds of artefacts that came whole and wait to be tried
	Postponed  []string      // kinds of artefacts that the month's budget is too small for
	FetchError error         // why an offered artefact did not come; the check-in itself went well
}

// Refusal is one item the server did not take.
type Refusal struct {
	Sequence  uint64
	Code      string
	Detail    string
	Permanent bool
}

// ErrRefused is returned when the server does not take this host's identity and recovery did not help: it was revoked, or
// the server was set up anew.
var ErrRefused = errors.New("the server refuses this host's identity")

// ErrProtocol is returned when the server's answer contradicts what was sent.
var ErrProtocol = errors.New("the server's answer contradicts the outbox")

// New makes an uplink; nothing is sent.
func New(o Options) *Uplink {
	if o.Now == nil {
		o.Now = time.Now
	}
	u := &Uplink{o: o, state: LoadState(o.StateDir)}
	u.forgetSessions()
	return u
}

// State gives what is remembered.
func (u *Uplink) State() State { return u.state }

// forgetSessions drops TLS tickets: they carry the identity they were given to.
func (u *Uplink) forgetSessions() { u.sessions = tls.NewLRUClientSessionCache(8) }

const (
	maxRounds  = 64               // exchanges of one check-in
	roundBytes = 256 << 10        // payload of one exchange: small enough for a link that fails every minute
	roundTime  = 90 * time.Second // one exchange
	recoverGap = 6 * time.Hour
)

// CheckIn delivers what waits in the outbox, all of it, in one or several exchanges over one connection, and takes what the server
// answers. onlyUrgent leaves other items for later. The outcome counts also when an error is returned: some exchanges may have gone well.
func (u *Uplink) CheckIn(ctx context.Context, onlyUrgent bool) (Outcome, error) {
	now := u.o.Now()
	u.state.LastAttempt = now.UTC()
	var out Outcome
	if u.budget = (Budget{}); u.o.Budget != nil {
		u.budget = u.o.Budget()
	}
	err := u.exchangeAll(ctx, onlyUrgent, &out)
	if wire.IdentityRefused(err) {
		if err = u.recover(ctx, err); err == nil {
			err = u.exchangeAll(ctx, onlyUrgent, &out)
		}
	}
	if keyErr := u.o.Identity.KeyError(); err != nil && keyErr != nil {
		err = keyErr // TLS only said that it failed
	}
	if err != nil {
		u.state.Failures++
		u.state.LastError = err.Error()
	} else {
		u.state.Failures, u.state.LastError, u.state.Refused = 0, "", false
		u.state.Month.CheckIns++
		if u.budget.Metered != "" {
			u.state.MeteredMonth.CheckIns++
		}
		if len(out.Fetched) == 0 && out.FetchError == nil {
			u.state.learnCost(out.Usage)
		}
	}
	if errors.Is(err, ErrRefused) {
		u.state.Refused = true
	}
	if saveErr := u.state.save(u.o.StateDir); err == nil && saveErr != nil {
		u.state.LastError = saveErr.Error() // told by status; what was delivered is delivered
	}
	return out, err
}

// exchangeAll runs exchanges until nothing is left, on the protocol that the network is known to let through; a connection that
// dies in mid-exchange on QUIC is tried once more on TCP, for the server counts each item once.
func (u *Uplink) exchangeAll(ctx context.Context, onlyUrgent bool, out *Outcome) error {
	where := network(u.o.Identity.Server)
	ask := u.o.Protocol
	if ask == wire.Auto {
		known := u.state.udpOn(where)
		ask = known.choose(where, u.o.Now())
	}
	noUDP, err := u.connectAndExchange(ctx, ask, onlyUrgent, out)
	if err != nil && ask == wire.Auto && out.Protocol == wire.QUIC && isTransport(err) && ctx.Err() == nil {
		if _, tcpErr := u.connectAndExchange(ctx, wire.TCP, onlyUrgent, out); tcpErr == nil {
			noUDP, err = fmt.Errorf("connection died in mid-exchange: %w", err), nil
		}
	}
	if err == nil {
		u.state.learnUDP(where, out.Protocol, noUDP, u.o.Now())
		u.state.Protocol = out.Protocol
	}
	return err
}

// isTransport reports whether err came from the way there rather than from the server's handler.
func isTransport(err error) bool {
	var c *connect.Error
	return !wire.IdentityRefused(err) && !errors.Is(err, wire.ErrServerIdentity) &&
		!(errors.As(err, &c) && connect.IsWireError(c)) && !errors.Is(err, ErrProtocol)
}

func (u *Uplink) client(ask wire.Protocol, certificate *tls.Certificate) (*wire.Client, error) {
	sessions := u.sessions
	if certificate == nil {
		sessions = nil // a ticket without the certificate must not be resumed with it
	}
	return wire.NewClient(wire.ClientOptions{
		Server: u.o.Identity.Server, Roots: u.o.Identity.ServerRoots(), TimeFloor: u.state.floor(),
		Certificate: certificate, Protocol: ask, Sessions: sessions, HandshakeTimeout: u.o.HandshakeTimeout,
		IdleTimeout: u.o.IdleTimeout, PacketConn: u.o.PacketConn,
	})
}

func (u *Uplink) connectAndExchange(ctx context.Context, ask wire.Protocol, onlyUrgent bool, out *Outcome) (noUDP error, err error) {
	c, err := u.client(ask, u.o.Identity.TLS())
	if err != nil {
		return nil, err
	}
	defer func() {
		var used wire.Protocol
		if used, noUDP = c.Protocol(); used != wire.Auto {
			out.Protocol = used
		}
		c.Close() //nolint:errcheck // nothing is written by closing
		use := c.Usage()
		out.Usage.SentBytes += use.SentBytes
		out.Usage.ReceivedBytes += use.ReceivedBytes
		u.state.count(use, u.budget.Metered != "", u.state.Now(u.o.Now()))
	}()
	renew := false
	u.offers = nil
	for range maxRounds {
		more, resp, err := u.exchange(ctx, c, onlyUrgent, out)
		if err != nil {
			return nil, err
		}
		renew = renew || resp.Directives.GetRenew()
		if !more || out.RetryAfter > 0 {
			break
		}
	}
	if renew || u.o.Identity.RenewDue(u.state.Now(u.o.Now())) {
		if err := u.o.Identity.Renew(ctx, u.o.StateDir, c); err != nil {
			return nil, err
		}
		u.forgetSessions()
	}
	if !onlyUrgent && out.RetryAfter == 0 {
		out.FetchError = u.fetch(ctx, c, out)
	}
	return nil, nil
}

// exchange sends one request and takes its answer; more says that another one is worth it.
func (u *Uplink) exchange(ctx context.Context, c *wire.Client, onlyUrgent bool, out *Outcome) (more bool, resp *vymirv1.CheckInResponse, err error) {
	req, left, err := u.request(onlyUrgent)
	if err != nil {
		return false, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	answer, err := c.CheckIn(ctx, connect.NewRequest(req))
	if err != nil {
		out.RetryAfter = retryAfter(err)
		return false, nil, fmt.Errorf("check in: %w", err)
	}
	resp = answer.Msg
	before := u.o.Outbox.Stats()
	if err := u.take(req, resp, out); err != nil {
		return false, resp, err
	}
	after := u.o.Outbox.Stats()
	renumbered, again := after.Last > before.Last, resp.NeedFullFrom > 0
	moved := after.Acknowledged > before.Acknowledged || renumbered || again
	return moved && after.Items > 0 && (left || again || renumbered), resp, nil
}

// recover asks for a new certificate by proof of the key, at most every six hours: the server may have had its reasons.
func (u *Uplink) recover(ctx context.Context, refused error) error {
	now := u.o.Now()
	if since := now.Sub(u.state.RecoveredAt); since >= 0 && since < recoverGap && !u.state.RecoveredAt.IsZero() {
		return fmt.Errorf("%w: %w", ErrRefused, refused)
	}
	u.state.RecoveredAt = now.UTC()
	c, err := u.client(u.o.Protocol, nil)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // nothing is written by closing
	err = u.o.Identity.Recover(ctx, u.o.StateDir, c, now)
	u.state.count(c.Usage(), u.budget.Metered != "", u.state.Now(now))
	if wire.IdentityRefused(err) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err == nil {
		u.forgetSessions()
	}
	return err
}

// retryAfter reads the server's wish from an error's metadata.
func retryAfter(err error) time.Duration {
	var c *connect.Error
	if !errors.As(err, &c) {
		return 0
	}
	s, convErr := strconv.ParseUint(c.Meta().Get("Retry-After"), 10, 32)
	if convErr != nil {
		return 0
	}
	return min(time.Duration(s)*time.Second, 7*24*time.Hour)
}

// Serves reports whether this uplink speaks for id as it is on disk now.
func (u *Uplink) Serves(id *identity.Identity) bool {
	return u.o.Identity.HostID == id.HostID && u.o.Identity.Server == id.Server &&
		len(id.Certificate) > 0 && slices.Equal(u.o.Identity.Certificate[0], id.Certificate[0])
}
