package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx"
	_ "modernc.org/sqlite"             // database/sql driver "sqlite"
)

// ErrNotFound says that the row asked for does not exist (or is not the caller's to see).
var ErrNotFound = errors.New("not found")

// ErrExists says that a row with this identity is already there.
var ErrExists = errors.New("already exists")

// Store is a database opened by [Open]. All methods may be called at once from any goroutine.
type Store struct {
	dialect dialect
	write   *sql.DB
	read    *sql.DB        // SQLite: a pool of readers; PostgreSQL: the same as write
	path    string         // SQLite: the file; else ""
	often   *prepared      // SQLite: statements of the writing connection; else nil
	held    [64]sync.Mutex // names fall into them by hash, see Exclusive
	counts  counts
}

// Open opens the database dsn names and checks that it answers; it does not migrate (see [Store.Migrate]).
//
// "postgres://..." or "postgresql://..." is PostgreSQL. Anything else is an SQLite file, with or without
// "sqlite:" before its path; it is created when missing. The caller closes the store.
func Open(ctx context.Context, dsn string) (*Store, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn)
	}
	return openSQLite(ctx, strings.TrimPrefix(dsn, "sqlite:"))
}

func openPostgres(ctx context.Context, dsn string) (*Store, error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, fmt.Errorf("open postgresql: %w", err)
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("reach postgresql: %w", err)
	}
	return &Store{dialect: postgres, write: db, read: db}, nil
}

func openSQLite(ctx context.Context, path string) (*Store, error) {
	if path == "" {
		return nil, errors.New("open sqlite: no file given")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	if err := keepPrivate(abs); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	// synchronous FULL: an acknowledged check-in must survive a power cut.
	uri := func(txlock string, more ...string) string {
		q := url.Values{"_txlock": {txlock}, "_pragma": append([]string{
			"busy_timeout(15000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
			"temp_store(MEMORY)", "cache_size(-16000)",
		}, more...)}
		return "file:" + (&url.URL{Path: abs}).EscapedPath() + "?" + q.Encode()
	}
	w, err := sql.Open("sqlite", uri("immediate"))
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	w.SetMaxOpenConns(1)
	if err := w.PingContext(ctx); err != nil {
		w.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	r, err := sql.Open("sqlite", uri("deferred", "query_only(1)"))
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	r.SetMaxOpenConns(8)
	r.SetMaxIdleConns(8)
	return &Store{dialect: sqlite, write: w, read: r, path: abs, often: newPrepared(w)}, nil
}

// keepPrivate makes the database file, where there is none, readable by its owner alone, and takes away what everybody may
// do with one that is there. SQLite gives the files beside it the same mode.
func keepPrivate(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Mode().Perm()&0o007 == 0 {
		return err
	}
	return f.Chmod(info.Mode().Perm() &^ 0o007)
}

// Close closes the database; transactions that still run fail.
func (s *Store) Close() error {
	s.often.close()
	if s.read != s.write {
		s.read.Close()
	}
	return s.write.Close()
}

// Engine names the engine, "sqlite" or "postgres".
func (s *Store) Engine() string { return string(s.dialect) }

// Tx runs f in a transaction that may write. It commits when f returns nil and undoes everything when f
// returns an error or panics. On SQLite writers wait for each other. f must not start another Tx.
func (s *Store) Tx(ctx context.Context, f func(*Tx) error) error {
	defer s.often.prepare(ctx)
	return s.run(ctx, s.write, nil, f)
}

// View runs f in a transaction that reads one consistent state and cannot write.
func (s *Store) View(ctx context.Context, f func(*Tx) error) error {
	o := &sql.TxOptions{ReadOnly: true}
	if s.dialect == postgres {
		o.Isolation = sql.LevelRepeatableRead
	}
	return s.run(ctx, s.read, o, f)
}

func (s *Store) run(ctx context.Context, db *sql.DB, o *sql.TxOptions, f func(*Tx) error) (err error) {
	begin := time.Now()
	defer func() { s.counts.add(o != nil, time.Since(begin), err) }()
	t, err := db.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer t.Rollback() //nolint:errcheck // after Commit it does nothing
	v := &Tx{ctx: ctx, tx: t, dialect: s.dialect}
	if db == s.write {
		v.often = s.often
	}
	if err := f(v); err != nil {
		return err
	}
	if o != nil && o.ReadOnly {
		return nil
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// Tx is one transaction. It carries the context it was begun with, as it lives no longer than one call.
type Tx struct {
	ctx     context.Context
	tx      *sql.Tx
	dialect dialect
	often   *prepared // nil: none
}

// exec runs a statement and returns how many rows it touched.
func (t *Tx) exec(query string, args ...any) (int64, error) {
	var r sql.Result
	var err error
	if s := t.often.in(t, query); s != nil {
		r, err = s.ExecContext(t.ctx, args...)
	} else {
		r, err = t.tx.ExecContext(t.ctx, t.dialect.rebind(query), args...)
	}
	if err != nil {
		return 0, t.dialect.wrap(err)
	}
	return r.RowsAffected()
}

// must runs a statement that has to touch at least one row; else it is ErrNotFound.
func (t *Tx) must(query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// scanner is a row to be read: *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// one reads one row; none is ErrNotFound.
func one[T any](t *Tx, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	var row *sql.Row
	if s := t.often.in(t, query); s != nil {
		row = s.QueryRowContext(t.ctx, args...)
	} else {
		row = t.tx.QueryRowContext(t.ctx, t.dialect.rebind(query), args...)
	}
	v, err := scan(row)
	if errors.Is(err, sql.ErrNoRows) {
		return v, ErrNotFound
	}
	return v, err
}

// many reads all rows; none is an empty slice.
func many[T any](t *Tx, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	var rows *sql.Rows
	var err error
	if s := t.often.in(t, query); s != nil {
		rows, err = s.QueryContext(t.ctx, args...)
	} else {
		rows, err = t.tx.QueryContext(t.ctx, t.dialect.rebind(query), args...)
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// scalar scans a row of one column.
func scalar[T any](r scanner) (T, error) {
	var v T
	err := r.Scan(&v)
	return v, err
}

// NewID makes an identifier: kind, a hyphen and 80 random bits ("h-k3v5..."). Kind is one to three letters.
func NewID(kind string) string {
	var b [10]byte
	rand.Read(b[:])
	return kind + "-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// MS turns a time into what a column holds: Unix milliseconds, 0 for the zero time.
func MS(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// At is the inverse of [MS], in UTC.
func At(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Flag turns a bool into what a SMALLINT column holds.
func Flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// blob makes nil bytes an empty blob, as no column is NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// moment scans a BIGINT into a time.
type moment struct{ t *time.Time }

// Scan implements [sql.Scanner].
func (m moment) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("scan time: got %T", v)
	}
	*m.t = At(n)
	return nil
}

// Hasten gives up surviving a power cut for speed, or takes that back (false) and writes everything to the disk: for
// filling a new SQLite file that is thrown away when it is not finished. On PostgreSQL it does nothing.
func (s *Store) Hasten(ctx context.Context, on bool) error {
	if s.dialect != sqlite {
		return nil
	}
	orders := []string{"PRAGMA synchronous=OFF"}
	if !on {
		orders = []string{"PRAGMA synchronous=FULL", "PRAGMA wal_checkpoint(TRUNCATE)"}
	}
	for _, o := range orders {
		if _, err := s.write.ExecContext(ctx, o); err != nil { // the one connection for writing
			return fmt.Errorf("change durability: %w", err)
		}
	}
	return nil
}

// Path is the file of an SQLite store; "" for PostgreSQL.
func (s *Store) Path() string { return s.path }
