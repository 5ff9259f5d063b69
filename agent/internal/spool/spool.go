// Package spool is the outbox: a bounded, durable queue on disk whose items leave only when the server acknowledged
// them. DESIGN.md beside this file argues it.
package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Kind says what an item holds, and so what it is worth.
type Kind uint8

// State is an assessment: a newer one supersedes it. Facts is a facts document for a server that judges.
const (
	State Kind = 1
	Facts Kind = 2
)

// Item is one entry of the outbox.
type Item struct {
	Sequence uint64    // from 1, strictly increasing, never given twice
	Created  time.Time // by the host's clock
	Kind     Kind
	Urgent   bool
	Payload  []byte // opaque; nil in listings
	Size     int    // bytes of the payload
}

// Options bound a spool; the zero value is good.
type Options struct {
	MaxBytes int64 // payload bytes waiting; 0: 16 MiB
	MaxItems int   // items waiting; 0: 2,000
	ReadOnly bool  // look, do not touch: no lock is taken, nothing is mended
}

// Errors of a spool.
var (
	ErrInUse    = errors.New("another process holds the outbox")
	ErrFull     = errors.New("outbox is full of more valuable items")
	ErrTooLarge = errors.New("item is larger than the outbox takes")
	ErrDamaged  = errors.New("item is damaged")
)

// MaxPayload is the largest payload of one item, in bytes.
const MaxPayload = 1 << 20

// Spool is an open outbox. Safe for concurrent use; one process at a time may write.
type Spool struct {
	dir  string
	o    Options
	lock *os.File

	mu    sync.Mutex
	items []Item // waiting, ascending, without payloads
	base  *Item  // newest acknowledged state, still on disk
	state counters
}

// Stats are the counters of an outbox.
type Stats struct {
	Items        int
	Bytes        int64
	Last         uint64 // highest sequence ever given
	Acknowledged uint64
	Dropped      uint64 // items lost to the bound, ever
	Damaged      uint64 // files found damaged, ever
	Oldest       time.Time
}

// Open opens the outbox in dir, makes it if needed, finishes what a crash interrupted, and steps over damage. It fails
// only if the directory cannot be made or read, or (with [ErrInUse]) another process has it. The caller closes it.
func Open(dir string, o Options) (*Spool, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 16 << 20
	}
	if o.MaxItems <= 0 {
		o.MaxItems = 2000
	}
	s := &Spool{dir: dir, o: o}
	aside := false
	if !o.ReadOnly {
		var err error
		if aside, err = makeDir(dir); err != nil {
			return nil, fmt.Errorf("make outbox: %w", err)
		}
		if err := s.takeLock(); err != nil {
			return nil, err
		}
	}
	if err := s.load(); err != nil {
		s.Close() //nolint:errcheck // the first error counts
		return nil, err
	}
	if aside {
		s.state.damaged++ // nobody knows how much was in it
		s.writeState()    //nolint:errcheck // told by this process all the same
	}
	return s, nil
}

func (s *Spool) takeLock() error {
	f, err := os.OpenFile(filepath.Join(s.dir, "lock"), os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOSPC) {
		return nil // nobody can write here, so nobody can be in our way
	}
	if err != nil {
		return fmt.Errorf("lock outbox: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close() //nolint:errcheck // nothing was written
		return fmt.Errorf("lock outbox: %w", ErrInUse)
	}
	s.lock = f
	return nil
}

// Close gives the lock back.
func (s *Spool) Close() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

// load reads the directory into memory.
func (s *Spool) load() error {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) && s.o.ReadOnly {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read outbox: %w", err)
	}
	var stateErr error
	s.state, stateErr = readState(filepath.Join(s.dir, "state"))
	damaged := s.state.damaged
	if stateErr != nil && !errors.Is(stateErr, fs.ErrNotExist) {
		damaged++
	}
	for _, e := range entries { // sorted by name, so by sequence
		if strings.HasPrefix(e.Name(), ".tmp-") {
			s.remove(e.Name())
			continue
		}
		seq, ok := parseName(e.Name())
		if !ok {
			continue
		}
		s.state.last = max(s.state.last, seq)
		it, err := readItem(filepath.Join(s.dir, e.Name()))
		if err != nil || it.Sequence != seq {
			if !passing(err) && !errors.Is(err, fs.ErrNotExist) { // gone: the daemon delivered it just now
				damaged++
				s.remove(e.Name())
			}
			continue
		}
		it.Payload = nil
		if seq > s.state.acknowledged {
			s.items = append(s.items, it)
			continue
		}
		s.keepBase(it)
	}
	s.state.last = max(s.state.last, s.state.acknowledged)
	if damaged != s.state.damaged {
		s.state.damaged = damaged
		s.writeState() //nolint:errcheck // counted again next time; reading goes on
	}
	return nil
}

// keepBase makes an acknowledged item the base, or removes it.
func (s *Spool) keepBase(it Item) {
	old := s.base
	if it.Kind == State && (old == nil || it.Sequence > old.Sequence) {
		s.base = &it
	} else {
		old = &it
	}
	if old != nil {
		s.remove(fileName(old.Sequence))
	}
}

// remove takes a file away where it may; what stays is stepped over by the next load.
func (s *Spool) remove(name string) {
	if !s.o.ReadOnly {
		os.Remove(filepath.Join(s.dir, name)) //nolint:errcheck // see above
	}
}

// Append stores it under the next sequence, which it returns; when Append returns, the item survives a power cut. When the
// bound or the disk is reached it drops items less valuable than this one; if there are none left the error wraps
// [ErrFull] or is the disk's; the caller still has the item and may try again.
func (s *Spool) Append(it Item) (uint64, error) {
	if len(it.Payload) > MaxPayload || int64(len(it.Payload)) > s.o.MaxBytes {
		return 0, fmt.Errorf("append %d bytes: %w", len(it.Payload), ErrTooLarge)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	it.Size = len(it.Payload)
	it.Sequence = s.state.last + 1
	for s.overBound(it.Size) {
		if !s.dropFor(it) {
			return 0, fmt.Errorf("append item: %w", ErrFull)
		}
	}
	for {
		err := writeFile(s.dir, fileName(it.Sequence), encodeItem(it))
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) || !s.dropFor(it) {
			return 0, fmt.Errorf("append item: %w", err)
		}
	}
	s.state.last = it.Sequence
	it.Payload = nil
	s.items = append(s.items, it)
	return it.Sequence, nil
}

func (s *Spool) overBound(more int) bool {
	total := int64(more)
	for _, it := range s.items {
		total += int64(it.Size)
	}
	return total > s.o.MaxBytes || len(s.items) >= s.o.MaxItems
}

// dropFor removes the least valuable item, if it is worth no more than the new one.
func (s *Spool) dropFor(fresh Item) bool {
	if len(s.items) == 0 {
		return false
	}
	newest := uint64(0)
	for _, it := range append(slices.Clone(s.items), fresh) {
		if it.Kind == State {
			newest = max(newest, it.Sequence)
		}
	}
	worst := 0
	for i, it := range s.items {
		if worth(it, newest) < worth(s.items[worst], newest) {
			worst = i
		}
	}
	if worth(s.items[worst], newest) > worth(fresh, newest) {
		return false
	}
	gone := s.items[worst]
	s.items = slices.Delete(s.items, worst, worst+1)
	s.state.dropped++
	s.remove(fileName(gone.Sequence))
	s.writeState() //nolint:errcheck // on a full disk the count is written with the next state
	return true
}

// worth ranks items: superseded states, facts, the newest state, urgent ones.
func worth(it Item, newestState uint64) int {
	switch {
	case it.Urgent:
		return 3
	case it.Kind == State && it.Sequence >= newestState:
		return 2
	case it.Kind == State:
		return 0
	}
	return 1
}

// List gives the waiting items, oldest first, without payloads.
func (s *Spool) List() []Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.items)
}

// Read gives a waiting item (or the base) with its payload. An item that turns out damaged is counted, removed, and
// [ErrDamaged]; one that does not wait is fs.ErrNotExist.
func (s *Spool) Read(sequence uint64) (Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.items, func(it Item) bool { return it.Sequence == sequence })
	isBase := s.base != nil && s.base.Sequence == sequence
	if i < 0 && !isBase {
		return Item{}, fmt.Errorf("read item %d: %w", sequence, fs.ErrNotExist)
	}
	it, err := readItem(filepath.Join(s.dir, fileName(sequence)))
	if err == nil && it.Sequence == sequence {
		return it, nil
	}
	if passing(err) {
		return Item{}, fmt.Errorf("read item %d: %w", sequence, err)
	}
	s.state.damaged++
	if isBase {
		s.base = nil
	} else {
		s.items = slices.Delete(s.items, i, i+1)
	}
	s.remove(fileName(sequence))
	s.writeState() //nolint:errcheck // counted again when the directory is read anew
	return Item{}, fmt.Errorf("read item %d: %w", sequence, ErrDamaged)
}

// Base gives the newest acknowledged state, from which deltas are made; ok is false when there is none.
func (s *Spool) Base() (it Item, ok bool) {
	s.mu.Lock()
	base := s.base
	s.mu.Unlock()
	if base == nil {
		return Item{}, false
	}
	it, err := s.Read(base.Sequence)
	return it, err == nil
}

// ForgetBase drops the base: the server does not have it.
func (s *Spool) ForgetBase() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.base != nil {
		s.remove(fileName(s.base.Sequence))
		s.base = nil
	}
}

// Acknowledge removes all items up to and including sequence: the server has them. An error means that the
// acknowledgement could not be written down; the items are gone from this process all the same, and come again after a restart.
func (s *Spool) Acknowledge(sequence uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sequence = min(sequence, s.state.last)
	if sequence <= s.state.acknowledged {
		return nil
	}
	s.state.acknowledged = sequence
	err := s.writeState()
	n := 0
	for n < len(s.items) && s.items[n].Sequence <= sequence {
		n++
	}
	done := slices.Clone(s.items[:n])
	s.items = slices.Delete(s.items, 0, n)
	if err != nil {
		for i := range done {
			if done[i].Kind == State {
				s.base = &done[i]
			}
		}
		return fmt.Errorf("write acknowledgement: %w", err)
	}
	for _, it := range done {
		s.keepBase(it)
	}
	return nil
}

// Discard removes one waiting item that the server will never take, and counts it as dropped.
func (s *Spool) Discard(sequence uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.items, func(it Item) bool { return it.Sequence == sequence })
	if i < 0 {
		return nil
	}
	s.state.dropped++
	err := s.writeState()
	s.items = slices.Delete(s.items, i, i+1)
	s.remove(fileName(sequence))
	return err
}

// Renumber gives every waiting item up to and including through a new sequence above after and above all given so far:
// the server knows numbers that this outbox does not, so it was restored from an older copy, or the number was used by a clone.
func (s *Spool) Renumber(through, after uint64) error {
	s.mu.Lock()
	s.state.last = max(s.state.last, after)
	items := slices.Clone(s.items)
	err := s.writeState()
	s.mu.Unlock()
	for _, it := range items {
		if it.Sequence > through {
			continue
		}
		full, readErr := s.Read(it.Sequence)
		if readErr != nil {
			continue
		}
		if _, appendErr := s.Append(full); appendErr != nil {
			return fmt.Errorf("renumber item %d: %w", it.Sequence, appendErr)
		}
		s.mu.Lock()
		if i := slices.IndexFunc(s.items, func(x Item) bool { return x.Sequence == it.Sequence }); i >= 0 {
			s.items = slices.Delete(s.items, i, i+1)
			s.remove(fileName(it.Sequence))
		}
		s.mu.Unlock()
	}
	return err
}

// Stats gives the counters.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{Items: len(s.items), Last: s.state.last, Acknowledged: s.state.acknowledged, Dropped: s.state.dropped, Damaged: s.state.damaged}
	for i, it := range s.items {
		st.Bytes += int64(it.Size)
		if i == 0 {
			st.Oldest = it.Created
		}
	}
	return st
}

func (s *Spool) writeState() error {
	if s.o.ReadOnly {
		return fmt.Errorf("write outbox state: %w", syscall.EROFS)
	}
	return writeFile(s.dir, "state", encodeState(s.state))
}
