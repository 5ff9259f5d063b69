package act

import (
	"testing"

	"github.com/cilium/ebpf"
)

func TestDetail(t *testing.T) {
	for _, tt := range []struct {
		seen Seen
		want string
	}{
		{Seen{Kind: SetUID, UID: 0, To: 1000}, "to user 1000"},
		{Seen{Kind: SetUID, UID: 33, To: 0, Flags: Gained}, "from user 33 to 0"},
		{Seen{Kind: Capset, Mask: 1<<13 | 1<<21 | 1<<63}, "CAP_NET_RAW CAP_SYS_ADMIN"},
		{Seen{Kind: Capset}, "fewer"},
		{Seen{Kind: Capset, Mask: 1<<41 - 1}, "all"},
		{Seen{Kind: Capset, Mask: 1<<41 - 1 - 1<<24}, "all but CAP_SYS_RESOURCE"},
		{Seen{Kind: Namespace, Mask: 0x10020000}, "mount user"},
		{Seen{Kind: Namespace}, "unknown"},
		{Seen{Kind: Mount, What: "vfat"}, "vfat"},
		{Seen{Kind: Mount, Mask: 4096}, "bind"},
		{Seen{Kind: Program, Mask: uint64(ebpf.Kprobe), What: "hide"}, "Kprobe hide"},
		{Seen{Kind: Module, What: "evil", Mask: 1<<12 | 1<<13}, "evil (OE)"},
		{Seen{Kind: Module, What: "loop"}, "loop"},
	} {
		if got := tt.seen.Detail(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.seen, got, tt.want)
		}
	}
}
