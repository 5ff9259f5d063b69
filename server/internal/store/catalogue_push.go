package store

import "time"

// Pushed maps what a connector's receiver holds: reference to digest of the entry.
func (t *Tx) Pushed(donor string) (map[string]string, error) {
	rows, err := many(t, func(r scanner) (v [2]string, err error) { err = r.Scan(&v[0], &v[1]); return v, err },
		`SELECT ref, digest FROM pushed_entries WHERE donor_id = ? ORDER BY ref`, donor)
	out := make(map[string]string, len(rows))
	for _, v := range rows {
		out[v[0]] = v[1]
	}
	return out, err
}

// NotePushed remembers that the receiver holds an entry; an empty digest, that it no longer does.
func (t *Tx) NotePushed(donor, ref, digest string, now time.Time) error {
	if digest == "" {
		_, err := t.exec(`DELETE FROM pushed_entries WHERE donor_id = ? AND ref = ?`, donor, ref)
		return err
	}
	_, err := t.exec(`INSERT INTO pushed_entries (donor_id, ref, digest, pushed_ms) VALUES (?, ?, ?, ?)
		ON CONFLICT (donor_id, ref) DO UPDATE SET digest = excluded.digest, pushed_ms = excluded.pushed_ms`, donor, ref, digest, MS(now))
	return err
}
