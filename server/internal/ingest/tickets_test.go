package ingest

import (
	"crypto/tls"
	"sync/atomic"
	"testing"
	"time"
)

func TestTicketsAreUsedOnce(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	k := &tickets{now: func() time.Time { return now }, resumed: new(atomic.Uint64)}
	give := func() []byte {
		t.Helper()
		id, err := k.wrap(tls.ConnectionState{}, &tls.SessionState{})
		if err != nil || len(id) != 16 {
			t.Fatalf("ticket %x, %v", id, err)
		}
		return id
	}
	taken := func(id []byte) bool {
		k.mu.Lock()
		_, ok := k.kept[ticketID(id)]
		k.mu.Unlock()
		k.unwrap(id, tls.ConnectionState{}) //nolint:errcheck // never fails
		return ok
	}
	id := give()
	if !taken(id) || taken(id) {
		t.Error("a ticket is good for one use")
	}
	old := give()
	now = now.Add(ticketLife + time.Second)
	if s, err := k.unwrap(old, tls.ConnectionState{}); s != nil || err != nil {
		t.Errorf("an old ticket: %v, %v", s, err)
	}
	for range maxTickets + 100 {
		give()
	}
	if len(k.kept) > maxTickets || len(k.order) > maxTickets {
		t.Errorf("%d are kept, %d in order", len(k.kept), len(k.order))
	}
	for _, strange := range [][]byte{nil, {1}, make([]byte, 4096)} {
		if s, err := k.unwrap(strange, tls.ConnectionState{}); s != nil || err != nil {
			t.Errorf("strange ticket of %d bytes: %v, %v", len(strange), s, err)
		}
	}
}
