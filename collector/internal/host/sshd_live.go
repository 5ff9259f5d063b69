package host

import (
	"context"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/sshdconf"
)

// rereadMargin is how much older than the pid file a file must be to count as read before the pid file was written.
// sshd writes the pid file after it has read its configuration and bound its ports.
const rereadMargin = 50 * time.Millisecond

// liveSSHD decides what the listening server does.
//
// The listener's command line is its own, and final. The files it read are taken as they are now if none of them, none
// of the links and directories through which it found them, changed since it read them (change time, which nobody can
// set back). It read them when it started, or, after SIGHUP, when it executed itself anew: the process keeps its start
// time then, but writes its pid file again. If something is newer than both, nobody can say, and Live stays nil.
//
// It could be wrong where the wall clock was stepped between the change and now (the boot clock is translated by
// today's clock), where the server runs in another mount name space with other files, or where a file changed within
// the 50 ms in which the server was starting.
func liveSSHD(ctx context.Context, env *Env, doc *facts.Document, r *reading) {
	d := doc.SSHD
	scan := env.processTable()
	socks, err := env.listeningSockets()
	if scan.err != nil || err != nil {
		d.LiveReason = "processes or sockets could not be listed"
		return
	}
	listeners := sshListeners(scan, socks, "sshd")
	if len(listeners) == 0 {
		if sshSocketListens(env, scan, socks) {
			d.Running = ptr(true)
			d.Live = d.Persisted
			d.LiveReason = "the init system listens and starts a server at a connection, which reads the files as they are"
			return
		}
		if scan.denied > 0 && !env.Privileged && len(scan.find("sshd")) > 0 {
			d.Running = ptr(true)
			d.LiveReason = "needs root: the server's sockets are not visible"
			return
		}
		d.Running = ptr(false)
		d.LiveReason = "no server listens"
		return
	}
	d.Running = ptr(true)
	l := listeners[0]
	if env.Native() {
		d.Offered = askServer(ctx, l.addrs)
	}
	d.Live, d.LiveReason = readLive(env, doc, l.proc, r)
	if d.Live != nil && len(listeners) > 1 {
		addServers(env, doc, listeners[1:], r)
	}
}

// addServers tells of further servers as of Match blocks: who connects to their ports meets the settings in which they
// differ. One that cannot be described leaves the whole undecided.
func addServers(env *Env, doc *facts.Document, others []sshListener, r *reading) {
	d := doc.SSHD
	for i, l := range others {
		cfg, reason := readLive(env, doc, l.proc, r)
		if cfg == nil || i >= 8 {
			d.Live, d.LiveReason = nil, fmt.Sprintf("of another server, on port %d: %s", l.addrs[0].Port(), reason)
			return
		}
		m := facts.SSHDMatch{Criteria: fmt.Sprintf("server on port %d", l.addrs[0].Port()), Settings: map[string][]string{}, Source: fmt.Sprintf("process %d", l.proc.pid)}
		for name, v := range cfg.Settings {
			if !slices.Equal(v, d.Live.Settings[name]) {
				m.Settings[name] = v
			}
		}
		d.Live.Matches = append(d.Live.Matches, m)
		for _, match := range cfg.Matches {
			match.Criteria = m.Criteria + " " + match.Criteria
			d.Live.Matches = append(d.Live.Matches, match)
		}
	}
}

// sshListener is one server process with the addresses it listens on.
type sshListener struct {
	proc  *process
	addrs []netip.AddrPort
}

// sshListeners finds the processes of a program that own listening TCP sockets, the lowest port first.
func sshListeners(scan *procScan, socks []socket, program string) []sshListener {
	var out []sshListener
	slices.SortStableFunc(socks, func(a, b socket) int { return int(a.addr.Port()) - int(b.addr.Port()) })
	for _, s := range socks {
		p := scan.byInode[s.inode]
		if !strings.HasPrefix(s.proto, "tcp") || p == nil || p.contained || path.Base(p.exe) != program {
			continue
		}
		i := slices.IndexFunc(out, func(l sshListener) bool { return l.proc == p })
		if i < 0 {
			out = append(out, sshListener{proc: p})
			i = len(out) - 1
		}
		out[i].addrs = append(out[i].addrs, s.addr)
	}
	return out
}

// sshSocketListens says that systemd listens on behalf of a socket unit of the server that is on.
func sshSocketListens(env *Env, scan *procScan, socks []socket) bool {
	units := env.unitSet()
	for _, name := range sshdSockets {
		if !units.StartsAtBoot(name) && !env.ProcExists("/sys/fs/cgroup/system.slice/"+name) {
			continue
		}
		u := units.Unit(name)
		for _, v := range u.Values("Socket", "ListenStream") {
			_, port := splitLast(v, ':')
			for _, s := range socks {
				if p := scan.byInode[s.inode]; p != nil && p.pid == 1 && fmt.Sprint(s.addr.Port()) == port {
					return true
				}
			}
		}
	}
	return false
}

// splitLast cuts s at the last sep; without one all of it is the tail.
func splitLast(s string, sep byte) (head, tail string) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+1:]
}

// readLive computes the configuration of one listening process, or says why it cannot.
func readLive(env *Env, doc *facts.Document, p *process, r *reading) (*facts.SSHDConfig, string) {
	args, reason := sshdLiveArgs(env.arguments(p.pid))
	if reason != "" {
		return nil, reason
	}
	if root, err := env.ProcLink(fmt.Sprintf("/proc/%d/root", p.pid)); err == nil && root != "/" {
		return nil, "the server runs under another root directory"
	}
	version := doc.SSHD.Version
	if o := doc.SSHD.Offered; o != nil {
		if v, ok := strings.CutPrefix(o.Banner, "SSH-2.0-OpenSSH_"); ok {
			version, _, _ = strings.Cut(v, " ")
		}
	}
	o := sshdOptions(env, doc, version, r)
	o.Args = args
	glob := o.Files.Glob
	var dirs []string
	o.Files.Glob = func(pattern string) []string {
		dirs = append(dirs, path.Dir(pattern))
		return glob(pattern)
	}
	cfg, err := sshdconf.Parse(o)
	if err != nil {
		return nil, "the configuration could not be read: " + why(err)
	}
	if p.started.IsZero() {
		return nil, "the server's start time is not known"
	}
	newest, file := env.newestChange(cfg.Files, dirs)
	started := p.started.Add(time.Second / clockTicks) // the start time is cut to ticks
	if !newest.After(started) {
		return cfg, "the server started " + stamp(p.started) + ", after the last change of its files"
	}
	if at, ok := pidFileTime(env, cfg, p.pid); ok && at.After(started) && newest.Before(at.Add(-rereadMargin)) {
		return cfg, "the server read its files again at " + stamp(at) + ", after their last change"
	}
	return nil, fmt.Sprintf("%s changed at %s, after the server read it (started %s): what runs is not known until it is restarted",
		file, stamp(newest), stamp(p.started))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// sshdLiveArgs turns a process's command line into the server's arguments. sshd shows itself as
// "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", its arguments joined by blanks; older ones leave their
// command line alone.
func sshdLiveArgs(argv []string) (args []string, reason string) {
	if len(argv) == 0 {
		return nil, "the server's command line is not readable"
	}
	title, ok := strings.CutPrefix(argv[0], "sshd: ")
	if !ok {
		return argv[1:], ""
	}
	title, _, ok = strings.Cut(title, " [listener]")
	if !ok {
		return nil, "the server's command line is cut short in its title"
	}
	words := strings.Fields(title)
	if len(words) == 0 {
		return nil, ""
	}
	// A value with blanks was one argument: what follows "-o Keyword" up to the next option belongs to it.
	for i := 1; i < len(words); i++ {
		w := words[i]
		if last := len(args) - 1; last >= 0 && !strings.HasPrefix(w, "-") && (last > 0 && args[last-1] == "-o" || strings.HasPrefix(args[last], "-o") && len(args[last]) > 2) {
			args[last] += " " + w
			continue
		}
		args = append(args, w)
	}
	return args, ""
}

// newestChange returns the latest change time of the files, of the links that lead to them, and of the directories that
// were listed; a directory that is not there is answered by the nearest one above it.
func (e *Env) newestChange(files, dirs []string) (time.Time, string) {
	var newest time.Time
	var which string
	look := func(name string, follow bool) bool {
		st, err := e.lstat(name, follow)
		if err != nil {
			return false
		}
		changed := st.Ctim
		if st.Mode&unix.S_IFMT == unix.S_IFDIR || !e.Native() {
			changed = st.Mtim // what a directory lists, not its mode; a recorded host has no change times of its own
		}
		if t := time.Unix(changed.Unix()); t.After(newest) {
			newest, which = t, name
		}
		return true
	}
	for _, f := range files {
		look(f, false)
		look(f, true)
	}
	for _, d := range dirs {
		for !look(d, true) && d != "/" {
			d = path.Dir(d)
		}
	}
	return newest, which
}

// pidFileTime returns when the server wrote its pid file, if the file names this very process.
func pidFileTime(env *Env, cfg *facts.SSHDConfig, pid int) (time.Time, bool) {
	for _, name := range cfg.Settings["pidfile"] {
		b, err := env.ReadFileLimit(name, 64)
		if err != nil || strings.TrimSpace(string(b)) != fmt.Sprint(pid) {
			continue
		}
		if st, err := env.lstat(name, true); err == nil {
			return time.Unix(st.Mtim.Unix()), true
		}
	}
	return time.Time{}, false
}
