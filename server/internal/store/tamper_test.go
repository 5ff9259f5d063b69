package store

import (
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// TestVerifyNoticesTampering changes the trail behind the store's back.
func TestVerifyNoticesTampering(t *testing.T) {
	for name, statement := range map[string]string{
		"changed": `UPDATE audit SET actor = 'nobody' WHERE sequence = 2`,
		"removed": `DELETE FROM audit WHERE sequence = 2`,
		"cut":     `DELETE FROM audit WHERE sequence = 3`,
		"swapped": `UPDATE audit SET sequence = CASE sequence WHEN 1 THEN -2 ELSE -1 END WHERE sequence < 3`,
	} {
		t.Run(name, func(t *testing.T) {
			st, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			if _, err := st.Migrate(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			if err := st.Tx(t.Context(), func(tx *Tx) error {
				for range 3 {
					if err := tx.Audit(Entry{At: time.Now(), Actor: "user:u-1", Action: "x"}); err != nil {
						return err
					}
				}
				_, err := tx.exec(statement)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if err := st.Check(t.Context()); !errors.Is(err, ErrAuditBroken) {
				t.Errorf("got %v, want ErrAuditBroken", err)
			}
		})
	}
}

func TestSchemaMismatch(t *testing.T) {
	for name, statement := range map[string]string{
		"newer":   `INSERT INTO schema_migrations (version, name, checksum, applied_ms) VALUES (9999, 'later', '', 1)`,
		"changed": `UPDATE schema_migrations SET checksum = 'x' WHERE version = 1`,
	} {
		t.Run(name, func(t *testing.T) {
			st, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			if _, err := st.Migrate(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			if err := st.Tx(t.Context(), func(tx *Tx) error { _, err := tx.exec(statement); return err }); err != nil {
				t.Fatal(err)
			}
			if _, err := st.Migrate(t.Context(), time.Now()); !errors.Is(err, ErrSchema) {
				t.Errorf("got %v, want ErrSchema", err)
			}
		})
	}
}

func TestRebind(t *testing.T) {
	got := postgres.rebind(`SELECT '?', a FROM b WHERE c = ? AND d IN (?, ?)`)
	if want := `SELECT '?', a FROM b WHERE c = $1 AND d IN ($2, $3)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
