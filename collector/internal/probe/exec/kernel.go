package exec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cilium/ebpf"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// kernel is the source that counts in the kernel.
type kernel struct {
	*hook.Attachment
	programs *ebpf.Map
	limit    int
	known    map[execProgramKey]*known
	crowded  bool // at the last drain
	mounts   hook.Mounts
	told     map[execProgramKey]Seen // what was told, for [Probe.Parse] alone
}

// maxTold bounds what is kept of executions that are told again and again.
const maxTold = 1024

// known is what we remember of a key between two drains.
type known struct {
	count uint64 // handed over so far
	path  string
	name  string // of the file; to know ourselves
}

func attach(spec *ebpf.CollectionSpec, c hook.Candidate, o hook.Options) (*kernel, error) {
	a, err := hook.Attach(spec, c, o)
	if err != nil {
		return nil, err
	}
	m := a.Map(execMapPrograms)
	return &kernel{Attachment: a, programs: m, limit: int(m.MaxEntries()), known: map[execProgramKey]*known{}}, nil
}

// drain hands the difference to the last drain over. Entries stay in the kernel, so that nothing is lost between
// reading and deleting, until room is needed: then those that rested for a minute go, at the next drain.
func (k *kernel) drain(now hook.Clock, f func(Seen)) error {
	var old []execProgramKey
	entries, mono := 0, hook.Monotonic()
	err := hook.Each(k.programs, func(key *execProgramKey, v *execProgram) {
		entries++
		if k.crowded && v.Last+uint64(time.Minute) < mono {
			old = append(old, *key)
		}
		seen := k.known[*key]
		if seen == nil {
			seen = &known{}
			seen.path, seen.name = k.path(key, v)
			k.known[*key] = seen
		}
		if v.Count <= seen.count {
			return
		}
		s := k.seen(key, v, seen.path, now)
		s.Count -= seen.count
		seen.count = v.Count
		f(s)
	})
	if err != nil {
		return fmt.Errorf("read programs: %w", err)
	}
	for _, key := range old {
		if err := k.programs.Delete(key); err == nil || errors.Is(err, ebpf.ErrKeyNotExist) {
			delete(k.known, key)
		}
	}
	k.crowded = entries >= k.limit*3/4
	return nil
}

// ran looks for the youngest program of a process.
func (k *kernel) ran(pid uint32, now hook.Clock) (found Seen, ok bool) {
	var last uint64
	since := hook.Monotonic() - uint64(time.Minute)
	err := hook.Each(k.programs, func(key *execProgramKey, v *execProgram) {
		if v.Pid == pid && v.Last > since && v.Last > last {
			path, _ := k.path(key, v)
			found, ok, last = k.seen(key, v, path, now), true, v.Last
		}
	})
	return found, ok && err == nil
}

func (k *kernel) seen(key *execProgramKey, v *execProgram, path string, now hook.Clock) Seen {
	s := Seen{
		Path: path, Script: hook.String(v.Script[:]), Parent: hook.String(key.Parent[:]),
		UID: key.Uid, PID: v.Pid, Flags: Flags(v.Flags) &^ (cut | flat), Count: v.Count, Cgroup: v.Cgroup,
		First: now.Time(v.First), Last: now.Time(v.Last),
	}
	if s.Flags&Deleted != 0 && strings.HasPrefix(path, "memfd:") {
		s.Flags |= Memfd
	}
	return s
}

// path puts the names together. What the kernel could not spell out is asked from procfs, while the process lives.
func (k *kernel) path(key *execProgramKey, v *execProgram) (path, name string) {
	flags := Flags(v.Flags)
	if flags&flat != 0 {
		var b []byte
		for i := range v.Part {
			b = append(b, v.Part[i][:]...)
		}
		path = hook.String(b)
		if !filepath.IsAbs(path) {
			path = exeOf(v.Pid, path)
		}
		return path, filepath.Base(path)
	}
	var parts []string
	for i := range v.Part {
		if part := hook.String(v.Part[i][:]); part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return "", ""
	}
	name = parts[0]
	if len(parts) == 1 && strings.HasPrefix(name, "memfd:") {
		return name, name
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteByte('/')
		b.WriteString(parts[i])
	}
	path = k.mounts.Path(key.Device, b.String())
	if flags&cut != 0 {
		path = exeOf(v.Pid, path)
	}
	return path, name
}

// exeOf asks procfs for a process's file; fallback when it has gone, or has become another program.
func exeOf(pid uint32, fallback string) string {
	path, err := os.Readlink("/proc/" + strconv.FormatUint(uint64(pid), 10) + "/exe")
	if err != nil || filepath.Base(strings.TrimSuffix(path, " (deleted)")) != filepath.Base(fallback) {
		return fallback
	}
	return strings.TrimSuffix(path, " (deleted)")
}

// sawSelf looks for this process's own file, run by this process.
func (k *kernel) sawSelf(since uint64) bool {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return false
	}
	base := filepath.Base(strings.TrimSuffix(exe, " (deleted)"))
	me, found := hook.Command(), false
	var keys []execProgramKey
	err = hook.Each(k.programs, func(key *execProgramKey, v *execProgram) {
		if v.Last < since || v.Count == 0 {
			return
		}
		_, name := k.path(key, v)
		parent := hook.String(key.Parent[:])
		switch {
		case Flags(v.Flags)&flat != 0: // no parent there, and the name is what we called
			found = found || name == "exe" || name == base
		case parent == me && (name == base || len(base) >= 31 && strings.HasPrefix(base, name) || name == "?"):
			found = true
		default:
			return
		}
		keys = append(keys, *key)
	})
	if err != nil || !found {
		return false
	}
	for _, key := range keys { // the canary is no part of what the host does
		_ = k.programs.Delete(key)
	}
	return true
}

// keySize is the length of a record after its header, in bytes; an agreement with struct exec_record.
const keySize = 48

// Parse reads a record of the ring, after its header. It may be called beside Drain, by one goroutine at a time. The answer
// is false, too, when what was told has left the map since, as entries do that rested for a minute.
func (p *Probe) Parse(h hook.Header, b []byte, now hook.Clock) (Seen, bool) {
	k, ok := p.choice.Source.(*kernel)
	if !ok || len(b) < keySize {
		return Seen{}, false
	}
	key := parseKey(b)
	s, ok := k.told[key]
	if !ok {
		var v execProgram
		if k.programs == nil || k.programs.Lookup(key, &v) != nil {
			return Seen{}, false
		}
		path, _ := k.path(&key, &v)
		s = k.seen(&key, &v, path, now)
		if k.told == nil || len(k.told) >= maxTold {
			k.told = map[execProgramKey]Seen{}
		}
		k.told[key] = s
	}
	s.PID, s.Last = h.PID, now.Time(h.At)
	return s, true
}

func parseKey(b []byte) (key execProgramKey) {
	n := binary.NativeEndian
	key.Inode, key.Name = n.Uint64(b), n.Uint64(b[8:])
	key.Device, key.Directory, key.Uid, key.Flags = n.Uint32(b[16:]), n.Uint32(b[20:]), n.Uint32(b[24:]), n.Uint32(b[28:])
	hook.Copy(key.Parent[:], b[32:48])
	return key
}
