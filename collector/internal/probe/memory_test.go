package probe

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

// maxMaps is the budget of all maps in the kernel together, in bytes.
const maxMaps = 16 << 20

func TestMapsStayWithinTheirBudget(t *testing.T) {
	hooktest.NeedRoot(t)
	before := mapMemory(t)
	s := openSet(t, Options{})
	needProven(t, s)
	used := mapMemory(t) - before
	t.Logf("%.1f MB of maps", float64(used)/1e6)
	if used == 0 || used > maxMaps {
		t.Errorf("%d bytes of maps, want at most %d", used, maxMaps)
	}
}

// mapMemory sums what the kernel accounts to the maps this process holds, in bytes.
func mapMemory(t *testing.T) (sum uint64) {
	t.Helper()
	files, err := filepath.Glob("/proc/self/fdinfo/*")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(b), "map_type:") {
			continue
		}
		fields := map[string]string{}
		for line := range strings.Lines(string(b)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			fields[key] = strings.TrimSpace(value)
		}
		if seen[fields["map_id"]] { // one map behind several file descriptors
			continue
		}
		seen[fields["map_id"]] = true
		n, err := strconv.ParseUint(fields["memlock"], 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sum += n
	}
	return sum
}
