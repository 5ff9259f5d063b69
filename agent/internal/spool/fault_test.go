package spool

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestMain lets the test binary be the child that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SPOOL_TEST_CHILD"); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

// child appends and acknowledges until it is killed, and says what it was promised.
func child(dir string) {
	s, err := Open(dir, Options{MaxItems: 50})
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		seq, err := s.Append(Item{Kind: State, Urgent: true, Payload: fmt.Appendf(nil, "%0*d", 100+i*37%5000, i)})
		if err != nil {
			fmt.Println("append:", err)
			os.Exit(1)
		}
		fmt.Println("appended", seq)
		if i%5 == 4 {
			if err := s.Acknowledge(seq - 2); err != nil {
				fmt.Println("acknowledge:", err)
				os.Exit(1)
			}
			fmt.Println("acknowledged", seq-2)
		}
	}
}

// TestKillAtAnyMoment kills a writing child 40 times: whatever it was told to be appended is there, nothing comes twice, the
// numbers only rise.
func TestKillAtAnyMoment(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	last, acknowledged := uint64(0), uint64(0)
	for round := range 40 {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "SPOOL_TEST_CHILD="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			word, number, _ := strings.Cut(lines.Text(), " ")
			seq, err := strconv.ParseUint(number, 10, 64)
			if err != nil {
				t.Fatalf("round %d: child says %q", round, lines.Text())
			}
			if word == "acknowledged" {
				acknowledged = max(acknowledged, seq)
			} else if seq <= last {
				t.Fatalf("round %d: sequence %d given after %d", round, seq, last)
			} else {
				last = seq
			}
			if n == 3+round%11 {
				cmd.Process.Kill() //nolint:errcheck // it may have ended
			}
		}
		cmd.Wait() //nolint:errcheck // it was killed
		s, err := Open(dir, Options{MaxItems: 50})
		if err != nil {
			t.Fatal(err)
		}
		st := s.Stats()
		// The child may have got further than it could say; what it said must hold.
		if st.Last < last || st.Damaged != 0 || st.Acknowledged < acknowledged {
			t.Fatalf("round %d: %+v, but the child had appended %d and acknowledged %d", round, st, last, acknowledged)
		}
		have := map[uint64]bool{}
		for _, it := range s.List() {
			have[it.Sequence] = true
			if _, err := s.Read(it.Sequence); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		for seq := st.Acknowledged + 1; seq <= last; seq++ {
			if !have[seq] {
				t.Fatalf("round %d: item %d is lost; %+v", round, seq, st)
			}
		}
		last = st.Last
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func tmpfs(t *testing.T, options string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount a tmpfs")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("needs CAP_SYS_ADMIN to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) }) //nolint:errcheck // a test's mount
	return dir
}

// TestFullDisk fills a tiny file system: old states make room for new ones, an urgent item is never given up for a state, and when
// others took the space the error says so and nothing that was there is lost.
func TestFullDisk(t *testing.T) {
	dir := tmpfs(t, "size=128k")
	s := open(t, filepath.Join(dir, "outbox"), Options{})
	urgent := state(0)
	urgent.Urgent = true
	add(t, s, urgent)
	for i := 1; i < 60; i++ {
		it := state(i)
		it.Payload = make([]byte, 8000)
		add(t, s, it)
	}
	st := s.Stats()
	if st.Dropped == 0 || st.Items < 2 || sequences(s)[0] != 1 {
		t.Errorf("stats are %+v, first item %d", st, sequences(s)[0])
	}
	s = reopen(t, s)
	if got := s.Stats(); got.Last != 60 || got.Items != st.Items || got.Damaged != 0 {
		t.Errorf("after reopening: %+v, before %+v", got, st)
	}

	fill(t, filepath.Join(dir, "others"))
	if err := s.Acknowledge(60); err != nil {
		t.Logf("acknowledging on a full disk: %v", err)
	}
	big := urgent
	big.Payload = make([]byte, 100_000)
	if seq, err := s.Append(big); err == nil {
		t.Errorf("100,000 bytes fit as %d on a full disk", seq)
	}
	if err := os.Remove(filepath.Join(dir, "others")); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	if seq, err := s.Append(state(99)); err != nil || seq <= 60 {
		t.Errorf("sequence is %d (%v), want more than 60", seq, err)
	}
}

func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return
		}
	}
}

// TestReadOnlyRemount: what is there can be read and sent, what cannot be written is said, and nothing stops.
func TestReadOnlyRemount(t *testing.T) {
	dir := tmpfs(t, "size=1m")
	s := open(t, dir, Options{})
	add(t, s, state(1), state(2))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, fileName(3)), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("needs CAP_SYS_ADMIN to remount: %v", err)
	}
	s = open(t, dir, Options{})
	wantSequences(t, s, 1, 2)
	if _, err := s.Append(state(4)); err == nil {
		t.Error("appended to a read-only file system")
	}
	if _, err := s.Read(1); err != nil {
		t.Error(err)
	}
	if err := s.Acknowledge(1); err == nil {
		t.Error("acknowledgement was written to a read-only file system")
	}
	wantSequences(t, s, 2)
	if base, ok := s.Base(); !ok || base.Sequence != 1 {
		t.Errorf("base is %v, %t, want item 1", base, ok)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	if seq, err := s.Append(state(4)); err != nil || seq != 4 {
		t.Errorf("sequence is %d (%v), want 4", seq, err)
	}
}
