package host

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/oci"
)

const maxContainers = 512

// collectContainers finds container engines and, on a live host, what they run: by the control groups of processes, so
// that no engine has to be asked.
func collectContainers(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	c := &facts.Containers{Engines: []facts.ContainerEngine{}}
	doc.Containers = c
	for _, k := range []struct{ name, program, comm, socket string }{
		{"docker", "dockerd", "dockerd", "/run/docker.sock"},
		{"podman", "podman", "podman", "/run/podman/podman.sock"},
		{"containerd", "containerd", "containerd", "/run/containerd/containerd.sock"},
		{"lxc", "lxc-start", "lxc-monitord", ""},
	} {
		if !env.hasProgram(k.program) {
			continue
		}
		e := facts.ContainerEngine{Name: k.name, Running: env.running(k.comm)}
		if k.socket != "" && env.Live {
			st := env.Lstat(k.socket)
			e.Socket = &st
		}
		if k.name == "docker" {
			env.docker(&e, doc, &r)
		} else if env.Live {
			e.TCPExposed = exposed(doc, k.comm)
		}
		c.Engines = append(c.Engines, e)
	}
	if env.Live {
		c.Running = env.containers(&r)
	}
	return r.status()
}

// docker reads daemon.json and the command line of the unit.
func (e *Env) docker(engine *facts.ContainerEngine, doc *facts.Document, r *reading) {
	engine.Settings = map[string]string{}
	if b, ok := r.file(e, "/etc/docker/daemon.json"); ok {
		var top map[string]any
		if err := json.Unmarshal(b, &top); err != nil {
			r.note("/etc/docker/daemon.json", "not JSON")
		}
		flatten("", top, engine.Settings)
	}
	var hosts []string
	if h := engine.Settings["hosts"]; h != "" {
		hosts = words(h)
	}
	verify := engine.Settings["tlsverify"] == "true"
	if u := e.unitSet().Unit("docker.service"); u != nil {
		args := e.unitSet().Command(u)
		for i, a := range args {
			switch {
			case (a == "-H" || a == "--host") && i+1 < len(args):
				hosts = append(hosts, args[i+1])
			case strings.HasPrefix(a, "--host="):
				hosts = append(hosts, strings.TrimPrefix(a, "--host="))
			case a == "--tlsverify" || a == "--tlsverify=true":
				verify = true
			}
		}
	}
	engine.TLSVerify = &verify
	engine.TCPConfigured = ptr(slices.ContainsFunc(hosts, func(h string) bool {
		addr, ok := strings.CutPrefix(h, "tcp://")
		return ok && !loopbackName(hostOf(addr))
	}))
	engine.TCPExposed = exposed(doc, "dockerd")
	if engine.TCPExposed == nil {
		engine.TCPExposed = engine.TCPConfigured
	}
}

// flatten lays a JSON object out as dotted names; lists are joined by commas.
func flatten(prefix string, v any, out map[string]string) {
	if len(out) > 256 {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			name := k
			if prefix != "" {
				name = prefix + "." + k
			}
			flatten(name, e, out)
		}
	case []any:
		var parts []string
		for _, e := range v {
			parts = append(parts, fmt.Sprint(e))
		}
		out[prefix] = strings.Join(parts, ",")
	default:
		out[prefix] = fmt.Sprint(v)
	}
}

// containerID is the id that docker, podman, containerd and cri-o put into the names of control groups.
var containerID = regexp.MustCompile(`(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:/|$)`)

// engineSocket matches the mount of an engine's socket into a container.
var engineSocket = regexp.MustCompile(`/(docker|podman|containerd|crio)\.sock `)

func (e *Env) containers(r *reading) []facts.Container {
	scan := e.processTable()
	if scan.err != nil {
		r.note("/proc", why(scan.err))
		return nil
	}
	firsts := map[string]*process{} // the eldest process of each container
	for _, p := range scan.procs {
		if p.kernel {
			continue
		}
		cg, err := e.ReadProcLimit("/proc/"+strconv.Itoa(p.pid)+"/cgroup", 16<<10)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(cg)) {
			if m := containerID.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				if have := firsts[m[1]]; have == nil || p.started.Before(have.started) {
					firsts[m[1]] = p
				}
				break
			}
		}
	}
	out := []facts.Container{}
	full, images := capabilityBound(e, 1), e.images()
	for id, p := range firsts {
		if len(out) >= maxContainers {
			r.note("containers", "more than 512")
			break
		}
		out = append(out, e.container(id, p, full, images))
	}
	slices.SortFunc(out, func(a, b facts.Container) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func (e *Env) container(id string, p *process, full uint64, images *oci.Finder) facts.Container {
	c := facts.Container{ID: id}
	dir := "/proc/" + strconv.Itoa(p.pid)
	if bound := capabilityBound(e, p.pid); full != 0 && bound != 0 {
		c.Privileged = ptr(bound == full)
	}
	c.HostNetwork = e.sameNamespace(dir, "net")
	c.HostPID = e.sameNamespace(dir, "pid")
	if own := e.sameNamespace(dir, "user"); own != nil {
		c.RootUser = ptr(p.uid == 0 && *own)
	}
	if b, err := e.ReadProcLimit(dir+"/mountinfo", 1<<20); err == nil {
		c.EngineSocketMounted = ptr(engineSocket.Match(b))
	}
	if found, ok := images.Find(id); ok {
		c.Name, c.Image = found.Name, found.Image
	}
	return c
}

// images finds what containers run, in the files of their runtimes.
func (e *Env) images() *oci.Finder {
	return &oci.Finder{
		Read: func(path string, limit int) ([]byte, error) { return e.ReadFileLimit(path, int64(limit)) },
		List: func(dir string) ([]string, error) {
			list, err := e.ReadDir(dir)
			names := make([]string, 0, len(list))
			for _, d := range list {
				names = append(names, d.Name())
			}
			return names, err
		},
	}
}

// sameNamespace tells whether a process lives in our own name space of a kind; nil when that cannot be seen.
func (e *Env) sameNamespace(dir, kind string) *bool {
	theirs, err1 := e.ProcLink(dir + "/ns/" + kind)
	ours, err2 := e.ProcLink("/proc/self/ns/" + kind)
	if err1 != nil || err2 != nil {
		return nil
	}
	return ptr(theirs == ours)
}

// capabilityBound reads a process's bounding set; 0 when it cannot be read.
func capabilityBound(e *Env, pid int) uint64 {
	b, err := e.ReadProcLimit("/proc/"+strconv.Itoa(pid)+"/status", 64<<10)
	if err != nil {
		return 0
	}
	for _, line := range lines(b) {
		if v, ok := strings.CutPrefix(line, "CapBnd:"); ok {
			n, _ := strconv.ParseUint(strings.TrimSpace(v), 16, 64)
			return n
		}
	}
	return 0
}
