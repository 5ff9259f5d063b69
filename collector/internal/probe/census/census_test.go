package census

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/probe/hook/hooktest"
)

func all(string) bool { return true }

func look(c *Census) map[string][]string {
	found := map[string][]string{}
	c.Look(time.Now(), func(ch Change) { found[ch.Kind] = append(found[ch.Kind], ch.Detail) })
	return found
}

func TestLoadedProgramIsSeen(t *testing.T) {
	hooktest.NeedRoot(t)
	c := Open(all)
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "vymir_test", Type: ebpf.SocketFilter, License: "Dual BSD/GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	found := strings.Join(look(c)[Program], "\n")
	if !strings.Contains(found, "SocketFilter vymir_test") {
		t.Errorf("found %q", found)
	}
	if again := strings.Join(look(c)[Program], "\n"); strings.Contains(again, "vymir_test") {
		t.Errorf("told twice: %q", again)
	}
}

func TestMountIsSeen(t *testing.T) {
	hooktest.NeedRoot(t)
	c := Open(all)
	dir := filepath.Join(hooktest.TempDir(t), "point")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("vymir", dir, "tmpfs", unix.MS_NOSUID, ""); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
	want := "tmpfs vymir on " + dir
	if found := strings.Join(look(c)[Mount], "\n"); !strings.Contains(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
}

func TestModules(t *testing.T) {
	const text = "ext4 1 2 - Live 0x0\nevil 16384 0 - Live 0x0000000000000000 (OE)\n"
	var got []string
	if err := parseModules(strings.NewReader(text), func(key string, c Change) { got = append(got, key+"="+c.Detail) }); err != nil {
		t.Fatal(err)
	}
	if s := strings.Join(got, ","); s != "ext4=ext4,evil=evil (OE)" {
		t.Errorf("got %s", s)
	}
}

func TestHooksSayWhatIsMissing(t *testing.T) {
	c := Open(func(kind string) bool { return kind != Mount })
	for _, h := range c.Hooks() {
		switch {
		case h.Event == Mount && h.State != hook.Off:
			t.Errorf("%+v, want off", h)
		case h.State != hook.Proven && h.Reason == "" && h.Event != Mount:
			t.Errorf("%+v without a reason", h)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("ext4 1 2 - Live 0x0 (O)\n36 35 8:1 / / rw - ext4 /dev/sda1 rw")
	f.Fuzz(func(_ *testing.T, s string) {
		_ = parseModules(strings.NewReader(s), func(string, Change) {})
		_ = parseMounts(strings.NewReader(s), func(string, Change) {})
	})
}
