package host

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// ReadProc reads a file of at most 1 MiB below /proc or /sys of the live host. It is ErrNotLive under --root.
func (e *Env) ReadProc(name string) ([]byte, error) {
	return e.ReadProcLimit(name, maxFile)
}

// ReadProcLimit is ReadProc with another limit in bytes.
func (e *Env) ReadProcLimit(name string, limit int64) ([]byte, error) {
	real, err := e.procPath(name)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	fd, err := unix.Open(real, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrNotRegular}
	}
	b, err := readAll(fd, limit)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return b, nil
}

// ProcNames lists the names in a directory below /proc or /sys of the live host, sorted.
func (e *Env) ProcNames(name string) ([]string, error) {
	real, err := e.procPath(name)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	f, err := os.Open(real)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: unwrap(err)}
	}
	defer f.Close()
	names, err := f.Readdirnames(maxEntries)
	if err != nil && len(names) == 0 && !isEOF(err) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: unwrap(err)}
	}
	slices.Sort(names)
	return names, nil
}

// ProcLink returns the target of a link below /proc or /sys of the live host, as the kernel words it.
func (e *Env) ProcLink(name string) (string, error) {
	real, err := e.procPath(name)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return os.Readlink(real)
}

// ProcExists says whether a path below /proc or /sys of the live host is there.
func (e *Env) ProcExists(name string) bool {
	real, err := e.procPath(name)
	if err != nil {
		return false
	}
	_, err = os.Lstat(real)
	return err == nil
}

func (e *Env) procPath(name string) (string, error) {
	if !e.Live {
		return "", ErrNotLive
	}
	clean := filepath.Clean(name)
	if clean != "/proc" && clean != "/sys" && !strings.HasPrefix(clean, "/proc/") && !strings.HasPrefix(clean, "/sys/") {
		return "", fs.ErrInvalid
	}
	if e.proc == "" {
		return clean, nil
	}
	return filepath.Join(e.proc, clean), nil
}

// procLine reads a one-line file below /proc or /sys, white space taken off its ends; "" when it cannot be read.
func (e *Env) procLine(name string) string {
	b, err := e.ReadProcLimit(name, 64<<10)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
