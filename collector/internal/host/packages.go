package host

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/rpmdb"
)

// collectPackages reads the package data base and the package sources.
func collectPackages(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	p := &facts.Packages{}
	switch {
	case env.Exists("/var/lib/dpkg/status"):
		p.Manager = "dpkg"
		env.readPackages(p, &r, []string{"/var/lib/dpkg/status"}, func(r *reading) { env.dpkgStatus(p, r, "/var/lib/dpkg/status") })
		p.Sources = aptSources(env, &r)
	case env.Exists("/lib/apk/db/installed"), env.Exists("/usr/lib/apk/db/installed"):
		p.Manager = "apk"
		f := "/lib/apk/db/installed"
		if !env.Exists(f) {
			f = "/usr/lib/apk/db/installed"
		}
		env.readPackages(p, &r, []string{f}, func(r *reading) {
			b, err := env.ReadFileLimit(f, maxStatusFile)
			r.miss(f, err)
			if err == nil {
				p.Installed, p.Broken = apkPackages(b), []string{}
			}
		})
		p.Sources = apkSources(env, &r)
	case env.Exists("/usr/lib/opkg/status"):
		p.Manager = "opkg"
		env.readPackages(p, &r, []string{"/usr/lib/opkg/status"}, func(r *reading) { env.dpkgStatus(p, r, "/usr/lib/opkg/status") })
		p.Sources = opkgSources(env, &r)
	case env.Exists("/var/lib/rpm"), env.Exists("/usr/lib/sysimage/rpm"):
		p.Manager = "rpm"
		if file := env.firstExisting(rpmFiles...); file == "" {
			r.note("/var/lib/rpm", "only the SQLite data base of rpm 4.16 and later is read")
		} else {
			env.readPackages(p, &r, []string{file, file + "-wal"}, func(r *reading) { rpmPackages(env, p, r, file) })
		}
		p.Sources = yumSources(env, &r)
	default:
		return unmeasured("no package data base that we know")
	}
	doc.Packages = p
	return r.status()
}

// dpkgStatus reads dpkg's or opkg's status file.
func (e *Env) dpkgStatus(p *facts.Packages, r *reading, file string) {
	b, err := e.ReadFileLimit(file, maxStatusFile)
	r.miss(file, err)
	if err == nil {
		p.Installed, p.Broken = dpkgPackages(b)
	}
}

// rpmFiles are the places of the data base of rpm 4.16 and later; the older kinds are not read, and the status says so.
var rpmFiles = []string{"/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite"}

// rpmPackages reads rpm's data base.
func rpmPackages(env *Env, p *facts.Packages, r *reading, file string) {
	f, err := env.OpenFile(file)
	if err != nil {
		r.miss(file, err)
		return
	}
	defer f.Close()
	installed := []facts.Package{}
	err = rpmdb.Read(f, func(q rpmdb.Package) error {
		if len(installed) >= maxPackages {
			return ErrTooLarge
		}
		out := facts.Package{Name: q.Name, Version: q.Version, Arch: q.Arch}
		name, version := rpmdb.SplitSource(q.Source)
		if name != q.Name {
			out.Source = name
		}
		epoch, plain, ok := strings.Cut(q.Version, ":")
		if !ok {
			epoch, plain = "", q.Version
		}
		if version != "" && version != plain {
			out.SourceVersion = version
			if epoch != "" {
				out.SourceVersion = epoch + ":" + version
			}
		}
		installed = append(installed, out)
		return nil
	})
	if err != nil {
		r.note(file, err.Error())
		return
	}
	sortPackages(installed)
	p.Installed = installed
}

// dpkgPackages reads dpkg's or opkg's status file.
func dpkgPackages(b []byte) (installed []facts.Package, broken []string) {
	installed, broken = []facts.Package{}, []string{}
	stanzas(b, func(m map[string]string) bool {
		status := strings.Fields(m["Status"])
		if m["Package"] == "" || len(status) != 3 {
			return true
		}
		switch status[2] {
		case "installed", "triggers-awaited", "triggers-pending":
		case "half-installed", "half-configured", "unpacked":
			broken = append(broken, m["Package"])
			if status[2] == "half-installed" {
				return true
			}
		default:
			return true
		}
		p := facts.Package{Name: m["Package"], Version: m["Version"], Arch: m["Architecture"], Hold: status[0] == "hold"}
		if src, ver, ok := strings.Cut(m["Source"], " ("); src != "" {
			if src != p.Name {
				p.Source = src
			}
			if ok && strings.TrimSuffix(ver, ")") != p.Version {
				p.SourceVersion = strings.TrimSuffix(ver, ")")
			}
		}
		installed = append(installed, p)
		return len(installed) < maxPackages
	})
	sortPackages(installed)
	slices.Sort(broken)
	return installed, broken
}

// apkPackages reads Alpine's data base: one letter per field, blocks apart by empty lines.
func apkPackages(b []byte) []facts.Package {
	out := []facts.Package{}
	var p facts.Package
	flush := func() {
		if p.Name != "" && len(out) < maxPackages {
			out = append(out, p)
		}
		p = facts.Package{}
	}
	for _, line := range lines(b) {
		if line == "" {
			flush()
			continue
		}
		if len(line) < 2 || line[1] != ':' {
			continue
		}
		switch v := line[2:]; line[0] {
		case 'P':
			p.Name = v
		case 'V':
			p.Version = v
		case 'A':
			p.Arch = v
		case 'o':
			if v != p.Name {
				p.Source = v
			}
		}
	}
	flush()
	sortPackages(out)
	return out
}

func sortPackages(p []facts.Package) {
	slices.SortFunc(p, func(a, b facts.Package) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Arch, b.Arch), strings.Compare(a.Version, b.Version))
	})
}
