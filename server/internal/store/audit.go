package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// ErrAuditBroken says that the audit trail was changed after it was written.
var ErrAuditBroken = errors.New("audit trail is broken")

// Entry is one line of the audit trail: who did what to which object, when.
type Entry struct {
	Sequence    uint64    // from 1, without holes; given by [Tx.Audit]
	At          time.Time // server's clock
	Actor       string    // user:ID, host:ID, cli:NAME or server
	Action      string    // "token.create", "finding.accept"
	Object      string    // "finding:f-..."
	RecipientID string    // whose matter it is; "": the server's own
	Detail      string    // JSON; never a secret
	Previous    []byte    // hash of the entry before; empty for the first
	Hash        []byte    // over all of the above
}

// digest hashes the entry, every field with its length before it, so that no two entries share an encoding.
func (e Entry) digest() []byte {
	h := sha256.New()
	var n [8]byte
	number := func(v uint64) { binary.BigEndian.PutUint64(n[:], v); h.Write(n[:]) }
	field := func(b []byte) { number(uint64(len(b))); h.Write(b) }
	field([]byte("vymir.audit/1"))
	number(e.Sequence)
	number(uint64(MS(e.At)))
	for _, s := range []string{e.Actor, e.Action, e.Object, e.RecipientID, e.Detail} {
		field([]byte(s))
	}
	field(e.Previous)
	return h.Sum(nil)
}

// Audit appends an entry; Sequence, Previous and Hash are filled in. It commits with the change it tells of,
// and writers of the trail follow each other.
func (t *Tx) Audit(e Entry) error {
	type head struct {
		sequence uint64
		hash     []byte
	}
	h, err := one(t, func(r scanner) (h head, err error) { err = r.Scan(&h.sequence, &h.hash); return h, err },
		`SELECT sequence, hash FROM audit_head WHERE one = 1`+t.dialect.lockRow())
	if err != nil {
		return fmt.Errorf("read audit head: %w", err)
	}
	e.Sequence, e.Previous = h.sequence+1, blob(h.hash)
	e.Hash = e.digest()
	if _, err := t.exec(`INSERT INTO audit (sequence, at_ms, actor, action, object, recipient_id, detail, previous, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, e.Sequence, MS(e.At), e.Actor, e.Action, e.Object, e.RecipientID, e.Detail, e.Previous, e.Hash); err != nil {
		return fmt.Errorf("append to audit trail: %w", err)
	}
	return t.must(`UPDATE audit_head SET sequence = ?, hash = ? WHERE one = 1`, e.Sequence, e.Hash)
}

func scanEntry(r scanner) (e Entry, err error) {
	err = r.Scan(&e.Sequence, moment{&e.At}, &e.Actor, &e.Action, &e.Object, &e.RecipientID, &e.Detail, &e.Previous, &e.Hash)
	return e, err
}

// AuditEntries lists entries after a sequence, oldest first; recipient "" reads all, limit 0 all.
func (t *Tx) AuditEntries(recipient string, after uint64, limit int) ([]Entry, error) {
	if limit <= 0 {
		limit = 1 << 30
	}
	cond, args := scoped("recipient_id", recipient)
	return many(t, scanEntry, `SELECT sequence, at_ms, actor, action, object, recipient_id, detail, previous, hash FROM audit
		WHERE `+cond+` AND sequence > ? ORDER BY sequence LIMIT ?`, append(args, after, limit)...)
}

// VerifyAudit walks the whole trail and returns how many entries it holds and the hash of the last. A change,
// a hole or a missing end is ErrAuditBroken with the place. Whoever can write the database can write a whole
// new trail: keep the returned hash elsewhere to notice that.
func (t *Tx) VerifyAudit() (count uint64, last []byte, err error) {
	for {
		page, err := t.AuditEntries("", count, 1000)
		if err != nil {
			return count, last, err
		}
		for _, e := range page {
			if e.Sequence != count+1 || !bytes.Equal(e.Previous, last) || !bytes.Equal(e.Hash, e.digest()) {
				return count, last, fmt.Errorf("%w at entry %d", ErrAuditBroken, count+1)
			}
			count, last = e.Sequence, e.Hash
		}
		if len(page) < 1000 {
			break
		}
	}
	head, err := one(t, scalar[uint64], `SELECT sequence FROM audit_head WHERE one = 1`)
	if err == nil && head != count {
		err = fmt.Errorf("%w: %d entries are missing at its end", ErrAuditBroken, head-count)
	}
	return count, last, err
}
