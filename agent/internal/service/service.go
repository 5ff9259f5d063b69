// Package service tells systemd how the daemon is: ready, alive, stopping. Without systemd every call does nothing.
package service

import (
	"net"
	"os"
	"strconv"
	"time"
)

// Notify sends one state, such as "READY=1" or "STATUS=...". It is best effort.
func Notify(state string) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	if name[0] == '@' {
		name = "\x00" + name[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()        //nolint:errcheck // best effort
	c.Write([]byte(state)) //nolint:errcheck // best effort
}

// Watchdog gives how often "WATCHDOG=1" must be sent: half of what the unit allows. Zero: systemd does not watch.
func Watchdog() time.Duration {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	us, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || us <= 0 {
		return 0
	}
	return time.Duration(us) * time.Microsecond / 2
}
