package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// ErrServing says that a server process works on the database.
var ErrServing = errors.New("a server works on this database: stop it first")

// copyBatch is how many rows go into one transaction of a new SQLite file.
const copyBatch = 20_000

// Backup writes a consistent copy of the database to a new SQLite file, whatever the engine, while servers go on, and
// verifies the copy as [Store.Check] does. The copy has mode 0600. Nothing is left behind when it fails.
//
// SQLite copies itself; from PostgreSQL every table is read in one transaction of one snapshot, so that the same file
// restores on either engine.
func (s *Store) Backup(ctx context.Context, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("backup: %s is already there", to)
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // VACUUM INTO takes an empty file as it is
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	f.Close()
	copied := s.vacuumInto
	if s.dialect == postgres {
		copied = s.readInto
	}
	if err = copied(ctx, to); err == nil {
		err = verifyFile(ctx, to)
	}
	if err != nil {
		for _, tail := range []string{"", "-wal", "-shm"} {
			os.Remove(to + tail)
		}
		return fmt.Errorf("backup to %s: %w", to, err)
	}
	return nil
}

// verifyFile checks the database in a file that nobody else uses.
func verifyFile(ctx context.Context, name string) error {
	st, err := openSQLite(ctx, name)
	if err != nil {
		return err
	}
	return errors.Join(st.Check(ctx), st.Close())
}

// vacuumInto copies on a reader's connection, so that check-ins go on meanwhile.
func (s *Store) vacuumInto(ctx context.Context, to string) error {
	c, err := s.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.ExecContext(ctx, `PRAGMA query_only(0)`); err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, `VACUUM INTO ?`, to)
	_, back := c.ExecContext(context.WithoutCancel(ctx), `PRAGMA query_only(1)`)
	return errors.Join(err, back)
}

// readInto copies every table of a PostgreSQL database into a new SQLite file of the same schema.
func (s *Store) readInto(ctx context.Context, to string) (err error) {
	out, err := openSQLite(ctx, to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return s.View(ctx, func(from *Tx) error {
		if err := from.applied(); err != nil {
			return err
		}
		if _, err := out.Migrate(ctx, time.Now()); err != nil { // the times are copied with the rest
			return err
		}
		if err := out.Hasten(ctx, true); err != nil {
			return err
		}
		list, err := tablesOf(ctx, out.write)
		if err != nil {
			return err
		}
		for i := len(list) - 1; i >= 0; i-- { // what migrations wrote
			if _, err := out.write.ExecContext(ctx, `DELETE FROM `+list[i].name); err != nil {
				return err
			}
		}
		for _, t := range list {
			if err := t.copyToSQLite(ctx, from, out.write); err != nil {
				return fmt.Errorf("copy %s: %w", t.name, err)
			}
		}
		return out.Hasten(ctx, false)
	})
}

// Load replaces everything in a PostgreSQL database with what an SQLite store of the same schema holds, in one
// transaction: whoever reads sees the one or the other. Both must be migrated.
func (s *Store) Load(ctx context.Context, from *Store) error {
	if s.dialect != postgres || from.dialect != sqlite {
		return errors.New("load: goes from SQLite to PostgreSQL only")
	}
	list, err := tablesOf(ctx, from.read)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	c, err := s.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	defer c.Close()
	return from.View(ctx, func(source *Tx) error {
		return c.Raw(func(driver any) error {
			return pgx.BeginFunc(ctx, driver.(*stdlib.Conn).Conn(), func(tx pgx.Tx) error {
				names := make([]string, len(list))
				for i, t := range list {
					names[i] = t.name
				}
				if _, err := tx.Exec(ctx, `TRUNCATE `+strings.Join(names, ", ")); err != nil {
					return fmt.Errorf("load: %w", err)
				}
				for _, t := range list {
					if err := t.copyToPostgres(ctx, source, tx); err != nil {
						return fmt.Errorf("load %s: %w", t.name, err)
					}
				}
				_, err := tx.Exec(ctx, `ANALYZE `+strings.Join(names, ", "))
				return err
			})
		})
	})
}

// Serving says that this process serves the database until release is called or the process ends; ErrServing while
// [Store.Alone] holds it. Any number of processes may serve. On SQLite it does nothing: the state folder is locked there.
func (s *Store) Serving(ctx context.Context) (release func(), err error) {
	return s.presence(ctx, `SELECT pg_try_advisory_lock_shared(6215532, hashtext(current_schema()))`)
}

// Alone keeps every server process from serving the database until release is called; ErrServing while one serves.
func (s *Store) Alone(ctx context.Context) (release func(), err error) {
	return s.presence(ctx, `SELECT pg_try_advisory_lock(6215532, hashtext(current_schema()))`)
}

// presence holds a lock on a connection of its own, which PostgreSQL gives back when the process dies.
func (s *Store) presence(ctx context.Context, lock string) (release func(), err error) {
	if s.dialect != postgres {
		return func() {}, nil
	}
	c, err := s.write.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("reach postgresql: %w", err)
	}
	got := false
	if err := c.QueryRowContext(ctx, lock).Scan(&got); err != nil || !got {
		c.Close()
		if err == nil {
			err = ErrServing
		}
		return nil, err
	}
	return func() {
		c.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock_all()`) //nolint:errcheck // closing the pool ends it as well
		c.Close()
	}, nil
}

// Exclusive waits until no other caller, in any process, holds name, and holds it until release is called. On PostgreSQL
// that takes one of the few connections: bound how many do so at once.
func (s *Store) Exclusive(ctx context.Context, name string) (release func(), err error) {
	h := fnv.New32a()
	h.Write([]byte(name)) //nolint:errcheck // never fails
	here := &s.held[h.Sum32()%uint32(len(s.held))]
	here.Lock()
	if s.dialect != postgres {
		return here.Unlock, nil
	}
	c, err := s.write.Conn(ctx)
	if err != nil {
		here.Unlock()
		return nil, fmt.Errorf("reach postgresql: %w", err)
	}
	if _, err := c.ExecContext(ctx, `SELECT pg_advisory_lock(6215533, hashtext(current_schema() || $1))`, name); err != nil {
		c.Close()
		here.Unlock()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return func() {
		c.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock_all()`) //nolint:errcheck // closing the pool ends it as well
		c.Close()
		here.Unlock()
	}, nil
}

// table is one of the schema, with its columns.
type table struct {
	name    string
	columns []column
}

type column struct {
	name                    string
	blob, text, small, real bool // small: SMALLINT; none: BIGINT
}

// tablesOf lists the tables of an SQLite database in the order in which they were made, so that each stands behind those it
// refers to.
func tablesOf(ctx context.Context, db *sql.DB) ([]table, error) {
	rows, err := db.QueryContext(ctx, `SELECT m.name, p.name, p.type FROM sqlite_master m JOIN pragma_table_info(m.name) p
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.rowid, p.cid`)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	defer rows.Close()
	var out []table
	for rows.Next() {
		var name, kind string
		var c column
		if err := rows.Scan(&name, &c.name, &kind); err != nil {
			return nil, fmt.Errorf("list tables: %w", err)
		}
		c.blob, c.text, c.small, c.real = kind == "BLOB", kind == "TEXT", kind == "SMALLINT", kind == "DOUBLE PRECISION"
		if len(out) == 0 || out[len(out)-1].name != name {
			out = append(out, table{name: name})
		}
		t := &out[len(out)-1]
		t.columns = append(t.columns, c)
	}
	return out, rows.Err()
}

func (t table) names() []string {
	out := make([]string, len(t.columns))
	for i, c := range t.columns {
		out[i] = c.name
	}
	return out
}

// read opens all rows of the table.
func (t table) read(from *Tx) (*sql.Rows, error) {
	return from.tx.QueryContext(from.ctx, `SELECT `+strings.Join(t.names(), ", ")+` FROM `+t.name)
}

// row reads the current row, each value in the type its column takes on both engines.
func (t table) row(rows *sql.Rows) ([]any, error) {
	values := make([]any, len(t.columns))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	for i, c := range t.columns {
		switch v := values[i].(type) {
		case string:
			if c.blob {
				values[i] = []byte(v)
			}
		case []byte:
			if c.text {
				values[i] = string(v)
			} else if v == nil { // how SQLite's driver gives an empty one
				values[i] = []byte{}
			}
		}
	}
	return values, nil
}

func (t table) copyToSQLite(ctx context.Context, from *Tx, to *sql.DB) error {
	rows, err := t.read(from)
	if err != nil {
		return err
	}
	defer rows.Close()
	insert := `INSERT INTO ` + t.name + ` (` + strings.Join(t.names(), ", ") + `) VALUES (?` + strings.Repeat(", ?", len(t.columns)-1) + `)`
	for more := true; more; {
		tx, err := to.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		more, err = t.copyBatch(ctx, rows, tx, insert)
		if err != nil {
			tx.Rollback()
			return err
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// copyBatch inserts the next rows and reports whether there may be more.
func (t table) copyBatch(ctx context.Context, rows *sql.Rows, tx *sql.Tx, insert string) (more bool, err error) {
	put, err := tx.PrepareContext(ctx, insert)
	if err != nil {
		return false, err
	}
	defer put.Close()
	for range copyBatch {
		if !rows.Next() {
			return false, rows.Err()
		}
		values, err := t.row(rows)
		if err != nil {
			return false, err
		}
		if _, err := put.ExecContext(ctx, values...); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (t table) copyToPostgres(ctx context.Context, from *Tx, to pgx.Tx) error {
	rows, err := t.read(from)
	if err != nil {
		return err
	}
	defer rows.Close()
	_, err = to.CopyFrom(ctx, pgx.Identifier{t.name}, t.names(), pgx.CopyFromFunc(func() ([]any, error) {
		if !rows.Next() {
			return nil, rows.Err()
		}
		return t.row(rows)
	}))
	return err
}

// Restored ends what an old copy must not bring back to life: sessions, sign-in links and ceremonies (they may have been
// used or ended since), remembered answers and leases; and notes in the audit trail that the record goes on from a copy.
func (t *Tx) Restored(by, from string, now time.Time) error {
	for _, name := range []string{"sessions", "signin_links", "ceremonies", "idempotency", "leases"} {
		if _, err := t.exec(`DELETE FROM ` + name); err != nil {
			return fmt.Errorf("clear %s: %w", name, err)
		}
	}
	detail, err := json.Marshal(map[string]string{"from": from})
	if err != nil {
		return err
	}
	return t.Audit(Entry{At: now, Actor: by, Action: "database.restore", Object: "database", Detail: string(detail)})
}
