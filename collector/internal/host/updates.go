package host

import (
	"bufio"
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
)

// maxListBytes bounds what is read of package lists: Debian's main list is some 50 MB.
const maxListBytes = 512 << 20

// collectUpdates says how fresh the system is kept, by what package managers leave on disk.
func collectUpdates(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	u := &facts.Updates{}
	doc.Updates = u
	switch {
	case env.Exists("/var/lib/dpkg/status"):
		aptUpdates(env, doc, u, &r)
	case env.firstExisting("/lib/apk/db/installed", "/usr/lib/apk/db/installed") != "":
		u.LastUpgradeAt = env.newest("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
		u.ListsAt = env.newest("/var/cache/apk/APKINDEX.*")
		cronUpdates(env, u, "apk upgrade", "apk -U upgrade")
	case env.Exists("/usr/lib/opkg/status"):
		u.LastUpgradeAt = env.newest("/usr/lib/opkg/status")
		u.ListsAt = env.newest("/var/opkg-lists/*")
		cronUpdates(env, u, "opkg upgrade")
	case env.firstExisting("/var/lib/rpm", "/usr/lib/sysimage/rpm") != "":
		dnfUpdates(env, u, &r)
	default:
		return unmeasured("no package manager that we know")
	}
	u.ListsAgeDays, u.LastUpgradeAgeDays = env.ageDays(u.ListsAt), env.ageDays(u.LastUpgradeAt)
	return r.status()
}

// ageDays is the whole days from a time to the collection; 0 for a time in the future, as wrong clocks make it.
func (e *Env) ageDays(t *time.Time) *int {
	if t == nil {
		return nil
	}
	return ptr(max(0, int(e.Now.Sub(*t)/(24*time.Hour))))
}

func aptUpdates(env *Env, doc *facts.Document, u *facts.Updates, r *reading) {
	u.LastUpgradeAt = env.newest("/var/lib/dpkg/status")
	lists := env.Glob("/var/lib/apt/lists/*_Packages")
	if len(lists) > 0 || len(env.Glob("/var/lib/apt/lists/*Release")) > 0 {
		// The lists themselves carry the archive's time; the directories carry ours.
		u.ListsAt = env.newest("/var/lib/apt/lists", "/var/lib/apt/lists/partial", "/var/lib/apt/periodic/update-success-stamp")
	}
	unattended(env, u, r)
	if doc.Packages != nil && len(lists) > 0 {
		pending(env, doc.Packages.Installed, lists, u, r)
	}
}

// unattended decides whether security updates are installed by themselves: the tool is there, apt's periodic job is
// switched on for lists and upgrades, some origin is allowed, and the timers start.
func unattended(env *Env, u *facts.Updates, r *reading) {
	c := env.aptConfig(r)
	u.Automatic = ptr(false)
	if env.firstExisting("/usr/bin/unattended-upgrade", "/usr/bin/unattended-upgrades") == "" && !env.packageInstalled("unattended-upgrades") {
		return
	}
	u.AutomaticTool = "unattended-upgrades"
	u.AutomaticLastRun = env.newest("/var/lib/apt/periodic/unattended-upgrades-stamp", "/var/log/unattended-upgrades/unattended-upgrades.log")
	if reboot, set := c.on("Unattended-Upgrade::Automatic-Reboot"); set {
		u.RebootOnUpdate = &reboot
	} else {
		u.RebootOnUpdate = ptr(false)
	}
	enable, enableSet := c.on("APT::Periodic::Enable")
	upgrade, _ := c.on("APT::Periodic::Unattended-Upgrade")
	fetch, _ := c.on("APT::Periodic::Update-Package-Lists")
	origins := len(c.lists["unattended-upgrade::allowed-origins"])+len(c.lists["unattended-upgrade::origins-pattern"]) > 0
	*u.Automatic = upgrade && fetch && origins && (enable || !enableSet) && timersStart(env, "apt-daily.timer", "apt-daily-upgrade.timer")
}

// timersStart says whether timers start at boot; a host without those unit files is taken to use cron.
func timersStart(env *Env, names ...string) bool {
	s := env.unitSet()
	for _, n := range names {
		if s.Unit(n) != nil && !s.StartsAtBoot(n) {
			return false
		}
	}
	return true
}

// packageInstalled asks the package data base of dpkg.
func (e *Env) packageInstalled(name string) bool {
	b, err := e.ReadFileLimit("/var/lib/dpkg/status", maxStatusFile)
	if err != nil {
		return false
	}
	return strings.HasSuffix(stanzaOf(b, name)["Status"], " installed")
}

func cronUpdates(env *Env, u *facts.Updates, commands ...string) {
	u.Automatic = ptr(false)
	files := append(env.Glob("/etc/periodic/*/*"), env.Glob("/etc/crontabs/*")...)
	for _, f := range append(files, env.Glob("/etc/cron.d/*")...) {
		b, err := env.ReadFile(f)
		if err != nil {
			continue
		}
		for _, line := range lines(b) {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			if slices.ContainsFunc(commands, func(c string) bool { return strings.Contains(line, c) }) {
				*u.Automatic, u.AutomaticTool = true, "cron"
			}
		}
	}
}

func dnfUpdates(env *Env, u *facts.Updates, r *reading) {
	u.LastUpgradeAt = env.newest("/var/lib/rpm/rpmdb.sqlite", "/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/Packages", "/var/lib/dnf/history.sqlite")
	u.ListsAt = env.newest("/var/cache/dnf/*.solv", "/var/cache/libdnf5/*/repodata/repomd.xml")
	u.Automatic = ptr(false)
	s := env.unitSet()
	for _, t := range []string{"dnf-automatic-install.timer", "dnf-automatic.timer", "dnf5-automatic.timer"} {
		if !s.StartsAtBoot(t) {
			continue
		}
		u.AutomaticTool = "dnf-automatic"
		apply := t == "dnf-automatic-install.timer"
		for _, f := range []string{"/usr/share/dnf5/dnf5-plugins/automatic.conf", "/etc/dnf/automatic.conf", "/etc/dnf/dnf5-plugins/automatic.conf"} {
			if b, ok := r.file(env, f); ok {
				if v, ok := iniSections(b)["commands"]["apply_updates"]; ok && t != "dnf-automatic-install.timer" {
					apply = isYes(v)
				}
			}
		}
		if apply {
			*u.Automatic = true
		}
		u.AutomaticLastRun = env.newest("/var/lib/systemd/timers/stamp-" + t)
	}
}

// pending counts installed packages for which the lists on disk hold a newer version. Pins are not looked at.
func pending(env *Env, installed []facts.Package, lists []string, u *facts.Updates, r *reading) {
	type state struct {
		version          string
		newer, newerSafe bool
	}
	have := map[string]*state{}
	for _, p := range installed {
		if !p.Hold {
			have[p.Name+":"+p.Arch] = &state{version: p.Version}
		}
	}
	budget := int64(maxListBytes)
	for _, f := range lists {
		security := strings.Contains(path.Base(f), "security")
		err := readPackageList(env, f, &budget, func(name, version, arch string) {
			s := have[name+":"+arch]
			if s == nil || compareDebian(version, s.version) <= 0 {
				return
			}
			s.newer = true
			s.newerSafe = s.newerSafe || security
		})
		if err != nil {
			r.miss(f, err)
			return
		}
	}
	all, safe := 0, 0
	for _, s := range have {
		if s.newer {
			all++
		}
		if s.newerSafe {
			safe++
		}
	}
	u.Pending, u.PendingSecurity = &all, &safe
}

// readPackageList streams a Packages file and calls f for each package.
func readPackageList(env *Env, file string, budget *int64, f func(name, version, arch string)) error {
	in, err := env.OpenFile(file)
	if err != nil {
		return err
	}
	defer in.Close()
	limited := &io.LimitedReader{R: in, N: *budget}
	br := bufio.NewReaderSize(limited, 64<<10)
	var name, version, arch string
	for {
		line, err := br.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) { // a line longer than the buffer is none of ours
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = br.ReadSlice('\n')
			}
			line = []byte("X\n")
		}
		if len(line) <= 1 || err != nil {
			if name != "" {
				f(name, version, arch)
			}
			name, version, arch = "", "", ""
			if err != nil {
				break
			}
			continue
		}
		switch line[0] {
		case 'P', 'V', 'A':
		default:
			continue
		}
		key, value, ok := strings.Cut(string(line), ":")
		if !ok {
			continue
		}
		switch key {
		case "Package":
			name = strings.TrimSpace(value)
		case "Version":
			version = strings.TrimSpace(value)
		case "Architecture":
			arch = strings.TrimSpace(value)
		}
	}
	*budget = limited.N
	if limited.N <= 0 {
		return &pathTooLarge{file}
	}
	return nil
}

// pathTooLarge says that the budget for lists ended in a file.
type pathTooLarge struct{ path string }

func (e *pathTooLarge) Error() string { return "read " + e.path + ": " + ErrTooLarge.Error() }
func (e *pathTooLarge) Unwrap() error { return ErrTooLarge }
