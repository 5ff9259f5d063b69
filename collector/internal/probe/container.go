package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/oci"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// container is what a control group belongs to. The zero value: no container, or not known any more.
type container struct {
	id    string // 64 hexadecimal digits, or a machine's name
	image string
}

func (c container) names() (id, image string) { return c.id, c.image }

// containers knows which control group belongs to which container, and what that runs. The zero value is ready.
type containers struct {
	known map[uint64]*grouped // by the group's number
	named map[string]*grouped // by the container, where only its processes tell it
	walk  time.Time           // the last, where groups cannot be opened by their number
	files *oci.Finder

	older  bool      // whether there are containers in hierarchies of the first version
	looked time.Time // for that
}

// grouped is a control group that was looked up.
type grouped struct {
	container
	tried time.Time // when the image was last looked for
}

// Bounds of looking control groups up.
const (
	maxKnown     = 16384
	maxGroups    = 65536
	maxGroupFile = 64 << 10
	groupsAtMost = 10 * time.Second // between two walks, and between two looks for an image
)

// containerID is how Docker, containerd, CRI-O and Podman name the control groups of their containers.
var containerID = regexp.MustCompile(`(?:^|[-/:])([0-9a-f]{64})(?:\.scope)?$`)

// of gives the container of a control group or, where the group belongs to none and containers may be told apart in the
// hierarchies of the first version alone, that of a process, while it lives; 0: neither is known.
func (c *containers) of(group uint64, pid uint32) container {
	g := c.ofGroup(group)
	if (g == nil || g.id == "") && pid != 0 {
		g = c.ofProcess(pid)
	}
	if g == nil {
		return container{}
	}
	if g.id != "" && g.image == "" && time.Since(g.tried) > groupsAtMost {
		g.tried = time.Now()
		g.image = c.imageOf(g.id)
	}
	return g.container
}

func (c *containers) ofGroup(group uint64) *grouped {
	if group == 0 {
		return nil
	}
	if g := c.known[group]; g != nil {
		return g
	}
	return c.find(group)
}

// ofProcess reads the groups of a process in the hierarchies of the first version, of which a program in the kernel sees nothing.
func (c *containers) ofProcess(pid uint32) *grouped {
	if time.Since(c.looked) > groupsAtMost {
		c.older, c.looked = olderContainers(), time.Now()
	}
	if !c.older {
		return nil
	}
	b, err := readAtMost(fmt.Sprintf("/proc/%d/cgroup", pid), maxGroupFile)
	if err != nil {
		return nil // it has gone
	}
	for _, path := range olderGroups(b) {
		id := containerOf(path)
		if id == "" {
			continue
		}
		if g := c.named[id]; g != nil {
			return g
		}
		if len(c.named) >= maxKnown || c.named == nil {
			c.named = map[string]*grouped{}
		}
		c.named[id] = &grouped{container: container{id: id}}
		return c.named[id]
	}
	return nil
}

// homes are where container runtimes put their groups by themselves; what systemd puts somewhere for them is in the unified
// hierarchy, too.
var homes = []string{"docker", "kubepods", "libpod_parent", "lxc", "lxc.payload.*", "crio*", "cri-containerd*"}

// olderContainers says whether one of the hierarchies of the first version holds containers. It asks for the names of few
// directories, as asking each process would cost more than seeing it.
func olderContainers() bool {
	for _, root := range hook.MountedAs("cgroup") {
		for _, home := range homes {
			if found, _ := filepath.Glob(filepath.Join(root, home)); len(found) > 0 { // the patterns are ours: they are well formed
				return true
			}
		}
	}
	return false
}

// olderGroups gives the paths in cgroup(7)'s file of a process but that of the unified hierarchy, whose number is 0.
func olderGroups(b []byte) []string {
	var paths []string
	for line := range strings.Lines(string(b)) {
		number, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if _, path, ok := strings.Cut(rest, ":"); ok && number != "0" && strings.HasPrefix(path, "/") {
			paths = append(paths, path)
		}
	}
	return paths
}

// find looks a group up: by its number, which is that of its directory, or by walking where that is not allowed.
func (c *containers) find(group uint64) *grouped {
	root := hook.Unified()
	if root == "" {
		return nil
	}
	if len(c.known) >= maxKnown || c.known == nil {
		c.known = map[uint64]*grouped{} // what is still there is found again
	}
	path, err := groupPath(root, group)
	if err == nil {
		c.known[group] = &grouped{container: container{id: containerOf(strings.TrimPrefix(path, root))}}
	} else if errors.Is(err, unix.ESTALE) {
		c.known[group] = &grouped{} // gone; its number is not given again
	} else if time.Since(c.walk) > groupsAtMost {
		c.refresh(root)
	}
	return c.known[group]
}

// groupPath opens the directory of a control group by its number and asks where that is. Needs CAP_DAC_READ_SEARCH.
func groupPath(root string, group uint64) (string, error) {
	dir, err := os.Open(root)
	if err != nil {
		return "", err
	}
	defer dir.Close()
	const kernfs = 0xfe // FILEID_KERNFS
	handle := unix.NewFileHandle(kernfs, binary.NativeEndian.AppendUint64(nil, group))
	fd, err := unix.OpenByHandleAt(int(dir.Fd()), handle, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC)
	if err != nil {
		return "", fmt.Errorf("open control group: %w", err)
	}
	defer unix.Close(fd)
	return os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
}

// refresh walks the unified hierarchy: a group's number is the inode of its directory.
func (c *containers) refresh(root string) {
	c.walk = time.Now()
	n := 0
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		if n++; n > maxGroups {
			return fs.SkipAll
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		if at := hook.Inode(info); c.known[at] == nil && len(c.known) < maxGroups {
			c.known[at] = &grouped{container: container{id: containerOf(strings.TrimPrefix(path, root))}}
		}
		return nil
	})
}

// imageOf reads what the container's runtime wrote down.
func (c *containers) imageOf(id string) string {
	if c.files == nil {
		c.files = &oci.Finder{Read: readAtMost, List: listNames}
	}
	found, _ := c.files.Find(id)
	return found.Image
}

func readAtMost(path string, limit int) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: not a file", path) // a pipe would never end
	}
	b, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && len(b) > limit {
		return nil, fmt.Errorf("read %s: more than %d bytes", path, limit)
	}
	return b, err
}

func listNames(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(1024)
}

// containerOf finds the container in a group's path; a group inside of a container belongs to it.
func containerOf(path string) string {
	for p := path; p != "" && p != "/" && p != "."; p = filepath.Dir(p) {
		if m := containerID.FindStringSubmatch(p); m != nil {
			return m[1]
		}
		base := filepath.Base(p)
		if name, ok := strings.CutPrefix(base, "lxc.payload."); ok {
			return name
		}
		if name, ok := strings.CutPrefix(base, "machine-"); ok && strings.HasSuffix(name, ".scope") {
			return strings.TrimSuffix(name, ".scope")
		}
	}
	return ""
}
