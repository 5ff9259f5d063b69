package rpmdb

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample is a data base that rpm 4.18 wrote for forty packages, some larger than a page.
func sample(t testing.TB) []byte {
	t.Helper()
	f, err := os.Open("testdata/rpmdb.sqlite.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRead(t *testing.T) {
	want := map[string]Package{}
	for i := 1; i <= 40; i++ {
		epoch := ""
		if i%5 == 0 {
			epoch = "2:"
		}
		name := fmt.Sprintf("pkg%d", i)
		want[name] = Package{Name: name, Version: fmt.Sprintf("%s1.%d-%d.el9", epoch, i, i), Arch: "noarch", Source: fmt.Sprintf("%s-1.%d-%d.el9.src.rpm", name, i, i)}
	}
	got := map[string]Package{}
	err := Read(bytes.NewReader(sample(t)), func(p Package) error {
		got[p.Name] = p
		return nil
	})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestSplitSource(t *testing.T) {
	for in, want := range map[string][2]string{
		"bash-5.1.8-9.el9.src.rpm": {"bash", "5.1.8-9.el9"}, "java-17-openjdk-17.0.1-1.el9.src.rpm": {"java-17-openjdk", "17.0.1-1.el9"}, "odd": {"odd", ""},
	} {
		name, version := SplitSource(in)
		if got := [2]string{name, version}; got != want {
			t.Errorf("SplitSource(%s) = %q, want %q", in, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	b := sample(f)
	f.Add(b[:8192], uint32(4096), byte(3))
	f.Add(b[:40960], uint32(100), byte(13))
	f.Fuzz(func(t *testing.T, b []byte, at uint32, v byte) {
		if int(at) < len(b) {
			b = bytes.Clone(b)
			b[at] = v
		}
		n := 0
		Read(bytes.NewReader(b), func(Package) error { n++; return nil })
	})
}
