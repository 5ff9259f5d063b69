package host

import (
	"context"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/uci"
)

// timeDaemon is a time service we know.
type timeDaemon struct {
	name     string
	files    []string // any of them says that it is installed
	units    []string
	programs []string
	servers  func(*Env, *reading) []string
}

var timeDaemons = []timeDaemon{
	{"chrony", []string{"/usr/sbin/chronyd", "/etc/chrony/chrony.conf", "/etc/chrony.conf"}, []string{"chrony", "chronyd"}, []string{"chronyd"}, chronyServers},
	{"systemd-timesyncd", []string{"/usr/lib/systemd/systemd-timesyncd", "/lib/systemd/systemd-timesyncd", "/usr/lib/systemd/system/systemd-timesyncd.service"},
		[]string{"systemd-timesyncd"}, []string{"systemd-timesyncd", "systemd-timesyn"}, timesyncdServers},
	{"ntpsec", []string{"/etc/ntpsec/ntp.conf"}, []string{"ntpsec"}, []string{"ntpd"}, ntpServers},
	{"ntpd", []string{"/etc/ntp.conf"}, []string{"ntp", "ntpd"}, []string{"ntpd"}, ntpServers},
	{"openntpd", []string{"/etc/openntpd/ntpd.conf"}, []string{"openntpd"}, []string{"ntpd"}, ntpServers},
	{"busybox-ntpd", []string{"/etc/init.d/sysntpd", "/etc/conf.d/ntpd"}, []string{"sysntpd", "ntpd"}, []string{"busybox", "ntpd"}, busyboxServers},
}

// collectTime reads the kernel's clock state and the time services. Synchronised is the kernel's word: a daemon that
// disciplines the clock clears STA_UNSYNC; after it dies the kernel sets it again when the maximal error passes 16 s,
// which takes about nine hours.
func collectTime(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	t := &facts.Time{Daemons: []facts.TimeDaemon{}, Servers: []string{}}
	doc.Time = t
	if env.Native() {
		kernelClock(t)
		t.RTCOffsetSeconds = env.rtcOffset()
	}
	for _, d := range timeDaemons {
		if env.firstExisting(d.files...) == "" {
			continue
		}
		f := facts.TimeDaemon{Name: d.name, Enabled: env.serviceEnabled(d.units...), Running: env.running(d.programs...)}
		if d.name == "busybox-ntpd" && f.Running != nil {
			f.Running = ptr(env.busyboxRuns("ntpd"))
		}
		t.Daemons = append(t.Daemons, f)
		if f.Enabled == nil || *f.Enabled || f.Running != nil && *f.Running {
			t.Servers = append(t.Servers, d.servers(env, &r)...)
		}
	}
	slices.Sort(t.Servers)
	t.Servers = slices.Compact(t.Servers)
	t.Timezone = timezone(env)
	return r.status()
}

func kernelClock(t *facts.Time) {
	var tx unix.Timex
	state, err := unix.Adjtimex(&tx)
	if err != nil {
		return
	}
	const timeError = 5
	t.Synchronised = ptr(state != timeError && tx.Status&unix.STA_UNSYNC == 0)
	unit := 1e6
	if tx.Status&unix.STA_NANO != 0 {
		unit = 1e9
	}
	t.OffsetSeconds = ptr(float64(tx.Offset) / unit)
	t.MaxErrorSeconds = ptr(float64(tx.Maxerror) / 1e6)
}

// rtcOffset is the hardware clock minus the system clock; nil when it keeps local time or is not readable.
func (e *Env) rtcOffset() *float64 {
	if b, err := e.ReadFile("/etc/adjtime"); err == nil && strings.Contains(string(b), "LOCAL") {
		return nil
	}
	n, err := strconv.ParseInt(e.procLine("/sys/class/rtc/rtc0/since_epoch"), 10, 64)
	if err != nil {
		return nil
	}
	return ptr(float64(n) - float64(time.Now().UnixMilli())/1000)
}

// busyboxRuns looks for a busybox that runs as the applet.
func (e *Env) busyboxRuns(applet string) bool {
	return slices.ContainsFunc(e.processTable().procs, func(p *process) bool {
		return path.Base(p.exe) == "busybox" && p.comm == applet
	})
}

func timezone(env *Env) string {
	if l, err := env.Readlink("/etc/localtime"); err == nil {
		if _, zone, ok := strings.Cut(l, "zoneinfo/"); ok {
			return zone
		}
	}
	for _, f := range []string{"/etc/timezone", "/etc/TZ"} {
		if b, err := env.ReadFile(f); err == nil {
			return firstLine(b)
		}
	}
	return ""
}

// chronyServers reads server, pool and peer lines of chrony.conf, of what it includes, and of its source directories.
func chronyServers(env *Env, r *reading) []string {
	main := env.firstExisting("/etc/chrony/chrony.conf", "/etc/chrony.conf")
	if main == "" {
		return nil
	}
	var out []string
	follow(env, r, main, func(b []byte, include func(pattern string)) {
		for _, line := range lines(b) {
			w := strings.Fields(line)
			if len(w) < 2 || strings.ContainsAny(w[0][:1], "#!;%") {
				continue
			}
			switch strings.ToLower(w[0]) {
			case "server", "pool", "peer", "refclock":
				out = append(out, w[1])
			case "include":
				include(w[1])
			case "confdir":
				for _, d := range w[1:] {
					include(path.Join(d, "*.conf"))
				}
			case "sourcedir":
				for _, d := range w[1:] {
					if strings.Contains(d, "dhcp") {
						out = append(out, "dhcp")
					}
					include(path.Join(d, "*.sources"))
				}
			}
		}
	})
	return out
}

func timesyncdServers(env *Env, r *reading) []string {
	kv := env.systemdConf("timesyncd", "Time", r)
	if v := strings.Fields(kv["NTP"]); len(v) > 0 {
		return v
	}
	if v := strings.Fields(kv["FallbackNTP"]); len(v) > 0 {
		return v
	}
	// What the distributions build in.
	if env.Exists("/etc/debian_version") {
		if b, err := env.ReadFile("/etc/os-release"); err == nil && strings.Contains(string(b), "ID=ubuntu") {
			return []string{"ntp.ubuntu.com"}
		}
		return []string{"0.debian.pool.ntp.org", "1.debian.pool.ntp.org", "2.debian.pool.ntp.org", "3.debian.pool.ntp.org"}
	}
	return nil
}

func ntpServers(env *Env, r *reading) []string {
	var out []string
	for _, f := range []string{"/etc/ntpsec/ntp.conf", "/etc/ntp.conf", "/etc/openntpd/ntpd.conf"} {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		for _, line := range lines(b) {
			w := strings.Fields(line)
			if len(w) < 2 || !slices.Contains([]string{"server", "servers", "pool", "peer"}, w[0]) {
				continue
			}
			host := w[1]
			if (host == "-4" || host == "-6") && len(w) > 2 {
				host = w[2]
			}
			if a, err := netip.ParseAddr(host); err == nil && a.Is4() && a.As4()[0] == 127 {
				continue // a reference clock of the host itself
			}
			out = append(out, host)
		}
	}
	return out
}

func busyboxServers(env *Env, r *reading) []string {
	var out []string
	if b, ok := r.file(env, "/etc/config/system"); ok {
		for _, s := range uci.OfType(uci.Parse(b), "timeserver") {
			if s.Bool("enabled", true) {
				out = append(out, s.Options["server"]...)
			}
		}
	}
	if b, ok := r.file(env, "/etc/conf.d/ntpd"); ok {
		w := strings.Fields(shellAssignments(b)["NTPD_OPTS"])
		for i := range w {
			if w[i] == "-p" && i+1 < len(w) {
				out = append(out, w[i+1])
			}
		}
	}
	return out
}
