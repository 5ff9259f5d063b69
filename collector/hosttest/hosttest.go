// Package hosttest unpacks whole hosts, kept as one text file each, into a directory for tests.
//
// A host is a txtar archive. The header of each file holds its path and, after it, attributes:
//
//	-- etc/shadow 0640 root:shadow --          a file; default 0644 root:root
//	-- var/tmp/ 1777 --                        a directory, by its slash; default 0755
//	-- etc/localtime -> /usr/share/zoneinfo/UTC --     a symbolic link: the rest of the header is its target
//	-- run/initctl fifo 0600 --
//	-- var/log/wtmp 0664 root:utmp size=1048576 mtime=2026-01-02T03:04:05Z --
//	-- var/log/lastlog base64 --               the text is base64 of the content
//
// Owners are numbers or names from the archive's own etc/passwd and etc/group. Every time stamp that is not given is
// 2026-01-01T00:00:00Z, so that two unpackings are alike.
package hosttest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/tools/txtar"
)

// Epoch is the modification time of everything that states none.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Load unpacks the archive into a new temporary directory and returns it. Files that belong to others than root need
// root to be unpacked; without it the test is skipped and says so.
func Load(t testing.TB, txtarFile string) string {
	t.Helper()
	ar, err := txtar.ParseFile(txtarFile)
	if err != nil {
		t.Fatalf("read host: %v", err)
	}
	return unpack(t, ar)
}

// LoadText is Load for an archive given as text.
func LoadText(t testing.TB, text string) string {
	t.Helper()
	return unpack(t, txtar.Parse([]byte(text)))
}

func unpack(t testing.TB, ar *txtar.Archive) string {
	t.Helper()
	root := t.TempDir()
	// The directories are closed to others so that no mode of the archive is masked by their absence.
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	if err := Unpack(ar, root); err != nil {
		if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
			t.Skipf("needs root to give files to their owners: %v", err)
		}
		t.Fatalf("unpack host: %v", err)
	}
	return root
}

// Unpack writes the archive below root.
func Unpack(ar *txtar.Archive, root string) error {
	entries := make([]entry, 0, len(ar.Files))
	owners := readOwners(ar)
	for _, f := range ar.Files {
		e, err := parseHeader(f.Name, owners)
		if err != nil {
			return fmt.Errorf("header %q: %w", f.Name, err)
		}
		e.data = f.Data
		entries = append(entries, e)
	}
	for _, e := range entries {
		if err := e.write(root); err != nil {
			return fmt.Errorf("write %s: %w", e.name, err)
		}
	}
	return settle(root, entries)
}

// settle gives every entry its owner, mode and time, the directories last and the deepest of them first, for writing
// into a directory changes its time.
func settle(root string, entries []entry) error {
	given := map[string]entry{}
	for _, e := range entries {
		given[e.name] = e
	}
	var all []string
	err := filepath.WalkDir(root, func(p string, _ fs.DirEntry, err error) error {
		all = append(all, p)
		return err
	})
	if err != nil {
		return err
	}
	slices.Reverse(all)
	for _, p := range all {
		rel, _ := filepath.Rel(root, p)
		e, ok := given[rel]
		if !ok {
			e = entry{name: rel, dir: true, mode: 0o755, mtime: Epoch}
		}
		if err := e.settle(p); err != nil {
			return fmt.Errorf("settle %s: %w", rel, err)
		}
	}
	return nil
}

type entry struct {
	name, link, kind string
	dir, base64      bool
	mode             uint32
	uid, gid         int
	size             int64 // -1: as the data
	mtime            time.Time
	data             []byte
}

func parseHeader(header string, o owners) (entry, error) {
	fields := strings.Fields(header)
	if len(fields) == 0 {
		return entry{}, errors.New("no name")
	}
	e := entry{mode: 0o644, size: -1, mtime: Epoch, kind: "file"}
	name := fields[0]
	if strings.HasSuffix(name, "/") {
		e.dir, e.mode, e.kind = true, 0o755, "dir"
	}
	e.name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if e.name == "" {
		e.name = "."
	}
	for i := 1; i < len(fields); i++ {
		a := fields[i]
		var err error
		switch {
		case a == "->" && i+1 < len(fields):
			e.link, e.kind = strings.Join(fields[i+1:], " "), "link"
			i = len(fields)
		case a == "fifo":
			e.kind = "fifo"
		case a == "base64":
			e.base64 = true
		case strings.HasPrefix(a, "size="):
			e.size, err = strconv.ParseInt(a[len("size="):], 10, 64)
		case strings.HasPrefix(a, "mtime="):
			e.mtime, err = time.Parse(time.RFC3339, a[len("mtime="):])
		case strings.Contains(a, ":"):
			e.uid, e.gid, err = o.ids(a)
		default:
			var m uint64
			m, err = strconv.ParseUint(a, 8, 32)
			e.mode = uint32(m)
		}
		if err != nil {
			return entry{}, fmt.Errorf("attribute %q: %w", a, err)
		}
	}
	return e, nil
}

func (e entry) write(root string) error {
	p := filepath.Join(root, e.name)
	if e.dir {
		return os.MkdirAll(p, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		return err
	}
	switch e.kind {
	case "link":
		return os.Symlink(e.link, p)
	case "fifo":
		return unix.Mkfifo(p, 0o600)
	}
	data := e.data
	if e.base64 {
		var err error
		if data, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(data)), "")); err != nil {
			return err
		}
	}
	if err := os.WriteFile(p, data, 0o600); err != nil {
		return err
	}
	if e.size >= 0 {
		return os.Truncate(p, e.size)
	}
	return nil
}

func (e entry) settle(p string) error {
	if os.Geteuid() == 0 || e.uid != 0 || e.gid != 0 { // without root what is root's stays ours
		if err := os.Lchown(p, e.uid, e.gid); err != nil {
			return err
		}
	}
	if e.kind != "link" {
		if err := unix.Chmod(p, e.mode); err != nil {
			return err
		}
	}
	ts := []unix.Timespec{unix.NsecToTimespec(e.mtime.UnixNano()), unix.NsecToTimespec(e.mtime.UnixNano())}
	return unix.UtimesNanoAt(unix.AT_FDCWD, p, ts, unix.AT_SYMLINK_NOFOLLOW)
}

// owners are the ids of the archive's own users and groups.
type owners struct{ users, groups map[string]int }

func readOwners(ar *txtar.Archive) owners {
	o := owners{users: map[string]int{"root": 0}, groups: map[string]int{"root": 0}}
	for _, f := range ar.Files {
		name, _, _ := strings.Cut(f.Name, " ")
		ids := map[string]map[string]int{"etc/passwd": o.users, "etc/group": o.groups}[name]
		if ids == nil {
			continue
		}
		for line := range strings.Lines(string(f.Data)) {
			if p := strings.Split(line, ":"); len(p) > 2 {
				if n, err := strconv.Atoi(p[2]); err == nil {
					ids[p[0]] = n
				}
			}
		}
	}
	return o
}

func (o owners) ids(s string) (uid, gid int, err error) {
	u, g, _ := strings.Cut(s, ":")
	if uid, err = oneID(u, o.users); err != nil {
		return 0, 0, err
	}
	gid, err = oneID(g, o.groups)
	return uid, gid, err
}

func oneID(s string, names map[string]int) (int, error) {
	if n, ok := names[s]; ok {
		return n, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, fmt.Errorf("no such owner in the archive: %s", s)
	}
	return n, nil
}
