package probe

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

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
			if got := c.of(hook.Inode(info)); got != (container{id, "nginx:1.27"}) {
				t.Fatalf("group of %s: %+v", id, got)
			}
		}
	}
	if asked != 300 || !c.walk.IsZero() {
		t.Errorf("%d files read for 300 containers, walked at %v", asked, c.walk)
	}
	if got := c.of(1 << 60); got != (container{}) || !c.walk.IsZero() {
		t.Errorf("no group: %+v, walked at %v", got, c.walk)
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
