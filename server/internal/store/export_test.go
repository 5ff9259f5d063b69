package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Everything reads every row of every table as text, by table and sorted, in the types its columns declare.
func Everything(ctx context.Context, s *Store) (map[string][]string, error) {
	list, err := embeddedTables(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	return out, s.View(ctx, func(tx *Tx) error {
		for _, t := range list {
			rows, err := t.read(tx)
			if err != nil {
				return err
			}
			for rows.Next() {
				v, err := t.row(rows)
				if err != nil {
					return err
				}
				out[t.name] = append(out[t.name], fmt.Sprintf("%T %#v", v, v))
			}
			if err := rows.Close(); err != nil {
				return err
			}
			slices.Sort(out[t.name])
		}
		return nil
	})
}

// FillEverything writes n rows with awkward values into every table that has none of its own rules, so that a table that
// somebody adds is tried with the others.
func FillEverything(ctx context.Context, s *Store, n int) error {
	list, err := embeddedTables(ctx)
	if err != nil {
		return err
	}
	points, err := withEmbedded(ctx, func(db *sql.DB) (map[string]string, error) {
		out := map[string]string{}
		for _, t := range list {
			rows, err := db.QueryContext(ctx, `SELECT "from" FROM pragma_foreign_key_list('`+t.name+`')`)
			if err != nil {
				return nil, err
			}
			for rows.Next() {
				c, err := scalar[string](rows)
				if err != nil {
					return nil, err
				}
				out[t.name+"."+c] = "set"
			}
			if err := rows.Close(); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
	if err != nil {
		return err
	}
	texts := []string{"", "Лікарня «Надія» № 1", `it's a "quote"`, "\\x00 \\N \t\n", "😀", strings.Repeat("довго", 400)}
	return s.Tx(ctx, func(tx *Tx) error {
		for _, t := range list {
			if slices.Contains([]string{"schema_migrations", "audit", "audit_head"}, t.name) {
				continue
			}
			for i := range n {
				values := make([]any, len(t.columns))
				for j, c := range t.columns {
					switch {
					case points[t.name+"."+c.name] != "":
						values[j] = fmt.Sprintf("%d", i) // ids are numbered alike everywhere
					case c.text && (c.name == "id" || j < 2):
						values[j] = fmt.Sprintf("%d", i)
					case c.text:
						values[j] = fmt.Sprintf("%s%d", texts[(i+j)%len(texts)], i)
					case c.blob && j > 1 && i%3 == 0 && c.name != "spki":
						values[j] = []byte{}
					case c.blob:
						values[j] = fmt.Appendf([]byte{0, 0xff, '\\', '\''}, "%d", i)
					case c.small:
						values[j] = int64(i % 2)
					case c.real:
						values[j] = float64(i) * 1e6 / 3
					default:
						values[j] = int64(i) * (1 << 53) / 7 * int64(1-2*(j%2))
					}
				}
				if _, err := tx.exec(`INSERT INTO `+t.name+` (`+strings.Join(t.names(), ", ")+`) VALUES (?`+strings.Repeat(", ?", len(values)-1)+`)`, values...); err != nil {
					return fmt.Errorf("fill %s: %w", t.name, err)
				}
			}
		}
		for i := range n {
			if err := tx.Audit(Entry{At: At(int64(i) * 1000), Actor: "user:u-1", Action: texts[i%len(texts)], Detail: `{"n":1}`}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Exec runs a statement behind the store's back.
func Exec(ctx context.Context, s *Store, statement string) error {
	return s.Tx(ctx, func(tx *Tx) error { _, err := tx.exec(statement); return err })
}
