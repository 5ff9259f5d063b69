package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// Check verifies the database: the engine's own integrity test, foreign keys, the schema against this binary (its
// migrations, and that every table, column and index they make is there) and the audit trail. It reads everything, so
// it takes time on a large one. The first problem is returned.
func (s *Store) Check(ctx context.Context) error {
	return s.View(ctx, func(tx *Tx) error {
		if err := tx.applied(); err != nil {
			return err
		}
		if err := tx.checkShape(ctx); err != nil {
			return err
		}
		check := tx.checkSQLite
		if s.dialect == postgres {
			check = tx.checkPostgres
		}
		if err := check(); err != nil {
			return err
		}
		_, _, err := tx.VerifyAudit()
		return err
	})
}

// applied fails unless every migration of this binary was applied.
func (t *Tx) applied() error {
	all, err := t.migrations()
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Applied.IsZero() {
			return fmt.Errorf("%w: migration %04d_%s is not applied; run vymir-server migrate", ErrSchema, m.Version, m.Name)
		}
	}
	return nil
}

func (t *Tx) checkSQLite() error {
	lines, err := many(t, scalar[string], `PRAGMA integrity_check(1)`)
	if err != nil {
		return fmt.Errorf("check integrity: %w", err)
	}
	if len(lines) != 1 || lines[0] != "ok" {
		return fmt.Errorf("check integrity: %v", lines)
	}
	broken, err := one(t, scalar[int], `SELECT count(*) FROM pragma_foreign_key_check`)
	if err != nil {
		return fmt.Errorf("check foreign keys: %w", err)
	}
	if broken > 0 {
		return fmt.Errorf("check foreign keys: %d rows point nowhere", broken)
	}
	return nil
}

// checkPostgres has every row read, so that a damaged page shows, and looks for what makes the engine's promises void.
func (t *Tx) checkPostgres() error {
	void, err := many(t, scalar[string], `SELECT conname FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND NOT convalidated
		UNION ALL SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		WHERE c.relnamespace = current_schema()::regnamespace AND NOT (i.indisvalid AND i.indisready) ORDER BY 1`)
	if err != nil {
		return fmt.Errorf("check constraints: %w", err)
	}
	if len(void) > 0 {
		return fmt.Errorf("check constraints: not valid: %v", void)
	}
	list, err := embeddedTables(t.ctx)
	if err != nil {
		return err
	}
	for _, table := range list {
		if _, err := one(t, scalar[int64], `SELECT coalesce(sum(length(x::text)), 0) FROM `+table.name+` x`); err != nil {
			return fmt.Errorf("read %s: %w", table.name, err)
		}
	}
	return nil
}

// checkShape fails when a table, column or index of the migrations is missing. What somebody added is let be.
func (t *Tx) checkShape(ctx context.Context) error {
	want, err := withEmbedded(ctx, func(db *sql.DB) (out []string, err error) {
		rows, err := db.QueryContext(ctx, shapeSQLite)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			v, err := scalar[string](rows)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, rows.Err()
	})
	if err != nil {
		return err
	}
	query := shapeSQLite
	if t.dialect == postgres {
		query = shapePostgres
	}
	got, err := many(t, scalar[string], query)
	if err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	there := make(map[string]bool, len(got))
	for _, v := range got {
		there[v] = true
	}
	if want = slices.DeleteFunc(want, func(v string) bool { return there[v] }); len(want) > 0 {
		return fmt.Errorf("%w: missing in the database: %v", ErrSchema, want)
	}
	return nil
}

// Every column as "table.column" and every named index, in each engine's own words.
const (
	shapeSQLite = `SELECT m.name || '.' || p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'
		UNION ALL SELECT 'index ' || name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`
	shapePostgres = `SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = current_schema()
		UNION ALL SELECT 'index ' || indexname FROM pg_indexes WHERE schemaname = current_schema()`
)

// withEmbedded runs f over an empty database in memory that the embedded migrations made.
func withEmbedded[T any](ctx context.Context, f func(*sql.DB) (T, error)) (none T, err error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return none, fmt.Errorf("make schema: %w", err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	all, err := embedded()
	if err != nil {
		return none, err
	}
	if _, err := db.ExecContext(ctx, migrationTable); err != nil {
		return none, fmt.Errorf("make schema: %w", err)
	}
	for _, m := range all {
		if _, err := db.ExecContext(ctx, m.text); err != nil {
			return none, fmt.Errorf("make schema: migration %04d_%s: %w", m.Version, m.Name, err)
		}
	}
	return f(db)
}

// embeddedTables lists the tables of this binary's schema.
func embeddedTables(ctx context.Context) ([]table, error) {
	return withEmbedded(ctx, func(db *sql.DB) ([]table, error) { return tablesOf(ctx, db) })
}
