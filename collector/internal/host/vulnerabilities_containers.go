package host

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/vulnindex"
)

const (
	maxScanned        = 64  // containers whose packages are read
	maxContainerFound = 200 // vulnerabilities kept of one
)

// scanContainers reads the package data bases in the root file systems of the containers that run, by their processes: no engine is asked,
// and whatever links a container holds lead nowhere but into itself. nil on a host that is not live.
func (e *Env) scanContainers(ctx context.Context) []facts.ContainerScan {
	scan := e.processTable()
	if !e.Native() || scan.err != nil {
		return nil
	}
	eldest := map[string]*process{} // by mount name space
	own, _ := e.ProcLink("/proc/self/ns/mnt")
	for _, p := range scan.procs {
		if p.kernel || !p.contained {
			continue
		}
		ns, err := e.ProcLink("/proc/" + strconv.Itoa(p.pid) + "/ns/mnt")
		if err != nil || ns == own {
			continue
		}
		if have := eldest[ns]; have == nil || p.started.Before(have.started) {
			eldest[ns] = p
		}
	}
	out := []facts.ContainerScan{}
	for _, p := range eldest {
		if len(out) < maxScanned && ctx.Err() == nil {
			out = append(out, e.scanRoot(ctx, e.containerName(p.pid), "/proc/"+strconv.Itoa(p.pid)+"/root"))
		}
	}
	slices.SortFunc(out, func(a, b facts.ContainerScan) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// containerName is the id an engine gave, or the process.
func (e *Env) containerName(pid int) string {
	if cg, err := e.ReadProcLimit("/proc/"+strconv.Itoa(pid)+"/cgroup", 16<<10); err == nil {
		if m := containerID.FindStringSubmatch(strings.TrimSpace(string(cg))); m != nil {
			return m[1]
		}
	}
	return "pid " + strconv.Itoa(pid)
}

// scanRoot reads the packages below one root, and compares them when the index is for its release.
func (e *Env) scanRoot(ctx context.Context, id, root string) facts.ContainerScan {
	c := facts.ContainerScan{ID: id}
	inside, err := Open(Options{Root: root, Now: e.Now})
	if err != nil {
		c.Reason = why(err)
		return c
	}
	defer inside.Close()
	var doc facts.Document
	collectOS(ctx, inside, &doc)
	if st := collectPackages(ctx, inside, &doc); doc.Packages == nil || doc.Packages.Installed == nil {
		c.Reason = st.Reason
		return c
	}
	c.Manager, c.Packages = doc.Packages.Manager, len(doc.Packages.Installed)
	if doc.OS != nil {
		c.OS = strings.TrimSpace(doc.OS.ID + " " + doc.OS.VersionID)
		c.Ecosystem = vulnindex.EcosystemOf(doc.OS.ID, doc.OS.VersionID)
	}
	if e.Vulns == nil || c.Ecosystem != e.Vulns.Meta().Ecosystem {
		c.Reason = "no index of this release is on this host"
		return c
	}
	packages := vulnPackages(doc.Packages.Installed)
	result, err := e.Vulns.Match(packages)
	if err != nil {
		c.Reason = err.Error()
		return c
	}
	c.Found = []string{}
	for _, v := range foundOf(packages, result.Matches, e.Now) {
		if len(c.Found) < maxContainerFound {
			c.Found = append(c.Found, fmt.Sprintf("%s %s %s", v.ID, v.Source, v.Version))
		}
	}
	return c
}
