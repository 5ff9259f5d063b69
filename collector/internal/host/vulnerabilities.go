package host

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/vulnindex"
)

const (
	maxFound      = 20_000 // vulnerabilities kept
	maxUncompared = 100
)

// collectVulnerabilities matches the packages against the index of the host's release, and says of each weakness how the
// package is used. Without an index for this very release nothing is said at all.
func collectVulnerabilities(ctx context.Context, env *Env, doc *facts.Document) facts.Status {
	switch {
	case env.Vulns == nil && env.VulnsReason != "":
		return unmeasured(env.VulnsReason)
	case env.Vulns == nil:
		return unmeasured("no vulnerability index was given")
	case doc.Packages == nil || doc.Packages.Installed == nil:
		return unmeasured("the packages were not measured")
	case doc.OS == nil || doc.OS.ID == "":
		return unmeasured("the operating system's release is not known")
	}
	meta := env.Vulns.Meta()
	if own := vulnindex.EcosystemOf(doc.OS.ID, doc.OS.VersionID); own != meta.Ecosystem {
		return unmeasured(fmt.Sprintf("the vulnerability index is for %s, this host is %s %s", meta.Ecosystem, doc.OS.ID, doc.OS.VersionID))
	}
	if meta.Records == 0 {
		return unmeasured("the vulnerability index holds nothing about " + meta.Ecosystem)
	}
	v := &facts.Vulnerabilities{Index: indexFact(meta, env.Now), Packages: len(doc.Packages.Installed), Found: []facts.Vulnerability{}}
	packages := vulnPackages(doc.Packages.Installed)
	result, err := env.Vulns.Match(packages)
	if err != nil {
		return facts.Status{State: facts.StateError, Reason: err.Error()}
	}
	var r reading
	for _, i := range result.Uncompared {
		if len(v.Uncompared) < maxUncompared {
			v.Uncompared = append(v.Uncompared, packages[i].Name)
		}
	}
	if n := len(result.Uncompared); n > 0 {
		r.note("packages", fmt.Sprintf("the versions of %d packages cannot be compared", n))
	}
	v.Found = foundOf(packages, result.Matches, env.Now)
	if len(v.Found) > maxFound {
		v.Found, v.Truncated = v.Found[:maxFound], true
	}
	env.markUse(v, doc)
	v.Containers = env.scanContainers(ctx)
	doc.Vulnerabilities = v
	return r.status()
}

func vulnPackages(installed []facts.Package) []vulnindex.Package {
	out := make([]vulnindex.Package, len(installed))
	for i, p := range installed {
		out[i] = vulnindex.Package{Name: p.Name, Version: p.Version, Source: p.Source, SourceVersion: p.SourceVersion}
	}
	return out
}

func indexFact(m vulnindex.Meta, now time.Time) *facts.VulnerabilityIndex {
	return &facts.VulnerabilityIndex{
		Ecosystem: m.Ecosystem, Revision: m.Revision, CreatedAt: m.Created, NewestAt: m.Newest, AgeDays: int(m.Age(now).Hours() / 24),
		EndOfLife: known(m.EndOfLife), KEVAt: known(m.KEVDate), EPSSAt: known(m.EPSSDate), Records: m.Records,
	}
}

// known is nil for a time that nobody knows.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// foundOf gathers matches by source and record: the binaries of one source have its weaknesses together. An advisory all of
// whose CVEs stand there themselves is left out; the day it was published is the day since when they could be mended.
func foundOf(packages []vulnindex.Package, matches []vulnindex.Match, now time.Time) []facts.Vulnerability {
	type key struct{ name, version, id string }
	type cveKey struct{ name, version, cve string }
	single := map[cveKey]bool{}
	advised := map[cveKey]time.Time{}
	for _, m := range matches {
		for _, cve := range m.Record.CVEs {
			k := cveKey{m.Name, m.Version, cve}
			if !m.Record.Advisory() {
				single[k] = true
			} else if at, ok := advised[k]; !m.Record.Published.IsZero() && (!ok || m.Record.Published.Before(at)) {
				advised[k] = m.Record.Published
			}
		}
	}
	found := map[key]*facts.Vulnerability{}
	for _, m := range matches {
		if m.Record.Advisory() && len(m.Record.CVEs) > 0 && !slices.ContainsFunc(m.Record.CVEs, func(cve string) bool { return !single[cveKey{m.Name, m.Version, cve}] }) {
			continue
		}
		k := key{m.Name, m.Version, m.Record.ID}
		v := found[k]
		if v == nil {
			v = vulnerability(m)
			since := m.Record.Published
			if !m.Record.Advisory() {
				since = time.Time{}
				if len(m.Record.CVEs) > 0 {
					since = advised[cveKey{m.Name, m.Version, m.Record.CVEs[0]}]
				}
			}
			if m.Fixed != "" && !since.IsZero() {
				v.FixedSince, v.FixedDays = &since, ptr(max(int(now.Sub(since).Hours()/24), 0))
			}
			found[k] = v
		}
		if name := packages[m.Package].Name; !slices.Contains(v.Packages, name) {
			v.Packages = append(v.Packages, name)
		}
	}
	out := []facts.Vulnerability{}
	for _, v := range found {
		out = append(out, *v)
	}
	slices.SortFunc(out, func(a, b facts.Vulnerability) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.ID, b.ID), strings.Compare(a.Version, b.Version))
	})
	return out
}

func vulnerability(m vulnindex.Match) *facts.Vulnerability {
	r := m.Record
	return &facts.Vulnerability{
		ID: r.ID, CVEs: r.CVEs, Source: m.Name, Packages: []string{}, Version: m.Version, Fixed: m.Fixed,
		Severity: r.Severity, Score: r.Score, Published: known(r.Published), Exploited: known(r.Threat.Exploited),
		Ransomware: r.Threat.Ransomware, EPSS: r.Threat.EPSS, Network: r.Network, Automatable: r.Automatic, Unimportant: m.Unimportant,
	}
}

// markUse says of each weakness how its packages are used.
func (e *Env) markUse(v *facts.Vulnerabilities, doc *facts.Document) {
	seen := e.observe(doc)
	if seen != nil {
		v.ObservedDays = seen.observed
	}
	byPackage, listed := map[string]*use{}, map[string]bool{}
	if seen != nil {
		byPackage, listed = e.usedPackages(v, doc, seen)
	}
	for i := range v.Found {
		f := &v.Found[i]
		var all use
		told := seen != nil
		for _, name := range f.Packages {
			if u := byPackage[name]; u != nil {
				all.join(*u)
			}
			// What nobody maps is unused only where its files are known, our eyes are open and no interpreter reads it.
			told = told && listed[name] && !seen.blind && !seen.interpreted(name)
		}
		f.Root, f.Programs = all.root, all.programs
		f.Use, f.Exposure = "unseen", exposures[all.exposure]
		switch {
		case all.running:
			f.Use = "running"
			f.Exposure = exposures[max(all.exposure, 1)]
		case !all.recent.IsZero():
			f.Use, f.Exposure = "recent", "local"
		case all.demand:
			f.Use, f.Exposure = "on_demand", "local"
		case !told:
			f.Use, f.Exposure = "unknown", "unknown"
		}
	}
}

// usedPackages adds up the use of the files of each package that has a weakness; listed holds those whose files are known.
func (e *Env) usedPackages(v *facts.Vulnerabilities, doc *facts.Document, seen *usage) (byPackage map[string]*use, listed map[string]bool) {
	vulnerable := map[string]bool{}
	for _, f := range v.Found {
		for _, name := range f.Packages {
			vulnerable[name] = true
		}
	}
	wanted := map[string]bool{}
	for p := range seen.files {
		wanted[p] = true
	}
	owners, listed := e.ownersAmong(wanted, vulnerable)
	byPackage = map[string]*use{}
	for p, name := range owners {
		if byPackage[name] == nil {
			byPackage[name] = &use{}
		}
		byPackage[name].join(*seen.files[p])
	}
	if doc.Kernel != nil && doc.Kernel.Release != "" {
		for _, p := range doc.Packages.Installed {
			if vulnerable[p.Name] && isKernel(p) {
				listed[p.Name] = true
				if runsKernel(p, doc.Kernel.Release) {
					byPackage[p.Name] = &use{running: true, root: true, exposure: seen.reached, programs: []string{"kernel " + doc.Kernel.Release}}
				}
			}
		}
	}
	return byPackage, listed
}

// ownersAmong is ownersOf for some packages: path → package. listed are the packages whose list of files was read.
func (e *Env) ownersAmong(wanted, packages map[string]bool) (owners map[string]string, listed map[string]bool) {
	listed = map[string]bool{}
	for _, dir := range []string{"/var/lib/dpkg/info", "/usr/lib/opkg/info"} {
		names := e.Names(dir)
		if len(names) == 0 {
			continue
		}
		names = slices.DeleteFunc(names, func(n string) bool {
			n, ok := strings.CutSuffix(n, ".list")
			n, _, _ = strings.Cut(n, ":")
			if ok && packages[n] {
				listed[n] = true
			}
			return !ok || !packages[n]
		})
		return e.ownersByLists(dir, names, wanted), listed
	}
	if file := e.firstExisting(rpmFiles...); file != "" {
		if owners, listed, ok := e.ownersByRPM(file, wanted); ok {
			return owners, listed
		}
		return nil, listed
	}
	owners, ok := e.ownersOf(wanted)
	if ok {
		maps.Copy(listed, packages)
	}
	return owners, listed
}

// isKernel reports whether a package holds a kernel image or its modules.
func isKernel(p facts.Package) bool {
	for _, prefix := range []string{"linux-image-", "linux-modules-", "linux-lts", "linux-virt", "linux-edge", "kernel"} {
		if strings.HasPrefix(p.Name, prefix) {
			return !strings.HasSuffix(p.Name, "-dev") && !strings.HasPrefix(p.Name, "kernel-headers") && !strings.HasPrefix(p.Name, "kernel-devel") && p.Name != "kernel-srpm-macros"
		}
	}
	return false
}

// runsKernel reports whether the running kernel is the one of a package: Debian's and Ubuntu's carry its release in their
// name, an rpm's release is its version, Alpine's 6.6.16-0-lts is linux-lts 6.6.16-r0.
func runsKernel(p facts.Package, release string) bool {
	for _, prefix := range []string{"linux-image-unsigned-", "linux-image-", "linux-modules-extra-", "linux-modules-"} {
		if rest, ok := strings.CutPrefix(p.Name, prefix); ok {
			return strings.TrimSuffix(rest, "-unsigned") == release
		}
	}
	if flavour, ok := strings.CutPrefix(p.Name, "linux-"); ok {
		return strings.Replace(p.Version, "-r", "-", 1)+"-"+flavour == release
	}
	return p.Version+"."+p.Arch == release
}
