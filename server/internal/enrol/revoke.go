package enrol

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"github.com/vymir-project/vymir/server/internal/store"
)

// RevocationCache is how long a server process may go without looking again which hosts are revoked.
const RevocationCache = 5 * time.Second

// Revocations knows which hosts are revoked. Safe for concurrent use.
type Revocations struct {
	store *store.Store
	now   func() time.Time

	mu      sync.Mutex
	revoked map[string]bool
	read    time.Time // zero: read again
}

// NewRevocations reads from st; now nil is the system's clock.
func NewRevocations(st *store.Store, now func() time.Time) *Revocations {
	if now == nil {
		now = time.Now
	}
	return &Revocations{store: st, now: now}
}

// Revoked reports whether a host is barred. When the store cannot be read the answer is an error, not "no".
func (r *Revocations) Revoked(ctx context.Context, host string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if age := now.Sub(r.read); r.revoked == nil || age < 0 || age >= RevocationCache {
		err := r.store.View(ctx, func(tx *store.Tx) error {
			ids, err := tx.RevokedHosts()
			if err != nil {
				return err
			}
			r.revoked = make(map[string]bool, len(ids))
			for _, id := range ids {
				r.revoked[id] = true
			}
			return nil
		})
		if err != nil {
			r.revoked = nil
			return false, fmt.Errorf("read revoked hosts: %w", err)
		}
		r.read = now
	}
	return r.revoked[host], nil
}

// Forget makes the next question look into the store.
func (r *Revocations) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.revoked = nil
}

// VerifyConnection refuses revoked hosts. It is the TLS callback that runs on every connection, resumed ones
// included. A connection without a client certificate passes: each call decides whether it needs one.
func (r *Revocations) VerifyConnection(cs tls.ConnectionState) error {
	if len(cs.PeerCertificates) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	revoked, err := r.Revoked(ctx, cs.PeerCertificates[0].Subject.CommonName)
	if err != nil {
		return err
	}
	if revoked {
		return ErrHostRevoked
	}
	return nil
}
