package ingest

import (
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of what is kept for resuming sessions: about 1.6 KB each.
const (
	maxTickets = 20_000
	ticketLife = 25 * time.Hour // a host that reports once a day still resumes
)

// ticketID is all a host carries of its session.
type ticketID [16]byte

// tickets keeps TLS sessions here and gives hosts a handle of 16 bytes instead of the whole state, which holds their
// certificate chain: it saves them some three KB a check-in, and makes each ticket good for one use. A handle that
// is not known (another server process gave it, it is old, there was no room) costs a full handshake and nothing else.
type tickets struct {
	now     func() time.Time
	resumed *atomic.Uint64

	mu    sync.Mutex
	kept  map[ticketID]ticket
	order []ticketID // as they were given; used ones stay until they come to the front
}

type ticket struct {
	state []byte
	until time.Time
}

// wrap keeps a session and returns its handle; see [tls.Config.WrapSession].
func (t *tickets) wrap(_ tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
	state, err := s.Bytes()
	if err != nil {
		return nil, fmt.Errorf("keep session: %w", err)
	}
	var id ticketID
	rand.Read(id[:])
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil {
		t.kept = map[ticketID]ticket{}
	}
	now := t.now()
	for len(t.order) > 0 && (len(t.order) >= maxTickets || now.After(t.kept[t.order[0]].until)) {
		delete(t.kept, t.order[0]) // a used one is not there any more, and its zero time is long over
		t.order = t.order[1:]
	}
	t.kept[id] = ticket{state, now.Add(ticketLife)}
	t.order = append(t.order, id)
	return id[:], nil
}

// unwrap gives the session of a handle, once; see [tls.Config.UnwrapSession].
func (t *tickets) unwrap(identity []byte, _ tls.ConnectionState) (*tls.SessionState, error) {
	if len(identity) != len(ticketID{}) {
		return nil, nil
	}
	id := ticketID(identity)
	t.mu.Lock()
	k, ok := t.kept[id]
	delete(t.kept, id)
	t.mu.Unlock()
	if !ok || t.now().After(k.until) {
		return nil, nil
	}
	s, err := tls.ParseSessionState(k.state)
	if err != nil {
		return nil, nil // a full handshake follows
	}
	t.resumed.Add(1)
	return s, nil
}
