package store

import (
	"strings"
	"time"
)

// User is a person who may sign in.
type User struct {
	ID           string
	Login        string // lower case, unique
	Name         string // as it is shown to others
	PasswordHash string // PHC string; "": signs in by link only
	Created      time.Time
	Disabled     time.Time // zero: not
	TOTP         string    // sealed secret of the one-time codes; "": none
	TOTPPending  string    // sealed secret that was shown and not yet confirmed
	TOTPStep     int64     // last step whose code was taken: none is taken twice
	Grants       []UserGrant
}

// UserGrant is a role with its scope; see access.Grant.
type UserGrant struct {
	Role        string
	RecipientID string
	DonorID     string
}

const userColumns = `id, login, name, password_hash, created_ms, disabled_ms, totp, totp_pending, totp_step`

func scanUser(r scanner) (v User, err error) {
	err = r.Scan(&v.ID, &v.Login, &v.Name, &v.PasswordHash, moment{&v.Created}, moment{&v.Disabled},
		&v.TOTP, &v.TOTPPending, &v.TOTPStep)
	return v, err
}

// AddUser stores a new user with the grants; a login that is taken is ErrExists.
func (t *Tx) AddUser(v User) error {
	if _, err := t.exec(`INSERT INTO users (`+userColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		v.ID, v.Login, v.Name, v.PasswordHash, MS(v.Created), MS(v.Disabled), v.TOTP, v.TOTPPending, v.TOTPStep); err != nil {
		return err
	}
	return t.SetGrants(v.ID, v.Grants)
}

// SetGrants replaces what a user may do.
func (t *Tx) SetGrants(user string, grants []UserGrant) error {
	if _, err := t.exec(`DELETE FROM user_grants WHERE user_id = ?`, user); err != nil {
		return err
	}
	for _, g := range grants {
		if _, err := t.exec(`INSERT INTO user_grants (user_id, role, recipient_id, donor_id) VALUES (?, ?, ?, ?)`,
			user, g.Role, g.RecipientID, g.DonorID); err != nil {
			return err
		}
	}
	return nil
}

// SetPassword replaces a user's password hash.
func (t *Tx) SetPassword(user, hash string) error {
	return t.must(`UPDATE users SET password_hash = ? WHERE id = ?`, hash, user)
}

// DisableUser shuts a user out and ends the sessions; links and tokens of a disabled user are refused as well.
func (t *Tx) DisableUser(user string, now time.Time) error {
	if err := t.must(`UPDATE users SET disabled_ms = ? WHERE id = ?`, MS(now), user); err != nil {
		return err
	}
	return t.DropSessions(user)
}

// EnableUser lets a disabled user in again; what was ended stays ended.
func (t *Tx) EnableUser(user string) error {
	return t.must(`UPDATE users SET disabled_ms = 0 WHERE id = ?`, user)
}

// User reads one user with the grants.
func (t *Tx) User(id string) (User, error) {
	return t.withGrants(one(t, scanUser, `SELECT `+userColumns+` FROM users WHERE id = ?`, id))
}

// UserByLogin reads one user with the grants.
func (t *Tx) UserByLogin(login string) (User, error) {
	return t.withGrants(one(t, scanUser, `SELECT `+userColumns+` FROM users WHERE login = ?`, strings.ToLower(login)))
}

// Users lists all users by login, with their grants.
func (t *Tx) Users() ([]User, error) {
	users, err := many(t, scanUser, `SELECT `+userColumns+` FROM users ORDER BY login`)
	for i := 0; i < len(users) && err == nil; i++ {
		users[i], err = t.withGrants(users[i], nil)
	}
	return users, err
}

// UsersOf lists the users that hold a role at a recipient, by login, with their grants.
func (t *Tx) UsersOf(recipient string) ([]User, error) {
	users, err := many(t, scanUser, `SELECT `+userColumns+` FROM users WHERE id IN (SELECT user_id FROM user_grants WHERE recipient_id = ?) ORDER BY login`, recipient)
	for i := 0; i < len(users) && err == nil; i++ {
		users[i], err = t.withGrants(users[i], nil)
	}
	return users, err
}

func (t *Tx) withGrants(v User, err error) (User, error) {
	if err != nil {
		return v, err
	}
	v.Grants, err = many(t, func(r scanner) (g UserGrant, err error) {
		err = r.Scan(&g.Role, &g.RecipientID, &g.DonorID)
		return g, err
	}, `SELECT role, recipient_id, donor_id FROM user_grants WHERE user_id = ? ORDER BY role, recipient_id, donor_id`, v.ID)
	return v, err
}

// SignInLink is a one-time way in.
type SignInLink struct {
	Hash    string // of the secret
	UserID  string
	Created time.Time
	Expires time.Time
}

// AddSignInLink stores a link.
func (t *Tx) AddSignInLink(v SignInLink) error {
	_, err := t.exec(`INSERT INTO signin_links (hash, user_id, created_ms, expires_ms, used_ms) VALUES (?, ?, ?, ?, 0)`,
		v.Hash, v.UserID, MS(v.Created), MS(v.Expires))
	return err
}

// UseSignInLink marks a link used and returns its user. Used, expired and unknown ones are ErrNotFound alike.
func (t *Tx) UseSignInLink(hash string, now time.Time) (user string, err error) {
	if err := t.must(`UPDATE signin_links SET used_ms = ? WHERE hash = ? AND used_ms = 0 AND expires_ms > ?`, MS(now), hash, MS(now)); err != nil {
		return "", err
	}
	return one(t, scalar[string], `SELECT user_id FROM signin_links WHERE hash = ?`, hash)
}

// Session is a person signed in.
type Session struct {
	Hash    string // of the secret in the cookie
	ID      string // names it without giving it away
	UserID  string
	Address string // network the sign-in came from
	Agent   string // browser, as it called itself, cut
	Created time.Time
	Seen    time.Time
	Expires time.Time
}

const sessionColumns = `hash, id, user_id, address, agent, created_ms, seen_ms, expires_ms`

func scanSession(r scanner) (v Session, err error) {
	err = r.Scan(&v.Hash, &v.ID, &v.UserID, &v.Address, &v.Agent, moment{&v.Created}, moment{&v.Seen}, moment{&v.Expires})
	return v, err
}

// AddSession stores a session and drops those that have run out.
func (t *Tx) AddSession(v Session) error {
	if _, err := t.exec(`DELETE FROM sessions WHERE expires_ms <= ?`, MS(v.Created)); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO sessions (`+sessionColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		v.Hash, v.ID, v.UserID, v.Address, v.Agent, MS(v.Created), MS(v.Seen), MS(v.Expires))
	return err
}

// Session reads a session by the hash of its secret; whether it has run out is for the caller to see.
func (t *Tx) Session(hash string) (Session, error) {
	return one(t, scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE hash = ?`, hash)
}

// Sessions lists a user's sessions, newest first.
func (t *Tx) Sessions(user string) ([]Session, error) {
	return many(t, scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE user_id = ? ORDER BY created_ms DESC, id`, user)
}

// TouchSession notes that a session was used.
func (t *Tx) TouchSession(hash string, now time.Time) error {
	return t.must(`UPDATE sessions SET seen_ms = ? WHERE hash = ?`, MS(now), hash)
}

// DropSession ends one of the user's sessions by its id.
func (t *Tx) DropSession(user, id string) error {
	return t.must(`DELETE FROM sessions WHERE user_id = ? AND id = ?`, user, id)
}

// DropOtherSessions ends all sessions of a user but one, and says how many.
func (t *Tx) DropOtherSessions(user, keep string) (int64, error) {
	return t.exec(`DELETE FROM sessions WHERE user_id = ? AND id <> ?`, user, keep)
}

// DropSessions ends all sessions of a user; none is no error.
func (t *Tx) DropSessions(user string) error {
	_, err := t.exec(`DELETE FROM sessions WHERE user_id = ?`, user)
	return err
}

// APIToken lets a program act for a person, within scopes and until a date.
type APIToken struct {
	Hash    string // of the secret
	ID      string
	UserID  string
	Name    string   // what it is for
	Scopes  []string // actions, see access.Action
	Created time.Time
	Expires time.Time
	Revoked time.Time // zero: not
}

const apiTokenColumns = `hash, id, user_id, name, scopes, created_ms, expires_ms, revoked_ms`

func scanAPIToken(r scanner) (v APIToken, err error) {
	var scopes string
	err = r.Scan(&v.Hash, &v.ID, &v.UserID, &v.Name, &scopes, moment{&v.Created}, moment{&v.Expires}, moment{&v.Revoked})
	v.Scopes = strings.Fields(scopes)
	return v, err
}

// AddAPIToken stores a token.
func (t *Tx) AddAPIToken(v APIToken) error {
	_, err := t.exec(`INSERT INTO api_tokens (`+apiTokenColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		v.Hash, v.ID, v.UserID, v.Name, strings.Join(v.Scopes, " "), MS(v.Created), MS(v.Expires), MS(v.Revoked))
	return err
}

// APIToken reads a token by the hash of its secret; whether it still holds is for the caller to see.
func (t *Tx) APIToken(hash string) (APIToken, error) {
	return one(t, scanAPIToken, `SELECT `+apiTokenColumns+` FROM api_tokens WHERE hash = ?`, hash)
}

// APITokens lists a user's tokens, newest first, revoked ones included.
func (t *Tx) APITokens(user string) ([]APIToken, error) {
	return many(t, scanAPIToken, `SELECT `+apiTokenColumns+` FROM api_tokens WHERE user_id = ? ORDER BY created_ms DESC, id`, user)
}

// RevokeAPIToken ends one of the user's tokens; one that has ended already is ErrNotFound.
func (t *Tx) RevokeAPIToken(user, id string, now time.Time) error {
	return t.must(`UPDATE api_tokens SET revoked_ms = ? WHERE user_id = ? AND id = ? AND revoked_ms = 0`, MS(now), user, id)
}
