package store

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// MaxAuditLine bounds one line of an exported trail, in bytes.
const MaxAuditLine = 1 << 20

// auditLine is an entry of the audit trail as a line of JSON; docs/spec/audit.md describes it. Detail stands as JSON where
// that gives its bytes back exactly, and as text otherwise.
type auditLine struct {
	Sequence  uint64          `json:"sequence"`
	At        time.Time       `json:"at"`
	Actor     string          `json:"actor"`
	Action    string          `json:"action"`
	Object    string          `json:"object"`
	Recipient string          `json:"recipient,omitzero"`
	Detail    json.RawMessage `json:"detail,omitzero"`
	Text      *string         `json:"detail_text,omitzero"`
	Previous  string          `json:"previous"`
	Hash      string          `json:"hash"`
}

// WriteAudit writes the trail as JSON lines, oldest first; recipient "" is all of it.
func (t *Tx) WriteAudit(w io.Writer, recipient string) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for after := uint64(0); ; {
		page, err := t.AuditEntries(recipient, after, 1000)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, v := range page {
			line := auditLine{Sequence: v.Sequence, At: v.At, Actor: v.Actor, Action: v.Action, Object: v.Object, Recipient: v.RecipientID,
				Previous: hex.EncodeToString(v.Previous), Hash: hex.EncodeToString(v.Hash)}
			var compact bytes.Buffer
			if json.Compact(&compact, []byte(v.Detail)) == nil && compact.String() == v.Detail {
				line.Detail = json.RawMessage(v.Detail)
			} else if v.Detail != "" {
				line.Text = &v.Detail
			}
			if err := e.Encode(line); err != nil {
				return fmt.Errorf("write audit trail: %w", err)
			}
			after = v.Sequence
		}
	}
}

// Trail is what a verified trail holds.
type Trail struct {
	Entries     int
	First, Last uint64 // sequences; 0: none
	Hash        []byte // of the last entry
	Seen        bool   // the hash that was asked for is one of them
}

// ReadAudit verifies an exported trail: every entry against its hash and the entry before it. A trail of one recipient,
// named by recipient, has the other entries left out: then each entry is verified, and the links between neighbours. A
// whole one (recipient "") begins with entry 1 and has no holes; whether something is missing at its end shows only by a
// hash kept elsewhere, which seen asks for (nil: none). A change is ErrAuditBroken with the line.
func ReadAudit(r io.Reader, recipient string, seen []byte) (v Trail, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, MaxAuditLine)
	for n := 1; lines.Scan(); n++ {
		e, err := parseAuditLine(lines.Bytes())
		if err != nil {
			return v, fmt.Errorf("read audit trail: line %d: %w", n, err)
		}
		switch {
		case !bytes.Equal(e.Hash, e.digest()):
			return v, fmt.Errorf("%w at line %d: entry %d was changed", ErrAuditBroken, n, e.Sequence)
		case e.Sequence <= v.Last, e.Sequence > v.Last+1 && recipient == "":
			return v, fmt.Errorf("%w at line %d: entry %d follows entry %d", ErrAuditBroken, n, e.Sequence, v.Last)
		case e.Sequence == v.Last+1 && !bytes.Equal(e.Previous, v.Hash):
			return v, fmt.Errorf("%w at line %d: entry %d does not follow the one before it", ErrAuditBroken, n, e.Sequence)
		case recipient != "" && e.RecipientID != recipient:
			return v, fmt.Errorf("read audit trail: line %d: the entry is of recipient %q, not %q", n, e.RecipientID, recipient)
		}
		if v.First == 0 {
			v.First = e.Sequence
		}
		v.Entries, v.Last, v.Hash = v.Entries+1, e.Sequence, e.Hash
		v.Seen = v.Seen || seen != nil && bytes.Equal(e.Hash, seen)
	}
	if err := lines.Err(); err != nil {
		return v, fmt.Errorf("read audit trail: after %d lines: %w", v.Entries, err)
	}
	return v, nil
}

func parseAuditLine(b []byte) (e Entry, err error) {
	var line auditLine
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&line); err != nil {
		return e, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return e, errors.New("more than one value")
	}
	e = Entry{Sequence: line.Sequence, At: line.At, Actor: line.Actor, Action: line.Action, Object: line.Object, RecipientID: line.Recipient, Detail: string(line.Detail)}
	if line.Text != nil {
		if line.Detail != nil {
			return e, errors.New("detail and detail_text exclude each other")
		}
		e.Detail = *line.Text
	}
	if e.Previous, err = hex.DecodeString(line.Previous); err != nil {
		return e, fmt.Errorf("previous: %w", err)
	}
	if e.Hash, err = hex.DecodeString(line.Hash); err != nil {
		return e, fmt.Errorf("hash: %w", err)
	}
	return e, nil
}

// AuditHolds reports whether an entry with this hash is in the trail.
func (t *Tx) AuditHolds(hash []byte) (bool, error) {
	n, err := one(t, scalar[int], `SELECT count(*) FROM audit WHERE hash = ?`, hash)
	return n > 0, err
}
