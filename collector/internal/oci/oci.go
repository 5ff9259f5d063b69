// Package oci finds out what a container runs: the image and the name that its runtime wrote down, by its id. It reads the
// files of Docker, of Podman and CRI-O (containers-storage), and of containerd as Kubernetes and others drive it, and asks no
// runtime.
package oci

import (
	"cmp"
	"encoding/json"
	"path"
	"strings"
	"time"
	"unicode"
)

// Container is what a runtime says of one.
type Container struct {
	Name  string // empty: none, or not written down
	Image string // as it was called for: "docker.io/library/nginx:1.27"; empty: not written down
}

// Finder reads the runtimes' files. Its fields are set once; one goroutine at a time may use it.
type Finder struct {
	Read func(path string, limit int) ([]byte, error) // at most limit bytes; longer files are an error
	List func(dir string) ([]string, error)           // names

	stored  map[string]Container // of containers-storage, whose files hold all containers
	read    time.Time
	readFor time.Duration // how long the last reading took
}

// Bounds of what is read, in bytes and entries.
const (
	maxConfig = 1 << 20
	maxStored = 8 << 20
	maxHomes  = 256
	maxText   = 256
	maxSpaces = 64
	restAfter = 10 * time.Second
)

// Find gives what is known of a container by its id of 64 hexadecimal digits; false: nothing.
func (f *Finder) Find(id string) (Container, bool) {
	if !valid(id) {
		return Container{}, false
	}
	for _, find := range []func(string) (Container, bool){f.docker, f.bundle, f.storage} {
		if c, ok := find(id); ok {
			return c, true
		}
	}
	return Container{}, false
}

// valid keeps anything but an id out of the paths.
func valid(id string) bool {
	return len(id) == 64 && strings.Trim(id, "0123456789abcdef") == ""
}

func (f *Finder) docker(id string) (Container, bool) {
	b, err := f.Read("/var/lib/docker/containers/"+id+"/config.v2.json", maxConfig)
	if err != nil {
		return Container{}, false
	}
	return parseDocker(b)
}

func parseDocker(b []byte) (Container, bool) {
	var d struct {
		Name   string
		Config struct{ Image string }
	}
	if json.Unmarshal(b, &d) != nil {
		return Container{}, false
	}
	return tidy(strings.TrimPrefix(d.Name, "/"), d.Config.Image)
}

// bundle reads what the runtime hands to the program that starts the container: containerd's below a directory for each
// of its name spaces, CRI-O's in the storage.
func (f *Finder) bundle(id string) (Container, bool) {
	var at []string
	for _, root := range []string{"/run/containerd/io.containerd.runtime.v2.task", "/run/k3s/containerd/io.containerd.runtime.v2.task"} {
		spaces, err := f.List(root)
		if err != nil {
			continue
		}
		for _, space := range spaces[:min(len(spaces), maxSpaces)] {
			at = append(at, path.Join(root, space, id, "config.json"))
		}
	}
	at = append(at, "/run/containers/storage/overlay-containers/"+id+"/userdata/config.json")
	for _, p := range at {
		b, err := f.Read(p, maxConfig)
		if err != nil {
			continue
		}
		if c, ok := parseBundle(b); ok {
			return c, true
		}
	}
	return Container{}, false
}

func parseBundle(b []byte) (Container, bool) {
	var d struct{ Annotations map[string]string }
	if json.Unmarshal(b, &d) != nil {
		return Container{}, false
	}
	a := d.Annotations
	name := cmp.Or(a["io.kubernetes.cri.container-name"], a["io.kubernetes.cri.sandbox-name"], a["io.kubernetes.container.name"], a["nerdctl/name"])
	image := cmp.Or(a["io.kubernetes.cri.image-name"], a["io.kubernetes.cri-o.ImageName"], a["io.kubernetes.cri-o.Image"], a["nerdctl/image"])
	return tidy(name, image)
}

// storage looks into the files of containers-storage, the system's and the users' own. They are read again when a
// container is not among what was read, though not at once: reading may rest a thousand times as long as it took.
func (f *Finder) storage(id string) (Container, bool) {
	c, ok := f.stored[id]
	if ok || time.Since(f.read) < max(restAfter, 1000*f.readFor) && f.stored != nil {
		return c, ok
	}
	began := time.Now()
	f.stored = map[string]Container{}
	roots := []string{"/var/lib/containers/storage", "/root/.local/share/containers/storage"}
	homes, err := f.List("/home")
	if err == nil {
		for _, home := range homes[:min(len(homes), maxHomes)] {
			roots = append(roots, path.Join("/home", home, ".local/share/containers/storage"))
		}
	}
	for _, root := range roots {
		for _, driver := range []string{"overlay", "vfs", "btrfs"} {
			for _, name := range []string{"containers.json", "volatile-containers.json"} {
				if b, err := f.Read(path.Join(root, driver+"-containers", name), maxStored); err == nil {
					parseStorage(b, f.stored)
				}
			}
		}
	}
	f.read = time.Now()
	f.readFor = f.read.Sub(began)
	c, ok = f.stored[id]
	return c, ok
}

// parseStorage adds the containers of a file to those in into.
func parseStorage(b []byte, into map[string]Container) {
	var list []struct {
		ID       string
		Names    []string
		Metadata string // a document within the document
	}
	if json.Unmarshal(b, &list) != nil {
		return
	}
	for _, e := range list {
		var m struct {
			Image string `json:"image-name"`
			Name  string `json:"name"`
			Pod   string `json:"pod-name"`
		}
		_ = json.Unmarshal([]byte(e.Metadata), &m)
		name := m.Name
		if name == "" && len(e.Names) > 0 {
			name = e.Names[0]
		}
		if _, have := into[e.ID]; have || !valid(e.ID) {
			continue // a user's own file says nothing of the system's containers
		}
		if c, ok := tidy(name, m.Image); ok {
			into[e.ID] = c
		}
	}
}

// tidy bounds what a file says and leaves out what cannot be printed; false: nothing is left.
func tidy(name, image string) (Container, bool) {
	c := Container{clean(name), clean(image)}
	return c, c != Container{}
}

func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}
