package host

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

// Budgets of a collection that remembers nothing. The wall clock bounds a slow disk only: a busy machine takes longer and
// reads the same.
const (
	onceBytes    = 64 << 20
	onceCPU      = 250 * time.Millisecond
	onceTime     = 10 * time.Second
	maxOnceFirst = 1 << 15 // programs that are put in order; further ones are read with the rest
)

// Ranks of package files: what a lower one holds is read before a higher one begins.
const (
	rankSetID   = iota // runs with another's rights
	rankProgram        // stands where programs are looked for
	rankHelper         // decides who gets in, or is started by the system itself
	rankRest
)

// rankOf tells a file's rank by its path alone.
func rankOf(name string) int {
	dir := path.Dir(strings.TrimPrefix(name, "/usr"))
	switch {
	case dir == "/bin" || dir == "/sbin":
		return rankProgram
	case strings.HasSuffix(dir, "/security") && strings.HasPrefix(dir, "/lib"), strings.HasPrefix(dir, "/libexec"),
		dir == "/lib/systemd", dir == "/lib/openssh", dir == "/lib/openssh/sftp", dir == "/lib/dbus-1.0":
		return rankHelper
	}
	return rankRest
}

// ranked is a file whose turn comes early.
type ranked struct {
	packagedFile
	pkg  string
	rank int
	size int64
}

// once hashes within one collection what its budget allows: programs that run with another's rights, other programs, what
// decides who gets in, then the rest in the order of the packages. Within a rank small files go first, so that most of them are
// read. Only when it came to the end the pass counts as done.
func (v *verifier) once(doc *facts.Document) (supported bool) {
	setID := map[string]bool{}
	if doc.Walk != nil {
		for _, f := range doc.Walk.SetID {
			setID[f.Path] = true
		}
	}
	var first []ranked
	all := func(string) bool { return true }
	supported, err := packagedFiles(v.env, doc, v.read, all, func(pkg string, files []packagedFile) error {
		for _, f := range files {
			rank := rankOf(f.path)
			if setID[f.path] {
				rank = rankSetID
			}
			if rank == rankRest || len(first) == maxOnceFirst {
				continue
			}
			r := ranked{packagedFile: f, pkg: pkg, rank: rank}
			if st, err := v.env.lstat(f.path, true); err == nil {
				r.size = st.Size
				if st.Mode&(unix.S_ISUID|unix.S_ISGID) != 0 {
					r.rank = rankSetID
				}
			}
			first = append(first, r)
		}
		return nil
	})
	if err != nil || !supported {
		return false
	}
	slices.SortStableFunc(first, func(a, b ranked) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		return int(min(max(a.size-b.size, -1), 1))
	})
	done := make(map[string]bool, len(first)) // by package and path: two packages may vouch for one
	for _, f := range first {
		if v.spent() {
			return true
		}
		v.count(f.pkg, f.packagedFile)
		done[f.pkg+f.path] = true
	}
	first = nil
	_, err = packagedFiles(v.env, doc, &reading{}, all, func(pkg string, files []packagedFile) error {
		for _, f := range files {
			if done[pkg+f.path] {
				continue
			}
			if v.spent() {
				return errBudget
			}
			v.count(pkg, f)
		}
		return nil
	})
	if err != nil {
		if !errors.Is(err, errBudget) {
			v.unread("package data base", err)
		}
		return true
	}
	v.state.DoneAt, v.state.Done, v.state.Blind = ptr(v.env.Now), v.state.Now, v.state.Unread
	return true
}

// count looks at one file of the pass and keeps it when it differs.
func (v *verifier) count(pkg string, f packagedFile) {
	v.state.Now++
	if d, differs := v.look(pkg, f, &v.left); differs && len(v.state.Differ) < maxVerifyFindings {
		v.state.Differ = append(v.state.Differ, d)
	}
}

// spent tells whether the pass has to stop.
func (v *verifier) spent() bool {
	return v.left <= 0 || v.ctx.Err() != nil || time.Now().After(v.until) || v.cpuLeft > 0 && cpuTime()-v.cpuStart > v.cpuLeft
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// settled tells whether a file that differs can be told: no package manager is putting files there at this moment. That is so under
// --root, where nothing is being installed; for a file that has been as it is for ten minutes; and for one that changed after the
// data base of packages did while nobody held the package manager's lock. An upgrade writes the files first, under the lock, and
// the data base last: where it went on during our pass, the data base is the younger. apk's lock is of a kind that cannot be
// looked at without taking it: there the age alone decides.
func (v *verifier) settled(changed time.Time) bool {
	if !v.env.Live || v.env.Now.Sub(changed) >= verifySettle || v.env.Now.Before(changed) {
		return true
	}
	m := v.manager()
	return m.idle && changed.After(m.changed)
}

// gone tells the same of a file that is not there: the list that names it must be no older than our pass.
func (v *verifier) gone() bool {
	if !v.env.Live {
		return true
	}
	m := v.manager()
	return m.idle && v.began.After(m.changed) || !m.busy && v.began.Sub(m.changed) >= verifySettle
}

// installs is what is known of the package manager after the files were read.
type installs struct {
	changed    time.Time // when its data base changed last; zero: not known
	idle, busy bool      // nobody, somebody holds its lock; neither: that cannot be told
}

// manager looks at the package manager, once.
func (v *verifier) manager() installs {
	if v.installs != nil {
		return *v.installs
	}
	m := installs{}
	v.installs = &m
	lock, bases := "", []string{"/lib/apk/db/installed", "/usr/lib/apk/db/installed"}
	switch {
	case v.env.Exists("/var/lib/dpkg/status"):
		lock, bases = "/var/lib/dpkg/lock", []string{"/var/lib/dpkg/status", "/var/lib/dpkg/info", "/var/lib/dpkg/updates"}
	case v.env.Exists("/usr/lib/sysimage/rpm/rpmdb.sqlite"):
		lock, bases = "/usr/lib/sysimage/rpm/.rpm.lock", []string{"/usr/lib/sysimage/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/rpmdb.sqlite-wal"}
	case v.env.Exists("/var/lib/rpm/rpmdb.sqlite"):
		lock, bases = "/var/lib/rpm/.rpm.lock", []string{"/var/lib/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite-wal"}
	}
	for _, b := range bases {
		if at := v.changed(b); at.After(m.changed) {
			m.changed = at
		}
	}
	if lock == "" {
		return m
	}
	f, err := v.env.OpenFile(lock)
	if err != nil {
		m.idle = errors.Is(err, fs.ErrNotExist) // never taken
		return m
	}
	defer f.Close()
	l := unix.Flock_t{Type: unix.F_WRLCK}
	if unix.FcntlFlock(f.Fd(), unix.F_GETLK, &l) == nil {
		m.idle, m.busy = l.Type == unix.F_UNLCK, l.Type != unix.F_UNLCK
	}
	return m
}
