package host

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	packageCacheForm = 1
	packageCacheName = "packages.json"
	maxPackageCache  = 32 << 20 // bytes
	// settled is how long ago a data base must have been changed for its time to tell it from a later change.
	settled = 2 * time.Second
	// rereads is how often a data base is read that changes while it is read.
	rereads = 3
)

// packageCache is what was read of a package data base, and how its files looked then. As long as they look the same they are not read.
type packageCache struct {
	Form      int             `json:"form"`
	Root      string          `json:"root"`
	Stamps    []packageStamp  `json:"stamps"`
	Installed []facts.Package `json:"installed"`
	Broken    []string        `json:"broken"`
}

// packageStamp tells one file from what it was: a write changes its times, a replacement its inode.
type packageStamp struct {
	Path  string `json:"path"`
	Inode uint64 `json:"inode"` // 0: it is not there
	Size  int64  `json:"size"`  // bytes
	MTime int64  `json:"mtime"` // Unix nanoseconds
	CTime int64  `json:"ctime"`
}

// readPackages gives the installed packages from what is remembered, when the files of the data base are the same, else by read. A data base
// that changes while it is read is read again; one that goes on changing is said to have done so.
func (e *Env) readPackages(p *facts.Packages, r *reading, files []string, read func(*reading)) {
	before := e.stampsOf(files)
	if c := e.packageCache(before); c != nil {
		p.Installed, p.Broken = c.Installed, c.Broken
		return
	}
	for range rereads {
		var once reading
		p.Installed, p.Broken = nil, nil
		read(&once)
		after := e.stampsOf(files)
		if slices.Equal(before, after) {
			r.unread = append(r.unread, once.unread...)
			if len(once.unread) == 0 && p.Installed != nil {
				e.rememberPackages(after, p)
			}
			return
		}
		before = after
	}
	r.note(files[0], "the data base was being written while it was read")
}

// stampsOf looks at the files of a data base.
func (e *Env) stampsOf(files []string) (out []packageStamp) {
	for _, f := range files {
		s := packageStamp{Path: f}
		if st, err := e.lstat(f, true); err == nil {
			s.Inode, s.Size, s.MTime, s.CTime = st.Ino, st.Size, unix.TimespecToNsec(st.Mtim), unix.TimespecToNsec(st.Ctim)
		}
		out = append(out, s)
	}
	return out
}

// packageCache gives what is remembered of the files as they are; nil when there is nothing, or they changed.
func (e *Env) packageCache(now []packageStamp) *packageCache {
	if e.StateDir == "" {
		return nil
	}
	name := filepath.Join(e.StateDir, packageCacheName)
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() || info.Size() > maxPackageCache {
		return nil
	}
	b, err := os.ReadFile(name)
	var c packageCache
	if err != nil || json.Unmarshal(b, &c) != nil || c.Form != packageCacheForm || c.Root != e.Root || c.Installed == nil || !slices.Equal(c.Stamps, now) {
		return nil
	}
	return &c
}

// rememberPackages keeps what was read for the next time, unless the data base was changed a moment ago. What cannot be kept is read again.
func (e *Env) rememberPackages(stamps []packageStamp, p *facts.Packages) {
	if e.StateDir == "" {
		return
	}
	for _, s := range stamps {
		if e.Now.Sub(time.Unix(0, max(s.MTime, s.CTime))) < settled {
			return
		}
	}
	_ = saveState(e, packageCacheName, packageCache{Form: packageCacheForm, Root: e.Root, Stamps: stamps, Installed: p.Installed, Broken: p.Broken}) //nolint:errcheck // as said
}
