package host

import (
	"context"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
)

// backupTool is how a backup program shows that it is here and that it ran.
type backupTool struct {
	name     string
	programs []string
	services []string // of those that bring their own schedule
	state    []string // globs of files it writes when it runs
}

var backupTools = []backupTool{
	{"restic", []string{"restic"}, []string{"restic", "resticprofile"}, []string{"/root/.cache/restic/*/snapshots", "/var/cache/restic/*/snapshots", "/var/log/restic*"}},
	{"borg", []string{"borg", "borgmatic"}, []string{"borgmatic", "borg", "borgbackup"}, []string{"/root/.cache/borg/*/config", "/root/.config/borg/security/*/manifest-timestamp", "/var/log/borg*"}},
	{"duplicity", []string{"duplicity"}, nil, []string{"/root/.cache/duplicity/*"}},
	{"rsnapshot", []string{"rsnapshot"}, nil, []string{"/var/log/rsnapshot", "/var/log/rsnapshot.log", "/var/cache/rsnapshot/*"}},
	{"backupninja", []string{"backupninja"}, []string{"backupninja"}, []string{"/var/log/backupninja.log"}},
	{"bacula", []string{"bacula-fd"}, []string{"bacula-fd"}, []string{"/var/lib/bacula/*.state"}},
	{"bareos", []string{"bareos-fd"}, []string{"bareos-fd", "bareos-filedaemon"}, []string{"/var/lib/bareos/*.state"}},
	{"veeam", []string{"veeamconfig"}, []string{"veeamservice"}, []string{"/var/log/veeam/Backup/*"}},
	{"urbackup", []string{"urbackupclientbackend"}, []string{"urbackupclientbackend"}, []string{"/var/log/urbackupclient.log"}},
	{"timeshift", []string{"timeshift"}, nil, []string{"/timeshift/snapshots/*", "/run/timeshift/backup/timeshift/snapshots/*"}},
	{"rdiff-backup", []string{"rdiff-backup"}, nil, nil},
	{"proxmox-backup", []string{"proxmox-backup-client"}, nil, []string{"/root/.cache/proxmox-backup/*"}},
}

// collectContinuity finds what keeps a site working: backups and signs of their use, batteries, arrays, worn disks.
func collectContinuity(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	c := &facts.Continuity{Backups: []facts.BackupTool{}}
	doc.Continuity = c
	for _, t := range backupTools {
		if env.hasProgram(t.programs...) {
			c.Backups = append(c.Backups, env.backup(t, doc))
		}
	}
	c.NUT = env.serviceEnabled("nut-monitor", "apcupsd", "nut-client", "upsmon")
	c.Attested = attestations(env, &r)
	if !env.Live {
		return r.status()
	}
	c.Power = env.powerSources(&r)
	if b, ok := r.proc(env, "/proc/mdstat"); ok {
		c.Raid = mdstat(b)
	} else {
		c.Raid = []facts.Raid{}
	}
	c.DiskHealth = env.diskHealth()
	return r.status()
}

// attestations reads what the administrator states. A file that states no subject is told as not read.
func attestations(env *Env, r *reading) []facts.Attestation {
	out := []facts.Attestation{}
	for _, f := range env.Glob("/etc/vymir/attested/*.conf") {
		b, ok := r.file(env, f)
		if !ok || len(out) >= 64 {
			continue
		}
		kv := iniSections(b)[""]
		a := facts.Attestation{Subject: strings.ToLower(kv["subject"]), By: kv["by"], File: f}
		if a.Subject == "" {
			r.note(f, "no subject")
			continue
		}
		if day, err := time.Parse(time.DateOnly, kv["date"]); err == nil {
			a.Date, a.AgeDays = &day, ptr(int(math.Floor(env.Now.Sub(day).Hours()/24)))
		}
		if p := kv["evidence"]; strings.HasPrefix(p, "/") {
			a.Evidence = ptr(env.Stat(p))
		}
		out = append(out, a)
	}
	return out
}

// remoteTarget matches a place off the host on a command line.
var remoteTarget = regexp.MustCompile(`(?i)\b(sftp|ssh|s3|s3s|rest|b2|azure|gs|swift|rclone|webdavs?|davs?|ftps?|scp|rsync):|\b[a-z0-9._-]+@[a-z0-9._-]+:`)

func (e *Env) backup(t backupTool, doc *facts.Document) facts.BackupTool {
	b := facts.BackupTool{Name: t.name, Installed: true, LastRun: e.newest(t.state...)}
	var commands []string
	mentions := func(s string) bool {
		return slices.ContainsFunc(t.programs, func(p string) bool { return strings.Contains(s, p) })
	}
	scheduled := false
	if doc.Schedules != nil {
		for _, c := range doc.Schedules.Cron {
			if mentions(c.Command) {
				scheduled = true
				commands = append(commands, c.Command)
			}
		}
		for _, tm := range doc.Schedules.Timers {
			if tm.Enabled == nil || !*tm.Enabled {
				continue
			}
			exec := ""
			if u := e.unitSet().Unit(tm.Service); u != nil {
				exec = strings.Join(e.unitSet().Command(u), " ")
			}
			if mentions(tm.Unit) || mentions(tm.Service) || mentions(exec) {
				scheduled = true
				commands = append(commands, exec)
			}
		}
	}
	for _, s := range t.services {
		if on := e.serviceEnabled(s); on != nil && *on {
			scheduled = true
		}
	}
	if doc.Schedules != nil || scheduled {
		b.Scheduled = &scheduled
	}
	if slices.ContainsFunc(commands, remoteTarget.MatchString) {
		b.Remote = ptr(true)
	}
	return b
}

func (e *Env) powerSources(r *reading) []facts.PowerSource {
	out := []facts.PowerSource{}
	names, err := e.ProcNames("/sys/class/power_supply")
	if err != nil {
		r.miss("/sys/class/power_supply", err)
		return out
	}
	for _, n := range names {
		dir := path.Join("/sys/class/power_supply", n)
		p := facts.PowerSource{Name: n, Type: strings.ToLower(e.procLine(dir + "/type"))}
		if v := e.procLine(dir + "/online"); v != "" {
			p.Online = ptr(v != "0")
		}
		if v, err := strconv.Atoi(e.procLine(dir + "/capacity")); err == nil && v >= 0 && v <= 100 {
			p.Percent = &v
		}
		out = append(out, p)
	}
	return out
}

// mdstat reads /proc/mdstat: "md0 : active raid1 sdb1[1] sda1[0]", then a line that ends with [2/1] [U_].
func mdstat(b []byte) []facts.Raid {
	out := []facts.Raid{}
	for _, line := range lines(b) {
		if name, rest, ok := strings.Cut(line, " : "); ok && strings.HasPrefix(name, "md") && len(out) < 256 {
			f := strings.Fields(rest)
			raid := facts.Raid{Device: name}
			for _, w := range f {
				if strings.HasPrefix(w, "raid") || w == "linear" {
					raid.Level = w
				}
				if strings.HasSuffix(w, "(F)") {
					raid.Degraded = true
				}
			}
			out = append(out, raid)
			continue
		}
		if i := strings.LastIndex(line, "["); i >= 0 && len(out) > 0 && strings.Contains(line[i:], "_") {
			out[len(out)-1].Degraded = true
		}
	}
	return out
}

func (e *Env) diskHealth() []facts.DiskHealth {
	out := []facts.DiskHealth{}
	names, err := e.ProcNames("/sys/block")
	if err != nil {
		return nil
	}
	for _, n := range names {
		if strings.HasPrefix(n, "loop") || strings.HasPrefix(n, "ram") || strings.HasPrefix(n, "zram") || strings.HasPrefix(n, "dm-") || strings.HasPrefix(n, "md") || len(out) >= 256 {
			continue
		}
		dir := "/sys/block/" + n
		d := facts.DiskHealth{Device: n, ReadOnly: e.procLine(dir+"/ro") == "1"}
		if v := e.procLine(dir + "/queue/rotational"); v != "" {
			d.Rotational = ptr(v == "1")
		}
		// eMMC: two estimates in steps of 10 %, 0x0B means worn out.
		for w := range strings.FieldsSeq(e.procLine(dir + "/device/life_time")) {
			if v, err := strconv.ParseUint(strings.TrimPrefix(w, "0x"), 16, 8); err == nil && v > 0 && (d.LifeUsedPercent == nil || int(v)*10 > *d.LifeUsedPercent) {
				d.LifeUsedPercent = ptr(int(v) * 10)
			}
		}
		out = append(out, d)
	}
	return out
}
