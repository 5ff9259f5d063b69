package memory

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadOnlyLeavesDataAlone(t *testing.T) {
	maps := `00400000-00fe6000 r-xp 00000000 08:01 42 /usr/bin/vymir-agent
00fe6000-02134000 r--p 00be6000 08:01 42 /usr/bin/vymir-agent
02134000-02330000 rw-p 01d34000 08:01 42 /usr/bin/vymir-agent
02330000-02400000 rw-p 00000000 00:00 0
7f0000000000-7f0000001000 r--p 00000000 08:01 43 /usr/lib/other
7f0000001000-7f0000002000 r--s 00000000 08:01 42 /usr/bin/vymir-agent
c000000000-c000400000 rw-p 00000000 00:00 0 [anon: Go: heap]
nonsense
`
	want := [][2]uintptr{{0x400000, 0xfe6000}, {0xfe6000, 0x2134000}}
	if d := cmp.Diff(want, readOnly(strings.NewReader(maps), "/usr/bin/vymir-agent")); d != "" {
		t.Errorf("mappings (-want +got):\n%s", d)
	}
}

// TestReleaseHarmsNothing: code, constants and data work as before.
func TestReleaseHarmsNothing(t *testing.T) {
	held := map[string]int{"x": 1}
	for range 3 {
		Release()
		if got := strings.Repeat("ab", 3); got != "ababab" || held["x"] != 1 {
			t.Fatalf("%q, %v", got, held)
		}
	}
}
