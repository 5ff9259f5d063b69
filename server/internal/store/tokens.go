package store

import "time"

// Token is a permission to enrol hosts into one site. The secret itself is never stored.
type Token struct {
	ID          string
	SecretHash  []byte // sha256 of the secret
	RecipientID string
	SiteID      string
	UsesMax     int // hosts it may enrol, at least 1
	Uses        int // hosts it did enrol
	Created     time.Time
	Expires     time.Time
	Revoked     time.Time // zero: not
	CreatedBy   string    // actor
}

const tokenColumns = `id, secret_hash, recipient_id, site_id, uses_max, uses, created_ms, expires_ms, revoked_ms, created_by`

func scanToken(r scanner) (v Token, err error) {
	err = r.Scan(&v.ID, &v.SecretHash, &v.RecipientID, &v.SiteID, &v.UsesMax, &v.Uses, moment{&v.Created},
		moment{&v.Expires}, moment{&v.Revoked}, &v.CreatedBy)
	return v, err
}

// AddToken stores a new token.
func (t *Tx) AddToken(v Token) error {
	_, err := t.exec(`INSERT INTO tokens (`+tokenColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		v.ID, blob(v.SecretHash), v.RecipientID, v.SiteID, v.UsesMax, v.Uses, MS(v.Created), MS(v.Expires), MS(v.Revoked), v.CreatedBy)
	return err
}

// TokenBySecret finds a token by the hash of its secret, whatever its state, and holds it until commit.
func (t *Tx) TokenBySecret(hash []byte) (Token, error) {
	return one(t, scanToken, `SELECT `+tokenColumns+` FROM tokens WHERE secret_hash = ?`+t.dialect.lockRow(), hash)
}

// Token reads one.
func (t *Tx) Token(id string) (Token, error) {
	return one(t, scanToken, `SELECT `+tokenColumns+` FROM tokens WHERE id = ?`, id)
}

// Tokens lists the tokens of a recipient, newest first; recipient "" lists all.
func (t *Tx) Tokens(recipient string) ([]Token, error) {
	return many(t, scanToken, `SELECT `+tokenColumns+` FROM tokens WHERE ? = '' OR recipient_id = ? ORDER BY created_ms DESC, id`, recipient, recipient)
}

// UseToken counts one more use. It is ErrNotFound when no use is left, so that two enrolments at the same
// moment cannot share the last one.
func (t *Tx) UseToken(id string) error {
	return t.must(`UPDATE tokens SET uses = uses + 1 WHERE id = ? AND uses < uses_max AND revoked_ms = 0`, id)
}

// RevokeToken ends a token; ending it again changes nothing.
func (t *Tx) RevokeToken(id string, now time.Time) error {
	return t.must(`UPDATE tokens SET revoked_ms = CASE WHEN revoked_ms = 0 THEN ? ELSE revoked_ms END WHERE id = ?`, MS(now), id)
}
