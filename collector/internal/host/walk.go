package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

// Budgets of one collection. With a state directory a walk goes on where it stopped; without one it must end at once or
// not at all.
const (
	walkInodes      = 40_000
	walkTime        = 600 * time.Millisecond
	walkOnceInodes  = 200_000
	walkOnceTime    = 1500 * time.Millisecond
	walkEvery       = 20 * time.Hour // a completed walk holds this long before a new one begins
	maxWalkFindings = 1000           // of each list
	maxWalkDepth    = 128
	walkForm        = 1       // raised when the walk looks for more: what was remembered of older ones is dropped
	maxWalkSubdirs  = 200_000 // of one directory
)

// walkSkipped are directories whose files belong to somebody else's name space: layers of containers and snaps.
var walkSkipped = []string{
	"/dev", "/proc", "/run", "/snap", "/sys", "/var/lib/containerd", "/var/lib/containers", "/var/lib/docker", "/var/lib/kubelet", "/var/lib/lxc",
	"/var/lib/lxd", "/var/lib/machines", "/var/snap",
}

// walkState is what is remembered between collections.
type walkState struct {
	Root   string      `json:"root"`
	Done   *facts.Walk `json:"done,omitzero"`   // the last completed walk
	Now    facts.Walk  `json:"now"`             // the walk under way
	Form   int         `json:"form,omitzero"`   // [walkForm] of the version that wrote it
	Cursor string      `json:"cursor,omitzero"` // last directory whose files were looked at; "": not begun
	Mount  string      `json:"mount,omitzero"`  // file system it lies on
}

// collectWalk looks at every file of the local disk file systems, within its budget. It takes as many collections as it
// needs; a file that changes behind the walk is seen by the next one, and the layers of containers are left out.
func collectWalk(ctx context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	st := loadWalk(env)
	if st.Done != nil && env.Now.Sub(*st.Done.CompletedAt) < walkEvery && env.Now.After(*st.Done.CompletedAt) {
		doc.Walk = st.Done
		return r.status()
	}
	roots := walkRoots(env, doc)
	if env.StateDir == "" && inodesUsed(env, roots) > walkOnceInodes {
		doc.Walk = &facts.Walk{}
		return unmeasured("more files than one collection may look at, and no state directory to go on from")
	}
	w := newWalk(env, doc, st)
	err := w.all(ctx, roots)
	r.unread = w.read.unread
	if err == nil {
		env.nameOwners(&st.Now)
		st.Now.Complete, st.Now.CompletedAt = true, ptr(env.Now)
		done := st.Now
		st.Done, st.Now, st.Cursor, st.Mount = &done, facts.Walk{}, "", ""
	}
	if serr := saveWalk(env, st); serr != nil {
		r.note("state of the walk", serr.Error())
	}
	if st.Done != nil {
		doc.Walk = st.Done
		return r.status()
	}
	doc.Walk = &facts.Walk{InodesSeen: st.Now.InodesSeen}
	if env.StateDir == "" {
		return facts.Status{State: facts.StateUnmeasured, Reason: "more files than one collection may look at, and no state directory to go on from"}
	}
	return facts.Status{State: facts.StateUnmeasured, Reason: fmt.Sprintf("%d files looked at so far; goes on with the next collection", st.Now.InodesSeen)}
}

// walkRoots lists the mount points to walk: the writable disk file systems of a live host, each device once, else the
// root alone.
func walkRoots(env *Env, doc *facts.Document) []string {
	if !env.Live || doc.Mounts == nil {
		return []string{"/"}
	}
	var out []string
	seen := map[string]bool{}
	for _, m := range doc.Mounts.Live {
		skip := slices.ContainsFunc(walkSkipped, func(s string) bool { return m.Target == s || strings.HasPrefix(m.Target, s+"/") })
		if diskFS(m.FSType) && slices.Contains(m.Options, "rw") && !seen[m.Source] && !skip {
			seen[m.Source] = true
			out = append(out, m.Target)
		}
	}
	slices.Sort(out)
	return out
}

var errBudget = errors.New("budget spent")

// walk is one stretch of a walk.
type walk struct {
	env     *Env
	state   *walkState
	read    reading
	unowned bool // owners without a name are told
	left    int  // inodes
	until   time.Time
	dev     uint64
	buf     []byte
}

func newWalk(env *Env, doc *facts.Document, st *walkState) *walk {
	w := &walk{env: env, state: st, left: walkInodes, until: time.Now().Add(walkTime), buf: make([]byte, 32<<10)}
	if env.StateDir == "" {
		w.left, w.until = walkOnceInodes, time.Now().Add(walkOnceTime)
	}
	w.unowned = !directoryService(env)
	if st.Cursor == "" {
		st.Now = facts.Walk{WorldWritable: []facts.FileState{}, SetID: []facts.FileState{}, Capable: []facts.FileState{}}
		if w.unowned {
			st.Now.Unowned = []facts.FileState{}
		}
	}
	return w
}

// inodesUsed counts the inodes in use on the file systems, by what they say of themselves; some say nothing.
func inodesUsed(env *Env, roots []string) uint64 {
	var used uint64
	for _, root := range roots {
		fd, err := env.open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, false)
		if err != nil {
			continue
		}
		var st unix.Statfs_t
		if env.Native() && unix.Fstatfs(fd, &st) == nil && st.Files > st.Ffree {
			used += st.Files - st.Ffree
		}
		unix.Close(fd)
	}
	return used
}

// directoryService says whether users may come from elsewhere than passwd, so that a number without a name means nothing.
func directoryService(env *Env) bool {
	b, err := env.ReadFile("/etc/nsswitch.conf")
	if err != nil {
		return false
	}
	for _, line := range lines(b) {
		db, sources, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || db != "passwd" && db != "group" {
			continue
		}
		for s := range strings.FieldsSeq(sources) {
			if slices.Contains([]string{"sss", "ldap", "winbind", "nis", "ad"}, s) {
				return true
			}
		}
	}
	return false
}

func (w *walk) all(ctx context.Context, roots []string) error {
	for _, root := range roots {
		if root < w.state.Mount {
			continue // done in an earlier collection
		}
		cursor := ""
		if root == w.state.Mount {
			cursor = w.state.Cursor
		}
		w.state.Mount = root
		fd, err := w.env.open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, false)
		if err != nil {
			w.read.miss(root, err)
			continue
		}
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			unix.Close(fd)
			continue
		}
		w.dev = wide(st.Dev)
		if err := w.dir(ctx, fd, root, cursor, 0); err != nil {
			return err
		}
	}
	return nil
}

// dir looks at the files of an open directory, which it closes, and then goes into its subdirectories in order. A cursor
// that lies below the directory means that its files were done and that the subdirectories before the cursor were too.
func (w *walk) dir(ctx context.Context, fd int, name, cursor string, depth int) error {
	defer unix.Close(fd)
	resumed := cursor != "" && (cursor == name || strings.HasPrefix(cursor, strings.TrimSuffix(name, "/")+"/"))
	if !resumed && w.spent(ctx) {
		return errBudget
	}
	subdirs, err := w.entries(fd, name, !resumed)
	if err != nil {
		w.read.miss(name, err)
		return nil
	}
	if !resumed {
		w.state.Cursor = name
	}
	if depth >= maxWalkDepth {
		w.read.note(name, "deeper than is walked")
		return nil
	}
	next := ""
	if resumed {
		rest := strings.TrimPrefix(strings.TrimPrefix(cursor, name), "/")
		next, _, _ = strings.Cut(rest, "/")
	}
	for _, sub := range subdirs {
		if resumed && sub < next {
			continue
		}
		p := path.Join(name, sub)
		if slices.Contains(walkSkipped, p) {
			continue
		}
		subFD, err := unix.Openat(fd, sub, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			w.read.miss(p, err)
			continue
		}
		below := ""
		if resumed && sub == next {
			below = cursor
		}
		if err := w.dir(ctx, subFD, p, below, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) spent(ctx context.Context) bool {
	return w.left <= 0 || time.Now().After(w.until) || ctx.Err() != nil
}

// entries goes through a directory as the kernel gives it out, judges everything in it if look is set, and returns the
// sorted names of the subdirectories on the same file system.
func (w *walk) entries(fd int, name string, look bool) ([]string, error) {
	var subdirs []string
	for {
		n, err := unix.Getdents(fd, w.buf)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		_, _, names := unix.ParseDirent(w.buf[:n], -1, nil)
		for _, e := range names {
			var st unix.Stat_t
			if unix.Fstatat(fd, e, &st, unix.AT_SYMLINK_NOFOLLOW) != nil || wide(st.Dev) != w.dev {
				continue // vanished, or another file system
			}
			if look {
				w.judge(fd, name, e, &st)
			}
			if st.Mode&unix.S_IFMT == unix.S_IFDIR && len(subdirs) < maxWalkSubdirs {
				subdirs = append(subdirs, e)
			}
		}
	}
	slices.Sort(subdirs)
	return subdirs, nil
}

// judge files one inode of an open directory under what it is.
func (w *walk) judge(fd int, dir, name string, st *unix.Stat_t) {
	w.left--
	now := &w.state.Now
	now.InodesSeen++
	kind := st.Mode & unix.S_IFMT
	p := path.Join(dir, name)
	if st.Mode&0o002 != 0 && (kind == unix.S_IFREG || kind == unix.S_IFDIR && st.Mode&unix.S_ISVTX == 0) {
		w.keep(&now.WorldWritable, p, st)
	}
	if kind == unix.S_IFREG && st.Mode&(unix.S_ISUID|unix.S_ISGID) != 0 {
		w.keep(&now.SetID, p, st)
	}
	if kind == unix.S_IFREG && st.Mode&0o111 != 0 && now.Capable != nil {
		if caps := fileCapabilities(fd, name); len(caps) > 0 && w.keep(&now.Capable, p, st) {
			now.Capable[len(now.Capable)-1].Capabilities = caps
		}
	}
	if w.unowned && now.Unowned != nil && (w.env.UserName(st.Uid) == "" || w.env.GroupName(st.Gid) == "") {
		w.keep(&now.Unowned, p, st)
	}
}

// keep adds an inode to a list; false: the list is full.
func (w *walk) keep(list *[]facts.FileState, p string, st *unix.Stat_t) bool {
	if len(*list) >= maxWalkFindings {
		w.state.Now.Truncated = true
		return false
	}
	*list = append(*list, w.env.state(p, st, nil))
	return true
}

// nameOwners looks the programs with privileges up in the package data base.
func (e *Env) nameOwners(w *facts.Walk) {
	wanted := map[string]bool{}
	for _, list := range [][]facts.FileState{w.SetID, w.Capable} {
		for _, f := range list {
			wanted[f.Path] = true
		}
	}
	owners, ok := e.ownersOf(wanted)
	w.OwnersKnown = ok
	for _, list := range [][]facts.FileState{w.SetID, w.Capable} {
		for i := range list {
			list[i].Package = owners[list[i].Path]
		}
	}
}

func walkFile(env *Env) string { return filepath.Join(env.StateDir, "walk.json") }

// loadWalk returns the remembered state; an unreadable or foreign one counts as none.
func loadWalk(env *Env) *walkState {
	empty := &walkState{Root: env.Root, Form: walkForm}
	if env.StateDir == "" {
		return empty
	}
	info, err := os.Stat(walkFile(env))
	if err != nil || !info.Mode().IsRegular() || info.Size() > 16<<20 {
		return empty
	}
	b, err := os.ReadFile(walkFile(env))
	if err != nil {
		return empty
	}
	st := &walkState{}
	if json.Unmarshal(b, st) != nil || st.Root != env.Root || st.Form != walkForm || st.Done != nil && st.Done.CompletedAt == nil {
		return empty
	}
	return st
}

func saveWalk(env *Env, st *walkState) error {
	if env.StateDir == "" {
		return nil
	}
	return saveState(env, "walk.json", st)
}
