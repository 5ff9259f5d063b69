package wire

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func TestCompressRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 127, 4096, 300_000} {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rnd.IntN(4))
		}
		z, err := Compress(b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decompress(z, n)
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("%d bytes: %v, equal %t", n, err, bytes.Equal(got, b))
		}
		if n > 0 {
			if _, err := Decompress(z, n-1); !errors.Is(err, ErrTooLarge) {
				t.Errorf("%d bytes with limit %d: error is %v, want ErrTooLarge", n, n-1, err)
			}
		}
	}
}

// TestDecompressBomb unfolds 1 GiB of zeros in a few KB and wants neither the time nor the memory of it.
func TestDecompressBomb(t *testing.T) {
	var z bytes.Buffer
	w, err := zstd.NewWriter(&z, zstd.WithWindowSize(64<<10), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 1 << 10 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Decompress(z.Bytes(), MaxMessageBytes); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error is %v, want ErrTooLarge", err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
		t.Errorf("a bomb of %d bytes made us allocate %d", z.Len(), got)
	}
}

func TestDecompressRefusesHugeWindow(t *testing.T) {
	// A frame header that asks for a window of 1 GiB, without content size.
	frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0x00, 0x00}
	if _, err := Decompress(frame, MaxMessageBytes); !errors.Is(err, ErrMalformed) {
		t.Errorf("error is %v, want ErrMalformed", err)
	}
}
