package probe

import (
	osexec "os/exec"
	"path/filepath"
	"testing"
)

func TestCIsFormatted(t *testing.T) {
	format, err := osexec.LookPath("clang-format-14")
	if err != nil {
		t.Skip("needs clang-format-14, the formatter that Debian 12 ships")
	}
	var files []string
	for _, pattern := range []string{"headers/*.h", "*/*.bpf.c"} {
		list, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, list...)
	}
	if out, err := osexec.Command(format, append([]string{"--dry-run", "-Werror"}, files...)...).CombinedOutput(); err != nil {
		t.Errorf("run clang-format-14 -i:\n%s", out)
	}
}
