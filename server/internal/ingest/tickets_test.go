package ingest

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/seal"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// process is the ticket keys of one server process over a store.
func process(t *testing.T, st *store.Store, now *time.Time, secret []byte) *ticketKeys {
	t.Helper()
	k, err := seal.New(secret)
	if err != nil {
		t.Fatal(err)
	}
	return &ticketKeys{store: st, seal: k, now: func() time.Time { return *now }, log: slog.New(slog.DiscardHandler)}
}

// TestTicketKeysRotate has two processes work for a week: at any moment each understands what the other seals, a new key
// seals every twelve hours, and old ones are wiped.
func TestTicketKeysRotate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
		secret := make([]byte, 32)
		one, two := process(t, st, &now, secret), process(t, st, &now, secret)
		seen := map[uint32]time.Time{}
		for hour := range 7 * 24 {
			for minute := range 4 {
				for i, p := range []*ticketKeys{one, two} {
					k, err := p.current()
					if err != nil {
						t.Fatal(err)
					}
					if _, ok := []*ticketKeys{two, one}[i].byID(k.ID); !ok {
						t.Fatalf("hour %d, minute %d: the other process does not know key %x", hour, minute, k.ID)
					}
					if _, ok := seen[k.ID]; !ok {
						seen[k.ID] = now
					}
				}
				now = now.Add(time.Minute)
			}
			now = now.Add(56 * time.Minute)
		}
		if len(seen) < 12 || len(seen) > 15 {
			t.Errorf("%d keys sealed in a week", len(seen))
		}
		for id, first := range seen {
			_, ok := one.byID(id)
			if age := now.Sub(first); ok && age >= keyEnds || !ok && age < ticketLife {
				t.Errorf("a key that first sealed %s ago is known: %v", age, ok)
			}
		}
		if len(one.keys) > 5 {
			t.Errorf("%d keys are kept", len(one.keys))
		}
		// A process that starts anew goes on with them; a copy of the database without the key file holds nothing to use.
		k, err := one.current()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := process(t, st, &now, secret).byID(k.ID); !ok {
			t.Error("a process that starts anew does not know the key")
		}
		if err := st.View(t.Context(), func(tx *store.Tx) error {
			text, err := tx.Setting(keySetting)
			if bytes.Contains([]byte(text), k.Key) {
				t.Error("the key stands open in the store")
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		thief := process(t, st, &now, bytes.Repeat([]byte{1}, 32))
		if keys, err := thief.load(view(t, st), now); err != nil || len(keys) != 0 {
			t.Errorf("with another key file %d keys open, %v", len(keys), err)
		}
		// The store is away: what is at hand goes on.
		st.Close()
		now = now.Add(2 * keyRefresh)
		if _, err := one.current(); err != nil {
			t.Errorf("without the store: %v", err)
		}
		if _, ok := one.byID(k.ID); !ok {
			t.Error("without the store a key is forgotten")
		}
	})
}

// view is a transaction that lasts as long as the test.
func view(t *testing.T, st *store.Store) (tx *store.Tx) {
	t.Helper()
	ready, done, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		st.View(t.Context(), func(v *store.Tx) error { tx = v; close(ready); <-done; return nil }) //nolint:errcheck // it only reads
	}()
	<-ready
	t.Cleanup(func() { close(done); <-ended })
	return tx
}

func TestCertificatesAreTakenOutAndPutBack(t *testing.T) {
	leaf, ca := make([]byte, 400), make([]byte, 450)
	rand.Read(leaf)
	rand.Read(ca)
	for name, parts := range map[string][][]byte{
		"none": {[]byte("abc")}, "empty": {nil}, "leaf": {[]byte("abc"), leaf, []byte("d")}, "only": {leaf}, "both": {[]byte("abc"), leaf, ca},
		"twice": {leaf, ca, []byte("x"), ca, leaf},
	} {
		t.Run(name, func(t *testing.T) {
			state := bytes.Join(parts, nil)
			packed := takeOut(state, [][]byte{leaf, ca})
			if len(packed) > 40 {
				t.Errorf("%d bytes are left", len(packed))
			}
			if got, err := putBack(packed, [][]byte{ca, leaf}); err != nil || !bytes.Equal(got, state) {
				t.Errorf("%d bytes of %d came back, %v", len(got), len(state), err)
			}
			if _, err := putBack(packed, nil); err == nil && len(state) > 10 {
				t.Error("it came back without the certificates")
			}
		})
	}
}

// FuzzTickets feeds the reader of tickets what no server made, and what one made with its inside changed.
func FuzzTickets(f *testing.F) {
	f.Add([]byte{}, []byte{3, 'a', 'b', 'c'})
	f.Add(make([]byte, 40), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, ticket, inside []byte) {
		k := &tickets{keys: &ticketKeys{now: time.Now, read: time.Now(), log: slog.New(slog.DiscardHandler)}, issuers: func() [][]byte { return nil }}
		if _, err := k.open(ticket); err == nil {
			t.Error("a ticket that nobody made opened")
		}
		c := []byte("certificate")
		if out, err := putBack(inside, [][]byte{c}); err == nil && len(out) > 1<<17 {
			t.Errorf("%d bytes came of %d", len(out), len(inside))
		}
	})
}

// FuzzState reads what stands in the store as a host's state: damaged, it is an error and nothing else.
func FuzzState(f *testing.F) {
	e, err := encode(&vymirv1.Assessment{BundleName: "test", Results: []*vymirv1.Result{{Control: 1}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(e.pack())
	f.Add(encoder().EncodeAll(make([]byte, 1<<20), nil))
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, e, err := unpackState(b)
		if err == nil && (m == nil || len(e.bytes) > wire.MaxFactsBytes) {
			t.Errorf("%d bytes", len(e.bytes))
		}
	})
}
