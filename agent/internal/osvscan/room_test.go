package osvscan

import (
	"os"
	"path/filepath"
	"testing"
)

// The limits of the unit, of a slice above it, and none.
func TestRoom(t *testing.T) {
	for name, c := range map[string]struct {
		cgroup string
		limits map[string]string
		want   int
	}{
		"shipped-unit":    {"0::/system.slice/vymir-agent.service\n", map[string]string{"system.slice/vymir-agent.service/memory.high": "167772160\n", "system.slice/vymir-agent.service/memory.max": "268435456\n"}, 96},
		"slice":           {"0::/system.slice/vymir-agent.service\n", map[string]string{"system.slice/memory.max": "402653184\n"}, 320},
		"root":            {"0::/\n", map[string]string{"memory.max": "402653184\n"}, 320},
		"none":            {"0::/system.slice/vymir-agent.service\n", map[string]string{"system.slice/memory.max": "max\n"}, 512},
		"ample":           {"0::/a\n", map[string]string{"a/memory.max": "9663676416\n"}, 512},
		"less-than-least": {"0::/a\n", map[string]string{"a/memory.high": "1048576\n"}, 64},
		"first-version":   {"5:cpu:/a\n4:memory:/a/b\n0::/\n", map[string]string{"memory/a/memory.limit_in_bytes": "268435456\n", "memory/memory.limit_in_bytes": "9223372036854771712\n"}, 192},
		"others-limit":    {"4:memory:/a\n", map[string]string{"memory/b/memory.limit_in_bytes": "268435456\n", "a/memory.max": "1048576\n"}, 512},
		"nonsense":        {"0::/../../a\nx\n", map[string]string{"a/memory.max": "many\n"}, 512},
		"no-proc":         {"", nil, 512},
	} {
		root := t.TempDir()
		files := map[string]string{}
		for f, text := range c.limits {
			files[filepath.Join("sys/fs/cgroup", f)] = text
		}
		if c.cgroup != "" {
			files["proc/self/cgroup"] = c.cgroup
		}
		for f, text := range files {
			at := filepath.Join(root, f)
			if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := room(root, 512); got != c.want {
			t.Errorf("%s: %d MiB, want %d", name, got, c.want)
		}
	}
}
