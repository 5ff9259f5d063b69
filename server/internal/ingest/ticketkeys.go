package ingest

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/vymir-project/vymir/server/internal/seal"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Life of the keys that session tickets are sealed with.
const (
	keyLife    = 12 * time.Hour              // then another one seals
	keySettle  = 2 * time.Minute             // every process has read a new key before any of them seals with it
	keyRefresh = time.Minute                 // how old the keys of a process may be
	keyEnds    = keyLife + ticketLife        // then a key is wiped from the store, and what it sealed opens nothing
	ticketLife = 25 * time.Hour              // at least so long a ticket is good: a host that reports once a day still resumes
	keySetting = "tls_ticket_keys"           // the name they stand under in the store
	keyPurpose = "vymir.session-ticket-keys" // what they are sealed for there
)

// ticketKey seals tickets. ID is drawn at random and stands in front of each ticket.
type ticketKey struct {
	ID     uint32 `json:"id"`
	MadeMS int64  `json:"made_ms"`
	Key    []byte `json:"key"` // AES-128

	aead cipher.AEAD
}

func (k *ticketKey) made() time.Time { return time.UnixMilli(k.MadeMS) }

// ticketKeys are the keys of session tickets: every server process on one store works with the same, and one that is
// started anew with those of before. They stand in the store, sealed by a key of the CA's folder; whichever process first
// finds the newest too old adds another. Safe for concurrent use.
type ticketKeys struct {
	store *store.Store
	seal  *seal.Key
	now   func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	keys []ticketKey // oldest first
	read time.Time   // zero: never
}

// current gives the key to seal with; an error when there is none yet and the store does not answer.
func (t *ticketKeys) current() (ticketKey, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.refresh(now)
	if len(t.keys) == 0 {
		return ticketKey{}, errors.New("no session ticket key")
	}
	for i := len(t.keys) - 1; i > 0; i-- {
		if now.Sub(t.keys[i].made()) >= keySettle {
			return t.keys[i], nil
		}
	}
	return t.keys[0], nil
}

// byID finds the key that a ticket names.
func (t *ticketKeys) byID(id uint32) (ticketKey, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.refresh(now)
	for _, k := range t.keys {
		if k.ID == id && now.Sub(k.made()) < keyEnds {
			return k, true
		}
	}
	return ticketKey{}, false
}

// refresh reads the keys again when it is time, and adds one when the newest is too old. When the store does not answer, the
// keys at hand go on. It is called with mu held.
func (t *ticketKeys) refresh(now time.Time) {
	if age := now.Sub(t.read); age >= 0 && age < keyRefresh && !t.read.IsZero() {
		return
	}
	t.read = now
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var keys []ticketKey
	err := t.store.View(ctx, func(tx *store.Tx) (err error) { keys, err = t.load(tx, now); return err })
	if err == nil && (len(keys) == 0 || now.Sub(keys[len(keys)-1].made()) >= keyLife) {
		keys, err = t.add(ctx, now)
	}
	if err != nil {
		t.log.Warn("session ticket keys could not be read; those of before go on", "err", err)
		return
	}
	t.keys = keys
}

// add makes a key, unless another process was faster, and wipes those whose time is over.
func (t *ticketKeys) add(ctx context.Context, now time.Time) (keys []ticketKey, err error) {
	err = t.store.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.LockSetting(keySetting); err != nil {
			return err
		}
		if keys, err = t.load(tx, now); err != nil {
			return err
		}
		if len(keys) > 0 && now.Sub(keys[len(keys)-1].made()) < keyLife {
			return nil
		}
		fresh := ticketKey{MadeMS: now.UnixMilli(), Key: make([]byte, 16)}
		var id [4]byte
		rand.Read(id[:])
		rand.Read(fresh.Key)
		fresh.ID = binary.BigEndian.Uint32(id[:])
		if fresh.aead, err = gcm(fresh.Key); err != nil {
			return err
		}
		keys = append(slices.DeleteFunc(keys, func(k ticketKey) bool { return now.Sub(k.made()) >= keyEnds }), fresh)
		text, err := json.Marshal(keys)
		if err != nil {
			return fmt.Errorf("encode session ticket keys: %w", err)
		}
		return tx.PutSetting(keySetting, t.seal.Seal(keyPurpose, text))
	})
	return keys, err
}

// load reads the keys; none, and those that another CA sealed, are no keys.
func (t *ticketKeys) load(tx *store.Tx, now time.Time) ([]ticketKey, error) {
	sealed, err := tx.Setting(keySetting)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	text, err := t.seal.Unseal(keyPurpose, sealed)
	if errors.Is(err, seal.ErrSealed) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var keys []ticketKey
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, nil //nolint:nilerr // the same: what cannot be read is replaced
	}
	for i := range keys {
		if keys[i].aead, err = gcm(keys[i].Key); err != nil {
			return nil, err
		}
		if keys[i].made().After(now.Add(keyLife)) {
			return nil, nil // a clock that was years ahead made it: it would never be replaced
		}
	}
	return keys, nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cipher of session tickets: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make cipher of session tickets: %w", err)
	}
	return aead, nil
}
