package store

import "time"

// Lease takes or keeps a named lease for owner until now+ttl and reports whether owner holds it. Of several
// server processes on one database the one that holds the lease does the work it names.
func (t *Tx) Lease(name, owner string, now time.Time, ttl time.Duration) (bool, error) {
	n, err := t.exec(`INSERT INTO leases (name, owner, until_ms) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until_ms = excluded.until_ms
		WHERE leases.owner = excluded.owner OR leases.until_ms < ?`, name, owner, MS(now.Add(ttl)), MS(now))
	return n == 1, err
}

// Setting reads a named value; ErrNotFound when it was never set.
func (t *Tx) Setting(name string) (string, error) {
	return one(t, scalar[string], `SELECT value FROM settings WHERE name = ?`, name)
}

// LockSetting makes other transactions that lock the same name wait until this one ends; a name that was never set becomes "".
func (t *Tx) LockSetting(name string) error {
	_, err := t.exec(`INSERT INTO settings (name, value) VALUES (?, '') ON CONFLICT (name) DO UPDATE SET value = settings.value`, name)
	return err
}

// PutSetting sets a named value.
func (t *Tx) PutSetting(name, value string) error {
	_, err := t.exec(`INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}
