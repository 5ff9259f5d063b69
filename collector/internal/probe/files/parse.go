package files

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// event is one record of fanotify.
type event struct {
	mask     uint64
	pid      int32
	dir      handle // or, without a name, the file itself
	name     string
	overflow bool
}

// Lengths of the kernel's records (linux/fanotify.h), in bytes.
const (
	metadataLength = 24
	infoLength     = 4
	fsidLength     = 8
	handleLength   = 8
)

// parse splits what was read into events; what does not fit ends it.
func parse(b []byte, f func(event)) {
	n := binary.NativeEndian
	for len(b) >= metadataLength {
		length, head := int(n.Uint32(b)), int(n.Uint16(b[6:]))
		if length < metadataLength || length > len(b) || head < metadataLength || head > length || b[4] != unix.FANOTIFY_METADATA_VERSION {
			return
		}
		e := event{mask: n.Uint64(b[8:]), pid: int32(n.Uint32(b[20:]))}
		e.overflow = e.mask&unix.FAN_Q_OVERFLOW != 0
		if e.info(b[head:length]) || e.overflow {
			f(e)
		}
		b = b[length:]
	}
}

// info finds the directory and the name among the records that follow an event.
func (e *event) info(b []byte) bool {
	n := binary.NativeEndian
	for len(b) >= infoLength {
		kind, length := b[0], int(n.Uint16(b[2:]))
		if length < infoLength || length > len(b) {
			return false
		}
		if kind == unix.FAN_EVENT_INFO_TYPE_DFID_NAME || kind == unix.FAN_EVENT_INFO_TYPE_FID {
			return e.named(b[infoLength:length])
		}
		b = b[length:]
	}
	return false
}

// named reads a file system id, a handle, and where the handle is that of a directory a name that ends with a zero.
func (e *event) named(b []byte) bool {
	if len(b) < fsidLength+handleLength {
		return false
	}
	n := binary.NativeEndian
	copy(e.dir.fsid[:], b)
	b = b[fsidLength:]
	size := int(n.Uint32(b))
	e.dir.kind = int32(n.Uint32(b[4:]))
	b = b[handleLength:]
	if size < 0 || size > len(b) {
		return false
	}
	e.dir.bytes = string(b[:size])
	name, _, _ := bytes.Cut(b[size:], []byte{0})
	e.name = string(name)
	return true
}

// what names the change; of several the gravest.
func (e *event) what() string {
	switch {
	case e.mask&unix.FAN_DELETE != 0:
		return "deleted"
	case e.mask&unix.FAN_MOVED_TO != 0:
		return "replaced"
	case e.mask&unix.FAN_CLOSE_WRITE != 0:
		return "written"
	case e.mask&unix.FAN_CREATE != 0:
		return "created"
	}
	return "attributes"
}

func putFSID(to *[8]byte, id unix.Fsid) {
	binary.NativeEndian.PutUint32(to[:], uint32(id.Val[0]))
	binary.NativeEndian.PutUint32(to[4:], uint32(id.Val[1]))
}
