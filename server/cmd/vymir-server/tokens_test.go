package main

import (
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"
)

// TestDrawnCode reads a drawn code back, module by module, with its quiet border.
func TestDrawnCode(t *testing.T) {
	code, err := qr.Encode("vymir1."+strings.Repeat("A", 120), qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	size := code.Bounds().Dx()
	lines := strings.Split(strings.TrimSuffix(drawn(code), "\n"), "\n")
	if want := (size + 8 + 1) / 2; len(lines) != want {
		t.Fatalf("%d lines, want %d", len(lines), want)
	}
	for i, line := range lines {
		row := []rune(line)
		if len(row) != size+8 {
			t.Fatalf("line %d has %d modules, want %d", i, len(row), size+8)
		}
		for x, r := range row {
			top, bottom := !strings.ContainsRune("█▀", r), !strings.ContainsRune("█▄", r)
			if y := 2*i - 4; top != black(code, x-4, y) || bottom != black(code, x-4, y+1) {
				t.Fatalf("module %d, %d is drawn wrong", x-4, y)
			}
		}
	}
}
