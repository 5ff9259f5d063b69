package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/server/internal/store"
)

// ErrInvalid says that what was to be created cannot be so; the text says why.
var ErrInvalid = errors.New("invalid")

// Sizes, connectivities and supplies of power that recipients and sites are described by; "" is not said.
var (
	SizeBands      = []string{"", "1-49", "50-249", "250-999", "1000+"}
	Connectivities = []string{"", "fibre", "mobile", "starlink", "other"}
	Powers         = []string{"", "grid", "ups", "generator", "ups_generator"}
)

// AddRecipient stores a new recipient with an id of its own when r.ID is empty, and returns it. By is the actor.
func (s *Server) AddRecipient(ctx context.Context, r store.Recipient, by string) (store.Recipient, error) {
	if strings.TrimSpace(r.NameUK+r.NameEN) == "" {
		return r, fmt.Errorf("%w: a recipient needs a name", ErrInvalid)
	}
	if !slices.Contains(SizeBands, r.SizeBand) {
		return r, fmt.Errorf("%w: size %q: want one of %s", ErrInvalid, r.SizeBand, strings.Join(SizeBands[1:], ", "))
	}
	if r.ID == "" {
		r.ID = store.NewID("r")
	}
	r.Created = s.now().UTC().Truncate(time.Millisecond)
	return r, s.Store.Tx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Recipient(r.ID); err == nil {
			return fmt.Errorf("recipient %s: %w", r.ID, store.ErrExists)
		}
		return errors.Join(tx.PutRecipient(r), s.record(tx, by, "recipient.create", "recipient:"+r.ID, r.ID, r))
	})
}

// AddSite stores a new site of a recipient and returns it. By is the actor.
func (s *Server) AddSite(ctx context.Context, v store.Site, by string) (store.Site, error) {
	if strings.TrimSpace(v.NameUK+v.NameEN) == "" {
		return v, fmt.Errorf("%w: a site needs a name", ErrInvalid)
	}
	if !slices.Contains(Connectivities, v.Connectivity) {
		return v, fmt.Errorf("%w: connectivity %q: want one of %s", ErrInvalid, v.Connectivity, strings.Join(Connectivities[1:], ", "))
	}
	if !slices.Contains(Powers, v.Power) {
		return v, fmt.Errorf("%w: power %q: want one of %s", ErrInvalid, v.Power, strings.Join(Powers[1:], ", "))
	}
	if v.ID == "" {
		v.ID = store.NewID("s")
	}
	v.Created = s.now().UTC().Truncate(time.Millisecond)
	return v, s.Store.Tx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Recipient(v.RecipientID); err != nil {
			return fmt.Errorf("recipient %q: %w", v.RecipientID, err)
		}
		if _, err := tx.Site(v.ID); err == nil {
			return fmt.Errorf("site %s: %w", v.ID, store.ErrExists)
		}
		return errors.Join(tx.PutSite(v), s.record(tx, by, "site.create", "site:"+v.ID, v.RecipientID, v))
	})
}

// AddDonor stores a new donor organisation and returns it. By is the actor.
func (s *Server) AddDonor(ctx context.Context, v store.DonorOrg, by string) (store.DonorOrg, error) {
	if strings.TrimSpace(v.NameUK+v.NameEN) == "" {
		return v, fmt.Errorf("%w: a donor organisation needs a name", ErrInvalid)
	}
	if v.ID == "" {
		v.ID = store.NewID("d")
	}
	v.Created = s.now().UTC().Truncate(time.Millisecond)
	return v, s.Store.Tx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Donor(v.ID); err == nil {
			return fmt.Errorf("donor %s: %w", v.ID, store.ErrExists)
		}
		return errors.Join(tx.PutDonor(v), s.record(tx, by, "donor.create", "donor:"+v.ID, "", v))
	})
}

// SignInLink makes a one-time address at which a user signs in.
func (s *Server) SignInLink(ctx context.Context, user, by string, life time.Duration) (string, error) {
	secret, err := s.Access.NewLink(ctx, by, user, life)
	if err != nil {
		return "", err
	}
	return s.Config.Web.Address + "/sign-in/link?t=" + secret, nil
}

func (s *Server) record(tx *store.Tx, by, action, object, recipient string, what any) error {
	detail, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return tx.Audit(store.Entry{At: s.now(), Actor: by, Action: action, Object: object, RecipientID: recipient, Detail: string(detail)})
}

// RevokeToken ends a token. By is the actor.
func (s *Server) RevokeToken(ctx context.Context, id, by string) error {
	return s.Store.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.RevokeToken(id, s.now()); err != nil {
			return fmt.Errorf("token %q: %w", id, err)
		}
		return s.record(tx, by, "token.revoke", "token:"+id, "", struct{}{})
	})
}
