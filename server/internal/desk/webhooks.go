package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/hook"
	"github.com/vymir-project/vymir/server/internal/seal"
	"github.com/vymir-project/vymir/server/internal/store"
)

const maxWebhooks = 10

// ErrWebhooks means that a recipient has as many webhooks as it may.
var ErrWebhooks = errors.New("a recipient has at most 10 webhooks")

// AddWebhook has an address told what happens at a recipient, and returns the secret of its signatures, which is shown
// once. Private allows addresses of private networks.
func (d *Desk) AddWebhook(ctx context.Context, a access.Actor, key *seal.Key, recipient, url string, private bool) (v store.Webhook, secret string, err error) {
	if !access.Can(a, access.WebhooksManage, access.Object{Recipient: recipient}) {
		return v, "", store.ErrNotFound
	}
	if err := hook.CheckURL(url, private); err != nil {
		return v, "", err
	}
	secret = hook.NewSecret()
	v = store.Webhook{ID: store.NewID("w"), RecipientID: recipient, URL: url, Created: d.now(), CreatedBy: actorName(a)}
	v.Secret = key.Seal(hook.Purpose(v.ID), []byte(secret))
	err = d.st.Tx(ctx, func(tx *store.Tx) error {
		have, err := tx.Webhooks(recipient)
		if err != nil {
			return fmt.Errorf("read webhooks: %w", err)
		}
		if len(have) >= maxWebhooks {
			return ErrWebhooks
		}
		if err := tx.AddWebhook(v); err != nil {
			return fmt.Errorf("store webhook: %w", err)
		}
		return tx.Audit(store.Entry{At: d.now(), Actor: actorName(a), Action: "webhook.create", Object: "webhook:" + v.ID, RecipientID: recipient})
	})
	v.Secret = ""
	return v, secret, err
}

// Webhooks lists those of a recipient, without their secrets.
func (d *Desk) Webhooks(ctx context.Context, a access.Actor, recipient string) (list []store.Webhook, err error) {
	if !access.Can(a, access.WebhooksManage, access.Object{Recipient: recipient}) {
		return nil, store.ErrNotFound
	}
	err = d.st.View(ctx, func(tx *store.Tx) (err error) { list, err = tx.Webhooks(recipient); return err })
	for i := range list {
		list[i].Secret = ""
	}
	return list, err
}

// DropWebhook removes one.
func (d *Desk) DropWebhook(ctx context.Context, a access.Actor, id string) error {
	return d.st.Tx(ctx, func(tx *store.Tx) error {
		v, err := tx.Webhook(id)
		if err != nil {
			return err
		}
		if !access.Can(a, access.WebhooksManage, access.Object{Recipient: v.RecipientID}) {
			return store.ErrNotFound
		}
		if err := tx.DropWebhook(id); err != nil {
			return err
		}
		return tx.Audit(store.Entry{At: d.now(), Actor: actorName(a), Action: "webhook.delete", Object: "webhook:" + id, RecipientID: v.RecipientID})
	})
}
