package host

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	maxMaps      = 4 << 20   // bytes of one /proc/PID/maps
	maxEnviron   = 256 << 10 // bytes of one /proc/PID/environ
	maxFlagged   = 256       // processes kept in one list
	maxProcNames = 4096
)

// tempDirs are directories that anybody may write to.
var tempDirs = []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/lock/", "/run/shm/", "/run/user/"}

// remoteControl are programs by which people sit at a host from elsewhere, by the base name of the program.
var remoteControl = []string{
	"anydesk", "teamviewer", "teamviewerd", "TeamViewer", "rustdesk", "ammyy", "AA_v3", "rutserv", "aeroadmin", "supremo",
	"splashtop", "SRFeature", "nxd", "nxserver", "nxnode", "x11vnc", "Xvnc", "Xtigervnc", "vncserver-x11", "vino-server", "krfb",
	"xrdp", "xrdp-sesman", "chrome-remote-desktop-host", "remoting_me2me_host", "meshagent", "dwagent", "dwagsvc", "getscreen",
	"wayvnc", "gnome-remote-desktop-daemon", "ngrok", "cloudflared", "frpc", "frps", "chisel", "tailscaled", "zerotier-one",
	"shellinaboxd", "ttyd", "gotty", "cockpit-ws", "hoptodesk", "parsecd", "litemanager", "romserver",
}

// collectProcesses looks at the running programs as far as they bear on trust. Without root the programs of other users
// are not visible: the lists then hold what could be seen, and the status says so.
func collectProcesses(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	if !env.Live {
		return unmeasured("needs the running system")
	}
	scan := env.processTable()
	if scan.err != nil {
		return unmeasured("/proc: " + why(scan.err))
	}
	var r reading
	p := &facts.Processes{
		Count: len(scan.procs), DeletedExe: []facts.Process{}, Memfd: []facts.Process{}, TempExe: []facts.Process{},
		StaleLibraries: []facts.Process{}, LdPreload: []facts.Process{}, RemoteControl: []facts.Process{},
	}
	doc.Processes = p
	exposed := exposedPIDs(doc)
	names := map[string]bool{}
	hidden := 0
	for _, q := range scan.procs {
		if len(names) < maxProcNames {
			names[q.comm] = true
		}
		if q.kernel {
			continue
		}
		if !q.exeKnown {
			hidden++
			continue
		}
		env.inspect(p, q, exposed[q.pid])
	}
	for n := range names {
		p.Names = append(p.Names, n)
	}
	slices.Sort(p.Names)
	if hidden > 0 && !env.Privileged {
		r.note("/proc/*/exe", fmt.Sprintf("needs root: the programs of %d processes are not visible", hidden))
	}
	env.unconfined(doc, scan, exposed)
	return r.status()
}

// exposedPIDs are the processes that listen beyond loopback.
func exposedPIDs(doc *facts.Document) map[int]bool {
	out := map[int]bool{}
	if doc.Sockets != nil {
		for _, l := range doc.Sockets.Listeners {
			if l.Exposure != "loopback" && l.PID > 1 {
				out[l.PID] = true
			}
		}
	}
	return out
}

// inspect puts one process into the lists it belongs to.
func (e *Env) inspect(p *facts.Processes, q *process, exposed bool) {
	memfd := strings.HasPrefix(q.exe, "/memfd:")
	switch {
	case memfd:
		add(&p.Memfd, e.processFact(q, e.seals(q.pid)))
	case q.exeDeleted && !q.contained:
		detail := "the file is gone"
		if e.Exists(q.exe) {
			detail = "the file was replaced"
		}
		add(&p.DeletedExe, e.processFact(q, detail))
	}
	if !memfd && !q.contained && slices.ContainsFunc(tempDirs, func(d string) bool { return strings.HasPrefix(q.exe, d) }) {
		add(&p.TempExe, e.processFact(q, ""))
	}
	base := path.Base(q.exe)
	if slices.Contains(remoteControl, base) || slices.Contains(remoteControl, q.comm) {
		add(&p.RemoteControl, e.processFact(q, ""))
	}
	if q.contained {
		return
	}
	if lib := e.staleLibrary(q.pid); lib != "" {
		add(&p.StaleLibraries, e.processFact(q, lib))
	}
	if q.uid == 0 || exposed || len(q.sockets) > 0 {
		if v := e.preload(q.pid); v != "" {
			add(&p.LdPreload, e.processFact(q, v))
		}
	}
}

// allSeals are those that a container runtime puts on the copy of itself that it runs from memory.
const allSeals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE

// seals is "sealed" for a process whose program in memory nobody can change any more; empty: it can, or not known.
func (e *Env) seals(pid int) string {
	if !e.Native() {
		return ""
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return ""
	}
	defer f.Close()
	if have, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0); err != nil || have&allSeals != allSeals {
		return ""
	}
	return "sealed"
}

func add(list *[]facts.Process, p facts.Process) {
	if len(*list) < maxFlagged {
		*list = append(*list, p)
	}
}

func (e *Env) processFact(q *process, detail string) facts.Process {
	p := facts.Process{PID: q.pid, Name: q.comm, Exe: q.exe, UID: &q.uid, User: e.UserName(q.uid), Detail: detail, Unit: q.unit}
	if !q.started.IsZero() {
		p.StartedAt = ptr(q.started)
	}
	if owners, ok := e.packageOwners(); ok && !q.contained {
		p.Package = owners[q.exe]
	}
	return p
}

// staleLibrary returns the first library that a process maps and whose file was deleted or replaced since. Executable
// mappings of shared objects count; fonts, caches and other data that were replaced do no harm.
func (e *Env) staleLibrary(pid int) string {
	b, err := e.ReadProcLimit(fmt.Sprintf("/proc/%d/maps", pid), maxMaps)
	if err != nil || !bytes.Contains(b, []byte(" (deleted)")) {
		return ""
	}
	for _, line := range lines(b) {
		name, ok := strings.CutSuffix(line, " (deleted)")
		if !ok {
			continue
		}
		i := strings.IndexByte(name, '/')
		f := strings.Fields(line)
		if i < 0 || len(f) < 6 || !strings.Contains(f[1], "x") {
			continue
		}
		if name = name[i:]; strings.Contains(path.Base(name), ".so") && !strings.HasPrefix(name, "/memfd:") {
			return name
		}
	}
	return ""
}

// preload returns LD_PRELOAD or LD_AUDIT of a process's environment as it was started.
func (e *Env) preload(pid int) string {
	b, err := e.ReadProcLimit(fmt.Sprintf("/proc/%d/environ", pid), maxEnviron)
	if err != nil {
		return ""
	}
	for v := range bytes.SplitSeq(b, []byte{0}) {
		if s := string(v); strings.HasPrefix(s, "LD_PRELOAD=") || strings.HasPrefix(s, "LD_AUDIT=") {
			if _, value, _ := strings.Cut(s, "="); value != "" {
				return s
			}
		}
	}
	return ""
}

// unconfined lists processes that listen beyond loopback and that no security module's profile confines. Without a
// module that knows profiles it is absent.
func (e *Env) unconfined(doc *facts.Document, scan *procScan, exposed map[int]bool) {
	lsm := e.procLine("/sys/kernel/security/lsm")
	if !strings.Contains(lsm, "apparmor") && !strings.Contains(lsm, "selinux") {
		return
	}
	doc.Processes.Unconfined = []facts.Process{}
	for _, q := range scan.procs {
		if !exposed[q.pid] {
			continue
		}
		label := strings.TrimRight(e.procLine(fmt.Sprintf("/proc/%d/attr/current", q.pid)), "\x00")
		if label == "" {
			continue
		}
		if strings.HasPrefix(label, "unconfined") || strings.Contains(label, ":unconfined_t:") || strings.Contains(label, ":unconfined_service_t:") || strings.Contains(label, ":initrc_t:") {
			add(&doc.Processes.Unconfined, e.processFact(q, label))
		}
	}
}
