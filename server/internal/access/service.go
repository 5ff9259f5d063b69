package access

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/vymir-project/vymir/server/internal/seal"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Lives of what lets a person in.
const (
	SessionLife   = 12 * time.Hour       // from sign-in, whatever happens
	SessionIdle   = 2 * time.Hour        // without a request
	LinkLife      = 30 * time.Minute     // usual life of a one-time sign-in link
	MaxLinkLife   = 24 * time.Hour       // longest that may be asked for
	MaxTokenLife  = 366 * 24 * time.Hour // longest life of an API token
	touchInterval = time.Minute          // how exact "last seen" is
)

var (
	// ErrSignIn is every refused sign-in: the reader is not told whether the login exists.
	ErrSignIn = errors.New("sign-in refused")
	// ErrUnauthenticated means that a session or token is unknown, has ended or was revoked.
	ErrUnauthenticated = errors.New("not signed in")
	// ErrStale means a change of how one signs in, asked for in a session that was opened too long ago.
	ErrStale = errors.New("sign in again to change this")
	// ErrSession means something that only a signed-in person may do, and no token.
	ErrSession = errors.New("only a signed-in person may do this, not a token")
	// ErrUnavailable means a way of signing in that this server does not offer.
	ErrUnavailable = errors.New("this server does not offer that")
	// ErrInvalid means that what was asked for cannot be (a grant without its scope, an empty login).
	ErrInvalid = errors.New("invalid")
)

// LimitError means too many failed attempts from this address; another address is not affected.
type LimitError struct{ After time.Duration }

// Error implements error.
func (e *LimitError) Error() string {
	return fmt.Sprintf("too many attempts, try again in %s", e.After.Round(time.Second))
}

// Options is what the service stands on beside the store. The zero value works, without passkeys and OpenID.
type Options struct {
	Now func() time.Time // nil: time.Now
	// Seal keeps second factors unreadable in the database; nil: a key of its own, good until the process ends.
	Seal *seal.Key
	// Origin is the https:// address of the pages, which passkeys are bound to. "", or an address without a name: no passkeys.
	Origin string
	OIDC   *OIDC // nil: no sign-in by a provider
}

// Service signs people in and finds out who is asking. Its methods may be called at once from any goroutine.
type Service struct {
	st      *store.Store
	now     func() time.Time
	seal    *seal.Key
	keys    *webauthn.WebAuthn // nil: passkeys cannot be used here
	oidc    *provider          // nil: none
	hashing chan struct{}      // bounds how many argon2id computations run together: each takes 64 MiB
	cost    cost
	dummy   func() (string, error) // compared against when the login does not exist, so that both take as long
}

// New returns the service over a migrated store with the default options. Now is the clock; nil is time.Now.
func New(st *store.Store, now func() time.Time) (*Service, error) {
	return newService(st, Options{Now: now}, usualCost)
}

// Open returns the service over a migrated store.
func Open(st *store.Store, o Options) (*Service, error) { return newService(st, o, usualCost) }

func newService(st *store.Store, o Options, c cost) (*Service, error) {
	s := &Service{st: st, now: o.Now, seal: o.Seal, hashing: make(chan struct{}, 2), cost: c}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	if s.seal == nil {
		b := make([]byte, 32)
		rand.Read(b) //nolint:errcheck // never fails since Go 1.24
		if s.seal, err = seal.New(b); err != nil {
			return nil, err
		}
	}
	if s.keys, err = relyingParty(o.Origin); err != nil {
		return nil, err
	}
	if o.OIDC != nil {
		s.oidc = &provider{conf: *o.OIDC}
	}
	s.dummy = sync.OnceValues(func() (string, error) { return hashPassword("no such account has this", c) })
	return s, nil
}

// NewUser is what [Service.CreateUser] needs.
type NewUser struct {
	Login    string // 1 to 64 letters, digits and . _ - @ ; case does not matter
	Name     string // shown to others; empty: the login
	Password string // empty: signs in by link only
	Grants   []Grant
}

// CreateUser stores a person and returns their id. A taken login is store.ErrExists. By is the audit trail's actor.
func (s *Service) CreateUser(ctx context.Context, by string, u NewUser) (id string, err error) {
	login := strings.ToLower(strings.TrimSpace(u.Login))
	if !validLogin(login) {
		return "", fmt.Errorf("%w: login must be 1 to 64 letters, digits and . _ - @", ErrInvalid)
	}
	v := store.User{ID: store.NewID("u"), Login: login, Name: strings.TrimSpace(u.Name), Created: s.now()}
	if v.Name == "" {
		v.Name = login
	}
	if u.Password != "" {
		if v.PasswordHash, err = s.hashFor(ctx, v, u.Password); err != nil {
			return "", err
		}
	}
	if v.Grants, err = grantRows(u.Grants); err != nil {
		return "", err
	}
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		if err := scopesExist(tx, u.Grants); err != nil {
			return err
		}
		if err := tx.AddUser(v); err != nil {
			return fmt.Errorf("store user: %w", err)
		}
		return s.audit(tx, by, "user.create", "user:"+v.ID)
	})
	return v.ID, err
}

// scopesExist refuses grants for a recipient or a donor organisation that is not there: a slip of the pen would
// otherwise be a person who sees nothing.
func scopesExist(tx *store.Tx, grants []Grant) error {
	for _, g := range grants {
		if g.Recipient != "" && g.Recipient != All {
			if _, err := tx.Recipient(g.Recipient); errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("%w: there is no recipient %q", ErrInvalid, g.Recipient)
			} else if err != nil {
				return fmt.Errorf("read recipient: %w", err)
			}
		}
		if g.Donor != "" {
			if _, err := tx.Donor(g.Donor); errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("%w: there is no donor organisation %q", ErrInvalid, g.Donor)
			} else if err != nil {
				return fmt.Errorf("read donor: %w", err)
			}
		}
	}
	return nil
}

// NewLink makes a one-time sign-in link's secret for a person. Life 0 is [LinkLife]; more than [MaxLinkLife] is cut.
// The address to print is the web address followed by /sign-in/link?t= and the secret.
func (s *Service) NewLink(ctx context.Context, by, user string, life time.Duration) (secret string, err error) {
	if life <= 0 {
		life = LinkLife
	}
	secret, hash := newSecret(linkPrefix)
	now := s.now()
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.AddSignInLink(store.SignInLink{Hash: hash, UserID: user, Created: now, Expires: now.Add(min(life, MaxLinkLife))}); err != nil {
			return fmt.Errorf("store sign-in link: %w", err)
		}
		return s.audit(tx, by, "user.link", "user:"+user)
	})
	return secret, err
}

func (s *Service) open(tx *store.Tx, u store.User, c Client, how string) (string, Actor, error) {
	secret, hash := newSecret(sessionPrefix)
	now := s.now()
	v := store.Session{Hash: hash, ID: newID(), UserID: u.ID, Address: network(c.Address), Agent: cut(c.Agent, 120),
		Created: now, Seen: now, Expires: now.Add(SessionLife)}
	if err := tx.AddSession(v); err != nil {
		return "", Actor{}, fmt.Errorf("store session: %w", err)
	}
	if err := s.audit(tx, "user:"+u.ID, "session.open."+how, "session:"+v.ID); err != nil {
		return "", Actor{}, err
	}
	return secret, actorOf(u, v.ID, v.Expires, nil), nil
}

// Session finds out who holds a session's secret. [ErrUnauthenticated] if nobody does any more.
func (s *Service) Session(ctx context.Context, secret string) (Actor, error) {
	if !wellFormed(sessionPrefix, secret) {
		return Actor{}, ErrUnauthenticated
	}
	var v store.Session
	var u store.User
	now := s.now()
	err := s.st.View(ctx, func(tx *store.Tx) (err error) {
		if v, err = tx.Session(hashSecret(secret)); err == nil {
			u, err = tx.User(v.UserID)
		}
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Actor{}, ErrUnauthenticated
	case err != nil:
		return Actor{}, fmt.Errorf("read session: %w", err)
	case !sameHash(v.Hash, hashSecret(secret)) || !u.Disabled.IsZero() || !now.Before(v.Expires) || now.Sub(v.Seen) > SessionIdle:
		return Actor{}, ErrUnauthenticated
	}
	if now.Sub(v.Seen) >= touchInterval {
		err := s.st.Tx(ctx, func(tx *store.Tx) error { return tx.TouchSession(v.Hash, now) })
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return Actor{}, fmt.Errorf("touch session: %w", err)
		}
	}
	return actorOf(u, v.ID, v.Expires, nil), nil
}

// SignOut ends the session the actor came with.
func (s *Service) SignOut(ctx context.Context, a Actor) error { return s.EndSession(ctx, a, a.Session) }

// EndSession ends one of the actor's own sessions; one that is not there has ended.
func (s *Service) EndSession(ctx context.Context, a Actor, id string) error {
	err := s.st.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.DropSession(a.UserID, id); err != nil {
			return err
		}
		return s.audit(tx, "user:"+a.UserID, "session.end", "session:"+id)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// Sessions lists the actor's own sessions, newest first, without their hashes.
func (s *Service) Sessions(ctx context.Context, a Actor) (list []store.Session, err error) {
	err = s.st.View(ctx, func(tx *store.Tx) (err error) { list, err = tx.Sessions(a.UserID); return err })
	for i := range list {
		list[i].Hash = ""
	}
	return list, err
}

// NewToken makes an API token for the actor: a name, scopes that the actor holds themselves, and a life up to
// [MaxTokenLife]. A token never makes a token.
func (s *Service) NewToken(ctx context.Context, a Actor, name string, scopes []Action, life time.Duration) (secret string, t store.APIToken, err error) {
	if a.Session == "" || !Can(a, TokensManage, Object{}) {
		return "", t, fmt.Errorf("%w: only a signed-in person makes tokens", ErrInvalid)
	}
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 100 || life <= 0 || life > MaxTokenLife || len(scopes) == 0 {
		return "", t, fmt.Errorf("%w: a token needs a name, at least one scope and a life of up to 366 days", ErrInvalid)
	}
	now := s.now()
	t = store.APIToken{ID: store.NewID("t"), UserID: a.UserID, Name: name, Created: now, Expires: now.Add(life)}
	for _, sc := range scopes {
		if sc == TokensManage || !May(a, sc) {
			return "", t, fmt.Errorf("%w: scope %q is not yours to give", ErrInvalid, sc)
		}
		t.Scopes = append(t.Scopes, string(sc))
	}
	slices.Sort(t.Scopes)
	t.Scopes = slices.Compact(t.Scopes)
	secret, t.Hash = newSecret(tokenPrefix)
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.AddAPIToken(t); err != nil {
			return fmt.Errorf("store token: %w", err)
		}
		return s.audit(tx, "user:"+a.UserID, "api_token.create", "api_token:"+t.ID)
	})
	t.Hash = ""
	return secret, t, err
}

// Tokens lists the actor's own API tokens, newest first, without their hashes.
func (s *Service) Tokens(ctx context.Context, a Actor) (list []store.APIToken, err error) {
	err = s.st.View(ctx, func(tx *store.Tx) (err error) { list, err = tx.APITokens(a.UserID); return err })
	for i := range list {
		list[i].Hash = ""
	}
	return list, err
}

// RevokeToken ends one of the actor's own API tokens; store.ErrNotFound if there is none such.
func (s *Service) RevokeToken(ctx context.Context, a Actor, id string) error {
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.RevokeAPIToken(a.UserID, id, s.now()); err != nil {
			return err
		}
		return s.audit(tx, "user:"+a.UserID, "api_token.revoke", "api_token:"+id)
	})
}

// Bearer finds out who holds the secret of an Authorization header: an API token or a session.
func (s *Service) Bearer(ctx context.Context, secret string) (Actor, error) {
	if wellFormed(sessionPrefix, secret) {
		return s.Session(ctx, secret)
	}
	if !wellFormed(tokenPrefix, secret) {
		return Actor{}, ErrUnauthenticated
	}
	var v store.APIToken
	var u store.User
	err := s.st.View(ctx, func(tx *store.Tx) (err error) {
		if v, err = tx.APIToken(hashSecret(secret)); err == nil {
			u, err = tx.User(v.UserID)
		}
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Actor{}, ErrUnauthenticated
	case err != nil:
		return Actor{}, fmt.Errorf("read token: %w", err)
	case !sameHash(v.Hash, hashSecret(secret)) || !u.Disabled.IsZero() || !v.Revoked.IsZero() || !s.now().Before(v.Expires):
		return Actor{}, ErrUnauthenticated
	}
	scopes := []Action{} // never nil: nil would narrow nothing
	for _, sc := range v.Scopes {
		scopes = append(scopes, Action(sc))
	}
	return actorOf(u, "", v.Expires, scopes), nil
}

// Names returns how users are shown, by id; unknown ids are left out.
func (s *Service) Names(ctx context.Context, ids ...string) (map[string]string, error) {
	out := map[string]string{}
	err := s.st.View(ctx, func(tx *store.Tx) error {
		for _, id := range ids {
			if _, done := out[id]; done || id == "" {
				continue
			}
			u, err := tx.User(id)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			out[id] = u.Name
		}
		return nil
	})
	return out, err
}

func actorOf(u store.User, session string, expires time.Time, scopes []Action) Actor {
	a := Actor{UserID: u.ID, Login: u.Login, Name: u.Name, Session: session, Expires: expires, Scopes: scopes}
	for _, g := range u.Grants {
		a.Grants = append(a.Grants, Grant{Role: Role(g.Role), Recipient: g.RecipientID, Donor: g.DonorID})
	}
	return a
}

func (s *Service) audit(tx *store.Tx, by, action, object string) error {
	return tx.Audit(store.Entry{At: s.now(), Actor: by, Action: action, Object: object})
}

func (s *Service) hash(ctx context.Context, password string) (string, error) {
	if err := s.enter(ctx); err != nil {
		return "", err
	}
	defer s.leave()
	return hashPassword(password, s.cost)
}

func (s *Service) verify(ctx context.Context, stored, password string) (bool, error) {
	if err := s.enter(ctx); err != nil {
		return false, err
	}
	defer s.leave()
	return verifyPassword(stored, password)
}

func (s *Service) enter(ctx context.Context) error {
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to hash: %w", ctx.Err())
	}
}

func (s *Service) leave() { <-s.hashing }

func validLogin(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.ContainsRune("._-@", c)) {
			return false
		}
	}
	return true
}

// cut shortens s to at most n bytes without breaking a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
