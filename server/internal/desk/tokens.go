package desk

import (
	"context"
	"fmt"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/store"
)

// NewToken makes a token by which hosts come in, and returns its text, which is shown once, and what is kept of it.
// Errors of wishes that are out of bounds are [enrol.ErrWish].
func (d *Desk) NewToken(ctx context.Context, a access.Actor, e *enrol.Enroller, n enrol.NewToken) (text string, kept store.Token, err error) {
	if !access.Can(a, access.HostsEnrol, access.Object{Recipient: n.Recipient}) {
		return "", kept, store.ErrNotFound
	}
	n.By = actorName(a)
	return e.CreateToken(ctx, n)
}

// Tokens lists the tokens of a recipient, newest first, without anything of their secrets.
func (d *Desk) Tokens(ctx context.Context, a access.Actor, recipient string) (list []store.Token, err error) {
	if !access.Can(a, access.HostsEnrol, access.Object{Recipient: recipient}) {
		return nil, store.ErrNotFound
	}
	err = d.st.View(ctx, func(tx *store.Tx) (err error) { list, err = tx.Tokens(recipient); return err })
	for i := range list {
		list[i].SecretHash = nil
	}
	return list, err
}

// RevokeToken ends a token; hosts that came in by it stay.
func (d *Desk) RevokeToken(ctx context.Context, a access.Actor, id string) error {
	return d.st.Tx(ctx, func(tx *store.Tx) error {
		v, err := tx.Token(id)
		if err != nil {
			return err
		}
		if !access.Can(a, access.HostsEnrol, access.Object{Recipient: v.RecipientID}) {
			return store.ErrNotFound
		}
		if err := tx.RevokeToken(id, d.now()); err != nil {
			return fmt.Errorf("revoke token: %w", err)
		}
		return tx.Audit(store.Entry{At: d.now(), Actor: actorName(a), Action: "token.revoke", Object: "token:" + id, RecipientID: v.RecipientID})
	})
}
