// Package utmp reads the records of logins that utmp(5), wtmp and btmp hold.
package utmp

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"time"
)

// Record is one entry.
type Record struct {
	Type uint16 // UserProcess and others
	PID  int32
	Line string    // terminal, or the name of the service
	User string    // as it was typed: of a failed login it may be no user at all
	Host string    // address or name of where it came from, or a display; empty: here
	At   time.Time // UTC, in whole seconds
}

// Types of records we have to do with.
const (
	LoginProcess = 6 // waits for somebody to log in; what failed logins stand as
	UserProcess  = 7 // somebody is logged in
)

// Size is the length of a record of this machine's C library, in bytes: two of its members are as long as a register on some
// machines, and 32 bits on those that once ran 32-bit programs.
var Size, timeAt = layout(runtime.GOARCH)

func layout(arch string) (size, timeAt int) {
	switch arch {
	case "arm64", "riscv64", "loong64":
		return 400, 344
	}
	return 384, 340
}

// Parse calls f for every whole record.
func Parse(b []byte, f func(Record)) {
	n := binary.NativeEndian
	for ; len(b) >= Size; b = b[Size:] {
		f(Record{
			Type: n.Uint16(b), PID: int32(n.Uint32(b[4:])), Line: text(b[8:40]), User: text(b[44:76]), Host: text(b[76:332]),
			At: time.Unix(int64(n.Uint32(b[timeAt:])), 0).UTC(),
		})
	}
}

// Append writes a record behind b: for tests of those who read them.
func Append(b []byte, r Record) []byte {
	n := binary.NativeEndian
	rec := make([]byte, Size)
	n.PutUint16(rec, r.Type)
	n.PutUint32(rec[4:], uint32(r.PID))
	copy(rec[8:40], r.Line)
	copy(rec[44:76], r.User)
	copy(rec[76:332], r.Host)
	n.PutUint32(rec[timeAt:], uint32(r.At.Unix()))
	return append(b, rec...)
}

func text(b []byte) string {
	s, _, _ := bytes.Cut(b, []byte{0})
	return string(s)
}
