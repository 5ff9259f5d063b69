package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// reopen opens a store that exists.
func reopen(t *testing.T, dsn string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func everything(t *testing.T, st *store.Store) map[string][]string {
	t.Helper()
	v, err := store.Everything(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestBackupHoldsEverything copies a database in which every table has rows, and loads the copy into PostgreSQL where
// there is one: not a row, not a byte and not a time may differ, on the way from either engine to either.
func TestBackupHoldsEverything(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		if err := store.FillEverything(t.Context(), st, 7); err != nil {
			t.Fatal(err)
		}
		want := everything(t, st)
		for name, rows := range want {
			if len(rows) < 7 && name != "audit_head" {
				t.Errorf("table %s has %d rows: the test tries it too little", name, len(rows))
			}
		}
		to := filepath.Join(t.TempDir(), "copy's.db")
		if err := st.Backup(t.Context(), to); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode of the copy: %v, %v", info.Mode(), err)
		}
		if err := st.Backup(t.Context(), to); err == nil {
			t.Error("a backup wrote over another")
		}
		copied := reopen(t, to)
		if diff := cmp.Diff(want, everything(t, copied)); diff != "" {
			t.Errorf("copy (-want +got):\n%s", diff)
		}
		dsn := os.Getenv("VYMIR_TEST_POSTGRES")
		if dsn == "" {
			return
		}
		other := reopen(t, storetest.Schema(t, dsn))
		if _, err := other.Migrate(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		if err := store.FillEverything(t.Context(), other, 3); err != nil { // what it held goes
			t.Fatal(err)
		}
		if err := other.Load(t.Context(), copied); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, everything(t, other)); diff != "" {
			t.Errorf("loaded (-want +got):\n%s", diff)
		}
		if err := other.Check(t.Context()); err != nil {
			t.Error(err)
		}
		tx(t, other, func(tx *store.Tx) error { // the trail goes on
			return errors.Join(tx.Restored("cli:root", "copy.db", now), func() error { _, _, err := tx.VerifyAudit(); return err }())
		})
		if got := everything(t, other); len(got["sessions"])+len(got["signin_links"])+len(got["leases"])+len(got["idempotency"])+len(got["ceremonies"]) > 0 {
			t.Error("a restored copy lets somebody in who was signed out since")
		}
	})
}

// TestBackupWhileWritten copies while others write: the copy is of one moment.
func TestBackupWhileWritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		stop, done := make(chan struct{}), make(chan error, 1)
		go func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
				if err := st.Tx(t.Context(), func(tx *store.Tx) error {
					return errors.Join(tx.PutSetting("a", strings.Repeat("x", i%9)), tx.PutSetting("b", strings.Repeat("x", i%9)),
						tx.Audit(store.Entry{At: now, Actor: "server", Action: "test"}))
				}); err != nil {
					done <- err
					return
				}
			}
		}()
		for _, name := range []string{"1.db", "2.db", "3.db"} {
			to := filepath.Join(t.TempDir(), name)
			if err := st.Backup(t.Context(), to); err != nil {
				t.Fatal(err)
			}
			tx(t, reopen(t, to), func(tx *store.Tx) error {
				a, err := tx.Setting("a")
				b, err2 := tx.Setting("b")
				if a != b || !errors.Is(err, err2) && err != nil {
					t.Errorf("half of a transaction was copied: %q, %q, %v, %v", a, b, err, err2)
				}
				return nil
			})
		}
		close(stop)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestBackupRefuses has nothing left behind by a backup that cannot be sound.
func TestBackupRefuses(t *testing.T) {
	for name, statement := range map[string]string{
		"newer schema":  `INSERT INTO schema_migrations (version, name, checksum, applied_ms) VALUES (9999, 'later', '', 1)`,
		"older schema":  `DELETE FROM schema_migrations WHERE version = 20`,
		"broken trail":  `UPDATE audit SET actor = 'nobody' WHERE sequence = 1`,
		"missing index": `DROP INDEX findings_queue`,
		"missing table": `DROP TABLE settings`,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, st *store.Store) {
				tx(t, st, func(tx *store.Tx) error { return tx.Audit(store.Entry{At: now, Actor: "server", Action: "test"}) })
				if err := store.Exec(t.Context(), st, statement); err != nil {
					t.Fatal(err)
				}
				if err := st.Check(t.Context()); !errors.Is(err, store.ErrSchema) && !errors.Is(err, store.ErrAuditBroken) {
					t.Errorf("check: %v", err)
				}
				dir := t.TempDir()
				if st.Engine() == "postgres" && name == "missing index" {
					return // the copy has it
				}
				if err := st.Backup(t.Context(), filepath.Join(dir, "x.db")); err == nil {
					t.Error("backed up")
				}
				if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
					t.Errorf("left behind: %v, %v", left, err)
				}
			})
		})
	}
}

// TestServingAndAlone keeps a restore and servers apart, on PostgreSQL.
func TestServingAndAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		first, err := st.Serving(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		second, err := st.Serving(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if st.Engine() == "postgres" {
			if _, err := st.Alone(t.Context()); !errors.Is(err, store.ErrServing) {
				t.Errorf("alone beside two servers: %v", err)
			}
		}
		first()
		second()
		alone, err := st.Alone(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if st.Engine() == "postgres" {
			if _, err := st.Serving(t.Context()); !errors.Is(err, store.ErrServing) {
				t.Errorf("serving beside a restore: %v", err)
			}
		}
		alone()
	})
}
