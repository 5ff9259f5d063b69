package vulnindex

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"aead.dev/minisign"
	"github.com/google/go-cmp/cmp"
)

func TestOpenRefuses(t *testing.T) {
	pub, priv := keys(t)
	other, _ := keys(t)
	x := edition(t, 7, pub, priv, "Debian:11", published)
	file := x.bytes()
	if _, err := Open(file, other); !errors.Is(err, ErrUnsigned) {
		t.Errorf("another key: got %v", err)
	}
	if _, err := Open(file); !errors.Is(err, ErrUnsigned) {
		t.Errorf("no key: got %v", err)
	}
	for i := range len(file) {
		if _, err := Open(file[:i], pub); err == nil {
			t.Fatalf("cut at %d: opened", i)
		}
	}
	if _, err := Open(append(file, 0), pub); !errors.Is(err, ErrFormat) {
		t.Errorf("longer: got %v", err)
	}
	if _, err := Open(make([]byte, maxFile+1), pub); !errors.Is(err, ErrTooLarge) {
		t.Errorf("huge: got %v", err)
	}
	host := []Package{{Name: "openssl", Version: "1.1.1n-0+deb11u3"}, {Name: "linux", Version: "5.10.1-1"}}
	want, err := x.Match(host)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(magic); i < len(file); i += 5 { // a flipped bit is refused, or was in a part that nothing depends on
		file[i] ^= 0x10
		if y, err := Open(file, pub); err == nil {
			if got, err := y.Match(host); err == nil && !cmp.Equal(want, got) {
				t.Fatalf("bit flipped at %d: something else was matched", i)
			}
		}
		file[i] ^= 0x10
	}
}

// resign signs a manifest as its rightful signer would, so that what stands behind the signature is tested too.
func resign(t *testing.T, x *Index, priv minisign.PrivateKey, change func(*Index)) []byte {
	t.Helper()
	y := *x
	if err := json.Unmarshal(x.text, &y.manifest); err != nil {
		t.Fatal(err)
	}
	for s := range y.frames {
		y.frames[s] = append([][]byte{}, x.frames[s]...)
	}
	change(&y)
	var err error
	if y.text, err = json.Marshal(y.manifest); err != nil {
		t.Fatal(err)
	}
	y.signature = minisign.Sign(priv, y.text)
	return y.bytes()
}

func TestSignedNonsense(t *testing.T) {
	pub, priv := keys(t)
	x := edition(t, 7, pub, priv, "Debian:11", published)
	replace := func(x *Index, raw []byte) {
		frame, err := squeeze(raw, nil)
		if err != nil {
			t.Fatal(err)
		}
		x.manifest.Blocks[sectionPackages], x.frames[sectionPackages] = []blockSum{sumOf(raw)}, [][]byte{frame}
	}
	for name, change := range map[string]func(*Index){
		"other-schema":      func(x *Index) { x.manifest.Schema = "vymir.bundle/1" },
		"no-revision":       func(x *Index) { x.manifest.Revision = 0 },
		"unknown-ecosystem": func(x *Index) { x.manifest.Ecosystem = "Windows:11" },
		"no-blocks":         func(x *Index) { x.manifest.Blocks[0] = nil },
		"three-blocks":      func(x *Index) { x.manifest.Blocks[0] = make([]blockSum, 3) },
		"negative-size":     func(x *Index) { x.manifest.Blocks[0][0].Size = -1 },
		"huge-block":        func(x *Index) { x.manifest.Blocks[0][0].Size = maxBlock + 1 },
		"block-cut":         func(x *Index) { replace(x, []byte{7, 'o', 'p', 'e'}) },
		"package-cut":       func(x *Index) { replace(x, appendBytes(appendString(nil, "openssl"), []byte{3, 1, 'x'})) },
		"endless-count": func(x *Index) {
			replace(x, appendBytes(appendString(nil, "openssl"), binary.AppendUvarint(nil, 1<<60)))
		},
		"record-not-there": func(x *Index) {
			replace(x, appendBytes(appendString(nil, "openssl"), encodeAffects([]affect{{record: "DSA-0-0", spans: []span{{}}}})))
		},
		"frame-of-other-size": func(x *Index) { x.manifest.Blocks[0][0].Size++ },
		"frame-of-other-sum":  func(x *Index) { x.manifest.Blocks[0][0].Sum[0] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			y, err := Open(resign(t, x, priv, change), pub)
			if err == nil {
				_, err = y.Match([]Package{{Name: "openssl", Version: "1"}})
			}
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrUnsigned) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A block that unpacks to more than was signed is not unpacked.
func TestBomb(t *testing.T) {
	pub, priv := keys(t)
	x := edition(t, 7, pub, priv, "Debian:11", published)
	bomb, err := squeeze(make([]byte, 64<<20), nil)
	if err != nil {
		t.Fatal(err)
	}
	y := *x
	y.frames[sectionPackages] = [][]byte{bomb}
	file := y.bytes()
	z, err := Open(file, pub)
	if err != nil {
		t.Fatal(err)
	}
	allocated := testing.Benchmark(func(b *testing.B) {
		for range b.N {
			if _, err := z.Match([]Package{{Name: "openssl", Version: "1"}}); !errors.Is(err, ErrFormat) {
				b.Fatalf("got %v", err)
			}
		}
	}).AllocedBytesPerOp()
	if allocated > 4<<20 {
		t.Errorf("%d bytes were allocated for a bomb", allocated)
	}
}

func TestRecordsRefused(t *testing.T) {
	base := func(affected string) string {
		return `{"id":"X-1","modified":"2026-11-01T00:00:00Z","affected":[` + affected + `]}`
	}
	one := func(body string) string { return base(`{"package":{"ecosystem":"Debian:12","name":"p"},` + body + `}`) }
	long := strings.Repeat("9", 300)
	for name, raw := range map[string]string{
		"empty":            "",
		"cut":              base("")[:30],
		"array":            "[]",
		"no-id":            `{"modified":"2026-11-01T00:00:00Z"}`,
		"no-date":          `{"id":"X-1"}`,
		"bad-date":         `{"id":"X-1","modified":"yesterday"}`,
		"id-with-newline":  `{"id":"X\n1","modified":"2026-11-01T00:00:00Z"}`,
		"long-version":     one(`"versions":["` + long + `"]`),
		"long-event":       one(`"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"` + long + `"}]}]`),
		"two-in-one-event": one(`"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0","fixed":"1"}]}]`),
		"empty-event":      one(`"ranges":[{"type":"ECOSYSTEM","events":[{}]}]`),
		"many-events":      one(`"ranges":[{"type":"ECOSYSTEM","events":[` + strings.Repeat(`{"introduced":"0"},`, maxEvents) + `{"introduced":"0"}]}]`),
		"many-versions":    one(`"versions":[` + strings.Repeat(`"1",`, maxVersions) + `"1"]`),
		"many-packages":    base(strings.Repeat(`{"package":{"ecosystem":"Debian:12","name":"p"}},`, maxAffected) + `{"package":{"ecosystem":"Debian:12","name":"p"}}`),
		"many-aliases":     `{"id":"X-1","modified":"2026-11-01T00:00:00Z","aliases":[` + strings.Repeat(`"X-1",`, maxIDs) + `"X-1"]}`,
		"huge":             strings.Repeat(" ", maxRecordBytes+1),
		"deep":             base(strings.Repeat("[", 20_000)),
	} {
		b, err := NewBuilder(Release{Ecosystem: "Debian:12"})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Add([]byte(raw)); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: got %v", name, err)
		}
		if r, err := ParseRecord([]byte(raw)); err == nil && !errors.Is(b.Check(r), ErrRecord) {
			t.Errorf("%s: checked, it would be taken", name)
		}
		if len(b.records) != 0 || len(b.packages) != 0 {
			t.Errorf("%s: left something behind", name)
		}
	}
}

// Aliases that name each other, or themselves, are followed nowhere.
func TestCyclicAliases(t *testing.T) {
	a := strings.Replace(rec("A-1", "Debian:12", "p", "0,2"), `"id"`, `"aliases":["B-1","A-1"],"upstream":["B-1"],"id"`, 1)
	b := strings.Replace(rec("B-1", "Debian:12", "p", "0,2"), `"id"`, `"aliases":["A-1"],"id"`, 1)
	got := ids(t, build(t, "Debian:12", a+b), Package{Name: "p", Version: "1"})
	if diff := cmp.Diff([]string{"p A-1 2", "p B-1 2"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDelta(t *testing.T) {
	pub, priv := keys(t)
	var records []string
	for i := range 4000 {
		records = append(records, rec(fmt.Sprintf("DEBIAN-CVE-2026-%04d", i+1000), "Debian:12", fmt.Sprintf("package-%d", i%900), fmt.Sprintf("0,1.%d-1", i)))
	}
	old := edition(t, 1, pub, priv, "Debian:12", strings.Join(records, ""))
	records[17] = rec("DEBIAN-CVE-2026-1017", "Debian:12", "package-17", "0,7.0-1")
	next := edition(t, 2, pub, priv, "Debian:12", strings.Join(records, "")+rec("DEBIAN-CVE-2026-9999", "Debian:12", "brand-new", "0,1"))

	delta, err := Delta(old, next)
	if err != nil {
		t.Fatal(err)
	}
	if whole := len(next.bytes()); len(delta)*20 > whole {
		t.Errorf("the delta of two records has %d bytes, the index %d", len(delta), whole)
	}
	file, err := Apply(old, delta, pub)
	if err != nil {
		t.Fatal(err)
	}
	x, err := Open(file, pub)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"brand-new DEBIAN-CVE-2026-9999 1"}, ids(t, x, Package{Name: "brand-new", Version: "0"})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	other, _ := keys(t)
	third := edition(t, 3, pub, priv, "Debian:12", "")
	for name, tc := range map[string]struct {
		old   *Index
		delta []byte
		key   minisign.PublicKey
		want  error
	}{
		"another-base":    {third, delta, pub, ErrBase},
		"another-key":     {old, delta, other, ErrUnsigned},
		"another-release": {edition(t, 1, pub, priv, "Debian:11", ""), delta, pub, ErrFormat},
		"not-a-delta":     {old, file, pub, ErrFormat},
		"empty":           {old, nil, pub, ErrFormat},
	} {
		if _, err := Apply(tc.old, tc.delta, tc.key); !errors.Is(err, tc.want) && !errors.Is(err, ErrUnsigned) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
	for i := range len(delta) {
		if _, err := Apply(old, delta[:i], pub); err == nil {
			t.Fatalf("cut at %d: applied", i)
		}
	}
	for i := len(magicDelta); i < len(delta); i += 3 {
		delta[i] ^= 0x10
		if got, err := Apply(old, delta, pub); err == nil && !bytes.Equal(got, file) {
			if _, err := Open(got, pub); err == nil {
				y, _ := Open(got, pub)
				if y.Meta().Revision != 2 {
					t.Fatalf("bit flipped at %d: another index", i)
				}
			}
		}
		delta[i] ^= 0x10
	}
}

// From nothing to all and back: also when the number of blocks changes, a delta leads from one to the other.
func TestDeltaAcrossSizes(t *testing.T) {
	pub, priv := keys(t)
	small := edition(t, 1, pub, priv, "Debian:11", "")
	large := edition(t, 2, pub, priv, "Debian:11", published)
	empty := edition(t, 3, pub, priv, "Debian:11", "")
	for _, step := range [][2]*Index{{small, large}, {large, empty}} {
		delta, err := Delta(step[0], step[1])
		if err != nil {
			t.Fatal(err)
		}
		got, err := Apply(step[0], delta, pub)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, step[1].bytes()) {
			t.Error("not the same file")
		}
	}
}

func FuzzRecord(f *testing.F) {
	for line := range strings.Lines(published) {
		f.Add([]byte(line))
	}
	f.Add([]byte(rec("X-1", "Debian:11", "p", "0,1:2~3-4", "2,")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := NewBuilder(Release{Ecosystem: "Debian:11"})
		if err != nil {
			t.Fatal(err)
		}
		err = b.Add(raw)
		if r, bad := ParseRecord(raw); bad == nil && (b.Check(r) == nil) != (err == nil) {
			t.Fatalf("checked it is %v, added %v", b.Check(r), err)
		}
		if err != nil {
			if !errors.Is(err, ErrRecord) {
				t.Fatalf("got %v", err)
			}
			return
		}
		_, blocks := b.content()
		for name := range b.packages {
			for _, block := range blocks[sectionPackages] {
				err := each(block, func(_, value []byte) error {
					return decodeAffects(value, func(a affect) error {
						if b.records[a.record].ID == "" {
							t.Fatalf("%s: a record that is not there", name)
						}
						return nil
					})
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func FuzzBlock(f *testing.F) {
	b, err := NewBuilder(Release{Ecosystem: "Debian:11"})
	if err != nil {
		f.Fatal(err)
	}
	for _, line := range strings.SplitAfterN(published, "\n", 4)[:3] {
		if err := b.Add([]byte(line)); err != nil {
			f.Fatal(err)
		}
	}
	_, blocks := b.content()
	for _, section := range blocks {
		for _, block := range section {
			f.Add(block)
		}
	}
	f.Fuzz(func(_ *testing.T, block []byte) {
		_ = each(block, func(key, value []byte) error {
			_ = decodeAffects(value, func(affect) error { return nil })
			_, _ = decodeRecord(string(key), value)
			_, _ = decodeThreat(value)
			return nil
		})
	})
}

func FuzzOpen(f *testing.F) {
	pub, priv := keys(f)
	old := edition(f, 1, pub, priv, "Debian:11", "")
	next := edition(f, 2, pub, priv, "Debian:11", published)
	delta, err := Delta(old, next)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(next.bytes())
	f.Add(delta)
	f.Fuzz(func(t *testing.T, data []byte) {
		if x, err := Open(data, pub); err == nil && x.Meta().Ecosystem != "Debian:11" {
			t.Fatal("opened what nobody signed")
		}
		if got, err := Apply(old, data, pub); err == nil {
			if _, err := Open(got, pub); err != nil {
				t.Fatal("applied what cannot be opened")
			}
		}
	})
}
