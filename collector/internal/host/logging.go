package host

import (
	"context"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/uci"
)

// collectLogging reads where log lines go and how long they stay.
func collectLogging(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	l := &facts.Logging{}
	doc.Logging = l
	l.Journal = journal(env, &r)
	l.Syslog = syslog(env, &r)
	if env.Live && l.Syslog != nil && len(l.Syslog.Remote) > 0 {
		l.Syslog.RemoteConnected = env.logConnected(l.Syslog)
	}
	rotates := env.firstExisting("/usr/sbin/logrotate", "/etc/logrotate.conf") != "" && (env.Exists("/etc/logrotate.conf") || len(env.Names("/etc/logrotate.d")) > 0)
	l.Logrotate = &rotates
	if rotates {
		l.Rotation = logRotations(env, &r)
	}
	l.OldestAt, l.NewestAt = logAges(env)
	return r.status()
}

func journal(env *Env, r *reading) *facts.Journal {
	if env.firstExisting("/usr/lib/systemd/systemd-journald", "/lib/systemd/systemd-journald", "/etc/systemd/journald.conf",
		"/usr/lib/systemd/system/systemd-journald.service") == "" {
		return nil
	}
	j := &facts.Journal{Settings: env.systemdConf("journald", "Journal", r)}
	switch strings.ToLower(j.Settings["Storage"]) {
	case "persistent":
		j.Persistent = ptr(true)
	case "volatile", "none":
		j.Persistent = ptr(false)
	default: // auto
		j.Persistent = ptr(env.Exists("/var/log/journal"))
	}
	switch v := j.Settings["ForwardToSyslog"]; {
	case v != "":
		j.ForwardSyslog = ptr(isYes(v))
	default: // Debian builds it in; upstream does not
		j.ForwardSyslog = ptr(env.Exists("/etc/debian_version"))
	}
	j.Remote = env.serviceEnabled("systemd-journal-upload")
	return j
}

// syslog describes the first syslog daemon that is there, one that is enabled before the others.
func syslog(env *Env, r *reading) *facts.Syslog {
	var found *facts.Syslog
	for _, c := range []struct {
		name     string
		files    []string
		units    []string
		programs []string
		read     func(*Env, *reading, *facts.Syslog)
	}{
		{"rsyslog", []string{"/usr/sbin/rsyslogd", "/etc/rsyslog.conf"}, []string{"rsyslog"}, []string{"rsyslogd"}, readRsyslog},
		{"syslog-ng", []string{"/usr/sbin/syslog-ng", "/etc/syslog-ng/syslog-ng.conf"}, []string{"syslog-ng"}, []string{"syslog-ng"}, readSyslogNG},
		{"logd", []string{"/sbin/logd", "/etc/init.d/log"}, []string{"log"}, []string{"logd"}, readLogd},
		{"busybox", []string{"/etc/conf.d/syslog"}, []string{"syslog"}, []string{"syslogd"}, readBusyboxSyslog},
	} {
		if env.firstExisting(c.files...) == "" {
			continue
		}
		s := &facts.Syslog{Implementation: c.name, Enabled: env.serviceEnabled(c.units...), Running: env.running(c.programs...), Remote: []string{}}
		if c.name == "busybox" && s.Running != nil {
			s.Running = ptr(env.busyboxRuns("syslogd"))
		}
		c.read(env, r, s)
		slices.Sort(s.Remote)
		s.Remote = slices.Compact(s.Remote)
		if found == nil || found.Enabled != nil && !*found.Enabled && s.Enabled != nil && *s.Enabled {
			found = s
		}
	}
	return found
}

var (
	rsyslogLegacy  = regexp.MustCompile(`(?:^|[\s;])(@@?)(?:\([^)]*\))?(\[[^\]]+\]|[^\s:;#@]+)(?::(\d+))?`)
	rsyslogInclude = regexp.MustCompile(`(?i)^\$IncludeConfig\s+(\S+)`)
	rsyslogObject  = regexp.MustCompile(`(?i)\b(action|include|module|input)\s*\(`)
	rsyslogParam   = regexp.MustCompile(`(?i)([a-z.]+)\s*=\s*"([^"]*)"`)
	rsyslogRelp    = regexp.MustCompile(`:omrelp:([^:\s]+)(?::(\d+))?`)
)

// readRsyslog follows rsyslog.conf through its includes, in both of its languages.
func readRsyslog(env *Env, r *reading, s *facts.Syslog) {
	s.Receives = ptr(false)
	follow(env, r, "/etc/rsyslog.conf", func(b []byte, include func(pattern string)) {
		text := withoutComments(b)
		for line := range strings.SplitSeq(text, "\n") {
			line = strings.TrimSpace(line)
			if m := rsyslogInclude.FindStringSubmatch(line); m != nil {
				include(m[1])
				continue
			}
			rsyslogLine(line, s)
		}
		for _, at := range rsyslogObject.FindAllStringSubmatchIndex(text, 4096) {
			kind := strings.ToLower(text[at[2]:at[3]])
			params := map[string]string{}
			for _, m := range rsyslogParam.FindAllStringSubmatch(parenthesis(text[at[1]:]), 64) {
				params[strings.ToLower(m[1])] = m[2]
			}
			if kind == "include" {
				include(params["file"])
				continue
			}
			rsyslogAction(kind, params, s)
		}
	})
}

// rsyslogLine reads one line of the old language.
func rsyslogLine(line string, s *facts.Syslog) {
	if strings.HasPrefix(line, "$") {
		w := strings.Fields(line)
		if len(w) < 2 {
			return
		}
		switch strings.ToLower(w[0]) {
		case "$filecreatemode":
			s.FileMode = w[1]
		case "$udpserverrun", "$inputtcpserverrun", "$inputrelpserverrun":
			s.Receives = ptr(true)
		case "$actionsendstreamdriver":
		}
		return
	}
	if m := rsyslogRelp.FindStringSubmatch(line); m != nil {
		addRemote(s, m[1], m[2])
	}
	if strings.Contains(line, "(") && !strings.Contains(line, "@(") && !strings.Contains(line, "@@(") {
		return
	}
	if m := rsyslogLegacy.FindStringSubmatch(line); m != nil {
		addRemote(s, strings.Trim(m[2], "[]"), m[3])
	}
}

// rsyslogAction reads one object of the new language.
func rsyslogAction(kind string, p map[string]string, s *facts.Syslog) {
	switch typ := strings.ToLower(p["type"]); {
	case kind == "action" && (typ == "omfwd" || typ == "omrelp") && p["target"] != "":
		addRemote(s, p["target"], p["port"])
	case kind == "action" && (typ == "omelasticsearch" || typ == "omhttp" || typ == "omkafka"):
		addRemote(s, p["server"]+p["broker"], p["serverport"])
	case kind == "input" && (typ == "imudp" || typ == "imtcp" || typ == "imrelp" || typ == "imptcp"):
		s.Receives = ptr(true)
	case kind == "module" && strings.Contains(p["load"], "omfile") && p["filecreatemode"] != "":
		s.FileMode = p["filecreatemode"]
	}
}

// addRemote notes a target that is not the host itself.
func addRemote(s *facts.Syslog, host, port string) {
	if host == "" || host == "localhost" || len(s.Remote) >= 64 {
		return
	}
	if a, err := netip.ParseAddr(host); err == nil && a.IsLoopback() {
		return
	}
	if port != "" {
		host = joinHostPort(host, port)
	}
	s.Remote = append(s.Remote, host)
}

func joinHostPort(host, port string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]:" + port
	}
	return host + ":" + port
}

// withoutComments drops comment lines, and what follows " #" on others.
func withoutComments(b []byte) string {
	var out strings.Builder
	for _, line := range lines(b) {
		if t := strings.TrimSpace(line); t == "" || t[0] == '#' {
			continue
		}
		if i := strings.Index(line, " #"); i >= 0 && !strings.Contains(line[:i], `"`) {
			line = line[:i]
		}
		out.WriteString(line)
		out.WriteByte('\n')
	}
	return out.String()
}

// parenthesis returns the text up to the closing parenthesis, outside quotes, 8 KiB at most.
func parenthesis(s string) string {
	quoted := false
	for i := 0; i < len(s) && i < 8192; i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ')' && !quoted:
			return s[:i]
		}
	}
	return s[:min(len(s), 8192)]
}

var syslogNGTarget = regexp.MustCompile(`\b(network|syslog|tcp|tcp6|udp|udp6)\s*\(\s*(?:ip\s*\()?"?([^"\s);]+)"?([^;]*)`)
var syslogNGPort = regexp.MustCompile(`\bport\s*\(\s*"?(\d+)`)

func readSyslogNG(env *Env, r *reading, s *facts.Syslog) {
	s.Receives = ptr(false)
	for _, f := range append([]string{"/etc/syslog-ng/syslog-ng.conf"}, env.Glob("/etc/syslog-ng/conf.d/*.conf")...) {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		text := withoutComments(b)
		for stmt := range strings.SplitSeq(text, "};") {
			m := syslogNGTarget.FindStringSubmatch(stmt)
			switch stmt = strings.TrimSpace(stmt); {
			case m == nil:
			case strings.HasPrefix(stmt, "destination"):
				port := ""
				if p := syslogNGPort.FindStringSubmatch(m[3]); p != nil {
					port = p[1]
				}
				addRemote(s, m[2], port)
			case strings.HasPrefix(stmt, "source"):
				s.Receives = ptr(true)
			}
		}
	}
}

// readLogd reads OpenWrt's log daemon settings.
func readLogd(env *Env, r *reading, s *facts.Syslog) {
	s.Receives = ptr(false)
	b, ok := r.file(env, "/etc/config/system")
	if !ok {
		return
	}
	for _, sec := range uci.OfType(uci.Parse(b), "system") {
		if sec.Bool("log_remote", true) {
			addRemote(s, sec.Get("log_ip"), sec.Get("log_port"))
		}
	}
}

func readBusyboxSyslog(env *Env, r *reading, s *facts.Syslog) {
	b, ok := r.file(env, "/etc/conf.d/syslog")
	if !ok {
		return
	}
	w := strings.Fields(shellAssignments(b)["SYSLOGD_OPTS"])
	for i := range w {
		if w[i] == "-R" && i+1 < len(w) {
			host, port := splitLast(w[i+1], ':')
			if host == "" {
				host, port = port, ""
			}
			addRemote(s, host, port)
		}
	}
}

// logConnected looks for an established TCP connection of the daemon to the port of a target; nil when no target states
// a port or the daemon's sockets are not visible, as with UDP, which knows no connections.
func (e *Env) logConnected(s *facts.Syslog) *bool {
	programs := map[string]string{"rsyslog": "rsyslogd", "syslog-ng": "syslog-ng"}
	procs := e.processTable().find(programs[s.Implementation])
	if len(procs) == 0 {
		return nil
	}
	wanted := map[uint64]bool{}
	for _, p := range procs {
		for _, i := range p.sockets {
			wanted[i] = true
		}
	}
	ports := map[uint16]bool{}
	for _, t := range s.Remote {
		_, port := splitLast(t, ':')
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			ports[uint16(n)] = true
		} else {
			ports[514] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	for _, f := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, err := e.ReadProcLimit(f, 64<<20)
		if err != nil {
			continue
		}
		for n, line := range lines(b) {
			w := strings.Fields(line)
			if n == 1 || len(w) < 10 || w[3] != "01" {
				continue
			}
			inode, _ := strconv.ParseUint(w[9], 10, 64)
			if remote, ok := parseHexAddr(w[2]); ok && wanted[inode] && ports[remote.Port()] {
				return ptr(true)
			}
		}
	}
	return nil
}

// logAges looks at the system's own log files: how far back they reach at least, and the newest last write. A text log
// holds records older than its last write, so that the oldest last write is too young rather than too old; a journal file
// tells its first record. A clock that was wrong when a record was written makes both wrong.
func logAges(env *Env) (oldest, newest *time.Time) {
	var files []string
	for _, n := range env.Names("/var/log") {
		if slices.ContainsFunc(systemLogs, func(p string) bool { return n == p || strings.HasPrefix(n, p+".") || strings.HasPrefix(n, p+"-") }) {
			files = append(files, path.Join("/var/log", n))
		}
	}
	files = append(files, env.Glob("/var/log/journal/*/*.journal")...)
	files = append(files, env.Glob("/run/log/journal/*/*.journal")...)
	for _, f := range files {
		st, err := env.lstat(f, false)
		if err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
			continue
		}
		t := time.Unix(st.Mtim.Unix()).UTC()
		first := t
		if head := journalHead(env, f); !head.IsZero() && head.Before(t) {
			first = head
		}
		if oldest == nil || first.Before(*oldest) {
			oldest = &first
		}
		if newest == nil || t.After(*newest) {
			newest = &t
		}
	}
	return oldest, newest
}
