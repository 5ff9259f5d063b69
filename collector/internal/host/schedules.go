package host

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

const maxCron = 2048 // entries kept

// collectSchedules lists what cron, anacron, at and systemd timers start by the clock. That an entry is listed does not
// say that cron runs, nor that a run succeeds. The last run of a timer is known for those that keep a stamp (Persistent=).
func collectSchedules(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	c := &cronReader{env: env, read: &r, entries: []facts.CronEntry{}}
	c.table("/etc/crontab", "")
	for _, f := range c.list("/etc/cron.d") {
		if cronName(path.Base(f)) {
			c.table(f, "")
		}
	}
	for _, dir := range []string{"/var/spool/cron/crontabs", "/var/spool/cron/tabs", "/var/spool/cron", "/etc/crontabs"} {
		for _, f := range c.list(dir) {
			c.table(f, path.Base(f))
		}
	}
	for _, when := range []string{"hourly", "daily", "weekly", "monthly", "yearly"} {
		c.scripts("/etc/cron."+when, when)
		c.scripts("/etc/periodic/"+when, when)
	}
	c.scripts("/etc/periodic/15min", "15min")
	c.anacrontab()
	c.atJobs()
	s := &facts.Schedules{Cron: c.entries, Timers: timers(env), CronAllow: ptr(env.Exists("/etc/cron.allow")), AtAllow: ptr(env.Exists("/etc/at.allow"))}
	doc.Schedules = s
	return r.status()
}

// cronReader gathers entries from all kinds of tables.
type cronReader struct {
	env     *Env
	read    *reading
	entries []facts.CronEntry
}

func (c *cronReader) add(e facts.CronEntry) {
	if len(c.entries) >= maxCron {
		return
	}
	if p := programPath(e.Command); p != "" {
		e.CommandState = ptr(c.env.Stat(p))
	}
	c.entries = append(c.entries, e)
}

// list returns the regular files of a directory.
func (c *cronReader) list(dir string) []string {
	entries, err := c.env.ReadDir(dir)
	c.read.miss(dir, err)
	var out []string
	for _, d := range entries {
		if d.Type().IsRegular() || d.Type()&^0o777 != 0 && c.env.Stat(path.Join(dir, d.Name())).Kind == "file" {
			out = append(out, path.Join(dir, d.Name()))
		}
	}
	return out
}

// table reads a crontab; user "" means that each line names its user.
func (c *cronReader) table(file, user string) {
	b, ok := c.read.file(c.env, file)
	if !ok {
		return
	}
	for _, e := range parseCrontab(b, user) {
		e.File = file
		c.add(e)
	}
}

// parseCrontab reads crontab(5); user "" means that each line names its user.
func parseCrontab(b []byte, user string) []facts.CronEntry {
	var out []facts.CronEntry
	for _, line := range lines(b) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || len(out) >= maxCron {
			continue
		}
		times := 5
		if line[0] == '@' {
			times = 1
		} else if !strings.ContainsRune("*0123456789-", rune(line[0])) {
			continue // an assignment, or a line cron would refuse
		}
		var when []string
		rest := line
		for range times {
			var word string
			word, rest = cutWord(rest)
			when = append(when, word)
		}
		e := facts.CronEntry{User: user, When: strings.TrimPrefix(strings.Join(when, " "), "-")}
		if user == "" {
			e.User, rest = cutWord(rest)
		}
		if e.Command = strings.TrimSpace(rest); e.Command != "" && e.User != "" {
			out = append(out, e)
		}
	}
	return out
}

func cutWord(s string) (word, rest string) {
	s = strings.TrimLeft(s, " \t")
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], strings.TrimLeft(s[i:], " \t")
	}
	return s, ""
}

// scripts lists the programs that run-parts starts from a directory: those that may be executed and whose names it takes.
func (c *cronReader) scripts(dir, when string) {
	entries, err := c.env.ReadDir(dir)
	c.read.miss(dir, err)
	for _, d := range entries {
		p := path.Join(dir, d.Name())
		st := c.env.Stat(p)
		if cronName(d.Name()) && st.Kind == "file" && strings.ContainsAny(st.Mode[1:], "1357") {
			c.add(facts.CronEntry{File: p, User: "root", When: when, Command: p})
		}
	}
}

// cronName says whether cron and run-parts take a file of this name: no periods, so that what editors and packages leave
// behind is not run.
func cronName(name string) bool {
	return name != "" && strings.IndexFunc(name, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_')
	}) < 0
}

// anacrontab reads "period delay job command" lines.
func (c *cronReader) anacrontab() {
	b, ok := c.read.file(c.env, "/etc/anacrontab")
	if !ok {
		return
	}
	for _, line := range lines(b) {
		f := strings.Fields(line)
		if len(f) < 4 || !startsWithDigit(f[0]) && f[0][0] != '@' {
			continue
		}
		c.add(facts.CronEntry{File: "/etc/anacrontab", User: "root", When: "every " + f[0] + " days", Command: strings.Join(f[3:], " ")})
	}
}

// atJobs lists the jobs that wait for at(1). What they will do is not read.
func (c *cronReader) atJobs() {
	for _, dir := range []string{"/var/spool/cron/atjobs", "/var/spool/at"} {
		for _, f := range c.list(dir) {
			if name := path.Base(f); len(name) == 14 && strings.ContainsAny(name[:1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ=") {
				c.add(facts.CronEntry{File: f, User: c.env.Stat(f).User, When: "once"})
			}
		}
	}
}

// programPath returns the first absolute path at the beginning of a command, past assignments and the usual wrappers.
func programPath(command string) string {
	for range 8 {
		var word string
		word, command = cutWord(command)
		switch {
		case strings.HasPrefix(word, "/"):
			return strings.TrimRight(word, ";&|")
		case word == "cd":
			_, command = cutWord(command) // where to
			continue
		case strings.Contains(word, "="), slices.Contains([]string{"&&", "nice", "ionice", "exec", "sudo", "nohup", "flock", "time"}, word):
			continue
		}
		return ""
	}
	return ""
}

// timers lists the systemd timers.
func timers(env *Env) []facts.Timer {
	units := env.unitSet()
	if !units.Present() {
		return nil
	}
	out := []facts.Timer{}
	for _, name := range units.Names(".timer") {
		u := units.Unit(name)
		if u == nil || u.Masked || strings.Contains(name, "@.") {
			continue
		}
		t := facts.Timer{Unit: name, Service: u.Value("Timer", "Unit"), Enabled: ptr(units.StartsAtBoot(name))}
		if t.Service == "" {
			t.Service = strings.TrimSuffix(name, ".timer") + ".service"
		}
		for _, key := range []string{"OnCalendar", "OnBootSec", "OnStartupSec", "OnActiveSec", "OnUnitActiveSec", "OnUnitInactiveSec"} {
			for _, v := range u.Values("Timer", key) {
				t.When = append(t.When, key+"="+v)
			}
		}
		if st := env.Stat("/var/lib/systemd/timers/stamp-" + name); st.Kind == "file" {
			t.LastRun = st.ModifiedAt
		}
		out = append(out, t)
	}
	return out
}
