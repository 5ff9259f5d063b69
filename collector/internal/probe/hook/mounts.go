package hook

import (
	"bufio"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Mounts finds out where the files of a file system are seen from here. The zero value is ready; any goroutine may ask.
type Mounts struct {
	mu       sync.Mutex
	byDevice map[uint32][]mount
	read     time.Time
}

type mount struct{ root, point string }

// maxMounts bounds what is read of a mount table.
const maxMounts = 16384

// Path gives the path from here of a file, given its device as the kernel numbers it and its path within its file
// system. Where the file system is not mounted here (another mount namespace) the path is left as it is.
func (m *Mounts) Path(device uint32, inside string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	list, ok := m.byDevice[device]
	if !ok && time.Since(m.read) > time.Second {
		m.refresh()
		list = m.byDevice[device]
	}
	best, found := inside, -1
	for _, mt := range list {
		rest, ok := strings.CutPrefix(inside, mt.root)
		if mt.root == "/" {
			rest, ok = inside, true
		}
		if !ok || rest != "" && rest[0] != '/' {
			continue
		}
		// The mount that shows most of the file system is the one the administrator knows.
		if found < 0 || len(mt.root) < found {
			best, found = path.Join(mt.point, rest), len(mt.root)
		}
	}
	return best
}

func (m *Mounts) refresh() {
	m.read = time.Now()
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return
	}
	defer f.Close()
	m.byDevice = map[uint32][]mount{}
	sc := bufio.NewScanner(f)
	for n := 0; sc.Scan() && n < maxMounts; n++ {
		if device, mt, err := parseMount(sc.Text()); err == nil {
			m.byDevice[device] = append(m.byDevice[device], mt)
		}
	}
}

// parseMount reads a line of mountinfo: "36 35 98:0 /root /point options ...".
func parseMount(line string) (device uint32, mt mount, err error) {
	f := strings.SplitN(line, " ", 6)
	if len(f) < 6 {
		return 0, mt, fmt.Errorf("parse mount: %d fields", len(f))
	}
	major, minor, ok := strings.Cut(f[2], ":")
	if !ok {
		return 0, mt, fmt.Errorf("parse mount: device %q", f[2])
	}
	a, err := strconv.ParseUint(major, 10, 12)
	if err != nil {
		return 0, mt, fmt.Errorf("parse mount: %w", err)
	}
	b, err := strconv.ParseUint(minor, 10, 20)
	if err != nil {
		return 0, mt, fmt.Errorf("parse mount: %w", err)
	}
	return uint32(a)<<20 | uint32(b), mount{root: unescape(f[3]), point: unescape(f[4])}, nil
}

// unescape undoes the kernel's \040 and the like.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Unified is where the unified hierarchy is mounted; "": nowhere.
func Unified() string {
	if all := MountedAs("cgroup2"); len(all) > 0 {
		return all[0]
	}
	return ""
}

// MountedAs gives the places where a kind of file system is mounted, in the order of the mount table.
func MountedAs(kind string) []string {
	f, err := os.Open("/proc/self/mounts")
	if err != nil {
		return nil
	}
	defer f.Close()
	var points []string
	sc := bufio.NewScanner(f)
	for n := 0; sc.Scan() && n < maxMounts; n++ {
		if f := strings.Fields(sc.Text()); len(f) > 2 && f[2] == kind {
			points = append(points, unescape(f[1]))
		}
	}
	return points
}
