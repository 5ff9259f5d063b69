package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/server/internal/store"
)

// ErrPerson means a person that the actor sees and may not change. A recipient's administrator names and removes
// administrators of the same recipient and nobody else: who could name approvers, or sign in as one, could approve alone.
var ErrPerson = errors.New("only administrators of the same recipient can be changed here; the server's operator changes everyone else")

// ErrOldPassword means a change of password that does not show the one that holds.
var ErrOldPassword = errors.New("the present password is wrong")

// ChangePassword replaces the actor's own password and ends the other sessions. The old one is needed, but for an account
// that has none: then the session must be fresh.
func (s *Service) ChangePassword(ctx context.Context, a Actor, old, password string) error {
	if a.Session == "" {
		return ErrSession
	}
	var u store.User
	err := s.st.View(ctx, func(tx *store.Tx) (err error) { u, err = tx.User(a.UserID); return err })
	if err != nil {
		return fmt.Errorf("read user: %w", err)
	}
	allow := secondAllowance("password:" + a.UserID) // counted by account: who gets here is signed in to it
	if u.PasswordHash == "" {
		if err := s.fresh(a); err != nil {
			return err
		}
	} else {
		if err := s.count(ctx, allow); err != nil {
			return err
		}
		ok, err := s.verify(ctx, u.PasswordHash, old)
		if err != nil {
			return fmt.Errorf("check password: %w", err)
		}
		if !ok {
			return ErrOldPassword
		}
	}
	h, err := s.hashFor(ctx, u, password)
	if err != nil {
		return err
	}
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		if err := errors.Join(tx.SetPassword(u.ID, h), forgive(tx, allow)); err != nil {
			return fmt.Errorf("store password: %w", err)
		}
		if _, err := tx.DropOtherSessions(u.ID, a.Session); err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		return s.audit(tx, "user:"+u.ID, "user.password", "user:"+u.ID)
	})
}

// SetPassword replaces a person's password and ends their sessions. It asks nobody: it is for the operator.
func (s *Service) SetPassword(ctx context.Context, by, user, password string) error {
	var u store.User
	err := s.st.View(ctx, func(tx *store.Tx) (err error) { u, err = tx.User(user); return err })
	if err != nil {
		return fmt.Errorf("read user: %w", err)
	}
	h, err := s.hashFor(ctx, u, password)
	if err != nil {
		return err
	}
	return s.operate(ctx, by, user, "user.password", func(tx *store.Tx) error {
		return errors.Join(tx.SetPassword(user, h), tx.DropSessions(user))
	})
}

// hashFor hashes a password for a person; one that is short, monotonous or made of their own name is [ErrWeakPassword].
func (s *Service) hashFor(ctx context.Context, u store.User, password string) (string, error) {
	if !strongFor(u.Login, u.Name, password) {
		return "", ErrWeakPassword
	}
	return s.hash(ctx, password)
}

func strongFor(login, name, password string) bool {
	different := map[rune]bool{}
	for _, r := range password {
		different[r] = true
	}
	rest := strings.ToLower(password)
	for _, own := range append(strings.Fields(strings.ToLower(name)), strings.ToLower(login), "vymir") {
		if len(own) > 3 {
			rest = strings.ReplaceAll(rest, own, "")
		}
	}
	return len(different) >= 6 && len([]rune(rest)) >= MinPassword/2
}

// DisableUser shuts a person out at once, with all sessions, links and tokens.
func (s *Service) DisableUser(ctx context.Context, by, user string) error {
	return s.operate(ctx, by, user, "user.disable", func(tx *store.Tx) error { return tx.DisableUser(user, s.now()) })
}

// EnableUser lets a disabled person in again.
func (s *Service) EnableUser(ctx context.Context, by, user string) error {
	return s.operate(ctx, by, user, "user.enable", func(tx *store.Tx) error { return tx.EnableUser(user) })
}

// ResetFactors takes a person's one-time codes, recovery codes, passkeys and ties to a provider away and ends their
// sessions: for someone who lost their device. The password, and links, sign in alone afterwards.
func (s *Service) ResetFactors(ctx context.Context, by, user string) error {
	return s.operate(ctx, by, user, "user.reset_factors", func(tx *store.Tx) error {
		return errors.Join(tx.SetTOTP(user, "", "", 0), tx.PutRecoveryCodes(user, nil, s.now()), tx.DropPasskeys(user), tx.DropIdentities(user), tx.DropSessions(user))
	})
}

// EndSessions ends all sessions of a person.
func (s *Service) EndSessions(ctx context.Context, by, user string) error {
	return s.operate(ctx, by, user, "user.end_sessions", func(tx *store.Tx) error { return tx.DropSessions(user) })
}

// SetGrants replaces what a person may do. What they do at this moment is asked anew with their next request.
func (s *Service) SetGrants(ctx context.Context, by, user string, grants []Grant) error {
	return s.operate(ctx, by, user, "user.grants", func(tx *store.Tx) error {
		rows, err := grantRows(grants)
		if err != nil {
			return err
		}
		return errors.Join(scopesExist(tx, grants), tx.SetGrants(user, rows))
	})
}

func grantRows(grants []Grant) (rows []store.UserGrant, err error) {
	for _, g := range grants {
		if !g.Valid() {
			return nil, fmt.Errorf("%w: role %q does not go with this scope", ErrInvalid, g.Role)
		}
		rows = append(rows, store.UserGrant{Role: string(g.Role), RecipientID: g.Recipient, DonorID: g.Donor})
	}
	return rows, nil
}

// operate changes a person and writes it down.
func (s *Service) operate(ctx context.Context, by, user, action string, f func(*store.Tx) error) error {
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		if _, err := tx.User(user); err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		return s.audit(tx, by, action, "user:"+user)
	})
}

// EndOtherSessions ends all of the actor's own sessions but the one they came with, and says how many.
func (s *Service) EndOtherSessions(ctx context.Context, a Actor) (n int64, err error) {
	if a.Session == "" {
		return 0, ErrSession
	}
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		if n, err = tx.DropOtherSessions(a.UserID, a.Session); err != nil || n == 0 {
			return err
		}
		return s.audit(tx, "user:"+a.UserID, "session.end_others", "user:"+a.UserID)
	})
	return n, err
}

// Person is someone who holds a role at a recipient, as its administrator sees them.
type Person struct {
	ID       string
	Login    string
	Name     string
	Roles    []Role    // at this recipient
	Created  time.Time // of the account
	Disabled time.Time // zero: not
	Second   bool      // a second factor guards the account
	LastSeen time.Time // of the newest session that still holds; zero: none
	// Manageable reports whether the administrator may change them.
	Manageable bool
}

// People lists who holds a role at a recipient, by login.
func (s *Service) People(ctx context.Context, a Actor, recipient string) (out []Person, err error) {
	if !Can(a, PeopleManage, Object{Recipient: recipient}) {
		return nil, store.ErrNotFound
	}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		users, err := tx.UsersOf(recipient)
		if err != nil {
			return fmt.Errorf("read users: %w", err)
		}
		for _, u := range users {
			p := Person{ID: u.ID, Login: u.Login, Name: u.Name, Created: u.Created, Disabled: u.Disabled, Second: u.TOTP != "",
				Manageable: administratorOnly(u, recipient) && u.ID != a.UserID}
			for _, g := range u.Grants {
				if g.RecipientID == recipient {
					p.Roles = append(p.Roles, Role(g.Role))
				}
			}
			keys, err := tx.Passkeys(u.ID)
			if err != nil {
				return fmt.Errorf("read passkeys: %w", err)
			}
			p.Second = p.Second || len(keys) > 0
			sessions, err := tx.Sessions(u.ID)
			if err != nil {
				return fmt.Errorf("read sessions: %w", err)
			}
			for _, v := range sessions {
				if v.Seen.After(p.LastSeen) {
					p.LastSeen = v.Seen
				}
			}
			out = append(out, p)
		}
		return nil
	})
	return out, err
}

// administratorOnly reports whether a person administers this recipient and is nothing else anywhere.
func administratorOnly(u store.User, recipient string) bool {
	return len(u.Grants) > 0 && !slices.ContainsFunc(u.Grants, func(g store.UserGrant) bool {
		return Role(g.Role) != RecipientAdmin || g.RecipientID != recipient
	})
}

// AddPerson names another administrator of a recipient and returns their id and the secret of their first sign-in link.
func (s *Service) AddPerson(ctx context.Context, a Actor, recipient, login, name string) (id, link string, err error) {
	if !Can(a, PeopleManage, Object{Recipient: recipient}) {
		return "", "", store.ErrNotFound
	}
	if err := s.fresh(a); err != nil {
		return "", "", err
	}
	by := "user:" + a.UserID
	id, err = s.CreateUser(ctx, by, NewUser{Login: login, Name: name, Grants: []Grant{{Role: RecipientAdmin, Recipient: recipient}}})
	if err != nil {
		return "", "", err
	}
	link, err = s.NewLink(ctx, by, id, MaxLinkLife)
	return id, link, err
}

// Change of a person by an administrator, see [Service.ChangePerson].
type Change string

// The changes.
const (
	Disable     Change = "disable"
	Enable      Change = "enable"
	SignOutAll  Change = "end_sessions"
	SignInLinks Change = "link" // makes a one-time link, for who cannot sign in
	Reset       Change = "reset_factors"
)

// ChangePerson changes another administrator of one of the actor's recipients; link is the secret of a sign-in link where
// one was asked for. Somebody else's people are store.ErrNotFound, an approver or assessor is [ErrPerson].
func (s *Service) ChangePerson(ctx context.Context, a Actor, user string, c Change) (link string, err error) {
	var u store.User
	err = s.st.View(ctx, func(tx *store.Tx) (err error) { u, err = tx.User(user); return err })
	if err != nil {
		return "", err
	}
	recipient := ""
	for _, g := range u.Grants {
		if g.RecipientID != "" && Can(a, PeopleManage, Object{Recipient: g.RecipientID}) {
			recipient = g.RecipientID
		}
	}
	switch {
	case recipient == "":
		return "", store.ErrNotFound
	case !administratorOnly(u, recipient) || u.ID == a.UserID:
		return "", ErrPerson
	}
	if err := s.fresh(a); err != nil {
		return "", err
	}
	by := "user:" + a.UserID
	switch c {
	case Disable:
		return "", s.DisableUser(ctx, by, user)
	case Enable:
		return "", s.EnableUser(ctx, by, user)
	case SignOutAll:
		return "", s.EndSessions(ctx, by, user)
	case Reset:
		return "", s.ResetFactors(ctx, by, user)
	case SignInLinks:
		return s.NewLink(ctx, by, user, 0)
	}
	return "", fmt.Errorf("%w: change %q", ErrInvalid, c)
}
