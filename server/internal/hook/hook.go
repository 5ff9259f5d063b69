// Package hook tells other programs what happened, as Standard Webhooks 1.0 says: thin messages (what happened to which
// id, and nothing of what was measured), signed, and repeated until they are taken. The receiver asks the API for more,
// with a token of its own.
//
// The addresses come from people, so no request of ours may reach what only this server can: every connection is checked
// when its address is known, after names were resolved, and redirects are not followed.
package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vymir-project/vymir/server/internal/seal"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Errors of an address.
var (
	ErrURL     = errors.New("a webhook's address must be https:// with a host, without user and fragment")
	ErrPrivate = errors.New("the address leads to a private or special network, which this server does not call")
)

// CheckURL refuses an address that could never be called. Private networks are refused later, when a name is resolved:
// unless allowed, so is an address that names one.
func CheckURL(text string, private bool) error {
	u, err := url.Parse(text)
	if err != nil || len(text) > 2000 || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !private) {
		return ErrURL
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !private && !Public(ip) {
		return ErrPrivate
	}
	return nil
}

// special are networks that are not private by their flags and yet not the internet's.
var special = func() (out []netip.Prefix) {
	for _, s := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16"} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}()

// Public reports whether an address is of the internet: not loopback, private, link-local (where clouds keep their
// metadata), shared, multicast, or one that carries another inside (NAT64, 6to4).
func Public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// Client makes an HTTP client that calls public addresses only, or any when private is true.
func Client(private bool) *http.Client {
	d := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		if private {
			return nil
		}
		ap, err := netip.ParseAddrPort(address)
		if err != nil || !Public(ap.Addr()) {
			return ErrPrivate
		}
		return nil
	}}
	return &http.Client{
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: d.DialContext, Proxy: nil, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 15 * time.Second,
			MaxResponseHeaderBytes: 32 << 10, DisableKeepAlives: true, ForceAttemptHTTP2: true},
	}
}

// NewSecret makes a signing secret as Standard Webhooks writes it.
func NewSecret() string {
	b := make([]byte, 24)
	rand.Read(b) //nolint:errcheck // never fails since Go 1.24
	return "whsec_" + base64.StdEncoding.EncodeToString(b)
}

// Purpose is what a webhook's secret is sealed for.
func Purpose(id string) string { return "webhook:" + id }

// Message is what is sent.
type Message struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      Data      `json:"data"`
}

// Data says what it happened to.
type Data struct {
	ID string `json:"id"`
}

// Sender delivers what waits. One process does it at a time, under a lease.
type Sender struct {
	Store  *store.Store
	Seal   *seal.Key
	Client *http.Client
	Log    *slog.Logger
	Now    func() time.Time
}

// Waits between tries. After them a message is dropped; a webhook that took nothing for giveUp is disabled.
var waits = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 24 * time.Hour}

const giveUp = 5 * 24 * time.Hour

// Receivers are called side by side, each for so long: one that hangs keeps no other waiting.
const (
	receivers = 32
	patience  = 45 * time.Second
)

// Deliver sends what is due, at most limit messages to each receiver, and returns how many were taken. A receiver that refuses
// once is not asked again in the same call.
func (s *Sender) Deliver(ctx context.Context, limit int) (taken int, err error) {
	var due []store.Webhook
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) { due, err = tx.WebhooksDue(s.Now()); return err }); err != nil {
		return 0, fmt.Errorf("read webhooks: %w", err)
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
		room = make(chan struct{}, receivers)
	)
	for _, w := range due {
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			within, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			n, err := s.deliverTo(within, w, limit)
			mu.Lock()
			defer mu.Unlock()
			taken += n
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	return taken, errors.Join(append(errs, ctx.Err())...)
}

// deliverTo sends one receiver what is due, oldest first, until it refuses.
func (s *Sender) deliverTo(ctx context.Context, w store.Webhook, limit int) (taken int, err error) {
	var due []store.Notice
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) { due, err = tx.Notices(w.ID, s.Now(), limit); return err }); err != nil {
		return 0, fmt.Errorf("read notices: %w", err)
	}
	for _, n := range due {
		sent := s.send(ctx, w, n)
		if ctx.Err() != nil {
			return taken, ctx.Err()
		}
		if sent != nil {
			s.Log.Warn("webhook not taken", "webhook", w.ID, "tries", n.Tries+1, "err", reason(sent))
			if err := s.failed(ctx, w, n); err != nil {
				return taken, fmt.Errorf("note failure: %w", err)
			}
			return taken, nil
		}
		taken++
		if err := s.Store.Tx(ctx, func(tx *store.Tx) error { return tx.NoticeTold(n) }); err != nil {
			return taken, fmt.Errorf("note delivery: %w", err)
		}
	}
	return taken, nil
}

// reason is why a call failed, without the address: that can hold a secret of the receiver.
func reason(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func (s *Sender) failed(ctx context.Context, w store.Webhook, n store.Notice) error {
	now := s.Now()
	disable := !w.Failing.IsZero() && now.Sub(w.Failing) > giveUp || n.Tries >= len(waits)
	next := now.Add(waits[min(n.Tries, len(waits)-1)])
	return s.Store.Tx(ctx, func(tx *store.Tx) error { return tx.NoticeFailed(n, next, now, disable) })
}

func (s *Sender) send(ctx context.Context, w store.Webhook, n store.Notice) error {
	secret, err := s.Seal.Unseal(Purpose(w.ID), w.Secret)
	if err != nil {
		return err
	}
	body, err := json.Marshal(Message{n.Type, n.At, Data{n.Object}})
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	stamp := strconv.FormatInt(s.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "vymir-server")
	req.Header.Set("Webhook-Id", n.ID)
	req.Header.Set("Webhook-Timestamp", stamp)
	req.Header.Set("Webhook-Signature", "v1,"+Sign(string(secret), n.ID, stamp, body))
	resp, err := s.Client.Do(req)
	if err != nil {
		return fmt.Errorf("call webhook: %w", err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) //nolint:errcheck // what it says does not matter
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("call webhook: answered %d", resp.StatusCode)
	}
	return nil
}

// Sign is the signature of Standard Webhooks 1.0: HMAC-SHA256 over "id.timestamp.body" with the secret's bytes, base64.
func Sign(secret, id, stamp string, body []byte) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		key = []byte(secret)
	}
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%s.%s.", id, stamp)
	m.Write(body)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}
