package store

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Check verifies the database: the engine's own integrity test, foreign keys, the schema against this binary
// and the audit trail. It reads everything, so it takes time on a large one. The first problem is returned.
func (s *Store) Check(ctx context.Context) error {
	return s.View(ctx, func(tx *Tx) error {
		if s.dialect == sqlite {
			lines, err := many(tx, scalar[string], `PRAGMA integrity_check(1)`)
			if err != nil {
				return fmt.Errorf("check integrity: %w", err)
			}
			if len(lines) != 1 || lines[0] != "ok" {
				return fmt.Errorf("check integrity: %v", lines)
			}
			broken, err := one(tx, scalar[int], `SELECT count(*) FROM pragma_foreign_key_check`)
			if err != nil {
				return fmt.Errorf("check foreign keys: %w", err)
			}
			if broken > 0 {
				return fmt.Errorf("check foreign keys: %d rows point nowhere", broken)
			}
		}
		all, err := tx.migrations()
		if err != nil {
			return err
		}
		for _, m := range all {
			if m.Applied.IsZero() {
				return fmt.Errorf("%w: migration %04d_%s is not applied; run vymir-server migrate", ErrSchema, m.Version, m.Name)
			}
		}
		_, _, err = tx.VerifyAudit()
		return err
	})
}

// Backup writes a consistent copy of an SQLite database to a new file while the server runs. PostgreSQL has
// its own tool for that, and the error says so.
func (s *Store) Backup(ctx context.Context, to string) error {
	if s.dialect != sqlite {
		return errors.New("backup: this server keeps its data in PostgreSQL; use pg_dump or a base backup")
	}
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("backup: %s is already there", to)
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // VACUUM INTO takes an empty file as it is
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	f.Close()
	if err := s.vacuumInto(ctx, to); err != nil {
		os.Remove(to)
		return fmt.Errorf("backup to %s: %w", to, err)
	}
	return nil
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
