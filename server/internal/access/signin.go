package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vymir-project/vymir/server/internal/store"
)

// Client is where a sign-in comes from.
type Client struct {
	Address string // IP address, with or without port
	Agent   string // User-Agent
	Device  string // mark of an earlier sign-in, see [Service.DeviceMark]; "": none
}

// SecondStepError means that the first step of a sign-in was right and a second one is needed: [Service.SignInSecond]
// with the ticket, or a passkey, which needs no ticket.
type SecondStepError struct {
	Ticket  string
	Codes   bool // one-time codes and recovery codes are taken
	Passkey bool // the account has passkeys
}

// Error implements error.
func (e *SecondStepError) Error() string {
	return "a second step is needed: a one-time code or a passkey"
}

const (
	secondLife  = 5 * time.Minute // of a sign-in between its two steps
	secondTries = 5               // at one ticket
)

const kindSecond = "second"

// SignIn checks a password and opens a session. The secret is for the cookie. A refusal is [ErrSignIn] or a
// [LimitError]; with a second factor it is a [SecondStepError].
func (s *Service) SignIn(ctx context.Context, login, password string, c Client) (secret string, a Actor, err error) {
	login = strings.ToLower(strings.TrimSpace(login))
	if len(login) > 64 {
		login = login[:64]
	}
	allow := s.signInAllowances(login, c)
	if err := s.count(ctx, allow...); err != nil {
		return "", a, err
	}
	var u store.User
	err = s.st.View(ctx, func(tx *store.Tx) (err error) { u, err = tx.UserByLogin(login); return err })
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", a, fmt.Errorf("read user: %w", err)
	}
	stored := u.PasswordHash
	if stored == "" {
		if stored, err = s.dummy(); err != nil {
			return "", a, err
		}
	}
	ok, err := s.verify(ctx, stored, password)
	if err != nil {
		return "", a, fmt.Errorf("check password: %w", err)
	}
	if !ok || u.PasswordHash == "" || !u.Disabled.IsZero() {
		return "", a, ErrSignIn
	}
	return s.firstStep(ctx, u, c, "password", allow)
}

// SignInByLink uses up a one-time link and opens a session. A refusal is [ErrSignIn] or a [LimitError]; with a second
// factor it is a [SecondStepError].
func (s *Service) SignInByLink(ctx context.Context, link string, c Client) (secret string, a Actor, err error) {
	allow := s.signInAllowances("", c)
	if err := s.count(ctx, allow...); err != nil {
		return "", a, err
	}
	if !wellFormed(linkPrefix, link) {
		return "", a, ErrSignIn
	}
	var u store.User
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		id, err := tx.UseSignInLink(hashSecret(link), s.now())
		if err != nil {
			return err
		}
		if u, err = tx.User(id); err != nil {
			return err
		}
		if !u.Disabled.IsZero() {
			return store.ErrNotFound
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", a, ErrSignIn
	} else if err != nil {
		return "", a, fmt.Errorf("use sign-in link: %w", err)
	}
	return s.firstStep(ctx, u, c, "link", allow)
}

// count counts an attempt in a transaction of its own, so that it stays counted whatever follows.
func (s *Service) count(ctx context.Context, allow ...allowance) error {
	var refused error
	err := s.st.Tx(ctx, func(tx *store.Tx) error {
		refused = attempt(tx, s.now(), allow...)
		var limit *LimitError
		if errors.As(refused, &limit) {
			return nil
		}
		return refused
	})
	return errors.Join(err, refused)
}

// firstStep opens a session, or asks for the second step.
func (s *Service) firstStep(ctx context.Context, u store.User, c Client, how string, allow []allowance) (secret string, a Actor, err error) {
	var second *SecondStepError
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		if err := forgive(tx, allow...); err != nil {
			return err
		}
		keys, err := tx.Passkeys(u.ID)
		if err != nil {
			return fmt.Errorf("read passkeys: %w", err)
		}
		if u.TOTP == "" && (len(keys) == 0 || s.keys == nil) {
			secret, a, err = s.open(tx, u, c, how)
			return err
		}
		left, err := tx.RecoveryCodes(u.ID)
		if err != nil {
			return fmt.Errorf("count recovery codes: %w", err)
		}
		second = &SecondStepError{Codes: u.TOTP != "" || left > 0, Passkey: len(keys) > 0 && s.keys != nil}
		second.Ticket, err = s.begin(tx, kindSecond, u.ID, map[string]string{"how": how}, secondLife)
		return err
	})
	if err == nil && second != nil {
		return "", a, second
	}
	return secret, a, err
}

// SignInSecond finishes a sign-in by a one-time code or a recovery code. A refusal is [ErrSignIn] or a [LimitError].
func (s *Service) SignInSecond(ctx context.Context, ticket, code string, c Client) (secret string, a Actor, err error) {
	if !wellFormed(ticketPrefix, ticket) {
		return "", a, ErrSignIn
	}
	var refused error
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		cer, err := tx.TryCeremony(hashSecret(ticket), kindSecond, secondTries, s.now())
		if errors.Is(err, store.ErrNotFound) {
			refused = ErrSignIn
			return nil
		} else if err != nil {
			return fmt.Errorf("read ceremony: %w", err)
		}
		allow := secondAllowance(cer.UserID)
		var limit *LimitError
		if err := attempt(tx, s.now(), allow); errors.As(err, &limit) {
			refused = err
			return nil
		} else if err != nil {
			return err
		}
		u, err := tx.User(cer.UserID)
		if err != nil {
			return fmt.Errorf("read user: %w", err)
		}
		ok, how, err := s.checkCode(tx, u, code)
		if err != nil {
			return err
		}
		if !ok || !u.Disabled.IsZero() {
			refused = ErrSignIn
			return nil
		}
		if err := errors.Join(tx.EndCeremony(cer.Hash), forgive(tx, allow)); err != nil {
			return err
		}
		var first struct {
			How string `json:"how"`
		}
		if err := json.Unmarshal([]byte(cer.Body), &first); err != nil {
			return fmt.Errorf("decode ceremony: %w", err)
		}
		secret, a, err = s.open(tx, u, c, first.How+"_"+how)
		return err
	})
	return secret, a, errors.Join(err, refused)
}

func secondAllowance(user string) allowance {
	return allowance{limitKey("second", user), secondFailures, secondWindow, true}
}

// begin stores a ceremony and returns the secret that names it.
func (s *Service) begin(tx *store.Tx, kind, user string, body any, life time.Duration) (ticket string, err error) {
	ticket, hash := newSecret(ticketPrefix)
	b, err := json.Marshal(body)
	if err != nil {
		return "", fmt.Errorf("encode ceremony: %w", err)
	}
	err = tx.AddCeremony(store.Ceremony{Hash: hash, Kind: kind, UserID: user, Body: string(b), Expires: s.now().Add(life)}, s.now())
	if err != nil {
		return "", fmt.Errorf("store ceremony: %w", err)
	}
	return ticket, nil
}

// finish uses a ceremony up: it holds once. [ErrSignIn] when there is none such.
func (s *Service) finish(tx *store.Tx, kind, ticket string, body any) (store.Ceremony, error) {
	if !wellFormed(ticketPrefix, ticket) {
		return store.Ceremony{}, ErrSignIn
	}
	cer, err := tx.TryCeremony(hashSecret(ticket), kind, 1, s.now())
	if errors.Is(err, store.ErrNotFound) {
		return cer, ErrSignIn
	} else if err != nil {
		return cer, fmt.Errorf("read ceremony: %w", err)
	}
	if err := json.Unmarshal([]byte(cer.Body), body); err != nil {
		return cer, fmt.Errorf("decode ceremony: %w", err)
	}
	return cer, tx.EndCeremony(cer.Hash)
}

// freshFor is how long after signing in a person may change how they sign in without doing it again.
const freshFor = 30 * time.Minute

// fresh reports whether the actor may change how they sign in: a person, signed in a short while ago.
func (s *Service) fresh(a Actor) error {
	switch {
	case a.Session == "":
		return ErrSession
	case s.now().Sub(a.Expires.Add(-SessionLife)) > freshFor:
		return ErrStale
	}
	return nil
}
