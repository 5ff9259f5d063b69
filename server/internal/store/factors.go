package store

import (
	"errors"
	"time"
)

// SetTOTP writes a user's secret of one-time codes, the one that waits for confirmation, and the last step taken.
func (t *Tx) SetTOTP(user, secret, pending string, step int64) error {
	return t.must(`UPDATE users SET totp = ?, totp_pending = ?, totp_step = ? WHERE id = ?`, secret, pending, step, user)
}

// TakeTOTPStep marks a step as used. [ErrNotFound] when it, or a later one, was used before.
func (t *Tx) TakeTOTPStep(user string, step int64) error {
	return t.must(`UPDATE users SET totp_step = ? WHERE id = ? AND totp_step < ?`, step, user, step)
}

// PutRecoveryCodes replaces a user's recovery codes by those with these hashes; none removes them.
func (t *Tx) PutRecoveryCodes(user string, hashes []string, now time.Time) error {
	if _, err := t.exec(`DELETE FROM recovery_codes WHERE user_id = ?`, user); err != nil {
		return err
	}
	for _, h := range hashes {
		if _, err := t.exec(`INSERT INTO recovery_codes (hash, user_id, created_ms) VALUES (?, ?, ?)`, h, user, MS(now)); err != nil {
			return err
		}
	}
	return nil
}

// UseRecoveryCode uses one up; [ErrNotFound] when there is none such.
func (t *Tx) UseRecoveryCode(user, hash string) error {
	return t.must(`DELETE FROM recovery_codes WHERE user_id = ? AND hash = ?`, user, hash)
}

// RecoveryCodes counts a user's codes that are left.
func (t *Tx) RecoveryCodes(user string) (int, error) {
	return one(t, scalar[int], `SELECT count(*) FROM recovery_codes WHERE user_id = ?`, user)
}

// Passkey is a key on a person's device that signs them in.
type Passkey struct {
	ID      string // of the credential, base64url
	UserID  string
	Name    string // what the person calls it
	Body    string // the credential, JSON of go-webauthn
	Created time.Time
	Used    time.Time // zero: never
}

const passkeyColumns = `id, user_id, name, body, created_ms, used_ms`

func scanPasskey(r scanner) (v Passkey, err error) {
	err = r.Scan(&v.ID, &v.UserID, &v.Name, &v.Body, moment{&v.Created}, moment{&v.Used})
	return v, err
}

// AddPasskey stores a passkey; one that is known already is ErrExists.
func (t *Tx) AddPasskey(v Passkey) error {
	_, err := t.exec(`INSERT INTO passkeys (`+passkeyColumns+`) VALUES (?, ?, ?, ?, ?, ?)`, v.ID, v.UserID, v.Name, v.Body, MS(v.Created), MS(v.Used))
	return err
}

// Passkeys lists a user's passkeys, oldest first.
func (t *Tx) Passkeys(user string) ([]Passkey, error) {
	return many(t, scanPasskey, `SELECT `+passkeyColumns+` FROM passkeys WHERE user_id = ? ORDER BY created_ms, id`, user)
}

// UsePasskey writes what a sign-in changed of a passkey: its counter and when.
func (t *Tx) UsePasskey(id, body string, now time.Time) error {
	return t.must(`UPDATE passkeys SET body = ?, used_ms = ? WHERE id = ?`, body, MS(now), id)
}

// DropPasskey removes one of the user's passkeys.
func (t *Tx) DropPasskey(user, id string) error {
	return t.must(`DELETE FROM passkeys WHERE user_id = ? AND id = ?`, user, id)
}

// DropPasskeys removes all of the user's passkeys; none is no error.
func (t *Tx) DropPasskeys(user string) error {
	_, err := t.exec(`DELETE FROM passkeys WHERE user_id = ?`, user)
	return err
}

// Identity ties an account at an OpenID provider to a user.
type Identity struct {
	Issuer  string
	Subject string // the provider's name of the account; never reused by it
	UserID  string
	Created time.Time
}

// AddIdentity stores one; an account that is tied already is ErrExists.
func (t *Tx) AddIdentity(v Identity) error {
	_, err := t.exec(`INSERT INTO identities (issuer, subject, user_id, created_ms) VALUES (?, ?, ?, ?)`, v.Issuer, v.Subject, v.UserID, MS(v.Created))
	return err
}

// UserByIdentity reads the user an account is tied to, with the grants.
func (t *Tx) UserByIdentity(issuer, subject string) (User, error) {
	id, err := one(t, scalar[string], `SELECT user_id FROM identities WHERE issuer = ? AND subject = ?`, issuer, subject)
	if err != nil {
		return User{}, err
	}
	return t.User(id)
}

// Identities lists the accounts tied to a user.
func (t *Tx) Identities(user string) ([]Identity, error) {
	return many(t, func(r scanner) (v Identity, err error) {
		err = r.Scan(&v.Issuer, &v.Subject, &v.UserID, moment{&v.Created})
		return v, err
	}, `SELECT issuer, subject, user_id, created_ms FROM identities WHERE user_id = ? ORDER BY created_ms, issuer`, user)
}

// DropIdentities unties all accounts of a user; none is no error.
func (t *Tx) DropIdentities(user string) error {
	_, err := t.exec(`DELETE FROM identities WHERE user_id = ?`, user)
	return err
}

// Ceremony is a sign-in, or a change of a factor, that has begun and waits for its second step.
type Ceremony struct {
	Hash    string // of the ticket's secret
	Kind    string
	UserID  string // "": not known yet
	Body    string // JSON of the kind
	Expires time.Time
}

// AddCeremony stores one and drops those that have run out.
func (t *Tx) AddCeremony(v Ceremony, now time.Time) error {
	if _, err := t.exec(`DELETE FROM ceremonies WHERE expires_ms <= ?`, MS(now)); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO ceremonies (hash, kind, user_id, body, tries, expires_ms) VALUES (?, ?, ?, ?, 0, ?)`, v.Hash, v.Kind, v.UserID, v.Body, MS(v.Expires))
	return err
}

// TryCeremony counts a try at one that still holds and reads it; one that ran out, was tried more than tries times or
// does not exist is ErrNotFound.
func (t *Tx) TryCeremony(hash, kind string, tries int, now time.Time) (Ceremony, error) {
	if err := t.must(`UPDATE ceremonies SET tries = tries + 1 WHERE hash = ? AND kind = ? AND tries < ? AND expires_ms > ?`, hash, kind, tries, MS(now)); err != nil {
		return Ceremony{}, err
	}
	return one(t, func(r scanner) (v Ceremony, err error) {
		err = r.Scan(&v.Hash, &v.Kind, &v.UserID, &v.Body, moment{&v.Expires})
		return v, err
	}, `SELECT hash, kind, user_id, body, expires_ms FROM ceremonies WHERE hash = ?`, hash)
}

// EndCeremony removes one.
func (t *Tx) EndCeremony(hash string) error {
	_, err := t.exec(`DELETE FROM ceremonies WHERE hash = ?`, hash)
	return err
}

// Attempt counts one attempt under a key in a window that begins with the first, and returns how many there were in
// it, this one included, and when it ends.
func (t *Tx) Attempt(key string, now time.Time, window time.Duration) (n int, resets time.Time, err error) {
	if _, err := t.exec(`INSERT INTO attempts (key, failures, resets_ms) VALUES (?, 1, ?) ON CONFLICT (key) DO UPDATE SET
		failures = CASE WHEN attempts.resets_ms <= ? THEN 1 ELSE attempts.failures + 1 END,
		resets_ms = CASE WHEN attempts.resets_ms <= ? THEN excluded.resets_ms ELSE attempts.resets_ms END`,
		key, MS(now.Add(window)), MS(now), MS(now)); err != nil {
		return 0, resets, err
	}
	type line struct {
		n      int
		resets time.Time
	}
	v, err := one(t, func(r scanner) (v line, err error) { err = r.Scan(&v.n, moment{&v.resets}); return v, err },
		`SELECT failures, resets_ms FROM attempts WHERE key = ?`, key)
	return v.n, v.resets, err
}

// ForgiveAttempt takes one attempt back.
func (t *Tx) ForgiveAttempt(key string) error {
	err := t.must(`UPDATE attempts SET failures = failures - 1 WHERE key = ? AND failures > 0`, key)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// ForgetAttempts drops a key.
func (t *Tx) ForgetAttempts(key string) error {
	_, err := t.exec(`DELETE FROM attempts WHERE key = ?`, key)
	return err
}

// PruneAttempts drops what no longer counts.
func (t *Tx) PruneAttempts(now time.Time) error {
	_, err := t.exec(`DELETE FROM attempts WHERE resets_ms <= ?`, MS(now))
	return err
}
