package store_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// TestAuditLines exports a trail with awkward details from both engines, and verifies it; every change is noticed.
func TestAuditLines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		tx(t, st, func(tx *store.Tx) error {
			for i, detail := range []string{`{"n":1}`, "", "plain text", `{"spaced": [1, 2]}`, `{"text":"<b> & \u003cb\u003e Лікарня  "}`, `1e400`, `{"a":1,"a":2}`, `null`, `"x"`} {
				if err := tx.Audit(store.Entry{At: now.Add(time.Duration(i) * 1_001_001), Actor: "user:u-1", Action: "a.b", Object: "Об'єкт \x01", RecipientID: []string{"r-1", "r-2", ""}[i%3], Detail: detail}); err != nil {
					return err
				}
			}
			return nil
		})
		var all, mine bytes.Buffer
		var last []byte
		if err := st.View(t.Context(), func(tx *store.Tx) (err error) {
			if _, last, err = tx.VerifyAudit(); err != nil {
				return err
			}
			return errors.Join(tx.WriteAudit(&all, ""), tx.WriteAudit(&mine, "r-1"))
		}); err != nil {
			t.Fatal(err)
		}
		v, err := store.ReadAudit(bytes.NewReader(all.Bytes()), "", last)
		if err != nil || v.Entries != 9 || v.First != 1 || v.Last != 9 || !bytes.Equal(v.Hash, last) || !v.Seen {
			t.Fatalf("whole: %+v, %v\n%s", v, err, all.String())
		}
		if v, err := store.ReadAudit(bytes.NewReader(mine.Bytes()), "r-1", last); err != nil || v.Entries != 3 || v.Last != 7 || v.Seen {
			t.Errorf("one recipient's: %+v, %v", v, err)
		}
		lines := strings.SplitAfter(all.String(), "\n")
		join := func(l ...string) string { return strings.Join(l, "") }
		for name, tc := range map[string]struct {
			text, recipient string
			broken          bool
		}{
			"changed":          {strings.Replace(all.String(), "user:u-1", "user:u-2", 1), "", true},
			"hash changed too": {strings.Replace(all.String(), hex.EncodeToString(last), strings.Repeat("00", 32), 1), "", true},
			"later":            {strings.Replace(all.String(), `"at":"2026`, `"at":"2025`, 1), "", true},
			"removed":          {join(lines[0], lines[1], join(lines[3:]...)), "", true},
			"beginning cut":    {join(lines[1:]...), "", true},
			"swapped":          {join(lines[1], lines[0], join(lines[2:]...)), "", true},
			"twice":            {join(lines[0], lines[0]), "", true},
			"of one recipient": {mine.String(), "", true},
			"of others too":    {all.String(), "r-1", false},
			"no JSON":          {"x\n", "", false},
			"unknown field":    {strings.Replace(lines[0], `{`, `{"more":1,`, 1), "", false},
			"two values":       {strings.TrimSpace(lines[0]) + lines[0], "", false},
			"long line":        {`{"actor":"` + strings.Repeat("x", store.MaxAuditLine) + `"}`, "", false},
		} {
			if _, err := store.ReadAudit(strings.NewReader(tc.text), tc.recipient, nil); err == nil || errors.Is(err, store.ErrAuditBroken) != tc.broken {
				t.Errorf("%s: %v", name, err)
			}
		}
		if v, err := store.ReadAudit(strings.NewReader(join(lines[:4]...)), "", last); err != nil || v.Seen {
			t.Errorf("an end that is missing shows by the kept hash: %+v, %v", v, err)
		}
	})
}

// FuzzReadAudit takes any bytes for a trail.
func FuzzReadAudit(f *testing.F) {
	f.Add([]byte(`{"sequence":1,"at":"2026-11-21T12:00:00Z","actor":"a","action":"b","object":"c","detail":{},"previous":"","hash":"00"}`+"\n"), "")
	f.Add([]byte(`{"sequence":2,"at":"2026-11-21T12:00:00Z","detail_text":"x","previous":"zz","hash":""}`), "r-1")
	f.Fuzz(func(t *testing.T, b []byte, recipient string) {
		v, err := store.ReadAudit(bytes.NewReader(b), recipient, nil)
		if err == nil && v.Entries > 0 && len(v.Hash) != 32 {
			t.Errorf("verified without a hash: %+v", v)
		}
	})
}
