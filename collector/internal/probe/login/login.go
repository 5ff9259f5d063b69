// Package login sees who logs in and who fails to, by what PAM and sshd write behind wtmp(5) and btmp: the files are
// followed, and cost one stat each when nobody does. What leaves no record there is not seen: logins by key without a
// terminal, su and sudo. A host without the files is listened to by the kernel's audit, where that is switched on.
package login

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/utmp"
)

// Event is the name of this probe's event in facts.
const Event = "login"

// Unknown stands for a name that is no account's: people type passwords there.
const Unknown = "?"

// Seen is one login, or one that failed.
type Seen struct {
	User   string // an account of this host, or [Unknown]
	Origin netip.Addr
	Local  bool // at this machine; else Origin says from where, and is the zero address where a name stands in its place
	Failed bool
	At     time.Time
}

// Bounds of what is read at once.
const (
	maxRead  = 256 << 10 // bytes of one file in one look; what is older is left out, and counted as lost
	maxUsers = 65536
)

// file is one of the two, and how far it was read.
type file struct {
	path   string
	failed bool
	inode  uint64
	offset int64
	err    error
}

// Probe follows the files. One goroutine at a time may use it.
type Probe struct {
	off    bool
	files  []*file
	passwd string
	audit  *audit // nil: not listened to
	deaf   error  // why not, where it was tried
	events uint64
	lost   uint64
}

// Open begins to follow. What was written after since is told by the first look, so that a restart leaves no hole; a zero
// time tells only what comes from now on. It never fails: what could not be read is said in Hook.
// Kinds are those allowed; nil: all. Close it.
func Open(ctx context.Context, kinds []string, since time.Time) *Probe {
	p := open(kinds == nil || slices.Contains(kinds, hook.Poll), since, "/")
	if p.missing() == len(p.files) && (kinds == nil || slices.Contains(kinds, hook.Netlink)) {
		p.audit, p.deaf = listen(ctx)
	}
	return p
}

// Close stops listening.
func (p *Probe) Close() error {
	if p.audit == nil {
		return nil
	}
	return p.audit.close()
}

// missing counts the files that could not be read.
func (p *Probe) missing() (n int) {
	for _, f := range p.files {
		if f.err != nil {
			n++
		}
	}
	return n
}

func open(allowed bool, since time.Time, root string) *Probe {
	p := &Probe{off: !allowed, passwd: root + "etc/passwd", files: []*file{
		{path: root + "var/log/wtmp"}, {path: root + "var/log/btmp", failed: true},
	}}
	if p.off {
		return p
	}
	for _, f := range p.files {
		st, err := os.Stat(f.path)
		if err != nil {
			f.err = err
			continue
		}
		f.inode, f.offset = hook.Inode(st), st.Size()
		if !since.IsZero() {
			f.offset = f.after(since, st.Size())
		}
	}
	return p
}

// after finds where the records younger than since begin.
func (f *file) after(since time.Time, size int64) int64 {
	b, from, err := f.read(max(0, size-maxRead), size)
	if err != nil {
		return size
	}
	at := from
	n := 0
	utmp.Parse(b, func(r utmp.Record) {
		n++
		if !r.At.After(since) {
			at = from + int64(n*utmp.Size)
		}
	})
	return at
}

// read gives whole records between two offsets, and where they begin.
func (f *file) read(from, to int64) ([]byte, int64, error) {
	record := int64(utmp.Size)
	from, to = (from+record-1)/record*record, to/record*record
	if from >= to {
		return nil, from, nil
	}
	r, err := os.Open(f.path)
	if err != nil {
		return nil, from, err
	}
	defer r.Close()
	b := make([]byte, to-from)
	n, err := r.ReadAt(b, from)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b[:n], from, err
}

// Drain tells what was written since the last call.
func (p *Probe) Drain(f func(Seen)) {
	if p.off {
		return
	}
	var accounts map[string]string // read when it is needed
	if p.audit != nil {
		heard, lost := p.audit.drain()
		p.lost = lost
		for _, r := range heard {
			if accounts == nil {
				accounts = readAccounts(p.passwd)
			}
			p.events++
			s := Seen{User: r.user, Failed: r.failed, At: r.at}
			for name, uid := range accounts {
				if r.user == "" && uid == r.uid {
					s.User = name
				}
			}
			if _, ok := accounts[s.User]; !ok {
				s.User = Unknown
			}
			s.Origin, s.Local = origin(r.host)
			f(s)
		}
		return
	}
	for _, file := range p.files {
		file.err = p.follow(file, func(r utmp.Record) {
			if accounts == nil {
				accounts = readAccounts(p.passwd)
			}
			p.events++
			s := Seen{User: r.User, Failed: file.failed, At: r.At}
			if _, ok := accounts[s.User]; !ok {
				s.User = Unknown
			}
			s.Origin, s.Local = origin(r.Host)
			f(s)
		})
	}
}

func (p *Probe) follow(f *file, tell func(utmp.Record)) error {
	st, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	if inode := hook.Inode(st); inode != f.inode || st.Size() < f.offset { // another file by now
		f.inode, f.offset = inode, 0
	}
	if st.Size()-f.offset < int64(utmp.Size) {
		return nil
	}
	from := f.offset
	if st.Size()-from > maxRead {
		from = (st.Size() - maxRead + int64(utmp.Size) - 1) / int64(utmp.Size) * int64(utmp.Size)
		p.lost += uint64((from - f.offset) / int64(utmp.Size))
	}
	b, from, err := f.read(from, st.Size())
	if err != nil {
		return err
	}
	f.offset = from + int64(len(b))/int64(utmp.Size)*int64(utmp.Size)
	utmp.Parse(b, func(r utmp.Record) {
		if r.User != "" && (r.Type == utmp.UserProcess || f.failed && r.Type == utmp.LoginProcess) {
			tell(r)
		}
	})
	return nil
}

// origin reads an address, or a display ("" and ":0" are here).
func origin(host string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().WithZone(""), false
	}
	here := host == "" || strings.HasPrefix(host, ":") || strings.HasPrefix(host, "tmux") || strings.HasPrefix(host, "screen")
	return netip.Addr{}, here
}

// readAccounts gives the numbers of users by name.
func readAccounts(path string) map[string]string {
	known := map[string]string{}
	f, err := os.Open(path)
	if err != nil {
		return known
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	for sc.Scan() && len(known) < maxUsers {
		if f := strings.SplitN(sc.Text(), ":", 4); len(f) > 2 {
			known[f[0]] = f[2]
		}
	}
	return known
}

// Hook reports the probe's health.
func (p *Probe) Hook() facts.Hook {
	h := facts.Hook{Event: Event, State: hook.Off, Events: p.events, Lost: p.lost}
	if p.off {
		return h
	}
	h.Kind, h.State = hook.Poll, hook.Proven
	h.Reason = "logins by key without a terminal, su and sudo leave no record there"
	for _, f := range p.files {
		if f.err != nil {
			h.Reason += fmt.Sprintf("; %v", short(f.err))
		}
	}
	switch {
	case p.audit != nil:
		h.Kind = hook.Netlink
		h.Reason = "programs that do not report to the audit are not seen, nor are su and sudo" + h.Reason[strings.Index(h.Reason, ";"):]
	case p.missing() == len(p.files):
		h.Kind, h.State = "", hook.Refused
		if p.deaf != nil {
			h.Reason += fmt.Sprintf("; netlink: %v", p.deaf)
		}
	}
	if p.lost > 0 {
		h.Losses = map[string]uint64{hook.LostOverrun: p.lost}
	}
	return h
}

func short(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Path, p.Err)
	}
	return err
}
