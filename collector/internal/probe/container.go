package probe

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// containers knows which control group belongs to which container. The zero value is ready.
type containers struct {
	names map[uint64]string // by inode; "" for a group that is no container's
	read  time.Time
}

// Bounds of looking through the control groups.
const (
	maxGroups    = 8192
	groupsAtMost = 10 * time.Second // between two looks
)

// containerID is how Docker, containerd, CRI-O and Podman name the control groups of their containers.
var containerID = regexp.MustCompile(`(?:^|[-/])([0-9a-f]{64})(?:\.scope)?$`)

// of gives the container's id: 64 hexadecimal digits, or a machine's name; "" when the group is no container's or is
// not known any more.
func (c *containers) of(group uint64) string {
	if group == 0 {
		return ""
	}
	name, ok := c.names[group]
	if !ok && time.Since(c.read) > groupsAtMost {
		c.refresh()
		name = c.names[group]
	}
	return name
}

// refresh walks the unified hierarchy: a group's id is the inode of its directory.
func (c *containers) refresh() {
	c.read = time.Now()
	c.names = map[uint64]string{}
	root := hook.Unified()
	if root == "" {
		return
	}
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
		c.names[hook.Inode(info)] = containerOf(strings.TrimPrefix(path, root))
		return nil
	})
}

// containerOf finds the container in a group's path; a group inside of a container belongs to it.
func containerOf(path string) string {
	for p := path; p != "" && p != "/"; p = filepath.Dir(p) {
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
