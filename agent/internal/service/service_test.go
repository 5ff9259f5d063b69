package service

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func TestNotify(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	Notify("READY=1") // nobody listens: nothing happens
	name := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // a test's socket
	t.Setenv("NOTIFY_SOCKET", name)
	Notify("READY=1")
	b := make([]byte, 64)
	n, err := l.Read(b)
	if err != nil || string(b[:n]) != "READY=1" {
		t.Errorf("got %q (%v)", b[:n], err)
	}
}

func TestWatchdog(t *testing.T) {
	for _, tc := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"", "", 0}, {"600000000", "", 5 * time.Minute}, {"600000000", strconv.Itoa(os.Getpid()), 5 * time.Minute},
		{"600000000", "1", 0}, {"x", "", 0}, {"-1", "", 0},
	} {
		t.Setenv("WATCHDOG_USEC", tc.usec)
		t.Setenv("WATCHDOG_PID", tc.pid)
		if got := Watchdog(); got != tc.want {
			t.Errorf("%+v: %s", tc, got)
		}
	}
}
