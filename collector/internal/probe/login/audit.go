package login

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Numbers of the kernel's audit (linux/audit.h).
const (
	auditGroup = 1    // AUDIT_NLGRP_READLOG: every record, beside the daemon that keeps them
	auditUser  = 1005 // AUDIT_USER: a program's own words
	auditLogin = 1112 // AUDIT_USER_LOGIN: what OpenSSH, login and display managers say
)

// Bounds of what waits between two drains, and of the socket's queue.
const (
	maxHeard   = 4096
	auditQueue = 1 << 18 // bytes
)

// auditCanary is what the probe says to hear itself: it stands in the audit's log at each start.
const auditCanary = "op=vymir-listens res=success"

// audit hears the logins that programs report to the kernel's audit, for hosts without wtmp and btmp. It is told of no
// others: neither su and sudo, nor programs that do not report.
type audit struct {
	socket *os.File
	done   sync.WaitGroup

	mu    sync.Mutex
	heard []report
	own   bool // the canary was heard
	lost  uint64
}

// report is a login as a program reported it.
type report struct {
	user   string // empty: uid says who
	uid    string
	host   string // address or name; empty: here
	failed bool
	at     time.Time
}

// listen joins the audit's listeners and proves itself by a record of its own. It needs CAP_AUDIT_READ and CAP_AUDIT_WRITE, and
// an audit that is switched on.
func listen(ctx context.Context) (*audit, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_AUDIT)
	if err != nil {
		return nil, fmt.Errorf("open audit: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: auditGroup}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("join audit: %w", err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, auditQueue)
	a := &audit{socket: os.NewFile(uintptr(fd), "audit")}
	a.done.Add(1)
	go func() {
		defer a.done.Done()
		a.read()
	}()
	err = hook.Prove(ctx, func(seen hook.Await) error {
		if err := unix.Sendto(fd, message(auditUser, auditCanary), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return fmt.Errorf("speak to audit: %w", err)
		}
		if !seen(a.heardItself) {
			return hook.ErrSilent
		}
		return nil
	})
	if errors.Is(err, hook.ErrSilent) {
		err = errors.New("audit is switched off")
	}
	if err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

// message is one request to the audit.
func message(kind uint16, text string) []byte {
	n := binary.NativeEndian
	b := make([]byte, unix.NLMSG_HDRLEN, unix.NLMSG_HDRLEN+len(text)+1)
	n.PutUint32(b, uint32(cap(b)))
	n.PutUint16(b[4:], kind)
	n.PutUint16(b[6:], unix.NLM_F_REQUEST)
	return append(append(b, text...), 0)
}

func (a *audit) heardItself() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.own
}

func (a *audit) read() {
	buf := make([]byte, 16<<10)
	for {
		n, err := a.socket.Read(buf)
		switch {
		case errors.Is(err, unix.ENOBUFS):
			a.lose() // at least one; the kernel does not say how many
			continue
		case err != nil:
			return
		}
		a.take(buf[:n])
	}
}

func (a *audit) take(b []byte) {
	kind, text := split(b)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch kind {
	case auditUser:
		a.own = a.own || bytes.Contains(text, []byte(auditCanary)) && bytes.Contains(text, []byte("pid="+strconv.Itoa(os.Getpid())+" "))
	case auditLogin:
		r, ok := parseReport(string(text))
		if !ok {
			return
		}
		if len(a.heard) >= maxHeard {
			a.lost++
			return
		}
		r.at = time.Now().UTC()
		a.heard = append(a.heard, r)
	}
}

func (a *audit) lose() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lost++
}

// drain gives what was heard since the last time, and how much was lost so far.
func (a *audit) drain() (heard []report, lost uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	heard, a.heard = a.heard, nil
	return heard, a.lost
}

// close leaves the audit.
func (a *audit) close() error {
	err := a.socket.Close()
	a.done.Wait()
	return err
}

// split takes the header off a record.
func split(b []byte) (kind uint16, text []byte) {
	if len(b) < unix.NLMSG_HDRLEN {
		return 0, nil
	}
	return binary.NativeEndian.Uint16(b[4:]), bytes.TrimRight(b[unix.NLMSG_HDRLEN:], "\x00")
}

// parseReport reads "audit(1:2): pid=1 uid=0 ... msg='op=login acct="olena" exe="/usr/sbin/sshd" hostname=? addr=192.0.2.1
// terminal=ssh res=failed'". A name of unusual characters stands in hexadecimal; a login that succeeded says id=1000 instead.
func parseReport(text string) (r report, ok bool) {
	_, said, ok := strings.Cut(text, "msg='")
	if !ok {
		return r, false
	}
	result := ""
	for _, field := range strings.Fields(strings.TrimSuffix(said, "'")) {
		key, value, _ := strings.Cut(field, "=")
		value = strings.TrimSuffix(value, "'")
		switch key {
		case "op":
			if value != "login" {
				return r, false
			}
		case "acct":
			r.user = unquote(value)
		case "id":
			r.uid = value
		case "addr":
			r.host = value
		case "hostname":
			if r.host == "" {
				r.host = value
			}
		case "res":
			result = value
		}
	}
	if r.host == "?" {
		r.host = ""
	}
	r.failed = result == "failed" || result == "0"
	return r, (r.user != "" || r.uid != "") && (r.failed || result == "success" || result == "1")
}

// unquote reads a value of the audit: in quotes, or in hexadecimal where it holds what could be mistaken.
func unquote(value string) string {
	if s, ok := strings.CutPrefix(value, `"`); ok {
		return strings.TrimSuffix(s, `"`)
	}
	if b, err := hex.DecodeString(value); err == nil {
		return strings.TrimRight(string(b), "\x00")
	}
	return value
}
