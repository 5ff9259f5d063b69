package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

// lstat looks at a path inside the root; with follow at what it points to.
func (e *Env) lstat(name string, follow bool) (*unix.Stat_t, error) {
	fd, err := e.open(name, unix.O_PATH, follow)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	return &st, nil
}

// Lstat describes a path without following a link in its last element. A missing one has kind "absent"; one that may
// not be looked at, or that stands behind a loop of links, has kind "unknown".
func (e *Env) Lstat(name string) facts.FileState {
	st, err := e.lstat(name, false)
	s := e.state(name, st, err)
	if s.Kind == "link" {
		s.Link, _ = e.Readlink(name)
	}
	return s
}

// Stat describes what a path stands for, links followed inside the root. A link that leads nowhere is "absent".
func (e *Env) Stat(name string) facts.FileState {
	st, err := e.lstat(name, true)
	return e.state(name, st, err)
}

func (e *Env) state(name string, st *unix.Stat_t, err error) facts.FileState {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR):
		return facts.FileState{Path: name, Kind: "absent"}
	case err != nil:
		return facts.FileState{Path: name, Kind: "unknown"}
	}
	s := facts.FileState{Path: name, Kind: kindOf(st.Mode), UID: &st.Uid, GID: &st.Gid}
	s.User, s.Group = e.UserName(st.Uid), e.GroupName(st.Gid)
	mtime := time.Unix(st.Mtim.Unix()).UTC()
	s.ModifiedAt = &mtime
	if s.Kind == "file" {
		size := st.Size
		s.Bytes = &size
	}
	if s.Kind != "link" { // the mode of a link means nothing
		s.Mode = fmt.Sprintf("%04o", st.Mode&0o7777)
		s.GroupWritable = st.Mode&0o020 != 0
		s.WorldWritable = st.Mode&0o002 != 0
		s.WorldReadable = st.Mode&0o004 != 0
	}
	return s
}

func kindOf(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "file"
	case unix.S_IFDIR:
		return "dir"
	case unix.S_IFLNK:
		return "link"
	case unix.S_IFIFO:
		return "fifo"
	case unix.S_IFSOCK:
		return "socket"
	}
	return "device"
}

// UserName returns the name of a uid by the passwd file of the root; "" if it has none.
func (e *Env) UserName(uid uint32) string {
	e.namesOnce.Do(e.readNames)
	return e.users[uid]
}

// GroupName returns the name of a gid by the group file of the root; "" if it has none.
func (e *Env) GroupName(gid uint32) string {
	e.namesOnce.Do(e.readNames)
	return e.groups[gid]
}

func (e *Env) readNames() {
	e.users, e.groups = map[uint32]string{}, map[uint32]string{}
	for file, names := range map[string]map[uint32]string{"/etc/passwd": e.users, "/etc/group": e.groups} {
		b, err := e.ReadFileLimit(file, 16<<20)
		if err != nil {
			continue
		}
		for _, line := range lines(b) {
			f := strings.SplitN(line, ":", 4)
			if len(f) < 3 {
				continue
			}
			id, err := strconv.ParseUint(f[2], 10, 32)
			if err != nil {
				continue
			}
			if _, ok := names[uint32(id)]; !ok { // the first line wins, as in the C library
				names[uint32(id)] = f[0]
			}
		}
	}
}

// lines yields the lines of a text with their numbers, counted from 1, line ends taken off.
func lines(b []byte) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range bytes.Lines(b) {
			n++
			line = bytes.TrimSuffix(line, []byte("\n"))
			if !yield(n, string(bytes.TrimSuffix(line, []byte("\r")))) {
				return
			}
		}
	}
}

// reading gathers what a family could not read. The zero value is ready.
type reading struct {
	unread []facts.Unread
}

// miss notes that something was not read, unless it is merely not there.
func (r *reading) miss(what string, err error) {
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return
	}
	r.note(what, why(err))
}

// note notes that something was not read, and why. At most 64 notes are kept.
func (r *reading) note(what, reason string) {
	if len(r.unread) < 64 {
		r.unread = append(r.unread, facts.Unread{What: what, Reason: reason})
	}
}

// file reads a file and notes a failure other than absence. ok is false for both.
func (r *reading) file(e *Env, name string) (b []byte, ok bool) {
	b, err := e.ReadFile(name)
	r.miss(name, err)
	return b, err == nil
}

// proc reads below /proc or /sys and notes a failure other than absence. Under --root it is silently not ok.
func (r *reading) proc(e *Env, name string) (b []byte, ok bool) {
	if !e.Live {
		return nil, false
	}
	b, err := e.ReadProc(name)
	r.miss(name, err)
	return b, err == nil
}

// status is ok, or partial when something was not read.
func (r *reading) status() facts.Status {
	if len(r.unread) == 0 {
		return facts.Status{State: facts.StateOK}
	}
	reason := r.unread[0].What + ": " + r.unread[0].Reason
	if n := len(r.unread); n > 1 {
		reason += fmt.Sprintf(" (and %d more)", n-1)
	}
	return facts.Status{State: facts.StatePartial, Reason: reason, Unread: r.unread}
}

// notApplicable is the status of a family whose subject this system does not have.
func notApplicable(reason string) facts.Status {
	return facts.Status{State: facts.StateNotApplicable, Reason: reason}
}

// unmeasured is the status of a family that could read nothing.
func unmeasured(reason string) facts.Status {
	return facts.Status{State: facts.StateUnmeasured, Reason: reason}
}

// ptr returns a pointer to a copy of v: a measured value.
func ptr[T any](v T) *T { return &v }
