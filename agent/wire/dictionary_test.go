package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// TestDictionariesNeverChange: what was released is what hosts in the field compress by.
func TestDictionariesNeverChange(t *testing.T) {
	want := map[string]string{"zd1": "e8fee12b4937e6db91677b1ed94d9a3788cc57f822eb6a94d151d46b0a76d076"}
	if len(dictionaries) != len(want) {
		t.Errorf("%d dictionaries, want %d", len(dictionaries), len(want))
	}
	for name, d := range dictionaries {
		if sum := sha256.Sum256(d); hex.EncodeToString(sum[:]) != want[name] {
			t.Errorf("dictionary %s has sha256 %x, want %s", name, sum, want[name])
		}
	}
}

func TestCompressMessageRoundTrip(t *testing.T) {
	m, err := Encode(sample(100, 1))
	if err != nil {
		t.Fatal(err)
	}
	report, err := Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{{}, {1}, report, bytes.Repeat([]byte("abc"), 100_000)} {
		got, err := DecompressMessage(CompressMessage(b))
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("%d bytes: %v, equal %t", len(b), err, bytes.Equal(got, b))
		}
	}
}

func TestDecompressMessageRefuses(t *testing.T) {
	var bomb, other bytes.Buffer
	for to, o := range map[*bytes.Buffer][]zstd.EOption{
		&bomb:  {zstd.WithWindowSize(64 << 10), zstd.WithEncoderConcurrency(1)},
		&other: {zstd.WithEncoderDictRaw(77, []byte("another dictionary"))},
	} {
		w, err := zstd.NewWriter(to, o...)
		if err != nil {
			t.Fatal(err)
		}
		n, size := 1, 10
		if to == &bomb {
			n, size = 1<<9, 1<<20
		}
		for range n {
			if _, err := w.Write(make([]byte, size)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	packed := CompressMessage(bytes.Repeat([]byte("abc"), 1000))
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"bomb":         {bomb.Bytes(), ErrTooLarge},
		"other":        {other.Bytes(), ErrMalformed},
		"cut":          {packed[:len(packed)-3], ErrMalformed},
		"nonsense":     {[]byte("hello"), ErrMalformed},
		"huge-window":  {[]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0x00, 0x00}, ErrTooLarge},
		"claimed-size": {[]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x01, 0x00, 0x00}, ErrTooLarge},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := DecompressMessage(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: error is %v, want %v", name, err, c.want)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
			t.Errorf("%s: %d bytes made us allocate %d", name, len(c.b), got)
		}
	}
}

func FuzzDecompressMessage(f *testing.F) {
	f.Add(CompressMessage([]byte("hello")))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if out, err := DecompressMessage(b); err == nil && len(out) > MaxMessageBytes {
			t.Fatalf("%d bytes came out", len(out))
		}
		d := newDictionaryDecompressor(dictionaryName)()
		if d.Reset(bytes.NewReader(b)) == nil {
			io.Copy(io.Discard, d) //nolint:errcheck // whatever it says
		}
	})
}
