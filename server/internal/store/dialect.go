package store

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	sqlitedriver "modernc.org/sqlite"
)

// dialect is where the two engines differ; everything else is one text for both.
type dialect string

const (
	sqlite   dialect = "sqlite"
	postgres dialect = "postgres"
)

var rebound sync.Map // query with ? → query with $n

// rebind numbers the placeholders for PostgreSQL. Question marks inside quotes stay.
func (d dialect) rebind(q string) string {
	if d != postgres {
		return q
	}
	if v, ok := rebound.Load(q); ok {
		return v.(string)
	}
	var b strings.Builder
	n, quoted := 0, false
	for i := range len(q) {
		switch c := q[i]; {
		case c == '\'':
			quoted = !quoted
			b.WriteByte(c)
		case c == '?' && !quoted:
			n++
			b.WriteString("$" + strconv.Itoa(n))
		default:
			b.WriteByte(c)
		}
	}
	rebound.Store(q, b.String())
	return b.String()
}

var blobWord = regexp.MustCompile(`\bBLOB\b`)

// schema turns the text of a migration into this engine's.
func (d dialect) schema(text string) string {
	if d == postgres {
		return blobWord.ReplaceAllString(text, "BYTEA")
	}
	return text
}

// lockRow ends a SELECT that is to hold its rows until commit. SQLite has one writer and needs none.
func (d dialect) lockRow() string {
	if d == postgres {
		return " FOR UPDATE"
	}
	return ""
}

// via names the index by which a table is read, where the engine is not to choose: SQLite keeps no statistics here, and
// without them it guesses badly between indexes that begin alike. PostgreSQL has its own.
func (d dialect) via(index string) string {
	if d == sqlite {
		return " INDEXED BY " + index
	}
	return ""
}

// wrap names the errors that callers tell apart.
func (d dialect) wrap(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return errors.Join(ErrExists, err)
	}
	var lite *sqlitedriver.Error
	if errors.As(err, &lite) && (lite.Code() == 1555 || lite.Code() == 2067) { // primary key, unique
		return errors.Join(ErrExists, err)
	}
	return err
}
