package probe

import (
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/oci"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

// Control groups are looked up by their number: however many there are, none is walked past.
func TestGroupsAreFoundByNumber(t *testing.T) {
	hooktest.NeedRoot(t)
	root := hook.Unified()
	if root == "" {
		t.Skip("needs the unified hierarchy of control groups")
	}
	top := filepath.Join(root, fmt.Sprintf("vymir-test-%d", os.Getpid()))
	if err := os.Mkdir(top, 0o755); err != nil {
		t.Skipf("needs control groups that can be made: %v", err)
	}
	defer os.Remove(top)
	asked := 0
	c := containers{files: &oci.Finder{
		Read: func(path string, _ int) ([]byte, error) {
			asked++
			return []byte(`{"Name":"/web","Config":{"Image":"nginx:1.27"}}`), nil
		},
		List: func(string) ([]string, error) { return nil, nil },
	}}
	for i := range 300 {
		id := fmt.Sprintf("%064x", i)
		dir := filepath.Join(top, "docker-"+id+".scope")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(dir)
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := groupPath(root, hook.Inode(info)); err != nil {
			t.Skipf("needs to open a control group by its number (CAP_DAC_READ_SEARCH): %v", err)
		}
		for range 3 {
			if got := c.of(hook.Inode(info), 0); got != (container{id, "nginx:1.27"}) {
				t.Fatalf("group of %s: %+v", id, got)
			}
		}
	}
	if asked != 300 || !c.walk.IsZero() {
		t.Errorf("%d files read for 300 containers, walked at %v", asked, c.walk)
	}
	if got := c.of(1<<60, 0); got != (container{}) || !c.walk.IsZero() {
		t.Errorf("no group: %+v, walked at %v", got, c.walk)
	}
}

// Where Docker keeps its containers in the hierarchies of the first version, the unified one says nothing of them: then the process
// is asked, while it lives.
func TestContainerOfTheFirstVersion(t *testing.T) {
	hooktest.NeedRoot(t)
	dir := t.TempDir()
	name := fmt.Sprintf("vymir-%d", os.Getpid())
	if err := unix.Mount("none", dir, "cgroup", 0, "none,name="+name); err != nil {
		t.Skipf("needs control groups of the first version: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, d := range []string{"docker", "docker/" + id} {
		d = filepath.Join(dir, d)
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Remove(d) })
	}
	cmd := osexec.Command("/bin/sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := uint32(cmd.Process.Pid)
	ended := false
	end := func() {
		if !ended {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			ended = true
		}
	}
	t.Cleanup(end)
	c := containers{files: &oci.Finder{
		Read: func(string, int) ([]byte, error) {
			return []byte(`{"Name":"/web","Config":{"Image":"nginx:1.27"}}`), nil
		},
		List: func(string) ([]string, error) { return nil, nil },
	}}
	if got := c.of(1<<60, pid); got != (container{}) {
		t.Errorf("in no container: %+v", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "docker", id, "cgroup.procs"), []byte(fmt.Sprint(pid)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := c.of(1<<60, pid); got != (container{id, "nginx:1.27"}) {
		t.Errorf("in a container: %+v", got)
	}
	end()
	if got := c.of(1<<60, pid); got != (container{}) {
		t.Errorf("gone: %+v", got)
	}
	if !c.older {
		t.Error("no containers in hierarchies of the first version")
	}
}

func TestOlderGroups(t *testing.T) {
	const file = "12:cpu,cpuacct:/docker/a:b\n1:name=systemd:/x.slice\n0::/system.slice/ssh.service\nnonsense\n5:memory:relative"
	if diff := cmp.Diff([]string{"/docker/a:b", "/x.slice"}, olderGroups([]byte(file))); diff != "" {
		t.Error(diff)
	}
}

// A pipe or a device in the place of a runtime's file would hold the agent up for ever.
func TestReadAtMostReadsFilesOnly(t *testing.T) {
	dir := t.TempDir()
	pipe, file, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for path, limit := range map[string]int{pipe: 10, link: 10, file: 4, dir: 10} {
		if b, err := readAtMost(path, limit); err == nil {
			t.Errorf("%s: read %q", path, b)
		}
	}
	if b, err := readAtMost(file, 5); err != nil || string(b) != "12345" {
		t.Errorf("%q %v", b, err)
	}
}
