package access

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vymir-project/vymir/server/internal/store"
)

// Attempts are counted in the store, so that several server processes count together. Every attempt is counted before
// it is looked at, and taken back when it succeeds: guesses made at once do not slip through. What is counted:
//
//   - account and network together: a guesser is slowed, but the account's owner, who comes from elsewhere, is not;
//   - the network alone, with a larger allowance: one network cannot try many accounts;
//   - for a browser that signed in to the account before, and shows its mark for that (see [Service.DeviceMark]), that
//     browser alone: nobody at the same network can lock its owner out;
//   - the second step by account, after the password was right: who can exhaust that knows the password.
//
// Nothing counts an account alone before its password was shown: there is no way to lock another person out.
type allowance struct {
	key    string
	most   int
	window time.Duration
	whole  bool // forgotten on success, else one attempt is taken back
}

// Allowances: attempts in a window.
const (
	pairFailures    = 8
	addressFailures = 60
	secondFailures  = 30
	limitWindow     = 15 * time.Minute
	secondWindow    = time.Hour
)

// signInAllowances are those of a password or a link from c.
func (s *Service) signInAllowances(login string, c Client) []allowance {
	if login != "" && s.knowsDevice(login, c.Device) {
		return []allowance{{limitKey("device", strings.ToLower(login), c.Device), pairFailures, limitWindow, true}}
	}
	net := network(c.Address)
	return []allowance{
		{limitKey("pair", strings.ToLower(login), net), pairFailures, limitWindow, login != ""},
		{limitKey("network", net), addressFailures, limitWindow, false},
	}
}

// limitKey names what is counted without storing who tried what.
func limitKey(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// attempt counts an attempt under every allowance. Refused, it is a [LimitError].
func attempt(tx *store.Tx, now time.Time, all ...allowance) error {
	var refused error
	for _, a := range all {
		n, resets, err := tx.Attempt(a.key, now, a.window)
		if err != nil {
			return fmt.Errorf("count attempt: %w", err)
		}
		if n > a.most && refused == nil {
			refused = &LimitError{After: resets.Sub(now)}
		}
	}
	return refused
}

// forgive takes a successful attempt back.
func forgive(tx *store.Tx, all ...allowance) error {
	for _, a := range all {
		undo := tx.ForgiveAttempt
		if a.whole {
			undo = tx.ForgetAttempts
		}
		if err := undo(a.key); err != nil {
			return fmt.Errorf("forgive attempt: %w", err)
		}
	}
	return nil
}

// network is what one guesser holds: an IPv4 address, or the /64 of an IPv6 one. Text that is no address stands
// for itself.
func network(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		ap, err := netip.ParseAddrPort(addr)
		if err != nil {
			return addr
		}
		ip = ap.Addr()
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		p, _ := ip.Prefix(64)
		return p.String()
	}
	return ip.String()
}

// DeviceMark is what a browser keeps of a sign-in to an account, for its attempts to be counted apart. It opens nothing.
func (s *Service) DeviceMark(a Actor) string {
	id := newID()
	return id + "." + s.seal.Tag("device", a.Login+"\x00"+id)
}

func (s *Service) knowsDevice(login, mark string) bool {
	id, tag, ok := strings.Cut(mark, ".")
	return ok && len(id) <= 64 && sameHash(tag, s.seal.Tag("device", strings.ToLower(login)+"\x00"+id))
}
