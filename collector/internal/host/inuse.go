package host

import (
	"bytes"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	maxMappedFiles = 1 << 16 // distinct files mapped by running programs
	maxUsedBy      = 5       // programs named beside a package
	recentDays     = 30
)

// Exposures of a package, least first; the place in the list orders them.
var exposures = []string{"none", "local", "controlled", "open"}

// use is what was seen of a file, or of all files of a package.
type use struct {
	running  bool
	recent   time.Time // last execution the kernel told of; zero: none
	demand   bool      // gives rights to whoever starts it
	root     bool
	exposure int // place in exposures
	programs []string
}

func (u *use) join(o use) {
	u.running, u.demand, u.root = u.running || o.running, u.demand || o.demand, u.root || o.root
	if o.recent.After(u.recent) {
		u.recent = o.recent
	}
	u.exposure = max(u.exposure, o.exposure)
	for _, p := range o.programs {
		if len(u.programs) < maxUsedBy && !slices.Contains(u.programs, p) {
			u.programs = append(u.programs, p)
		}
	}
}

// usage is what is used on the host, by path of the file.
type usage struct {
	files        map[string]*use
	interpreters map[string]bool // python, perl, ruby, node, php, java: running or lately run
	blind        bool            // programs of others could not be seen: what was not seen may run all the same
	reached      int             // exposure of the host itself: the kernel's
	observed     *int            // days
}

// observe gathers which files are mapped or executed now, were executed lately, or give rights to whoever starts them.
func (e *Env) observe(doc *facts.Document) *usage {
	u := &usage{files: map[string]*use{}, interpreters: map[string]bool{}}
	if !e.Live {
		return nil
	}
	scan := e.processTable()
	if scan.err != nil {
		return nil
	}
	reach := reachOf(doc)
	for _, l := range reach {
		u.reached = max(u.reached, l)
	}
	u.reached = max(u.reached, 1)
	for _, p := range scan.procs {
		if p.kernel || p.contained {
			continue
		}
		if !p.exeKnown {
			u.blind = true
			continue
		}
		exposure := reach[p.pid] // 0: it listens nowhere
		u.running(p.exe, use{running: true, root: p.uid == 0, exposure: exposure, programs: []string{p.comm}})
		u.interpreter(p.exe)
		for _, f := range e.mappedFiles(p.pid) {
			u.running(f, use{running: true, root: p.uid == 0, exposure: exposure, programs: []string{p.comm}})
		}
	}
	if scan.denied > 0 && !e.Privileged {
		u.blind = true
	}
	u.remember(doc, e.Now)
	if doc.Walk != nil {
		for _, f := range doc.Walk.SetID {
			if f.UID != nil && *f.UID == 0 && len(f.Mode) == 4 && f.Mode[0] >= '4' {
				u.add(f.Path, use{demand: true, root: true})
			}
		}
	}
	return u
}

func (u *usage) running(file string, one use) {
	if strings.HasPrefix(file, "/") {
		u.add(file, one)
	}
}

func (u *usage) add(file string, one use) {
	have := u.files[file]
	if have == nil {
		if len(u.files) >= maxMappedFiles {
			u.blind = true
			return
		}
		have = &use{}
		u.files[file] = have
	}
	have.join(one)
}

// remember takes over what the kernel saw executed.
func (u *usage) remember(doc *facts.Document, now time.Time) {
	if doc.Runtime == nil || doc.Runtime.ObservedSeconds <= 0 {
		return
	}
	days := min(int(doc.Runtime.ObservedSeconds/86400), recentDays)
	u.observed = &days
	for _, p := range doc.Runtime.Programs {
		if p.Container != "" || now.Sub(p.LastSeen) > recentDays*24*time.Hour {
			continue
		}
		u.running(p.Path, use{recent: p.LastSeen, root: slices.Contains(p.UIDs, 0)})
		u.interpreter(p.Path)
	}
}

// interpreters by the beginning of the program's name.
var interpreterNames = []string{"python", "perl", "ruby", "node", "php", "java"}

func (u *usage) interpreter(exe string) {
	for _, n := range interpreterNames {
		if strings.HasPrefix(path.Base(exe), n) {
			u.interpreters[n] = true
		}
	}
}

// interpreted says whose code a package's files are, when they are read by an interpreter and mapped by nobody; empty: no
// interpreter's that runs here.
func (u *usage) interpreted(name string) bool {
	for _, k := range []struct{ interpreter, prefix, suffix string }{
		{"python", "python3-", ""}, {"python", "python-", ""}, {"python", "py3-", ""}, {"perl", "lib", "-perl"}, {"perl", "perl-", ""},
		{"ruby", "ruby-", ""}, {"node", "node-", ""}, {"node", "npm", ""}, {"php", "php-", ""}, {"java", "lib", "-java"},
	} {
		if u.interpreters[k.interpreter] && strings.HasPrefix(name, k.prefix) && strings.HasSuffix(name, k.suffix) {
			return true
		}
	}
	return false
}

// mappedFiles lists the files a process maps, each once; a file that was replaced since is still the one in memory.
func (e *Env) mappedFiles(pid int) []string {
	b, err := e.ReadProcLimit("/proc/"+strconv.Itoa(pid)+"/maps", maxMaps)
	if err != nil {
		return nil
	}
	var out []string
	var last []byte
	for len(b) > 0 {
		line := b
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		i := bytes.IndexByte(line, '/')
		if i < 0 || bytes.Equal(line[i:], last) {
			continue
		}
		last = line[i:]
		out = append(out, strings.TrimSuffix(string(last), " (deleted)"))
	}
	return out
}

// reachOf says for each listening process from how far it can be reached, as a place in exposures. Where the firewall was not
// measured, or does not decide, the listener counts as reachable.
func reachOf(doc *facts.Document) map[int]int {
	out := map[int]int{}
	if doc.Sockets == nil {
		return out
	}
	public := hasPublicAddress(doc)
	for _, l := range doc.Sockets.Listeners {
		level := 2
		switch {
		case l.Exposure == "loopback", l.Reachable == "no":
			level = 1
		case l.Reachable == "limited":
		case l.Exposure == "public", l.Exposure == "all" && public:
			level = 3
		}
		if l.PID > 0 {
			out[l.PID] = max(out[l.PID], level)
		}
	}
	return out
}

// hostExposure is from how far the host can be reached at all; "" when a listener whose firewall is not known could change the answer.
func hostExposure(doc *facts.Document) string {
	if doc.Sockets == nil {
		return ""
	}
	words := []string{"small", "controlled", "open"}
	public, least, most := hasPublicAddress(doc), 0, 0
	for _, l := range doc.Sockets.Listeners {
		if l.Exposure == "loopback" || l.Reachable == "no" {
			continue
		}
		level := 1
		if l.Reachable != "limited" && (l.Exposure == "public" || l.Exposure == "all" && public) {
			level = 2
		}
		most = max(most, level)
		if l.Reachable != "" {
			least = max(least, level)
		}
	}
	if least != most {
		return ""
	}
	return words[most]
}

func hasPublicAddress(doc *facts.Document) bool {
	if doc.Network == nil {
		return false
	}
	for _, i := range doc.Network.Interfaces {
		for _, a := range i.Addresses {
			if p, err := netip.ParsePrefix(a); err == nil && i.Up && exposure(p.Addr(), "") == "public" {
				return true
			}
		}
	}
	return false
}
