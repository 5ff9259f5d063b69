package host

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/utmp"
)

// collectLogin reads what a person meets at the door of the host. The shells' files are searched for their words and not
// executed: a umask or a timeout inside a condition that never holds is taken for one that does.
func collectLogin(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	l := &facts.Login{Banners: map[string]string{}, Umask: map[string]string{}}
	for _, f := range []string{"/etc/issue", "/etc/issue.net", "/etc/motd", "/etc/banner"} {
		b, err := env.ReadHead(f, 4096)
		if err != nil {
			r.miss(f, err)
			continue
		}
		l.Banners[f] = strings.ToValidUTF8(string(b), "�")
	}
	readShellFiles(env, doc, l, &r)
	l.CoreDumps = coreDumps(env, doc, &r)
	units := env.unitSet()
	if units.Present() {
		installed := env.Exists("/usr/sbin/usbguard-daemon") || env.Exists("/usr/bin/usbguard-daemon")
		l.USBGuard = ptr(installed && units.StartsAtBoot("usbguard.service"))
		l.CtrlAltDel = "enabled"
		if strings.HasPrefix(units.Enabled("ctrl-alt-del.target"), "masked") {
			l.CtrlAltDel = "masked"
		}
	} else if b, ok := r.file(env, "/etc/inittab"); ok {
		l.CtrlAltDel = "masked"
		for _, line := range lines(b) {
			if !strings.HasPrefix(line, "#") && strings.Contains(line, ":ctrlaltdel:") {
				l.CtrlAltDel = "enabled"
			}
		}
	}
	l.Bluetooth = bluetooth(env)
	l.GUI = ptr(hasGUI(env))
	if env.Live {
		l.Sessions = sessions(env, &r)
	}
	doc.Login = l
	return r.status()
}

// readShellFiles finds the umask and the idle timeout that the shells' common start files set.
func readShellFiles(env *Env, doc *facts.Document, l *facts.Login, r *reading) {
	if doc.Accounts != nil && doc.Accounts.LoginDefs["UMASK"] != "" {
		l.Umask["/etc/login.defs"] = doc.Accounts.LoginDefs["UMASK"]
	}
	if doc.PAM != nil {
		for _, service := range []string{"login", "sshd", "common-session", "system-auth", "postlogin"} {
			for _, rule := range doc.PAM.Services[service] {
				for _, a := range rule.Args {
					if v, ok := strings.CutPrefix(a, "umask="); ok && rule.Module == "pam_umask.so" {
						l.Umask[rule.File] = v
					}
				}
			}
		}
	}
	files := append([]string{"/etc/profile", "/etc/bash.bashrc", "/etc/bashrc"}, env.Glob("/etc/profile.d/*.sh")...)
	files = append(files, "/root/.profile", "/root/.bash_profile", "/root/.bashrc")
	for _, f := range files {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		umask, timeout := shellSettings(b)
		if umask != "" && len(l.Umask) < 128 {
			l.Umask[f] = umask
		}
		if timeout != nil && !strings.HasPrefix(f, "/root/") {
			l.ShellTimeoutSeconds = timeout
		}
	}
}

// shellSettings finds the last umask of a shell file, and TMOUT if it is made read-only there. Both are looked for by
// their words, since nothing is executed: a setting inside a condition that never holds is taken for one that does.
func shellSettings(b []byte) (umask string, timeout *int) {
	var value *int
	readonly := false
	for _, line := range lines(b) {
		line, _, _ = strings.Cut(line, " #")
		for part := range strings.FieldsFuncSeq(line, func(c rune) bool { return c == ';' || c == '&' || c == '|' }) {
			f := strings.Fields(part)
			if len(f) == 0 || f[0][0] == '#' {
				continue
			}
			for len(f) > 1 && slices.Contains([]string{"then", "else", "do", "{"}, f[0]) {
				f = f[1:]
			}
			if f[0] == "umask" && len(f) > 1 && f[len(f)-1][0] != '-' {
				umask = f[len(f)-1]
			}
			locks := f[0] == "readonly" || (f[0] == "declare" || f[0] == "typeset") && slices.ContainsFunc(f[1:], func(s string) bool {
				return strings.HasPrefix(s, "-") && strings.Contains(s, "r")
			})
			for _, word := range f {
				if v, ok := strings.CutPrefix(word, "TMOUT="); ok {
					if n, err := strconv.Atoi(strings.Trim(v, `"'`)); err == nil {
						value = &n
					}
				}
				readonly = readonly || locks && (word == "TMOUT" || strings.HasPrefix(word, "TMOUT="))
			}
		}
	}
	if !readonly {
		return umask, nil
	}
	return umask, value
}

func coreDumps(env *Env, doc *facts.Document, r *reading) *facts.CoreDumps {
	c := &facts.CoreDumps{}
	if doc.Sysctl != nil {
		c.Pattern = doc.Sysctl.Live["kernel.core_pattern"]
		if c.Pattern == "" {
			c.Pattern = doc.Sysctl.Configured["kernel.core_pattern"].Value
		}
	}
	files := append([]string{"/usr/lib/systemd/coredump.conf", "/etc/systemd/coredump.conf"},
		confDirs(env, []string{"/etc/systemd/coredump.conf.d", "/run/systemd/coredump.conf.d", "/usr/lib/systemd/coredump.conf.d"}, ".conf", r)...)
	for _, f := range files {
		if b, err := env.ReadFile(f); err == nil {
			if v := unitSection(b, "Coredump")["Storage"]; v != "" {
				c.Storage = v
			}
		}
	}
	if doc.PAM != nil {
		for _, lim := range doc.PAM.Limits {
			if lim.Domain == "*" && lim.Item == "core" && (lim.Type == "hard" || lim.Type == "-") {
				c.LimitHard = lim.Value
			}
		}
	}
	return c
}

// bluetooth says whether somebody nearby could reach the host: an adapter that is not switched off, or on a host that is
// not running a service that will start. Nil where neither can be known.
func bluetooth(env *Env) *bool {
	if env.Live {
		names, err := env.ProcNames("/sys/class/bluetooth")
		if err != nil {
			return ptr(false)
		}
		for _, n := range names {
			if strings.HasPrefix(n, "hci") && !strings.Contains(n, ":") && !softBlocked(env, n) {
				return ptr(true)
			}
		}
		return ptr(false)
	}
	if units := env.unitSet(); units.Present() {
		return ptr(units.StartsAtBoot("bluetooth.service"))
	}
	return nil
}

func softBlocked(env *Env, hci string) bool {
	names, err := env.ProcNames("/sys/class/bluetooth/" + hci)
	if err != nil {
		return false
	}
	for _, n := range names {
		if strings.HasPrefix(n, "rfkill") {
			return env.procLine("/sys/class/bluetooth/"+hci+"/"+n+"/soft") == "1" || env.procLine("/sys/class/bluetooth/"+hci+"/"+n+"/hard") == "1"
		}
	}
	return false
}

func hasGUI(env *Env) bool {
	for _, name := range []string{
		"gdm3", "gdm", "lightdm", "sddm", "xdm", "lxdm", "slim", "greetd", "ly", "Xorg", "gnome-shell", "plasmashell", "kwin_wayland",
		"weston", "sway", "xfce4-session", "cinnamon-session", "mate-session",
	} {
		if env.Exists("/usr/sbin/"+name) || env.Exists("/usr/bin/"+name) {
			return true
		}
	}
	return false
}

// sessions lists the users that are logged in now, by systemd-logind where it runs, else by utmp.
func sessions(env *Env, r *reading) []string {
	out := []string{}
	entries, err := env.ReadDir("/run/systemd/sessions")
	if err == nil {
		for _, d := range entries {
			b, err := env.ReadFile("/run/systemd/sessions/" + d.Name())
			if kv := shellAssignments(b); err == nil && kv["CLASS"] == "user" && kv["USER"] != "" && len(out) < 1024 {
				out = append(out, kv["USER"])
			}
		}
	} else if b, err := env.ReadFile("/run/utmp"); err == nil {
		out = parseUtmp(b)
	} else {
		r.miss("/run/utmp", err)
		return nil
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// parseUtmp returns the users of the login records of utmp(5).
func parseUtmp(b []byte) []string {
	out := []string{}
	utmp.Parse(b, func(r utmp.Record) {
		if r.Type == utmp.UserProcess && len(out) < 1024 {
			out = append(out, r.User)
		}
	})
	return out
}
