package hook

import (
	"context"
	"errors"
	"testing"
)

func TestMountsGiveThePathSeenFromHere(t *testing.T) {
	m := &Mounts{byDevice: map[uint32][]mount{
		8<<20 | 1: {{root: "/var/lib/x", point: "/mnt/x"}, {root: "/", point: "/"}},
		8<<20 | 2: {{root: "/", point: "/home dir"}},
		8<<20 | 3: {{root: "/@sub", point: "/srv"}},
	}}
	tests := []struct {
		device       uint32
		inside, want string
	}{
		{8<<20 | 1, "/usr/bin/a", "/usr/bin/a"},
		{8<<20 | 2, "/me/a", "/home dir/me/a"},
		{8<<20 | 3, "/@sub/a", "/srv/a"},
		{8<<20 | 3, "/@subway/a", "/@subway/a"},
		{8<<20 | 9, "/elsewhere", "/elsewhere"},
	}
	for _, tt := range tests {
		if got := m.Path(tt.device, tt.inside); got != tt.want {
			t.Errorf("%d %s: %s, want %s", tt.device, tt.inside, got, tt.want)
		}
	}
}

func TestParseMount(t *testing.T) {
	device, mt, err := parseMount(`36 35 259:1 /root\040dir /mnt\040a rw,noatime shared:1 - ext4 /dev/root rw`)
	if err != nil || device != 259<<20|1 || mt.root != "/root dir" || mt.point != "/mnt a" {
		t.Errorf("%d %+v %v", device, mt, err)
	}
}

func TestParseStat(t *testing.T) {
	const line = "42 (a) b (c) S 7 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 1 1"
	p, ok := parseStat([]byte(line))
	if !ok || p.Command != "a) b (c" || p.Parent != 7 || p.Start != 12345 {
		t.Errorf("%+v %v", p, ok)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("42 (a) S 7 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 1 1"))
	f.Add([]byte("42 ("))
	f.Fuzz(func(_ *testing.T, b []byte) { parseStat(b) })
}

func FuzzParseMount(f *testing.F) {
	f.Add(`36 35 259:1 /root\040dir /mnt rw - ext4 /dev/root rw`)
	f.Fuzz(func(_ *testing.T, line string) { _, _, _ = parseMount(line) })
}

type fake struct {
	kind   string
	closed bool
}

func (f *fake) Kind() string                { return f.kind }
func (f *fake) Note() string                { return "misses " + f.kind }
func (f *fake) Counters() (Counters, error) { return Counters{Seen: 1}, nil }
func (f *fake) Watch(bool) error            { return nil }
func (f *fake) Close() error                { f.closed = true; return nil }

// A silent hook is replaced by the next kind; when none proves itself the first that was attached stays, as silent.
func TestChoose(t *testing.T) {
	a, b, c := &fake{kind: "a"}, &fake{kind: "b"}, &fake{kind: "c"}
	open := func(f *fake, err error) Opener[*fake] {
		return Opener[*fake]{Kind: f.kind, Open: func() (*fake, error) { return f, err }}
	}
	only := func(want *fake) func(context.Context, *fake) error {
		return func(_ context.Context, got *fake) error {
			if got == want {
				return nil
			}
			return ErrSilent
		}
	}
	choice := Choose(t.Context(), []Opener[*fake]{open(a, errors.New("refused")), open(b, nil), open(c, nil)}, only(c))
	if choice.Source != c || choice.State != Proven || !b.closed || c.closed {
		t.Errorf("%+v, b closed %v", choice, b.closed)
	}
	if want := "a: refused; b: attached, but its canary was not seen; misses c"; choice.Reason != want {
		t.Errorf("reason %q, want %q", choice.Reason, want)
	}
	b.closed = false
	choice = Choose(t.Context(), []Opener[*fake]{open(b, nil), open(c, nil)}, only(nil))
	if h, _ := choice.Hook("exec"); choice.Source != b || h.State != Silent || h.Kind != "b" || b.closed || !c.closed {
		t.Errorf("%+v", h)
	}
	choice = Choose(t.Context(), []Opener[*fake]{open(a, errors.New("refused")), open(a, errors.New("refused"))}, only(a))
	if h, _ := choice.Hook("exec"); choice.Have || h.State != Refused || h.Reason != "a: refused" {
		t.Errorf("%+v", h)
	}
}
