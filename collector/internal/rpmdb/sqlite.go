// Package rpmdb reads the packages in an rpm data base of the SQLite kind (rpm 4.16 and later), read-only and without a
// data base engine: the one table that matters is walked page by page.
package rpmdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Limits of what a damaged or hostile file may cost.
const (
	maxPages   = 1 << 18 // pages visited
	maxPayload = 32 << 20
	maxDepth   = 24
)

var errDamaged = errors.New("data base is damaged")

// database is an open SQLite file.
type database struct {
	r      io.ReaderAt
	page   int             // bytes
	usable int             // bytes of a page that hold data
	seen   map[uint32]bool // pages of this walk: a page that comes twice is a loop
}

func open(r io.ReaderAt) (*database, error) {
	head := make([]byte, 100)
	if _, err := r.ReadAt(head, 0); err != nil {
		return nil, fmt.Errorf("read header: %w", err)
	}
	if string(head[:16]) != "SQLite format 3\x00" {
		return nil, errors.New("not an SQLite data base")
	}
	d := &database{r: r, page: int(binary.BigEndian.Uint16(head[16:]))}
	if d.page == 1 {
		d.page = 65536
	}
	if d.page < 512 || d.page&(d.page-1) != 0 {
		return nil, errDamaged
	}
	if d.usable = d.page - int(head[20]); d.usable < 480 {
		return nil, errDamaged
	}
	return d, nil
}

func (d *database) read(n uint32) ([]byte, error) {
	if len(d.seen) >= maxPages {
		return nil, errors.New("data base is too large")
	}
	if n == 0 || d.seen[n] {
		return nil, errDamaged
	}
	d.seen[n] = true
	b := make([]byte, d.page)
	if _, err := d.r.ReadAt(b, int64(n-1)*int64(d.page)); err != nil {
		return nil, fmt.Errorf("read page %d: %w", n, err)
	}
	return b, nil
}

// walk calls f with the record of every row of the table whose tree begins at a page.
func (d *database) walk(root uint32, f func(record []byte) error) error {
	d.seen = map[uint32]bool{}
	return d.table(root, 0, f)
}

// table walks one page of the tree and those below it.
func (d *database) table(root uint32, depth int, f func(record []byte) error) error {
	if depth > maxDepth {
		return errDamaged
	}
	b, err := d.read(root)
	if err != nil {
		return err
	}
	at := 0
	if root == 1 {
		at = 100 // the file's header stands on the first page
	}
	const interior, leaf = 0x05, 0x0d
	kind, cells := b[at], int(binary.BigEndian.Uint16(b[at+3:]))
	pointers := at + 8
	if kind == interior {
		pointers = at + 12
	}
	if kind != interior && kind != leaf || pointers+2*cells > len(b) {
		return errDamaged
	}
	for i := range cells {
		cell := int(binary.BigEndian.Uint16(b[pointers+2*i:]))
		if cell+4 > len(b) {
			return errDamaged
		}
		if kind == interior {
			if err := d.table(binary.BigEndian.Uint32(b[cell:]), depth+1, f); err != nil {
				return err
			}
			continue
		}
		record, err := d.payload(b[cell:])
		if err != nil {
			return err
		}
		if err := f(record); err != nil {
			return err
		}
	}
	if kind == interior {
		return d.table(binary.BigEndian.Uint32(b[at+8:]), depth+1, f)
	}
	return nil
}

// payload reads the record of a leaf cell, with the pages it runs over to.
func (d *database) payload(cell []byte) ([]byte, error) {
	size, n := varint(cell)
	_, m := varint(cell[n:])
	if n == 0 || m == 0 || size > maxPayload {
		return nil, errDamaged
	}
	cell = cell[n+m:]
	total := int(size)
	local := total
	if most := d.usable - 35; total > most {
		least := (d.usable-12)*32/255 - 23
		if local = least + (total-least)%(d.usable-4); local > most {
			local = least
		}
	}
	if local > len(cell) {
		return nil, errDamaged
	}
	out := append(make([]byte, 0, min(total, 1<<20)), cell[:local]...)
	if local == total {
		return out, nil
	}
	if local+4 > len(cell) {
		return nil, errDamaged
	}
	for next := binary.BigEndian.Uint32(cell[local:]); len(out) < total; {
		b, err := d.read(next)
		if err != nil {
			return nil, err
		}
		next = binary.BigEndian.Uint32(b)
		out = append(out, b[4:min(d.usable, 4+total-len(out))]...)
	}
	return out, nil
}

// varint reads SQLite's numbers of one to nine bytes; n is 0 when the bytes end early.
func varint(b []byte) (v uint64, n int) {
	for i := range 9 {
		if i >= len(b) {
			return 0, 0
		}
		if i == 8 {
			return v<<8 | uint64(b[i]), 9
		}
		v = v<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

// columns cuts a record into its values; numbers are kept as their bytes, big-endian.
func columns(record []byte) ([][]byte, error) {
	size, n := varint(record)
	if n == 0 || size > uint64(len(record)) || uint64(n) > size {
		return nil, errDamaged
	}
	types, body := record[n:size], record[size:]
	var out [][]byte
	for len(types) > 0 && len(out) < 64 {
		t, n := varint(types)
		if n == 0 {
			return nil, errDamaged
		}
		types = types[n:]
		width := uint64(0)
		switch {
		case t <= 4:
			width = t
		case t == 5:
			width = 6
		case t == 6, t == 7:
			width = 8
		case t == 8:
			out = append(out, []byte{0})
			continue
		case t == 9:
			out = append(out, []byte{1})
			continue
		case t >= 12:
			width = (t - 12) / 2
		}
		if width > uint64(len(body)) {
			return nil, errDamaged
		}
		out, body = append(out, body[:width]), body[width:]
	}
	return out, nil
}

// root finds the first page of a table by its name.
func (d *database) root(name string) (uint32, error) {
	var page uint32
	err := d.walk(1, func(record []byte) error {
		c, err := columns(record)
		if err != nil {
			return err
		}
		if len(c) >= 4 && string(c[0]) == "table" && string(c[1]) == name && len(c[3]) <= 4 {
			for _, b := range c[3] {
				page = page<<8 | uint32(b)
			}
		}
		return nil
	})
	if err == nil && page == 0 {
		err = fmt.Errorf("no table %s", name)
	}
	return page, err
}
