package host

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

// Budgets of one collection. Hashing goes on from collection to collection, in the order of the packages.
const (
	verifyBytes       = 64 << 20
	verifyTime        = 250 * time.Millisecond
	verifyEvery       = 20 * time.Hour   // a completed pass holds this long before a new one begins
	verifySettle      = 10 * time.Minute // a file changed more recently may be one that an upgrade is just putting there
	verifyForm        = 1                // raised when the state's meaning changes: older ones are dropped
	maxVerifyFindings = 1000
)

// differing is one file that was found to differ from its package.
type differing struct {
	Package string `json:"package"` // as packagedFiles names it
	Path    string `json:"path"`
	Missing bool   `json:"missing,omitzero"`
}

// verifyState is what is remembered between collections.
type verifyState struct {
	Root    string      `json:"root"`
	Form    int         `json:"form"`
	DoneAt  *time.Time  `json:"done_at,omitzero"` // end of the last completed pass
	Done    uint64      `json:"done,omitzero"`    // files of the last completed pass
	Now     uint64      `json:"now,omitzero"`     // files of the pass under way
	Package string      `json:"package,omitzero"` // the package where it stopped; "": it has not begun
	File    int         `json:"file,omitzero"`    // files of that package which were looked at
	Unread  uint64      `json:"unread,omitzero"`  // files of the pass under way that could not be read
	Blind   uint64      `json:"blind,omitzero"`   // the same of the last completed pass
	Differ  []differing `json:"differ,omitzero"`
}

// verifyPackages hashes the files of packages within its budget and fills what is known so far. With a state directory a pass goes on
// from collection to collection, and files that were found to differ are looked at again in every one: a package that was
// installed anew takes its file off the list. Without one, the programs that matter most are read first (see once), and what
// the budget does not reach leaves Verified false.
//
// It can be wrong in these ways: who can change a file as root can change the sums beside it, too, or put the file back for
// the moment of reading; a kernel that was changed can show another content than it runs; and a package changed during a
// pass is judged by its old files until the next one. A file that somebody replaced by another package's, outside the
// package manager, is told as modified, which it is.
func verifyPackages(ctx context.Context, env *Env, doc *facts.Document, i *facts.Integrity, r *reading) {
	st := loadVerify(env)
	v := &verifier{env: env, ctx: ctx, state: st, read: r, left: verifyBytes, again: verifyBytes, began: time.Now()}
	v.until = v.began.Add(verifyTime)
	if env.StateDir == "" {
		v.left, v.until, v.cpuStart, v.cpuLeft = onceBytes, v.began.Add(onceTime), cpuTime(), onceCPU
		if !v.once(doc) {
			return
		}
	} else {
		fresh := st.DoneAt != nil && env.Now.Sub(*st.DoneAt) < verifyEvery && !env.Now.Before(*st.DoneAt)
		if supported := v.pass(doc, fresh); !supported {
			return
		}
		if err := saveState(env, "integrity.json", st); err != nil {
			r.note("state of the hashing", err.Error())
		}
	}
	if st.DoneAt != nil && max(st.Done, st.Now) == 0 { // a data base that vouches for no file says nothing
		return
	}
	i.Verified = ptr(st.DoneAt != nil && st.Blind == 0)
	i.VerifiedAt, i.FilesVerified = st.DoneAt, ptr(max(st.Done, st.Now))
	i.ModifiedFiles, i.MissingFiles = []string{}, []string{}
	for _, d := range st.Differ {
		switch {
		case d.Missing && !v.gone(), !d.Missing && !v.settled(v.changed(d.Path)):
		case d.Missing:
			i.MissingFiles = append(i.MissingFiles, d.Path)
		default:
			i.ModifiedFiles = append(i.ModifiedFiles, d.Path)
		}
	}
	slices.Sort(i.ModifiedFiles)
	slices.Sort(i.MissingFiles)
}

// verifier is one stretch of a pass.
type verifier struct {
	env   *Env
	ctx   context.Context
	state *verifyState
	read  *reading
	left  int64 // bytes of the pass
	again int64 // bytes for what differed before
	until time.Time
	buf   []byte

	cpuStart, cpuLeft time.Duration // of the process; cpuLeft 0: not bounded by it

	began    time.Time
	installs *installs // nil: not looked at
}

// pass looks at what differed again and, unless the last pass is fresh, goes on with the one under way.
func (v *verifier) pass(doc *facts.Document, fresh bool) (supported bool) {
	st := v.state
	before := map[string][]differing{}
	for _, d := range st.Differ {
		before[d.Package] = append(before[d.Package], d)
	}
	var kept []differing
	reached, stopped, moved := st.Package == "", false, false
	if fresh && len(before) == 0 {
		return true
	}
	want := func(pkg string) bool {
		return before[pkg] != nil || !fresh && !stopped && (reached || pkg == st.Package)
	}
	supported, err := packagedFiles(v.env, doc, v.read, want, func(pkg string, files []packagedFile) error {
		for _, d := range before[pkg] {
			n := slices.IndexFunc(files, func(f packagedFile) bool { return f.path == d.Path })
			switch {
			case n < 0: // the package lists it no more
			case v.again <= 0:
				kept = append(kept, d)
			default:
				if again, differs := v.look(pkg, files[n], &v.again); differs {
					kept = append(kept, again)
				}
			}
		}
		from := 0
		if !reached && pkg == st.Package {
			reached, from = true, st.File
		}
		if fresh || stopped || !reached {
			return nil
		}
		for n := from; n < len(files); n++ {
			if v.ctx.Err() != nil || moved && (v.left <= 0 || time.Now().After(v.until)) { // one file at least: it must end some day
				stopped = true
				st.Package, st.File = pkg, n
				return nil
			}
			st.Now++
			moved = true
			if hasPath(before[pkg], files[n].path) {
				continue
			}
			if d, differs := v.look(pkg, files[n], &v.left); differs && len(kept) < maxVerifyFindings {
				kept = append(kept, d)
			}
		}
		return nil
	})
	if err != nil || !supported {
		return false
	}
	st.Differ = kept
	switch {
	case fresh || stopped:
	case !reached: // the package where it stopped is gone: begin again
		st.Package, st.File, st.Now, st.Unread = "", 0, 0, 0
	default:
		st.DoneAt, st.Done, st.Blind = ptr(v.env.Now), st.Now, st.Unread
		st.Package, st.File, st.Now, st.Unread = "", 0, 0, 0
	}
	return true
}

func hasPath(list []differing, p string) bool {
	return slices.ContainsFunc(list, func(d differing) bool { return d.Path == p })
}

// look hashes one file. One that cannot be read for another reason than its absence
// does not differ, and keeps the pass from being a whole one.
func (v *verifier) look(pkg string, p packagedFile, budget *int64) (d differing, differs bool) {
	d = differing{Package: pkg, Path: p.path}
	f, err := v.env.OpenFile(p.path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR):
		d.Missing = true
		return d, v.env.Lstat(p.path).Kind == "absent"
	case errors.Is(err, ErrNotRegular):
		return d, v.env.Lstat(p.path).Kind != "link"
	case err != nil:
		v.unread(p.path, err)
		return d, false
	}
	defer f.Close()
	var h hash.Hash
	switch p.algo {
	case "md5":
		h = md5.New()
	case "sha1":
		h = sha1.New()
	default:
		h = sha256.New()
	}
	// A link's sum in apk's data base is of its target's name, and the file behind it has its own entry.
	if p.algo != "md5" && v.env.Lstat(p.path).Kind == "link" {
		return d, false
	}
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_NOREUSE) // read once: what others keep in memory should stay there
	if v.buf == nil {
		v.buf = make([]byte, 128<<10)
	}
	n, err := io.CopyBuffer(h, io.LimitReader(f, maxHashed), v.buf)
	*budget -= n + 4096
	if err == nil && n == maxHashed {
		err = ErrTooLarge
	}
	if err != nil {
		v.unread(p.path, err)
		return d, false
	}
	return d, hex.EncodeToString(h.Sum(nil)) != p.sum
}

func (v *verifier) unread(name string, err error) {
	v.state.Unread++
	v.read.miss(name, err)
}

// maxHashed is the size above which a file is not hashed: the pass could not go on behind it.
const maxHashed = 1 << 30

// changed returns when a file's content, name or mode changed last; zero where it is not there.
func (v *verifier) changed(name string) time.Time {
	st, err := v.env.lstat(name, true)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(st.Ctim.Unix())
}

// loadVerify returns the remembered state; an unreadable or foreign one counts as none.
func loadVerify(env *Env) *verifyState {
	empty := &verifyState{Root: env.Root, Form: verifyForm}
	if env.StateDir == "" {
		return empty
	}
	file := filepath.Join(env.StateDir, "integrity.json")
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > 4<<20 {
		return empty
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return empty
	}
	st := &verifyState{}
	if json.Unmarshal(b, st) != nil || st.Root != env.Root || st.Form != verifyForm {
		return empty
	}
	return st
}

// saveState writes what is remembered under a name in the state directory, whole or not at all.
func saveState(env *Env, name string, state any) error {
	b, err := json.Marshal(state)
	if err != nil {
		return err
	}
	file := filepath.Join(env.StateDir, name)
	if err := os.WriteFile(file+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
