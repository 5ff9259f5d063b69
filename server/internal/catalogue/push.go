package catalogue

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/vymir-project/vymir/server/internal/store"
)

// Events of the push connector.
const (
	EntryPublished = "entry.published" // data holds the entry; the same reference again replaces it
	EntryGone      = "entry.gone"      // data holds the reference; the receiver forgets the entry
)

// ErrTarget means a connector whose address is not https, or whose secret is too short.
var ErrTarget = errors.New("a connector wants an https address and a secret of at least 24 bytes")

// Connector is another catalogue that takes up entries. It is an audience like any other: it is registered as a donor
// organisation, and gets what two persons of a recipient approved for it by name.
type Connector struct {
	Donor  string // id of the donor organisation
	URL    string // https; http for a loopback address only
	Secret []byte // of the signature, at least 24 bytes
}

// Event is the body of a push, see docs/spec/push.md.
type Event struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      EventData `json:"data"`
}

// EventData is what happened to which entry.
type EventData struct {
	Ref   string     `json:"ref"`
	Entry *DonorNeed `json:"entry,omitzero"` // with EntryPublished only
}

// Push brings a connector's receiver to what it may hold now: it sends what is new or changed and takes back what is
// gone, and remembers each event that was answered with 2xx. It compares states rather than keeping a queue, so that a
// call after any interruption goes on where the last one stopped, and a withdrawal is never overtaken. It stops at the
// first failure; the caller calls again later. Sent is how many events were accepted.
func (s *Service) Push(ctx context.Context, c Connector, client *http.Client, by string) (sent int, err error) {
	if err := c.check(); err != nil {
		return 0, err
	}
	entries, err := s.EntriesFor(ctx, c.Donor, by)
	if err != nil {
		return 0, err
	}
	var held map[string]string
	err = s.st.View(ctx, func(tx *store.Tx) error { held, err = tx.Pushed(c.Donor); return err })
	if err != nil {
		return 0, fmt.Errorf("read what was pushed: %w", err)
	}
	now := map[string]bool{}
	for _, e := range entries {
		now[e.Ref] = true
	}
	for _, ref := range gone(held, now) { // withdrawals first
		if err := s.send(ctx, c, client, Event{Type: EntryGone, Data: EventData{Ref: ref}}, ""); err != nil {
			return sent, err
		}
		sent++
	}
	for _, e := range entries {
		body, err := json.Marshal(e.DonorNeed)
		if err != nil {
			return sent, fmt.Errorf("encode entry: %w", err)
		}
		sum := sha256.Sum256(body)
		digest := hex.EncodeToString(sum[:])
		if held[e.Ref] == digest {
			continue
		}
		if err := s.send(ctx, c, client, Event{Type: EntryPublished, Data: EventData{e.Ref, &e.DonorNeed}}, digest); err != nil {
			return sent, err
		}
		sent++
	}
	return sent, nil
}

func gone(held map[string]string, now map[string]bool) []string {
	var out []string
	for ref := range held {
		if !now[ref] {
			out = append(out, ref)
		}
	}
	slices.Sort(out)
	return out
}

func (c Connector) check() error {
	u, err := url.Parse(c.URL)
	if err != nil || len(c.Secret) < 24 || u.Host == "" {
		return ErrTarget
	}
	loopback := u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost"
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return ErrTarget
	}
	return nil
}

// send delivers one event and remembers it. The event's id follows from its content, so that a receiver that got it
// twice can tell.
func (s *Service) send(ctx context.Context, c Connector, client *http.Client, e Event, digest string) error {
	e.Timestamp = s.now().UTC().Truncate(time.Second)
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	h := sha256.Sum256([]byte(e.Type + "\x00" + e.Data.Ref + "\x00" + digest))
	id := "msg_" + hex.EncodeToString(h[:12])
	stamp := strconv.FormatInt(e.Timestamp.Unix(), 10)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", stamp)
	req.Header.Set("Webhook-Signature", "v1,"+sign(c.Secret, id, stamp, body))
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("push entry: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("push entry: the receiver answered %d", resp.StatusCode)
	}
	return s.st.Tx(ctx, func(tx *store.Tx) error { return tx.NotePushed(c.Donor, e.Data.Ref, digest, s.now()) })
}

// sign is the signature of Standard Webhooks 1.0: HMAC-SHA256 over "id.timestamp.body", base64.
func sign(secret []byte, id, stamp string, body []byte) string {
	m := hmac.New(sha256.New, secret)
	fmt.Fprintf(m, "%s.%s.", id, stamp)
	m.Write(body)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// pushSkew is how far a push's time may be from the receiver's, against replay.
const pushSkew = 5 * time.Minute

// VerifyPush is what a receiver does: it checks signature and time and decodes the event. The id tells repeated events.
func VerifyPush(secret []byte, header http.Header, body []byte, now time.Time) (id string, e Event, err error) {
	id, stamp := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > pushSkew {
		return "", Event{}, errors.New("push is too old, or its time is not one")
	}
	if !hmac.Equal([]byte(header.Get("Webhook-Signature")), []byte("v1,"+sign(secret, id, stamp, body))) {
		return "", Event{}, errors.New("push has a wrong signature")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return "", Event{}, fmt.Errorf("decode push: %w", err)
	}
	return id, e, nil
}
