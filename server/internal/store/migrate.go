package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// ErrSchema says that the database was not made by the migrations this binary holds: one was changed after it
// was applied, or the database is newer than the binary.
var ErrSchema = errors.New("schema does not match this version")

// Migration is one step of the schema.
type Migration struct {
	Version  int
	Name     string
	Checksum string    // sha256 of the file, hex
	Applied  time.Time // zero: not yet
	text     string
}

func embedded() ([]Migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var out []Migration
	for _, n := range names {
		text, err := migrationFiles.ReadFile(n)
		if err != nil {
			return nil, err
		}
		number, name, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(n, "migrations/"), ".sql"), "_")
		v, err := strconv.Atoi(number)
		if !ok || err != nil || len(number) != 4 {
			return nil, fmt.Errorf("migration %s: want NNNN_name.sql", n)
		}
		sum := sha256.Sum256(text)
		out = append(out, Migration{Version: v, Name: name, Checksum: hex.EncodeToString(sum[:]), text: string(text)})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Version < out[j].Version })
	for i := 1; i < len(out); i++ {
		if out[i].Version == out[i-1].Version {
			return nil, fmt.Errorf("migration %04d exists twice", out[i].Version)
		}
	}
	return out, nil
}

const migrationTable = `CREATE TABLE IF NOT EXISTS schema_migrations (
	version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_ms BIGINT NOT NULL)`

// Migrate applies every migration that is missing, in order of number, each in its own transaction, and
// returns those it applied. Several processes may call it at once.
func (s *Store) Migrate(ctx context.Context, now time.Time) ([]Migration, error) {
	if err := s.Tx(ctx, func(tx *Tx) error {
		if err := tx.lockSchema(); err != nil {
			return err
		}
		_, err := tx.exec(migrationTable)
		return err
	}); err != nil {
		return nil, fmt.Errorf("prepare migrations: %w", err)
	}
	var applied []Migration
	for {
		var done *Migration
		err := s.Tx(ctx, func(tx *Tx) error {
			if err := tx.lockSchema(); err != nil {
				return err
			}
			all, err := tx.migrations()
			if err != nil {
				return err
			}
			for i := range all {
				if all[i].Applied.IsZero() {
					done = &all[i]
					break
				}
			}
			if done == nil {
				return nil
			}
			if _, err := tx.tx.ExecContext(ctx, s.dialect.schema(done.text)); err != nil {
				return fmt.Errorf("migration %04d_%s: %w", done.Version, done.Name, err)
			}
			done.Applied = now.UTC()
			_, err = tx.exec(`INSERT INTO schema_migrations (version, name, checksum, applied_ms) VALUES (?, ?, ?, ?)`,
				done.Version, done.Name, done.Checksum, MS(now))
			return err
		})
		if err != nil {
			return applied, err
		}
		if done == nil {
			return applied, nil
		}
		applied = append(applied, *done)
	}
}

// Migrations lists every migration this binary holds, with the time it was applied here.
func (s *Store) Migrations(ctx context.Context) (out []Migration, err error) {
	err = s.View(ctx, func(tx *Tx) error { out, err = tx.migrations(); return err })
	return out, err
}

func (t *Tx) lockSchema() error {
	if t.dialect != postgres {
		return nil
	}
	_, err := t.exec(`SELECT pg_advisory_xact_lock(6215531)`)
	return err
}

// migrations lists the embedded migrations with what the database says of each, and fails with ErrSchema
// when the two contradict.
func (t *Tx) migrations() ([]Migration, error) {
	all, err := embedded()
	if err != nil {
		return nil, err
	}
	place := map[int]int{}
	for i, m := range all {
		place[m.Version] = i
	}
	known, err := many(t, func(r scanner) (m Migration, err error) {
		err = r.Scan(&m.Version, &m.Name, &m.Checksum, moment{&m.Applied})
		return m, err
	}, `SELECT version, name, checksum, applied_ms FROM schema_migrations ORDER BY version`)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	for _, m := range known {
		i, ok := place[m.Version]
		switch {
		case !ok:
			return nil, fmt.Errorf("%w: the database holds migration %04d_%s, which this binary does not know; start the newer version", ErrSchema, m.Version, m.Name)
		case all[i].Checksum != m.Checksum:
			return nil, fmt.Errorf("%w: migration %04d_%s was changed after it was applied", ErrSchema, m.Version, m.Name)
		}
		all[i].Applied = m.Applied
	}
	return all, nil
}
