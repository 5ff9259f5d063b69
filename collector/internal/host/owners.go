package host

import (
	"bytes"
	"path"
	"strings"

	"github.com/vymir-project/vymir/collector/internal/rpmdb"
)

const (
	maxListFile = 16 << 20  // bytes of one list of a package's files
	maxLists    = 256 << 20 // bytes of all of them
)

// packageOwners returns the package that owns each program that runs and each unit file or init script, by path; ok is
// false when the package data base could not be asked. The file lists are read once, and only for these.
func (e *Env) packageOwners() (owners map[string]string, ok bool) {
	e.shared.ownersOnce.Do(func() {
		wanted := map[string]bool{}
		for _, p := range e.processTable().procs {
			if strings.HasPrefix(p.exe, "/") && !p.contained {
				wanted[p.exe] = true
				if strings.HasPrefix(p.script, "/") {
					wanted[p.script] = true
				}
			}
		}
		for _, p := range e.unitFiles() {
			wanted[p] = true
		}
		e.shared.owners, e.shared.ownersOK = e.ownersOf(wanted)
	})
	return e.shared.owners, e.shared.ownersOK
}

// unitFiles lists the files that services start from.
func (e *Env) unitFiles() []string {
	out := e.Glob("/etc/init.d/*")
	set := e.unitSet()
	for _, n := range set.Names(".service", ".socket", ".timer") {
		if u := set.Unit(n); u != nil {
			out = append(out, u.File)
		}
	}
	return out
}

// ownersOf looks paths up in the file lists of dpkg, opkg, apk or rpm.
func (e *Env) ownersOf(wanted map[string]bool) (map[string]string, bool) {
	for _, dir := range []string{"/var/lib/dpkg/info", "/usr/lib/opkg/info"} {
		if names := e.Names(dir); len(names) > 0 {
			return e.ownersByLists(dir, names, wanted), true
		}
	}
	for _, f := range []string{"/lib/apk/db/installed", "/usr/lib/apk/db/installed"} {
		if b, err := e.ReadFileLimit(f, 64<<20); err == nil {
			return ownersByApk(b, spellings(wanted)), true
		}
	}
	if file := e.firstExisting(rpmFiles...); file != "" {
		owners, _, ok := e.ownersByRPM(file, wanted)
		return owners, ok
	}
	return nil, false
}

// ownersByRPM reads rpm's lists of files; listed are the packages that have one that could be read.
func (e *Env) ownersByRPM(file string, wanted map[string]bool) (owners map[string]string, listed map[string]bool, ok bool) {
	f, err := e.OpenFile(file)
	if err != nil {
		return nil, nil, false
	}
	defer f.Close()
	owners, listed = map[string]string{}, map[string]bool{}
	spelled := spellings(wanted)
	err = rpmdb.ReadFiles(f, func(pkg string, files []rpmdb.File) error {
		listed[pkg] = true
		for _, x := range files {
			if p, ok := spelled[x.Path]; ok {
				owners[p] = pkg
			}
		}
		return nil
	})
	return owners, listed, err == nil
}

// spellings gives the paths by which packages may list files: a merged /usr lets a program be known by another path than the one its package lists.
func spellings(wanted map[string]bool) map[string]string {
	spelled := map[string]string{}
	for p := range wanted {
		spelled[p] = p
		if rest, ok := strings.CutPrefix(p, "/usr"); ok && !wanted[rest] {
			spelled[rest] = p
		}
	}
	return spelled
}

// ownersByLists reads dpkg's or opkg's lists. A package's file that another package moved aside (dpkg-divert) is known by
// the place it was moved to.
func (e *Env) ownersByLists(dir string, names []string, wanted map[string]bool) map[string]string {
	spelled := spellings(wanted)
	diverted := e.diversions()
	var lengths [1024]bool // most lines are passed over by their length alone
	for p := range spelled {
		lengths[min(len(p), len(lengths)-1)] = true
	}
	for from := range diverted {
		lengths[min(len(from), len(lengths)-1)] = true
	}
	out := map[string]string{}
	total := 0
	for _, n := range names {
		pkg, ok := strings.CutSuffix(n, ".list")
		if !ok || total > maxLists || len(out) == len(wanted) {
			continue
		}
		b, err := e.ReadFileLimit(path.Join(dir, n), maxListFile)
		if err != nil {
			continue
		}
		total += len(b)
		pkg, _, _ = strings.Cut(pkg, ":")
		for len(b) > 0 {
			line := b
			if i := bytes.IndexByte(b, '\n'); i >= 0 {
				line, b = b[:i], b[i+1:]
			} else {
				b = nil
			}
			if i := bytes.IndexByte(line, '\t'); i >= 0 {
				line = line[:i]
			}
			if !lengths[min(len(line), len(lengths)-1)] {
				continue
			}
			listed := string(line)
			if d, ok := diverted[listed]; ok && d.by != pkg {
				listed = d.to
			}
			if p, ok := spelled[listed]; ok {
				out[p] = pkg
			}
		}
	}
	return out
}

// diversion is where dpkg puts the files of a path that do not come from the package by.
type diversion struct{ to, by string }

// diversions reads what dpkg-divert keeps: three lines each, of the path, the new place and the package; ":" is the
// administrator's.
func (e *Env) diversions() map[string]diversion {
	b, err := e.ReadFileLimit("/var/lib/dpkg/diversions", maxListFile)
	if err != nil {
		return nil
	}
	out := map[string]diversion{}
	var three []string
	for _, line := range lines(b) {
		if three = append(three, line); len(three) == 3 {
			out[three[0]] = diversion{three[1], three[2]}
			three = nil
		}
	}
	return out
}

// ownersByApk reads apk's data base, where F: names a directory and R: a file in it.
func ownersByApk(b []byte, spelled map[string]string) map[string]string {
	out := map[string]string{}
	pkg, dir := "", ""
	for _, line := range lines(b) {
		if len(line) < 2 || line[1] != ':' {
			continue
		}
		switch v := line[2:]; line[0] {
		case 'P':
			pkg = v
		case 'F':
			dir = "/" + v
		case 'R':
			if p, ok := spelled[path.Join(dir, v)]; ok {
				out[p] = pkg
			}
		}
	}
	return out
}
