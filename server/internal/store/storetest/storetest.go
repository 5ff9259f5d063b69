// Package storetest opens empty, migrated stores for tests: on SQLite always, and on PostgreSQL when
// VYMIR_TEST_POSTGRES holds the DSN of a database in which schemas may be created.
package storetest

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"database/sql"

	"github.com/vymir-project/vymir/server/internal/store"
)

// Now is the clock of the tests.
var Now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// Each runs f once per engine, each time on an empty store of its own that is closed afterwards.
func Each(t *testing.T, f func(t *testing.T, st *store.Store)) {
	t.Run("sqlite", func(t *testing.T) { f(t, New(t)) })
	t.Run("postgres", func(t *testing.T) {
		dsn := os.Getenv("VYMIR_TEST_POSTGRES")
		if dsn == "" {
			t.Skip("needs PostgreSQL: set VYMIR_TEST_POSTGRES to the DSN of a database")
		}
		f(t, open(t, Schema(t, dsn)))
	})
}

// New opens an empty SQLite store.
func New(t testing.TB) *store.Store { return open(t, filepath.Join(t.TempDir(), "vymir.db")) }

// Schema makes an empty schema in the PostgreSQL database dsn, dropped when the test ends, and returns the
// DSN that leads into it.
func Schema(t testing.TB, dsn string) string {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	name := "t_" + store.NewID("x")[2:]
	if _, err := db.Exec(`CREATE SCHEMA ` + name); err != nil {
		t.Fatalf("create schema: %v", err)
	}
	t.Cleanup(func() { db.Exec(`DROP SCHEMA ` + name + ` CASCADE`) })
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

func open(t testing.TB, dsn string) *store.Store {
	t.Helper()
	ctx := context.Background()
	st, err := store.Open(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if _, err := st.Migrate(ctx, Now); err != nil {
		t.Fatal(err)
	}
	return st
}

// Exec runs a statement on an SQLite file behind the store's back, references between rows unchecked.
func Exec(t testing.TB, name, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
