package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/banned"
	"github.com/vymir-project/vymir/collector/internal/starlink"
	"github.com/vymir-project/vymir/collector/vulnindex"
)

// Limits of what one read may cost. A host can hold anything, also what was put there to harm us.
const (
	maxFile    = 1 << 20 // bytes of one file, unless the caller says otherwise
	maxEntries = 1 << 16 // entries of one directory
	maxMatches = 1 << 12 // paths of one glob
)

// Errors of reads, beside those of package fs.
var (
	ErrTooLarge   = errors.New("larger than the limit") // more bytes or entries than may be read
	ErrNotRegular = errors.New("not a regular file")    // a FIFO, device, socket or directory where a file was expected
	ErrNotLive    = errors.New("needs the running system")
	ErrLoop       = errors.New("too many symbolic links")
)

// Options open an [Env].
type Options struct {
	Root     string    // "" or "/": the live host; else a directory
	Now      time.Time // UTC
	StateDir string    // "": nothing is remembered between collections
	Proc     string    // tests: a directory that stands for / in reads of /proc and /sys; makes the Env live

	Vulns       *vulnindex.Index // vulnerabilities of this host's release; nil: none is at hand
	VulnsReason string           // why Vulns is nil

	Banned       *banned.List // software that must not be used; nil: no list is at hand
	BannedReason string       // why Banned is nil

	Dish *starlink.Dish // is asked while the rest is measured; nil: none is
}

// Env is the only way by which families reach the host. Every path is absolute and means a path inside Root; symbolic
// links are resolved inside Root, absolute ones too, and nothing outside is ever opened. No read blocks on a FIFO, a
// device or an endless file. An Env may be used by several goroutines at once.
type Env struct {
	Root       string    // "/" on a live host, else an absolute directory
	Live       bool      // the running system may be asked
	Privileged bool      // effective uid 0
	Now        time.Time // UTC: the time of the collection
	StateDir   string    // where incremental work is remembered; "": nowhere

	Vulns       *vulnindex.Index // nil: none is at hand, for VulnsReason
	VulnsReason string

	Banned       *banned.List // nil: no list is at hand, for BannedReason
	BannedReason string

	dish chan dishAnswer // holds one answer, some time; nil: no dish is asked

	native bool   // system calls (uname, statfs, netlink) describe this host; false for a recorded /proc
	proc   string // directory that /proc and /sys are read below; "" is the real root
	rootFD int
	noAt2  bool // the kernel has no openat2: resolve by hand

	shared shared // gathered once, read by several families

	namesOnce sync.Once
	users     map[uint32]string
	groups    map[uint32]string
}

// Open returns an Env for the root. The caller closes it.
func Open(o Options) (*Env, error) {
	root := o.Root
	if root == "" {
		root = "/"
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: root, Err: err}
	}
	e := &Env{
		Root:       root,
		Live:       root == "/" || o.Proc != "",
		Privileged: os.Geteuid() == 0,
		Now:        o.Now.UTC(),
		StateDir:   o.StateDir,
		native:     root == "/" && o.Proc == "",
		proc:       o.Proc,
		rootFD:     fd,

		Vulns: o.Vulns, VulnsReason: o.VulnsReason,
		Banned: o.Banned, BannedReason: o.BannedReason,
	}
	probe, err := unix.Openat2(fd, ".", &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: resolveFlags})
	if err != nil {
		e.noAt2 = true
	} else {
		unix.Close(probe)
	}
	e.askDish(o.Dish)
	return e, nil
}

// Close releases the root. No method may be called afterwards.
func (e *Env) Close() error {
	return unix.Close(e.rootFD)
}

// Native says whether system calls and netlink describe this host. It is false under --root and for a recorded /proc.
func (e *Env) Native() bool { return e.native }

// ReadFile reads a regular file of at most 1 MiB.
func (e *Env) ReadFile(name string) ([]byte, error) {
	return e.ReadFileLimit(name, maxFile)
}

// ReadFileLimit reads a regular file of at most limit bytes; a larger one is ErrTooLarge.
func (e *Env) ReadFileLimit(name string, limit int64) ([]byte, error) {
	fd, err := e.openRegular(name)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	defer unix.Close(fd)
	b, err := readAll(fd, limit)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return b, nil
}

// ReadHead reads the first bytes of a regular file, at most limit of them; a longer file is no error.
func (e *Env) ReadHead(name string, limit int) ([]byte, error) {
	fd, err := e.openRegular(name)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	defer unix.Close(fd)
	b := make([]byte, limit)
	n, err := readFull(fd, b)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return b[:n], nil
}

// OpenFile opens a regular file for callers that stream or seek. The caller closes it and bounds what it reads.
func (e *Env) OpenFile(name string) (*os.File, error) {
	fd, err := e.openRegular(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// openRegular opens a regular file for reading. The file is looked at before it is opened, for opening a device may
// already do something, and again afterwards, for it may have been exchanged.
func (e *Env) openRegular(name string) (int, error) {
	look, err := e.open(name, unix.O_PATH, true)
	if err != nil {
		return -1, err
	}
	defer unix.Close(look)
	var before, after unix.Stat_t
	if err := unix.Fstat(look, &before); err != nil {
		return -1, err
	}
	if before.Mode&unix.S_IFMT != unix.S_IFREG {
		return -1, ErrNotRegular
	}
	fd, err := e.open(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, true)
	if err != nil {
		return -1, err
	}
	if err := unix.Fstat(fd, &after); err != nil {
		unix.Close(fd)
		return -1, err
	}
	if after.Mode&unix.S_IFMT != unix.S_IFREG || after.Ino != before.Ino || after.Dev != before.Dev {
		unix.Close(fd)
		return -1, ErrNotRegular
	}
	return fd, nil
}

// ReadDir lists a directory, sorted by name. More than 65,536 entries are ErrTooLarge.
func (e *Env) ReadDir(name string) ([]fs.DirEntry, error) {
	fd, err := e.open(name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, true)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	names, err := f.Readdirnames(maxEntries + 1)
	if err != nil && len(names) == 0 && !isEOF(err) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: unwrap(err)}
	}
	if len(names) > maxEntries {
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrTooLarge}
	}
	slices.Sort(names)
	entries := make([]fs.DirEntry, 0, len(names))
	for _, n := range names {
		var st unix.Stat_t
		if err := unix.Fstatat(fd, n, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			continue // vanished meanwhile
		}
		entries = append(entries, fs.FileInfoToDirEntry(&fileInfo{name: n, st: st}))
	}
	return entries, nil
}

// Names lists the names in a directory, sorted; nil when it cannot be read.
func (e *Env) Names(name string) []string {
	entries, err := e.ReadDir(name)
	if err != nil {
		return nil
	}
	names := make([]string, len(entries))
	for i, d := range entries {
		names[i] = d.Name()
	}
	return names
}

// Glob returns the sorted absolute paths inside Root that match the pattern, whose elements are those of path.Match. As
// with glob(3) a leading period is matched by a period only. At most 4,096 paths are returned.
func (e *Env) Glob(pattern string) []string {
	if !strings.HasPrefix(pattern, "/") {
		return nil
	}
	paths := []string{"/"}
	for elem := range strings.SplitSeq(strings.Trim(path.Clean(pattern), "/"), "/") {
		var next []string
		for _, p := range paths {
			next = append(next, e.globElem(p, elem)...)
			if len(next) > maxMatches {
				next = next[:maxMatches]
				break
			}
		}
		paths = next
	}
	slices.Sort(paths)
	return paths
}

func (e *Env) globElem(dir, elem string) []string {
	if !strings.ContainsAny(elem, `*?[\`) {
		p := path.Join(dir, elem)
		if _, err := e.lstat(p, false); err != nil {
			return nil
		}
		return []string{p}
	}
	var out []string
	for _, n := range e.Names(dir) {
		if strings.HasPrefix(n, ".") && !strings.HasPrefix(elem, ".") {
			continue
		}
		if ok, err := path.Match(elem, n); err == nil && ok {
			out = append(out, path.Join(dir, n))
		}
	}
	return out
}

// Exists says whether a path is there, links followed. A path that may not be looked at does not exist for us.
func (e *Env) Exists(name string) bool {
	_, err := e.lstat(name, true)
	return err == nil
}

// Readlink returns the target of a symbolic link as it stands.
func (e *Env) Readlink(name string) (string, error) {
	fd, err := e.open(name, unix.O_PATH, false)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	defer unix.Close(fd)
	s, err := readlinkFD(fd)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return s, nil
}

// Resolve returns the path inside Root that name stands for once every symbolic link is followed.
func (e *Env) Resolve(name string) (string, error) {
	p, err := e.resolve(name)
	if err != nil {
		return "", &fs.PathError{Op: "resolve", Path: name, Err: err}
	}
	return p, nil
}

// why says in a few words why something could not be read, for [facts.Unread].
func why(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		if os.Geteuid() != 0 {
			return "permission denied: needs root"
		}
		return "permission denied"
	case errors.Is(err, ErrTooLarge), errors.Is(err, ErrNotRegular), errors.Is(err, ErrNotLive):
		return unwrap(err).Error()
	case errors.Is(err, ErrLoop), errors.Is(err, unix.ELOOP):
		return ErrLoop.Error()
	}
	return unwrap(err).Error()
}

// unwrap takes the path off a path error, for it stands beside it already.
func unwrap(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func absolute(name string) (string, error) {
	if !strings.HasPrefix(name, "/") {
		return "", fmt.Errorf("path %q is not absolute", name)
	}
	if strings.IndexByte(name, 0) >= 0 {
		return "", fs.ErrInvalid
	}
	rel := strings.TrimLeft(name, "/")
	if rel == "" {
		rel = "."
	}
	return rel, nil
}
