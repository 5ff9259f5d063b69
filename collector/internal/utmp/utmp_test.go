package utmp

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	want := []Record{
		{Type: UserProcess, PID: 812, Line: "pts/0", User: "olena", Host: "192.0.2.7", At: time.Unix(1790000000, 0).UTC()},
		{Type: LoginProcess, User: "a-name-of-exactly-thirty-two-byt", At: time.Unix(1, 0).UTC()},
	}
	var b []byte
	for _, r := range want {
		b = Append(b, r)
	}
	var got []Record
	Parse(append(b, 7, 0, 0), func(r Record) { got = append(got, r) }) // the last one is not whole
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLayout(t *testing.T) {
	for arch, want := range map[string]int{"amd64": 384, "386": 384, "arm": 384, "arm64": 400, "riscv64": 400} {
		if size, _ := layout(arch); size != want {
			t.Errorf("%s: %d, want %d", arch, size, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Append(nil, Record{Type: UserProcess, User: "a"}))
	f.Add(make([]byte, Size-1))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		Parse(b, func(r Record) {
			n++
			if len(r.User) > 32 || len(r.Host) > 256 {
				t.Errorf("%+v", r)
			}
		})
		if n != len(b)/Size {
			t.Errorf("%d records in %d bytes", n, len(b))
		}
	})
}
