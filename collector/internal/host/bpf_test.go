package host

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/facts"
)

// TestBPFHolders loads a program and looks for who keeps it: first this test, then a pin.
func TestBPFHolders(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: BPF programs of everybody")
	}
	dir := t.TempDir()
	if err := unix.Mount("bpf", dir, "bpf", 0, ""); err != nil {
		t.Skipf("needs the right to mount a BPF file system: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "vymir_test", Type: ebpf.SocketFilter, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		t.Skipf("needs the right to load BPF programs: %v", err)
	}
	info, err := prog.Info()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := info.ID()
	doc := &facts.Document{Mounts: &facts.Mounts{Live: []facts.Mount{{Target: dir, FSType: "bpf"}}}}
	look := func() *facts.BPFProgram {
		env, err := Open(Options{Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		defer env.Close()
		all, known := env.bpfPrograms(doc, &reading{})
		if known == nil {
			t.Fatal("the programs were not listed")
		}
		i := slices.IndexFunc(all, func(p facts.BPFProgram) bool { return p.ID == uint32(id) })
		if i < 0 {
			return nil
		}
		return &all[i]
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if p := look(); p == nil || p.Holder != self || !p.Ours || p.Pinned || p.Name != "vymir_test" {
		t.Errorf("held by this test: %+v", p)
	}
	pin := filepath.Join(dir, "kept")
	if err := prog.Pin(pin); err != nil {
		t.Fatal(err)
	}
	prog.Close()
	if p := look(); p == nil || p.Holder != "" || p.Ours || !p.Pinned {
		t.Errorf("pinned only: %+v", p)
	}
}

func TestBPFProgramOf(t *testing.T) {
	for text, want := range map[string]uint32{
		"pos:\t0\nflags:\t02000002\nprog_type:\t1\nprog_tag:\ta0\nprog_id:\t42\n": 42,
		"link_type:\ttracing\nlink_id:\t7\nprog_tag:\tb1\nprog_id:\t9\n":          9,
		"map_type:\t1\nmap_id:\t3\n":                                              0,
		"prog_id:\tmany\n":                                                        0,
	} {
		if got := bpfProgramOf([]byte(text)); got != want {
			t.Errorf("%q is program %d, want %d", text, got, want)
		}
	}
}
