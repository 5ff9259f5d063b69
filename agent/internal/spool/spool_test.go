package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var day = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string, o Options) *Spool {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) //nolint:errcheck // a test's outbox
	return s
}

func state(i int) Item {
	return Item{Kind: State, Created: day.AddDate(0, 0, i), Payload: fmt.Appendf(nil, "state %d", i)}
}

func add(t *testing.T, s *Spool, items ...Item) {
	t.Helper()
	for _, it := range items {
		if _, err := s.Append(it); err != nil {
			t.Fatal(err)
		}
	}
}

func sequences(s *Spool) []uint64 {
	out := []uint64{}
	for _, it := range s.List() {
		out = append(out, it.Sequence)
	}
	return out
}

func wantSequences(t *testing.T, s *Spool, want ...uint64) {
	t.Helper()
	if d := cmp.Diff(append([]uint64{}, want...), sequences(s)); d != "" {
		t.Errorf("waiting items (-want +got):\n%s", d)
	}
}

func reopen(t *testing.T, s *Spool) *Spool {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, s.dir, s.o)
}

func TestItemsSurviveAndLeaveInOrder(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	add(t, s, state(1), Item{Kind: Facts, Urgent: true, Created: day, Payload: []byte("facts")}, state(3))
	s = reopen(t, s)
	wantSequences(t, s, 1, 2, 3)
	got, err := s.Read(2)
	if err != nil {
		t.Fatal(err)
	}
	want := Item{Sequence: 2, Kind: Facts, Urgent: true, Created: day, Payload: []byte("facts"), Size: 5}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("item (-want +got):\n%s", d)
	}
	if err := s.Acknowledge(2); err != nil {
		t.Fatal(err)
	}
	wantSequences(t, s, 3)
	if base, ok := s.Base(); !ok || base.Sequence != 1 {
		t.Errorf("base is %v, %t, want item 1", base, ok)
	}
	s = reopen(t, s)
	wantSequences(t, s, 3)
	if base, ok := s.Base(); !ok || base.Sequence != 1 {
		t.Errorf("base after reopening is %v, %t, want item 1", base, ok)
	}
	if err := s.Acknowledge(99); err != nil {
		t.Fatal(err)
	}
	if base, ok := s.Base(); !ok || base.Sequence != 3 {
		t.Errorf("base is %v, %t, want item 3", base, ok)
	}
	if names, _ := filepath.Glob(filepath.Join(s.dir, "*.item")); len(names) != 1 {
		t.Errorf("files left: %v, want the base alone", names)
	}
}

func TestSequenceNeverComesAgain(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	add(t, s, state(1), state(2))
	if err := s.Acknowledge(2); err != nil {
		t.Fatal(err)
	}
	s.ForgetBase()
	s = reopen(t, s)
	seq, err := s.Append(state(3))
	if err != nil || seq != 3 {
		t.Errorf("sequence is %d (%v), want 3", seq, err)
	}
}

// TestStateFileLost: numbers go on after the highest name; what was acknowledged comes again, which the server ignores.
func TestStateFileLost(t *testing.T) {
	for name, spoil := range map[string]func(string) error{
		"removed": os.Remove,
		"torn":    func(p string) error { return os.Truncate(p, 7) },
		"flipped": func(p string) error {
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			b[9] ^= 0x40
			return os.WriteFile(p, b, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir(), Options{})
			add(t, s, state(1), state(2), state(3))
			if err := s.Acknowledge(1); err != nil {
				t.Fatal(err)
			}
			if err := spoil(filepath.Join(s.dir, "state")); err != nil {
				t.Fatal(err)
			}
			s = reopen(t, s)
			wantSequences(t, s, 1, 2, 3)
			if seq, err := s.Append(state(4)); err != nil || seq != 4 {
				t.Errorf("sequence is %d (%v), want 4", seq, err)
			}
		})
	}
}

// TestCrashAtEveryByte cuts an item's file at every length: the others stand, the damage is counted, work goes on.
func TestCrashAtEveryByte(t *testing.T) {
	whole := encodeItem(Item{Sequence: 2, Kind: State, Created: day, Payload: []byte("state 2")})
	for n := range len(whole) {
		s := open(t, t.TempDir(), Options{})
		add(t, s, state(1), state(2), state(3))
		if err := os.WriteFile(filepath.Join(s.dir, fileName(2)), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		s = reopen(t, s)
		wantSequences(t, s, 1, 3)
		if st := s.Stats(); st.Damaged != 1 || st.Last != 3 {
			t.Fatalf("cut at %d: %+v", n, st)
		}
		s = reopen(t, s)
		if st := s.Stats(); st.Damaged != 1 {
			t.Fatalf("cut at %d: counted again: %+v", n, st)
		}
	}
}

func TestDamageFoundWhileOpen(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	add(t, s, state(1), state(2), state(3))
	name := filepath.Join(s.dir, fileName(2))
	b, _ := os.ReadFile(name)
	b[len(b)/2] ^= 1
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(2); !errors.Is(err, ErrDamaged) {
		t.Errorf("error is %v, want ErrDamaged", err)
	}
	wantSequences(t, s, 1, 3)
	if _, err := s.Read(2); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v, want not exist", err)
	}
}

// TestNoDirectory finds a file where the outbox should be, twice, as a repair of the file system may leave it: work begins anew, it is counted,
// and what was found lies beside.
func TestNoDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "outbox")
	for n := range 2 {
		if err := os.WriteFile(dir, []byte{byte(n)}, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, Options{})
		add(t, s, state(1))
		if st := reopen(t, s).Stats(); st.Items != 1 || st.Damaged != 1 {
			t.Errorf("time %d: %+v", n, st)
		}
		if b, err := os.ReadFile(dir + ".damaged"); err != nil || len(b) != 1 || b[0] != byte(n) {
			t.Errorf("time %d: set aside %v, %v", n, b, err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPassingErrors: an item that cannot be opened just now is neither dropped nor counted.
func TestPassingErrors(t *testing.T) {
	for err, want := range map[error]bool{
		&fs.PathError{Err: syscall.EMFILE}: true, fmt.Errorf("x: %w", syscall.ENOMEM): true, fs.ErrPermission: true,
		&fs.PathError{Err: syscall.EIO}: false, ErrDamaged: false, &fs.PathError{Err: syscall.ELOOP}: false,
	} {
		if got := passing(err); got != want {
			t.Errorf("%v: %t", err, got)
		}
	}
	s := open(t, t.TempDir(), Options{})
	add(t, s, state(1), state(2))
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old) }) //nolint:errcheck // a test's limit
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 0, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Read(1)
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old) //nolint:errcheck // see the cleanup
	if !errors.Is(err, syscall.EMFILE) {
		t.Fatalf("without a descriptor to spare: %v", err)
	}
	wantSequences(t, s, 1, 2)
	if _, err := s.Read(1); err != nil || s.Stats().Damaged != 0 {
		t.Errorf("later: %v, %+v", err, s.Stats())
	}
}

func TestRubbishIsSteppedOver(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		".tmp-123": "half", "notes.txt": "x", "00000000000000000000.item": "zero", "99999999999999999999.item": "overflow",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, fileName(5)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(dir, fileName(6))); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, Options{})
	wantSequences(t, s)
	if seq, err := s.Append(state(1)); err != nil || seq != 7 {
		t.Errorf("sequence is %d (%v), want 7", seq, err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".tmp-123")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("temporary file of a crash is still there")
	}
}

func TestBoundDropsTheLeastValuable(t *testing.T) {
	urgent := func(i int) Item { it := state(i); it.Urgent = true; return it }
	facts := Item{Kind: Facts, Created: day, Payload: []byte("f")}
	for name, tc := range map[string]struct {
		before []Item
		add    Item
		want   []uint64
		err    error
	}{
		"oldest-state-first":      {[]Item{state(1), state(2), state(3)}, state(4), []uint64{2, 3, 4}, nil},
		"state-before-facts":      {[]Item{facts, state(2), facts}, state(4), []uint64{1, 3, 4}, nil},
		"facts-before-newest":     {[]Item{facts, facts, state(3)}, facts, []uint64{2, 3, 4}, nil},
		"urgent-stays":            {[]Item{urgent(1), state(2), urgent(3)}, state(4), []uint64{1, 3, 4}, nil},
		"urgent-pushes-newest":    {[]Item{urgent(1), urgent(2), state(3)}, urgent(4), []uint64{1, 2, 4}, nil},
		"oldest-urgent-at-last":   {[]Item{urgent(1), urgent(2), urgent(3)}, urgent(4), []uint64{2, 3, 4}, nil},
		"nothing-beats-urgent":    {[]Item{urgent(1), urgent(2), urgent(3)}, state(4), []uint64{1, 2, 3}, ErrFull},
		"facts-do-not-push-state": {[]Item{urgent(1), urgent(2), state(3)}, facts, []uint64{1, 2, 3}, ErrFull},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir(), Options{MaxItems: 3})
			add(t, s, tc.before...)
			if _, err := s.Append(tc.add); !errors.Is(err, tc.err) {
				t.Fatalf("error is %v, want %v", err, tc.err)
			}
			wantSequences(t, s, tc.want...)
			s = reopen(t, s)
			wantSequences(t, s, tc.want...)
			wantDropped := uint64(1)
			if tc.err != nil {
				wantDropped = 0
			}
			if st := s.Stats(); st.Dropped != wantDropped {
				t.Errorf("dropped is %d, want %d", st.Dropped, wantDropped)
			}
		})
	}
}

func TestBoundInBytes(t *testing.T) {
	s := open(t, t.TempDir(), Options{MaxBytes: 100})
	for i := range 10 {
		add(t, s, Item{Kind: State, Created: day, Payload: bytes.Repeat([]byte{byte(i)}, 40)})
	}
	if st := s.Stats(); st.Items != 2 || st.Bytes != 80 || st.Dropped != 8 {
		t.Errorf("stats are %+v", st)
	}
	if _, err := s.Append(Item{Kind: State, Payload: make([]byte, 101)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error is %v, want ErrTooLarge", err)
	}
}

func TestRenumberAfterARestoredCopy(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	add(t, s, state(1), state(2))
	if err := s.Renumber(2, 40); err != nil {
		t.Fatal(err)
	}
	wantSequences(t, s, 41, 42)
	s = reopen(t, s)
	wantSequences(t, s, 41, 42)
	it, err := s.Read(41)
	if err != nil || string(it.Payload) != "state 1" || !it.Created.Equal(day.AddDate(0, 0, 1)) {
		t.Errorf("item 41 is %+v (%v)", it, err)
	}
}

func TestDiscard(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	add(t, s, state(1), state(2))
	if err := s.Discard(1); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	wantSequences(t, s, 2)
	if st := s.Stats(); st.Dropped != 1 {
		t.Errorf("stats are %+v", st)
	}
}

func TestOneWriterManyReaders(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	add(t, s, state(1))
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("error is %v, want ErrInUse", err)
	}
	r := open(t, dir, Options{ReadOnly: true})
	wantSequences(t, r, 1)
	if _, err := r.Read(1); err != nil {
		t.Error(err)
	}
	none := open(t, filepath.Join(dir, "none"), Options{ReadOnly: true})
	wantSequences(t, none)
	if _, err := os.Stat(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("looking made the directory")
	}
}

func FuzzDecodeItem(f *testing.F) {
	f.Add(encodeItem(Item{Sequence: 2, Kind: State, Created: day, Payload: []byte("x")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		it, err := decodeItem(b)
		if err == nil && len(it.Payload) > len(b) {
			t.Fatal("payload is longer than its file")
		}
	})
}

func FuzzDecodeState(f *testing.F) {
	f.Add(encodeState(counters{1, 2, 3, 4}))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decodeState(b)
		if err == nil && !bytes.Equal(encodeState(c), b) {
			t.Fatal("state does not round-trip")
		}
	})
}

func BenchmarkAppendAcknowledge(b *testing.B) {
	s, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // a benchmark's outbox
	it := Item{Kind: State, Created: day, Payload: make([]byte, 2000)}
	for b.Loop() {
		seq, err := s.Append(it)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Acknowledge(seq); err != nil {
			b.Fatal(err)
		}
	}
}
