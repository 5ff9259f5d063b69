package rpmdb

import (
	"bytes"
	"encoding/binary"
	"io"
	"strconv"
	"strings"
)

// Package is one installed package.
type Package struct {
	Name    string
	Version string // [epoch:]version-release
	Arch    string
	Source  string // file name of the source package, "bash-5.1.8-9.el9.src.rpm"
}

// Tags of an rpm header.
const (
	tagName, tagVersion, tagRelease, tagEpoch, tagArch, tagSource = 1000, 1001, 1002, 1003, 1022, 1044
	typeInt32, typeString, typeI18N                               = 4, 6, 9
	maxEntries                                                    = 1 << 16
)

// Read calls f for every installed package. Keys that rpm keeps as packages (gpg-pubkey) are left out. What stands only
// in the write-ahead log of a data base that was not closed is not seen.
func Read(r io.ReaderAt, f func(Package) error) error {
	d, err := open(r)
	if err != nil {
		return err
	}
	root, err := d.root("Packages")
	if err != nil {
		return err
	}
	return d.walk(root, func(record []byte) error {
		c, err := columns(record)
		if err != nil {
			return err
		}
		if len(c) < 2 {
			return errDamaged
		}
		p, err := parseHeader(c[1])
		if err != nil {
			return err
		}
		if p.Name == "" || p.Name == "gpg-pubkey" {
			return nil
		}
		return f(p)
	})
}

// parseHeader reads an rpm header: the numbers of entries and of data bytes, the entries, the data.
func parseHeader(b []byte) (Package, error) {
	var p Package
	if len(b) < 8 {
		return p, errDamaged
	}
	entries, size := uint64(binary.BigEndian.Uint32(b)), uint64(binary.BigEndian.Uint32(b[4:]))
	if entries > maxEntries || 8+16*entries+size > uint64(len(b)) {
		return p, errDamaged
	}
	data := b[8+16*entries:][:size]
	var version, release, epoch string
	for i := range entries {
		e := b[8+16*i:]
		tag, typ, at := binary.BigEndian.Uint32(e), binary.BigEndian.Uint32(e[4:]), uint64(binary.BigEndian.Uint32(e[8:]))
		if at >= size {
			continue
		}
		text := ""
		switch {
		case typ == typeString || typ == typeI18N:
			s, _, _ := bytes.Cut(data[at:], []byte{0})
			text = string(s)
		case typ == typeInt32 && at+4 <= size:
			text = strconv.FormatUint(uint64(binary.BigEndian.Uint32(data[at:])), 10)
		default:
			continue
		}
		switch tag {
		case tagName:
			p.Name = text
		case tagVersion:
			version = text
		case tagRelease:
			release = text
		case tagEpoch:
			epoch = text
		case tagArch:
			p.Arch = text
		case tagSource:
			p.Source = text
		}
	}
	p.Version = version + "-" + release
	if epoch != "" && epoch != "0" {
		p.Version = epoch + ":" + p.Version
	}
	return p, nil
}

// SplitSource takes a source package's file name apart: "bash-5.1.8-9.el9.src.rpm" is bash of 5.1.8-9.el9.
func SplitSource(file string) (name, version string) {
	s := strings.TrimSuffix(strings.TrimSuffix(file, ".rpm"), ".src")
	s = strings.TrimSuffix(s, ".nosrc")
	r := strings.LastIndexByte(s, '-')
	if r < 0 {
		return s, ""
	}
	v := strings.LastIndexByte(s[:r], '-')
	if v < 0 {
		return s, ""
	}
	return s[:v], s[v+1:]
}
