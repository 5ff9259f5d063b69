package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
	"github.com/vymir-project/vymir/server/internal/web/webtest"
)

// eachEngine runs f with a configuration of an empty SQLite database, and of an empty PostgreSQL one where there is one.
func eachEngine(t *testing.T, f func(t *testing.T, c Config)) {
	t.Run("sqlite", func(t *testing.T) { f(t, local(t)) })
	t.Run("postgres", func(t *testing.T) {
		dsn := os.Getenv("VYMIR_TEST_POSTGRES")
		if dsn == "" {
			t.Skip("needs PostgreSQL: set VYMIR_TEST_POSTGRES to the DSN of a database")
		}
		c := local(t)
		c.Database = storetest.Schema(t, dsn)
		f(t, c)
	})
}

// filled fills the database of c with two tenants' hosts, findings and people, and returns a session that holds.
func filled(t *testing.T, c Config) (session string) {
	t.Helper()
	within(t, c, func(s *Server) {
		w, err := webtest.Fill(t.Context(), s.Store, s.Access, s.now())
		if err != nil {
			t.Fatal(err)
		}
		link, err := s.Access.NewLink(t.Context(), "cli:test", w.Users["assessor"], 0)
		if err != nil {
			t.Fatal(err)
		}
		if session, _, err = s.Access.SignInByLink(t.Context(), link, access.Client{Address: "192.0.2.1"}); err != nil {
			t.Fatal(err)
		}
	})
	return session
}

func within(t *testing.T, c Config, f func(*Server)) {
	t.Helper()
	s, err := Open(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f(s)
}

func backup(t *testing.T, c Config) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	within(t, c, func(s *Server) {
		if err := s.Store.Backup(t.Context(), to); err != nil {
			t.Fatal(err)
		}
	})
	return to
}

// TestRestore goes from every engine to every engine: what was there comes back, the trail holds together and goes on,
// nobody is signed in, and what was replaced can be restored in turn.
func TestRestore(t *testing.T) {
	eachEngine(t, func(t *testing.T, from Config) {
		session := filled(t, from)
		copied := backup(t, from)
		eachEngine(t, func(t *testing.T, to Config) {
			within(t, to, func(s *Server) {
				if err := s.Store.Tx(t.Context(), func(tx *store.Tx) error { return tx.PutRecipient(store.Recipient{ID: "r-gone"}) }); err != nil {
					t.Fatal(err)
				}
			})
			before, err := Restore(t.Context(), to, copied, "cli:root", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			within(t, to, func(s *Server) {
				if _, err := s.Access.Session(t.Context(), session); !errors.Is(err, access.ErrUnauthenticated) {
					t.Errorf("a session of before the restore: %v", err)
				}
				if err := s.Store.Check(t.Context()); err != nil {
					t.Error(err)
				}
				if err := s.Store.View(t.Context(), func(tx *store.Tx) error {
					hosts, err := tx.Hosts("", "", 0)
					findings, err2 := tx.Findings(store.FindingFilter{})
					if len(hosts) == 0 || len(findings) == 0 {
						t.Errorf("%d hosts, %d findings", len(hosts), len(findings))
					}
					if _, err := tx.Recipient("r-gone"); !errors.Is(err, store.ErrNotFound) {
						t.Errorf("what was there before the restore: %v", err)
					}
					trail, err3 := tx.AuditEntries("", 0, 0)
					if last := trail[len(trail)-1]; last.Action != "database.restore" || last.Actor != "cli:root" || !strings.Contains(last.Detail, "copy.db") {
						t.Errorf("the trail says %v of it", last)
					}
					return errors.Join(err, err2, err3)
				}); err != nil {
					t.Error(err)
				}
			})
			if before == "" {
				t.Fatal("what was replaced is gone")
			}
			if _, err := Restore(t.Context(), to, before, "cli:root", time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			within(t, to, func(s *Server) {
				if err := s.Store.View(t.Context(), func(tx *store.Tx) error { _, err := tx.Recipient("r-gone"); return err }); err != nil {
					t.Errorf("what was replaced does not come back: %v", err)
				}
			})
		})
	})
}

// TestRestoreRefuses changes nothing for a file that is not sound, or while a server runs, here or on another machine.
func TestRestoreRefuses(t *testing.T) {
	eachEngine(t, func(t *testing.T, c Config) {
		filled(t, c)
		good := backup(t, c)
		broken := func(name, statement string) string {
			to := filepath.Join(t.TempDir(), name)
			if err := copyFile(good, to); err != nil {
				t.Fatal(err)
			}
			storetest.Exec(t, to, statement)
			return to
		}
		b, err := os.ReadFile(good)
		if err != nil {
			t.Fatal(err)
		}
		cut := filepath.Join(t.TempDir(), "cut.db")
		if err := os.WriteFile(cut, b[:len(b)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		text := filepath.Join(t.TempDir(), "text.db")
		if err := os.WriteFile(text, []byte("not a database at all"), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, tc := range map[string]struct {
			from string
			want error
		}{
			"newer":    {broken("newer.db", `INSERT INTO schema_migrations (version, name, checksum, applied_ms) VALUES (9999, 'later', '', 1)`), store.ErrSchema},
			"other":    {broken("other.db", `UPDATE schema_migrations SET checksum = 'x' WHERE version = 1`), store.ErrSchema},
			"tampered": {broken("tampered.db", `UPDATE audit SET detail = '{}' WHERE sequence = 2`), store.ErrAuditBroken},
			"orphans":  {broken("orphans.db", `DELETE FROM hosts`), nil},
			"cut":      {cut, nil}, "text": {text, nil}, "missing": {cut + ".none", os.ErrNotExist}, "folder": {t.TempDir(), nil},
		} {
			if _, err := Restore(t.Context(), c, tc.from, "cli:root", time.Now()); err == nil || tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("%s: %v, want %v", name, err, tc.want)
			}
		}
		s, err := Open(t.Context(), c, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx, stop := context.WithCancel(t.Context())
		ready, done := make(chan Running, 1), make(chan error, 1)
		go func() { done <- s.Serve(ctx, func(r Running) { ready <- r }) }()
		select {
		case <-ready:
		case err := <-done:
			t.Fatal(err)
		}
		if _, err := Restore(t.Context(), c, good, "cli:root", time.Now()); !errors.Is(err, ErrRunning) {
			t.Errorf("beside a server: %v", err)
		}
		if onPostgres(c) {
			other := local(t) // another machine
			other.Database = c.Database
			if _, err := Restore(t.Context(), other, good, "cli:root", time.Now()); !errors.Is(err, store.ErrServing) {
				t.Errorf("beside a server on another machine: %v", err)
			}
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := s.Store.View(t.Context(), func(tx *store.Tx) error { _, err := tx.Recipient("r-a"); return err }); err != nil {
			t.Errorf("a refused restore changed something: %v", err)
		}
	})
}
