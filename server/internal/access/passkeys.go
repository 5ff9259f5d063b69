package access

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/vymir-project/vymir/server/internal/store"
)

const (
	kindNewPasskey = "passkey_new"
	kindPasskey    = "passkey"
	passkeyLife    = 5 * time.Minute // of a ceremony
	maxPasskeys    = 20
	maxCredential  = 32 << 10 // bytes of what a browser answers
)

// relyingParty makes the WebAuthn side of an https origin; nil when passkeys cannot be bound to it.
func relyingParty(origin string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return nil, nil //nolint:nilerr // no passkeys
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return nil, nil // browsers bind passkeys to names
	}
	w, err := webauthn.New(&webauthn.Config{RPID: u.Hostname(), RPDisplayName: "Vymir", RPOrigins: []string{"https://" + u.Host}})
	if err != nil {
		return nil, fmt.Errorf("set up passkeys: %w", err)
	}
	return w, nil
}

// PasskeysOffered reports whether passkeys can be used at the server's address.
func (s *Service) PasskeysOffered() bool { return s.keys != nil }

// holder is a person as WebAuthn sees them.
type holder struct {
	store.User
	keys []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return []byte(h.ID) }
func (h holder) WebAuthnName() string                       { return h.Login }
func (h holder) WebAuthnDisplayName() string                { return h.Name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

func readHolder(tx *store.Tx, user string) (holder, error) {
	u, err := tx.User(user)
	if err != nil {
		return holder{}, err
	}
	h := holder{User: u}
	list, err := tx.Passkeys(user)
	for _, k := range list {
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(k.Body), &c); err != nil {
			return h, fmt.Errorf("decode passkey: %w", err)
		}
		h.keys = append(h.keys, c)
	}
	return h, err
}

// BeginPasskey starts to register a passkey for the actor. Options are for the browser's navigator.credentials.create.
func (s *Service) BeginPasskey(ctx context.Context, a Actor) (ticket string, options json.RawMessage, err error) {
	if s.keys == nil {
		return "", nil, ErrUnavailable
	}
	if err := s.fresh(a); err != nil {
		return "", nil, err
	}
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		h, err := readHolder(tx, a.UserID)
		if err != nil {
			return err
		}
		if len(h.keys) >= maxPasskeys {
			return fmt.Errorf("%w: there are %d passkeys already", ErrInvalid, maxPasskeys)
		}
		creation, session, err := s.keys.BeginRegistration(h,
			webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}),
			webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()), webauthn.WithConveyancePreference(protocol.PreferNoAttestation))
		if err != nil {
			return fmt.Errorf("begin passkey: %w", err)
		}
		if options, err = json.Marshal(creation); err != nil {
			return fmt.Errorf("encode options: %w", err)
		}
		ticket, err = s.begin(tx, kindNewPasskey, a.UserID, session, passkeyLife)
		return err
	})
	return ticket, options, err
}

// AddPasskey finishes what [Service.BeginPasskey] started with what the browser answered. A name is what the person
// calls it. Who has no recovery codes yet gets some, shown once: from now on the password alone does not open the account.
// [ErrInvalid] when the answer does not hold.
func (s *Service) AddPasskey(ctx context.Context, a Actor, ticket, name string, answer []byte) (recovery []string, err error) {
	if s.keys == nil {
		return nil, ErrUnavailable
	}
	if err := s.fresh(a); err != nil {
		return nil, err
	}
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 100 || len(answer) > maxCredential {
		return nil, fmt.Errorf("%w: a passkey needs a name of up to 100 characters", ErrInvalid)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, fmt.Errorf("%w: the browser's answer cannot be read", ErrInvalid)
	}
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		var session webauthn.SessionData
		cer, err := s.finish(tx, kindNewPasskey, ticket, &session)
		if errors.Is(err, ErrSignIn) || (err == nil && cer.UserID != a.UserID) {
			return fmt.Errorf("%w: begin again", ErrInvalid)
		} else if err != nil {
			return err
		}
		h, err := readHolder(tx, a.UserID)
		if err != nil {
			return err
		}
		c, err := s.keys.CreateCredential(h, session, parsed)
		if err != nil {
			return fmt.Errorf("%w: the passkey was not accepted", ErrInvalid)
		}
		body, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("encode passkey: %w", err)
		}
		if err := tx.AddPasskey(store.Passkey{ID: credentialID(c.ID), UserID: a.UserID, Name: name, Body: string(body), Created: s.now()}); err != nil {
			return fmt.Errorf("store passkey: %w", err)
		}
		if n, err := tx.RecoveryCodes(a.UserID); err != nil {
			return fmt.Errorf("count recovery codes: %w", err)
		} else if n == 0 {
			if recovery, err = s.newRecovery(tx, a.UserID); err != nil {
				return err
			}
		}
		return s.audit(tx, "user:"+a.UserID, "user.passkey_add", "user:"+a.UserID)
	})
	return recovery, err
}

// DropPasskey removes one of the actor's passkeys; store.ErrNotFound when there is none such.
func (s *Service) DropPasskey(ctx context.Context, a Actor, id string) error {
	if err := s.fresh(a); err != nil {
		return err
	}
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.DropPasskey(a.UserID, id); err != nil {
			return err
		}
		return s.audit(tx, "user:"+a.UserID, "user.passkey_drop", "user:"+a.UserID)
	})
}

// BeginPasskeySignIn starts a sign-in by passkey, of whoever holds one. Options are for navigator.credentials.get.
func (s *Service) BeginPasskeySignIn(ctx context.Context, c Client) (ticket string, options json.RawMessage, err error) {
	if s.keys == nil {
		return "", nil, ErrUnavailable
	}
	if err := s.count(ctx, passkeyAllowance(c)); err != nil {
		return "", nil, err
	}
	assertion, session, err := s.keys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return "", nil, fmt.Errorf("begin sign-in by passkey: %w", err)
	}
	if options, err = json.Marshal(assertion); err != nil {
		return "", nil, fmt.Errorf("encode options: %w", err)
	}
	err = s.st.Tx(ctx, func(tx *store.Tx) (err error) {
		ticket, err = s.begin(tx, kindPasskey, "", session, passkeyLife)
		return err
	})
	return ticket, options, err
}

// passkeyAllowance bounds how many ceremonies a network may begin; a passkey cannot be guessed.
func passkeyAllowance(c Client) allowance {
	return allowance{limitKey("passkey", network(c.Address)), 2 * addressFailures, limitWindow, false}
}

// SignInByPasskey finishes a sign-in with what the browser answered, and opens a session. It counts as two steps: the
// device verified its holder. A refusal is [ErrSignIn].
func (s *Service) SignInByPasskey(ctx context.Context, ticket string, answer []byte, c Client) (secret string, a Actor, err error) {
	if s.keys == nil {
		return "", a, ErrUnavailable
	}
	if len(answer) > maxCredential {
		return "", a, ErrSignIn
	}
	parsed, err := protocol.ParseCredentialRequestResponseBody(bytes.NewReader(answer))
	if err != nil {
		return "", a, ErrSignIn
	}
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		var session webauthn.SessionData
		if _, err := s.finish(tx, kindPasskey, ticket, &session); err != nil {
			return err
		}
		var failed error
		find := func(_, handle []byte) (webauthn.User, error) {
			h, err := readHolder(tx, string(handle))
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				failed = err
			}
			return h, err
		}
		user, key, err := s.keys.ValidatePasskeyLogin(find, session, parsed)
		if failed != nil {
			return fmt.Errorf("read passkeys: %w", failed)
		}
		if err != nil || key.Authenticator.CloneWarning {
			return ErrSignIn
		}
		h, ok := user.(holder)
		if !ok || !h.Disabled.IsZero() {
			return ErrSignIn
		}
		body, err := json.Marshal(key)
		if err != nil {
			return fmt.Errorf("encode passkey: %w", err)
		}
		if err := tx.UsePasskey(credentialID(key.ID), string(body), s.now()); err != nil {
			return fmt.Errorf("store passkey: %w", err)
		}
		if err := forgive(tx, passkeyAllowance(c)); err != nil {
			return err
		}
		secret, a, err = s.open(tx, h.User, c, "passkey")
		return err
	})
	return secret, a, err
}

func credentialID(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }
