package rpmdb

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Package is one installed package.
type Package struct {
	Name    string
	Version string // [epoch:]version-release
	Arch    string
	Source  string // file name of the source package, "bash-5.1.8-9.el9.src.rpm"

	Vendor, Packager string // who distributes and who built it; empty: not said
}

// Tags of an rpm header, and the types of their values.
const (
	tagName, tagVersion, tagRelease, tagEpoch, tagArch, tagSource = 1000, 1001, 1002, 1003, 1022, 1044
	tagVendor, tagPackager                                        = 1011, 1015

	tagFileStates, tagFileModes, tagFileDigests, tagFileFlags, tagFileVerify = 1029, 1030, 1035, 1037, 1045
	tagDirIndexes, tagBaseNames, tagDirNames, tagDigestAlgo                  = 1116, 1117, 1118, 5011

	typeChar, typeInt8, typeInt16, typeInt32, typeString, typeStringArray, typeI18N = 1, 2, 3, 4, 6, 8, 9

	maxEntries = 1 << 16
	maxFiles   = 1 << 20 // of one package
)

// Read calls f for every installed package. Keys that rpm keeps as packages (gpg-pubkey) are left out. What stands only
// in the write-ahead log of a data base that was not closed is not seen.
func Read(r io.ReaderAt, f func(Package) error) error {
	return headers(r, func(h header) error {
		if p := h.pkg(); p.Name != "" && p.Name != "gpg-pubkey" {
			return f(p)
		}
		return nil
	})
}

// headers calls f for every header of the data base.
func headers(r io.ReaderAt, f func(header) error) error {
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
		h, err := parseHeader(c[1])
		if err != nil {
			return err
		}
		return f(h)
	})
}

// entry is one value of a header: its type, how many there are, and the data from its first byte on.
type entry struct {
	typ, count uint32
	data       []byte
}

// header is an rpm header by tag.
type header map[uint32]entry

// wantedTags are those that are looked at.
var wantedTags = []uint32{
	tagName, tagVersion, tagRelease, tagEpoch, tagArch, tagSource, tagVendor, tagPackager, tagFileStates, tagFileModes, tagFileDigests, tagFileFlags,
	tagFileVerify, tagDirIndexes, tagBaseNames, tagDirNames, tagDigestAlgo,
}

// parseHeader reads an rpm header: the numbers of entries and of data bytes, the entries, the data.
func parseHeader(b []byte) (header, error) {
	if len(b) < 8 {
		return nil, errDamaged
	}
	entries, size := uint64(binary.BigEndian.Uint32(b)), uint64(binary.BigEndian.Uint32(b[4:]))
	if entries > maxEntries || 8+16*entries+size > uint64(len(b)) {
		return nil, errDamaged
	}
	data := b[8+16*entries:][:size]
	h := header{}
	for i := range entries {
		e := b[8+16*i:]
		tag, at := binary.BigEndian.Uint32(e), uint64(binary.BigEndian.Uint32(e[8:]))
		if at < size && slices.Contains(wantedTags, tag) {
			h[tag] = entry{binary.BigEndian.Uint32(e[4:]), binary.BigEndian.Uint32(e[12:]), data[at:]}
		}
	}
	return h, nil
}

// text is the value of a tag as text; "" where there is none.
func (h header) text(tag uint32) string {
	switch e := h[tag]; {
	case e.typ == typeString || e.typ == typeI18N:
		s, _, _ := bytes.Cut(e.data, []byte{0})
		return string(s)
	case e.typ == typeInt32 && len(e.data) >= 4:
		return strconv.FormatUint(uint64(binary.BigEndian.Uint32(e.data)), 10)
	}
	return ""
}

// texts is the value of a tag that is a list of texts.
func (h header) texts(tag uint32) []string {
	e := h[tag]
	if e.typ != typeStringArray || e.count > maxFiles {
		return nil
	}
	out := make([]string, 0, min(e.count, 4096))
	rest := e.data
	for range e.count {
		s, after, ok := bytes.Cut(rest, []byte{0})
		if !ok {
			return nil
		}
		out = append(out, string(s))
		rest = after
	}
	return out
}

// numbers is the value of a tag that is a list of numbers of one, two or four bytes.
func (h header) numbers(tag uint32) []uint32 {
	e := h[tag]
	size := map[uint32]int{typeChar: 1, typeInt8: 1, typeInt16: 2, typeInt32: 4}[e.typ]
	if size == 0 || e.count > maxFiles || int(e.count)*size > len(e.data) {
		return nil
	}
	out := make([]uint32, e.count)
	for i := range out {
		switch b := e.data[i*size:]; size {
		case 1:
			out[i] = uint32(b[0])
		case 2:
			out[i] = uint32(binary.BigEndian.Uint16(b))
		default:
			out[i] = binary.BigEndian.Uint32(b)
		}
	}
	return out
}

func (h header) pkg() Package {
	p := Package{Name: h.text(tagName), Arch: h.text(tagArch), Source: h.text(tagSource), Vendor: h.text(tagVendor), Packager: h.text(tagPackager)}
	p.Version = h.text(tagVersion) + "-" + h.text(tagRelease)
	if epoch := h.text(tagEpoch); epoch != "" && epoch != "0" {
		p.Version = epoch + ":" + p.Version
	}
	return p
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
