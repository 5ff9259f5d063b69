package host

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	resolveFlags = unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS
	maxLinks     = 40  // as the kernel allows
	maxElems     = 256 // path elements walked in one resolution by hand
)

// open opens a path inside the root; follow says whether a link in the last element is followed.
func (e *Env) open(name string, flags int, follow bool) (int, error) {
	rel, err := absolute(name)
	if err != nil {
		return -1, err
	}
	flags |= unix.O_CLOEXEC
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	if e.noAt2 {
		return e.openByHand(rel, flags, follow)
	}
	how := &unix.OpenHow{Flags: uint64(flags), Resolve: resolveFlags}
	for range 8 { // EAGAIN: something was renamed meanwhile and the kernel could not be sure
		var fd int
		if fd, err = unix.Openat2(e.rootFD, rel, how); !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
	return -1, err
}

// openByHand does what openat2 with RESOLVE_IN_ROOT does, for kernels before 5.6: it walks the elements one by one from
// the root, never following a link in the kernel, and keeps the directories it came through for "..".
func (e *Env) openByHand(rel string, flags int, follow bool) (int, error) {
	w := &walker{env: e}
	defer w.close()
	parent, last, err := w.walk(rel, follow)
	if err != nil {
		return -1, err
	}
	return unix.Openat(parent, last, flags|unix.O_NOFOLLOW, 0)
}

// resolve returns the path after all links.
func (e *Env) resolve(name string) (string, error) {
	rel, err := absolute(name)
	if err != nil {
		return "", err
	}
	w := &walker{env: e}
	defer w.close()
	_, last, err := w.walk(rel, true)
	if err != nil {
		return "", err
	}
	p := path.Join("/", strings.Join(w.names, "/"), last)
	if _, err := e.lstat(p, false); err != nil {
		return "", err
	}
	return p, nil
}

// walker is one resolution by hand.
type walker struct {
	env   *Env
	dirs  []int    // open directories below the root
	names []string // their names
}

func (w *walker) close() {
	for _, fd := range w.dirs {
		unix.Close(fd)
	}
}

func (w *walker) top() int {
	if len(w.dirs) == 0 {
		return w.env.rootFD
	}
	return w.dirs[len(w.dirs)-1]
}

func (w *walker) up() {
	if n := len(w.dirs); n > 0 {
		unix.Close(w.dirs[n-1])
		w.dirs, w.names = w.dirs[:n-1], w.names[:n-1]
	}
}

// walk goes to the directory that holds the last element and returns both; the last element is no link if follow is set.
func (w *walker) walk(rel string, follow bool) (parent int, last string, err error) {
	elems := strings.Split(rel, "/")
	links, steps := 0, 0
	for len(elems) > 0 {
		if steps++; steps > maxElems {
			return -1, "", ErrLoop
		}
		elem := elems[0]
		elems = elems[1:]
		switch elem {
		case "", ".":
			continue
		case "..":
			w.up()
			continue
		}
		isLast := !hasElems(elems)
		if isLast && !follow {
			return w.top(), elem, nil
		}
		fd, err := unix.Openat(w.top(), elem, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1, "", err
		}
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			unix.Close(fd)
			return -1, "", err
		}
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFLNK:
			target, err := readlinkFD(fd)
			unix.Close(fd)
			if err != nil {
				return -1, "", err
			}
			if links++; links > maxLinks {
				return -1, "", ErrLoop
			}
			if strings.HasPrefix(target, "/") {
				for len(w.dirs) > 0 {
					w.up()
				}
			}
			elems = append(strings.Split(target, "/"), elems...)
		case unix.S_IFDIR:
			w.dirs, w.names = append(w.dirs, fd), append(w.names, elem)
		default:
			unix.Close(fd)
			if !isLast {
				return -1, "", unix.ENOTDIR
			}
			return w.top(), elem, nil
		}
	}
	return w.top(), ".", nil
}

func hasElems(elems []string) bool {
	for _, s := range elems {
		if s != "" && s != "." {
			return true
		}
	}
	return false
}

func readlinkFD(fd int) (string, error) {
	b := make([]byte, 4096)
	n, err := unix.Readlinkat(fd, "", b)
	if errors.Is(err, unix.ENOENT) {
		err = unix.EINVAL // not a link
	}
	if err != nil {
		return "", err
	}
	return string(b[:n]), nil
}

// readAll reads at most limit bytes and calls more of them ErrTooLarge. A file's size is a hint only: those of /proc say 0.
func readAll(fd int, limit int64) ([]byte, error) {
	size := int64(4096)
	var st unix.Stat_t
	if unix.Fstat(fd, &st) == nil && st.Size > 0 {
		if st.Size > limit {
			return nil, ErrTooLarge
		}
		size = st.Size + 1
	}
	b := make([]byte, 0, size)
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := readOnce(fd, b[len(b):cap(b)])
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return b, nil
		}
		b = b[:len(b)+n]
		if int64(len(b)) > limit {
			return nil, ErrTooLarge
		}
	}
}

func readFull(fd int, b []byte) (int, error) {
	have := 0
	for have < len(b) {
		n, err := readOnce(fd, b[have:])
		if err != nil {
			return have, err
		}
		if n == 0 {
			break
		}
		have += n
	}
	return have, nil
}

func readOnce(fd int, b []byte) (int, error) {
	for {
		n, err := unix.Read(fd, b)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return n, err
	}
}

// wide returns a device number as 64 bits: the kernels of mips give 32.
func wide[T uint32 | uint64](dev T) uint64 { return uint64(dev) }

func isEOF(err error) bool { return errors.Is(err, io.EOF) }

// fileInfo is fs.FileInfo over a stat that was made inside the root.
type fileInfo struct {
	name string
	st   unix.Stat_t
}

func (i *fileInfo) Name() string       { return i.name }
func (i *fileInfo) Size() int64        { return i.st.Size }
func (i *fileInfo) ModTime() time.Time { return time.Unix(i.st.Mtim.Unix()) }
func (i *fileInfo) IsDir() bool        { return i.Mode().IsDir() }
func (i *fileInfo) Sys() any           { return &i.st }

func (i *fileInfo) Mode() fs.FileMode {
	m := fs.FileMode(i.st.Mode & 0o777)
	switch i.st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		m |= fs.ModeDir
	case unix.S_IFLNK:
		m |= fs.ModeSymlink
	case unix.S_IFIFO:
		m |= fs.ModeNamedPipe
	case unix.S_IFSOCK:
		m |= fs.ModeSocket
	case unix.S_IFCHR:
		m |= fs.ModeDevice | fs.ModeCharDevice
	case unix.S_IFBLK:
		m |= fs.ModeDevice
	}
	if i.st.Mode&unix.S_ISUID != 0 {
		m |= fs.ModeSetuid
	}
	if i.st.Mode&unix.S_ISGID != 0 {
		m |= fs.ModeSetgid
	}
	if i.st.Mode&unix.S_ISVTX != 0 {
		m |= fs.ModeSticky
	}
	return m
}
