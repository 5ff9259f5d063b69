package store

import (
	"errors"
	"time"
)

// Webhook is an address that is told what happened at a recipient.
type Webhook struct {
	ID          string
	RecipientID string
	URL         string
	Secret      string // sealed
	Created     time.Time
	CreatedBy   string
	Failing     time.Time // since when nothing gets through; zero: it does
	Disabled    time.Time // zero: not
}

const webhookColumns = `id, recipient_id, url, secret, created_ms, created_by, failing_ms, disabled_ms`

func scanWebhook(r scanner) (v Webhook, err error) {
	err = r.Scan(&v.ID, &v.RecipientID, &v.URL, &v.Secret, moment{&v.Created}, &v.CreatedBy, moment{&v.Failing}, moment{&v.Disabled})
	return v, err
}

// AddWebhook stores one.
func (t *Tx) AddWebhook(v Webhook) error {
	_, err := t.exec(`INSERT INTO webhooks (`+webhookColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, v.ID, v.RecipientID, v.URL, v.Secret, MS(v.Created), v.CreatedBy, MS(v.Failing), MS(v.Disabled))
	return err
}

// Webhook reads one.
func (t *Tx) Webhook(id string) (Webhook, error) {
	return one(t, scanWebhook, `SELECT `+webhookColumns+` FROM webhooks WHERE id = ?`, id)
}

// Webhooks lists those of a recipient, oldest first.
func (t *Tx) Webhooks(recipient string) ([]Webhook, error) {
	return many(t, scanWebhook, `SELECT `+webhookColumns+` FROM webhooks WHERE recipient_id = ? ORDER BY created_ms, id`, recipient)
}

// DropWebhook removes one with what waits for it.
func (t *Tx) DropWebhook(id string) error {
	if _, err := t.exec(`DELETE FROM webhook_queue WHERE webhook_id = ?`, id); err != nil {
		return err
	}
	return t.must(`DELETE FROM webhooks WHERE id = ?`, id)
}

// Notice is one event that waits to be told to one webhook.
type Notice struct {
	ID        string
	WebhookID string
	Type      string // "finding.opened"
	Object    string // id of what it happened to
	At        time.Time
	Tries     int
	Next      time.Time
}

// announce queues an event of a finding for the webhooks of its recipient.
func (t *Tx) announce(kind, finding string, at time.Time) error {
	hooks, err := many(t, scalar[string], `SELECT w.id FROM webhooks w JOIN findings f ON f.recipient_id = w.recipient_id WHERE f.id = ? AND w.disabled_ms = 0`, finding)
	for _, w := range hooks {
		if _, err := t.exec(`INSERT INTO webhook_queue (id, webhook_id, type, object, at_ms, tries, next_ms) VALUES (?, ?, ?, ?, ?, 0, ?)`,
			NewID("msg"), w, "finding."+kind, finding, MS(at), MS(at)); err != nil {
			return err
		}
	}
	return err
}

// WebhooksDue lists the webhooks for which something is due.
func (t *Tx) WebhooksDue(now time.Time) ([]Webhook, error) {
	return many(t, scanWebhook, `SELECT `+webhookColumns+` FROM webhooks WHERE id IN (SELECT webhook_id FROM webhook_queue WHERE next_ms <= ?) ORDER BY id`, MS(now))
}

// Notices lists what is due for a webhook, oldest first, at most limit.
func (t *Tx) Notices(webhook string, now time.Time, limit int) ([]Notice, error) {
	return many(t, func(r scanner) (v Notice, err error) {
		err = r.Scan(&v.ID, &v.WebhookID, &v.Type, &v.Object, moment{&v.At}, &v.Tries, moment{&v.Next})
		return v, err
	}, `SELECT id, webhook_id, type, object, at_ms, tries, next_ms FROM webhook_queue WHERE webhook_id = ? AND next_ms <= ? ORDER BY next_ms, id LIMIT ?`, webhook, MS(now), limit)
}

// NoticeTold removes what was delivered and notes that its webhook works.
func (t *Tx) NoticeTold(v Notice) error {
	_, err := t.exec(`DELETE FROM webhook_queue WHERE id = ?`, v.ID)
	_, err2 := t.exec(`UPDATE webhooks SET failing_ms = 0 WHERE id = ? AND failing_ms <> 0`, v.WebhookID)
	return errors.Join(err, err2)
}

// NoticeFailed puts a notice off, or drops it with next zero, and notes since when its webhook fails; disable ends the
// webhook, and what waits for it goes.
func (t *Tx) NoticeFailed(v Notice, next, now time.Time, disable bool) error {
	_, err := t.exec(`UPDATE webhooks SET failing_ms = ? WHERE id = ? AND failing_ms = 0`, MS(now), v.WebhookID)
	if disable {
		_, err2 := t.exec(`UPDATE webhooks SET disabled_ms = ? WHERE id = ?`, MS(now), v.WebhookID)
		_, err3 := t.exec(`DELETE FROM webhook_queue WHERE webhook_id = ?`, v.WebhookID)
		return errors.Join(err, err2, err3)
	}
	_, err2 := t.exec(`UPDATE webhook_queue SET tries = tries + 1, next_ms = ? WHERE id = ?`, MS(next), v.ID)
	return errors.Join(err, err2)
}
