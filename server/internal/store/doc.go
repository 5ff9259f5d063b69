// Package store keeps what the server knows, in SQLite or PostgreSQL. It is the only package with SQL.
//
// One implementation serves both engines: statements are written once, in the subset that both take, with ?
// as placeholder; [Open] picks the engine by its DSN. All reading and writing happens in a transaction:
//
//	err := st.View(ctx, func(tx *store.Tx) error { h, err := tx.Host(id); ... })   // reads one consistent state
//	err := st.Tx(ctx, func(tx *store.Tx) error { return tx.PutRecipient(r) })      // writes; all or nothing
//
// Every method hangs on [Tx], one file per area. A Tx belongs to the goroutine that runs the function and is
// dead when the function returns. Methods return structs; a row that is not there is [ErrNotFound].
//
// Conventions of every table:
//
//   - Times are UTC, stored as BIGINT Unix milliseconds; 0 means never, and is the zero [time.Time] in Go.
//   - No column is NULL: the empty string, 0 and the empty blob mean absent.
//   - Identifiers are opaque text made by [NewID] and never reused; flags are SMALLINT 0 or 1 (see [Flag]).
//   - Severities are stored by [assessment.Severity.Rank], so that they sort.
//   - JSON is TEXT, and nothing in it is queried.
//
// Migrations are migrations/NNNN_name.sql, embedded, forward only, checked by checksum: 0001-0019 core,
// 0020-0039 catalogue and needs, 0040-0059 access and web. In them BLOB is written for bytes and BIGINT for
// integers over 31 bits; the dialect turns BLOB into BYTEA for PostgreSQL and that is all it does.
//
// SQLite has one writer at a time: keep a Tx short, and never do network or disk work inside one.
package store
