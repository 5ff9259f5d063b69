package store

import "time"

// Answered is what a request with an idempotency key was answered.
type Answered struct {
	Digest string // of the request
	Status int    // 0: it is still being answered
	Answer string // sealed by the caller
}

// ReserveKey takes an idempotency key for a request, or says what was answered to the one that took it before: then
// taken is false. Scope is whose key it is.
func (t *Tx) ReserveKey(scope, key, digest string, now time.Time) (before Answered, taken bool, err error) {
	n, err := t.exec(`INSERT INTO idempotency (scope, key, digest, status, answer, created_ms) VALUES (?, ?, ?, 0, '', ?) ON CONFLICT (scope, key) DO NOTHING`,
		scope, key, digest, MS(now))
	if err != nil || n == 1 {
		return before, n == 1, err
	}
	before, err = one(t, func(r scanner) (v Answered, err error) { err = r.Scan(&v.Digest, &v.Status, &v.Answer); return v, err },
		`SELECT digest, status, answer FROM idempotency WHERE scope = ? AND key = ?`, scope, key)
	return before, false, err
}

// AnswerKey keeps the answer to a request that took a key; status 0 gives the key back.
func (t *Tx) AnswerKey(scope, key string, status int, answer string) error {
	if status == 0 {
		_, err := t.exec(`DELETE FROM idempotency WHERE scope = ? AND key = ?`, scope, key)
		return err
	}
	return t.must(`UPDATE idempotency SET status = ?, answer = ? WHERE scope = ? AND key = ?`, status, answer, scope, key)
}

// PruneKeys forgets keys taken before a time.
func (t *Tx) PruneKeys(before time.Time) error {
	_, err := t.exec(`DELETE FROM idempotency WHERE created_ms < ?`, MS(before))
	return err
}
