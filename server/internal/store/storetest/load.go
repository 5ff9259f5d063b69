package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Load is how much [Filled] stores.
type Load struct {
	Hosts      int // spread over the recipients: the first holds a quarter of them
	Recipients int
	Controls   []Control
}

// Control is what Load must know of one.
type Control struct {
	ID, Family, Capability, Reason string
	Severity                       assessment.Severity
}

// Recipient is the id of the n-th recipient of a load, from 0.
func Recipient(n int) string { return fmt.Sprintf("r-%04d", n) }

// host is the id of the n-th host, and the recipient it belongs to.
func (l Load) host(n int) (id string, recipient int) {
	if l.Recipients > 1 && n >= l.Hosts/4 {
		recipient = 1 + n%(l.Recipients-1)
	}
	return fmt.Sprintf("h-%016d", n), recipient
}

// Filled opens a store at dsn with a whole load in it, written past the store's methods, so that it takes seconds instead
// of hours: one in five results fails, one in ten is unmeasured, as of [Now].
func Filled(t testing.TB, dsn string, l Load) *store.Store {
	t.Helper()
	st := open(t, dsn)
	driver, ctx := "sqlite", t.Context()
	if strings.HasPrefix(dsn, "postgres") {
		driver = "pgx"
	} else {
		dsn = "file:" + dsn + "?_pragma=synchronous(OFF)&_pragma=journal_mode(WAL)&_pragma=cache_size(-64000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	w := writer{t: t, ctx: ctx, db: db, copies: driver == "pgx"}
	now := store.MS(Now)
	w.write("recipients", "id name_uk name_en sector size_band region created_ms", l.Recipients, func(i int) [][]any {
		return [][]any{{Recipient(i), fmt.Sprint("Отримувач ", i), fmt.Sprint("Recipient ", i), "health", "250-999", "UA-46", now}}
	})
	w.write("sites", "id recipient_id name_uk name_en region connectivity power created_ms", l.Recipients, func(i int) [][]any {
		return [][]any{{"s-" + Recipient(i), Recipient(i), "Корпус", "Building", "", "fibre", "ups", now}}
	})
	cat := "vymir"
	w.write("hosts", `id recipient_id site_id token_id name os role kernel agent_version spki machine_digest cert_serial cert_expires_ms enrolled_ms
		last_seen_ms last_sequence measured_ms skew_ms dropped_items conflicts sent_bytes received_bytes bundle_name bundle_revision passed failed
		unmeasured not_applicable errors revoked_ms revoked_reason protocol`, l.Hosts, func(i int) [][]any {
		id, r := l.host(i)
		n := len(l.Controls)
		return [][]any{{id, Recipient(r), "s-" + Recipient(r), "", fmt.Sprint("host", i), []string{"debian 12", "ubuntu 24.04", "rocky 9"}[i%3], "server", "6.1.0", "1.0",
			fmt.Append(nil, "key", i), []byte{}, "", now + 1e9, now - 1e9, now - int64(i%96)*3_600_000, 40, now - int64(i%96)*3_600_000, 0, 0, 0, 1000, 1000, cat, 1,
			n - n/5 - n/10, n / 5, n / 10, 0, 0, 0, "", "h3"}}
	})
	status := func(i, j int) (assessment.Status, int64) {
		switch (i*7 + j) % 10 {
		case 0, 1:
			return assessment.Fail, now - int64((i+j)%400)*86_400_000
		case 2:
			return assessment.Unmeasured, now
		}
		return assessment.Pass, now - 86_400_000
	}
	const target = `{"params":{"path":"/etc/example.conf","value":"yes"},"evidence":{"value":"yes"}}`
	w.write("results", "host_id control status live persisted severity capability reason_id target since_ms", l.Hosts, func(i int) [][]any {
		id, _ := l.host(i)
		var rows [][]any
		for j, c := range l.Controls {
			s, since := status(i, j)
			rows = append(rows, []any{id, c.ID, string(s), string(s), string(s), c.Severity.Rank(), c.Capability, c.Reason, target, since})
		}
		return rows
	})
	w.write("findings", `id host_id recipient_id site_id control family capability severity live persisted target assignee due_ms bundle_name bundle_revision
		state status control_revision reason_id opened_ms closed_ms reopened_ms reopened fails last_fail_ms last_pass_ms measured_ms review
		review_reason reviewed_by reviewed_ms accepted_until_ms`, l.Hosts, func(i int) [][]any {
		id, r := l.host(i)
		var rows [][]any
		for j, c := range l.Controls {
			s, since := status(i, j)
			if s != assessment.Fail {
				continue
			}
			due := review.Due(c.Severity, store.At(since))
			rows = append(rows, []any{fmt.Sprintf("f-%d-%d", i, j), id, Recipient(r), "s-" + Recipient(r), c.ID, c.Family, c.Capability, c.Severity.Rank(), "fail", "fail", target,
				"", store.MS(due), cat, 1, string(review.Open), "fail", 1, c.Reason, since, 0, 0, 0, 3, now, 0, now, "", "", "", 0, 0})
		}
		return rows
	})
	w.write("finding_events", "id finding_id at_ms actor event detail", l.Hosts, func(i int) [][]any {
		id, _ := l.host(i)
		var rows [][]any
		for j := range l.Controls {
			if s, since := status(i, j); s == assessment.Fail {
				rows = append(rows, []any{fmt.Sprintf("e-%d-%d", i, j), fmt.Sprintf("f-%d-%d", i, j), since, "host:" + id, "opened", ""})
			}
		}
		return rows
	})
	if driver == "pgx" { // as autovacuum does; nobody gathers statistics for SQLite
		for _, q := range []string{`ANALYZE`, `VACUUM`} {
			if _, err := db.ExecContext(ctx, q); err != nil {
				t.Fatal(err)
			}
		}
	}
	return st
}

// writer inserts many rows: by COPY on PostgreSQL, by statements of many rows on SQLite.
type writer struct {
	t      testing.TB
	ctx    context.Context //nolint:containedctx // lives as long as one call of Filled
	db     *sql.DB
	copies bool
}

// write inserts what make returns for 0 to n-1.
func (w writer) write(table, columns string, n int, make func(i int) [][]any) {
	w.t.Helper()
	names := strings.Fields(columns)
	begin, rows := time.Now(), 0
	var err error
	if w.copies {
		rows, err = w.copy(table, names, n, make)
	} else {
		rows, err = w.insert(table, names, n, make)
	}
	if err != nil {
		w.t.Fatalf("fill %s: %v", table, err)
	}
	w.t.Logf("%s: %d rows in %s", table, rows, time.Since(begin).Round(time.Millisecond))
}

func (w writer) copy(table string, names []string, n int, make func(i int) [][]any) (total int, err error) {
	conn, err := w.db.Conn(w.ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		i, page := 0, [][]any(nil)
		source := pgx.CopyFromFunc(func() ([]any, error) {
			for len(page) == 0 {
				if i == n {
					return nil, nil
				}
				page = make(i)
				i++
			}
			row := page[0]
			page = page[1:]
			total++
			return row, nil
		})
		_, err := c.(*stdlib.Conn).Conn().CopyFrom(w.ctx, pgx.Identifier{table}, names, source)
		return err
	})
	return total, err
}

func (w writer) insert(table string, names []string, n int, make func(i int) [][]any) (total int, err error) {
	tx, err := w.db.BeginTx(w.ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	const most = 30
	one := "(?" + strings.Repeat(", ?", len(names)-1) + ")"
	statement := func(rows int) string {
		return "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES " + one + strings.Repeat(", "+one, rows-1)
	}
	full, err := tx.PrepareContext(w.ctx, statement(most))
	if err != nil {
		return 0, err
	}
	defer full.Close()
	var args []any
	waiting := 0
	flush := func() error {
		if waiting == 0 {
			return nil
		}
		var err error
		if waiting == most {
			_, err = full.ExecContext(w.ctx, args...)
		} else {
			_, err = tx.ExecContext(w.ctx, statement(waiting), args...)
		}
		total, waiting, args = total+waiting, 0, args[:0]
		return err
	}
	for i := range n {
		for _, row := range make(i) {
			args = append(args, row...)
			if waiting++; waiting == most {
				if err := flush(); err != nil {
					return total, err
				}
			}
		}
	}
	if err := flush(); err != nil {
		return total, err
	}
	return total, tx.Commit()
}
