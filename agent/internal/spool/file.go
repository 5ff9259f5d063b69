package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/vymir-project/vymir/agent/internal/durable"
)

// counters are what the state file keeps.
type counters struct{ last, acknowledged, dropped, damaged uint64 }

const (
	itemMagic  = "VYSP"
	stateMagic = "VYST"
	version    = 1
	flagUrgent = 1
	itemHeader = 4 + 1 + 1 + 1 + 8 + 8 + 4 // magic, version, kind, flags, sequence, created, length
	stateSize  = 4 + 1 + 4*8 + 4
	suffix     = ".item"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func fileName(sequence uint64) string { return fmt.Sprintf("%020d%s", sequence, suffix) }

func parseName(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && n > 0
}

func encodeItem(it Item) []byte {
	b := make([]byte, 0, itemHeader+len(it.Payload)+4)
	b = append(b, itemMagic...)
	flags := byte(0)
	if it.Urgent {
		flags = flagUrgent
	}
	b = append(b, version, byte(it.Kind), flags)
	b = binary.BigEndian.AppendUint64(b, it.Sequence)
	b = binary.BigEndian.AppendUint64(b, uint64(it.Created.UnixMilli()))
	b = binary.BigEndian.AppendUint32(b, uint32(len(it.Payload)))
	b = append(b, it.Payload...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeItem(b []byte) (Item, error) {
	if len(b) < itemHeader+4 || string(b[:4]) != itemMagic || b[4] != version {
		return Item{}, ErrDamaged
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum || int(binary.BigEndian.Uint32(b[23:])) != len(body)-itemHeader {
		return Item{}, ErrDamaged
	}
	it := Item{
		Kind: Kind(b[5]), Urgent: b[6]&flagUrgent != 0, Sequence: binary.BigEndian.Uint64(b[7:]),
		Created: time.UnixMilli(int64(binary.BigEndian.Uint64(b[15:]))).UTC(), Payload: body[itemHeader:],
	}
	it.Size = len(it.Payload)
	return it, nil
}

func encodeState(c counters) []byte {
	b := append([]byte(stateMagic), version)
	for _, n := range []uint64{c.last, c.acknowledged, c.dropped, c.damaged} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeState(b []byte) (counters, error) {
	if len(b) != stateSize || string(b[:4]) != stateMagic || b[4] != version ||
		crc32.Checksum(b[:stateSize-4], castagnoli) != binary.BigEndian.Uint32(b[stateSize-4:]) {
		return counters{}, ErrDamaged
	}
	n := func(i int) uint64 { return binary.BigEndian.Uint64(b[5+8*i:]) }
	return counters{last: n(0), acknowledged: n(1), dropped: n(2), damaged: n(3)}, nil
}

func readState(path string) (counters, error) {
	b, err := readBounded(path, stateSize)
	if err != nil {
		return counters{}, err
	}
	return decodeState(b)
}

func readItem(path string) (Item, error) {
	b, err := readBounded(path, itemHeader+MaxPayload+4)
	if err != nil {
		return Item{}, err
	}
	return decodeItem(b)
}

// passing reports whether an error says nothing of the file itself: it may well be read the next time.
func passing(err error) bool {
	if errors.Is(err, fs.ErrPermission) {
		return true
	}
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EAGAIN, syscall.EINTR} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// makeDir makes the directory. What lies in its place and is none, or is one that the disk cannot read any more, is set aside beside it, in
// place of what was set aside before: nobody must have to come and repair it.
func makeDir(dir string) (aside bool, err error) {
	if err = os.MkdirAll(dir, 0o700); err == nil {
		_, err = os.ReadDir(dir)
	}
	broken := errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EIO) || errors.Is(err, syscall.EUCLEAN)
	if !broken {
		return false, err
	}
	old := dir + ".damaged"
	if err := errors.Join(os.RemoveAll(old), os.Rename(dir, old)); err != nil {
		return false, err
	}
	return true, os.MkdirAll(dir, 0o700)
}

// readBounded reads a regular file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, ErrDamaged
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, ErrDamaged
	}
	return b, nil
}

// writeFile puts b under name so that a crash leaves the old file, the new one, or none: never a part of it.
func writeFile(dir, name string, b []byte) error {
	return durable.WriteFile(filepath.Join(dir, name), b)
}
